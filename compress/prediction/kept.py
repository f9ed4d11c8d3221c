"""Parameters that many planes are coded with: what is built of them is kept, such as tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

__all__ = ["Kept", "once"]

T = TypeVar("T")
# Things built of one leaf's parameters, such as the tables of one model for planes of few shapes.
_MOST = 16


class Kept(tuple[int, ...]):
    """Parameters, beside which stands what was built of them; equal to them as a plain tuple."""

    built: dict[Hashable, Any]

    def __new__(cls, parameters: tuple[int, ...]) -> Kept:
        """Put an empty place beside the parameters."""
        self = super().__new__(cls, parameters)
        self.built = {}
        return self


def once(parameters: tuple[int, ...], what: Hashable, build: Callable[[], T]) -> T:
    """Build something of parameters; once, where they are `Kept`.

    Parameters
    ----------
    parameters : tuple of int
    what : hashable
        Tells what is built from other things that are built of the same parameters.
    build : callable
        Must give the same each time, and nothing that anyone writes to: threads share it.
    """
    if not isinstance(parameters, Kept):
        return build()
    built = parameters.built
    if what not in built:
        made = build()
        if len(built) >= _MOST:
            return made
        # Two threads may build the same; one of both is kept.
        built.setdefault(what, made)
    found: T = built[what]
    return found
