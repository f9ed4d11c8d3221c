"""Finite sets of values, and atoms in a continuum."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from compress.densities.density import Density, Floats, Peak, parameter_cost
from compress.densities.statistic import NanPolicy, Statistic

__all__ = ["Bernoulli", "Discrete", "Mixed"]


def _value_bits(value: float) -> float:
    """Bits of a value given exactly: a universal integer, or 4 a character of its decimal."""
    if value.is_integer() and abs(value) < 2.0**53:
        return 2.0 * math.log2(1.0 + abs(value)) + 1.0 + (value < 0.0)
    return 4.0 * len(f"{value:.17g}" if len(repr(value)) > 24 else repr(value).removesuffix(".0"))


class Discrete(Density):
    """Probabilities of finitely many values.

    Parameters
    ----------
    values : array_like, shape (k,)
        Distinct finite values, rising.
    masses : array_like, shape (k,)
        Positive; normalised to sum to 1.

    Attributes
    ----------
    values, masses : ndarray of float64, shape (k,)

    Notes
    -----
    The density is a probability: with respect to counting, not to length. ``pdf`` is 0 elsewhere,
    and ``code_length`` is in bits without a bin width.
    """

    discrete: ClassVar[bool] = True

    def __init__(self, values: ArrayLike, masses: ArrayLike) -> None:
        self.values = np.array(values, dtype=np.float64)
        weights = np.array(masses, dtype=np.float64)
        if self.values.ndim != 1 or weights.shape != self.values.shape or weights.size == 0:
            raise ValueError("values and masses must be of one shape (k,), k >= 1")
        if not np.all(np.isfinite(self.values)) or np.any(np.diff(self.values) <= 0.0):
            raise ValueError("values must be finite and strictly rising")
        if not np.all(np.isfinite(weights)) or np.any(weights <= 0.0):
            raise ValueError("masses must be positive and finite")
        self.masses = weights / weights.sum()
        for array in (self.values, self.masses):
            array.flags.writeable = False
        self._below = np.concatenate([[0.0], np.minimum(np.cumsum(self.masses), 1.0)])
        self._below[-1] = 1.0
        above = np.cumsum(self.masses[::-1])[::-1]
        self._above = np.concatenate([np.minimum(above, 1.0), [0.0]])
        self._above[0] = 1.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.values.size} values on {self.support}>"

    @classmethod
    def fit(
        cls,
        x: ArrayLike | Statistic,
        *,
        weights: ArrayLike | None = None,
        nan_policy: NanPolicy = "raise",
    ) -> Self:
        """Shares of the distinct values.

        Parameters
        ----------
        x : array_like of real numbers, any shape, or Statistic
            Samples with fewer than 2^14 distinct values.
        weights : array_like, shape of `x`, optional
            Sample weights.
        nan_policy : {"raise", "omit"}
            What to do with NaN and infinite samples.
        """
        statistic = Statistic.of(x, weights, nan_policy)
        if statistic.level is not None:
            raise ValueError("the samples have too many distinct values for a discrete density")
        return cls._of(statistic)

    @classmethod
    def _of(cls, statistic: Statistic) -> Self:
        return cls(statistic.values, statistic.counts)

    @property
    def n_parameters(self) -> int:
        """Each value, and its mass but for the last."""
        return 2 * int(self.values.size) - 1

    @property
    def support(self) -> tuple[float, float]:
        """First and last value."""
        return float(self.values[0]), float(self.values[-1])

    def parameter_bits(self, n: float) -> float:
        """Bits of the masses to useful precision, and of the values exactly."""
        values = sum(_value_bits(float(value)) for value in self.values)
        return values + (int(self.values.size) - 1) * parameter_cost(n)

    def pmf(self, x: ArrayLike) -> Any:
        """Probability of x."""
        return self.pdf(x)

    def logpmf(self, x: ArrayLike) -> Any:
        """Natural logarithm of the probability of x."""
        return self.logpdf(x)

    def _logpdf(self, x: Floats) -> Floats:
        at = np.minimum(np.searchsorted(self.values, x), self.values.size - 1)
        logs = np.where(self.values[at] == x, np.log(self.masses[at]), -np.inf)
        return np.where(np.isnan(x), np.nan, logs)

    def _cdf(self, x: Floats) -> Floats:
        below = self._below[np.searchsorted(self.values, x, side="right")]
        return np.where(np.isnan(x), np.nan, below)

    def _sf(self, x: Floats) -> Floats:
        above = self._above[np.searchsorted(self.values, x, side="right")]
        return np.where(np.isnan(x), np.nan, above)

    def _ppf(self, q: Floats) -> Floats:
        at = np.searchsorted(self._below[1:], q, side="left")
        return self.values[np.minimum(at, self.values.size - 1)]

    def _isf(self, q: Floats) -> Floats:
        at = np.searchsorted(-self._above[1:], -q, side="left")
        return self.values[np.minimum(at, self.values.size - 1)]

    def _mass(self, low: Floats, high: Floats) -> Floats:
        first = np.searchsorted(self.values, low, side="right")
        last = np.searchsorted(self.values, high, side="right")
        mass = np.maximum(self._below[last] - self._below[first], 0.0)
        one = last == first + 1
        mass[one] = self.masses[first[one]]
        return np.where(last > first, mass, 0.0)

    def log_mass(self, low: ArrayLike, high: ArrayLike) -> Any:
        """Natural logarithm of `mass`."""
        with np.errstate(divide="ignore"):
            return np.log(self.mass(low, high))

    def entropy(self) -> float:
        """Entropy in nats."""
        return -float((self.masses * np.log(self.masses)).sum())

    def _quadrature(self) -> tuple[Floats, Floats]:
        return self.values, self.masses

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Values, most probable first, with their probabilities."""
        order = np.argsort(-self.masses, kind="stable")
        least = relative_height * float(self.masses.max())
        return [
            Peak(float(self.values[i]), float(self.masses[i]))
            for i in order
            if self.masses[i] >= least
        ]

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        return np.asarray(rng.choice(self.values, size=n, p=self.masses))


class Bernoulli(Discrete):
    """Two values.

    Parameters
    ----------
    p : float
        Probability of `high`, in (0, 1).
    low, high : float
        The values, low < high.
    """

    def __init__(self, p: float = 0.5, low: float = 0.0, high: float = 1.0) -> None:
        if not 0.0 < float(p) < 1.0:
            raise ValueError(f"p must lie in (0, 1), not {p!r}")
        super().__init__([low, high], [1.0 - float(p), float(p)])
        self.p = float(p)

    def __repr__(self) -> str:
        low, high = self.support
        return f"Bernoulli({self.p!r}, low={low!r}, high={high!r})"

    @classmethod
    def _of(cls, statistic: Statistic) -> Self:
        if statistic.values.size != 2:
            raise ValueError(f"samples must have two values, not {statistic.values.size}")
        low, high = (float(value) for value in statistic.values)
        return cls(float(statistic.shares()[1]), low, high)

    @property
    def n_parameters(self) -> int:
        """The probability and the two values."""
        return 3


class Mixed(Density):
    """Atoms in a continuum: share * atoms + (1 - share) * rest.

    A value drawn from it is an atom with probability `share`, and otherwise drawn from `rest`.

    Parameters
    ----------
    atoms : Discrete
        Values that occur with positive probability, and their probabilities among each other.
    share : float
        Probability of an atom, in (0, 1).
    rest : Density
        Everything else.

    Attributes
    ----------
    atoms : Discrete
    share : float
    rest : Density

    Notes
    -----
    There is no density with respect to length where a value has positive probability. Everything
    here is with respect to length plus one for each atom:

    - ``pdf(x)`` is the probability of x where x is an atom (whatever the continuum is there, as
      a single point has no length), and (1 - share) times the continuum's density elsewhere. Where
      `rest` is discrete itself (zero-inflated counts), probabilities add up.
    - ``cdf(x)`` includes an atom at x, so that it jumps there; ``sf`` is 1 - cdf; ``mass(a, b)``
      includes an atom at b and excludes one at a. ``ppf(q)`` is the smallest x with
      cdf(x) >= q: an atom answers for a whole interval of q.
    - ``rvs`` draws atoms exactly, bit for bit.
    - ``entropy`` is minus the mean of ``logpdf``: the entropy of atom or not, plus the
      probability-weighted entropies of the two parts, in nats.
    - ``code_length(x)`` is in bits for atoms and, as for every density, relative to an
      interval of length 1 for the rest; with a bin width all is in bits.
    """

    def __init__(self, atoms: Discrete, share: float, rest: Density) -> None:
        if not isinstance(atoms, Discrete) or not isinstance(rest, Density):
            raise TypeError("atoms must be a Discrete and rest a Density")
        if not 0.0 < float(share) < 1.0:
            raise ValueError(f"share must lie in (0, 1), not {share!r}")
        self.atoms = atoms
        self.share = float(share)
        self.rest = rest

    def __repr__(self) -> str:
        some = ", ".join(f"{v:g}: {self.share * m:.4g}" for v, m in self._some())
        return f"<Mixed: atoms {{{some}}}, else {self.rest!r}>"

    def _some(self) -> list[tuple[float, float]]:
        pairs = zip(self.atoms.values[:4], self.atoms.masses[:4], strict=True)
        return [(float(v), float(m)) for v, m in pairs]

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        """Whether the rest is discrete too."""
        return self.rest.discrete

    @property
    def n_parameters(self) -> int:
        """Those of both parts, and the share."""
        return self.atoms.n_parameters + 1 + self.rest.n_parameters

    @property
    def support(self) -> tuple[float, float]:
        """Smallest interval around both parts."""
        low, high = self.rest.support
        first, last = self.atoms.support
        return min(low, first), max(high, last)

    def parameter_bits(self, n: float) -> float:
        """Bits of both parts and of the share."""
        parts = self.atoms.parameter_bits(n) + self.rest.parameter_bits(n)
        return parts + parameter_cost(n)

    def _logpdf(self, x: Floats) -> Floats:
        atom = self.atoms._logpdf(x) + math.log(self.share)
        rest = self.rest._logpdf(x) + math.log1p(-self.share)
        if self.rest.discrete:
            return np.logaddexp(atom, rest)
        return np.where(atom > -np.inf, atom, rest)

    def _both(self, of_atoms: Floats, of_rest: Floats) -> Floats:
        return self.share * of_atoms + (1.0 - self.share) * of_rest

    def _cdf(self, x: Floats) -> Floats:
        return self._both(self.atoms._cdf(x), self.rest._cdf(x))

    def _sf(self, x: Floats) -> Floats:
        return self._both(self.atoms._sf(x), self.rest._sf(x))

    def _mass(self, low: Floats, high: Floats) -> Floats:
        return self._both(self.atoms._mass(low, high), self.rest._mass(low, high))

    def _ppf(self, q: Floats) -> Floats:
        values = self.atoms.values
        # tails up to each atom, without and with it
        rest = (1.0 - self.share) * self.rest._cdf(values)
        reached = rest + self.share * self.atoms._below[1:]
        # the first atom whose tail reaches q either answers or lies above the answer
        at = np.searchsorted(reached, q, side="left")
        below = self.share * self.atoms._below[np.minimum(at, values.size)]
        on_rest = np.clip((q - below) / (1.0 - self.share), 0.0, 1.0)
        found = self.rest._ppf(on_rest)
        atom = np.minimum(at, values.size - 1)
        # rounding must not lead past the atom
        found = np.where(at < values.size, np.minimum(found, values[atom]), found)
        previous = values[np.maximum(at - 1, 0)]
        return np.where(at > 0, np.maximum(found, previous), found)

    def _isf(self, q: Floats) -> Floats:
        values = self.atoms.values
        rest = (1.0 - self.share) * self.rest._sf(values)
        left = rest + self.share * self.atoms._above[1:]
        at = np.searchsorted(-left, -q, side="left")
        above = self.share * self.atoms._above[np.minimum(at, values.size)]
        on_rest = np.clip((q - above) / (1.0 - self.share), 0.0, 1.0)
        found = self.rest._isf(on_rest)
        atom = np.minimum(at, values.size - 1)
        found = np.where(at < values.size, np.minimum(found, values[atom]), found)
        previous = values[np.maximum(at - 1, 0)]
        return np.where(at > 0, np.maximum(found, previous), found)

    def entropy(self) -> float:
        """Entropy in nats, see the notes."""
        if self.rest.discrete:
            x, weights = self._quadrature()
            return -float((weights * self._logpdf(x)).sum())
        p, q = self.share, 1.0 - self.share
        of_which = -p * math.log(p) - q * math.log(q)
        return of_which + p * self.atoms.entropy() + q * self.rest.entropy()

    @property
    def _moments(self) -> float:
        return self.rest._moments

    def mean(self) -> float:
        """Mean; NaN where the rest has none."""
        return self.share * self.atoms.mean() + (1.0 - self.share) * self.rest.mean()

    def var(self) -> float:
        """Variance: inside the parts and between them."""
        gap = self.atoms.mean() - self.rest.mean()
        inside = self.share * self.atoms.var() + (1.0 - self.share) * self.rest.var()
        return inside + self.share * (1.0 - self.share) * gap * gap

    def _quadrature(self) -> tuple[Floats, Floats]:
        x, weights = self.atoms._quadrature()
        y, others = self.rest._quadrature()
        both = [self.share * weights, (1.0 - self.share) * others]
        return np.concatenate([x, y]), np.concatenate(both)

    def modes(self, relative_height: float = 1e-3) -> list[Peak]:
        """Atoms, heaviest first, infinitely high; then the peaks of the continuum."""
        peaks = [Peak(peak.location, math.inf) for peak in self.atoms.modes(relative_height)]
        rest = self.rest.modes(relative_height)
        return peaks + [Peak(p.location, (1.0 - self.share) * p.height) for p in rest]

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        atom = rng.random(n) < self.share
        drawn = np.empty(n)
        count = int(atom.sum())
        drawn[atom] = self.atoms._sample(count, rng)
        drawn[~atom] = self.rest._sample(n - count, rng)
        return drawn
