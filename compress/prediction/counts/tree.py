"""A binary tree over an ordered alphabet, balanced by weight, so that order is kept.

Every inner node is the decision whether the symbol is at least ``middle``. Nodes are numbered in
the order in which a depth-first walk meets them; node 0 is the root. Three levels of nodes form a
group: the cells of a group lie side by side in one slot of a context's hash table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compress.kernels import kernel

__all__ = ["COLUMNS", "DEEPER", "Tree", "build_tree"]

GROUP_LEVELS = 3
DEEPER = 3
"""Decisions a symbol, on the mean, beyond the bits of the alphabet.

Lengths are rounded, at most half a bit off, and in a tree balanced by weights a symbol lies at most
two below the binary logarithm of the weight of all over its own: so many do for symbols that are as
frequent as the lengths say.
"""
COLUMNS = 7
"""Of a node: low, middle, high, group, place, depth, size class."""


class Tree(NamedTuple):
    """An alphabetic tree of K leaves and K - 1 inner nodes.

    Attributes
    ----------
    nodes : int32, (K - 1, 7)
        Columns: low, middle, high (the node covers ``low .. high - 1``), group, place in the
        group (1 to 7), depth, size class (bits of ``high - low - 1``).
    children : int32, (K - 1, 2)
        The node below for each answer; a leaf s is ``-1 - s``.
    ones, totals : int64, (K - 1,)
        Weight at or above the middle, and of the whole node.
    depth : int32, (K,)
        Decisions needed for each symbol.
    """

    nodes: npt.NDArray[np.int32]
    children: npt.NDArray[np.int32]
    ones: npt.NDArray[np.int64]
    totals: npt.NDArray[np.int64]
    depth: npt.NDArray[np.int32]


@kernel("void(const(i8[::1]), i4[:, ::1], i4[:, ::1], i4[::1], i4[:, ::1])")
def _grow(cumulative, nodes, children, depths, stack):  # type: ignore[no-untyped-def]
    size = len(depths)
    if len(cumulative) != size + 1 or len(nodes) != size - 1 or len(children) != size - 1:
        raise ValueError("the tree's arrays do not fit its alphabet")
    top = 1
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, size, -1, 0
    count = 0
    groups = 0
    while top > 0:
        top -= 1
        low, high, parent, side = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
        node = count
        count += 1
        depth = 0
        if parent >= 0:
            children[parent, side] = node
            depth = nodes[parent, 5] + 1
        if depth % GROUP_LEVELS == 0:
            nodes[node, 3] = groups
            nodes[node, 4] = 1
            groups += 1
        else:
            nodes[node, 3] = nodes[parent, 3]
            nodes[node, 4] = 2 * nodes[parent, 4] + side
        # the first cut with at least half the weight below it, or the one before if nearer
        double = cumulative[low] + cumulative[high]
        first, last = low + 1, high - 1
        while first < last:
            cut = (first + last) // 2
            if 2 * cumulative[cut] >= double:
                last = cut
            else:
                first = cut + 1
        if first - 1 > low and double - 2 * cumulative[first - 1] < 2 * cumulative[first] - double:
            first -= 1
        nodes[node, 0], nodes[node, 1], nodes[node, 2] = low, first, high
        nodes[node, 5] = depth
        bits = 0
        while (1 << bits) < high - low:
            bits += 1
        nodes[node, 6] = bits
        if first - low == 1:
            children[node, 0] = -1 - low
            depths[low] = depth + 1
        if high - first == 1:
            children[node, 1] = -1 - first
            depths[first] = depth + 1
        if high - first > 1:
            stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3] = first, high, node, 1
            top += 1
        if first - low > 1:
            stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3] = low, first, node, 0
            top += 1


def build_tree(weights: npt.NDArray[np.int64]) -> Tree:
    """Build the weight-balanced alphabetic tree.

    Parameters
    ----------
    weights : int64, (K,)
        Each at least 1, their sum below 2**40; K >= 2.
    """
    size = len(weights)
    cumulative = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(weights, out=cumulative[1:])
    nodes = np.zeros((size - 1, COLUMNS), dtype=np.int32)
    children = np.zeros((size - 1, 2), dtype=np.int32)
    depths = np.zeros(size, dtype=np.int32)
    _grow(cumulative, nodes, children, depths, np.zeros((size + 1, 4), dtype=np.int32))
    low, middle, high = nodes[:, 0], nodes[:, 1], nodes[:, 2]
    return Tree(
        nodes,
        children,
        cumulative[high] - cumulative[middle],
        cumulative[high] - cumulative[low],
        depths,
    )
