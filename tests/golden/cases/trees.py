"""scikit-learn trees, forests and both kinds of gradient boosting."""

from __future__ import annotations

import numpy as np
from sklearn import ensemble, tree
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, SGDClassifier, SGDRegressor

from case import Case, installed, version_key

if version_key(installed("sklearn")) < (1, 0):
    from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401

TREE = {"*": "A", "predict_log_proba": "B4"}
RAW_THEN_SIGMOID = {"*": "A", "predict_proba": "B"}
RAW_THEN_SOFTMAX = {"*": "A", "predict_proba": "B4"}
# the start of several classes passes through numpy's own logarithm, and everything after it inherits the difference
BOOSTED_CLASSIFIER = {"*": "C"}
# the start of two classes is scipy's `logit` from 1.4 on; numpy's logarithm before
BOOSTED_BINARY = RAW_THEN_SIGMOID if version_key(installed("sklearn")) >= (1, 4) else BOOSTED_CLASSIFIER


LOG = {"also": ("predict_log_proba",)}


def _edge(d: object, model: object) -> object:
    return d.edge(model, huge=1e30)


def _edge_nan(d: object, model: object) -> object:
    return d.edge(model, nan=True, huge=1e30)


def cases() -> list:
    """All tree families."""
    return [*_single(), *_forests(), *_boosting(), *_boosting_starts(), *_histogram(), *_histogram_categories()]


def _single() -> list:
    dtc, dtr = tree.DecisionTreeClassifier, tree.DecisionTreeRegressor
    etc, etr = tree.ExtraTreeClassifier, tree.ExtraTreeRegressor
    weigh = lambda d: {"sample_weight": d.weight}
    return [
        Case("tree-classifier", lambda d: dtc(max_depth=5, random_state=d.state).fit(d.x, d.three), _edge, TREE, **LOG),
        Case("tree-classifier-text", lambda d: dtc(max_depth=4, random_state=d.state).fit(d.x, d.names), _edge, TREE),
        Case("tree-classifier-bool", lambda d: dtc(max_depth=4, random_state=d.state).fit(d.x, d.flags), _edge, TREE),
        Case("tree-classifier-weighted", lambda d: dtc(max_depth=4, random_state=d.state).fit(d.x, d.three, **weigh(d)), _edge, TREE),
        Case("tree-classifier-two-outputs", lambda d: dtc(max_depth=4, random_state=d.state).fit(d.x, d.labels2), _edge, TREE),
        Case(
            "tree-classifier-entropy-pruned", lambda d: dtc(criterion="entropy", ccp_alpha=0.01, random_state=d.state).fit(d.x, d.three), _edge, TREE
        ),
        Case(
            "tree-classifier-balanced", lambda d: dtc(class_weight="balanced", max_leaf_nodes=9, random_state=d.state).fit(d.x, d.three), _edge, TREE
        ),
        Case("tree-classifier-nan", lambda d: dtc(max_depth=5, random_state=d.state).fit(d.x_nan, d.three), _edge_nan, TREE, since="1.3"),
        Case("tree-classifier-one-class", lambda d: dtc(random_state=d.state).fit(d.x, np.full(len(d.x), "only")), lambda d, m: d.edge(), TREE),
        Case("tree-regressor", lambda d: dtr(max_depth=5, random_state=d.state).fit(d.x, d.y), _edge),
        Case("tree-regressor-one-leaf", lambda d: dtr(max_depth=1, min_samples_leaf=100, random_state=d.state).fit(d.x, d.y), lambda d, m: d.edge()),
        Case("tree-regressor-two-targets", lambda d: dtr(max_depth=4, random_state=d.state).fit(d.x, d.y2), _edge),
        Case("tree-regressor-weighted", lambda d: dtr(max_depth=4, random_state=d.state).fit(d.x, d.y, **weigh(d)), _edge),
        Case(
            "tree-regressor-absolute", lambda d: dtr(criterion="absolute_error", max_depth=3, random_state=d.state).fit(d.x, d.y), _edge, since="1.0"
        ),
        Case("tree-regressor-nan", lambda d: dtr(max_depth=5, random_state=d.state).fit(d.x_nan, d.y), _edge_nan, since="1.3"),
        Case("tree-i32-labels", lambda d: dtc(max_depth=4, random_state=d.state).fit(d.x, d.three.astype("i4")), _edge, TREE),
        Case("tree-timestamps", lambda d: dtr(max_depth=6, random_state=d.state).fit(_timestamps(d), d.y), lambda d, m: _timestamps(d)[:12]),
        Case("tree-integers", lambda d: dtc(max_depth=5, random_state=d.state).fit(d.ints, d.three), lambda d, m: d.ints[:9], TREE),
        Case("extra-tree-classifier", lambda d: etc(max_depth=5, random_state=d.state).fit(d.x, d.names), _edge, TREE),
        Case("extra-tree-regressor", lambda d: etr(max_depth=5, random_state=d.state).fit(d.x, d.y), _edge, since="1.0"),
    ]


def _timestamps(d: object) -> np.ndarray:
    """Seconds and milliseconds since 1970: too long for single precision, to which trees round their input."""
    seconds = 1_700_000_000 + np.arange(len(d.x)) * 37 + (d.x[:, 0] * 1000).astype(np.int64)
    return np.column_stack([seconds, seconds * 1000 + d.ints[:, 0]])


def _forests() -> list:
    rfc, rfr = ensemble.RandomForestClassifier, ensemble.RandomForestRegressor
    etc, etr = ensemble.ExtraTreesClassifier, ensemble.ExtraTreesRegressor
    small = lambda d: {"n_estimators": 3, "max_depth": 4, "n_jobs": 1, "random_state": d.state}
    return [
        Case("forest-classifier", lambda d: rfc(**small(d)).fit(d.x, d.three), _edge, TREE),
        Case("forest-classifier-text", lambda d: rfc(**small(d)).fit(d.x, d.names), _edge, TREE, **LOG),
        Case("forest-classifier-bool", lambda d: rfc(**small(d)).fit(d.x, d.flags), _edge, TREE),
        Case("forest-classifier-two-outputs", lambda d: rfc(**small(d)).fit(d.x, d.labels2), _edge, TREE),
        Case("forest-classifier-balanced", lambda d: rfc(class_weight="balanced_subsample", **small(d)).fit(d.x, d.three), _edge, TREE),
        Case("forest-classifier-nan", lambda d: rfc(**small(d)).fit(d.x_nan, d.three), _edge_nan, TREE, since="1.4"),
        Case("forest-classifier-deep", lambda d: rfc(n_estimators=3, random_state=d.state).fit(d.x, d.three), _edge, TREE),
        Case("forest-regressor", lambda d: rfr(**small(d)).fit(d.x, d.y), _edge),
        Case("forest-regressor-two-targets", lambda d: rfr(**small(d)).fit(d.x, d.y2), _edge),
        Case("forest-regressor-nan", lambda d: rfr(**small(d)).fit(d.x_nan, d.y), _edge_nan, since="1.4"),
        Case("forest-regressor-no-bootstrap", lambda d: rfr(bootstrap=False, max_features=2, **small(d)).fit(d.x, d.y), _edge),
        Case("extra-trees-classifier", lambda d: etc(**small(d)).fit(d.x, d.names), _edge, TREE, **LOG),
        Case("extra-trees-classifier-two-outputs", lambda d: etc(**small(d)).fit(d.x, d.labels2), _edge, TREE),
        Case("extra-trees-regressor", lambda d: etr(**small(d)).fit(d.x, d.y), _edge),
        Case("extra-trees-regressor-two-targets", lambda d: etr(**small(d)).fit(d.x, d.y2), _edge),
    ]


def _boosting() -> list:
    gbc, gbr = ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor
    small = lambda d: {"n_estimators": 5, "max_depth": 3, "random_state": d.state}
    return [
        Case("boosting-binary", lambda d: gbc(**small(d)).fit(d.x, d.binary), _edge, BOOSTED_BINARY),
        Case("boosting-text-labels", lambda d: gbc(**{**small(d), "n_estimators": 3}).fit(d.x, d.names), _edge, BOOSTED_CLASSIFIER),
        Case("boosting-three", lambda d: gbc(subsample=0.7, **{**small(d), "n_estimators": 3}).fit(d.x, d.three), _edge, BOOSTED_CLASSIFIER),
        Case("boosting-exponential", lambda d: gbc(loss="exponential", **small(d)).fit(d.x, d.binary), _edge, BOOSTED_BINARY),
        Case("boosting-start-zero", lambda d: gbc(init="zero", **small(d)).fit(d.x, d.binary), _edge, RAW_THEN_SIGMOID),
        Case("boosting-start-zero-three", lambda d: gbc(init="zero", **{**small(d), "n_estimators": 3}).fit(d.x, d.three), _edge, RAW_THEN_SOFTMAX),
        Case(
            "boosting-start-forest",
            lambda d: gbc(init=ensemble.RandomForestClassifier(3, max_depth=2, random_state=d.state), **small(d)).fit(d.x, d.binary),
            _edge,
            BOOSTED_CLASSIFIER,
        ),
        Case("boosting-regressor", lambda d: gbr(**small(d)).fit(d.x, d.y), _edge),
        Case("boosting-regressor-start-zero", lambda d: gbr(init="zero", **small(d)).fit(d.x, d.y), _edge),
        # the start is fitted on floats and answers in them
        Case("boosting-regressor-start-linear", lambda d: gbr(init=LinearRegression(), **small(d)).fit(d.x, d.y), lambda d, m: d.edge(m), "C32"),
        Case("boosting-regressor-huber", lambda d: gbr(loss="huber", **small(d)).fit(d.x, d.y), _edge),
        Case("boosting-regressor-quantile", lambda d: gbr(loss="quantile", alpha=0.8, **small(d)).fit(d.x, d.y), _edge),
        Case("boosting-regressor-absolute", lambda d: gbr(loss="absolute_error", learning_rate=0.3, **small(d)).fit(d.x, d.y), _edge, since="1.0"),
        Case("boosting-regressor-early", lambda d: gbr(n_iter_no_change=2, n_estimators=30, max_depth=2, random_state=d.state).fit(d.x, d.y), _edge),
    ]


def _uneven(d: object) -> np.ndarray:
    """Two classes of 43 and 53 rows: scipy changed its `logit` between 0.3 and 0.65, and one half is its zero."""
    return (d.y > np.sort(d.y)[42]).astype(np.int64)


def _unit(d: object) -> np.ndarray:
    """Columns of one scale, so that single precision is enough for a linear start."""
    return (d.x - d.x.mean(axis=0)) / d.x.std(axis=0)


def _unit_rows(d: object, model: object) -> np.ndarray:
    return _unit(d)[:12]


def _boosting_starts() -> list:
    """Boosting trains its start on floats and asks it with floats: a linear start may answer in them."""
    small = lambda d: {"n_estimators": 3, "max_depth": 2, "random_state": d.state}
    gbc = lambda d, start, y, **more: ensemble.GradientBoostingClassifier(init=start, **{**small(d), **more}).fit(_unit(d), y)
    gbr = lambda d, start, y: ensemble.GradientBoostingRegressor(init=start, **small(d)).fit(_unit(d), y)
    sgd = lambda d, **more: SGDClassifier(random_state=d.state, alpha=0.1, **more)
    linear = {"rows": _unit_rows, "exact": "C32"}
    return [
        Case("boosting-uneven", lambda d: gbc(d, None, _uneven(d)), _unit_rows, BOOSTED_BINARY),
        Case("boosting-uneven-exponential", lambda d: gbc(d, None, 1 - _uneven(d), loss="exponential"), _unit_rows, BOOSTED_BINARY),
        Case("boosting-start-uniform", lambda d: gbc(d, DummyClassifier(strategy="uniform"), d.three), _unit_rows, BOOSTED_CLASSIFIER),
        Case("boosting-start-constant", lambda d: gbc(d, DummyClassifier(strategy="constant", constant=1), d.three), _unit_rows, BOOSTED_CLASSIFIER),
        Case("boosting-start-logistic", lambda d: gbc(d, LogisticRegression(), _uneven(d)), **linear),
        Case("boosting-start-logistic-three", lambda d: gbc(d, LogisticRegression(), d.three), **linear),
        Case("boosting-start-discriminant", lambda d: gbc(d, LinearDiscriminantAnalysis(), _uneven(d)), **linear),
        Case("boosting-start-discriminant-three", lambda d: gbc(d, LinearDiscriminantAnalysis(), d.names), **linear),
        Case("boosting-start-descent", lambda d: gbc(d, sgd(d, loss="log_loss"), _uneven(d)), since="1.1", **linear),
        Case("boosting-start-descent-exponential", lambda d: gbc(d, sgd(d, loss="log_loss"), _uneven(d), loss="exponential"), since="1.1", **linear),
        Case("boosting-start-descent-three", lambda d: gbc(d, sgd(d, loss="log_loss"), d.three), since="1.1", **linear),
        Case("boosting-start-huber-three", lambda d: gbc(d, sgd(d, loss="modified_huber"), d.three), **linear),
        Case("boosting-regressor-start-descent", lambda d: gbr(d, SGDRegressor(random_state=d.state), d.y), **linear),
        Case("boosting-regressor-start-poisson", lambda d: gbr(d, PoissonRegressor(), d.counts), **linear),
    ]


def _histogram() -> list:
    small = lambda d: {"max_iter": 5, "max_leaf_nodes": 7, "min_samples_leaf": 5, "random_state": d.state}
    hgc = lambda d, **more: ensemble.HistGradientBoostingClassifier(**{**small(d), **more})
    hgr = lambda d, **more: ensemble.HistGradientBoostingRegressor(**{**small(d), **more})
    return [
        Case("hist-binary", lambda d: hgc(d).fit(d.x, d.binary), _edge_nan, RAW_THEN_SIGMOID),
        Case("hist-binary-nan", lambda d: hgc(d).fit(d.x_nan, d.flags), _edge_nan, RAW_THEN_SIGMOID),
        Case("hist-three", lambda d: hgc(d, max_iter=3).fit(d.x_nan, d.three), _edge_nan, RAW_THEN_SOFTMAX),
        Case("hist-text-labels", lambda d: hgc(d, max_iter=3).fit(d.x, d.names), _edge_nan, RAW_THEN_SOFTMAX),
        Case(
            "hist-early-stopping",
            lambda d: hgc(d, max_iter=40, early_stopping=True, n_iter_no_change=2).fit(d.x, d.binary),
            _edge_nan,
            RAW_THEN_SIGMOID,
            since="1.0",
        ),
        Case("hist-regressor", lambda d: hgr(d).fit(d.x_nan, d.y), _edge_nan),
        Case("hist-regressor-poisson", lambda d: hgr(d, loss="poisson").fit(d.x, d.counts), _edge_nan, "B"),
        Case("hist-regressor-gamma", lambda d: hgr(d, loss="gamma").fit(d.x, d.positive), _edge_nan, "B", since="1.3"),
        Case("hist-regressor-quantile", lambda d: hgr(d, loss="quantile", quantile=0.8).fit(d.x, d.y), _edge_nan, since="1.1"),
        Case("hist-regressor-absolute", lambda d: hgr(d, loss="absolute_error").fit(d.x, d.y), _edge_nan, since="1.0"),
        Case("hist-regressor-monotone", lambda d: hgr(d, monotonic_cst=[1, -1, 0, 0, 0]).fit(d.x, d.y), _edge_nan),
    ]


def _category_matrix(d: object) -> np.ndarray:
    x = d.x_nan.copy()
    x[:, 1] = d.rng.randint(0, 6, size=len(x))
    x[:, 3] = d.rng.choice([0.0, 2.0, 30.0, np.nan], size=len(x))
    return x


def _category_target(x: np.ndarray, d: object) -> np.ndarray:
    return d.y + 4.0 * np.isin(x[:, 1], (1, 4)) - 3.0 * (x[:, 3] == 30.0)


def _fit_categories(d: object, model: object, labels: bool = False) -> object:
    x = _category_matrix(d)
    y = _category_target(x, d)
    if labels:
        y = np.digitize(y, np.quantile(y, [0.5]))
    return model.fit(x, y)


def _category_rows(d: object, model: object) -> np.ndarray:
    rows = _category_matrix(d)[:10]
    rows[1, 1], rows[2, 3], rows[3, 1], rows[4, 3], rows[5, 1] = 77.0, 5.0, np.nan, np.nan, 4.0
    return rows


def _category_frame(d: object) -> object:
    frame = d.frame
    for name in ("city", "colour"):
        frame[name] = frame[name].astype("category")
    return frame


def _fit_frame(d: object, model: object) -> object:
    frame = _category_frame(d)
    shift = 3.0 * (frame["city"] == "Oslo") - 2.0 * (frame["colour"] == "red")
    return model.fit(frame, d.y + shift.to_numpy())


def _frame_rows(d: object, model: object) -> object:
    frame = _category_frame(d).iloc[5:14].reset_index(drop=True)
    frame.loc[1, "age"] = np.nan
    return frame


def _histogram_categories() -> list:
    small = {"max_iter": 5, "max_leaf_nodes": 7, "min_samples_leaf": 5}
    hgc, hgr = ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor
    mask = [False, True, False, True, False]
    return [
        Case(
            "hist-categories-by-index",
            lambda d: _fit_categories(d, hgr(categorical_features=[1, 3], random_state=d.state, **small)),
            _category_rows,
            since="1.0",
        ),
        Case(
            "hist-categories-by-mask",
            lambda d: _fit_categories(d, hgc(categorical_features=mask, random_state=d.state, **small), True),
            _category_rows,
            RAW_THEN_SIGMOID,
            since="1.0",
        ),
        Case(
            "hist-categories-from-dtype",
            lambda d: _fit_frame(d, hgr(categorical_features="from_dtype", random_state=d.state, **small)),
            _frame_rows,
            since="1.4",
        ),
        Case(
            "hist-categories-by-name",
            lambda d: _fit_frame(d, hgr(categorical_features=["city", "colour"], random_state=d.state, **small)),
            _frame_rows,
            since="1.4",
        ),
    ]
