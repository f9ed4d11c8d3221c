"""Rows to bytes, and back, by a density of vectors.

`encode` codes rows with the conditionals of an `AutoregressiveDensity`, `decode` gives them back:
columns on a lattice exactly, continuous ones to a stated resolution.
"""

from compress.vectors.coding import decode, encode

__all__ = ["decode", "encode"]
