"""Outliers of the plane model `causal`: samples that nothing is learned from."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outliers"]

Floats = NDArray[np.float64]
Q = 1 / 8192


class Outliers:
    """What each model expects at most, and which samples are set apart."""

    def __init__(self, n: int, models: int) -> None:
        self._room = (n >> 3) + 16
        self._apart: list[tuple[int, int]] = []
        self._error, self._texture = [0.0] * models, [0.0] * models
        self._fade, self._density = [0.5] * models, [0.0] * models
        self._place = [0] * models
        self._limit = 0.0

    def leave_out(self, m: int, f: Floats, texture: float) -> int:
        """Set features to 0 that outliers make; 1 if there are any."""
        unlearned, grown = 0, texture
        if self._apart:
            for k in range(len(f)):
                if abs(f[k]) > 16 * self._texture[m]:
                    f[k] = 0.0
                    unlearned = 1
            grown = 1.05 * self._texture[m] if unlearned else texture
        self._texture[m] = max(self._texture[m] - self._texture[m] * Q, grown)
        return unlearned

    def judge(self, m: int, size: float) -> tuple[bool, float]:
        """Say whether an error is that of an outlier, and what others learn of it at most."""
        error, fade = self._error[m], self._fade[m]
        limit = 16 * error + 16
        outlier = size > limit and fade < 0.0625
        self._fade[m] = max(fade - 0.5 * fade * fade, Q)
        self._error[m] = max(error - error * fade, error if outlier else size)
        self._limit = limit
        return outlier, 0.35 if fade >= 0.5 else limit if outlier else inf

    def keep(
        self, m: int, i: int, value: int, expected: int, near: list[int], past: list[int]
    ) -> None:
        """Set an outlier apart, unless it is like one of its neighbours."""
        for _ in range(min(i - self._place[m], 64)):
            self._density[m] = self._density[m] - self._density[m] * 0.125
        self._density[m] = self._density[m] + 0.125
        self._place[m] = i
        if self._density[m] > 0.5:
            self._error[m] = self._error[m] * 2
        if any(abs(value - past[k]) <= self._limit for k in near):
            return
        if self._apart and near[0] == self._apart[-1][0]:
            place, its_own = self._apart[-1]
            if abs(value - its_own) <= self._limit:
                past[place] = its_own
                return
        if len(self._apart) < self._room:
            self._apart.append((i, value))
            past[i] = expected
