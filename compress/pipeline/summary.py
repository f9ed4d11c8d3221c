"""A bounded sample of arrays that may lie in many places: merged in any order, it is the same.

Arrays are cut into blocks, each block has a hash, and those with the smallest hashes are kept: a
sample of distinct blocks that is uniform, whatever part each came from and however often parts are
merged (bottom-k sampling; Cohen and Kaplan, 2007). So workers send what fits in one message, and
models learned from the merged sample do not depend on how many workers there were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.header import samples_per_element
from compress.pipeline.warm import MAX_MESSAGE

__all__ = ["MOST_SAMPLES", "Summary"]

Array = NDArray[Any]
MOST_SAMPLES = 1 << 18
"""Samples that are kept, if not told otherwise: 2 MiB of float64."""
_HASH_BYTES = 16


@dataclass(frozen=True)
class Summary:
    """A sample of blocks of arrays of one dtype.

    Attributes
    ----------
    dtype : numpy.dtype
    most : int
        Samples that it holds, and those of one more block at most.
    blocks : tuple of (bytes, tuple of int, bytes)
        Hash, shape and bytes of each, in the order of the hashes.
    """

    dtype: np.dtype[Any]
    most: int
    blocks: tuple[tuple[bytes, tuple[int, ...], bytes], ...]

    @classmethod
    def of(cls, arrays: Array | Iterable[Array], *, most: int = MOST_SAMPLES) -> Summary:
        """Sample one array, or several.

        Parameters
        ----------
        arrays : numpy.ndarray or iterable of numpy.ndarray
            Of one dtype. Those of up to 8192 samples are a block each; longer ones are cut along
            their first axis into blocks of as many rows as fit.
        most : int
            Samples that are kept.

        Raises
        ------
        TypeError
            If they are no arrays, or of several dtypes.
        ValueError
            If there is no sample, or `most` is not positive.
        """
        listed = [arrays] if isinstance(arrays, np.ndarray) else list(arrays)
        if not listed or not all(isinstance(array, np.ndarray) for array in listed):
            raise TypeError("a summary is made of arrays")
        dtypes = {array.dtype for array in listed}
        if len(dtypes) > 1:
            raise TypeError(f"a summary is of one dtype, not {sorted(map(str, dtypes))}")
        if most < 1:
            raise ValueError(f"a summary holds at least one sample, not {most}")
        dtype = listed[0].dtype
        found: dict[bytes, tuple[tuple[int, ...], bytes]] = {}
        for array in listed:
            for block in _blocks(array):
                data = np.ascontiguousarray(block).tobytes()
                digest = hashlib.blake2b(digest_size=_HASH_BYTES)
                digest.update(repr((dtype.str, block.shape)).encode())
                digest.update(data)
                found[digest.digest()] = block.shape, data
        if not found:
            raise ValueError("a summary of empty arrays says nothing")
        return cls(dtype, most, _smallest(found, dtype, most))

    def merge(self, *others: Summary) -> Summary:
        """Return the summary of all together: the same in whatever order they are merged.

        Raises
        ------
        ValueError
            If they are of several dtypes, or hold different numbers of samples.
        """
        every = (self, *others)
        if len({(one.dtype, one.most) for one in every}) > 1:
            raise ValueError("summaries that are merged have one dtype and one limit of samples")
        found = {key: (shape, data) for one in every for key, shape, data in one.blocks}
        return Summary(self.dtype, self.most, _smallest(found, self.dtype, self.most))

    def arrays(self) -> list[Array]:
        """Return the blocks, for `compress.fit`."""
        return [
            np.frombuffer(data, self.dtype).reshape(shape).copy() for _, shape, data in self.blocks
        ]


def _blocks(array: Array) -> Iterable[Array]:
    each = samples_per_element(array.dtype)
    if array.size == 0:
        return
    row = max(1, prod(array.shape[1:]) * each)
    if array.ndim == 0 or array.size * each <= MAX_MESSAGE:
        yield array
        return
    # A row that is longer than that is a block of its own.
    rows = max(1, MAX_MESSAGE // row)
    for first in range(0, len(array), rows):
        yield array[first : first + rows]


def _smallest(
    found: dict[bytes, tuple[tuple[int, ...], bytes]], dtype: np.dtype[Any], most: int
) -> tuple[tuple[bytes, tuple[int, ...], bytes], ...]:
    """Keep blocks from the smallest hash on, as many as hold so many samples.

    The one that reaches the limit is kept: so nothing behind it is, whatever is merged first.
    """
    kept: list[tuple[bytes, tuple[int, ...], bytes]] = []
    held = 0
    for key in sorted(found):
        shape, data = found[key]
        kept.append((key, shape, data))
        held += prod(shape) * samples_per_element(dtype)
        if held >= most:
            break
    return tuple(kept)
