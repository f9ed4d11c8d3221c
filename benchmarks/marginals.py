"""One-dimensional densities alone: how many bits per sample, if all samples were drawn alike.

No coder and no context: the ideal code length of the integers k that a column really holds
(a decimal column times a power of ten), under a density fitted to them, integrated over
[k - 1/2, k + 1/2]. Parameters of the named shapes are charged 32 bits each, the histogram's
counts half a log2 n each; order 0 (the empirical entropy) and the kernel estimate carry no
charge for what their decoder would have to know, and are marks on the scale, not competitors.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = np.ndarray[Any, np.dtype[Any]]
Values = NDArray[np.int64]
Counts = NDArray[np.int64]
Masses = NDArray[np.float64]

PARAMETER_BITS = 32
WIDEST = 1 << 22  # cells of a histogram; columns of a wider range are not densities' business
LEAST = 2.0**-24  # no cell is given less, so that no sample is impossible


def integers(array: Array) -> Values | None:
    """Return the finite samples as integers, or None when they are not integers in disguise.

    Floats count when every one is the float nearest to k / 10^d for one d of 0 to 6.
    """
    if array.dtype.kind in "biu" and array.dtype.itemsize <= 4:
        return array.reshape(-1).astype(np.int64)
    if array.dtype.kind == "i":
        return array.reshape(-1).astype(np.int64)
    if array.dtype.kind != "f":
        return None
    finite = array[np.isfinite(array)].astype(np.float64)
    if not finite.size or np.abs(finite).max() > 1e9:
        return None
    for digits in range(7):
        scaled = np.rint(finite * 10.0**digits)
        back = (scaled / 10.0**digits).astype(array.dtype)
        if np.array_equal(back, finite.astype(array.dtype)):
            return scaled.astype(np.int64)
    return None


def _bits(masses: Masses, counts: Counts) -> float:
    floored = np.maximum(masses, LEAST)
    floored = floored / max(1.0, floored.sum())
    seen = counts > 0
    return float(-(counts[seen] * np.log2(floored[seen])).sum() / counts.sum())


def _moments(x: Masses, counts: Counts) -> tuple[float, float]:
    mean = float((x * counts).sum() / counts.sum())
    return mean, float(np.sqrt(((x - mean) ** 2 * counts).sum() / counts.sum()))


def _cells(cdf: Callable[[Masses], Masses], x: Masses) -> Masses:
    edges = cdf(np.append(x - 0.5, x[-1] + 0.5))
    return np.diff(edges)


def _normal(x: Masses, counts: Counts) -> tuple[Masses, int]:
    norm = importlib.import_module("scipy.stats").norm
    mean, spread = _moments(x, counts)
    return _cells(lambda e: norm.cdf(e, mean, max(spread, 0.1)), x), 2


def _laplace(x: Masses, counts: Counts) -> tuple[Masses, int]:
    laplace = importlib.import_module("scipy.stats").laplace
    middle = float(x[np.searchsorted(np.cumsum(counts), counts.sum() / 2)])
    spread = float((np.abs(x - middle) * counts).sum() / counts.sum())
    return _cells(lambda e: laplace.cdf(e, middle, max(spread, 0.1)), x), 2


def _logistic(x: Masses, counts: Counts) -> tuple[Masses, int]:
    scipy_stats = importlib.import_module("scipy.stats")
    mean, spread = _moments(x, counts)

    def cells(where: float, log_scale: float) -> Masses:
        return _cells(lambda e: scipy_stats.logistic.cdf(e, where, np.exp(log_scale)), x)

    start = (mean, float(np.log(max(spread, 0.1) * np.sqrt(3) / np.pi)))
    best = importlib.import_module("scipy.optimize").minimize(
        lambda p: _bits(cells(*p), counts), start, method="Nelder-Mead", options={"maxfev": 80}
    )
    return cells(*best.x), 2


def _mixture(x: Masses, counts: Counts) -> tuple[Masses, int]:
    norm = importlib.import_module("scipy.stats").norm
    sample = np.random.default_rng(7).choice(x, 20_000, p=counts / counts.sum())
    spread = _moments(x, counts)[1] or 1.0
    model = importlib.import_module("sklearn.mixture").GaussianMixture(
        5, random_state=7, reg_covar=1e-6, n_init=2
    )
    model.fit(sample[:, None] / spread)
    masses = np.zeros_like(x)
    scales = np.maximum(np.sqrt(model.covariances_.ravel()) * spread, 0.1)
    humps = [norm(mean, s) for mean, s in zip(model.means_.ravel() * spread, scales, strict=True)]
    for weight, hump in zip(model.weights_, humps, strict=True):
        masses += weight * _cells(hump.cdf, x)
    return masses, 14


def _kernel(x: Masses, counts: Counts) -> tuple[Masses, int]:
    smooth = importlib.import_module("scipy.ndimage").gaussian_filter1d
    width = 1.06 * _moments(x, counts)[1] * counts.sum() ** -0.2  # Silverman's rule
    return smooth(counts / counts.sum(), max(width, 0.05), mode="constant"), 0


def _fourier(x: Masses, counts: Counts) -> tuple[Masses, int]:
    family = importlib.import_module("compress.densities").FourierDensity
    seen = counts > 0
    density = family.fit(x[seen], weights=counts[seen].astype(np.float64), bin_width=1.0)
    return _cells(density.cdf, x), int(density.n_parameters)


def _histogram(x: Masses, counts: Counts) -> tuple[float, int]:
    """Equal bins, as many as give the shortest total."""
    n, best = counts.sum(), (np.inf, 0)
    width = 1
    while width <= 2 * x.size:
        bins = np.add.reduceat(counts, np.arange(0, x.size, width))
        seen = bins[bins > 0]
        length = float(-(seen * np.log2(seen / n)).sum()) + float(n * np.log2(width))
        best = min(best, (length / n + bins.size * 0.5 * np.log2(n) / n, int(bins.size)))
        width *= 2
    return best


SHAPES: dict[str, Callable[[Masses, Counts], tuple[Masses, int]]] = {
    "normal": _normal,
    "Laplace": _laplace,
    "logistic": _logistic,
    "mixture of 5 normals": _mixture,
    "kernel estimate": _kernel,
    "Fourier (ours)": _fourier,
}
QUICK = ("normal", "Laplace", "logistic")


def marginals(array: Array, shapes: Iterable[str] = tuple(SHAPES)) -> list[tuple[str, float, int]]:
    """Return (name, bits per sample, parameters) of each density for the samples of ``array``.

    Order 0 and the histogram come first, then the named ``shapes``, those that can be imported.
    NaN and infinities are left to a mask, whose entropy is added. An array whose samples are not
    integers in disguise, or spread over more than 4 million cells, has no rows.
    """
    if not array.size or importlib.util.find_spec("scipy") is None:
        return []
    values = integers(array)
    if values is None or not values.size or int(values.max()) - int(values.min()) >= WIDEST:
        return []
    low = int(values.min())
    counts = np.bincount(values - low).astype(np.int64)
    x = np.arange(counts.size, dtype=np.float64)
    share = values.size / array.size
    mask = 0.0 if share == 1 else -share * np.log2(share) - (1 - share) * np.log2(1 - share)

    def total(bits: float, parameters: int) -> float:
        return float(mask + share * (bits + PARAMETER_BITS * parameters / values.size))

    rows = [("order 0", total(_bits(counts / counts.sum(), counts), 0), 0)]
    bits, bins = _histogram(x, counts)
    rows.append(("histogram", total(bits, 0), bins))
    for name in shapes:
        try:
            masses, parameters = SHAPES[name](x, counts)
        except (ImportError, AttributeError):
            continue
        rows.append((name, total(_bits(masses, counts), parameters), parameters))
    return rows
