"""What decoding a stream may take: time by the bytes that it declares, memory by a limit.

A few bytes can describe plans of any cost, and valid checksums do not make them honest. So the
demands of all steps and planes are known beforehand (`compress.prediction.demand`), and their sum
must stay within what honest streams need. Demands are constants of the format: no clock is read.
"""

from __future__ import annotations

from threading import Lock

from compress.errors import CorruptError, LimitError
from compress.pipeline.tree import Branch
from compress.prediction.demand import Demand
from compress.transforms import STEPS

__all__ = ["Budget", "may_be_written", "step_demand"]

# Nanoseconds for each byte of the array: the strongest model takes 6,400 to 8,000 a sample.
_NS_A_BYTE = 10_000.0
# And for the stream as a whole: tables and what models learn with, however few the samples.
_NS_A_STREAM = 6e8
# What encoders keep to, with room for other chunks: of a chunk, by its bytes and whatever its size.
_NS_A_BYTE_WRITTEN, _NS_A_CHUNK_WRITTEN = 9_000.0, 1e8
# Of a chunk, and of each of its fields, beside the steps and planes.
_NS_A_CHUNK, _NS_A_FIELD = 6e4, 1e4
# Steps take up to ten times as long as on what they were written for.
_SLOWER, _NS_A_SAMPLE, _NS_A_STEP = 10.0, 20.0, 2e4


class Budget:
    """What is left of the time and memory of one stream; threads may share it.

    Parameters
    ----------
    n_bytes : int
        Of the array that the stream declares.
    memory : int, optional
        Bytes that decoding one chunk may hold at one time; no limit without it.
    """

    def __init__(self, n_bytes: int, memory: int | None = None) -> None:
        self._allowed = _NS_A_BYTE * n_bytes + _NS_A_STREAM
        self._spent = 0.0
        self._memory = memory
        self._lock = Lock()

    def spend(self, ns: float) -> None:
        """Take so many nanoseconds.

        Raises
        ------
        CorruptError
            If fewer are left.
        """
        with self._lock:
            self._spent += ns
            if not self._spent <= self._allowed:
                raise CorruptError(
                    f"decoding would take {self._spent / 1e9:.1f} seconds or more, as no array of "
                    "this size does"
                )

    def open_chunks(self, chunks: int, fields: int) -> None:
        """Take what so many chunks cost whatever is in them; raises `CorruptError` as `spend`."""
        self.spend(chunks * (_NS_A_CHUNK + fields * _NS_A_FIELD))

    def hold(self, n_bytes: int) -> None:
        """Check that so many bytes may be held at one time.

        Raises
        ------
        LimitError
            If they may not.
        """
        if self._memory is not None and n_bytes > self._memory:
            raise LimitError(
                f"decoding takes {n_bytes} bytes of memory or more, of which max_bytes allows "
                f"{self._memory}"
            )


def step_demand(node: Branch, samples: int) -> Demand:
    """Say what undoing a step takes, without its children and what it reads of them."""
    step = STEPS.get(node.step)
    if step is None:
        raise CorruptError(f"the plan names the transform {node.step}, which does not exist")
    ns = _NS_A_STEP + (_SLOWER * step.TRAITS.decode_ns + _NS_A_SAMPLE) * samples
    return Demand(ns, step.TRAITS.held_bytes * samples)


def may_be_written(ns: float, n_bytes: int) -> bool:
    """Whether a chunk of an array may take so many nanoseconds, for the encoder."""
    return ns <= _NS_A_BYTE_WRITTEN * n_bytes + _NS_A_CHUNK_WRITTEN
