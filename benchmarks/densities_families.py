"""Families, atoms, and the time of every fit over twelve laws."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from compress.densities import FourierDensity, Mixed, fit_density
from compress.densities.bases import BASES

Bar = Callable[..., None]

LAWS = {
    "normal": scipy.stats.norm(),
    "laplace": scipy.stats.laplace(),
    "cauchy": scipy.stats.cauchy(),
    "uniform": scipy.stats.uniform(),
    "exponential": scipy.stats.expon(),
    "gamma(1/2)": scipy.stats.gamma(0.5),
    "gamma(3)": scipy.stats.gamma(3.0),
    "beta(1/2, 2)": scipy.stats.beta(0.5, 2.0),
    "weibull(3/2)": scipy.stats.weibull_min(1.5),
    "log-normal": scipy.stats.lognorm(1.0),
    "von mises(4)": scipy.stats.vonmises(4.0),
    "semicircle": scipy.stats.semicircular(),
}
_SEEDS = 10
_NODES = 200_001


def families(bar: Bar) -> None:
    """Print divergences of the choice from laws with ends, and the cost of atoms and counts."""
    print(f"\nDivergence of fit_density in nats, mean over {_SEEDS} sets of samples")
    q = (np.arange(_NODES) + 0.5) / _NODES
    for name in ("gamma(1/2)", "gamma(3)", "beta(1/2, 2)", "weibull(3/2)", "exponential"):
        law = LAWS[name]
        x = law.ppf(q)
        truth = law.logpdf(x)
        for n in (1000, 100_000):
            gaps, below = [], 0.0
            for seed in range(_SEEDS):
                chosen = fit_density(law.rvs(size=n, random_state=seed))
                gaps.append(float(np.mean(truth - chosen.logpdf(x))))
                below = max(below, float(chosen.cdf(0.0)))
            bar(f"  {name}, n = {n:,}", float(np.mean(gaps)), 3.0 / n + 1e-5)
            bar("    largest mass below 0", below, 0.0)
    rng = np.random.default_rng(0)
    print("\nColumns of two values and of counts: bits of samples and parameters over the entropy")
    for what, x, bits in (
        ("Bernoulli(0.1), n = 10,000", *_column(scipy.stats.bernoulli(0.1), 10_000, rng)),
        ("Bernoulli(0.5), n = 1,000", *_column(scipy.stats.bernoulli(0.5), 1000, rng)),
        ("Poisson(3.3), n = 10,000", *_column(scipy.stats.poisson(3.3), 10_000, rng)),
        (
            "negative binomial(2, 0.2), n = 10,000",
            *_column(scipy.stats.nbinom(2, 0.2), 10_000, rng),
        ),
    ):
        chosen = fit_density(x)
        cost = chosen.code_length(x, bin_width=1.0) + chosen.parameter_bits(x.size)
        bar(f"  {what}: {chosen!r:.30}, %", 100.0 * (cost / bits - 1.0), 2.0)
    print("\nAn atom of 30 % in a normal density")
    for n in (1000, 100_000, 1_000_000):
        x = rng.normal(size=n)
        at = rng.random(n) < 0.3
        x[at] = 0.5
        chosen = fit_density(x)
        mass = float(chosen.pdf(0.5)) if isinstance(chosen, Mixed) else 0.0
        bar(f"  n = {n:,}: |mass - share of the samples|", abs(mass - at.mean()), 1e-9)


def _column(law: Any, n: int, rng: np.random.Generator) -> tuple[Any, float]:
    """Return samples, and their code length by their own shares."""
    x = law.rvs(size=n, random_state=rng).astype(np.int64)
    counts = np.unique(x, return_counts=True)[1]
    return x, float(-(counts * np.log2(counts / n)).sum())


def fits(bar: Bar) -> None:
    """Print the slowest fit of twelve laws, over every base and of every choice."""
    bases = ("auto", *BASES)
    names = [*(f"FourierDensity over {base}" for base in bases), "fit_density"]
    calls: list[Callable[[Any], Any]] = [
        *(lambda x, base=base: FourierDensity.fit(x, base=base) for base in bases),
        fit_density,
    ]
    warm = np.random.default_rng(0)
    for call in calls:
        for x in (warm.normal(size=3000), warm.random(30_000)):
            call(x)
    for n, limit in ((1000, 0.2), (100_000, 1.0)):
        print(f"\nFits of {n:,} samples of twelve laws, seconds of the processor, slowest law")
        for name, call in zip(names, calls, strict=True):
            slowest = (0.0, "")
            for law_name, law in LAWS.items():
                x = law.rvs(size=n, random_state=0)
                taken = []
                for _ in range(2):
                    start = time.process_time()
                    call(x)
                    taken.append(time.process_time() - start)
                slowest = max(slowest, (min(taken), law_name))
            bar(f"  {name} ({slowest[1]})", slowest[0], limit)
