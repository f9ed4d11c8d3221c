"""Learning of coefficients and scale weights from sampled places; encoder only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.prediction.wavefront.layout import (
    NEAR,
    NEAR_SCALES,
    OWN_TERMS,
    SIDE,
    Shape,
    band_rows,
    coefficient_counts,
    far_offsets,
    scale_counts,
    scale_offsets,
)

__all__ = [
    "fit_coefficients",
    "fit_weights",
    "least_absolute",
    "median_edge",
    "sampled_places",
]

Float = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Samples = npt.NDArray[Any]

_ROUNDS = 3
_SCALE_ROUNDS = 4
# A residual counts for the logarithm of its distance plus this, in bits.
_NOTHING = 0.3
# Share of the mean residual that is expected where all neighbours are equal.
_FLOOR = 0.1
# What zero is taken for where magnitudes are averaged: a scale of 0 has no code length.
_LEAST = 0.05
# The gain in bits a sample from which more terms are worth what they cost: noise does not decide.
_MARGIN = 0.003
# Columns of the terms that are always there: W, N, NW, NE, the median.
_FEW = 5


def sampled_places(shape: Shape, sets: int, count: int) -> list[Integers]:
    """Draw places in the flat array for each set, from its slices; not in first rows of bands."""
    slices, bands, rows, width = shape
    generator = np.random.default_rng(0)
    tall = band_rows(shape)
    # The rows of all bands that have one above; the last band may have one less.
    short = rows // bands - 1
    places = []
    for of_set in range(sets):
        last = of_set if of_set < sets - 1 else slices - 1
        drawn = generator.integers(0, (last + 1 - of_set) * bands * short * width, count)
        line = drawn // width
        block = line // short
        above = 2 * (block + of_set * bands) + of_set * bands * tall + block * (tall - short)
        places.append((line + above + 2) * (width + 2 * SIDE) + SIDE + drawn - line * width)
    return places


def median_edge(w: Samples, n: Samples, nw: Samples) -> Samples:
    """Compute the median edge detector."""
    edge: Samples = np.clip(w + n - nw, np.minimum(w, n), np.maximum(w, n))
    return edge


def least_absolute(
    target: Float, features: Float, spread: Float | None = None, rounds: int = _ROUNDS
) -> Float:
    """Fit least absolute residuals by reweighted least squares.

    Parameters
    ----------
    target : float64 array (m,)
    features : float64 array (m, k)
    spread : float64 array (m,), optional
        What residuals are about in proportion to: those count by the share of it that they are.
    rounds : int
        How often to solve.

    Returns
    -------
    float64 array (k,)
    """
    if spread is None:
        spread = np.ones(len(target))
    off = target
    for done in range(rounds):
        weight = _weight(off, spread)
        solution = _solved(features * weight[:, None], features, target)
        if done < rounds - 1:
            off = target - features @ solution
    return solution


def _solved(weighted: Float, features: Float, target: Float) -> Float:
    gram = weighted.T @ features
    gram.flat[:: len(gram) + 1] += 1e-6 * np.trace(gram) / len(gram) + 1e-9
    return np.linalg.solve(gram, weighted.T @ target).astype(np.float64)


def _weight(off: Float, spread: Float) -> Float:
    """Weight under which squares count about as code lengths do."""
    size = np.abs(off)
    mean = float(size.mean())
    expected = spread * (mean / max(float(spread.mean()), _NOTHING)) + _FLOOR * mean + _NOTHING
    return np.asarray(1.0 / (np.sqrt(expected) * (size + expected)))


def _bits(off: Float) -> float:
    return float(np.mean(np.log2(np.abs(off) + _NOTHING)))


def fit_coefficients(
    samples: Samples, shape: Shape, places: list[Integers], fraction: int, largest: int
) -> Integers:
    """Fit the coefficients of each set.

    Parameters
    ----------
    samples : int32 or int64 array
        With margins.
    shape : Shape
    places : list of int64 arrays
        Of each set, see `sampled_places`.
    fraction : int
        Fractional bits of coefficients.
    largest : int
        The largest magnitude of a coefficient.

    Returns
    -------
    int64 array (sets, near and far terms)
    """
    far = far_offsets(shape)
    stride = shape[3] + 2 * SIDE
    near = np.array([-1, -stride, -stride - 1, -stride + 1, -2, -stride + 2])
    sets = len(places)
    found = np.zeros((sets, NEAR + far.size), np.int64)
    for of_set, (at, terms) in enumerate(zip(places, coefficient_counts(sets), strict=True)):
        around = samples[at[:, None] + np.concatenate([near, far[:terms]])].astype(np.float64)
        w = around[:, 0].copy()
        edge = median_edge(w, around[:, 1], around[:, 2])
        # In the order of coefficients: W, N, NW, NE, the median, WW, NEE, far ones.
        columns = [around[:, 1:4], edge[:, None], around[:, 4:6], around[:, 6:]]
        features = np.concatenate(columns, 1) - w[:, None]
        solution = _chosen(samples[at] - w, features)
        fixed = np.round(solution * (1 << fraction))
        found[of_set, 1 : NEAR + terms] = np.clip(fixed, -largest, largest).astype(np.int64)
        found[of_set, 0] = (1 << fraction) - found[of_set, 1:].sum()
    return found


def _chosen(target: Float, features: Float) -> Float:
    """Fit all terms, or those that are next to the sample where more do not help."""
    count = features.shape[1]
    # Terms of slices behind always help where there are any.
    few = [*range(_FEW - 1), *range(NEAR - 1 + OWN_TERMS, count)]
    # Tried on one half by what the other half gives, weighted by steps to the neighbour.
    half = len(target) // 2
    spread = np.abs(features[:, : _FEW - 2]).mean(1)
    weight = _weight(target, spread)
    trial = features[:half] * weight[:half, None]
    best: list[int] = few
    least = np.inf
    for columns in (few, list(range(count))):
        fitted = _solved(trial[:, columns], features[:half, columns], target[:half])
        bits = _bits(target[half:] - features[half:, columns] @ fitted)
        if bits < least - _MARGIN:
            best, least = columns, bits
    solution = np.zeros(count)
    solution[best] = least_absolute(target, features[:, best], spread)
    return solution


def fit_weights(
    samples: Samples,
    past: Samples,
    shape: Shape,
    places: list[Integers],
    fraction: int,
    largest: int,
) -> Integers:
    """Fit the scale weights of each set: not negative, the expected magnitude of a residual.

    The parameters are those of `fit_coefficients`, with the absolute residuals.
    """
    far = scale_offsets(shape)
    stride = shape[3] + 2 * SIDE
    near = np.array([-1, -stride, -stride - 1, -stride + 1, -2])
    values = np.array([-1, -stride, -stride - 1, -stride + 1])
    sets = len(places)
    found = np.zeros((sets, NEAR_SCALES + far.size + 1), np.int64)
    for of_set, (at, terms) in enumerate(zip(places, scale_counts(sets), strict=True)):
        residuals = past[at[:, None] + np.concatenate([near, far[:terms]])].astype(np.float64)
        w, n, nw, ne = samples[at[:, None] + values].astype(np.float64).T
        steps = np.stack([np.abs(w - nw), np.abs(n - nw), np.abs(n - ne)], 1)
        ones = np.ones((len(at), 1))
        features = np.concatenate([residuals[:, :5], steps, residuals[:, 5:], ones], 1)
        weights = _expected(past[at].astype(np.float64) + _LEAST, features)
        fixed = np.clip(np.round(weights * (1 << fraction)), 0, largest).astype(np.int64)
        found[of_set, : NEAR_SCALES + terms] = fixed[:-1]
        constant = round(min(float(weights[-1]), 2.0**40) * (1 << fraction))
        found[of_set, -1] = max(constant, 1)
    return found


def _expected(magnitudes: Float, features: Float) -> Float:
    """Non-negative weights that give magnitudes as an exponential distribution's mean.

    Iterated weighted least squares; a weight that turns negative is left out from then on.
    """
    count = features.shape[1]
    scale = np.full(len(magnitudes), magnitudes.mean())
    active = np.flatnonzero(features.any(0))
    weights = np.zeros(count)
    for _ in range(_SCALE_ROUNDS):
        used = features[:, active]
        weighted = used / (scale * scale)[:, None]
        gram, wanted = weighted.T @ used, weighted.T @ magnitudes
        gram.flat[:: len(gram) + 1] *= 1.0 + 1e-6
        while True:
            solution = np.linalg.solve(gram, wanted)
            worst = int(np.argmin(solution))
            if solution[worst] >= 0.0 or active.size == 1:
                break
            active = np.delete(active, worst)
            gram = np.delete(np.delete(gram, worst, 0), worst, 1)
            wanted = np.delete(wanted, worst)
        scale = np.maximum(features[:, active] @ solution, 0.5 * _LEAST)
    weights[active] = np.maximum(solution, 0.0)
    return weights
