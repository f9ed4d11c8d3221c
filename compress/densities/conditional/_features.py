"""Small bases of functions of the context, which amplitudes, location and scale are linear in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RECIPES", "Context", "columns"]

Floats = NDArray[np.float64]

# In rising size. "cubic-m" are additive cubic splines of m pieces for each feature.
RECIPES = ("constant", "linear", "quadratic", "cubic-2", "cubic-4", "cubic-8", "cubic-16")

# A feature costs four float32: middle, spread, and the range of the samples it was fitted to.
_BITS_PER_FEATURE = 128.0
_MOST_CLASSES = 4096


@dataclass(frozen=True, eq=False)
class Context:
    """How a context becomes numbers near 1: classes counted, or features standardised.

    Parameters
    ----------
    classes : int
        Number of classes; 0 where contexts are real vectors.
    scalar : bool
        Whether a real context is one number without an axis of its own.
    middle, spread, low, high : ndarray of float64, shape (k,)
        Of each feature; `low` and `high` after standardising. A context beyond them is taken to
        the nearer one.
    """

    classes: int
    scalar: bool
    middle: Floats
    spread: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, c: ArrayLike) -> Context:
        """Context of the samples `c`, shape (n,) or (n, k); integers of shape (n,) are classes."""
        array = np.asarray(c)
        none = np.empty(0)
        if array.ndim not in (1, 2):
            raise ValueError(f"contexts must have shape (n,) or (n, k), not {array.shape}")
        if array.dtype.kind not in "biuf":
            raise TypeError(f"contexts must be real numbers or integers, not {array.dtype}")
        if array.size == 0:
            raise ValueError("there are no contexts to fit")
        if array.ndim == 1 and array.dtype.kind in "biu":
            first, last = int(array.min()), int(array.max())
            if first < 0 or last >= _MOST_CLASSES:
                raise ValueError(f"classes must be in 0..{_MOST_CLASSES - 1}, not {first}..{last}")
            return cls(last + 1, True, none, none, none, none)
        rows = _finite(array.reshape(array.shape[0], -1))
        middle = _float32(np.median(rows, axis=0))
        quarters = np.quantile(rows, [0.25, 0.75], axis=0)
        spread = (quarters[1] - quarters[0]) / 1.349
        # an indicator or another column of few values has no quartiles apart
        spread = np.where(spread > 0.0, spread, np.std(rows, axis=0))
        spread = _float32(np.where(spread > 0.0, spread, 1.0))
        z = (rows - middle) / spread
        low, high = _float32(z.min(axis=0)), _float32(z.max(axis=0))
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise ValueError("contexts must stay within the range of float32 when standardised")
        return cls(0, array.ndim == 1, middle, spread, low, high)

    @property
    def n_features(self) -> int:
        """Number of features; 0 of classes."""
        return int(self.middle.size)

    @property
    def bits(self) -> float:
        """Bits of what standardises the features."""
        return _BITS_PER_FEATURE * self.n_features + 16.0

    @property
    def recipes(self) -> tuple[str, ...]:
        """Names of the bases to be tried, in rising size."""
        if self.classes:
            return ("constant", "classes") if self.classes > 1 else ("constant",)
        if not np.any(self.high > self.low):
            return ("constant",)
        return RECIPES if self.n_features <= 4 else RECIPES[:5]

    @property
    def known(self) -> tuple[str, ...]:
        """Names of all bases."""
        return ("constant", "classes") if self.classes else RECIPES

    def shape(self, c: NDArray[Any]) -> tuple[int, ...]:
        """Shape of the contexts themselves, without the axis of the features."""
        if self.scalar:
            return c.shape
        if c.ndim == 0 or c.shape[-1] != self.n_features:
            raise ValueError(f"contexts must have {self.n_features} features, not shape {c.shape}")
        return c.shape[:-1]

    def rows(self, c: NDArray[Any]) -> NDArray[Any]:
        """Contexts (n,) or (n, k), checked: classes (n,), or standardised features (n, k)."""
        if self.classes:
            if c.dtype.kind not in "biu":
                raise TypeError(f"this density was fitted to classes, not to {c.dtype}")
            if c.size and (c.min() < 0 or c.max() >= self.classes):
                raise ValueError(f"classes must be in 0..{self.classes - 1}")
            return c.astype(np.int64)
        if c.dtype.kind not in "biuf":
            raise TypeError(f"contexts must be real numbers, not {c.dtype}")
        rows = _finite(c.reshape(c.shape[0], -1))
        return np.asarray(np.clip((rows - self.middle) / self.spread, self.low, self.high))


def columns(context: Context, rows: NDArray[Any], recipe: str) -> Floats:
    """Values of a basis at contexts, one row a function, the first of which is 1.

    Of classes the functions are indicators instead, all of them.

    Parameters
    ----------
    context : Context
    rows : ndarray, shape (n,) or (n, k)
        See `Context.rows`.
    recipe : str
        One of `RECIPES`, or "classes".

    Returns
    -------
    ndarray of float64, shape (functions, n)
    """
    n = rows.shape[0]
    one = np.ones((1, n))
    if recipe == "constant":
        return one
    if recipe == "classes":
        return np.asarray(rows == np.arange(context.classes)[:, None], dtype=np.float64)
    z = np.ascontiguousarray(rows.T)
    if recipe == "linear":
        return np.concatenate([one, z])
    if recipe == "quadratic":
        pairs = [(i, j) for i in range(z.shape[0]) for j in range(i + 1)]
        if z.shape[0] > 4:
            pairs = [(i, i) for i in range(z.shape[0])]
        return np.concatenate([one, z, np.array([z[i] * z[j] - (i == j) for i, j in pairs])])
    pieces = int(recipe.removeprefix("cubic-"))
    # even knots after a squashing that spreads a bell of contexts about evenly
    low, high = _squashed(context.low), _squashed(context.high)
    t = (_squashed(rows) - low) / np.where(high > low, high - low, 1.0)
    splines = [_cubic(t[:, j], pieces)[1:] for j in range(t.shape[1])]
    return np.concatenate([one, *splines])


def _squashed(z: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(1.7 * z, -40.0, 40.0))))


def _cubic(t: Floats, pieces: int) -> Floats:
    """Cubic B-splines on [0, 1] with even knots, shape (pieces + 3, n); they sum to 1."""
    position = np.clip(t, 0.0, 1.0) * pieces
    cell = np.minimum(position.astype(np.int64), pieces - 1)
    u = position - cell
    v = 1.0 - u
    values = (
        v * v * v / 6.0,
        (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0,
        (3.0 * v * v * v - 6.0 * v * v + 4.0) / 6.0,
        u * u * u / 6.0,
    )
    out = np.zeros((pieces + 3, t.size))
    at = np.arange(t.size)
    for j, value in enumerate(values):
        out[cell + j, at] = value
    return out


def _finite(rows: NDArray[Any]) -> Floats:
    out = np.asarray(rows, dtype=np.float64)
    if not np.isfinite(out).all():
        raise ValueError("contexts must be finite")
    return out


def _float32(x: Floats) -> Floats:
    """Round to what is sent of it."""
    with np.errstate(over="ignore"):
        return np.asarray(x, dtype=np.float32).astype(np.float64)
