"""Diffusion: a chain of noisier and noisier items as latents, coded by bits-back.

`Diffusion` is what training leaves; `Diffusion.trajectory` makes of it a `Trajectory` of few steps,
all integers, which codes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.errors import CorruptError, LimitError
from compress.latent import schedule
from compress.latent.cells import DRAW_BITS, Cells, Normals, cells_of
from compress.latent.items import as_rows, read_shape
from compress.latent.kernels import INVERSE_BITS, MEAN_BITS
from compress.latent.logarithms import LOG_BITS, log2_masses
from compress.latent.network import OUTPUT_BITS, IntegerNetwork
from compress.latent.stack import LatentStack, even_table, seed_words
from compress.latent.stored import StoredModel, write_whole
from compress.latent.streams import (
    pack_model,
    pack_stream,
    unpack_model,
    unpack_stream,
)
from compress.tables.knots import base_knots

__all__ = ["Diffusion", "Trajectory"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

KIND = 4
DIFFUSION_KIND = 5
STREAM_KIND = 4
CELL_BITS = 12
INPUT_BITS = 14
FACTOR_BITS = 20
"""Fractional bits of the factors of a trajectory."""
_PRECISION = 24
_MAX_STEPS = schedule.N_STEPS
_MAX_INVERSE = 1 << (INVERSE_BITS + 11)
_MOST_INITIAL = 1 << 18


class _Steps(NamedTuple):
    """A trajectory's integers; row k is the step from the k-th to the (k + 1)-th item."""

    forward: Integers  # (K, 2): factor, inverse scale
    backward: Integers  # (K, 2): factors of the item and of the network's output
    inverses: Integers  # (K, samples): inverse scales of the step back
    inputs: Integers  # (K, features)


@cache
def _levels(top: int) -> Cells:
    """Cells of the samples themselves: from -1 to 1, cut half-way between neighbours."""
    made = Cells.__new__(Cells)
    number = np.arange(top + 1, dtype=np.int64)
    made.bits = 0
    made.centres = ((2 * number - top) << MEAN_BITS) // top
    made.edges = np.ascontiguousarray(((2 * number[:-1] + 1 - top) << MEAN_BITS) // top)
    made.knots = base_knots("normal")
    return made


class Trajectory(StoredModel):
    """A chain of K steps with a variance for each: a model of items that codes them.

    `Diffusion.trajectory` makes it.
    """

    def __init__(
        self, shape: tuple[int, ...], top: int, network: IntegerNetwork, steps: _Steps
    ) -> None:
        self.shape = tuple(shape)
        self.top = top
        self.network = network
        self.steps = steps
        n = math.prod(self.shape)
        count = len(steps.forward)
        if not (1 <= top <= 1023 and 1 <= count <= _MAX_STEPS):
            raise ValueError("a trajectory has 1 to 1000 steps, and samples from 0 to 1..1023")
        if steps.inverses.shape != (count, n) or steps.inputs.shape[0] != count:
            raise ValueError("the arrays of a trajectory do not fit each other")
        if (network.n_inputs, network.n_outputs) != (n + steps.inputs.shape[1], n):
            raise ValueError("the network does not fit the items")
        if network.input_bits != INPUT_BITS or np.abs(steps.inputs).max() > 1 << 17:
            raise ValueError("the network's inputs have other fractional bits")
        inverses = (steps.inverses, steps.forward[:, 1])
        if any(part.min() < 1 or part.max() > _MAX_INVERSE for part in inverses):
            raise ValueError("a scale is beyond its bounds")
        factors = (steps.forward[:, 0], steps.backward)
        if any(np.abs(part).max() > 1 << (FACTOR_BITS + 8) for part in factors):
            raise ValueError("a factor is beyond its bounds")
        self._cells = cells_of(CELL_BITS)
        self._data = _levels(top)
        self._bytes: bytes | None = None

    @property
    def n_steps(self) -> int:
        """How many steps."""
        return len(self.steps.forward)

    def _forward(self, k: int, values: Integers) -> Normals:
        """Distributions of the next noisier item."""
        factor, inverse = self.steps.forward[k]
        means = (values * factor) >> FACTOR_BITS
        return Normals(means.ravel(), np.full(means.size, inverse))

    def _backward(self, k: int, values: Integers) -> Normals:
        """Distributions of the item before the noisier one, shape (n, samples)."""
        n = len(values)
        inputs = np.concatenate(
            [values >> (MEAN_BITS - INPUT_BITS), np.repeat(self.steps.inputs[k][None], n, axis=0)],
            axis=1,
        )
        # The network's outputs are bounded as its targets nearly are.
        output = np.clip(self.network(inputs), -(8 << OUTPUT_BITS), 8 << OUTPUT_BITS)
        of_item, of_output = self.steps.backward[k]
        means = (values * of_item + output * of_output) >> FACTOR_BITS
        means = np.clip(means, -(16 << MEAN_BITS), 16 << MEAN_BITS)
        return Normals(means.ravel(), np.tile(self.steps.inverses[k], n))

    def _start(self, rows: Integers) -> Integers:
        return self._data.centres[rows]

    def _kind(self, k: int) -> Cells:
        """Cells of the item before step k."""
        return self._cells if k else self._data

    def bits_by_step(self, X: npt.ArrayLike, *, seed: int = 0) -> Floats:  # noqa: N803
        """Bits of each item and step, of noise drawn once; the last column is the prior's.

        Returns
        -------
        ndarray, float64, shape (n, K + 1)
        """
        rows = as_rows(X, self.shape, self.top)
        rng = np.random.default_rng(seed)
        n, samples = rows.shape
        found = np.zeros((n, self.n_steps + 1))
        cells, values = rows, self._start(rows)
        for k in range(self.n_steps):
            wanted = rng.integers(0, 1 << DRAW_BITS, rows.size)
            drawn, _, masses = self._cells.draw(wanted, self._forward(k, values))
            given = log2_masses(masses) - (DRAW_BITS << LOG_BITS)
            next_values = self._cells.centres[drawn].reshape(n, samples)
            back = self._backward(k, next_values)
            _, mass = self._kind(k).intervals(cells.ravel(), back, _PRECISION, 2)
            paid = log2_masses(mass) - (_PRECISION << LOG_BITS)
            found[:, k] = (given - paid).reshape(n, samples).sum(axis=1) / float(1 << LOG_BITS)
            cells, values = drawn.reshape(n, samples), next_values
        found[:, -1] = CELL_BITS * samples
        return found

    def bits(self, X: npt.ArrayLike, *, seed: int = 0) -> Floats:  # noqa: N803
        """Bound of each item's code length in bits, of noise drawn once."""
        return np.asarray(self.bits_by_step(X, seed=seed).sum(axis=1))

    def elbo(self, X: npt.ArrayLike, *, seed: int = 0) -> Floats:  # noqa: N803
        """Lower bound of the log probability of each item, in nats, of noise drawn once."""
        return -self.bits(X, seed=seed) * math.log(2.0)

    def encode(self, X: npt.ArrayLike) -> bytes:  # noqa: N803
        """Encode items.

        Raises
        ------
        TypeError, ValueError
            If they are not items of this model.
        """
        return self.encode_counted(X)[0]

    def encode_counted(self, X: npt.ArrayLike) -> tuple[bytes, int]:  # noqa: N803
        """Encode items; also the initial bits, which the stream holds beside them."""
        rows = as_rows(X, self.shape, self.top)
        initial = 16 + rows.shape[1]
        while True:
            stack = LatentStack(seed_words(initial)[::-1])
            for item in range(len(rows) - 1, -1, -1):
                self._push_item(stack, rows[item : item + 1], item)
            if stack.lowest > 0 or initial > _MOST_INITIAL:
                break
            initial *= 4
        kept = initial - stack.lowest
        words = stack.words[stack.lowest :]
        return pack_stream(STREAM_KIND, self.fingerprint, (len(rows), kept), words), 32 * kept

    def _push_item(self, stack: LatentStack, row: Integers, item: int) -> None:
        cells, values = row, self._start(row)
        for k in range(self.n_steps):
            wanted = stack.pop_quantiles(row.size, item, k * row.size)
            drawn, starts, masses = self._cells.draw(wanted, self._forward(k, values))
            stack.push_uniform(wanted - starts, masses)
            values = self._cells.centres[drawn][None]
            stack.push_normal(cells[0], self._kind(k), self._backward(k, values))
            cells = drawn[None]
        stack.push(cells[0], even_table(CELL_BITS))

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
        stream = unpack_stream(data, STREAM_KIND, self.fingerprint, 2)
        n, initial = stream.integers
        samples = math.prod(self.shape)
        if 2 * n * samples > max_bytes:
            raise LimitError(f"{n} items take more than max_bytes={max_bytes}")
        if initial > max(len(stream.words), 2):
            raise CorruptError("the head of the stream is impossible")
        stack = LatentStack(stream.words)
        found = []
        for item in range(n):
            if stack.n_words + 1 < initial:
                raise CorruptError("the stream holds fewer items than it announces")
            found.append(self._pop_item(stack, samples, item).astype(np.uint16))
        if not np.array_equal(stack.words, seed_words(initial)[::-1]):
            raise CorruptError("beneath the items there is not what every stream begins with")
        return np.array(found, np.uint16).reshape(n, *self.shape)

    def _pop_item(self, stack: LatentStack, samples: int, item: int) -> Integers:
        cells = stack.pop(samples, even_table(CELL_BITS))
        for k in range(self.n_steps - 1, -1, -1):
            values = self._cells.centres[cells][None]
            before = stack.pop_normal(self._kind(k), self._backward(k, values))
            of = self._forward(k, self._kind(k).centres[before][None])
            starts, masses = self._cells.intervals(cells, of, DRAW_BITS, 0)
            if masses.min() < 1:
                raise CorruptError("the stream holds latents that no encoder draws")
            stack.push_quantiles(starts + stack.pop_uniform(masses), item, k * samples)
            cells = before
        return cells

    # -- files --

    def to_bytes(self) -> bytes:
        """Return the model as bytes."""
        if self._bytes is None:
            integers, words = self.network.to_integers()
            head = [len(self.shape), *self.shape, self.top, self.n_steps]
            head.append(self.steps.inputs.shape[1])
            head += [int(v) for part in self.steps for v in part.ravel()]
            self._bytes = pack_model(KIND, [*head, *integers], np.concatenate(words))
        return self._bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Trajectory:
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
            top, count, width = (next(integers) for _ in range(3))
            if not (1 <= top <= 1023 and 1 <= count <= _MAX_STEPS and 1 <= width <= 64):
                raise CorruptError("a trajectory's size is beyond its bounds")
            parts = []
            for columns in (2, 2, math.prod(shape), width):
                values = [next(integers) for _ in range(count * columns)]
                parts.append(np.array(values, np.int64).reshape(count, columns))
            network, _ = IntegerNetwork.from_integers(integers, words, 0)
            made = cls(shape, top, network, _Steps(*parts))
        except (StopIteration, RuntimeError, ValueError, OverflowError) as error:
            raise CorruptError(f"no model: {error}") from error
        made._bytes = bytes(data)
        return made


class Diffusion(NamedTuple):
    """What training leaves: a network that predicts, and how well it does.

    The network gives ``v = sqrt(a) e - sqrt(1 - a) x_0`` from an item with noise e.

    Attributes
    ----------
    shape : tuple of int
    top : int
    network : IntegerNetwork
    moments : Moments
        Of the items that were learned from.
    """

    shape: tuple[int, ...]
    top: int
    network: IntegerNetwork
    moments: schedule.Moments

    @classmethod
    def fit(
        cls,
        X: npt.ArrayLike,  # noqa: N803 (scikit-learn's name)
        *,
        top: int | None = None,
        hidden: Sequence[int] = (256, 256),
        weight_bits: int = 10,
        seed: int = 0,
        progress: Callable[[str], None] | None = None,
        **options: Any,
    ) -> Diffusion:
        """Train on items, in floating point, and round the network to integers.

        Parameters
        ----------
        X : array_like of int, shape (n, ...)
            Items of one shape with samples from 0 to ``top``.
        top : int, optional
            The largest sample; by default that of ``X``.
        hidden : sequence of int
            Widths of the layers between.
        weight_bits : int
            Fractional bits of the weights.
        seed : int
        progress : callable, optional
            Gets a line of text now and then.
        **options
            Of training: ``epochs``, ``batch``, ``rate``, ``decay``, ``average``, ``patience``,
            ``seconds`` and ``augment``.

        Returns
        -------
        Diffusion

        Raises
        ------
        TypeError, ValueError
            If the items are not integers in range.
        ImportError
            If jax is not installed (the extra ``latent``).
        """
        from compress.latent.objectives import train_diffusion  # noqa: PLC0415 (loads jax)

        items = np.asarray(X)
        largest = int(items.max()) if top is None else int(top)
        rows = as_rows(items, items.shape[1:], largest)
        order = np.random.default_rng(seed).permutation(len(rows))
        cut = max(1, len(rows) // 10)
        layers = train_diffusion(
            rows[order[cut:]], rows[order[:cut]], largest, tuple(hidden), seed, progress, **options
        )
        network = IntegerNetwork.from_floats(layers, input_bits=INPUT_BITS, weight_bits=weight_bits)
        moments = _moments(network, rows, largest, np.random.default_rng(seed))
        return cls(items.shape[1:], largest, network, moments)

    def steps(self, count: int, *, best: bool = False) -> tuple[int, ...]:
        """So many steps of the `N_STEPS`: evenly spaced, or those that minimise the bound."""
        if best:
            return schedule.best_steps(count, self.moments, 2.0 / self.top)
        return schedule.even_steps(count)

    def trajectory(self, steps: Sequence[int], variance: str = "extended") -> Trajectory:
        """Make a coder of few steps.

        Parameters
        ----------
        steps : sequence of int
            Rising, the last one 1000; as `steps` gives them.
        variance : {"extended", "analytic", "small", "large"}
            As `compress.latent.schedule` describes them.

        Returns
        -------
        Trajectory
        """
        taken = [0, *(int(t) for t in steps)]
        if len(taken) < 2 or taken[-1] != schedule.N_STEPS or min(np.diff(taken)) < 1:
            raise ValueError(f"steps must rise from 1 to {schedule.N_STEPS}, got {steps}")
        a = schedule.alphas()
        forward, backward, inverses = [], [], []
        for k, (s, t) in enumerate(pairwise(taken)):
            of_item, of_noisy, _, noise = schedule.reverse(s, t)
            after = taken[k + 2] if k + 2 < len(taken) else None
            variances = schedule.variance_of(variance, s, t, self.moments, after)
            forward.append((math.sqrt(a[t] / a[s]), noise**-0.5))
            # x_0 = sqrt(a) x_t - sqrt(1 - a) v
            backward.append(
                (of_noisy + of_item * math.sqrt(a[t]), -of_item * math.sqrt(1.0 - a[t]))
            )
            inverses.append(variances**-0.5)
        unit = float(1 << INVERSE_BITS)
        table = np.array(forward)
        steps_made = _Steps(
            np.stack(
                [np.rint(table[:, 0] * 2**FACTOR_BITS), np.rint(table[:, 1] * unit)], axis=1
            ).astype(np.int64),
            np.rint(np.array(backward) * 2**FACTOR_BITS).astype(np.int64),
            np.clip(np.rint(np.array(inverses) * unit), 1, _MAX_INVERSE).astype(np.int64),
            np.rint(schedule.features(taken[1:]) * 2**INPUT_BITS).astype(np.int64),
        )
        return Trajectory(self.shape, self.top, self.network, steps_made)

    # -- files --

    def to_bytes(self) -> bytes:
        """Return the model as bytes; moments in 1024ths of their binary logarithms."""
        integers, words = self.network.to_integers()
        head = [len(self.shape), *self.shape, self.top]
        both = np.concatenate([self.moments.predicted[:, None], self.moments.error], axis=1)
        logs = np.rint(1024.0 * np.log2(np.maximum(both, 2.0**-40))).astype(np.int64)
        head += np.diff(logs, axis=0, prepend=0).ravel().tolist()
        return pack_model(DIFFUSION_KIND, [*head, *integers], np.concatenate(words))

    @classmethod
    def from_bytes(cls, data: bytes) -> Diffusion:
        """Read what `to_bytes` gave.

        Raises
        ------
        FormatError
            If it is no such model.
        CorruptError
            If it is damaged.
        """
        integers, words = unpack_model(data, DIFFUSION_KIND)
        try:
            shape = read_shape(integers)
            top = next(integers)
            rows, columns = schedule.N_STEPS + 1, math.prod(shape) + 1
            steps = np.array([next(integers) for _ in range(rows * columns)], np.int64)
            logs = np.cumsum(steps.reshape(rows, columns), axis=0)
            if not 1 <= top <= 1023 or np.abs(logs).max() > 1 << 16:
                raise CorruptError("the model's moments are beyond their bounds")
            both = np.exp2(logs / 1024.0)
            network, _ = IntegerNetwork.from_integers(integers, words, 0)
        except (StopIteration, RuntimeError, ValueError, OverflowError) as error:
            raise CorruptError(f"no model: {error}") from error
        return cls(shape, top, network, schedule.Moments(both[:, 0], both[:, 1:]))

    def save(self, path: str | Path) -> None:
        """Write the model to a file, whole or not at all."""
        write_whole(path, self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Diffusion:
        """Read a model from a file; the errors are those of `from_bytes`."""
        return cls.from_bytes(Path(path).read_bytes())


def _moments(
    network: IntegerNetwork, rows: Integers, top: int, rng: np.random.Generator
) -> schedule.Moments:
    """Moments of the predicted noise at every step, of at most 2,000 items."""
    items = rows[:2000] * (2.0 / top) - 1.0
    a = schedule.alphas()
    predicted, error = np.ones(len(a)), np.zeros((len(a), items.shape[1]))
    inputs = np.rint(schedule.features(np.arange(len(a))) * 2**INPUT_BITS)
    for t in range(1, len(a)):
        noise = rng.standard_normal(items.shape)
        noisy = math.sqrt(a[t]) * items + math.sqrt(1.0 - a[t]) * noise
        fixed = np.clip(np.rint(noisy * 2**INPUT_BITS), -(1 << 17), 1 << 17)
        both = np.concatenate([fixed, np.repeat(inputs[t][None], len(items), axis=0)], axis=1)
        v = network(both) / float(1 << OUTPUT_BITS)
        guess = math.sqrt(a[t]) * v + math.sqrt(1.0 - a[t]) * noisy
        predicted[t] = np.mean(guess * guess)
        error[t] = np.mean((noise - guess) ** 2, axis=0)
    return schedule.Moments(predicted, error)
