"""The command line, as a person uses it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import record


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> object:
    """Run ``python -m benchmarks`` with these words; the value is its exit status."""

    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["benchmarks", *map(str, words)])
        return command.main()

    return run


def test_a_file_of_ones_own_is_measured_and_reported(
    tmp_path: Path, say, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run --file`, then `report`, then `compare` with itself."""
    np.save(tmp_path / "mine.npy", np.cumsum(np.ones(500, np.int32)))
    out, page = tmp_path / "r.json", tmp_path / "p.html"
    choice = ("--peers", "zlib,xz 9e", "--sizes", "--out", out)
    assert say("run", "--file", tmp_path / "mine.npy", *choice) == 0
    (array,) = record.read(out).arrays
    assert array.name == "mine"
    assert {row.peer for row in array.rows} == {"zlib 6", "zlib 9", "xz 9e"}
    assert say("report", out, "--html", page, "--markdown", tmp_path / "m.md") == 0
    assert "mine" in page.read_text(encoding="utf-8")
    assert say("compare", out, out) == 0
    assert "0 regressions" in capsys.readouterr().out


def test_the_quick_table_times_an_array(say, capsys: pytest.CaptureFixture[str]) -> None:
    """Bits, times, and the entropy of the source."""
    assert say("--arrays", "coins_biased", "--peers", "zlib 6") == 0
    out = capsys.readouterr().out
    assert "zlib 6" in out
    assert "entropy of the source" in out


def test_structures_stand_beside_their_bars(say, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, and how many bars are held; bars exist for some levels only."""
    words = ("--name", "small_noise", "percentages", "--samples", 3000, "--level", 1, 3)
    assert say("structures", *words) == 0
    out = capsys.readouterr().out
    assert "pcodec 12" in out
    assert "sources, level 1: 1 of 1 bars held" in out
    assert "relatives, level" not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "--arrays", "camra"), "no array is called 'camra'"),
        (("run", "--peers", "lzip"), "no compressor is called 'lzip'"),
        (("run", "--file", "nowhere.npy"), "not a readable .npy file"),
        (("report", "nowhere.json"), "nowhere.json"),
    ],
)
def test_mistakes_are_answered_in_one_line(
    say, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the error stream, with status 2 and no traceback."""
    assert say(*words) == 2
    assert told in capsys.readouterr().err


def test_a_file_of_objects_is_refused(
    tmp_path: Path, say, capsys: pytest.CaptureFixture[str]
) -> None:
    """No pickle is ever loaded."""
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    assert say("run", "--file", tmp_path / "o.npy") == 2
    assert "not a readable .npy" in capsys.readouterr().err


def test_arrays_and_peers_are_listed(say, capsys: pytest.CaptureFixture[str]) -> None:
    """What there is, and what is missing."""
    assert say("arrays") == 0
    assert say("peers") == 0
    out = capsys.readouterr().out
    assert "jacksboro" in out
    assert "JPEG XL" in out
