"""Variational autoencoders whose bound is a code length, with one or several levels of latents."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError
from compress.latent import bitsback
from compress.latent.cells import DRAW_BITS, Cells, Normals, cells_of, inverse_scale, scale_index
from compress.latent.items import as_rows, read_shape
from compress.latent.kernels import MEAN_BITS
from compress.latent.logarithms import LOG_BITS, log2_masses
from compress.latent.network import OUTPUT_BITS, IntegerNetwork
from compress.latent.observations import Observation
from compress.latent.stored import StoredModel
from compress.latent.streams import pack_model, unpack_model

__all__ = ["VAE", "Bits", "Particles"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KIND = 1
LATENT_BITS = 14
"""Fractional bits of latents as inputs of networks."""
_MAX_LEVELS = 8
# Rows evaluated together.
_ROWS = 4096
_UNIT = float(1 << LOG_BITS)


class Bits(NamedTuple):
    """Code lengths in bits, by item.

    Attributes
    ----------
    latents : ndarray, float64, shape (n,)
        What the latents cost beyond the bits that they give back.
    data : ndarray, float64, shape (n,)
        What the samples cost, given the latents.
    """

    latents: Floats
    data: Floats

    @property
    def total(self) -> Floats:
        """Both together: the bound."""
        return self.latents + self.data


class Particles(NamedTuple):
    """Latents drawn from a posterior, row by row.

    Attributes
    ----------
    cells : list of ndarray, int64, shape (n, latents)
        Of each level.
    starts, masses : ndarray, int64, shape (n, all latents)
        Of the cells under the posterior, in units of ``2^-DRAW_BITS``.
    latents, data : ndarray, int64, shape (n,)
        Binary logarithms, with `LOG_BITS` fractional bits, of the latents' prior over their
        posterior and of the samples given the latents.
    """

    cells: list[Integers]
    starts: Integers
    masses: Integers
    latents: Integers
    data: Integers


class VAE(StoredModel):
    """A variational autoencoder on networks of integers.

    Latents of the topmost level are standard normal. Those of a level below are normal given the
    level above, and samples are beta-binomial (or Bernoulli) given the lowest level. The posterior
    of each level is normal given the level below it, or the samples.

    Parameters
    ----------
    shape : tuple of int
        Of an item.
    observation : Observation
    infer : sequence of IntegerNetwork
        From the samples to the lowest level's means and binary logarithms of scales, from there to
        the next level's, and so on.
    generate : sequence of IntegerNetwork
        From the lowest level to the samples' distributions, from the next level to the lowest
        level's distributions, and so on.
    cell_bits : int
        A latent takes one of ``2^cell_bits`` cells of equal mass.

    Raises
    ------
    ValueError
        If the networks do not fit each other.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        observation: Observation,
        infer: Sequence[IntegerNetwork],
        generate: Sequence[IntegerNetwork],
        cell_bits: int = 10,
    ) -> None:
        self.shape = tuple(shape)
        self.observation = observation
        self.infer = tuple(infer)
        self.generate = tuple(generate)
        self.cells: Cells = cells_of(cell_bits)
        n = observation.n_samples
        if math.prod(self.shape) != n:
            raise ValueError(f"items of shape {shape} do not have {n} samples")
        if not 1 <= len(self.infer) == len(self.generate) <= _MAX_LEVELS:
            raise ValueError("there must be as many networks in either direction, 1 to 8")
        self.dims = tuple(network.n_inputs for network in self.generate)
        below = (n, *self.dims[:-1])
        outputs = (observation.n_outputs, *(2 * d for d in self.dims[:-1]))
        for level, d in enumerate(self.dims):
            up, down = self.infer[level], self.generate[level]
            if (up.n_inputs, up.n_outputs) != (below[level], 2 * d):
                raise ValueError(f"the network of posterior {level} does not fit")
            if down.n_outputs != outputs[level]:
                raise ValueError(f"the network of prior {level} does not fit")
            if up.input_bits != (LATENT_BITS if level else 0) or down.input_bits != LATENT_BITS:
                raise ValueError("a network's inputs have other fractional bits")
        self._bytes: bytes | None = None

    @classmethod
    def fit(
        cls,
        X: npt.ArrayLike,  # noqa: N803 (scikit-learn's name)
        *,
        top: int | None = None,
        latents: Sequence[int] = (16,),
        hidden: Sequence[int] = (256,),
        validation: npt.ArrayLike | None = None,
        cell_bits: int = 10,
        weight_bits: int = 10,
        seed: int = 0,
        progress: Callable[[str], None] | None = None,
        **options: Any,
    ) -> VAE:
        """Train on items, in floating point, and round the networks to integers.

        Parameters
        ----------
        X : array_like of int, shape (n, ...)
            Items of one shape with samples from 0 to ``top``.
        top : int, optional
            The largest sample; by default that of ``X``.
        latents : sequence of int
            How many, from the lowest level up.
        hidden : sequence of int
            Widths of the layers between.
        validation : array_like, optional
            Items by which training stops early; by default a tenth of ``X``.
        cell_bits, weight_bits : int
            Precision of latents, in cells, and of weights, in fractional bits.
        seed : int
        progress : callable, optional
            Gets a line of text now and then.
        **options
            Of training: ``epochs``, ``batch``, ``rate``, ``decay``, ``average``, ``patience``,
            ``seconds``, ``dropout`` (of the posteriors' inputs, and of what the samples are
            computed from), ``particles``, ``augment``, and ``dreams``: the weight with which the
            posteriors learn from items that the model draws as well.

        Returns
        -------
        VAE

        Raises
        ------
        TypeError, ValueError
            If the items are not integers in range.
        ImportError
            If jax is not installed (the extra ``latent``).
        """
        from compress.latent.objectives import train_vae  # noqa: PLC0415 (loads jax)

        items = np.asarray(X)
        largest = int(items.max()) if top is None else int(top)
        observation = Observation(math.prod(items.shape[1:]), largest)
        # Items that are changed in training need not be in range before.
        range_of = largest if "augment" not in options else max(largest, int(items.max()))
        rows = as_rows(items, items.shape[1:], range_of)
        held = None if validation is None else as_rows(validation, items.shape[1:], largest)
        if held is None:
            order = np.random.default_rng(seed).permutation(len(rows))
            cut = max(1, len(rows) // 10)
            held, rows = rows[order[:cut]], rows[order[cut:]]
        up, down = train_vae(
            rows, held, largest, tuple(latents), tuple(hidden), seed, progress, **options
        )

        def rounded(layers: Any, level: int) -> IntegerNetwork:
            return IntegerNetwork.from_floats(
                layers, input_bits=LATENT_BITS if level else 0, weight_bits=weight_bits,
                scale=1.0 if level else 2.0 / largest, shift=0.0 if level else -1.0,
            )  # fmt: skip

        infer = [rounded(layers, level) for level, layers in enumerate(up)]
        generate = [rounded(layers, 1) for layers in down]
        return cls(items.shape[1:], observation, infer, generate, cell_bits)

    # -- the model --

    @property
    def n_weights(self) -> int:
        """How many numbers were learned."""
        return sum(network.n_weights for network in (*self.infer, *self.generate))

    def posterior(self, level: int, below: npt.NDArray[Any]) -> Normals:
        """Distributions of a level's latents given samples or the cells of the level below."""
        return _normals(self.infer[level](below if level == 0 else self._values(below)))

    def prior(self, level: int, above: Integers) -> Normals:
        """Distributions of a level's latents given the cells of the level above."""
        return _normals(self.generate[level + 1](self._values(above)))

    def indexes(self, cells: Integers) -> Integers:
        """Tables of the samples given the cells of the lowest level."""
        return self.observation.indexes(self.generate[0](self._values(cells)))

    def _values(self, cells: Integers) -> Integers:
        return self.cells.centres[cells] >> (MEAN_BITS - LATENT_BITS)

    def particles(self, rows: npt.NDArray[Any], quantiles: Integers) -> Particles:
        """Latents at quantiles of the posterior, and their weights.

        Parameters
        ----------
        rows : ndarray of int, shape (n, samples)
        quantiles : ndarray, int64, shape (n, all latents)
            In units of ``2^-DRAW_BITS``.
        """
        n = len(rows)
        below: npt.NDArray[Any] = rows
        all_cells: list[Integers] = []
        found = []
        latents = np.zeros(n, np.int64)
        ends = np.cumsum(self.dims)
        for level, d in enumerate(self.dims):
            of = self.posterior(level, below)
            wanted = np.ascontiguousarray(quantiles[:, ends[level] - d : ends[level]]).ravel()
            cells, starts, masses = self.cells.draw(wanted, of)
            latents -= (log2_masses(masses) - (DRAW_BITS << LOG_BITS)).reshape(n, d).sum(axis=1)
            below = cells.reshape(n, d)
            if level:
                previous = all_cells[-1]
                _, mass = self.cells.intervals(
                    previous.ravel(), self.prior(level - 1, below), 24, 2
                )
                logs = log2_masses(mass) - (24 << LOG_BITS)
                latents += logs.reshape(previous.shape).sum(axis=1)
            all_cells.append(below)
            found.append((starts.reshape(n, d), masses.reshape(n, d)))
        latents -= (self.cells.bits * self.dims[-1]) << LOG_BITS
        data = self.observation.log2(rows, self.indexes(all_cells[0])).sum(axis=1)
        starts, masses = (np.concatenate(part, axis=1) for part in zip(*found, strict=True))
        return Particles(all_cells, starts, masses, latents, data)

    def _evaluated(self, rows: npt.NDArray[Any], rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Logarithms in bits, of the latents and of the data, of one draw for each row."""
        parts = []
        for at in range(0, len(rows), _ROWS):
            some = rows[at : at + _ROWS]
            quantiles = rng.integers(0, 1 << DRAW_BITS, (len(some), sum(self.dims)))
            drawn = self.particles(some, quantiles)
            parts.append((drawn.latents / _UNIT, drawn.data / _UNIT))
        latents, data = (np.concatenate(part) for part in zip(*parts, strict=True))
        return latents, data

    def bits(self, X: npt.ArrayLike, *, samples: int = 1, seed: int = 0) -> Bits:  # noqa: N803
        """Code lengths by item and by term, of latents drawn from the posterior.

        Parameters
        ----------
        X : array_like of int, shape (n, ...)
        samples : int
            Draws over which both terms are averaged.
        seed : int
            Of the draws.

        Returns
        -------
        Bits
        """
        rows = self._rows(X)
        rng = np.random.default_rng(seed)
        drawn = [self._evaluated(rows, rng) for _ in range(samples)]
        latents, data = (np.mean(part, axis=0) for part in zip(*drawn, strict=True))
        return Bits(-latents, -data)

    def elbo(self, X: npt.ArrayLike, *, samples: int = 1, seed: int = 0) -> Floats:  # noqa: N803
        """Lower bound of the log probability of each item, in nats, averaged over draws."""
        return -self.bits(X, samples=samples, seed=seed).total * math.log(2.0)

    def log_prob(self, X: npt.ArrayLike, samples: int = 1, *, seed: int = 0) -> Floats:  # noqa: N803
        """Importance-weighted lower bound of the log probability of each item, in nats.

        Parameters
        ----------
        X : array_like of int, shape (n, ...)
        samples : int
            Draws that share one bound; 1 gives the ordinary one.
        seed : int
            Of the draws.

        Returns
        -------
        ndarray, float64, shape (n,)
        """
        rows = self._rows(X)
        rng = np.random.default_rng(seed)
        logs = np.full(len(rows), -np.inf)
        for _ in range(samples):
            latents, data = self._evaluated(rows, rng)
            logs = np.logaddexp(logs, (latents + data) * math.log(2.0))
        return logs - math.log(samples)

    def rvs(self, size: int = 1, *, seed: int = 0) -> npt.NDArray[np.uint16]:
        """Draw items from the model.

        Returns
        -------
        ndarray, uint16, shape (size, ...)
        """
        rng = np.random.default_rng(seed)
        cells = rng.integers(0, 1 << self.cells.bits, (size, self.dims[-1]))
        for level in range(len(self.dims) - 2, -1, -1):
            of = self.prior(level, cells)
            wanted = rng.integers(0, 1 << DRAW_BITS, len(of.means))
            cells = self.cells.draw(wanted, of)[0].reshape(size, -1)
        tables = self.observation.tables
        found = np.empty((size, self.observation.n_samples), np.uint16)
        for row, indexes in zip(found, self.indexes(cells), strict=True):
            wanted = rng.integers(0, 1 << 24, len(indexes))
            first, last = tables.start[indexes], tables.start[indexes + 1]
            for i, (a, b) in enumerate(zip(first, last, strict=True)):
                row[i] = np.searchsorted(tables.cumulative[a:b], wanted[i], side="right") - 1
        return found.reshape(size, *self.shape)

    # -- coding --

    def encode(self, X: npt.ArrayLike, *, particles: int = 1) -> bytes:  # noqa: N803
        """Encode items; see `compress.latent.bitsback.encode`."""
        return bitsback.encode(self, self._rows(X), particles).data

    def decode(self, data: bytes, *, max_bytes: int = 1 << 30) -> npt.NDArray[np.uint16]:
        """Decode what `encode` gave; see `compress.latent.bitsback.decode`."""
        rows = bitsback.decode(self, data, max_bytes)
        return rows.reshape(len(rows), *self.shape)

    def _rows(self, X: npt.ArrayLike) -> npt.NDArray[np.int64]:  # noqa: N803
        return as_rows(X, self.shape, self.observation.top)

    # -- files --

    def to_bytes(self) -> bytes:
        """Return the model as bytes."""
        if self._bytes is None:
            head = [len(self.shape), *self.shape, self.observation.top, self.cells.bits]
            head.append(len(self.infer))
            words = []
            for network in (*self.infer, *self.generate):
                integers, coded = network.to_integers()
                head += integers
                words += coded
            self._bytes = pack_model(KIND, head, np.concatenate(words))
        return self._bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> VAE:
        """Read what `to_bytes` gave.

        Raises
        ------
        FormatError
            If it is no such model.
        CorruptError
            If it is damaged.
        """
        integers, words = unpack_model(data, KIND)
        try:
            shape = read_shape(integers)
            top, cell_bits, levels = (next(integers) for _ in range(3))
            if not 1 <= levels <= _MAX_LEVELS:
                raise CorruptError(f"a model cannot have {levels} levels")
            at = 0
            networks = []
            for _ in range(2 * levels):
                network, at = IntegerNetwork.from_integers(integers, words, at)
                networks.append(network)
            observation = Observation(math.prod(shape), top)
            made = cls(shape, observation, networks[:levels], networks[levels:], cell_bits)
        except (StopIteration, ValueError, OverflowError) as error:
            raise CorruptError(f"no model: {error}") from error
        made._bytes = bytes(data)
        return made


def _normals(outputs: Integers) -> Normals:
    """Distributions from a network's outputs: means, then binary logarithms of scales."""
    d = outputs.shape[-1] // 2
    # A mean far beyond the edges says what one just beyond them says.
    means = np.clip(outputs[..., :d], -(16 << MEAN_BITS), 16 << MEAN_BITS)
    inverses = inverse_scale(scale_index(outputs[..., d:], OUTPUT_BITS))
    return Normals(np.ascontiguousarray(means).ravel(), np.ascontiguousarray(inverses).ravel())
