"""Plans: written and read as integers, hostile bytes refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import compress
from compress.container import VERSION, IntegerReader
from compress.errors import CompressError, CorruptError, FormatError
from compress.pipeline.tree import Branch, Leaf, Node, leaves, read_node, write_node
from compress.prediction import raw
from tests.streams import native, stream

parameters = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=6).map(tuple)
codes = st.integers(0, 1000)
nodes: st.SearchStrategy[Node] = st.recursive(
    st.builds(Leaf, codes, parameters),
    lambda below: st.builds(Branch, codes, parameters, st.lists(below, max_size=4).map(tuple)),
    max_leaves=20,
)


@given(nodes)
def test_round_trip(node: Node) -> None:
    """A plan comes back equal, with nothing left over."""
    reader = IntegerReader(write_node(node))
    assert read_node(reader) == node
    reader.finish()


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    """Random bytes are a plan or `CorruptError`, never anything else."""
    try:
        read_node(IntegerReader(data))
    except CompressError:
        return


def test_depth_and_size_are_bounded() -> None:
    """A plan nested or widened beyond reason is refused before it exhausts anything."""
    wide = Branch(0, (), (Leaf(0),) * 1000)
    with pytest.raises(CorruptError):
        read_node(IntegerReader(write_node(wide)))
    with pytest.raises(CorruptError, match="deeper"):
        read_node(IntegerReader(b"\x01\x00\x01" * 500 + b"\x00\x00"))


def test_leaves_in_order() -> None:
    """Leaves are listed as their planes are coded."""
    node = Branch(1, (), (Branch(2, (), (Leaf(3), Leaf(4))), Leaf(5)))
    assert [leaf.model for leaf in leaves(node)] == [3, 4, 5]


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        (Branch(200, (), (Leaf(raw.CODE, (8, 0)),)), "transform 200"),
        (native(Branch(26, (), (Leaf(raw.CODE, (8, 0)),))), "transform 26"),
        (native(Leaf(77)), "plane model 77"),
    ],
)
def test_unknown_codes_are_of_a_newer_library(plan: Node, named: str) -> None:
    """A step or a plane model that does not exist is named, with the versions on both sides."""
    data = stream(np.uint8, (5,), [plan], [bytes(5)])
    with pytest.raises(FormatError, match=rf"{named}, .*version {VERSION}, as this library is"):
        compress.decompress(data)
