"""Find the steps and the whole numbers of steps that blocks of samples were made of. Encoder only.

Frequencies of a decoded JPEG are multiples of a step each, but for what rounding the samples added:
that is normal, about 0.29 wide, and wider where the samples were rounded more than once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel
from compress.transforms.jpeg.blocks import BASIS, BLOCK

__all__ = ["ANY_STEP", "find_steps", "grid_of", "quantised"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Where no frequency of a kind was seen, its step is of no importance.
ANY_STEP = 255
_MOST_STEP = 128
# Frequencies below this may be zero.
_ZERO = 1.3
_SEEN = 800
_WIDTHS = (0.26, 0.3, 0.36, 0.45, 0.55)
_FLOOR = 1e-3
# Samples along an edge of the part on which the grid is looked for.
_PART = 160
_SMALL = 0.5
_CLEAR = 0.05


def grid_of(luma: Floats) -> tuple[int, int] | None:
    """Return the first row and column of the grid of blocks; None where there is none."""
    if min(luma.shape) < 4 * 8:
        return None
    top, left = (max(0, (n - _PART) // 16 * 8) for n in luma.shape)
    part = luma[top : top + _PART + 8, left : left + _PART + 8]
    high = [k for k in range(BLOCK) if k // 8 >= 4 and k % 8 >= 4]
    shares = np.zeros((8, 8))
    for y in range(8):
        for x in range(8):
            cut = part[y:, x:]
            rows, columns = cut.shape[0] // 8, cut.shape[1] // 8
            cut = cut[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8)
            found = (cut.transpose(0, 2, 1, 3).reshape(-1, BLOCK) - 128.0) @ BASIS[high].T
            shares[y, x] = np.mean(np.abs(found) < _SMALL)
    best = int(np.argmax(shares))
    rest = np.sort(shares.ravel())
    if rest[-1] < rest[32] + _CLEAR or rest[-1] < rest[-2] + _CLEAR / 4:
        return None
    return best // 8, best % 8


def find_steps(found: Floats) -> tuple[Integers, float, float]:
    """Return the likeliest steps of frequencies, shape (64,), the bits they save, and the width.

    Parameters
    ----------
    found : ndarray of float64, shape (blocks, 64)
    """
    steps = np.arange(1, _MOST_STEP + 1)
    best: tuple[float, Integers, float] = (-1.0, np.ones(BLOCK, np.int64), _WIDTHS[0])
    pick = np.linspace(0, len(found) - 1, min(len(found), 4 * _SEEN)).astype(np.int64)
    for width in _WIDTHS:
        total, chosen = 0.0, np.full(BLOCK, ANY_STEP, np.int64)
        for k in range(BLOCK):
            values = found[pick, k]
            values = values[np.abs(values) > _ZERO][:_SEEN]
            if values.size < 8:
                values = found[:, k]
                values = values[np.abs(values) > _ZERO][:_SEEN]
            if values.size == 0:
                continue
            distance = values[:, None] - np.rint(values[:, None] / steps) * steps
            likely = np.zeros(distance.shape)
            for wrap in (-1, 0, 1):
                likely += np.exp(-0.5 * ((distance + wrap * steps) / width) ** 2)
            likely *= steps / (width * np.sqrt(2 * np.pi))
            gains = np.log2(likely * (1 - _FLOOR) + _FLOOR).sum(axis=0)
            place = int(np.argmax(gains))
            chosen[k] = steps[place]
            total += float(gains[place]) / values.size * np.mean(np.abs(found[pick, k]) > _ZERO)
        if total > best[0]:
            best = total, chosen, width
    return best[1], best[0], best[2]


def quantised(
    targets: Floats, lows: Floats, highs: Floats, steps: Integers
) -> tuple[Integers, Floats]:
    """Return the multiples of the steps whose samples lie between bounds, or nearly so.

    Parameters
    ----------
    targets, lows, highs : ndarray of float64, shape (blocks, 64)
        Samples, and between what they were before they were rounded.
    steps : ndarray of int64, shape (64,)

    Returns
    -------
    coefficients : ndarray of int64, shape (blocks, 64)
    outside : ndarray of float64, shape (blocks,)
        1 for a block whose samples do not all lie between their bounds; else 0.
    """
    coefficients = np.zeros(targets.shape, np.int64)
    outside = np.zeros(len(targets))
    arrays = [np.ascontiguousarray(one) for one in (targets, lows, highs)]
    some = [one[:: max(len(one) // _SAMPLE, 1)].copy() for one in arrays]
    _search(*some, steps, BASIS, _CHOICES, coefficients, outside)
    # Where another inverse made the samples, hardly any choice fits, and a few will do.
    fitting = float(np.mean(outside[: len(some[0])] == 0.0))
    choices = _CHOICES if fitting > _MOSTLY else _FEW_CHOICES
    _search(*arrays, steps, BASIS, choices, coefficients, outside)
    return coefficients, outside


# Frequencies that may be rounded to the other side, how many of them at once, how many choices of
# them are tried, and up to which cost (of squares of samples) they may be.
_TRIED = 22
_TURNS = 6
_CHOICES, _FEW_CHOICES = 30_000, 2000
_SAMPLE, _MOSTLY = 64, 0.85
_COSTLY = 1.0
_FILLS = 6


@kernel(error_model="numpy")
def _fits(made: Floats, low: Floats, high: Floats) -> bool:
    good = True
    p = 0
    while good and p < 64:
        good = low[p] <= made[p] <= high[p]
        p += 1
    return good


@kernel(error_model="numpy")
def _turn(
    made: Floats,
    low: Floats,
    high: Floats,
    basis: Floats,
    changes: Floats,
    tried: Integers,
    count: int,
    picked: Integers,
    budget: int,
) -> int:
    """Find the fewest changes that bring all samples between their bounds; -1 for none."""
    for most in range(1, _TURNS + 1):
        depth = 0
        picked[0] = -1
        while depth >= 0:
            # Undo what stood here, and take the next.
            m = picked[depth]
            if m >= 0:
                j = tried[m]
                for p in range(64):
                    made[p] -= changes[m] * basis[j, p]
            m += 1
            if m > count - (most - depth):
                depth -= 1
                continue
            picked[depth] = m
            j = tried[m]
            for p in range(64):
                made[p] += changes[m] * basis[j, p]
            if depth + 1 == most:
                budget -= 1
                if _fits(made, low, high):
                    return most
                if budget < 0:
                    for d in range(most):
                        for p in range(64):
                            made[p] -= changes[picked[d]] * basis[tried[picked[d]], p]
                    return -1
            else:
                depth += 1
                picked[depth] = m
                # The place after this one: undone below, so done once more here.
                for p in range(64):
                    made[p] += changes[m] * basis[j, p]
    return -1


@kernel(
    "void(const(f8[:, ::1]), const(f8[:, ::1]), const(f8[:, ::1]), const(i8[::1]), "
    "const(f8[:, ::1]), i8, i8[:, ::1], f8[::1])",
    error_model="numpy",
)
def _search(
    targets: Floats,
    lows: Floats,
    highs: Floats,
    steps: Integers,
    basis: Floats,
    choices: int,
    coefficients: Integers,
    outside: Floats,
) -> None:
    """Round frequencies, then change those that are nearly in the middle while that helps."""
    target, made = np.zeros(64), np.zeros(64)
    lean = np.zeros(64)
    cost = np.zeros(64)
    tried = np.zeros(_TRIED, np.int64)
    changes = np.zeros(_TRIED)
    picked = np.zeros(_TURNS + 1, np.int64)
    for i in range(targets.shape[0]):
        low, high = lows[i], highs[i]
        for p in range(64):
            target[p] = targets[i, p]
        # Samples whose bounds are wide become what the others make of them.
        for _ in range(_FILLS):
            for j in range(64):
                x = 0.0
                for p in range(64):
                    x += basis[j, p] * (target[p] - 128.0)
                x /= steps[j]
                k = _floor(x + 0.5)
                coefficients[i, j] = k
                lean[j] = 1.0 if x >= k else -1.0
                cost[j] = steps[j] * steps[j] * (1.0 - 2.0 * abs(x - k))
            for p in range(64):
                made[p] = 128.0
            for j in range(64):
                x = float(coefficients[i, j] * steps[j])
                if x != 0.0:
                    for p in range(64):
                        made[p] += basis[j, p] * x
            moved = False
            for p in range(64):
                if high[p] - low[p] > 3.0:
                    x = min(max(made[p], low[p] + 0.5), high[p] - 0.5)
                    moved = moved or abs(x - target[p]) > 1e-6
                    target[p] = x
            if not moved:
                break
        if _fits(made, low, high):
            continue
        count = 0
        for m in range(_TRIED):
            first = 0
            for j in range(64):
                if cost[j] < cost[first]:
                    first = j
            if cost[first] > _COSTLY:
                break
            tried[m] = first
            changes[m] = lean[first] * steps[first]
            cost[first] = 1e300
            count += 1
        turns = _turn(made, low, high, basis, changes, tried, count, picked, choices)
        for d in range(turns):
            coefficients[i, tried[picked[d]]] += np.int64(lean[tried[picked[d]]])
        outside[i] = 1.0 if turns < 0 else 0.0


@kernel(error_model="numpy")
def _floor(x: float) -> int:
    """Round down."""
    k: Any = np.int64(x)
    floor: int = k - 1 if k > x else k
    return floor
