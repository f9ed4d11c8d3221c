"""Runs over the files that were named, and says what became of each."""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import compress
from compress.cli.arguments import SUFFIX
from compress.cli.coding import Report, compress_one, decompress_one
from compress.cli.formats import Source, format_of
from compress.cli.output import check_terminal
from compress.cli.progress import Progress
from compress.kernels import are_compiled

__all__ = ["caught", "failed", "run", "source_of"]

# The status of a process whose reader is gone, as shells give it.
_BROKEN_PIPE = 141


def run(options: Namespace, progress: Progress) -> int:
    """Compress, decompress or test every file; 1 where one of them failed."""
    status = 0
    with caught("", options, progress) as outcome:
        path = options.model
        options.loaded_model = None if path is None else compress.Model.load(path)
        if not are_compiled() and options.quiet == 0:
            progress.say("compiling kernels (once on this machine; up to half a minute)")
    if outcome:
        return outcome[0]
    for name in options.files:
        with caught(name, options, progress) as outcome:
            _one(name, options, progress)
        status = max(status, *outcome, 0)
    return status


def _one(name: str, options: Namespace, progress: Progress) -> None:
    began = time.perf_counter()
    if options.command == "test":
        source = source_of(name)
        report = decompress_one(source, None, options, progress, test=True)
        _say(name, None, report, time.perf_counter() - began, options, progress)
        return
    packing = options.command == "compress"
    source = source_of(name, options.dtype, options.shape) if packing else source_of(name)
    target = _target(source, options)
    if target is None:
        check_terminal(force=options.force)
    if packing:
        report = compress_one(source, target, options, progress)
    else:
        report = decompress_one(source, target, options, progress)
    _say(name, target, report, time.perf_counter() - began, options, progress)
    if options.rm and source.path is not None and target is not None:
        source.path.unlink()


def source_of(name: str, dtype: str | None = None, shape: str | None = None) -> Source:
    """Return the file of a name, all bytes of standard input for ``-``."""
    if name == "-":
        return Source("standard input", None, sys.stdin.buffer.read(), dtype, shape)
    path = Path(name)
    with path.open("rb") as stream:
        if not stream.seekable():
            # A pipe with a name.
            return Source(name, None, stream.read(), dtype, shape)
    return Source(name, path, None, dtype, shape)


def _target(source: Source, options: Namespace) -> Path | None:
    """Return where the result goes; None is standard output."""
    if options.stdout or options.output == "-":
        return None
    if options.output is not None:
        return Path(options.output)
    if source.data is not None:
        return None
    default = source.name + SUFFIX
    if options.command == "decompress":
        default = source.name.removesuffix(SUFFIX)
        suffix = _suffix(source)
        if not default.lower().endswith(suffix):
            default += suffix
    if options.output_dir_flat is not None:
        return Path(options.output_dir_flat) / Path(default).name
    return Path(default)


def _suffix(source: Source) -> str:
    """Return the suffix of the file that was compressed."""
    if source.read(0, 2) == b"PK":
        return ".npz"
    given: Any = source.data if source.path is None else source.path
    try:
        with compress.open(given) as array:
            details, suffix = format_of(array.attrs)[1:]
    except compress.ModelMismatchError:
        return ""
    if details.get("format", "npy") == "npy":
        return suffix
    # Formats have several suffixes, and files of raw samples any.
    return "" if Path(source.name.removesuffix(SUFFIX)).suffix else suffix


def _say(
    name: str,
    target: Path | None,
    report: Report,
    seconds: float,
    options: Namespace,
    progress: Progress,
) -> None:
    packing = options.command == "compress"
    before, after = (report.plain, report.packed) if packing else (report.packed, report.plain)
    if options.json:
        record = {
            "input": name,
            "output": None if target is None else str(target),
            "command": options.command,
            "input_bytes": before,
            "output_bytes": after,
            "what": report.what,
            "samples": report.samples,
            "seconds": round(seconds, 3),
        }
        # Standard output may be taken by the result itself.
        taken = target is None and options.command != "test"
        print(json.dumps(record), file=sys.stderr if taken else sys.stdout, flush=True)
        return
    if options.quiet:
        return
    if options.command == "test":
        progress.say(f"{name}: {report.what}, whole")
        return
    share = f", {after / before:.1%}" if packing and before else ""
    bits = f", {8 * report.packed / report.samples:.3f} bits per sample" if report.samples else ""
    more = f", {report.what}, {seconds:.2f} s" if options.verbose or not packing else ""
    progress.say(f"{name}: {before:,} -> {after:,} bytes{share}{bits}{more}")


@contextmanager
def caught(name: str, options: Namespace, progress: Progress) -> Iterator[list[int]]:
    """Print what went wrong in one line, without a traceback; gives a list for the status."""
    outcome: list[int] = []
    try:
        yield outcome
    except BrokenPipeError:
        # Whoever read has enough; Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        outcome.append(_BROKEN_PIPE)
    except MemoryError as error:
        outcome.append(1)
        failed(name, ValueError(f"it takes more memory than there is: {error}"), options, progress)
    except (compress.CompressError, OSError, ValueError, TypeError) as error:
        outcome.append(1)
        failed(name, error, options, progress)


def failed(name: str, error: Exception, options: Namespace, progress: Progress) -> None:
    """Print an error, with the name of the file where it does not tell."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    if name and name != "-" and name not in text:
        text = f"{name}: {text}"
    text = " ".join(text.split())
    if options.json:
        print(json.dumps({"input": name, "error": text}), flush=True)
    elif options.quiet < 2:
        progress.say(f"fdz: {text}")
