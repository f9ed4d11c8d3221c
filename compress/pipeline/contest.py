"""Which plane model for a plane? Models compete by what they make of it, or of a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from compress.pipeline.estimate import plane_bits, sample_of
from compress.pipeline.tree import Leaf, write_node
from compress.prediction import causal, counts, static
from compress.prediction import raw as plain
from compress.prediction.model import Parameters, Plane
from compress.prediction.registry import MODELS

__all__ = ["MODELS_ACROSS_CHANNELS", "choose_model", "marked_model", "model_bytes"]

# From this level on there are models that see across channels, and models compete.
MODELS_ACROSS_CHANNELS = 3
# Adaptive models decode some times slower, so they must be smaller by this factor; counting loses
# more than others do where a trial is put together from blocks, so it wins close calls wrongly.
_RELUCTANCE = {causal.CODE: 1.005, counts.CODE: 1.02}
# Heats in which models compete, by the samples that they code: what learns while it codes needs
# many, and where time matters a short heat spares most models the long one. At other levels models
# are cheap to run once they are fitted, and are run on the whole.
_SHORT, _LONG, _LONGEST = 1 << 12, 1 << 15, 1 << 16
_HEATS = {5: (_SHORT, _LONG), 6: (_SHORT, _LONG), 7: (_LONGEST,), 8: (_LONGEST,), 9: (_LONGEST,)}
# By how much a model may be behind the best to enter the next heat.
_MOST_BEHIND = 1.25
# The slowest must be level with the best. It has a dear search, which short heats leave out and
# others do where a glance shows it far behind; where size is all that counts, very far.
_BEHIND = {counts.CODE: 1.0}
_GLANCES = {counts.CODE: counts.glance}
_FAR_BEHIND, _VERY_FAR_BEHIND = 1.1, 1.25
# Bytes that say nothing yet.
_EVEN = 16

# Bytes for all samples, the parameters, and what the model makes of the trial.
Contest = dict[int, tuple[float, Parameters, bytes]]


def choose_model(plane: Plane, level: int) -> tuple[Leaf, bytes | None]:
    """Choose the plane model; gives the coded plane too where the choice came by it.

    Parameters
    ----------
    plane : int64 array
    level : int

    Returns
    -------
    leaf : Leaf
    coded : bytes or None
    """
    if plane.size == 0:
        return Leaf(plain.CODE), None
    if level < MODELS_ACROSS_CHANNELS:
        return _by_estimate(plane, level), None
    codes: Iterable[int] = MODELS
    contest: Contest = {}
    trial = plane
    # This one looks at no more than a part of the plane itself.
    known = {causal.CODE: MODELS[causal.CODE].propose(plane, level)}
    heats = _HEATS.get(level, (plane.size,))
    for samples in heats:
        trial = sample_of(plane, samples)
        search = _searched(level) if trial is plane or samples == heats[-1] else 0.0
        contest = _heat(codes, trial, plane.size, level, known, search)
        even = min(size for size, *_ in contest.values()) + _EVEN * plane.size / trial.size
        codes = [c for c in contest if contest[c][0] <= even * _BEHIND.get(c, _MOST_BEHIND)]
        if len(codes) == 1:
            break
    for code in sorted(codes, key=lambda code: contest[code][0] * _RELUCTANCE.get(code, 1.0)):
        if trial is plane:
            _, parameters, coded = contest[code]
            return Leaf(code, parameters), coded
        proposed = known[code] if code in known else MODELS[code].propose(plane, level)
        if proposed is not None:
            return Leaf(code, proposed), None
    raise AssertionError("the plain model takes every plane")


def marked_model(plane: Plane, level: int) -> tuple[Leaf, bytes]:
    """Give the model that knows that the smallest samples are holes, and the coded plane."""
    parameters = causal.propose(plane, level, marked=True)
    if parameters is None:
        raise ValueError(f"level {level} has no model that knows holes")
    return Leaf(causal.CODE, parameters), causal.encode(plane, parameters)


def model_bytes(trial: Plane, total: int, level: int) -> float:
    """Bytes that the best model takes for ``total`` samples of which ``trial`` is a part."""
    return min(
        size for size, *_ in _heat(MODELS, trial, total, level, {}, _searched(level)).values()
    )


def _by_estimate(plane: Plane, level: int) -> Leaf:
    """Choose between one table and plain bits."""
    bits = plain.propose(plane, level)
    if bits[0] * plane.size <= plane_bits(plane):
        return Leaf(plain.CODE, bits)
    return Leaf(static.CODE, static.propose(plane, level) or ())


def _searched(level: int) -> float:
    return _VERY_FAR_BEHIND if level in _HEATS and len(_HEATS[level]) == 1 else _FAR_BEHIND


def _heat(
    codes: Iterable[int],
    trial: Plane,
    total: int,
    level: int,
    known: Mapping[int, Parameters | None],
    search: float,
) -> Contest:
    """Bytes that each model would take for ``total`` samples and its parameters, by its code.

    Parameters that are not known are what a model proposes for the trial, or picks at a glance
    where that is more than ``search`` times as large as the best.
    """
    contest: Contest = {}

    def enter(code: int, parameters: Parameters | None) -> None:
        if parameters is None:
            return
        coded = MODELS[code].encode(trial, parameters)
        size = len(coded) * total / trial.size + len(write_node(Leaf(code, parameters)))
        if code not in contest or size < contest[code][0]:
            contest[code] = size, parameters, coded

    for code in sorted(codes, key=lambda code: code == static.CODE):
        # Its table takes long to fit, and gains nothing where others reach what it could.
        least = min((size for size, *_ in contest.values()), default=np.inf)
        if code == static.CODE and least < plane_bits(trial, total) / 8:
            break
        if code in _GLANCES:
            enter(code, _GLANCES[code](trial, level))
            even = least * search + _EVEN * total / trial.size
            if search == 0.0 or (code in contest and contest[code][0] > even):
                continue
        enter(code, known[code] if code in known else MODELS[code].propose(trial, level))
    return contest
