"""Runs ``fdz`` in this process, with standard streams of its own."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from compress.cli import main


class Ran(NamedTuple):
    """What a run left: status, standard output and standard error."""

    status: int
    out: bytes
    err: str


class _Stream(io.TextIOWrapper):
    """A text stream on bytes that may be a terminal."""

    def __init__(self, data: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(data), "utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._terminal

    def written(self) -> bytes:
        """Give what was written."""
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


def run(*arguments: str | Path, stdin: bytes = b"", terminals: Sequence[str] = ()) -> Ran:
    """Run ``fdz`` with arguments."""
    streams = {name: _Stream(terminal=name in terminals) for name in ("stdout", "stderr")}
    streams["stdin"] = _Stream(stdin, terminal="stdin" in terminals)
    with pytest.MonkeyPatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        status = main([str(a) for a in arguments])
        return Ran(status, streams["stdout"].written(), streams["stderr"].written().decode())


def said(*arguments: str | Path, status: int = 0, stdin: bytes = b"") -> str:
    """Run ``fdz``, expect a status, and return everything that it printed."""
    ran = run(*arguments, stdin=stdin)
    assert ran.status == status, ran
    return ran.err + ran.out.decode("latin-1")
