"""Given the causal neighbours, where and how wide is the next sample: prediction."""

from __future__ import annotations

from compress.prediction.autoregressive import Autoregressive

__all__ = ["Autoregressive"]
