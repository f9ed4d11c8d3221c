"""What machine code this process runs, in words."""

from __future__ import annotations

import json
from typing import Any, Literal

from compress.kernels.registry import choice, later

__all__ = ["show_config"]


def show_config(mode: Literal["stdout", "dicts"] = "stdout") -> dict[str, Any] | None:
    """Show which machine code the kernels run, and why (as `numpy.show_config` does for numpy).

    Parameters
    ----------
    mode : {"stdout", "dicts"}, optional
        Print it, or return it as a dictionary.

    Returns
    -------
    dict or None
        ``kernels``: "native" (built with the package) or "jit" (compiled by numba when first
        called); ``reason``; ``build``: what the build noted; ``compiled_later``: kernels that
        numba compiled because no built one takes their arguments.

    Raises
    ------
    ValueError
        For another mode.
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode is {mode!r}; it may be 'stdout' or 'dicts'")
    native = choice()
    noted = ("machine", "numba", "linker", "variants", "note")
    found = {
        "kernels": "native" if native.functions else "jit",
        "reason": native.reason,
        "build": {key: native.description[key] for key in noted if key in native.description},
        "compiled_later": list(later),
    }
    if mode == "dicts":
        return found
    print(json.dumps(found, indent=2))  # noqa: T201 (what the function is for)
    return None
