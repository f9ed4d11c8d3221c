"""Masked networks: each sample given those before it, all distributions from one evaluation.

The masks of Germain et al., "MADE", 2015: a weight is kept only where it leads from earlier samples
to later ones. Several networks may vote: their outputs are averaged, which makes one wider network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.coders import Stack
from compress.errors import CorruptError, LimitError
from compress.latent.items import as_rows, read_shape
from compress.latent.logarithms import LOG_BITS
from compress.latent.network import IntegerNetwork
from compress.latent.observations import Observation
from compress.latent.stored import StoredModel
from compress.latent.streams import (
    pack_model,
    pack_stream,
    unpack_model,
    unpack_stream,
)

__all__ = ["MaskedNetwork"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KIND = 3
STREAM_KIND = 3


class MaskedNetwork(StoredModel):
    """An autoregressive model on a network of integers.

    Parameters
    ----------
    shape : tuple of int
        Of an item; its samples follow one another in C order.
    observation : Observation
    network : IntegerNetwork
        From the samples to their distributions.

    Raises
    ------
    ValueError
        If the network does not fit, or a distribution depends on its own sample or a later one.
    """

    def __init__(
        self, shape: tuple[int, ...], observation: Observation, network: IntegerNetwork
    ) -> None:
        self.shape = tuple(shape)
        self.observation = observation
        self.network = network
        n = observation.n_samples
        if math.prod(self.shape) != n:
            raise ValueError(f"items of shape {shape} do not have {n} samples")
        if (network.n_inputs, network.n_outputs) != (n, observation.n_outputs):
            raise ValueError("the network does not fit the samples")
        if network.input_bits != 0:
            raise ValueError("the network's inputs must be whole numbers")
        leads = np.eye(n, dtype=np.bool_)
        for layer in network.layers:
            leads = (leads.astype(np.float64) @ (layer.weights != 0.0)) > 0.0
        later = np.tile(np.tril(np.ones((n, n))) > 0.0, observation.n_outputs // n)
        if np.any(leads & later):
            raise ValueError("a distribution depends on samples that are decoded after it")
        self._bytes: bytes | None = None

    @classmethod
    def fit(
        cls,
        X: npt.ArrayLike,  # noqa: N803 (scikit-learn's name)
        *,
        top: int | None = None,
        hidden: Sequence[int] = (256,),
        votes: int = 1,
        validation: npt.ArrayLike | None = None,
        weight_bits: int = 10,
        seed: int = 0,
        progress: Callable[[str], None] | None = None,
        **options: Any,
    ) -> MaskedNetwork:
        """Train on items, in floating point, and round the network to integers.

        Parameters
        ----------
        X : array_like of int, shape (n, ...)
            Items of one shape with samples from 0 to ``top``.
        top : int, optional
            The largest sample; by default that of ``X``.
        hidden : sequence of int
            Widths of the layers between, of one network.
        votes : int
            How many networks are averaged; without ``validation``, each holds out another part.
        validation : array_like, optional
            Items by which training stops early; by default a tenth of ``X``.
        weight_bits : int
            Fractional bits of the weights.
        seed : int
        progress : callable, optional
            Gets a line of text now and then.
        **options
            Of training: ``epochs``, ``batch``, ``rate``, ``decay``, ``average``, ``patience``,
            ``seconds``, ``dropout`` and ``augment``.

        Returns
        -------
        MaskedNetwork

        Raises
        ------
        TypeError, ValueError
            If the items are not integers in range.
        ImportError
            If jax is not installed (the extra ``latent``).
        """
        from compress.latent.objectives import train_masked  # noqa: PLC0415 (loads jax)

        items = np.asarray(X)
        largest = int(items.max()) if top is None else int(top)
        observation = Observation(math.prod(items.shape[1:]), largest)
        rows = as_rows(items, items.shape[1:], largest)
        order = np.random.default_rng(seed).permutation(len(rows))
        cut = max(1, len(rows) // 10)
        trained = []
        for vote in range(votes):
            if validation is None:
                held = rows[order[vote * cut % len(rows) :][:cut]]
                learn = np.delete(rows, order[vote * cut % len(rows) :][:cut], axis=0)
            else:
                held, learn = as_rows(validation, items.shape[1:], largest), rows
            trained.append(
                train_masked(learn, held, largest, tuple(hidden), seed + vote, progress, **options)
            )
        network = IntegerNetwork.from_floats(
            _averaged(trained), weight_bits=weight_bits, scale=2.0 / largest, shift=-1.0
        )
        return cls(items.shape[1:], observation, network)

    @property
    def n_weights(self) -> int:
        """How many numbers were learned (those that masks leave out are none)."""
        return sum(
            int(np.count_nonzero(layer.weights)) + layer.bias.size for layer in self.network.layers
        )

    def bits(self, X: npt.ArrayLike) -> Floats:  # noqa: N803
        """Code length of each item, in bits."""
        rows = as_rows(X, self.shape, self.observation.top)
        logs = self.observation.log2(rows, self._indexes(rows))
        return np.asarray(-logs.sum(axis=1) / float(1 << LOG_BITS))

    def log_prob(self, X: npt.ArrayLike) -> Floats:  # noqa: N803
        """Log probability of each item, in nats."""
        return -self.bits(X) * math.log(2.0)

    def _indexes(self, rows: Integers) -> Integers:
        return self.observation.indexes(self.network(rows))

    def encode(self, X: npt.ArrayLike) -> bytes:  # noqa: N803
        """Encode items, all of them sample by sample.

        Raises
        ------
        TypeError, ValueError
            If they are not items of this model.
        """
        rows = as_rows(X, self.shape, self.observation.top)
        indexes = self._indexes(rows)
        stack = Stack()
        for k in range(rows.shape[1] - 1, -1, -1):
            stack.push(rows[:, k], self.observation.tables, indexes[:, k])
        return pack_stream(STREAM_KIND, self.fingerprint, (len(rows),), stack.words)

    def decode(self, data: bytes, *, max_bytes: int = 1 << 30) -> npt.NDArray[np.uint16]:
        """Decode what `encode` gave.

        Raises
        ------
        FormatError
            If the data are no such stream.
        ModelMismatchError
            If they were coded with another model.
        CorruptError
            If they are damaged.
        LimitError
            If the items would take more than ``max_bytes``.
        """
        stream = unpack_stream(data, STREAM_KIND, self.fingerprint, 1)
        n, samples = stream.integers[0], self.observation.n_samples
        if n * samples * 8 > max_bytes:
            raise LimitError(f"{n} items take more than max_bytes={max_bytes} while decoding")
        stack = Stack(stream.words)
        rows = np.zeros((n, samples), np.int64)
        for k in range(samples):
            rows[:, k] = stack.pop(n, self.observation.tables, self._indexes(rows)[:, k])
        if not stack.empty:
            raise CorruptError("the words are not the code of so many items")
        return rows.astype(np.uint16).reshape(n, *self.shape)

    def rvs(self, size: int = 1, *, seed: int = 0) -> npt.NDArray[np.uint16]:
        """Draw items from the model, by decoding words that are random.

        Returns
        -------
        ndarray, uint16, shape (size, ...)
        """
        n = self.observation.n_samples
        words = np.random.default_rng(seed).integers(1, 1 << 32, size * n + 2, dtype=np.uint32)
        stack = Stack(words)
        rows = np.zeros((size, n), np.int64)
        for k in range(n):
            rows[:, k] = stack.pop(size, self.observation.tables, self._indexes(rows)[:, k])
        return rows.astype(np.uint16).reshape(size, *self.shape)

    # -- files --

    def to_bytes(self) -> bytes:
        """Return the model as bytes."""
        if self._bytes is None:
            integers, words = self.network.to_integers()
            head = [len(self.shape), *self.shape, self.observation.top, *integers]
            self._bytes = pack_model(KIND, head, np.concatenate(words))
        return self._bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> MaskedNetwork:
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
            observation = Observation(math.prod(shape), next(integers))
            network, _ = IntegerNetwork.from_integers(integers, words, 0)
            made = cls(shape, observation, network)
        except (StopIteration, ValueError, OverflowError) as error:
            raise CorruptError(f"no model: {error}") from error
        made._bytes = bytes(data)
        return made


def _averaged(networks: Sequence[Any]) -> list[tuple[Floats, Floats]]:
    """One network whose outputs are the means of several."""
    made: list[tuple[Floats, Floats]] = []
    depth = len(networks[0])
    for i in range(depth):
        weights = [np.asarray(network[i][0], np.float64) for network in networks]
        biases = [np.asarray(network[i][1], np.float64) for network in networks]
        if i == depth - 1:
            together = np.concatenate(weights) / len(networks)
            made.append((together, np.mean(biases, axis=0)))
        elif i == 0:
            made.append((np.concatenate(weights, axis=1), np.concatenate(biases)))
        else:
            rows, columns = weights[0].shape
            wide = np.zeros((rows * len(networks), columns * len(networks)))
            for k, part in enumerate(weights):
                wide[k * rows : (k + 1) * rows, k * columns : (k + 1) * columns] = part
            made.append((wide, np.concatenate(biases)))
    return made
