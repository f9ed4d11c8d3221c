"""Relatives of real arrays on which other compressors were once ahead: repeats and hidden grids."""

from __future__ import annotations

import importlib
import io

import numpy as np

from benchmarks.structures.structure import (
    Array,
    Discrete,
    Generator,
    Registry,
    autoregressive,
    geometric,
    lengths,
    normal,
    rare,
    strata,
    surface,
    uniform,
)

RELATIVES = Registry("relatives")


def _side(n: float) -> int:
    """Return the side of a square of at least 8 x 8 and about ``n`` samples."""
    return max(8, round(float(np.sqrt(n))))


def _scene(side: int, generator: Generator) -> Array:
    """Return an RGB picture of uint8: shaded regions with edges, texture and noise."""
    shape = (side, side)
    light = surface(generator, shape, max(4, side // 3), 5)
    regions = np.floor(2 * surface(generator, shape, max(4, side // 4), 2))
    texture = generator.normal(0, 5, shape)
    channels = []
    for _ in range(3):
        tint = surface(generator, shape, max(4, side // 2), 1)
        noise = generator.normal(0, 1, shape)
        channels.append(120 + 25 * light + 18 * regions + 8 * tint + texture + noise)
    return np.stack(channels, -1).clip(0, 255).astype(np.uint8)


def _jpeg(picture: Array, quality: int) -> Array:
    """Return the picture after a JPEG round trip with chroma at half the resolution."""
    pillow = importlib.import_module("PIL.Image")
    file = io.BytesIO()
    pillow.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=2)
    return np.asarray(pillow.open(file))


def _running_mean(picture: Array, axis: int) -> Array:
    """Mean of two neighbours by a running sum, whose rounding errors add up."""
    lines = np.moveaxis(picture, axis, 0)
    steps = np.concatenate([lines[:1] + lines[1:2], lines[2:] - lines[:-2]])
    return np.moveaxis(np.cumsum(steps, axis=0) / 2, 0, axis)


@RELATIVES.add()
def hidden_grid_picture(n: int, generator: Generator) -> Array:
    """Grey picture of half the size, by running means: k/3060 and some units in the last place."""
    shares = _scene(2 * _side(n), generator) / 255.0
    smooth = _running_mean(_running_mean(shares.mean(axis=2), 0), 1)
    return smooth[::2, ::2]


@RELATIVES.add()
def box_means(n: int, generator: Generator) -> Array:
    """Grey picture of half the size, by differences of an integral image: k/3060 and errors."""
    shares = _scene(2 * _side(n), generator) / 255.0
    whole = np.cumsum(np.cumsum(shares.mean(axis=2), axis=0), axis=1)
    corners = np.pad(whole, ((1, 0), (1, 0)))[::2, ::2]
    boxes: Array = np.diff(np.diff(corners, axis=0), axis=1) / 4
    return boxes


@RELATIVES.add()
def denoised_volume(n: int, generator: Generator) -> Array:
    """Smoothed volume of float64, a quarter of it exact zeros in blocks."""
    side = max(4, round((n / 4) ** (1 / 3)))
    shape = (4 * side, side, side)
    volume: Array = 300 + 60 * surface(generator, shape, max(2, side // 4))
    volume += generator.normal(0, 200, shape)
    volume = (np.roll(volume, 1, 0) + 2 * volume + np.roll(volume, -1, 0)) / 4
    outside = np.kron(
        surface(generator, tuple(-(-length // 4) for length in shape), 4, 1), np.ones((4, 4, 4))
    )[: shape[0], : shape[1], : shape[2]]
    volume[outside < np.quantile(outside, 0.25)] = 0.0
    return volume


@RELATIVES.add()
def standardised_powers(n: int, generator: Generator) -> Array:
    """Power readings of 20 appliances, each series standardised by itself."""
    series = []
    for part in np.array_split(np.arange(n), 20):
        states = generator.integers(0, 3000, 6)
        stays = generator.integers(10, 41, part.size // 10 + 1)
        base = np.repeat(states[generator.integers(0, 6, stays.size)], stays)[: part.size]
        watts = base + np.rint(generator.normal(0, 1, part.size) * base / 30)
        series.append((watts - watts.mean()) / watts.std())
    return np.concatenate(series)


@RELATIVES.add()
def printed_powers(n: int, generator: Generator) -> Array:
    """Power readings of 20 appliances, standardised, then printed with 8 decimals."""
    return standardised_powers(n, generator).round(8)


@RELATIVES.add()
def mesh_vertices(n: int, generator: Generator) -> Array:
    """Vertices of a mesh, x y z as float32: rings, mirrored parts and vertices on seams."""
    wanted = max(8, n // 3)
    parts: list[Array] = []
    while sum(len(part) for part in parts) < wanted:
        angles = np.cumsum(generator.uniform(0.1, 0.3, int(generator.integers(6, 30))))
        radii = generator.uniform(1, 10, int(generator.integers(3, 20)))
        x, y, z = generator.uniform(-100, 100, 3)
        rings = z + np.cumsum(generator.uniform(0.1, 1, radii.size))
        part = np.stack(
            [
                x + np.outer(radii, np.cos(angles)).ravel(),
                y + np.outer(radii, np.sin(angles)).ravel(),
                np.repeat(rings, angles.size),
            ],
            axis=-1,
        ).astype(np.float32)
        parts.append(part)
        if generator.random() < 0.5:
            parts.append(part * np.array([-1, 1, 1], np.float32))
    seam = generator.random(wanted) < 0.3
    back = np.where(seam, generator.integers(1, 40, wanted), 0)
    return np.concatenate(parts)[np.maximum(0, np.arange(wanted) - back)]


@RELATIVES.add()
def posterior_samples(n: int, generator: Generator) -> Array:
    """Four chains of 8 parameters, float64: a chain that stays where it is repeats its row."""
    draws = max(2, n // 32)
    chains = generator.normal(size=(4, draws, 8)) * np.geomspace(0.1, 100, 8)
    for axis in range(1, 8):
        chains[..., axis] += 0.5 * chains[..., axis - 1]
    stays = generator.random((4, draws)) < 0.15
    stays[:, 0] = False
    origin = np.maximum.accumulate(np.where(stays, 0, np.arange(draws)), axis=1)
    return np.take_along_axis(chains, origin[..., None], axis=1)


@RELATIVES.add(needs=("PIL",))
def dark_photograph(n: int, generator: Generator) -> Array:
    """RGB picture that was once a JPEG, with large smooth dark parts."""
    side = _side(n / 3)
    shape = (side, side)
    glow = surface(generator, shape, max(4, side // 2), 3)
    glow -= np.quantile(glow, 0.8)
    bright = np.exp(np.minimum(1.5 * glow, 2.5)) * 30 + 4
    bright += np.where(glow > 0, generator.normal(0, 12, shape), 0)
    picture = bright[..., None] * np.array([1.0, 0.85, 0.7])
    return _jpeg(picture.clip(0, 255).astype(np.uint8), 75)


@RELATIVES.add(needs=("PIL",))
def map_picture(n: int, generator: Generator) -> Array:
    """RGB map that was once a JPEG: flat areas and contour lines."""
    side = _side(n / 3)
    shape = (side, side)
    colours = generator.integers(140, 250, (7, 3))
    ground = surface(generator, shape, max(4, side // 2), 2)
    picture = colours[np.floor(1.5 * ground).astype(int).clip(-3, 3) + 3]
    picture[np.abs(2 * ground - np.rint(2 * ground)) < 0.02] = (150, 110, 80)
    return _jpeg(picture.astype(np.uint8), 85)


@RELATIVES.add()
def float_pieces(n: int, generator: Generator) -> Array:
    """Straight lines between knots, float64."""
    knots = np.cumsum(lengths(generator, n, 1000))
    heights = generator.normal(0, 100, knots.size + 1)
    return np.interp(np.arange(n), np.append(0, knots), heights)


@RELATIVES.add(0.0)
def accumulated_tenths(n: int, generator: Generator) -> Array:
    """0.1 added again and again in float64."""
    return np.cumsum(np.full(n, 0.1)) + float(generator.integers(0, 2))


@RELATIVES.add(float(np.log2(11)))
def accumulated_steps(n: int, generator: Generator) -> Array:
    """Walk of -5 to 5 tenths, added up in float64.

    The steps are uniform, and the sums a function of them.
    """
    return np.cumsum(generator.integers(-5, 6, n) * 0.1)


@RELATIVES.add()
def recurring_rows(n: int, generator: Generator) -> Array:
    """Rows of 10 float64, out of a pool of a twentieth as many."""
    rows = max(2, n // 10)
    pool = generator.normal(size=(max(2, rows // 20), 10))
    return pool[generator.integers(0, len(pool), rows)]


@RELATIVES.add()
def recurring_blocks(n: int, generator: Generator) -> Array:
    """Blocks of 20 to 400 float64, more than half of them copies of what came before."""
    values = generator.normal(size=n)
    at = 0
    while at < n:
        length = min(int(generator.integers(20, 401)), n - at)
        if at > length and generator.random() < 0.57:
            start = int(generator.integers(0, at - length))
            values[at : at + length] = values[start : start + length].copy()
        at += length
    return values


@RELATIVES.add()
def periodic_singles(n: int, generator: Generator) -> Array:
    """float32 samples that repeat exactly with a period of a fortieth of the array."""
    period = max(2, n // 40)
    return np.resize(generator.normal(size=period).astype(np.float32), n)


ARRIVAL = geometric(4.0)


@RELATIVES.add(ARRIVAL.entropy + 5)
def snowflake_ids(n: int, generator: Generator) -> Array:
    """Milliseconds, one of 32 machines and a counter in one uint64.

    The steps of the clock are geometric, the machines uniform, and the counter is certain.
    """
    time = 1_700_000_000_000 - 1_288_834_974_657 + np.cumsum(ARRIVAL(generator, n))
    machine = generator.integers(0, 32, n)
    counter = np.arange(n) % 4096
    return (time << 22 | machine << 12 | counter).astype(np.uint64)


SPIKE = 1 << 30


@RELATIVES.add(rare(0.01, normal(4), uniform(0, 1 << 12)).entropy + 0.01 * 18)
def rare_spikes(n: int, generator: Generator) -> Array:
    """int32 at rest with rare large spikes.

    A spike is uniform over 2^30 values: the 2^12 of the finite sum, and 18 bits more.
    """
    values = normal(4)(generator, n)
    spikes = strata(generator, n) < 0.01
    values[spikes] = generator.integers(0, SPIKE, int(spikes.sum()))
    return values.astype(np.int32)


@RELATIVES.add(normal(4.5).entropy)
def walk_with_a_jump(n: int, generator: Generator) -> Array:
    """int32 random walk with one jump half way."""
    steps = normal(4.5)(generator, n)
    steps[n // 2] += 1_000_000_000
    return np.cumsum(steps).astype(np.int32)


@RELATIVES.add()
def many_regimes(n: int, generator: Generator) -> Array:
    """int64 in regimes of different width and place."""
    parts = []
    for length in lengths(generator, n, 500):
        width = int(generator.integers(0, 13))
        parts.append(
            generator.integers(0, 1 << 40) + generator.integers(0, 1 << width, int(length))
        )
    return np.concatenate(parts)


@RELATIVES.add()
def packed_colours(n: int, generator: Generator) -> Array:
    """RGBA of a picture in one uint32."""
    picture = _scene(_side(n), generator).astype(np.uint32)
    alpha = np.uint32(255) << np.uint32(24)
    return picture[..., 0] | picture[..., 1] << 8 | picture[..., 2] << 16 | alpha


@RELATIVES.add()
def correlations(n: int, generator: Generator) -> Array:
    """Symmetric matrix of correlations, float64."""
    series = generator.normal(size=(_side(n), 200))
    series += 0.5 * generator.normal(size=200)
    return np.asarray(np.corrcoef(series))


LOWEST, HIGHEST = -187.5, 187.123


@RELATIVES.add(normal(60).entropy)
def scaled_shorts(n: int, generator: Generator) -> Array:
    """int16 samples on a scale from a lowest to a highest value in float64, as in EDF files."""
    wave = autoregressive(normal(60)(generator, n), 480, -230).clip(-32768, 32767)
    return (wave.astype(np.int16) + 32768.0) * ((HIGHEST - LOWEST) / 65535) + LOWEST


@RELATIVES.add()
def track_degrees(n: int, generator: Generator) -> Array:
    """Latitudes of a GPS track in degrees with 6 decimals."""
    speed = autoregressive(normal(4)(generator, n), 245)
    return np.round(47.0 + np.cumsum(speed) * 1e-6, 6)


TRIALS = 150


def _ratios() -> Discrete:
    """Return the distribution of percentages, as indexes of their distinct values."""
    trials = np.repeat(np.arange(1, TRIALS + 1), np.arange(1, TRIALS + 1))
    hits = np.concatenate([np.arange(1, count + 1) for count in range(1, TRIALS + 1)])
    _, index = np.unique(100.0 * hits / trials, return_inverse=True)
    return Discrete(0, np.bincount(index, 1.0 / trials))


@RELATIVES.add(_ratios().entropy)
def percentages(n: int, generator: Generator) -> Array:
    """Ratios of small counts as percentages, float64.

    1 to 150 trials, 1 to all of them hits, all equally likely: the masses of equal ratios are
    summed.
    """
    trials = generator.integers(1, TRIALS + 1, n)
    hits = 1 + np.floor(generator.random(n) * trials)
    return 100.0 * hits / trials


@RELATIVES.add()
def held_samples(n: int, generator: Generator) -> Array:
    """float64 samples, each held for 1 to 9 steps."""
    held = generator.integers(1, 10, n // 3 + 2)
    values = 20 + np.cumsum(generator.normal(0, 0.01, held.size))
    return np.resize(np.repeat(values, held)[:n], n)
