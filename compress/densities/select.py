"""Choice of a density by total code length."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities._candidates import (
    Candidate,
    candidates_on_circle,
    data_bits,
    is_quiet,
    refitted,
    rich_candidates,
    simple_candidates,
)
from compress.densities._ties import Split, heaviest, lattice_step, part_of, split_atoms
from compress.densities.density import Density
from compress.densities.entropy import MaximumEntropyDensity
from compress.densities.families.atoms import Bernoulli, Discrete, Mixed
from compress.densities.families.base import checked_support
from compress.densities.families.circle import checked_period, wrapped_statistic
from compress.densities.fourier import FourierDensity
from compress.densities.statistic import NanPolicy, Statistic, samples_of

__all__ = ["fit_density"]

_SHARINGS = 3


def fit_density(
    x: ArrayLike | Statistic,
    *,
    criterion: Literal["code_length", "max_entropy"] = "code_length",
    moments: int = 4,
    weights: ArrayLike | None = None,
    bin_width: float | None = None,
    support: tuple[float, float] | None = None,
    period: float | None = None,
    cut: float = 0.0,
    atoms: bool = True,
    nan_policy: NanPolicy = "raise",
) -> Density:
    """Density with the smallest total code length: samples plus quantised parameters.

    Parameters
    ----------
    x : array_like of real numbers, any shape, or Statistic
        Samples.
    criterion : {"code_length", "max_entropy"}
        What is extremal: the total code length of samples and parameters is smallest among all
        families, or the entropy is largest among all densities with the samples' first `moments`
        moments (on an interval; see `MaximumEntropyDensity`).
    moments : int
        Of "max_entropy": how many.
    weights : array_like, shape of `x`, optional
        Sample weights: 2 counts as the sample given twice.
    bin_width : float, optional
        Positive where samples stand for bins ``x +- bin_width / 2``, 0 where they are points. By
        default 1 for integer dtypes, and for others the step to which the samples were rounded
        (0.01, say), where ties show that they were.
    support : (float, float), optional
        Where the density is known to live, infinite where it has no end: (0, inf) or (0, 1), say.
    period : float, optional
        For samples on a circle, at any turn: the length of a turn, in units of x (360 for
        degrees, 24 for hours).
    cut : float
        Where the distribution function of a density on a circle begins.
    atoms : bool
        Whether values that occur far more often than their neighbourhood tells (a default, a
        limit at which samples are censored) may become atoms.
    nan_policy : {"raise", "omit"}
        What to do with NaN and infinite samples.

    Returns
    -------
    Density
        One of the families, a `FourierDensity` over one of the bases, a `GaussianMixture`, a
        `Histogram`, a `Discrete` density, or a `Mixed` one of atoms and one of those. One with an
        end is a candidate where the end is known, where the samples show that their density
        breaks off there instead of thinning out (which takes 1024 of them; the end then lies
        eight mean gaps or less beyond the extreme sample, so that other samples of the same
        density hardly ever fall outside), and at 0 (and 1) where at least 64 samples lie above
        (and below), for families whose shape adapts to the end and that save log2 n + 8 bits.

    Raises
    ------
    ValueError
        On NaN (see `nan_policy`), no samples, samples outside `support`, or both a support and a
        period.
    """
    if criterion == "max_entropy":
        return MaximumEntropyDensity.fit(
            x, moments=moments, support=support, weights=weights, nan_policy=nan_policy
        )
    if criterion != "code_length":
        raise ValueError(f"criterion must be 'code_length' or 'max_entropy', not {criterion!r}")
    if period is not None:
        checked_period(period, cut)
        if support is not None:
            raise ValueError("a support needs a line, not a circle: give no period with it")
    if bin_width is not None and not 0.0 <= bin_width < math.inf:
        raise ValueError(f"bin_width must be finite and not negative, not {bin_width!r}")
    whole = not isinstance(x, Statistic) and np.asarray(x).dtype.kind in "biu"
    if period is None:
        statistic = Statistic.of(x, weights, nan_policy)
    else:
        statistic = wrapped_statistic(x, weights, nan_policy, period, cut)
    if support is not None:
        low, high = checked_support(support, statistic)
        support = (low, high)
        if low == -math.inf and high < math.inf:
            raise ValueError(
                f"a support needs a lower end where it has an upper one: {support!r}; "
                "negated samples have it"
            )
    if bin_width is None:
        bin_width = 1.0 if whole else lattice_step(statistic)
    if period is not None:
        return _shortest(
            candidates_on_circle(statistic, bin_width, period, cut), statistic, bin_width
        )[0].density
    if support == (-math.inf, math.inf):
        support = None
    if not atoms:
        return _best(statistic, bin_width, support)[0].density
    points: NDArray[Any] | None = None
    mass: NDArray[np.float64] | None = None
    if statistic.level is not None and not isinstance(x, Statistic):
        # the samples themselves, where the statistic has only cells of them
        points, mass = samples_of(x, weights, nan_policy)
        points = points.astype(np.float64)
    split = split_atoms(statistic, points, bin_width, mass)
    return _with_atoms(statistic, split, bin_width, support)


def _shortest(
    found: Iterable[Candidate], statistic: Statistic, bin_width: float
) -> tuple[Candidate, float]:
    """Return the candidate with the smallest total code length, and that."""
    best, least = None, math.inf
    for one in found:
        bits = _total(one, statistic, bin_width)
        if best is None or bits < least:
            best, least = one, bits
    if best is None:
        raise AssertionError("some density always fits")
    if isinstance(best.density, FourierDensity) and best.density.terms == 0:
        best = Candidate(best.density.base, best.surcharge)
    return best, least


def _total(candidate: Candidate, statistic: Statistic, bin_width: float) -> float:
    parameters = candidate.density.parameter_bits(statistic.total) + candidate.surcharge
    return data_bits(candidate.density, statistic, bin_width) + parameters


def _best(
    statistic: Statistic, bin_width: float, support: tuple[float, float] | None
) -> tuple[Candidate, float]:
    """Return the best density without atoms: of few parameters where they say all."""
    simple = _shortest(simple_candidates(statistic, bin_width, support), statistic, bin_width)
    if _says_all(simple[0].density, statistic, bin_width):
        return simple
    rich = list(rich_candidates(statistic, bin_width, support, simple[0]))
    return _shortest([simple[0], *rich], statistic, bin_width)


def _says_all(density: Density, statistic: Statistic, bin_width: float) -> bool:
    """Whether nothing richer need be tried; a list of values says all at a parameter each."""
    listed = isinstance(density, Discrete) and density.values.size > 2
    return not listed and is_quiet(density, statistic, bin_width)


def _shared_out(
    split: Split, statistic: Statistic, bin_width: float, support: tuple[float, float] | None
) -> Split:
    """Share the counts at atoms on a lattice between them and the rest, by a few steps of EM."""
    at = np.searchsorted(statistic.values, split.values)
    counts = statistic.counts[at]
    half = 0.5 * bin_width
    density: Density | None = None
    for _ in range(_SHARINGS):
        if split.rest is None:
            return split
        if density is None:
            simple = simple_candidates(split.rest, bin_width, support)
            density = _shortest(simple, split.rest, bin_width)[0].density
        else:
            density = refitted(density, split.rest, bin_width)
        mass = density._mass(split.values - half, split.values + half)
        others = statistic.total - float(counts.sum())
        told = others * mass / max(1.0 - float(mass.sum()), 1e-3)
        kept = np.clip(told, 0.0, counts - 1.0)
        # what the rest tells is no atom
        some = heaviest(counts, np.maximum(kept, 1.0), statistic.total)
        at, counts, kept = at[some], counts[some], kept[some]
        left = statistic.counts.copy()
        left[at] = kept
        split = Split(statistic.values[at], counts - kept, part_of(statistic, left))
        if at.size == 0:
            break
    return split


def _with_atoms(
    statistic: Statistic, split: Split, bin_width: float, support: tuple[float, float] | None
) -> Density:
    """Return the best density without atoms, or with those that the samples show."""
    if split.values.size == 0:
        return _best(statistic, bin_width, support)[0].density
    if bin_width > 0.0 and statistic.level is None:
        split = _shared_out(split, statistic, bin_width, support)
        if split.values.size == 0:
            return _best(statistic, bin_width, support)[0].density
    discrete = Discrete(split.values, split.counts)
    if split.rest is None:
        if split.values.size == 2:
            return Bernoulli(float(discrete.masses[1]), *discrete.support)
        return discrete
    rest = _best(split.rest, bin_width, support)[0]
    if isinstance(rest.density, Discrete):
        return _best(statistic, bin_width, support)[0].density
    weight = float(split.counts.sum())
    share = weight / (weight + split.rest.total)
    mixed = Candidate(Mixed(discrete, share, rest.density), rest.surcharge)
    if bin_width == 0.0:
        # ties of points are atoms by themselves
        return mixed.density
    # in bins, atoms are weighed against densities without
    if statistic.level is None:
        total = _total(mixed, statistic, bin_width)
    else:
        # cells have lost the atoms: both parts by themselves
        total = -float((split.counts * np.log2(share * discrete.masses)).sum())
        total += data_bits(rest.density, split.rest, bin_width)
        total -= split.rest.total * math.log2(1.0 - share)
        total += mixed.density.parameter_bits(statistic.total) + mixed.surcharge
    simple = _shortest(simple_candidates(statistic, bin_width, support), statistic, bin_width)
    if total < simple[1] and is_quiet(mixed.density, statistic, bin_width):
        return mixed.density
    rich = rich_candidates(statistic, bin_width, support, simple[0])
    plain = _shortest([simple[0], *rich], statistic, bin_width)
    return mixed.density if total < plain[1] else plain[0].density
