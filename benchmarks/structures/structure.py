"""What a structure is, and the means to draw one: discrete distributions, signals, surfaces.

Every draw is a pure function of the number of samples and a seed.
"""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import MissingArrayError

Array = np.ndarray[Any, np.dtype[Any]]
Generator = np.random.Generator
Integers = NDArray[np.int64]
Draw = Callable[[int, Generator], Array]

SAMPLES = 100_000


@dataclass(frozen=True)
class Structure:
    """A kind of array that is drawn by a generator.

    Parameters
    ----------
    name : str
    about : str
        What the samples are, in a few words.
    draw : callable
        ``draw(n, generator)`` gives an array of about ``n`` samples.
    information : float or None
        Bits per sample of the source, None where nobody knows them.
    group : str
        ``"plain"``, ``"relatives"`` or ``"sources"``: which bar the sizes are held to.
    needs : tuple of str
        Modules that have to be installed.
    """

    name: str
    about: str
    draw: Draw
    information: float | None
    group: str
    needs: tuple[str, ...] = ()

    def missing(self) -> str | None:
        """Say which package is not installed, or None."""
        for module in self.needs:
            if importlib.util.find_spec(module) is None:
                return f"package {module} is not installed"
        return None

    def make(self, n: int = SAMPLES, seed: int = 0) -> Array:
        """Return the array: as near to ``n`` samples as its shape allows, C-contiguous.

        Parameters
        ----------
        n : int
        seed : int
            The same numbers give the same array.

        Raises
        ------
        MissingArrayError
            A package that it needs is not installed.
        """
        if (missing := self.missing()) is not None:
            raise MissingArrayError(f"{self.name}: {missing}")
        generator = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        return np.ascontiguousarray(self.draw(n, generator))


class Registry(dict[str, Structure]):
    """The structures of one group, by name."""

    def __init__(self, group: str) -> None:
        super().__init__()
        self.group = group

    def add(
        self, information: float | None = None, needs: tuple[str, ...] = ()
    ) -> Callable[[Draw], Draw]:
        """Enter the decorated function; its docstring's first line says what it draws."""

        def enter(draw: Draw) -> Draw:
            name = draw.__name__
            about = (draw.__doc__ or "").partition("\n")[0].rstrip(".")
            self[name] = Structure(name, about, draw, information, self.group, needs)
            return draw

        return enter


def strata(generator: Generator, n: int) -> NDArray[np.float64]:
    """Return ``n`` uniform numbers in random order, one from each n-th of the unit interval.

    What is drawn through them has the frequencies that are expected, to a count or so. So the
    ideal code length of one array is its source's entropy: independent draws with 2,000 rare
    events would lie 2 % off.
    """
    uniforms: NDArray[np.float64] = (generator.permutation(n) + generator.random(n)) / n
    return uniforms


class Discrete:
    """A distribution over consecutive integers, whose entropy is a finite sum.

    Parameters
    ----------
    low : int
        The least value.
    masses : array_like
        Weights of ``low``, ``low + 1`` and so on, not yet normalised.
    """

    def __init__(self, low: int, masses: Any) -> None:
        masses = np.asarray(masses, np.float64)
        self.low, self.masses = low, masses / masses.sum()

    @property
    def entropy(self) -> float:
        """Bits per draw."""
        p = self.masses[self.masses > 0]
        return float(-(p * np.log2(p)).sum())

    def __call__(self, generator: Generator, n: int) -> Integers:
        """Draw ``n`` values in random order, each as often as expected: see `strata`."""
        edges = np.cumsum(self.masses)
        drawn = np.searchsorted(edges, strata(generator, n), side="right")
        return drawn.clip(0, edges.size - 1) + self.low

    def folded(self, modulus: int) -> Discrete:
        """Return the distribution of the values modulo ``modulus``."""
        residues = (np.arange(self.masses.size) + self.low) % modulus
        return Discrete(0, np.bincount(residues, self.masses, modulus))


def normal(scale: float) -> Discrete:
    """Masses of a normal density at the integers, up to 8 standard deviations."""
    k = np.arange(-int(8 * scale) - 1, int(8 * scale) + 2)
    return Discrete(int(k[0]), np.exp(-0.5 * (k / scale) ** 2))


def laplace(scale: float) -> Discrete:
    """Two-sided geometric masses, up to 30 scales."""
    k = np.arange(-int(30 * scale) - 1, int(30 * scale) + 2)
    return Discrete(int(k[0]), np.exp(-np.abs(k) / scale))


def geometric(mean: float, low: int = 0) -> Discrete:
    """Geometric masses from ``low`` on, ``mean`` above it on average, up to 40 means."""
    k = np.arange(int(40 * mean) + 2)
    return Discrete(low, (mean / (1 + mean)) ** k)


def uniform(low: int, count: int) -> Discrete:
    """``count`` equally likely values."""
    return Discrete(low, np.ones(count))


def zipf(count: int, power: float) -> Discrete:
    """``count`` values, the k-th with a mass of ``k ** -power``."""
    return Discrete(0, np.arange(1.0, count + 1) ** -power)


def rare(p: float, usual: Discrete, other: Discrete) -> Discrete:
    """Mix: ``other`` with probability ``p``, ``usual`` else."""
    low = min(usual.low, other.low)
    high = max(usual.low + usual.masses.size, other.low + other.masses.size)
    masses = np.zeros(high - low)
    masses[usual.low - low :][: usual.masses.size] += (1 - p) * usual.masses
    masses[other.low - low :][: other.masses.size] += p * other.masses
    return Discrete(low, masses)


def coin(p: float) -> float:
    """Entropy of one toss, in bits."""
    return Discrete(0, [p, 1 - p]).entropy


def autoregressive(innovations: Integers, first: int, second: int = 0) -> Integers:
    """Integer signal: the rounded forecast of the last two samples, plus an innovation.

    The forecast is a function of the past, so the signal has the innovations' entropy.

    Parameters
    ----------
    innovations : ndarray of int64
    first, second : int
        Coefficients in units of 1/256.
    """
    one, two, out = 0, 0, []
    for innovation in innovations.tolist():
        one, two = ((first * one + second * two + 128) >> 8) + innovation, one
        out.append(one)
    return np.array(out, np.int64)


def field(innovations: Integers, along: int, across: int) -> Integers:
    """Integer field, separable: forecast from the left, the upper and the upper left sample.

    Parameters
    ----------
    innovations : ndarray of int64, 2-D
    along, across : int
        Correlation with the left and the upper neighbour, in units of 1/256.
    """
    rows: list[list[int]] = [[0] * innovations.shape[1]]
    for innovation in innovations.tolist():
        above, left, corner, row = rows[-1], 0, 0, []
        for up, new in zip(above, innovation, strict=True):
            forecast = 256 * (along * left + across * up) - along * across * corner
            left, corner = ((forecast + 32768) >> 16) + new, up
            row.append(left)
        rows.append(row)
    return np.array(rows[1:], np.int64)


def surface(generator: Generator, shape: tuple[int, ...], cell: int, octaves: int = 3) -> Array:
    """Smooth random surface: linearly interpolated noise on ever finer lattices, float64.

    Parameters
    ----------
    generator : Generator
    shape : tuple of int
    cell : int
        Samples between the knots of the coarsest lattice; each next one has half and half the
        height.
    octaves : int
    """
    out = np.zeros(shape)
    for octave in range(octaves):
        step = max(1.0, cell / 2**octave)
        layer = generator.normal(size=[int(length / step) + 2 for length in shape])
        for axis, length in enumerate(shape):
            at = np.arange(length) / step
            left = at.astype(int)
            part = (at - left).reshape([-1 if k == axis else 1 for k in range(len(shape))])
            layer = layer.take(left, axis) * (1 - part) + layer.take(left + 1, axis) * part
        out += layer / 2**octave
    return out


def lengths(generator: Generator, n: int, mean: float) -> Integers:
    """Lengths of stretches from half to one and a half of the ``mean``, ``n`` in all."""
    drawn = generator.integers(int(mean / 2), int(1.5 * mean) + 1, int(2 * n / mean) + 2)
    ends = np.minimum(np.cumsum(drawn), n)
    kept = np.diff(ends, prepend=0)
    return kept[kept > 0]
