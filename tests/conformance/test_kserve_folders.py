"""Folders that KServe's own runtimes take: one file of the library's own format, no MLmodel."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from compare import same
from models import EQUAL, F32, Case
from server import Server
from test_answers import make


def joblib_file(name: str, **options: Any) -> Callable[[Case, Path], None]:
    return lambda case, folder: joblib.dump(case.model, folder / name, **options)


def pickle_file(protocol: int) -> Callable[[Case, Path], None]:
    return lambda case, folder: (folder / "model.pkl").write_bytes(pickle.dumps(case.model, protocol))


def xgboost_file(name: str) -> Callable[[Case, Path], None]:
    return lambda case, folder: getattr(case.model, "get_booster", lambda: case.model)().save_model(folder / name)


def lightgbm_file(name: str) -> Callable[[Case, Path], None]:
    return lambda case, folder: case.model.save_model(folder / name)


SKLEARN = {
    "joblib": ("random-forest", joblib_file("model.joblib")),
    "joblib-zlib": ("logistic-regression", joblib_file("model.joblib", compress=3)),
    "joblib-xz": ("gradient-boosting", joblib_file("model.joblib", compress=("xz", 3))),
    "pickle-5": ("hist-gradient-boosting", pickle_file(5)),
    "pickle-2": ("random-forest-regressor", pickle_file(2)),
}
BOOSTERS = {
    "xgboost-ubj": ("xgboost-booster", xgboost_file("model.ubj"), F32),
    "xgboost-json": ("xgboost-booster", xgboost_file("model.json"), F32),
    "lightgbm-txt": ("lightgbm-booster", lightgbm_file("model.txt"), EQUAL),
    "lightgbm-bst": ("lightgbm-booster", lightgbm_file("model.bst"), EQUAL),
}


def ask(folder: Path, rows: np.ndarray) -> list:
    """Start as KServe starts its runtimes, and ask by V1. `null` is a missing value."""
    instances = [[None if np.isnan(value) else value for value in row] for row in rows.tolist()]
    with Server("--model_name=it", f"--model_dir={folder}") as server:
        answer = server.post("/v1/models/it:predict", data=json.dumps({"instances": instances}))
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


@pytest.mark.parametrize("form", SKLEARN)
def test_scikit_learn(form: str, seed: int, tmp_path: Path) -> None:
    name, write = SKLEARN[form]
    case = make(name, seed)
    write(case, tmp_path)
    same(ask(tmp_path, case.rows.to_numpy()), case.model.predict(case.rows), case.tolerance)


@pytest.mark.parametrize("form", BOOSTERS)
def test_boosters(form: str, seed: int, tmp_path: Path) -> None:
    import xgboost as xgb

    name, write, tolerance = BOOSTERS[form]
    case = make(name, seed)
    write(case, tmp_path)
    question = xgb.DMatrix(case.rows) if name.startswith("xgboost") else case.rows
    same(ask(tmp_path, case.rows.to_numpy()), case.model.predict(question), tolerance)
