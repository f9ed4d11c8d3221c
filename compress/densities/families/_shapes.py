"""Maximum likelihood of shape and scale where the ends are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compress.densities.density import Density, Floats
from compress.densities.statistic import Statistic

__all__ = ["Samples", "climb"]

# Cells next to an end whose masses are taken instead of the density in their middle: there a
# density with an algebraic end varies inside a cell. In the 64th it varies by 1/64.
_END_CELLS = 64
# Groups of the others: each spans 1/128 of its distance from the nearer end.
_STEPS = 128.0
_MANY_VALUES = 2048


@dataclass(frozen=True)
class Samples:
    """Samples between known ends: points, and bins with their widths.

    Parameters
    ----------
    points, shares : ndarray of float64, shape (k,)
        Samples that count with their density, and their shares in all.
    lows, highs, bins : ndarray of float64, shape (m,)
        Intervals that count with their mass over their width, and their shares.
    """

    points: Floats
    shares: Floats
    lows: Floats
    highs: Floats
    bins: Floats

    @classmethod
    def of(
        cls, statistic: Statistic, bin_width: float, low: float, high: float = math.inf
    ) -> Samples:
        """Divide a statistic into points and bins, cut at the ends `low` and `high`."""
        x, shares = statistic.values, statistic.shares()
        width = max(bin_width, statistic.width)
        at_end = np.zeros(x.size, dtype=np.bool_)
        if width > 0.0:
            at_end[:_END_CELLS] = True
            if math.isfinite(high):
                at_end[-_END_CELLS:] = True
            if bin_width == 0.0:
                # further away the density hardly varies inside a cell
                far = np.minimum(x - low, high - x) > _END_CELLS * width
                at_end &= ~far
        else:
            # a sample on an end stands for its neighbourhood
            at_end = (x <= low) | (x >= high)
            width = statistic.resolution
        # at least to the next number on either side
        last, first = x[at_end] - 0.5 * width, x[at_end] + 0.5 * width
        lows = np.maximum(np.minimum(last, np.nextafter(x[at_end], -np.inf)), low)
        highs = np.minimum(np.maximum(first, np.nextafter(x[at_end], np.inf)), high)
        points, rest = x[~at_end], shares[~at_end]
        if points.size > _MANY_VALUES:
            distance = np.minimum(points - low, high - points)
            key = np.floor(np.log(distance) * _STEPS)
            starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
            moments = np.add.reduceat(rest * points, starts)
            rest = np.add.reduceat(rest, starts)
            points = moments / rest
        return cls(points, rest, lows, highs, shares[at_end])

    def value(self, density: Density) -> float:
        """Mean log likelihood."""
        total = float((self.shares * density._logpdf(self.points)).sum())
        if self.bins.size:
            mass = density._mass(self.lows, self.highs) / (self.highs - self.lows)
            with np.errstate(divide="ignore"):
                logs = np.where(
                    mass > 1e-290,
                    np.log(mass),
                    density._logpdf(0.5 * self.lows + 0.5 * self.highs),
                )
            total += float((self.bins * logs).sum())
        return total if math.isfinite(total) else -math.inf


def climb(
    value: Callable[[Floats], float], start: Floats, low: float = -40.0, high: float = 40.0
) -> Floats:
    """Maximise a smooth function of one or two parameters by damped Newton steps.

    Derivatives are differences: over steps of 10^-3 they are right to 10^-6 relative to the
    curvature, and the parameters here are logarithms.

    Parameters
    ----------
    value : callable
        The function, -inf where it is not defined.
    start : ndarray of float64, shape (d,)
        Where to begin.
    low, high : float
        Limits of all parameters.

    Returns
    -------
    ndarray of float64, shape (d,)
    """
    at = np.clip(np.asarray(start, dtype=np.float64), low, high)
    best = value(at)
    d = at.size
    units = 1e-3 * np.eye(d)
    damping = 1e-3
    for _ in range(40):
        up = np.array([value(at + unit) for unit in units])
        down = np.array([value(at - unit) for unit in units])
        gradient = (up - down) / 2e-3
        curvature = np.diag((up - 2.0 * best + down) / 1e-6)
        for i in range(d):
            for j in range(i):
                both = value(at + units[i] + units[j]) + value(at - units[i] - units[j])
                mixed = both - up[i] - up[j] - down[i] - down[j] + 2.0 * best
                curvature[i, j] = curvature[j, i] = mixed / 2e-6
        if not (np.isfinite(gradient).all() and np.isfinite(curvature).all()):
            break
        gain = 0.0
        while damping < 1e6:
            shifted = -curvature + damping * (1e-6 + np.abs(np.diag(curvature)).max()) * np.eye(d)
            if np.linalg.eigvalsh(shifted).min() > 0.0:
                step = np.clip(np.linalg.solve(shifted, gradient), -2.0, 2.0)
                new = np.clip(at + step, low, high)
                gain = value(new) - best
                if gain > 0.0:
                    at, best = new, best + gain
                    break
            damping *= 10.0
        damping = max(damping / 100.0, 1e-9)
        if gain < 1e-11:
            break
    return at
