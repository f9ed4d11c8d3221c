"""Columns of ``.parquet`` files, through pyarrow."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from compress.cli.formats.document import KEY, Document, Restored, Source, as_bytes, as_text

__all__ = ["SUFFIX", "read", "write"]

Array = NDArray[Any]
SUFFIX = ".parquet"


def read(source: Source) -> Document:
    """Read a table of numbers, dates and texts as an array of records.

    A column with missing values is two fields, the second of which says where they are; one of
    texts is an index into its different values.
    """
    pa, parquet = _pyarrow(source.name)
    try:
        table = parquet.read_table(pa.BufferReader(source.read()))
    except pa.ArrowException as error:
        raise ValueError(f"{source.name} is no parquet file: {error}") from error
    names, columns, kinds, texts = [], [], [], []
    for place, field in enumerate(table.schema):
        column = table.column(place).combine_chunks()
        known = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), bool)
        kind, values, different = _numbers(source.name, pa, field, column)
        names.append(field.name if field.name not in names else f"{field.name}_{place}")
        columns.append(values)
        if not known.all():
            names.append(f"{names[-1]} is known")
            columns.append(known)
        kinds.append([kind, not known.all()])
        texts.append(None if different is None else as_text(_buffer(pa, different)))
    array = np.empty(table.num_rows, [(n, c.dtype) for n, c in zip(names, columns, strict=True)])
    for name, column in zip(names, columns, strict=True):
        array[name] = column
    details = {
        "format": "parquet",
        "schema": as_text(table.schema.serialize().to_pybytes()),
        "kinds": kinds,
        "texts": texts,
    }
    document = Document(array, {"columns": table.schema.names, KEY: details})
    if not _are_same(pa, _table(pa, array, details), table):
        raise ValueError(f"{source.name}: a table that would not come back as it is")
    return document


def write(restored: Restored, stream: BinaryIO) -> None:
    """Write a table of the same schema and values."""
    pa, parquet = _pyarrow("a parquet file")
    sink = pa.BufferOutputStream()
    parquet.write_table(_table(pa, restored.whole(), restored.details), sink)
    stream.write(sink.getvalue())


def _pyarrow(name: str) -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional dependency
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ValueError(f"{name} needs pyarrow: pip install pyarrow") from error
    return pa, parquet


def _numbers(name: str, pa: Any, field: Any, column: Any) -> tuple[str, Array, Any]:
    """Return the samples of a column as numpy has them, and its different texts."""
    kind = field.type
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        coded = column if pa.types.is_dictionary(kind) else column.dictionary_encode()
        indices = coded.indices.fill_null(0)
        return "text", indices.to_numpy(zero_copy_only=False), coded.dictionary
    if pa.types.is_boolean(kind):
        return "plain", column.fill_null(False).to_numpy(zero_copy_only=False), None
    width = getattr(kind, "bit_width", 0) if pa.types.is_primitive(kind) else 0
    if width not in (8, 16, 32, 64):
        raise ValueError(f"{name}: columns of {kind} ({field.name}) are not numbers; leave it out")
    # The bits as they lie in memory, whatever they stand for; nulls as zeros.
    letter = (
        "f" if pa.types.is_floating(kind) else "u" if pa.types.is_unsigned_integer(kind) else "i"
    )
    dtype = np.dtype(f"{letter}{width // 8}")
    buffer = column.buffers()[1]
    samples = np.zeros(len(column), dtype)
    if buffer is not None:
        given = np.frombuffer(buffer, dtype, len(column), column.offset * dtype.itemsize)
        known = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), bool)
        samples[known] = given[known]
    return "plain", samples, None


def _are_same(pa: Any, one: Any, other: Any) -> bool:
    """Whether two tables are the same, NaN being itself: arrow compares floats as numbers."""
    return bool(one.schema.equals(other.schema, check_metadata=True)) and all(
        _as_integers(pa, a).equals(_as_integers(pa, b))
        for a, b in zip(one.columns, other.columns, strict=True)
    )


def _as_integers(pa: Any, column: Any) -> Any:
    whole = column.combine_chunks()
    if not pa.types.is_floating(whole.type):
        return whole
    return whole.view({16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[whole.type.bit_width])


def _buffer(pa: Any, texts: Any) -> bytes:
    """Return an arrow array as bytes."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([texts], names=["texts"])
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def _table(pa: Any, array: Array, details: Any) -> Any:
    """Return the table of records."""
    schema = pa.ipc.read_schema(pa.py_buffer(as_bytes(details["schema"])))
    names = iter(array.dtype.names or ())
    columns = []
    for field, (kind, partly), texts in zip(
        schema, details["kinds"], details["texts"], strict=True
    ):
        samples = np.ascontiguousarray(array[next(names)])
        unknown = ~array[next(names)] if partly else None
        if kind == "text":
            dictionary = pa.ipc.open_stream(as_bytes(texts)).read_all().column(0).combine_chunks()
            indices = pa.array(samples, mask=unknown)
            coded = pa.DictionaryArray.from_arrays(indices, dictionary)
            columns.append(coded if pa.types.is_dictionary(field.type) else coded.cast(field.type))
        elif pa.types.is_boolean(field.type):
            columns.append(pa.array(samples, mask=unknown))
        else:
            valid = None
            if unknown is not None:
                valid = pa.py_buffer(np.packbits(~unknown, bitorder="little").tobytes())
            columns.append(
                pa.Array.from_buffers(field.type, len(samples), [valid, pa.py_buffer(samples)])
            )
    return pa.Table.from_arrays(columns, schema=schema)
