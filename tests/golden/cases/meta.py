"""One estimator made of several: for several classes, outputs or thresholds, or around a changed target."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, OneHotEncoder, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler
from sklearn.semi_supervised import LabelPropagation, LabelSpreading, SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from case import Case, from_script, installed, version_key

RELEASE = version_key(installed("sklearn"))
LOG = {"also": ("predict_log_proba",)}
C = {"exact": "C", "extras": ("row",)}


def cases() -> list:
    """Several classes, several outputs, thresholds, targets and dummies."""
    return [*_several_classes(), *_several_outputs(), *_thresholds(), *_targets(), *_dummies(), *_spread()]


def _edge(d: object, model: object) -> object:
    return d.edge(huge=1e30)


def _near(d: object, model: object) -> object:
    return np.vstack([_scaled(d)[:9], np.zeros((1, 5))])


def _scaled(d: object) -> object:
    return (d.x - d.x.mean(axis=0)) / d.x.std(axis=0)


def _tree(d: object, **more: object) -> object:
    return DecisionTreeClassifier(**{"max_depth": 3, "random_state": d.state, **more})


def _leaves(d: object, **more: object) -> object:
    return DecisionTreeRegressor(**{"max_depth": 3, "random_state": d.state, **more})


def _log() -> object:
    return LogisticRegression(max_iter=300)


def _tags(d: object) -> object:
    """Three labels a row, of which every row has the last."""
    return np.column_stack([d.binary, d.three > 0, np.ones(len(d.x), dtype=int)]).astype(int)


def _several_classes() -> list:
    rest, pairs = OneVsRestClassifier, OneVsOneClassifier
    svm = lambda: LinearSVC(random_state=1)

    def quiet(model: object, x: object, y: object) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(x, y)

    codes = lambda d, model: OutputCodeClassifier(model, code_size=2, random_state=d.state)
    return [
        Case("meta-rest", lambda d: rest(_tree(d)).fit(d.x, d.three), _edge, errors=_unfit),
        Case("meta-rest-text", lambda d: rest(RandomForestClassifier(2, max_depth=3, random_state=d.state)).fit(d.x, d.names), _edge),
        Case("meta-rest-two", lambda d: rest(_tree(d)).fit(d.x, d.names == "ash"), _edge),
        Case("meta-rest-svm", lambda d: rest(svm()).fit(_scaled(d), d.three), _near, **C),
        Case("meta-rest-svm-two", lambda d: rest(svm()).fit(_scaled(d), d.binary + 3), _near, **C),
        Case("meta-rest-logistic", lambda d: rest(_log()).fit(_scaled(d), d.names), _near, **C),
        Case("meta-rest-floats", lambda d: rest(_log()).fit(_scaled(d).astype("f4"), d.three), lambda d, m: _near(d, m).astype("f4"), "C"),
        Case("meta-rest-regressor", lambda d: rest(_leaves(d)).fit(d.x, d.three), _edge),
        Case("meta-rest-tags", lambda d: quiet(rest(_tree(d)), d.x, _tags(d)), _edge),
        Case("meta-rest-tags-logistic", lambda d: quiet(rest(_log()), _scaled(d), _tags(d)), _near, **C),
        Case("meta-rest-sparse", lambda d: rest(_log()).fit(sparse.csr_matrix(_scaled(d)), d.three), _near, **C),
        Case("meta-pairs", lambda d: pairs(_tree(d)).fit(d.x, d.three), _edge),
        Case("meta-pairs-text", lambda d: pairs(_tree(d)).fit(d.x, d.names), _edge, errors=_unfit),
        Case("meta-pairs-two", lambda d: pairs(_tree(d)).fit(d.x, d.flags), _edge),
        Case("meta-pairs-svm", lambda d: pairs(svm()).fit(_scaled(d), d.three), _near, **C),
        Case("meta-pairs-svm-two", lambda d: pairs(svm()).fit(_scaled(d), d.binary), _near, **C),
        Case("meta-pairs-precomputed", lambda d: pairs(SVC(kernel="precomputed")).fit(_scaled(d)[:30] @ _scaled(d)[:30].T, d.three[:30]), lambda d, m: _scaled(d)[30:38] @ _scaled(d)[:30].T, **C),
        Case("meta-codes", lambda d: codes(d, _tree(d)).fit(d.x, d.three), _edge),
        Case("meta-codes-svm", lambda d: codes(d, svm()).fit(_scaled(d), d.names), _near, **C),
    ]


def _unfit(d: object, model: object) -> list:
    rows = d.edge()[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.inf
    return [(hollow, ("inf",)), (rows[:, :3], ("3", "5"))]


def _several_outputs() -> list:
    many, regress = MultiOutputClassifier, MultiOutputRegressor
    texts = lambda d: np.column_stack([d.names, np.where(d.flags, "ja", "nein")])
    tags = lambda d: np.column_stack([d.binary, d.three > 0, d.three > 1]).astype(int)

    def chain(d: object, model: object, y: object, x: object = None, kind: object = ClassifierChain, **more: object) -> object:
        return kind(model, **more).fit(d.x if x is None else x, y)

    regressors = {"kind": RegressorChain}
    return [
        Case("meta-outputs", lambda d: many(_tree(d)).fit(d.x, d.labels2), _edge, errors=_unfit),
        Case("meta-outputs-text", lambda d: many(_tree(d)).fit(d.x, texts(d)), _edge),
        Case("meta-outputs-logistic", lambda d: many(_log()).fit(_scaled(d), d.labels2), _near, **C),
        Case("meta-outputs-svm", lambda d: many(LinearSVC(random_state=1)).fit(_scaled(d), d.labels2), _near, **C),
        Case("meta-outputs-regressor", lambda d: regress(_leaves(d)).fit(d.x, d.y2), _edge),
        Case("meta-outputs-regressor-linear", lambda d: regress(LinearRegression()).fit(_scaled(d), d.y2), _near, **C),
        Case("meta-chain", lambda d: chain(d, _tree(d), tags(d)), _edge, errors=_unfit),
        Case("meta-chain-order", lambda d: chain(d, _tree(d), tags(d), order=[2, 0, 1]), _edge),
        Case("meta-chain-random", lambda d: chain(d, _tree(d), tags(d), order="random", random_state=d.state), _edge),
        Case("meta-chain-logistic", lambda d: chain(d, _log(), tags(d), _scaled(d)), _near, **C, **LOG),
        Case("meta-chain-probability", lambda d: chain(d, _log(), tags(d), _scaled(d), chain_method="predict_proba", cv=2), _near, since="1.5", **C),
        Case("meta-chain-decision", lambda d: chain(d, _log(), tags(d), _scaled(d), chain_method="decision_function"), _near, since="1.5", **C),
        Case("meta-chain-svm", lambda d: chain(d, LinearSVC(random_state=1), tags(d), _scaled(d)), _near, **C),
        Case("meta-chain-sparse", lambda d: chain(d, _log(), tags(d), sparse.csr_matrix(_scaled(d))), _near, **C),
        Case("meta-chain-regressor", lambda d: chain(d, _leaves(d), d.y2, order=[1, 0], **regressors), _edge),
        Case("meta-chain-regressor-linear", lambda d: chain(d, LinearRegression(), d.y2, _scaled(d), **regressors), _near, **C),
    ]


def _thresholds() -> list:
    if RELEASE < (1, 5):
        return [_self_training()]
    from sklearn.metrics import f1_score, make_scorer
    from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

    exact = {"exact": "A"}
    ash = lambda d: np.where(d.names == "ash", "ash", "other")
    return [
        _self_training(),
        Case("meta-threshold", lambda d: FixedThresholdClassifier(_tree(d), threshold=0.2).fit(d.x, d.binary), _edge, **exact, **{"methods": ("predict", "predict_proba")}),
        Case("meta-threshold-text", lambda d: FixedThresholdClassifier(_tree(d), threshold=0.7, pos_label="ash").fit(d.x, ash(d)), _edge, methods=("predict",)),
        Case("meta-threshold-decision", lambda d: FixedThresholdClassifier(LinearSVC(random_state=1), threshold=0.3, pos_label="ash").fit(_scaled(d), ash(d)), _near, **C),
        Case("meta-threshold-auto", lambda d: FixedThresholdClassifier(_log(), response_method="decision_function").fit(_scaled(d), d.flags), _near, **C),
        Case("meta-threshold-tuned", lambda d: TunedThresholdClassifierCV(_tree(d), cv=2).fit(d.x, d.binary), _edge, methods=("predict",)),
        Case("meta-threshold-tuned-f1", lambda d: TunedThresholdClassifierCV(_tree(d), cv=2, scoring="f1").fit(d.x, 2 - d.binary), _edge, methods=("predict",)),
        Case("meta-threshold-tuned-text", lambda d: TunedThresholdClassifierCV(_tree(d), cv=2, scoring=make_scorer(f1_score, pos_label="ash")).fit(d.x, ash(d)), _edge, methods=("predict",)),
    ]


def _self_training() -> Case:
    unknown = lambda d: np.where(np.arange(len(d.x)) % 3 == 0, -1, d.three)
    return Case("meta-self-training", lambda d: SelfTrainingClassifier(_tree(d)).fit(d.x, unknown(d)), _edge, methods=("predict", "predict_proba"))


def _targets() -> list:
    def target(d: object, y: object, model: object = None, x: object = None, **more: object) -> object:
        model = TransformedTargetRegressor(_leaves(d) if model is None else model, **more)
        return model.fit(d.x if x is None else x, y)

    by = lambda d, transformer, y=None: target(d, d.y if y is None else y, transformer=transformer)
    log = {"func": np.log1p, "inverse_func": np.expm1}
    doubled = {"func": from_script("lambda y: y * 2.0", "double"), "inverse_func": from_script("lambda y: y / 2.0", "half")}
    return [
        Case("meta-target-log", lambda d: target(d, d.positive, **log), _edge, "B", errors=_unfit),
        Case("meta-target-sqrt", lambda d: target(d, d.positive, func=np.sqrt, inverse_func=np.square), _edge),
        Case("meta-target-linear", lambda d: target(d, d.positive, LinearRegression(), _scaled(d), func=np.log, inverse_func=np.exp), _near, **C),
        Case("meta-target-floats", lambda d: target(d, d.positive.astype("f4"), LinearRegression(), _scaled(d).astype("f4"), **log), lambda d, m: _near(d, m).astype("f4"), "C"),
        Case("meta-target-two", lambda d: target(d, np.abs(d.y2), **log), _edge, "B"),
        Case("meta-target-none", lambda d: target(d, d.y), _edge),
        Case("meta-target-standard", lambda d: by(d, StandardScaler()), _edge),
        Case("meta-target-standard-two", lambda d: by(d, StandardScaler(with_mean=False), d.y2), _edge),
        Case("meta-target-standard-floats", lambda d: target(d, d.y.astype("f4"), LinearRegression(), _scaled(d).astype("f4"), transformer=StandardScaler()), lambda d, m: _near(d, m).astype("f4"), "C"),
        Case("meta-target-min-max", lambda d: by(d, MinMaxScaler((-2, 3))), _edge),
        Case("meta-target-robust", lambda d: by(d, RobustScaler()), _edge),
        Case("meta-target-max-abs", lambda d: by(d, MaxAbsScaler()), _edge),
        Case("meta-target-power", lambda d: by(d, PowerTransformer()), _edge, "C"),
        Case("meta-target-box-cox", lambda d: by(d, PowerTransformer(method="box-cox"), d.positive), _edge, "C"),
        Case("meta-target-quantile", lambda d: by(d, QuantileTransformer(n_quantiles=20)), _edge),
        Case("meta-target-quantile-normal", lambda d: by(d, QuantileTransformer(n_quantiles=20, output_distribution="normal")), _edge, "C"),
        Case("meta-target-steps", lambda d: by(d, make_pipeline(FunctionTransformer(**log), StandardScaler()), d.positive), _edge, "B"),
        Case(
            "meta-target-lambda",
            lambda d: target(d, d.y, **doubled),
            _edge,
            extras=(),
            refused=("inverse_func", "train.py"),
            containers=("model.cloudpickle.pkl",),
        ),
    ]


def _dummies() -> list:
    dummy = lambda d, y, **more: DummyClassifier(**more).fit(d.x, y)
    constant = {"strategy": "constant"}
    return [
        Case("meta-dummy", lambda d: dummy(d, d.three, strategy="prior"), _edge, {"*": "A", "predict_log_proba": "B"}, **LOG),
        Case("meta-dummy-frequent", lambda d: dummy(d, d.names, strategy="most_frequent"), _edge),
        Case("meta-dummy-constant", lambda d: dummy(d, d.names, constant="birch", **constant), _edge),
        Case("meta-dummy-outputs", lambda d: dummy(d, d.labels2, constant=[1, 0], **constant), _edge),
        Case("meta-dummy-random", lambda d: dummy(d, d.three, strategy="stratified"), _edge, extras=(), refused=("stratified", "random"), containers=("model.p4.pkl",)),
        Case("meta-dummy-regressor", lambda d: DummyRegressor().fit(d.x, d.y), _edge),
        Case("meta-dummy-regressor-outputs", lambda d: DummyRegressor(strategy="median").fit(d.x, d.y2), _edge),
        Case("meta-dummy-regressor-constant", lambda d: DummyRegressor(strategy="constant", constant=3).fit(d.x, d.y), _edge),
    ]


def _spread() -> list:
    """Thirty rows of training, of which every third has no label."""
    unknown = lambda y: np.where(np.arange(len(y)) % 3 == 0, -1, y)
    knn = {"kernel": "knn", "n_neighbors": 5}

    def spread(d: object, kind: object = LabelSpreading, x: object = None, y: object = None, **more: object) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return kind(**more).fit(_scaled(d)[:30] if x is None else x, unknown(d.three[:30]) if y is None else y)

    floats = lambda d: _scaled(d)[:30].astype("f4")
    thin = lambda d: sparse.csr_matrix(_scaled(d)[:30])
    frame = lambda d: pd.DataFrame(_scaled(d), columns=list("abcde"))
    hot = lambda d: make_pipeline(OneHotEncoder(handle_unknown="ignore"), LabelSpreading(gamma=0.5)).fit(d.ints[:30], unknown(d.three[:30]))
    own = from_script("lambda a, b: a @ b.T", "kernel")
    return [
        Case("meta-spread-rbf", lambda d: spread(d, gamma=0.5), _near, "C", errors=_unfit),
        Case("meta-spread-rbf-alpha", lambda d: spread(d, alpha=0.7, gamma=2, y=unknown(d.binary[:30] * 4 + 3)), _near, "C"),
        Case("meta-spread-rbf-far", lambda d: spread(d, x=d.x[:30]), _edge, "C"),
        Case("meta-spread-rbf-propagation", lambda d: spread(d, LabelPropagation, gamma=0.25), _near, "C"),
        Case("meta-spread-rbf-floats", lambda d: spread(d, x=floats(d)), lambda d, m: _near(d, m).astype("f4"), "C32"),
        Case("meta-spread-rbf-floats-double", lambda d: spread(d, x=floats(d), gamma=1), _near, "C32"),
        Case("meta-spread-rbf-ints", lambda d: spread(d, x=d.ints[:30], gamma=0.1), lambda d, m: d.ints[28:40], "C"),
        Case("meta-spread-rbf-frame", lambda d: spread(d, x=frame(d)[:30], gamma=0.3), lambda d, m: frame(d)[25:34], "C"),
        Case("meta-spread-rbf-sparse", lambda d: spread(d, x=thin(d), gamma=0.5), _near, since="1.3", **C),
        Case("meta-spread-rbf-one-hot", hot, lambda d, m: d.ints[28:40], since="1.3", **C),
        Case("meta-spread-rbf-text", lambda d: spread(d, y=d.names[:30], gamma=1), _near, "C", since="1.6"),
        Case("meta-spread-knn", lambda d: spread(d, **knn), _near, "B4", errors=_unfit),
        Case("meta-spread-knn-propagation", lambda d: spread(d, LabelPropagation, x=d.x[:30], y=unknown(d.three[:30] + 1.0), **knn), _edge, "B4"),
        Case("meta-spread-knn-floats", lambda d: spread(d, x=floats(d), **knn), lambda d, m: _near(d, m).astype("f4"), "B4"),
        Case("meta-spread-knn-sparse", lambda d: spread(d, x=thin(d), **knn), _near, "B4", extras=("row",), since="1.3"),
        Case("meta-spread-own-kernel", lambda d: spread(d, kernel=own), _near, extras=(), refused=("LabelSpreading.kernel", "train.py"), containers=("model.cloudpickle.pkl",)),
    ]
