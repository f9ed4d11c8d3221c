"""Messages of few samples, each coded alone, that start from what others have taught.

What is learned is a pure function of the sample that the model keeps: the kernel codes its messages
one after another and throws the words away. So nothing learned is stored, rounded or believed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compress.coders.messages import fill_words, push_message, words_in
from compress.errors import CorruptError
from compress.kernels import kernel
from compress.prediction.causal.coding import tables_of
from compress.prediction.causal.format import MAX_DECISIONS, Settings
from compress.prediction.causal.kernel import run
from compress.prediction.causal.recipes import Recipe
from compress.prediction.causal.state import STATE, State, new_state
from compress.prediction.common.cells import cells_of
from compress.prediction.common.copying import copy_2, copy_3
from compress.prediction.common.scan import Scan
from compress.work import flag

__all__ = ["Learned", "decode", "encode", "learn"]

Floats = npt.NDArray[np.float64]
Planes = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

# Up to so many samples what changes slowly is left as it was learned: copying it, and teaching it,
# takes longer than it saves (messages of 64 samples lose less than 0.1 % by it).
FROZEN = 512
# Cells of the contexts are copied for each message: at most 2 MiB.
_CELLS = 1 << 16

_run: Any = run
# Without contexts: what the kernel takes between samples and intervals, and what was learned.
_TABLES = (
    "const(i8[::1]), i8, i8, i8, const(i8[:, :, ::1]), const(i8[:, ::1]), const(i8[:, ::1]), i8, "
    "const(i8[::1]), const(f8[::1]), const(f8[::1]), Settings(f8, f8, i8, f8, f8, f8, f8, b1), "
    "None, const(f8[::1]), const(f8[::1]), const(f8[::1])"
)
_LEARNED = f"{STATE}, const(f8[:, ::1])"


class Learned(NamedTuple):
    """What messages start from.

    Attributes
    ----------
    recipe : Recipe
    scan : Scan
    largest : int
        Of the samples, which begin at 0.
    state : State
    openings : float64 array
        See `compress.prediction.causal.kernel.run`.
    """

    recipe: Recipe
    scan: Scan
    largest: int
    state: State
    openings: Floats


def learn(planes: Planes, scan: Scan, recipe: Recipe, largest: int) -> Learned:
    """Learn from messages.

    Parameters
    ----------
    planes : ndarray of int64, shape (n, ...)
        In scan order, from 0 to ``largest``.
    scan : Scan
        Of one message.
    recipe : Recipe
    largest : int

    Returns
    -------
    Learned
    """
    shape = planes.shape[1:]
    tables = tables_of(shape, scan, recipe, largest)
    states, stride = scan.states(shape)
    bits = cells_of(min(planes.size, _CELLS))
    state = new_state(recipe, states, max(recipe.orders), scan.grid, bits)
    learned = Learned(recipe, scan, largest, state, _openings(planes, scan, states, stride))
    for plane in planes:
        _intervals(plane.reshape(-1), tables, learned)
    return learned


def _openings(planes: Planes, scan: Scan, states: int, stride: int) -> Floats:
    """Say how messages begin, channel by channel: by integers, so that all machines agree."""
    flat = planes.reshape(len(planes), -1)
    axes = [axis for axis in range(len(scan.axes)) if axis != scan.channel]
    step = int(np.prod(planes.shape[2 + axes[-1] :], dtype=np.int64)) if axes else 0
    found = np.zeros((states, 3))
    for channel in range(states):
        first = flat[:, channel * stride]
        expected = int(np.sort(first)[len(first) // 2])
        off = sum(abs(int(value) - expected) for value in first)
        behind = min(channel * stride + step, flat.shape[1] - 1)
        apart = sum(abs(int(b) - int(a)) for a, b in zip(first, flat[:, behind], strict=True))
        found[channel] = expected, float(off) / len(first), float(apart) / len(first)
    return found


def _intervals(flat: Planes, tables: tuple[Any, ...], learned: Learned) -> Any:
    """Record the intervals of a message and learn from it."""
    room = flat.size * MAX_DECISIONS // 8 + 2 * MAX_DECISIONS
    none = np.zeros(0, np.uint8)
    spare = np.zeros(1, np.uint32)
    starts, masses = np.empty(room, np.uint32), np.empty(room, np.uint32)
    ends = np.empty(flat.size, np.int64)
    recorded, _ = _run(
        flat.size, flat, np.zeros_like(flat), none, *tables, starts, masses, ends, spare,
        *learned.state, learned.openings, False, flag(),
    )  # fmt: skip
    return starts, masses, recorded


def encode(planes: Planes, learned: Learned) -> tuple[Bytes, npt.NDArray[np.int64]]:
    """Code messages.

    Parameters
    ----------
    planes : ndarray of int64, shape (n, ...)
        In scan order; those beyond 0 and ``largest`` are not coded.
    learned : Learned

    Returns
    -------
    data : ndarray of uint8
        Of all messages, one behind the other.
    lengths : ndarray of int64, shape (n,)
        Of each; -1 where it cannot be coded.
    """
    flat = planes.reshape(len(planes), -1)
    tables = tables_of(planes.shape[1:], learned.scan, learned.recipe, learned.largest)
    lengths = np.full(len(flat), -1, np.int64)
    out = np.zeros(flat.size * 9 + 16 * len(flat) + 64, np.uint8)
    if not learned.recipe.contexts:
        frozen = flat.shape[1] <= FROZEN
        used = _encode_all(flat, *tables, *learned.state, learned.openings, frozen, out, lengths)
        return out[:used], lengths
    used = 0
    for i, plane in enumerate(flat):
        if plane.min() >= 0 and plane.max() <= learned.largest:
            starts, masses, recorded = _intervals(
                plane, tables, learned._replace(state=learned.state.copied())
            )
            if recorded >= 0:
                words = np.empty(recorded + 3, np.uint32)
                lengths[i] = push_one(starts, masses, recorded, words, out, used)
                used += max(int(lengths[i]), 0)
    return out[:used], lengths


def decode(
    data: Bytes, lengths: npt.NDArray[np.int64], shape: tuple[int, ...], learned: Learned
) -> Planes:
    """Return the messages that `encode` coded, all of which it could code.

    Raises
    ------
    CorruptError
        If the bytes of one do not end with its last sample.
    """
    tables = tables_of(shape, learned.scan, learned.recipe, learned.largest)
    planes = np.zeros((len(lengths), *shape), np.int64)
    flat = planes.reshape(len(lengths), -1)
    good = True
    if not learned.recipe.contexts:
        frozen = flat.shape[1] <= FROZEN
        good = bool(
            _decode_all(flat, *tables, *learned.state, learned.openings, frozen, data, lengths)
        )
    else:
        none, ends = np.zeros(0, np.uint8), np.empty(flat.shape[1], np.int64)
        scratch = np.empty(MAX_DECISIONS, np.uint32)
        begin_at = 0
        for plane, length in zip(flat, lengths, strict=True):
            words = np.empty(words_in_message(int(length)), np.uint32)
            fill_one(data, begin_at, int(length), words)
            begin_at += int(length)
            recorded, _ = _run(
                0, plane.copy(), plane, none, *tables, scratch, scratch.copy(), ends, words,
                *learned.state.copied(), learned.openings, False, flag(),
            )  # fmt: skip
            good = good and recorded >= 0
    if not good:
        raise CorruptError("the bytes of a message are not those of its samples")
    return planes


@kernel("i8(const(u4[::1]), const(u4[::1]), i8, u4[::1], u1[::1], i8)")
def push_one(starts: Any, masses: Any, count: int, words: Any, out: Bytes, begin: int) -> int:
    """Write a message; see `compress.coders.messages.push_message`."""
    if count > min(len(starts), len(masses), len(words) - 3) or begin < 0:
        return -1
    written: int = push_message(starts, masses, count, words, out, begin)
    return written


@kernel("i8(i8)")
def words_in_message(length: int) -> int:
    """Return the words of a message; see `compress.coders.messages.words_in`."""
    n_words: int = words_in(length)
    return n_words


@kernel("void(const(u1[::1]), i8, i8, u4[::1])")
def fill_one(data: Bytes, begin: int, length: int, words: Any) -> None:
    """Fill in the words of a message; see `compress.coders.messages.fill_words`."""
    if begin < 0 or length < 0 or begin + length > len(data) or len(words) < words_in(length):
        raise ValueError("no message")
    fill_words(data, begin, length, words)


@kernel(f"i8(i8[:, ::1], {_TABLES}, {_LEARNED}, b1, u1[::1], i8[::1])",
        error_model="numpy")  # fmt: skip
def _encode_all(  # type: ignore[no-untyped-def]
    planes, shape, largest, stride, states, offsets, jumps, margin, grid, orders, forgetting,
    closeness, settings: Settings, contexts, squashes, stretches, rings, inverse, weights,
    inverse_stack, weights_stack, residues, warp, kept, scales, counts, mix_octave, mix_node,
    refine_signs, refine_phase, mix_cells, trust_cells, cells, openings, frozen, out, lengths,
):  # fmt: skip
    """Code messages one by one; see `encode`."""
    n = planes.shape[1]
    room = n * (MAX_DECISIONS // 8) + 2 * MAX_DECISIONS
    starts, masses = np.empty(room, np.uint32), np.empty(room, np.uint32)
    words = np.empty(room + 3, np.uint32)
    ends, past, none = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(0, np.uint8)
    # Messages are short: what interrupts them waits for the end.
    spare, never = np.zeros(1, np.uint32), np.zeros(1, np.uint8)
    s0, s1, s2, s3 = inverse.copy(), weights.copy(), inverse_stack.copy(), weights_stack.copy()
    s4, s5, s6 = residues.copy(), warp.copy(), kept.copy()
    s7, s8, s9 = scales, counts, mix_octave
    s10, s11, s12 = mix_node, refine_signs, refine_phase
    if not frozen:
        s7, s8, s9 = scales.copy(), counts.copy(), mix_octave.copy()
        s10, s11, s12 = mix_node.copy(), refine_signs.copy(), refine_phase.copy()
    used = 0
    for i in range(len(planes)):
        inside = True
        for k in range(n):
            if planes[i, k] < 0 or planes[i, k] > largest:
                inside = False
        lengths[i] = -1
        if inside:
            copy_3(s0, inverse)
            copy_2(s1, weights)
            copy_3(s2, inverse_stack)
            copy_2(s3, weights_stack)
            copy_2(s4, residues)
            copy_2(s5, warp)
            copy_2(s6, kept)
            if not frozen:
                copy_2(s7, scales)
                copy_2(s8, counts)
                copy_2(s9, mix_octave)
                copy_2(s10, mix_node)
                copy_2(s11, refine_signs)
                copy_2(s12, refine_phase)
            past[:] = 0
            recorded, _ = run(
                n, planes[i], past, none, shape, largest, stride, states, offsets, jumps, margin,
                grid, orders, forgetting, closeness, settings, contexts, squashes, stretches, rings,
                starts, masses, ends, spare, s0, s1, s2, s3, s4, s5, s6,
                s7, s8, s9, s10, s11, s12, mix_cells, trust_cells, cells, openings, frozen, never,
            )  # fmt: skip
            if recorded >= 0:
                lengths[i] = push_message(starts, masses, recorded, words, out, used)
                used += max(lengths[i], 0)
    return used


@kernel(f"b1(i8[:, ::1], {_TABLES}, {_LEARNED}, b1, const(u1[::1]), const(i8[::1]))",
        error_model="numpy")  # fmt: skip
def _decode_all(  # type: ignore[no-untyped-def]
    planes, shape, largest, stride, states, offsets, jumps, margin, grid, orders, forgetting,
    closeness, settings: Settings, contexts, squashes, stretches, rings, inverse, weights,
    inverse_stack, weights_stack, residues, warp, kept, scales, counts, mix_octave, mix_node,
    refine_signs, refine_phase, mix_cells, trust_cells, cells, openings, frozen, data, lengths,
):  # fmt: skip
    """Decode messages one by one; see `decode`."""
    n = planes.shape[1]
    starts, masses = np.empty(MAX_DECISIONS, np.uint32), np.empty(MAX_DECISIONS, np.uint32)
    ends, none, flat = np.empty(n, np.int64), np.zeros(0, np.uint8), np.zeros(n, np.int64)
    never = np.zeros(1, np.uint8)
    s0, s1, s2, s3 = inverse.copy(), weights.copy(), inverse_stack.copy(), weights_stack.copy()
    s4, s5, s6 = residues.copy(), warp.copy(), kept.copy()
    s7, s8, s9 = scales, counts, mix_octave
    s10, s11, s12 = mix_node, refine_signs, refine_phase
    if not frozen:
        s7, s8, s9 = scales.copy(), counts.copy(), mix_octave.copy()
        s10, s11, s12 = mix_node.copy(), refine_signs.copy(), refine_phase.copy()
    begin = 0
    good = True
    for i in range(len(planes)):
        length = lengths[i]
        if length < 0 or begin + length > len(data):
            return False
        words = np.empty(words_in(length), np.uint32)
        fill_words(data, begin, length, words)
        begin += length
        copy_3(s0, inverse)
        copy_2(s1, weights)
        copy_3(s2, inverse_stack)
        copy_2(s3, weights_stack)
        copy_2(s4, residues)
        copy_2(s5, warp)
        copy_2(s6, kept)
        if not frozen:
            copy_2(s7, scales)
            copy_2(s8, counts)
            copy_2(s9, mix_octave)
            copy_2(s10, mix_node)
            copy_2(s11, refine_signs)
            copy_2(s12, refine_phase)
        recorded, _ = run(
            0, flat, planes[i], none, shape, largest, stride, states, offsets, jumps, margin,
            grid, orders, forgetting, closeness, settings, contexts, squashes, stretches, rings,
            starts, masses, ends, words, s0, s1, s2, s3, s4, s5, s6,
            s7, s8, s9, s10, s11, s12, mix_cells, trust_cells, cells, openings, frozen, never,
        )  # fmt: skip
        good = good and recorded >= 0
    return good
