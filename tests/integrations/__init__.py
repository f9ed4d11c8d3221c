"""Tests of the codecs for zarr and numcodecs."""
