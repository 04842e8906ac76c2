"""Ensembles of any estimators: their answers are as exact as those of the estimators inside."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomTreesEmbedding,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from case import Case, installed, version_key

RELEASE = version_key(installed("sklearn"))
# calibrated probabilities are quotients or means of exponentials
CURVED = {"*": "B4"}


def cases() -> list:
    """Calibration, votes, stacks, boosts, bags and random trees."""
    return [*_calibrated(), *_voting(), *_stacking(), *_boosts(), *_bags(), *_random_trees(), *_balanced()]


def _edge(d: object, model: object) -> object:
    return d.edge(huge=1e30)


def _near(d: object, model: object) -> object:
    return np.vstack([_scaled(d)[:9], np.zeros((1, 5))])


def _scaled(d: object) -> object:
    return (d.x - d.x.mean(axis=0)) / d.x.std(axis=0)


def _tree(d: object, **more: object) -> object:
    return DecisionTreeClassifier(**{"max_depth": 2, "random_state": d.state, **more})


def _forest(d: object) -> object:
    return RandomForestClassifier(n_estimators=2, max_depth=2, random_state=d.state)


def _leaves(d: object, **more: object) -> object:
    return DecisionTreeRegressor(**{"max_depth": 3, "random_state": d.state, **more})


def _inner(model: object) -> dict:
    """The estimator inside, under the name of the release."""
    return {"estimator": model} if RELEASE >= (1, 2) else {"base_estimator": model}


def _calibrate(model: object, x: object, y: object, **more: object) -> object:
    return CalibratedClassifierCV(**_inner(model), **{"cv": 2, **more}).fit(x, y)


def _prefit(model: object, x: object, y: object, **more: object) -> object:
    model.fit(x[:60], y[:60])
    if RELEASE >= (1, 6):
        from sklearn.frozen import FrozenEstimator

        return _calibrate(FrozenEstimator(model), x[60:], y[60:], **more)
    return _calibrate(model, x[60:], y[60:], cv="prefit", **more)


def _rare(d: object) -> object:
    """Four classes, one of which is so rare that a fold lacks it."""
    return np.where(np.arange(len(d.x)) == 0, 3, d.three)


def _calibrated() -> list:
    log = lambda: LogisticRegression(max_iter=300)
    c = {"rows": _near, "exact": "C", "extras": ("row",)}
    return [
        Case("ensemble-calibrated-tree", lambda d: _calibrate(_tree(d), d.x, d.three), _edge, CURVED),
        Case("ensemble-calibrated-two", lambda d: _calibrate(_tree(d), d.x, d.binary), _edge, CURVED),
        Case("ensemble-calibrated-text", lambda d: _calibrate(_forest(d), d.x, d.names), _edge, CURVED),
        Case("ensemble-calibrated-isotonic", lambda d: _calibrate(_forest(d), d.x, d.three, method="isotonic"), _edge),
        Case("ensemble-calibrated-isotonic-two", lambda d: _calibrate(_forest(d), d.x, d.flags, method="isotonic"), _edge),
        Case("ensemble-calibrated-isotonic-floats", lambda d: _calibrate(log(), _scaled(d).astype("f4"), d.binary, method="isotonic"), lambda d, m: _near(d, m).astype("f4"), "C32"),
        Case("ensemble-calibrated-once", lambda d: _calibrate(_tree(d), d.x, d.three, ensemble=False), _edge, CURVED),
        Case("ensemble-calibrated-prefit", lambda d: _prefit(_tree(d), d.x, d.names), _edge, CURVED),
        Case("ensemble-calibrated-svm", lambda d: _calibrate(LinearSVC(random_state=d.state % 1000), _scaled(d), d.three), **c),
        Case("ensemble-calibrated-logistic", lambda d: _calibrate(log(), _scaled(d), d.binary, method="isotonic"), **c),
        Case("ensemble-calibrated-floats", lambda d: _calibrate(log(), _scaled(d), d.binary), lambda d, m: _near(d, m).astype("f4"), "C32"),
        Case("ensemble-calibrated-pipeline", lambda d: _calibrate(make_pipeline(StandardScaler(), SVC()), d.x, d.names), lambda d, m: d.x[:8], "C", extras=("row",)),
        Case("ensemble-calibrated-temperature", lambda d: _calibrate(_forest(d), d.x, d.three, method="temperature"), _edge, CURVED, since="1.8"),
        Case("ensemble-calibrated-temperature-two", lambda d: _calibrate(_forest(d), d.x, d.names == "ash", method="temperature"), _edge, CURVED, since="1.8"),
        Case("ensemble-calibrated-temperature-svm", lambda d: _calibrate(LinearSVC(random_state=d.state % 1000), _scaled(d), d.three, method="temperature"), since="1.8", **c),
        Case("ensemble-calibrated-temperature-svm-two", lambda d: _calibrate(SVC(), _scaled(d), d.binary, method="temperature"), since="1.8", **c),
        Case("ensemble-calibrated-documents", lambda d: _calibrate(make_pipeline(CountVectorizer(max_features=9), _tree(d)), d.documents, _lengths(d)), lambda d, m: d.document_rows(), CURVED, since="1.0"),
    ]


def _lengths(d: object) -> object:
    return np.array(["tall" if len(text) > 45 else "short" for text in d.documents])


def _voting() -> list:
    def votes(*models: object, **more: object) -> object:
        return VotingClassifier([(f"m{at}", model) for at, model in enumerate(models)], **more)

    three = lambda d: (_tree(d), _forest(d), _tree(d, max_depth=1, random_state=1))
    log = lambda: LogisticRegression(max_iter=300)

    def dropped(d: object, kind: object, **more: object) -> object:
        return kind([("a", _tree(d)), ("b", "drop"), ("c", _forest(d))], weights=[2, 9, 1], **more)

    def means(*models: object, **more: object) -> object:
        return VotingRegressor([(f"m{at}", model) for at, model in enumerate(models)], **more)

    return [
        Case("ensemble-voting-hard", lambda d: votes(*three(d)).fit(d.x, d.three), _edge),
        Case("ensemble-voting-hard-text", lambda d: votes(*three(d), weights=[1, 2.5, 1]).fit(d.x, d.names), _edge, errors=_no_missing),
        Case("ensemble-voting-ties", lambda d: votes(_tree(d, max_depth=1), _tree(d, max_depth=4), weights=[1, 1]).fit(d.x, 7 - d.three), _edge),
        Case("ensemble-voting-soft", lambda d: votes(*three(d), voting="soft").fit(d.x, d.three), _edge),
        Case("ensemble-voting-soft-weighted", lambda d: votes(*three(d), voting="soft", weights=[0.3, 1.7, 2]).fit(d.x, d.flags), _edge),
        Case("ensemble-voting-blocks", lambda d: votes(*three(d), voting="soft", flatten_transform=False).fit(d.x, d.three), _edge, methods=("predict", "predict_proba")),
        Case("ensemble-voting-dropped", lambda d: dropped(d, VotingClassifier, voting="soft").fit(d.x, d.three), _edge),
        Case("ensemble-voting-mixed", lambda d: votes(log(), _tree(d), SVC(), weights=[2, 1, 1]).fit(_scaled(d), d.names), _near, "C"),
        Case("ensemble-voting-logistic", lambda d: votes(log(), log(), voting="soft").fit(_scaled(d), d.three), _near, "C"),
        Case("ensemble-voting-floats", lambda d: votes(log(), _tree(d), voting="soft").fit(_scaled(d), 10.0 * d.three), _near, "C", extras=("row",)),
        Case("ensemble-voting-frame", lambda d: votes(_tree(d), _forest(d)).fit(_frame(d), d.three), lambda d, m: _frame(d)[:7], since="1.0"),
        Case("ensemble-voting-sparse", lambda d: votes(_tree(d), log()).fit(sparse.csr_matrix(_scaled(d)), d.three), _near, "C"),
        Case("ensemble-voting-in-pipeline", lambda d: make_pipeline(votes(*three(d), voting="soft"), _tree(d)).fit(d.x, d.names), _edge, since="1.2"),
        Case("ensemble-voting-regressor", lambda d: means(_leaves(d), _leaves(d, max_depth=1), _leaves(d, max_features=2)).fit(d.x, d.y), _edge),
        Case("ensemble-voting-regressor-weighted", lambda d: means(_leaves(d), _leaves(d, max_depth=1), weights=[0.7, 0.2]).fit(d.x, d.y), _edge),
        Case("ensemble-voting-regressor-linear", lambda d: means(_leaves(d), LinearRegression()).fit(_scaled(d), d.y), _near, "C", extras=("row",)),
        Case("ensemble-voting-regressor-floats", lambda d: means(LinearRegression(), LinearRegression(fit_intercept=False)).fit(_scaled(d).astype("f4"), d.y.astype("f4")), lambda d, m: _near(d, m).astype("f4"), "C"),
    ]


def _no_missing(d: object, model: object) -> list:
    rows = d.edge()[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.inf
    return [(hollow, ("inf", "m0")), (rows[:, :3], ("3", "5"))]


def _frame(d: object) -> object:
    return d.frame[["income", "children", "member"]]


def _stacking() -> list:
    def stack(last: object, *models: object, kind: object = StackingClassifier, **more: object) -> object:
        more = {"cv": 2, **more}
        return kind([(f"m{at}", model) for at, model in enumerate(models)], final_estimator=last, **more)

    log = lambda: LogisticRegression(max_iter=300)
    regress = {"kind": StackingRegressor}

    def prefit(d: object, y: object) -> object:
        models = (_tree(d).fit(d.x, y), _forest(d).fit(d.x, y))
        return stack(_tree(d, max_depth=3), *models, cv="prefit").fit(d.x, y)

    return [
        Case("ensemble-stacking", lambda d: stack(_tree(d, max_depth=3), _tree(d), _forest(d)).fit(d.x, d.three), _edge),
        Case("ensemble-stacking-two", lambda d: stack(_forest(d), _tree(d), _forest(d)).fit(d.x, d.names == "ash"), _edge),
        Case("ensemble-stacking-text", lambda d: stack(_tree(d), _tree(d), _forest(d), passthrough=True).fit(d.x, d.names), _edge, errors=_no_missing),
        Case("ensemble-stacking-predict", lambda d: stack(_tree(d), _tree(d), _tree(d, max_depth=1), stack_method="predict").fit(d.x, d.names), _edge),
        Case("ensemble-stacking-dropped", lambda d: stack(_tree(d), _tree(d), "drop", _forest(d)).fit(d.x, d.three), _edge),
        Case("ensemble-stacking-logistic", lambda d: stack(log(), SVC(), log(), _tree(d)).fit(_scaled(d), d.three), _near, "C", extras=("row",)),
        Case("ensemble-stacking-svm-two", lambda d: stack(LinearSVC(random_state=1), SVC(), _tree(d), passthrough=True).fit(_scaled(d), d.binary), _near, "C", extras=("row",)),
        Case("ensemble-stacking-frame", lambda d: stack(_tree(d), _tree(d), _forest(d), passthrough=True).fit(_frame(d)[["income", "children"]], d.three), lambda d, m: _frame(d)[["income", "children"]][:7], since="1.0"),
        Case("ensemble-stacking-sparse", lambda d: stack(log(), _tree(d), passthrough=True).fit(sparse.csr_matrix(_scaled(d)), d.three), _near, "C", extras=("row",)),
        Case("ensemble-stacking-prefit", lambda d: prefit(d, d.three), _edge, since="1.1"),
        Case("ensemble-stacking-labels", lambda d: stack(_tree(d), _tree(d), _forest(d)).fit(d.x, np.column_stack([d.binary, d.three > 0])), _edge, methods=("predict", "transform"), since="1.2"),
        Case("ensemble-stacking-nested", lambda d: stack(_calibrate_in(d), stack(_tree(d), _tree(d)), _forest(d)).fit(d.x, d.names), _edge, CURVED),
        Case("ensemble-stacking-regressor", lambda d: stack(_leaves(d), _leaves(d), _leaves(d, max_features=2), **regress).fit(d.x, d.y), _edge),
        Case("ensemble-stacking-regressor-ridge", lambda d: stack(LinearRegression(), _leaves(d), LinearRegression(), passthrough=True, **regress).fit(_scaled(d), d.y), _near, "C", extras=("row",)),
    ]


def _calibrate_in(d: object) -> object:
    return CalibratedClassifierCV(**_inner(_tree(d)), cv=2)


def _boosts() -> list:
    def boost(d: object, y: object, model: object = None, x: object = None, **more: object) -> object:
        kind = AdaBoostClassifier(**_inner(model), n_estimators=4, random_state=d.state, **more)
        return kind.fit(d.x if x is None else x, y)

    def regress(d: object, model: object = None, x: object = None, **more: object) -> object:
        model = AdaBoostRegressor(**_inner(model), random_state=d.state, **{"n_estimators": 4, **more})
        return model.fit(d.x if x is None else x, d.y)

    # the algorithm is the only one from 1.6 on, where the parameter is on its way out
    votes = {} if RELEASE >= (1, 6) else {"algorithm": "SAMME"}
    log = lambda: LogisticRegression(max_iter=300)
    real = {"algorithm": "SAMME.R"}
    exact = {"*": "A", "predict_proba": "B4", "predict_log_proba": "C"}
    also = {"also": ("predict_log_proba",)}
    return [
        Case("ensemble-ada", lambda d: boost(d, d.three, _tree(d), **votes), _edge, exact, errors=_unnamed, **also),
        Case("ensemble-ada-two", lambda d: boost(d, d.flags, **votes), _edge, exact),
        Case("ensemble-ada-text", lambda d: boost(d, d.names, **votes), _edge, exact),
        Case("ensemble-ada-one", lambda d: boost(d, np.full(len(d.x), 5), **votes), _edge, exact, since="1.6"),
        Case("ensemble-ada-svm", lambda d: boost(d, d.three, SVC(), _scaled(d), **votes), _near, exact, since="1.0"),
        Case("ensemble-ada-real", lambda d: boost(d, d.three, _tree(d), **real), _edge, "C", until="1.6", **also),
        Case("ensemble-ada-real-two", lambda d: boost(d, d.names == "ash", _tree(d), **real), _edge, "C", until="1.6"),
        Case("ensemble-ada-real-logistic", lambda d: boost(d, d.names, log(), _scaled(d), **real), _near, "C", extras=("row",), until="1.6"),
        Case("ensemble-ada-regressor", lambda d: regress(d), _edge, errors=_unnamed),
        Case("ensemble-ada-regressor-square", lambda d: regress(d, _leaves(d), loss="square", n_estimators=7), _edge),
        Case("ensemble-ada-regressor-linear", lambda d: regress(d, LinearRegression(), _scaled(d)), _near, "C", extras=("row",)),
    ]


def _unnamed(d: object, model: object) -> list:
    rows = d.edge()[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _bags() -> list:
    def bag(d: object, y: object, model: object = None, x: object = None, kind: object = BaggingClassifier, **more: object) -> object:
        kind = kind(**_inner(model), random_state=d.state, **{"n_estimators": 3, **more})
        return kind.fit(d.x if x is None else x, y)

    exact = {"*": "A", "predict_log_proba": "C"}
    also = {"also": ("predict_log_proba",)}
    log = lambda: LogisticRegression(max_iter=300)
    regress = {"kind": BaggingRegressor}
    return [
        Case("ensemble-bag", lambda d: bag(d, d.three, _tree(d)), _edge, exact, **also),
        Case("ensemble-bag-columns", lambda d: bag(d, d.names, _tree(d), max_features=2, max_samples=0.5), _edge, exact, errors=_wide),
        Case("ensemble-bag-columns-twice", lambda d: bag(d, d.flags, _tree(d), max_features=4, bootstrap_features=True), _edge, exact),
        Case("ensemble-bag-rare", lambda d: bag(d, _rare(d), _tree(d), max_samples=20, n_estimators=5), _edge, exact, **also),
        Case("ensemble-bag-rare-forest", lambda d: bag(d, _rare(d), _forest(d), max_samples=20), _edge, exact),
        Case("ensemble-bag-nan", lambda d: bag(d, d.three, _tree(d), x=d.x_nan), lambda d, m: d.edge(nan=True, huge=1e30), exact, since="1.3"),
        Case("ensemble-bag-svm", lambda d: bag(d, d.names, SVC(), _scaled(d), max_features=3), _near, {"*": "A", "decision_function": "C"}),
        Case("ensemble-bag-svm-two", lambda d: bag(d, d.binary, LinearSVC(random_state=1), _scaled(d)), _near, {"*": "A", "decision_function": "C"}, extras=("row",)),
        Case("ensemble-bag-logistic", lambda d: bag(d, d.three, log(), _scaled(d), max_features=0.6), _near, "C", extras=("row",)),
        Case("ensemble-bag-sparse", lambda d: bag(d, d.three, log(), sparse.csr_matrix(_scaled(d)), max_features=3), _near, "C", extras=("row",)),
        Case("ensemble-bag-frame", lambda d: bag(d, d.three, _tree(d), _frame(d), max_features=2), lambda d, m: _frame(d)[:7], exact, since="1.0"),
        Case("ensemble-bag-regressor", lambda d: bag(d, d.y, _leaves(d), **regress), _edge),
        Case("ensemble-bag-regressor-columns", lambda d: bag(d, d.y, _leaves(d), max_features=3, **regress), _edge),
        Case("ensemble-bag-regressor-targets", lambda d: bag(d, d.y2, _leaves(d), **regress), _edge),
        Case("ensemble-bag-regressor-linear", lambda d: bag(d, d.y, LinearRegression(), _scaled(d), max_features=3, **regress), _near, "C", extras=("row",)),
    ]


def _wide(d: object, model: object) -> list:
    return [(d.edge()[:2, :3], ("3", "5"))]


def _random_trees() -> list:
    # a power of a quotient by a logarithm
    exact = {"*": "B4", "decision_function": "C"}
    methods = {"methods": ("predict", "decision_function", "score_samples")}
    isolate = lambda d, **more: IsolationForest(**{"n_estimators": 4, "max_samples": 16, "random_state": d.state, **more})
    embed = lambda d, **more: RandomTreesEmbedding(n_estimators=3, max_depth=3, random_state=d.state, **more)
    return [
        Case("ensemble-isolation", lambda d: isolate(d).fit(d.x), _edge, exact, **methods),
        Case("ensemble-isolation-share", lambda d: isolate(d, contamination=0.2, max_samples=0.3).fit(d.x), _edge, exact, **methods),
        Case("ensemble-isolation-columns", lambda d: isolate(d, max_features=3, bootstrap=True).fit(d.x), _edge, exact, **methods),
        Case("ensemble-isolation-nan", lambda d: isolate(d).fit(d.x_nan), lambda d, m: d.edge(nan=True, huge=1e30), exact, since="1.9", **methods),
        Case("ensemble-isolation-finite", lambda d: isolate(d).fit(d.x), _edge, exact, until="1.3", errors=_unnamed, **methods),
        Case("ensemble-embedding", lambda d: embed(d).fit(d.x), _edge),
        Case("ensemble-embedding-dense", lambda d: embed(d, sparse_output=False).fit(d.x), _edge),
        Case("ensemble-embedding-logistic", lambda d: make_pipeline(embed(d), LogisticRegression()).fit(d.x, d.three), _edge, "C"),
    ]


def _balanced() -> list:
    if not installed("imblearn"):
        return []
    from imblearn import ensemble as balanced

    few = lambda d: (d.x[:, 0] > np.quantile(d.x[:, 0], 0.7)).astype(int)
    three = lambda d: np.where(few(d) == 1, "few", np.where(d.flags, "some", "more"))
    small = lambda d, count=3: {"n_estimators": count, "random_state": d.state}
    more = {"library": "imblearn"}
    exact = {"*": "A", "predict_proba": "B4", "predict_log_proba": "C"} if RELEASE >= (1, 6) else "C"
    forest = lambda d: balanced.BalancedRandomForestClassifier(max_depth=3, **small(d))
    bag = lambda d, **settings: balanced.BalancedBaggingClassifier(**_inner(_tree(d)), **small(d), **settings)
    easy = lambda d: balanced.EasyEnsembleClassifier(**_inner(AdaBoostClassifier(n_estimators=2)), **small(d))
    return [
        Case("ensemble-balanced-forest", lambda d: forest(d).fit(d.x, three(d)), _edge, **more),
        Case("ensemble-balanced-bag", lambda d: bag(d).fit(d.x, few(d)), _edge, **more),
        Case("ensemble-balanced-bag-columns", lambda d: bag(d, max_features=2).fit(d.x, three(d)), _edge, **more),
        Case("ensemble-balanced-easy", lambda d: easy(d).fit(d.x, few(d)), _edge, exact, **more),
        Case("ensemble-balanced-boost", lambda d: balanced.RUSBoostClassifier(**_inner(_tree(d)), **small(d)).fit(d.x, few(d)), _edge, exact, **more),
    ]
