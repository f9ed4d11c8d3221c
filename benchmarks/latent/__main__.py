"""Bounds of latent models and the bytes that pay them.

    python -m benchmarks.latent [--quick] [NAME ...]

Codes held-out items with the weights that ship beside this file (`benchmarks.latent.train` makes
them), decodes every stream, and prints a table; the whole table is kept in ``results.json``. With
``--quick`` few items are coded, as in CI. What is absent is said to be absent.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latent import data
from benchmarks.latent.train import WEIGHTS
from compress.latent import VAE, Diffusion, MaskedNetwork, MixtureCoder, bitsback, schedule

RESULTS = Path(__file__).with_name("results.json")
# Items over which the weights of a shared model are spread.
AMORTISED = 60_000
# Bits a dimension that others publish for the same data; those for MNIST are of all 60,000 items.
PUBLISHED = {
    "mnist-binary": "BB-ANS 0.19",
    "mnist": "BB-ANS 1.41, Bit-Swap 1.29",
}
STEPS = (10, 25, 50, 100)
Row = dict[str, Any]


def vae_rows(name: str, items: data.Items, n: int) -> Iterator[Row]:
    """Bounds and bytes of a model with latents."""
    path = WEIGHTS / f"{name}.fdm"
    model = VAE.load(path)
    held = items.held[:n]
    unit = held.size * math.log(2.0)
    # The stream is judged on at least 1,000 items, learned from or not.
    spare = max(0, min(1000, n * 3) - len(held))
    more = items.learn[:spare]
    if items.top == 1:
        more = data.binarise(more, np.random.default_rng(2))
    coded_items = np.concatenate([held, more])
    for k in (1, 8, 16, 64):
        samples = max(1, 16 // k) if k == 1 else 1
        if k == 1:
            bits = model.bits(held, samples=samples)
            bound = float(bits.total.mean()) / held[0].size
            latents = float(bits.latents.mean()) / held[0].size
        else:
            bound, latents = -float(model.log_prob(held, k).sum()) / unit, math.nan
        row: Row = {
            "set": name, "model": f"{len(model.dims)} level(s), {k} particle(s)",
            "bound": bound, "latents": latents, "published": PUBLISHED.get(name, ""),
        }  # fmt: skip
        chosen = coded_items if k == 1 else held
        rows = model._rows(chosen)
        begin = time.process_time()
        coded = bitsback.encode(model, rows, k)
        middle = time.process_time()
        assert np.array_equal(model.decode(coded.data), chosen)
        end = time.process_time()
        n_bits = 8 * len(coded.data) - coded.initial_bits
        of_these = (
            float(model.bits(chosen, samples=16).total.sum())
            if k == 1
            else -float(model.log_prob(chosen, k, seed=1).sum()) / math.log(2.0)
        )
        paid = 8 * len(coded.data) / chosen.size if k > 1 else math.nan
        if k == 1:
            own = bitsback.encode(model, model._rows(held), 1)
            paid = 8 * len(own.data) / held.size
        row |= {
            "paid": paid,
            "initial bits": coded.initial_bits,
            "items coded": len(chosen),
            "bytes / bound - 1": n_bits / of_these - 1.0,
            "encoded a second": len(chosen) / (middle - begin),
            "decoded a second": len(chosen) / (end - middle),
            "with weights": paid + 8 * path.stat().st_size / (AMORTISED * held[0].size),
        }
        yield row


def masked_rows(name: str, items: data.Items, n: int) -> Iterator[Row]:
    """Code length and bytes of a masked network."""
    path = WEIGHTS / f"{name}.fdm"
    model = MaskedNetwork.load(path)
    held = items.held[:n]
    chosen = np.concatenate([held, items.learn[: max(0, min(1000, 3 * n) - len(held))]])
    begin = time.process_time()
    stream = model.encode(chosen)
    middle = time.process_time()
    assert np.array_equal(model.decode(stream), chosen)
    end = time.process_time()
    paid = 8 * len(model.encode(held)) / held.size
    yield {
        "set": name, "model": "masked network",
        "bound": float(model.bits(held).mean()) / held[0].size, "latents": 0.0, "paid": paid,
        "initial bits": 0, "items coded": len(chosen),
        "bytes / bound - 1": 8 * len(stream) / float(model.bits(chosen).sum()) - 1.0,
        "encoded a second": len(chosen) / (middle - begin),
        "decoded a second": len(chosen) / (end - middle),
        "with weights": paid + 8 * path.stat().st_size / (AMORTISED * held[0].size),
        "published": "",
    }  # fmt: skip


def diffusion_rows(name: str, items: data.Items, n: int) -> Iterator[Row]:
    """Bounds of every variance and number of steps, and bytes of some items."""
    model = Diffusion.load(WEIGHTS / f"{name}.fdm")
    held = items.held[:n]
    for count in STEPS if n > 100 else STEPS[:1]:
        for variance in (*schedule.VARIANCES, "extended, best steps"):
            steps = model.steps(count, best="best" in variance)
            chain = model.trajectory(steps, variance.split(",")[0])
            # Few items where a chain is long; every sixteenth of the bound is one of its draws.
            coded = np.concatenate([held, items.learn])[: 10_000 // count] if n > 100 else held[:20]
            begin = time.process_time()
            stream, initial = chain.encode_counted(coded)
            middle = time.process_time()
            assert np.array_equal(chain.decode(stream), coded)
            end = time.process_time()
            of_these = float(np.mean([chain.bits(coded, seed=s).sum() for s in range(2)]))
            yield {
                "set": name, "model": f"K = {count}, {variance}",
                "bound": float(np.mean([chain.bits(held, seed=s).mean() for s in range(2)]))
                / held[0].size,
                "latents": math.nan, "paid": (8 * len(stream) - initial) / coded.size,
                "initial bits": initial, "items coded": len(coded),
                "bytes / bound - 1": (8 * len(stream) - initial) / of_these - 1.0,
                "encoded a second": len(coded) / (middle - begin),
                "decoded a second": len(coded) / (end - middle), "with weights": math.nan,
                "published": "",
            }  # fmt: skip


def mixture_row(n: int) -> Row:
    """Code a mixture of three normal distributions, its components as latents."""
    rng = np.random.default_rng(0)
    w, m, s = np.array([0.3, 0.5, 0.2]), np.array([-40, 10.0, 70.0]), np.array([12, 20.0, 30.0])
    of = rng.choice(3, n, p=w)
    x = np.rint(m[of] + s[of] * rng.standard_normal(n)).astype(np.int64)
    erf = np.vectorize(math.erf)
    below = [0.5 * (1.0 + erf((x[:, None] + (-0.5, 0.5) - b) / c / 2**0.5))
             for b, c in zip(m, s, strict=True)]  # fmt: skip
    p = sum(a * (b[:, 1] - b[:, 0]) for a, b in zip(w, below, strict=True))
    ideal = -float(np.log2(p).sum())
    coder = MixtureCoder(w, m, s, -400, 400)
    begin = time.process_time()
    stream = coder.encode(x)
    middle = time.process_time()
    assert np.array_equal(coder.decode(stream), x)
    end = time.process_time()
    return {
        "set": "mixture of 3", "model": "components as latents", "bound": ideal / n,
        "latents": math.nan, "paid": 8 * len(stream) / n, "initial bits": 0, "items coded": n,
        "bytes / bound - 1": 8 * len(stream) / ideal - 1.0,
        "encoded a second": n / (middle - begin), "decoded a second": n / (end - middle),
        "with weights": math.nan, "published": "",
    }  # fmt: skip


def xz_bits(items: data.Items, n: int) -> float:
    """Bits a dimension of xz on the held-out items, one bit or byte a sample."""
    held = items.held[:n]
    raw = np.packbits(held).tobytes() if items.top == 1 else held.astype(np.uint8).tobytes()
    return 8 * len(lzma.compress(raw, preset=9)) / held.size


MODELS = {
    "digits": ("digits", vae_rows),
    "digits-levels": ("digits", vae_rows),
    "digits-masked": ("digits", masked_rows),
    "digits-diffusion": ("digits", diffusion_rows),
    "mnist-binary": ("mnist-binary", vae_rows),
    "mnist": ("mnist", vae_rows),
    "fashion": ("fashion", vae_rows),
    "tiles": ("tiles", vae_rows),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latent")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    rows: list[Row] = []
    columns = ("bound", "paid", "bytes / bound - 1", "initial bits", "items coded",
               "encoded a second", "decoded a second", "with weights")  # fmt: skip

    def show(row: Row) -> None:
        rows.append(row)
        cells = " ".join(f"{name} {row[name]:.4g};" for name in columns)
        print(f"{row['set']}, {row['model']}: {cells} {row['published']}", flush=True)

    if not arguments.names:
        show(mixture_row(10_000 if arguments.quick else 100_000))
    for name in arguments.names or MODELS:
        of, make = MODELS[name]
        items = data.SETS[of]()
        if items is None:
            print(f"{name}: absent, the package that ships it is not installed")
            continue
        if not (WEIGHTS / f"{name}.fdm").is_file():
            print(f"{name}: absent, no weights")
            continue
        n = 60 if arguments.quick else 1000
        print(f"{name}: {len(items.held)} held out; xz {xz_bits(items, n):.3f} bits a dimension")
        for row in make(name, items, n):
            show(row)
    if not arguments.quick:
        known = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
        fresh = {(row["set"], row["model"]) for row in rows}
        kept = [row for row in known if (row["set"], row["model"]) not in fresh]
        clean = [
            {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
            for row in (*kept, *rows)
        ]
        RESULTS.write_text(json.dumps(clean, indent=1) + "\n")


if __name__ == "__main__":
    main()
