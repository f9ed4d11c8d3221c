"""Tables of one family: a base density, a scale for each half octave of the expected residual.

What is written of a table is its scale, for the shape of residuals under a known scale is nearly
the same for all scales. A table that the family does not fit is written by itself.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compress.prediction.wavefront.kernel import COUNTED, SCALE_FRACTION
from compress.tables import DensityTable, TableParameters, TableSet, fit_counts

__all__ = ["FAMILIES", "STEPS", "Family", "choose_tables", "plain_bits", "shifted", "table_set"]

FAMILIES = ("normal", "t10", "t6", "t4", "t2", "laplace")
"""Bases that a family may have, by their code in the stream."""
STEPS = (-40, 22)
"""Lowest and highest scale, in quarter octaves of a token."""

Float = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Steps of `DensityTable.scale` to a quarter octave.
_QUARTER = 16
# A table reaches so many scales to either side, and at least so many tokens.
_REACH, _LEAST = 32, 6
# Where a location lies beside the token, in eighths: near it, far from it, anywhere.
_NEAR, _FAR, _ANYWHERE = 1, 3, 0
# The logarithm of the tokens that a scale spans at least where plain bits are split off.
_TOKEN_BITS = 3
# Bits of a listed outlier, beside those of the escape, about.
_LISTED_BITS = 16.0
# What a histogram takes for each symbol and for its head, in bits: more than it mostly does.
_SYMBOL_BITS, _HEAD_BITS = 6.0, 64.0


class Family(NamedTuple):
    """What is written of tables; two a half octave if they are phased, else one.

    Attributes
    ----------
    base : int
        Place in `FAMILIES`.
    phased : int
        Whether tables know where a location lies between integers.
    steps : tuple of int
        The scale of each half octave, see `STEPS`.
    own : dict of int to TableParameters
        Tables that are no members of the family.
    """

    base: int
    phased: int
    steps: tuple[int, ...]
    own: dict[int, TableParameters]


def plain_bits(kind: int, down: int) -> int:
    """Plain bits below the tokens of a half octave whose scales were shifted right."""
    return min(max(kind // 2 - SCALE_FRACTION + down - _TOKEN_BITS, 0), 62)


def shifted(counts: Integers, shift: int) -> Integers:
    """Count tokens anew with more plain bits below them, or fewer."""
    tokens = np.arange(-COUNTED, COUNTED + 1)
    moved = tokens >> shift if shift >= 0 else tokens << -shift
    found = np.zeros_like(counts)
    inside = np.abs(moved) <= COUNTED
    np.add.at(found, moved[inside] + COUNTED, counts[:-1][inside])
    found[-1] = counts[-1] + counts[:-1][~inside].sum()
    return found


def _member(base: int, step: int, eighths: int, shift: int) -> DensityTable:
    """Table of a base and a scale, for residuals that lie around some eighths of a sample."""
    octave = step // 4
    half = min(max(_REACH << octave if octave >= 0 else _REACH >> -octave, _LEAST), COUNTED)
    # A token stands for 2**shift residuals, the lowest of which is its own place; in 1/64 tokens.
    place = ((8 * (eighths + 4)) >> shift) - 32
    location = place >> octave if octave >= 0 else place << -octave
    return DensityTable(-half, 2 * half + 1, -1, FAMILIES[base], location, _QUARTER * step)


def table_set(family: Family, shifts: list[int]) -> TableSet:
    """Build the tables of half octaves with so many plain bits."""
    eighths = (_NEAR, _FAR) if family.phased else (_ANYWHERE,)
    members = [
        _member(family.base, step, place, shift)
        for step, shift in zip(family.steps, shifts, strict=True)
        for place in eighths
    ]
    if not family.own:
        return TableSet.from_densities(members)
    # The members are built at once, and some of them replaced: one by one takes ten times as long.
    built = TableSet.from_densities(members)
    bounds = built.start.tolist()
    pieces = [built.cumulative[a:b] for a, b in pairwise(bounds)]
    low, escape = built.low.copy(), built.escape.copy()
    for t, parameters in family.own.items():
        own = parameters.build()
        pieces[t], low[t], escape[t] = own.cumulative, own.low[0], own.escape[0]
    start = np.cumsum([0, *map(len, pieces)])
    return TableSet(np.concatenate(pieces), start, low, escape)


@lru_cache(maxsize=8)
def _code_lengths(eighths: int, shift: int) -> npt.NDArray[np.float32]:
    """Bits of each token, and of an outlier, for all bases and scales: (tokens + 1, B * steps)."""
    low, high = STEPS
    columns = []
    for base in range(len(FAMILIES)):
        members = [_member(base, step, eighths, shift) for step in range(low, high + 1)]
        tables = TableSet.from_densities(members)
        bits = 24.0 - np.log2(np.diff(tables.cumulative.astype(np.float64)).clip(1.0))
        for t, member in enumerate(members):
            half = -member.low
            begin = tables.start[t]
            outside = bits[begin + member.size] + _LISTED_BITS
            column = np.full(2 * COUNTED + 2, outside, np.float32)
            column[COUNTED - half : COUNTED + half + 1] = bits[begin : begin + member.size]
            columns.append(column)
    return np.stack(columns, 1)


def _costs(counts: npt.NDArray[np.float32], eighths: int, shifts: list[int]) -> Float:
    """Bits of the tokens of each half octave by base and scale."""
    low, high = STEPS
    # Columns of tokens that occur, and that of outliers.
    reach = int(np.abs(np.flatnonzero(counts[:, :-1].any(0)) - COUNTED).max(initial=0))
    used = [*range(COUNTED - reach, COUNTED + reach + 1), 2 * COUNTED + 1]
    counts = counts[:, used]
    split = np.array(shifts) > 0
    found = counts @ _code_lengths(eighths, 0)[used]
    if split.any():
        # What remains of a location below the token is hardly seen.
        found[split] = counts[split] @ _code_lengths(_ANYWHERE, _TOKEN_BITS)[used]
    return found.reshape(len(counts), len(FAMILIES), high - low + 1).astype(np.float64)


def choose_tables(counts: Integers, shifts: list[int], worth: float) -> tuple[Family, float]:
    """Choose a family and the scales of its tables; and tables of their own where that pays.

    Parameters
    ----------
    counts : int64 array (2 K, tokens + 1)
        How often each token occurs in each half octave, near integers and far from them.
    shifts : list of int
        Plain bits of each half octave.
    worth : float
        Share of all bits that a table of its own must save.

    Returns
    -------
    family : Family
    bits : float
        Of tokens and plain bits.
    """
    near, far = counts[0::2].astype(np.float32), counts[1::2].astype(np.float32)
    apart = _costs(near, _NEAR, shifts), _costs(far, _FAR, shifts)
    both = _costs(near + far, _ANYWHERE, shifts)
    options = []
    for phased, costs in ((1, apart[0] + apart[1]), (0, both)):
        best = costs.min(2).sum(0)
        base = int(np.argmin(best))
        options.append((float(best[base]), phased, base, costs[:, base].argmin(1)))
    bits, phased, base, steps = min(options, key=lambda option: option[0])
    at = np.arange(len(steps))
    if phased:
        each = np.stack([costs[at, base, steps] for costs in apart], 1).ravel()
        merged = counts
    else:
        each = both[at, base, steps]
        merged = counts[0::2] + counts[1::2]
    own, saved = _own_tables(merged, each, worth * bits)
    numbers = counts.sum(1).reshape(-1, 2).sum(1)
    plain = float(np.dot(numbers, shifts))
    family = Family(base, phased, tuple(int(step) + STEPS[0] for step in steps), own)
    return family, bits - saved + plain


def _own_tables(
    counts: Integers, bits: Float, worth: float
) -> tuple[dict[int, TableParameters], float]:
    """Fit tables to what the family does not fit; and how many bits they save, about."""
    totals = counts.sum(1)
    logs = np.where(counts > 0, np.log2(np.maximum(counts, 1)), 0.0)
    floors = totals * np.log2(np.maximum(totals, 1)) - (counts * logs).sum(1)
    listed = _SYMBOL_BITS * (counts > 0).sum(1) + _HEAD_BITS
    gains = bits - floors - listed
    own: dict[int, TableParameters] = {}
    for t in np.flatnonzero(gains > worth):
        tokens = counts[t, :-1]
        used = np.flatnonzero(tokens)
        if used.size == 0:
            continue
        first, last = int(used[0]), int(used[-1])
        outside = int(counts[t, -1]) + 1
        own[int(t)] = fit_counts(first - COUNTED, tokens[first : last + 1], outside, fourier=False)
    return own, float(gains[list(own)].sum())
