"""One run: which arrays against which compressors, from a selection to a record."""

from __future__ import annotations

import importlib
import importlib.util
import zlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks import arrays, machine, peers
from benchmarks.errors import MissingArrayError
from benchmarks.marginals import QUICK as QUICK_SHAPES
from benchmarks.marginals import SHAPES, marginals
from benchmarks.measure import FULL, QUICK, SIZES, Effort, measure
from benchmarks.record import ArrayRecord, Record

EFFORTS: dict[str, Effort] = {"full": FULL, "quick": QUICK, "sizes": SIZES}

# about one array of every kind, few of them above a quarter of a million samples
QUICK_ARRAYS = (
    "camera", "page", "chelsea", "mr", "m13", "goes_xray", "speech", "music", "ecg", "climate",
    "ocean", "jacksboro", "humidity", "price", "carat", "xyz", "eurusd_time", "eurusd_close",
    "cortex", "walk", "multiples",
)  # fmt: skip

Tell = Callable[[str, float], None]


def installed(patterns: Iterable[str], levels: Iterable[int]) -> list[str]:
    """Return the names among ``patterns`` that are here, of this library only some levels."""
    ours = {f"{peers.OURS} {level}" for level in levels}
    here = [peer for peer in peers.every() if not peer.bounded and peer.missing() is None]
    wanted = set(patterns)
    return [
        peer.name
        for peer in here
        if peer.name in wanted or (peer.family in wanted and peer.name in ours)
    ]


def one_thread() -> AbstractContextManager[object]:
    """Keep linear algebra libraries to one thread, where there is a package that can."""
    if importlib.util.find_spec("threadpoolctl") is None:
        return nullcontext()
    limits: AbstractContextManager[object] = importlib.import_module(
        "threadpoolctl"
    ).threadpool_limits(1)
    return limits


def from_file(path: Path) -> tuple[ArrayRecord, arrays.Array]:
    """Read a user's own ``.npy`` file.

    Raises
    ------
    ValueError
        Not a readable array, or one of Python objects or strings.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is not a readable .npy file: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufcmM" or not array.size:
        raise ValueError(f"{path} holds no numbers")
    array = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
    about = ArrayRecord(
        path.stem, "file", "", path.name, "", array.shape, str(array.dtype), array.nbytes,
        checksum(array),
    )  # fmt: skip
    return about, array


def checksum(array: arrays.Array) -> str:
    """CRC-32 of the samples: sizes are compared only where the samples are the same."""
    return f"{zlib.crc32(array.tobytes()):08x}"


def _registered(entry: arrays.Entry) -> tuple[ArrayRecord, arrays.Array]:
    array = entry.load()
    about = ArrayRecord(
        entry.name, entry.kind, entry.about, f"{entry.source}/{entry.file}".strip("/"),
        entry.licence, entry.shape, str(array.dtype), array.nbytes, checksum(array),
        real=entry.real, group=entry.group, entropy=entry.entropy,
    )  # fmt: skip
    return about, array


def _bounds(entry: arrays.Entry | None, array: arrays.Array) -> tuple[float, ...]:
    if entry is not None:
        return entry.bounds
    if array.dtype.kind != "f":
        return ()
    finite = array[np.isfinite(array)]
    spread = float(np.std(finite)) if finite.size else 0.0
    return tuple(spread * part for part in (1e-2, 1e-3, 1e-4)) if spread > 0 else ()


def run(
    names: Iterable[str] | None = None,
    compressors: Iterable[str] | None = None,
    files: Iterable[Path] = (),
    effort: str = "full",
    tell: Tell = lambda _what, _done: None,
) -> Record:
    """Measure and return the record.

    Parameters
    ----------
    names, compressors : iterable of str, optional
        Names or kinds of arrays, names or families of compressors; by default all of them, or
        with the quick effort a choice of each.
    files : iterable of Path
        ``.npy`` files; when there are some, they replace the registry unless ``names`` is given.
    effort : {"full", "quick", "sizes"}
    tell : callable
        Hears what is measured and the share that is done.
    """
    files = tuple(files)
    quick = effort == "quick"
    known = [(peer, peer.missing()) for peer in peers.select(compressors, quick)]
    taking = [peer for peer, missing in known if missing is None]
    skipped = [(peer.name, missing) for peer, missing in known if missing is not None]
    if names is None and quick:
        names = QUICK_ARRAYS
    entries = [] if files and names is None else list(arrays.select(names))
    todo: list[arrays.Entry | Path] = [*files, *entries]
    samples = [1 if isinstance(one, Path) else one.size for one in todo]
    done, records = 0, []
    for one, size in zip(todo, samples, strict=True):
        entry = None if isinstance(one, Path) else one
        try:
            about, array = from_file(one) if isinstance(one, Path) else _registered(one)
        except MissingArrayError as error:
            assert entry is not None
            skipped.append((entry.name, str(error)))
            done += size
            continue

        def hear(what: str, name: str = about.name, before: int = done) -> None:
            tell(f"{name}: {what}", before / sum(samples))

        with one_thread():
            about.rows = measure(array, taking, _bounds(entry, array), EFFORTS[effort], hear)
        if effort != "sizes":
            hear("densities")
            about.marginals = marginals(array, QUICK_SHAPES if quick else tuple(SHAPES))
        records.append(about)
        done += size
    tell("done", 1.0)
    return Record(
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine.describe(),
        machine.versions(),
        effort,
        records,
        skipped,
    )
