"""The line that says how far the work is."""

from __future__ import annotations

import pytest

from compress.cli.progress import Progress


@pytest.mark.parametrize(
    ("done", "total", "seconds", "line"),
    [
        (0, 0, 3.0, "a.npy  0:03"),
        (0, 4, 3.0, "a.npy  0:03"),
        (1, 4, 5.0, "a.npy   25%  0:15 left"),
        (3, 4, 7200.0, "a.npy   75%  40:00 left"),
        (4, 4, 9.0, "a.npy  100%  0:00 left"),
    ],
)
def test_the_line(done: int, total: int, seconds: float, line: str) -> None:
    """Seconds that have passed, then the share and what is left at the same pace."""
    progress = Progress(shown=True)
    progress.begin("a.npy", total)
    progress.advance(done)
    assert progress.line(seconds) == line


def test_nothing_is_drawn_within_a_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is drawn, and taken away before anything is said."""
    now = [0.0]
    monkeypatch.setattr("compress.cli.progress.time.monotonic", lambda: now[0])
    progress = Progress(shown=True)
    progress.begin("a.npy", 2)
    now[0] = 0.9
    progress.draw()
    assert capsys.readouterr().err == ""
    now[0] = 2.0
    progress.advance(1)
    progress.draw()
    assert "50%  0:02 left" in capsys.readouterr().err
    progress.say("done")
    assert capsys.readouterr().err == "\r\x1b[Kdone\n"


def test_no_terminal_no_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes."""
    now = [0.0]
    monkeypatch.setattr("compress.cli.progress.time.monotonic", lambda: now[0])
    progress = Progress(shown=None)
    progress.begin("a.npy")
    now[0] = 100.0
    progress.draw()
    progress.clear()
    assert capsys.readouterr().err == ""
