"""Error bounds as people state them, each reduced to what the steps of the library keep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compress.transforms.fields import are_numbers, scalars, take_apart
from compress.transforms.tolerance import DIGITS, POINTWISE, Bound, Tolerance

__all__ = ["KINDS", "ErrorBound", "of_fields", "ranges_of"]

# Codes in streams are the places in this list, so only ever append.
KINDS = (
    "absolute",
    "relative",
    "pointwise_relative",
    "least_significant_digit",
    "significant_digits",
    "psnr",
)
_LARGEST = float(np.finfo(np.float64).max)
_MOST_DIGITS = 400
# Share of the distance between two levels that their error is on average, squared: a twelfth. That
# is the ratio of a bound to the root of the mean square error, where errors are spread evenly.
_EVENLY = math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class ErrorBound:
    """An error bound, for ``compress(array, max_error=...)``.

    A plain number is an absolute bound there, as it always was. The other ways to state one are
    named as their users know them: those of SZ3 (ABS, REL, PW_REL, PSNR) and the two of netCDF.
    They are values of one type rather than arguments of their own, for an array has one bound.

    Each is reduced, in one place, to a bound on every sample. What a stream is decoded to is
    compared with the array, sample by sample, before the stream is returned. NaN, infinities and
    -0.0 come back as they were, and so does what is no number: booleans, strings, and but for an
    absolute bound, in units of the dtype, dates and times.

    Attributes
    ----------
    kind : str
        The name of the class method that made it.
    value : float
        What that was given.

    Examples
    --------
    >>> import numpy as np, compress
    >>> heights = np.linspace(0, 8848, 1000)
    >>> data = compress.compress(heights, max_error=compress.ErrorBound.relative(1e-3))
    >>> bool(np.abs(compress.decompress(data) - heights).max() <= 8.848)
    True
    """

    kind: str
    value: float

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r:.50}")
        value = _number(self.kind, self.value)
        if self.kind.endswith(("digit", "digits")):
            low = 1 if self.kind == "significant_digits" else -_MOST_DIGITS
            if not (low <= value <= _MOST_DIGITS and value == int(value)):
                raise ValueError(
                    f"{self.kind} must be a whole number from {low} to {_MOST_DIGITS}, "
                    f"not {value!r}"
                )
        elif self.kind == "pointwise_relative" and not 0 <= value < 1:
            raise ValueError(f"a pointwise relative bound must be from 0 to below 1, not {value!r}")
        elif not 0 <= value < math.inf:
            raise ValueError(f"{self.kind} must be 0 or more, and finite, not {value!r}")
        object.__setattr__(self, "value", value)

    @classmethod
    def absolute(cls, error: float) -> ErrorBound:
        """Change no sample by more than `error`, in the units of the array; 0 is lossless."""
        return cls("absolute", error)

    @classmethod
    def relative(cls, error: float) -> ErrorBound:
        """Change no sample by more than `error` times the range of the finite samples.

        Of each field by itself, in arrays of several fields: structures, and the real and the
        imaginary parts of complex numbers. Where all samples are equal, that is lossless.
        """
        return cls("relative", error)

    @classmethod
    def pointwise_relative(cls, error: float) -> ErrorBound:
        """Change no sample by more than `error` times its own magnitude; zeros stay zeros."""
        return cls("pointwise_relative", error)

    @classmethod
    def least_significant_digit(cls, digit: int) -> ErrorBound:
        """Keep so many decimals: an absolute bound of half a unit of the last, 0.5 * 10**-digit.

        As the `least_significant_digit` of netCDF4; negative ones are tens, hundreds, ...
        """
        return cls("least_significant_digit", digit)

    @classmethod
    def significant_digits(cls, digits: int) -> ErrorBound:
        """Keep so many digits of each sample, whatever its magnitude.

        Each is changed by at most half a unit of its last digit, and the rounding of the dtype: as
        the `significant_digits` of netCDF4 and its GranularBitRound.
        """
        return cls("significant_digits", digits)

    @classmethod
    def psnr(cls, decibels: float) -> ErrorBound:
        """Keep a peak signal-to-noise ratio, of at least so many decibels.

        That is 20 log10(range / root of the mean square error) of the finite samples, of each field
        by itself. It is reached by an absolute bound, which `inspect` names; the ratio is measured.
        """
        return cls("psnr", decibels)

    def __str__(self) -> str:
        """Return the bound in words."""
        if self.kind == "psnr":
            return f"PSNR of {self.value:g} dB"
        if self.kind.endswith(("digit", "digits")):
            return f"{self.kind.replace('_', ' ')} {self.value:.0f}"
        return f"{self.kind.replace('_', ' ')} {self.value!r}"


def _number(kind: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{kind} must be a number, not {value!r:.100}")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def ranges_of(array: NDArray[Any]) -> list[float]:
    """Give the range of the finite samples of each field, rounded down; 0 of what is no number."""
    fields = zip(take_apart(array), _have_scale(array.dtype), strict=True)
    return [_range(field) if has_scale else 0.0 for field, has_scale in fields]


def _have_scale(dtype: np.dtype[Any]) -> list[bool]:
    """Say for each field whether parts of its samples mean something: not so for dates."""
    pairs = zip(are_numbers(dtype), scalars(dtype), strict=True)
    return [is_number and scalar.kind not in "Mm" for is_number, scalar in pairs]


def _range(field: NDArray[Any]) -> float:
    if field.dtype.kind not in "fiu":
        return 0.0
    finite = field if field.dtype.kind != "f" else field[np.isfinite(field)]
    if finite.size == 0:
        return 0.0
    extent = Fraction(finite.max().item()) - Fraction(finite.min().item())
    return _below(extent)


def _below(number: Fraction) -> float:
    """Give the largest float that is not above a number."""
    if number >= Fraction(_LARGEST):
        return _LARGEST
    rounded = float(number)
    return rounded if Fraction(rounded) <= number else math.nextafter(rounded, 0.0)


def of_fields(bound: ErrorBound, array: NDArray[Any], narrowed: float = 1.0) -> tuple[Bound, ...]:
    """Reduce a bound to one for each field of an array: the only place where that is done.

    Parameters
    ----------
    bound : ErrorBound
    array : numpy.ndarray
    narrowed : float, optional
        Times which the bound for a PSNR is taken, which starts from errors that are spread evenly.

    Returns
    -------
    tuple of float, Tolerance or None
        In the order of `take_apart`; None is lossless.
    """
    if bound.kind in ("relative", "psnr"):
        share = Fraction(bound.value)
        if bound.kind == "psnr":
            share = Fraction(_EVENLY * 10.0 ** (-bound.value / 20.0) * narrowed)
        return tuple(_below(share * Fraction(extent)) or None for extent in ranges_of(array))
    one: Bound
    if bound.kind == "pointwise_relative":
        one = Tolerance(POINTWISE, bound.value) if bound.value else None
    elif bound.kind == "significant_digits":
        one = Tolerance(DIGITS, bound.value)
    elif bound.kind == "least_significant_digit":
        one = _below(Fraction(1, 2) * Fraction(10) ** -int(bound.value)) or None
    else:
        one = bound.value or None
    bounded = are_numbers if bound.kind == "absolute" else _have_scale
    return tuple(one if is_bounded else None for is_bounded in bounded(array.dtype))
