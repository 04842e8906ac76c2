"""Support vector machines: kernels are dot products, so class C."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn import svm
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from case import Case


def _edge(d: object, model: object) -> object:
    return d.edge()


def _scaled(d: object) -> object:
    return (d.x - d.x.mean(axis=0)) / d.x.std(axis=0)


def _products(d: object, start: int, end: int) -> object:
    return _scaled(d)[start:end] @ _scaled(d)[:40].T


def _case(name: str, fit: object, **more: object) -> Case:
    return Case(name, fit, _edge, exact="C", **more)


def _near(name: str, fit: object, **more: object) -> Case:
    """Rows as in training, for kernels that are zero or one far from it."""
    return Case(name, fit, lambda d, m: np.vstack([_scaled(d)[:12], np.zeros((1, 5))]), exact="C", **more)


def cases() -> list:
    """Classifiers, regressors and outlier detectors with each kernel, dense and sparse."""
    return [*_classifiers(), *_probabilities(), *_regressors(), *_sparse()]


def _classifiers() -> list:
    svc = svm.SVC
    return [
        _near("svc", lambda d: svc().fit(_scaled(d), d.three), errors=_no_missing),
        _near("svc-two-classes", lambda d: svc(C=10).fit(_scaled(d), d.names == "ash")),
        _near("svc-text-labels", lambda d: svc(kernel="linear").fit(_scaled(d), d.names)),
        _near("svc-poly", lambda d: svc(kernel="poly", degree=3, coef0=0.5).fit(_scaled(d), d.three)),
        _near("svc-sigmoid", lambda d: svc(kernel="sigmoid", gamma=0.05, coef0=-0.2).fit(_scaled(d), d.three)),
        _near("svc-pairs", lambda d: svc(decision_function_shape="ovo").fit(_scaled(d), d.three)),
        _near("svc-ties", lambda d: svc(break_ties=True, gamma="auto").fit(_scaled(d), d.counts.clip(0, 4))),
        Case("svc-precomputed", lambda d: svc(kernel="precomputed").fit(_products(d, 0, 40), d.three[:40]), lambda d, m: _products(d, 40, 52), exact="C"),
        _near("nu-svc", lambda d: svm.NuSVC(nu=0.3).fit(_scaled(d), d.three)),
        _case("svc-in-pipeline", lambda d: make_pipeline(StandardScaler(), svc(class_weight="balanced")).fit(d.x, d.three)),
        _case("svc-far-rows", lambda d: svc(gamma=1e-4).fit(d.x, d.three)),
    ]


def _no_missing(d: object, model: object) -> list:
    rows = d.edge()[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _probabilities() -> list:
    log = {"also": ("predict_log_proba",)}
    svc = svm.SVC
    return [
        _near("svc-probability", lambda d: svc(probability=True, random_state=d.state % 1000).fit(_scaled(d), d.three), **log),
        _near("svc-probability-two", lambda d: svc(probability=True, random_state=d.state % 1000).fit(_scaled(d), d.binary), **log),
        _near("nu-svc-probability", lambda d: svm.NuSVC(nu=0.3, probability=True, random_state=d.state % 1000).fit(_scaled(d), d.names), **log),
    ]


def _regressors() -> list:
    return [
        _near("svr", lambda d: svm.SVR().fit(_scaled(d), d.y)),
        _near("svr-poly", lambda d: svm.SVR(kernel="poly", degree=2, coef0=1.0).fit(_scaled(d), d.y)),
        _near("svr-linear", lambda d: svm.SVR(kernel="linear").fit(_scaled(d), d.y)),
        _near("nu-svr", lambda d: svm.NuSVR(nu=0.4, gamma="auto").fit(_scaled(d), d.y)),
        _near("one-class-svm-scores", lambda d: svm.OneClassSVM(nu=0.4).fit(_scaled(d)[:20]), methods=("predict", "decision_function", "score_samples")),
        _near("one-class-svm", lambda d: svm.OneClassSVM(nu=0.2).fit(_scaled(d))),
    ]


def _topics(d: object) -> object:
    return np.array(["tall" if len(text) > 55 else "short" if len(text) < 35 else "Mittel ü" for text in d.documents])


def _sparse() -> list:
    def on_texts(model: object) -> object:
        return lambda d: make_pipeline(TfidfVectorizer(), model).fit(d.documents, _topics(d))

    documents = lambda d, m: d.document_rows()
    return [
        Case("svc-texts", on_texts(svm.SVC(kernel="linear")), documents, "C"),
        Case("svc-texts-rbf", on_texts(svm.SVC()), documents, "C"),
        _near("svc-sparse", lambda d: svm.SVC(kernel="poly", degree=2).fit(sparse.csr_matrix(_scaled(d)), d.three)),
    ]
