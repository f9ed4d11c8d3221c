"""The codecs under their names, whether the package is installed or only importable."""

from collections.abc import Iterator

import numcodecs.registry
import pytest
import zarr.registry

from compress.integrations.numcodecs import FourierCompress
from compress.integrations.zarr import FourierCompressBytesCodec, FourierCompressCodec


@pytest.fixture(scope="session", autouse=True)
def _codecs_known_by_name() -> Iterator[None]:
    """Register by hand; `test_discovery` shows that the entry points do the same."""
    zarr.registry.register_codec("fourier_compress", FourierCompressCodec)
    zarr.registry.register_codec("fourier_compress_bytes", FourierCompressBytesCodec)
    numcodecs.registry.register_codec(FourierCompress)
    return
