"""The search finds what it takes: columns of known information content come out at that size."""

from __future__ import annotations

from collections.abc import Callable
from math import e, log2, pi, sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import compress

Array = NDArray[Any]
N = 30_000


def entropy(share: float) -> float:
    """Bits of an answer that is yes with this probability."""
    return -share * log2(share) - (1 - share) * log2(1 - share)


def _mostly(rng: np.random.Generator, share: float, usual: Array, other: Array) -> Array:
    return np.where(rng.random(N) < share, other, usual)


def _uniform(rng: np.random.Generator, count: int) -> Array:
    return rng.integers(0, count, N)


def _multiples(rng: np.random.Generator) -> tuple[Array, float]:
    return _uniform(rng, 1000) * 60 + 7, N * log2(1000)


def _multiples_with_exceptions(rng: np.random.Generator) -> tuple[Array, float]:
    usual = _uniform(rng, 1000) * 60 + 7
    array = _mostly(rng, 0.01, usual, usual + rng.integers(1, 60, N))
    return array, N * (log2(1000) + entropy(0.01) + 0.01 * log2(59))


def _dictionary(rng: np.random.Generator) -> tuple[Array, float]:
    values = np.sort(rng.choice(1 << 40, 300, replace=False))
    # The order of the values is not stored, which saves log2(300!) bits.
    return values[_uniform(rng, 300)], N * log2(300) + 300 * (40 - log2(300) + 1.44)


def _constant(_: np.random.Generator) -> tuple[Array, float]:
    return np.full(N, 12345), 0


def _mostly_constant(rng: np.random.Generator) -> tuple[Array, float]:
    array = _mostly(rng, 0.005, np.full(N, 5), _uniform(rng, 1 << 16))
    return array, N * (entropy(0.005) + 0.005 * 16)


def _counter(rng: np.random.Generator) -> tuple[Array, float]:
    return (np.cumsum(_uniform(rng, 500)) % (1 << 16)).astype(np.uint16), N * log2(500)


def _angle(rng: np.random.Generator) -> tuple[Array, float]:
    return np.cumsum(rng.integers(-5, 6, N)) % 360, N * log2(11)


def _season(rng: np.random.Generator) -> tuple[Array, float]:
    pattern = rng.integers(0, 10_000, 75)
    return np.resize(pattern, N) + _uniform(rng, 8), N * 3 + 75 * log2(10_000)


def _repeat(rng: np.random.Generator) -> tuple[Array, float]:
    return np.tile(rng.integers(0, 1 << 40, N // 10), 10), N // 10 * 40


def _repeated_rows(rng: np.random.Generator) -> tuple[Array, float]:
    return np.repeat(rng.integers(0, 1 << 20, (N // 10, 4)), 10, axis=0), N // 10 * 4 * 20


def _doubled(rng: np.random.Generator) -> tuple[Array, float]:
    small = rng.integers(0, 1 << 20, (80, 100))
    return np.repeat(np.repeat(small, 2, axis=0), 2, axis=1), small.size * 20


def _template(rng: np.random.Generator) -> tuple[Array, float]:
    half = rng.integers(0, 200, (N // 200, 100))
    return np.concatenate([half, half[:, ::-1]], axis=1).astype("u1"), N / 2 * log2(200)


def _distances(rng: np.random.Generator) -> tuple[Array, float]:
    lower = np.tril(rng.integers(1, 1 << 12, (160, 160)), -1)
    return (lower + lower.T) / 100, 159 * 80 * 12.0


def _interleaved(rng: np.random.Generator) -> tuple[Array, float]:
    columns = [_uniform(rng, 16), 1000 + _uniform(rng, 1024), np.cumsum(_uniform(rng, 4))]
    return np.stack(columns, -1).reshape(-1), N * (4 + 10 + 2)


def _sorted(rng: np.random.Generator) -> tuple[Array, float]:
    return np.sort(rng.integers(0, 1 << 24, N)), N * (log2((1 << 24) / N) + 1.44)


def _decimal(rng: np.random.Generator) -> tuple[Array, float]:
    return _uniform(rng, 1000) / 100, N * log2(1000)


def _decimal_single(rng: np.random.Generator) -> tuple[Array, float]:
    return (_uniform(rng, 1000) / 100).astype(">f4"), N * log2(1000)


def _thirds(rng: np.random.Generator) -> tuple[Array, float]:
    return _uniform(rng, 1000) / 3, N * log2(1000)


def _float_multiples(rng: np.random.Generator) -> tuple[Array, float]:
    return _uniform(rng, 1000) * 0.1, N * log2(1000)


def _radians(rng: np.random.Generator) -> tuple[Array, float]:
    return np.deg2rad(_uniform(rng, 3600) / 10), N * log2(3600)


def _sensor(rng: np.random.Generator) -> tuple[Array, float]:
    return (_uniform(rng, 4096) * np.float32(3.3 / 4096)).astype(np.float32), N * 12


def _truncated(rng: np.random.Generator) -> tuple[Array, float]:
    mantissa = (128 + _uniform(rng, 128)) / 128.0
    return (mantissa * 2.0 ** rng.integers(-8, 8, N)).astype(np.float32), N * 11


def _nan(rng: np.random.Generator) -> tuple[Array, float]:
    array = _mostly(rng, 0.05, _uniform(rng, 1000) / 100, np.full(N, np.nan))
    return array, N * (0.95 * log2(1000) + entropy(0.05))


def _fill(rng: np.random.Generator) -> tuple[Array, float]:
    array = _mostly(rng, 0.1, _uniform(rng, 1000) / 10, np.full(N, 1e20))
    return array, N * (0.9 * log2(1000) + entropy(0.1))


def _fill_in_an_image(rng: np.random.Generator) -> tuple[Array, float]:
    image = rng.integers(0, 256, (150, 200))
    image[40:110, 50:150] = np.iinfo(np.int64).max
    return image, (150 * 200 - 70 * 100) * 8


def _colour(rng: np.random.Generator) -> tuple[Array, float]:
    grey, a, b = rng.integers(0, 256, (100, 100)), *rng.integers(0, 4, (2, 100, 100))
    return np.stack([grey, grey + a, grey + b], -1), 10_000 * 12


def _structured(rng: np.random.Generator) -> tuple[Array, float]:
    array = np.zeros(N, [("price", "<f8"), ("label", ">i2")])
    array["price"], array["label"] = _uniform(rng, 1000) / 100, _uniform(rng, 256)
    return array, N * (log2(1000) + 8)


def _complex(rng: np.random.Generator) -> tuple[Array, float]:
    return _uniform(rng, 1000) / 100 + 1j * _uniform(rng, 256), N * (log2(1000) + 8)


def _dates(rng: np.random.Generator) -> tuple[Array, float]:
    hours = np.cumsum(_uniform(rng, 16)).astype("timedelta64[h]")
    return (np.datetime64("2020-01-01") + hours).astype("datetime64[ns]"), N * 4


STRUCTURES: list[Callable[[np.random.Generator], tuple[Array, float]]] = [
    _multiples, _multiples_with_exceptions, _dictionary, _constant, _mostly_constant, _counter,
    _angle, _season, _repeat, _repeated_rows, _doubled, _template, _distances, _interleaved,
    _sorted, _decimal, _decimal_single, _thirds, _float_multiples, _radians, _sensor, _truncated,
    _nan, _fill, _fill_in_an_image, _colour, _structured, _complex, _dates,
]  # fmt: skip


@pytest.mark.parametrize("structure", STRUCTURES, ids=[s.__name__[1:] for s in STRUCTURES])
def test_structures_cost_their_information(
    structure: Callable[[np.random.Generator], tuple[Array, float]],
) -> None:
    """Within 2 % of what is known to be in it, and 100 bytes."""
    array, bits = structure(np.random.default_rng(11))
    data = compress.compress(array, level=5, threads=1)
    assert len(data) <= 1.02 * bits / 8 + 100
    back = compress.decompress(data, threads=1)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("land", "excess"), [(0.0, 1.02), (0.4, 1.02)], ids=["whole", "land"])
def test_fields_that_cross_zero_cost_their_information(
    dtype: str, land: float, excess: float
) -> None:
    """An autoregressive field around zero: the noise on the grid of the floats, within 2 %.

    A sample costs the entropy of the noise over the spacing of the floats where it lies. Land
    costs next to nothing, and samples see across it.
    """
    rng = np.random.default_rng(15)
    field = np.empty((160, 200))
    noise = rng.normal(0, 0.1, field.shape)
    for i in range(field.shape[0]):
        above = field[i - 1] if i else np.zeros(field.shape[1])
        before, corner = 0.0, 0.0
        for j in range(field.shape[1]):
            before = 0.9 * before + 0.9 * above[j] - 0.81 * corner + noise[i, j]
            field[i, j], corner = before, above[j]
    array = field.astype(dtype)
    known = np.ones(array.shape, np.bool_)
    if land:
        waves = np.sin(np.arange(160)[:, None] / 9) + np.cos(np.arange(200) / 11)
        known = waves > np.quantile(waves, land)
        array[~known] = 1e20
    spacing = np.log2(np.spacing(np.abs(array[known])).astype(np.float64))
    bits = known.sum() * log2(0.1 * sqrt(2 * pi * e)) - spacing.sum()
    data = compress.compress(array, level=5, threads=1)
    assert len(data) <= excess * bits / 8 + 200
    assert compress.decompress(data, threads=1).tobytes() == array.tobytes()


def test_bounded_arrays_keep_the_bound_and_gain_by_it() -> None:
    """A tenfold bound saves about log2(10) bits a sample; specials stay as they are."""
    rng = np.random.default_rng(13)
    array = np.cumsum(rng.normal(0, 1, (100, 300)), axis=1)
    array[10:20, 30:60] = np.nan
    array[50, 7] = -np.inf
    sizes = []
    for bound in (1e-1, 1e-2, 1e-3):
        data = compress.compress(array, level=5, max_error=bound, threads=1)
        back = compress.decompress(data, threads=1)
        finite = np.isfinite(array)
        assert np.abs(back[finite] - array[finite]).max() <= bound
        assert back[~finite].tobytes() == array[~finite].tobytes()
        sizes.append(8 * len(data) / array.size)
    assert np.diff(sizes) == pytest.approx(log2(10), abs=0.3)


@pytest.mark.parametrize("level", [1, 5, 8])
def test_few_values_at_the_end_of_the_range(level: int) -> None:
    """The smallest integers come back, though twice their size is beyond 64 bits."""
    values = np.array([-(1 << 63), 1 - (1 << 63), 2 - (1 << 63)])
    array = np.random.default_rng(16).choice(values, 1000)
    data = compress.compress(array, level=level, threads=1)
    assert compress.decompress(data, threads=1).tobytes() == array.tobytes()


@pytest.mark.parametrize("level", [1, 3])
def test_low_levels_find_structure_too(level: int) -> None:
    """Hundredths are hundredths at every level."""
    array, bits = _decimal(np.random.default_rng(14))
    assert len(compress.compress(array, level=level, threads=1)) <= 1.05 * bits / 8 + 200


@pytest.mark.parametrize(
    "dtype",
    ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "M8[s]"],
)
def test_random_bits_hardly_grow(dtype: str) -> None:
    """Noise of every dtype takes at most 0.1 % and 32 bytes more than its bits."""
    size = np.dtype(dtype).itemsize
    raw = np.random.default_rng(12).integers(0, 256, N * size, np.uint8)
    array = (raw & 1 if dtype == "b1" else raw).view(dtype)
    bits = N if dtype == "b1" else 8 * array.nbytes
    assert len(compress.compress(array, level=5, threads=1)) <= 1.001 * bits / 8 + 32
