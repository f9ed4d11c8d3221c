"""Ends the process at once when a signal says so, with nothing left behind.

Work runs in a second thread. Python runs the handler of a signal in the first one only, and there
only between two of its instructions: a kernel that works for seconds would hold it up.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

__all__ = ["forgotten", "handled", "remembered", "removed_by_signals", "waited"]

# What ends the process: the status that shells give for each, and what is said.
_ENDINGS = {"SIGINT": (130, "interrupted"), "SIGTERM": (143, "terminated"), "SIGHUP": (129, "")}
# Between two looks at the progress, in seconds.
_TICK = 0.1

_lock = threading.Lock()
_temporary: set[str] = set()


def remembered(make: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    """Make a temporary file that a signal removes; gives its handle and its name."""
    with _lock:
        handle, name = make()
        _temporary.add(name)
    return handle, name


def forgotten(name: str, replace: Callable[[], None]) -> None:
    """Put a temporary file in its place, or delete it: a signal comes before or after."""
    with _lock:
        try:
            replace()
        finally:
            _temporary.discard(name)


@contextmanager
def removed_by_signals(name: str) -> Iterator[None]:
    """Let a signal within the block remove a file that the block makes, and removes itself."""
    ours = not os.path.exists(name)
    with _lock:
        _temporary.update([name] * ours)
    try:
        yield
    finally:
        with _lock:
            _temporary.difference_update([name] * ours)


def _end(number: int, _frame: object) -> None:
    # Held until the process is gone: no file appears any more.
    _lock.acquire()
    for name in _temporary:
        with suppress(OSError):
            os.unlink(name)
    status, said = _ENDINGS[signal.Signals(number).name]
    with suppress(OSError, ValueError):
        if said:
            clear = b"\r\x1b[K" if sys.stderr.isatty() else b""
            os.write(2, clear + f"fdz: {said}; nothing unfinished is left\n".encode())
    os._exit(status)


@contextmanager
def handled() -> Iterator[None]:
    """End the process on SIGINT, SIGTERM and SIGHUP; those that are ignored stay so."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in _ENDINGS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def waited(command: Callable[..., int], options: Any) -> int:
    """Run a command in a second thread and draw its progress from this one.

    Parameters
    ----------
    command : callable
        Takes the options and a `Progress`; returns the exit status.
    options : argparse.Namespace

    Returns
    -------
    int
    """
    from compress.cli.progress import Progress  # noqa: PLC0415 (after the signals)

    progress = Progress(shown=options.progress)
    ended = threading.Event()
    outcome: list[int | BaseException] = []

    def work() -> None:
        try:
            outcome.append(command(options, progress))
        except BaseException as error:  # noqa: BLE001 (raised in the first thread)
            outcome.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    while not ended.wait(_TICK if progress.shown else None):
        progress.draw()
    thread.join()
    progress.clear()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]
