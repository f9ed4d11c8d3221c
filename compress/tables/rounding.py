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
def _gains(weights: np.ndarray, masses: np.ndarray, keys: np.ndarray) -> None:
    """Fill ``keys`` with `_gain` of each place: term by term, so that places run side by side."""
    squares = np.empty(len(keys), np.float64)
    for k in range(len(keys)):
        x = 1.0 / (2.0 * masses[k] + 1.0)
        squares[k] = x * x
        keys[k] = 0.0
    for term in range(33, 0, -2):
        part = 1.0 / term
        for k in range(len(keys)):
            keys[k] = keys[k] * squares[k] + part
    for k in range(len(keys)):
        keys[k] = 2.0 * weights[k] * (1.0 / (2.0 * masses[k] + 1.0)) * keys[k]


@kernel()
def _start(weights: np.ndarray, weight_sum: float, total: int, masses: np.ndarray) -> int:
    """Fill masses that lie below the optimum in every place, and close to it; return their sum.

    The unit that raises a mass m gains ``w log(1 + 1/m)``, which is between ``w / (m + 0.5)``
    and ``w / (m + 0.4427)``. So the units that gain more than a price l are at least
    ``w / l + 0.5`` and at most ``w / l + 0.5573`` (rounded down, and 1 at least): as long as the
    latter add up to no more than the total, the optimum has the former.
    """
    size = len(weights)
    price = 0.0
    trial = weight_sum / max(total - 1.5573 * size, 1e-3 * total)
    for _ in range(8 if trial > 1e-300 else 0):
        most = 0.0
        for k in range(size):
            most += max(np.floor(weights[k] / trial + 0.5573), 1.0)
        if most <= total:
            price = trial
            trial *= max(most / total, 0.5)
        elif price > 0.0:
            trial = 0.5 * (trial + price)
        else:
            break
    added = 0
    for k in range(size):
        mass = 1
        # A little dearer, so that no rounding of a quotient matters.
        if price > 0.0:
            mass = max(int(weights[k] / (price * (1.0 + 1e-9)) + 0.5), 1)
        masses[k] = mass
        added += mass
    return added


@kernel("b1(const(f8[::1]), i8, i8[::1])")
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
    # The optimum takes the units that gain most, all above some price. From masses below it in
    # every place, raising the best place each time is exact, because the cost is a sum of convex
    # functions of the masses.
    keys = np.empty(size, np.float64)
    left = total - _start(weights, weight_sum, total, masses)
    if left < 0:
        return False
    _gains(weights, masses, keys)
    heap = np.empty(size, np.int64)
    for k in range(size):
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
