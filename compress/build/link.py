"""From object files to an extension module: the table of kernels in C, a compiler, a linker."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from compress.build.emit import Emitted

__all__ = ["NoLinkerError", "find_linker", "link"]

_GLUE = Path(__file__).parent / "glue.c"
# How linkers leave out what nothing uses, and leave Python's functions to the interpreter.
_ELF_OPTIONS = ["-lm", "-Wl,--gc-sections", "-s"]
_OPTIONS = {
    "darwin": ["-undefined", "dynamic_lookup", "-Wl,-dead_strip", "-Wl,-x"],
    "win32": [f"-L{sys.base_prefix}/libs", "-lpython3"],
}


class NoLinkerError(RuntimeError):
    """Nothing here can compile and link C, or it failed."""


def find_linker() -> list[str]:
    """Return the command of a C compiler: ``$CC``, cc, gcc, clang, or that of `ziglang`.

    Raises
    ------
    NoLinkerError
        If there is none.
    """
    asked = shlex.split(os.environ.get("CC", ""))
    if asked and shutil.which(asked[0]):
        return asked
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise NoLinkerError("there is no C compiler (cc, gcc, clang, or the package ziglang)")


def link(
    directory: Path, emitted: Sequence[Emitted], baseline: str, out: Path, linker: Sequence[str]
) -> None:
    """Compile the table of kernels and link it with their object files.

    Parameters
    ----------
    directory : Path
        With the object files.
    emitted : sequence of Emitted
    baseline : str
        Processor that the module asks for when it is loaded; empty for any.
    out : Path
        The module to write.
    linker : sequence of str
        As from `find_linker`.

    Raises
    ------
    NoLinkerError
        If the compiler or linker fails; the message has its last lines.
    """
    table = directory / "table.c"
    table.write_text(_table(emitted, baseline, out.name.split(".", maxsplit=1)[0]))
    objects = [str(directory / f"{one.symbol}.o") for one in emitted]
    command = [
        *linker, "-O2", "-fPIC", "-shared", "-fvisibility=hidden", f"-I{_GLUE.parent}",
        str(table), *objects, *_OPTIONS.get(sys.platform, _ELF_OPTIONS), "-o", str(out),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise NoLinkerError(f"{linker[0]} failed: {done.stderr.strip()[-2000:]}")


def _table(emitted: Sequence[Emitted], baseline: str, module: str) -> str:
    """Write the part of the extension module that follows from the signatures."""
    parts = ['#include "glue.c"\n']
    for one in emitted:
        declared = ", ".join(["void *", "Raised **", *one.values])
        given = "".join(f", {_value(i, kind)}" for i, kind in enumerate(one.values))
        parts.append(
            f'extern __attribute__((visibility("hidden"))) int {one.symbol}({declared});\n'
            f"static int invoke_{one.symbol}(const Value *v, void *result, Raised **raised) {{\n"
            f"    (void)v;\n    return {one.symbol}(result, raised{given});\n}}\n"
        )
    methods = []
    names = []
    for number, (kernel, group) in enumerate(groupby(emitted, key=lambda one: one.kernel)):
        signatures = list(group)
        rows = "".join(
            f'    {{"{one.arguments}", "{one.result}", invoke_{one.symbol}}},\n'
            for one in signatures
        )
        parts.append(
            f"static const Signature signatures_{number}[] = {{\n{rows}}};\n"
            f"static PyObject *call_{number}(PyObject *self, PyObject *const *a, Py_ssize_t n) {{\n"
            f"    (void)self;\n"
            f'    return run("{kernel}", signatures_{number}, {len(signatures)}, a, n);\n}}\n'
        )
        methods.append(
            f'    {{"_{number}", (PyCFunction)(void (*)(void))call_{number}, METH_FASTCALL, '
            f'"{kernel}"}},\n'
        )
        names.append(f'"{kernel}"')
    parts.append(_MODULE.format(
        names=", ".join(names), methods="".join(methods), module=module,
        supported=_SUPPORTED[baseline],
    ))  # fmt: skip
    return "".join(parts)


def _value(place: int, kind: str) -> str:
    if kind == "double":
        return f"v[{place}].d"
    if kind == "void *":
        return f"v[{place}].p"
    return f"({kind})v[{place}].i"


# What a baseline needs beyond the processor that every Python of the platform runs on.
_SUPPORTED = {
    "generic": "1",
    "x86-64-v2": "level_of_x86_64() >= 2",
    "x86-64-v3": "level_of_x86_64() >= 3",
}

_MODULE = """
static const char *const names[] = {{{names}}};

static PyObject *list_kernels(PyObject *self, PyObject *nothing) {{
    (void)self;
    (void)nothing;
    Py_ssize_t count = (Py_ssize_t)(sizeof names / sizeof *names);
    PyObject *list = PyList_New(count);
    for (Py_ssize_t k = 0; k < count && list != NULL; k++) {{
        char key[16];
        PyOS_snprintf(key, sizeof key, "_%d", (int)k);
        PyList_SetItem(list, k, Py_BuildValue("ss", names[k], key));
    }}
    return list;
}}

static PyObject *is_supported(PyObject *self, PyObject *nothing) {{
    (void)self;
    (void)nothing;
    return PyBool_FromLong({supported});
}}

static PyMethodDef methods[] = {{
{methods}    {{"kernels", list_kernels, METH_NOARGS, "Names of kernels and of functions."}},
    {{"is_supported", is_supported, METH_NOARGS, "Whether this processor runs them."}},
    {{"set_up", set_up, METH_VARARGS, "Say what is called for other arguments and exceptions."}},
    {{NULL, NULL, 0, NULL}},
}};

static PyModuleDef definition = {{
    {{1, NULL}}, NULL, 0, NULL, "{module}", "Kernels, compiled ahead of time.", -1, methods,
    NULL, NULL, NULL, NULL,
}};

EXPORTED PyObject *PyInit_{module}(void);

PyObject *PyInit_{module}(void) {{
    return PyModule_Create2(&definition, PYTHON_ABI_VERSION);
}}
"""
