"""Built kernels beside those that numba compiles: ``python -m benchmarks.native``.

Arrays go through the library at four levels, both ways; of each kernel, the call that took longest
is kept with its arguments. Each is then repeated in turns: by the machine code of the package and
by numba's; medians of processor time are compared. Two threads then run the slowest kernels side by
side.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import geometric_mean, median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import compress
from compress.build.emit import load_kernels
from compress.kernels import for_numba, registry

_ROUNDS = 9
# Shorter calls are measured several times over.
_SHORT = 2e-3
BAR, THREADS_BAR = 0.97, 1.8


class _Call(NamedTuple):
    """A call of a kernel: its arguments as they were, and the seconds that it took."""

    arguments: tuple[Any, ...]
    seconds: float


def _copied(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, tuple):
        fields = [_copied(field) for field in argument]
        return type(argument)(*fields) if hasattr(argument, "_fields") else tuple(fields)
    return argument


def _recorded(name: str, function: Callable[..., Any], calls: dict[str, _Call]) -> Any:
    def call(*arguments: Any) -> Any:
        before = _copied(arguments)
        begin = time.perf_counter()
        result = function(*arguments)
        seconds = time.perf_counter() - begin
        if name not in calls or calls[name].seconds < seconds:
            calls[name] = _Call(before, seconds)
        return result

    return call


def _arrays() -> list[NDArray[Any]]:
    generator = np.random.default_rng(1)
    walk = np.cumsum(generator.integers(-9, 10, 200_000))
    image = np.cumsum(generator.normal(0, 9, (400, 500)), 1)
    text = np.frombuffer((__doc__ or "").encode() * 200, np.uint8)
    sea = np.where(image > 60, np.nan, image).astype(np.float32)
    stamps = np.cumsum(generator.choice([60, 60, 60, 61, 3600], 100_000)) + 1_700_000_000
    sessions = generator.integers(0, 9, 100_000) * 10_000_000 + walk[:100_000]
    return [
        walk, walk / 100, image.astype(np.int16), (image.astype(np.int64) & 255).astype(np.uint8),
        text, sea, stamps, sessions, np.cumsum(np.full(50_000, 0.1)), np.repeat(walk[:999], 99),
        generator.integers(1, 60, 50_000) / generator.integers(1, 60, 50_000) * 100,
        generator.normal(0, 1, 100_000).astype(np.float32),
    ]  # fmt: skip


def _record() -> dict[str, _Call]:
    """Let every kernel be called, and keep the longest call of each."""
    calls: dict[str, _Call] = {}
    built = registry.choice().functions
    wrapped = {id(function): _recorded(name, function, calls) for name, function in built.items()}
    for module in [m for name, m in sys.modules.items() if name.startswith("compress.")]:
        for key, value in list(vars(module).items()):
            if id(value) in wrapped and value is not None:
                setattr(module, key, wrapped[id(value)])
    for array in _arrays():
        for level in (1, 3, 5, 8):
            data = compress.compress(array, level=level, threads=1)
            assert compress.decompress(data, threads=1).tobytes() == array.tobytes()
    return calls


def _restore(argument: Any, kept: Any) -> None:
    """Write what arrays held into others of the same shapes."""
    if isinstance(argument, np.ndarray):
        np.copyto(argument, kept)
    elif isinstance(argument, tuple):
        for field, known in zip(argument, kept, strict=True):
            _restore(field, known)


def _in_turns(call: _Call, *functions: Callable[..., Any]) -> list[float]:
    """Median processor seconds of functions on the same arguments, in turns.

    Also in the same memory: how arrays lie to each other changes the time of short loops by half.
    """
    spent: list[list[float]] = [[] for _ in functions]
    repeats = max(1, round(_SHORT / max(call.seconds, 1e-7)))
    each = [_copied(call.arguments) for _ in range(min(repeats, 50))]
    for turn in range(_ROUNDS + 1):
        for function, times in zip(functions, spent, strict=True):
            for arguments in each:
                _restore(arguments, call.arguments)
            begin = time.thread_time()
            for arguments in each:
                function(*arguments)
            if turn > 0:
                times.append((time.thread_time() - begin) / len(each))
    return [median(times) for times in spent]


def _two_threads(call: _Call, function: Callable[..., Any]) -> float:
    """How much faster two threads do two calls than one does."""
    ratios = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(_ROUNDS):
            four = [_copied(call.arguments) for _ in range(4)]
            begin = time.perf_counter()
            function(*four[0])
            function(*four[1])
            alone = time.perf_counter()
            list(pool.map(lambda arguments: function(*arguments), four[2:]))
            ratios.append((alone - begin) / (time.perf_counter() - alone))
    return median(ratios)


def main() -> int:
    """Print a line for each kernel."""
    functions = registry.choice().functions
    if not functions:
        print(f"no machine code: {registry.choice().reason}")
        return 1
    names = load_kernels()
    calls = _record()
    table = Table("kernel", "native, ms", "just in time, ms", "speed", "two threads")
    ratios = []
    for name, call in sorted(calls.items(), key=lambda pair: -pair[1].seconds):
        compiled = for_numba(functions[name])
        native, later = _in_turns(call, functions[name], compiled)
        ratios.append(later / native)
        threads = f"{_two_threads(call, functions[name]):.2f}" if call.seconds > _SHORT else ""
        row = name.removeprefix("compress."), f"{native * 1e3:.3f}", f"{later * 1e3:.3f}"
        table.add_row(*row, f"{ratios[-1]:.2f}x", threads)
    console = Console()
    console.print(table)
    slower = sum(ratio < BAR for ratio in ratios)
    console.print(
        f"geometric mean {geometric_mean(ratios):.2f}x over {len(ratios)} of {len(names)} kernels; "
        f"{slower} below {BAR}x (bar: none); two threads: bar {THREADS_BAR}x on 2 free cores"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
