"""What MLServer's codecs write and read."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from compare import DOT, same
from questions import expected, frame, library_model
from server import Server

QUESTIONS = [
    ("pandas", "wine"),
    ("numpy", "wine"),
    ("numpy-f32", "classification"),
    ("pandas", "classification"),
    ("pandas", "recruitment-rank"),
    ("pandas", "chatbot-intents"),
    ("string", "chatbot-intents"),
]


# what is asked of a model whose answers are texts, and how the reply is read: each must give the library's own answer
TEXTS = [
    ({"codec": "string"}, "np"),
    ({"codec": "pandas"}, "np"),
    ({"codec": "numpy"}, "np"),
    ({"codec": "named"}, "np"),
    ({"content_type": "np", "codec": "named"}, "np"),
    ({"content_type": "str", "codec": "named"}, "str"),
    ({"content_type": "base64", "codec": "named"}, "base64"),
    ({"content_type": "datetime", "codec": "named"}, "datetime"),
]


def ask(questions: list[dict]) -> list[dict]:
    python = os.environ.get("MLSERVER_PYTHON")
    assert python, "MLSERVER_PYTHON names the Python that has MLServer; tests/conformance/run sets it"
    script = Path(__file__).with_name("mlserver_client.py")
    done = subprocess.run([python, script], input=json.dumps(questions), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def question(server: Server, kind: str, name: str, **more: str) -> dict:
    return {"kind": kind, "url": f"{server.url}/v2/models/{name}/infer", "columns": frame(name).to_dict(orient="list"), **more}


@pytest.fixture(scope="module")
def answers(examples: Server) -> list[dict]:
    return ask([question(examples, kind, name) for kind, name in QUESTIONS])


@pytest.mark.parametrize("index", range(len(QUESTIONS)), ids=[f"{kind}-{name}" for kind, name in QUESTIONS])
def test_codec(answers: list[dict], index: int) -> None:
    answer = answers[index]
    assert answer["status"] == 200, answer
    same(answer["values"], expected(QUESTIONS[index][1]))


def test_numbers_are_decoded_by_every_codec(examples: Server) -> None:
    for codec in ("numpy", "pandas", "named"):
        [answer] = ask([question(examples, "numpy", "wine", output="predict", codec=codec)])
        assert answer["said"] == ["np"]
        same(answer["values"], expected("wine"))
    probabilities = library_model("wine").get_raw_model().predict_proba(frame("wine"))
    for codec in ("numpy", "named"):
        [answer] = ask([question(examples, "numpy", "wine", output="predict_proba", codec=codec)])
        same(answer["values"], probabilities.ravel(), DOT)


def test_texts_are_decoded_by_every_codec(tmp_path: Path) -> None:
    days = np.array(["2026-11-27T08:00:00", "2026-11-28T00:00:00"])
    rows = np.array([[0.0], [1.0]])
    model = LogisticRegression().fit(rows, days)
    joblib.dump(model, tmp_path / "days.joblib")
    with Server(f"days={tmp_path / 'days.joblib'}") as server:
        url = f"{server.url}/v2/models/days/infer"
        common = {"kind": "numpy", "url": url, "columns": {"x": rows.ravel().tolist()}, "output": "predict"}
        answers = ask([{**common, **asked} for asked, _ in TEXTS])
        for answer, (asked, said) in zip(answers, TEXTS, strict=True):
            assert answer["said"] == [said], asked
            assert answer["values"] == model.predict(rows).tolist(), asked
        [refused] = ask([{**common, "output": "predict_proba", "content_type": "str"}])
        assert refused["status"] == 400 and "goes with BYTES" in refused["text"]
