"""An array to a stream: its chunks side by side, within a bound that is checked where it is stated.

What `compress.compress` does once its arguments are known to be good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from numpy.typing import NDArray

from compress.bounds import ErrorBound, of_fields
from compress.container import pack
from compress.errors import CompressError, CorruptError, LimitError, VerificationError
from compress.pipeline.chunk import Coded, Guide, code_chunk, smaller
from compress.pipeline.header import Header, cut_array, read_header, write_header
from compress.pipeline.model import Model
from compress.transforms.tolerance import Bound
from compress.verification import check_restored, noise_excess
from compress.work import Progress, counted, in_threads, is_brief

__all__ = ["Settings", "encode", "in_memory_order"]

Array = NDArray[Any]
# Times that the bound for a PSNR is narrowed by what was measured, before errors are counted on to
# be the worst that there are.
_ATTEMPTS = 3
_CLOSER = 0.995


class Settings(NamedTuple):
    """How an array is coded; see `compress.compress`."""

    level: int
    bound: ErrorBound | None
    model: Model | None
    threads: int
    verify: bool
    progress: Progress | None


def encode(array: Array, settings: Settings, decode: Callable[[bytes], Array]) -> bytes:
    """Code an array.

    Parameters
    ----------
    array : numpy.ndarray
        Of a dtype that can be coded.
    settings : Settings
    decode : callable
        Undoes it, for what is checked.

    Returns
    -------
    bytes
    """
    bound = settings.bound
    if bound is None or bound.kind == "absolute":
        bounds = (None,) if bound is None else of_fields(bound, array)
        return _encoded(array, settings, bounds, decode, is_checked=settings.verify)[0]
    if bound.kind != "psnr":
        bounds = of_fields(bound, array)
        return _encoded(array, settings, bounds, decode, is_checked=True)[0]
    narrowed = 1.0
    for _ in range(_ATTEMPTS):
        bounds = of_fields(bound, array, narrowed)
        data, restored = _encoded(array, settings, bounds, decode, is_checked=True)
        excess = noise_excess(array, restored, bound.value)
        if excess <= 1.0:
            return data
        narrowed *= _CLOSER / excess
    # No error is larger than the bound: where all are as large, this is enough.
    bounds = of_fields(bound, array, _CLOSER / 3.0**0.5)
    return _encoded(array, settings, bounds, decode, is_checked=True)[0]


def in_memory_order(array: Array) -> tuple[Array, bool]:
    """Give an array in the order of its chunks, and whether that is Fortran order."""
    fortran = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    return array.T if fortran else array, fortran


def _encoded(
    array: Array,
    settings: Settings,
    bounds: tuple[Bound, ...],
    decode: Callable[[bytes], Array],
    *,
    is_checked: bool,
) -> tuple[bytes, Array]:
    """Code an array within a bound for each field; if so asked, decode and check it too.

    Returns
    -------
    bytes
    numpy.ndarray
        What they were decoded to, or the array itself.
    """
    level, stated, model, threads, _, progress = settings
    ordered, fortran = in_memory_order(array)
    absolute = [one for one in bounds if isinstance(one, float)]
    is_plain = stated is None or stated.kind == "absolute"
    if stated is not None and is_plain and stated.value:
        # Kept in the stream even where no field has numbers.
        absolute = [stated.value]
    header = Header(
        dtype=array.dtype,
        geometry=cut_array(ordered),
        fortran=fortran,
        level=level,
        max_error=max(absolute, default=None),
        fingerprint=None if model is None else model.fingerprint,
        stated=None if is_plain else stated,
    )
    _check_header(header)
    add = counted(progress, array.nbytes * (1 + is_checked))
    each = bounds if any(one is not None for one in bounds) else None

    def code(index: tuple[int | slice, ...], guide: Guide | None = None) -> Coded:
        return code_chunk(ordered[(*index, ...)], level, each, model, guide)

    def done(index: tuple[int | slice, ...]) -> None:
        add(ordered[(*index, ...)].nbytes)

    # The first chunk's plan is tried on all others, whichever thread codes them.
    chunks = list(header.geometry)
    brief = is_brief(array.nbytes, level, coding=True)
    coded = list(in_threads(code, chunks[:1], 1, each=done, brief=brief))
    guide = coded[0].guide if coded else None
    rest = chunks[1:]
    coded += in_threads(lambda index: code(index, guide), rest, threads, each=done, brief=brief)
    data = _packed(header, coded)
    if not is_checked:
        return data, array
    restored = _restored(data, decode)
    check_restored(array, restored, each, _described(settings))
    add(array.nbytes)
    return data, array if restored is None else restored


def _restored(data: bytes, decode: Callable[[bytes], Array]) -> Array | None:
    """Decode data; None where they do not decode, which is a fault of this library."""
    try:
        return decode(data)
    except LimitError:
        raise
    except CompressError:
        return None


def _described(settings: Settings) -> str:
    model = "" if settings.model is None else f", {settings.model}"
    bound = settings.bound
    value = None if bound is None else bound.value if bound.kind == "absolute" else bound
    return f"level={settings.level}, max_error={value}{model}"


def _packed(header: Header, chunks: list[Coded]) -> bytes:
    """Write a stream, which needs the model that its header names only where it saves bytes.

    The list of chunks is empty afterwards, so that their memory is free by then.
    """
    own = [coded.own for coded in chunks if coded.own is not None]
    with_model = [] if header.fingerprint is None else list(map(smaller, chunks))
    alone = len(own) == len(chunks)
    # Nothing but the lists holds the coded bytes from here on.
    chunks.clear()
    streams = []
    if alone:
        streams.append(pack(write_header(replace(header, fingerprint=None)), _given_away(own)))
    if header.fingerprint is not None:
        streams.append(pack(write_header(header), _given_away(with_model)))
    return min(streams, key=len)


def _given_away(chunks: list[bytes]) -> Iterator[bytes]:
    """Yield chunks in their order and hold them no longer."""
    chunks.reverse()
    while chunks:
        yield chunks.pop()


def _check_header(header: Header) -> None:
    """Read a header as decoders do, before anything is coded."""
    try:
        read = read_header(write_header(header))
    except CorruptError as error:
        raise ValueError(f"such an array cannot be compressed: {error}") from error
    # Where there is one chunk, nobody needs to know how the axes would have been cut.
    cut = header.geometry.n_chunks > 1
    expected = header if cut else replace(header, geometry=read.geometry)
    if read != expected or (read.shape, read.geometry.n_chunks) != (
        header.shape,
        header.geometry.n_chunks,
    ):
        raise VerificationError(f"a fault of this library, please report it: {header} is misread")
