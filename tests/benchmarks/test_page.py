"""The page as a browser draws it. Without a browser there is nothing to ask, and no test."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.measure import Row
from benchmarks.peers import OURS
from benchmarks.record import ArrayRecord, Record
from benchmarks.report.browser import browser, drawn, picture

LETTER = 7.5  # a generous width of a letter of a label, in the units of the drawing


def _crowded() -> Record:
    """As many settings as a full run, many of them side by side."""
    rows = [
        Row(f"peer {i}", "peer", None, 4000 + 150 * (i % 7), 20.0 * 1.3**i, 2.0 * 1.2**i)
        for i in range(30)
    ]
    rows += [
        Row(f"compress {n}", OURS, None, 4000 - 50 * n, 30.0 * n, 9.0 * n) for n in (1, 3, 5, 8)
    ]
    for bound in (1.0, 0.1, 0.01):
        for i, family in enumerate((OURS, "zfp", "SZ3", "SPERR", "LERC")):
            size = round(600 / bound**0.2) + 20 * i
            rows.append(
                Row(f"{family} 5 bounded", family, bound, size, 9.0, 9.0, error=bound * 0.9)
            )
    machine = {"processor": "P", "cores": 2, "memory GiB": 4, "system": "S", "python": "3.11"}
    array = ArrayRecord(
        "crowd", "grid", "a field", "package/file", "MIT", (40, 25), "float32", 4000, "0", rows=rows
    )
    return Record("2024-05-01", machine, {"numpy": "2"}, "full", [array])


if browser() is not None:

    @pytest.fixture(scope="module")
    def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Write a page to disk."""
        path = tmp_path_factory.mktemp("page") / "page.html"
        path.write_text(report.page(_crowded()), encoding="utf-8")
        return path

    @pytest.fixture(scope="module")
    def dom(page: Path) -> str:
        """Give the page after its script has run."""
        return drawn(page, "crowd")

    def test_every_setting_is_drawn_and_listed(dom: str) -> None:
        """34 marks in the scatter, 15 in the rates, 34 + 15 rows in the tables."""
        scatter = dom.partition('id="scatter"')[2].partition("</svg>")[0]
        rate = dom.partition('id="rate"')[2].partition("</svg>")[0]
        assert scatter.count("<circle") == 34
        assert rate.count("<circle") == 15
        assert dom.partition('id="rows"')[2].partition("</table>")[0].count("<tr") == 1 + 34
        assert dom.partition('id="bounds"')[2].partition("</table>")[0].count("<tr") == 1 + 15

    def test_axes_are_named_and_labels_do_not_overlap(dom: str) -> None:
        """Ours are all labelled; a label that finds no room is left to the tooltip."""
        scatter = dom.partition('id="scatter"')[2].partition("</svg>")[0]
        assert "nanoseconds per sample to decode" in scatter
        assert "bits per sample" in scatter
        found = re.findall(
            r'<text class="label (ours)?\s*" x="([-\d.]+)" y="([-\d.]+)">([^<]+)', scatter
        )
        assert sum(bool(ours) for ours, *_ in found) >= 3
        assert len(found) >= 15
        boxes = [(float(x), float(y), len(text) * LETTER * 0.8) for _, x, y, text in found]
        for (x, y, w), (u, v, z) in itertools.combinations(boxes, 2):
            assert x + w <= u or u + z <= x or abs(y - v) >= 11

    def test_light_and_dark_are_two_pictures(page: Path, tmp_path: Path) -> None:
        """Both are drawn, and the paper is not the same."""
        picture(page, "crowd", "light", tmp_path / "light.png", 1800)
        picture(page, "crowd", "dark", tmp_path / "dark.png", 1800)
        light, dark = (tmp_path / "light.png").read_bytes(), (tmp_path / "dark.png").read_bytes()
        assert len(light) > 50_000
        assert len(dark) > 50_000
        assert light != dark
