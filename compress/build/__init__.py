"""Machine code for all kernels, made when the package is built: by numba, without numba to run it.

`python -m compress.build` makes it in place; `compress.build.hook` makes it for a wheel.
"""
