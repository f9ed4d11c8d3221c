"""Steps and variances of a diffusion model, in floating point: the encoder's side of its plan.

Item x_0 becomes noise along ``x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) e``, with the logarithm of
``a_t / (1 - a_t)`` falling evenly. A model goes back from t to an earlier s by a normal
distribution. Its mean is that of ``q(x_s | x_t, x_0)`` at the predicted x_0, and its variance one
of `VARIANCES`:

``small``
    that of ``q(x_s | x_t, x_0)``; ``large``: that of ``q(x_t | x_s)`` (Ho, Jain and Abbeel, 2020).
``analytic``
    the small one and what the doubt about x_0 adds, from the mean square of the predicted noise,
    one number a step, as if the prediction were the best (Bao et al., "Analytic-DPM", 2022).
``extended``
    the same from the mean square error of the predicted noise, one number a step and sample, which
    is the best for the mean as it is (Bao et al., "Estimating the optimal covariance with imperfect
    mean in diffusion probabilistic models", 2022).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["N_STEPS", "VARIANCES", "Moments", "alphas", "best_steps", "even_steps", "features",
           "reverse", "step_bits", "variance_of"]  # fmt: skip

Floats = npt.NDArray[np.float64]

N_STEPS = 1000
"""Steps of the finest trajectory."""
VARIANCES = ("small", "large", "analytic", "extended")
# Logarithm of signal over noise, at the first step and at the last.
_SNR = (8.0, -9.0)
# Variances that are to be coded need a floor: the narrowest cells are some 2^-11 wide.
_LEAST = 2.0**-18
_FEATURES = 8


class Moments(NamedTuple):
    """What training leaves for the variances.

    Attributes
    ----------
    predicted : ndarray, float64, shape (N_STEPS + 1,)
        Mean square of the predicted noise.
    error : ndarray, float64, shape (N_STEPS + 1, samples)
        Mean square error of the predicted noise.
    """

    predicted: Floats
    error: Floats


def alphas() -> Floats:
    """``a_t`` for t = 0 .. N_STEPS; 1 at 0."""
    t = np.arange(1, N_STEPS + 1) / N_STEPS
    ratio = _SNR[0] + (_SNR[1] - _SNR[0]) * t
    return np.concatenate([[1.0], 1.0 / (1.0 + np.exp(-ratio))])


def features(t: npt.ArrayLike) -> Floats:
    """Return the inputs of the network that tell the step, shape (..., 8)."""
    phase = np.asarray(t, np.float64)[..., None] / N_STEPS
    return np.asarray(np.cos(math.pi * phase * np.arange(1, _FEATURES + 1)))


def even_steps(count: int) -> tuple[int, ...]:
    """So many steps, evenly spaced, the last of them N_STEPS."""
    if not 1 <= count <= N_STEPS:
        raise ValueError(f"steps must be 1 to {N_STEPS}, got {count}")
    return tuple(round(N_STEPS * (k + 1) / count) for k in range(count))


def reverse(s: int, t: int) -> tuple[float, float, float, float]:
    """Return factors of x_0 and x_t, variance of ``q(x_s | x_t, x_0)`` and of ``q(x_t | x_s)``."""
    a = alphas()
    keep = a[t] / a[s]
    forward = 1.0 - keep
    noise = 1.0 - a[t]
    return (
        math.sqrt(a[s]) * forward / noise,
        math.sqrt(keep) * (1.0 - a[s]) / noise,
        forward * (1.0 - a[s]) / noise,
        forward,
    )


def variance_of(kind: str, s: int, t: int, moments: Moments, after: int | None) -> Floats:
    """Variance of x_s given x_t, by sample.

    Parameters
    ----------
    kind : str
        One of `VARIANCES`.
    s, t : int
    moments : Moments
    after : int or None
        The step that follows t: where s = 0 the small variance is 0, and that of the next is taken.
    """
    of_item, _, small, forward = reverse(s, t)
    a = alphas()[t]
    shape = moments.error.shape[1]
    if kind == "small":
        if s == 0:
            small = forward if after is None else reverse(t, after)[2]
        found = np.full(shape, small)
    elif kind == "large":
        found = np.full(shape, forward)
    elif kind == "analytic":
        doubt = (1.0 - a) / a * (1.0 - moments.predicted[t])
        # Items lie within -1 and 1, so their variance is 1 at most.
        found = np.full(shape, small + of_item**2 * min(max(doubt, 0.0), 1.0))
    elif kind == "extended":
        found = small + of_item**2 * (1.0 - a) / a * moments.error[t]
    else:
        raise ValueError(f"variance must be one of {VARIANCES}, got {kind!r}")
    return np.asarray(np.maximum(found, _LEAST))


def step_bits(s: int, moments: Moments, floor: float) -> Floats:
    """Return the bits of x_s to expect for every later t, with the extended variance.

    For s = 0 the samples are discrete: the entropy of a normal distribution whose variance is at
    least ``floor``, that of a uniform bin, stands in for their code length.
    """
    a = alphas()
    t = np.arange(s + 1, N_STEPS + 1)
    keep = a[t] / a[s]
    forward, noise = 1.0 - keep, 1.0 - a[t]
    small = forward * (1.0 - a[s]) / noise
    of_item = a[s] * (forward / noise) ** 2
    added = (of_item * noise / a[t])[:, None] * moments.error[t]
    found = np.full(N_STEPS + 1, np.inf)
    if s == 0:
        found[t] = 0.5 * np.log2((added + floor) / floor).sum(axis=1)
    else:
        found[t] = 0.5 * np.log2(1.0 + added / small[:, None]).sum(axis=1)
    return found


def best_steps(count: int, moments: Moments, bin_width: float) -> tuple[int, ...]:
    """So many steps that minimise the bound, by dynamic programming.

    Parameters
    ----------
    count : int
    moments : Moments
    bin_width : float
        Distance between neighbouring values of a sample.

    Returns
    -------
    tuple of int
        Rising, the last N_STEPS.
    """
    if not 1 <= count <= N_STEPS:
        raise ValueError(f"steps must be 1 to {N_STEPS}, got {count}")
    floor = bin_width**2 / 12.0
    cost: Any = np.stack([step_bits(s, moments, floor) for s in range(N_STEPS)])
    best = np.full(N_STEPS + 1, np.inf)
    best[0] = 0.0
    came = []
    for _ in range(count):
        total = best[:-1, None] + cost
        came.append(total.argmin(axis=0))
        best = total.min(axis=0)
    path = [N_STEPS]
    for origin in came[::-1]:
        path.append(int(origin[path[-1]]))
    return tuple(path[-2::-1])
