"""Machine code that was built with the package: used where it fits, left alone where it does not.

These tests run against what is built in place; `COMPRESS_KERNELS=jit` skips those that need it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import compress
from compress.build.emit import load_kernels
from compress.kernels import registry
from compress.kernels.native import DESCRIPTION
from compress.transforms.distinct import _pick
from tests.kernels.modes import digests

ROOT = Path(__file__).parent.parent.parent
NATIVE = bool(registry.choice().functions)
needs_native = pytest.mark.skipif(not NATIVE, reason="no machine code was built, or it is refused")

# A process that uses most of the library, and what it then has loaded.
WORK = """
import sys
import numpy as np
import compress
walk = np.cumsum(np.random.default_rng(0).integers(-9, 10, 6000))
arrays = [
    walk, walk.astype('i2').reshape(60, 100), walk / 100, np.sin(walk / 50).astype('f4'),
    np.repeat(walk, 3)[:6000], walk % 7 == 0, (walk * 3600).astype('M8[s]'),
    np.where(walk % 5 == 0, np.nan, walk / 8), (walk[:, None] + [0, 3, 9]).astype('u1'),
]
for array in arrays:
    for level in (1, 3, 5, 8):
        back = compress.decompress(compress.compress(array, level=level))
        assert back.tobytes() == array.tobytes(), (array.dtype, level)
config = compress.show_config('dicts')
print(config['kernels'], config['compiled_later'], 'numba' in sys.modules)
"""
# A process that runs one small kernel, and how.
SMALL = """
import numpy as np, compress
from compress.coders import pack_bits, unpack_bits
values = np.arange(100, dtype=np.uint64)
assert (unpack_bits(pack_bits(values, 7), 100, 7) == values).all()
config = compress.show_config('dicts')
print(config['kernels'], '|', config['reason'])
"""


def _run(code: str, path: Path = ROOT, **changes: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(path), **changes}
    for name in ("COMPRESS_KERNELS", "NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"):
        if name not in changes:
            environment.pop(name, None)
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, cwd=path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def _copy(folder: Path) -> Path:
    """Copy the package, with its machine code."""
    ignored = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    shutil.copytree(ROOT / "compress", folder / "compress", ignore=ignored)
    return folder


@needs_native
def test_compressing_loads_no_numba() -> None:
    """Every kernel that the library calls was built, with the arguments that it is called with."""
    assert _run(WORK) == "native [] False"


@needs_native
def test_what_is_built_is_what_names_signatures() -> None:
    """No kernel is left out of the extension module, and none is in it that is gone."""
    assert set(registry.choice().functions) == set(load_kernels())


@needs_native
def test_the_module_shows_nothing_but_its_beginning() -> None:
    """Or other libraries of a process could put their functions in place of kernels."""
    described = json.loads(DESCRIPTION.read_text())
    for variant in described["variants"]:
        library = ctypes.CDLL(str(DESCRIPTION.parent / variant["file"]))
        assert hasattr(library, "PyInit_" + variant["file"].split(".")[0])
        assert not hasattr(library, "kernel_0")


def test_kernels_name_what_they_call() -> None:
    """A kernel that is compiled beside built ones finds other kernels by its own names alone."""
    load_kernels()
    for name, made in registry.KERNELS.items():
        known = vars(sys.modules[made.function.__module__])
        for used in made.function.__code__.co_names:
            module = getattr(known.get(used), "__name__", "") if used in known else ""
            assert not (
                isinstance(known.get(used), ModuleType) and module.startswith("compress")
            ), f"{name} uses the module {module}"


@needs_native
def test_arguments_that_nothing_was_built_for_are_compiled_for() -> None:
    """A kernel takes what numba takes, whichever machine code it has."""
    values = np.arange(20, dtype=np.int32)[::2]
    out = np.zeros(10, np.int64)
    taken = int(_pick(values, 3, out))
    assert "compress.transforms.distinct._pick" in registry.later
    again = np.zeros(10, np.int64)
    assert taken == int(_pick(np.ascontiguousarray(values, np.int64), 3, again))
    np.testing.assert_array_equal(out, again)


@needs_native
def test_a_kernel_refuses_to_write_what_is_read_only() -> None:
    """Also where it was built: memory that is read-only is never written."""
    out = np.zeros(10, np.int64)
    out.flags.writeable = False
    with pytest.raises(Exception, match=r"read-?only"):
        _pick(np.arange(10), 3, out)
    assert not out.any()


@needs_native
def test_native_and_just_in_time_kernels_give_the_same_bytes() -> None:
    """All golden arrays, encoded and decoded, bit for bit."""
    ours = digests()
    code = "from tests.kernels.modes import digests; print(chr(10).join(digests()))"
    assert _run(code, COMPRESS_KERNELS="jit").splitlines() == ours


def _cut(folder: Path) -> None:
    for file in folder.glob("_native*"):
        file.write_bytes(file.read_bytes()[:100_000])


def _flip(folder: Path) -> None:
    for file in folder.glob("_native*"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0x40
        file.write_bytes(data)


def _empty(folder: Path) -> None:
    for file in folder.glob("_native*"):
        file.write_bytes(b"")


def _remove(folder: Path) -> None:
    for file in folder.glob("_native*"):
        file.unlink()


def _described_badly(folder: Path) -> None:
    (folder / "native.json").write_text('{"sources": [3], "variants"')


def _foreign(folder: Path) -> None:
    described = json.loads((folder / "native.json").read_text())
    (folder / "native.json").write_text(json.dumps({**described, "machine": "riscv64"}))


def _other_module(folder: Path) -> None:
    """Another extension module altogether, with a description that fits."""
    from compress.kernels.sources import digest_of  # noqa: PLC0415 (this test alone)

    described = json.loads((folder / "native.json").read_text())
    other = Path(str(np._core._multiarray_umath.__file__)).read_bytes()
    for variant in described["variants"]:
        (folder / variant["file"]).write_bytes(other)
        variant["digest"] = digest_of([other])
    (folder / "native.json").write_text(json.dumps(described))


def _other_sources(folder: Path) -> None:
    with (folder.parent / "coders" / "ans.py").open("a") as file:
        file.write("\n# changed\n")


@needs_native
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_cut, "damaged"),
        (_flip, "damaged"),
        (_empty, "damaged"),
        (_remove, "cannot be loaded"),
        (_described_badly, "cannot be loaded"),
        (_foreign, "built for riscv64"),
        (_other_module, "cannot be loaded"),
        (_other_sources, "other sources"),
    ],
)
def test_machine_code_that_does_not_fit_is_left_alone(
    damage: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    """The package works all the same, and says why it compiles."""
    folder = _copy(tmp_path)
    damage(folder / "compress" / "kernels")
    kind, _, said = _run(SMALL, folder, NUMBA_CACHE_DIR=str(tmp_path / "cache")).partition(" | ")
    assert kind == "jit"
    assert reason in said


def test_the_environment_forces_one_kind(tmp_path: Path) -> None:
    """And an order that cannot be followed is refused with the reason."""
    kind = _run(SMALL, COMPRESS_KERNELS="jit").partition(" | ")[0]
    assert kind == "jit"
    folder = _copy(tmp_path)
    (folder / "compress" / "kernels" / "native.json").unlink(missing_ok=True)
    code = (
        "try:\n    from compress.coders import pack_bits\n"
        "except ImportError as error:\n    print(error)"
    )
    assert "none was built" in _run(code, folder, COMPRESS_KERNELS="native")
    assert "'native' or 'jit'" in _run(code, COMPRESS_KERNELS="fast")


@needs_native
def test_six_processes_start_at_once(tmp_path: Path) -> None:
    """Right after an installation, none waits for another or compiles."""
    folder = _copy(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    environment.pop("COMPRESS_KERNELS", None)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SMALL], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    said = [process.communicate()[0] for process in running]
    assert [text.split(" | ")[0] for text in said] == ["native"] * 6


def test_show_config_takes_two_modes(capsys: pytest.CaptureFixture[str]) -> None:
    """As numpy's does."""
    compress.show_config()
    assert json.loads(capsys.readouterr().out) == compress.show_config("dicts")
    with pytest.raises(ValueError, match="'stdout' or 'dicts'"):
        compress.show_config("print")  # type: ignore[arg-type]
