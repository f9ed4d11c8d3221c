"""Learning of the scale-class model: coefficients, weights, classes, tables; encoder only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.tables import TableParameters, fit_counts

__all__ = ["MOST_TOKENS", "fit_class_tables", "fit_location", "fit_scale"]

_ROUNDS = 3
# Places beside an outlier are not like all others: those so many times as far out as all but one
# in twenty.
_FAR = 16.0
_ORDINARY = 0.95
# Masses of the tables beyond this many tokens to a side go to the escape.
_TOKENS = 1 << 10
# Tokens that one scale spans: finer ones would be coded as well by plain bits.
_SCALE_BITS = 5

MOST_TOKENS = 2 * _TOKENS + 1
"""Tokens of a table."""


def fit_location(
    target: npt.NDArray[np.float64], features: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Least absolute residuals by reweighted least squares.

    Parameters
    ----------
    target : float64 array (m,)
    features : float64 array (m, k)

    Returns
    -------
    float64 array (k,)
    """
    kept = _ordinary(np.maximum(np.abs(features).max(1, initial=0.0), np.abs(target)))
    solution = _reweighted(target[kept], features[kept])
    if kept.all():
        return solution
    # What is far out may also be how the plane is.
    rival = _reweighted(target, features)
    return min(solution, rival, key=lambda weights: _bits(target - features @ weights))


def _reweighted(
    target: npt.NDArray[np.float64], features: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    weight: npt.NDArray[np.float64] = np.ones(len(target))
    solution: npt.NDArray[np.float64] = np.zeros(features.shape[1])
    for _ in range(_ROUNDS):
        weighted = features * weight[:, None]
        gram = weighted.T @ features
        gram[np.diag_indices_from(gram)] += 1e-6 * np.trace(gram) / len(gram) + 1e-9
        solution = np.linalg.solve(gram, weighted.T @ target).astype(np.float64)
        off = np.abs(target - features @ solution)
        weight = 1.0 / (off + np.median(off) + 0.5)
    return solution


def _bits(residuals: npt.NDArray[np.float64]) -> float:
    return float(np.mean(np.log2(np.abs(residuals) + 0.3)))


def fit_scale(
    magnitudes: npt.NDArray[np.float64], features: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Non-negative weights under which the features add up to the expected magnitude.

    Multiplicative updates that lower the exponential distribution's negative log-likelihood,
    mean of ``magnitude / scale + log(scale)``: the code length that the scale will have.

    Parameters
    ----------
    magnitudes : float64 array (m,)
        Absolute residuals.
    features : float64 array (m, k)
        Not negative, the last of them ones.

    Returns
    -------
    float64 array (k,)
    """
    kept = _ordinary(np.maximum(features.max(1), magnitudes))
    magnitudes, features = magnitudes[kept], features[kept]
    k = features.shape[1]
    mean = features.mean(0)
    weights: npt.NDArray[np.float64] = (magnitudes.mean() + 0.05) / (k * (mean + 1e-9))
    target = magnitudes + 0.05
    for _ in range(60):
        scale = features @ weights + 1e-9
        up = features.T @ (target / (scale * scale))
        down = features.T @ (1.0 / scale)
        weights *= np.sqrt(up / np.maximum(down, 1e-300))
    return weights


def _ordinary(sizes: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which places are no outliers, nor have one among their neighbours."""
    # The largest of few is no quantile.
    usual = float(np.quantile(sizes, _ORDINARY, method="lower"))
    return np.asarray(sizes <= _FAR * (usual + 1.0))


def fit_class_tables(
    residuals: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64]
) -> tuple[int, list[int], list[TableParameters], npt.NDArray[np.int32]]:
    """Merge classes that are too rare, and fit a table to each.

    Parameters
    ----------
    residuals : int64 array (n,)
    kinds : int64 array (n,)
        Scale class of each in half octaves, not negative.

    Returns
    -------
    first : int
        Class of the first table; lower classes use it too.
    shifts : list of int
        Plain low bits of each table.
    tables : list of TableParameters
    indexes : int32 array (n,)
        Table of each residual.
    """
    counts = np.bincount(kinds)
    least = max(64, residuals.size // 512)
    running = np.cumsum(counts)
    first = int(np.searchsorted(running, least))
    last = int(np.searchsorted(running, max(running[-1] - least, 1)))
    first = min(first, last)
    indexes = np.clip(kinds - first, 0, last - first).astype(np.int32)
    shifts, tables = [], []
    for index in range(last - first + 1):
        of_class = residuals[indexes == index]
        shift, table = _fit_table(of_class if of_class.size else residuals[:1])
        shifts.append(shift)
        tables.append(table)
    return first, shifts, tables, indexes


def _fit_table(residuals: npt.NDArray[np.int64]) -> tuple[int, TableParameters]:
    quarter = max(1, residuals.size // 4)
    middle = np.partition(residuals, [quarter - 1, residuals.size - quarter])
    spread = int(middle[residuals.size - quarter]) - int(middle[quarter - 1])
    shift = min(max(0, spread.bit_length() - _SCALE_BITS), 62)
    tokens = residuals >> shift
    centre = int(np.median(tokens))
    low = max(int(tokens.min()), centre - _TOKENS)
    high = min(int(tokens.max()), centre + _TOKENS)
    inside = tokens[(tokens >= low) & (tokens <= high)]
    counts = np.bincount(inside - low, minlength=high - low + 1)
    return shift, fit_counts(low, counts, tokens.size - inside.size + 1, fourier=False)
