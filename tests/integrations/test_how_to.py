"""README and the how-to pages: every block of Python on them runs, from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


PAGES = ("README", "docs/index", "docs/tutorial", *(
    f"docs/how-to/{page.stem}" for page in sorted((ROOT / "docs" / "how-to").glob("*.md"))
))  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_every_block_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, in one namespace and an empty folder, as a reader would paste them."""
    if name.endswith("dask"):
        pytest.importorskip("distributed")
    page = ROOT / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        source = "\n" * line + block[1]  # so that a traceback names the page's line
        exec(compile(source, page, "exec"), namespace)  # noqa: S102 - our own pages
