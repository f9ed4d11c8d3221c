"""The static model: exact on any plane, and its parts against plain arithmetic."""

from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compress.errors import CorruptError
from compress.kernels import for_numba
from compress.prediction import static
from compress.prediction.common.entropy import TABLE_SIZE
from compress.prediction.common.low import BLOCK, put_low_bits, take_low_bits
from compress.prediction.static.lorenzo import axis_sets, differences, sums
from compress.prediction.static.pairs import joined
from compress.prediction.static.tokens import coarser, sum_up
from compress.tables import DensityTable, HistogramTable, TableSet, fit_table

slow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
shapes = st.lists(st.integers(1, 9), max_size=4).map(tuple)


@slow
@given(shapes, st.integers(0, 2**32 - 1), st.integers(0, 62))
def test_round_trip(shape: tuple[int, ...], seed: int, bits: int) -> None:
    """Any plane with at least one sample comes back, whatever its range."""
    plane = np.random.default_rng(seed).integers(-(1 << bits), (1 << bits) + 1, shape)
    parameters = static.propose(plane, 1)
    assert parameters is not None
    data = static.encode(plane, parameters)
    assert np.array_equal(static.decode(memoryview(data), shape, parameters), plane)


@slow
@given(shapes, st.integers(0, 2**32 - 1), st.data())
def test_lorenzo_differences_are_reversible(
    shape: tuple[int, ...], seed: int, data: st.DataObject
) -> None:
    """Differences along any set of axes are undone by sums, wrapping included."""
    plane = np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, shape)
    axes = data.draw(st.sampled_from(axis_sets(len(shape))))
    assert np.array_equal(sums(differences(plane, axes), axes), plane)


def test_lorenzo_is_what_it_says() -> None:
    """Two axes give x - left - above + above-left."""
    x = np.random.default_rng(0).integers(0, 99, (5, 6))
    residual = differences(x, 0b11)
    assert np.array_equal(residual[1:, 1:], x[1:, 1:] - x[1:, :-1] - x[:-1, 1:] + x[:-1, :-1])


@slow
@given(shapes, st.integers(0, 62), st.integers(0, 2**32 - 1))
def test_planes_are_as_narrow_as_their_samples(
    shape: tuple[int, ...], bits: int, seed: int
) -> None:
    """A decoded plane is of the narrowest type that holds all samples, whatever its residuals."""
    rng = np.random.default_rng(seed)
    plane = rng.choice(np.array([-(1 << bits), (1 << bits) - 1, 0]), shape)
    need = max(int(-plane.min() - 1), int(plane.max()), 0).bit_length() + 1
    for axes in axis_sets(len(shape)):
        proposed = static.propose(plane, 1)
        assert proposed is not None
        residual = differences(plane, axes).ravel()
        low_bits = int(max(0, bits - 8))
        table = fit_table(residual >> low_bits, fourier=False)
        parameters = (axes, low_bits, 0, *table.to_integers())
        back = static.decode(memoryview(static.encode(plane, parameters)), shape, parameters)
        assert 8 * back.itemsize == min(size for size in (16, 32, 64) if size >= need)
        assert np.array_equal(back, plane)


def _put(values: np.ndarray, packed: np.ndarray, low_bits: int) -> None:
    """Put low bits behind tokens, as a kernel that numba compiles does it."""
    call = for_numba(put_low_bits)
    with np.errstate(over="ignore"):
        call(values, packed, low_bits, np.uint64(0), np.uint64(values.size))


@slow
@given(
    st.integers(0, 63),
    st.sampled_from([0, 1, 70, BLOCK - 1, BLOCK, 2 * BLOCK + 9]),
    st.sampled_from([np.int16, np.int32, np.int64]),
    st.integers(0, 2**32 - 1),
)
def test_low_bits_come_back(
    low_bits: int, n: int, dtype: type[np.signedinteger], seed: int
) -> None:
    """Low bits fill no more words than they need, and come back behind tokens of any type."""
    values = np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, n)
    packed = np.zeros((n * low_bits >> 6) + 2, np.uint64)
    with np.errstate(over="ignore"):
        assert take_low_bits(values, low_bits, packed)
    assert packed[-1] == 0
    assert int(packed[-2]) < 1 << (n * low_bits % 64)
    tokens = (values >> low_bits).astype(dtype)
    _put(tokens, packed, low_bits)
    assert np.array_equal(tokens, values.astype(dtype))


def test_columns_of_low_bits_have_words_of_their_own() -> None:
    """The layout is what it says: column c of a block has the words c, c + 64, and so on."""
    values = np.zeros(BLOCK, np.int64)
    values[5::64] = np.arange(64)
    packed = np.zeros(6 * 64 + 2, np.uint64)
    assert take_low_bits(values, 6, packed)
    column = packed[5:-2:64]
    bits = sum(i << (6 * i) for i in range(64))
    assert [int(word) for word in column] == [bits >> (64 * i) & (2**64 - 1) for i in range(6)]
    assert not np.delete(packed[:-2], np.s_[5::64]).any()


def test_kernels_check_lengths() -> None:
    """Too few packed words are refused, not read or written."""
    with np.errstate(over="ignore"):
        assert not take_low_bits(np.zeros(100, np.int64), 7, np.zeros(1, np.uint64))
    plane = np.arange(6000) % 1000
    parameters = static.propose(plane, 1)
    assert parameters is not None
    data = static.encode(plane, parameters)
    for cut in (data[:-1], data + b"0", data[:4], bytes([3]) + data[1:]):
        with pytest.raises(CorruptError):
            static.decode(memoryview(cut), plane.shape, parameters)


@slow
@given(st.data())
def test_hostile_parameters_and_data(data: st.DataObject) -> None:
    """Altered parameters or bytes give a plane or `CorruptError`."""
    shape = (7, 9)
    plane = np.arange(prod(shape)).reshape(shape) ** 3
    parameters = list(static.propose(plane, 1) or ())
    coded = bytearray(static.encode(plane, tuple(parameters)))
    at = data.draw(st.integers(0, len(parameters) - 1))
    parameters[at] = data.draw(st.integers(-4, 70) | st.integers(-(2**63), 2**63 - 1))
    if data.draw(st.booleans()):
        coded[data.draw(st.integers(0, len(coded) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        back = static.decode(memoryview(bytes(coded)), shape, tuple(parameters))
    except CorruptError:
        return
    assert back.shape == shape


def test_tables_are_no_larger_than_any_that_is_written() -> None:
    """A few integers cannot ask for a table of a million tokens for a sample."""
    table = DensityTable(0, TABLE_SIZE, 1, "uniform")
    coded = memoryview(static.encode(np.zeros(1, np.int64), (0, 0, 0, *table.to_integers())))
    table = DensityTable(0, TABLE_SIZE + 1, 1, "uniform")
    with pytest.raises(CorruptError, match="number of symbols"):
        static.decode(coded, (1,), (0, 0, 0, *table.to_integers()))


@pytest.mark.parametrize("share", [0.0, 0.002, 0.01, 0.03])
def test_far_residuals_cost_their_bits_and_no_more(share: float) -> None:
    """Rare samples anywhere in 31 bits are escaped, and the others keep their narrow table."""
    rng = np.random.default_rng(0)
    plane = np.rint(rng.normal(0, 3, 50_000)).astype(np.int64)
    far = rng.random(plane.size) < share
    plane[far] = rng.integers(-(1 << 30), 1 << 30, np.count_nonzero(far))
    parameters = static.propose(plane, 1)
    assert parameters is not None
    bits = 8 * len(static.encode(plane, parameters)) / plane.size
    assert bits < 3.66 + share * 45


def test_smooth_densities_have_few_tokens_at_fast_levels() -> None:
    """Low bits that are as good as plain stand outside the tokens, for about the same bits."""
    plane = np.rint(np.random.default_rng(0).normal(0, 300, 100_000)).astype(np.int64)
    sizes = {}
    for level in (1, 3):
        parameters = static.propose(plane, level)
        assert parameters is not None
        sizes[level] = len(static.encode(plane, parameters)), parameters[1]
    assert sizes[1][1] > sizes[3][1]
    assert sizes[1][0] < 1.001 * sizes[3][0]


@pytest.mark.parametrize("base", [2, 5, 8, 100])
def test_multiples_keep_their_tokens(base: int) -> None:
    """Where low bits are not plain, they stay in the tokens."""
    tokens = np.rint(np.random.default_rng(0).normal(0, 1000 / base, 100_000)).astype(np.int64)
    counts = np.bincount(tokens * base - int(tokens.min()) * base)
    assert coarser(0, counts, 0, 0, 1e-2) == (0, counts.size <= 64)


@slow
@given(st.integers(-(2**62), 2**62), st.integers(1, 300), st.integers(0, 9))
def test_counts_of_coarser_tokens(low: int, size: int, bits: int) -> None:
    """Counts are summed over the tokens that become one, wherever these begin."""
    counts = np.random.default_rng(size).integers(0, 9, size)
    expected: dict[int, int] = {}
    for i, count in enumerate(counts.tolist()):
        expected[(low + i) >> bits] = expected.get((low + i) >> bits, 0) + count
    assert sum_up(low, counts, bits).tolist() == list(expected.values())


@slow
@given(
    st.lists(st.integers(0, 1 << 20), min_size=1, max_size=60),
    st.integers(0, 1000),
    st.integers(0, 4),
)
def test_tables_of_pairs_are_sound(weights: list[int], escape: int, precision: int) -> None:
    """A pair's mass is about the product of two, and every pair has one."""
    if not any(weights):
        return
    one = HistogramTable(-5, tuple(weights), escape, precision).build()
    bits, _, pairs = joined(one)
    TableSet(pairs.cumulative, pairs.start, pairs.low, pairs.escape)
    share = one.masses() / (1 << 24)
    size = len(share)
    product = np.zeros((1 << bits, 1 << bits))
    product[:size, :size] = share[:, None] * share
    masses = pairs.masses().reshape(product.shape) / (1 << 24)
    assert np.abs(masses - product).max() < 2**-10


def test_tables_of_many_tokens_have_no_pairs() -> None:
    """There are at most 64 tokens in pairs."""
    with pytest.raises(CorruptError):
        joined(HistogramTable(0, (1,) * 65).build())


@pytest.mark.parametrize("n", [1, 2, 5, 8191, 8192, 8193, 30_001])
@pytest.mark.parametrize("low_bits", [0, 3])
@pytest.mark.parametrize("far", [0, 1, 1 << 40])
@pytest.mark.parametrize("axes", [0, 1])
def test_pairs_and_single_tokens_give_the_same_plane(
    n: int, low_bits: int, far: int, axes: int
) -> None:
    """Whether tokens are coded in pairs or alone, with what is listed or none."""
    rng = np.random.default_rng(n)
    residual = np.rint(rng.normal(0, 10 << low_bits, n)).astype(np.int64).clip(-99, 99)
    residual[rng.random(n) < 0.02] *= far
    plane = np.cumsum(residual) if axes else residual
    low, high = -(99 >> low_bits) - 1, 99 >> low_bits
    if low_bits == 0:
        low, high = -25, 25
    counts = np.bincount(np.clip((residual >> low_bits) - low, 0, high - low))
    table = HistogramTable(low, tuple(np.resize(counts + 1, high - low + 1).tolist()), 3)
    for paired in (0, 1):
        parameters = (axes, low_bits, paired, *table.to_integers())
        data = static.encode(plane, parameters)
        assert np.array_equal(static.decode(memoryview(data), (n,), parameters), plane)
        for damaged in (data[:-1], data[:3], data + bytes(1)):
            with pytest.raises(CorruptError):
                static.decode(memoryview(damaged), (n,), parameters)


def test_pairs_refuse_what_their_table_lacks() -> None:
    """Without an escape, a residual outside is a `ValueError`, as for single tokens."""
    table = HistogramTable(0, (1, 2, 3))
    for paired in (0, 1):
        with pytest.raises(ValueError, match="outside"):
            static.encode(np.array([0, 1, 7]), (0, 0, paired, *table.to_integers()))


@slow
@given(st.data())
def test_hostile_pairs(data: st.DataObject) -> None:
    """Altered bytes of pairs, and of what is listed, give a plane or `CorruptError`."""
    plane = np.random.default_rng(1).integers(-9, 10, 999)
    plane[::100] = 1 << 40
    parameters = (0, 1, 1, *HistogramTable(-5, (3,) * 10, 1).to_integers())
    coded = bytearray(static.encode(plane, parameters))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, 12) | st.integers(0, len(coded) - 1))
        coded[at] ^= data.draw(st.integers(1, 255))
    try:
        back = static.decode(memoryview(bytes(coded)), plane.shape, parameters)
    except CorruptError:
        return
    assert back.shape == plane.shape
