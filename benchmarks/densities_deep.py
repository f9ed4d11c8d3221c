"""The deep factorised prior of Ballé et al. (2018), fitted by Adam where torch is installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

AVAILABLE = importlib.util.find_spec("torch") is not None


class DeepFactorised:
    """Cumulative built of monotone layers: sigmoid(f_K(... f_1(x))), one channel.

    Layer k is H x + b followed by y + a tanh(y) with H = softplus, a = tanh, so that the
    cumulative rises; the density is its derivative.
    """

    def __init__(self, samples: Any, filters: tuple[int, ...], steps: int, seed: int = 0) -> None:
        import torch  # noqa: PLC0415 - optional

        torch.manual_seed(seed)
        torch.set_num_threads(1)  # the layers are tiny
        self.torch = torch
        self.centre = float(np.median(samples))
        spread = np.subtract(*np.quantile(samples, [0.75, 0.25]))
        self.scale = float(spread) or 1.0
        sizes = (1, *filters, 1)
        self.parameters = []
        for k in range(len(sizes) - 1):
            shape = sizes[k + 1], sizes[k]
            start = np.log(np.expm1(1.0 / sizes[k + 1]))
            matrix = torch.full(shape, float(start), dtype=torch.float64)
            bias = torch.rand(sizes[k + 1], 1, dtype=torch.float64) - 0.5
            factor = torch.zeros(sizes[k + 1], 1, dtype=torch.float64)
            self.parameters += [matrix, bias] + ([factor] if k + 2 < len(sizes) else [])
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        self._train(samples, steps)

    @property
    def n_parameters(self) -> int:
        """Number of real parameters."""
        return sum(parameter.numel() for parameter in self.parameters)

    def _logpdf(self, x: Any) -> Any:
        torch = self.torch
        y, slope = x[None, :], torch.ones_like(x)[None, :]
        values = iter(self.parameters)
        layers = (len(self.parameters) + 1) // 3
        for k in range(layers):
            matrix = torch.nn.functional.softplus(next(values))
            y, slope = matrix @ y + next(values), matrix @ slope
            if k + 1 < layers:
                a = torch.tanh(next(values))
                t = torch.tanh(y)
                y, slope = y + a * t, slope * (1.0 + a * (1.0 - t * t))
        log_sigmoid = torch.nn.functional.logsigmoid
        return (torch.log(slope) + log_sigmoid(y) + log_sigmoid(-y))[0] - np.log(self.scale)

    def _train(self, samples: Any, steps: int) -> None:
        torch = self.torch
        z = torch.tensor((np.asarray(samples) - self.centre) / self.scale)
        optimiser = torch.optim.Adam(self.parameters, lr=0.02)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        generator = torch.Generator().manual_seed(0)
        for _ in range(steps):
            batch = z[torch.randint(z.numel(), (1000,), generator=generator)]
            loss = -self._logpdf(batch).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()

    def logpdf(self, x: Any) -> Any:
        """Log density at x."""
        with self.torch.no_grad():
            z = self.torch.tensor((np.asarray(x) - self.centre) / self.scale)
            return self._logpdf(z).numpy()
