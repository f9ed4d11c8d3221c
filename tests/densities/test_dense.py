"""Small dense linear algebra, against numpy's."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from compress.densities._dense import product, solve_positive, transposed_product

sizes = st.integers(1, 40)


@hypothesis.given(rows=sizes, m=sizes, n=sizes, seed=st.integers(0, 999))
@hypothesis.settings(max_examples=60, deadline=None)
def test_products_are_those_of_numpy(rows, m, n, seed):
    """A^T B, A^T A by half, and A x."""
    rng = np.random.default_rng(seed)
    a, b, x = rng.normal(size=(rows, m)), rng.normal(size=(rows, n)), rng.normal(size=m)
    np.testing.assert_allclose(transposed_product(a, b, False), a.T @ b, atol=1e-12)
    np.testing.assert_allclose(transposed_product(a, a, True), a.T @ a, atol=1e-12)
    np.testing.assert_allclose(product(a, x), a @ x, atol=1e-12)


@hypothesis.given(n=sizes, seed=st.integers(0, 999), shift=st.floats(0.0, 3.0))
@hypothesis.settings(max_examples=60, deadline=None)
def test_solutions_solve(n, seed, shift):
    """A positive system is solved; one that is not gives nothing."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, n))
    a = a @ a.T + np.eye(n)
    b = rng.normal(size=n)
    x = solve_positive(a, shift, b)
    np.testing.assert_allclose(a @ x + shift * x, b, atol=1e-8 * np.abs(a).max())
    a[n // 2, n // 2] = -shift - 1.0
    assert solve_positive(a, shift, b).size == 0


def test_shapes_that_do_not_fit_are_refused():
    """Rows that differ, vectors of another length, a product that cannot be symmetric."""
    a = np.ones((3, 2))
    with pytest.raises(ValueError, match="rows"):
        transposed_product(a, np.ones((2, 2)), False)
    with pytest.raises(ValueError, match="square"):
        transposed_product(a, np.ones((3, 3)), True)
    with pytest.raises(ValueError, match="length"):
        product(a, np.ones(3))
    with pytest.raises(ValueError, match="length"):
        solve_positive(np.eye(2), 0.0, np.ones(3))
