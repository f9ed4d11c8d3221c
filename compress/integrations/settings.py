"""What every codec here is configured with, and how a configuration is checked."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from compress import CompressError, Model, compress

__all__ = [
    "NAME", "check_dtype", "check_keys", "check_model", "check_settings", "configuration",
    "configured",
]  # fmt: skip

NAME = "fourier_compress"
"""The codec's name in zarr metadata and in the numcodecs registry."""

_KEYS = ("level", "max_error", "model")


def check_settings(level: int, max_error: float | None) -> tuple[int, float | None]:
    """Return the settings as JSON's own types.

    Raises
    ------
    TypeError, ValueError
        As `compress.compress`: the settings are its keyword arguments.
    """
    compress(np.empty(0, np.uint8), level=level, max_error=max_error, threads=1)
    return int(level), None if max_error is None else float(max_error)


def check_model(model: Model | str | None) -> Model | None:
    """Return a model, from base64 of `Model.to_bytes` where it is text.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If the text is no model.
    """
    if model is None or isinstance(model, Model):
        return model
    if not isinstance(model, str):
        raise TypeError(
            f"{NAME}: model must be a compress.Model, its base64 text, or None, not {model!r}"
        )
    try:
        return Model.from_bytes(base64.b64decode(model, validate=True))
    except (ValueError, CompressError) as error:
        raise ValueError(f"{NAME}: the configured model cannot be read: {error}") from error


def configuration(level: int, max_error: float | None, model: Model | None) -> dict[str, Any]:
    """Return what a codec is configured with as JSON; what is None is left out."""
    settings: dict[str, Any] = {"level": level}
    if max_error is not None:
        settings["max_error"] = max_error
    if model is not None:
        settings["model"] = base64.b64encode(model.to_bytes()).decode("ascii")
    return settings


def check_keys(keys: Iterable[object], known: Sequence[str] = _KEYS) -> None:
    """Refuse a configuration that says something this version does not know.

    Raises
    ------
    ValueError
        If a key is none of those known; it names all such keys.
    """
    unknown = sorted(str(key) for key in keys if key not in known)
    if unknown:
        raise ValueError(
            f"{NAME}: unknown configuration {', '.join(map(repr, unknown))}; "
            f"known are {', '.join(map(repr, known))}"
        )


def configured(
    entry: Mapping[str, Any], name: str, known: Sequence[str] = _KEYS
) -> Mapping[str, Any]:
    """Return the configuration of a codec's entry in ``zarr.json``.

    Raises
    ------
    TypeError, ValueError
        If the entry is another codec's, or configures what this version does not know.
    """
    if entry.get("name") != name:
        raise ValueError(f"the configuration is for {entry.get('name')!r}, not for {name!r}")
    check_keys(entry.keys() - {"name", "configuration"}, known)
    settings: Any = entry.get("configuration", {})
    if not isinstance(settings, Mapping):
        raise TypeError(f"{name}: the configuration must be a mapping, not {settings!r}")
    check_keys(settings, known)
    return settings


def check_dtype(dtype: np.dtype[Any], model: Model | None = None) -> None:
    """Refuse a dtype that cannot be coded, before there is an array of it.

    Raises
    ------
    TypeError, ValueError
        As `compress.compress`.
    """
    # Models tell byte orders apart, and the format 3 of zarr does not.
    if model is not None and model.dtype.newbyteorder("=") == dtype.newbyteorder("="):
        dtype = model.dtype
    compress(np.empty(0, dtype), model=model, threads=1)
