"""The counting model: any plane comes back, wrong bytes are refused, and structure is found."""

from __future__ import annotations

from math import prod

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compress.coders import encode_decisions
from compress.errors import CorruptError
from compress.prediction import counts
from compress.prediction.counts.contexts import RECIPES

SHAPES = ((1,), (2,), (700,), (30, 1), (1, 40), (25, 31), (60, 3), (7, 9, 10), (6, 7, 8, 2))


def parameters_of(
    plane: np.ndarray, recipe: int, informed: int, slot_bits: int = 6
) -> tuple[int, ...]:
    """Parameters by hand, for any recipe."""
    low = int(plane.min())
    size = int(plane.max()) - low + 1
    return (low, size, recipe, slot_bits, informed)


def markov(n: int, size: int, seed: int) -> np.ndarray:
    """Draw a chain that mostly goes on to one successor."""
    rng = np.random.default_rng(seed)
    successor = rng.permutation(size)
    jumps = rng.random(n) < 0.3
    target = rng.integers(0, size, n)
    plane = np.zeros(n, dtype=np.int64)
    for i in range(1, n):
        plane[i] = target[i] if jumps[i] else successor[plane[i - 1]]
    return plane


@pytest.mark.parametrize("recipe", range(len(RECIPES)))
@pytest.mark.parametrize("informed", [0, 1])
def test_every_recipe_gives_back_every_shape(recipe: int, informed: int) -> None:
    """Any recipe may be asked for any shape: also rows of one sample and lags beyond the end.

    Only contexts for each channel are refused where there are too many of them.
    """
    rng = np.random.default_rng(recipe)
    for shape in SHAPES:
        if RECIPES[recipe](shape).phases > 64:
            with pytest.raises(CorruptError, match="channels"):
                counts.decode(memoryview(bytes(8)), shape, (0, 2, recipe, 6, informed))
            continue
        for size in (2, 3, 40):
            plane = np.minimum(rng.geometric(0.2, shape), size) - 1 - size // 2
            parameters = parameters_of(plane, recipe, informed)
            data = counts.encode(plane, parameters)
            decoded = counts.decode(memoryview(data), shape, parameters)
            assert decoded.dtype == np.int64
            np.testing.assert_array_equal(decoded, plane)


@settings(deadline=None, max_examples=40)
@given(
    plane=hnp.arrays(
        np.int64,
        hnp.array_shapes(max_dims=3, max_side=12),
        elements=st.one_of(st.integers(-3, 3), st.integers(-(2**15), 2**15 - 1)),
    ),
    offset=st.one_of(st.integers(-(2**63) + 2**15, 2**63 - 2**15 - 1), st.just(2**15 - 2**63)),
    level=st.integers(5, 9),
)
def test_whatever_is_proposed_round_trips(plane: np.ndarray, offset: int, level: int) -> None:
    """Also at the ends of int64, where arithmetic on symbols could overflow."""
    plane = plane + offset
    parameters = counts.propose(plane, level)
    assert parameters is not None
    assert all(-(1 << 63) <= value < 1 << 63 for value in parameters)
    data = counts.encode(plane, parameters)
    np.testing.assert_array_equal(counts.decode(data, plane.shape, parameters), plane)


def test_the_widest_alphabet_round_trips_and_a_wider_one_is_declined() -> None:
    """65,536 symbols are the most."""
    plane = np.arange(1 << 16, dtype=np.int64)[::-1].copy()
    parameters = parameters_of(plane, 1, 1, 12)
    data = counts.encode(plane, parameters)
    np.testing.assert_array_equal(counts.decode(data, plane.shape, parameters), plane)
    assert counts.propose(np.array([0, 1 << 16]), 5) is None
    assert counts.propose(np.array([-(2**63), 2**63 - 1]), 5) is None


def test_low_levels_and_empty_planes_are_declined() -> None:
    """Below level 4, which stands for a quick look, decoding has to be faster than this."""
    assert counts.propose(np.zeros(10, dtype=np.int64), 3) is None
    assert counts.propose(np.zeros((0, 3), dtype=np.int64), 5) is None


@pytest.mark.parametrize("level", [1, 5, 8])
@pytest.mark.parametrize("plane", [np.arange(0), np.full(9, -3), np.arange(2**17) * 3])
def test_a_glance_declines_what_a_proposal_declines(plane: np.ndarray, level: int) -> None:
    """Or a model would enter a round that it cannot finish."""
    assert (counts.glance(plane, level) is None) == (counts.propose(plane, level) is None)


@pytest.mark.parametrize("shape", [(4096,), (64, 64), (1365, 3)])
def test_a_glance_is_not_far_from_a_proposal(shape: tuple[int, ...]) -> None:
    """It round-trips, and takes at most a twentieth more than what trials find."""
    plane = markov(prod(shape), 12, 5).reshape(shape)
    glanced, proposed = counts.glance(plane, 5), counts.propose(plane, 5)
    assert glanced is not None
    assert proposed is not None
    data = counts.encode(plane, glanced)
    np.testing.assert_array_equal(counts.decode(memoryview(data), shape, glanced), plane)
    assert len(data) < 1.05 * len(counts.encode(plane, proposed))


def test_a_constant_plane_takes_no_bytes() -> None:
    """The parameters say everything."""
    plane = np.full((30, 4), -5)
    parameters = counts.propose(plane, 5)
    assert parameters is not None
    assert counts.encode(plane, parameters) == b""
    np.testing.assert_array_equal(counts.decode(b"", plane.shape, parameters), plane)


def test_words_are_those_of_constriction() -> None:
    """With adaptation known, constriction's own coder decodes every decision of the stream."""
    plane = markov(300, 5, 1)
    parameters = parameters_of(plane, 1, 1)
    low, size, recipe, slot_bits, informed = counts._parse(parameters, plane.shape)
    decisions = np.concatenate(
        counts.decisions((plane - low).astype(np.int32), size, recipe, slot_bits, informed=informed)
    )
    words = np.frombuffer(counts.encode(plane, parameters), dtype="<u4").astype(np.uint32)
    coder = constriction.stream.stack.AnsCoder(words)
    for decision in decisions.tolist():
        yes, answer = decision & 0xFFFFFF, decision >> 31
        masses = np.array([yes - 1, (1 << 24) - yes - 1], dtype=np.float64)
        model = constriction.stream.model.Categorical(masses, perfect=False)
        assert coder.decode(model) == 1 - answer
    assert coder.is_empty()


@pytest.mark.parametrize("level", [5, 8])
def test_a_known_source_costs_little_more_than_its_entropy(level: int) -> None:
    """A first-order chain: 0.88 bits for the jump, then log2(size) bits for 3 in 10."""
    size, n = 16, 20000
    plane = markov(n, size, 2)
    stay = 0.7 + 0.3 / size
    other = 0.3 / size
    entropy = -(stay * np.log2(stay) + (size - 1) * other * np.log2(other))
    parameters = counts.propose(plane, level)
    assert parameters is not None
    assert len(counts.encode(plane, parameters)) * 8 / n < 1.035 * entropy


def test_repeats_are_found() -> None:
    """Twelve copies of 500 random symbols cost less than two."""
    rng = np.random.default_rng(3)
    plane = np.tile(rng.integers(0, 100, 500), 12)
    parameters = counts.propose(plane, 5)
    assert parameters is not None
    assert len(counts.encode(plane, parameters)) < 2 * 500 * 7 / 8


def test_a_mask_is_coded_by_its_outline() -> None:
    """A disc of radius 45 in 16,384 pixels."""
    y, x = np.mgrid[:128, :128]
    disc = ((y - 60) ** 2 + (x - 64) ** 2 < 45**2).astype(np.int64)
    parameters = counts.propose(disc, 5)
    assert parameters is not None
    assert len(counts.encode(disc, parameters)) < 120


def test_a_short_sequence_costs_little_to_learn() -> None:
    """300 symbols cost at most a tenth more than their empirical entropy."""
    rng = np.random.default_rng(4)
    plane = np.minimum(rng.geometric(0.5, 300), 8) - 1
    p = np.bincount(plane) / plane.size
    entropy = -(p * np.log2(p)).sum() * plane.size
    parameters = counts.propose(plane, 5)
    assert parameters is not None
    assert len(counts.encode(plane, parameters)) * 8 < 1.1 * entropy + 32


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_altered_bytes_and_parameters_give_a_plane_or_an_error_of_ours(data: st.DataObject) -> None:
    """Damage never escapes as another exception, nor hangs."""
    shape = data.draw(st.sampled_from([(40,), (6, 8), (12, 3)]))
    recipe = data.draw(st.integers(0, len(RECIPES) - 1))
    plane = markov(prod(shape), 9, 5).reshape(shape)
    parameters = parameters_of(plane, recipe, data.draw(st.integers(0, 1)))
    bytes_ = bytearray(counts.encode(plane, parameters))
    for _ in range(data.draw(st.integers(0, 3))):
        bytes_[data.draw(st.integers(0, len(bytes_) - 1))] ^= data.draw(st.integers(1, 255))
    bytes_ = bytes_[: data.draw(st.integers(0, len(bytes_)))]
    if data.draw(st.booleans()):
        changed = list(parameters)
        changed[data.draw(st.integers(0, 4))] = data.draw(
            st.one_of(st.integers(0, 20), st.integers(0, 2**70))
        )
        parameters = tuple(changed)
    try:
        decoded = counts.decode(bytes(bytes_), shape, parameters)
    except CorruptError:
        return
    assert decoded.shape == shape


@pytest.mark.parametrize(
    "parameters",
    [
        (),
        (0,) * 6,
        (0, 0, 0, 8, 0),
        (0, 70000, 0, 8, 0),
        (0, 5, 99, 8, 0),
        (0, 5, 1, 60, 0),
    ],
)
def test_impossible_parameters_are_corrupt(parameters: tuple[int, ...]) -> None:
    """Parameters are checked before anything is allocated."""
    with pytest.raises(CorruptError):
        counts.decode(b"", (5,), parameters)


@pytest.mark.parametrize("recipe", range(len(RECIPES)))
def test_a_plane_of_no_axis_has_no_channels(recipe: int) -> None:
    """Recipes of channels are refused for it, whose last axis does not exist; others decode."""
    parameters = (0, 2, recipe, 6, 0)
    if recipe in (4, 5):
        with pytest.raises(CorruptError, match="no axis"):
            counts.decode(b"", (), parameters)
    else:
        coded = counts.encode(np.array(1), parameters)
        assert counts.decode(coded, (), parameters) == 1


def test_a_short_plane_cannot_ask_for_large_tables() -> None:
    """Nor can a plane be longer than the encoder makes them."""
    plane = markov(20, 9, 6)
    parameters = parameters_of(plane, 3, 0)
    for slot_bits, shape in ((17, plane.shape), (6, (1 << 40,))):
        with pytest.raises(CorruptError):
            counts.decode(b"", shape, (*parameters[:3], slot_bits, 0))


def test_missing_and_extra_words_are_corrupt() -> None:
    """The coder must end where the encoder began."""
    plane = markov(500, 9, 6)
    parameters = parameters_of(plane, 1, 1)
    data = counts.encode(plane, parameters)
    for wrong in (data[:-4], data + b"\1\0\0\0", data[:-1], b""):
        with pytest.raises(CorruptError):
            counts.decode(wrong, plane.shape, parameters)


def test_a_repeat_from_far_back_is_found_in_a_long_plane() -> None:
    """The period is longer than the block that contexts are tried on."""
    plane = np.tile(np.random.default_rng(7).integers(0, 64, 45000), 2)
    parameters = counts.propose(plane, 5)
    assert parameters is not None
    assert len(counts.encode(plane, parameters)) < 1.1 * 45000 * 6 / 8


def test_channels_that_depend_on_each_other_share_their_bits() -> None:
    """A third column is the mean of two random ones and a little noise: 2 bits, not 8."""
    rng = np.random.default_rng(8)
    first = rng.integers(0, 256, (6000, 2))
    third = first.sum(axis=1, keepdims=True) // 2 + rng.integers(0, 4, (6000, 1))
    plane = np.concatenate([first, third], axis=1)
    parameters = counts.propose(plane, 5)
    assert parameters is not None
    assert len(counts.encode(plane, parameters)) * 8 / plane.size < (8 + 8 + 4) / 3


def test_strong_levels_are_no_larger() -> None:
    """Level 8 has more contexts to choose from than level 5."""
    for plane in (markov(8000, 30, 9), np.cumsum(markov(8000, 5, 10) - 2) // 50):
        sizes = []
        for level in (5, 8):
            parameters = counts.propose(plane, level)
            assert parameters is not None
            sizes.append(len(counts.encode(plane, parameters)))
        assert sizes[1] <= 1.01 * sizes[0]


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 3000), st.floats(0.001, 0.999), st.integers(2, 400)
)
def test_trees_are_no_deeper_than_decoders_take(seed: int, n: int, share: float, size: int) -> None:
    """By the frequencies of the symbols themselves, decisions are few on the mean."""
    rng = np.random.default_rng(seed)
    plane = np.minimum(rng.geometric(share, n) - 1, size - 1)
    plane = rng.permutation(size)[plane]
    plane[:1] = 0
    low, high = int(plane.min()), int(plane.max())
    parameters = (low, high - low + 1, 0, 6, 1)
    data = counts.encode(plane, parameters)
    np.testing.assert_array_equal(counts.decode(memoryview(data), plane.shape, parameters), plane)


def test_trees_that_are_deep_where_symbols_are_frequent_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Frequencies that say the rarest of what is most frequent would take three times as long."""
    symbols = np.full(5000, 26, np.int32)
    symbols[:27] = np.arange(27)
    monkeypatch.setattr(counts, "symbol_lengths", lambda _: np.arange(1, 28))
    parameters = (0, 27, 0, 6, 1)
    with pytest.raises(ValueError, match="more than a decoder takes"):
        counts.encode(symbols.astype(np.int64), parameters)
    recipe = RECIPES[0](symbols.shape)
    masses = np.concatenate(counts.decisions(symbols, 27, recipe, 6, informed=True))
    data = encode_decisions(masses).astype("<u4").tobytes()
    with pytest.raises(CorruptError):
        counts.decode(memoryview(data), symbols.shape, parameters)
