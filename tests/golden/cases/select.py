"""Selectors: the chosen columns as they are, so class A."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn import feature_selection as fs
from sklearn.ensemble import AdaBoostClassifier, ExtraTreesRegressor, GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from case import Case, from_script


def _wide(d: object) -> object:
    """Eleven columns: some alike, one constant, some without meaning."""
    noise = np.random.RandomState(d.state).normal(size=(len(d.x), 3))
    scaled = (d.x - d.x.mean(axis=0)) / d.x.std(axis=0)
    return np.column_stack([scaled, np.ones(len(d.x)), noise, scaled[:, 1], scaled[:, 1]])


def _rows(d: object, model: object) -> object:
    return _wide(d)[:6]


def _state(d: object) -> int:
    return d.state % 1000


def _case(name: str, fit: object, rows: object = _rows, **more: object) -> Case:
    return Case(f"select-{name}", fit, rows, **more)


def cases() -> list:
    """Every selector with what changes its answer."""
    return [*_univariate(), *_by_variance(), *_from_model(), *_from_trees(), *_boosters(), *_eliminated(), *_placed()]


def _errors(d: object, model: object) -> list:
    rows = _wide(d)[:2]
    hollow = rows.copy()
    hollow[1, np.flatnonzero(model.get_support())[-1]] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "11"))]


def _univariate() -> list:
    def case(name: str, selector: object, target: str = "three", **more: object) -> Case:
        return _case(name, lambda d: selector().fit(_wide(d), getattr(d, target)), **more)

    generic = fs.GenericUnivariateSelect
    own = lambda d: fs.SelectKBest(from_script("lambda x, y: abs(x).sum(axis=0)", "scores"), k=3).fit(_wide(d), d.y)
    return [
        case("best", lambda: fs.SelectKBest(k=4), errors=_errors),
        case("best-one", lambda: fs.SelectKBest(k=1)),
        case("best-all", lambda: fs.SelectKBest(k="all")),
        case("best-regression", lambda: fs.SelectKBest(fs.f_regression, k=2), "y"),
        _case("best-chi2", lambda d: fs.SelectKBest(fs.chi2, k=3).fit(np.abs(_wide(d)), d.three)),
        _case("best-information", lambda d: fs.SelectKBest(fs.mutual_info_classif, k=2).fit(_wide(d), d.three)),
        _case("best-own-score", own, containers=("model.cloudpickle.pkl",)),
        case("percentile", lambda: fs.SelectPercentile(percentile=30)),
        case("percentile-ties", lambda: fs.SelectPercentile(percentile=22.0)),
        case("percentile-all", lambda: fs.SelectPercentile(percentile=100)),
        case("fpr", lambda: fs.SelectFpr(alpha=0.05)),
        case("fdr", lambda: fs.SelectFdr(alpha=0.1), "y"),
        case("fwe", lambda: fs.SelectFwe(alpha=0.2)),
        case("none", lambda: fs.SelectFpr(alpha=0.0)),
        case("generic-percentile", lambda: generic(mode="percentile", param=40)),
        case("generic-best", lambda: generic(mode="k_best", param=5)),
        case("generic-fpr", lambda: generic(mode="fpr", param=0.01)),
        case("generic-fdr", lambda: generic(mode="fdr", param=0.05)),
        case("generic-fwe", lambda: generic(mode="fwe", param=0.05)),
    ]


def _by_variance() -> list:
    with_gaps = lambda d: d.edge(nan=True)
    counts = lambda d: d.ints * np.array([1, 4, 2, 3])
    return [
        _case("variance", lambda d: fs.VarianceThreshold().fit(_wide(d))),
        _case("variance-above", lambda d: fs.VarianceThreshold(5.0).fit(d.x_nan), lambda d, m: with_gaps(d)),
        _case("variance-floats", lambda d: fs.VarianceThreshold(0.9).fit(_wide(d).astype(np.float32))),
        _case("variance-integers", lambda d: fs.VarianceThreshold(60.0).fit(counts(d)), lambda d, m: counts(d)[:7]),
    ]


def _from_model() -> list:
    sfm = fs.SelectFromModel

    def case(name: str, make: object, target: str = "three", **more: object) -> Case:
        return _case(f"model-{name}", lambda d: make().fit(_wide(d), getattr(d, target)), **more)

    prefit = lambda d: sfm(Ridge().fit(_wide(d), d.y), prefit=True)
    steps = lambda: make_pipeline(StandardScaler(), Ridge())
    return [
        case("mean", lambda: sfm(LogisticRegression())),
        case("median", lambda: sfm(LogisticRegression(), threshold="median"), "binary"),
        case("scaled", lambda: sfm(Ridge(), threshold="1.25*median"), "y"),
        case("number", lambda: sfm(Ridge(), threshold=0.3), "y", errors=_errors),
        case("lasso", lambda: sfm(Lasso(alpha=0.2)), "y"),
        case("l1", lambda: sfm(LinearSVC(C=0.02, penalty="l1", dual=False))),
        case("elastic", lambda: sfm(ElasticNet(alpha=0.1, l1_ratio=1.0)), "y"),
        case("most", lambda: sfm(LogisticRegression(), threshold=-np.inf, max_features=3)),
        case("most-of-equal", lambda: sfm(LinearRegression(), max_features=2, threshold="0.01*mean"), "y"),
        case("norm-2", lambda: sfm(LogisticRegression(), norm_order=2)),
        case("norm-inf", lambda: sfm(LogisticRegression(), norm_order=np.inf)),
        case("svc", lambda: sfm(SVC(kernel="linear"))),
        case("svr", lambda: sfm(SVR(kernel="linear"), threshold="median"), "y"),
        _case("model-prefit", prefit),
        _case("model-floats", lambda d: sfm(LinearRegression(), threshold="median").fit(_wide(d)[:, [0, 1, 2, 3, 4, 6, 7, 8]].astype(np.float32), d.y.astype(np.float32)), lambda d, m: _wide(d)[:6, :8]),
        case("path", lambda: sfm(steps(), importance_getter="named_steps.ridge.coef_"), "y"),
    ]


def _from_trees() -> list:
    sfm = fs.SelectFromModel

    def case(name: str, make: object, target: str = "three", **more: object) -> Case:
        return _case(f"trees-{name}", lambda d: sfm(make(d)).fit(_wide(d), getattr(d, target)), **more)

    return [
        case("tree", lambda d: DecisionTreeClassifier(max_depth=4, random_state=_state(d))),
        case("tree-regressor", lambda d: DecisionTreeRegressor(max_depth=3, random_state=_state(d)), "y"),
        case("forest", lambda d: RandomForestClassifier(5, max_depth=3, random_state=_state(d))),
        case("extra", lambda d: ExtraTreesRegressor(4, max_depth=3, random_state=_state(d)), "y2"),
        case("boosting", lambda d: GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=_state(d))),
        case("adaboost", lambda d: AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=4, random_state=_state(d)), "binary"),
        case("getter", lambda d: DecisionTreeRegressor(max_depth=3, random_state=_state(d)), "y"),
    ]


def _boosters() -> list:
    def xgb(name: str, **params: object) -> Case:
        def fit(d: object) -> object:
            from xgboost import XGBClassifier

            model = XGBClassifier(n_estimators=4, max_depth=3, n_jobs=1, random_state=1, **params)
            return fs.SelectFromModel(model, threshold="0.8*mean").fit(_wide(d), d.binary)

        return _case(f"xgb-{name}", fit)

    def lgb(name: str, **params: object) -> Case:
        def fit(d: object) -> object:
            from lightgbm import LGBMRegressor

            model = LGBMRegressor(n_estimators=4, num_leaves=5, n_jobs=1, random_state=1, verbose=-1, **params)
            return fs.SelectFromModel(model).fit(_wide(d), d.y)

        return _case(f"lgb-{name}", fit)

    return [
        xgb("gain"),
        xgb("weight", importance_type="weight"),
        xgb("cover", importance_type="cover"),
        xgb("total-gain", importance_type="total_gain"),
        lgb("split"),
        lgb("gain", importance_type="gain"),
    ]


def _eliminated() -> list:
    rfe = fs.RFE
    tree = lambda d: DecisionTreeClassifier(max_depth=3, random_state=_state(d))
    log = {"also": ("predict_log_proba",)}
    return [
        _case("rfe", lambda d: rfe(LogisticRegression(), n_features_to_select=3).fit(_wide(d), d.three), exact="C", errors=_errors, **log),
        _case("rfe-tree", lambda d: rfe(tree(d), n_features_to_select=4).fit(_wide(d), d.names), exact={"*": "A", "predict_log_proba": "B"}, **log),
        _case("rfe-regressor", lambda d: rfe(Ridge(), n_features_to_select=2).fit(_wide(d), d.y), exact="C"),
        _case("rfecv", lambda d: fs.RFECV(Ridge(), cv=3, min_features_to_select=2).fit(_wide(d), d.y), exact="C"),
        _case("rfe-inside", lambda d: make_pipeline(rfe(tree(d), n_features_to_select=3), Ridge()).fit(_wide(d), d.three), exact="C", unread=True),
        _case("sequential", lambda d: fs.SequentialFeatureSelector(Ridge(), n_features_to_select=3, cv=3).fit(_wide(d), d.y)),
        _case(
            "sequential-backward",
            lambda d: fs.SequentialFeatureSelector(Ridge(), n_features_to_select=4, direction="backward", cv=3).fit(_wide(d)[:, :7], d.y),
            lambda d, m: _wide(d)[:6, :7],
        ),
    ]


def _placed() -> list:
    """Selectors on frames, on sparse rows, and before other steps."""
    frame = lambda d: pd.DataFrame(_wide(d)[:, :6], columns=list("abcdef"))
    mixed = lambda d: frame(d).assign(g=d.ints[:, 0], h=d.ints[:, 1])
    texts = lambda d: make_pipeline(TfidfVectorizer(), fs.SelectKBest(fs.chi2, k=12)).fit(d.documents, np.arange(len(d.documents)) % 3)
    towns = lambda d: d.frame[["city", "colour", "member"]]
    coded = lambda d: make_pipeline(OneHotEncoder(handle_unknown="ignore"), fs.SelectPercentile(fs.chi2, percentile=40), LogisticRegression())
    named = lambda d: Pipeline([("choose", fs.SelectKBest(k=3)), ("scale", StandardScaler()), ("model", LogisticRegression())])
    return [
        _case("frame", lambda d: fs.SelectKBest(k=3).fit(frame(d), d.three), lambda d, m: frame(d)[:6]),
        _case("frame-mixed", lambda d: fs.VarianceThreshold(2.0).fit(mixed(d)), lambda d, m: mixed(d)[:6]),
        _case("integers", lambda d: fs.SelectKBest(k=2).fit(d.ints, d.three), lambda d, m: d.ints[:6]),
        _case("texts", texts, lambda d, m: d.document_rows()[:9], exact="C"),
        _case("categories", lambda d: coded(d).fit(towns(d), d.three), lambda d, m: towns(d)[:9], exact="C"),
        _case("in-pipeline", lambda d: named(d).fit(frame(d), d.three), lambda d, m: frame(d)[:6], exact="C", unread=True),
    ]
