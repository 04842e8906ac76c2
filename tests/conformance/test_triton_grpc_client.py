"""Triton's gRPC client, in a process of its own: it declares the same protobuf messages as KServe's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compare import DOT, same
from conftest import NAMES
from questions import expected, frame, library_model
from server import EXAMPLES, Server

SCRIPT = Path(__file__).with_name("triton_grpc_client.py")


def columns(name: str) -> dict[str, list]:
    return frame(name).to_dict(orient="list")


def ask(server: Server, *questions: dict) -> list[dict]:
    given = json.dumps({"address": server.address, "questions": questions})
    done = subprocess.run([sys.executable, SCRIPT], input=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_one_tensor_a_column(examples: Server, name: str) -> None:
    [answer] = ask(examples, {"model": name, "columns": columns(name), "request_id": "7"})
    assert answer["id"] == "7"
    assert answer["model"] == name
    [values] = answer["values"].values()
    same(values, expected(name).reshape(-1))


@pytest.mark.parametrize("datatype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("name", ["wine", "classification"])
def test_one_tensor(examples: Server, name: str, datatype: str) -> None:
    [answer] = ask(examples, {"model": name, "columns": columns(name), "matrix": datatype})
    values = frame(name).to_numpy(dtype=datatype).astype("float64")
    model = library_model(name).get_raw_model()
    same(next(iter(answer["values"].values())), np.asarray(model.predict(values)).reshape(-1))


@pytest.mark.parametrize("name", ["wine", "classification", "chatbot-intents"])
def test_outputs_by_name(examples: Server, name: str) -> None:
    [answer] = ask(examples, {"model": name, "columns": columns(name), "outputs": ["predict", "predict_proba"]})
    same(answer["values"]["predict"], expected(name).reshape(-1))
    probabilities = library_model(name).get_raw_model().predict_proba(frame(name))
    assert answer["shapes"]["predict_proba"] == list(probabilities.shape)
    same(answer["values"]["predict_proba"], probabilities.ravel(), DOT)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed(examples: Server, algorithm: str) -> None:
    many = {name: values * 500 for name, values in columns("wine").items()}
    [answer] = ask(examples, {"model": "wine", "columns": many, "outputs": ["predict_proba"], "compression_algorithm": algorithm})
    probabilities = library_model("wine").get_raw_model().predict_proba(frame("wine"))
    same(answer["values"]["predict_proba"], np.tile(probabilities, (500, 1)).ravel(), DOT)


def test_health_and_metadata(examples: Server) -> None:
    [about] = ask(examples, {"about": "wine"})
    assert about["live"] and about["ready"] and about["model_ready"]
    assert about["server"]["name"] == "longshore"
    over_http = examples.get("/v2/models/wine").json()
    assert about["model"]["inputs"] == [{**one, "shape": list(map(str, one["shape"]))} for one in over_http["inputs"]]
    assert {one["name"] for one in about["index"]["models"]} == set(NAMES)
    config, as_json = about["config"], examples.get("/v2/models/wine/config").json()
    assert (config["name"], config["platform"], config["backend"]) == tuple(as_json[key] for key in ("name", "platform", "backend"))
    assert config["version_policy"] == {"specific": {"versions": ["1"]}}
    for given in ("input", "output"):
        numbers = [{**one, "dims": list(map(str, one["dims"]))} for one in as_json[given]]
        # the client leaves out what is false
        assert config[given] == [{key: value for key, value in one.items() if value is not False} for one in numbers]


def test_statistics() -> None:
    with Server(f"wine={EXAMPLES / 'wine/model'}", f"other={EXAMPLES / 'classification/model'}") as server:
        row = {name: values[:1] for name, values in columns("wine").items()}
        good, bad = {"model": "wine", "columns": row}, {"model": "wine", "columns": {"x": [1.0]}}
        answers = ask(server, good, good, bad, {"statistics": "wine"}, {"statistics": "", "model_version": ""}, {"statistics": "wine", "model_version": "9"})
        [wine] = answers[3]
        assert (wine["inference_count"], wine["execution_count"], wine["version"]) == (2, 2, "1")
        assert wine["counts"] == {
            **dict.fromkeys(("success", "queue", "compute_input", "compute_infer", "compute_output"), 2),
            "fail": 1,
            "cache_hit": 0,
            "cache_miss": 0,
        }
        nanos = wine["nanos"]
        assert nanos["success"] == sum(nanos[part] for part in ("queue", "compute_input", "compute_infer", "compute_output"))
        assert wine["last_inference"] == server.get("/v2/models/wine/stats").json()["model_stats"][0]["last_inference"]
        assert [one["model"] for one in answers[4]] == ["wine", "other"]
        assert answers[5]["status"].endswith("NOT_FOUND")


def test_refusals(examples: Server) -> None:
    row = {"columns": {"input-0": [[1.0, 2.0]]}, "matrix": "float64"}
    answers = ask(
        examples,
        {"model": "nothing", **row},
        {"model": "wine", "columns": {"x": [1.0], "y": [2.0]}, "matrix": "float64"},
        {"model": "wine", "columns": columns("wine"), "outputs": ["transform"]},
        {"model": "wine", "model_version": "99", "columns": columns("wine")},
        {"about": "nothing"},
        {"configuration": "nothing", "model_version": ""},
        {"configuration": "wine", "model_version": "99"},
        {"statistics": "nothing"},
    )
    assert [answer["status"].split(".")[1] for answer in answers] == [
        "NOT_FOUND",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "NOT_FOUND",
        "NOT_FOUND",
        "NOT_FOUND",
        "NOT_FOUND",
    ]
    assert "nothing" in answers[0]["message"]
    assert "13" in answers[1]["message"]
    assert "predict_proba" in answers[2]["message"]
