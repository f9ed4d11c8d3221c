"""The experiments of "Fourier Basis Density Model" (arXiv:2402.15345), run again.

    python -m benchmarks.paper [--quick] [--out record.json] [--figures folder]

Needs jax, for the peers that are trained by gradient steps (`pip install jax`).
"""
