"""Neural networks: layers are dot products, so class C; labels are compared as labels."""

from __future__ import annotations

import zlib

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from case import Case


def _scaled(d: object) -> object:
    return (d.x - d.x.mean(axis=0)) / d.x.std(axis=0)


def _unit(d: object) -> object:
    return (d.x - d.x.min(axis=0)) / np.ptp(d.x, axis=0)


def _case(name: str, fit: object, rows: object = lambda d, m: np.vstack([_scaled(d)[:5], -3.0 * np.ones((1, 5))]), **more: object) -> Case:
    return Case(name, lambda d: _lean(fit(d)), rows, exact="C", **{"containers": _containers(name), **more})


def _containers(name: str) -> tuple:
    """One of each kind in turn: weights are what differs between these files, not containers."""
    turns = ("model.joblib.z", "model.p5.pkl", "model.joblib.xz", "model.joblib.gz", "model.cloudpickle.pkl", "model.joblib.bz2")
    return (turns[zlib.crc32(name.encode()) % len(turns)],)


def _lean(model: object) -> object:
    """Without the state of the training, which is larger than these networks."""
    for name in ("_optimizer", "_random_state", "_best_coefs", "_best_intercepts", "random_state_", "h_samples_"):
        model.__dict__.pop(name, None)
    return model


def _classifier(d: object, sizes: tuple, **more: object) -> MLPClassifier:
    return MLPClassifier(hidden_layer_sizes=sizes, random_state=d.state % 1000, max_iter=40, **more)


def _regressor(d: object, sizes: tuple, **more: object) -> MLPRegressor:
    return MLPRegressor(hidden_layer_sizes=sizes, random_state=d.state % 1000, max_iter=40, **more)


def cases() -> list:
    """Classifiers and regressors with each activation, and the Boltzmann machine."""
    return [*_classifiers(), *_regressors(), *_others()]


def _no_missing(d: object, model: object) -> list:
    rows = _scaled(d)[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _classifiers() -> list:
    log = {"also": ("predict_log_proba",)}
    c = _classifier
    labels = lambda d: np.column_stack([d.binary, d.three == 1, d.y > 1.0]).astype(int)
    small = lambda d: _scaled(d).astype("f4")
    whole = lambda d: c(d, (4,)).fit(_scaled(d), d.names)
    return [
        Case("mlp-whole", whole, lambda d, m: _scaled(d)[:5], exact="C", containers=("model.p4.pkl",), errors=_no_missing, **log),
        _case("mlp-three", lambda d: c(d, (9,)).fit(_scaled(d), d.names), containers=("model.p2.pkl", "model.deflated.skops")),
        _case("mlp-binary", lambda d: c(d, (5, 3), activation="tanh").fit(_scaled(d), d.binary), **log),
        _case("mlp-text-binary", lambda d: c(d, (9,), activation="logistic", solver="lbfgs").fit(_scaled(d), d.names == "ash")),
        _case("mlp-identity", lambda d: c(d, (4,), activation="identity", solver="sgd").fit(_scaled(d), d.three)),
        _case("mlp-several-labels", lambda d: c(d, (6,)).fit(_scaled(d), labels(d)), **log),
        _case("mlp-no-hidden", lambda d: c(d, ()).fit(_scaled(d), d.three)),
        _case("mlp-one-class", lambda d: c(d, (3,)).fit(_scaled(d), np.full(96, "only"))),
        _case("mlp-float-labels", lambda d: c(d, (3,), early_stopping=True).fit(_scaled(d), d.three * 2.0 - 1.0)),
        _case("mlp-f32", lambda d: c(d, (6,), activation="tanh").fit(small(d), d.three), **log),
        _case("mlp-f32-binary", lambda d: c(d, (6,), activation="logistic").fit(small(d), d.flags), **log),
        _case("mlp-partial", lambda d: c(d, (4,)).partial_fit(_scaled(d)[:20], d.three[:20], classes=[0, 1, 2, 3])),
        _case("mlp-frame", lambda d: c(d, (5,)).fit(_frame(d), d.three), lambda d, m: _frame(d)[:5]),
        _case("mlp-texts", _on_texts, lambda d, m: d.document_rows()[:12]),
    ]


def _frame(d: object) -> object:
    frame = d.frame[["income", "children", "member"]]
    return frame.assign(income=np.log(frame["income"]))


def _on_texts(d: object) -> object:
    topics = np.array(["tall" if len(text) > 55 else "short" if len(text) < 35 else "Mittel ü" for text in d.documents])
    model = make_pipeline(TfidfVectorizer(max_features=12), _classifier(d, (4,))).fit(d.documents, topics)
    _lean(model[-1])
    return model


def _regressors() -> list:
    r = _regressor
    return [
        _case("mlp-regressor", lambda d: r(d, (7,)).fit(_scaled(d), d.y), errors=_no_missing),
        _case("mlp-regressor-two-targets", lambda d: r(d, (4, 4), activation="tanh").fit(_scaled(d), d.y2)),
        _case("mlp-regressor-lbfgs", lambda d: r(d, (5,), activation="logistic", solver="lbfgs").fit(_scaled(d), d.y)),
        _case("mlp-regressor-wide", lambda d: r(d, (41,)).fit(_scaled(d)[:, :2], d.y), lambda d, m: _scaled(d)[:6, :2]),
        _case("mlp-regressor-f32", lambda d: r(d, (6,)).fit(_scaled(d).astype("f4"), d.y2.astype("f4"))),
        _case("mlp-regressor-poisson", lambda d: r(d, (5,), loss="poisson").fit(_scaled(d), d.counts), since="1.7"),
        _case("mlp-regressor-sparse", lambda d: r(d, (5,), activation="identity").fit(sparse.csr_matrix(_scaled(d)), d.y)),
        _case("mlp-regressor-whole-numbers", lambda d: r(d, (5,)).fit(d.ints, d.y), lambda d, m: d.ints[:6]),
        _case("mlp-regressor-one-feature", lambda d: r(d, (3,)).fit(_scaled(d)[:, :1], d.y), lambda d, m: _scaled(d)[:6, :1]),
    ]


def _others() -> list:
    machine = lambda d: BernoulliRBM(n_components=3, n_iter=3, random_state=d.state % 1000)
    unit = lambda d, m: _unit(d)[:6]
    then = lambda d: make_pipeline(MinMaxScaler(), machine(d), Ridge()).fit(d.x, d.y)
    wrong = lambda d, m: [(_unit(d)[:2, :3], ("3", "5")), (_unit(d)[:2] * np.nan, ("NaN",))]
    return [
        _case("boltzmann-machine", lambda d: machine(d).fit(_unit(d)), unit, errors=wrong),
        _case("boltzmann-machine-f32", lambda d: machine(d).fit(_unit(d).astype("f4")), unit),
        _case("boltzmann-machine-sparse", lambda d: machine(d).fit(sparse.csr_matrix(_unit(d))), unit),
        Case("boltzmann-machine-in-pipeline", then, lambda d, m: d.x[:6], exact="C", containers=("model.joblib.z",)),
    ]
