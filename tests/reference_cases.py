"""Planes and parameters for every step, and streams of them with plain payloads.

Arrays are made so that the step takes every way that it has: layouts, rounding, names, axes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compress.pipeline.tree import Branch, Leaf
from compress.prediction import raw
from compress.transforms import STEPS
from compress.transforms.delta import _parameters as delta_parameters
from compress.transforms.framed import _frames
from compress.transforms.matched import _matches, _units
from compress.transforms.step import Context
from tests.golden_arrays import golden
from tests.streams import stream

__all__ = ["CASES", "Case", "children_of", "stream_of"]

Array = NDArray[Any]
BY_NAME = {step.NAME: step for step in STEPS.values()}
NAN_OF = {4: 0x7FC00000, 8: 0x7FF8 << 48}


class Case(NamedTuple):
    """An array, and a step with parameters that take it."""

    step: str
    array: Array
    parameters: tuple[int, ...]


def children_of(case: Case) -> list[NDArray[np.int64]]:
    """Planes that the step makes."""
    children = BY_NAME[case.step].split(case.array, case.parameters)
    assert children is not None, case
    return [np.array(child.plane, np.int64, order="C") for child in children]


def stream_of(
    case: Case, planes: list[NDArray[np.int64]], dtype: Any = None, shape: Any = None
) -> bytes:
    """Write a stream of one step over plain planes; of another dtype and shape where given."""
    widths = [raw.propose(plane, 1) if plane.size else (0,) for plane in planes]
    leaves = tuple(Leaf(raw.CODE, width) for width in widths)
    coded = [
        raw.encode(plane, width) if plane.size else b""
        for plane, width in zip(planes, widths, strict=True)
    ]
    plan = Branch(BY_NAME[case.step].CODE, case.parameters, leaves)
    of_shape = case.array.shape if shape is None else shape
    of_dtype = case.array.dtype if dtype is None else dtype
    if of_dtype.kind in "SU":
        # The last axis of a field of characters is the string.
        of_dtype, of_shape = np.dtype(f"{of_dtype.kind}{of_shape[-1]}"), of_shape[:-1]
    return stream(of_dtype, of_shape, [plan], coded)


def _bits(number: float) -> int:
    return int(np.array([number]).view(np.int64)[0])


def _set_apart() -> list[Case]:
    rng = np.random.default_rng(1)
    grid = np.cumsum(rng.integers(-3, 4, 120)).reshape(10, 12)
    holed = np.where(rng.random(grid.shape) < 0.2, np.nan, grid / 100)
    holed[0, 0], holed[3, 3] = np.inf, -0.0
    spiked = np.where(rng.random(grid.shape) < 0.05, 10**6, grid)
    halves = (grid / 8).astype(np.float16)
    out = []
    for layout in (0, 1, 2):
        for special in (False, True):
            nan4, nan8 = ((NAN_OF[4],), (NAN_OF[8],)) if special else ((), ())
            step, bound = _bits(0.02), _bits(0.01)
            scale, offset = _bits(0.03), _bits(1.5)
            single = holed.astype(np.float32)
            affine = holed * 3 + 1.5
            out += [
                Case("scaled", holed, (0, 2, 0, 0, layout, *nan8)),
                Case("scaled", single * 7, (2, _bits(0.07), 1, 1, layout, *nan4)),
                Case("truncated", single.astype(np.float64), (20, layout, *nan8)),
                Case("quantised", holed, (0, step, bound, layout, *nan8)),
                Case("fixed", single * 1000, (24, 4, layout, *nan4)),
                Case("fixed", holed / 1000, (53, 30, layout, *nan8)),
                Case(
                    "ratios", np.where(np.isfinite(holed), grid / 7, holed), (1, 0, layout, *nan8)
                ),
                Case("affine", affine, (scale, offset, 1, 1, layout, *nan8)),
            ]
        out += [
            Case("fixed", halves, (11, 6, layout)),
            Case("scaled", grid * 0.3, (2, _bits(0.3), 0, 2, layout)),
            Case("scaled", grid / 3, (1, _bits(3.0), 0, 0, layout)),
            Case("scaled", halves.astype(np.float64), (1, _bits(8.0), 2, 0, layout)),
            Case("masked", np.where(grid % 3 == 0, -9999, grid), (layout, -9999)),
            Case("masked", grid, (layout, *range(5))),
            Case("ratios", (grid / 7 * 100).astype(np.float32), (100, 1, layout)),
            Case("ratios", (grid / 7).astype(np.float32) * np.float32(100), (100, 0, layout)),
            Case("affine", affine.astype(np.float32), (scale, offset, 0, 2, layout)),
            Case("affine", affine.astype(np.float32), (scale, offset, 1, 0, layout)),
            Case("outliers", spiked, (layout, 500)),
        ]
    return out


def _of_axes() -> list[Case]:
    rng = np.random.default_rng(2)
    image = np.add.outer(np.arange(9) * 3, np.arange(7) * 2) + rng.integers(0, 5, (9, 7))
    walk = np.cumsum(rng.integers(-3, 4, 120))
    cube = image.reshape(3, 3, 7)
    even = image[:6, :6] + image[:6, :6].T
    odd = even[:5, :5]
    channels = np.stack([image, 2 * image + 1, image - 3])
    rows = np.concatenate([image, image[2:6], image[2:6], image])
    return [
        Case("folded", walk, (12,)),
        Case("folded", walk, (7,)),
        Case("folded", image, (2,)),
        Case("transposed", cube, (2, 0, 1)),
        Case("unstacked", image, ()),
        Case("decorrelated", channels, (1, 0, 2, 128, -64, 32)),
        Case("repeated", np.repeat(walk, 2), (1,)),
        Case("repeated", np.repeat(image, 3, 1), (1, 1)),
        Case("repeated", np.tile(image, (3, 1)), (9,)),
        Case("repeated", np.repeat(cube, 2, 1), (1, 1, 1)),
        Case("mirrored", np.concatenate([walk, walk[::-1]]), (0,)),
        Case("mirrored", np.concatenate([walk, walk[-2::-1]]), (0,)),
        Case("mirrored", even, (2,)),
        Case("mirrored", np.stack([odd, odd]), (3,)),
        Case("mirrored", even + np.triu(np.ones_like(even), 1), (2, 1)),
        Case("mirrored", image, (1, 1)),
        Case("matched", rows, (1, 2, _matches(_units(rows, 1), 2)[0].size)),
        Case("matched", rows, (0, 8, _matches(_units(rows, 0), 8)[0].size)),
    ]


def _of_sequences() -> list[Case]:
    rng = np.random.default_rng(3)
    walk = np.cumsum(rng.integers(-3, 4, 120))
    tracks = np.stack([walk, walk[::-1] + 1000, walk * 2 - 5000], 1).reshape(-1)
    out = [
        Case("lookback", tracks, parameters)
        for parameters in (
            (8, 0, 50, 0, 0), (8, 1, 50, 0, 0), (2, 0, 50, 0, 0), (2, 1, 50, 0, 1),
            (3, 0, 50, 0, 1), (4, 0, 50, 3, 0), (4, 1, 50, 8, 0), (1, 0, 0, 0, 0),
        )
    ]  # fmt: skip
    for order in (1, 2, 3):
        for modulus, low in ((0, 0), (100, 0), (64, -30)):
            values = walk % modulus + low if modulus else walk
            parameters = delta_parameters(values, order, modulus, low)
            out.append(Case("delta", values, parameters))
    frames = np.concatenate(
        [rng.normal(0, 3, 400), rng.normal(1000, 80, 500), rng.normal(-50, 2, 300)]
    ).astype(np.int64)
    lengths, _, which = _frames(frames)
    pixels = 100 + rng.integers(0, 20, 120)
    pixels = pixels * 65793 + rng.integers(0, 5, 120) * 256 + rng.integers(0, 3, 120) * 65536
    rare = np.where(rng.random(200) < 0.05, rng.integers(0, 9, 200) + 5, 4)
    packed = np.abs(walk) * 10000 + rng.integers(0, 100, 120) * 100 + rng.integers(0, 100, 120)
    wide = (rng.standard_cauchy(120) * 1000).astype(np.int64) * rng.integers(1, 10**6, 120)
    return [
        *out,
        Case("seasonal", walk + np.resize([1, 50, -20, 7], 120), (4,)),
        Case("sparse", rare, (4, int(np.count_nonzero(rare != 4)))),
        Case("multiples", walk * 60 + 7, (60, 7, 0)),
        Case("multiples", walk * 16 + rng.integers(0, 3, 120), (16, 1, 1)),
        Case("unwrapped", walk % 24, (24, 0)),
        Case("unwrapped", walk % 256 - 128, (256, -128)),
        Case("interleaved", tracks, (3,)),
        Case("interleaved", walk, (7,)),
        Case("digits", packed, (0, 100, 100)),
        Case("digits", pixels, (1, 256, 256)),
        Case("digits", pixels - 2**40, (2, 256, 256)),
        Case("framed", frames, (lengths.size, int(which.max()) + 1)),
        *(Case("binned", wide, (leading,)) for leading in (2, 3, 5)),
    ]


def _of_fields() -> list[Case]:
    walk = np.cumsum(np.random.default_rng(4).integers(-3, 4, 300))
    fields = [walk.astype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)]
    floats = [walk.astype(f"f{size}") / 4 for size in (2, 4, 8)]
    out = [Case("quantised", field, (1, 5, 2, 0)) for field in fields]
    out += [
        Case("ordered", field, ())
        for field in (*fields, *floats, walk % 2 == 0)
        if field.dtype != np.int64
    ]
    sums = {np.float64: np.zeros(300), np.float32: np.zeros(300, np.float32)}
    for dtype, array in sums.items():
        for i in range(1, array.size):
            array[i] = array[i - 1] + dtype(0.1)
    broken = sums[np.float64].copy()
    broken[50], broken[70] = np.nan, np.inf
    cube = sums[np.float64].reshape(15, 4, 5)
    return [
        *out,
        Case("constant", np.full((3, 4), -7), (-7,)),
        Case("dictionary", np.array([5, 9, -3, 100])[walk % 4], ()),
        Case("accumulated", sums[np.float64], (2, _bits(0.1), 0)),
        Case("accumulated", broken, (2, _bits(0.1), 0)),
        Case("accumulated", cube, (0, 1, 1)),
        Case("accumulated", sums[np.float32], (0, 1, 0)),
    ]


def _characters(strings: list[Any], kind: str) -> Array:
    """Give the characters of strings, along the last axis."""
    array = np.array(strings, kind)
    size = 4 if kind == "U" else 1
    return array.view(f"{kind}1").reshape(*array.shape, array.dtype.itemsize // size)


def _of_strings() -> list[Case]:
    names = ["", "a", "ab", "abc", "abd", "b\U0010ffff", "ba", "ba"]
    dates = [f"2024-{month:02}-{month * 2:02}T" for month in range(1, 13)]
    total = sum(len(name) + 1 for name in names)
    kept = total - sum(map(len, ("", "a", "ab", "ab", "b", "ba")))
    broken = [*dates, "no date at T"[:11], ""]
    listed = [dates[i % 3] for i in range(20)]
    columns = (4, -1, 2, -1, 2, -1)
    return [
        Case("strings", _characters(names, "U"), (0, 0)),
        Case("strings", _characters(names, "U"), (0, 1, kept)),
        Case("strings", _characters([dates[:6], dates[6:]], "U"), (0, 2, 0, *columns)),
        Case("strings", _characters(dates, "S"), (0, 2, 0, *columns)),
        Case("strings", _characters(broken, "S"), (0, 2, 1, *columns)),
        Case("strings", _characters(listed, "S"), (1, 0)),
        Case("strings", _characters(listed, "U"), (1, 2, 0, *columns)),
        Case("ordered", _characters(names, "U"), ()),
        Case("ordered", _characters(dates, "S"), ()),
    ]


def _relative() -> list[Case]:
    rng = np.random.default_rng(5)
    wide = np.exp(rng.normal(0, 9, 90)) * rng.choice([-1, 1], 90)
    wide[3], wide[50:52] = 0.0, (np.nan, -0.0)
    whole = (rng.normal(0, 3, 90) * 100).astype(np.int64)
    out = []
    for layout in (0, 1, 2):
        out += [
            Case("relative", wide, (0, 300, -6000, _bits(0.01), layout)),
            Case("relative", wide.astype(np.float32), (0, 70, -2000, _bits(0.01), layout, 5)),
            Case("relative", wide, (1, 3, 900 * 310, _bits(3.0), layout, NAN_OF[8])),
        ]
    narrow = [whole.astype(dtype) for dtype in (np.int16, np.int64, np.uint64)]
    return [
        *out,
        Case(
            "relative", np.clip(wide, -6e4, 6e4).astype(np.float16), (1, 2, 90 * 300, _bits(2.0), 0)
        ),
        *(Case("relative", array, (0, 40, 0, _bits(0.01), 0)) for array in narrow),
        Case("relative", narrow[0], (1, 2, 90 * 324, _bits(2.0), 0)),
    ]


def _of_pictures() -> list[Case]:
    """Pictures of a JPEG with the grid moved, and with samples that it did not make."""
    grey = golden()["jpeg-grey"][0].astype(np.int64)
    picture = np.ascontiguousarray(grey[3:, 5:])
    picture[20, 20] ^= 1
    colours = golden()["jpeg-colour"][0].astype(np.int64)
    cases = []
    for array in (grey, picture, colours):
        found = next(iter(BY_NAME["jpeg"].candidates(array, Context())))
        cases.append(Case("jpeg", array, tuple(found)))
    return cases


CASES = [
    *_set_apart(), *_of_axes(), *_of_sequences(), *_of_fields(), *_of_strings(), *_relative(),
    *_of_pictures(),
]  # fmt: skip
