"""The wavefront model: exact on any plane, learned from the data, safe on any bytes."""

from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.prediction import wavefront
from compress.prediction.wavefront.family import FAMILIES, STEPS, Family, choose_tables, table_set
from compress.prediction.wavefront.feedback import MOST_FEEDBACK
from compress.prediction.wavefront.fit import least_absolute
from compress.prediction.wavefront.kernel import COUNTED
from compress.prediction.wavefront.layout import coefficient_counts, margined_size, shape_of
from compress.prediction.wavefront.search import choose_axes
from compress.tables import DensityTable, HistogramTable

slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=30)
shapes = st.sampled_from(
    [(16, 16), (300, 3), (3, 300), (67, 19), (130, 8), (8, 9, 7), (3, 70, 20), (20, 20, 3),
     (2, 3, 4, 5, 6), (5, 2, 64, 2), (65, 64)]
)  # fmt: skip


def _smooth(shape: tuple[int, ...], seed: int, bits: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    plane = rng.integers(-(1 << bits), (1 << bits) + 1, shape)
    if seed % 2:
        plane = plane.cumsum(axis=seed // 2 % len(shape))
    if seed % 3 == 0:
        plane *= rng.random(shape) < 0.1
    return np.ascontiguousarray(plane)


@slow
@given(shapes, st.integers(0, 2**32 - 1), st.integers(0, 38), st.sampled_from([2, 3, 4]))
def test_round_trip(shape: tuple[int, ...], seed: int, bits: int, level: int) -> None:
    """Planes of two to five axes, rough or smooth, narrow or wide, come back exactly."""
    plane = _smooth(shape, seed, bits)
    parameters = wavefront.propose(plane, level)
    if parameters is None:
        return
    data = wavefront.encode(plane, parameters)
    back = wavefront.decode(memoryview(data), shape, parameters)
    np.testing.assert_array_equal(back, plane)
    assert back.dtype == np.int64


@slow
@given(shapes, st.integers(0, 2**32 - 1), st.integers(0, 34))
def test_what_was_kept_is_what_is_computed(shape: tuple[int, ...], seed: int, bits: int) -> None:
    """The encoder gives the same bytes with what the fit left and without it."""
    plane = _smooth(shape, seed, bits)
    parameters = wavefront.propose(plane, 2)
    if parameters is None:
        return
    assert wavefront.encode(plane, parameters) == wavefront.encode(plane, tuple(parameters))


def _averaged(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Noise that is averaged along rows and columns: samples far away tell of the next as well."""
    noise = np.random.default_rng(seed).normal(0, 100, shape)
    for axis in (-1, -2) * 3:
        noise += np.roll(noise, 1, axis)
    return np.ascontiguousarray(noise.round().astype(np.int64))


def _fed(parameters: tuple[int, ...], shares: list[int] | None) -> tuple[int, ...]:
    """Parameters with other shares of feedback, or without any."""
    at = 1 + parameters[0]
    sets = (parameters[at] - 1) % 3 + 1
    # Four numbers stand between the number of sets and the coefficients.
    behind = at + 5 + sum(6 + count for count in coefficient_counts(sets))
    rest = behind + 3 * sets * (parameters[at] > 3)
    listed = [] if shares is None else (shares * 3)[: 3 * sets]
    coded = sets + 3 * (shares is not None)
    return (*parameters[:at], coded, *parameters[at + 1 : behind], *listed, *parameters[rest:])


@pytest.mark.parametrize("shape", [(200, 300), (3, 90, 110), (90, 3, 110)])
def test_feedback_is_chosen_where_it_pays(shape: tuple[int, ...]) -> None:
    """Averaged noise takes fewer bits with what was left of neighbours than without it."""
    plane = _averaged(shape, 7)
    parameters = wavefront.propose(plane, 3)
    assert parameters is not None
    assert parameters[1 + parameters[0]] > 3
    data = wavefront.encode(plane, parameters)
    np.testing.assert_array_equal(wavefront.decode(memoryview(data), shape, parameters), plane)
    without = wavefront.encode(plane, _fed(parameters, None))
    assert len(data) < 0.99 * len(without)


@pytest.mark.parametrize("level", [2, 3, 4])
def test_feedback_is_left_out_where_it_does_not_pay(level: int) -> None:
    """What few neighbours tell as well as all has no feedback, so it takes no time for it."""
    noise = np.random.default_rng(8).normal(0, 9, (200, 300)).round().astype(np.int64)
    for plane in (noise.cumsum(1), noise.cumsum(0).cumsum(1)):
        parameters = wavefront.propose(plane, level)
        assert parameters is not None
        assert parameters[1 + parameters[0]] <= 3


@slow
@given(
    shapes, st.integers(0, 2**32 - 1), st.integers(0, 38),
    st.lists(st.integers(-MOST_FEEDBACK, MOST_FEEDBACK), min_size=3, max_size=9),
)  # fmt: skip
def test_round_trip_with_any_feedback(
    shape: tuple[int, ...], seed: int, bits: int, shares: list[int]
) -> None:
    """Whatever a location takes of residuals, narrow planes and wide ones come back exactly."""
    plane = _smooth(shape, seed, bits)
    learned = wavefront.propose(plane, 2)
    if learned is None:
        return
    parameters = _fed(learned, shares)
    data = wavefront.encode(plane, parameters)
    back = wavefront.decode(memoryview(data), shape, parameters)
    np.testing.assert_array_equal(back, plane)


@pytest.mark.parametrize("share", [MOST_FEEDBACK + 1, -MOST_FEEDBACK - 1, 2**62])
def test_shares_of_feedback_are_bounded(share: int) -> None:
    """No share is so large that sums could overflow."""
    plane = _averaged((40, 50), 9)
    learned = wavefront.propose(plane, 2)
    assert learned is not None
    parameters = _fed(learned, [0, share, 0])
    data = memoryview(wavefront.encode(plane, learned))
    with pytest.raises(CorruptError, match="share of feedback"):
        wavefront.decode(data, plane.shape, parameters)


@slow
@given(st.integers(0, 2**32 - 1), st.integers(0, 31))
def test_parameters_of_another_plane(seed: int, bits: int) -> None:
    """What was learned on one plane codes others of any shape, or says that it cannot."""
    rng = np.random.default_rng(seed)
    learned = rng.normal(0, 20, (3, 20, 30)).cumsum(1).astype(np.int64)
    parameters = wavefront.propose(learned, 3)
    assert parameters is not None
    shape = [(3, 20, 30), (1, 90, 21), (9, 66, 40)][seed % 3]
    other = rng.integers(-(1 << bits), 1 << bits, shape)
    try:
        data = wavefront.encode(other, tuple(parameters))
    except ValueError:
        assert bits > 28
        return
    np.testing.assert_array_equal(
        wavefront.decode(memoryview(data), shape, tuple(parameters)), other
    )


def test_not_for_every_plane() -> None:
    """Planes of one axis, tiny ones and those wider than the arithmetic are declined."""
    plane = np.arange(10_000)
    assert wavefront.propose(plane, 2) is None
    assert wavefront.bound(plane, plane.size) == np.inf
    assert wavefront.propose(plane[:100].reshape(10, 10), 3) is None
    assert wavefront.propose(plane.reshape(100, 100) << 40, 3) is None
    # Rows of two samples have margins three times as long.
    assert wavefront.propose(plane.reshape(50, 100, 2) % 7, 3) is not None
    assert wavefront.propose(plane.reshape(5000, 1, 2), 3) is None


def test_near_the_entropy_of_noise_whose_scale_changes() -> None:
    """Where the noise changes from place to place, the classes find it: bits near the entropy."""
    rng = np.random.default_rng(2)
    scale = np.exp(np.linspace(-1, 5, 200))[:, None] * np.ones((200, 200))
    plane = np.round(rng.laplace(0, scale)).astype(np.int64)
    parameters = wavefront.propose(plane, 3)
    assert parameters is not None
    bits = 8 * len(wavefront.encode(plane, parameters)) / plane.size
    known = np.mean(np.maximum(np.log2(2 * np.e * scale), 0.3))
    # A dozen residuals tell a scale to about a quarter.
    assert bits < known + 0.3


@pytest.mark.parametrize("known", [True, False])
def test_locations_between_integers_are_known(known: bool) -> None:
    """Tables know where a location lies between integers, where residuals depend on it."""
    rng = np.random.default_rng(3)
    counts = np.zeros((2, 2 * COUNTED + 2), np.int64)
    for phase, middle in enumerate((0.125, 0.375)):
        tokens = np.rint(rng.laplace(middle if known else 0.0, 0.6, 50_000)).astype(np.int64)
        counts[phase, :-1] = np.bincount(tokens + COUNTED, minlength=2 * COUNTED + 1)
    family, bits = choose_tables(counts, [0], 1.0)
    assert family.phased == known
    assert FAMILIES[family.base] == "laplace"
    assert bits / 100_000 < np.log2(2 * np.e * 0.6) + 0.2


def test_slices_predict_the_next() -> None:
    """Slices that repeat with noise cost the noise, whatever is in them and wherever they lie."""
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (40, 50))
    plane = picture + rng.normal(0, 2, (12, 40, 50)).round().astype(np.int64)
    known = np.log2(2 * np.sqrt(2) * np.sqrt(2 * np.pi * np.e))
    for axes in ((0, 1, 2), (1, 0, 2), (1, 2, 0)):
        moved = np.ascontiguousarray(plane.transpose(axes))
        parameters = wavefront.propose(moved, 3)
        assert parameters is not None
        # The first slice has none behind it and takes 8 bits.
        bits = 8 * len(wavefront.encode(moved, parameters)) / plane.size
        assert bits < known + 8 / 12


@pytest.mark.parametrize("name", ["gradient", "noise", "steps", "few"])
def test_bound_is_about_what_coding_takes(name: str) -> None:
    """The estimate from a sample is within a tenth of the size, and 0.1 bits."""
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 5, (300, 300)).round().astype(np.int64)
    plane = {
        "gradient": np.add.outer(np.arange(300), np.arange(300)) + noise,
        "noise": noise << 6,
        "steps": noise.cumsum(1),
        "few": (noise > 9).astype(np.int64),
    }[name]
    parameters = wavefront.propose(plane, 2)
    assert parameters is not None
    bits = 8 * len(wavefront.encode(plane, parameters))
    assert wavefront.bound(plane, plane.size) == pytest.approx(bits, rel=0.1, abs=9000)


def test_axes_of_channels_are_scanned_first() -> None:
    """Channels of a picture are slices, and short rows of a table are its columns."""
    rng = np.random.default_rng(6)
    assert choose_axes(rng.integers(0, 9, (60, 50, 3)))[0] == 2
    assert choose_axes(rng.integers(0, 9, (500, 4))) == (1, 0)


def test_least_absolute_residuals() -> None:
    """Coefficients of made-up data are recovered although some of it is far off."""
    rng = np.random.default_rng(0)
    features = rng.normal(0, 50, (5000, 3))
    target = features @ [1.0, -0.5, 0.25] + rng.laplace(0, 1, 5000)
    target[:50] += 5000.0
    assert np.allclose(least_absolute(target, features), [1.0, -0.5, 0.25], atol=0.02)


@pytest.mark.parametrize("base", range(len(FAMILIES)))
def test_every_member_of_a_family_is_a_table(base: int) -> None:
    """All scales give valid tables with an escape, with plain bits below and without."""
    steps = tuple(range(STEPS[0], STEPS[1] + 1))
    for phased in (0, 1):
        for shift in (0, 1, 5, 62):
            tables = table_set(Family(base, phased, steps, {}), [shift] * len(steps))
            assert len(tables) == len(steps) << phased
            assert tables.escape.all()


@slow
@given(st.data())
def test_hostile_parameters_and_words(data: st.DataObject) -> None:
    """Altered parameters or words give a plane or `CorruptError`."""
    shape = data.draw(st.sampled_from([(4, 12, 8), (70, 20)]))
    plane = np.random.default_rng(1).normal(0, 9, shape).cumsum(0).astype(np.int64)
    plane[1:3, 5] <<= data.draw(st.sampled_from([0, 9, 34]))
    learned = wavefront.propose(plane, 3)
    assert learned is not None
    if data.draw(st.booleans()):
        learned = _fed(learned, [60, -128, 128])
    coded = bytearray(wavefront.encode(plane, learned))
    parameters = list(learned)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(parameters) - 1))
        parameters[at] = data.draw(st.integers(-4, 4) | st.integers(-(2**63), 2**63 - 1))
    if data.draw(st.booleans()):
        coded[data.draw(st.integers(0, len(coded) - 1))] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del coded[data.draw(st.integers(0, len(coded))) :]
    try:
        back = wavefront.decode(memoryview(bytes(coded)), shape, tuple(parameters))
    except CorruptError:
        return
    assert back.shape == shape
    assert back.dtype == np.int64


@pytest.mark.parametrize("shape", [(12, 25), (5, 8, 10)])
def test_prefix_of_parameters(shape: tuple[int, ...]) -> None:
    """Parameters that end early are refused."""
    plane = np.arange(prod(shape)).reshape(shape) % 37
    parameters = wavefront.propose(plane, 2)
    assert parameters is not None
    coded = memoryview(wavefront.encode(plane, parameters))
    for end in range(len(parameters)):
        with pytest.raises(CorruptError):
            wavefront.decode(coded, shape, parameters[:end])


@pytest.mark.parametrize("shape", [(12, 25), (70, 20)])
def test_an_escape_without_an_outlier_is_refused(shape: tuple[int, ...]) -> None:
    """As many tokens are listed as there are escapes: no fewer are taken."""
    plane = np.random.default_rng(3).integers(0, 3, shape)
    parameters = wavefront.propose(plane, 2)
    assert parameters is not None
    plane = plane.copy()
    plane[4:70:60, 3] = 900
    coded = wavefront.encode(plane, parameters)
    assert np.array_equal(wavefront.decode(memoryview(coded), shape, parameters), plane)
    # Behind the empty list of spikes: words, outliers of the first lane, all, the size of one.
    first, listed = (int.from_bytes(coded[at : at + 4], "little") for at in (5, 9))
    end = 14 + (listed << coded[13])
    assert coded[0] == 0
    assert listed > 0
    fewer = (min(first, listed - 1).to_bytes(4, "little"), (listed - 1).to_bytes(4, "little"))
    shorter = coded[:5] + b"".join(fewer) + coded[13 : end - (1 << coded[13])] + coded[end:]
    with pytest.raises(CorruptError, match="end with"):
        wavefront.decode(memoryview(shorter), shape, parameters)


def test_margins_are_bounded() -> None:
    """A stream cannot ask for many times the memory of its plane by a scan with narrow rows."""
    parameters = wavefront.propose(np.arange(2400).reshape(2, 20, 60) % 37, 2)
    assert parameters is not None
    shape = (2000, 2, 2)
    assert margined_size(shape_of(shape, (0, 1, 2))) > 6 * prod(shape)
    with pytest.raises(CorruptError, match="narrow"):
        wavefront.decode(memoryview(bytes(40)), shape, parameters)


@pytest.mark.parametrize("kind", [DensityTable, HistogramTable])
def test_tables_are_no_larger_than_any_that_is_written(kind: type) -> None:
    """A few integers cannot ask for a hundred tables of a million tokens each."""
    plane = np.rint(np.random.default_rng(0).normal(0, 20, (64, 64))).astype(np.int64)
    learned = wavefront.propose(plane, 2)
    assert learned is not None
    # All tables are of the family.
    assert learned[-1] == 0
    coded = memoryview(wavefront.encode(plane, learned))
    size = 2 * COUNTED + 2
    table = kind(0, size, 1, "uniform") if kind is DensityTable else kind(0, (0,) * size, 1)
    with pytest.raises(CorruptError, match="number of symbols"):
        wavefront.decode(coded, plane.shape, (*learned[:-1], 1, 0, *table.to_integers()))
