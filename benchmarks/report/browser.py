"""Looks at the page with a headless browser: pictures for a person, the drawn page for a test."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--no-first-run", "--hide-scrollbars",
)  # fmt: skip


def browser() -> str | None:
    """Return the path of an installed browser of the Chromium kind."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _ask(page: Path, array: str, theme: str, *words: str) -> str:
    program = browser()
    if program is None:
        raise ValueError(f"no browser is installed; known are {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory() as profile:
        address = f"{page.resolve().as_uri()}?theme={theme}#{array}"
        done = subprocess.run(  # noqa: S603 -- a fixed program, and a file of ours
            [program, *FLAGS, f"--user-data-dir={profile}", *words, address],
            capture_output=True,
            check=True,
            timeout=120,
        )
    return done.stdout.decode("utf-8", "replace")


def picture(page: Path, array: str, theme: str, out: Path, height: int = 2400) -> None:
    """Write a PNG of the page at ``array``, with ``theme`` "light" or "dark"."""
    _ask(page, array, theme, f"--window-size=1100,{height}", f"--screenshot={out.resolve()}")


def drawn(page: Path, array: str, theme: str = "light") -> str:
    """Return the page after its script has run."""
    return _ask(page, array, theme, "--virtual-time-budget=2000", "--dump-dom")
