"""Pictures: each draws into given axes or its own, and shows what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import compress

matplotlib = pytest.importorskip("matplotlib")

IMAGE = np.cumsum(np.random.default_rng(0).integers(-3, 4, (48, 40)), axis=1)


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    matplotlib.use("Agg")
    yield
    from matplotlib import pyplot as plt  # noqa: PLC0415

    plt.close("all")


def test_one_dear_sample_does_not_flatten_the_scale() -> None:
    """A first pixel of 48 bits is drawn as the end of a scale that fits the others."""
    from compress.plot import plot_bits  # noqa: PLC0415

    wide = IMAGE.astype(np.int64)
    wide[0, 0] = 1 << 47
    ax = plot_bits(wide)
    drawn = ax.images[0]
    assert drawn.get_array().max() > 40
    assert drawn.get_clim()[1] < 30
    assert "at most" in ax.get_title()


@pytest.mark.parametrize("dtype", ["u1", "i4", ">f4", "f8"])
def test_bits_of_images(dtype: str) -> None:
    """One value a pixel, colours summed; the mean is what the model would code."""
    from compress.plot import plot_bits  # noqa: PLC0415

    image = (IMAGE % 256).astype(dtype)
    assert plot_bits(image).images[0].get_array().shape == image.shape
    colours = np.stack([image, image[::-1], image], axis=-1)
    assert plot_bits(colours).images[0].get_array().shape == image.shape


def test_bits_are_those_that_the_coder_spends() -> None:
    """Their sum is the length of the stream, where the plan is the model alone."""
    from compress.plot import plot_bits  # noqa: PLC0415

    array = np.random.default_rng(1).integers(0, 50, (60, 60))
    total = plot_bits(array).images[0].get_array().sum()
    assert total == pytest.approx(60 * 60 * np.log2(50), rel=0.1)


@pytest.mark.parametrize("shape", [(), (5,), (2, 2, 2, 2), (0, 3)])
def test_no_image(shape: tuple[int, ...]) -> None:
    """Other numbers of axes, and nothing to see."""
    from compress.plot import plot_bits  # noqa: PLC0415

    with pytest.raises(ValueError, match="an image has"):
        plot_bits(np.zeros(shape, np.uint8))


def records() -> Any:
    """Give records of a date, a number and a complex one."""
    table = np.zeros(3000, [("when", "M8[s]"), ("price", "f8"), ("z", "c8")])
    table["when"] = np.arange(3000)
    table["price"] = np.random.default_rng(0).normal(size=3000).cumsum().round(2)
    table["z"] = np.random.default_rng(1).normal(size=3000)
    return table


@pytest.mark.parametrize("array", [IMAGE, records(), np.zeros(9), np.zeros(0)])
def test_the_bars_are_all_bytes(array: Any) -> None:
    """Their lengths sum to the length of the stream, from bytes and from what describes them."""
    from compress.plot import plot_bytes  # noqa: PLC0415

    data = compress.compress(array, level=3)
    for given in (data, compress.inspect(data)):
        bars = [patch.get_width() for patch in plot_bytes(given).patches]
        assert sum(bars) == len(data)


def test_the_bars_have_the_names_of_fields() -> None:
    """Of records, and the parts of complex numbers."""
    from compress.plot import plot_bytes  # noqa: PLC0415

    labels = [
        text.get_text() for text in plot_bytes(compress.compress(records())).get_yticklabels()
    ]
    assert any(label.startswith("price: ") for label in labels)
    assert any(label.startswith("z real: ") for label in labels)


def test_bytes_of_a_model() -> None:
    """Chunks without plans are one bar."""
    from compress.plot import plot_bytes  # noqa: PLC0415

    steps = np.random.default_rng(0).integers(-9, 10, (6, 5000)).cumsum(axis=1)
    table = np.empty(5000, [(name, np.int32) for name in "abcdef"])
    for name, row in zip("abcdef", steps, strict=True):
        table[name] = row % 100
    model = compress.fit(table, level=2)
    data = compress.compress(table[:50], level=2, model=model)
    assert compress.inspect(data).fingerprint is not None
    ax = plot_bytes(data)
    assert "the plans of a model" in " ".join(text.get_text() for text in ax.get_yticklabels())
    assert sum(patch.get_width() for patch in ax.patches) == len(data)


def test_densities() -> None:
    """Histogram, density and modes, into axes that are given."""
    from matplotlib import pyplot as plt  # noqa: PLC0415

    from compress.densities import Normal  # noqa: PLC0415
    from compress.plot import plot_bits, plot_bytes, plot_density  # noqa: PLC0415

    x = np.random.default_rng(0).normal(size=500)
    density = Normal.fit(x)
    ax = plt.subplots()[1]
    assert plot_density(density, x, ax=ax) is ax
    heights = ax.lines[0].get_ydata()
    assert heights.max() == pytest.approx(density.pdf(density.ppf(0.5)), rel=1e-3)
    for function, given in ((plot_bits, IMAGE), (plot_bytes, compress.compress(IMAGE, level=1))):
        ax = plt.subplots()[1]
        assert function(given, ax=ax) is ax


def test_inspect_lists_coded_planes() -> None:
    """They are within the chunk, and of the fields of the dtype."""
    chunk = compress.inspect(compress.compress(records())).chunks[0]
    assert {plane.field for plane in chunk.planes} <= set(range(4))
    assert 0 < sum(plane.n_bytes for plane in chunk.planes) < chunk.n_bytes
    assert all(plane.model and isinstance(plane.steps, tuple) for plane in chunk.planes)
