"""Transformers that change the shape of columns: powers, quantiles, bins, splines, thresholds, target means; imputing in rounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn import preprocessing as pp
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from case import Case


def cases() -> list:
    """All of them."""
    return [*_powers(), *_quantiles(), *_bins(), *_splines(), *_target_means(), *_thresholds(), *_isotonic(), *_rounds()]


def _edge(d: object, model: object) -> np.ndarray:
    return d.edge(x=d.x[:, :3])


def _gaps(d: object, model: object) -> np.ndarray:
    return d.edge(nan=True, x=d.x[:, :3])


def _refuses_nan(d: object, model: object) -> list:
    rows = d.x[:3, :3].copy()
    rows[1, 2] = np.nan
    return [(rows, ("row 1", "NaN")), (d.x[:2, :2], ("2 columns", "3"))]


def _powers() -> list:
    pt = pp.PowerTransformer
    positive = lambda d: np.exp(d.x[:, :3] / [1.0, 10.0, 0.1])
    asked = lambda d, m: positive(d)[:6] * 1.5
    refuses = lambda d, m: [(np.array([[1.0, 2.0, 0.0]]), ("column 2", "positive")), (-positive(d)[:2], ("row 0", "positive"))]
    flat = lambda d: np.column_stack([d.x[:, 0], np.full(len(d.x), 3.0), d.x[:, 2]])
    # the last bit of a float's power differs by numpy's release and processor, and a lambda near 0, as the small third column has, makes many of it
    row = {"extras": ("row",)}
    return [
        Case("power-yeo-johnson", lambda d: pt().fit(d.x_nan[:, :3]), _gaps, "C", **row),
        Case("power-yeo-johnson-plain", lambda d: pt(standardize=False).fit(d.x[:, :3]), lambda d, m: d.x[:8, :3], "C", **row),
        Case("power-yeo-johnson-flat", lambda d: pt().fit(flat(d)), lambda d, m: d.x[:8, :3], "C", since="1.5", **row),
        Case("power-box-cox", lambda d: pt(method="box-cox").fit(positive(d)), asked, "C", errors=refuses),
        Case("power-box-cox-plain", lambda d: pt(method="box-cox", standardize=False).fit(positive(d)), asked, "C"),
        Case("power-integers", lambda d: pt().fit(d.ints), lambda d, m: d.ints[:6], "C"),
        Case("power-f32", lambda d: pt().fit(d.x[:, :2].astype(np.float32)), lambda d, m: d.x[:6, :2].astype(np.float32), "C", **row),
    ]


def _repeated(d: object) -> np.ndarray:
    return np.round(d.x[:, :3] / [1.0, 10.0, 0.1])


def _counts(d: object) -> np.ndarray:
    return np.maximum(np.round(d.x[:, :3] / [1.0, 10.0, 0.1]), 0.0)


def _quantiles() -> list:
    qt = pp.QuantileTransformer
    bounds = lambda x: np.vstack([x[:5], x.min(axis=0), x.max(axis=0), x.min(axis=0) - 1.0, x.max(axis=0) + 1.0, x.max(axis=0) - 1e-8])
    plain = lambda d, m: np.vstack([bounds(d.x[:, :3]), _gaps(d, m)])
    repeated = lambda d, m: bounds(_repeated(d))
    return [
        Case("quantiles-uniform", lambda d: qt(n_quantiles=12).fit(d.x_nan[:, :3]), plain, extras=("row",)),
        Case("quantiles-uniform-repeated", lambda d: qt(n_quantiles=9).fit(_repeated(d)), repeated),
        Case("quantiles-normal", lambda d: qt(n_quantiles=12, output_distribution="normal").fit(d.x[:, :3]), plain, "B4", extras=("row",)),
        Case("quantiles-normal-repeated", lambda d: qt(n_quantiles=9, output_distribution="normal").fit(_repeated(d)), repeated, "B4"),
        Case("quantiles-uniform-f32", lambda d: qt(n_quantiles=12).fit(d.x[:, :3].astype(np.float32)), lambda d, m: bounds(d.x[:, :3].astype(np.float32)), extras=("row",)),
        Case("quantiles-integers", lambda d: qt(n_quantiles=6).fit(d.ints), lambda d, m: d.ints[:8] * 2),
        Case("quantiles-one", lambda d: qt(n_quantiles=1).fit(d.x[:, :3]), lambda d, m: bounds(d.x[:, :3]), since="1.0"),
        Case("quantiles-sparse", lambda d: qt(n_quantiles=6, ignore_implicit_zeros=True).fit(sparse.csr_matrix(_counts(d))), lambda d, m: _counts(d)[:6]),
    ]


def _bins() -> list:
    kb = pp.KBinsDiscretizer
    fit = lambda x, **params: kb(5, **params).fit(x)
    on_edges = lambda d, m: np.vstack([_edge(d, m), np.column_stack([edges[:3] for edges in m.bin_edges_])])
    x = lambda d: d.x[:, :3]
    three = lambda d: np.round(d.x[:, :3], 1)
    return [
        Case("bins-one-hot", lambda d: fit(x(d)), on_edges, errors=_refuses_nan),
        Case("bins-one-hot-dense", lambda d: fit(x(d), encode="onehot-dense"), on_edges),
        Case("bins-ordinal", lambda d: fit(x(d), encode="ordinal"), on_edges),
        Case("bins-uniform", lambda d: fit(x(d), strategy="uniform", encode="ordinal"), on_edges),
        Case("bins-kmeans", lambda d: fit(x(d), strategy="kmeans", encode="ordinal"), on_edges),
        Case("bins-several-counts", lambda d: kb([2, 4, 3]).fit(three(d)), on_edges),
        Case("bins-repeated", lambda d: kb(6).fit(_counts(d)), lambda d, m: _counts(d)[:8]),
        Case("bins-f32", lambda d: fit(x(d), dtype=np.float32), _edge),
        Case("bins-f64", lambda d: fit(x(d), dtype=np.float64, encode="ordinal"), _edge),
        Case("bins-integers", lambda d: kb(3, encode="ordinal").fit(d.ints), lambda d, m: d.ints[:8]),
    ]


def _spline(name: str, rows: object = None, exact: str = "A", since: str = "1.0", train: object = None, **params: object) -> Case:
    train = train or (lambda d: d.x[:, :3])
    asked = lambda d, m: np.vstack([d.x[:5, :3], d.x[:, :3].min(axis=0), d.x[:, :3].max(axis=0), d.x[:2, :3] * 3.0, d.x[:2, :3] - 200.0])
    # for sparse answers the library moves floats to a knot, which they may be a little below, and then refuses them
    extras = ("row",) if "sparse_output" in params else ("f32", "row")
    return Case(f"spline-{name}", lambda d: pp.SplineTransformer(**params).fit(train(d)), rows or asked, exact, since=since, extras=extras)


def _splines() -> list:
    inside = lambda d, m: d.x[:8, :3]
    beyond = lambda d, m: [(d.x[:3, :3] * 100.0, ("row 0", "knots"))]
    error = lambda d: pp.SplineTransformer(extrapolation="error").fit(d.x[:, :3])
    hands = np.array([[-1.0, 0.0, -0.1], [0.2, 4.0, 0.0], [1.0, 9.0, 0.3]])
    gaps = lambda d, m: np.vstack([d.x_nan[:6, :3], np.full((1, 3), np.nan)])
    return [
        _spline("constant"),
        _spline("linear", extrapolation="linear"),
        _spline("linear-1", extrapolation="linear", degree=1),
        _spline("linear-2", extrapolation="linear", degree=2, knots="quantile"),
        _spline("continue", extrapolation="continue", n_knots=4),
        _spline("periodic", extrapolation="periodic", n_knots=6),
        _spline("periodic-short", extrapolation="periodic", n_knots=4),
        _spline("no-bias", include_bias=False, n_knots=3, degree=2),
        _spline("steps", inside, degree=0, n_knots=4),
        _spline("own-knots", knots=hands),
        _spline("repeated-knots", train=lambda d: _counts(d) + [0.0, 0.0, 1.0], knots="quantile", extrapolation="linear", n_knots=6),
        _spline("sparse", since="1.3", sparse_output=True),
        _spline("sparse-linear", since="1.3", sparse_output=True, extrapolation="linear"),
        _spline("sparse-periodic", since="1.3", sparse_output=True, extrapolation="periodic", include_bias=False),
        _spline("gaps", gaps, since="1.8", handle_missing="zeros", train=lambda d: d.x_nan[:, :3]),
        _spline("gaps-periodic", gaps, since="1.8", handle_missing="zeros", extrapolation="periodic", train=lambda d: d.x_nan[:, :3]),
        Case("spline-refuses", error, inside, errors=beyond, since="1.0", extras=("row",)),
        Case("spline-integers", lambda d: pp.SplineTransformer().fit(d.ints), lambda d, m: d.ints[:6] * 2, since="1.0"),
    ]


def _frame(d: object) -> pd.DataFrame:
    return d.frame[["city", "colour", "children"]]


def _odd_rows(d: object, model: object) -> pd.DataFrame:
    rows = _frame(d).iloc[3:11].reset_index(drop=True)
    rows.loc[0, "city"], rows.loc[1, "colour"], rows.loc[2, "children"] = "Rio", "", 99
    return rows


def _target_means() -> list:
    te = getattr(pp, "TargetEncoder", None)
    kept = lambda target: lambda d: te(random_state=d.state).fit(_frame(d), target(d))
    holes = lambda d: np.array(["a", "b", None, np.nan], dtype=object)[d.rng.randint(0, 3, size=(96, 2))]
    asked = lambda d, m: np.array([["a", None], ["b", "z"], [None, "a"]], dtype=object)
    numbers = lambda d: np.where(d.ints > 5, np.nan, d.ints.astype(float))
    return [
        Case("target-means-binary", kept(lambda d: d.binary), _odd_rows, since="1.3"),
        Case("target-means-text", kept(lambda d: np.where(d.binary, "yes", "no")), _odd_rows, since="1.3"),
        Case("target-means-continuous", kept(lambda d: d.y), _odd_rows, since="1.3"),
        Case("target-means-three", kept(lambda d: d.names), _odd_rows, since="1.4"),
        Case("target-means-smooth", lambda d: te(smooth=3.0).fit(_frame(d), d.y), _odd_rows, since="1.3"),
        Case("target-means-given", lambda d: te(categories=[["a", "b"], ["b", "c"]]).fit(np.array([["a", "b"], ["b", "c"]] * 20, dtype=object), d.y[:40]), lambda d, m: np.array([["a", "c"], ["z", "b"]], dtype=object), since="1.3", extras=()),
        Case("target-means-holes", lambda d: te().fit(holes(d), d.binary), asked, since="1.3", objects=True),
        Case("target-means-numbers", lambda d: te().fit(numbers(d), d.y), lambda d, m: np.vstack([numbers(d)[:5], np.full((1, 4), 77.5)]), since="1.3"),
    ]


def _thresholds() -> list:
    b = pp.Binarizer
    below = lambda d, m: [(_refuses_nan(d, m)[0])]
    return [
        Case("binarizer", lambda d: b().fit(d.x[:, :3]), _edge, errors=below),
        Case("binarizer-threshold", lambda d: b(threshold=0.1).fit(d.x[:, :3]), lambda d, m: np.vstack([_edge(d, m), np.full((1, 3), 0.1)])),
        Case("binarizer-integers", lambda d: b(threshold=2.5).fit(d.ints), lambda d, m: d.ints[:7]),
        Case("binarizer-bool", lambda d: b(threshold=0.5).fit(d.ints > 2), lambda d, m: d.ints[:7] > 2, extras=("row",)),
        Case("binarizer-frame", lambda d: b(threshold=1.0).fit(d.frame[["income", "children"]]), lambda d, m: d.frame[["income", "children"]][:6], extras=("row",)),
        Case("binarizer-after-one-hot", lambda d: make_pipeline(pp.OneHotEncoder(), b(threshold=0.5)).fit(_frame(d)[["city"]]), lambda d, m: _frame(d)[["city"]][:6]),
    ]


def _isotonic() -> list:
    iso = IsotonicRegression
    column = lambda d: d.x[:, 0]
    asked = lambda d, m: np.concatenate([d.x[:6, 0], [d.x[:, 0].min(), d.x[:, 0].max(), -9.0, 9.0, 0.0, -0.0]])
    inside = lambda d, m: np.sort(column(d))[5:15]
    beyond = lambda d, m: [(np.array([[99.0]]), ("row 0", "99")), (np.array([[np.nan]]), ("row 0", "NaN"))]
    return [
        Case("isotonic", lambda d: iso().fit(column(d), d.y), asked),
        Case("isotonic-clip", lambda d: iso(out_of_bounds="clip").fit(column(d).reshape(-1, 1), d.y), asked),
        Case("isotonic-raise", lambda d: iso(out_of_bounds="raise").fit(column(d), d.y), inside, errors=beyond, extras=("row",)),
        Case("isotonic-falling", lambda d: iso(increasing=False, out_of_bounds="clip", y_min=-1.0, y_max=4.0).fit(column(d), d.y), asked),
        Case("isotonic-f32", lambda d: iso(out_of_bounds="clip").fit(column(d).astype(np.float32), d.y.astype(np.float32)), lambda d, m: asked(d, m).astype(np.float32), extras=("row",)),
        Case("isotonic-one", lambda d: iso().fit(np.zeros(4), d.y[:4]), asked, extras=()),
        Case("isotonic-after-scaler", lambda d: make_pipeline(pp.StandardScaler(), iso(out_of_bounds="clip")).fit(d.x[:, :1], d.y), lambda d, m: d.x[:6, :1]),
    ]


def _rounds() -> list:
    return [*_rounds_of_lines(), *_rounds_of_others(), *_rounds_of_few()]


def _imputer(**options: object) -> IterativeImputer:
    return IterativeImputer(**{"max_iter": 2, "random_state": 0, **options})


def _holes(d: object, model: object) -> np.ndarray:
    """Rows that lack one value, two or all, as many columns as the model takes."""
    width = getattr(model, "n_features_in_", 3)
    one, two, all_but_one = d.x[:width, :width].copy(), d.x[9:11, :width].copy(), d.x[11:13, :width].copy()
    one[np.arange(width), np.arange(width)] = np.nan
    two[:, :2], all_but_one[:, 1:] = np.nan, np.nan
    return np.vstack([one, two, all_but_one, np.full((1, width), np.nan), np.zeros((1, width))])


def _rounds_of_lines() -> list:
    """With the default estimator."""
    x = lambda d: d.x_nan[:, :3]
    beyond = lambda d, m: [(np.array([[1.0, np.inf, np.nan]]), ("row 0", "infinite")), (d.x[:2], ("5 columns",))]
    complete = lambda d: np.column_stack([d.x[:, 0], d.x_nan[:, 1:3]])
    frame = lambda d: d.frame[["age", "income", "children"]]
    # the row that is also asked alone has values: the library answers one without any as no batch does
    asked = lambda d, m: frame(d).where((d.rng.uniform(size=(96, 3)) > 0.3) | (np.arange(96) == 2)[:, None])[:9]
    limits = dict(min_value=[-0.5, 2.0, -0.02], max_value=[0.5, 7.5, 0.02])
    of = lambda name, fit, rows=_holes, **more: Case(f"impute-iterative-{name}", fit, rows, exact="C", **more)
    return [
        of("lines", lambda d: _imputer(max_iter=3).fit(x(d)), errors=beyond),
        of("limits", lambda d: _imputer(initial_strategy="median", imputation_order="roman", **limits).fit(x(d))),
        of("nearest", lambda d: _imputer(n_nearest_features=2, imputation_order="random").fit(d.x_nan[:, :4])),
        of("complete", lambda d: _imputer(skip_complete=True).fit(complete(d))),
        of("complete-not-skipped", lambda d: _imputer(imputation_order="arabic").fit(complete(d))),
        of("marked", lambda d: _imputer(add_indicator=True).fit(complete(d))),
        of("f32", lambda d: _imputer().fit(x(d).astype(np.float32))),
        of("frame", lambda d: _imputer().fit(frame(d)), asked),
        of("before-line", lambda d: make_pipeline(_imputer(), LinearRegression()).fit(x(d), d.y)),
    ]


def _rounds_of_others() -> list:
    """With estimators of other kinds."""
    x = lambda d: d.x_nan[:, :3]
    tree = DecisionTreeRegressor(max_depth=2, random_state=0)
    numbers = lambda d: np.where(d.rng.uniform(size=(24, 3)) < 0.2, -9, d.ints[:24, :3])
    asked = lambda d, m: np.array([[-9, 2, 3], [1, -9, 0], [4, 5, -9], [-9, -9, 1], [-9, -9, -9], [0, 1, 2]])
    missing = lambda d, m: [(np.array([[1.0, np.nan, 2.0]]), ("row 0", "NaN"))]
    neighbors = KNeighborsClassifier(3)
    return [
        Case("impute-iterative-tree", lambda d: _imputer(estimator=tree, imputation_order="descending").fit(x(d)), _holes),
        Case("impute-iterative-pipeline", lambda d: _imputer(estimator=make_pipeline(pp.StandardScaler(), Ridge())).fit(x(d)), _holes, exact="C"),
        Case("impute-iterative-numbers", lambda d: _imputer(estimator=neighbors, max_iter=1, missing_values=-9, initial_strategy="most_frequent", min_value=-3).fit(numbers(d)), asked, errors=missing),
        Case("impute-iterative-posterior", lambda d: _imputer(sample_posterior=True, max_iter=1).fit(x(d)[:, :2]), refused=("sample_posterior", "random")),
    ]


def _rounds_of_few() -> list:
    """Columns without a value, one column, no round."""
    tree = DecisionTreeRegressor(max_depth=2, random_state=0)
    hollow = lambda d: np.column_stack([d.x_nan[:, 0], np.full(96, np.nan), d.x_nan[:, 1:3]])
    of = lambda name, fit, **more: Case(f"impute-iterative-{name}", fit, _holes, **more)
    return [
        of("hollow", lambda d: _imputer(estimator=tree, add_indicator=True).fit(hollow(d))),
        of("hollow-kept", lambda d: _imputer(estimator=tree, keep_empty_features=True).fit(hollow(d)), since="1.2"),
        of("hollow-filled", lambda d: _imputer(estimator=tree, keep_empty_features=True, initial_strategy="constant", fill_value=1.5).fit(hollow(d)), since="1.3"),
        of("one-column", lambda d: _imputer().fit(d.x_nan[:, :1])),
        of("no-round", lambda d: _imputer(max_iter=0).fit(d.x_nan[:, :3])),
    ]
