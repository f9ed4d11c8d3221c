"""Single samples far from both neighbours, listed beside a plane from which they are taken out.

One broken pixel of 2^31 - 1 in a picture widens the range of all samples, and is among the
neighbours of a dozen. So the encoder lists it, and codes the sample before it in its place. In the
same way jumps are listed, behind which a signal goes on at another height.

A list is one byte that is 0 where there are none; else the bytes of their number, that number, the
bits of the largest gap between their places and of the largest value (zigzag), and both packed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compress.coders import pack_bits, unpack_bits
from compress.errors import CorruptError
from compress.kernels import kernel

__all__ = ["put_back", "put_back_jumps", "read_spikes", "take_out", "take_out_jumps"]

Plane = npt.NDArray[np.int64]
Spikes = tuple[Plane, Plane]

# A spike is 64 times as far away as all but one in a hundred neighbours are from one another: so
# far no real array without fill values has one.
_FAR = 64
_USUAL = 0.99
_LEAST = 1 << 10
_SAMPLES = 1 << 12
# Where more than one sample in so many is one, they are what the plane is.
_RARE = 32
_NOTHING = np.zeros(0, np.int64)


def take_out(plane: Plane) -> tuple[Plane, Spikes, bytes]:
    """Take the spikes out of a plane.

    Parameters
    ----------
    plane : ndarray of int64, C-contiguous

    Returns
    -------
    plane : ndarray of int64
        The plane given where there are no spikes, else a copy.
    spikes : tuple of ndarray of int64
        Places in C order, and values.
    listed : bytes
        See `read_spikes`.
    """
    none = plane, (_NOTHING, _NOTHING), b"\0"
    flat = plane.reshape(-1)
    if flat.size < _RARE:
        return none
    limit = _limit(flat)
    if limit is None:
        return none
    places = np.zeros(flat.size // _RARE + 1, np.int64)
    count = _find(flat, limit, places)
    if not 0 < count < places.size:
        return none
    places = places[:count]
    values = flat[places]
    smooth = np.array(plane, order="C")
    _cover(smooth.reshape(-1), places)
    return smooth, (places, values), _listed(places, values)


def _limit(flat: Plane) -> int | None:
    """Return how far a sample may be from its neighbours; None where all are closer."""
    # Distances modulo 2^64, for those of int64 need not fit one.
    low, high = int(flat.min()), int(flat.max())
    if high - low <= _LEAST or high - low > (1 << 63) - 1:
        return None
    at = np.linspace(1, flat.size - 1, min(flat.size - 1, _SAMPLES)).astype(np.int64)
    usual = int(np.quantile(np.abs(flat[at] - flat[at - 1]), _USUAL, method="lower"))
    limit = max(_FAR * usual, _LEAST)
    return limit if high - low > limit else None


def _listed(places: Plane, values: Plane) -> bytes:
    """Write places, none of which is the first, and values; see `read_spikes`."""
    count = places.size
    gaps = np.diff(places, prepend=np.int64(0)).view(np.uint64)
    folded = (values << 1 ^ values >> 63).view(np.uint64)
    number = count.to_bytes((count.bit_length() + 7) // 8, "little")
    widths = int(gaps.max()).bit_length(), int(folded.max()).bit_length()
    head = bytes([len(number)]) + number + bytes(widths)
    packed = pack_bits(gaps, widths[0]) + pack_bits(folded, widths[1])
    return head + packed


def take_out_jumps(plane: Plane) -> tuple[Plane, bytes]:
    """Take the jumps out of a signal: what follows one continues at the height before it.

    Parameters
    ----------
    plane : ndarray of int64, C-contiguous
        One with several axes is left as it is.

    Returns
    -------
    plane : ndarray of int64
        The plane given where there are no jumps.
    listed : bytes
        Places and heights; see `read_spikes`.
    """
    if plane.ndim != 1 or plane.size < _RARE:
        return plane, b"\0"
    limit = _limit(plane)
    changes = np.zeros(0, np.int64) if limit is None else np.diff(plane)
    places = np.flatnonzero(np.abs(changes) > (limit or 0)) + 1
    if not 0 < places.size <= plane.size // _RARE:
        return plane, b"\0"
    heights = changes[places - 1]
    return put_back_jumps(plane.copy(), (places, -heights)), _listed(places, heights)


def put_back_jumps(plane: Plane, jumps: Spikes) -> Plane:
    """Put the jumps into a signal, in place; heights add up modulo 2^64."""
    places, heights = jumps
    if places.size:
        steps = np.zeros(plane.size, np.int64)
        steps[places] = heights
        plane += np.cumsum(steps).reshape(plane.shape)
    return plane


def read_spikes(data: memoryview, samples: int) -> tuple[Spikes, memoryview]:
    """Read a list, and give what follows it.

    Raises
    ------
    CorruptError
        If the list is none of spikes among so many samples.
    """
    length = data[0] if len(data) else 0
    if length == 0:
        return (_NOTHING, _NOTHING), data[1:]
    start = length + 3
    if length > 8 or len(data) < start:
        raise CorruptError("a list of spikes has a damaged head")
    count = int.from_bytes(data[1 : length + 1], "little")
    of_gap, of_value = data[length + 1], data[length + 2]
    middle = start + (count * of_gap + 7) // 8
    end = middle + (count * of_value + 7) // 8
    if not 0 < count <= samples // _RARE or of_gap > 62 or of_value > 64 or end > len(data):
        raise CorruptError(f"a list of spikes among {samples} samples is damaged")
    gaps = unpack_bits(data[start:middle], count, of_gap).view(np.int64)
    folded = unpack_bits(data[middle:end], count, of_value)
    # With every gap within the plane, their sum cannot overflow.
    if int(gaps.min()) < 1 or int(gaps.max()) >= samples or int(gaps.sum()) >= samples:
        raise CorruptError(f"a spike is outside the {samples} samples")
    values = (folded >> np.uint64(1)).view(np.int64) ^ -(folded & np.uint64(1)).view(np.int64)
    return (np.cumsum(gaps), values), data[end:]


def put_back(plane: Plane, spikes: Spikes) -> Plane:
    """Write the spikes into a plane."""
    places, values = spikes
    if places.size:
        plane.reshape(-1)[places] = values
    return plane


@kernel("i8(const(i8[::1]), i8, i8[::1])")
def _find(flat: Plane, limit: int, places: Plane) -> int:
    """Find samples further than a limit from both neighbours on the same side; never the first."""
    count = 0
    for i in range(1, flat.size):
        before = flat[i] - flat[i - 1]
        after = flat[i] - flat[i + 1] if i + 1 < flat.size else before
        above = before > limit and after > limit
        if (above or (before < -limit and after < -limit)) and count < places.size:
            places[count] = i
            count += 1
    return count


@kernel("void(i8[::1], const(i8[::1]))")
def _cover(flat: Plane, places: Plane) -> None:
    """Write the sample before each place there; one after another, for spikes may be neighbours."""
    for place in places:
        if 0 < place < flat.size:
            flat[place] = flat[place - 1]
