"""Work on many chunks side by side, and how it ends early.

An interrupt from the keyboard reaches the main thread of Python only, and not while that runs a
kernel. So kernels run in other threads while the main thread waits, and each thread has a flag that
says to stop. The search and the decoder look at it between kernels (`check`), and kernels that may
take long look at it themselves (`flag`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = [
    "Progress",
    "StoppedError",
    "check",
    "counted",
    "flag",
    "in_threads",
    "is_brief",
    "passed_on",
]

_In = TypeVar("_In")
_Out = TypeVar("_Out")
Progress = Callable[[int, int], object]

# Seconds that stopped threads are waited for; what runs on ends at its next look at the flag, and
# nobody waits for what it makes.
_PATIENCE = 0.25
# Seconds between looks for an interrupt, where waiting itself cannot be interrupted.
_LOOK = 0.1
# Bytes of arrays that take less than a tenth of a second, which starting a thread would prolong:
# to code at levels that estimate, and at others; to decode at levels that code by tables, and at
# others.
_CODED, _SEARCHED, _TABLED, _LEARNED = 1 << 18, 1 << 11, 1 << 18, 1 << 14
_ESTIMATING, _TABLING = 2, 4
_own = threading.local()
_NEVER = np.zeros(1, np.uint8)


class StoppedError(BaseException):
    """Ends a thread whose work nobody waits for; no handler of errors catches it."""


def flag() -> npt.NDArray[np.uint8]:
    """Return one byte for kernels to look at: not 0 where this thread is to stop."""
    found: npt.NDArray[np.uint8] = getattr(_own, "flag", _NEVER)
    return found


def check() -> None:
    """Raise `StoppedError` if this thread is to stop."""
    if flag()[0]:
        raise StoppedError


def is_brief(n_bytes: int, level: int, *, coding: bool) -> bool:
    """Whether an array takes so little time that nobody would interrupt it."""
    if coding:
        return n_bytes <= (_CODED if level <= _ESTIMATING else _SEARCHED)
    return n_bytes <= (_TABLED if level <= _TABLING else _LEARNED)


class _RaisedError(BaseException):
    """What a callback raised, which no handler on its way takes for an error of the library."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


@contextmanager
def passed_on(progress: Progress | None) -> Iterator[Progress | None]:
    """Give a callback whose exceptions pass all handlers inside, and are raised behind them."""

    def told(done: int, total: int) -> None:
        assert progress is not None  # noqa: S101 - it is not given otherwise
        try:
            progress(done, total)
        except BaseException as error:
            raise _RaisedError(error) from error

    try:
        yield None if progress is None else told
    except _RaisedError as raised:
        raise raised.error from None


def counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    """Return a function that adds to what is done, and tells how much that is of a total."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    add(0)
    return add


def in_threads(
    function: Callable[[_In], _Out],
    items: Iterable[_In],
    threads: int,
    *,
    each: Callable[[_In], object] | None = None,
    brief: bool = False,
) -> Iterator[_Out]:
    """Apply a function to items side by side; results come in the order of the items.

    Parameters
    ----------
    function : callable
    items : iterable
    threads : int
    each : callable, optional
        Called in this thread with an item when its result is there, whatever the order. What it
        raises ends the work.
    brief : bool, optional
        Whether all of it takes a fraction of a second, which need not be interrupted.

    Returns
    -------
    iterator
        All results are there when it is returned, if they were made by several threads.

    Raises
    ------
    BaseException
        Of the first of the items for which the function raises something; or of `each`; or what
        interrupts the wait, such as KeyboardInterrupt.
    """
    work = list(items)
    alone = threads == 1 or len(work) < 2
    if alone and (brief or threading.current_thread() is not threading.main_thread()):
        return _one_by_one(function, work, each)
    return iter(_side_by_side(function, work, min(threads, len(work)), each))


def _one_by_one(
    function: Callable[[_In], _Out], work: list[_In], each: Callable[[_In], object] | None
) -> Iterator[_Out]:
    for item in work:
        check()
        result = function(item)
        if each is not None:
            each(item)
        yield result


class _Ended(NamedTuple):
    """What became of an item."""

    place: int
    result: Any
    error: BaseException | None


def _side_by_side(
    function: Callable[[_In], _Out],
    work: list[_In],
    threads: int,
    each: Callable[[_In], object] | None,
) -> list[_Out]:
    stop = np.zeros(1, np.uint8)
    # None when a thread ends.
    ended: SimpleQueue[_Ended | None] = SimpleQueue()
    waiting = list(range(len(work)))[::-1]

    def serve() -> None:
        _own.flag = stop
        while not stop[0]:
            try:
                # What is first in the order begins first, so that the first error is the same.
                place = waiting.pop()
            except IndexError:
                break
            try:
                ended.put(_Ended(place, function(work[place]), None))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                waiting.clear()
                ended.put(_Ended(place, None, error))
        ended.put(None)

    crew = [threading.Thread(target=serve, daemon=True) for _ in range(threads)]
    results: list[Any] = [None] * len(work)
    failed: list[_Ended] = []
    try:
        for thread in crew:
            thread.start()
        running = len(crew)
        while running:
            one = _next(ended)
            if one is None:
                running -= 1
            elif one.error is not None:
                failed.append(one)
            else:
                results[one.place] = one.result
                if each is not None:
                    each(work[one.place])
        if failed:
            raise _first(failed)
    except BaseException:
        stop[0] = 1
        for thread in crew:
            if thread.is_alive():
                thread.join(_PATIENCE / len(crew))
        raise
    return results


def _first(failed: list[_Ended]) -> BaseException:
    error = min(failed, key=lambda one: one.place).error
    return StoppedError() if error is None else error


def _next(ended: SimpleQueue[_Ended | None]) -> _Ended | None:
    while True:
        with suppress(Empty):
            return ended.get(timeout=_LOOK)
