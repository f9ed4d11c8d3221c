"""One model for a dask array: learned from a part, the same for every scheduler, used by zarr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import zarr

import compress
from compress.integrations.dask import fit
from compress.integrations.zarr import FourierCompressCodec
from tests.strategies import same

WALK = np.random.default_rng(0).integers(-9, 10, (96, 640)).cumsum(axis=1).astype(np.int32)


def stored(array: Any, folder: Path, model: compress.Model) -> dict[str, bytes]:
    """Write with a model in every chunk; return the files."""
    z = zarr.create_array(
        folder,
        shape=array.shape,
        chunks=array.chunksize,
        dtype=array.dtype,
        serializer=FourierCompressCodec(level=1, model=model),
        compressors=None,
    )
    array.to_zarr(z)
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_the_model_does_not_depend_on_the_scheduler() -> None:
    """Whoever computes chunks, and in whatever order: the same bytes."""
    array = da.from_array(WALK, chunks=(10, 200))
    models = []
    for options in ({"scheduler": "synchronous"}, {"scheduler": "threads", "num_workers": 3}):
        with dask.config.set(**options):
            models.append(fit(array, level=1).to_bytes())
    assert models[0] == models[1]


def test_no_more_than_a_sample_is_moved() -> None:
    """Of 400 chunks 64 are computed, and of all together 2^20 samples leave them."""
    made: list[tuple[int, ...]] = []

    def make(block_id: tuple[int, ...]) -> Any:
        made.append(block_id)
        return np.full((200, 200), sum(block_id), np.int16)

    chunks, meta = ((200,) * 20,) * 2, np.empty((0, 0), np.int16)
    array = da.map_blocks(make, chunks=chunks, meta=meta)
    made.clear()  # of dask's own trials
    seen: list[Any] = []
    module = "compress.integrations.dask.fit_to"
    with pytest.MonkeyPatch.context() as patch, dask.config.set(scheduler="synchronous"):
        patch.setattr(module, lambda parts, level: seen.extend([parts, level]))
        fit(array, level=3)
    parts, level = seen
    assert level == 3
    assert len(made) == len(parts) == 64
    assert sum(part.size for part in parts) <= 1 << 20
    assert {part.shape for part in parts} == {(100, 100)}
    assert [int(part[0, 0]) for part in parts] == [sum(place) for place in sorted(made)]


def test_the_model_is_of_the_declared_dtype() -> None:
    """Chunks that turn out to be of another dtype are learned as they will be stored."""
    array = da.map_blocks(lambda: WALK / 8, chunks=((96,), (640,)), meta=np.empty((0, 0), "f4"))
    assert fit(array, level=1).dtype == np.float32


@pytest.mark.parametrize("shape", [(), (5,), (3, 1, 7)])
def test_small_arrays(shape: tuple[int, ...]) -> None:
    """Of any number of dimensions; the model codes them."""
    array = np.arange(max(1, int(np.prod(shape))), dtype=np.float32).reshape(shape)
    model = fit(da.from_array(array), level=1)
    assert same(compress.decompress(compress.compress(array, model=model), model=model), array)


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.arange(3), TypeError, "must be a dask array, not ndarray"),
        (da.zeros((0, 3)), ValueError, "empty"),
        (da.arange(9, chunks=3)[da.arange(9, chunks=3) > 4], ValueError, "known sizes"),
        (da.from_array(np.array(["a", "b"])).astype(object), TypeError, "object"),
    ],
)
def test_what_cannot_be_fitted(array: Any, error: type[Exception], words: str) -> None:
    """It is refused before anything is computed."""
    with pytest.raises(error, match=words):
        fit(array, level=1)


def test_chunks_in_zarr_are_the_same_whoever_writes_them(tmp_path: Path) -> None:
    """With the model in the metadata; a reader needs nothing else."""
    array = da.from_array(WALK, chunks=(48, 160))
    model = fit(array, level=1)
    files = []
    for options in ({"scheduler": "synchronous"}, {"scheduler": "threads", "num_workers": 3}):
        with dask.config.set(**options):
            files.append(stored(array, tmp_path / str(options["scheduler"]), model))
    assert files[0] == files[1]
    assert same(zarr.open_array(tmp_path / "threads", mode="r")[...], WALK)


@pytest.mark.filterwarnings("ignore")  # of the cluster's sockets and ports
def test_on_a_cluster(tmp_path: Path) -> None:
    """A model fitted and chunks written by workers of dask.distributed: as by one process."""
    distributed = pytest.importorskip("distributed")
    array = da.from_array(WALK, chunks=(48, 160))
    with dask.config.set(scheduler="synchronous"):
        model = fit(array, level=1)
        alone = stored(array, tmp_path / "alone", model)
    options: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with (
        distributed.LocalCluster(dashboard_address=":0", **options) as cluster,
        distributed.Client(cluster),
    ):
        assert fit(array, level=1).to_bytes() == model.to_bytes()
        assert stored(array, tmp_path / "cluster", model) == alone
