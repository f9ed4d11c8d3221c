"""The page on the shell tool: its blocks run, and its table has every option of the tool."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from compress.cli.arguments import COMMANDS, parser_of

PAGE = Path(__file__).parents[2] / "docs" / "shell.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_runs(tmp_path: Path) -> None:
    """In order, in bash, in one folder with one picture."""
    ramp = np.arange(48, dtype=np.uint8)
    np.save(tmp_path / "camera.npy", ramp + ramp[:, None])
    program = tmp_path / "fdz"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom compress.cli import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
    blocks = [match[1] for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    assert len(blocks) >= 3
    environment = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}")
    environment["PYTHONPATH"] = str(PAGE.parents[1])
    # Many short processes: as in an installation, they find their modules compiled.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path / "bytecode")
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "day,price\n1,2.50\n" in done.stdout
    assert "uint8 (48, 48), whole" in done.stderr


def test_the_page_tells_of_all_commands_and_options() -> None:
    """Those of the tool without a command; the page would be out of date otherwise."""
    text = PAGE.read_text(encoding="utf-8")
    for name in COMMANDS:
        assert name in text
    options = [action.option_strings for action in parser_of("")._actions if action.option_strings]
    assert len(options) > 20
    for flags in options:
        # `--no-` options stand with their opposite, and levels as a range.
        words = [*flags, *(f"--[no-]{flag[2:]}" for flag in flags)]
        assert re.fullmatch("-[2-8]", flags[0]) or any(word in text for word in words), flags
