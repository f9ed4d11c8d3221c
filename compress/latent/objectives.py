"""What training minimises, in floating point by jax; nothing here runs in a decoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from compress.latent import schedule
from compress.latent.cells import LOG_SCALES
from compress.latent.observations import ODDS, PRECISIONS
from compress.latent.training import apply_network, fit_parameters, new_network

__all__ = ["log_observation", "train_diffusion", "train_masked", "train_vae"]

_LN2 = math.log(2.0)


def log_observation(x: Any, outputs: Any, top: int) -> Any:
    """Log probability, in nats, of each sample as `compress.latent.observations` codes it.

    Parameters
    ----------
    x : array, shape (..., n)
    outputs : array, shape (..., n) for ``top`` = 1, else (..., 2 n)
    top : int
    """
    import jax  # noqa: PLC0415 (only training needs it)
    import jax.numpy as jnp  # noqa: PLC0415

    n = x.shape[-1]
    odds = jnp.clip(outputs[..., :n], *ODDS) * _LN2
    if top == 1:
        return x * odds - jax.nn.softplus(odds)
    k = np.arange(top + 1.0)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(k[1:]))])
    choose = jnp.asarray(factorials[-1] - factorials - factorials[::-1], jnp.float32)
    total = jnp.exp2(jnp.clip(outputs[..., n:], *PRECISIONS))
    a, b = total * jax.nn.sigmoid(odds), total * jax.nn.sigmoid(-odds)
    ends = _log_gamma(total) - _log_gamma(total + top)
    low = _log_gamma(a + x) - _log_gamma(a)
    return choose[x.astype(jnp.int32)] + ends + low + _log_gamma(b + top - x) - _log_gamma(b)


def _log_gamma(x: Any) -> Any:
    """Stirling's series four units up: a fraction of the time of the general function."""
    import jax.numpy as jnp  # noqa: PLC0415

    y = x + 4.0
    square = 1.0 / (y * y)
    series = (y - 0.5) * jnp.log(y) - y + (1.0 / 12.0 - square / 360.0) / y
    return series + 0.5 * math.log(2.0 * math.pi) - jnp.log(x * (x + 1.0) * (x + 2.0) * (x + 3.0))


def _normal(outputs: Any) -> tuple[Any, Any]:
    """Means and natural logarithms of scales from a network's outputs."""
    import jax.numpy as jnp  # noqa: PLC0415

    d = outputs.shape[-1] // 2
    return outputs[..., :d], _LN2 * jnp.clip(outputs[..., d:], LOG_SCALES[0] + 2, LOG_SCALES[1])


def log_weight(parameters: Any, x: Any, key: Any, top: int, dropout: tuple[float, float]) -> Any:
    """``log p(x, z) - log q(z | x)`` of one draw for each item, in nats.

    ``dropout`` is the share of samples that posteriors do not see, and that of the units from which
    the distributions of samples are computed.
    """
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    up, down = parameters
    scaled = x * (2.0 / top) - 1.0
    below = scaled
    total = 0.0
    means, scales = None, None
    for level, (infer, generate) in enumerate(zip(up, down, strict=True)):
        key, noise, drop = jax.random.split(key, 3)
        if dropout[0] and level == 0:
            keep = jax.random.bernoulli(drop, 1.0 - dropout[0], below.shape)
            below = below * keep / (1.0 - dropout[0])
        means, scales = _normal(apply_network(infer, below))
        e = jax.random.normal(noise, means.shape)
        z = means + jnp.exp(scales) * e
        total = total + (0.5 * e * e + scales).sum(-1)
        outputs = apply_network(generate, z, None, (key, dropout[1]))
        if level == 0:
            total = total + log_observation(x, outputs, top).sum(-1)
        else:
            mean, scale = _normal(outputs)
            total = total + (-0.5 * ((below - mean) * jnp.exp(-scale)) ** 2 - scale).sum(-1)
        below = z
    return total - 0.5 * (below * below).sum(-1)


def dream(down: Any, count: int, key: Any, top: int) -> Any:
    """Draw items from the model itself."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    key, part = jax.random.split(key)
    z = jax.random.normal(part, (count, down[-1][0][0].shape[0]))
    for network in down[:0:-1]:
        key, part = jax.random.split(key)
        mean, scale = _normal(apply_network(network, z))
        z = mean + jnp.exp(scale) * jax.random.normal(part, mean.shape)
    outputs = apply_network(down[0], z)
    n = outputs.shape[-1] // (1 if top == 1 else 2)
    if top == 1:
        odds = jnp.clip(outputs, *ODDS) * _LN2
        return jax.random.bernoulli(key, jax.nn.sigmoid(odds)).astype(jnp.float32)
    values = jnp.arange(top + 1.0)[:, None, None] * jnp.ones((1, count, n))
    logs = log_observation(values, outputs, top)
    return jnp.argmax(logs + jax.random.gumbel(key, logs.shape), axis=0).astype(jnp.float32)


def train_vae(
    rows: npt.NDArray[Any],
    held: npt.NDArray[Any],
    top: int,
    latents: tuple[int, ...],
    hidden: tuple[int, ...],
    seed: int,
    progress: Callable[[str], None] | None,
    *,
    dropout: tuple[float, float] = (0.0, 0.0),
    particles: int = 1,
    dreams: float = 0.0,
    epochs: int = 200,
    batch: int = 64,
    rate: float = 2e-3,
    **options: Any,
) -> tuple[Any, Any]:
    """Train the networks of a `compress.latent.VAE`; its ``fit`` describes the parameters.

    Returns
    -------
    up, down : tuple
        Networks from the samples up, and those from the latents down, by level.
    """
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    n = rows.shape[1]
    below = (n, *latents[:-1])
    outputs = (n if top == 1 else 2 * n, *(2 * d for d in latents[:-1]))
    up = tuple(new_network(rng, (b, *hidden, 2 * d)) for b, d in zip(below, latents, strict=True))
    down = tuple(new_network(rng, (d, *hidden, o)) for d, o in zip(latents, outputs, strict=True))
    unit = n * _LN2

    def bound(parameters: Any, x: Any, key: Any, count: int, dropped: tuple[float, float]) -> Any:
        keys = jax.random.split(key, count)
        return jax.vmap(lambda k: log_weight(parameters, x, k, top, dropped))(keys)

    def loss(parameters: Any, x: Any, key: Any) -> Any:
        logs = bound(parameters, x, key, particles, dropout)
        value = -(jax.scipy.special.logsumexp(logs, axis=0) - math.log(particles)).mean() / unit
        if dreams:
            # Items that the model draws never run out: posteriors are learned from them as well, so
            # that they suit items that were not seen (Zhang, Hayes and Barber, "Generalization gap
            # in amortized inference", 2022).
            now, later = jax.random.split(jax.random.fold_in(key, 1))
            fixed = jax.lax.stop_gradient(parameters[1])
            seen = jax.lax.stop_gradient(dream(fixed, len(x), now, top))
            own = log_weight((parameters[0], fixed), seen, later, top, dropout)
            value = value - dreams * own.mean() / unit
        return value

    def judged(parameters: Any, x: Any, key: Any) -> Any:
        return -bound(parameters, x, key, 4, (0.0, 0.0)).mean() / unit

    found: tuple[Any, Any] = fit_parameters(
        (up, down),
        loss,
        rows.astype(np.float32),
        jnp.asarray(held, jnp.float32),
        epochs=epochs,
        batch=min(batch, len(rows)),
        rate=rate,
        seed=seed,
        valid_loss=judged,
        progress=progress,
        **options,
    )
    return found


def _masks(n: int, hidden: tuple[int, ...], outputs: int, rng: np.random.Generator) -> list[Any]:
    """Masks of the weights; a hidden unit sees the samples up to one that is drawn for it."""
    before = np.arange(n)
    made = []
    for width in hidden:
        after = rng.permutation(np.arange(width) % (n - 1))
        made.append((before[:, None] <= after).astype(np.float32))
        before = after
    made.append((before[:, None] < np.tile(np.arange(n), outputs)).astype(np.float32))
    return made


def train_masked(
    rows: npt.NDArray[Any],
    held: npt.NDArray[Any],
    top: int,
    hidden: tuple[int, ...],
    seed: int,
    progress: Callable[[str], None] | None,
    *,
    dropout: float = 0.0,
    epochs: int = 200,
    batch: int = 32,
    rate: float = 1e-3,
    **options: Any,
) -> Any:
    """Train the network of a `compress.latent.MaskedNetwork`; its ``fit`` describes the parameters.

    Returns
    -------
    tuple of (weights, bias)
        With the masks applied.
    """
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    n = rows.shape[1]
    outputs = 1 if top == 1 else 2
    masks = _masks(n, hidden, outputs, rng)
    network = new_network(rng, (n, *hidden, outputs * n))
    unit = n * _LN2

    def loss(parameters: Any, x: Any, key: Any, dropped: float = dropout) -> Any:
        inputs = x * (2.0 / top) - 1.0
        if dropped:
            keep = jax.random.bernoulli(key, 1.0 - dropped, inputs.shape)
            inputs = inputs * keep / (1.0 - dropped)
        found = apply_network(parameters, inputs, masks, (key, dropped))
        return -log_observation(x, found, top).sum(-1).mean() / unit

    trained = fit_parameters(
        network,
        loss,
        rows.astype(np.float32),
        jnp.asarray(held, jnp.float32),
        epochs=epochs,
        batch=min(batch, len(rows)),
        rate=rate,
        seed=seed,
        valid_loss=lambda parameters, x, key: loss(parameters, x, key, 0.0),
        progress=progress,
        **options,
    )
    return tuple((w * mask, b) for (w, b), mask in zip(trained, masks, strict=True))


def train_diffusion(
    rows: npt.NDArray[Any],
    held: npt.NDArray[Any],
    top: int,
    hidden: tuple[int, ...],
    seed: int,
    progress: Callable[[str], None] | None,
    *,
    epochs: int = 400,
    batch: int = 64,
    rate: float = 2e-3,
    **options: Any,
) -> Any:
    """Train the network of a `compress.latent.diffusion.Diffusion` to predict noise.

    The loss is the mean square error of the noise over steps whose signal falls evenly in its
    logarithm: the bound of a chain of many steps, but for a factor.

    Returns
    -------
    tuple of (weights, bias)
    """
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    n = rows.shape[1]
    table = jnp.asarray(schedule.features(np.arange(schedule.N_STEPS + 1)), jnp.float32)
    signal = jnp.asarray(np.sqrt(schedule.alphas()), jnp.float32)
    spread = jnp.asarray(np.sqrt(1.0 - schedule.alphas()), jnp.float32)
    network = new_network(np.random.default_rng(seed), (n + table.shape[1], *hidden, n))

    def loss(parameters: Any, x: Any, key: Any) -> Any:
        first, second = jax.random.split(key)
        # Steps spread over a batch: their mean varies less than that of steps drawn alone.
        share = (jnp.arange(len(x)) + jax.random.uniform(first, (len(x),))) / len(x)
        t = 1 + jnp.floor(share * schedule.N_STEPS).astype(jnp.int32)
        t = jnp.minimum(t, schedule.N_STEPS)
        noise = jax.random.normal(second, x.shape)
        a, b = signal[t][:, None], spread[t][:, None]
        noisy = a * (x * (2.0 / top) - 1.0) + b * noise
        v = apply_network(parameters, jnp.concatenate([noisy, table[t]], axis=1))
        return ((a * v + b * noisy - noise) ** 2).mean()

    def judged(parameters: Any, x: Any, key: Any) -> Any:
        return jax.vmap(lambda k: loss(parameters, x, k))(jax.random.split(key, 8)).mean()

    return fit_parameters(
        network,
        loss,
        rows.astype(np.float32),
        jnp.asarray(held, jnp.float32),
        epochs=epochs,
        batch=min(batch, len(rows)),
        rate=rate,
        seed=seed,
        valid_loss=judged,
        progress=progress,
        **options,
    )
