"""Columns of text tables (``.csv``, ``.tsv``): numbers as numbers, back byte for byte.

A column is kept as numbers where its text can be written from them: whole numbers, numbers with
so many decimals, or the shortest text of a float. Missing values stand for NaN. What remains is
text: an index into the different values of the column, which are kept beside the array.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from compress.cli.formats.document import KEY, Document, Restored, Source, as_bytes, as_text

__all__ = ["SUFFIX", "read", "write"]

Array = NDArray[Any]
SUFFIX = ".csv"
_FIELD = r'"(?:[^"]|"")*"|[^"{0}\r\n]*'
_WHOLE = re.compile(r"-?(0|[1-9]\d*)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
# Texts of missing numbers that a column may have one of.
_MISSING = ("", "NA", "NaN", "nan", "null", "NULL", "N/A", "None")
# Digits of floats as other programs write them: shortest, and %.15g of R and spreadsheets.
_DIGITS = (15, 17, 16, 6)
_MOST_DECIMALS = 17
# Different texts that a file keeps, compressed, in bytes: what attributes may take, and base64.
_MOST_TEXT = 11 << 20
Writer = Callable[[Any], str]


def read(source: Source) -> Document:
    """Read a table as an array of records, a field for each column.

    Raises
    ------
    ValueError
        If lines have different numbers of fields.
    """
    text = source.read().decode("latin-1")
    rows, details = _split(source.name, text)
    header = rows.pop(0) if _has_header(rows) else None
    names = _names(header, len(rows[0]) if rows else len(header or ()))
    columns, kinds, texts = [], [], []
    for values in zip(*rows, strict=True) if rows else [()] * len(names):
        kind, column, different = _column(values)
        columns.append(column)
        kinds.append(kind)
        texts.append(different)
    array = np.empty(
        len(rows), [(name, one.dtype) for name, one in zip(names, columns, strict=True)]
    )
    for name, column in zip(names, columns, strict=True):
        array[name] = column
    packed = zlib.compress(json.dumps(texts, separators=(",", ":")).encode(), 9)
    if len(packed) > _MOST_TEXT:
        raise ValueError(f"{source.name} is mostly text, which is beyond this library of numbers")
    details |= {"format": "csv", "header": header, "kinds": kinds, "texts": as_text(packed)}
    document = Document(array, {"columns": list(names), KEY: details})
    if _written(array, details) != text:
        raise ValueError(f"{source.name}: a table that would not come back as it is")
    return document


def write(restored: Restored, stream: BinaryIO) -> None:
    """Write a table."""
    stream.write(_written(restored.whole(), restored.details).encode("latin-1"))


def _split(name: str, text: str) -> tuple[list[list[str]], dict[str, Any]]:
    """Split a text into rows of fields as they stand, quotes and all."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count) if first else ","
    newline = "\r\n" if "\r\n" in text else "\n"
    ends = text.endswith(newline)
    body = text[: -len(newline)] if ends else text
    if '"' in body:
        rows = _quoted(name, body, delimiter, newline)
    else:
        rows = [line.split(delimiter) for line in body.split(newline)] if text else []
    if not rows:
        raise ValueError(f"{name} is an empty table")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"{name}, line {i + 1}: {len(row)} fields, where the first line has {len(rows[0])}"
            )
    return rows, {"delimiter": delimiter, "newline": newline, "ends": ends}


def _quoted(name: str, body: str, delimiter: str, newline: str) -> list[list[str]]:
    field = re.compile(_FIELD.format(re.escape(delimiter)))
    rows: list[list[str]] = [[]]
    place = 0
    while True:
        found = field.match(body, place)
        assert found is not None  # noqa: S101 (it matches an empty field)
        rows[-1].append(found[0])
        place = found.end()
        if place == len(body):
            return rows
        if body.startswith(newline, place):
            rows.append([])
            place += len(newline)
        elif body[place] == delimiter:
            place += 1
        else:
            raise ValueError(f"{name}, row {len(rows)}: a quote inside of a field")


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    return not any(map(_NUMBER.fullmatch, rows[0]))


def _names(header: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return the name of each field: different ones, that numpy accepts."""
    names: list[str] = []
    for i in range(count):
        given = header[i].strip('"') if header is not None else ""
        readable = given.encode("latin-1").decode("utf-8", "replace")
        name = readable or f"column_{i}"
        names.append(name if name not in names else f"{name}_{i}")
    return tuple(names)


def _column(values: Sequence[str]) -> tuple[list[Any], Array, list[str]]:
    """Return how a column is written, its numbers, and its different texts."""
    distinct = dict.fromkeys(values)
    missing = next((text for text in _MISSING if text in distinct), None)
    given = [text for text in distinct if text != missing]
    if given and all(map(_WHOLE.fullmatch, given)) and "-0" not in distinct:
        numbers = [int(text) for text in given]
        low, high = min(numbers), max(numbers)
        if missing is None and low >= -(1 << 63) and high < 1 << 63:
            narrow = np.result_type(np.min_scalar_type(low), np.min_scalar_type(high))
            return ["whole"], np.array(list(map(int, values)), _signed(narrow)), []
    if given and all(map(_NUMBER.fullmatch, given)):
        for kind in _float_kinds(given):
            text_of = _writer(kind)
            floats = list(map(float, given))
            if all(math.isfinite(one) for one in floats) and list(map(text_of, floats)) == given:
                numbers_of = dict(zip(given, floats, strict=True))
                nan = math.nan
                column = np.array([numbers_of.get(text, nan) for text in values])
                return [*kind, missing], column, []
    places = {text: i for i, text in enumerate(distinct)}
    column = np.array(
        [places[text] for text in values], np.min_scalar_type(max(len(places) - 1, 0))
    )
    return ["text"], column, list(distinct)


def _signed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype of integers: that of both ends may be a float."""
    return dtype if dtype.kind in "iu" else np.dtype(np.int64)


def _float_kinds(given: Sequence[str]) -> list[list[Any]]:
    kinds: list[list[Any]] = []
    decimals = {len(text.partition(".")[2]) for text in given}
    if len(decimals) == 1 and max(decimals) <= _MOST_DECIMALS:
        kinds.append(["decimals", max(decimals)])
    return [*kinds, ["shortest", 0], *(["digits", digits] for digits in _DIGITS)]


def _writer(kind: Sequence[Any]) -> Writer:
    name, *rest = kind
    if name in ("decimals", "digits") and not 0 <= int(rest[0]) <= _MOST_DECIMALS:
        raise ValueError(f"numbers of {rest[0]} {name} are not written")
    if name == "decimals":
        form = f".{int(rest[0])}f"
        return lambda value: format(value, form)
    if name == "digits":
        form = f".{int(rest[0])}g"
        return lambda value: format(value, form)
    return repr if name == "shortest" else str


def _written(array: Array, details: Mapping[str, Any]) -> str:
    """Return the text of a table."""
    delimiter, newline = details["delimiter"], details["newline"]
    packed = zlib.decompressobj().decompress(as_bytes(details["texts"]), 1 << 28)
    texts = json.loads(packed)
    columns = []
    for name, kind, different in zip(array.dtype.names or (), details["kinds"], texts, strict=True):
        values = array[name].tolist()
        if kind[0] == "text":
            columns.append([different[value] for value in values])
        else:
            text_of = _writer(kind)
            missing = kind[-1] if kind[0] != "whole" else None
            columns.append(
                [
                    missing if missing is not None and value != value else text_of(value)  # noqa: PLR0124
                    for value in values
                ]
            )
    lines = [] if details["header"] is None else [delimiter.join(details["header"])]
    lines += map(delimiter.join, zip(*columns, strict=True))
    text: str = newline.join(lines)
    return text + newline if details["ends"] else text
