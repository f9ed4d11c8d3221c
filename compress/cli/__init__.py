"""The command line: ``fdz FILE``, ``fdz -d FILE.fdz`` and further commands; see docs/shell.md.

The question of the package: what does a person at a shell ask of the library?
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``fdz``; the entry point of the console script.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the name of the program; those of the process by default.

    Returns
    -------
    int
        The exit status: 0, 1 for what failed, 2 for a wrong call or a loss that `recover` met.
    """
    from compress.cli import interrupts  # noqa: PLC0415 (all that is loaded before signals are met)

    with interrupts.handled():
        from compress.cli import arguments  # noqa: PLC0415

        given = sys.argv[1:] if argv is None else list(argv)
        options = arguments.parse(given)
        if isinstance(options, int):
            return options
        return interrupts.waited(_command(options.command), options)


def _command(name: str) -> Callable[..., int]:
    """Load a command, and nothing that others need."""
    if name in ("compress", "decompress", "test"):
        from compress.cli.running import run  # noqa: PLC0415

        return run
    if name == "bench":
        from compress.cli.bench import bench  # noqa: PLC0415

        return bench
    from compress.cli import commands  # noqa: PLC0415

    command: Callable[..., int] = getattr(commands, name)
    return command
