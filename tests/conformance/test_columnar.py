"""Data frames as pandas and pyarrow write them: Parquet and Arrow's IPC format are answered as the same rows in JSON are."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from mlflow.types import ColSpec, Schema
from mlflow.models import ModelSignature
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from compare import same
from models import CASES
from server import Server
from test_answers import make, save

STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def ipc(frame: pd.DataFrame, file: bool = False, rows: int = 16, **options: object) -> bytes:
    table = pa.Table.from_pandas(frame)
    writer = pa.ipc.new_file if file else pa.ipc.new_stream

    def write(out: io.BytesIO) -> None:
        with writer(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as batches:
            batches.write_table(table, max_chunksize=rows)

    return written(write)


def bodies(frame: pd.DataFrame) -> list[tuple[str, str, bytes]]:
    """The frame in every form, with its type."""
    floats = list(frame.select_dtypes("float").columns)
    parquet = [
        {},
        {"compression": "zstd", "row_group_size": 9},
        {"compression": "gzip", "data_page_version": "2.0"},
        {"compression": "lz4", "use_dictionary": False, "use_byte_stream_split": floats},
        {"compression": "none", "data_page_size": 100, "write_batch_size": 5},
    ]
    return [
        *((f"parquet {options}", PARQUET, written(lambda out, options=options: frame.to_parquet(out, **options))) for options in parquet),
        ("feather", FILE, written(frame.to_feather)),
        ("stream", STREAM, ipc(frame)),
        ("stream, lz4", STREAM, ipc(frame, compression="lz4")),
        ("file, zstd", FILE, ipc(frame, file=True, compression="zstd")),
    ]


def post(url: str, body: bytes, kind: str, accept: str | None = None) -> requests.Response:
    headers = {"content-type": kind} | ({"accept": accept} if accept else {})
    reply = requests.post(url, data=body, headers=headers, timeout=30)
    assert reply.status_code == 200, reply.text
    return reply


def as_json(frame: pd.DataFrame) -> bytes:
    """Every digit of the frame, and null for what is missing."""
    split = frame.astype(object).where(frame.notna(), None).to_dict("split")
    return json.dumps({"dataframe_split": {"columns": split["columns"], "data": split["data"]}}).encode()


@pytest.mark.parametrize("name", CASES)
def test_tables_are_answered_as_json_is(name: str, seed: int, tmp_path: Path) -> None:
    case = make(name, seed)
    folder = save(case, tmp_path / "model")
    frame = case.rows.rename(columns=str)
    expected = mlflow.pyfunc.load_model(str(folder)).predict(case.rows)
    with Server(f"it={folder}") as server:
        url = f"http://{server.address}/invocations"
        answer = post(url, as_json(frame), "application/json").json()["predictions"]
        same(answer, expected, case.tolerance)
        for form, kind, body in bodies(frame):
            assert post(url, body, kind).json()["predictions"] == answer, form
        v1 = f"http://{server.address}/v1/models/it:predict"
        assert post(v1, written(frame.to_parquet), PARQUET).json()["predictions"] == answer
        table = pa.ipc.open_stream(post(url, ipc(frame), STREAM, accept=STREAM).content).read_all()
        values = np.column_stack([column.to_numpy() for column in table.columns])
        same(values if np.ndim(expected) == 2 else values[:, 0], expected, case.tolerance)
        shuffled = frame[frame.columns[::-1]].assign(stranger=1.5)
        assert post(url, written(shuffled.to_parquet), PARQUET).json()["predictions"] == answer


def test_types_of_pandas(tmp_path: Path) -> None:
    """Categories, nullable integers and numpy's small types, with an index that is none of the columns."""
    draw = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "small": draw.integers(0, 99, 50).astype("int8"),
            "flag": draw.integers(0, 2, 50).astype(bool),
            "half": draw.normal(size=50).astype("float32"),
            "count": pd.array(draw.integers(0, 9, 50), dtype="Int64"),
        },
        index=pd.Index(range(100, 150), name="key"),
    )
    target = draw.normal(size=50)
    model = LinearRegression().fit(frame.astype(float), target)
    mlflow.sklearn.save_model(model, tmp_path / "model", pip_requirements=[])
    texts = pd.DataFrame({"city": pd.Categorical(draw.choice(["Lyon", "Oslo"], 50)), "plan": draw.choice(["free", "paid"], 50)})
    encoder = make_pipeline(OneHotEncoder(), LinearRegression()).fit(texts.astype(object), target)
    mlflow.sklearn.save_model(encoder, tmp_path / "texts", pip_requirements=[])
    with Server(f"it={tmp_path / 'model'}", f"texts={tmp_path / 'texts'}") as server:
        for kind, body in ((PARQUET, written(frame.to_parquet)), (STREAM, ipc(frame))):
            reply = post(f"http://{server.address}/invocations?model=it", body, kind)
            same(reply.json()["predictions"], model.predict(frame.astype(float)), 1e-9)
        for kind, body in ((PARQUET, written(texts.to_parquet)), (STREAM, ipc(texts, emit_dictionary_deltas=True))):
            reply = post(f"http://{server.address}/v1/models/texts:predict", body, kind)
            same(reply.json()["predictions"], encoder.predict(texts.astype(object)), 1e-9)
        lacking = post_refused(f"http://{server.address}/v1/models/it:predict", written(frame.drop(columns="half").to_parquet))
        assert lacking.startswith("`half` is missing"), lacking
        lists = frame.assign(half=[[1.0]] * 50)
        refused = post_refused(f"http://{server.address}/v1/models/it:predict", written(lists.to_parquet))
        assert refused.startswith("column `half` is of the type"), refused


def post_refused(url: str, body: bytes) -> str:
    reply = requests.post(url, data=body, headers={"content-type": PARQUET}, timeout=30)
    assert reply.status_code == 400, reply.text
    return reply.json()["error"]


def test_a_signature_holds(tmp_path: Path) -> None:
    """Integers beyond 2^53 keep their value, and a text in a column of numbers is refused."""
    model = LinearRegression().fit(pd.DataFrame({"n": [1, 2]}), [1.0, 2.0])
    signature = ModelSignature(inputs=Schema([ColSpec("long", "n")]))
    mlflow.sklearn.save_model(model, tmp_path / "model", signature=signature, pip_requirements=[])
    with Server(f"it={tmp_path / 'model'}") as server:
        url = f"http://{server.address}/v1/models/it:predict"
        large = pd.DataFrame({"n": [2**53 + 1, 2**62]})
        same(post(url, written(large.to_parquet), PARQUET).json()["predictions"], model.predict(large), 1e-9)
        refused = post_refused(url, written(pd.DataFrame({"n": ["one"]}).to_parquet))
        assert "column `n`, row 0" in refused and "is not a number" in refused, refused
        missing = post_refused(url, written(pd.DataFrame({"n": pd.array([1, None], dtype="Int64")}).to_parquet))
        assert "column `n`, row 1" in missing and "null" in missing, missing


def test_pages_of_a_large_file(tmp_path: Path) -> None:
    """Many pages, groups of rows and dictionaries that overflow into plain pages."""
    draw = np.random.default_rng(7)
    frame = pd.DataFrame({"a": draw.normal(size=20_000), "b": draw.integers(0, 10**6, 20_000), "c": draw.choice(["x", "y"], 20_000)})
    frame.loc[draw.random(20_000) < 0.3, "a"] = np.nan
    frame.loc[::7, "c"] = None
    model = LinearRegression().fit(frame[["a", "b"]].fillna(0).iloc[:99], draw.normal(size=99))
    mlflow.sklearn.save_model(model, tmp_path / "model", pip_requirements=[])
    filled = frame.assign(a=frame["a"].fillna(0))
    with Server(f"it={tmp_path / 'model'}") as server:
        url = f"http://{server.address}/v1/models/it:predict"
        for options in ({"dictionary_pagesize_limit": 2000}, {"row_group_size": 777, "data_page_version": "2.0"}, {"column_encoding": {"b": "DELTA_BINARY_PACKED"}, "use_dictionary": ["c"]}):
            table = pa.Table.from_pandas(filled)
            body = written(lambda out, options=options, table=table: pq.write_table(table, out, **options))
            same(post(url, body, PARQUET).json()["predictions"], model.predict(filled[["a", "b"]]), 1e-9)
