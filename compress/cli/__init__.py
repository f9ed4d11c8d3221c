"""The command line: ``fdz compress|decompress|info FILE``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run ``fdz``; the entry point of the console script."""
    try:
        from compress.cli.commands import app  # noqa: PLC0415 - typer and rich are an extra
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        print(f"fdz needs {error.name}: pip install 'fourier-compress[cli]'", file=sys.stderr)
        sys.exit(2)
    app()
