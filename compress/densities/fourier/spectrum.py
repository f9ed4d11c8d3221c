"""Maximum likelihood of a Fourier basis density on the unit circle.

Here v in [0, 1) is the position on the circle and q(v) = 1 + 2 Re sum_n r_n exp(2 pi i n v) the
density, with r_n = sum_k a_{k+n} conj(a_k) the autocorrelation of complex a_0..a_N of unit norm,
so that q = |sum_k a_k exp(2 pi i k v)|^2 is never negative. The likelihood is convex in r and is
differentiated there; the steps are taken in a, which needs no constraint.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from compress.densities._dense import product, solve_positive, transposed_product

__all__ = [
    "BinLikelihood",
    "CircleLikelihood",
    "Objective",
    "autocorrelation",
    "grid_size",
    "maximise",
    "minimum_phase",
]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_LOWEST = 1e-12  # of q, where the optimiser has driven it to zero under a sample


class Objective(Protocol):
    """A function of r_1..r_N to be minimised."""

    def value(self, r: Complexes) -> float:
        """Value in nats per sample."""

    def derivatives(self, r: Complexes) -> tuple[Floats, Floats]:
        """Gradient (2N,) and Hessian (2N, 2N) by the real, then the imaginary parts of r."""


def grid_size(terms: int) -> int:
    """Nodes on the circle on which samples of an N-term fit are counted."""
    return max(256, 1 << math.ceil(math.log2(32 * max(terms, 1))))


class CircleLikelihood:
    """Mean negative log likelihood of weights on equally spaced nodes, plus the regulariser.

    Parameters
    ----------
    nodes : ndarray of float64, shape (G,)
        Share of the samples at v = j / G; samples between two nodes were split linearly.
    terms : int
        N.
    regularization : float
        gamma of ``gamma sum_n 2 pi^2 n^2 |r_n|^2``.
    """

    def __init__(self, nodes: Floats, terms: int, regularization: float) -> None:
        self.size = nodes.size
        self.occupied = np.flatnonzero(nodes)
        self.shares = nodes[self.occupied]
        n = np.arange(1, terms + 1)
        # linear splitting damps the n-th moment by sinc^2; so is the density compared with it
        self.damping = np.sinc(n / nodes.size) ** 2
        self.penalty = 2.0 * math.pi**2 * regularization * n.astype(np.float64) ** 2

    def density(self, r: Complexes) -> Floats:
        """q, as the splitting sees it, at the occupied nodes."""
        spectrum = np.zeros(self.size // 2 + 1, dtype=np.complex128)
        spectrum[0] = 1.0
        spectrum[1 : r.size + 1] = r * self.damping
        q = np.fft.irfft(spectrum, self.size)[self.occupied] * self.size
        return np.maximum(q, _LOWEST)

    def value(self, r: Complexes) -> float:
        """Nats per sample."""
        likelihood = -float((self.shares * np.log(self.density(r))).sum())
        return likelihood + float((self.penalty * np.abs(r) ** 2).sum())

    def derivatives(self, r: Complexes) -> tuple[Floats, Floats]:
        """See `Objective`."""
        terms = r.size
        q = self.density(r)
        ratio = np.zeros(self.size)
        ratio[self.occupied] = self.shares / q
        first = -2.0 * np.fft.rfft(ratio)[1 : terms + 1] * self.damping
        first += 2.0 * self.penalty * r
        ratio[self.occupied] /= q
        second = np.fft.rfft(ratio)[: 2 * terms + 1]
        cosines, sines = second.real, -second.imag
        plus, minus, sign = _index_matrices(terms)
        hessian = np.empty((2 * terms, 2 * terms))
        hessian[:terms, :terms] = cosines[minus] + cosines[plus]
        hessian[terms:, terms:] = cosines[minus] - cosines[plus]
        hessian[:terms, terms:] = -(sines[plus] + sign * sines[minus])
        hessian[terms:, :terms] = hessian[:terms, terms:].T
        damping = np.concatenate([self.damping, self.damping])
        hessian *= 2.0 * damping * damping[:, None]
        hessian[np.diag_indices(2 * terms)] += 2.0 * np.concatenate([self.penalty, self.penalty])
        return np.concatenate([first.real, first.imag]), hessian


class BinLikelihood:
    """Mean negative log likelihood of bins on the circle, relative to uniform, plus regulariser.

    Parameters
    ----------
    low, width : ndarray of float64, shape (K,)
        The bins, in units of the circle.
    shares : ndarray of float64, shape (K,)
        Share of the samples in each.
    terms : int
        N.
    regularization : float
        As of `CircleLikelihood`.
    """

    def __init__(
        self, low: Floats, width: Floats, shares: Floats, terms: int, regularization: float
    ) -> None:
        n = np.arange(1, terms + 1)
        angles = 2.0 * math.pi * (low + 0.5 * width)[:, None] * n
        damping = 2.0 * np.sinc(width[:, None] * n)
        self.basis = np.concatenate([damping * np.cos(angles), -damping * np.sin(angles)], axis=1)
        self.shares = shares
        self.penalty = 2.0 * math.pi**2 * regularization * n.astype(np.float64) ** 2

    def density(self, r: Complexes) -> Floats:
        """Mean of q over each bin."""
        waves = product(self.basis, np.concatenate([r.real, r.imag]))
        return np.asarray(np.maximum(1.0 + waves, _LOWEST))

    def value(self, r: Complexes) -> float:
        """Nats per sample."""
        likelihood = -float((self.shares * np.log(self.density(r))).sum())
        return likelihood + float((self.penalty * np.abs(r) ** 2).sum())

    def derivatives(self, r: Complexes) -> tuple[Floats, Floats]:
        """See `Objective`."""
        q = self.density(r)
        ratio = self.shares / q
        penalty = 2.0 * np.concatenate([self.penalty, self.penalty])
        gradient = penalty * np.concatenate([r.real, r.imag])
        gradient -= transposed_product(self.basis, ratio[:, None], False)[:, 0]
        weighted = self.basis * (ratio / q)[:, None]
        hessian = transposed_product(weighted, self.basis, True)
        hessian[np.diag_indices(penalty.size)] += penalty
        return gradient, hessian


@lru_cache(maxsize=16)
def _index_matrices(terms: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Matrices m + n, |n - m| and the sign of n - m for m, n = 1..N."""
    n = np.arange(1, terms + 1)
    difference = n - n[:, None]
    return n + n[:, None], np.abs(difference), np.sign(difference).astype(np.float64)


def autocorrelation(a: Complexes) -> Complexes:
    """r_n = sum_k a_{k+n} conj(a_k), n = 1..N, for a divided by its norm."""
    size = 1 << (2 * a.size - 1).bit_length()
    power = np.abs(np.fft.fft(a, size)) ** 2
    full = np.fft.fft(power) / size  # ifft of a real even-conjugate sequence, reversed
    return np.asarray(np.conj(full[1 : a.size]) / full[0].real)


def minimum_phase(nodes: Floats, terms: int, smoothing: float, floor: float) -> Complexes:
    """Minimum-phase spectral factor of a smoothed histogram, cut to `terms`.

    The causal half of the cepstrum of log q is the logarithm of a factor A with |A|^2 = q, all of
    whose zeros lie inside the unit circle (Kolmogorov's method).

    Parameters
    ----------
    nodes : ndarray of float64, shape (G,)
        Shares on the circle.
    terms : int
        N.
    smoothing : float
        The moments are damped by exp(-(n / smoothing)^2 / 2).
    floor : float
        Smallest q assumed, relative to the uniform density.

    Returns
    -------
    ndarray of complex128, shape (N + 1,)
    """
    size = nodes.size
    moments = np.fft.rfft(nodes)
    n = np.arange(moments.size)
    moments *= np.exp(-0.5 * (n / smoothing) ** 2)
    q = np.fft.irfft(moments, size) * size
    cepstrum = np.fft.rfft(np.log(np.maximum(q, floor))) / size
    causal = np.zeros(size, dtype=np.complex128)
    causal[0] = 0.5 * cepstrum[0].real
    causal[1 : size // 2] = cepstrum[1 : size // 2]
    factor = np.exp(np.fft.ifft(causal) * size)
    a = np.fft.fft(factor)[: terms + 1] / size
    return np.asarray(a / np.linalg.norm(a))


def maximise(
    objective: Objective, a: Complexes, tolerance: float, max_steps: int = 25
) -> tuple[Complexes, float]:
    """Minimise an objective over spectral factors by damped Newton steps.

    Parameters
    ----------
    objective : Objective
        Function of r_1..r_N.
    a : ndarray of complex128, shape (N + 1,)
        Start, of unit norm.
    tolerance : float
        Stop when a step promises less than this, in nats per sample.
    max_steps : int
        Largest number of Newton steps.

    Returns
    -------
    a : ndarray of complex128, shape (N + 1,)
    value : float
        The objective there.
    """
    r = autocorrelation(a)
    value = objective.value(r)
    damping = 1e-3
    for _ in range(max_steps):
        gradient, hessian = _in_factor(a, r, *objective.derivatives(r))
        scale = max(float(np.abs(np.diag(hessian)).mean()), 1e-300)
        hessian += _gauge(a) * scale
        promised = gained = 0.0
        while damping < 1e8:
            step = solve_positive(hessian, damping * scale, -gradient)
            if step.size:
                promised = -0.5 * float((gradient * step).sum())
                moved = a + (step[: a.size] + 1j * step[a.size :])
                moved /= np.linalg.norm(moved)
                new_r = autocorrelation(moved)
                gained = value - objective.value(new_r)
                if gained > 0.0:
                    a, r, value = moved, new_r, value - gained
                    break
                if promised < tolerance:
                    break
            damping *= 6.0
        if gained <= 0.0 or promised < tolerance:
            break
        # trust the quadratic model as far as it has just been right
        if gained > 0.75 * promised:
            damping = max(damping / 8.0, 1e-9)
        elif gained < 0.25 * promised:
            damping *= 4.0
    return a, value


def _gauge(a: Complexes) -> Floats:
    """Projection on the two directions that leave the density alone: norm and phase of a."""
    norm = np.concatenate([a.real, a.imag])
    phase = np.concatenate([-a.imag, a.real])
    return np.outer(norm, norm) + np.outer(phase, phase)


def _in_factor(
    a: Complexes, r: Complexes, gradient: Floats, hessian: Floats
) -> tuple[Floats, Floats]:
    """Gradient and Hessian by the real, then the imaginary parts of a unit-norm factor a."""
    size = a.size
    terms = size - 1
    lag, forward, backward = _lags(size)
    padded = np.concatenate([a, [0.0]])
    ahead = padded[forward]  # a_{k+n}, shape (N, N + 1)
    behind = np.conj(padded[backward])  # conj(a_{k-n})
    norm = np.concatenate([a.real, a.imag])
    by_real = ahead + behind
    by_imag = -1j * ahead + 1j * behind
    jacobian = np.concatenate([by_real, by_imag], axis=1) - 2.0 * np.outer(r, norm)
    real_jacobian = np.concatenate([jacobian.real, jacobian.imag])
    slope = gradient[:terms] + 1j * gradient[terms:]
    # the bilinear part of r contributes a Hermitian Toeplitz form of the gradient
    diagonal = -2.0 * float((np.conj(slope) * r).real.sum())
    row = np.concatenate([[diagonal], np.conj(slope)])
    toeplitz = np.where(lag >= 0, row[np.abs(lag)], np.conj(row[np.abs(lag)]))
    turned = transposed_product(hessian, real_jacobian, False)
    out = transposed_product(real_jacobian, turned, True)
    out[:size, :size] += toeplitz.real
    out[size:, size:] += toeplitz.real
    out[:size, size:] -= toeplitz.imag
    out[size:, :size] += toeplitz.imag
    return transposed_product(real_jacobian, gradient[:, None], False)[:, 0], out


@lru_cache(maxsize=16)
def _lags(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Lags l - k (size, size), and the indices k + n and k - n (N, size); -1 where outside."""
    k = np.arange(size)
    n = np.arange(1, size)[:, None]
    forward = np.where(k + n < size, k + n, size)
    backward = np.where(k - n >= 0, k - n, size)
    return k - k[:, None], forward, backward
