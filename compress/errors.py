"""The errors of the library. Bad bytes raise one of these and nothing else."""

from __future__ import annotations

__all__ = [
    "CompressError",
    "CorruptError",
    "FormatError",
    "LimitError",
    "ModelMismatchError",
    "VerificationError",
]


class CompressError(Exception):
    """Base of every error of the library but those of bad arguments."""


class FormatError(CompressError):
    """The bytes are not ours, or come from a newer version of the format."""


class CorruptError(CompressError):
    """The bytes are ours but damaged: truncated, altered, or inconsistent."""


class ModelMismatchError(CompressError):
    """The stream was coded with a model other than the one given (or none was given)."""


class LimitError(CompressError):
    """Decoding would exceed the limit that the caller set (``max_bytes``)."""


class VerificationError(CompressError):
    """A fault of this library: what it compressed does not decompress to the array.

    Raised by ``compress(..., verify=True)`` in place of returning such data.
    """
