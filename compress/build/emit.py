"""One object file a kernel: compiled by numba, freed of all that needs an interpreter."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite.binding as llvm
from numba import njit
from numba.core.callconv import CPUCallConv
from numba.core.typing import signature as typed

import compress
from compress.build.signatures import check_result, letters, parsed
from compress.kernels.registry import KERNELS, Kernel

__all__ = ["Emitted", "emit_all", "load_kernels"]

# Functions of C that kernels may call, beside those of `glue.c`.
_LIBRARY = frozenset(
    [
        "acos",
        "asin",
        "atan",
        "atan2",
        "cos",
        "cosh",
        "erf",
        "erfc",
        "exp",
        "exp2",
        "expm1",
        "floor",
        "fmod",
        "frexp",
        "ldexp",
        "lgamma",
        "log",
        "log10",
        "log1p",
        "log2",
        "memcpy",
        "memmove",
        "memset",
        "pow",
        "sin",
        "sincos",
        "sinh",
        "sqrt",
        "tan",
        "tanh",
        "tgamma",
    ]
)
_GLUE = frozenset(
    f"NRT_{name}"
    for name in ("MemInfo_alloc_aligned", "MemInfo_alloc_safe_aligned", "MemInfo_call_dtor",
                 "Allocate", "Free")
)  # fmt: skip
# Packages that have kernels.
_PACKAGES = ("coders", "tables", "transforms", "prediction", "densities", "vectors", "latent")


class Emitted(NamedTuple):
    """A signature of a kernel as machine code.

    Attributes
    ----------
    kernel : str
        ``module.name``.
    symbol : str
        Of the function.
    arguments, result : str
        Their types as `glue.c` reads them.
    values : tuple of str
        Types of the arguments in C, flat.
    """

    kernel: str
    symbol: str
    arguments: str
    result: str
    values: tuple[str, ...]


def load_kernels() -> dict[str, Kernel]:
    """Load all modules that may have kernels, and return those that Python calls."""
    root = Path(compress.__file__).parent
    for package in _PACKAGES:
        importlib.import_module(f"compress.{package}")
        path = [str(root / package)]
        for module in pkgutil.walk_packages(path, f"compress.{package}."):
            importlib.import_module(module.name)
    return {name: made for name, made in sorted(KERNELS.items()) if made.signatures}


def emit_all(directory: Path, cpu: str, report: Callable[[str], None]) -> list[Emitted]:
    """Compile every signature of every kernel.

    Parameters
    ----------
    directory : Path
        Where the object files go.
    cpu : str
        Of LLVM's names.
    report : callable
        Called with a line for each kernel.

    Returns
    -------
    list of Emitted
        One for each object file, in the order of their names.
    """
    # Where an exception comes from is a place on this machine, and nothing that a user needs.
    CPUCallConv.build_excinfo_struct = _without_place
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=cpu, opt=3, reloc="pic", codemodel="default", features=""
    )
    emitted: list[Emitted] = []
    for name, made in load_kernels().items():
        began = time.process_time()
        # A dispatcher of its own: those of the modules are for calls from kernels.
        compiled = njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **made.options)(
            made.function
        )
        for text in made.signatures:
            result, arguments = parsed(made, text)
            compiled.compile(typed(result, *arguments))
            code = compiled.overloads[arguments]
            check_result(result)
            if code.signature.return_type != result:
                raise ValueError(f"{name} returns {code.signature.return_type}, not {result}")
            symbol = f"kernel_{len(emitted)}"
            module = _alone(code.library, code.fndesc.llvm_func_name, symbol, machine)
            values = _c_types(module, symbol)
            (directory / f"{symbol}.o").write_bytes(machine.emit_object(module))
            taken = "".join(letters(argument) for argument in arguments)
            given = "n" if letters(result) == "N" else letters(result)
            emitted.append(Emitted(name, symbol, taken, given, values))
        report(f"{name} ({time.process_time() - began:.1f} s)")
    return emitted


def _without_place(
    convention: Any, exception: Any, arguments: Any, place: Any, name: Any
) -> tuple[Any, Any, None]:
    del convention, place, name
    return exception, arguments, None


def _alone(library: Any, function: str, symbol: str, machine: Any) -> Any:
    """Copy a compiled module, with nothing to be seen from outside but one function."""
    module = llvm.parse_bitcode(library._final_module.as_bitcode())
    for defined in [*module.functions, *module.global_variables]:
        if not defined.is_declaration and defined.name != function:
            defined.linkage = "internal"
    entry = module.get_function(function)
    entry.name = symbol
    options = llvm.create_pipeline_tuning_options(speed_level=0)
    builder = llvm.create_pass_builder(machine, options)
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)
    module.verify()
    called = {function.name for function in module.functions if function.is_declaration}
    if unknown := {name for name in called - _LIBRARY - _GLUE if not name.startswith("llvm.")}:
        raise ValueError(f"{function} calls {', '.join(sorted(unknown))} of numba's runtime")
    return module


def _c_types(module: Any, symbol: str) -> tuple[str, ...]:
    """List the types in C of a function's arguments, without the two that all kernels have."""
    known = {"ptr": "void *", "i64": "int64_t", "double": "double", "i8": "uint8_t"}
    kinds = [str(argument.type) for argument in module.get_function(symbol).arguments]
    unknown = [kind for kind in kinds if kind not in known and not kind.endswith("*")]
    if unknown:
        raise ValueError(f"{symbol} takes {unknown[0]}")
    return tuple(known.get(kind, "void *") for kind in kinds[2:])
