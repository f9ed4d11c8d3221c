"""``python -m benchmarks.coders [SYMBOLS]``: the entropy-coding stage against its peers.

Each row gives a measurement, the bar and the ratio. Both sides of a ratio are timed in one run,
alternating, one thread, and the medians are compared; times are CPU time of the thread, so that
other work on the machine disturbs them less.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import constriction
import numpy as np
from numba import njit
from numpy.typing import NDArray

from compress.coders import decode, default_lanes, encode
from compress.tables import TableSet, density_grid

Ans = constriction.stream.stack.AnsCoder
Categorical = constriction.stream.model.Categorical
_REPEATS = 5


def medians(
    *tasks: Callable[[], Any], clock: Callable[[], float] = time.thread_time
) -> list[float]:
    """Seconds that each task takes, after one untimed run of each."""
    times: list[list[float]] = [[] for _ in tasks]
    for repeat in range(_REPEATS + 1):
        for task, seconds in zip(tasks, times, strict=True):
            begin = clock()
            task()
            if repeat:
                seconds.append(clock() - begin)
    return [float(np.median(seconds)) for seconds in times]


def row(work: str, measured: str, bar: str) -> None:
    """Print one line of the table."""
    print(f"{work:<58} {measured:<44} {bar}", flush=True)


def bell(size: int, symbols: int, seed: int) -> tuple[NDArray[np.int64], TableSet]:
    """Symbols of a discretised normal distribution, and the table of their counts."""
    rng = np.random.default_rng(seed)
    samples = np.round(rng.normal(size / 2, size / 20, symbols)).astype(np.int64)
    samples = np.clip(samples, 0, size - 1)
    return samples, TableSet.from_counts(np.bincount(samples, minlength=size))


def exact(tables: TableSet, t: int = 0) -> Any:
    """Return constriction's model with the masses of a table."""
    return Categorical((tables.masses(t) - 1).astype(np.float64), perfect=False)


def static_tables(n: int) -> None:
    """One table for all symbols."""
    for size in (256, 4096, 65536):
        symbols, tables = bell(size, n, size)
        narrow = symbols.astype(np.int32)
        peer = exact(tables)

        def peer_encode(narrow: Any = narrow, peer: Any = peer) -> Any:
            coder = Ans()
            coder.encode_reverse(narrow, peer)
            return coder.get_compressed()

        words = peer_encode()
        assert np.array_equal(words, encode(symbols, tables, lanes=1))
        lanes = encode(symbols, tables)
        assert np.array_equal(decode(lanes, n, tables), symbols)
        theirs, one, four = medians(
            lambda words=words, peer=peer: Ans(words).decode(peer, n),
            lambda words=words, tables=tables: decode(words, n, tables, lanes=1),
            lambda lanes=lanes, tables=tables: decode(lanes, n, tables),
        )
        scale = 1e9 / n
        text = f"{four * scale:.2f} ns against {theirs * scale:.1f}: {theirs / four:.1f}x"
        row(f"static K={size}: decode, {default_lanes(n)} lanes", text, ">= 6x")
        text = f"{one * scale:.2f} ns against {theirs * scale:.1f}: {theirs / one:.1f}x"
        row(f"static K={size}: decode, constriction's own words", text, ">= 6x")
        theirs, four = medians(
            peer_encode, lambda symbols=symbols, tables=tables: encode(symbols, tables)
        )
        text = f"{four * scale:.2f} ns against {theirs * scale:.1f}: {theirs / four:.1f}x"
        row(f"static K={size}: encode", text, ">= 1x" if size == 256 else "")
        ideal = tables.code_length(symbols)
        over = (32 * len(lanes) - ideal) / 8
        allowed = ideal * 0.0002 / 8 + 8 * default_lanes(n)
        text = f"{over:+.0f} bytes over {ideal / 8:.0f}"
        row(f"static K={size}: size over the ideal", text, f"<= {allowed:+.0f} bytes")


@njit
def _chain(entries: NDArray[np.uint64], n: int) -> Any:
    """From one state to the next n times, as a decoder must: mask, look-up, product, sum."""
    state = np.uint64(1) << np.uint64(63)
    for i in range(n):
        entry = entries[(state & np.uint64(0xFFFFFF)) >> np.uint64(13)]
        rest = (entry & np.uint64(0xFFFFFF)) + np.uint64(i)
        state = (state >> np.uint64(24)) * (entry >> np.uint64(40)) + rest
    return state


def latency(n: int) -> None:
    """Time what one lane cannot go below: each state waits for the one before.

    Mask, shift, load, shift, multiplication and addition are 12 cycles on current processors.
    On top of that come the refills, which nobody can predict, the symbols on the border between
    two entries of the look-up, and the pages of the result.
    """
    entries = np.random.default_rng(0).integers(0, 1 << 63, 2048, dtype=np.uint64)
    (seconds,) = medians(lambda: _chain(entries, n))
    row("one lane: the latency of its arithmetic alone", f"{1e9 * seconds / n:.2f} ns", "")


def indexed_tables(n: int) -> None:
    """Use a table for each symbol, 64 of them, 256 symbols each."""
    rng = np.random.default_rng(1)
    scales = 2.0 ** np.linspace(0, 5, 64)
    pmf = np.exp(-0.5 * ((np.arange(256) - 128) / scales[:, None]) ** 2) + 1e-7
    tables = TableSet.from_pmf(pmf)
    indexes = rng.integers(0, 64, n).astype(np.int32)
    symbols = np.clip(np.round(128 + rng.normal(0, 1, n) * scales[indexes]), 0, 255).astype(
        np.int64
    )
    words = encode(symbols, tables, indexes)
    assert np.array_equal(decode(words, n, tables, indexes), symbols)
    few = min(n, 20_000)
    matrix = np.stack([tables.masses(t) - 1 for t in range(64)]).astype(np.float64)[indexes[:few]]
    narrow = symbols[:few].astype(np.int32)
    family = Categorical(perfect=False)
    peer = Ans()
    peer.encode_reverse(narrow, family, matrix)
    peer_words = peer.get_compressed()
    assert np.array_equal(peer_words, encode(symbols[:few], tables, indexes[:few], lanes=1))
    ours, out, theirs, back = medians(
        lambda: encode(symbols, tables, indexes),
        lambda: decode(words, n, tables, indexes),
        lambda: Ans().encode_reverse(narrow, family, matrix),
        lambda: Ans(peer_words).decode(family, matrix),
    )
    ours, out, theirs, back = (1e9 * t for t in (ours / n, out / n, theirs / few, back / few))
    text = f"{ours:.2f} ns against {theirs:.0f}: {theirs / ours:.0f}x"
    row("64 tables: encode, against constriction's Categorical", text, ">= 40x")
    text = f"{out:.2f} ns against {back:.0f}: {back / out:.0f}x"
    row("64 tables: decode, against constriction's Categorical", text, ">= 40x")
    compressai(symbols, indexes, pmf, 32 * len(words) / n, ours, out)


def compressai(
    symbols: NDArray[np.int64],
    indexes: NDArray[np.int32],
    pmf: NDArray[np.float64],
    our_bits: float,
    encode_ns: float,
    decode_ns: float,
) -> None:
    """Time the rANS of CompressAI on the same symbols, with its own 16-bit tables."""
    try:
        from compressai import ans  # noqa: PLC0415 - an optional peer
        from compressai._CXX import pmf_to_quantized_cdf  # noqa: PLC0415
    except ImportError:
        row("64 tables: against compressai.ans", "not installed", ">= 4x")
        return
    few = min(len(symbols), 500_000)
    # Its tables have the escape last; it needs lists.
    cdfs = [list(pmf_to_quantized_cdf([*(p / p.sum()).tolist(), 1e-9], 16)) for p in pmf]
    lengths, offsets = [len(cdf) for cdf in cdfs], [0] * len(cdfs)
    values, chosen = symbols[:few].tolist(), indexes[:few].tolist()
    encoder, decoder = ans.RansEncoder(), ans.RansDecoder()
    data = encoder.encode_with_indexes(values, chosen, cdfs, lengths, offsets)
    theirs, back = medians(
        lambda: encoder.encode_with_indexes(values, chosen, cdfs, lengths, offsets),
        lambda: decoder.decode_with_indexes(data, chosen, cdfs, lengths, offsets),
    )
    theirs, back = 1e9 * theirs / few, 1e9 * back / few
    text = f"{encode_ns:.2f} ns against {theirs:.1f}: {theirs / encode_ns:.1f}x"
    row("64 tables: encode, against compressai.ans", text, ">= 4x")
    text = f"{decode_ns:.2f} ns against {back:.1f}: {back / decode_ns:.1f}x"
    row("64 tables: decode, against compressai.ans", text, ">= 4x")
    text = f"{our_bits:.4f} bits against {8 * len(data) / few:.4f}"
    row("64 tables: size, against compressai.ans", text, "<=")


def rebuilding(n: int) -> None:
    """Tables from integers, against coding with them."""
    scales = range(40, 40 + 32 * 8, 8)
    parameters = density_grid("t4", scales, 32, 16, max_size=258)
    tables = TableSet.from_densities(parameters)
    rng = np.random.default_rng(3)
    few = min(n, 1_000_000)
    indexes = rng.integers(0, 1024, few).astype(np.int32)
    symbols = rng.integers(-4, 5, few)
    words = encode(symbols, tables, indexes)
    build, code = medians(
        lambda: TableSet.from_densities(parameters),
        lambda: (encode(symbols, tables, indexes), decode(words, few, tables, indexes)),
    )
    text = f"{build * 1e3:.1f} ms against {code * 1e3:.1f} ms"
    row("1024 tables of 256 from integers, against 1 M symbols", text, "less")


def two_threads(n: int) -> None:
    """Chunks in parallel; the kernels release the GIL."""
    symbols, tables = bell(256, n, 9)
    halves = np.array_split(symbols, 2)
    words = [encode(half, tables) for half in halves]

    def work(k: int) -> None:
        for _ in range(3):
            decode(words[k], len(halves[k]), tables)

    with ThreadPoolExecutor(2) as pool:
        alone, together = medians(
            lambda: (work(0), work(1)),
            lambda: list(pool.map(work, (0, 1))),
            clock=time.perf_counter,
        )
    row("two threads", f"{alone / together:.2f}x", ">= 1.8x on 2 free cores")


def start_up() -> None:
    """Start a fresh process with a warm kernel cache.

    Before its first kernel, even a cached one, numba loads all that it can compile, and scipy's
    linear algebra where that is installed; a kernel of one line shows what that alone takes.
    """
    ours = (
        "import numpy as np; from compress.tables import TableSet; from compress.coders import "
        "encode; encode(np.arange(9), TableSet.from_pmf(np.ones(9)))"
    )
    kernel = "from numba import njit\n\n\n@njit(cache=True)\ndef more(x):\n    return x + 1\n"

    def spent() -> float:
        """CPU seconds of all processes that have ended."""
        times = os.times()
        return times.children_user + times.children_system

    def run(code: str, folder: str | None = None) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, cwd=folder)  # noqa: S603 - ours

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "one_kernel.py").write_text(kernel)
        bare = "from one_kernel import more; more(1)"
        numba, floor, first = medians(
            lambda: run("import numba"),
            lambda: run(bare, folder),
            lambda: run(ours),
            clock=spent,
        )
    row("import + first encode, against import numba", f"{first / numba:.2f}x", "<= 1.5x")
    row("import + a kernel of one line, against import numba", f"{floor / numba:.2f}x", "")


def main() -> None:
    """Print all rows."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
    row(f"{n} symbols", "measured", "bar")
    static_tables(n)
    latency(n)
    indexed_tables(n)
    rebuilding(n)
    two_threads(n)
    start_up()


if __name__ == "__main__":
    main()
