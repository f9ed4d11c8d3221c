"""The command line: files come back, and a failure loses nothing."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import compress
from compress.container import LogReader
from tests.cli.shell import run, said

ARRAY = np.arange(600, dtype=np.int16).reshape(20, 30)


@pytest.fixture
def npy(tmp_path: Path) -> Path:
    """Save an array."""
    path = tmp_path / "a.npy"
    np.save(path, ARRAY)
    return path


def test_round_trip_by_default_names(npy: Path) -> None:
    """a.npy becomes a.npy.fdz, which becomes a.npy again; the input is left alone."""
    before = npy.read_bytes()
    said("compress", npy)
    assert npy.read_bytes() == before
    npy.unlink()
    said("decompress", f"{npy}.fdz")
    assert np.array_equal(np.load(npy), ARRAY)


def test_options_reach_the_library(npy: Path, tmp_path: Path) -> None:
    """Level and bound are written into the stream, and `info` prints them."""
    said(
        "compress", npy, "-o", tmp_path / "b", "--level", "2", "--max-error", "3", "--threads", "1"
    )
    information = compress.inspect((tmp_path / "b").read_bytes())
    assert (information.level, information.max_error) == (2, 3.0)
    printed = said("info", tmp_path / "b")
    assert "int16 (20, 30)" in printed
    assert "max error   3.0" in printed


def test_no_overwriting_without_force(npy: Path) -> None:
    """An existing output stops the run, untouched; --force replaces it."""
    target = npy.with_name("a.npy.fdz")
    target.write_bytes(b"precious")
    assert "exists" in said("compress", npy, status=1)
    assert target.read_bytes() == b"precious"
    said("compress", npy, "--force")
    assert np.array_equal(compress.decompress(target.read_bytes()), ARRAY)


@pytest.mark.parametrize("content", [b"", b"not an array", b"\x93NUMPY\x01\x00"])
def test_failure_leaves_everything_as_it_was(content: bytes, tmp_path: Path) -> None:
    """Bad input: one line that names the file, status 1, earlier output and input untouched."""
    source, target = tmp_path / "bad.npy", tmp_path / "out.fdz"
    source.write_bytes(content)
    target.write_bytes(b"precious")
    for command in ("compress", "decompress"):
        printed = said(command, source, "-o", target, "--force", status=1)
        assert printed.startswith("fdz:")
        assert "Traceback" not in printed
    assert source.read_bytes() == content
    assert target.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.npy", "out.fdz"]


def test_damaged_file_is_named_as_damaged(npy: Path) -> None:
    """A flipped bit in a compressed file is reported, and no output appears."""
    said("compress", npy)
    packed = npy.with_name("a.npy.fdz")
    damaged = bytearray(packed.read_bytes())
    damaged[-1] ^= 1
    packed.write_bytes(damaged)
    npy.unlink()
    assert "damaged" in said("decompress", packed, status=1)
    assert not npy.exists()


def test_refused_inputs(tmp_path: Path) -> None:
    """Missing files and impossible limits give one clear line each."""
    assert "No such file" in said("compress", tmp_path / "none.npy", status=1)
    np.save(tmp_path / "ok.npy", ARRAY)
    said("compress", tmp_path / "ok.npy")
    assert "max_bytes=5" in said(
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
    assert "0 of 600 elements are lost" in said("recover", path)
    stream = bytearray(path.read_bytes())
    entries = LogReader(lambda at, length: bytes(stream[at : at + length]), len(stream)).entries
    stream[entries[0, 0].offset] ^= 1
    path.write_bytes(stream)
    printed = said("recover", path, "-o", tmp_path / "b", "--fill", "-1", status=2)
    assert "lost [0:8, 0:30]" in printed
    with compress.open(tmp_path / "b") as back:
        assert (back[:8] == -1).all()
        assert np.array_equal(back[8:], ARRAY[8:])
    assert "exists" in said("recover", path, "-o", tmp_path / "b", status=1)


def test_the_options_of_zstd(npy: Path, tmp_path: Path) -> None:
    """Without a command: several files, -d, -t, -c, -k, --rm, -o, levels, joined letters."""
    other = tmp_path / "b.npy"
    np.save(other, ARRAY[:3])
    said("-1q", npy, other)
    packed = [npy.with_name("a.npy.fdz"), npy.with_name("b.npy.fdz")]
    assert [compress.inspect(one.read_bytes()).level for one in packed] == [1, 1]
    assert "a.npy.fdz: int16 (20, 30), whole" in said("-t", *packed)
    before = npy.read_bytes()
    assert run("-dc", packed[0]).out == before
    said("-d", "--rm", "-f", *packed)
    assert not any(one.exists() for one in packed)
    assert npy.read_bytes() == before
    said("-3", "-k", npy, "-o", tmp_path / "c")
    assert npy.exists()
    assert compress.inspect((tmp_path / "c").read_bytes()).level == 3
    said("-2", "--rm", npy, "--output-dir-flat", tmp_path)
    assert not npy.exists()


def test_one_bad_file_does_not_stop_the_others(npy: Path, tmp_path: Path) -> None:
    """Status 1 in the end, all others done, and --rm keeps what failed."""
    bad = tmp_path / "bad.npy"
    bad.write_bytes(b"nothing")
    assert "bad.npy" in said("-1", "--rm", bad, npy, status=1)
    assert bad.exists()
    assert not npy.exists()
    assert npy.with_name("a.npy.fdz").exists()


def test_reports(npy: Path) -> None:
    """A line on standard error; none with -q; JSON on standard output, errors too with --json."""
    loud = run("-1", npy)
    assert loud.out == b""
    assert "1,328 -> " in loud.err
    assert run("-1fq", npy) == (0, b"", "")
    told = json.loads(run("-1f", "--json", npy).out)
    assert told["input_bytes"] == npy.stat().st_size
    assert told["output_bytes"] == npy.with_name("a.npy.fdz").stat().st_size
    assert "none" in json.loads(run("--json", npy.with_name("none.npy")).out)["error"]
    assert run("-qq", npy.with_name("none.npy")) == (1, b"", "")
    listed = json.loads(run("-l", "--json", f"{npy}.fdz").out)
    assert (listed["shape"], listed["dtype"]) == ([20, 30], "int16")
    assert "int16 (20, 30)" in said("list", f"{npy}.fdz")
    assert json.loads(run("inspect", "--json", f"{npy}.fdz").out)["chunks"][0]["plan"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-19", "a.npy"], "-1 (fast) to -9"),
        (["--level", "0", "a.npy"], "level"),
        (["a.npy", "b.npy", "-o", "c"], "-o names one output"),
        (["-c", "a.npy", "-o", "c"], "two outputs"),
        (["-d", "-t", "a.npy"], "not allowed with"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_wrong_calls(arguments: list[str], words: str) -> None:
    """Status 2 and one line."""
    printed = said(*arguments, status=2)
    assert words in printed
    assert printed.count("\n") == 1


def test_terminals(npy: Path) -> None:
    """No bytes on a terminal unless forced; help where nothing was asked; no bar for a moment."""
    refused = run("-1c", npy, terminals=["stdout"])
    assert (refused.status, refused.out) == (1, b"")
    assert "terminal" in refused.err
    assert run("-1cf", npy, terminals=["stdout"]).out[:1] == b"\x89"
    asked = run(terminals=["stdin"])
    assert asked.status == 2
    assert "usage" in asked.err
    assert "\x1b" not in run("-1f", npy, terminals=["stderr"]).err


def test_models(npy: Path, tmp_path: Path) -> None:
    """`fit` learns one, --model and -D take it on both sides; the wrong side is told."""
    said("fit", "-3", npy, npy, "-o", tmp_path / "m")
    short = tmp_path / "short.npy"
    np.save(short, ARRAY[:2])
    said("--model", tmp_path / "m", short)
    if compress.inspect(Path(f"{short}.fdz").read_bytes()).fingerprint is not None:
        assert "model" in said("-dc", f"{short}.fdz", status=1)
    assert run("-dc", "-D", tmp_path / "m", f"{short}.fdz").out == short.read_bytes()
    assert "not a model" in said("-D", npy, short, status=1)


def test_version_and_completion() -> None:
    """The version in one line; for each shell a script that names commands and options."""
    assert compress.__version__ in said("--version")
    for shell in ("bash", "zsh", "fish"):
        script = said("completion", shell)
        for word in ("recover", "max-error", "decompress"):
            assert word in script


def test_the_bash_completion_completes() -> None:
    """Bash offers the options of the command at hand."""
    ask = 'COMP_WORDS=(fdz recover --fi); COMP_CWORD=2; _fdz; echo "${COMPREPLY[@]}"'
    script = said("completion", "bash") + ask
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "--fill\n"
