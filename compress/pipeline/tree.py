"""The plan: everything that the encoder's search decided, as an immutable tree of integers.

Inner nodes are transform steps, leaves are plane models; each has a code and parameters. The
tree is written in preorder. Nothing else travels between the search and the execution.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from compress.container import VERSION, IntegerReader, write_signed, write_unsigned
from compress.errors import CorruptError, FormatError

__all__ = ["Branch", "Leaf", "Node", "leaves", "read_node", "unknown_code", "write_node"]

_MOST_NODES = 512
_MOST_DEPTH = 24


class Leaf(NamedTuple):
    """A plane coded by a plane model.

    Attributes
    ----------
    model : int
        Code of the plane model.
    parameters : tuple of int
        What the model learned, as integers.
    """

    model: int
    parameters: tuple[int, ...] = ()


class Branch(NamedTuple):
    """An array that a transform step turns into planes.

    Attributes
    ----------
    step : int
        Code of the step.
    parameters : tuple of int
        The step's parameters.
    children : tuple of Node
        The planes that the step makes, the main one first.
    """

    step: int
    parameters: tuple[int, ...]
    children: tuple[Node, ...]


Node = Leaf | Branch


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the leaves of a plan in the order in which their planes are coded."""
    if isinstance(node, Leaf):
        yield node
    else:
        for child in node.children:
            yield from leaves(child)


def write_node(node: Node) -> bytes:
    """Write a plan; `read_node` reads it.

    A node is twice its code (plus one for a branch), the number of parameters, the parameters,
    and for a branch the number of children and the children.
    """
    if isinstance(node, Leaf):
        return write_unsigned((2 * node.model, len(node.parameters))) + write_signed(
            node.parameters
        )
    head = write_unsigned((2 * node.step + 1, len(node.parameters)))
    count = write_unsigned((len(node.children),))
    children = b"".join(write_node(child) for child in node.children)
    return head + write_signed(node.parameters) + count + children


def read_node(reader: IntegerReader) -> Node:
    """Read a plan that `write_node` wrote.

    Raises
    ------
    CorruptError
        If the bytes are no plan, or one that is too large or too deep.
    """
    return _read(reader, depth=0, budget=[_MOST_NODES])


def _read(reader: IntegerReader, depth: int, budget: list[int]) -> Node:
    budget[0] -= 1
    if depth > _MOST_DEPTH or budget[0] < 0:
        raise CorruptError("the plan is deeper or larger than any plan that is written")
    kind = reader.unsigned(1 << 16)
    # Each parameter takes a byte at least, so a count cannot exceed what is left.
    count = reader.unsigned(reader.remaining + 1)
    parameters = reader.signed_tuple(count)
    if kind % 2 == 0:
        return Leaf(kind // 2, parameters)
    n_children = reader.unsigned(budget[0] + 1)
    children = tuple(_read(reader, depth + 1, budget) for _ in range(n_children))
    return Branch(kind // 2, parameters, children)


def unknown_code(what: str, code: int) -> FormatError:
    """Return the error for a code that no step or plane model of this version has.

    The checksums of what names it matched, and so did the version: a library that gave the code
    after this one was made is likelier than damage.

    Parameters
    ----------
    what : str
        Whose code it is.
    code : int
    """
    return FormatError(
        f"the plan names the {what} {code}, which does not exist here: the data are of format "
        f"version {VERSION}, as this library is, so a newer library of that version wrote them"
    )
