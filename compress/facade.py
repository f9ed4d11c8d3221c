"""The public functions: arrays to bytes and back. See `compress` for the contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.arguments import (
    as_array,
    as_bytes,
    check_is_model,
    check_level,
    check_max_bytes,
    check_max_error,
    check_threads,
    in_threads,
    needed,
    only_our_errors,
)
from compress.container import Frame, is_log, pack, unpack
from compress.errors import (
    CompressError,
    CorruptError,
    FormatError,
    LimitError,
    VerificationError,
)
from compress.inspection import Information, describe_file, describe_stream
from compress.pipeline.chunk import (
    Coded,
    Guide,
    code_chunk,
    decode_chunk,
    smaller,
)
from compress.pipeline.header import (
    Header,
    cut_array,
    open_budget,
    read_header,
    write_header,
)
from compress.pipeline.model import Model
from compress.pipeline.summary import Summary
from compress.pipeline.trained import learn_from_many
from compress.store import read_whole
from compress.verification import check_restored

__all__ = ["compress", "decompress", "fit", "inspect"]

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def compress(
    array: ArrayLike,
    *,
    level: int = 5,
    max_error: float | None = None,
    model: Model | None = None,
    threads: int | None = None,
    verify: bool = False,
) -> bytes:
    """Compress a numeric array.

    Parameters
    ----------
    array : array_like
        Any shape and memory order; bool, integers, floats, complex, datetime64, timedelta64,
        structured dtypes of those, either byte order; bfloat16 and float8 of ``ml_dtypes``.
    level : int, optional
        1 (fast) to 9 (smallest); 5 by default.
    max_error : float, optional
        Every finite sample may come back changed by at most this much (in the array's units; for
        complex dtypes real and imaginary part each). NaN and infinities come back as they were.
        Lossless without it.
    model : Model, optional
        A model of `fit`, of the same dtype. Where its plans fit the array, whatever its shape, and
        save bytes, the stream carries its fingerprint (ten bytes) in place of plans, and can be
        decompressed only with the same model. Where they do not, the stream is that without a
        model, which is searched for at `level` as well: in arrays of up to 4096 samples and at
        levels 8 and 9 always, so that no model makes them larger; in larger ones, where a model is
        for saving time, only where level 1 makes less of them than the model. `level=1` keeps that
        search short, whatever the level of the model. Models are lossless; with `max_error` they
        are seldom smaller, and only streams that use the model need it.
    threads : int, optional
        Threads that code chunks side by side; all available processors by default.
    verify : bool, optional
        Decode the result and compare all of it before it is returned, for the time that decoding
        takes. Without it, every plan is checked but no sample.

    Returns
    -------
    bytes
        The same whatever the number of threads.

    Raises
    ------
    TypeError
        If the dtype is none of the above (objects, strings), or an argument of another type than
        it says.
    ValueError
        If an argument is out of its range, or the model is for another dtype.
    VerificationError
        If the array would not come back: a fault of this library.
    LimitError
        If `verify` needs more memory than there is.

    Examples
    --------
    >>> import numpy as np, compress
    >>> array = np.arange(10_000).reshape(100, 100)
    >>> data = compress.compress(array)
    >>> bool((compress.decompress(data) == array).all())
    True
    """
    array = as_array(array)
    level = check_level(level)
    max_error = check_max_error(max_error)
    threads = check_threads(threads)
    check_is_model(model)
    if not isinstance(verify, bool | np.bool_):
        raise TypeError(f"verify must be True or False, not {verify!r}")
    if model is not None and model.dtype != array.dtype:
        raise ValueError(f"the model is for {model.dtype} arrays, the array is {array.dtype}")
    ordered, fortran = _in_memory_order(array)
    header = Header(
        dtype=array.dtype,
        geometry=cut_array(ordered),
        fortran=fortran,
        level=level,
        max_error=max_error,
        fingerprint=None if model is None else model.fingerprint,
    )
    _check_header(header)

    def code(index: tuple[int | slice, ...], guide: Guide | None = None) -> Coded:
        return code_chunk(ordered[(*index, ...)], level, max_error, model, guide)

    # The first chunk's plan is tried on all others, whichever thread codes them.
    chunks = list(header.geometry)
    coded = [code(index) for index in chunks[:1]]
    coded += in_threads(lambda index: code(index, coded[0].guide), chunks[1:], threads)
    data = _packed(header, coded)
    if verify:
        _verify(data, array, header, model, threads)
    return data


def _in_memory_order(array: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    """Give an array in the order of its chunks, and whether that is Fortran order."""
    fortran = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
    return array.T if fortran else array, fortran


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


def _verify(
    data: bytes, array: NDArray[Any], header: Header, model: Model | None, threads: int
) -> None:
    """Decode data and compare the array, or raise `VerificationError`."""
    try:
        restored = decompress(data, model=model, threads=threads)
    except LimitError:
        raise
    except CompressError:
        restored = None
    model_text = "" if model is None else f", {model}"
    what = f"level={header.level}, max_error={header.max_error}{model_text}"
    check_restored(array, restored, header.max_error, what)


def decompress(
    data: bytes | bytearray | memoryview,
    *,
    model: Model | None = None,
    threads: int | None = None,
    max_bytes: int | None = None,
) -> NDArray[Any]:
    """Return the array that `compress` was given.

    Parameters
    ----------
    data : bytes-like
        What `compress` returned.
    model : Model, optional
        The model that `compress` was given, where it was given one. Streams that do without one
        are decompressed with any.
    threads : int, optional
        Threads that decode chunks side by side; all available processors by default.
    max_bytes : int, optional
        For bytes that are not trusted: refuse arrays larger than this, before anything is
        allocated, and hold no more memory than twice as much and 64 MiB; fewer threads take part
        where they would hold more. Streams of a few bytes can stand for large arrays, such as
        those of one value, so without it an array may take all memory that there is.

    Returns
    -------
    numpy.ndarray
        Same shape, dtype, byte order and bits (within `max_error` where one was given); in
        Fortran order if the array was.

    Raises
    ------
    FormatError
        If the data are not compressed by this library, or by a newer version.
    CorruptError
        If the data are damaged.
    ModelMismatchError
        If the data were coded with another model than the one given, or with one where none is.
    LimitError
        If the array is larger than `max_bytes`, or than memory; or if decoding it takes more than
        `max_bytes` allows, which elements of 2**21 values and more do.

    Notes
    -----
    Whatever the bytes, decoding takes at most about 10 microseconds for each byte of the array and
    a second: what would take longer is refused as damaged before it begins.
    """
    view = as_bytes(data)
    threads = check_threads(threads)
    max_bytes = check_max_bytes(max_bytes)
    check_is_model(model)
    with only_our_errors():
        if is_log(view):
            return read_whole(view, model, threads, max_bytes)
        frame = unpack(view)
        header = read_header(frame.header)
        _check_whole(header, frame)
        model = needed(header.fingerprint, model)
        if max_bytes is not None and header.n_bytes > max_bytes:
            raise LimitError(
                f"the array takes {header.n_bytes} bytes, more than max_bytes={max_bytes} allows"
            )
        out = _decoded(frame, header, model, threads, max_bytes)
    return out.T if header.fortran else out


def _decoded(
    frame: Frame, header: Header, model: Model | None, threads: int, max_bytes: int | None = None
) -> NDArray[Any]:
    """Decode all chunks into one array."""
    threads, budget = open_budget(header.dtype, header.geometry, threads, max_bytes)

    def piece(chunk: int) -> NDArray[Any]:
        shape = header.geometry.chunk_shape(chunk)
        return decode_chunk(frame.chunk(chunk), shape, header.dtype, model, budget)

    def place(chunk: int) -> None:
        out[(*header.geometry.index(chunk), ...)] = piece(chunk)

    try:
        if frame.n_chunks == 1:
            # Not copied: fresh memory takes longer to fill than many arrays to decode.
            return np.require(piece(0), header.dtype, ("C", "W"))
        out = np.empty(header.geometry.shape, header.dtype)
        for _ in in_threads(place, range(frame.n_chunks), threads):
            pass
    except MemoryError as error:
        raise LimitError(f"the array takes {header.n_bytes} bytes of memory") from error
    return out


def inspect(data: bytes | bytearray | memoryview, *, explain: bool = False) -> Information:
    """Tell what a stream holds, without decoding it.

    Parameters
    ----------
    data : bytes-like
        What `compress` returned.
    explain : bool, optional
        Also tell which plans the search judges for this array, and at what cost: the array is
        decoded and searched again at its level. Not for streams that need a model.

    Returns
    -------
    Information
        Shape, dtype, level, bits per sample, the chunks and their plans; printable.

    Raises
    ------
    FormatError, CorruptError
        As `decompress`; every checksum is verified.
    """
    view = as_bytes(data)
    with only_our_errors():
        if is_log(view):
            if explain:
                raise FormatError("the search is explained for what `compress` returned, not files")
            return describe_file(view)
        frame = unpack(view)
        header = read_header(frame.header)
        _check_whole(header, frame)
        if not explain:
            return describe_stream(frame, header)
        needed(header.fingerprint, None)
        array = _decoded(frame, header, None, check_threads(None))
        return describe_stream(frame, header, array)


def fit(sample: ArrayLike | Iterable[NDArray[Any]] | Summary, *, level: int = 5) -> Model:
    """Learn a model that many similar arrays can be coded with, as with a zstd dictionary.

    Parameters
    ----------
    sample : array_like, iterable of numpy.ndarray, or Summary
        A typical array, of the dtype that the model will be used for; of one with more than 2**20
        samples, parts from all over it. For small messages better a list, tuple or iterator of
        them, of any shapes: what codes them one by one in the fewest bytes is the model. From eight
        of one shape and one scalar field, of up to 8192 samples each, it also learns what messages
        of that shape start from; it keeps up to 65,536 of their samples for that, which whoever has
        the model can read. A `Summary` is such a sample of arrays in many places.
    level : int, optional
        As for `compress`. From 5 on, most plans learn from the array itself while they code; for
        arrays of some hundred samples, the tables that 3 and 4 learn can save more. From several
        arrays, these are tried as well.

    Returns
    -------
    Model
        For ``compress(array, model=...)`` and ``decompress(data, model=...)``, whatever the shape
        of the array, and for `Model.compress_many`. What is built of it, such as tables, is kept
        beside it while it exists.

    Raises
    ------
    TypeError, ValueError
        As `compress`; also if the sample is empty, or its arrays are of several dtypes.
    """
    level = check_level(level)
    arrays = sample.arrays() if isinstance(sample, Summary) else _arrays_of(sample)
    if not (full := [_in_memory_order(array)[0] for array in arrays if array.size]):
        raise ValueError(f"cannot fit a model to empty arrays (the first {arrays[0].shape})")
    return learn_from_many(full, level)


def _arrays_of(sample: ArrayLike | Iterable[NDArray[Any]]) -> list[NDArray[Any]]:
    """List the arrays of a sample of several, or the one array that it is."""
    listed = list(sample) if isinstance(sample, list | tuple | Iterator) else []
    if not listed or not all(isinstance(one, np.ndarray) for one in listed):
        if isinstance(sample, Iterator) and listed:
            raise TypeError("sample must be an array or an iterable of arrays")
        return [as_array([] if isinstance(sample, Iterator) else sample)]  # type: ignore[arg-type]
    arrays = [as_array(one) for one in listed]
    if len({array.dtype for array in arrays}) > 1:
        dtypes = ", ".join(sorted({str(array.dtype) for array in arrays}))
        raise TypeError(f"a model is for one dtype, the arrays of the sample are {dtypes}")
    return arrays


def _check_whole(header: Header, frame: Frame) -> None:
    if header.geometry.n_chunks != frame.n_chunks:
        raise CorruptError(
            f"the stream has {frame.n_chunks} chunks where its header describes "
            f"{header.geometry.n_chunks}"
        )
