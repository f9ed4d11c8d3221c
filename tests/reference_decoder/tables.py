"""Tables: densities, histograms, and weights rounded to masses, as the page of coding says."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from tests.reference_decoder.bases import inverse, knots, sines
from tests.reference_decoder.coding import WHOLE, Table, floor_to
from tests.reference_decoder.reader import RefusedError

__all__ = ["Density", "density_table", "masses_of", "read_table", "take"]

ONE = 1 << 38
MOST_SIZE = 1 << 20


class Density(NamedTuple):
    """What stands for a density."""

    base: int
    low: int
    size: int
    escape: int
    location: int = 0
    scale: int = 0
    unit: int = 0
    terms: tuple[tuple[int, int], ...] = ()


def take(parameters: Iterator[int], low: int, high: int) -> int:
    """Take the next parameter, which must be within the bounds."""
    value = next(parameters, None)
    if value is None or not low <= value <= high:
        raise RefusedError(f"a parameter is {value} where {low} to {high} may be")
    return value


def read_table(parameters: Iterator[int], most: int = MOST_SIZE) -> Table:
    """Take a table from parameters."""
    if take(parameters, 0, 1):
        return _histogram(parameters, most)
    base = take(parameters, 0, 9)
    low = take(parameters, -(1 << 63), (1 << 63) - 1)
    size = take(parameters, 1, min(most, (1 << 63) - low))
    escape = take(parameters, -1, 1 << 23)
    location = take(parameters, -(1 << 31), 1 << 31) if base else 0
    scale = take(parameters, -640, 1536) if base else 0
    terms = take(parameters, 0, 64)
    unit = take(parameters, 0, 12) if terms else 0
    parts = [take(parameters, -(1 << 20), 1 << 20) for _ in range(2 * terms)]
    pairs = tuple(zip(parts[::2], parts[1::2], strict=True))
    return density_table(Density(base, low, size, escape, location, scale, unit, pairs))


def _cumulative(base: int, z: int) -> int:
    """Distribution of a base, at a place of 24 fractional bits."""
    m = min(abs(z), (1 << 44) - 1)
    if m < 1 << 20:
        n, segment = 15, m >> 15
    else:
        s = m.bit_length() - 21
        n = 15 + s
        segment = 32 * (s + 1) + (m >> n & 31)
    u = m & (1 << n) - 1
    u = u << 20 - n if n <= 20 else u >> n - 20
    k0, k1, k2, v = knots(base)[segment]
    v = k2 + (v * u >> 20)
    v = k1 + (v * u >> 20)
    v = k0 + (v * u >> 20)
    return v if z >= 0 else ONE - v


def _sine(phase: int) -> int:
    phase %= ONE
    k = phase >> 30
    d = (phase & (1 << 30) - 1) * 6746518852 >> 32
    q = d * d >> 42
    a = (d >> 6) - (((d >> 6) * q >> 30) // 6)
    e = (q >> 1) - ((q * q >> 30) // 24)
    s = sines()
    return s[k] + (s[k + 64] * a - s[k] * e >> 30)


def _with_terms(density: Density, edges: list[int]) -> list[int]:
    parts = [(1 << density.unit, 0), *density.terms]
    power = sum(r * r + i * i for r, i in parts)
    count = len(density.terms)
    sine_parts, cosine_parts = [], []
    for n in range(1, count + 1):
        pairs = [(parts[k + n], parts[k]) for k in range(count - n + 1)]
        real = sum(r1 * r0 + i1 * i0 for (r1, i1), (r0, i0) in pairs)
        imaginary = sum(i1 * r0 - r1 * i0 for (r1, i1), (r0, i0) in pairs)
        over = power * 3373259426 * n
        sine_parts.append((real << 60) // over)
        cosine_parts.append((imaginary << 60) // over)
    out = []
    for b in edges:
        t = 0
        for n in range(1, count + 1):
            phase = b * n % ONE
            t += sine_parts[n - 1] * _sine(phase) >> 30
            t += cosine_parts[n - 1] * (_sine(phase + (1 << 36)) - (1 << 30)) >> 30
        out.append(b + (t << 8))
    return out


def density_table(density: Density) -> Table:
    """Masses of a density."""
    size = density.size
    if density.base:
        octave, fraction = divmod(density.scale, 64)
        shift = octave + 10
        moved = density.location << shift if shift >= 0 else density.location >> -shift
        centre = floor_to(-(1 << 40), moved + (size // 2 << 16), 1 << 40)
        factor, down = inverse()[fraction], octave + 14
        edges = []
        for k in range(size + 1):
            z = ((k << 16) - (1 << 15) - centre) * factor
            edges.append(_cumulative(density.base, z >> down if down >= 0 else z << -down))
    else:
        edges = [(k << 38) // size for k in range(size + 1)]
    if density.terms:
        edges = _with_terms(density, edges)
    v = list(accumulate(edges, max))
    escape = density.escape
    if escape < 0:
        escape = min(max(v[0] + ONE - v[size] >> 14, 1), WHOLE - size)
    total = WHOLE - escape
    unit = (v[size] - v[0]) // total
    x = [max(0, v[k + 1] - v[k] - unit) for k in range(size)]
    excess, spare = sum(x), total - size
    out, so_far = [0], 0
    factor = (spare << 38) // (excess or size)
    for k in range(size):
        so_far += x[k] if excess else 1
        out.append(k + 1 + (so_far * factor >> 38))
    out[size] = total
    return Table(density.low, [*out, WHOLE] if escape else out, escape > 0)


def _histogram(parameters: Iterator[int], most: int) -> Table:
    low = take(parameters, -(1 << 63), (1 << 63) - 1)
    size = take(parameters, 1, min(most, (1 << 63) - low))
    escape = take(parameters, 0, 1 << 32)
    precision = take(parameters, -64, 64)
    count = take(parameters, 0, 2 * size)
    string = _Bits([take(parameters, 0, (1 << 62) - 1) for _ in range(count)])
    weights: list[int] = []
    before = 0
    while len(weights) < size:
        code = string.gamma()
        length = before + (code >> 1 if code % 2 else -(code >> 1))
        if not 0 <= length <= 33:
            raise RefusedError("a weight of a histogram is too long")
        if length == 0:
            run = string.gamma()
            if run > size - len(weights):
                raise RefusedError("a histogram has more weights than symbols")
            weights += [0] * run
            continue
        before = length
        kept = max(0, min(length - 1, (length + precision) // 2))
        top = string.take(kept)
        dropped = length - 1 - kept
        middle = 1 << dropped - 1 if dropped else 0
        weights.append(((1 << kept) + top << dropped) + middle)
    if string.left >= 62:
        raise RefusedError("a histogram has more chunks than it needs")
    if not escape and not any(weights):
        raise RefusedError("a histogram has no weight")
    masses = masses_of([*weights, escape] if escape else weights)
    return Table(low, [0, *accumulate(masses)], escape > 0)


class _Bits:
    """A string of bits, 62 from each chunk."""

    def __init__(self, chunks: Sequence[int]) -> None:
        self._string = sum(chunk << 62 * i for i, chunk in enumerate(chunks))
        self.left = 62 * len(chunks)

    def take(self, count: int) -> int:
        if count > self.left:
            raise RefusedError("the chunks of a histogram end early")
        value = self._string & (1 << count) - 1
        self._string >>= count
        self.left -= count
        return value

    def gamma(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
        if zeros > 33:
            raise RefusedError("a number of a histogram is too long")
        return (1 << zeros) + self.take(zeros)


def _gain(weight: int, mass: int) -> float:
    x = 1 / (2 * mass + 1)
    y = x * x
    f = 0.0
    for k in range(33, 0, -2):
        f = f * y + 1 / k
    return ((2 * float(weight)) * x) * f


def masses_of(weights: Sequence[int]) -> list[int]:
    """Round weights to masses of 2^24 in all: the next unit to where it gains most."""
    if len(weights) > WHOLE:
        raise RefusedError("there are more weights than masses")

    def needed(price: float) -> int:
        return sum(max(1, int(w / price + 0.5573)) for w in weights)

    low, high = sum(weights) / WHOLE / 2, float(sum(weights))
    while needed(high) > WHOLE:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if needed(middle) > WHOLE else (low, middle)
    masses = [max(1, int(w / (high * (1 + 1e-9)) + 0.5)) for w in weights]
    heap = [(-_gain(w, m), k) for k, (w, m) in enumerate(zip(weights, masses, strict=True))]
    heapq.heapify(heap)
    for _ in range(WHOLE - sum(masses)):
        k = heap[0][1]
        masses[k] += 1
        heapq.heapreplace(heap, (-_gain(weights[k], masses[k]), k))
    return masses
