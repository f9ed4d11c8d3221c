"""Kernels: functions that run as machine code, built where the package is installed or here.

A kernel's module names its signatures beside its source. `compress.build` compiles them into an
extension module when the package is built; without one, numba compiles each when it is first
called. What calls a kernel sees one function either way.
"""

from compress.kernels.registry import are_compiled, for_numba, inlined, kernel
from compress.kernels.show import show_config

__all__ = ["are_compiled", "for_numba", "inlined", "kernel", "show_config"]
