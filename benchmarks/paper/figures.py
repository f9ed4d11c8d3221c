"""Figures of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_FITTED = {
    "Fourier": ("ours, on [-1, 1]", "C0", "o-"),
    "Fourier, line": ("ours, on the line", "C0", "s--"),
    "Fourier, Adam": ("the notebook's training", "C1", "o-"),
    "Fourier, falling rate": ("the same, falling rate", "C1", "s--"),
    "deep": ("deep prior, the notebook's training", "C2", "^-"),
    "deep, falling rate": ("deep prior, falling rate, narrow start", "C2", "x--"),
    "mixture": ("mixture of normals (ours, EM)", "C3", "v:"),
}


def draw(record: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """Draw what the record holds as PNG files."""
    import matplotlib as mpl  # noqa: PLC0415 - optional

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - optional

    if "fitting" in record:
        _fitting(plt, record["fitting"]).savefig(
            folder / "paper_fitting.png", dpi=90, facecolor="white"
        )
    if "compression" in record:
        _compression(plt, record["compression"]).savefig(
            folder / "paper_compression.png", dpi=90, facecolor="white"
        )


def _fitting(plt: Any, rows: list[dict[str, Any]]) -> Any:
    normals = sorted({row["normals"] for row in rows})
    figure, axes = plt.subplots(
        1, len(normals), figsize=(3.0 * len(normals), 3.6), sharey=True, layout="constrained"
    )
    for ax, k in zip(axes, normals, strict=True):
        mine = [row for row in rows if row["normals"] == k]
        for name, (label, colour, style) in _FITTED.items():
            points = [(row[f"{name} parameters"], max(row[name], 1e-6)) for row in mine]
            ax.plot(*zip(*points, strict=True), style, color=colour, label=label, markersize=4)
        ax.set(title=f"{k} normals", xlabel="parameters", yscale="log", xlim=(0, 125))
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("KL (nats)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _compression(plt: Any, rows: list[dict[str, Any]]) -> Any:
    sources = [s for s in ("banana", "ring", "clusters") if any(r["source"] == s for r in rows)]
    figure, axes = plt.subplots(
        1, len(sources), figsize=(3.7 * len(sources), 3.8), layout="constrained", squeeze=False
    )
    curves = (
        ("Fourier", "estimated bits", "Fourier, estimated", "C0", "o-"),
        ("Fourier", "coded bits", "Fourier, bytes of our coder", "C0", "x"),
        ("Fourier", "fitted bits", "Fourier latents, tables fitted and written", "C4", "+"),
        ("deep", "estimated bits", "deep prior, estimated", "C2", "^--"),
        ("deep", "coded bits", "deep prior, bytes of our coder", "C2", "1"),
    )
    for ax, source in zip(axes[0], sources, strict=True):
        for model, what, label, colour, style in curves:
            mine = [r for r in rows if r["source"] == source and r["model"] == model]
            mine.sort(key=lambda row: row["lambda"])
            points = [(row[what], row["distortion"]) for row in mine]
            ax.plot(*zip(*points, strict=True), style, color=colour, label=label, markersize=6)
        ax.set(title=source, xlabel="bits a row", yscale="log")
        ax.grid(alpha=0.3)
    axes[0, 0].set_ylabel("squared error a row")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure
