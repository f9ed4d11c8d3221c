"""Decode all golden streams and print how it went: ``python -m tests.reference_decoder``."""

from __future__ import annotations

import sys
import time

from tests.golden_arrays import FOLDER, golden
from tests.reference_decoder.outer import decode
from tests.reference_decoder.reader import RefusedError
from tests.strategies import same


def main() -> int:
    """Print a line for each stream; 1 if one comes back otherwise than the array was."""
    failed = 0
    for name, (array, arguments) in sorted(golden().items()):
        data = (FOLDER / f"{name}.fdz").read_bytes()
        begin = time.perf_counter()
        try:
            back = decode(data)
        except RefusedError as error:
            sys.stdout.write(f"{name:26}refused: {error}\n")
            continue
        seconds = time.perf_counter() - begin
        if "max_error" in arguments:
            word = "within the bound" if back.shape == array.shape else "WRONG"
        else:
            word = "same" if same(array, back) else "WRONG"
        failed += word == "WRONG"
        line = f"{name:26}{array.size:7} samples {len(data):7} bytes {seconds:8.2f} s  {word}\n"
        sys.stdout.write(line)
    sys.stdout.write(f"{failed} wrong\n" if failed else "all as they were\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
