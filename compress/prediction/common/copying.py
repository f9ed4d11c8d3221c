"""Copies of arrays into arrays of the same shape, within kernels: slices would need a runtime."""

from __future__ import annotations

from typing import Any

from compress.kernels import kernel

__all__ = ["copy_1", "copy_2", "copy_3"]


@kernel(error_model="numpy")
def copy_1(to: Any, of: Any) -> None:
    """Copy a vector."""
    for i in range(of.shape[0]):
        to[i] = of[i]


@kernel(error_model="numpy")
def copy_2(to: Any, of: Any) -> None:
    """Copy a matrix."""
    for i in range(of.shape[0]):
        for j in range(of.shape[1]):
            to[i, j] = of[i, j]


@kernel(error_model="numpy")
def copy_3(to: Any, of: Any) -> None:
    """Copy matrices."""
    for i in range(of.shape[0]):
        for j in range(of.shape[1]):
            for k in range(of.shape[2]):
                to[i, j, k] = of[i, j, k]
