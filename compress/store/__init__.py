"""Arrays in files: written a block of rows at a time, read a part at a time.

The question of the package: how does an array that is larger than memory live in a file?
"""

from compress.store.lazy import CompressedArray, open, open_whole  # noqa: A004 (numpy's word)
from compress.store.recover import recover
from compress.store.writer import Writer

__all__ = ["CompressedArray", "Writer", "open", "open_whole", "recover"]
