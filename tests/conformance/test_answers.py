"""Freshly trained models: MLflow saves them, Longshore serves them, and the answers are the library's own."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.models import infer_signature
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from compare import EQUAL, same
from models import CASES, Case
from server import Server, run


def make(name: str, seed: int) -> Case:
    return CASES[name](np.random.default_rng([seed, zlib.crc32(name.encode())]))


def save(case: Case, folder: Path, **options: object) -> Path:
    """Save as MLflow does, with a signature and an input example."""
    flavor = getattr(mlflow, case.flavor)
    predicted = mlflow_answer_of(case)
    signature = infer_signature(case.rows, predicted)
    flavor.save_model(case.model, folder, signature=signature, pip_requirements=[], **{**case.save, **options})
    return folder


def mlflow_answer_of(case: Case) -> np.ndarray:
    """What the flavour's pyfunc `predict` returns."""
    if case.flavor == "xgboost" and not hasattr(case.model, "fit"):
        import xgboost as xgb

        return case.model.predict(xgb.DMatrix(case.rows))
    return case.model.predict(case.rows)


@pytest.mark.parametrize("name", CASES)
def test_served_answers_are_the_librarys(name: str, seed: int, tmp_path: Path) -> None:
    case = make(name, seed)
    folder = save(case, tmp_path / "model")
    expected = mlflow.pyfunc.load_model(str(folder)).predict(case.rows)
    host_and_port = None
    with Server(f"it={folder}") as server:
        host_and_port = server.address.split(":")
        all_rows = ScoringServerClient(*host_and_port).invoke(case.rows)
        same(all_rows["predictions"], expected, case.tolerance)
        one_row = ScoringServerClient(*host_and_port).invoke(case.rows.iloc[[7]])
        same(one_row["predictions"], np.asarray(expected)[[7]], case.tolerance)


PROBABILITIES = [name for name in CASES if name not in ("xgboost-booster", "lightgbm-booster", "linear-svc") and not name.startswith(("linear-regression", "ridge", "random-forest-r", "hist-gradient-boosting-r", "xgboost-r"))]


@pytest.mark.parametrize("name", [*PROBABILITIES, "logistic-regression"])
def test_probabilities(name: str, seed: int, tmp_path: Path) -> None:
    case = make(name, seed)
    folder = save(case, tmp_path / "model")
    expected = case.model.predict_proba(case.rows)
    question = json.dumps({"dataframe_split": json.loads(case.rows.to_json(orient="split", index=False, double_precision=15))})
    # to_json rounds to 15 digits, so the library is asked about what was sent.
    sent = json.loads(question)["dataframe_split"]
    rows = case.rows.__class__(sent["data"], columns=sent["columns"]).astype(case.rows.dtypes)
    expected = case.model.predict_proba(rows)
    done = run("predict", folder, "--input", "-", "--method", "predict_proba", stdin=question)
    assert done.returncode == 0, done.stderr
    same(json.loads(done.stdout)["predictions"], expected, probability_tolerance(case))


def probability_tolerance(case: Case) -> float:
    """Softmax over exact sums may differ in the last bits; a mean over leaves may not."""
    if case.tolerance != EQUAL:
        return case.tolerance
    kind = type(case.model).__name__
    exact = kind.startswith(("RandomForest", "ExtraTrees", "DecisionTree"))
    return EQUAL if exact else 1e-6 if "XGB" in kind or "Pipeline" in kind else 1e-15


def test_predict_fn_of_the_model(seed: int, tmp_path: Path) -> None:
    """`pyfunc_predict_fn` decides what `/invocations` answers."""
    case = make("random-forest", seed)
    folder = save(case, tmp_path / "model", pyfunc_predict_fn="predict_proba")
    with Server(f"it={folder}") as server:
        answer = ScoringServerClient(*server.address.split(":")).invoke(case.rows)
    same(answer["predictions"], case.model.predict_proba(case.rows))


def test_tensor_signature(seed: int, tmp_path: Path) -> None:
    """A model logged with a numpy array takes `inputs`, which is what MLflow's client sends for an array."""
    case = make("logistic-regression", seed)
    rows = case.rows.to_numpy()
    model = case.model.__class__(case.model.steps).fit(rows, case.model.predict(case.rows))
    mlflow.sklearn.save_model(model, tmp_path / "model", signature=infer_signature(rows, model.predict(rows)), pip_requirements=[])
    with Server(f"it={tmp_path / 'model'}") as server:
        answer = ScoringServerClient(*server.address.split(":")).invoke(rows)
    same(answer["predictions"], model.predict(rows))
