"""Machine code that was compiled where the package was built: found, checked, loaded.

Beside it lies a description: the digests of the sources and of each extension module, and the
processors that they need. Anything that does not fit is left alone, and the reason kept.
"""

from __future__ import annotations

import json
import platform
import sys
import sysconfig
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from compress.kernels.sources import digest_of

__all__ = ["DESCRIPTION", "ROOT", "Native", "load", "load_module"]

ROOT = Path(__file__).parent.parent
DESCRIPTION = ROOT / "kernels" / "native.json"


class Native(NamedTuple):
    """What was found.

    Attributes
    ----------
    functions : dict
        By ``module.name``.
    reason : str
        What it is, or why there is nothing.
    description : dict
        As the build wrote it.
    """

    functions: dict[str, Callable[..., Any]]
    reason: str
    description: dict[str, Any]


def load(
    otherwise: Callable[[str, tuple[Any, ...]], Any], raise_pickled: Callable[[bytes], None]
) -> Native:
    """Load the kernels that were built, if they belong to these sources and this processor.

    Parameters
    ----------
    otherwise : callable
        Called with a kernel's name and its arguments where no signature takes these.
    raise_pickled : callable
        Raises the exception of a kernel.

    Returns
    -------
    Native
    """
    description: dict[str, Any] = {}
    if sysconfig.get_config_var("Py_GIL_DISABLED") or sys.implementation.name != "cpython":
        return Native({}, "it is for CPython with the global lock", description)
    try:
        text = DESCRIPTION.read_text()
    except OSError:
        return Native({}, "none was built", description)
    try:
        description = dict(json.loads(text))
        sources = [(ROOT / name).read_bytes() for name in description["sources"]]
        if digest_of(sources) != description["digest"]:
            return Native({}, "it was built from other sources than these", description)
        if description["machine"] != platform.machine():
            return Native({}, f"it was built for {description['machine']}", description)
        for variant in description["variants"]:
            path = DESCRIPTION.parent / str(variant["file"])
            if digest_of([path.read_bytes()]) != variant["digest"]:
                return Native({}, f"{path.name} is damaged", description)
            module = load_module(path)
            if not module.is_supported():
                continue
            module.set_up(otherwise, raise_pickled, np.empty)
            functions = {str(name): getattr(module, key) for name, key in module.kernels()}
            return Native(functions, f"{path.name}, for {variant['baseline']}", description)
    except (OSError, ImportError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Native({}, f"it cannot be loaded: {error}", description)
    return Native({}, "this processor is older than it needs", description)


def load_module(path: Path) -> ModuleType:
    """Load an extension module from a file.

    Raises
    ------
    ImportError
        If it is none, or needs what this process has not.
    """
    name = f"compress.kernels.{path.name.split('.', maxsplit=1)[0]}"
    spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, str(path)))
    if not isinstance(spec, ModuleSpec) or spec.loader is None:
        raise ImportError(f"{path.name} is no extension module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
