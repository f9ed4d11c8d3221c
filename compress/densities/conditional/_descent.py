"""Limited-memory quasi-Newton descent, preconditioned by an information matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["factor", "minimise", "solver"]

Floats = NDArray[np.float64]

_MEMORY = 20
# Of the mean diagonal of the information: what directions without information are given.
_RIDGE = 1e-4


def factor(information: Floats, ridge: float = _RIDGE) -> Floats:
    """Cholesky factor of an information matrix, its diagonal raised until it has one."""
    diagonal = np.diag(information)
    mean = max(float(diagonal.mean()), 1e-300)
    while True:
        raised = information + np.diag(ridge * (diagonal + mean))
        try:
            return np.asarray(np.linalg.cholesky(raised))
        except np.linalg.LinAlgError:
            ridge *= 10.0


def solver(information: Floats) -> Callable[[Floats], Floats]:
    """Multiplication by the inverse of an information matrix."""
    lower = factor(information)
    inverse = np.linalg.inv(lower)
    return lambda gradient: inverse.T @ (inverse @ gradient)


def minimise(
    objective: Callable[[Floats], tuple[float, Floats]],
    theta: Floats,
    precondition: Callable[[Floats], Floats],
    tolerance: float,
    max_steps: int,
) -> tuple[Floats, float, bool]:
    """Minimise a function by L-BFGS (Nocedal, 1980) with backtracking.

    Parameters
    ----------
    objective : callable
        Gives value and gradient.
    theta : ndarray of float64
        Start.
    precondition : callable
        Initial inverse Hessian times a vector.
    tolerance : float
        Stop when three steps together gain less than three times this.
    max_steps : int
        Largest number of steps.

    Returns
    -------
    theta : ndarray of float64
    value : float
    ended : bool
        Whether the tolerance was reached.
    """
    value, gradient = objective(theta)
    pairs: list[tuple[Floats, Floats, float]] = []
    gains: list[float] = []
    for _ in range(max_steps):
        direction = -_product(pairs, gradient, precondition)
        slope = float(direction @ gradient)
        if slope >= 0.0:
            pairs.clear()
            direction = -precondition(gradient)
            slope = float(direction @ gradient)
        if slope >= -1e-300:
            return theta, value, True
        length = 1.0
        for _ in range(25):
            moved = theta + length * direction
            new, new_gradient = objective(moved)
            if np.isfinite(new) and new <= value + 1e-4 * length * slope:
                break
            # the minimum of the parabola through what is known
            bend = new - value - length * slope
            best = -0.5 * slope * length * length / bend if np.isfinite(bend) else 0.0
            length = min(max(best, 0.1 * length), 0.5 * length)
        else:
            if not pairs:
                return theta, value, True
            pairs.clear()
            continue
        change, bent = moved - theta, new_gradient - gradient
        curvature = float(change @ bent)
        if curvature > 1e-10 * float(np.sqrt((change @ change) * (bent @ bent))):
            pairs.append((change, bent, curvature))
            del pairs[:-_MEMORY]
        gains.append(value - new)
        theta, value, gradient = moved, new, new_gradient
        if len(gains) >= 3 and sum(gains[-3:]) < 3.0 * tolerance:
            return theta, value, True
    return theta, value, False


def _product(
    pairs: list[tuple[Floats, Floats, float]],
    gradient: Floats,
    precondition: Callable[[Floats], Floats],
) -> Floats:
    """Inverse Hessian times gradient, by the two-loop recursion."""
    q = gradient.copy()
    shares = []
    for change, bent, curvature in reversed(pairs):
        share = float(change @ q) / curvature
        q -= share * bent
        shares.append(share)
    q = precondition(q)
    for (change, bent, curvature), share in zip(pairs, reversed(shares), strict=True):
        q += (share - float(bent @ q) / curvature) * change
    return q
