"""Models that must be refused, with the words that a good message holds."""

from __future__ import annotations

import pickle
import sys
import types
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import cloudpickle
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from case import Case, from_script, installed

CODE = ("model.cloudpickle.pkl",)


def cases() -> list:
    """Carried code, foreign classes, hostile files, and native formats that are out of scope."""
    return [*_carried_code(), *_foreign(), *_callables(), *_hostile()]


def _edge(d: object, model: object) -> np.ndarray:
    return d.edge()


def _case(name: str, fit: object, mentions: tuple, rows: object = _edge, **more: object) -> Case:
    return Case(name, fit, rows, extras=(), refused=mentions, **more)


DOUBLER = """
from sklearn.base import BaseEstimator

class Doubler(BaseEstimator):
    def fit(self, x, y=None):
        return self

    def fit_transform(self, x, y=None):
        return x * 2.0

    def transform(self, x):
        return x * 2.0
"""


def _carried_code() -> list:
    plus_one = lambda: FunctionTransformer(from_script("lambda x: x + 1.0", "plus_one"))
    doubler = lambda: from_script(DOUBLER, "Doubler")()
    words = lambda: CountVectorizer(analyzer=from_script("lambda text: text.split()", "split"))
    in_function = ("functiontransformer", "<lambda>", "train.py")
    return [
        _case("function-lambda", lambda d: make_pipeline(StandardScaler(), plus_one(), Ridge()).fit(d.x, d.y), in_function, containers=CODE),
        _case("function-before-forest", lambda d: make_pipeline(plus_one(), RandomForestClassifier(1, max_depth=1, random_state=d.state)).fit(d.x, d.binary), in_function, containers=CODE, since="1.2"),
        _case("function-words", lambda d: FunctionTransformer(np.asarray, kw_args={"dtype": int}).fit(d.x), ("FunctionTransformer", "dtype"), containers=("model.p4.pkl",)),
        _case("function-python-type", lambda d: FunctionTransformer(float).fit(d.x), ("`builtins.float`", "use `numpy.float64`"), containers=("model.p4.pkl",)),
        _case("function-half", lambda d: FunctionTransformer(np.float16).fit(d.x), ("`numpy.float16`", "use `numpy.float64`"), containers=("model.p4.pkl",)),
        _case("main-class", lambda d: make_pipeline(doubler(), Ridge()).fit(d.x, d.y), ("doubler", "Doubler"), containers=CODE),
        _case("analyzer-lambda", lambda d: words().fit(d.documents), ("analyzer", "<lambda>"), lambda d, m: d.document_rows(), containers=CODE),
    ]


FOREIGN = ("torch.nn.modules.linear", "acme_features.cleaning")


def _foreign_object(module: str, name: str, **attributes: object) -> object:
    """An object whose class lives in a package that nobody else has."""
    value = type(name, (), {"__module__": module})()
    value.__dict__.update(attributes)
    return value


@contextmanager
def _importable(*kinds: type) -> Iterator[None]:
    """Let pickle find the classes under their package names, only as long as it writes."""
    before = dict(sys.modules)
    try:
        for kind in kinds:
            parts = kind.__module__.split(".")
            for end in range(1, len(parts) + 1):
                name = ".".join(parts[:end])
                sys.modules[name] = types.ModuleType(name)
            setattr(sys.modules[kind.__module__], kind.__name__, kind)
        yield
    finally:
        sys.modules.clear()
        sys.modules.update(before)


def _save_pickle(model: object, folder: Path, d: object) -> list:
    parts = [model, *(part for _, part in getattr(model, "steps", []))]
    kinds = [type(part) for part in parts if type(part).__module__ in FOREIGN]
    with _importable(*kinds):
        for protocol in (2, 4):
            (folder / f"model.p{protocol}.pkl").write_bytes(pickle.dumps(model, protocol=protocol))
    return ["model.p2.pkl", "model.p4.pkl"]


def _foreign() -> list:
    def company_step(d: object) -> object:
        model = make_pipeline(StandardScaler(), Ridge()).fit(d.x, d.y)
        model.steps.insert(1, ("cleaner", _foreign_object("acme_features.cleaning", "OutlierCleaner", limit=3.0)))
        return model

    network = lambda d: _foreign_object("torch.nn.modules.linear", "Linear", weight=d.x[:2], in_features=5)
    return [
        _case("torch-module", network, ("torch", "Linear"), save=_save_pickle),
        _case("company-step", company_step, ("cleaner", "acme_features", "OutlierCleaner"), save=_save_pickle),
    ]


def _callables() -> list:
    distance = lambda d: from_script("lambda a, b: abs(a - b).sum()", "distance")
    kernel = lambda d: from_script("lambda a, b: a @ b.T", "kernel")
    neighbours = lambda d: KNeighborsClassifier(metric=distance(d), algorithm="brute").fit(d.x[:20], d.three[:20])
    return [
        _case("neighbours-own-metric", neighbours, ("KNeighborsClassifier",), containers=CODE),
        _case("svc-own-kernel", lambda d: SVC(kernel=kernel(d)).fit(d.x[:20], d.binary[:20]), ("SVC",), containers=CODE),
    ]


class _Call:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


def _save_raw(data: bytes) -> object:
    def save(model: object, folder: Path, d: object) -> list:
        (folder / "model.pkl").write_bytes(data)
        return ["model.pkl"]

    return save


def _hidden_call(d: object) -> object:
    import os

    model = StandardScaler().fit(d.x)
    model.note_ = _Call(os.system, "true")
    return model


def _hostile() -> list:
    raw = {
        "hostile-system": (b"cos\nsystem\n(S'true'\ntR.", ("os", "system")),
        "hostile-popen": (b"csubprocess\nPopen\n((lp0\nS'true'\natR.", ("subprocess", "Popen")),
        "hostile-getattr": (b"\x80\x04c__builtin__\ngetattr\n(c__builtin__\n__import__\nX\x08\x00\x00\x00__call__tR.", ("__import__",)),
        "hostile-run-module": (b"\x80\x02crunpy\n_run_code\n(X\x01\x00\x00\x00xtR.", ("runpy",)),
    }
    found = [_case(name, lambda d: None, mentions, save=_save_raw(data)) for name, (data, mentions) in raw.items()]
    evaluate = cloudpickle.dumps(_Call(eval, "1 + 1"))
    return [
        *found,
        _case("hostile-eval", lambda d: None, ("eval",), save=_save_raw(evaluate)),
        _case("hostile-hidden-in-scaler", _hidden_call, ("system",), save=_save_pickle),
    ]
