"""The autoregressive model as an object, for people who build codecs and look into data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compress.prediction import causal
from compress.prediction.model import Parameters, Plane

__all__ = ["Autoregressive"]


class Autoregressive:
    """One-dimensional densities, each conditioned on the causal neighbours of its sample.

    The model learns while it codes, on both sides alike; `fit` chooses what cannot be learned on
    the way: which experts, in which order the axes are walked, which of them is a channel axis.

    Parameters
    ----------
    level : int, default 8
        5 is fast, 8 is smallest.

    Attributes
    ----------
    parameters_ : tuple of int
        What `fit` chose.

    Examples
    --------
    >>> import numpy as np
    >>> from compress.prediction import Autoregressive
    >>> row = np.arange(64) ** 2 // 50
    >>> model = Autoregressive(level=5).fit(row + row[:, None])
    >>> model.bits(row + row[:, None]).shape
    (64, 64)
    """

    parameters_: Parameters

    def __init__(self, level: int = 8) -> None:
        if not 5 <= level <= 9:
            raise ValueError(f"level must be 5 to 9, got {level}")
        self.level = level

    def fit(self, array: npt.ArrayLike) -> Autoregressive:
        """Choose experts and scan on an array of integers, and keep it as the past of `rvs`.

        Parameters
        ----------
        array : array_like of integers
            Not empty.

        Returns
        -------
        Autoregressive
            Itself.
        """
        plane = _plane(array)
        parameters = causal.propose(plane, self.level)
        if parameters is None:
            raise ValueError(f"level {self.level} has no autoregressive model")
        self.parameters_ = parameters
        self._past = plane
        return self

    def bits(self, array: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the bits that each sample costs: a map of where they went.

        Parameters
        ----------
        array : array_like of integers
            With as many axes as the one fitted.

        Returns
        -------
        ndarray of float64, of the shape of ``array``
        """
        return causal.code_lengths(_plane(array), self.parameters_)

    def encode(self, array: npt.ArrayLike) -> bytes:
        """Code an array of integers with as many axes as the one fitted."""
        return causal.encode(_plane(array), self.parameters_)

    def decode(self, data: bytes, shape: tuple[int, ...]) -> Plane:
        """Return the int64 array that `encode` coded.

        Raises
        ------
        CorruptError
            If the data are damaged.
        """
        return causal.decode(memoryview(data), shape, self.parameters_)

    def rvs(self, shape: tuple[int, ...], rng: np.random.Generator | int | None = None) -> Plane:
        """Draw what could follow the array fitted.

        Random words are decoded behind it, which draws from exactly the densities that code.

        Parameters
        ----------
        shape : tuple of int
            That of the array fitted but for the axis that is walked slowest.
        rng : numpy.random.Generator, int or None

        Returns
        -------
        ndarray of int64
        """
        axis = self.parameters_[1]
        past = self._past
        if len(shape) != past.ndim or any(
            size != known
            for place, (size, known) in enumerate(zip(shape, past.shape, strict=True))
            if place != axis
        ):
            raise ValueError(f"{shape} does not continue {past.shape} along axis {axis}")
        return causal.extend(past, shape[axis], self.parameters_, np.random.default_rng(rng))


def _plane(array: npt.ArrayLike) -> Plane:
    values: npt.NDArray[Any] = np.asarray(array)
    if values.dtype.kind not in "biu" or values.dtype == np.uint64:
        raise TypeError(f"integers that fit in int64 are needed, got {values.dtype}")
    if values.size == 0:
        raise ValueError("the array is empty")
    return np.ascontiguousarray(values, np.int64)
