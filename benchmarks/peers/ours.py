"""The library of this repository, as one family among the others."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from benchmarks.peers.peer import Array, Job, Peer

FAMILY = "compress"
LEVELS = (1, 2, 3, 4, 5, 6, 7, 8, 9)
USUAL = (1, 2, 3, 5, 8)
QUICK = (1, 5)


def _library(level: int) -> Callable[[Array, float | None], Job]:
    def prepare(array: Array, bound: float | None) -> Job:
        compress = importlib.import_module("compress")
        settings = {"level": level, "threads": 1} | ({} if bound is None else {"max_error": bound})
        return Job(
            array,
            lambda source: bytes(compress.compress(source, **settings)),
            lambda data: compress.decompress(data, threads=1),
            lambda back: back,
            _carry_out(level) if bound is None else None,
        )

    return prepare


def _carry_out(level: int) -> Callable[[Array], object]:
    """Give what carries out the plans of an array, which are searched the first time."""
    # Only here, because it prints tables of these peers too.
    planning = importlib.import_module("benchmarks.planning")
    known: list[Any] = []

    def carry_out(source: Array) -> object:
        if not known:
            known.extend(planning.plans_of(source, level))
        return planning.carry_out(known, level)

    return carry_out


def peers() -> tuple[Peer, ...]:
    """Return our rows: one per level, lossless and bounded; none while the facade is missing."""
    if not hasattr(importlib.import_module("compress"), "compress"):
        return ()
    return tuple(
        Peer(
            f"compress {level}" + (" bounded" if bounded else ""),
            FAMILY,
            ("compress",),
            _library(level),
            bounded=bounded,
            usual=level in USUAL,
            quick=level in QUICK,
        )
        for bounded in (False, True)
        for level in LEVELS
    )
