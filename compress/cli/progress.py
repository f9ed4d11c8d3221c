"""A line on the terminal that says how far the work is and how long it will take."""

from __future__ import annotations

import shutil
import sys
import threading
import time

__all__ = ["Progress"]

# Nothing is drawn for what takes less than this, in seconds.
_PATIENCE = 1.0


class Progress:
    """How far the work is.

    One thread works and calls `begin`, `advance` and `say`, another one calls `draw`.

    Parameters
    ----------
    shown : bool or None
        Whether it is drawn; by default where standard error is a terminal.
    """

    def __init__(self, *, shown: bool | None) -> None:
        self.shown = sys.stderr.isatty() if shown is None else shown
        self._lock = threading.Lock()
        self._what, self._done, self._total = "", 0, 0
        self._began = time.monotonic()
        self._drawn = False

    def begin(self, what: str, total: int = 0) -> None:
        """Begin something new of so many parts; 0 where these are not known."""
        with self._lock:
            self._what, self._done, self._total = what, 0, total
            self._began = time.monotonic()

    def advance(self, parts: int) -> None:
        """Count parts that are done."""
        with self._lock:
            self._done += parts

    def line(self, seconds: float) -> str:
        """Return what is drawn so many seconds after the beginning."""
        if not self._total or not self._done:
            return f"{self._what}  {_clock(seconds)}"
        share = min(1.0, self._done / self._total)
        left = seconds * (1.0 - share) / share
        return f"{self._what}  {share:4.0%}  {_clock(left)} left"

    def draw(self) -> None:
        """Draw the line, once a second has passed."""
        with self._lock:
            seconds = time.monotonic() - self._began
            if not self.shown or not self._what or seconds < _PATIENCE:
                return
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r{self.line(seconds)[:width]}\x1b[K")
            sys.stderr.flush()
            self._drawn = True

    def clear(self) -> None:
        """Take the line off the terminal."""
        with self._lock:
            self._clear()
            self._what = ""

    def say(self, text: str) -> None:
        """Print a line to standard error, not into the one that is drawn."""
        with self._lock:
            self._clear()
            print(text, file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
