"""On what machine, and with which versions, was a record made."""

from __future__ import annotations

import ctypes
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "numpy", "numba", "constriction", "zstandard", "blosc2", "pcodec", "fpzip", "zfpy", "pysz",
    "imagecodecs", "soundfile", "scipy", "scikit-learn",
)  # fmt: skip

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def describe() -> dict[str, str | int]:
    """Return what matters for a speed: processor, cores, memory, system, interpreter."""
    memory = 0
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory GiB": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the compressors that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _status(field: str) -> int:
    for line in STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


class PeakMemory:
    """Measures how far memory rises above where it stood, native allocations included.

    ``with PeakMemory() as peak: ...`` leaves the bytes in ``peak.rise``; None where the system
    has no way to reset its high-water mark (anything but Linux).
    """

    def __init__(self) -> None:
        self.rise: int | None = None
        self._before = 0

    def __enter__(self) -> PeakMemory:
        try:
            ctypes.CDLL(None).malloc_trim(0)  # pages kept free by malloc would hide the rise
            CLEAR.write_text("5", encoding="ascii")
            self._before = _status("VmRSS")
        except (OSError, AttributeError, TypeError):
            self._before = -1
        return self

    def __exit__(self, *_: object) -> None:
        if self._before >= 0:
            self.rise = max(0, _status("VmHWM") - self._before)
