"""The public functions: arrays to bytes and back. See `compress` for the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compress.arguments import (
    as_array,
    as_bytes,
    check_bound,
    check_is_array,
    check_is_model,
    check_level,
    check_max_bytes,
    check_out,
    check_progress,
    check_threads,
    needed,
    only_our_errors,
)
from compress.bounds import ErrorBound
from compress.container import Frame, is_log, unpack
from compress.encoding import Settings, encode, in_memory_order
from compress.errors import CorruptError, FormatError, LimitError
from compress.inspection import Information, describe_file, describe_stream
from compress.pipeline.chunk import decode_chunk
from compress.pipeline.header import Header, open_budget, read_header
from compress.pipeline.model import Model
from compress.pipeline.summary import Summary
from compress.pipeline.trained import learn_from_many
from compress.store import open_whole
from compress.work import Progress, check, counted, in_threads, is_brief, passed_on

__all__ = ["compress", "decompress", "fit", "inspect"]


def compress(
    array: ArrayLike,
    *,
    level: int = 5,
    max_error: float | ErrorBound | None = None,
    model: Model | None = None,
    threads: int | None = None,
    verify: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> bytes:
    """Compress a numeric array.

    Parameters
    ----------
    array : array_like
        Any shape and memory order; bool, integers, floats, complex, datetime64, timedelta64,
        fixed-length bytes, strings and raw void (``S``, ``U``, ``V``), structured dtypes of those,
        either byte order; bfloat16 and float8 of ``ml_dtypes``.
    level : int, optional
        1 (fast) to 9 (smallest); 5 by default.
    max_error : float or ErrorBound, optional
        Every finite sample may come back changed by at most this much (in the array's units; for
        complex dtypes real and imaginary part each). NaN, infinities and -0.0 come back as they
        were. Lossless without it, or with 0. An `ErrorBound` states the bound in another way, such
        as ``ErrorBound.relative(1e-3)``, and has the result decoded and checked.
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
    progress : callable, optional
        Called as ``progress(done, total)`` in the calling thread: at the beginning, and with each
        chunk that is done. Both are bytes of the array, which count twice where the result is
        decoded too (`verify`, or an `ErrorBound`; for a PSNR, it may begin anew). What it raises
        ends the work and goes on to the caller.

    Returns
    -------
    bytes
        The same whatever the number of threads.

    Raises
    ------
    TypeError
        If the dtype is none of the above (objects), or an argument of another type than it says.
    ValueError
        If an argument is out of its range, or the model is for another dtype.
    VerificationError
        If the array would not come back: a fault of this library.
    LimitError
        If `verify` needs more memory than there is.

    Notes
    -----
    An interrupt from the keyboard raises KeyboardInterrupt within half a second, whatever the size
    of the array. So does one while `decompress` runs.

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
    bound = check_bound(max_error)
    threads = check_threads(threads)
    check_is_model(model)
    check_progress(progress)
    if not isinstance(verify, bool | np.bool_):
        raise TypeError(f"verify must be True or False, not {verify!r}")
    if model is not None and model.dtype != array.dtype:
        raise ValueError(f"the model is for {model.dtype} arrays, the array is {array.dtype}")

    def decode(data: bytes) -> NDArray[Any]:
        return decompress(data, model=model, threads=threads)

    settings = Settings(level, bound, model, threads, bool(verify), progress)
    return encode(array, settings, decode)


def decompress(
    data: bytes | bytearray | memoryview,
    *,
    model: Model | None = None,
    threads: int | None = None,
    max_bytes: int | None = None,
    out: NDArray[Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
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
    out : numpy.ndarray, optional
        An array of that shape and dtype to decode into, contiguous or not. It is returned. If
        anything is raised after it was found to be suitable, what it holds is unspecified.
    progress : callable, optional
        Called as ``progress(done, total)``, in bytes of the array, as by `compress`.

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
    TypeError, ValueError
        If an argument is not what it should be. If `out` is not, it was not written to.

    Notes
    -----
    Whatever the bytes, decoding takes at most about 10 microseconds for each byte of the array and
    a second: what would take longer is refused as damaged before it begins.
    """
    view = as_bytes(data)
    threads = check_threads(threads)
    max_bytes = check_max_bytes(max_bytes)
    check_is_model(model)
    check_progress(progress)
    check_is_array(out)
    if is_log(view):
        return _of_file(view, model, threads, max_bytes, out, progress)
    with only_our_errors():
        frame = unpack(view)
        header = read_header(frame.header)
        _check_whole(header, frame)
        model = needed(header.fingerprint, model)
        if max_bytes is not None and header.n_bytes > max_bytes:
            raise LimitError(
                f"the array takes {header.n_bytes} bytes, more than max_bytes={max_bytes} allows"
            )
    check_out(out, header.dtype, header.shape, view)
    target = out.T if out is not None and header.fortran else out
    with passed_on(progress) as told, only_our_errors():
        found = _decoded(frame, header, model, threads, max_bytes, target, told)
    if out is not None:
        return out
    return found.T if header.fortran else found


def _of_file(
    view: memoryview,
    model: Model | None,
    threads: int,
    max_bytes: int | None,
    out: NDArray[Any] | None,
    progress: Progress | None,
) -> NDArray[Any]:
    """Decode the bytes of a file."""
    with only_our_errors():
        whole = open_whole(view, model, threads, max_bytes)
    check_out(out, whole.dtype, whole.shape, view)
    with passed_on(progress) as told, only_our_errors():
        return whole.decoded(out, told)


def _decoded(
    frame: Frame,
    header: Header,
    model: Model | None,
    threads: int,
    max_bytes: int | None = None,
    out: NDArray[Any] | None = None,
    progress: Progress | None = None,
) -> NDArray[Any]:
    """Decode all chunks into one array, in the order of its chunks."""
    threads, budget = open_budget(header.dtype, header.geometry, threads, max_bytes)
    chunks = range(frame.n_chunks)
    brief = is_brief(header.n_bytes, header.level, coding=False)
    add = counted(progress, header.n_bytes)

    def piece(chunk: int) -> NDArray[Any]:
        shape = header.geometry.chunk_shape(chunk)
        return decode_chunk(frame.chunk(chunk), shape, header.dtype, model, budget)

    def place(chunk: int) -> None:
        made = piece(chunk)
        check()
        into[(*header.geometry.index(chunk), ...)] = made

    def done(chunk: int) -> None:
        add(prod(header.geometry.chunk_shape(chunk)) * header.dtype.itemsize)

    try:
        if frame.n_chunks == 1 and out is None:
            # Not copied: fresh memory takes longer to fill than many arrays to decode.
            (whole,) = in_threads(piece, chunks, 1, each=done, brief=brief)
            return np.require(whole, header.dtype, ("C", "W"))
        into = np.ndarray(header.geometry.shape, header.dtype) if out is None else out
        for _ in in_threads(place, chunks, threads, each=done, brief=brief):
            pass
    except MemoryError as error:
        raise LimitError(f"the array takes {header.n_bytes} bytes of memory") from error
    return into


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
    if not (full := [in_memory_order(array)[0] for array in arrays if array.size]):
        raise ValueError(f"cannot fit a model to empty arrays (the first {arrays[0].shape})")
    brief = is_brief(sum(array.nbytes for array in full), level, coding=True)
    # In a thread of its own, as chunks are, so that it can be interrupted.
    (model,) = in_threads(lambda some: learn_from_many(some, level), [full], 1, brief=brief)
    return model


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
