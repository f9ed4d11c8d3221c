"""KL divergence against parameters: every density on every target."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats
import sklearn.mixture

from benchmarks.densities_deep import AVAILABLE, DeepFactorised
from benchmarks.densities_targets import Target, targets
from compress.densities import (
    FourierDensity,
    GaussianMixture,
    Histogram,
    StudentT,
    fit_density,
)

SAMPLES = 100_000
_KERNELS = 10_000
PARAMETERS = (4, 8, 16, 32, 64)
_DEEP_STEPS = 1500
# filters of the deep prior whose numbers of parameters come nearest to those of the table
_FILTERS = {4: (1,), 8: (2,), 16: (2, 2), 32: (3, 3), 64: (4, 5, 2)}


class _Scikit:
    def __init__(self, components: int, x: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = sklearn.mixture.GaussianMixture(components, random_state=0)
            self.model.fit(x[:, None])

    def logpdf(self, x: Any) -> Any:
        return self.model.score_samples(x[:, None])


class _Kernels:
    """Gaussian kernels at the first samples, Silverman's bandwidth."""

    def __init__(self, x: Any) -> None:
        self.model = scipy.stats.gaussian_kde(x[:_KERNELS], "silverman")

    def logpdf(self, x: Any) -> Any:
        return self.model.logpdf(x)


class _Tailed:
    """A histogram, and one sample's share of a Student-t density.

    By itself it ends at the extreme samples, and misses mass of every target.
    """

    def __init__(self, x: Any, bins: int) -> None:
        self.histogram = Histogram.fit(x, bins=bins)
        self.tails = StudentT.fit(x)
        self.share = 1.0 / x.size

    def logpdf(self, x: Any) -> Any:
        inside = self.histogram.logpdf(x) + np.log1p(-self.share)
        return np.logaddexp(inside, self.tails.logpdf(x) + np.log(self.share))


def _fourier(target: Target, x: Any, parameters: int) -> FourierDensity:
    """2 N plus those of the base; the paper's target on its interval."""
    if target.support is not None:
        return FourierDensity.fit(x, terms=parameters // 2, base="uniform", support=target.support)
    return FourierDensity.fit(x, terms=(parameters - 2) // 2)


def _methods(target: Target, x: Any) -> list[tuple[str, Callable[[int], Any]]]:
    found: list[tuple[str, Callable[[int], Any]]] = [
        ("Fourier", lambda p: _fourier(target, x, p)),
        ("GMM, EM", lambda p: GaussianMixture.fit(x, components=(p + 1) // 3)),
        (
            "GMM, gradient",
            lambda p: GaussianMixture.fit(x, components=(p + 1) // 3, method="gradient"),
        ),
        ("GMM, scikit-learn", lambda p: _Scikit((p + 1) // 3, x)),
        ("histogram", lambda p: _Tailed(x, p // 2)),
    ]
    if AVAILABLE:
        found.append(("deep factorised", lambda p: DeepFactorised(x, _FILTERS[p], _DEEP_STEPS)))
    return found


def _figure(value: float) -> str:
    return f"{value:.5f}" if value < 100.0 else f"{value:.1e}"


def measure(target: Target) -> dict[str, list[float]]:
    """KL in nats of each method at each number of parameters, and of those without."""
    x = target.draw(SAMPLES, np.random.default_rng(1))
    rows: dict[str, list[float]] = {}
    for name, fit in _methods(target, x):
        rows[name] = [target.divergence(fit(p)) for p in PARAMETERS]
    rows["KDE"] = [target.divergence(_Kernels(x))]
    chosen = fit_density(x)
    rows["fit_density"] = [target.divergence(chosen)]
    best = min(value for name, row in rows.items() if name != "fit_density" for value in row)
    print(f"\n{target.name}: KL in nats, {SAMPLES:,} samples")
    print(f"{'parameters':20}" + "".join(f"{p:>11}" for p in PARAMETERS))
    for name, row in rows.items():
        print(f"{name:20}" + "".join(f"{_figure(value):>11}" for value in row))
    behind = rows["fit_density"][0] - best
    verdict = "within" if behind <= 0.002 else "MISSES"
    print(f"fit_density chose {chosen!r} ({chosen.n_parameters} parameters):")
    print(f"  {behind:+.5f} nats from the best row above: {verdict} the bar of 0.002")
    return rows


def draw(results: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Plot the table."""
    import matplotlib as mpl  # noqa: PLC0415 - optional

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - optional

    figure, axes = plt.subplots(2, 4, figsize=(10.0, 5.2), sharex=True, layout="constrained")
    low, high = 2e-6, 5.0
    for ax, (name, rows) in zip(axes.flat, results.items(), strict=False):
        for i, (method, row) in enumerate(rows.items()):
            # what has no number of parameters to choose is a line across
            level = len(row) == 1
            style = (":" if method == "KDE" else "--") if level else "-"
            ax.plot(
                PARAMETERS,
                np.maximum(row * len(PARAMETERS) if level else row, low),
                color="black" if method == "fit_density" else f"C{i}",
                linestyle=style,
                marker=None if level else "o",
                markersize=3,
                label=method,
            )
        beyond = [method for method, row in rows.items() if min(row) > high]
        if beyond:
            words = "above:\n" + ",\n".join(beyond)
            ax.text(0.04, 0.46, words, va="center", fontsize=7.5, transform=ax.transAxes)
        ax.set(title=name, xscale="log", yscale="log", ylim=(low, high))
        ax.set_xticks(PARAMETERS, [str(p) for p in PARAMETERS])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    for ax in axes[:, 0]:
        ax.set_ylabel("KL (nats)")
    for ax in axes[1]:
        ax.set_xlabel("parameters")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path, dpi=90, facecolor="white")


def table(names: list[str] | None = None, figure: Path | None = None) -> None:
    """Print (and draw) the table."""
    print(
        f"\nEvery method sees {SAMPLES:,} samples; but the kernels are {_KERNELS:,}, the deep prior"
    )
    print(
        f"sees {_DEEP_STEPS:,} batches of 1,000, scikit-learn's mixture iterates 100 times at most,"
    )
    print("and the histogram has one sample's share of a Student-t density for its tails.")
    results = {t.name: measure(t) for t in targets() if names is None or t.name in names}
    losses = []
    for name, rows in results.items():
        fourier = min(rows["Fourier"])
        others = {m: min(r) for m, r in rows.items() if m not in ("Fourier", "fit_density")}
        winner = min(others, key=lambda m: others[m])
        if fourier > others[winner] + 1e-4:
            losses.append(f"{name} ({fourier:.5f} against {others[winner]:.5f} of {winner})")
    where = "; ".join(losses) if losses else "nowhere by more than 0.0001 nats"
    print(f"\nWhere the best Fourier row loses to the best other row: {where}.")
    if figure is not None:
        draw(results, figure)
