"""Where are the bytes, are they whole, may they be trusted: the container.

It knows bytes only: an opaque header, opaque chunks, and the checks around them.
"""

from compress.container.frame import Frame, pack, unpack
from compress.container.integers import IntegerReader, write_signed, write_unsigned

__all__ = ["Frame", "IntegerReader", "pack", "unpack", "write_signed", "write_unsigned"]
