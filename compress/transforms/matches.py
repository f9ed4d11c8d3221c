"""Repeats at any distance: the kernels of `compress.transforms.matched`.

The encoder hashes as many units as a match has at least, follows the chain of their earlier places,
and finds the cheapest way through literals and matches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import kernel
from compress.transforms.step import Plane

__all__ = ["find_matches", "fingerprints", "number_rows", "sources"]

# Bits of a match beside those of its distance and its length.
_MATCH_BITS = 6
# What the shortest match that pays must save, in bits.
_LEAST_BITS = 28
# Price of a distance that the last match had.
_SAME_BITS = 2
# Earlier places that are looked at; fewer where long pieces are compared at each.
_DEPTH, _LEAST_DEPTH, _COMPARED = 24, 4, 1 << 7
_LONG_ENOUGH = 1 << 8
# Binary places of prices.
_PLACES = 6


@kernel(inline="never")
def _bit_length(number: Any) -> int:
    length = 0
    while number > 0:
        number >>= 1
        length += 1
    return length


@kernel(inline="never")
def _spread(value: Any) -> Any:
    """Spread a number over 31 bits; no product overflows, with the kernel compiled or not."""
    word = (value & np.int64(0x7FFFFFFF)) * np.int64(0x2C1B3C6D)
    word ^= ((value >> np.int64(31)) & np.int64(0x1FFFFFFFF)) * np.int64(0x297A2D39)
    return (word ^ (word >> np.int64(29))) & np.int64(0x7FFFFFFF)


@kernel("i8(const(i8[::1]), i8, i8, i8[::1])")
def fingerprints(units: Plane, length: int, shift: int, out: Plane) -> int:
    """Write 31 bits for the units from each place on, so many of them: equal where these are.

    A polynomial of the units modulo 2^31, rolled from place to place. Only those are written that
    are 0 above ``shift`` low bits, and as many as there is room for; returns how many these are.

    Parameters
    ----------
    units : numpy.ndarray of int64
        One-dimensional, at least ``length`` of them.
    length : int
        At least 1.
    shift : int
        31 for all of them.
    out : numpy.ndarray of int64
    """
    n = units.size - length + 1
    if length < 1 or n < 1 or not 0 <= shift <= 31:
        return 0
    factor, low = np.int64(0x5851F42D), np.int64(0x7FFFFFFF)
    leaving = np.int64(1)
    word = np.int64(0)
    for i in range(length):
        leaving = leaving * factor & low
        word = (word * factor + _spread(units[i])) & low
    count = 0
    for i in range(n):
        key = word ^ (word >> np.int64(16))
        if key >> shift == 0:
            if count == out.size:
                break
            out[count] = key
            count += 1
        if i + 1 < n:
            gone = _spread(units[i]) * leaving & low
            word = (word * factor + _spread(units[i + length]) - gone) & low
    return count


@kernel("void(const(i8[:, ::1]), i8[::1])")
def number_rows(rows: Plane, out: Plane) -> None:
    """Write 62 bits for each row: equal where rows are.

    Two polynomials of the samples modulo 2^31, for two rows in a million would share one.
    """
    if rows.shape[0] != out.size:
        return
    first, second, low = np.int64(0x5851F42D), np.int64(0x2545F491), np.int64(0x7FFFFFFF)
    for i in range(rows.shape[0]):
        one, other = np.int64(1), np.int64(1)
        for j in range(rows.shape[1]):
            word = _spread(rows[i, j])
            one = (one * first + word) & low
            other = (other * second + (word ^ (word >> np.int64(7)))) & low
        out[i] = (one << np.int64(31)) | other


@kernel(inline="never")
def _length(units: Plane, first: int, second: int) -> int:
    """Count units that are the same from two places on."""
    n = units.size
    length = 0
    while second + length < n and units[first + length] == units[second + length]:
        length += 1
    return length


@kernel(inline="never")
def _reach(
    i: int, length: int, distance: int, bits: int, shortest: int,
    price: Plane, came: Plane, by: Plane,
) -> None:  # fmt: skip
    """Enter matches of a distance and all lengths from the shortest on where they are cheapest."""
    bits += _bit_length(shortest)
    longer = 1 << _bit_length(shortest)
    cost = price[i] + (bits << _PLACES)
    for shorter in range(shortest, length + 1):
        if shorter == longer:
            longer <<= 1
            cost += 1 << _PLACES
        if cost < price[i + shorter]:
            price[i + shorter] = cost
            came[i + shorter] = shorter
            by[i + shorter] = distance


@kernel(
    "i8(const(i8[::1]), i8, const(i8[::1]), i8[::1], i8[::1], i8[:, ::1], i8[::1], i8[::1], "
    "i8[::1])"
)
def find_matches(
    units: Plane, least: int, keys: Plane, head: Plane, before: Plane, work: Plane,
    runs: Plane, lengths: Plane, distances: Plane,
) -> int:  # fmt: skip
    """Write literals before each match, its length and its distance (0: that of the last one).

    The cheapest way to each place, over literals and the matches that were looked at.

    Parameters
    ----------
    units : numpy.ndarray of int64
        One-dimensional; numbers that are equal where what they stand for is.
    least : int
        Length of the shortest match that pays.
    keys : numpy.ndarray of int64
        `fingerprints` of at most that length.
    head, before : numpy.ndarray of int64
        For the places of what was seen: -1 everywhere, a power of two and as many as units.
    work : numpy.ndarray of int64
        Four rows of one more than units.
    runs, lengths, distances : numpy.ndarray of int64
        As long as there may be matches.

    Returns
    -------
    int
        How many matches there are, -1 for arrays of wrong lengths.
    """
    n = units.size
    most = n // least
    if before.size != n or work.shape != (4, n + 1):
        return -1
    if min(runs.size, lengths.size, distances.size) < most or n - keys.size >= least:
        return -1
    mask = np.int64(head.size - 1)
    depth = max(_LEAST_DEPTH, min(_DEPTH, _COMPARED // least))
    # What the way to a place costs; the length of its last match (0: a literal) and its distance;
    # the distance of its last match that is not the literals behind it.
    price, came, by, last = work[0], work[1], work[2], work[3]
    price[:] = np.int64(1) << 62
    price[0] = last[0] = 0
    literal = (_LEAST_BITS << _PLACES) // least
    skip = 0
    for i in range(n):
        if i > 0:
            last[i] = by[i] if came[i] else last[i - 1]
        if price[i] + literal < price[i + 1]:
            price[i + 1] = price[i] + literal
            came[i + 1] = 0
        if i >= skip:
            same = last[i]
            if 0 < same <= i:
                length = _length(units, i - same, i)
                shortest = least
                if length >= _LONG_ENOUGH:
                    shortest, skip = length, i + length
                _reach(i, length, same, _MATCH_BITS + _SAME_BITS, shortest, price, came, by)
        if i >= keys.size:
            continue
        slot = keys[i] & mask
        place = head[slot]
        before[i] = place
        head[slot] = i
        best = least - 1
        for _ in range(depth if i >= skip else 0):
            if place < 0:
                break
            if i + best < n and units[place + best] == units[i + best]:
                length = _length(units, place, i)
                if length > best:
                    shortest = best + 1
                    if length >= _LONG_ENOUGH:
                        shortest, skip = length, i + length
                    bits = _MATCH_BITS + _bit_length(i - place)
                    _reach(i, length, i - place, bits, shortest, price, came, by)
                    best = length
                    if length >= _LONG_ENOUGH:
                        break
            place = before[place]
    count: int = _walk(came, by, runs, lengths, distances)
    return count


@kernel(inline="never")
def _walk(came: Plane, by: Plane, runs: Plane, lengths: Plane, distances: Plane) -> int:
    """Write the cheapest way; it is known from its end."""
    place = came.size - 1
    count = 0
    while place > 0:
        count += came[place] > 0
        place -= max(came[place], 1)
    total = count
    place = came.size - 1
    while place > 0:
        if came[place] > 0:
            count -= 1
            lengths[count] = came[place]
            distances[count] = by[place]
            runs[count] = place - came[place]
        place -= max(came[place], 1)
    end, last = 0, 0
    for j in range(total):
        begin = runs[j]
        runs[j] = begin - end
        end = begin + lengths[j]
        distance = distances[j]
        distances[j] = 0 if distance == last else distance
        last = distance
    return total


@kernel("b1(const(i8[::1]), const(i8[::1]), const(i8[::1]), i8, i8, i8[::1])")
def sources(
    runs: Plane, lengths: Plane, distances: Plane, n_literals: int, least: int, out: Plane
) -> bool:
    """Write which literal each unit is; false for matches that cannot be."""
    n = out.size
    if runs.size != lengths.size or runs.size != distances.size or n_literals > n or least < 1:
        return False
    place, literal, last = 0, 0, 0
    for i in range(runs.size):
        run, length, distance = runs[i], lengths[i], distances[i]
        if distance == 0:
            distance = last
        if not 0 <= run <= n_literals - literal:
            return False
        if not (least <= length <= n - place - run and 0 < distance <= place + run):
            return False
        for j in range(place, place + run):
            out[j] = literal
            literal += 1
        place += run
        for j in range(place, place + length):
            out[j] = out[j - distance]
        place += length
        last = distance
    if n - place != n_literals - literal:
        return False
    for j in range(place, n):
        out[j] = literal
        literal += 1
    return True
