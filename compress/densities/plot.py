"""Pictures of a fit (extra ``plot``: matplotlib)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.density import Density
from compress.densities.statistic import Statistic

__all__ = ["draw_density", "plot_fit"]


def plot_fit(
    density: Density,
    x: ArrayLike | Statistic,
    *,
    weights: ArrayLike | None = None,
    bins: int = 80,
    axes: Any = None,
) -> Any:
    """Draw histogram, density and modes; and, beside them, the quantile residuals.

    Parameters
    ----------
    density : Density
        A fitted density.
    x : array_like or Statistic
        The samples it is compared with.
    weights : array_like, optional
        Their weights.
    bins : int
        Bins of the histogram, between the 0.1 % and the 99.9 % quantile.
    axes : pair of matplotlib axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.figure.Figure

    Notes
    -----
    The residual at probability q is (share of samples below ppf(q)) - q. For samples of the
    density it stays within the dashed band +- 2 sqrt(q (1 - q) / n) at 95 % of the points.
    """
    import matplotlib.pyplot as plt  # noqa: PLC0415 - an optional dependency

    statistic = Statistic.of(x, weights)
    if axes is None:
        _, axes = plt.subplots(1, 2, figsize=(9.0, 3.2), layout="constrained")
    left, right = axes
    draw_density(density, statistic, bins=bins, ax=left)
    q = np.linspace(0.0, 1.0, 202)[1:-1]
    below = np.searchsorted(statistic.values, density.ppf(q), side="right")
    share = np.concatenate([[0.0], np.cumsum(statistic.counts)])[below] / statistic.total
    band = 2.0 * np.sqrt(q * (1.0 - q) / statistic.total)
    right.plot(q, share - q, color="C0")
    right.plot(q, band, "--", q, -band, "--", color="0.6", linewidth=0.8)
    right.set(xlabel="probability q", ylabel="share below ppf(q), less q")
    return left.figure


def draw_density(density: Density, statistic: Statistic, *, bins: int, ax: Any) -> None:
    """Draw a histogram, a density over it, and its modes.

    Parameters
    ----------
    density : Density
    statistic : Statistic
        Of the samples.
    bins : int
        Of the histogram, between the 0.1 % and the 99.9 % quantile.
    ax : matplotlib.axes.Axes
    """
    low, high = statistic.quantile(0.001), statistic.quantile(0.999)
    if high <= low:
        low, high = low - statistic.resolution, high + statistic.resolution
    margin = 0.05 * (high - low)
    edges = np.linspace(low, high, bins + 1)
    counts, _ = np.histogram(statistic.values, edges, weights=statistic.counts)
    heights = counts / (statistic.total * np.diff(edges))
    ax.stairs(heights, edges, fill=True, color="0.85", label="samples")
    grid = np.linspace(low - margin, high + margin, 1000)
    ax.plot(grid, density.pdf(grid), color="C0", label=type(density).__name__)
    peaks = [peak for peak in density.modes(0.01) if low <= peak.location <= high]
    locations, tops = [p.location for p in peaks], [p.height for p in peaks]
    ax.plot(locations, tops, "v", color="C3", label="modes")
    ax.set(xlabel="x", ylabel="density", ylim=(0.0, None))
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
