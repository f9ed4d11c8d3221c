"""Other people's interfaces: zarr, numcodecs (and through them xarray).

Each module needs the package that it plugs into (``pip install "fourier-compress[zarr]"``):
`compress.integrations.zarr` for the zarr format 3, `compress.integrations.numcodecs` for the zarr
format 2 and everything else that takes a numcodecs codec. Installed, both are found by name.
"""
