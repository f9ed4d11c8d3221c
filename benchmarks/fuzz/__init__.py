"""Mutated streams: the right array or an error of ours, in bounded time and memory.

``python -m benchmarks.fuzz --count 100000 --seed 1``. Half of the streams, files and models have
mended checksums, so that headers, plans, tables and words are reached; those may give other arrays,
but nothing else. ``python -m benchmarks.fuzz_guided`` lets the coverage of the code guide them.
"""

from benchmarks.fuzz.known import Stream, arrays, files, modelled, streams
from benchmarks.fuzz.memory import PeakMemory
from benchmarks.fuzz.mutations import mended, mutated
from benchmarks.fuzz.run import Outcomes, fuzz, outcome

__all__ = [
    "Outcomes",
    "PeakMemory",
    "Stream",
    "arrays",
    "files",
    "fuzz",
    "mended",
    "modelled",
    "mutated",
    "outcome",
    "streams",
]
