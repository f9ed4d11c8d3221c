"""Likelihood of conditional Fourier densities, its gradient and its information matrix.

With y the sample in units of its frame, the density given a context c is

    f((y - m) / exp(s)) exp(-s) q(F((y - m) / exp(s))),   q(v) = |sum_k a_k exp(2 pi i k v)|^2 / S,

with S = sum_k |a_k|^2, and m, s and a_0..a_N linear in functions of c. A share `FLOOR` of the
base is mixed in, so that no density vanishes where q does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compress.densities.bases import BASES, Base, StudentT

__all__ = ["FLOOR", "Family", "Layout", "Likelihood", "powers"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

FLOOR = math.ldexp(1.0, -16)

# Rows worked on at a time: temporaries stay in the cache (8192 rows take 1.7 times as long with 6
# terms, 2.6 times with 16).
_CHUNK = 1024
# Numbers in the scores worked on at a time: 4 MB.
_SCORES = 1 << 19
_SCALES = 30.0  # of log scale, in units of the frame: exp never overflows


@dataclass(frozen=True)
class Family:
    """The base under the terms.

    Parameters
    ----------
    name : str
        A name of `BASES` on the line; "circle" for samples with a period; "interval" for samples
        in a known support.
    df : float
        Degrees of freedom of Student's t.
    """

    name: str
    df: float = 4.0

    @property
    def moves(self) -> bool:
        """Whether it has a location."""
        return self.name != "interval"

    @property
    def scales(self) -> bool:
        """Whether it has a scale."""
        return self.name not in ("interval", "circle")

    @property
    def standard(self) -> Base:
        """Member with location 0 and scale 1."""
        if self.name == "student":
            return StudentT(0.0, 1.0, self.df)
        base: Base = BASES["uniform" if not self.scales else self.name]()
        return base

    @property
    def bits(self) -> float:
        """Bits of the name and the degrees of freedom."""
        return 3.0 + 16.0 * (self.name == "student")


@dataclass(frozen=True)
class Layout:
    """Where the coefficients lie in one flat vector: location, scale, amplitudes re and im.

    Parameters
    ----------
    n_loc, n_scale, n_amplitude : int
        Functions of the context in each.
    terms : int
        N; without terms there are no amplitudes.
    """

    n_loc: int
    n_scale: int
    n_amplitude: int
    terms: int

    @property
    def size(self) -> int:
        """Number of real coefficients."""
        return (
            self.n_loc + self.n_scale + 2 * self.n_amplitude * (self.terms + 1) * (self.terms > 0)
        )

    def split(self, theta: Floats) -> tuple[Floats, Floats, Complexes]:
        """Coefficients of location, of log scale, and of amplitudes, (terms + 1, functions)."""
        loc = theta[: self.n_loc]
        scale = theta[self.n_loc : self.n_loc + self.n_scale]
        if self.terms == 0:
            return loc, scale, np.zeros((0, 0), dtype=np.complex128)
        rest = theta[self.n_loc + self.n_scale :].reshape(2, self.terms + 1, self.n_amplitude)
        return loc, scale, rest[0] + 1j * rest[1]

    def join(self, loc: Floats, scale: Floats, amplitudes: Complexes) -> Floats:
        """Make the vector of its parts."""
        return np.concatenate([loc, scale, amplitudes.real.ravel(), amplitudes.imag.ravel()])

    def groups(self) -> NDArray[np.int64]:
        """Group of each coefficient, (size,): location, scale, each function of amplitudes."""
        amplitudes = np.tile(np.arange(self.n_amplitude), 2 * (self.terms + 1)) + 2
        parts = [np.zeros(self.n_loc, np.int64), np.ones(self.n_scale, np.int64)]
        return np.concatenate([*parts, amplitudes if self.terms else amplitudes[:0]])


def powers(v: Floats, terms: int) -> Complexes:
    """Waves exp(2 pi i k v) for k = 0..terms, shape (terms + 1, n)."""
    out = np.empty((terms + 1, v.size), dtype=np.complex128)
    out[0] = 1.0
    if terms:
        out[1] = np.exp(2j * math.pi * v)
    for k in range(2, terms + 1):
        np.multiply(out[k - 1], out[1], out=out[k])
    return out


@dataclass(frozen=True)
class _Chunk:
    """Derivatives of the log density of some rows."""

    logs: Floats
    by_loc: Floats
    by_scale: Floats
    by_amplitude: Complexes  # (terms + 1, n): real part by real parts, imaginary by imaginary
    roughness: float  # summed with the weights
    by_amplitude_rough: Complexes


class Likelihood:
    """Mean negative log likelihood plus a roughness penalty, in nats per sample.

    The penalty is Good and Gaskins' (1971), gamma times the mean over the samples of
    integral |A'|^2 / integral |A|^2 over the circle.

    Parameters
    ----------
    family : Family
    y, shares : ndarray of float64, shape (n,)
        Samples in units of the frame, and weights that sum to 1.
    loc, scale, amplitude : ndarray of float64, shape (functions, n)
        The functions of the context at each sample.
    terms : int
        N.
    gamma : float
        Weight of the penalty.
    """

    def __init__(
        self,
        family: Family,
        y: Floats,
        shares: Floats,
        loc: Floats,
        scale: Floats,
        amplitude: Floats,
        terms: int,
        gamma: float,
    ) -> None:
        self.family = family
        self.standard = family.standard
        self.y, self.shares = y, shares
        self.loc, self.scale, self.amplitude = loc, scale, amplitude
        self.layout = Layout(loc.shape[0], scale.shape[0], amplitude.shape[0], terms)
        self.gamma = gamma
        self.rough = 4.0 * math.pi**2 * np.arange(terms + 1.0)[:, None] ** 2

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Value in nats per sample and its gradient, (size,)."""
        value, layout = 0.0, self.layout
        loc, scale = np.zeros(layout.n_loc), np.zeros(layout.n_scale)
        amplitudes = np.zeros((layout.terms + 1, layout.n_amplitude), dtype=np.complex128)
        if layout.terms == 0:
            amplitudes = amplitudes[:0]
        for at in self._chunks():
            chunk, w = self._rows(theta, at), self.shares[at]
            value -= float(w @ chunk.logs) - self.gamma * chunk.roughness
            loc -= self.loc[:, at] @ (w * chunk.by_loc)
            scale -= self.scale[:, at] @ (w * chunk.by_scale)
            if layout.terms:
                slope = w * (chunk.by_amplitude - self.gamma * chunk.by_amplitude_rough)
                columns = self.amplitude[:, at].T
                amplitudes.real -= slope.real @ columns
                amplitudes.imag -= slope.imag @ columns
        return value, layout.join(loc, scale, amplitudes)

    def logs(self, theta: Floats) -> Floats:
        """Log density of each sample, in units of the frame."""
        return np.concatenate([self._rows(theta, at).logs for at in self._chunks()])

    def position(self, theta: Floats) -> Floats:
        """Position of each sample on the circle of its base."""
        loc, scale, _ = self.layout.split(theta)
        z = (self.y - loc @ self.loc) * np.exp(-np.clip(scale @ self.scale, -_SCALES, _SCALES))
        return self._on_circle(z)

    def information(self, theta: Floats, most: int) -> Floats:
        """Mean outer product of the scores of at most `most` samples, (size, size)."""
        step = max(1, -(-self.y.size // most))
        out = np.zeros((theta.size, theta.size))
        total = 0.0
        layout = self.layout
        picked = np.arange(0, self.y.size, step)
        rows_at_once = max(64, _SCORES // max(theta.size, 64))
        for first in range(0, picked.size, rows_at_once):
            at = picked[first : first + rows_at_once]
            chunk, w = self._rows(theta, at), self.shares[at]
            scores: list[Floats] = [
                self.loc[:, at] * chunk.by_loc,
                self.scale[:, at] * chunk.by_scale,
            ]
            if layout.terms:
                columns = self.amplitude[:, at]
                parts = (chunk.by_amplitude.real, chunk.by_amplitude.imag)
                scores += [(part[:, None] * columns).reshape(-1, at.size) for part in parts]
            stacked = np.concatenate(scores)
            out += (stacked * w) @ stacked.T
            total += float(w.sum())
        out /= max(total, 1e-300)
        if layout.terms:
            # norm and phase of all amplitudes together mean nothing: hold them where they are
            _, _, factor = layout.split(theta)
            held = max(float(np.trace(out)) / theta.size, 1e-300)
            none = (np.zeros(layout.n_loc), np.zeros(layout.n_scale))
            for same in (factor, np.asarray(1j * factor, dtype=np.complex128)):
                direction = layout.join(*none, same)
                direction /= max(float(np.linalg.norm(direction)), 1e-300)
                out += held * np.outer(direction, direction)
        return out

    def _chunks(self) -> Iterator[slice]:
        for first in range(0, self.y.size, _CHUNK):
            yield slice(first, min(first + _CHUNK, self.y.size))

    def _on_circle(self, z: Floats) -> Floats:
        if self.family.name == "circle":
            return np.asarray(z - np.floor(z))
        return self.standard._cdf(z)

    def _rows(self, theta: Floats, at: slice | NDArray[np.int64]) -> _Chunk:
        loc, scale, w = self.layout.split(theta)
        y = self.y[at]
        log_scale = np.clip(scale @ self.scale[:, at], -_SCALES, _SCALES)
        shrink = np.exp(-log_scale)
        z = (y - loc @ self.loc[:, at]) * shrink
        if self.family.scales:
            log_f, score = self.standard._standard_logpdf(z), self.standard._standard_score(z)
            by_z = -score
        else:
            log_f, by_z = np.zeros_like(z), np.zeros_like(z)
        none = np.zeros((0, y.size), dtype=np.complex128)
        logs, by_amplitude, by_rough, roughness = log_f - log_scale, none, none, 0.0
        if self.layout.terms:
            columns = self.amplitude[:, at]
            a = np.empty((self.layout.terms + 1, y.size), dtype=np.complex128)
            a.real, a.imag = w.real @ columns, w.imag @ columns
            waves = powers(self._on_circle(z), self.layout.terms)
            product = a * waves
            amplitude = product.sum(axis=0)
            slope = 2j * math.pi * (np.arange(a.shape[0]) @ product)
            squares = a.real**2 + a.imag**2
            norm = np.maximum(squares.sum(axis=0), 1e-300)
            q = (amplitude.real**2 + amplitude.imag**2) / norm
            mixed = FLOOR + (1.0 - FLOOR) * q
            logs = logs + np.log(mixed)
            factor = 2.0 * (1.0 - FLOOR) / (mixed * norm)
            by_v = factor * (amplitude.real * slope.real + amplitude.imag * slope.imag)
            by_z = by_z + by_v * np.exp(log_f)
            np.conjugate(waves, out=waves)
            waves *= factor * amplitude
            by_amplitude = waves
            by_amplitude -= (factor * q) * a
            if self.gamma > 0.0:
                per_row = (self.rough * squares).sum(axis=0) / norm
                roughness = float(self.shares[at] @ per_row)
                by_rough = (2.0 / norm) * (self.rough - per_row) * a
            else:
                by_rough = np.zeros((1, 1), dtype=np.complex128)
        by_loc = -by_z * shrink
        by_scale = -by_z * z - 1.0
        return _Chunk(logs, by_loc, by_scale, by_amplitude, roughness, by_rough)
