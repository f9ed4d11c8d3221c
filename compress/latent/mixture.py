"""A mixture whose components are latents: bits-back pays the mixture's code length.

A sample is coded with one component's table. Which one is drawn from the posterior with bits of
the stack, and its choice is coded with the mixture's weights; with the exact posterior the cost is
the mixture's code length, with another it is more by the divergence of the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError, LimitError
from compress.latent.stack import LatentStack, seed_words
from compress.latent.streams import fingerprint_of, pack_stream, unpack_stream
from compress.tables import DensityTable, TableSet

__all__ = ["MixtureCoder"]

Integers = npt.NDArray[np.int64]

STREAM_KIND = 2
MAX_COMPONENTS = 64
_BATCH = 64
_TOTAL = 1 << 24
# Steps of a table's location to its scale, and of its scale to an octave.
_STEPS = 64


class MixtureCoder:
    """Codes integers with a mixture of normal distributions.

    Parameters
    ----------
    weights : sequence of float
        Of 2 to 64 components.
    means, scales : sequence of float
        In units of the integers; rounded to 64ths of a scale and of an octave.
    low, high : int
        Least and greatest integer.
    temper : float
        Power to which posteriors are raised (1: exact); both sides need the same.

    Raises
    ------
    ValueError
        If the parameters do not fit each other.
    """

    def __init__(
        self,
        weights: Sequence[float],
        means: Sequence[float],
        scales: Sequence[float],
        low: int,
        high: int,
        *,
        temper: float = 1.0,
    ) -> None:
        w, m, s = (np.asarray(part, np.float64) for part in (weights, means, scales))
        if not 2 <= len(w) <= MAX_COMPONENTS or not w.shape == m.shape == s.shape:
            raise ValueError("weights, means and scales must be those of 2 to 64 components")
        if not (np.all(w > 0.0) and np.all(s > 0.0) and np.all(np.isfinite(m))):
            raise ValueError("weights and scales must be positive, and means finite")
        size = int(high) - int(low) + 1
        if not 1 <= size <= 1 << 20:
            raise ValueError(f"low and high must enclose 1 to 2**20 integers, got {low}..{high}")
        self.low, self.high, self.temper = int(low), int(high), float(temper)
        self.prior = TableSet.from_pmf(w)
        described = [
            _described(mean, scale, self.low, size) for mean, scale in zip(m, s, strict=True)
        ]
        self.tables = TableSet.from_densities(described)
        rows = [self.tables.masses(t) for t in range(len(w))]
        self._masses: Integers = np.stack(rows)
        self._weights: Integers = self.prior.masses(0)
        numbers = [self.low, self.high, round(self.temper * 1024), *self._weights.tolist()]
        numbers += [number for table in described for number in table.to_integers()]
        self.fingerprint = fingerprint_of(",".join(map(str, numbers)).encode())

    def code_length(self, symbols: npt.ArrayLike) -> float:
        """Bits of integers under the mixture of the tables."""
        x = self._checked(symbols) - self.low
        mass = self._weights @ self._masses[:, x].astype(np.float64)
        return float(np.sum(48.0 - np.log2(mass)))

    def bound(self, symbols: npt.ArrayLike) -> float:
        """Bits of integers that bits-back is expected to take, with the posterior that it uses."""
        x = self._checked(symbols) - self.low
        q = np.diff(self._posterior(x), axis=1) / _TOTAL
        joint = self._weights * self._masses[:, x].T.astype(np.float64)
        return float(np.sum(q * (np.log2(q) - np.log2(joint) + 48.0)))

    def _posterior(self, x: Integers) -> Integers:
        """Cumulative masses of the components, given integers counted from ``low``."""
        joint = self._weights * self._masses[:, x].T
        # Powers of floats differ from machine to machine, so they are kept to the exact case and
        # to square roots.
        if self.temper == 0.5:
            joint = np.sqrt(joint.astype(np.float64)).astype(np.int64)
        elif self.temper != 1.0:
            raise ValueError("posteriors are exact (1) or tempered by a square root (0.5)")
        shift = np.maximum(np.frexp(joint.max(axis=1).astype(np.float64))[1] - 17, 0)
        ends = np.cumsum((joint >> shift[:, None]) + 1, axis=1)
        scaled = (ends << 24) // ends[:, -1:]
        return np.concatenate([np.zeros((len(x), 1), np.int64), scaled], axis=1)

    def _posterior_tables(self, x: Integers) -> TableSet:
        cumulative = self._posterior(x)
        n, width = cumulative.shape
        start = np.arange(n + 1, dtype=np.int64) * width
        zeros = np.zeros(n, np.int64)
        return TableSet(cumulative.astype(np.uint32).ravel(), start, zeros, zeros.astype(np.bool_))

    def encode(self, symbols: npt.ArrayLike) -> bytes:
        """Encode integers.

        Parameters
        ----------
        symbols : array_like of int, shape (n,)
            From ``low`` to ``high``.

        Returns
        -------
        bytes

        Raises
        ------
        ValueError
            If an integer lies outside.
        """
        values = self._checked(symbols)
        initial = _BATCH * math.ceil(math.log2(len(self._weights)) + 1) // 32 + 4
        stack = LatentStack(seed_words(initial)[::-1])
        begins = range(0, len(values), _BATCH)
        for at in reversed(begins):
            some = values[at : at + _BATCH]
            order = np.arange(len(some), dtype=np.int32)
            chosen = stack.pop(len(some), self._posterior_tables(some - self.low), order)
            stack.mark()
            stack.push(some, self.tables, chosen)
            stack.push(chosen, self.prior)
        head = (len(values), initial - stack.lowest)
        return pack_stream(STREAM_KIND, self.fingerprint, head, stack.words[stack.lowest :])

    def decode(self, data: bytes, *, max_bytes: int = 1 << 30) -> Integers:
        """Decode what `encode` gave.

        Raises
        ------
        FormatError
            If the data are no such stream.
        ModelMismatchError
            If they were coded with another mixture.
        CorruptError
            If they are damaged.
        LimitError
            If the integers would take more than ``max_bytes``.
        """
        stream = unpack_stream(data, STREAM_KIND, self.fingerprint, 2)
        n, initial = stream.integers
        if 8 * n > max_bytes:
            raise LimitError(f"{n} integers take more than max_bytes={max_bytes}")
        if initial > max(len(stream.words), 2):
            raise CorruptError("the head of the stream is impossible")
        stack = LatentStack(stream.words)
        parts: list[Any] = [np.empty(0, np.int64)]
        for at in range(0, n, _BATCH):
            if stack.n_words + 1 < initial:
                raise CorruptError("the stream holds fewer integers than it announces")
            count = min(_BATCH, n - at)
            chosen = stack.pop(count, self.prior)
            values = stack.pop(count, self.tables, chosen)
            order = np.arange(count, dtype=np.int32)
            stack.push(chosen, self._posterior_tables(values - self.low), order)
            parts.append(values)
        if not np.array_equal(stack.words, seed_words(initial)[::-1]):
            raise CorruptError("beneath the integers there is not what every stream begins with")
        return np.concatenate(parts)

    def _checked(self, symbols: npt.ArrayLike) -> Integers:
        values = np.asarray(symbols)
        if values.ndim != 1 or values.dtype.kind not in "iu":
            raise TypeError(f"symbols must be a row of integers, got {values.dtype}{values.shape}")
        if values.size and (values.min() < self.low or values.max() > self.high):
            raise ValueError(f"symbols must lie in {self.low}..{self.high}")
        return values.astype(np.int64)


def _described(mean: float, scale: float, low: int, size: int) -> DensityTable:
    """Integers of a normal distribution's table; locations count from the middle of the range."""
    step = round(_STEPS * math.log2(scale))
    unit = 2.0 ** (step // _STEPS) / _STEPS
    location = round((mean - low - size // 2) / unit)
    return DensityTable(low, size, 0, "normal", location, step)
