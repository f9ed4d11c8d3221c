"""The commands of ``fdz``. Arrays are ``.npy`` files; ``-`` is standard input or output."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import typer
from numpy.typing import NDArray

import compress
from compress.cli.files import atomic_output
from compress.kernels import are_compiled

__all__ = ["app"]

SUFFIX = ".fdz"
# Lost parts that are listed.
_MOST_LOST = 20

app = typer.Typer(
    name="fdz",
    help="Compress numeric arrays (.npy files) with learned one-dimensional densities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_Input = Annotated[str, typer.Argument(metavar="FILE", help="The file, or - for standard input.")]
_Output = Annotated[
    str | None, typer.Option("--output", "-o", help="Where to write; - for standard output.")
]
_Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite an existing output.")]
_Threads = Annotated[int | None, typer.Option(min=1, help="Threads; all processors by default.")]


@app.command("compress")
def compress_file(
    file: _Input,
    output: _Output = None,
    level: Annotated[int, typer.Option("--level", "-l", min=1, max=9, help="1 fast, 9 small.")] = 5,
    max_error: Annotated[
        float | None,
        typer.Option(help="Allow every finite sample to change by this much. Lossless without."),
    ] = None,
    force: _Force = False,
    threads: _Threads = None,
    verify: Annotated[
        bool, typer.Option(help="Decode and compare everything before writing it.")
    ] = True,
) -> None:
    """Compress an array: FILE.npy becomes FILE.npy.fdz."""
    target = _target(file, output, file + SUFFIX)
    with _failures(), atomic_output(target, force=force) as write:
        array = _load(file)
        with _progress(f"compressing {array.dtype} array of shape {array.shape}"):
            data = compress.compress(
                array, level=level, max_error=max_error, threads=threads, verify=verify
            )
        write(data)
    share = f", {len(data) / array.nbytes:.1%}" if array.nbytes else ""
    bits = f", {8 * len(data) / array.size:.3f} bits per sample" if array.size else ""
    typer.echo(f"{array.nbytes:,} -> {len(data):,} bytes{share}{bits}", err=True)


@app.command()
def decompress(
    file: _Input,
    output: _Output = None,
    force: _Force = False,
    threads: _Threads = None,
    max_bytes: Annotated[
        int | None, typer.Option(min=0, help="Refuse arrays larger than this.")
    ] = None,
) -> None:
    """Restore an array: FILE.npy.fdz becomes FILE.npy."""
    bare = file.removesuffix(SUFFIX)
    target = _target(file, output, bare if bare.endswith(".npy") else bare + ".npy")
    with _failures(), atomic_output(target, force=force) as write:
        data = _read(file)
        with _progress("decompressing"):
            array = compress.decompress(data, threads=threads, max_bytes=max_bytes)
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        write(buffer.getbuffer())
    typer.echo(f"{len(data):,} -> {array.nbytes:,} bytes, {array.dtype} {array.shape}", err=True)


@app.command()
def info(
    file: _Input,
    explain: Annotated[
        bool, typer.Option("--explain", help="List the plans that the search judges, with costs.")
    ] = False,
) -> None:
    """Show what a compressed file holds, without decoding it."""
    with _failures():
        print(compress.inspect(_read(file), explain=explain))


@app.command()
def recover(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The damaged file.")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Where to write; not there yet.")
    ] = None,
    fill: Annotated[float, typer.Option(help="What stands for samples that are lost.")] = 0.0,
) -> None:
    """Save what can be read of a damaged file: FILE.fdz becomes FILE.recovered.fdz.

    The exit status is 0 if nothing is lost, else 2.
    """
    target = output or f"{file.removesuffix(SUFFIX)}.recovered{SUFFIX}"
    with _failures():
        whole = int(fill) if float(fill).is_integer() else fill
        lost = compress.recover(file, target, fill=whole)
        with compress.open(target) as array:
            shape, count = array.shape, array.size
    for box in lost[:_MOST_LOST]:
        where = ", ".join(f"{one.start}:{one.stop}" for one in box)
        typer.echo(f"lost [{where}]", err=True)
    if len(lost) > _MOST_LOST:
        typer.echo(f"... and {len(lost) - _MOST_LOST} other parts", err=True)
    samples = sum(prod(one.stop - one.start for one in box) for box in lost)
    typer.echo(f"{target}: {shape}, {samples:,} of {count:,} elements are lost", err=True)
    if lost:
        raise typer.Exit(2)


def _target(file: str, output: str | None, default: str) -> Path | BinaryIO:
    name = output if output is not None else ("-" if file == "-" else default)
    return sys.stdout.buffer if name == "-" else Path(name)


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _load(file: str) -> NDArray[Any]:
    raw = _read(file)
    try:
        loaded = np.load(io.BytesIO(raw), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{file} is not an .npy file of a plain array: {error}") from error
    if not isinstance(loaded, np.ndarray):
        raise ValueError(f"{file} is an .npz archive; only single arrays (.npy) are compressed")
    return loaded


@contextmanager
def _progress(what: str) -> Iterator[None]:
    # Only loaded kernels know where their machine code is kept.
    import_module("compress.facade")
    if not are_compiled():
        typer.echo("compiling kernels (once on this machine; up to half a minute)", err=True)
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 (slow to load, and for people alone)

    with Console(stderr=True).status(what):
        yield


@contextmanager
def _failures() -> Iterator[None]:
    """Print what went wrong in one line and leave with status 1, without a traceback."""
    try:
        yield
    except (compress.CompressError, OSError, ValueError, TypeError) as error:
        typer.secho(f"fdz: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
