"""The examples answer as their README files say, and as the libraries that made them."""

from __future__ import annotations

import json
import re

import pytest
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from compare import DOT, same
from conftest import NAMES
from questions import expected, frame, instances, library_model
from server import EXAMPLES, Server, run


@pytest.mark.parametrize("name", NAMES)
def test_v1(examples: Server, name: str) -> None:
    answer = examples.post(f"/v1/models/{name}:predict", data=(EXAMPLES / name / "request.json").read_bytes())
    assert answer.status_code == 200, answer.text
    same(answer.json()["predictions"], expected(name))


@pytest.mark.parametrize("name", NAMES)
def test_readme_shows_the_real_answer(name: str) -> None:
    shown = re.search(r'^\{"predictions":.*\}$', (EXAMPLES / name / "README.md").read_text(), re.MULTILINE)
    assert shown, "no answer in the README"
    with Server(f"{name}={EXAMPLES / name / 'model'}") as server:
        answer = server.post(f"/v1/models/{name}:predict", data=(EXAMPLES / name / "request.json").read_bytes())
    assert answer.text.strip() == shown[0]


@pytest.mark.parametrize("name", NAMES)
def test_invocations_takes_what_mlflow_wrote(name: str) -> None:
    """`serving_input_example.json` is a request body that MLflow saved beside the model."""
    model = library_model(name)
    example = model.input_example
    with Server(f"{name}={EXAMPLES / name / 'model'}") as server:
        saved = (EXAMPLES / name / "model/serving_input_example.json").read_bytes()
        answer = server.post("/invocations", data=saved, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        same(answer.json()["predictions"], model.predict(example))
        client = ScoringServerClient(*server.address.split(":"))
        same(client.invoke(frame(name))["predictions"], expected(name))


@pytest.mark.parametrize("name", NAMES)
def test_bundled_model_is_the_same(name: str) -> None:
    with Server(f"it=example://{name}") as server:
        answer = server.post("/v1/models/it:predict", json={"instances": instances(name)})
    assert answer.status_code == 200, answer.text
    same(answer.json()["predictions"], expected(name))


@pytest.mark.parametrize("name", NAMES)
def test_predict_command(name: str) -> None:
    done = run("predict", EXAMPLES / name / "model", "--input", EXAMPLES / name / "request.json")
    assert done.returncode == 0, done.stderr
    same(json.loads(done.stdout)["predictions"], expected(name))


@pytest.mark.parametrize("name", ["wine", "classification", "chatbot-intents"])
def test_predict_command_probabilities(name: str) -> None:
    done = run("predict", EXAMPLES / name / "model", "--input", EXAMPLES / name / "request.json", "--method", "predict_proba")
    assert done.returncode == 0, done.stderr
    same(json.loads(done.stdout)["predictions"], library_model(name).get_raw_model().predict_proba(frame(name)), DOT)


def test_predict_command_reads_csv(tmp_path) -> None:
    table = frame("recruitment-rank")
    table.to_csv(tmp_path / "rows.csv", index=False)
    done = run("predict", EXAMPLES / "recruitment-rank/model", "--input", tmp_path / "rows.csv")
    assert done.returncode == 0, done.stderr
    same(json.loads(done.stdout)["predictions"], expected("recruitment-rank"))


@pytest.mark.parametrize("name", NAMES)
def test_inspect_command_names_the_columns(name: str) -> None:
    text = run("inspect", EXAMPLES / name / "model")
    assert text.returncode == 0, text.stderr
    parsed = run("inspect", EXAMPLES / name / "model", "--json")
    assert parsed.returncode == 0, parsed.stderr
    shown = json.dumps(json.loads(parsed.stdout), ensure_ascii=False)
    for column in frame(name).columns:
        assert column in text.stdout
        assert column in shown


def test_demo_answers_every_example() -> None:
    done = run("demo", "--once", "--port", "0")
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert name in done.stdout
