"""Pipelines of imbalanced-learn: samplers do nothing in predictions."""

from __future__ import annotations

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from case import Case, from_script, installed


def _edge(d: object, model: object) -> object:
    return d.edge()


def cases() -> list:
    """Cases of every module of samplers, where the package is."""
    return _cases() if installed("imblearn") else []


def _cases() -> list:
    from imblearn import FunctionSampler
    from imblearn.combine import SMOTEENN, SMOTETomek
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.pipeline import Pipeline, make_pipeline as make_sampled
    from imblearn.under_sampling import CondensedNearestNeighbour, NearMiss, RandomUnderSampler, TomekLinks

    def sampled(sampler: object, last: object = None) -> object:
        return lambda d: make_sampled(StandardScaler(), sampler(), last or LogisticRegression()).fit(d.x[:40], d.three[:40])

    samplers = {
        "smote": lambda: SMOTE(k_neighbors=3, random_state=0),
        "over": lambda: RandomOverSampler(random_state=0),
        "under": lambda: RandomUnderSampler(random_state=0),
        "near-miss": NearMiss,
        "tomek": TomekLinks,
        "condensed": lambda: CondensedNearestNeighbour(random_state=0),
        "combined": lambda: SMOTEENN(random_state=0),
        "smote-tomek": lambda: SMOTETomek(random_state=0),
        "function": lambda: FunctionSampler(func=from_script("lambda X, y: (X[::2], y[::2])", "func"), validate=False),
    }
    cloud = ("model.cloudpickle.pkl",)
    found = [Case(f"imb-{name}", sampled(sampler), _edge, "C", containers=cloud if name == "function" else None) for name, sampler in samplers.items()]

    def frame(d: object) -> object:
        columns = make_column_transformer((SimpleImputer(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["city", "colour"]), ("passthrough", ["income"]))
        return make_sampled(columns, RandomOverSampler(random_state=0), RandomForestClassifier(3, max_depth=3, random_state=0)).fit(d.frame, d.three)

    def search(d: object) -> object:
        steps = Pipeline([("scale", StandardScaler()), ("sample", SMOTE(k_neighbors=2, random_state=0)), ("none", "passthrough"), ("model", LogisticRegression())])
        return GridSearchCV(steps, {"model__C": [0.1, 1.0], "sample__k_neighbors": [1, 2]}, cv=2).fit(d.x, d.binary)

    def texts(d: object) -> object:
        return make_sampled(TfidfVectorizer(max_features=25), RandomOverSampler(random_state=0), LogisticRegression()).fit(
            d.documents, [len(text) % 3 == 0 for text in d.documents]
        )

    def nested(d: object) -> object:
        inner = make_sampled(SimpleImputer(), RandomUnderSampler(random_state=0), LogisticRegression())
        return make_pipeline(StandardScaler(), inner).fit(d.x_nan, d.binary)

    def dicts(d: object) -> object:
        rows = [{"city": city, "age": 1.5 * at} for at, city in enumerate(d.frame["city"])]
        return make_sampled(DictVectorizer(), RandomOverSampler(random_state=0), LogisticRegression()).fit(rows, d.binary)

    def last(d: object) -> object:
        return make_sampled(StandardScaler(), SMOTE(k_neighbors=3, random_state=0)).fit(d.x[:30], d.three[:30])

    return [
        *found,
        Case("imb-frame", frame, lambda d, m: d.frame_rows(unknown=True), {"*": "A"}),
        Case("imb-search", search, _edge, "C"),
        Case("imb-text", texts, lambda d, m: d.document_rows(), "C"),
        Case("imb-nested", nested, lambda d, m: d.edge(nan=True), "C"),
        Case("imb-dicts", dicts, lambda d, m: [{"city": "Oslo", "age": 3}, {"age": 7.5}, {"city": "nowhere"}], "C"),
        Case("imb-transform", lambda d: make_sampled(RandomOverSampler(random_state=0), StandardScaler()).fit(d.x, d.three), _edge, methods=("transform",)),
        Case("imb-regressor", lambda d: Pipeline([("scale", StandardScaler()), ("model", Ridge())]).fit(d.x, d.y), _edge, "C"),
        Case("imb-sampler-last", last, _edge, refused=("`SMOTE`", "sampler", "last step"), containers=("model.p4.pkl",), library="sklearn"),
        Case("imb-sampler", lambda d: SMOTE(k_neighbors=3, random_state=0).fit(d.x[:30], d.three[:30]), _edge, refused=("`SMOTE`", "neither `predict` nor"), containers=("model.p4.pkl",)),
    ]
