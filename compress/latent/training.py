"""Training in floating point, by jax; nothing here runs in a decoder.

Parameters are nested tuples of arrays; a network is a tuple of pairs ``(weights, bias)``, which
`compress.latent.network.IntegerNetwork.from_floats` turns into integers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["activation", "apply_network", "fit_parameters", "new_network"]

Parameters = Any
Floats = npt.NDArray[np.float64]

# Adam's constants, as its authors give them.
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8


def activation(x: Any) -> Any:
    """``x / 2 * (1 + x / (1 + |x|))``: smooth, nearly x above 0, at least -1/2, and rational."""
    import jax.numpy as jnp  # noqa: PLC0415 (only training needs it)

    return 0.5 * x * (1.0 + x / (1.0 + jnp.abs(x)))


def new_network(rng: np.random.Generator, sizes: tuple[int, ...], last: float = 0.1) -> Parameters:
    """Draw the weights of a network with these layer widths.

    Parameters
    ----------
    rng : Generator
    sizes : tuple of int
        Widths from the inputs to the outputs.
    last : float
        Factor of the last layer's weights.

    Returns
    -------
    tuple of (weights, bias)
    """
    layers = []
    for i, (before, after) in enumerate(pairwise(sizes)):
        scale = np.sqrt(1.0 / before) * (last if i == len(sizes) - 2 else 1.4)
        weights = (scale * rng.standard_normal((before, after))).astype(np.float32)
        layers.append((weights, np.zeros(after, np.float32)))
    return tuple(layers)


def apply_network(layers: Parameters, x: Any, masks: Any = None, dropout: Any = None) -> Any:
    """Evaluate a network; ``masks`` multiply the weights of its layers.

    ``dropout`` is a key and a share of the last layer's inputs.
    """
    import jax  # noqa: PLC0415 (only training needs it)

    for i, (weights, bias) in enumerate(layers):
        kept = weights if masks is None else weights * masks[i]
        if i == len(layers) - 1 and dropout is not None and dropout[1]:
            key = jax.random.fold_in(dropout[0], 1)
            x = x * jax.random.bernoulli(key, 1.0 - dropout[1], x.shape) / (1.0 - dropout[1])
        x = x @ kept + bias
        if i < len(layers) - 1:
            x = activation(x)
    return x


def fit_parameters(
    parameters: Parameters,
    loss: Callable[[Parameters, Any, Any], Any],
    train: npt.NDArray[Any],
    valid: npt.NDArray[Any],
    *,
    epochs: int,
    batch: int,
    rate: float,
    seed: int,
    decay: float = 0.0,
    average: float = 0.0,
    patience: int = 0,
    seconds: float = float("inf"),
    augment: Callable[[npt.NDArray[Any], np.random.Generator], npt.NDArray[Any]] | None = None,
    valid_loss: Callable[[Parameters, Any, Any], Any] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Parameters:
    """Minimise a mean loss by Adam, and keep the parameters that were best on a validation part.

    Parameters
    ----------
    parameters : nested tuples of arrays
    loss : callable
        ``loss(parameters, items, key)``: the mean over the items, in a unit of the caller's.
    train, valid : ndarray, shape (n, ...)
    epochs, batch : int
    rate : float
        The first step size; it falls to a hundredth as a cosine.
    seed : int
        Of the order of the items and of the noise; the result depends on it and on the machine.
    decay : float
        Weight decay a step, in units of the rate (of matrices only).
    average : float
        The validated parameters are a running mean with this memory (0: the parameters).
    patience : int
        Validations (one every 5 epochs) without a gain before it stops; 0: never.
    seconds : float
        Of processor time, after which training stops; where finite, the step sizes follow it.
    augment : callable, optional
        Changes a batch of items.
    valid_loss : callable, optional
        In place of ``loss`` on the validation part.
    progress : callable, optional
        Gets a line now and then.

    Returns
    -------
    nested tuples of arrays
    """
    import jax  # noqa: PLC0415 (only training needs it)
    import jax.numpy as jnp  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    key = jax.random.PRNGKey(seed)
    tree = jax.tree_util.tree_map
    parameters = tree(jnp.asarray, parameters)
    zeros = tree(jnp.zeros_like, parameters)

    @jax.jit
    def step(state: Any, items: Any, key: Any, count: Any, size: Any) -> Any:
        now, first, second, mean = state
        value, gradient = jax.value_and_grad(loss)(now, items, key)
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree_util.tree_leaves(gradient)))
        gradient = tree(lambda g: g * jnp.minimum(1.0, 1e3 / (norm + 1e-6)), gradient)
        first = tree(lambda m, g: _FIRST * m + (1 - _FIRST) * g, first, gradient)
        second = tree(lambda v, g: _SECOND * v + (1 - _SECOND) * g * g, second, gradient)
        a, b = 1 - _FIRST**count, 1 - _SECOND**count

        def moved(p: Any, m: Any, v: Any) -> Any:
            shrink = decay if p.ndim > 1 else 0.0
            return p - size * (m / a / (jnp.sqrt(v / b) + _TINY) + shrink * p)

        now = tree(moved, now, first, second)
        memory = jnp.minimum(average, count / (count + 10.0))
        mean = tree(lambda o, n: memory * o + (1 - memory) * n, mean, now)
        return (now, first, second, mean), value

    judge = jax.jit(valid_loss or loss)
    state = (parameters, zeros, zeros, parameters)
    best, kept, waited, count = np.inf, parameters, 0, 0
    begin = time.process_time()
    for epoch in range(epochs):
        order = rng.permutation(len(train))
        share = max(epoch / epochs, min(1.0, (time.process_time() - begin) / seconds))
        size = rate * max(0.01, 0.5 * (1 + np.cos(np.pi * share)))
        total, steps = 0.0, 0
        for at in range(0, len(order) - batch + 1, batch):
            items = train[order[at : at + batch]]
            if augment is not None:
                items = augment(items, rng)
            key, part = jax.random.split(key)
            count += 1
            state, value = step(state, items, part, float(count), size)
            total, steps = total + value, steps + 1
        over = share >= 1.0 or epoch == epochs - 1
        if epoch % 5 == 4 or over:
            judged = float(judge(state[3] if average else state[0], valid, jax.random.PRNGKey(0)))
            waited += 1
            if judged < best:
                best, kept, waited = judged, state[3] if average else state[0], 0
            if progress is not None and (epoch % 25 == 24 or over):
                spent = time.process_time() - begin
                progress(
                    f"epoch {epoch + 1}, {spent:.0f} s: {float(total) / max(steps, 1):.4f} in "
                    f"training, {judged:.4f} on validation, best {best:.4f}"
                )
            if over or (patience and waited >= patience):
                break
    return tree(lambda p: np.asarray(p, np.float64), kept)
