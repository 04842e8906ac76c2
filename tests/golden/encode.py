"""Arrays, frames and documents as the JSON of case.json."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd


def encode_input(rows: object, objects: bool = False) -> dict:
    """An input as JSON: a matrix, a frame, documents, dicts or lists of texts."""
    if isinstance(rows, pd.DataFrame):
        columns = [{"name": str(name), **_column(rows[name], objects)} for name in rows.columns]
        return {"kind": "frame", "columns": columns}
    if isinstance(rows, list):
        if rows and isinstance(rows[0], dict):
            return {"kind": "dicts", "data": [{key: _object(value) for key, value in row.items()} for row in rows]}
        return {"kind": "lists" if rows and isinstance(rows[0], list) else "documents", "data": rows}
    array = np.asarray(rows)
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if objects and array.dtype.kind == "O":
        return {"kind": "matrix", "dtype": "object", "rows": array.shape[0], "columns": array.shape[1], "data": [_object(v) for v in array.ravel()]}
    return {
        "kind": "matrix",
        "dtype": dtype_name(array),
        "rows": array.shape[0],
        "columns": array.shape[1],
        "data": flat(array),
    }


def encode_output(array: np.ndarray, exact: str) -> dict:
    """An answer as JSON, with its exactness class."""
    return {"exact": exact, "dtype": dtype_name(array), "shape": list(array.shape), "data": flat(array)}


def dtype_name(array: np.ndarray) -> str:
    """The name of a dtype in case.json."""
    kind = array.dtype.kind
    if kind == "f":
        return {4: "f32", 8: "f64"}[array.dtype.itemsize]
    if kind in "iu":
        return "i32" if array.dtype == np.int32 else "i64"
    if kind == "b":
        return "bool"
    if kind == "U":
        return "text"
    present = [value for value in array.ravel().tolist() if not _is_missing(value)]
    if all(isinstance(value, str) for value in present):
        return "text"
    raise TypeError(f"no single dtype for {array.dtype}: {present[:4]}")


def flat(array: np.ndarray) -> list:
    """Row-major values; f32 as its exact f64 value; not-a-number and infinities as text; missing text as null."""
    text = array.dtype.kind in "UO"
    return [_scalar(value, text) for value in array.ravel(order="C").tolist()]


def _object(value: object) -> object:
    """One of several kinds of values: NaN is `{"float": "NaN"}`, None is null."""
    if isinstance(value, float) and math.isnan(value):
        return {"float": "NaN"}
    return value


def _column(series: pd.Series, objects: bool = False) -> dict:
    if objects and series.dtype.kind == "O":
        return {"dtype": "object", "data": [_object(value) for value in series]}
    if isinstance(series.dtype, pd.CategoricalDtype):
        array = series.astype(object).to_numpy()
        if all(isinstance(value, int) for value in array):
            array = array.astype(np.int64)
    elif series.dtype.kind in "fiub":
        array = series.to_numpy()
    else:
        array = series.to_numpy(dtype=object)
    return {"dtype": dtype_name(array), "data": flat(array)}


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _scalar(value: object, text: bool) -> object:
    if text:
        return None if _is_missing(value) else value
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    return value
