"""Sources of known information: the masses are finite sums, and what is drawn is what is counted.

Unless a docstring says more, the array is a one-to-one function of independent draws, so the
information of a sample is the entropy of its draw.
"""

from __future__ import annotations

import numpy as np

from benchmarks.structures.structure import (
    Array,
    Discrete,
    Generator,
    Registry,
    autoregressive,
    coin,
    field,
    geometric,
    laplace,
    normal,
    rare,
    strata,
    surface,
    uniform,
    zipf,
)

SOURCES = Registry("sources")


@SOURCES.add(normal(9).entropy)
def small_noise(n: int, generator: Generator) -> Array:
    """int8, independent and normal."""
    return normal(9)(generator, n).astype(np.int8)


@SOURCES.add(laplace(300).entropy)
def wide_laplace(n: int, generator: Generator) -> Array:
    """int32, independent and two-sided geometric."""
    return laplace(300)(generator, n).astype(np.int32)


@SOURCES.add(geometric(50).entropy)
def waiting_times(n: int, generator: Generator) -> Array:
    """uint16, independent and geometric."""
    return geometric(50)(generator, n).astype(np.uint16)


HEAVY = rare(0.1, normal(5), normal(500))


@SOURCES.add(HEAVY.entropy)
def heavy_tails(n: int, generator: Generator) -> Array:
    """int32, a tenth of them a hundred times as wide as the others."""
    return HEAVY(generator, n).astype(np.int32)


LEVELS = Discrete(-1, [2, 5, 1])


@SOURCES.add(LEVELS.entropy)
def ternary_weights(n: int, generator: Generator) -> Array:
    """int8, matrix of -1, 0 and 1, independent."""
    rows = max(2, round((n / 2) ** 0.5))
    return LEVELS(generator, 2 * rows * rows).reshape(rows, 2 * rows).astype(np.int8)


CATEGORIES = zipf(200, 1.1)


@SOURCES.add(CATEGORIES.entropy)
def zipf_categories(n: int, generator: Generator) -> Array:
    """int32, 200 categories by Zipf's law under numbers that mean nothing."""
    numbers = np.random.default_rng(7).choice(100_000, 200, replace=False)
    return numbers[CATEGORIES(generator, n)].astype(np.int32)


@SOURCES.add(float(np.log2(288)))
def clock_times(n: int, generator: Generator) -> Array:
    """int64, times of day as HHMM on a grid of 5 minutes."""
    slot = generator.integers(0, 288, n)
    return slot // 12 * 100 + slot % 12 * 5


MULTIPLE = normal(40)


@SOURCES.add(MULTIPLE.entropy)
def offset_multiples(n: int, generator: Generator) -> Array:
    """uint32, multiples of 360 with an offset of 17."""
    return ((MULTIPLE(generator, n) + 1000) * 360 + 17).astype(np.uint32)


INNOVATION = normal(12)


@SOURCES.add(INNOVATION.entropy)
def resonance(n: int, generator: Generator) -> Array:
    """int32, an autoregressive signal of second order."""
    return autoregressive(INNOVATION(generator, n), 480, -240).astype(np.int32)


@SOURCES.add(laplace(8).entropy)
def slow_sound(n: int, generator: Generator) -> Array:
    """int16, an autoregressive signal of second order with Laplace innovations."""
    return autoregressive(laplace(8)(generator, n), 400, -160).astype(np.int16)


STEP = normal(15)


@SOURCES.add(STEP.entropy)
def cent_prices(n: int, generator: Generator) -> Array:
    """float64, a random walk in hundredths."""
    return np.round((500_000 + np.cumsum(STEP(generator, n))) / 100, 2)


@SOURCES.add(normal(3).entropy)
def single_temperatures(n: int, generator: Generator) -> Array:
    """float32 with one decimal, autoregressive."""
    return (autoregressive(normal(3)(generator, n), 250) / 10 + 15).round(1).astype(np.float32)


@SOURCES.add(normal(10).entropy)
def half_voltages(n: int, generator: Generator) -> Array:
    """float16, multiples of 1/64, autoregressive."""
    return (autoregressive(normal(10)(generator, n), 230) / 64).astype(np.float16)


@SOURCES.add(normal(25).entropy)
def kelvins(n: int, generator: Generator) -> Array:
    """float64, tenths of a degree Fahrenheit made kelvins by arithmetic."""
    fahrenheit = normal(25)(generator, n) / 10 + 70
    return (fahrenheit - 32) / 1.8 + 273.15


ADVANCE = rare(0.02, uniform(1, 1), geometric(20, 2))


@SOURCES.add(ADVANCE.entropy)
def gapped_counter(n: int, generator: Generator) -> Array:
    """uint64, a counter with gaps."""
    return np.cumsum(ADVANCE(generator, n)).astype(np.uint64)


QUARTERS = geometric(0.3, 1)


@SOURCES.add(QUARTERS.entropy)
def gridded_times(n: int, generator: Generator) -> Array:
    """datetime64 in nanoseconds on a grid of 15 minutes, some of them missing."""
    quarters = np.cumsum(QUARTERS(generator, n)) * 900_000_000_000
    return (quarters + 1_500_000_300_000_000_000).view("datetime64[ns]")


@SOURCES.add(geometric(1000).entropy)
def sorted_keys(n: int, generator: Generator) -> Array:
    """uint64, sorted: geometric steps."""
    return ((1 << 50) + np.cumsum(geometric(1000)(generator, n))).astype(np.uint64)


TICK = rare(0.9, uniform(3, 1), uniform(1, 200))


@SOURCES.add(TICK.entropy)
def wrapping_counter(n: int, generator: Generator) -> Array:
    """uint16, a counter modulo 2^16."""
    return (np.cumsum(TICK(generator, n)) % 65536).astype(np.uint16)


@SOURCES.add(uniform(1, 29).entropy)
def minutes_of_day(n: int, generator: Generator) -> Array:
    """int32, a counter of minutes modulo 1440."""
    return (np.cumsum(uniform(1, 29)(generator, n)) % 1440).astype(np.int32)


KIND, SITE = zipf(8, 1.5), uniform(0, 32)


@SOURCES.add(KIND.entropy + SITE.entropy)
def field_ids(n: int, generator: Generator) -> Array:
    """uint32: 3 bits of kind, 5 of site, 24 of a counter."""
    kind, site = KIND(generator, n), SITE(generator, n)
    return (kind << 29 | site << 24 | np.arange(n)).astype(np.uint32)


SEASON = normal(6)


@SOURCES.add(SEASON.entropy)
def weekly_pattern(n: int, generator: Generator) -> Array:
    """int32, a pattern of 168 hours and noise.

    The pattern is one known to nobody: its 168 heights add 10 bits each, 0.02 bits per sample.
    """
    pattern = generator.integers(0, 1000, 168)
    return (np.resize(pattern, n) + SEASON(generator, n)).astype(np.int32)


CHANGE, STEPS = 0.03, 1000


@SOURCES.add(coin(CHANGE) + CHANGE * float(np.log2(STEPS - 1)))
def step_function(n: int, generator: Generator) -> Array:
    """int16, a level that changes now and then to any other of 1000.

    Whether it changes, and to which of the 999 others.
    """
    change = np.where(strata(generator, n) < CHANGE, generator.integers(1, STEPS, n), 0)
    return (np.cumsum(change) % STEPS).astype(np.int16)


BURST = rare(0.04, uniform(0, 1), geometric(30, 1))


@SOURCES.add(BURST.entropy)
def sparse_events(n: int, generator: Generator) -> Array:
    """uint16, zeros but for 4 % of geometric counts."""
    return BURST(generator, n).astype(np.uint16)


TABLE = np.array([[90, 5, 3, 2], [10, 80, 5, 5], [2, 8, 60, 30], [20, 5, 5, 70]]) / 100


def _stationary(table: Array) -> Array:
    """Return the masses that one more step leaves as they are."""
    return np.asarray(np.linalg.matrix_power(table, 4096)[0])


def _rate(table: Array) -> float:
    """Return the entropy rate of a Markov chain: the rows' entropies under its masses."""
    rows = [Discrete(0, row).entropy for row in table]
    return float(_stationary(table) @ rows)


def _chain(table: Array, n: int, generator: Generator) -> Array:
    """Draw a Markov chain of few states, which leaves each one as often for each other as said."""
    visits = (1.1 * n * _stationary(table) + 10 * n**0.5).astype(int) + 10
    after = [
        iter(Discrete(0, row)(generator, int(count)).tolist())
        for row, count in zip(table, visits, strict=True)
    ]
    state, out = 0, []
    for _ in range(n):
        state = next(after[state])
        out.append(state)
    return np.array(out)


@SOURCES.add(_rate(TABLE))
def markov_states(n: int, generator: Generator) -> Array:
    """uint8, a Markov chain of four states.

    The entropies of the rows of its table, weighted by the stationary distribution.
    """
    return _chain(TABLE, n, generator).astype(np.uint8)


SWITCH = np.array([[0.98, 0.02], [0.05, 0.95]])


@SOURCES.add(_rate(SWITCH))
def switching_flags(n: int, generator: Generator) -> Array:
    """bool, runs of geometric length.

    A Markov chain of two states: see `markov_states`.
    """
    return _chain(SWITCH, n, generator).astype(bool)


PEOPLE, LAST = 64, geometric(12)
LAST = Discrete(0, LAST.masses[:PEOPLE])


@SOURCES.add(LAST.entropy + normal(20).entropy)
def look_back(n: int, generator: Generator) -> Array:
    """int64, each value one of the last 64 and a small noise.

    The place among the last distinct ones and the noise are independent draws; the 64 lie so far
    apart that both can be read off.
    """
    recent = (generator.permutation(PEOPLE) * 1_000_000_007).tolist()
    out = []
    for place, noise in zip(
        LAST(generator, n).tolist(), normal(20)(generator, n).tolist(), strict=True
    ):
        recent.insert(0, recent.pop(place) + noise)
        out.append(recent[0])
    return np.array(out, np.int64)


REPEAT, POOL = 0.6, 16


@SOURCES.add(coin(REPEAT) + REPEAT * float(np.log2(POOL)) + (1 - REPEAT) * 52)
def exact_repeats(n: int, generator: Generator) -> Array:
    """float64 from 1 to 2, three of five one of the 16 values of a pool that is renewed.

    Repeat or not, which of the pool, and 52 bits of a new value, which replaces one of the pool
    in turn.
    """
    fresh = 1 + generator.integers(0, 1 << 52, n) / (1 << 52)
    old = strata(generator, n) < REPEAT
    which = generator.integers(0, POOL, n)
    pool, at, out = [1.0 + k / POOL for k in range(POOL)], 0, []
    for value, again, k in zip(fresh.tolist(), old.tolist(), which.tolist(), strict=True):
        if again:
            out.append(pool[k])
            continue
        pool[at] = value
        at = (at + 1) % POOL
        out.append(value)
    return np.array(out)


CHANNELS = (normal(4), normal(40), laplace(10), normal(200))


@SOURCES.add(float(np.mean([channel.entropy for channel in CHANNELS])))
def channels_in_turn(n: int, generator: Generator) -> Array:
    """int16, four autoregressive channels of different width side by side."""
    draws = [channel(generator, n // 4) for channel in CHANNELS]
    return np.stack([autoregressive(draw, 240) for draw in draws], -1).astype(np.int16)


GREEN, DIFFERENCE = normal(5), normal(2)


@SOURCES.add((GREEN.entropy + 2 * DIFFERENCE.entropy) / 3)
def correlated_channels(n: int, generator: Generator) -> Array:
    """uint8 picture of three channels, two of them the first one and a smaller field.

    Sums modulo 256 keep the innovations of the three fields apart.
    """
    side = max(4, round((n / 3) ** 0.5))
    green = field(GREEN(generator, side * side).reshape(side, side), 220, 220)
    others = [
        green + field(DIFFERENCE(generator, side * side).reshape(side, side), 200, 200)
        for _ in range(2)
    ]
    return (128 + np.stack([others[0], green, others[1]], -1)).astype(np.uint8)


@SOURCES.add(normal(25).entropy)
def separable_field(n: int, generator: Generator) -> Array:
    """uint16, a separable autoregressive field."""
    side = max(4, round(n**0.5))
    innovations = normal(25)(generator, side * side).reshape(side, side)
    return (20_000 + field(innovations, 240, 235)).astype(np.uint16)


@SOURCES.add(normal(7).entropy)
def stacked_slices(n: int, generator: Generator) -> Array:
    """int16 volume, slices that are correlated fields.

    Each voxel is 7/8 of the one below, rounded, and a separable field of its own.
    """
    side = max(4, round((n / 10) ** 0.5))
    slices = [np.zeros((side, side), np.int64)]
    for _ in range(10):
        innovations = normal(7)(generator, side * side).reshape(side, side)
        slices.append(((7 * slices[-1] + 4) >> 3) + field(innovations, 200, 200))
    return np.stack(slices[1:]).astype(np.int16)


LAND = np.array([[0.96, 0.04], [0.08, 0.92]])


@SOURCES.add(_rate(LAND) + float(_stationary(LAND)[0]) * normal(8).entropy)
def filled_mask(n: int, generator: Generator) -> Array:
    """float32 with two decimals where there is sea, 1e20 on land.

    The mask is a Markov chain along the rows, and the sea's samples alone are autoregressive.
    """
    side = max(4, round(n**0.5))
    land = _chain(LAND, side * side, generator).astype(bool)
    values = np.full(side * side, 1e20, np.float32)
    sea = autoregressive(normal(8)(generator, int((~land).sum())), 250)
    values[~land] = (sea / 100 + 10).round(2).astype(np.float32)
    return values.reshape(side, side)


@SOURCES.add(laplace(12).entropy)
def trend_and_noise(n: int, generator: Generator) -> Array:
    """int64, a smooth curve in large numbers and noise around it.

    The curve has few knots, whose cost is left out.
    """
    curve = np.rint(1e6 * surface(generator, (n,), max(4, n // 4), 1)).astype(np.int64)
    return curve + laplace(12)(generator, n)
