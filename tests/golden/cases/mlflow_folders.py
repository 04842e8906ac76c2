"""Whole model folders, saved by MLflow itself with a signature and an input example."""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from case import Case, installed
from cases import catboost
from cases.boosting import lgb_train, xgb_train

LABELS = {"*": "A", "predict_proba": "B"}
ONE_EXP = {"*": "A", "predict": "B"}
LARGEST_EXTRA = 10_000


def cases() -> list:
    """Folders of every flavour that is installed."""
    if not installed("mlflow"):
        return []
    found = _sklearn()
    if installed("xgboost"):
        found += _xgboost()
    if installed("lightgbm"):
        found += _lightgbm()
    if installed("catboost"):
        found += _catboost()
    return found


def _edge(d: object, model: object) -> np.ndarray:
    return d.edge(model, huge=1e6)


def _example(d: object, model: object) -> object:
    return d.x[:2]


def _saver(flavour: str, example: object = _example, **options: object) -> object:
    def save(model: object, folder: Path, d: object) -> list:
        from mlflow.models import infer_signature

        module = _flavour(flavour)
        inside = folder / "mlflow"
        shutil.rmtree(inside, ignore_errors=True)
        rows = example(d, model)
        signature = infer_signature(rows, _ask(flavour, model, rows))
        module.save_model(model, str(inside), signature=signature, input_example=rows, **_known(module, options))
        _trim(inside)
        return ["mlflow"]

    return save


def _flavour(name: str) -> object:
    from importlib import import_module

    return import_module(f"mlflow.{name}")


def _ask(flavour: str, model: object, rows: object) -> object:
    if flavour == "xgboost" and type(model).__name__ == "Booster":
        import xgboost

        return model.predict(xgboost.DMatrix(rows))
    return model.predict(rows)


def _known(module: object, options: dict) -> dict:
    """Options that this MLflow version has; the rest came later."""
    names = inspect.signature(module.save_model).parameters
    return {name: value for name, value in options.items() if name in names}


def _trim(folder: Path) -> None:
    """Drop large side files, and local paths wherever MLflow wrote one."""
    for path in folder.iterdir():
        if path.suffix in (".yaml", ".txt") and path.stat().st_size > LARGEST_EXTRA:
            path.unlink()
    described = folder / "MLmodel"
    text = described.read_text(encoding="utf-8")
    local = re.escape(str(folder.resolve().parent))
    described.write_text(re.sub(local + r"/?", "", text), encoding="utf-8")


def _folder(name: str, fit: object, save: object, exact: object, rows: object = _edge, **more: object) -> Case:
    return Case(name, fit, rows, exact, library="mlflow", save=save, **more)


def _sklearn() -> list:
    logistic = lambda d: make_pipeline(StandardScaler(), LogisticRegression()).fit(d.x, d.names)
    forest = lambda d: RandomForestClassifier(3, max_depth=4, n_jobs=1, random_state=d.state).fit(d.x, d.three)
    tree = {"*": "A", "predict_log_proba": "B4"}
    frame_example = lambda d, m: d.frame[["income", "children", "city"]].iloc[:2]
    pickled, cloud = {"serialization_format": "pickle"}, {"serialization_format": "cloudpickle"}
    skops = {"serialization_format": "skops"}
    proba = {**cloud, "pyfunc_predict_fn": "predict_proba"}
    return [
        _folder("sklearn-skops", logistic, _saver("sklearn", **skops), "C", since="3.14"),
        _folder("sklearn-skops-frame", _frame_model, _saver("sklearn", frame_example, **skops), "C", _frame_rows, since="3.14"),
        _folder("sklearn-skops-trusted", forest, _saver("sklearn", skops_trusted_types=["sklearn.tree._tree.Tree"], **skops), tree, since="3.14"),
        _folder("sklearn-cloudpickle", forest, _saver("sklearn", **cloud), tree),
        _folder("sklearn-cloudpickle-frame", _frame_model, _saver("sklearn", frame_example, **cloud), "C", _frame_rows),
        _folder("sklearn-pickle", logistic, _saver("sklearn", **pickled), "C"),
        _folder("sklearn-predict-proba", logistic, _saver("sklearn", **proba), "C"),
    ]


def _frame_model(d: object) -> object:
    parts = [("num", StandardScaler(), ["income", "children"]), ("cat", OneHotEncoder(handle_unknown="ignore"), ["city"])]
    return make_pipeline(ColumnTransformer(parts), LogisticRegression()).fit(d.frame[["income", "children", "city"]], d.names)


def _frame_rows(d: object, model: object) -> object:
    return d.frame_rows(unknown=True)[["income", "children", "city"]]


def _xgboost() -> list:
    def classifier(d: object) -> object:
        import xgboost

        return xgboost.XGBClassifier(n_estimators=4, max_depth=3, n_jobs=1).fit(d.x, d.binary)

    booster = lambda d: xgb_train(d, d.binary, x=d.x, objective="binary:logistic")
    # MLflow wrote XGBoost's old binary format by default until 3.0, and 1.x could write nothing else
    return [
        _folder("xgboost-booster", booster, _saver("xgboost"), ONE_EXP),
        _folder("xgboost-booster-json", booster, _saver("xgboost", model_format="json"), ONE_EXP),
        _folder("xgboost-classifier", classifier, _saver("xgboost"), LABELS),
    ]


def _lightgbm() -> list:
    def classifier(d: object) -> object:
        import lightgbm

        return lightgbm.LGBMClassifier(n_estimators=4, num_leaves=6, n_jobs=1, verbosity=-1).fit(d.x, d.names)

    booster = lambda d: lgb_train(d, d.binary, x=d.x, objective="binary")
    chain = {"*": "A", "predict_proba": "B4"}
    return [
        _folder("lightgbm-booster", booster, _saver("lightgbm"), ONE_EXP),
        _folder("lightgbm-classifier", classifier, _saver("lightgbm"), chain),
        _folder("lightgbm-classifier-cloudpickle", classifier, _saver("lightgbm", serialization_format="cloudpickle"), chain, since="3.14"),
    ]


def _catboost() -> list:
    return [
        _folder("catboost-classifier", lambda d: catboost.classifier(iterations=3).fit(d.x, d.names), _saver("catboost"), catboost.CHAIN, extras=()),
        _folder("catboost-regressor", lambda d: catboost.regressor(loss_function="Poisson").fit(d.x, d.counts), _saver("catboost"), catboost.ONE_EXP, extras=()),
    ]
