"""The tree of the plane model `counts`, and the lengths of symbols that it is made of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from tests.reference_decoder.coding import Lane, floor_to
from tests.reference_decoder.reader import RefusedError

__all__ = ["Node", "read_lengths", "tree_of"]


class Node:
    """A decision: whether the symbol is `middle` or more."""

    def __init__(self, number: int, begin: int, middle: int, end: int) -> None:
        self.number, self.begin, self.middle, self.end = number, begin, middle, end
        self.size_class = (end - begin - 1).bit_length()
        self.depth = self.group = 0
        self.place = 1
        self.below: Node | None = None
        self.above: Node | None = None


def read_lengths(lane: Lane, size: int) -> list[int]:
    """Decode the length of each symbol; 0 for those that do not occur."""
    cells, seen = [2048] * 170, [0] * 170

    def decide(c: int) -> bool:
        bit = lane.decision(cells[c] << 12)
        seen[c] += 1
        cells[c] += (4096 * bit - cells[c]) // min(seen[c] + 1, 32)
        cells[c] = floor_to(32, cells[c], 4064)
        return bit

    before, change, absent, out = 1, 0, 0, []
    for _ in range(size):
        if decide(absent):
            out.append(0)
            absent = 1
            continue
        absent = step = 0
        while decide(2 + 56 * min(change, 2) + step):
            step += 1
            if step == 55:
                raise RefusedError("counts: an impossible length of a symbol")
        length = before + (-(step + 1) // 2 if step % 2 else step // 2)
        if not 1 <= length <= 27:
            raise RefusedError("counts: an impossible length of a symbol")
        out.append(length)
        change, before = step, length
    return out


def tree_of(weights: Sequence[int]) -> tuple[list[Node], list[int]]:
    """All nodes in preorder, and the sums of weights below each symbol."""
    cum = [0, *accumulate(weights)]
    nodes: list[Node] = []
    groups = 0

    def build(begin: int, end: int, parent: Node | None, yes: bool) -> Node | None:
        nonlocal groups
        if end - begin < 2:
            return None
        both = cum[begin] + cum[end]
        middle = begin + 1 + bisect_left(range(begin + 1, end - 1), both, key=lambda m: 2 * cum[m])
        if middle - 1 > begin and both - 2 * cum[middle - 1] < 2 * cum[middle] - both:
            middle -= 1
        node = Node(len(nodes), begin, middle, end)
        nodes.append(node)
        if parent is not None:
            node.depth = parent.depth + 1
        if parent is None or node.depth % 3 == 0:
            node.group = groups
            groups += 1
        else:
            node.group, node.place = parent.group, 2 * parent.place + yes
        node.below = build(begin, middle, node, False)
        node.above = build(middle, end, node, True)
        return node

    build(0, len(weights), None, False)
    return nodes, cum
