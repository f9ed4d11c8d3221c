"""The plane model `wavefront`: fitted predictions of planes with rows and columns."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.reference_decoder.coding import Lane, Table, floor_to, read_words, wrap
from tests.reference_decoder.models_classes import take_axes
from tests.reference_decoder.reader import Reader, RefusedError
from tests.reference_decoder.scans import put_spikes, read_list
from tests.reference_decoder.tables import Density, density_table, read_table, take

__all__ = ["decode_wavefront"]

Plane = NDArray[np.int64]
BASES = (1, 9, 8, 7, 5, 2)
# Slices, rows and columns to the far terms of a location, and how many of them each set has.
FAR = (
    (0, -2, 0), (0, -2, 1),
    (-1, 0, 0), (-1, 0, -1), (-1, 0, 1), (-1, -1, 0), (-1, 1, 0), (-1, -1, -1), (-1, -1, 1),
    (-2, 0, 0), (-2, 0, -1), (-2, -1, 0), (-2, -1, -1),
)  # fmt: skip
FAR_COUNTS = (2, 9, 13)
# The same of a scale.
FAR_SIZES = ((0, -2, 0), (-1, 0, 0), (-1, 0, 1), (-1, 1, 0))
FAR_SIZE_COUNTS = (1, 4, 4)
MARGIN = 3


class _Set(NamedTuple):
    coefficients: list[int]
    far: list[int]
    shares: list[int]
    weights: list[int]
    far_sizes: list[int]
    constant: int


class _Settings(NamedTuple):
    low: int
    top: int
    guess: int
    down: int
    sets: list[_Set]
    first: int
    kinds: int
    phased: int
    tables: list[Table]
    plain: list[int]


def _settings(parameters: Iterator[int]) -> _Settings:
    number = take(parameters, 1, 6)
    feedback, number = number > 3, number - 3 if number > 3 else number
    low = take(parameters, -(1 << 63), (1 << 63) - 1)
    top = take(parameters, 0, min((1 << 40) - 1, (1 << 63) - 1 - low))
    guess, down = take(parameters, 0, top), take(parameters, 0, 62)
    coefficients, shares = [], [[0, 0, 0]] * number
    for i in range(number):
        each = [take(parameters, -(1 << 13), 1 << 13) for _ in range(6 + FAR_COUNTS[i])]
        coefficients.append([1024 - sum(each), *each])
    if feedback:
        shares = [[take(parameters, -128, 128) for _ in range(3)] for _ in range(number)]
    sets = []
    for i in range(number):
        weights = [take(parameters, 0, 1 << 13) for _ in range(8 + FAR_SIZE_COUNTS[i])]
        constant = take(parameters, 0, 1 << 50)
        near, far = coefficients[i][:7], coefficients[i][7:]
        sets.append(_Set(near, far, shares[i], weights[:8], weights[8:], constant))
    first = take(parameters, 0, 60)
    kinds = take(parameters, 1, 61 - first)
    base, phased = take(parameters, 0, 5), take(parameters, 0, 1)
    steps = [take(parameters, -40, 22) for _ in range(kinds)]
    plain = [floor_to(0, (first + kind) // 2 - 8 + down - 3, 62) for kind in range(kinds)]
    count = take(parameters, 0, kinds * (1 + phased))
    own, before = {}, -1
    for _ in range(count):
        before = take(parameters, before + 1, kinds * (1 + phased) - 1)
        own[before] = read_table(parameters, 511)
        if not own[before].escape:
            raise RefusedError("wavefront: a table has no escape")
    tables = []
    for kind in range(kinds):
        for eighths in (1, 3) if phased else (0,):
            made = own.get(len(tables))
            tables.append(made or _table(steps[kind], plain[kind], eighths, base))
    return _Settings(low, top, guess, down, sets, first, kinds, phased, tables, plain)


def _table(step: int, plain: int, eighths: int, base: int) -> Table:
    octave = step // 4
    half = min(max(32 << octave if octave >= 0 else 32 >> -octave, 6), 255)
    place = ((8 * (eighths + 4)) >> plain) - 32
    location = place >> octave if octave >= 0 else place << -octave
    return density_table(Density(BASES[base], -half, 2 * half + 1, -1, location, 16 * step))


def decode_wavefront(parameters: Iterator[int], reader: Reader, shape: tuple[int, ...]) -> Plane:
    """Decode one or two bands of all slices."""
    order = take_axes(parameters, len(shape), 2)
    sizes = [shape[axis] for axis in order]
    slices, height, width = prod(sizes[:-2]), sizes[-2], sizes[-1]
    settings = _settings(parameters)
    n = prod(shape)
    bands = 2 if height >= 64 else 1
    tall = -(-height // bands)
    if slices * bands * (tall + 2) * (width + 6) > 6 * max(n, 256):
        raise RefusedError("wavefront: the margins are larger than the plane")
    spikes = read_list(reader, n)
    first_words, first_outliers, n_outliers = (
        int.from_bytes(reader.take(4), "little") for _ in range(3)
    )
    size = reader.take(1)[0]
    if size > 3 or first_outliers > n_outliers:
        raise RefusedError("wavefront: impossible outliers")
    outliers = [
        int.from_bytes(reader.take(1 << size), "little", signed=True) for _ in range(n_outliers)
    ]
    if reader.remaining % 4:
        raise RefusedError("wavefront: the data end inside a word")
    words = read_words(reader, reader.remaining // 4)
    if first_words > len(words) or (
        bands == 1 and (first_words, first_outliers) != (len(words), n_outliers)
    ):
        raise RefusedError("wavefront: the bands do not fit the data")
    rows = (tall, height - tall)[:bands]
    lanes = (words[:first_words], words[first_words:])
    listed = (outliers[:first_outliers], outliers[first_outliers:])
    made = [
        _Band(settings, Lane(lanes[i]), listed[i], (slices, rows[i], width)).decode()
        for i in range(bands)
    ]
    plane = np.concatenate(made, axis=1).reshape(sizes).transpose(np.argsort(order))
    plane = np.ascontiguousarray(plane)
    put_spikes(plane, spikes)
    return plane


def _octaves(size: int) -> int:
    """Half octaves of an integer that is rounded to a binary32."""
    if size < 1:
        return 0
    number = np.array([size], np.int64).astype(np.float32)
    return int(number.view(np.int32)[0] >> 22) - 254


class _Band:
    """Rows of all slices that are decoded by one lane."""

    def __init__(
        self, settings: _Settings, lane: Lane, outliers: list[int], shape: tuple[int, int, int]
    ) -> None:
        self._settings, self._lane, self._outliers = settings, lane, iter(outliers)
        slices, rows, width = self._shape = shape
        # Row -1 is the first of these, column -3 the first of each.
        self._s, self._r, self._misses = (
            [[[0] * (width + 2 * MARGIN) for _ in range(rows + 2)] for _ in range(slices)]
            for _ in range(3)
        )

    def decode(self) -> Plane:
        slices, rows, width = self._shape
        for z in range(slices):
            for y in range(rows):
                self._row(z, y)
            for kept in (self._s[z], self._r[z]):
                kept[rows + 1] = list(kept[rows])
        self._lane.finish()
        if next(self._outliers, None) is not None:
            raise RefusedError("wavefront: outliers are left over")
        out = np.zeros(self._shape, np.int64)
        for z in range(slices):
            for y in range(rows):
                row = self._s[z][y + 1][MARGIN : MARGIN + width]
                out[z, y] = [wrap(sample + self._settings.low) for sample in row]
        return out

    def _row(self, z: int, y: int) -> None:
        width = self._shape[2]
        for kept, first in ((self._s, self._settings.guess), (self._r, 0)):
            before = kept[z][y][MARGIN] if y else kept[z - 1][1][MARGIN] if z else first
            kept[z][y + 1][:MARGIN] = [before] * MARGIN
        for x in range(width):
            self._sample(z, y, x)
        for kept in (self._s, self._r):
            row = kept[z][y + 1]
            row[MARGIN + width :] = [row[MARGIN + width - 1]] * MARGIN
            if y == 0:
                kept[z][0] = list(row)

    def _sample(self, z: int, y: int, x: int) -> None:
        settings, top = self._settings, self._settings.top << 10
        mine = settings.sets[min(z, len(settings.sets) - 1)]
        at = x + MARGIN
        here, above = self._s[z][y + 1], self._s[z][y]
        w, ww = here[at - 1], here[at - 2]
        far = [self._s[z + dz][y + 1 + dy][at + dx] if y + dy >= -1 else 0
               for dz, dy, dx in FAR[: len(mine.far)]]  # fmt: skip
        if y:
            n, nw, ne, nee = above[at], above[at - 1], above[at + 1], above[at + 2]
        else:
            n = nw = ne = nee = far[0] = far[1] = w
        edge = min(max(w + n - nw, min(w, n)), max(w, n))
        t = sum(map(int.__mul__, mine.coefficients, (w, n, nw, ne, edge, ww, nee)))
        t = floor_to(0, t + sum(map(int.__mul__, mine.far, far)), top)
        first_guess = t
        misses, misses_above = self._misses[z][y + 1], self._misses[z][y]
        miss_w = misses[at - 1] if x else 0
        miss_n = misses_above[at] if y else 0
        miss_ne = misses_above[at + 1] if y and x < self._shape[2] - 1 else 0
        f = mine.shares
        t = floor_to(0, t + (f[1] * miss_n + f[2] * miss_ne + f[0] * miss_w >> 7), top)
        size = self._size(mine, (z, y, x), (w, ww, n, nw, ne))
        expected = (t + 512) >> 10
        rest = t - 1024 * expected
        phase = min(abs(rest) >> 8, 1) if settings.phased else 0
        kind = floor_to(0, _octaves(size >> settings.down) - settings.first, settings.kinds - 1)
        token = self._token(kind, settings.tables[kind * (1 + settings.phased) + phase])
        off = -token if settings.phased and rest < 0 else token
        here[at] = expected + off
        self._r[z][y + 1][at] = abs(off)
        misses[at] = 1024 * here[at] - first_guess

    def _size(
        self, mine: _Set, place: tuple[int, int, int], near: tuple[int, int, int, int, int]
    ) -> int:
        z, y, x = place
        w, ww, n, nw, ne = near
        at = x + MARGIN
        here, above = self._r[z][y + 1], self._r[z][y]
        far = [self._r[z + dz][y + 1 + dy][at + dx] if y + dy >= -1 else 0
               for dz, dy, dx in FAR_SIZES[: len(mine.far_sizes)]]  # fmt: skip
        rw, rww = here[at - 1], here[at - 2]
        if y:
            rn, rnw, rne = above[at], above[at - 1], above[at + 1]
            a, b, c = abs(w - nw), abs(n - nw), abs(n - ne)
        else:
            rn = rnw = rne = rw
            far[0] = 0
            a = b = c = abs(w - ww)
        size = sum(map(int.__mul__, mine.weights, (rw, rn, rnw, rne, rww, a, b, c)))
        return mine.constant + size + sum(map(int.__mul__, mine.far_sizes, far))

    def _token(self, kind: int, table: Table) -> int:
        slot = self._lane.slot(table)
        if slot == table.size:
            outlier = next(self._outliers, None)
            if outlier is None:
                raise RefusedError("wavefront: there are fewer outliers than escapes")
            token = outlier
        else:
            token = table.low + slot
        plain = self._settings.plain[kind]
        while plain > 0:
            bits = min(plain, 16)
            token = (token << bits) + self._lane.bits(bits)
            plain -= bits
        return token
