"""The command line: ``python -m benchmarks [COMMAND]``: see ``--help``."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    check,
    compare,
    console,
    costs,
    large,
    peers,
    planning,
    record,
    report,
    run,
    speeds,
    structures,
    versions,
)
from benchmarks.errors import MissingArrayError
from benchmarks.report import browser
from benchmarks.structures import bars

RECORD = Path(__file__).parent / "record.json"
FIRST_ARRAYS = (
    "camera", "example4d", "jacksboro", "air_time", "sched_dep_time", "price", "carat", "xyz",
    "mixture",
)  # fmt: skip
FIRST_PEERS = ("compress", "zlib 6", "zstd 19 shuffle", "xz 9e")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--arrays",
        type=_names,
        metavar="A,B",
        help="names, kinds, groups (see `arrays`); default: all",
    )
    parser.add_argument(
        "--peers", type=_names, metavar="A,B", help="names or families (see `peers`); default: all"
    )
    parser.add_argument(
        "--file", type=Path, action="append", default=[], metavar="X.npy", help="an array of yours"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Which compressor suits which array? Without a command: a table in a minute.",
    )
    _selection(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    running = commands.add_parser("run", help="measure, and write a record")
    _selection(running)
    running.add_argument("--quick", action="store_true", help="a choice of both, in 3 minutes")
    running.add_argument("--sizes", action="store_true", help="no timing")
    running.add_argument("--out", type=Path, default=Path("benchmark.json"), metavar="RECORD")

    reporting = commands.add_parser("report", help="Markdown and HTML from a record")
    reporting.add_argument("record", type=Path, nargs="?", default=RECORD)
    reporting.add_argument("--html", type=Path, metavar="PAGE", help="one file, opens from disk")
    reporting.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="the page as a browser shows it, light, dark",
    )
    reporting.add_argument("--markdown", type=Path, metavar="FILE", help="every array")
    reporting.add_argument("--readme", type=Path, metavar="FILE", help="renew the marked table")

    comparing = commands.add_parser("compare", help="what became larger or slower")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)

    checking = commands.add_parser("check", help="README's table and, in 2 minutes, the sizes")
    checking.add_argument("record", type=Path, nargs="?", default=RECORD)
    checking.add_argument("--readme", type=Path, default=Path("README.md"))
    checking.add_argument("--seconds", type=float, default=120.0, help="for sizes; 0 leaves out")

    drawing = commands.add_parser("structures", help="generated arrays, and what they are held to")
    drawing.add_argument("--level", type=int, nargs="+", default=[1, 3, 5, 8], metavar="L")
    drawing.add_argument("--group", nargs="+", choices=structures.GROUPS, metavar="GROUP")
    drawing.add_argument("--name", nargs="+", choices=structures.STRUCTURES, metavar="NAME")
    drawing.add_argument("--samples", type=int, default=structures.SAMPLES, metavar="N")

    searching = commands.add_parser("planning", help="milliseconds of the encoder's search")
    searching.add_argument("--level", type=int, nargs="+", default=planning.LEVELS, metavar="L")
    searching.add_argument("--name", nargs="+", default=planning.CASES, metavar="NAME")
    searching.add_argument("--samples", type=int, nargs="+", default=planning.SIZES, metavar="N")

    racing = commands.add_parser("speeds", help="what a level promises, beside the bar's peer")
    racing.add_argument("--level", type=int, nargs="+", default=[1, 2, 3, 4], metavar="L")
    racing.add_argument("--name", nargs="+", default=[], metavar="NAME", help="arrays")

    renewing = commands.add_parser("versions", help="sizes and times of two versions, in turns")
    renewing.add_argument("checkout", type=Path, help="a folder with the other version")
    renewing.add_argument("--level", type=int, default=5, metavar="L")
    renewing.add_argument("--arrays", type=_names, metavar="A,B", help="default: all")
    renewing.add_argument("--rounds", type=int, default=3, metavar="N")

    weighing = commands.add_parser("large", help="memory, and two threads, on large arrays")
    weighing.add_argument("--level", type=int, nargs="+", default=large.LEVELS, metavar="L")
    weighing.add_argument("--kind", nargs="+", choices=large.KINDS, default=large.KINDS)
    weighing.add_argument("--memory", type=int, default=256, metavar="MIB", help="of which size")
    weighing.add_argument("--threads", type=int, default=128, metavar="MIB", help="of which size")

    commands.add_parser("costs", help="nanoseconds of steps and models beside the constants")
    commands.add_parser("arrays", help="list the arrays")
    commands.add_parser("peers", help="list the compressors")
    return parser


def _measure(arguments: argparse.Namespace, effort: str) -> record.Record:
    with console.progress() as tell:
        return run.run(arguments.arrays, arguments.peers, arguments.file, effort, tell)


def _first_look(arguments: argparse.Namespace) -> int:
    chosen = arguments.arrays is not None or arguments.file
    if not chosen:
        arguments.arrays = FIRST_ARRAYS
    if arguments.peers is None:
        arguments.peers = run.installed(FIRST_PEERS, levels=(1, 5))
    console.table(_measure(arguments, "quick"))
    return 0


def _run(arguments: argparse.Namespace) -> int:
    effort = "sizes" if arguments.sizes else "quick" if arguments.quick else "full"
    result = _measure(arguments, effort)
    record.write(result, arguments.out)
    console.table(result, best=6)
    print(f"record: {arguments.out}")
    # others may refuse an array; this library has to take them all
    rows = (row for array in result.arrays for row in array.refused())
    return 1 if any(row.family == peers.OURS for row in rows) else 0


def _report(arguments: argparse.Namespace) -> int:
    result = record.read(arguments.record)
    if arguments.html is not None:
        arguments.html.write_text(report.page(result), encoding="utf-8")
    if arguments.markdown is not None:
        arguments.markdown.write_text(report.details(result), encoding="utf-8")
    if arguments.readme is not None:
        text = arguments.readme.read_text(encoding="utf-8")
        arguments.readme.write_text(report.renewed(text, result), encoding="utf-8")
    if arguments.pictures is not None:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        page = arguments.pictures / "page.html"
        page.write_text(report.page(result), encoding="utf-8")
        for theme, array in itertools.product(("light", "dark"), result.arrays):
            out = arguments.pictures / f"{array.name}-{theme}.png"
            browser.picture(page, array.name, theme, out)
    if not (arguments.html or arguments.markdown or arguments.readme or arguments.pictures):
        print(report.summary(result))
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    old, new = record.read(arguments.old), record.read(arguments.new)
    findings = compare.compare(old, new)
    print(compare.text(findings))
    print(compare.means(old, new))
    return 1 if any(finding.regression for finding in findings) else 0


def _check(arguments: argparse.Namespace) -> int:
    committed = record.read(arguments.record)
    complaints = check.readme(arguments.readme, committed)
    if arguments.seconds > 0:
        complaints += check.sizes(committed, arguments.seconds, print)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def _structures(arguments: argparse.Namespace) -> int:
    chosen = [
        structure
        for structure in structures.STRUCTURES.values()
        if (arguments.group is None or structure.group in arguments.group)
        and (arguments.name is None or structure.name in arguments.name)
    ]
    levels = tuple(arguments.level)
    with run.one_thread():
        bars.show(bars.measure(chosen, levels, arguments.samples), levels)
    return 0


def _planning(arguments: argparse.Namespace) -> int:
    with run.one_thread():
        return planning.main(arguments.name, arguments.samples, tuple(arguments.level))


def _speeds(arguments: argparse.Namespace) -> int:
    with run.one_thread():
        return 0 if speeds.report(arguments.level, arguments.name) else 1


def _versions(arguments: argparse.Namespace) -> int:
    with run.one_thread():
        versions.report(arguments.checkout, arguments.level, arguments.arrays, arguments.rounds)
    return 0


def _large(arguments: argparse.Namespace) -> int:
    sizes = arguments.memory, arguments.threads
    return 0 if large.report(arguments.level, arguments.kind, *sizes) else 1


def main() -> int:
    """Run the command line; return its exit status."""
    arguments = _parser().parse_args()
    commands: dict[str | None, Callable[[argparse.Namespace], int]] = {
        None: _first_look,
        "run": _run,
        "report": _report,
        "compare": _compare,
        "check": _check,
        "structures": _structures,
        "planning": _planning,
        "speeds": _speeds,
        "versions": _versions,
        "large": _large,
        "costs": lambda _: costs.main(),
        "arrays": lambda _: console.arrays(),
        "peers": lambda _: console.peers(),
    }
    try:
        return commands[arguments.command](arguments)
    except (ValueError, OSError, MissingArrayError) as error:
        print(f"python -m benchmarks: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
