#!/usr/bin/env python3
"""Writes the tables of this folder with pyarrow, and their rows as JSON. Needs pyarrow and pandas (tests/conformance/requirements.txt)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).resolve().parent
ROWS = 40


def cycle(values: list[object]) -> list[object]:
    return [values[row % len(values)] for row in range(ROWS)]


MOMENTS = [dt.datetime(2026, 11, 21, 6, 30), dt.datetime(1969, 12, 31, 23, 59, 59, 120000), None]
COLUMNS: dict[str, tuple[pa.DataType, list[object]]] = {
    "bool": (pa.bool_(), cycle([True, False, True])),
    "bool_null": (pa.bool_(), cycle([True, None, False])),
    "int8": (pa.int8(), cycle([-128, 0, 127])),
    "int16": (pa.int16(), cycle([-32768, 7])),
    "int32": (pa.int32(), cycle([-(2**31), 2**31 - 1])),
    "int64": (pa.int64(), cycle([-(2**63), 2**53 + 1, 2**63 - 1])),
    "uint8": (pa.uint8(), cycle([0, 255])),
    "uint16": (pa.uint16(), cycle([65535, 1])),
    "uint32": (pa.uint32(), cycle([2**32 - 1, 3])),
    "uint64": (pa.uint64(), cycle([2**63 - 1, 5])),
    "int_null": (pa.int64(), cycle([1, None, 3, None])),
    "long_null": (pa.int64(), cycle([2**53 + 1, None])),
    "half": (pa.float16(), [np.float16(value) for value in cycle([0.1, -2.5, 65504])]),
    "float": (pa.float32(), cycle([0.1, 3.4e38, None])),
    "double": (pa.float64(), cycle([0.1, -1e300, None, 5e-324])),
    "decimal": (pa.decimal128(10, 2), cycle([Decimal("12.34"), Decimal("-0.01"), None])),
    "long_decimal": (pa.decimal256(40, 10), cycle([Decimal("123456789.0123456789"), Decimal("-1")])),
    "whole_decimal": (pa.decimal128(18, 0), cycle([Decimal(7), Decimal(-8)])),
    "text": (pa.string(), cycle(["a", "", None, "größer", "a longer text than a view holds"])),
    "large_text": (pa.large_string(), cycle(["x", "yy"])),
    "category": (pa.dictionary(pa.int8(), pa.string()), cycle(["red", "green", None, "red"])),
    "number_category": (pa.dictionary(pa.int32(), pa.int64()), cycle([10, 20])),
    "date": (pa.date32(), cycle([dt.date(2026, 11, 21), dt.date(1, 1, 1), None])),
    "moment": (pa.timestamp("us"), cycle(MOMENTS)),
    "moment_utc": (pa.timestamp("ms", tz="Europe/Berlin"), cycle(MOMENTS[:2])),
    "bytes": (pa.binary(), cycle([b"raw", b""])),
    "fixed_bytes": (pa.binary(3), cycle([b"abc", b"xyz"])),
    "nothing": (pa.null(), cycle([None])),
    "no_text": (pa.string(), cycle([None])),
}


def as_json(value: object) -> object:
    """The value as a client would write it."""
    match value:
        case dt.datetime():
            digits = "milliseconds" if value.microsecond else "seconds"
            return value.replace(tzinfo=None).isoformat(timespec=digits) + ("Z" if value.tzinfo else "")
        case dt.date():
            return value.isoformat()
        case bytes():
            return value.decode()
        case Decimal():
            return int(value) if value == value.to_integral() and value.as_tuple().exponent == 0 else float(value)
        case np.floating():
            return float(value)
        case _:
            return value


def rows(table: pa.Table) -> str:
    values = []
    for name in table.column_names:
        column = table.column(name)
        if name == "float":
            # the double that has the float's value
            column = column.cast(pa.float64())
        items = column.to_pylist()
        if name == "moment_utc":
            items = [item.astimezone(dt.timezone.utc) for item in items]
        values.append([as_json(item) for item in items])
    data = [list(row) for row in zip(*values, strict=True)]
    return json.dumps({"dataframe_split": {"columns": table.column_names, "data": data}}, ensure_ascii=False)


def ipc(name: str, table: pa.Table, file: bool = False, **options: object) -> None:
    writer = pa.ipc.new_file if file else pa.ipc.new_stream
    with writer(str(FOLDER / name), table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table, max_chunksize=16)


def parquet(name: str, table: pa.Table, **options: object) -> None:
    pq.write_table(table, FOLDER / name, **options)


def main() -> None:
    table = pa.table({name: pa.array(values, kind) for name, (kind, values) in COLUMNS.items()})
    (FOLDER / "rows.json").write_text(rows(table) + "\n")
    ipc("stream.arrow", table)
    ipc("file.arrow", table, file=True)
    ipc("lz4.arrow", table, compression="lz4")
    ipc("zstd-file.arrow", table, file=True, compression="zstd")
    views = {"text": pa.string_view(), "bytes": pa.binary_view()}
    schema = pa.schema([(field.name, views.get(field.name, field.type)) for field in table.schema])
    ipc("views.arrow", pa.table([column.cast(schema.field(at).type) for at, column in enumerate(table.columns)], schema=schema))

    parquet("plain.parquet", table, compression="none", use_dictionary=False, row_group_size=16)
    parquet("snappy.parquet", table, compression="snappy")
    parquet("gzip.parquet", table, compression="gzip", data_page_version="2.0")
    parquet("zstd.parquet", table, compression="zstd", data_page_size=64, write_batch_size=4)
    integers = [name for name, (kind, _) in COLUMNS.items() if pa.types.is_integer(kind)]
    streams = ["float", "double", "half", "fixed_bytes"]
    encodings = {
        **dict.fromkeys(integers, "DELTA_BINARY_PACKED"),
        **dict.fromkeys(streams, "BYTE_STREAM_SPLIT"),
        "text": "DELTA_BYTE_ARRAY",
        "large_text": "DELTA_LENGTH_BYTE_ARRAY",
        "bytes": "DELTA_BYTE_ARRAY",
        "bool": "RLE",
    }
    plain = table.set_column(table.schema.get_field_index("category"), "category", table["category"].cast(pa.string()))
    place = table.schema.get_field_index("number_category")
    plain = plain.set_column(place, "number_category", table["number_category"].cast(pa.int64()))
    parquet("encodings.parquet", plain, compression="lz4", use_dictionary=False, column_encoding=encodings)
    parquet("old.parquet", table.select(["int64", "moment"]), use_deprecated_int96_timestamps=True, version="1.0")

    # dictionaries that grow: the writer sends what is new of them
    kind = pa.dictionary(pa.int8(), pa.string())
    schema = pa.schema([("a", kind)])
    with pa.ipc.new_stream(str(FOLDER / "deltas.arrow"), schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as out:
        for places, words in (([0, 1], ["x", "y"]), ([2, 0, None], ["x", "y", "z"]), ([0], ["other"])):
            array = pa.DictionaryArray.from_arrays(pa.array(places, pa.int8()), words)
            out.write_batch(pa.record_batch([array], schema=schema))

    # what pandas writes: an index beside the columns
    frame = pd.DataFrame({"y": [2.0, 4.0], "x": [1, 3]}, index=[7, 9])
    frame.to_parquet(FOLDER / "pandas.parquet")
    frame.set_index(pd.Index([5, 6], name="key")).to_parquet(FOLDER / "pandas-index.parquet")
    frame.reset_index(drop=True).to_feather(FOLDER / "pandas.feather")

    # what no model takes
    nested = pa.table({"x": [1], "list": [[1, 2]], "struct": [{"a": {"b": 1}, "c": 2}], "y": [2.5], "time": pa.array([dt.time(1)])})
    parquet("nested.parquet", nested)
    ipc("nested.arrow", nested)

    # a few bytes that stand for gigabytes
    count = 1_000_000
    places = pa.array(np.zeros(count, np.int8))
    bomb = pa.table({"a": pa.DictionaryArray.from_arrays(places, ["long " * 1000])})
    parquet("bomb.parquet", bomb, compression="zstd")
    with pa.ipc.new_stream(str(FOLDER / "bomb.arrow"), bomb.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(bomb)


if __name__ == "__main__":
    main()
