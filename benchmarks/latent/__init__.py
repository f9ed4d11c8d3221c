"""Latent models: bounds, and the bytes that pay them; see `benchmarks.latent.__main__`."""
