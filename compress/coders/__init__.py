"""Symbols and tables to words, and back.

The words are those of constriction's ANS coder in its default configuration (24-bit precision,
32-bit words, 64-bit state), lane by lane.
"""

from __future__ import annotations

from compress.coders.bits import pack_bits, unpack_bits
from compress.coders.recorded import encode_decisions, encode_intervals
from compress.coders.streams import (
    Decoder,
    Encoder,
    Stack,
    Tables,
    decode,
    default_lanes,
    encode,
    open_lanes,
)

__all__ = [
    "Decoder",
    "Encoder",
    "Stack",
    "Tables",
    "decode",
    "default_lanes",
    "encode",
    "encode_decisions",
    "encode_intervals",
    "open_lanes",
    "pack_bits",
    "unpack_bits",
]
