"""The command line: files come back, and a failure loses nothing."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import compress
from compress.cli.commands import app
from compress.container import LogReader

ARRAY = np.arange(600, dtype=np.int16).reshape(20, 30)


@pytest.fixture
def npy(tmp_path: Path) -> Path:
    """Save an array."""
    path = tmp_path / "a.npy"
    np.save(path, ARRAY)
    return path


def run(*arguments: str | Path, status: int = 0, stdin: bytes | None = None) -> str:
    """Run ``fdz`` and return everything that it printed."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
    assert result.exit_code == status, result.output
    return result.output


def test_round_trip_by_default_names(npy: Path) -> None:
    """a.npy becomes a.npy.fdz, which becomes a.npy again; the input is left alone."""
    before = npy.read_bytes()
    run("compress", npy)
    assert npy.read_bytes() == before
    npy.unlink()
    run("decompress", f"{npy}.fdz")
    assert np.array_equal(np.load(npy), ARRAY)


def test_options_reach_the_library(npy: Path, tmp_path: Path) -> None:
    """Level and bound are written into the stream, and `info` prints them."""
    run("compress", npy, "-o", tmp_path / "b", "--level", "2", "--max-error", "3", "--threads", "1")
    information = compress.inspect((tmp_path / "b").read_bytes())
    assert (information.level, information.max_error) == (2, 3.0)
    printed = run("info", tmp_path / "b")
    assert "int16 (20, 30)" in printed
    assert "max error   3.0" in printed


def test_no_overwriting_without_force(npy: Path) -> None:
    """An existing output stops the run, untouched; --force replaces it."""
    target = npy.with_name("a.npy.fdz")
    target.write_bytes(b"precious")
    assert "exists" in run("compress", npy, status=1)
    assert target.read_bytes() == b"precious"
    run("compress", npy, "--force")
    assert np.array_equal(compress.decompress(target.read_bytes()), ARRAY)


@pytest.mark.parametrize("content", [b"", b"not an array", b"\x93NUMPY\x01\x00"])
def test_failure_leaves_everything_as_it_was(content: bytes, tmp_path: Path) -> None:
    """Bad input: one line that names the file, status 1, earlier output and input untouched."""
    source, target = tmp_path / "bad.npy", tmp_path / "out.fdz"
    source.write_bytes(content)
    target.write_bytes(b"precious")
    for command in ("compress", "decompress"):
        printed = run(command, source, "-o", target, "--force", status=1)
        assert printed.startswith("fdz:")
        assert "Traceback" not in printed
    assert source.read_bytes() == content
    assert target.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.npy", "out.fdz"]


def test_damaged_file_is_named_as_damaged(npy: Path) -> None:
    """A flipped bit in a compressed file is reported, and no output appears."""
    run("compress", npy)
    packed = npy.with_name("a.npy.fdz")
    damaged = bytearray(packed.read_bytes())
    damaged[-1] ^= 1
    packed.write_bytes(damaged)
    npy.unlink()
    assert "damaged" in run("decompress", packed, status=1)
    assert not npy.exists()


def test_refused_inputs(tmp_path: Path) -> None:
    """Missing files, archives and impossible limits give one clear line each."""
    assert "No such file" in run("compress", tmp_path / "none.npy", status=1)
    np.savez(tmp_path / "many.npz", ARRAY)
    assert "npz" in run("compress", tmp_path / "many.npz", status=1)
    np.save(tmp_path / "ok.npy", ARRAY)
    run("compress", tmp_path / "ok.npy")
    assert "max_bytes=5" in run(
        "decompress", tmp_path / "ok.npy.fdz", "-f", "--max-bytes", "5", status=1
    )


def test_pipe_through_standard_streams(npy: Path) -> None:
    """``-`` reads standard input and writes standard output, byte for byte, in real processes."""
    command = [sys.executable, "-c", "from compress.cli import main; main()"]
    packed = subprocess.run(
        [*command, "compress", "-"], input=npy.read_bytes(), capture_output=True, check=True
    )
    restored = subprocess.run(
        [*command, "decompress", "-"], input=packed.stdout, capture_output=True, check=True
    )
    assert np.array_equal(np.load(io.BytesIO(restored.stdout)), ARRAY)


def test_recover_saves_what_is_whole_and_says_what_is_lost(tmp_path: Path) -> None:
    """Status 2 where a part is lost, with the part; 0 where nothing is."""
    path = tmp_path / "a.fdz"
    with compress.Writer(path, chunks=(8, 30), level=1) as writer:
        writer.append(ARRAY)
    assert "0 of 600 elements are lost" in run("recover", path)
    stream = bytearray(path.read_bytes())
    entries = LogReader(lambda at, length: bytes(stream[at : at + length]), len(stream)).entries
    stream[entries[0, 0].offset] ^= 1
    path.write_bytes(stream)
    printed = run("recover", path, "-o", tmp_path / "b", "--fill", "-1", status=2)
    assert "lost [0:8, 0:30]" in printed
    with compress.open(tmp_path / "b") as back:
        assert (back[:8] == -1).all()
        assert np.array_equal(back[8:], ARRAY[8:])
    assert "exists" in run("recover", path, "-o", tmp_path / "b", status=1)
