"""Every compressor gives back what it was given, and refuses what it cannot take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import peers
from benchmarks.peers.general import shuffle, unshuffle
from benchmarks.peers.layout import Layout, best
from benchmarks.peers.peer import Array, Peer
from benchmarks.peers.pictures import narrowed

INSTALLED = [peer for peer in peers.every() if not peer.missing() and peer.family != peers.OURS]


def _samples() -> dict[str, Array]:
    rng = np.random.default_rng(5)
    field = np.cumsum(np.cumsum(rng.normal(size=(24, 20)), axis=0), axis=1)
    return {
        "uint8 picture": (field * 3).astype(np.int64).astype(np.uint8),
        "RGB picture": rng.integers(90, 110, (12, 14, 3), dtype=np.uint8),
        "int16 volume": rng.integers(-900, 900, (6, 8, 5, 2), dtype=np.int16),
        "int16 channels": np.cumsum(rng.integers(-9, 9, (500, 2)), axis=0).astype(np.int16),
        "int32 trace": np.cumsum(rng.integers(-99, 99, 700)).astype(np.int32),
        "int64 column": rng.integers(0, 9, 300) * 10**12,
        "float32 field": field.astype(np.float32),
        "float64 column": np.round(field.ravel(), 2),
        "mask": field > 0,
        "times": np.arange("2013-01-01", "2013-03-01", dtype="datetime64[D]").astype("M8[s]"),
    }


SAMPLES = _samples()


@pytest.mark.parametrize(
    "peer", [peer for peer in INSTALLED if not peer.bounded], ids=lambda peer: str(peer.name)
)
def test_lossless_peers_return_exactly_what_they_were_given(peer: Peer) -> None:
    """Shape, dtype and every bit, for each sample that the peer takes; it takes at least one."""
    taken = 0
    for name, array in SAMPLES.items():
        job = peer.prepare(array, None)
        if job is None:
            continue
        data = job.encode(job.source)
        assert isinstance(data, bytes)
        back = job.restore(job.decode(data))
        assert back.dtype == array.dtype, name
        assert back.shape == array.shape, name
        assert back.tobytes() == array.tobytes(), name
        taken += 1
    assert taken


@pytest.mark.parametrize(
    "peer", [peer for peer in INSTALLED if peer.bounded], ids=lambda peer: str(peer.name)
)
def test_bounded_peers_stay_near_their_bound_on_a_smooth_field(peer: Peer) -> None:
    """Within the bound up to float32 rounding: the harness measures what each really does."""
    array = SAMPLES["float32 field"]
    job = peer.prepare(array, 0.25)
    assert job is not None
    back = job.restore(job.decode(job.encode(job.source)))
    assert back.shape == array.shape
    assert np.abs(back.astype(np.float64) - array).max() <= 0.25 + 1e-4


@given(data=st.binary(max_size=64), width=st.sampled_from([1, 2, 4, 8]))
@settings(deadline=None)
def test_shuffle_is_reversible(data: bytes, width: int) -> None:
    """For any whole number of samples."""
    whole = data[: len(data) // width * width]
    assert unshuffle(shuffle(whole, width), width) == whole


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    axes=st.integers(1, 4),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_a_layout_is_undone_exactly(shape: tuple[int, ...], axes: int, seed: int) -> None:
    """Any order of axes, merged to any number of them."""
    array = np.arange(np.prod(shape)).reshape(shape)
    order = tuple(np.random.default_rng(seed).permutation(len(shape)).tolist())
    layout = Layout(order, axes)
    arranged = layout.apply(array)
    assert arranged.ndim <= max(axes, 1)
    np.testing.assert_array_equal(layout.undo(arranged, shape), array)


def test_the_layout_whose_encoding_is_shortest_is_chosen() -> None:
    """A coder that likes many rows gets the tall orientation."""
    layout = best(np.zeros((2, 9)), 2, "tall", lambda a: bytes(100 - a.shape[0]))
    assert layout == Layout((1, 0), 2)


def test_integers_of_small_range_are_narrowed_whatever_their_dtype() -> None:
    """An int64 column between 1000 and 1255 is 8-bit data for a picture coder."""
    small = narrowed(np.array([1000, 1255]))
    assert small is not None
    assert small[0].dtype == np.uint8
    assert small[1] == 1000
    assert narrowed(np.array([0, 1 << 16])) is None
    assert narrowed(np.array([0.0])) is None


def test_peers_are_chosen_by_name_or_family() -> None:
    """A typing error is answered with what there is."""
    assert {peer.name for peer in peers.select(["zlib", "xz 9e"])} == {"zlib 6", "zlib 9", "xz 9e"}
    with pytest.raises(ValueError, match=r"'lzip'.*zlib"):
        peers.select(["lzip"])
