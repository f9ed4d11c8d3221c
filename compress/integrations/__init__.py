"""Other people's interfaces: zarr, numcodecs, xarray, dask, HDF5.

Each module needs the package that it plugs into (``pip install "fourier-compress[zarr]"``, ``dask``
or ``hdf5`` in its place): `compress.integrations.zarr` for the zarr format 3,
`compress.integrations.numcodecs` for the zarr format 2 and everything else that takes a numcodecs
codec, `compress.integrations.xarray` for the encoding of a dataset, `compress.integrations.dask`
for one model of a large array, `compress.integrations.hdf5` for datasets of HDF5 files. Installed,
the codecs of zarr and numcodecs are found by name.
"""
