"""What decoding a plane takes, known before it begins, so that hostile plans can be refused."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Demand"]


class Demand(NamedTuple):
    """Time and memory that decoding a plane takes at most, about.

    Attributes
    ----------
    ns : float
        Nanoseconds, as constants of the format: no clock is read, so that the same stream is taken
        or refused on every machine. What honest streams take must stay within the limits of
        `compress.pipeline.budget`.
    n_bytes : int
        Bytes that are held at one time, the plane among them.
    """

    ns: float
    n_bytes: int
