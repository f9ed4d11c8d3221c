"""A second decoder, slow and plain, written from `docs/format.md` and the pages under it alone.

It imports nothing of the library. What it decodes as the library does, the pages describe.
"""
