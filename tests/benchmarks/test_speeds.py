"""The bars of the fast levels: what is compared, and when a bar is held."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

import compress
from benchmarks import arrays, peers, speeds
from benchmarks.speeds import BARS, Bar, Measured


@pytest.mark.parametrize("bar", BARS)
def test_a_bar_names_what_exists(bar: Bar) -> None:
    """A level, a peer, kinds and names of arrays, and some limit."""
    assert {f"compress {bar.level}", bar.peer} <= {peer.name for peer in peers.every()}
    entries = list(arrays.select())
    assert {*bar.kinds} <= {entry.kind for entry in entries}
    assert {*bar.names} <= {entry.name for entry in entries}
    assert min(bar[3:8]) < inf


def test_both_sides_of_a_pair_are_measured() -> None:
    """Sizes are those of whole streams, times are not nothing; some arrays a peer does not take."""
    array = np.cumsum(np.random.default_rng(0).integers(-9, 10, 3000)).astype(np.int32)
    found = speeds.against(array, 1, "zlib 6")
    assert found is not None
    assert found[0].size == len(compress.compress(array, level=1))
    assert all(one.encode > 0 and one.decode > 0 for one in found)
    assert speeds.against(array.astype(np.float64), 1, "JPEG-LS") is None


def test_a_cross_marks_what_is_above_the_bar() -> None:
    """Ratios, and nanoseconds that stand for themselves."""
    bar = Bar(3, "FLAC 8", ("audio",), size=0.97, decode_ns=40.0)
    ours, theirs = Measured(960, 500.0, 39.0), Measured(1000, 20.0, 10.0)
    cells, held = speeds._row(bar, ours, theirs, 1000)
    assert held
    assert not any("x" in cell for cell in cells)
    cells, held = speeds._row(bar, ours._replace(size=980, decode=41.0), theirs, 1000)
    assert not held
    assert [i for i, cell in enumerate(cells) if cell.endswith(" x")] == [2, 6]
