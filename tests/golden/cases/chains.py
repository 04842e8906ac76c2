"""Transformers and a model in files of their own, asked as their users do: one after the other."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Callable

import joblib
import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from case import Case, installed


class Apart:
    """Fitted parts that no pipeline holds; every method of the last is asked with transformed rows."""

    def __init__(self, *parts: object) -> None:
        self.parts = parts

    def __getattr__(self, name: str) -> Callable:
        method = getattr(self.parts[-1], name)

        def asked(rows: object) -> object:
            for part in self.parts[:-1]:
                rows = part.transform(rows)
            return method(rows)

        return asked


def _fit(rows: object, target: object, *parts: object) -> Apart:
    transformed = rows
    for part in parts[:-1]:
        transformed = part.fit_transform(transformed)
    parts[-1].fit(transformed, target)
    return Apart(*parts)


def _save(*names: str) -> Callable:
    """Write each part under its name; the case's model is the chain of the names."""

    def save(model: Apart, folder: Path, d: object) -> list:
        for part, name in zip(model.parts, names):
            _write(part, folder / name)
        return ["+".join(names)]

    return save


def _write(part: object, path: Path) -> None:
    if path.suffix == ".pkl":
        path.write_bytes(pickle.dumps(part, protocol=4))
    elif path.suffix == ".skops":
        import skops.io

        skops.io.dump(part, path)
    elif path.suffix == ".txt":
        part.booster_.save_model(str(path))
    elif path.suffix == "":
        _write_mlflow(part, path)
    else:
        joblib.dump(part, path, compress=0 if path.suffix == ".joblib" else 3)


def _write_mlflow(part: object, path: Path) -> None:
    import mlflow.sklearn
    from mlflow.models import infer_signature

    shutil.rmtree(path, ignore_errors=True)
    signature = infer_signature(np.zeros((2, 5)), np.zeros(2, dtype=np.int64))
    mlflow.sklearn.save_model(part, str(path), serialization_format="cloudpickle", signature=signature)


def _edge(d: object, model: object) -> object:
    return d.edge()


def _edge_nan(d: object, model: object) -> object:
    return d.edge(nan=True)


def _documents(d: object, model: object) -> list:
    return d.document_rows()


def _frame(d: object, model: object) -> object:
    return d.frame_rows()


def cases() -> list:
    """Chains of two and three files, in every kind of container."""
    return [*_numbers(), *_texts(), *_frames(), *_boosters()]


def _numbers() -> list:
    def three(d: object) -> Apart:
        return _fit(d.x_nan, d.y, SimpleImputer(), MinMaxScaler(), Ridge())

    logistic = lambda d: _fit(d.x, d.three, StandardScaler(), LogisticRegression(max_iter=300))
    folder = lambda d: _fit(d.x, d.binary, StandardScaler(), LogisticRegression())
    found = [
        Case("chain-scaler-logistic", logistic, _edge, "C", save=_save("scaler.pkl", "model.joblib.gz")),
        Case("chain-imputer-scaler-ridge", three, _edge_nan, "C", save=_save("imputer.pkl", "scaler.joblib", "model.pkl")),
    ]
    if installed("mlflow"):
        found.append(Case("chain-scaler-mlflow", folder, _edge, "C", save=_save("scaler.pkl", "model"), since="1.9"))
    return found


def _texts() -> list:
    tfidf = lambda d: _fit(d.documents, _classes(d), TfidfVectorizer(max_features=30), LogisticRegression())
    counts = lambda d: _fit(d.documents, _classes(d), CountVectorizer(max_features=30), SGDClassifier(loss="log_loss", random_state=0))
    return [
        Case("chain-tfidf-logistic", tfidf, _documents, "C", extras=(), save=_save("vectorizer.pkl", "model.pkl")),
        Case("chain-counts-descent", counts, _documents, "C", extras=(), save=_save("vectorizer.joblib.z", "model.pkl"), since="1.1"),
    ]


def _classes(d: object) -> list:
    return [("odd", "even")[len(text) % 2] for text in d.documents]


def _frames() -> list:
    def fit(d: object) -> Apart:
        columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["colour"]), (SimpleImputer(), ["age", "income"]))
        return _fit(d.frame, d.three, columns, LogisticRegression(max_iter=1000))

    return [Case("chain-columns-logistic", fit, _frame, "C", extras=("row",), save=_save("columns.pkl", "model.skops"), since="1.2")]


def _boosters() -> list:
    found = []
    if installed("xgboost"):
        import xgboost

        trained = lambda d: _fit(d.x, d.binary, StandardScaler(), xgboost.XGBClassifier(n_estimators=4, max_depth=3, n_jobs=1))
        labels = {"*": "A", "predict_proba": "B"}
        methods = ("predict", "predict_proba")
        saved = _save("scaler.pkl", "model.pkl")
        found.append(Case("chain-scaler-xgboost", trained, _edge, labels, methods=methods, save=saved, since="1.9"))
    if installed("lightgbm"):
        import lightgbm

        trees = lambda d: _fit(d.x_nan, d.y, SimpleImputer(), lightgbm.LGBMRegressor(n_estimators=4, num_leaves=5, n_jobs=1, verbose=-1))
        found.append(Case("chain-imputer-lightgbm", trees, _edge_nan, "A", methods=("predict",), save=_save("imputer.pkl", "model.txt"), since="1.9"))
    return found
