"""Masked networks, diffusion and mixtures: bytes against bounds, and what is refused."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from compress.errors import CompressError, CorruptError, LimitError, ModelMismatchError
from compress.latent import (
    Diffusion,
    IntegerNetwork,
    MaskedNetwork,
    MixtureCoder,
    Observation,
    Trajectory,
    schedule,
)
from compress.latent.diffusion import INPUT_BITS
from tests.latent.models import SIDE, TOP, items, masked

N = SIDE[0] * SIDE[1]


def sealed(data: bytes) -> bytes:
    """With a checksum that holds."""
    return data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "little")


# -- masked networks --


def test_masked_streams_are_the_code_length(tmp_path: Path) -> None:
    """To the two words of the coder's state; the model and the items come back."""
    model = masked()
    model.save(tmp_path / "model")
    again = MaskedNetwork.load(tmp_path / "model")
    drawn = model.rvs(300)
    data = model.encode(drawn)
    np.testing.assert_array_equal(again.decode(data), drawn)
    assert abs(8 * len(data) - float(model.bits(drawn).sum())) < 300
    np.testing.assert_array_equal(again.decode(again.encode(items(20))), items(20))


def test_probabilities_of_a_masked_network_sum_to_one() -> None:
    """Over all items of two samples."""
    rng = np.random.default_rng(0)
    one = np.array([[1.0, 0.5], [0.0, 0.0]])
    two = np.array([[0, 1, 0, 1], [0, 1, 0, 1]]) * rng.normal(size=(2, 4))
    network = IntegerNetwork.from_floats([(one, np.zeros(2)), (two, rng.normal(size=4))])
    model = MaskedNetwork((2,), Observation(2, 3), network)
    every = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2)
    assert abs(np.exp(model.log_prob(every)).sum() - 1.0) < 1e-3


def test_networks_that_look_ahead_are_refused() -> None:
    """A decoder could not follow them."""
    weights = np.eye(2)
    layers = [(weights, np.zeros(2)), (np.ones((2, 4)), np.zeros(4))]
    with pytest.raises(ValueError, match="decoded after it"):
        MaskedNetwork((2,), Observation(2, 3), IntegerNetwork.from_floats(layers))


def test_hostile_masked_streams_raise_our_errors() -> None:
    """Changed bytes under a checksum that holds."""
    model = masked()
    data = model.encode(items(5))
    rng = np.random.default_rng(0)
    raised = 0
    for _ in range(40):
        changed = bytearray(data)
        changed[int(rng.integers(5, len(data) - 4))] ^= int(rng.integers(1, 256))
        with pytest.raises(CorruptError):
            model.decode(bytes(changed))
        try:
            model.decode(sealed(bytes(changed)), max_bytes=1 << 20)
        except CompressError:
            raised += 1
    assert raised >= 39
    with pytest.raises(LimitError):
        model.decode(data, max_bytes=100)


# -- diffusion --


def diffusion() -> Diffusion:
    """Make a model whose network says next to nothing, so that its moments are known."""
    rng = np.random.default_rng(0)
    layers = [
        (rng.normal(size=(N + 8, 6)) / 8, np.zeros(6)),
        (0.05 * rng.normal(size=(6, N)), np.zeros(N)),
    ]
    network = IntegerNetwork.from_floats(layers, input_bits=INPUT_BITS)
    a = schedule.alphas()
    # v = 0: the noise is taken to be sqrt(1 - a) x_t, so its error is sqrt(a) v of the data.
    variance = 0.44
    error = a * (a + (1.0 - a) * variance)
    predicted = (1.0 - a) * (a * variance + 1.0 - a)
    moments = schedule.Moments(predicted, np.repeat(error[:, None], N, axis=1))
    return Diffusion(SIDE, TOP, network, moments)


@pytest.mark.parametrize("variance", schedule.VARIANCES)
def test_a_chain_pays_its_bound(variance: str) -> None:
    """Bytes within 1.5 %, for each variance; the items come back.

    What both streams have beside items, 30 bytes, falls out of their difference.
    """
    model = diffusion().trajectory(schedule.even_steps(3), variance)
    model = Trajectory.from_bytes(model.to_bytes())
    given_items = items(420)
    short, before = model.encode_counted(given_items[:20])
    data, initial = model.encode_counted(given_items)
    bound = float(np.mean([model.bits(given_items[20:], seed=s).sum() for s in range(4)]))
    paid = 8 * (len(data) - len(short)) - (initial - before)
    assert abs(paid - bound) < 0.015 * bound
    np.testing.assert_array_equal(model.decode(data), given_items)
    with pytest.raises(LimitError):
        model.decode(data, max_bytes=100)
    changed = bytearray(data)
    changed[40] ^= 1
    with pytest.raises(CorruptError):
        model.decode(sealed(bytes(changed)))


def test_the_best_variance_and_the_best_steps_are_never_larger() -> None:
    """In the mean over items that the moments suit; steps by trying all of them."""
    model = diffusion()
    given_items = items(300)
    steps = model.steps(4)
    bits = {v: model.trajectory(steps, v).bits(given_items).mean() for v in schedule.VARIANCES}
    assert bits["extended"] < 1.005 * min(bits.values())
    cost = np.stack([schedule.step_bits(s, model.moments, 0.01) for s in range(schedule.N_STEPS)])
    chosen = schedule.best_steps(2, model.moments, 0.01**0.5 * 12**0.5)
    pairs = cost[0, 1:-1] + cost[1:, -1]
    assert chosen == (1 + int(pairs.argmin()), schedule.N_STEPS)


def test_the_variance_of_a_step_is_that_of_bayes_theorem() -> None:
    """Conditioning the joint normal distribution of x_s and x_t, given x_0, on x_t."""
    a = schedule.alphas()
    s, t = 300, 700
    keep = a[t] / a[s]
    cov = np.array([[1 - a[s], np.sqrt(keep) * (1 - a[s])], [0, 1 - a[t]]])
    gain = cov[0, 1] / cov[1, 1]
    of_item, of_noisy, variance, forward = schedule.reverse(s, t)
    assert np.isclose(of_noisy, gain)
    assert np.isclose(of_item, np.sqrt(a[s]) - gain * np.sqrt(a[t]))
    assert np.isclose(variance, cov[0, 0] - gain * cov[0, 1])
    assert np.isclose(forward, 1 - keep)


# -- mixtures --


def test_a_mixture_is_paid_at_its_code_length() -> None:
    """Within 0.1 % of scipy's, on 50,000 samples; a blunter posterior costs what its bound says."""
    rng = np.random.default_rng(0)
    w, m, s = np.array([0.3, 0.5, 0.2]), np.array([-40, 10.0, 70.0]), np.array([12, 20.0, 30.0])
    of = rng.choice(3, 50_000, p=w)
    x = np.rint(m[of] + s[of] * rng.standard_normal(len(of))).astype(np.int64)
    p = sum(a * (stats.norm.cdf(x + 0.5, b, c) - stats.norm.cdf(x - 0.5, b, c))
            for a, b, c in zip(w, m, s, strict=True))  # fmt: skip
    ideal = -float(np.log2(p).sum())
    coder = MixtureCoder(w, m, s, -400, 400)
    data = coder.encode(x)
    np.testing.assert_array_equal(coder.decode(data), x)
    assert abs(8 * len(data) - ideal) < 0.001 * ideal
    blunt = MixtureCoder(w, m, s, -400, 400, temper=0.5)
    assert abs(8 * len(blunt.encode(x)) - blunt.bound(x)) < 0.002 * ideal
    assert blunt.bound(x) > 1.01 * ideal
    with pytest.raises(ModelMismatchError):
        blunt.decode(data)
    with pytest.raises(LimitError):
        coder.decode(data, max_bytes=100)
    changed = bytearray(data)
    changed[300] ^= 1
    with pytest.raises(CorruptError):
        coder.decode(sealed(bytes(changed)))


def test_mixtures_that_make_no_sense_are_refused() -> None:
    """And samples that lie outside."""
    with pytest.raises(ValueError, match="2 to 64"):
        MixtureCoder([1.0], [0.0], [1.0], 0, 9)
    with pytest.raises(ValueError, match="positive"):
        MixtureCoder([0.5, 0.5], [0.0, 1.0], [1.0, 0.0], 0, 9)
    coder = MixtureCoder([0.5, 0.5], [2.0, 7.0], [1.0, 1.0], 0, 9)
    with pytest.raises(ValueError, match=r"0\.\.9"):
        coder.encode(np.array([10]))
    with pytest.raises(TypeError):
        coder.encode(np.array([0.5]))
