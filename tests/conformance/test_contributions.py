"""What each column adds to a score: golden models of the three boosting libraries, asked through every protocol."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from compare import DOT, EQUAL, same
from server import Server

GOLDEN = Path(__file__).parents[2] / "crates/engine/tests/golden"
CASES = ("xgboost-3.4.1/boost-dart-three", "lightgbm-4.7.0/boost-lgb-own-objective", "catboost-1.2.10/catboost-binary")


def numbers(data: list) -> np.ndarray:
    return np.array([float(value) for value in data])


@pytest.mark.parametrize("name", CASES)
def test_contributions_by_every_protocol(name: str) -> None:
    case = json.loads((GOLDEN / name / "case.json").read_text())
    answer = case["expected"]["contributions"]
    expected = numbers(answer["data"]).reshape(answer["shape"]).astype({"f32": np.float32, "f64": np.float64}[answer["dtype"]])
    rows, columns = case["input"]["rows"], case["input"]["columns"]
    values = [None if np.isnan(value) else value for value in numbers(case["input"]["data"])]
    listed = [values[at : at + columns] for at in range(0, rows * columns, columns)]
    tensor = {"name": "x", "shape": [rows, columns], "datatype": "FP64", "data": values}
    with Server(f"it={GOLDEN / name / case['models'][0]}") as server:
        ask = lambda path, body: server.post(path, json=body).json()
        named = ask("/v2/models/it/infer", {"inputs": [tensor], "outputs": [{"name": "contributions"}]})["outputs"][0]
        by_v1 = ask("/v1/models/it:predict?method=contributions", {"instances": listed})["predictions"]
        invoked = ask("/invocations", {"inputs": listed, "params": {"method": "contributions"}})["predictions"]
    assert named["name"] == "contributions"
    # CatBoost's own are of class C
    tolerance = DOT if name.startswith("catboost") else EQUAL
    for found in (numbers(named["data"]).reshape(named["shape"]), by_v1, invoked):
        same(found, expected, tolerance)
