"""Small messages with a model learned on others: bytes, and microseconds either way.

``python -m benchmarks.messages [messages]``: each set of messages has as many more to learn from.
A batch of them is compared with one array of all messages at the same level, which says what a
model might reach; with zstd and a dictionary of 16 KiB trained on the same others; and with the
messages alone. Behind each bar stands PASS, or by how much it is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import compress
from benchmarks import arrays
from benchmarks.errors import MissingArrayError

__all__ = ["messages_of", "report"]

Array = NDArray[Any]
_SAMPLES = 64
_TILE = 16
_DICTIONARY = 1 << 14
_LEVEL = 5
_ROUNDS = 5
# Bars: more bytes than one array, fewer than zstd, microseconds a message, bytes that a message
# takes beside its own bits; and what the larger messages at level 8 may take more than one array.
_MORE, _FEWER, _MICROSECONDS, _FIXED = 0.03, 0.25, 50.0, 4.0
_LARGE_LEVEL, _LARGE_MORE = 8, 0.08


def _rows(name: str, samples: int = _SAMPLES) -> Array:
    # Channels stand in columns: a message is of one.
    flat = np.ascontiguousarray(arrays.load(name).T).reshape(-1)
    return flat[: flat.size // samples * samples].reshape(-1, samples)


def _tiles(names: Sequence[str], side: int = _TILE) -> Array:
    """Cut photographs of grey values into tiles, each of which is a message."""
    found = []
    for name in names:
        image = np.ascontiguousarray(arrays.load(name))
        image = image[..., 0] if image.ndim == 3 else image
        high, wide = (length // side for length in image.shape)
        blocks = image[: high * side, : wide * side].reshape(high, side, wide, side)
        found.append(blocks.swapaxes(1, 2).reshape(-1, side, side))
    return np.concatenate(found)


SETS: dict[str, Callable[[], Array]] = {
    "a channel of ecg": lambda: _rows("ecg"),
    "rows of flights, sched_dep_time": lambda: _rows("sched_dep_time"),
    "rows of flights, air_time": lambda: _rows("air_time"),
    "tiles of photographs": lambda: _tiles(["camera", "astronaut", "chelsea", "coffee"]),
}
# Few and larger ones: how many, and all that there are.
LARGE: dict[str, tuple[int, Callable[[], Array]]] = {
    "100 rows of ecg": (20, lambda: arrays.load("ecg").reshape(100, 100, -1)),
    "tiles of camera": (40, lambda: _tiles(["camera"], 24)),
}


def messages_of(kind: str, count: int) -> tuple[list[Array], list[Array]]:
    """Choose messages, and others to learn from, from all over what there is.

    Raises
    ------
    MissingArrayError
        If the arrays are not here.
    """
    every = SETS[kind]()
    order = np.random.default_rng(0).permutation(len(every))[: 2 * count]
    order = order[: len(order) // 2 * 2]
    return [every[i] for i in order[::2]], [every[i] for i in order[1::2]]


def _seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        begin = thread_time()
        work()
        times.append(thread_time() - begin)
    return median(times)


def _bar(what: str, value: float, bar: float, unit: str) -> str:
    verdict = "PASS" if value <= bar else f"short by {value - bar:.1f}{unit}"
    return f"  {what}: {value:.1f}{unit} (at most {bar:.1f}{unit}) {verdict}"


def _batch(messages: list[Array], others: list[Array], level: int) -> tuple[bytes, Any]:
    model = compress.fit(others, level=level)
    stacked = np.stack(messages)
    data = model.compress_many(stacked)
    if model.decompress_many(data).tobytes() != stacked.tobytes():
        raise AssertionError("the messages did not come back")
    for i in (0, len(messages) // 2, len(messages) - 1):
        if model.decompress_many(data, i).tobytes() != stacked[i].tobytes():
            raise AssertionError("a message did not come back alone")
    return data, model


def _small(messages: list[Array], others: list[Array]) -> Iterator[str]:
    n, stacked = len(messages), np.stack(messages)
    data, model = _batch(messages, others, _LEVEL)
    one = len(compress.compress(stacked, level=_LEVEL, threads=1))
    alone = sum(len(compress.compress(m, level=1, threads=1)) for m in messages) / n
    each, whole = len(data) / n, one / n
    zstd = _zstd(messages, others)
    there = 1e6 * _seconds(lambda: model.compress_many(stacked)) / n
    back = 1e6 * _seconds(lambda: model.decompress_many(data)) / n
    head = len(data) / n - _coded_bytes(data, model) / n
    yield (
        f"  {each:.2f} bytes a message; one array {whole:.2f}, zstd {zstd:.2f}, alone {alone:.2f}; "
        f"the model takes {len(model.to_bytes())} bytes"
    )
    yield _bar("more than one array at the level", 100 * (each / whole - 1), 100 * _MORE, " %")
    yield _bar("of zstd with a dictionary", 100 * each / zstd, 100 * (1 - _FEWER), " %")
    yield _bar("to code a message", there, _MICROSECONDS, " us")
    yield _bar("to decode a message", back, _MICROSECONDS, " us")
    yield _bar("head, lengths and checksums of a message", head, _FIXED, " bytes")


def _coded_bytes(data: bytes, model: Any) -> int:
    from compress.pipeline.batch import read_batch  # noqa: PLC0415 - not public

    return int(read_batch(memoryview(data), model, None).offsets[-1])


def _zstd(messages: list[Array], others: list[Array]) -> float:
    import zstandard  # noqa: PLC0415 - an optional package

    trained = zstandard.train_dictionary(_DICTIONARY, [other.tobytes() for other in others])
    coder = zstandard.ZstdCompressor(level=19, dict_data=trained, write_content_size=False)
    return sum(len(coder.compress(message.tobytes())) for message in messages) / len(messages)


def _large(kind: str) -> Iterator[str]:
    count, load = LARGE[kind]
    every = load()
    chosen = np.arange(0, len(every), len(every) // count)[:count]
    messages, others = list(every[chosen]), list(np.delete(every, chosen, axis=0))
    data, _ = _batch(messages, others, _LARGE_LEVEL)
    one = len(compress.compress(np.stack(messages), level=_LARGE_LEVEL, threads=1))
    if kind == "100 rows of ecg":
        # Behind one another they are a signal again, which is what one piece is here.
        joined = np.concatenate(messages)
        one = min(one, len(compress.compress(joined, level=_LARGE_LEVEL, threads=1)))
    yield f"{kind}: {count} messages of {messages[0].shape}, level {_LARGE_LEVEL}"
    yield f"  {len(data)} bytes; one piece {one}"
    yield _bar("more than one piece", 100 * (len(data) / one - 1), 100 * _LARGE_MORE, " %")


def report(count: int) -> Iterator[str]:
    """Measure every set that is here, a line at a time."""
    for kind in (*SETS, *LARGE):
        try:
            if kind in LARGE:
                yield from _large(kind)
                continue
            messages, others = messages_of(kind, count)
        except (MissingArrayError, ValueError) as error:
            yield f"{kind}: not here ({error})"
            continue
        shape, dtype = messages[0].shape, messages[0].dtype
        raw = messages[0].nbytes
        yield f"{kind}: {len(messages)} messages of {shape} {dtype}, {raw} bytes each"
        yield from _small(messages, others)


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(line, flush=True)
