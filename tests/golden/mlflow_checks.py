"""Record what MLflow's own validation says about names and lengths, for the tests of `crates/mlflow`.

usage: PYTHON tests/golden/mlflow_checks.py OUT     the environment is tests/conformance/requirements-storage.txt

Each line of `OUT/checks.jsonl` is {"check", "value", "says"}: the check's name, what it was given, and MLflow's message, which is
null when MLflow takes the value. A long text is written as {"repeat": TEXT, "times": N}.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils import validation as v

NAMES = ["a", "a/b", "a.b-c d:e_f", "0", "é", "葡萄", "a/../b", "a//b", "/a", "a/", "..", ".", "./a", "..a", "...", "a/./b", "//a"]
NAMES += ["a*b", "a,b", "a\\b", "a\"b", "a'b", "a%b", "a@b", "a\tb", " ", " a", "a ", "ab/..", "a" * 250, "a" * 251, "x" * 6001]
KEYS = ("metric_key", "param_key", "run_tag_key", "experiment_tag_key", "registry_tag_key")
LONG = [0, 1, 249, 250, 251, 255, 256, 500, 501, 5999, 6000, 6001, 8000, 8001, 20000, 20001, 100000, 100001]


def key(name: str, text: str) -> None:
    if name == "metric_key":
        v._validate_metric(text, 1.0, 1, 0)
    elif name == "param_key":
        v._validate_param(text, "v")
    elif name == "run_tag_key":
        v._validate_tag(text, "v")
    elif name == "experiment_tag_key":
        v._validate_experiment_tag(text, "v")
    else:
        v._validate_registered_model_tag(text, "v")


def dataset(field: str, text: str) -> None:
    fields = {"name": "n", "digest": "d", "source_type": "t", "source": "s", "schema": None, "profile": None}
    tag = InputTag(text if field == "key" else "k", text if field == "value" else "v")
    if field in fields:
        fields[field] = text
    v._validate_dataset_inputs([DatasetInput(Dataset(**fields), [tag])])


def batch(metrics: int, params: int, tags: int) -> None:
    v._validate_batch_log_limits([Metric("k", 1, 1, 1)] * metrics, [Param("k", "v")] * params, [RunTag("k", "v")] * tags)


def data(metrics: list, params: list, tags: list) -> None:
    v._validate_param_keys_unique([Param(*param) for param in params])
    v._validate_batch_log_data([Metric(*metric) for metric in metrics], [Param(*param) for param in params], [RunTag(*tag) for tag in tags])


def alias(text: str) -> None:
    v._validate_model_alias_name(text)
    v._validate_model_alias_name_reserved(text)


def shown(value: object) -> object:
    if isinstance(value, str) and len(value) > 100:
        return {"repeat": value[0], "times": len(value)}
    return value


def main(out: Path) -> None:
    lines = []

    def record(name: str, value: object, call: callable) -> None:
        try:
            call()
            says = None
        except MlflowException as refused:
            says = refused.message
        short = [shown(part) for part in value] if isinstance(value, list) else shown(value)
        lines.append(json.dumps({"check": name, "value": short, "says": says}, ensure_ascii=False))

    for name in KEYS:
        for text in NAMES:
            record(name, text, lambda name=name, text=text: key(name, text))
    for length in LONG:
        text = "é" * length
        record("experiment_tag_value", text, lambda text=text: v._validate_experiment_tag("k", text))
        record("registry_tag_value", text, lambda text=text: v._validate_registered_model_tag("k", text))
        record("experiment_name", text, lambda text=text: v._validate_experiment_name(text))
        for field in ("key", "value", "name", "digest", "source", "schema", "profile"):
            record(f"input_{field}", text, lambda field=field, text=text: dataset(field, text))
    for field, size in (("source", 65535), ("schema", 1048575), ("profile", 16777215)):
        for length in (size, size + 1):
            record(f"input_{field}", "x" * length, lambda field=field, length=length: dataset(field, "x" * length))
    for length in (2048, 2049):
        record("artifact_location", "x" * length, lambda length=length: v._validate_experiment_artifact_location_length("x" * length))
    for text in ("s3://a/b", "runs:/a/b", "/a"):
        record("artifact_location", text, lambda text=text: v._validate_experiment_artifact_location(text))
    for text in [*NAMES, "", "  ", "a:b"]:
        record("model_name", text, lambda text=text: v._validate_model_name(text))
        record("new_model_name", text, lambda text=text: v._validate_model_renaming(text))
        record("logged_model_name", text, lambda text=text: v._validate_logged_model_name(text))
    for text in ["champion", "a-b_c", "é", "", "a b", "a/b", "latest", "Latest", "v1", "V22", "v1a", "v", "x" * 255, "x" * 256, "a@b"]:
        record("alias", text, lambda text=text: alias(text))
    for text in ["a" * 32, "run-1_b", "", "-a", "a/b", "a" * 256, "a" * 257, "é", "aé", "a.b"]:
        record("run_id", text, lambda text=text: v._validate_run_id(text))
    for text in ["0", "12", "-1", "x", "", "1.5", " 3 ", "99999999999999999999"]:
        record("experiment_id", text, lambda text=text: v._parse_experiment_id(text))
        record("model_version", text, lambda text=text: v._validate_model_version(text))
    for counts in ((1000, 0, 0), (1001, 0, 0), (0, 100, 0), (0, 101, 0), (0, 0, 100), (0, 0, 101), (800, 100, 100), (801, 100, 100), (0, 0, 0)):
        record("batch", list(counts), lambda counts=counts: batch(*counts))
    contents = [
        ([], [["a", "1"], ["b", "2"]], []),
        ([], [["a", "1"], ["b", "2"], ["a", "1"], ["a", "3"], ["b", "2"]], []),
        ([["ok", 1.0, 1, 0], ["a*b", 1.0, 1, 0]], [], []),
        ([["ok", 1.0, -1, 0]], [], []),
        ([["ok", 0.1, -5, 3]], [], []),
        ([], [["a", "1"], ["../b", "2"]], []),
        ([], [], [["t", "v"], ["a//b", "v"]]),
        ([], [], [["x" * 251, "v"]]),
    ]
    for content in contents:
        record("batch_data", list(content), lambda content=content: data(*content))
    (out / "checks.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
