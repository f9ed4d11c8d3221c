"""What public functions are given, checked; and what they may raise."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.bounds import ErrorBound, of_fields
from compress.errors import CompressError, CorruptError, ModelMismatchError
from compress.pipeline.chunk import check_dtype
from compress.pipeline.model import Model

__all__ = [
    "as_array",
    "as_bytes",
    "check_bound",
    "check_is_array",
    "check_is_model",
    "check_level",
    "check_max_bytes",
    "check_max_error",
    "check_out",
    "check_progress",
    "check_threads",
    "needed",
    "only_our_errors",
]


def as_array(array: ArrayLike) -> NDArray[Any]:
    """Return an array of a dtype that can be coded; raise `TypeError` for others."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            "masked arrays are not compressed as such: compress array.filled(value), or "
            "array.data and array.mask one by one"
        )
    result = np.asarray(array)
    check_dtype(result.dtype)
    return result


def as_bytes(data: bytes | bytearray | memoryview) -> memoryview:
    """Return the bytes of a buffer; raise `TypeError` for what is none."""
    try:
        view = memoryview(data)
    except (TypeError, ValueError, BufferError):
        # Some objects have a buffer, but none for what they hold, such as arrays of dates.
        raise TypeError(f"data must be bytes-like, not {type(data).__name__}") from None
    if "O" in view.format:
        raise TypeError("data must be bytes-like, not a buffer of Python objects")
    plain = view.c_contiguous and view.format in ("B", "b", "c") and view.nbytes > 0
    return view.cast("B") if plain else memoryview(view.tobytes())


def check_level(level: int) -> int:
    """Return a level from 1 to 9; raise `TypeError` or `ValueError` for anything else."""
    if isinstance(level, bool) or not isinstance(level, int | np.integer):
        raise TypeError(f"level must be an integer from 1 to 9, not {level!r}")
    if not 1 <= level <= 9:
        raise ValueError(f"level must be from 1 (fast) to 9 (smallest), not {_shown(level)}")
    return int(level)


def check_bound(max_error: float | ErrorBound | None) -> ErrorBound | None:
    """Return an error bound, none for 0; raise `TypeError` or `ValueError` for what is none."""
    if max_error is None:
        return None
    if isinstance(max_error, ErrorBound):
        bound = max_error
    elif isinstance(max_error, bool) or not isinstance(max_error, Real):
        raise TypeError(
            f"max_error must be a number of 0 or more, an ErrorBound or None, not {max_error!r}"
        )
    else:
        try:
            number = float(max_error)
        except OverflowError:
            number = math.inf
        if not 0 <= number < math.inf:
            raise ValueError(
                f"max_error must be 0 (lossless) or positive, and finite, not {_shown(max_error)}"
            )
        bound = ErrorBound.absolute(number)
    return None if bound.kind == "absolute" and bound.value == 0 else bound


def check_max_error(max_error: float | ErrorBound | None) -> float | None:
    """Return an absolute error bound, where arrays are seen in parts; errors as `check_bound`."""
    bound = check_bound(max_error)
    if bound is None or bound.kind == "absolute":
        return None if bound is None else bound.value
    if bound.kind == "least_significant_digit":
        (absolute,) = of_fields(bound, np.zeros(0))
        return absolute if isinstance(absolute, float) else None
    raise ValueError(f"only absolute error bounds are kept in files and codecs, not {bound}")


def check_progress(progress: object) -> None:
    """Raise `TypeError` for what is neither None nor can be called."""
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be callable or None, not {type(progress).__name__}")


def check_is_array(out: object) -> None:
    """Raise `TypeError` for what is neither None nor an array."""
    if out is not None and (not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray)):
        raise TypeError(f"out must be a numpy.ndarray or None, not {type(out).__name__}")


def check_out(
    out: NDArray[Any] | None, dtype: np.dtype[Any], shape: tuple[int, ...], data: memoryview
) -> None:
    """Raise `TypeError` or `ValueError` for an array that cannot hold what data decode to."""
    if out is None:
        return
    if out.dtype != dtype or out.dtype.str != dtype.str:
        raise TypeError(f"out is of dtype {out.dtype.str}, the data are of {dtype.str}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, the data have shape {shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    if out.size and any(
        stride == 0 and size > 1 for stride, size in zip(out.strides, out.shape, strict=True)
    ):
        raise ValueError("out has several elements in one place, as broadcast arrays do")
    if np.may_share_memory(out, np.frombuffer(data, np.uint8)):
        raise ValueError("out shares memory with the data")


def _shown(value: object) -> str:
    """Show a value; Python refuses to print integers of more than some thousand digits."""
    try:
        return repr(value)
    except ValueError:
        return "an integer of many digits"


def check_max_bytes(max_bytes: int | None) -> int | None:
    """Return a limit of bytes; raise `TypeError` or `ValueError` for what is none."""
    if max_bytes is None:
        return None
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int | np.integer):
        raise TypeError(f"max_bytes must be an integer or None, not {max_bytes!r}")
    if max_bytes < 0:
        raise ValueError(f"max_bytes must be 0 or more, not {_shown(max_bytes)}")
    return int(max_bytes)


def check_threads(threads: int | None) -> int:
    """Return a number of threads, that of the processors for None."""
    if threads is None:
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    if isinstance(threads, bool) or not isinstance(threads, int | np.integer):
        raise TypeError(f"threads must be a positive integer or None, not {threads!r}")
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, not {_shown(threads)}")
    return int(threads)


def check_is_model(model: Model | None) -> None:
    """Raise `TypeError` for what is no model."""
    if model is not None and not isinstance(model, Model):
        raise TypeError(f"model must be a compress.Model or None, not {type(model).__name__}")


def needed(fingerprint: int | None, model: Model | None) -> Model | None:
    """Return a model if the data need it; raise `ModelMismatchError` if they need another."""
    if fingerprint is None:
        return None
    given = None if model is None else model.fingerprint
    if fingerprint == given:
        return model
    wanted = f"{fingerprint:016x}"
    if given is None:
        raise ModelMismatchError(f"the data were coded with the model {wanted}: pass model=")
    raise ModelMismatchError(f"the data need the model {wanted}, not {given:016x}")


@contextmanager
def only_our_errors() -> Iterator[None]:
    """Turn what damaged bytes provoke in numpy or Python into `CorruptError`.

    The packages check what they read; this is the second line, so that a caller who catches
    `CompressError` has caught everything.
    """
    try:
        yield
    except CompressError:
        raise
    except (
        ValueError, TypeError, ArithmeticError, LookupError, MemoryError, RuntimeError
    ) as error:  # fmt: skip
        raise CorruptError(f"the data are damaged: {error}") from error
