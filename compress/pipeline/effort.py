"""What a level means to the search: one row a level, and nowhere else."""

from __future__ import annotations

from typing import NamedTuple, cast

from compress.prediction import (
    causal,
    classes,
    coefficients,
    counts,
    linear,
    raw,
    static,
    wavefront,
)
from compress.prediction.model import PlaneModel

__all__ = ["EFFORT", "Effort", "Fit"]


class Fit(NamedTuple):
    """A plane model, the level that its fit takes for its own, and samples that repay the fit."""

    model: PlaneModel
    level: int
    least: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from others: the code of the model, and the level."""
        return self.model.CODE, self.level


class Effort(NamedTuple):
    """How far the search goes, and what time costs it.

    Attributes
    ----------
    sample : int
        Samples of a field on which chains of steps are estimated.
    beam : int
        Chains that are tried by coding.
    visits : int
        Planes behind a first step for which further steps are looked for.
    trials : tuple of int
        Samples on which chains are judged by coding, round by round; none where estimates decide.
    rounds : tuple of int
        Samples on which plane models are coded, round by round.
    slack : float
        A candidate enters the next round if it costs at most ``1 + slack / sqrt(samples)`` times
        the least: what learns while it codes is judged too dear on few samples.
    search_ns : float
        Steps whose search takes longer, in nanoseconds a sample, are passed over.
    decode_price, encode_price : float
        Bits that a nanosecond is worth.
    lower : int
        Samples of a field without rows and columns up to which the level below is tried in full.
    fits : tuple of Fit
        Plane models that take part.
    judges : tuple of Fit
        Those by which chains are judged on parts: few and quick.
    """

    sample: int
    beam: int
    visits: int
    trials: tuple[int, ...]
    rounds: tuple[int, ...]
    slack: float
    search_ns: float
    decode_price: float
    encode_price: float
    lower: int
    fits: tuple[Fit, ...]
    judges: tuple[Fit, ...]

    def within(self, samples: int, depth: int) -> Effort:
        """Return the effort for a field, or behind a step for whole planes: in proportion.

        What a thousand samples can save is some hundred bytes, which a second would not be worth.
        """
        if depth > 0:
            return self._replace(beam=1, visits=min(self.visits // 8, samples >> 10))
        beam = min(self.beam, 2 + (samples >> 10))
        return self._replace(beam=beam, visits=min(self.visits, 2 + (samples >> 9)))

    @property
    def knows_holes(self) -> bool:
        """Whether some plane model takes planes whose holes are marked."""
        return any(fit.model.KNOWS_HOLES for fit in self.fits)

    @property
    def beyond_estimates(self) -> bool:
        """Whether models judge chains that estimates, which are of static tables, know not of."""
        return self.judges != _ONE


# A fit of classes takes a tenth of a second, however few samples there are.
_REPAID = 1 << 13
# A fit of a wavefront takes some milliseconds.
_LEAST = 1 << 12


def _fits(*models: tuple[object, int] | tuple[object, int, int]) -> tuple[Fit, ...]:
    return tuple(Fit(cast(PlaneModel, module), *rest) for module, *rest in models)


_ONE = _fits((static, 1), (raw, 1))
_TWO = _fits((wavefront, 2, _LEAST), (linear, 2), (static, 1), (raw, 1))
_THREE = _fits((wavefront, 3), (classes, 3, _REPAID), (linear, 3), (static, 3), (raw, 1))
# Levels keep their order: what level 3 codes by takes part.
_FOUR = _fits(
    (wavefront, 4), (classes, 4, _REPAID), (classes, 3, _REPAID), (linear, 4), (static, 3), (raw, 1)
)
# What levels 3 and 4 code by takes part, for what is noise does not repay learning.
_LEARNED = (wavefront, 3, _REPAID), (classes, 3, _REPAID), (linear, 4, _REPAID)
_FIVE = _fits((causal, 5), (counts, 5), *_LEARNED, (static, 3), (raw, 1))
_SIX = _fits(
    (coefficients, 5), (causal, 6), (causal, 5), (counts, 5), *_LEARNED, (static, 3), (raw, 1)
)
_SEVEN = _fits(
    (coefficients, 5), (causal, 7), (causal, 5), (counts, 7), *_LEARNED, (static, 3), (raw, 1)
)
_EIGHT = _fits(
    (coefficients, 5), (causal, 8), (causal, 5), (counts, 7), *_LEARNED, (static, 3), (raw, 1)
)
# What level 8 codes by takes part.
_NINE = (*_fits((causal, 9)), *_EIGHT)
_QUICK = _fits((coefficients, 4), (causal, 4), (counts, 4), (static, 1), (raw, 1))
_STATIC = _fits((wavefront, 3), (linear, 3), (static, 1), (raw, 1))

# Judges at level 5 cost as much on 2^17 samples as all else; sizes are those of 2^16.
_EARLY, _MORE_EARLY = (1 << 14, 1 << 16), (1 << 14, 1 << 17)
_LATE, _LATEST = (1 << 15,), (1 << 16,)

# Level 1 takes half as long as level 2, which judges by estimates alone: five of 85 real arrays
# were 0.6 % to 59 % larger at level 2. Later levels code what they compare.
_FEW, _MUCH = 1 << 12, 1 << 18

# The prices follow from what a level is for: at level 1 a nanosecond is worth a fiftieth of a bit
# (pcodec's lead in decoding over our lanes is some 2 ns), at level 5 the 300 ns between a static
# and the cheapest adaptive model are worth a hundredth of a bit, at level 8 nothing to speak of.
EFFORT = {
    1: Effort(1 << 11, 1, 8, (), (), 0.0, 5.0, 2e-2, 2e-3, 0, _ONE, _ONE),
    2: Effort(1 << 13, 1, 16, (), (), 0.0, 20.0, 3e-3, 1e-3, _MUCH, _TWO, _TWO),
    3: Effort(1 << 14, 4, 32, (1 << 16,), (), 8.0, 100.0, 5e-4, 5e-5, _FEW, _THREE, _STATIC),
    4: Effort(1 << 14, 4, 32, (1 << 16,), (), 8.0, 100.0, 3e-4, 3e-5, _FEW, _FOUR, _STATIC),
    5: Effort(1 << 14, 4, 32, _EARLY, _LATE, 16.0, 200.0, 5e-5, 5e-6, _FEW, _FIVE, _QUICK),
    6: Effort(1 << 14, 4, 48, _EARLY, _LATE, 16.0, 400.0, 3e-5, 3e-6, _FEW, _SIX, _QUICK),
    7: Effort(1 << 14, 6, 64, _MORE_EARLY, _LATEST, 16.0, 1000.0, 1e-5, 1e-6, _FEW, _SEVEN, _QUICK),
    8: Effort(1 << 14, 6, 96, _MORE_EARLY, _LATEST, 24.0, 1000.0, 1e-6, 1e-7, _FEW, _EIGHT, _QUICK),
}
EFFORT[9] = EFFORT[8]._replace(fits=_NINE)
