"""What every codec here is configured with, and how a configuration is checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from compress import compress

__all__ = ["NAME", "check_dtype", "check_keys", "check_settings"]

NAME = "fourier_compress"
"""The codec's name in zarr metadata and in the numcodecs registry."""

_KEYS = ("level", "max_error")


def check_settings(level: int, max_error: float | None) -> tuple[int, float | None]:
    """Return the settings as JSON's own types.

    Raises
    ------
    TypeError, ValueError
        As `compress.compress`: the settings are its keyword arguments.
    """
    compress(np.empty(0, np.uint8), level=level, max_error=max_error, threads=1)
    return int(level), None if max_error is None else float(max_error)


def check_keys(keys: Iterable[object]) -> None:
    """Refuse a configuration that says something this version does not know.

    Raises
    ------
    ValueError
        If a key is neither ``level`` nor ``max_error``; it names all such keys.
    """
    unknown = sorted(str(key) for key in keys if key not in _KEYS)
    if unknown:
        raise ValueError(
            f"{NAME}: unknown configuration {', '.join(map(repr, unknown))}; "
            f"known are {', '.join(map(repr, _KEYS))}"
        )


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Refuse a dtype that cannot be coded, before there is an array of it.

    Raises
    ------
    TypeError
        As `compress.compress`.
    """
    compress(np.empty(0, dtype), threads=1)
