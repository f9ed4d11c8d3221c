"""Run from the command line; the status is 1 where there are faults."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import benchmarks.fuzz
from benchmarks.fuzz.known import files, modelled, streams
from benchmarks.fuzz.run import fuzz


def main(arguments: Sequence[str] | None = None) -> int:
    """Mutate streams, files and models, and print what came of them."""
    parser = argparse.ArgumentParser(description=benchmarks.fuzz.__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many mutations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--levels", type=int, nargs="+", default=list(range(1, 10)))
    parser.add_argument("--max-bytes", type=int, default=1 << 17)
    chosen = parser.parse_args(arguments)
    levels = chosen.levels
    known = [*streams(levels), *files(levels[::3]), *modelled(levels[::2])]
    print(f"seed {chosen.seed}, {len(known)} streams to start from, max_bytes {chosen.max_bytes}")
    outcomes = fuzz(known, chosen.count, chosen.seed, chosen.max_bytes)
    print(outcomes)
    return int(bool(outcomes.faults))


if __name__ == "__main__":
    sys.exit(main())
