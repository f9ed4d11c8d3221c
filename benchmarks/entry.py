"""One array of the suite: where it comes from, and what is promised when it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import sources
from benchmarks.errors import MissingArrayError

Array = np.ndarray[Any, np.dtype[Any]]

TUNED, FRESH = "tuned", "fresh"
GROUPS = {TUNED: "tuned on", FRESH: "fresh at this release"}


@dataclass(frozen=True)
class Entry:
    """One array of the suite.

    Parameters
    ----------
    name, kind : str
        What it is called, and the group whose geometric mean it enters.
    about : str
        What the samples are, in a few words.
    source, file : str
        The module (or system folder) that ships it, and the file in it.
    licence : str
    shape : tuple of int
    dtype : str
        Both are checked when the array is loaded.
    read : callable
        Takes the path of the file (nothing for synthetic arrays) and returns the array.
    bounds : tuple of float
        Absolute error bounds at which lossy coders are measured; empty for lossless only.
    entropy : float or None
        Bits per sample of the source that a synthetic array was drawn from.
    real : bool
    group : {"tuned", "fresh"}
        Whether the library has been developed on the array (`TUNED`), or the array joined at
        this release and has had no part in it (`FRESH`). Means are taken of each group alone.
    """

    name: str
    kind: str
    about: str
    source: str
    file: str
    licence: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[..., Array]
    bounds: tuple[float, ...] = ()
    entropy: float | None = None
    real: bool = True
    group: str = TUNED

    @property
    def size(self) -> int:
        """Number of samples."""
        return int(np.prod(self.shape))

    def missing(self) -> str | None:
        """Say why the array cannot be loaded here, or None when its file is in place."""
        if not self.real:
            return None
        try:
            sources.locate(self.source, self.file)
        except MissingArrayError as error:
            return str(error)
        return None

    def load(self) -> Array:
        """Return the array: native byte order, C-contiguous, writable.

        Raises
        ------
        MissingArrayError
            Its package is not installed, or ships another file than the one registered.
        """
        if self.real:
            try:
                array = self.read(sources.locate(self.source, self.file))
            except ImportError as error:
                raise MissingArrayError(f"{self.name} needs {error.name} to be read") from error
        else:
            array = self.read()
        array = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
        if array.shape != self.shape or array.dtype != np.dtype(self.dtype):
            raise MissingArrayError(
                f"{self.name} is {array.dtype}{array.shape} in this version of {self.source}, "
                f"and was registered as {self.dtype}{self.shape}"
            )
        return array
