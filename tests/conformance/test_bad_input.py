"""Wrong requests: the status code a client can act on, words that help, and a server that goes on working."""

from __future__ import annotations

import json
import socket

import pytest

from questions import instances
from server import EXAMPLES, ROOT, Server

V1 = "/v1/models/wine:predict"
V2 = "/v2/models/wine/infer"
MLFLOW = "/invocations"
ROW = instances("wine")[0]


def tensor(**change: object) -> str:
    return json.dumps({"inputs": [{"name": "x", "shape": [1, 13], "datatype": "FP64", "data": ROW, **change}]})


def split(**change: object) -> str:
    columns = list(json.loads((EXAMPLES / "wine/model/input_example.json").read_text())["columns"])
    return json.dumps({"dataframe_split": {"columns": columns, "data": [ROW], **change}})


DEEP = "[" * 100_000
TABLE = [
    # path, body, expected status, words of which one must be in the message
    (V1, "", 400, ()),
    (V1, "{", 400, ()),
    (V1, "not json", 400, ()),
    (V1, "[]", 400, ("instances", "inputs", "object")),
    (V1, "{}", 400, ("instances", "inputs")),
    (V1, '{"instances": 7}', 400, ()),
    (V1, '{"instances": null}', 400, ()),
    (V1, '{"instances": [[1, 2]]}', 400, ("13",)),
    (V1, json.dumps({"instances": [ROW, ROW[:-1]]}), 400, ()),
    (V1, json.dumps({"instances": [[*ROW[:-1], "many"]]}), 400, ()),
    (V1, json.dumps({"instances": [[*ROW[:-1], [1]]]}), 400, ()),
    (V1, json.dumps({"instances": [{"alcohol": 14.2}]}), 400, ("malic_acid", "missing", "column")),
    (V1, json.dumps({"instances": [ROW]}) + "}", 400, ()),
    (V1, b'{"instances": [["\xff\xfe"]]}', 400, ()),
    (V1, DEEP, 400, ()),
    (V1, '{"instances": ' + DEEP, 400, ()),
    (V1, '{"x": ' + DEEP, 400, ()),
    ("/v1/models/nothing:predict", json.dumps({"instances": [ROW]}), 404, ("nothing",)),
    (V2, "", 400, ()),
    (V2, "[]", 400, ()),
    (V2, "{}", 400, ("inputs",)),
    (V2, '{"inputs": []}', 400, ()),
    (V2, '{"inputs": [{}]}', 400, ()),
    (V2, tensor(shape=[2, 13]), 400, ("26", "13", "shape")),
    (V2, tensor(shape=[1, 12]), 400, ()),
    (V2, tensor(shape=[-1, 13]), 400, ("shape",)),
    (V2, tensor(shape=[2**62, 2**62]), 400, ("shape",)),
    (V2, tensor(shape="13"), 400, ("shape",)),
    (V2, tensor(datatype="FP65"), 400, ("FP65",)),
    (V2, tensor(datatype="BYTES"), 400, ()),
    (V2, tensor(datatype="INT8", data=[1000] * 13), 400, ("1000", "INT8")),
    (V2, tensor(data=None), 400, ("data",)),
    (V2, tensor(data=["many"] * 13), 400, ()),
    (V2, tensor(data=[[ROW], 3]), 400, ()),
    ("/v2/models/nothing/infer", tensor(), 404, ("nothing",)),
    (MLFLOW, "", 400, ()),
    (MLFLOW, "not json", 400, ()),
    (MLFLOW, "[[1, 2]]", 400, ()),
    (MLFLOW, "{}", 400, ("dataframe_split",)),
    (MLFLOW, json.dumps({"instances": [ROW], "inputs": [ROW]}), 400, ("inputs", "instances")),
    (MLFLOW, split(columns=["alcohol"]), 400, ()),
    (MLFLOW, split(columns=["alcohol"], data=[[14.0]]), 400, ("malic_acid", "missing")),
    (MLFLOW, split(data=[ROW[:-1]]), 400, ()),
    (MLFLOW, split(data=[[*ROW[:-1], "many"]]), 400, ("proline", "many")),
    (MLFLOW, split(data=7), 400, ()),
]


def check_still_right(server: Server) -> None:
    answer = server.post(V1, json={"instances": [ROW]})
    assert (answer.status_code, answer.json()["predictions"]) == (200, [0])


def message(path: str, answer) -> str:
    """The text of the error, in the shape that the protocol's clients read."""
    body = answer.json()
    if path == MLFLOW:
        assert {"error_code", "message"} <= body.keys(), body
        return body["message"]
    assert isinstance(body["error"], str), body
    return body["error"]


@pytest.mark.parametrize("index", range(len(TABLE)), ids=[f"{path.split('/')[1]}-{str(body)[:40]}" for path, body, _, _ in TABLE])
def test_wrong_body(wine: Server, index: int) -> None:
    path, body, status, words = TABLE[index]
    data = body if isinstance(body, bytes) else body.encode()
    answer = wine.post(path, data=data, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text[:500]
    text = message(path, answer)
    assert text and len(text) < 2000, "a message must not repeat the body"
    assert not words or any(word in text for word in words), text
    assert "panicked" not in text and ".rs" not in text and str(ROOT) not in text and "Traceback" not in text
    check_still_right(wine)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", V1, 405),
        ("GET", V2, 405),
        ("GET", MLFLOW, 405),
        ("DELETE", "/v1/models/wine", 405),
        ("GET", "/v1/models/nothing", 404),
        ("GET", "/v2/models/nothing", 404),
        ("GET", "/v2/models/nothing/ready", 404),
        ("GET", "/surprise", 404),
        ("GET", "/v1/models/..%2f..%2fetc%2fpasswd", 404),
        ("POST", "/v1/models/wine:surprise", (404, 405)),
    ],
)
def test_wrong_route(wine: Server, method: str, path: str, status: int | tuple[int, int]) -> None:
    answer = wine.http.request(method, wine.url + path, timeout=20)
    assert answer.status_code in (status if isinstance(status, tuple) else (status,)), answer.text
    check_still_right(wine)


def test_wrong_content_type(wine: Server) -> None:
    for kind in ("text/plain", "application/xml", "application/json; charset=latin-1"):
        answer = wine.post(MLFLOW, data=split(), headers={"Content-Type": kind})
        assert answer.status_code == 415, (kind, answer.status_code, answer.text)
    check_still_right(wine)


def test_body_above_the_limit() -> None:
    with Server(f"wine={EXAMPLES / 'wine/model'}", "--max-body-bytes", "10000") as server:
        answer = server.post(V1, data=b" " * 20_000)
        assert answer.status_code == 413, answer.text
        check_still_right(server)


@pytest.mark.parametrize("length", ["99999999999999", "18446744073709551615", "-1", "x"])
def test_declared_length_is_not_believed(wine: Server, length: str) -> None:
    with socket.create_connection(wine.address.split(":"), timeout=10) as connection:
        connection.sendall(f"POST {V1} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{{}}".encode())
        status = connection.recv(4096).split(b" ", 2)[1]
    assert status in (b"400", b"413", b"431"), status
    check_still_right(wine)


def test_half_a_request(wine: Server) -> None:
    for part in (b"P", b"POST ", f"POST {V1} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode(), b"\x00\xff" * 100):
        with socket.create_connection(wine.address.split(":"), timeout=10) as connection:
            connection.sendall(part)
    check_still_right(wine)


def test_integers_that_do_not_fit(tmp_path) -> None:
    """MLflow would turn 1.7 into 1 and wrap 3,000,000,000 around; a wrong answer in silence is worse than 400."""
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.tree import DecisionTreeClassifier

    rows = pd.DataFrame({"small": np.arange(20, dtype=np.int32), "large": np.arange(20, dtype=np.int64)})
    model = DecisionTreeClassifier(random_state=0).fit(rows, np.arange(20) % 2)
    signature = infer_signature(rows, model.predict(rows))
    mlflow.sklearn.save_model(model, tmp_path / "it", signature=signature, serialization_format="cloudpickle", pip_requirements=[])
    with Server(f"it={tmp_path / 'it'}") as server:

        def ask(small: object, large: object) -> int:
            return server.post(MLFLOW, json={"dataframe_records": [{"small": small, "large": large}]}).status_code

        assert ask(3, 4) == 200
        assert ask(3.0, 4) == 200
        assert ask(1.7, 4) == 400
        assert ask(3_000_000_000, 4) == 400
        assert ask(3, 3_000_000_000) == 200
        assert ask(3, 2**70) == 400
        assert ask(None, 4) == 400
        assert ask("x", 4) == 400
