"""The arrays behind the golden streams, and the command that writes the streams.

``python -m tests.golden_arrays`` writes ``tests/golden/*.fdz`` anew. Do that only when the stream
format changes on purpose, and say so in CHANGELOG.md in the same commit.

Every array is made by integer arithmetic and correctly rounded operations, so it is the same on
every machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

import compress
from compress import ErrorBound
from compress.pipeline.effort import EFFORT
from compress.prediction import coefficients, raw, static
from compress.transforms.jpeg.blocks import INVERSE, samples
from compress.transforms.jpeg.colour import enlarged, to_rgb

__all__ = ["FOLDER", "golden", "written"]

FOLDER = Path(__file__).parent / "golden"


def _noise(n: int, bits: int, seed: int) -> NDArray[np.int64]:
    """Pseudo-random integers of some bits by a linear congruence modulo 2**64."""
    state, out = seed, []
    for _ in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out.append(state >> (64 - bits))
    return np.array(out, np.uint64).astype(np.int64)


def _names(numbers: NDArray[np.int64]) -> NDArray[Any]:
    """Make strings of several lengths."""
    return np.array(["\u00e5b" * (i % 4) + str(i * i) for i in numbers.tolist()])


def _stamps() -> NDArray[Any]:
    """Make dates as text, some of which are missing."""
    days = np.datetime64("1990-12-20") + _noise(400, 13, 12)
    return np.where(np.arange(400) % 31 == 5, "", np.datetime_as_string(days)).astype(">U10")


def _records(walk: NDArray[np.int64]) -> NDArray[Any]:
    array = np.zeros(walk.size, [("name", "S9"), ("raw", "V3"), ("none", "S0"), ("value", "<f4")])
    array["name"] = np.array([b"a", b"bc\0d", b""])[walk % 3]
    array["raw"] = np.stack([walk, walk * 3, walk * 0], -1).astype(np.uint8).view("V3").reshape(-1)
    array["value"] = walk / 4
    return array


def golden() -> dict[str, tuple[NDArray[Any], dict[str, Any]]]:
    """Return the arrays by name, each with the arguments of `compress.compress`."""
    walk = np.cumsum(_noise(400, 5, 1) - 15)
    image = np.add.outer(np.arange(20) * 3, np.arange(24) * 2) + _noise(480, 3, 2).reshape(20, 24)
    specials = walk[:200] / 64
    specials[::17] = np.nan
    specials[5], specials[6], specials[7] = np.inf, -np.inf, -0.0
    rough = np.sqrt(np.abs(walk) / 7 + 0.37) * (walk | 1)
    rough[::41] = specials[0]
    rough[6], rough[7] = -np.inf, -0.0
    rows, columns = np.arange(48)[:, None] - 20, np.arange(40) - 15
    sea = np.add.outer(np.arange(48) * 9, np.arange(40) * 7) + _noise(1920, 6, 9).reshape(48, 40)
    sea = np.where((rows * rows + 2 * columns * columns) % 700 < 250, 1e20, sea / 64)
    out: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
        "bool": (_noise(300, 2, 3) == 0, {}),
        "int8": (walk.astype(np.int8), {}),
        "uint8-image": (image.astype(np.uint8), {}),
        "uint8-image-rgb": (np.stack([image, image + 3, 255 - image], -1).astype(np.uint8), {}),
        "int16": (walk.astype(np.int16), {}),
        "uint16-big-endian": (image.astype(">u2"), {}),
        "int32-volume": (image.reshape(4, 10, 12).astype(np.int32) * 7, {}),
        "uint32": (_noise(300, 32, 4).astype(np.uint32), {}),
        "int64-wide": (_noise(200, 63, 5), {}),
        "uint64": (_noise(200, 64, 6).astype(np.uint64), {}),
        "float16": (walk.astype(np.float16), {}),
        "float32": ((walk / 32 + _noise(400, 8, 7) / 4096).astype(np.float32), {}),
        "float64-decimal": (walk / 100, {}),
        "float64-specials": (specials, {}),
        "float64-fortran": (np.asfortranarray(image / 8), {}),
        "strings-listed": (_names(walk % 7), {}),
        "strings-shared": (np.char.encode(_names(np.abs(walk)), "latin-1"), {"level": 2}),
        "strings-numbers": (_stamps(), {}),
        "records": (_records(walk), {}),
        "pointwise-relative": (rough, {"max_error": ErrorBound.pointwise_relative(1e-3)}),
        "significant-digits": (rough, {"max_error": ErrorBound.significant_digits(3)}),
        "stated-psnr": ((walk / 7).astype(np.float32), {"max_error": ErrorBound.psnr(40)}),
        "float32-holes": (sea.astype(np.float32), {}),
        "float32-holes-bounded": (sea.astype(np.float32), {"level": 8, "max_error": 0.125}),
        "complex64": ((walk / 16 + 1j * walk[::-1] / 32).astype(np.complex64), {}),
        "datetime64": (np.datetime64("2024-01-01", "s") + 60 * np.arange(300), {}),
        "timedelta64": (walk.astype("m8[ms]"), {}),
        "structured": (
            np.array(
                list(zip(walk.tolist(), (walk / 4).tolist(), strict=True)),
                [("a", "<i4"), ("b", ">f4")],
            ),
            {},
        ),
        "bfloat16": (walk.astype(np.float32).astype(ml_dtypes.bfloat16), {}),
        "categories": (np.array([3, 14, 15, 92, 65, 35])[_noise(500, 16, 8) % 6], {}),
        "constant": (np.full((7, 9), 5, np.int16), {}),
        "empty": (np.empty((0, 3), np.float32), {}),
        "scalar": (np.array(42, np.uint16), {}),
        "bounded-float32": ((walk / 32).astype(np.float32), {"max_error": 0.05}),
        "bounded-specials": (specials, {"max_error": 0.125}),
    }
    for level in range(1, 10):
        out[f"level-{level}-signal"] = (walk, {"level": level})
        out[f"level-{level}-image"] = (image.astype(np.uint8), {"level": level})
    for level in (2, 3, 4):
        out[f"level-{level}-picture"] = (_picture(72, 96), {"level": level})
        out[f"level-{level}-stack"] = (_picture(288, 24).reshape(3, 96, 24), {"level": level})
        out[f"level-{level}-tone"] = (_tone(1500), {"level": level})
    out["level-3-averaged"] = (_averaged(80, 64), {"level": 3})
    wide = (_averaged(40, 100).astype(np.int64) << 20) + _noise(4000, 20, 15).reshape(40, 100)
    out["level-3-averaged-wide"] = (wide, {"level": 3})
    out["level-3-prices"] = (_prices(1500), {"level": 3})
    out["level-3-tones"] = (np.stack([_tone(700), _tone(700)[::-1]], -1), {"level": 3})
    out["jpeg-grey"] = (_blocks(56, 48).astype(np.uint8), {"level": 6})
    luma, chroma = _blocks(48, 48), _blocks(24, 24) // 4 + 96
    wide = [enlarged(one, 3, (48, 48)) for one in (chroma, np.ascontiguousarray(chroma[::-1]))]
    out["jpeg-colour"] = (to_rgb(luma, *wide).astype(np.uint8), {"level": 8})
    return out


def _blocks(rows: int, columns: int) -> NDArray[np.int64]:
    """Make what a decoder of JPEGs makes of a picture with an edge, slopes and noise."""
    y, x = np.arange(rows)[:, None], np.arange(columns)
    picture = 60 + (y * x >> 6) + 50 * ((x - columns // 2) ** 2 + (y - rows // 3) ** 2 < 400)
    picture = picture + _noise(rows * columns, 4, 16).reshape(rows, columns) - 128
    blocks = picture.reshape(rows // 8, 8, columns // 8, 8).transpose(0, 2, 1, 3)
    waves = INVERSE.T @ blocks @ INVERSE
    rise = np.add.outer(np.arange(8), np.arange(8)).reshape(-1)
    steps = 4 + 3 * rise
    multiples = waves.reshape(rows // 8, columns // 8, 64) // (steps << 28) + 1 >> 1
    plane = np.empty((rows, columns), np.int64)
    samples(multiples, steps, INVERSE, plane)
    return plane


def _picture(rows: int, columns: int) -> NDArray[np.uint16]:
    """Edges and slopes under noise: what a plane model for pictures takes."""
    y, x = np.arange(rows)[:, None], np.arange(columns)
    smooth = 9 * x + 5 * y + 200 * ((x - columns // 2) ** 2 + (y % 96 - 40) ** 2 < 600)
    return (smooth + _noise(rows * columns, 4, 10).reshape(rows, columns)).astype(np.uint16)


def _averaged(rows: int, columns: int) -> NDArray[np.int32]:
    """Noise averaged along rows and columns: what a plane model takes with feedback."""
    noise = _noise(rows * columns, 10, 14).reshape(rows, columns)
    for axis in (0, 1) * 3:
        noise = noise + np.roll(noise, 1, axis)
    return noise.astype(np.int32)


def _prices(n: int) -> NDArray[np.int32]:
    """Give opening, highest, lowest and closing prices, which classes take at level 3."""
    close = 20000 + np.cumsum(_noise(n, 7, 12) - 63)
    opening = np.roll(close, 1)
    beyond = _noise(2 * n, 5, 13).reshape(2, n)
    columns = [opening, np.maximum(opening, close) + beyond[0]]
    columns += [np.minimum(opening, close) - beyond[1], close]
    return np.stack(columns, -1).astype(np.int32)


def _tone(n: int) -> NDArray[np.int16]:
    """Two resonances driven by noise, in integers: what linear prediction takes."""
    drive = _noise(n, 7, 11) - 64
    out = [0, 0]
    for pulse in drive.tolist():
        out.append((440 * out[-1] - 246 * out[-2]) // 256 + pulse)
    return np.array(out[2:], np.int64).astype(np.int16)


def written(name: str) -> bytes:
    """Write the stream of an array; blocks too few for the model of blocks by it all the same."""
    array, arguments = golden()[name]
    if not name.startswith("jpeg"):
        return compress.compress(array, threads=1, **arguments)
    level = arguments["level"]
    fits = tuple(fit for fit in EFFORT[level].fits if fit.model in (coefficients, static, raw))
    with patch.dict(EFFORT, {level: EFFORT[level]._replace(fits=fits)}):
        return compress.compress(array, threads=1, **arguments)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.glob("*.fdz"):
        stale.unlink()
    for golden_name in golden():
        (FOLDER / f"{golden_name}.fdz").write_bytes(written(golden_name))
    print(f"{len(golden())} streams")  # noqa: T201 - a command
