"""Outputs: whole or not at all, with the permissions and times of the input."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.cli.shell import run, said

ARRAY = np.arange(600, dtype=np.int16).reshape(20, 30)


@pytest.fixture
def npy(tmp_path: Path) -> Path:
    """Save an array."""
    path = tmp_path / "a.npy"
    np.save(path, ARRAY)
    return path


def test_permissions_and_times_are_kept(npy: Path) -> None:
    """Through both ways, to the nanosecond."""
    npy.chmod(0o640)
    os.utime(npy, ns=(1_600_000_000_123_456_789, 1_500_000_000_987_654_321))
    said("-1", "--rm", npy)
    said("-d", "--rm", f"{npy}.fdz")
    status = npy.stat()
    assert status.st_mode & 0o777 == 0o640
    assert status.st_mtime_ns == 1_500_000_000_987_654_321


def test_a_new_file_has_the_permissions_of_new_files(npy: Path, tmp_path: Path) -> None:
    """What comes from standard input is as readable as other new files."""
    said("-1", "-", "-o", tmp_path / "b", stdin=npy.read_bytes())
    (tmp_path / "c").touch()
    assert (tmp_path / "b").stat().st_mode == (tmp_path / "c").stat().st_mode


def test_a_missing_directory_is_named_as_it_was_given(npy: Path, tmp_path: Path) -> None:
    """No temporary name in the message, nothing made."""
    printed = said("-1", npy, "-o", tmp_path / "none" / "b.fdz", status=1)
    assert str(tmp_path / "none" / "b.fdz") in printed
    assert ".fdz-" not in printed
    assert [p.name for p in tmp_path.iterdir()] == ["a.npy"]


def test_the_input_is_not_overwritten(npy: Path, tmp_path: Path) -> None:
    """Under its own name or another one of it, forced or not."""
    before = npy.read_bytes()
    (tmp_path / "link").symlink_to(npy)
    os.link(npy, tmp_path / "hard")
    for name in ("a.npy", "link", "hard"):
        assert "the input itself" in said("-1f", npy, "-o", tmp_path / name, status=1)
    assert npy.read_bytes() == before


def test_devices_and_links(npy: Path, tmp_path: Path) -> None:
    """A device is written to and stays one; behind a link, the file is replaced."""
    said("-1", npy, "-o", "/dev/null")
    assert not Path("/dev/null").is_file()
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    said("-1f", npy, "-o", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert run("-dc", tmp_path / "real").out == npy.read_bytes()
