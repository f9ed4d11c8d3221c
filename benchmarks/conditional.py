"""Conditional densities on sources of known entropy, against class histograms and a mixture.

    python -m benchmarks.conditional [skewed|peaks|scale|shape|periodic ...] [--features]

Every source gives integers x and real contexts c. All are fitted to 100,000 samples; printed is by
how much their codes are longer than the true conditional density's on the same samples, in percent
of its code: "total" is the code of the samples fitted to, parameters included, "held out" that of
100,000 fresh samples. The peers choose their settings with the answer in sight: each has the
best of its settings in either column.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read by numpy, sklearn

import numpy as np
import scipy.special
import scipy.stats
import sklearn.mixture
from numpy.typing import NDArray

from compress.densities import ConditionalFourierDensity

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SAMPLES = 100_000
_UNIT = 1.0 / 16.0  # of the integers on the line: a sixteenth of a typical standard deviation
_CELLS = 256  # of the circle


@dataclass(frozen=True)
class Source:
    """Samples and contexts, and the logarithm of the density of the one given the other."""

    name: str
    draw: Callable[[int, np.random.Generator], tuple[Floats, Floats]]
    logpdf: Callable[[Floats, Floats], Floats]
    period: int | None = None

    def sample(self, n: int, seed: int) -> tuple[Integers, Floats]:
        """Integers and contexts."""
        x, c = self.draw(n, np.random.default_rng(seed))
        if self.period is not None:
            return np.floor((x - np.floor(x)) * self.period).astype(np.int64), c
        return np.floor(x / _UNIT).astype(np.int64), c

    def bits(self, x: Integers, c: Floats) -> float:
        """Code length under the true density: masses of cells by three Gauss-Legendre nodes."""
        unit = _UNIT if self.period is None else 1.0 / self.period
        nodes, weights = np.polynomial.legendre.leggauss(3)
        at = (x[:, None] + 0.5 + 0.5 * nodes) * unit
        values = [w * np.exp(self.logpdf(at[:, i], c)) for i, w in enumerate(weights)]
        return -float(np.log2(0.5 * unit * np.sum(values, axis=0)).sum())


def _normal(z: Floats) -> Floats:
    return np.asarray(-0.5 * z * z - 0.5 * math.log(2.0 * math.pi))


def _skewed() -> Source:
    """Skew normal noise about a wave."""

    def draw(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        c = rng.normal(size=n)
        slant = 6.0 / math.sqrt(37.0)
        noise = slant * np.abs(rng.normal(size=n)) + math.sqrt(1 - slant**2) * rng.normal(size=n)
        return np.sin(2.0 * c) + noise, c

    return Source("skewed", draw, lambda x, c: scipy.stats.skewnorm.logpdf(x - np.sin(2 * c), 6.0))


def _peaks() -> Source:
    """Two peaks whose weights move with the context."""

    def draw(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        c = rng.uniform(-2.0, 2.0, n)
        upper = rng.random(n) < scipy.special.expit(2.0 * c)
        return np.where(upper, 2.0, -2.0) + 0.6 * rng.normal(size=n), c

    def logpdf(x: Floats, c: Floats) -> Floats:
        upper = scipy.special.log_expit(2.0 * c) + _normal((x - 2.0) / 0.6)
        lower = scipy.special.log_expit(-2.0 * c) + _normal((x + 2.0) / 0.6)
        return np.asarray(np.logaddexp(upper, lower) - math.log(0.6))

    return Source("peaks", draw, logpdf)


def _scale() -> Source:
    """Student's t with a scale that moves with two features."""

    def log_scale(c: Floats) -> Floats:
        return np.asarray(0.7 * np.sin(1.5 * c[:, 0]) + 0.4 * c[:, 1])

    def draw(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        c = rng.normal(size=(n, 2))
        return np.exp(log_scale(c)) * rng.standard_t(4.0, n), c

    def logpdf(x: Floats, c: Floats) -> Floats:
        s = log_scale(c)
        return np.asarray(scipy.stats.t.logpdf(x * np.exp(-s), 4.0) - s)

    return Source("scale", draw, logpdf)


def _shape() -> Source:
    """One peak that parts into two."""

    def draw(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        c = rng.normal(size=n)
        sign = np.where(rng.random(n) < 0.5, -1.0, 1.0)
        return sign * (1.0 + np.tanh(c)) + 0.5 * rng.normal(size=n), c

    def logpdf(x: Floats, c: Floats) -> Floats:
        d = 1.0 + np.tanh(c)
        both = np.logaddexp(_normal((x - d) / 0.5), _normal((x + d) / 0.5))
        return np.asarray(both - math.log(2.0 * 0.5))

    return Source("shape", draw, logpdf)


def _periodic() -> Source:
    """Three peaks on a circle that turn with the context, one of them growing with it."""

    def parts(c: Floats) -> list[Floats]:
        growing = 1.0 + scipy.special.expit(2.0 * c)
        return [growing / (growing + 2.0), 1.0 / (growing + 2.0), 1.0 / (growing + 2.0)]

    def draw(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        c = rng.normal(size=n)
        u, shares = rng.random(n), parts(c)
        which = (u > shares[0]).astype(int) + (u > shares[0] + shares[1])
        return 0.7 * c + which / 3.0 + rng.vonmises(0.0, 20.0, n) / (2.0 * math.pi), c

    def logpdf(x: Floats, c: Floats) -> Floats:
        logs = [
            np.log(share) + scipy.stats.vonmises.logpdf(2 * np.pi * (x - 0.7 * c - j / 3.0), 20.0)
            for j, share in enumerate(parts(c))
        ]
        return np.asarray(np.logaddexp.reduce(logs, axis=0) + math.log(2.0 * math.pi))

    return Source("periodic", draw, logpdf, _CELLS)


SOURCES = {s.name: s for s in (_skewed(), _peaks(), _scale(), _shape(), _periodic())}


def class_histograms(
    x: Integers, c: Floats, fresh: Integers, fresh_c: Floats
) -> tuple[float, float]:
    """Least bits, total and held out, of adaptive counts in classes of contexts.

    Each feature is cut at quantiles into classes, the samples into cells of some width, and the
    cells of a class are coded by counts that start at a constant: no parameters are sent. The
    range of the samples is given.
    """
    low, high = min(x.min(), fresh.min()), max(x.max(), fresh.max())
    contexts, others = c.reshape(x.size, -1), fresh_c.reshape(fresh.size, -1)
    best = [math.inf, math.inf]
    for classes in (2, 4, 8, 16, 32, 64, 128):
        if classes ** contexts.shape[1] > 4096:
            break
        cuts = np.quantile(contexts, np.arange(1, classes) / classes, axis=0)
        labels = []
        for rows in (contexts, others):
            label = np.zeros(rows.shape[0], dtype=np.int64)
            for j in range(rows.shape[1]):
                label = label * classes + np.searchsorted(cuts[:, j], rows[:, j])
            labels.append(label)
        many = classes ** contexts.shape[1]
        for width in (1, 2, 3, 4, 6, 8, 12, 16):
            cells = (high - low) // width + 1
            flat = labels[0] * cells + (x - low) // width
            counts = np.bincount(flat, minlength=many * cells).reshape(many, cells)
            at = counts[labels[1], (fresh - low) // width]
            of = counts.sum(axis=1)
            for start in (0.5, 0.1, 0.02):
                gamma = scipy.special.gammaln
                nats = (gamma(of + start * cells) - gamma(start * cells)).sum()
                nats -= (gamma(counts + start) - gamma(start)).sum()
                total = nats / math.log(2.0) + x.size * math.log2(width)
                p = (at + start) / (of[labels[1]] + start * cells)
                held = -np.log2(p / width).sum()
                best = [min(best[0], float(total)), min(best[1], float(held))]
    return best[0], best[1]


def _conditional_bits(mixture: Any, x: Integers, c: Floats) -> float:
    """Bits of integers under the conditional of a joint mixture of (x, c)."""
    contexts = c.reshape(x.size, -1)
    marginal, mass = [], []
    for weight, mean, covariance in zip(
        mixture.weights_, mixture.means_, mixture.covariances_, strict=True
    ):
        of_c = covariance[1:, 1:]
        marginal.append(
            math.log(weight) + scipy.stats.multivariate_normal.logpdf(contexts, mean[1:], of_c)
        )
        slope = np.linalg.solve(of_c, covariance[1:, 0])
        middle = mean[0] + (contexts - mean[1:]) @ slope
        sd = math.sqrt(covariance[0, 0] - slope @ covariance[1:, 0])
        a, b = (x - middle) / sd, (x + 1.0 - middle) / sd
        a, b = np.where(a > 0.0, -b, a), np.where(a > 0.0, -a, b)
        mass.append(scipy.stats.norm.cdf(b) - scipy.stats.norm.cdf(a))
    logs = np.array(marginal)
    shares = np.exp(logs - np.logaddexp.reduce(logs, axis=0))
    return -float(np.log2(np.maximum((shares * np.array(mass)).sum(axis=0), 1e-300)).sum())


def conditional_mixture(
    x: Integers, c: Floats, fresh: Integers, fresh_c: Floats
) -> tuple[float, float]:
    """Least bits, total and held out, of joint mixtures of x and c by EM, conditioned on c.

    Each parameter counts (1/2) log2 n bits.
    """
    joint = np.column_stack([x + 0.5, c.reshape(x.size, -1)])
    d = joint.shape[1]
    best = [math.inf, math.inf]
    for components in (2, 4, 8, 16, 32):
        mixture = sklearn.mixture.GaussianMixture(components, random_state=0, max_iter=300)
        mixture.fit(joint)
        parameters = components * (1 + d + d * (d + 1) // 2) - 1
        total = _conditional_bits(mixture, x, c) + 0.5 * parameters * math.log2(x.size)
        best[0] = min(best[0], total)
        best[1] = min(best[1], _conditional_bits(mixture, fresh, fresh_c))
    return best[0], best[1]


def row(source: Source) -> None:
    """Print the row of a source."""
    x, c = source.sample(SAMPLES, 1)
    fresh, fresh_c = source.sample(SAMPLES, 2)
    true = source.bits(x, c), source.bits(fresh, fresh_c)
    start, wall = time.process_time(), time.perf_counter()
    density = ConditionalFourierDensity.fit(
        x + 0.5, c, bin_width=1.0, period=None if source.period is None else float(source.period)
    )
    taken = time.process_time() - start, time.perf_counter() - wall
    ours = (
        density.code_length(x + 0.5, c, bin_width=1.0) + density.parameter_bits,
        density.code_length(fresh + 0.5, fresh_c, bin_width=1.0),
    )
    cells = f"{source.name:9} {true[1] / SAMPLES:7.3f} "
    for found in (
        ours,
        class_histograms(x, c, fresh, fresh_c),
        conditional_mixture(x, c, fresh, fresh_c),
    ):
        cells += "".join(f" {100.0 * (a / b - 1.0):8.3f}" for a, b in zip(found, true, strict=True))
    met = max(a / b - 1.0 for a, b in zip(ours, true, strict=True)) <= 0.005
    print(f"{cells}   {density.parameter_bits:6.0f} {taken[0]:6.1f} {taken[1]:6.1f}", end="   ")
    print("met" if met else "MISSED", density, flush=True)


def features() -> None:
    """Time samples with ten features."""
    rng = np.random.default_rng(0)
    slopes = 0.5 * rng.normal(size=10)
    for n in (100_000, 1_000_000):
        c = rng.normal(size=(n, 10))
        upper = scipy.special.expit(c[:, 2] + c[:, 3])
        z = np.where(rng.random(n) < upper, 1.5, -1.5) + rng.normal(size=n)
        scale = np.exp(0.3 * c[:, 1])
        x = c @ slopes + 0.3 * c[:, 0] ** 2 + scale * z
        true = np.logaddexp(np.log(upper) + _normal(z - 1.5), np.log1p(-upper) + _normal(z + 1.5))
        start, wall = time.process_time(), time.perf_counter()
        density = ConditionalFourierDensity.fit(x, c)
        taken = time.process_time() - start, time.perf_counter() - wall
        bits = density.code_length(x, c) + density.parameter_bits
        excess = bits / n + float((true - np.log(scale)).mean()) / math.log(2.0)
        print(f"{n} samples, ten features: {taken[0]:.1f} s processor, {taken[1]:.1f} s clock;")
        print(f"  total code {excess:.4f} bits per sample over the truth's; {density}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sources", nargs="*", choices=[[], *SOURCES], default=[])
    parser.add_argument("--features", action="store_true", help="time ten features instead")
    chosen = parser.parse_args()
    if chosen.features:
        features()
        return
    print("excess over the true conditional density's code, percent; bar: ours <= 0.5")
    print(
        f"{'':17} {'ours':>17} {'class histograms':>17} {'joint mixture':>17}  parameter  seconds"
    )
    pair = f" {'total':>8} {'held out':>8}"
    print(f"{'source':9} {'bits':>7} {3 * pair}     bits    cpu  clock")
    for name in chosen.sources or SOURCES:
        row(SOURCES[name])


if __name__ == "__main__":
    main()
