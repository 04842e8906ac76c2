"""Every shape of a request, beside MLflow's scoring server and KServe's rule for its scikit-learn server.

`request_shapes.json` states for each cell what Longshore answers and what they do. Each difference names a row of the migration
guides. The Rust twin (`crates/serve/tests/it/shapes.rs`) holds the same cells against a model made by hand.

`python test_request_shapes.py` asks the two again and writes what they do into the table.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tensors
from server import Server

HERE = Path(__file__).parent
TABLE = HERE / "request_shapes.json"
GUIDES = {peer: (HERE / f"../../docs/guides/from-{peer}.md").read_text() for peer in ("mlflow", "kserve")}
CELLS: list[dict[str, Any]] = json.loads(TABLE.read_text())
REFUSED = "refused"


def table_model() -> tuple[Any, pd.DataFrame]:
    """a + 10 b + 100 where c is x; b may be missing (then 0) and d is never read."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rows = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, np.nan, 2.0], "c": ["x", "y", "x"], "d": [1.0, np.nan, 2.0]})
    numbers = SimpleImputer(strategy="constant", fill_value=0)
    prepare = ColumnTransformer([("numbers", numbers, ["a", "b"]), ("text", OneHotEncoder(handle_unknown="ignore"), ["c"])])
    model = make_pipeline(prepare, LinearRegression()).fit(rows, [1, 2, 3])
    model[-1].coef_, model[-1].intercept_ = np.array([1.0, 10.0, 100.0, 0.0]), 0.0
    return model, rows


def numbers_model() -> tuple[Any, pd.DataFrame]:
    """a + 10 b."""
    from sklearn.linear_model import LinearRegression

    rows = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 5.0, 2.0]})
    model = LinearRegression().fit(rows, [1, 2, 3])
    model.coef_, model.intercept_ = np.array([1.0, 10.0]), 0.0
    return model, rows


MODELS = {"table": table_model, "numbers": numbers_model}


def folder(root: Path, name: str, signed: bool) -> Path:
    """The model as MLflow saves it, with a signature inferred from its rows or without one."""
    import mlflow
    from mlflow.models import infer_signature

    path = root / f"{name}-{'signed' if signed else 'unsigned'}"
    if not path.exists():
        model, rows = MODELS[name]()
        signature = infer_signature(rows, model.predict(rows)) if signed else None
        mlflow.sklearn.save_model(model, path, signature=signature, serialization_format="cloudpickle", pip_requirements=[])
    return path


@cache
def scoring_app(path: Path) -> Any:
    import mlflow.pyfunc
    from fastapi.testclient import TestClient
    from mlflow.pyfunc import scoring_server

    return TestClient(scoring_server.init(mlflow.pyfunc.load_model(str(path))), raise_server_exceptions=False)


def question(body: Any) -> dict[str, Any]:
    kind = "text/csv" if isinstance(body, str) else "application/json"
    return {"content": body if isinstance(body, str) else json.dumps(body), "headers": {"content-type": kind}}


def values(predictions: Any) -> list[float]:
    return [float(value) for value in np.asarray(predictions).ravel()]


def mlflow_answer(root: Path, cell: dict[str, Any], signed: bool) -> Any:
    answer = scoring_app(folder(root, cell["model"], signed)).post("/invocations", **question(cell["body"]))
    return values(answer.json()["predictions"]) if answer.status_code == 200 else REFUSED


def kserve_answer(cell: dict[str, Any]) -> Any:
    """What KServe's scikit-learn server does: its own function makes rows of the request, and the model predicts."""
    from kserve.protocol.infer_type import InferRequest
    from kserve.utils.utils import get_predict_input

    protocol = cell["form"].split()[0]
    body = json.dumps(cell["body"]).encode()
    try:
        if protocol == "v1":
            payload = json.loads(body)
        else:
            payload = InferRequest.from_bytes(body, len(body), "it") if protocol == "v2" else tensors.received(cell)
        answer = values(MODELS[cell["model"]]()[0].predict(get_predict_input(payload)))
    except Exception:  # noqa: BLE001 the server answers 500 to whatever is raised
        return REFUSED
    return answer


def peers(root: Path, cell: dict[str, Any]) -> dict[str, Any]:
    if cell["form"].startswith("mlflow"):
        return {"mlflow signed": mlflow_answer(root, cell, True), "mlflow unsigned": mlflow_answer(root, cell, False)}
    return {"kserve": kserve_answer(cell)}


def name(cell: dict[str, Any]) -> str:
    return f"{cell['form']}: {cell['case']}".replace(" ", "-")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes")


@pytest.fixture(scope="module")
def servers(root: Path) -> Iterator[dict[tuple[str, bool], Server]]:
    keys = [(model, signed) for model in MODELS for signed in (True, False)]
    started = {key: Server(f"it={folder(root, *key)}").__enter__() for key in keys}
    yield started
    for server in started.values():
        server.__exit__(None, None, None)


def ask_http(server: Server, cell: dict[str, Any]) -> list[float] | str:
    """The answers, or the words of a refusal."""
    protocol = cell["form"].split()[0]
    path = {"v1": "/v1/models/it:predict", "mlflow": "/invocations"}.get(protocol, "/v2/models/it/infer")
    asked = question(cell["body"])
    if protocol == "binary":
        body, length = tensors.request(cell).to_rest()
        asked = {"content": body, "headers": {tensors.JSON_LENGTH: str(length)}}
    answer = server.post(path, data=asked["content"], headers=asked["headers"])
    assert answer.status_code in (200, 400), answer.text
    reply = answer.json()
    if answer.status_code == 400:
        return reply.get("message", reply.get("error", ""))
    return values(reply["predictions"] if protocol in ("v1", "mlflow") else reply["outputs"][0]["data"])


def ask_grpc(server: Server, cell: dict[str, Any]) -> list[float] | str:
    """The same by KServe's gRPC client."""
    import grpc
    from kserve import InferenceGRPCClient

    async def ask() -> Any:
        async with InferenceGRPCClient(server.address, timeout=20, retries=0) as client:
            return await client.infer(tensors.request(cell))

    try:
        return values(asyncio.run(ask()).outputs[0].as_numpy())
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        return error.details()


@pytest.mark.parametrize("cell", CELLS, ids=name)
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_cell(servers: dict, cell: dict[str, Any], signed: bool) -> None:
    """The real binary with the real model does what the table says."""
    server = servers[cell["model"], signed]
    answer = ask_grpc(server, cell) if cell["form"].startswith("grpc") else ask_http(server, cell)
    expected = cell["signed" if signed else "unsigned"]
    if isinstance(expected, str):
        assert isinstance(answer, str), answer
        assert expected in answer
    else:
        assert answer == pytest.approx(expected)


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_peers(root: Path, cell: dict[str, Any]) -> None:
    """MLflow and KServe do what the table says, and each difference is a row of a guide."""
    for peer, answer in peers(root, cell).items():
        assert cell["peers"][peer] == answer, peer
        ours = cell["unsigned" if peer != "mlflow signed" else "signed"]
        ours = REFUSED if isinstance(ours, str) else ours
        rows = cell.get("differs", {})
        if ours == answer:
            assert peer not in rows, f"{peer} does the same"
        else:
            assert f"| {rows[peer]} |" in GUIDES[peer.split()[0]], f"{peer} differs: its guide has no such row"


def test_guides_name_no_difference_that_is_none() -> None:
    for guide, text in GUIDES.items():
        lines = text.partition("| a request with |")[2].partition("\n\n")[0].splitlines()[2:]
        named = {row for cell in CELLS for peer, row in cell.get("differs", {}).items() if peer.startswith(guide)}
        assert {line.split(" | ")[0].removeprefix("| ") for line in lines} == named


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        for cell in CELLS:
            cell["peers"] = peers(Path(made), cell)
    TABLE.write_text("[\n" + ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in CELLS) + "\n]\n")
