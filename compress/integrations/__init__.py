"""Other people's interfaces: numcodecs, zarr."""
