"""Chunks follow the plan of the first where they are of its kind, and are searched where not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import compress
from compress.pipeline import chunk, plan
from compress.pipeline.geometry import cut

LENGTH = 3_000_000


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the fields that the search is asked about."""
    sizes: list[int] = []
    search = plan.plan_field

    def asked(field: NDArray[np.int64], *arguments: object) -> object:
        sizes.append(field.size)
        return search(field, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(chunk, "plan_field", asked)
    return sizes


def test_an_array_of_one_kind_is_searched_once(searched: list[int]) -> None:
    """All chunks of a walk are coded as the first one is."""
    walk = np.cumsum(np.random.default_rng(0).integers(-9, 10, LENGTH)).astype(np.int32)
    assert cut(walk.shape, 1 << 20).n_chunks > 2
    data = compress.compress(walk, level=3, threads=1)
    assert len(searched) == 1
    assert (compress.decompress(data) == walk).all()


def test_chunks_of_other_kinds_are_searched_themselves(searched: list[int]) -> None:
    """Noise, a ramp and zeros behind a walk cost what they cost alone."""
    generator = np.random.default_rng(1)
    n = LENGTH // 3
    parts = [
        np.cumsum(generator.integers(-9, 10, n)),
        generator.integers(0, 1 << 30, n),
        np.arange(n) * 3,
    ]
    array = np.concatenate(parts).astype(np.int32)
    together = compress.compress(array, level=3, threads=1)
    assert (compress.decompress(together) == array).all()
    assert len(searched) >= 3
    index = cut(array.shape, 1 << 20)
    alone = sum(
        len(compress.compress(array[index.index(i)], level=3)) for i in range(index.n_chunks)
    )
    assert len(together) <= 1.01 * alone


def test_the_bytes_do_not_depend_on_threads() -> None:
    """The first chunk is the guide, whichever thread is done first."""
    walk = np.cumsum(np.random.default_rng(2).integers(-9, 10, LENGTH)) / 8
    one, two = (compress.compress(walk, level=1, threads=threads) for threads in (1, 2))
    assert one == two
