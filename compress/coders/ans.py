"""One ANS coder: the state and the words of a lane, for kernels that write their own loop.

The state is constriction's: 64 bits, refilled by 32-bit words, 24-bit precision. Encoding pushes
and decoding pops: last in, first out. An encoder writes words upwards from ``floor`` and must
therefore see its symbols last to first; a decoder reads them downwards and sees them first to
last.

The primitives are for callers that numba compiles, who take each through
`compress.kernels.for_numba`. A decoder::

    good, state, place = init(words, floor, end)    # words[end] must exist; stop if not good
    slot = find(state, cumulative, first, last)     # which mass does the state point at?
    state, place = decode_symbol(state, place, floor, words, cumulative, slot)
    ...
    place == floor and state == 0                   # after the last symbol, in a whole stream

An encoder, which may write ``words[floor:limit]`` and for which ``words[limit]`` is spare::

    state, place = 0, floor
    state, place = encode_symbol(state, place, limit, words, cumulative, slot)
    ...
    place = flush(state, place, limit, words)       # beyond limit: the words did not fit

Where a table is mixed on the spot and never stored, use `quantile`,
`pop_interval` and `push_interval`. An encoder that runs forward records each interval and codes
them afterwards with `compress.coders.encode_intervals`; `bits_interval` and `escape_intervals`
give the intervals of plain bits and of a symbol outside its table.

Types: state, place, floor, limit, start, mass and slots are uint64, ``words`` and ``cumulative``
uint32 arrays (numba makes a float of uint64 mixed with int64: convert). A push adds at most one
word. Reads and writes are free of branches, so they touch the one word past the end; and arrays
are not read under a condition, because numba would count references to them on every call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compress.kernels import inlined, kernel

__all__ = [
    "ESCAPE_PIECES",
    "Scalar",
    "bits_interval",
    "decode_symbol",
    "encode_symbol",
    "escape_intervals",
    "find",
    "flush",
    "init",
    "locate",
    "look_up",
    "pop_bits",
    "pop_escape",
    "pop_interval",
    "push_interval",
    "quantile",
]

# The integer types of a kernel have no names in Python's typing.
Scalar = Any

# An escape is followed by at most this many uniform pieces.
ESCAPE_PIECES = 5

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_PRECISION = np.uint64(24)
_MASK = np.uint64((1 << 24) - 1)
_WORD = np.uint64(32)
_WORD_MASK = np.uint64((1 << 32) - 1)
_REFILL = np.uint64(1 << 32)
_RENORM = np.uint64(40)
_PIECE = np.uint64(16)
_HEAD_BITS = np.uint64(7)
_LENGTH_MASK = np.uint64(63)
_SIDE = np.uint64(64)
_SIGN = np.uint64(1 << 63)
# The parts of a look-up entry.
_MASS_SHIFT = np.uint64(40)
_SLOT_BITS = np.uint64(16)
_SLOT_MASK = np.uint64((1 << 16) - 1)


@inlined(forceinline=True)
def init(words: np.ndarray, floor: Scalar, end: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Start decoding ``words[floor:end]``; returns whether that can be, state, place."""
    state = _ZERO
    place = end
    good = floor <= end < np.uint64(len(words))
    if good and floor < place:
        place -= _ONE
        state = np.uint64(words[place])
        # An encoder writes no leading zero.
        good = state != _ZERO
        if floor < place:
            place -= _ONE
            state = (state << _WORD) | np.uint64(words[place])
    return good, state, place


@inlined(forceinline=True)
def quantile(state: Scalar) -> Scalar:
    """Return the 24-bit number whose interval the next symbol is."""
    return state & _MASK


@inlined(forceinline=True)
def pop_interval(
    state: Scalar, place: Scalar, floor: Scalar, words: np.ndarray, start: Scalar, mass: Scalar
) -> tuple[Scalar, Scalar]:
    """Consume the interval ``start .. start + mass``, which must hold the quantile."""
    state = (state >> _PRECISION) * mass + ((state & _MASK) - start)
    # Without a branch: whether a word is due is as good as random.
    short = (state < _REFILL) & (place > floor)
    place = place - _ONE if short else place
    filled = (state << _WORD) | np.uint64(words[place])
    return filled if short else state, place


@inlined(forceinline=True, error_model="numpy")
def push_interval(
    state: Scalar, place: Scalar, limit: Scalar, words: np.ndarray, start: Scalar, mass: Scalar
) -> tuple[Scalar, Scalar]:
    """Encode the interval ``start .. start + mass``; undoes `pop_interval`."""
    full = (state >> _RENORM) >= mass
    words[min(place, limit)] = np.uint32(state & _WORD_MASK)
    place = place + _ONE if full else place
    state = state >> _WORD if full else state
    whole = state // mass
    return (whole << _PRECISION) + (start + (state - whole * mass)), place


@inlined(forceinline=True)
def find(state: Scalar, cumulative: np.ndarray, first: Scalar, last: Scalar) -> Scalar:
    """Find the slot of the mass that the state points at, by bisection.

    ``cumulative[first:last + 1]`` is one table: ``first <= slot < last``.
    """
    wanted = np.uint32(state & _MASK)
    last = min(last, np.uint64(len(cumulative) - 1))
    while last - first > _ONE and last > first:
        middle = (first + last) >> _ONE
        below = cumulative[middle] <= wanted
        first = middle if below else first
        last = last if below else middle
    return first


@inlined(forceinline=True)
def look_up(wanted: Scalar, entry: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Take an entry of `Tables.lookup` apart: slot, distance to its start, mass.

    Where the distance is not below the mass, only `locate` finds the slot.
    """
    return entry & _SLOT_MASK, (wanted - (entry >> _SLOT_BITS)) & _MASK, entry >> _MASS_SHIFT


@inlined(forceinline=True)
def locate(
    wanted: Scalar, entry: Scalar, first: Scalar, last: Scalar, cumulative: np.ndarray
) -> tuple[Scalar, Scalar, Scalar]:
    """Scan up from an entry's slot to the one that holds ``wanted``; slot, distance, mass.

    ``cumulative[first:last + 2]`` is the table; slots count from ``first``.
    """
    slot = entry & _SLOT_MASK if entry >> _MASS_SHIFT else entry >> _SLOT_BITS
    slot = min(first + slot, last)
    left = np.uint64(cumulative[slot])
    right = np.uint64(cumulative[slot + _ONE])
    while right <= wanted and slot < last:
        slot += _ONE
        left = right
        right = np.uint64(cumulative[slot + _ONE])
    return slot - first, wanted - left, right - left


@inlined(forceinline=True)
def decode_symbol(
    state: Scalar,
    place: Scalar,
    floor: Scalar,
    words: np.ndarray,
    cumulative: np.ndarray,
    slot: Scalar,
) -> tuple[Scalar, Scalar]:
    """Consume the mass at ``cumulative[slot:slot + 2]``."""
    start = np.uint64(cumulative[slot])
    mass = np.uint64(cumulative[slot + _ONE]) - start
    return pop_interval(state, place, floor, words, start, mass)


@inlined(forceinline=True)
def encode_symbol(
    state: Scalar,
    place: Scalar,
    limit: Scalar,
    words: np.ndarray,
    cumulative: np.ndarray,
    slot: Scalar,
) -> tuple[Scalar, Scalar]:
    """Encode the mass at ``cumulative[slot:slot + 2]``."""
    start = np.uint64(cumulative[slot])
    mass = np.uint64(cumulative[slot + _ONE]) - start
    return push_interval(state, place, limit, words, start, mass)


@inlined(forceinline=True)
def flush(state: Scalar, place: Scalar, limit: Scalar, words: np.ndarray) -> Scalar:
    """Write the state, as many words as it has; returns the place behind them."""
    while state:
        words[min(place, limit)] = np.uint32(state & _WORD_MASK)
        place += _ONE
        state = state >> _WORD
    return place


@inlined(forceinline=True)
def bits_interval(value: Scalar, width: Scalar) -> tuple[Scalar, Scalar]:
    """Start and mass that code ``width`` (1 to 23) plain bits."""
    shift = _PRECISION - width
    return value << shift, _ONE << shift


@inlined(forceinline=True)
def pop_bits(
    state: Scalar, place: Scalar, floor: Scalar, words: np.ndarray, width: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Decode ``width`` (1 to 23) plain bits; returns value, state, place."""
    shift = _PRECISION - width
    value = (state & _MASK) >> shift
    state, place = pop_interval(state, place, floor, words, value << shift, _ONE << shift)
    return value, state, place


@kernel()
def escape_intervals(symbol: Scalar, low: Scalar, size: Scalar, pieces: np.ndarray) -> Scalar:
    """Write the intervals behind an escape: of int64 ``symbol`` outside ``low .. low+size-1``.

    The first holds a side bit and the bit length of the distance to the range (7 bits), the
    others the distance below its leading one, 16 bits each from the lowest. Returns how many, at
    most `ESCAPE_PIECES`; ``pieces`` (uint32, shape (2, `ESCAPE_PIECES`)) gets starts and masses.
    """
    # With the sign bit flipped, unsigned order is the order of the symbols.
    value = np.uint64(symbol) ^ _SIGN
    edge = np.uint64(low) ^ _SIGN
    if value < edge:
        side = _SIDE
        distance = edge - value
    else:
        side = _ZERO
        distance = value - edge - np.uint64(size) + _ONE
    length = _ZERO
    while length < _LENGTH_MASK and (distance >> (length + _ONE)) != _ZERO:
        length += _ONE
    start, mass = bits_interval(side | length, _HEAD_BITS)
    pieces[0, 0] = np.uint32(start)
    pieces[1, 0] = np.uint32(mass)
    count = 1
    done = _ZERO
    while done < length:
        width = min(_PIECE, length - done)
        piece = (distance >> done) & ((_ONE << width) - _ONE)
        start, mass = bits_interval(piece, width)
        pieces[0, count] = np.uint32(start)
        pieces[1, count] = np.uint32(mass)
        count += 1
        done += width
    return count


@kernel()
def pop_escape(
    state: Scalar, place: Scalar, floor: Scalar, words: np.ndarray, low: Scalar, size: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Decode what stands behind an escape; returns symbol (int64), state, place."""
    head, state, place = pop_bits(state, place, floor, words, _HEAD_BITS)
    length = head & _LENGTH_MASK
    distance = _ONE << length
    done = _ZERO
    while done < length:
        width = min(_PIECE, length - done)
        piece, state, place = pop_bits(state, place, floor, words, width)
        distance |= piece << done
        done += width
    edge = np.uint64(low) ^ _SIGN
    # Impossible distances wrap, in the stream of an enemy only; both ways of running agree.
    if head & _SIDE:
        value = edge - distance if distance <= edge else edge + (~distance + _ONE)
    else:
        edge += np.uint64(size) - _ONE
        room = ~edge
        value = edge + distance if distance <= room else distance - room - _ONE
    return np.int64(value ^ _SIGN), state, place
