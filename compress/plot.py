"""Pictures of densities, of bits, and of files (extra ``plot``: matplotlib).

Each function draws into the axes that it is given, or into a figure of its own, and returns the
axes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.densities import Statistic
from compress.densities.density import Density
from compress.densities.plot import draw_density
from compress.facade import inspect
from compress.inspection import Information
from compress.prediction import Autoregressive
from compress.transforms import ordered

__all__ = ["plot_bits", "plot_bytes", "plot_density"]

# Where the colour scale of bits ends: the samples beyond are drawn as its end. The first sample of
# a picture costs as many bits as it has, and would leave the others one colour.
_LOW, _HIGH = 0.5, 99.5
# Bars of planes that are drawn one by one; the smaller ones are drawn as one.
_MOST_BARS = 12
_REST = "{} smaller planes"


def plot_density(
    density: Density,
    x: ArrayLike | Statistic,
    *,
    weights: ArrayLike | None = None,
    bins: int = 80,
    ax: Any = None,
) -> Any:
    """Draw a density over the histogram of samples, with its modes.

    Parameters
    ----------
    density : Density
        Such as `compress.densities.fit_density` returns.
    x : array_like or Statistic
        The samples.
    weights : array_like, optional
        Their weights.
    bins : int, optional
        Bins of the histogram, between the 0.1 % and the 99.9 % quantile.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    See Also
    --------
    compress.densities.plot.plot_fit : the residuals as well.
    """
    ax = _axes(ax, (5.0, 3.2))
    draw_density(density, Statistic.of(x, weights), bins=bins, ax=ax)
    return ax


def plot_bits(array: ArrayLike, *, level: int = 5, ax: Any = None) -> Any:
    """Draw how many bits each sample of an image costs under the autoregressive model.

    The map is that of one plane coded by the model of levels 5 to 9, without transforms. What
    `compress.compress` makes of the array is as large where its plan is this model alone, and
    smaller where a transform comes before it.

    Parameters
    ----------
    array : array_like
        Two axes, or three where the last one is of colours, whose bits are summed. Integers that
        fit in int64, or floats, which are coded as integers in the order of their values.
    level : int, optional
        5 to 9.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With a colour bar beside it. Its scale ends at the 0.5 % and the 99.5 % quantile.

    Raises
    ------
    TypeError
        If the samples are neither.
    ValueError
        If the array is no image, or the level is none of these.
    """
    samples: NDArray[Any] = np.asarray(array)
    if samples.ndim not in (2, 3) or not samples.size:
        raise ValueError(f"an image has 2 axes, or 3 with one of colours; got {samples.shape}")
    if samples.dtype.kind == "f" and samples.dtype.itemsize <= 8:
        native = samples.astype(samples.dtype.newbyteorder("="))
        plane: NDArray[Any] = ordered.to_plane(np.ascontiguousarray(native))
    else:
        plane = samples
    bits = Autoregressive(level).fit(plane).bits(plane)
    image = bits.sum(axis=2) if bits.ndim == 3 else bits
    low, high = np.percentile(image, [_LOW, _HIGH])
    ax = _axes(ax, (6.0, 4.5))
    drawn = ax.imshow(
        image, cmap="magma", vmin=low, vmax=max(high, low + 1e-9), interpolation="nearest"
    )
    unit = "pixel" if bits.ndim == 3 else "sample"
    bar = ax.figure.colorbar(drawn, ax=ax, extend=_beyond(image, low, high))
    bar.set_label(f"bits per {unit}")
    ax.set_title(f"{image.mean():.2f} bits per {unit}, {image.max():.0f} at most")
    ax.set(xticks=[], yticks=[])
    return ax


def _beyond(image: NDArray[Any], low: float, high: float) -> str:
    """Return which ends of a colour scale have samples beyond them."""
    below, above = bool((image < low).any()), bool((image > high).any())
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get(
        (below, above), "neither"
    )


def plot_bytes(data: bytes | bytearray | memoryview | Information, *, ax: Any = None) -> Any:
    """Draw where the bytes of a compressed array or file are.

    A bar for each plane that the plans make, over all chunks: the steps that lead to it and the
    model that codes it. Planes without bytes, such as constant ones, have none. Further bars for
    the plans with the lengths, and for head, checksums and index.

    Parameters
    ----------
    data : bytes-like or Information
        What `compress.compress` or a `compress.Writer` wrote, or what `compress.inspect` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    FormatError, CorruptError
        As `compress.inspect`.
    """
    information = data if isinstance(data, Information) else inspect(data)
    planes, around = _bytes_of(information)
    bars = [*planes, *around]
    ax = _axes(ax, (7.0, 0.9 + 0.32 * len(bars)))
    sizes = [size for _, size in bars]
    colours = ["C0"] * len(planes) + ["0.6"] * len(around)
    places = np.arange(len(bars))
    ax.barh(places, sizes, color=colours)
    for place, size in zip(places, sizes, strict=True):
        share = size / max(1, information.n_bytes)
        ax.annotate(
            f"{size:,} ({share:.1%})", (size, place), (4, 0), textcoords="offset points",
            va="center", fontsize=8,
        )  # fmt: skip
    ax.set_yticks(places, [name for name, _ in bars])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.25 * max(1, *sizes))
    ax.set_xlabel("bytes")
    chunks = f"{len(information.chunks)} chunk{'s' * (len(information.chunks) != 1)}"
    fields = len(information.dtype.names or ())
    what = f"records of {fields} fields" if fields else str(information.dtype)
    ax.set_title(
        f"{what} {information.shape}: {information.n_bytes:,} bytes in {chunks}",
        loc="left", fontsize=10,
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _bytes_of(
    information: Information,
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the bytes of planes by their names, largest first, and those around them."""
    planes: Counter[str] = Counter()
    plans = modelled = 0
    names = list(_field_names(information.dtype, ""))
    for chunk in information.chunks:
        if not chunk.plan:
            modelled += chunk.n_bytes
            continue
        plans += chunk.n_bytes - sum(plane.n_bytes for plane in chunk.planes)
        fields = {plane.field for plane in chunk.planes}
        for plane in chunk.planes:
            name = " > ".join((*plane.steps, plane.model))
            if len(fields) > 1 or len(names) > 1:
                known = len(names) > plane.field
                name = f"{names[plane.field] if known else f'field {plane.field}'}: {name}"
            planes[name] += plane.n_bytes
    found = [(name, size) for name, size in planes.most_common() if size]
    if len(found) > _MOST_BARS:
        rest = found[_MOST_BARS - 1 :]
        found = [*found[: _MOST_BARS - 1], (_REST.format(len(rest)), sum(n for _, n in rest))]
    if modelled:
        found.append(("chunks by the plans of a model", modelled))
    chunks = sum(chunk.n_bytes for chunk in information.chunks)
    around = [
        ("plans and lengths", plans),
        ("head, checksums, index", information.n_bytes - chunks),
    ]
    return found, around


def _field_names(dtype: np.dtype[Any], above: str) -> Iterator[str]:
    """Yield the names of the scalar fields of a dtype, in the order in which they are coded."""
    if dtype.names is not None:
        for name in dtype.names:
            yield from _field_names(dtype[name].base, f"{above}.{name}".lstrip("."))
    elif dtype.kind == "c":
        yield f"{above} real".strip()
        yield f"{above} imaginary".strip()
    else:
        yield above


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    """Return axes to draw into."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415 - an optional dependency

    return plt.subplots(figsize=size, layout="constrained")[1]
