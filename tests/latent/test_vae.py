"""`VAE`: streams against the bound, whatever is coded comes back, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.errors import CompressError, CorruptError, FormatError, LimitError, ModelMismatchError
from compress.latent import VAE, bitsback
from tests.latent.models import SIDE, TOP, items, vae


@settings(deadline=None, max_examples=10)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(3,), (2, 3), (1, 2, 1)]),
    st.sampled_from([0, 1, 2, 7]),
)
def test_items_come_back(seed: int, latents: tuple[int, ...], particles: int) -> None:
    """With one level and several, with any number of particles."""
    model = vae(latents, seed % 5)
    given_items = items(40, seed)
    data = model.encode(given_items, particles=particles)
    found = model.decode(data)
    np.testing.assert_array_equal(found, given_items)
    assert found.dtype == np.uint16


@pytest.mark.parametrize("top", [1, TOP])
@pytest.mark.parametrize("latents", [(3,), (2, 3)])
def test_bytes_are_the_bound_and_the_initial_bits(latents: tuple[int, ...], top: int) -> None:
    """Within 1 %, on 1,000 items drawn from the model."""
    model = vae(latents, top=top)
    drawn = model.rvs(1000, seed=1)
    coded = bitsback.encode(model, model._rows(drawn))
    bound = float(model.bits(drawn, samples=4).total.sum())
    paid = float(coded.bits.sum())
    assert abs(paid - bound) < 0.01 * bound
    assert 0 < coded.initial_bits < 1000
    # Head, checksum, and the state, which is written in whole words.
    assert 0 <= 8 * len(coded.data) - coded.initial_bits - paid < 300


def test_particles_pay_the_tighter_bound() -> None:
    """The importance-weighted bound falls with the particles, and bytes are within 2 % of it."""
    model = vae((3,), spread=0.8)
    drawn = model.rvs(400, seed=1)
    last = np.inf
    for k in (1, 4, 24):
        bound = -float(model.log_prob(drawn, k).sum()) / np.log(2.0)
        coded = bitsback.encode(model, model._rows(drawn), k)
        assert bound < last
        assert abs(float(coded.bits.sum()) - bound) < 0.02 * bound
        last = bound


def test_the_bound_holds_what_can_be_summed() -> None:
    """With one latent of 2^8 cells the probability of an item is a sum: no bound exceeds it."""
    model = vae((1,))
    drawn = model.rvs(30, seed=3)
    rows = model._rows(drawn)
    every = np.arange(1 << model.cells.bits)[:, None]
    indexes = model.indexes(every)
    logs = np.stack(
        [model.observation.log2(row[None], indexes).sum(axis=1) / 65536 for row in rows]
    )
    exact = np.log2(np.mean(2.0**logs, axis=1))
    single = model.elbo(drawn, samples=200) / np.log(2.0)
    tight = model.log_prob(drawn, 200) / np.log(2.0)
    assert np.all(single < exact + 0.01)
    assert np.abs(tight - exact).mean() < 0.25 * np.abs(single - exact).mean()


def test_a_model_comes_back_from_a_file(tmp_path: Path) -> None:
    """And codes the same bytes."""
    model = vae((2, 3))
    model.save(tmp_path / "model")
    again = VAE.load(tmp_path / "model")
    given_items = items(40)
    assert again.encode(given_items) == model.encode(given_items)
    assert again.fingerprint == model.fingerprint


def test_too_few_items_are_refused_with_a_way_out() -> None:
    """A single item costs less without bits back, and comes back so."""
    model = vae((3,))
    with pytest.raises(ValueError, match="particles=0, the plain coder"):
        model.encode(items(1), particles=32)
    found = model.decode(model.encode(items(1), particles=0))
    np.testing.assert_array_equal(found, items(1))
    assert model.decode(model.encode(items(0))).shape == (0, *SIDE)


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        (np.zeros((2, 4, 3), int), ValueError, "shape"),
        (np.zeros(SIDE, int), ValueError, "shape"),
        (np.full((2, *SIDE), TOP + 1), ValueError, "0..6"),
        (np.full((2, *SIDE), -1), ValueError, "0..6"),
        (np.full((2, *SIDE), np.nan), ValueError, "whole numbers"),
        (np.full((2, *SIDE), np.inf), ValueError, "0..6"),
        (np.full((2, *SIDE), 0.5), ValueError, "whole numbers"),
        (np.full((2, *SIDE), "a"), TypeError, "numbers"),
    ],
)
def test_items_that_do_not_fit_are_refused(
    bad: np.ndarray, error: type[Exception], says: str
) -> None:
    """Of another shape, out of range, not whole."""
    with pytest.raises(error, match=says):
        vae().encode(bad)
    with pytest.raises(ValueError, match=r"0\.\.64"):
        vae().encode(items(2), particles=65)


def test_streams_of_other_models_and_kinds_are_refused() -> None:
    """A fingerprint tells models apart; a limit holds before anything is decoded."""
    model = vae()
    data = model.encode(items(40))
    with pytest.raises(ModelMismatchError):
        vae(seed=9).decode(data)
    with pytest.raises(LimitError):
        model.decode(data, max_bytes=40 * 12 * 2 - 1)
    with pytest.raises(FormatError):
        model.decode(model.to_bytes())
    with pytest.raises(FormatError):
        VAE.from_bytes(data)
    with pytest.raises(FormatError):
        model.decode(b"zzz")


def sealed(data: bytes) -> bytes:
    """With a checksum that holds."""
    return data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "little")


def test_hostile_streams_raise_our_errors() -> None:
    """Changed bytes under a checksum that holds, and streams that were cut."""
    model = vae((2, 2))
    given_items = items(40)
    rng = np.random.default_rng(0)
    for particles in (0, 1, 3):
        data = model.encode(given_items, particles=particles)
        for cut in range(0, len(data), 19):
            with pytest.raises(CompressError):
                model.decode(data[:cut])
            with pytest.raises(CompressError):
                model.decode(sealed(data[:cut]))
        for _ in range(25):
            changed = bytearray(data)
            at = int(rng.integers(5, min(len(data) - 4, 400)))
            changed[at] ^= int(rng.integers(1, 256))
            with pytest.raises(CorruptError):
                model.decode(bytes(changed))
            try:
                found = model.decode(sealed(bytes(changed)), max_bytes=1 << 16)
            except CompressError:
                continue
            # The number of particles may not matter where one of them is chosen anyway.
            np.testing.assert_array_equal(found, given_items)


def test_hostile_models_raise_our_errors() -> None:
    """Changed bytes under a checksum that holds give our error, or another model that codes."""
    data = vae((2,)).to_bytes()
    rng = np.random.default_rng(0)
    for cut in range(0, len(data), 29):
        with pytest.raises(CompressError):
            VAE.from_bytes(sealed(data[:cut]))
    for _ in range(60):
        changed = bytearray(data)
        changed[int(rng.integers(3, len(data) - 4))] ^= int(rng.integers(1, 256))
        try:
            made = VAE.from_bytes(sealed(bytes(changed)))
        except CompressError:
            continue
        assert made.fingerprint != vae((2,)).fingerprint


SCRIPT = """
import hashlib
from tests.latent.models import items, vae
digest = hashlib.sha256()
for latents in ((3,), (2, 2)):
    model = vae(latents, top=1)
    for particles in (0, 1, 3):
        data = model.encode(items(36, top=1), particles=particles)
        digest.update(data + model.decode(data).tobytes())
print(digest.hexdigest())
"""


def test_every_way_of_running_gives_the_same_bytes() -> None:
    """Machine code that was built or compiled, and the interpreter."""
    found = set()
    for extra in ({}, {"NUMBA_DISABLE_JIT": "1"}):
        environment = {**os.environ, **extra}
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.add(run.stdout)
    assert len(found) == 1
