"""Decoding into an array, progress, and work that is ended early."""

from __future__ import annotations

import _thread
import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import compress
from compress import work
from compress.prediction import causal, counts
from tests.strategies import same

Array = NDArray[Any]
ARRAY = np.cumsum(np.random.default_rng(0).integers(-3, 5, 6000)).astype(np.int32).reshape(60, 100)


@pytest.fixture
def chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut arrays into chunks of a thousand samples."""
    monkeypatch.setattr("compress.pipeline.header.CHUNK_SAMPLES", 1000)


def of_file(array: Array) -> bytes:
    """Write an array as a file in memory."""
    out = io.BytesIO()
    with compress.Writer(out, level=1, chunks=(17, 100)) as writer:
        writer.append(array)
    return out.getvalue()


def streams() -> Iterator[tuple[str, bytes]]:
    """Give the array as a stream, in Fortran order too, and as a file."""
    yield "stream", compress.compress(ARRAY, level=1)
    yield "Fortran", compress.compress(np.asfortranarray(ARRAY), level=1)
    yield "file", of_file(ARRAY)


@pytest.mark.usefixtures("chunked")
def test_out_takes_any_layout() -> None:
    """Contiguous or not; what lies between its elements is left alone, and it is returned."""
    for name, data in streams():
        for make in (
            lambda: np.zeros((60, 100), np.int32),
            lambda: np.zeros((60, 100), np.int32, order="F"),
            lambda: np.full((120, 300), 7, np.int32)[::2, 100:200],
            lambda: np.zeros((100, 60), np.int32).T[::-1],
        ):
            out = make()
            assert compress.decompress(data, out=out) is out, name
            assert np.array_equal(out, ARRAY), name
            if out.base is not None and out.base.shape == (120, 300):
                out[...] = 7
                assert (out.base == 7).all()


@pytest.mark.parametrize("shape", [(), (1,), (0, 3)])
def test_out_of_few_elements(shape: tuple[int, ...]) -> None:
    """No axes, one element, none."""
    array = np.full(shape, 2.5)
    out = np.zeros(shape)
    assert compress.decompress(compress.compress(array), out=out) is out
    assert same(out, array)


def test_an_unsuitable_out_is_not_written_to() -> None:
    """Another shape, dtype or byte order, read-only, broadcast, the data themselves, no array."""
    for _, data in streams():
        read_only = np.zeros((60, 100), np.int32)
        read_only.flags.writeable = False
        strides = np.lib.stride_tricks.as_strided(np.zeros(100, np.int32), (60, 100), (0, 4))
        own = np.zeros(60 * 100 * 4 + len(data), np.uint8)
        own[: len(data)] = np.frombuffer(data, np.uint8)
        shared = own[: 60 * 100 * 4].view(np.int32).reshape(60, 100)
        for out, error in (
            (np.zeros((100, 60), np.int32), ValueError),
            (np.zeros((60, 100), np.uint32), TypeError),
            (np.zeros((60, 100), ">i4"), TypeError),
            (read_only, ValueError),
            (strides, ValueError),
            (np.ma.zeros((60, 100), np.int32), TypeError),
        ):
            before = np.array(out).copy()
            with pytest.raises(error, match="out"):
                compress.decompress(data, out=out)
            assert np.array_equal(np.array(out), before)
        with pytest.raises(ValueError, match="shares memory"):
            compress.decompress(own[: len(data)], out=shared)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="bytearray"):
            compress.decompress(data, out=bytearray(24000))  # type: ignore[arg-type]


def test_damage_is_an_error_with_out_too() -> None:
    """Whatever is in the array by then."""
    data = bytearray(compress.compress(ARRAY, level=1))
    data[-20] ^= 1
    with pytest.raises(compress.CorruptError):
        compress.decompress(data, out=np.zeros((60, 100), np.int32))


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("threads", [1, 3])
def test_progress_rises_to_the_whole(threads: int) -> None:
    """In bytes of the array, chunk by chunk, in the calling thread."""
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append((done, total))

    calls: list[Callable[[], object]] = [
        lambda: compress.compress(ARRAY, level=1, threads=threads, progress=tell),
        lambda: compress.compress(ARRAY, level=1, threads=threads, progress=tell, verify=True),
        *(
            lambda data=data: compress.decompress(data, threads=threads, progress=tell)  # type: ignore[misc]
            for _, data in streams()
        ),
    ]
    for call in calls:
        told.clear()
        call()
        dones, totals = zip(*told, strict=True)
        assert len(told) >= 4
        assert len(set(totals)) == 1
        assert dones[0] == 0
        assert dones[-1] == totals[0] >= ARRAY.nbytes
        assert list(dones) == sorted(dones)


class _Enough(Exception):  # noqa: N818 - as a caller might call it
    pass


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("error", [_Enough, ValueError, KeyboardInterrupt, compress.CorruptError])
def test_what_a_callback_raises_ends_the_work(error: type[BaseException], threads: int) -> None:
    """And reaches the caller as it is, from both directions."""

    def stop(done: int, total: int) -> None:
        if done > total // 3:
            raise error("enough")

    with pytest.raises(error, match=r"^enough$"):
        compress.compress(ARRAY, level=1, threads=threads, progress=stop)
    for _, data in streams():
        with pytest.raises(error, match=r"^enough$"):
            compress.decompress(data, threads=threads, progress=stop)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_does_not_wait_for_the_work(threads: int) -> None:
    """The main thread is interrupted while others work, and these end at their next look."""
    begun, ended = threading.Semaphore(0), threading.Semaphore(0)
    released = threading.Event()

    def busy(_: int) -> None:
        begun.release()
        released.wait(60)
        try:
            work.check()
        finally:
            ended.release()

    def interrupt() -> None:
        # All that run side by side, for what has not begun never will.
        for _ in range(threads):
            begun.acquire(timeout=60)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        list(work.in_threads(busy, range(8), threads))
    released.set()
    for _ in range(threads):
        assert ended.acquire(timeout=60)
    # Nothing of what was left is begun.
    assert not ended.acquire(timeout=0.2)
    assert threading.active_count() <= before + threads


@pytest.mark.parametrize("model", [causal, counts], ids=["causal", "counts"])
def test_kernels_look_at_the_flag(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that is told to stop does: nothing is decoded, and the thread ends."""
    plane = np.random.default_rng(0).integers(0, 9, 3000)
    parameters = model.propose(plane, 5)
    data = memoryview(model.encode(plane, parameters))
    assert np.array_equal(model.decode(data, plane.shape, parameters), plane)
    monkeypatch.setattr(work, "_NEVER", np.ones(1, np.uint8))
    for call in (
        lambda: model.decode(data, plane.shape, parameters),
        lambda: model.encode(plane, parameters),
    ):
        with pytest.raises(work.StoppedError):
            call()
    # What there is without a look at the flag behind the kernel is not the plane.
    for module in (causal.coding, counts):
        monkeypatch.setattr(module, "check", lambda: None)
    with pytest.raises(compress.CorruptError):
        model.decode(data, plane.shape, parameters)


def test_the_first_error_is_that_of_the_first_item() -> None:
    """However many threads there are; what comes after it is not begun."""
    seen: list[int] = []

    def fail(i: int) -> int:
        seen.append(i)
        time.sleep(0.01 * (7 - i))
        if i >= 2:
            raise ValueError(str(i))
        return i

    for threads in (1, 2, 4):
        seen.clear()
        with pytest.raises(ValueError, match=r"^2$"):
            list(work.in_threads(fail, range(8), threads))
        assert max(seen) < 7
