"""The ``encoding`` of a whole dataset for ``to_zarr``, with a bound for each variable.

>>> import numpy as np, xarray as xr
>>> dataset = xr.Dataset({"t": ("x", np.linspace(270, 300, 9), {"max_error": 0.01})})
>>> for key, value in encoding(dataset, attribute="max_error")["t"].items():
...     print(key, value)
serializer FourierCompressCodec(level=5, max_error=0.01, model=None)
compressors None
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from compress.integrations.numcodecs import FourierCompress
from compress.integrations.settings import check_dtype
from compress.integrations.zarr import FourierCompressCodec

__all__ = ["encoding"]

# What a variable was read with, and should be stored with again: how its values become numbers.
_VALUES = ("dtype", "units", "calendar", "_FillValue", "missing_value", "_Unsigned")
_PACKING = ("scale_factor", "add_offset")


def encoding(
    dataset: xr.Dataset,
    *,
    level: int = 5,
    max_error: float | Mapping[Hashable, float] | None = None,
    attribute: str | None = None,
    zarr_format: int = 3,
) -> dict[Hashable, dict[str, Any]]:
    """Make the ``encoding`` with which ``dataset.to_zarr`` compresses every variable.

    Parameters
    ----------
    dataset : xarray.Dataset
    level : int, optional
        As for `compress.compress`.
    max_error : float or mapping, optional
        A bound for each variable by its name, in its units; or one for all floating-point data
        variables. Variables without one, and coordinates unless they are named, are lossless.
    attribute : str, optional
        Name of an attribute that gives the bound of the variable that has it; `max_error` goes
        before it where it names the variable.
    zarr_format : int, optional
        2 or 3, as for ``to_zarr``.

    Returns
    -------
    dict
        An entry for each variable that can be compressed; others, such as strings, have none and
        are stored as xarray does. What a variable was read with is kept if it says how values
        become numbers (dtype, fill value, units, packing), and left out if it says how they are
        stored (chunks, other codecs). A bounded variable is not packed, for its bound is on the
        values.

    Raises
    ------
    KeyError
        If `max_error` names what is no variable.
    TypeError, ValueError
        If a setting or an attribute is not what it may be.
    """
    if zarr_format not in (2, 3):
        raise ValueError(f"zarr_format must be 2 or 3, not {zarr_format!r}")
    named: Mapping[Hashable, float] = max_error if isinstance(max_error, Mapping) else {}
    if unknown := [name for name in named if name not in dataset.variables]:
        raise KeyError(f"max_error names {unknown[0]!r}, which the dataset does not have")
    entries: dict[Hashable, dict[str, Any]] = {}
    for name, variable in dataset.variables.items():
        try:
            check_dtype(variable.dtype)
        except TypeError:
            continue
        bound = named.get(name)
        if bound is None and attribute is not None:
            bound = variable.attrs.get(attribute)
        everywhere = max_error is not None and not isinstance(max_error, Mapping)
        if bound is None and everywhere and name in dataset.data_vars:
            bound = max_error if variable.dtype.kind in "fc" else None  # type: ignore[assignment]
        entries[name] = _entry(variable, level, _number(bound), zarr_format)
    return entries


def _number(bound: Any) -> Any:
    """Give a bound as Python's own number: attributes of files are numpy's, some in arrays."""
    if isinstance(bound, np.ndarray) and bound.size == 1:
        return bound.reshape(()).item()
    return bound.item() if isinstance(bound, np.generic) else bound


def _entry(
    variable: xr.Variable, level: int, bound: float | None, zarr_format: int
) -> dict[str, Any]:
    packed = any(key in variable.encoding for key in _PACKING)
    kept: tuple[str, ...]
    if bound is None:
        kept = _VALUES + _PACKING
    elif packed:
        # Dtype and fill value are those of packed integers.
        kept = ()
    else:
        kept = _VALUES
    entry = {key: variable.encoding[key] for key in kept if key in variable.encoding}
    if zarr_format == 2:
        return {**entry, "compressors": FourierCompress(level=level, max_error=bound)}
    codec = FourierCompressCodec(level=level, max_error=bound)
    return {**entry, "serializer": codec, "compressors": None}
