"""The causal plane model: every sample coded under a density that earlier samples set.

Experts predict, the errors nearby give the scale, and the sample is coded as a few binary
decisions whose probabilities are mixed from all experts' distributions. Everything is learned
while coding, on both sides alike, so the parameters are few: the recipe, then the scan (the axes
from the slowest to the fastest, the place of the channel axis plus one, the steps, the grid,
whether the smallest samples are holes).

Data: the list of spikes, the number of plain low bits (one byte), the smallest sample (eight
bytes, little-endian) and the range (one byte of length, then its bytes) of what is left above them,
the packed plain bits, then the words of one ANS coder.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from compress.coders import pack_bits, unpack_bits
from compress.errors import CorruptError
from compress.prediction.causal.coding import code_lengths as lengths_of
from compress.prediction.causal.coding import decode as decode_words
from compress.prediction.causal.coding import encode as encode_words
from compress.prediction.causal.coding import extend as extend_samples
from compress.prediction.causal.format import MAX_CHANNELS, MAX_GRID
from compress.prediction.causal.recipes import RECIPES, recipes_of
from compress.prediction.causal.search import choose
from compress.prediction.common.scan import Scan, arrange, restore
from compress.prediction.common.spikes import put_back, read_spikes, take_out
from compress.prediction.demand import Demand
from compress.prediction.model import MOST, Parameters, Plane
from compress.sampling import SHORT_AXIS

__all__ = ["CODE", "NAME", "code_lengths", "decode", "encode", "extend", "parse", "propose"]

CODE = 2
NAME = "causal"
KNOWS_HOLES = True
FITS_ON_A_PART = True

# Sums of two samples, and of a sample and a step, must fit in 63 bits.
_RANGE_BITS = 60
_MOST_AXES = 5
_MOST_STEP = 64
# What a dearer recipe must save; at level 8 it is only size that counts. The next one takes 100 ns
# more, which at level 5 are a five hundredth of some bits; and it learns for longer than a crop.
_WORTH = 0.003
# Nanoseconds a sample, either way, by recipe.
_RECIPE_NS = (480.0, 550.0, 690.0, 1050.0, 1150.0, 4700.0, 5500.0, 6400.0, 7800.0)
# Bytes of what is learned, without contexts and with them, for one channel and for 64 about.
_LEARNED_BYTES = (2 << 20, 16 << 20)
# Scans and recipes are tried on a crop of so many samples.
_BUDGETS = {4: 4096, 5: 12_000, 6: 16_000, 7: 24_000, 8: 32_000}


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters | None:
    """Choose recipe and scan; None below level 5, where nothing may depend on decoded samples.

    Parameters
    ----------
    plane : ndarray of int64
    level : int
    holes : bool
        Whether the smallest samples are known to be holes; else that is tried.
    """
    if level < 4:
        return None
    smooth = plane if holes else take_out(plane)[0]
    high, _, _ = _strip(smooth.reshape(_fold(plane.shape)))
    budget = min(max(plane.size // 40, 4096), _BUDGETS[min(level, 8)])
    # Across channels the cheapest recipe predicts little.
    channels = plane.ndim > 1 and min(plane.shape) <= SHORT_AXIS
    recipes = recipes_of(5 if level < 5 and channels else level)
    recipe, scan = choose(high, recipes, budget, _WORTH if level < 8 else 0.0, holes)
    return (recipe, *scan.axes, scan.channel + 1, *scan.steps, scan.grid, scan.holes)


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    shape = _fold(plane.shape)
    recipe, scan = _fitting(parameters, plane.shape)
    # Between holes every sample stands alone.
    listed = b"\0"
    if not scan.holes:
        plane, _, listed = take_out(plane)
    high, low_bits, smallest = _strip(plane.reshape(shape))
    largest = int(high.max())
    length = (largest.bit_length() + 7) // 8
    head = bytes([low_bits]) + smallest.to_bytes(8, "little", signed=True)
    head += bytes([length]) + largest.to_bytes(length, "little")
    plain = pack_bits(plane.ravel().view(np.uint64), low_bits)
    words = encode_words(arrange(high, scan), scan, RECIPES[recipe], largest)
    return listed + head + plain + words.astype("<u4").tobytes()


def code_lengths(plane: Plane, parameters: Parameters) -> npt.NDArray[np.float64]:
    """Return the bits that each sample of a plane costs, in the shape of the plane."""
    recipe, scan = _fitting(parameters, plane.shape)
    places, listed = np.zeros(0, np.int64), b""
    if not scan.holes:
        plane, (places, _), listed = take_out(plane)
    high, low_bits, _ = _strip(plane.reshape(_fold(plane.shape)))
    bits = lengths_of(arrange(high, scan), scan, RECIPES[recipe], int(high.max())) + low_bits
    bits = np.ascontiguousarray(bits.transpose(np.argsort(scan.axes)))
    bits.reshape(-1)[places] += 8 * len(listed) / max(places.size, 1)
    return bits.reshape(plane.shape)


def extend(
    plane: Plane, rows: int, parameters: Parameters, generator: np.random.Generator
) -> Plane:
    """Draw samples that could follow a plane.

    Parameters
    ----------
    plane : ndarray of int64
        Whose range the samples keep to.
    rows : int
        How many rows to add along the slowest axis of the scan, which may not be a channel axis.
    parameters : tuple of int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of int64
        The rows drawn.
    """
    shape = _fold(plane.shape)
    recipe, scan = _fitting(parameters, plane.shape)
    axis = scan.axes[0]
    if scan.channel == 0 or len(shape) != plane.ndim:
        raise ValueError(f"a plane of shape {plane.shape} has no axis to be extended along")
    high, low_bits, smallest = _strip(plane)
    known = arrange(high, scan)
    drawn = (shape[axis] + rows, *known.shape[1:])
    words = generator.integers(0, 1 << 32, 4 * rows * prod(known.shape[1:]) + 4, dtype=np.uint32)
    words[-1] |= np.uint32(1)
    samples = extend_samples(known, drawn, scan, RECIPES[recipe], int(high.max()), words)
    new = restore(samples[shape[axis] :], scan) + smallest << low_bits
    if low_bits:
        new |= generator.integers(0, 1 << low_bits, new.shape)
    return np.ascontiguousarray(new)


def decode(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Plane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    folded = _fold(shape)
    recipe, scan = parse(parameters, folded)
    n = prod(shape)
    spikes, data = read_spikes(memoryview(data), n)
    low_bits = data[0] if len(data) >= 10 else 64
    smallest = int.from_bytes(data[1:9], "little", signed=True)
    length = data[9] if len(data) >= 10 else 9
    place = 10 + length + (n * low_bits + 7) // 8
    largest = int.from_bytes(data[10 : 10 + length], "little")
    if (
        low_bits > 63
        or length > 8
        or largest.bit_length() > _RANGE_BITS + 1
        or place > len(data)
        or (len(data) - place) % 4
    ):
        raise CorruptError(f"a causal plane of {n} samples has a damaged head")
    words = np.frombuffer(data[place:], "<u4").astype(np.uint32)
    scanned = tuple(folded[axis] for axis in scan.axes)
    samples = restore(decode_words(words, scanned, scan, RECIPES[recipe], largest), scan)
    high = samples.ravel().view(np.uint64) + np.uint64(smallest & (1 << 64) - 1)
    plane = high << np.uint64(low_bits)
    if low_bits:
        plane |= unpack_bits(data[10 + length : place], n, low_bits)
    return put_back(plane.view(np.int64), spikes).reshape(shape)


def _fold(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape without axes of one sample, with at least one axis and at most five."""
    long = tuple(size for size in shape if size != 1) or (1,)
    spare = len(long) - _MOST_AXES
    return (prod(long[: spare + 1]), *long[spare + 1 :]) if spare > 0 else long


def _strip(plane: Plane) -> tuple[Plane, int, int]:
    """Plane above its plain low bits, from zero on; the number of these bits; what was zero."""
    smallest, largest = int(plane.min()), int(plane.max())
    low_bits = max(0, (largest - smallest).bit_length() - _RANGE_BITS)
    high = plane >> low_bits
    high -= smallest >> low_bits
    return high, low_bits, smallest >> low_bits


def _fitting(parameters: Parameters, shape: tuple[int, ...]) -> tuple[int, Scan]:
    try:
        return parse(parameters, _fold(shape))
    except CorruptError as error:
        raise ValueError(f"the parameters do not fit a plane of shape {shape}") from error


def parse(parameters: Parameters, shape: tuple[int, ...]) -> tuple[int, Scan]:
    """Return the recipe and the scan that parameters stand for, or raise `CorruptError`.

    Parameters
    ----------
    parameters : tuple of int
    shape : tuple of int
        Of a plane without axes of one sample, of at most five axes.
    """
    n = len(shape)
    if len(parameters) != 2 * n + 4:
        raise CorruptError(f"a causal model of {n} axes has {len(parameters)} parameters")
    recipe, axes = parameters[0], parameters[1 : n + 1]
    channel, steps = parameters[n + 1] - 1, parameters[n + 2 : -2]
    scan = Scan(tuple(axes), channel, tuple(steps), *parameters[-2:])
    if (
        recipe not in RECIPES
        or sorted(axes) != list(range(n))
        or not 1 <= scan.grid <= MAX_GRID
        or scan.holes not in (0, 1)
        or not -1 <= channel < n
        or not all(1 <= step <= _MOST_STEP for step in steps)
        or (channel >= 0 and shape[axes[channel]] > MAX_CHANNELS)
    ):
        raise CorruptError(f"a causal model has the impossible parameters {parameters}")
    return recipe, scan


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes (``python -m benchmarks costs``)."""
    return _RECIPE_NS[parameters[0]]


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that encoding takes, without the choice of recipe and scan."""
    return _RECIPE_NS[parameters[0]]


def demand(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    folded = _fold(shape)
    recipe, scan = parse(parameters, folded)
    n = prod(shape)
    _, rest = read_spikes(memoryview(data), n)
    length = min(rest[9], 8) if len(rest) >= 10 else 0
    bits = int.from_bytes(rest[10 : 10 + length], "little").bit_length()
    channels, _ = scan.states(tuple(folded[axis] for axis in scan.axes))
    # Far samples take more decisions: up to twice as long, where the range has 60 bits. What each
    # channel learns with must be made first.
    ns = 1e5 + _RECIPE_NS[recipe] * ((1.0 + bits / 64.0) * n + 200.0 * channels) + 4e5 * channels
    known = RECIPES[recipe]
    each = 16 + 4 * (len(known.orders) + bool(known.contexts))
    return Demand(ns, max(each, 24) * n + _LEARNED_BYTES[bool(known.contexts)] + 2 * len(data))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Bits that ``total`` samples take at least, by a cheap look at some: unknown."""
    del plane, total, most
    return 0.0
