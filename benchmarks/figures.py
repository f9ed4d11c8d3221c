"""Draw the figures of the documentation: ``python -m benchmarks.figures docs``.

Those of the mathematics are drawn anew; those of experiments come from their own commands, whose
measurements take minutes (`benchmarks.densities`, `benchmarks.extremal`, `benchmarks.paper`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.arrays import load
from compress.coders import encode
from compress.densities import FourierDensity
from compress.prediction import Autoregressive
from compress.tables import TableSet

COLOURS = ("#3b4cc0", "#c0553b", "#2a8f5b")
GREY = "#888888"
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
    "legend.frameon": False,
}


def fourier(path: Path) -> None:
    """Draw random amplitudes and their densities; fits of more and more terms."""
    rng = np.random.default_rng(6)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 3.4), layout="constrained")
    u = np.linspace(0, 1, 600)
    waves = np.exp(2j * np.pi * np.outer(u, np.arange(5)))
    for colour in COLOURS:
        a = np.concatenate([[1.0], (rng.normal(size=4) + 1j * rng.normal(size=4)) * 0.4])
        amplitude = waves @ a
        density = np.abs(amplitude) ** 2 / np.sum(np.abs(a) ** 2)
        left.plot(u, density, color=colour)
        left.plot(u, amplitude.real, color=colour, alpha=0.35, linestyle=":")
    left.axhline(0, color=GREY, linewidth=0.8)
    left.set(xlabel="u", title="amplitudes (dotted, real part) and densities")
    x = rng.normal(rng.choice([-4.0, -1.5, 1.0, 4.5], 20_000), 0.5)
    right.hist(x, 120, density=True, color="#dddddd")
    grid = np.linspace(-7, 7, 800)
    for terms, colour in zip((2, 6, 12), COLOURS, strict=True):
        fit = FourierDensity.fit(x, terms=terms)
        right.plot(grid, fit.pdf(grid), color=colour, label=f"{terms} terms")
    right.set(xlabel="x", title="fits of four normals")
    right.legend()
    figure.savefig(path, dpi=90, facecolor="white")


def table(path: Path) -> None:
    """Draw a density and its frequencies; and bits lost by tables of fewer units."""
    rng = np.random.default_rng(7)
    x = np.round(
        np.where(rng.random(60_000) < 0.6, rng.normal(-6, 3, 60_000), rng.normal(8, 2, 60_000))
    )
    symbols = x.astype(np.int64)
    density = FourierDensity.fit(symbols, bin_width=1.0)
    whole = TableSet.from_density(density, int(symbols.min()), int(symbols.max()), escape=False)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 3.4), layout="constrained")
    masses, low = whole.masses(), int(whole.low[0])
    k = np.arange(len(masses)) + low
    left.bar(k, masses / 2**24, width=0.9, color="#cccccc", label="frequency / 2²⁴")
    grid = np.linspace(k[0], k[-1], 600)
    left.plot(grid, density.pdf(grid), color=COLOURS[0], label="density")
    left.set(xlabel="symbol")
    left.legend()
    bits, lost = np.arange(6, 17), []
    ideal = whole.code_length(symbols) / symbols.size
    for one in bits:
        units = np.maximum(1, np.rint(masses / 2.0 ** (24 - one)))
        coarse = TableSet.from_pmf(units / units.sum(), low)
        lost.append(32 * encode(symbols, coarse, lanes=1).size / symbols.size - ideal)
    right.semilogy(bits, np.maximum(lost, 1e-6), "o-", color=COLOURS[1])
    right.set(xlabel="bits of the table's total", ylabel="bits lost a symbol, paid")
    figure.savefig(path, dpi=90, facecolor="white")


def conditional(path: Path) -> None:
    """Draw a row of a picture: what its densities say, and what its samples cost."""
    picture = load("camera")[180:244, 60:220]
    bits = Autoregressive(level=5).fit(picture).bits(picture)
    row = 40
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(10.0, 4.4), sharex=True, layout="constrained", height_ratios=(2, 1)
    )
    x = picture[row].astype(np.float64)
    left, up, corner = picture[row, :-1], picture[row - 1, 1:], picture[row - 1, :-1]
    predicted = np.median([left, up, left.astype(int) + up - corner], axis=0)
    columns = np.arange(x.size)
    above.plot(columns, x, color=GREY, label="samples")
    above.plot(
        columns[1:], predicted, ".", markersize=3, color=COLOURS[0], label="median edge prediction"
    )
    above.set(ylabel="grey value")
    above.legend()
    below.bar(columns, bits[row], width=1.0, color=COLOURS[1])
    below.set(xlabel="column", ylabel="bits, level 5")
    figure.savefig(path, dpi=90, facecolor="white")


def main(folder: Path) -> None:
    """Draw all of them."""
    with plt.rc_context(STYLE):
        drawings: dict[str, Any] = {"fourier": fourier, "table": table, "conditional": conditional}
        for name, draw in drawings.items():
            draw(folder / f"mathematics_{name}.png")
            print(folder / f"mathematics_{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
