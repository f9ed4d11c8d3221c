"""How much memory a piece of work takes at most."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

__all__ = ["PeakMemory"]


class PeakMemory:
    """Measures by how many bytes the process grows at most; nothing where Linux does not say.

    Arrays that kernels make count, too.
    """

    n_bytes = 0

    def __enter__(self) -> PeakMemory:
        """Begin."""
        gc.collect()
        # What lives now is not looked at again: a large process takes 0.1 s for that.
        gc.freeze()
        self.n_bytes = 0
        self._before = self._read("VmRSS")
        if self._before:
            # Memory that was freed is given back, so that it counts when it is used again.
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            self._before = self._read("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.n_bytes = max(0, self._read("VmHWM") - self._before)

    @staticmethod
    def _read(name: str) -> int:
        status = Path("/proc/self/status")
        lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
        return next((int(line.split()[1]) << 10 for line in lines if line.startswith(name)), 0)
