"""What stands on the command line: zstd's options, and commands for what zstd has none."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

__all__ = ["COMMANDS", "parse", "parser_of"]

SUFFIX = ".fdz"

_EPILOG = """\
inputs: .npy .npz .wav .pgm .ppm .csv .tsv; .png .bmp .tif with pillow; .parquet with pyarrow;
anything else as raw samples with --dtype. Each comes back as what it was.

other commands, each with --help:
  fdz list FILE...       one line for each compressed file (as -l)
  fdz info FILE...       plans and chunks of compressed files (also: inspect)
  fdz fit FILE... -o M   learn a model, for --model
  fdz bench FILE         this file against the other compressors that are installed
  fdz recover FILE       what is whole of a damaged file
  fdz completion SHELL   a completion script for bash, zsh or fish
  fdz compress|decompress|test FILE...   as without a word, -d and -t
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        print(f"fdz: {message} (fdz --help tells more)", file=sys.stderr)
        self.exit(2)


def parse(argv: Sequence[str]) -> argparse.Namespace | int:
    """Parse a command line.

    Parameters
    ----------
    argv : sequence of str

    Returns
    -------
    argparse.Namespace or int
        Options, with the name of a command; or the exit status, where nothing is left to do.
    """
    given = list(argv)
    named = bool(given) and given[0] in COMMANDS
    parser = parser_of(given.pop(0) if named else "")
    if not named and not given and sys.stdin.isatty():
        parser.print_help(sys.stderr)
        return 2
    try:
        options = parser.parse_intermixed_args(_joined(given, parser))
        _check(options, parser)
    except SystemExit as ended:
        return int(ended.code or 0)
    return options


def parser_of(command: str) -> argparse.ArgumentParser:
    """Return the parser of a command; of none where the name is empty."""
    parser = _Parser(
        prog=f"fdz {command}".strip(),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=None if command else _EPILOG,
    )
    parser.set_defaults(command=command, progress=False, quiet=0, verbose=0, json=False)
    COMMANDS[command](parser)
    return parser


def _joined(given: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """Join options with values that begin with a minus sign, and refuse levels of two digits."""
    joined: list[str] = []
    for i, word in enumerate(given):
        if word == "--":
            return joined + given[i:]
        if joined and joined[-1] in ("--shape", "--fill") and re.match(r"-\d", word):
            joined[-1] += f"={word}"
        elif re.fullmatch(r"-\d{2,}", word):
            parser.error(f"levels are -1 (fast) to -9 (smallest), not {word}")
        else:
            joined.append(word)
    return joined


def _check(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if not hasattr(options, "files"):
        return
    options.files = options.files or ["-"]
    several = len(options.files) > 1 and options.command in ("compress", "decompress")
    if several and options.output is not None:
        parser.error("-o names one output, for one input; --output-dir-flat takes several")
    if getattr(options, "stdout", False) and getattr(options, "output", None) is not None:
        parser.error("-c and -o are two outputs; give one")


def _plain(parser: argparse.ArgumentParser) -> None:
    """Give what ``fdz`` takes without a command: a mode, and the options of all modes."""
    parser.description = "Compress numeric arrays with learned one-dimensional densities."
    modes = parser.add_argument_group("mode").add_mutually_exclusive_group()
    for flags, name, what in (
        (("-z", "--compress"), "compress", "compress (by default)"),
        (("-d", "--decompress", "--uncompress"), "decompress", "decompress"),
        (("-t", "--test"), "test", "decode and write nothing"),
        (("-l", "--list"), "list_files", "one line for each compressed file"),
    ):
        modes.add_argument(*flags, dest="command", action="store_const", const=name, help=what)
    parser.set_defaults(command="compress", verify=True)
    _version(parser)
    _files(parser, "files, or - for standard input")
    _writing(parser)
    _levels(parser, "--level")
    _inputs(parser)
    _decoding(parser)
    _running(parser)


def _compress(parser: argparse.ArgumentParser) -> None:
    parser.description = "FILE becomes FILE.fdz."
    parser.set_defaults(command="compress", max_bytes=None)
    _files(parser, "files, or - for standard input")
    _writing(parser)
    _levels(parser, "--level", "-l")
    _inputs(parser)
    _running(parser)


def _decompress(parser: argparse.ArgumentParser) -> None:
    parser.description = "FILE.fdz becomes FILE, in the format that it had."
    parser.set_defaults(command="decompress")
    _files(parser, "compressed files, or - for standard input")
    _writing(parser)
    _decoding(parser)
    _running(parser)


def _test(parser: argparse.ArgumentParser) -> None:
    parser.description = "Decode files and write nothing; the status says whether all are whole."
    parser.set_defaults(command="test")
    _files(parser, "compressed files, or - for standard input")
    _decoding(parser)
    _running(parser)


def _list(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print one line for each compressed file."
    parser.set_defaults(command="list_files")
    _files(parser, "compressed files")
    _telling(parser)


def _info(parser: argparse.ArgumentParser) -> None:
    parser.description = "Show what compressed files hold, without decoding them."
    parser.set_defaults(command="info")
    _files(parser, "compressed files, or - for standard input")
    explain = "list the plans that the search judges, with costs"
    parser.add_argument("--explain", action="store_true", help=explain)
    picture = "draw where the bytes are into this file (.png, .svg, .pdf; needs matplotlib)"
    parser.add_argument("--picture", metavar="FILE", help=picture)
    _telling(parser)


def _recover(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Save what can be read of a damaged file: FILE.fdz becomes FILE.recovered.fdz. "
        "The exit status is 0 if nothing is lost, else 2."
    )
    parser.set_defaults(command="recover")
    parser.add_argument("file", metavar="FILE", help="the damaged file")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write; not there yet")
    fill = "what stands for samples that are lost (0)"
    parser.add_argument("--fill", type=float, default=0.0, metavar="VALUE", help=fill)


def _fit(parser: argparse.ArgumentParser) -> None:
    parser.description = "Learn a model from files like those it will code; --model takes it."
    parser.set_defaults(command="fit", max_error=None)
    _files(parser, "files of one dtype")
    parser.add_argument("-o", "--output", metavar="MODEL", required=True, help="where to write")
    parser.add_argument("-f", "--force", action="store_true", help="overwrite the output")
    _levels(parser, "--level")
    _raw(parser)
    _telling(parser)


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Compress a file with this library and with the other tools that are installed; every "
        "round trip is verified. Times are medians of one thread."
    )
    parser.set_defaults(command="bench", max_error=None)
    parser.add_argument("file", metavar="FILE", help="a file that fdz can compress")
    parser.add_argument("--picture", metavar="FILE", help="draw size against speed into this file")
    parser.add_argument(
        "--levels", metavar="LIST", default="1,3,5", help="levels of this library (1,3,5)"
    )
    _raw(parser)
    _telling(parser)
    _progress(parser)


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print a completion script, for: source <(fdz completion bash)"
    parser.set_defaults(command="completion")
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def _files(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help=what)


def _version(parser: argparse.ArgumentParser) -> None:
    from compress import __version__  # noqa: PLC0415 (a module that loads nothing)

    version = f"fdz (fourier-compress) {__version__}"
    parser.add_argument("-V", "--version", action="version", version=version)
    parser.add_argument("-H", action="help", help="as --help")


def _writing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    output = "the output, for one input; - is standard output"
    group.add_argument("-o", "--output", metavar="FILE", help=output)
    stdout = "write to standard output and keep the input"
    group.add_argument("-c", "--stdout", "--to-stdout", action="store_true", help=stdout)
    group.add_argument("--output-dir-flat", metavar="DIR", help="write all outputs into DIR")
    force = "overwrite files, write bytes to a terminal"
    group.add_argument("-f", "--force", action="store_true", help=force)
    kept = group.add_mutually_exclusive_group()
    keep = "keep inputs (default)"
    kept.add_argument("-k", "--keep", dest="rm", action="store_false", default=False, help=keep)
    kept.add_argument("--rm", action="store_true", help="delete inputs that were written anew")


def _levels(parser: argparse.ArgumentParser, *flags: str) -> None:
    group = parser.add_argument_group("level")
    for level in range(1, 10):
        what = {1: "fast", 9: "smallest"}.get(level, argparse.SUPPRESS)
        group.add_argument(
            f"-{level}", dest="level", action="store_const", const=level, default=5, help=what
        )
    group.add_argument(
        *flags, type=int, default=5, choices=range(1, 10), metavar="N", help="1 to 9 (5)"
    )


def _inputs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("compression")
    error = "let every finite sample change by this much; lossless without"
    group.add_argument("--max-error", type=float, metavar="E", help=error)
    verify = "decode and compare all of it before it is put in place (default)"
    group.add_argument("--verify", action=argparse.BooleanOptionalAction, default=True, help=verify)
    _raw(group)


def _raw(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--dtype", metavar="T", help="dtype of raw samples: u1, <i2, float32, ...")
    shape = "their shape: 100,640 or -1,640; one axis without"
    parser.add_argument("--shape", metavar="N,N", help=shape)


def _decoding(parser: argparse.ArgumentParser) -> None:
    most = "refuse to decode arrays larger than this"
    parser.add_argument("--max-bytes", type=int, metavar="N", help=most)


def _running(parser: argparse.ArgumentParser) -> None:
    model = "a model of `fdz fit`"
    parser.add_argument("-D", "--model", metavar="MODEL", help=model)
    threads = "threads; all processors by default and for 0"
    parser.add_argument("-T", "--threads", type=int, metavar="N", default=0, help=threads)
    _telling(parser)
    _progress(parser)


def _progress(parser: argparse.ArgumentParser) -> None:
    shown = "show how far the work is (on a terminal, after a second)"
    parser.set_defaults(progress=None)
    parser.add_argument("--progress", action=argparse.BooleanOptionalAction, help=shown)


def _telling(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reports")
    group.add_argument("-q", "--quiet", action="count", default=0, help="no reports; -qq no errors")
    group.add_argument("-v", "--verbose", action="count", default=0, help="more reports")
    group.add_argument("--json", action="store_true", help="reports as JSON, one object a line")


COMMANDS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "": _plain,
    "compress": _compress,
    "decompress": _decompress,
    "test": _test,
    "list": _list,
    "info": _info,
    "inspect": _info,
    "fit": _fit,
    "bench": _bench,
    "recover": _recover,
    "completion": _completion,
}
"""The commands and what each of them takes; an empty name stands for none."""
