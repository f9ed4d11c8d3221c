"""What a stream tells of itself, and models kept outside of streams."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compress
from tests.strategies import same


def test_inspect_tells_what_was_given() -> None:
    """Shape, dtype, order, level, bound, sizes and a plan for every chunk and field."""
    array = np.asfortranarray(np.arange(12.0).reshape(3, 4)).astype(">f4", order="F")
    data = compress.compress(array, level=3, max_error=0.5)
    information = compress.inspect(data)
    assert (information.shape, information.dtype.str) == ((3, 4), ">f4")
    assert (information.fortran, information.level, information.max_error) == (True, 3, 0.5)
    assert information.n_bytes == len(data)
    assert information.array_bytes == 48
    assert information.bits_per_sample == pytest.approx(8 * len(data) / 12)
    assert len(information.chunks) == 1
    assert len(information.chunks[0].plan) == 1
    for text in (">f4 (3, 4), Fortran order", "level       3", "max error   0.5"):
        assert text in str(information)


def test_inspect_verifies_checksums() -> None:
    """Damage anywhere is noticed without decoding."""
    data = bytearray(compress.compress(np.arange(50)))
    data[-6] ^= 1
    with pytest.raises(compress.CorruptError):
        compress.inspect(data)


def _signal(seed: int, n: int = 300) -> np.ndarray:  # type: ignore[type-arg] # int64
    return np.random.default_rng(seed).integers(-9, 10, n).cumsum()


def _records(seed: int, n: int) -> np.ndarray:  # type: ignore[type-arg] # structured
    out = np.empty(n, [(name, np.int32) for name in "abcdef"])
    for i, name in enumerate("abcdef"):
        out[name] = _signal(10 * seed + i, n) % 100
    return out


def test_model_saves_the_plan(tmp_path: Path) -> None:
    """Small arrays coded with a common model are smaller; the model survives a file."""
    model = compress.fit(_records(0, 5000), level=2)
    model.save(tmp_path / "m")
    loaded = compress.Model.load(tmp_path / "m")
    assert loaded == model
    assert loaded.fingerprint == model.fingerprint
    alone = modelled = 0
    for seed in range(1, 30):
        array = _records(seed, 50)
        data = compress.compress(array, level=2, model=model)
        assert same(array, compress.decompress(data, model=loaded))
        alone += len(compress.compress(array, level=2))
        modelled += len(data)
    assert modelled < alone


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_model_takes_any_array(values: list[int]) -> None:
    """Arrays unlike the sample are coded with plans of their own, exactly."""
    model = compress.fit(_signal(0), level=1)
    array = np.array(values, np.int64)
    data = compress.compress(array, model=model)
    assert same(array, compress.decompress(data, model=model))


def test_wrong_models_are_refused() -> None:
    """No model, another model, another dtype: each is named. One that is not needed is not."""
    model, other = compress.fit(_records(0, 900), level=2), compress.fit(_signal(1) * 1000)
    data = compress.compress(_records(2, 50), level=2, model=model)
    with pytest.raises(compress.ModelMismatchError, match=f"{model.fingerprint:016x}"):
        compress.decompress(data)
    with pytest.raises(compress.ModelMismatchError, match=f"{other.fingerprint:016x}"):
        compress.decompress(data, model=other)
    alone = compress.compress(_signal(2))
    assert same(compress.decompress(alone, model=model), compress.decompress(alone))
    with pytest.raises(ValueError, match="int64 arrays, the array is float32"):
        compress.compress(np.zeros(3, np.float32), model=other)
    with pytest.raises(ValueError, match="empty"):
        compress.fit(np.empty(0))


def test_damaged_models_are_refused() -> None:
    """Foreign, newer, truncated and altered model files give our errors."""
    data = compress.fit(_signal(0)).to_bytes()
    with pytest.raises(compress.FormatError):
        compress.Model.from_bytes(b"PK\x03\x04")
    with pytest.raises(compress.FormatError, match="version 9 is not known; this is version 1"):
        compress.Model.from_bytes(data[:4] + b"\x09 and whatever follows in that version")
    for i in range(len(data)):
        altered = bytearray(data)
        altered[i] ^= 1
        with pytest.raises(compress.CompressError):
            compress.Model.from_bytes(altered)
        with pytest.raises(compress.CompressError):
            compress.Model.from_bytes(data[:i])
