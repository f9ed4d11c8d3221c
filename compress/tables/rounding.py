"""Optimal rounding of weights to integer masses."""

from __future__ import annotations

import numpy as np

from compress.kernels import kernel

__all__ = ["round_masses"]


@kernel()
def _gain(weight: float, mass: int) -> float:
    """``weight * log((mass + 1) / mass)``, from + - * / alone so that every machine agrees."""
    x = 1.0 / (2.0 * mass + 1.0)
    square = x * x
    # 2 atanh(x) = log((1 + x) / (1 - x)); for x <= 1/3 seventeen terms exhaust a double.
    series = 0.0
    for k in range(33, 0, -2):
        series = series * square + 1.0 / k
    return 2.0 * weight * x * series


@kernel()
def _sift_down(heap: np.ndarray, keys: np.ndarray, place: int, size: int) -> None:
    """Restore the order of a max-heap of indices below ``place``; ties go to the lower index."""
    item = heap[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            keys[heap[right]] > keys[heap[child]]
            or (keys[heap[right]] == keys[heap[child]] and heap[right] < heap[child])
        ):
            child = right
        below = heap[child]
        if keys[below] > keys[item] or (keys[below] == keys[item] and below < item):
            heap[place] = below
            place = child
        else:
            break
    heap[place] = item


@kernel()
def _round_masses(weights: np.ndarray, total: int, masses: np.ndarray) -> bool:
    """Fill ``masses``; False when no rounding exists (too many symbols, or bad weights)."""
    size = len(weights)
    if len(masses) != size or size == 0 or size > total:
        return False
    weight_sum = 0.0
    for k in range(size):
        if not 0.0 <= weights[k] <= 1e300:
            return False
        weight_sum += weights[k]
    if not 0.0 < weight_sum <= 1e300:
        return False
    # At the optimum there is a price l with w/l - 1 <= m, and m < w/l + 1 where m > 1; summing
    # the second over all symbols gives 1/l > (total - size)/sum(w). So the following start lies
    # below an optimum in every place, and from there raising the best place each time is exact,
    # because the cost is a sum of convex functions of the masses.
    left = total
    for k in range(size):
        mass = int(weights[k] / weight_sum * (total - size) * (1.0 - 1e-12)) - 1
        masses[k] = max(mass, 1)
        left -= masses[k]
    if left < 0:
        return False
    keys = np.empty(size, np.float64)
    heap = np.empty(size, np.int64)
    for k in range(size):
        keys[k] = _gain(weights[k], masses[k])
        heap[k] = k
    for place in range(size // 2 - 1, -1, -1):
        _sift_down(heap, keys, place, size)
    for _ in range(left):
        k = heap[0]
        masses[k] += 1
        keys[k] = _gain(weights[k], masses[k])
        _sift_down(heap, keys, 0, size)
    return True


def round_masses(weights: np.ndarray, total: int) -> np.ndarray:
    """Integer masses >= 1 with the given sum that minimise ``-sum(weights * log(masses))``.

    Parameters
    ----------
    weights : ndarray, shape (K,)
        Non-negative finite numbers, not all zero; any scale.
    total : int
        The sum of the masses; at least K.

    Returns
    -------
    ndarray, shape (K,), int64

    Raises
    ------
    ValueError
        If the weights are not as said, or K exceeds ``total``.

    Notes
    -----
    The cost is separable and convex, so raising one mass at a time, always the one that gains
    most, is exact (the greedy argument of marginal allocation; Fox, 1966). Only float64
    ``+ - * /`` in a fixed order are used, so the result is the same on every machine.
    """
    weights = np.ascontiguousarray(weights, dtype=np.float64)
    if weights.ndim != 1:
        raise ValueError(f"weights must have one dimension, got shape {weights.shape}")
    masses = np.empty(len(weights), np.int64)
    if not _round_masses(weights, total, masses):
        raise ValueError(
            f"weights must be 1 to {total} non-negative finite numbers with a positive sum"
        )
    return masses
