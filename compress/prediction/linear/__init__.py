"""The linear plane model: block-wise linear prediction of signals, as FLAC does it.

A plane of one axis, or of samples by channels, is cut into blocks; each block has a predictor of
up to 32 weights, kept as quantised reflection coefficients. What is left is coded with a table by
two running averages of the magnitudes before it, so no scales are written. Four sequences are
walked side by side, which hides what each sample waits for: four pieces of one signal, or
channels.

Parameters: samples of a block in powers of two, how predictors were fitted, the centre, rates and
start of the averages, base and first class of the tables, then the scale of each.
Data: the lists of spikes and of jumps, a byte that says whether samples are wide, the bytes of a
sample of those left at the end, the numbers of words of predictors and of tokens, the samples left,
these words, and the low bits.
"""

from __future__ import annotations

from math import inf, prod

import numpy as np
import numpy.typing as npt

from compress.coders import encode as encode_words
from compress.coders import open_lanes
from compress.errors import CorruptError
from compress.prediction.common.entropy import LEAF_BITS
from compress.prediction.common.spikes import (
    put_back,
    put_back_jumps,
    read_spikes,
    take_out,
    take_out_jumps,
)
from compress.prediction.demand import Demand
from compress.prediction.linear.analysis import FITS, fit_predictors
from compress.prediction.linear.coding import Model, tokens
from compress.prediction.linear.coefficients import read_predictors, write_predictors
from compress.prediction.linear.decoder import walk_back
from compress.prediction.linear.fit import estimate, is_wide, learn
from compress.prediction.linear.layout import (
    ABREAST,
    arrange,
    dimensions,
    pack,
    restore,
    stretches,
    unpack,
)
from compress.prediction.linear.tables import ladder, table_set
from compress.prediction.model import MOST, Parameters, Plane

__all__ = ["CODE", "NAME", "decode", "encode", "propose"]

CODE = 4
NAME = "linear"
KNOWS_HOLES = False
FITS_ON_A_PART = True

# Shorter sequences, and fewer samples, do not repay predictors.
_SHORTEST, _FEWEST = 16, 256
# Samples that an estimate looks at, and the share of it that is a bound: what follows a signal
# closely is misjudged by a few percent from stretches of it.
_ESTIMATED_ON, _AT_LEAST = 1 << 14, 0.97
# Nanoseconds to encode and to decode a sample, by how predictors are fitted; those of estimates are
# in no stream.
_NS = ((15.0, 11.5), (57.0, 12.0), (73.0, 12.0))
_HEAD = np.dtype([("wide", "u1"), ("size", "u1"), ("predictors", "<u4"), ("tokens", "<u4")])


def propose(plane: Plane, level: int, holes: bool = False) -> Parameters | None:
    """Learn the parameters; None for planes that are no signals, or short."""
    del holes
    found = dimensions(plane.shape)
    if found is None or found[2] < _SHORTEST or plane.size < _FEWEST:
        return None
    sequences, _ = arrange(_smooth(plane)[0])
    return learn(sequences, level).to_integers()


def encode(plane: Plane, parameters: Parameters) -> bytes:
    """Code a plane; see `compress.prediction.model.PlaneModel`."""
    model = Model.from_integers(parameters, len(FITS))
    plane, listed = _smooth(plane)
    sequences, left = arrange(plane)
    wide = is_wide(sequences, model.centre)
    predictors = fit_predictors(sequences, model.centre, 1 << model.block_bits, model.fit)
    how = model.walk(wide, sequences.shape[1])
    found, kinds, packed, low_bits = tokens(sequences, predictors, how, model.chosen())
    words = encode_words(found, table_set(model.base), kinds, lanes=ABREAST)
    described = write_predictors(*predictors)
    size, rest = pack(left)
    head = np.array([(wide, size, len(described), len(words))], _HEAD)
    low = packed.astype("<u8", copy=False).view(np.uint8)[: (low_bits + 7) // 8]
    return b"".join(
        [listed, head.tobytes(), rest, described.astype("<u4").tobytes(),
         words.astype("<u4").tobytes(), low.tobytes()]
    )  # fmt: skip


def decode(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Plane:
    """Decode a plane; see `compress.prediction.model.PlaneModel`."""
    model = Model.from_integers(parameters, len(FITS))
    found = dimensions(shape)
    spikes, data = read_spikes(memoryview(data), prod(shape))
    jumps, data = read_spikes(data, prod(shape))
    if found is None or len(data) < _HEAD.itemsize:
        raise CorruptError(f"a linear model has {len(data)} bytes for a plane of shape {shape}")
    channels, pieces, length = found
    head = np.frombuffer(data[: _HEAD.itemsize], _HEAD)[0]
    left, data = unpack(data[_HEAD.itemsize :], int(head["size"]), shape)
    middle = 4 * int(head["predictors"])
    end = middle + 4 * int(head["tokens"])
    if end > len(data) or head["wide"] > 1:
        raise CorruptError(f"a linear model announces {end} bytes, there are {len(data)}")
    rows = channels * pieces
    blocks = -(-length // (1 << model.block_bits))
    predictors = read_predictors(_words(data[:middle]), rows, blocks)
    words = _words(data[middle:end])
    sequences = np.empty((rows, length), np.int64)
    with np.errstate(over="ignore"):  # wraps, compiled or not
        low_bits = walk_back(
            sequences, *predictors, model.walk(bool(head["wide"]), length), model.chosen(),
            ladder(model.base), words, *open_lanes(words, ABREAST), _low_words(data[end:]),
        )  # fmt: skip
    if low_bits < 0 or (low_bits + 7) // 8 != len(data) - end:
        raise CorruptError("the words or low bits of a plane do not end with its last sample")
    return put_back(put_back_jumps(restore(sequences, left, shape), jumps), spikes)


def _smooth(plane: Plane) -> tuple[Plane, bytes]:
    """Return a plane without spikes and jumps, and the lists of both."""
    plane, _, spikes = take_out(plane)
    plane, jumps = take_out_jumps(plane)
    return plane, spikes + jumps


def _words(data: memoryview) -> npt.NDArray[np.uint32]:
    """Return words, and a spare one."""
    return np.append(np.frombuffer(data, "<u4"), 0).astype(np.uint32)


def _low_words(data: memoryview) -> npt.NDArray[np.uint64]:
    """Return packed bits as words, and two spare ones."""
    words = np.zeros((len(data) + 7) // 8 + 2, "<u8")
    words.view(np.uint8)[: len(data)] = np.frombuffer(data, np.uint8)
    return words.astype(np.uint64, copy=False)


def decode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that decoding takes (``python -m benchmarks costs``)."""
    return _NS[_fit_of(parameters)][1]


def encode_ns(parameters: Parameters) -> float:
    """Nanoseconds a sample that the fit and encoding take."""
    return _NS[_fit_of(parameters)][0]


def _fit_of(parameters: Parameters) -> int:
    """Read how predictors were fitted; without parameters, as quickly as can be."""
    return parameters[1] if len(parameters) > 1 else 0


def demand(data: memoryview, shape: tuple[int, ...], parameters: Parameters) -> Demand:
    """Say what decoding takes; see `compress.prediction.demand`."""
    del parameters
    n = prod(shape)
    # Predictors of blocks of 64 samples take as long as these.
    return Demand(3e5 + 100.0 * n, 26 * n + 2 * len(data) + (1 << 20))


def bound(plane: Plane, total: int, most: int = MOST) -> float:
    """Estimate the bits that ``total`` samples take at least, of which the plane is a part."""
    del most
    found = dimensions(plane.shape)
    if found is None or found[2] < _SHORTEST or plane.size < _FEWEST:
        return inf
    return _AT_LEAST * estimate(stretches(_smooth(plane)[0], _ESTIMATED_ON)) * total + LEAF_BITS
