"""Generated arrays of known structure, by which the search for a plan is judged.

>>> from benchmarks.structures import STRUCTURES
>>> STRUCTURES["sessions"].make(1000, seed=1).dtype
dtype('int64')
"""

from __future__ import annotations

from benchmarks.structures.plain import PLAIN
from benchmarks.structures.relatives import RELATIVES
from benchmarks.structures.sources import SOURCES
from benchmarks.structures.structure import SAMPLES, Structure

__all__ = ["GROUPS", "SAMPLES", "STRUCTURES", "Structure"]

STRUCTURES: dict[str, Structure] = {**PLAIN, **RELATIVES, **SOURCES}
GROUPS = tuple(dict.fromkeys(structure.group for structure in STRUCTURES.values()))
