"""What the paper trains by gradient steps: its Fourier density and the deep factorised prior.

Parameters are dictionaries of arrays, one row a channel; written from the formulas of the paper
and of "Variational image compression with a scale hyperprior" (Ballé et al., 2018, appendix 6.1).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Parameters = dict[str, Any]


def adam(
    loss: Callable[[Any, Any], Any],
    parameters: Any,
    key: Any,
    steps: int,
    rate: Callable[[Any], Any],
) -> Any:
    """Minimise `loss(parameters, key)` by Adam, a fresh key a step."""
    first = jax.tree.map(jnp.zeros_like, parameters)
    gradient = jax.grad(loss)

    def step(state: Any, i: Any) -> tuple[Any, None]:
        p, m, v = state
        g = gradient(p, jax.random.fold_in(key, i))
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        t = i + 1.0
        move = rate(i) * jnp.sqrt(1.0 - 0.999**t) / (1.0 - 0.9**t)
        p = jax.tree.map(lambda a, b, c: a - move * b / (jnp.sqrt(c) + 1e-8), p, m, v)
        return (p, m, v), None

    run = jax.jit(lambda state: jax.lax.scan(step, state, jnp.arange(steps))[0])
    return run((parameters, first, first))[0]


# -- the Fourier density, periodic on [-1, 1], or on the line through tanh((x - offset) / scale) --


def fourier_start(
    key: Any, channels: int, frequencies: int, scale: float, first: float = 0.0
) -> Parameters:
    """Small random amplitudes, as the public code has them; `first` is added to a_0."""
    real, imaginary = 1e-3 * jax.random.normal(key, (2, channels, frequencies))
    real = real.at[:, 0].add(first)
    return {
        "real": real,
        "imaginary": imaginary,
        "scale": jnp.full(channels, float(np.log(np.expm1(scale)))),
        "offset": jnp.zeros(channels),
    }


def _amplitudes(p: Parameters) -> Any:
    return jax.lax.complex(p["real"], p["imaginary"])


def fourier_coefficients(p: Parameters) -> Any:
    """c_n / c_0 of each channel, n = 1, 2, ..: the autocorrelation of the amplitudes."""
    a = _amplitudes(p)
    n = a.shape[1]
    c = [(a[:, k:] * jnp.conj(a[:, : n - k])).sum(axis=1) for k in range(n)]
    return jnp.stack([one / c[0].real for one in c[1:]], axis=1)


def periodic_logpdf(p: Parameters, x: Any) -> Any:
    """Log density on [-1, 1] of channel 0."""
    a = _amplitudes(p)[0]
    angle = jnp.pi * x[:, None] * jnp.arange(a.size)
    height = jnp.abs((a * jax.lax.complex(jnp.cos(angle), jnp.sin(angle))).sum(axis=1)) ** 2
    return jnp.log(jnp.maximum(height / (2.0 * (jnp.abs(a) ** 2).sum()), 1e-20))


def fourier_bits(p: Parameters, y: Any) -> Any:
    """Bits of the unit intervals around y (n, channels), through differences of the cdf."""
    c = fourier_coefficients(p)
    n = jnp.pi * jnp.arange(1, c.shape[1] + 1)
    scale = jax.nn.softplus(p["scale"])

    def ends(side: float) -> tuple[Any, Any]:
        u = jnp.tanh((y + side - p["offset"]) / scale)
        waves = c.real * jnp.sin(n * u[..., None]) + c.imag * jnp.cos(n * u[..., None])
        return u, (waves / n).sum(axis=-1)

    (low, below), (high, above) = ends(-0.5), ends(0.5)
    return -jnp.log2(jnp.maximum(0.5 * (high - low) + above - below, 1e-20))


# -- the deep factorised prior --


def deep_start(key: Any, channels: int, filters: tuple[int, ...], scale: float) -> Parameters:
    """Monotone layers that begin as one logistic of about this scale."""
    sizes = (1, *filters, 1)
    each = scale ** (1.0 / (len(sizes) - 1))
    p: Parameters = {}
    for k, (inner, outer) in enumerate(pairwise(sizes)):
        value = float(np.log(np.expm1(1.0 / each / outer)))
        p[f"matrix{k}"] = jnp.full((channels, outer, inner), value)
        draw = jax.random.uniform(jax.random.fold_in(key, k), (channels, outer))
        p[f"bias{k}"] = draw - 0.5
        if k + 2 < len(sizes):
            p[f"factor{k}"] = jnp.zeros((channels, outer))
    return p


def deep_parameters(filters: tuple[int, ...]) -> int:
    """Count the numbers of one channel."""
    sizes = (1, *filters, 1)
    pairs = list(pairwise(sizes))
    return sum(inner * outer + outer for inner, outer in pairs) + sum(filters)


def _logits(p: Parameters, x: Any) -> Any:
    """Logit of the distribution function at x (n, channels)."""
    layers = sum(name.startswith("matrix") for name in p)
    y = x[..., None]
    for k in range(layers):
        y = jnp.einsum("nci,coi->nco", y, jax.nn.softplus(p[f"matrix{k}"])) + p[f"bias{k}"]
        if k + 1 < layers:
            y = y + jnp.tanh(p[f"factor{k}"]) * jnp.tanh(y)
    return y[..., 0]


def deep_logpdf(p: Parameters, x: Any) -> Any:
    """Log density of channel 0 at x (n,)."""
    value, slope = jax.jvp(lambda v: _logits(p, v[:, None])[:, 0], (x,), (jnp.ones_like(x),))
    return jnp.log(slope) + jax.nn.log_sigmoid(value) + jax.nn.log_sigmoid(-value)


def deep_bits(p: Parameters, y: Any) -> Any:
    """Bits of the unit intervals around y (n, channels)."""
    low, high = _logits(p, y - 0.5), _logits(p, y + 0.5)
    # on the side where both values of the logistic function are small
    sign = -jnp.sign(low + high)
    sign = jnp.where(sign == 0.0, 1.0, jax.lax.stop_gradient(sign))
    mass = jnp.abs(jax.nn.sigmoid(sign * high) - jax.nn.sigmoid(sign * low))
    return -jnp.log2(jnp.maximum(mass, 1e-20))
