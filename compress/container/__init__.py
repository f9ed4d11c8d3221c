"""Where are the bytes, are they whole, may they be trusted: the container.

It knows bytes only: an opaque header, opaque chunks, and the checks around them.
"""

from compress.container.frame import VERSION, Frame, pack, unpack
from compress.container.integers import IntegerReader, write_signed, write_unsigned
from compress.container.log import Entry, LogReader, LogWriter, Readable, Writable, is_log

__all__ = [
    "VERSION",
    "Entry",
    "Frame",
    "IntegerReader",
    "LogReader",
    "LogWriter",
    "Readable",
    "Writable",
    "is_log",
    "pack",
    "unpack",
    "write_signed",
    "write_unsigned",
]
