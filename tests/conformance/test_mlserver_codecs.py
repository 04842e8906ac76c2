"""What MLServer's codecs write and read."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from compare import same
from questions import expected, frame
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


@pytest.fixture(scope="module")
def answers(examples: Server) -> list[dict]:
    python = os.environ.get("MLSERVER_PYTHON")
    assert python, "MLSERVER_PYTHON names the Python that has MLServer; tests/conformance/run sets it"
    questions = [
        {"kind": kind, "url": f"{examples.url}/v2/models/{name}/infer", "columns": frame(name).to_dict(orient="list")} for kind, name in QUESTIONS
    ]
    script = Path(__file__).with_name("mlserver_client.py")
    done = subprocess.run([python, script], input=json.dumps(questions), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("index", range(len(QUESTIONS)), ids=[f"{kind}-{name}" for kind, name in QUESTIONS])
def test_codec(answers: list[dict], index: int) -> None:
    answer = answers[index]
    assert answer["status"] == 200, answer
    same(answer["values"], expected(QUESTIONS[index][1]))
