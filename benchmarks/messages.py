"""Small messages with a model learned on others: bytes, and microseconds either way.

``python -m benchmarks.messages [messages]``: each set of messages has as many more to learn from.
Compared are one array of all messages, which says what a model might reach, the messages alone, and
zstd with a dictionary of 16 KiB trained on the same others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from time import perf_counter
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
# Levels of the model and of the messages.
_LEVELS = (1, 5)
_ROUNDS = 3


def _rows(name: str, samples: int = _SAMPLES) -> Array:
    # Channels stand in columns: a message is of one.
    flat = np.ascontiguousarray(arrays.load(name).T).reshape(-1)
    return flat[: flat.size // samples * samples].reshape(-1, samples)


def _tiles(names: Sequence[str]) -> Array:
    """Cut photographs of grey values into tiles, each of which is a message."""
    found = []
    for name in names:
        image = np.ascontiguousarray(arrays.load(name))
        image = image[..., 0] if image.ndim == 3 else image
        high, wide = (side // _TILE for side in image.shape)
        blocks = image[: high * _TILE, : wide * _TILE].reshape(high, _TILE, wide, _TILE)
        found.append(blocks.swapaxes(1, 2).reshape(-1, _TILE, _TILE))
    return np.concatenate(found)


SETS: dict[str, Callable[[], Array]] = {
    "a channel of ecg": lambda: _rows("ecg"),
    "rows of flights, sched_dep_time": lambda: _rows("sched_dep_time"),
    "rows of flights, air_time": lambda: _rows("air_time"),
    "tiles of photographs": lambda: _tiles(["camera", "astronaut", "chelsea", "coffee"]),
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
        begin = perf_counter()
        work()
        times.append(perf_counter() - begin)
    return median(times)


def _ours(messages: list[Array], others: list[Array], level: int) -> Iterator[str]:
    model = compress.fit(others, level=level)
    joined = np.stack(messages)
    one = len(compress.compress(joined, level=level, threads=1))

    def encode(model: compress.Model | None) -> list[bytes]:
        return [compress.compress(m, level=1, model=model, threads=1) for m in messages]

    coded = encode(model)
    for message, data in zip(messages, coded, strict=True):
        back = compress.decompress(data, model=model, threads=1)
        if back.tobytes() != np.ascontiguousarray(message).tobytes():
            raise AssertionError("a message did not come back")
    n = len(messages)
    there = _seconds(lambda: encode(model)) / n
    back = _seconds(lambda: [compress.decompress(c, model=model, threads=1) for c in coded]) / n
    with_model = sum(map(len, coded)) / n
    alone = sum(map(len, encode(None))) / n
    used = sum(compress.inspect(data).fingerprint is not None for data in coded)
    yield (
        f"  model of level {level}: {with_model:.1f} bytes a message ({used} of {n} by the model), "
        f"{1e6 * there:.0f} / {1e6 * back:.0f} us to code / decode; alone {alone:.1f}; "
        f"one array at level {level} {one / n:.1f}"
    )


def _zstd(messages: list[Array], others: list[Array]) -> str:
    import zstandard  # noqa: PLC0415 - an optional package

    trained = zstandard.train_dictionary(_DICTIONARY, [other.tobytes() for other in others])
    coder = zstandard.ZstdCompressor(level=19, dict_data=trained, write_content_size=False)
    raw = [message.tobytes() for message in messages]
    coded = [coder.compress(one) for one in raw]
    decoder = zstandard.ZstdDecompressor(dict_data=trained)
    size = len(raw[0])
    there = _seconds(lambda: [coder.compress(one) for one in raw]) / len(raw)
    back = _seconds(lambda: [decoder.decompress(one, max_output_size=size) for one in coded]) / len(
        raw
    )
    return (
        f"  zstd 19 with a dictionary: {sum(map(len, coded)) / len(raw):.1f} bytes a message, "
        f"{1e6 * there:.0f} / {1e6 * back:.0f} us"
    )


def report(count: int) -> Iterator[str]:
    """Measure every set that is here, a line at a time."""
    for kind in SETS:
        try:
            messages, others = messages_of(kind, count)
        except (MissingArrayError, ValueError) as error:
            yield f"{kind}: not here ({error})"
            continue
        shape, dtype = messages[0].shape, messages[0].dtype
        raw = messages[0].nbytes
        yield f"{kind}: {len(messages)} messages of {shape} {dtype}, {raw} bytes each"
        for level in _LEVELS:
            yield from _ours(messages, others, level)
        yield _zstd(messages, others)


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        print(line, flush=True)
