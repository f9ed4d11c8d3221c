"""Arrays drawn from sources whose entropy is known, so that the distance to the best is known.

Everything is drawn with integers from a PCG64 generator of a fixed seed; the masses are rounded
to integers first, so the entropy printed is the entropy of what was drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Source:
    """A random source: its shape, dtype, entropy in bits per sample, and a way to draw it."""

    about: str
    shape: tuple[int, ...]
    dtype: str
    entropy: float
    draw: Callable[[], Array]


def _entropy(masses: NDArray[np.float64]) -> float:
    p = masses / masses.sum()
    return float(-(p * np.log2(p, out=np.zeros_like(p), where=p > 0)).sum())


@cache
def _mixture_masses() -> NDArray[np.float64]:
    """Three humps over the 4096 values of 12 bits, one of them sharp."""
    x = np.arange(4096.0)
    masses = np.zeros(4096)
    for weight, mean, scale in ((0.5, 900.0, 160.0), (0.3, 2100.0, 40.0), (0.2, 3000.0, 400.0)):
        masses += weight / scale * np.exp(-0.5 * ((x - mean) / scale) ** 2)
    return masses


@cache
def _laplace_masses() -> NDArray[np.float64]:
    masses: NDArray[np.float64] = np.exp(-np.abs(np.arange(-2048.0, 2048.0)) / 20.0)
    return masses


def _draw(masses: Callable[[], NDArray[np.float64]], low: int, n: int, dtype: str) -> Array:
    edges = np.cumsum(masses() / masses().sum())
    uniform = np.random.default_rng(2024).random(n)
    return (np.searchsorted(edges, uniform).clip(0, edges.size - 1) + low).astype(dtype)


def _noise(n: int) -> Array:
    return np.random.default_rng(2025).integers(0, 1 << 16, n, dtype=np.uint16)


def _walk(n: int) -> Array:
    # order-0 coders cannot see the structure
    return np.cumsum(_draw(_laplace_masses, -2048, n, "int64")).astype(np.int32)


def _grid(n: int) -> Array:
    # multiples of 7 with an offset: nearly 3 bits of each value carry no information
    return _draw(_mixture_masses, 0, n, "int64") * 7 + 3


def _bits(n: int) -> Array:
    return np.random.default_rng(2026).random(n) < 0.05


SOURCES: dict[str, Source] = {
    "mixture": Source(
        "i.i.d., three humps over 12 bits",
        (1_000_000,),
        "uint16",
        _entropy(_mixture_masses()),
        partial(_draw, _mixture_masses, 0, 1_000_000, "uint16"),
    ),
    "laplace": Source(
        "i.i.d., two-sided geometric",
        (1_000_000,),
        "int16",
        _entropy(_laplace_masses()),
        partial(_draw, _laplace_masses, -2048, 1_000_000, "int16"),
    ),
    "walk": Source(
        "random walk with Laplace steps",
        (200_000,),
        "int32",
        _entropy(_laplace_masses()),
        partial(_walk, 200_000),
    ),
    "multiples": Source(
        "the humps times 7 plus 3 in int64",
        (200_000,),
        "int64",
        _entropy(_mixture_masses()),
        partial(_grid, 200_000),
    ),
    "coins_biased": Source(
        "biased coin, 5 %",
        (200_000,),
        "bool",
        _entropy(np.array([0.05, 0.95])),
        partial(_bits, 200_000),
    ),
    "noise": Source("incompressible", (200_000,), "uint16", 16.0, partial(_noise, 200_000)),
}
