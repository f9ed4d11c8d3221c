"""``fdz bench``: rows of what comes back, as a table, as JSON and as a picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from compress.cli.bench import Row, draw, measured
from compress.cli.peers import Peer, peers_for
from tests.cli.shell import run, said

IMAGE = np.cumsum(np.random.default_rng(0).integers(-3, 4, (24, 20)), axis=1).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8", "M8[s]"])
def test_peers_give_back_what_they_are_given(dtype: str) -> None:
    """Those that are installed, and the standard library's are always."""
    array = IMAGE.astype(dtype)
    rows = [measured(peer, array) for peer in peers_for(array) if peer.name[-2:] != "19"]
    names = {row.name for row in rows if isinstance(row, Row)}
    assert {"xz 6", "bz2 9", "gzip 6"} <= names


def test_what_comes_back_changed_is_left_out() -> None:
    """And so is what refuses the array; the reason is told."""
    wrong = Peer("wrong", lambda array: array.tobytes(), lambda data: data[::-1])
    assert measured(wrong, IMAGE) == "the array comes back changed"

    def refuse(_: object) -> bytes:
        raise RuntimeError("not for me")

    assert measured(Peer("refuses", refuse, bytes), IMAGE) == "RuntimeError: not for me"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is sorted by size and has our levels; JSON tells the same; the picture is one."""
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("compress.cli.bench._ENOUGH", 0.0)
    monkeypatch.setattr(
        "compress.cli.bench.peers_for", lambda a: [p for p in peers_for(a) if p.name == "bz2 9"]
    )
    path = tmp_path / "a.npy"
    np.save(path, IMAGE)
    printed = said("bench", path, "--levels", "1,2", "--picture", tmp_path / "a.png")
    assert all(name in printed for name in ("fdz -1", "fdz -2", "bz2 9"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    rows = [
        json.loads(line)
        for line in run("bench", path, "--levels", "1", "--json").out.split(b"\n")
        if line
    ]
    assert [row["bytes"] for row in rows] == sorted(row["bytes"] for row in rows)
    assert "--levels" in said("bench", path, "--levels", "0", status=1)


def test_names_beside_the_picture_do_not_overlap() -> None:
    """Rows of one size still have names of their own heights."""
    pytest.importorskip("matplotlib")
    rows = [Row(f"peer {i}", 100, 0.1, 0.1) for i in range(5)]
    heights = sorted(text.xyann[1] for text in draw(rows, IMAGE).texts)
    assert min(np.diff(heights)) > 0
