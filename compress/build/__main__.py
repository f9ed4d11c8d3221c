"""Build the kernels in place: ``python -m compress.build [-q] [--force]``."""

from __future__ import annotations

import sys

from compress.build.make import make

if __name__ == "__main__":
    built = make(verbose="-q" not in sys.argv[1:], force="--force" in sys.argv[1:])
    sys.exit(0 if built else 1)
