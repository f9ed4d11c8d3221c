"""The search: it knows no step and no plane model by name, and says what it judged."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import compress
from compress.pipeline import effort, plan
from compress.pipeline.tree import Branch, Leaf, leaves
from compress.prediction import raw
from compress.prediction.demand import Demand
from compress.prediction.registry import MODELS
from compress.transforms import STEPS
from compress.transforms.step import (
    END,
    STAGE_HOLES,
    STAGE_NUMBERS,
    STAGE_ORDER,
    Child,
    Context,
    Parameters,
    Read,
    Shape,
    Traits,
    is_plane,
)

SECRET = np.random.default_rng(9).integers(0, 1 << 40, 5000)


def _reversed_bits(array: np.ndarray) -> np.ndarray:
    return array ^ np.resize(SECRET, array.shape)


def _candidates(_array: np.ndarray, context: Context) -> Iterator[Parameters]:
    del context
    yield ()


def _split(array: np.ndarray, parameters: Parameters) -> tuple[Child, ...]:
    del parameters
    return (Child(_reversed_bits(array), next_stage=END),)


def _inverse(read: Read, shape: Shape, dtype: np.dtype[Any], parameters: Parameters) -> np.ndarray:
    del dtype, parameters
    return _reversed_bits(read(shape))


STRANGER: Any = SimpleNamespace(
    CODE=900,
    NAME="stranger",
    TRAITS=Traits(STAGE_ORDER, search_ns=0.0, encode_ns=1.0, decode_ns=1.0),
    accepts=is_plane,
    candidates=_candidates,
    split=_split,
    inverse=_inverse,
)


@pytest.mark.parametrize("level", [1, 3, 5, 8])
def test_a_step_from_outside_takes_part(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry in the registry, and what only that step can see is found at every level."""
    array = np.resize(SECRET, 3000) ^ np.random.default_rng(1).integers(0, 4, 3000)
    before = len(compress.compress(array, level=level, threads=1))
    monkeypatch.setitem(STEPS, STRANGER.CODE, STRANGER)
    data = compress.compress(array, level=level, threads=1)
    assert len(data) < before / 10
    assert "stranger" in str(compress.inspect(data))
    assert compress.decompress(data, threads=1).tobytes() == array.tobytes()


def test_a_plane_model_from_outside_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry in the registry and one in the row of a level."""

    def encode(plane: np.ndarray, _parameters: Parameters) -> bytes:
        if not np.array_equal(plane, np.resize(SECRET, plane.shape)):
            raise ValueError("another plane")
        return b""

    stranger: Any = SimpleNamespace(
        **{name: getattr(raw, name) for name in ("KNOWS_HOLES", "FITS_ON_A_PART")},
        CODE=900,
        NAME="stranger",
        bound=lambda plane, _total: 1.0 if np.array_equal(plane, SECRET) else np.inf,
        decode_ns=raw.decode_ns,
        encode_ns=raw.encode_ns,
        demand=lambda _data, _shape, _parameters: Demand(1e5, 1 << 20),
        propose=lambda *_: (),
        encode=encode,
        decode=lambda _data, shape, _parameters: np.resize(SECRET, shape),
    )
    row = effort.EFFORT[5]
    fits = (effort.Fit(stranger, 5), *row.fits)
    monkeypatch.setitem(MODELS, 900, stranger)
    monkeypatch.setitem(
        effort.EFFORT, 5, row._replace(fits=fits, judges=(fits[0], *row.judges), rounds=())
    )
    data = compress.compress(SECRET, threads=1)
    assert "stranger" in str(compress.inspect(data))
    assert len(data) < 100
    assert np.array_equal(compress.decompress(data, threads=1), SECRET)


def test_plans_are_the_same_every_time() -> None:
    """Nothing is timed and nothing is drawn: the same array, the same bytes."""
    array = np.cumsum(np.random.default_rng(2).normal(size=(300, 70)), axis=0).astype("f4")
    for level in (1, 3, 5):
        assert compress.compress(array, level=level) == compress.compress(array, level=level)


def test_candidates_are_explained() -> None:
    """What was judged is listed with its cost; the plan that was written is among the cheapest."""
    rng = np.random.default_rng(3)
    grey = np.cumsum(rng.integers(-3, 4, (120, 160)), axis=1)
    array = np.stack([grey, grey + rng.integers(0, 2, grey.shape), 255 - grey], -1)
    considered: list[plan.Considered] = []
    node, _ = plan.plan_field(array, 5, None, considered)
    assert isinstance(node, Branch | Leaf)
    assert all(0 < one.samples <= one.size and one.cost > 0 for one in considered)
    assert any(isinstance(one.node, Branch) for one in considered)
    data = compress.compress(array, threads=1)
    text = str(compress.inspect(data, explain=True))
    assert text.count("candidate") == len(considered)
    assert "candidate" not in str(compress.inspect(data))


def test_dearer_candidates_drop_out_first() -> None:
    """Each round of the plane models has no more of them than the round before."""
    plane = np.cumsum(np.random.default_rng(4).integers(-9, 10, 90_000))
    considered: list[plan.Considered] = []
    node, _ = plan.plan_field(plane, 5, None, considered)
    models = [one for one in considered if isinstance(one.node, Leaf) and one.size == plane.size]
    rounds = sorted({one.samples for one in models})
    counts = [sum(one.samples == samples for one in models) for samples in rounds]
    assert counts == sorted(counts, reverse=True)
    assert len(list(leaves(node))) >= 1


@pytest.mark.parametrize("level", [1, 3])
def test_a_mask_does_not_hide_a_mirror_image(level: int) -> None:
    """A background is masked by estimate, but half of the picture says all."""
    generator = np.random.default_rng(4)
    half = np.cumsum(generator.integers(-9, 10, (60, 40, 40)), axis=2)
    half[:, :12] = 0
    whole = np.concatenate([half, half[::-1]]).astype(np.int16)
    assert len(compress.compress(whole, level=level)) < 1.05 * len(
        compress.compress(half.astype(np.int16), level=level)
    )


def test_a_refused_step_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fits the sample but not the whole costs nothing."""
    values = np.random.default_rng(5).integers(-40, 40, 60_000)
    values[::2] = 1 << 40

    def split(array: np.ndarray, parameters: Parameters) -> tuple[Child, ...] | None:
        del parameters
        return (Child(array // 64, next_stage=0),) if array.size < 20_000 else None

    refusing = SimpleNamespace(**{**vars(STRANGER), "split": split})
    alone = len(compress.compress(values, level=1))
    monkeypatch.setitem(STEPS, refusing.CODE, refusing)
    assert len(compress.compress(values, level=1)) == alone


@pytest.mark.parametrize("level", [1, 3, 5])
def test_floats_that_refuse_all_that_suits_their_sample_are_coded(
    level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many steps as go on at any level suit a sample of floats, and none of them the whole."""

    def split(array: np.ndarray, parameters: Parameters) -> tuple[Child, ...] | None:
        del parameters
        zeros = np.zeros(array.shape, np.int64)
        return (Child(zeros, next_stage=STAGE_HOLES),) if array.size < 20_000 else None

    for code in range(901, 911):
        refusing = SimpleNamespace(
            **{
                **vars(STRANGER),
                "CODE": code,
                "TRAITS": Traits(STAGE_NUMBERS, search_ns=0.0, encode_ns=1.0, decode_ns=1.0),
                "accepts": lambda dtype: dtype.kind == "f",
                "candidates": lambda *_: iter([(0,)]),
                "split": split,
            }
        )
        monkeypatch.setitem(STEPS, code, refusing)
    values = np.random.default_rng(6).normal(0, 1, 60_000)
    data = compress.compress(values, level=level)
    assert (compress.decompress(data) == values).all()
