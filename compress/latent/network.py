"""Networks of integers: the same outputs, to the bit, on every machine.

Weights are integers, activations are integers with `ACTIVATION_BITS` fractional bits, and the
function between layers is a look-up. A layer's sums stay below 2^53 in magnitude, so that a product
of float64 matrices is exact in whatever order it adds (Ballé, Johnston and Minnen, "Integer
networks for data compression with latent-variable models", 2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.coders import decode, encode
from compress.errors import CorruptError
from compress.tables import fit_table, read_table

__all__ = ["ACTIVATION_BITS", "OUTPUT_BITS", "IntegerNetwork", "Layer"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ACTIVATION_BITS = 10
"""Fractional bits of the activations between layers."""
OUTPUT_BITS = 16
"""Fractional bits of the outputs."""
MAX_WIDTH = 1 << 14
MAX_WEIGHT = 1 << 20
"""Bounds of widths and weights: with inputs below 2^17 a sum stays below 2^52."""
_MAX_INPUT = 1 << 17
_MAX_BIAS = 1 << 50
_MAX_BITS = 20
_MAX_LAYERS = 16
# Arguments of the look-up: 16 units on either side, beyond which it stays what it is.
_REACH = 16 << ACTIVATION_BITS


@cache
def _look_up() -> Floats:
    """``x / 2 * (1 + x / (1 + |x|))`` at every fixed-point x; whole numbers kept as float64."""
    x = np.arange(-_REACH, _REACH, dtype=np.int64)
    one = 1 << ACTIVATION_BITS
    size = one + np.abs(x)
    return np.asarray(x * (size + x) // (2 * size), np.float64)


class Layer(NamedTuple):
    """An affine map.

    Attributes
    ----------
    weights : ndarray, float64, shape (inputs, outputs)
        Whole numbers: weights times ``2^bits``.
    bias : ndarray, float64, shape (outputs,)
        Whole numbers, in the unit of the sums.
    bits : int
    """

    weights: Floats
    bias: Floats
    bits: int


class IntegerNetwork:
    """Layers with a look-up between them.

    Parameters
    ----------
    layers : sequence of Layer
    input_bits : int
        Fractional bits of the inputs.

    Raises
    ------
    ValueError
        If the layers do not fit each other or are beyond their bounds.
    """

    def __init__(self, layers: Sequence[Layer], input_bits: int) -> None:
        self.layers = tuple(layers)
        self.input_bits = input_bits
        if not 1 <= len(self.layers) <= _MAX_LAYERS or not 0 <= input_bits <= OUTPUT_BITS:
            raise ValueError("a network has 1 to 16 layers, and inputs of 0 to 16 fractional bits")
        width = self.n_inputs
        for layer in self.layers:
            shape = layer.weights.shape
            if shape[0] != width or not 0 < min(shape) <= max(shape) <= MAX_WIDTH:
                raise ValueError(f"layers do not fit each other: {shape} after {width}")
            if np.abs(layer.weights).max() > MAX_WEIGHT or np.abs(layer.bias).max() > _MAX_BIAS:
                raise ValueError("a weight is beyond its bounds")
            # What is multiplied is at most 2^17, or what the look-up gives, which is less.
            if np.abs(layer.weights).sum(axis=0).max() * _MAX_INPUT > 1 << 51:
                raise ValueError("the sums of a layer may exceed 2^52")
            width = shape[1]

    @property
    def n_inputs(self) -> int:
        """How many inputs."""
        return int(self.layers[0].weights.shape[0])

    @property
    def n_outputs(self) -> int:
        """How many outputs."""
        return int(self.layers[-1].weights.shape[1])

    @property
    def n_weights(self) -> int:
        """How many numbers were learned."""
        return sum(layer.weights.size + layer.bias.size for layer in self.layers)

    @classmethod
    def from_floats(
        cls,
        layers: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
        *,
        input_bits: int = 0,
        weight_bits: int = 10,
        scale: float = 1.0,
        shift: float = 0.0,
    ) -> IntegerNetwork:
        """Round a network that was trained in floating point.

        Parameters
        ----------
        layers : sequence of (weights, bias)
            Weights of shape (inputs, outputs).
        input_bits : int
            Fractional bits of the inputs.
        weight_bits : int
            Fractional bits of the weights; the first layer has those of ``scale`` more.
        scale, shift : float
            The network was trained on ``scale * input + shift``.

        Returns
        -------
        IntegerNetwork
        """
        made = []
        unit = input_bits
        for i, (weights, bias) in enumerate(layers):
            w, b = np.asarray(weights, np.float64), np.asarray(bias, np.float64)
            bits = weight_bits
            if i == 0:
                b = b + shift * w.sum(axis=0)
                w = w * scale
                bits = min(_MAX_BITS, weight_bits + max(0, -int(np.floor(np.log2(scale)))))
            w = np.clip(np.rint(np.ldexp(w, bits)), -MAX_WEIGHT, MAX_WEIGHT)
            made.append(Layer(w, np.rint(np.ldexp(b, bits + unit)), bits))
            unit = ACTIVATION_BITS
        return cls(made, input_bits)

    def __call__(self, inputs: npt.NDArray[Any]) -> Integers:
        """Evaluate.

        Parameters
        ----------
        inputs : ndarray of whole numbers, shape (n, inputs)
            In magnitude at most 2^17.

        Returns
        -------
        ndarray, int64, shape (n, outputs)
            With `OUTPUT_BITS` fractional bits.
        """
        x = np.asarray(inputs, np.float64)
        if x.size and np.abs(x).max() > _MAX_INPUT:
            raise ValueError("an input is beyond 2^17")
        unit = self.input_bits
        table = _look_up()
        for layer in self.layers[:-1]:
            sums = self._sums(x, layer, unit + layer.bits - ACTIVATION_BITS)
            x = table[np.clip(sums, -_REACH, _REACH - 1) + _REACH]
            unit = ACTIVATION_BITS
        last = self.layers[-1]
        return self._sums(x, last, unit + last.bits - OUTPUT_BITS)

    @staticmethod
    def _sums(x: Floats, layer: Layer, shift: int) -> Integers:
        """Return rounded sums with so many bits fewer."""
        sums = (x @ layer.weights + layer.bias).astype(np.int64)
        if shift <= 0:
            return sums << -shift
        return (sums + (1 << (shift - 1))) >> shift

    def to_integers(self) -> tuple[list[int], list[npt.NDArray[np.uint32]]]:
        """Return integers that describe the network, and the words of its coded weights."""
        head = [len(self.layers), self.input_bits, self.n_inputs]
        words = []
        for layer in self.layers:
            values = layer.weights.astype(np.int64).ravel()
            # Densities are fitted to the most frequent values, the others take the escape.
            table = fit_table(values, 1 << 12, fourier=False)
            coded = encode(values, table.build(), lanes=1)
            numbers = table.to_integers()
            head += [layer.weights.shape[1], layer.bits, len(numbers), *numbers, len(coded)]
            head += layer.bias.astype(np.int64).tolist()
            words.append(coded)
        return head, words

    @classmethod
    def from_integers(
        cls, integers: Iterator[int], words: npt.NDArray[np.uint32], at: int
    ) -> tuple[IntegerNetwork, int]:
        """Read what `to_integers` gave; the words of a network begin at ``words[at]``.

        Returns
        -------
        network : IntegerNetwork
        at : int
            Where its words end.

        Raises
        ------
        CorruptError
            If it is not what `to_integers` gives.
        """
        try:
            count, input_bits, before = (next(integers) for _ in range(3))
            if not (1 <= count <= _MAX_LAYERS and 0 < before <= MAX_WIDTH):
                raise CorruptError("a network's size is beyond its bounds")
            layers = []
            for _ in range(count):
                after, bits, length = (next(integers) for _ in range(3))
                if not (0 < after <= MAX_WIDTH and 0 <= bits <= _MAX_BITS and 0 < length < 1 << 16):
                    raise CorruptError("a layer's size is beyond its bounds")
                table = read_table(iter([next(integers) for _ in range(length)]), 1 << 12)
                end = at + next(integers)
                if not at <= end <= len(words):
                    raise CorruptError("a layer's words are not there")
                # Weights take words, unless all are the same.
                if before * after > 64 * 32 * (end - at + 1):
                    raise CorruptError("a layer has more weights than words can hold")
                bias = np.array([next(integers) for _ in range(after)], np.float64)
                values = decode(words[at:end], before * after, table, lanes=1)
                weights = values.astype(np.float64).reshape(before, after)
                layers.append(Layer(weights, bias, bits))
                before, at = after, end
            return cls(layers, input_bits), at
        except (StopIteration, RuntimeError) as error:
            raise CorruptError("a network's integers end early") from error
        except (ValueError, OverflowError) as error:
            raise CorruptError(f"no network: {error}") from error
