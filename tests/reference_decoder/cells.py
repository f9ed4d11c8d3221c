"""Cells: what was decided before in the same contexts, as the page of the model `causal` says."""

from __future__ import annotations

from collections.abc import Sequence

from tests.reference_decoder.causal_functions import stretch

__all__ = ["Cells", "mingle"]

WORD = (1 << 32) - 1
LARGEST = (1 << 31) - 1


def mingle(h: int, v: int) -> int:
    """Mix a value into a hash."""
    x = (h ^ v & WORD) * 1540483477
    return (x ^ x >> 32) & WORD


class Cells:
    """Cells that are shared by some contexts."""

    def __init__(self, n: int, rows: int, contexts: int) -> None:
        self._bits = 10
        while self._bits < 20 and 1 << self._bits < 4 * n:
            self._bits += 1
        count = 1 << self._bits
        self._share, self._tag, self._seen = [0] * count, [0] * count, [0] * count
        self._mix = [[0.3 / contexts] * contexts + [1.0] for _ in range(rows)]
        self._trust: dict[tuple[int, int, int], float] = {}
        self._found: list[tuple[int, tuple[int, int, int], float]] = []
        self._logit = 0.0

    def consult(
        self, keys: Sequence[int], decision: int, node: int, row: int, mixed: float, logit: float
    ) -> float:
        """Correct the logit of a decision."""
        logit = min(max(logit, -12.0), 12.0)
        mix = self._mix[row]
        said = logit * mix[-1]
        self._found, self._logit = [], logit
        for j, key in enumerate(keys):
            h = mingle(key, decision)
            slot = self._slot(h >> 32 - self._bits, h & 0xFFFF, mixed)
            y = (self._share[slot] + 0.5) * 2.0**-31
            bucket = min(self._seen[slot].bit_length(), 7)
            offset = stretch(y, 1 - y) - logit
            said = said + offset * (mix[j] + self._trust.get((j, node, bucket), 0.0))
            self._found.append((slot, (j, node, bucket), offset))
        return said

    def _slot(self, slot: int, tag: int, mixed: float) -> int:
        other = slot ^ 1
        if self._tag[slot] == tag and self._seen[slot]:
            return slot
        if self._tag[other] == tag and self._seen[other]:
            return other
        if self._seen[other] < self._seen[slot]:
            slot = other
        self._share[slot], self._tag[slot], self._seen[slot] = int(mixed * LARGEST), tag, 0
        return slot

    def learn(self, row: int, one: int, error: float) -> None:
        """Learn from the decision that was consulted last."""
        mix, step = self._mix[row], error * 0.003
        mix[-1] = mix[-1] + step * self._logit
        for j, (slot, trust, offset) in enumerate(self._found):
            mix[j] = mix[j] + step * offset
            self._trust[trust] = self._trust.get(trust, 0.0) + error * 0.002 * offset
            share, seen = self._share[slot], self._seen[slot]
            self._share[slot] = share + int(float(one * LARGEST - share) * (1 / (seen + 2.5)))
            self._seen[slot] = min(seen + 1, 127)
