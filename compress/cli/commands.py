"""The commands beside compressing and decompressing: list, info, fit, recover, completion."""

from __future__ import annotations

import json
from argparse import Namespace
from math import prod
from typing import Any

import compress
from compress.cli import formats
from compress.cli.arguments import SUFFIX
from compress.cli.formats import archive
from compress.cli.interrupts import removed_by_signals
from compress.cli.output import opened_output, save_figure
from compress.cli.progress import Progress
from compress.cli.running import caught, source_of

__all__ = ["completion", "fit", "info", "list_files", "recover"]

# Lost parts that are listed.
_MOST_LOST = 20
_COLUMNS = "{:>14} {:>14} {:>7} {:>9} {:>6}  {:<28} {}"


def list_files(options: Namespace, progress: Progress) -> int:
    """Print a line for each compressed file."""
    status = 0
    if not options.json and not options.quiet:
        heads = "packed", "array", "ratio", "bits", "level"
        print(_COLUMNS.format(*heads, "array of", "file"))
    for name in options.files:
        with caught(name, options, progress) as outcome:
            for shown, one in _all_of(name):
                if options.json:
                    print(json.dumps(_record(shown, one)), flush=True)
                    continue
                ratio = f"{one.array_bytes / one.n_bytes:.2f}" if one.array_bytes else "-"
                bits = f"{one.bits_per_sample:.3f}"
                what = f"{one.dtype} {one.shape}"
                sizes = f"{one.n_bytes:,}", f"{one.array_bytes:,}"
                print(_COLUMNS.format(*sizes, ratio, bits, one.level, what, shown))
        status = max(status, *outcome, 0)
    return status


def info(options: Namespace, progress: Progress) -> int:
    """Print what each compressed file holds."""
    status = 0
    for name in options.files:
        with caught(name, options, progress) as outcome:
            for shown, one in _all_of(name, explain=options.explain):
                if options.json:
                    print(json.dumps(_record(shown, one) | {"chunks": _chunks(one)}), flush=True)
                else:
                    if len(options.files) > 1 or shown != name:
                        print(f"file        {shown}")
                    print(_shown(one))
            if options.picture is not None:
                _picture(name, options.picture)
        status = max(status, *outcome, 0)
    return status


def _all_of(name: str, *, explain: bool = False) -> list[tuple[str, compress.Information]]:
    """Describe a compressed file, or each member of an archive."""
    source = source_of(name)
    if archive.is_archive(source):
        return [
            (f"{name}:{member.removesuffix(SUFFIX)}", compress.inspect(data, explain=explain))
            for member, data in archive.members_of(source)
        ]
    return [(name, compress.inspect(source.read(), explain=explain))]


def _shown(one: compress.Information) -> str:
    """Return the description without what only programs read."""
    kept = one.attrs.get(formats.KEY)
    lines = str(one).splitlines()
    if isinstance(kept, dict):
        lines = [line for line in lines if not line.startswith(f"attribute   {formats.KEY}:")]
        lines.insert(1, f"format      {kept.get('format')}")
    return "\n".join(lines)


def _record(name: str, one: compress.Information) -> dict[str, Any]:
    bits = one.bits_per_sample
    return {
        "input": name,
        "dtype": str(one.dtype),
        "shape": list(one.shape),
        "level": one.level,
        "max_error": one.max_error,
        "model": None if one.fingerprint is None else f"{one.fingerprint:016x}",
        "packed_bytes": one.n_bytes,
        "array_bytes": one.array_bytes,
        "bits_per_sample": bits if bits == bits else None,  # noqa: PLR0124 (NaN)
        "attrs": {key: value for key, value in one.attrs.items() if key != formats.KEY},
    }


def _chunks(one: compress.Information) -> list[dict[str, Any]]:
    return [
        {"shape": list(chunk.shape), "bytes": chunk.n_bytes, "plan": list(chunk.plan)}
        for chunk in one.chunks
    ]


def _picture(name: str, target: str) -> None:
    from compress import plot  # noqa: PLC0415 - matplotlib is an extra

    axes = plot.plot_bytes(source_of(name).read())
    save_figure(axes.figure, target)


def fit(options: Namespace, progress: Progress) -> int:
    """Learn a model from files and write it."""
    with caught("", options, progress) as outcome:
        arrays = []
        for name in options.files:
            source = source_of(name, options.dtype, options.shape)
            if source.dtype is None and archive.is_archive(source):
                arrays += [array for _, array in archive.arrays_of(source)]
            else:
                arrays.append(formats.read(source).array)
        progress.begin("fitting")
        model = compress.fit(arrays if len(arrays) > 1 else arrays[0], level=options.level)
        data = model.to_bytes()
        with opened_output(_path(options.output), force=options.force) as stream:
            stream.write(data)
        if options.json:
            record = {"output": options.output, "bytes": len(data), "dtype": str(model.dtype)}
            print(json.dumps(record | {"fingerprint": f"{model.fingerprint:016x}"}))
        elif not options.quiet:
            said = f"model {model.fingerprint:016x} of {model.dtype} from {len(arrays)} arrays"
            progress.say(f"{options.output}: {said}, {len(data):,} bytes")
    return outcome[0] if outcome else 0


def recover(options: Namespace, progress: Progress) -> int:
    """Save what can be read of a damaged file; 2 where something is lost."""
    target = options.output or f"{options.file.removesuffix(SUFFIX)}.recovered{SUFFIX}"
    lost: tuple[tuple[slice, ...], ...] = ()
    with caught(options.file, options, progress) as outcome:
        fill = options.fill
        whole = int(fill) if float(fill).is_integer() else fill
        with removed_by_signals(f"{target}.partial"):
            lost = compress.recover(options.file, target, fill=whole)
        with compress.open(target) as array:
            shape, count = array.shape, array.size
        for box in lost[:_MOST_LOST]:
            where = ", ".join(f"{one.start}:{one.stop}" for one in box)
            progress.say(f"lost [{where}]")
        if len(lost) > _MOST_LOST:
            progress.say(f"... and {len(lost) - _MOST_LOST} other parts")
        samples = sum(prod(one.stop - one.start for one in box) for box in lost)
        progress.say(f"{target}: {shape}, {samples:,} of {count:,} elements are lost")
    return outcome[0] if outcome else 2 * bool(lost)


def completion(options: Namespace, _progress: Progress) -> int:
    """Print a completion script."""
    from compress.cli.completion import script  # noqa: PLC0415

    print(script(options.shell), end="")
    return 0


def _path(name: str) -> Any:
    from pathlib import Path  # noqa: PLC0415

    return None if name == "-" else Path(name)
