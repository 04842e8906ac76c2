"""Scalers, imputers and encoders."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special
from sklearn import preprocessing as pp
from sklearn.impute import SimpleImputer

from case import Case, installed, version_key

# numpy's own vector functions are up to 2 ulp away from the C library's, in both precisions
FUNCTIONS = {
    "log1p": (np.log1p, "B4"),
    "exp": (np.exp, "B4"),
    "expm1": (np.expm1, "B4"),
    "sqrt": (np.sqrt, "A"),
    "abs": (np.abs, "A"),
    "square": (np.square, "A"),
    "log": (np.log, "B4"),
}


def cases() -> list:
    """All preprocessing families."""
    return [*_scalers(), *_normalizers(), *_imputers(), *_one_hot(), *_ordinal(), *_missing_categories(), *_label_sets(), *_big_integers(), *_functions(), *_polynomials()]


def _edge(d: object, model: object) -> np.ndarray:
    return d.edge()


def _edge_nan(d: object, model: object) -> np.ndarray:
    return d.edge(nan=True, huge=1e12)


def _flat_column(d: object) -> np.ndarray:
    x = d.x.copy()
    x[:, 2] = 4.5
    return x


def _scalers() -> list:
    std, minmax, robust = pp.StandardScaler, pp.MinMaxScaler, pp.RobustScaler
    return [
        Case("standard-scaler", lambda d: std().fit(d.x), _edge_nan),
        Case("standard-scaler-no-mean", lambda d: std(with_mean=False).fit(d.x), _edge_nan),
        Case("standard-scaler-no-std", lambda d: std(with_std=False).fit(d.x), _edge_nan),
        Case("standard-scaler-neither", lambda d: std(with_mean=False, with_std=False).fit(d.x), _edge_nan),
        Case("standard-scaler-flat-column", lambda d: std().fit(_flat_column(d)), _edge_nan),
        Case("standard-scaler-f32", lambda d: std().fit(d.x.astype(np.float32)), _edge_nan),
        Case("standard-scaler-nan", lambda d: std().fit(d.x_nan), _edge_nan),
        Case("standard-scaler-integers", lambda d: std().fit(d.ints), lambda d, m: d.ints[:9]),
        Case("minmax-scaler", lambda d: minmax().fit(d.x), _edge_nan),
        Case("minmax-scaler-clip", lambda d: minmax(feature_range=(-2.0, 3.5), clip=True).fit(d.x_nan), _edge_nan),
        Case("minmax-scaler-range", lambda d: minmax(feature_range=(5, 6)).fit(_flat_column(d)), _edge_nan),
        Case("robust-scaler", lambda d: robust().fit(d.x), _edge_nan),
        Case("robust-scaler-quantiles", lambda d: robust(quantile_range=(10.0, 80.0), with_centering=False).fit(_flat_column(d)), _edge_nan),
        Case("robust-scaler-no-scaling", lambda d: robust(with_scaling=False).fit(d.x_nan), _edge_nan),
        Case("robust-scaler-unit-variance", lambda d: robust(unit_variance=True).fit(d.x), _edge_nan),
        Case("maxabs-scaler", lambda d: pp.MaxAbsScaler().fit(_flat_column(d)), _edge_nan),
        Case("maxabs-scaler-nan", lambda d: pp.MaxAbsScaler().fit(d.x_nan), _edge_nan),
    ]


def _normalizers() -> list:
    return [
        Case("normalizer-l2", lambda d: pp.Normalizer().fit(d.x), _edge, "C"),
        Case("normalizer-l1", lambda d: pp.Normalizer("l1").fit(d.x), _edge, "C"),
        Case("normalizer-max", lambda d: pp.Normalizer("max").fit(d.x), _edge),
    ]


def _hollow(d: object) -> np.ndarray:
    x = d.x_nan.copy()
    x[:, 3] = np.nan
    return x


def _texts(d: object) -> np.ndarray:
    values = d.rng.choice(np.array(["low", "mid", "high", "hoch ü"], dtype=object), size=(90, 2))
    values[d.rng.uniform(size=values.shape) < 0.15] = np.nan
    return values


def _text_rows(d: object, model: object) -> np.ndarray:
    return np.array([["low", np.nan], [np.nan, "mid"], ["high", "hoch ü"], [np.nan, np.nan], ["never", "low"]], dtype=object)


def _minus_one(d: object) -> np.ndarray:
    ints = d.ints.copy()
    ints[::7, 1] = -1
    return ints


def _imputers() -> list:
    si = SimpleImputer
    return [
        Case("imputer-mean", lambda d: si().fit(d.x_nan), _edge_nan),
        Case("imputer-median", lambda d: si(strategy="median").fit(d.x_nan), _edge_nan),
        Case("imputer-most-frequent", lambda d: si(strategy="most_frequent").fit(np.round(d.x_nan)), _edge_nan),
        Case("imputer-most-frequent-text", lambda d: si(strategy="most_frequent").fit(_texts(d)), _text_rows),
        Case("imputer-constant", lambda d: si(strategy="constant", fill_value=-7.5).fit(d.x_nan), _edge_nan),
        Case("imputer-constant-text", lambda d: si(strategy="constant", fill_value="?").fit(_texts(d)), _text_rows),
        Case("imputer-indicator", lambda d: si(add_indicator=True).fit(d.x_nan), _edge_nan),
        Case(
            "imputer-indicator-few",
            lambda d: si(add_indicator=True).fit(np.column_stack([d.x, d.x_nan[:, :2]])),
            lambda d, m: d.edge(nan=False, x=np.column_stack([d.x, d.x_nan[:, :2]])),
            since="1.0",
        ),
        Case("imputer-hollow-column", lambda d: si().fit(_hollow(d)), _edge_nan),
        Case("imputer-keep-hollow-column", lambda d: si(keep_empty_features=True, strategy="median").fit(_hollow(d)), _edge_nan, since="1.2"),
        Case(
            "imputer-minus-one",
            lambda d: si(missing_values=-1, strategy="median").fit(_minus_one(d)),
            lambda d, m: _minus_one(d)[:9],
            extras=("row",),
        ),
        Case(
            "imputer-minus-one-float",
            lambda d: si(missing_values=-1.0, strategy="mean").fit(_minus_one(d).astype(float)),
            lambda d, m: _minus_one(d)[:9].astype(float),
        ),
    ]


def _mixed_frame(d: object) -> pd.DataFrame:
    return d.frame[["city", "colour", "children"]]


def _known(d: object, model: object) -> pd.DataFrame:
    return _mixed_frame(d).iloc[3:12].reset_index(drop=True)


def _unknown(d: object, model: object) -> pd.DataFrame:
    rows = _known(d, model)
    rows.loc[0, "city"], rows.loc[1, "colour"], rows.loc[2, "children"], rows.loc[3, "city"] = "Rio", "", 99, "köln"
    return rows


def _refused_category(d: object, model: object) -> list:
    return [(_unknown(d, model), ("Rio", "city"))]


def _dense() -> dict:
    return {"sparse_output" if version_key(installed("sklearn")) >= (1, 2) else "sparse": False}


def _one_hot() -> list:
    ohe = pp.OneHotEncoder
    gaps = lambda d: d.rng.choice([1.0, 2.5, -3.0, np.nan], size=(60, 2))
    nones = lambda d: d.rng.choice(np.array(["a", "b", None], dtype=object), size=(60, 2))
    words = lambda d: d.rng.choice(["α", "b", "cc"], size=(60, 2))
    return [
        Case("one-hot", lambda d: ohe().fit(_mixed_frame(d)), _known, errors=_refused_category),
        Case("one-hot-dense", lambda d: ohe(**_dense()).fit(_mixed_frame(d)), _known),
        Case("one-hot-ignore", lambda d: ohe(handle_unknown="ignore").fit(_mixed_frame(d)), _unknown),
        Case("one-hot-drop-first", lambda d: ohe(drop="first").fit(_mixed_frame(d)), _known),
        Case("one-hot-drop-first-ignore", lambda d: ohe(drop="first", handle_unknown="ignore").fit(_mixed_frame(d)), _unknown, since="1.0"),
        Case(
            "one-hot-drop-if-binary", lambda d: ohe(drop="if_binary").fit(d.frame[["city", "member"]]), lambda d, m: d.frame[["city", "member"]][4:12]
        ),
        Case(
            "one-hot-given-categories",
            lambda d: ohe(categories=[["Köln", "Oslo", "Bonn", "東京", "Ōsaka"], ["blue", "red", "green"], [4, 5, 6]], handle_unknown="ignore").fit(
                _mixed_frame(d)
            ),
            _unknown,
            since="1.0",
            until="1.0",
        ),
        Case(
            "one-hot-given-text-categories",
            lambda d: ohe(categories=[["Köln", "Oslo", "Bonn", "東京", "Ōsaka"], ["blue", "red", "green"]], handle_unknown="ignore").fit(
                d.frame[["city", "colour"]]
            ),
            lambda d, m: _unknown(d, m)[["city", "colour"]],
        ),
        Case(
            "one-hot-min-frequency", lambda d: ohe(min_frequency=20, handle_unknown="infrequent_if_exist").fit(_mixed_frame(d)), _unknown, since="1.1"
        ),
        Case("one-hot-min-share", lambda d: ohe(min_frequency=0.22, handle_unknown="ignore").fit(_mixed_frame(d)), _unknown, since="1.1"),
        Case(
            "one-hot-max-categories",
            lambda d: ohe(max_categories=3, handle_unknown="infrequent_if_exist").fit(_mixed_frame(d)),
            _unknown,
            since="1.1",
        ),
        Case("one-hot-max-categories-drop", lambda d: ohe(max_categories=3, drop="first").fit(_mixed_frame(d)), _known, since="1.1"),
        Case("one-hot-integers", lambda d: ohe(handle_unknown="ignore").fit(d.ints), lambda d, m: np.vstack([d.ints[:7], [[50, -9, 0, 1]]])),
        Case("one-hot-bool", lambda d: ohe().fit(d.ints > 2), lambda d, m: d.ints[:7] > 2),
        Case(
            "one-hot-nan",
            lambda d: ohe(handle_unknown="ignore").fit(gaps(d)),
            lambda d, m: np.array([[1.0, np.nan], [np.nan, 2.5], [7.0, -3.0], [-3.0, 1.0]]),
            since="0.24",
        ),
        Case(
            "one-hot-none",
            lambda d: ohe(handle_unknown="ignore").fit(nones(d)),
            lambda d, m: np.array([["a", None], [None, "b"], ["z", "a"]], dtype=object),
            since="0.24",
        ),
        Case(
            "one-hot-fixed-width-text",
            lambda d: ohe(handle_unknown="ignore").fit(words(d)),
            lambda d, m: np.array([["α", "cc"], ["b", "α"], ["cc", "x"]]),
            since="1.0",
        ),
        Case("one-hot-f32-output", lambda d: ohe(dtype=np.float32, **_dense()).fit(_mixed_frame(d)), _known),
    ]


def _ordinal() -> list:
    oe = pp.OrdinalEncoder
    gaps = lambda d: d.rng.choice([1.0, 2.5, -3.0, np.nan], size=(60, 2))
    gap_rows = lambda d, m: np.array([[1.0, np.nan], [np.nan, 2.5], [-3.0, 1.0]])
    return [
        Case("ordinal", lambda d: oe().fit(_mixed_frame(d)), _known, errors=_refused_category),
        Case("ordinal-unknown-value", lambda d: oe(handle_unknown="use_encoded_value", unknown_value=-1).fit(_mixed_frame(d)), _unknown),
        Case("ordinal-unknown-nan", lambda d: oe(handle_unknown="use_encoded_value", unknown_value=np.nan).fit(_mixed_frame(d)), _unknown),
        Case("ordinal-nan", lambda d: oe().fit(gaps(d)), gap_rows, since="1.0"),
        Case("ordinal-missing-value", lambda d: oe(encoded_missing_value=-2).fit(gaps(d)), gap_rows, since="1.1"),
        Case(
            "ordinal-min-frequency",
            lambda d: oe(min_frequency=20, handle_unknown="use_encoded_value", unknown_value=-1).fit(_mixed_frame(d)),
            _unknown,
            since="1.3",
        ),
        Case(
            "ordinal-max-categories",
            lambda d: oe(max_categories=3, handle_unknown="use_encoded_value", unknown_value=99).fit(_mixed_frame(d)),
            _unknown,
            since="1.3",
        ),
        Case("ordinal-i64-output", lambda d: oe(dtype=np.int64).fit(_mixed_frame(d)), _known),
        Case("label-encoder-text", lambda d: pp.LabelEncoder().fit(d.names), lambda d, m: d.names[:8], extras=()),
        Case("label-encoder-integers", lambda d: pp.LabelEncoder().fit(d.ints[:, 0]), lambda d, m: d.ints[:8, 0], extras=()),
    ]


def _objects(*values: object) -> np.ndarray:
    return np.array(values, dtype=object).reshape(-1, 1)


def _missing_categories() -> list:
    """None and NaN are different categories, and different values to fill."""
    nan = np.nan
    kinds = {"none": ("a", "b", None), "nan": ("a", "b", nan), "none-and-nan": ("a", None, nan), "no-missing": ("a", "b")}
    asked = lambda d, m: _objects("a", None, nan, "z")
    found = []
    for kind, values in kinds.items():
        train = _objects(*values * 4)
        known = lambda d, m, values=values: _objects(*values)
        others = [other for other in (None, nan) if not any(other is value for value in values)]
        refused = lambda d, m, others=others: [(_objects("a", other), ("row 1", "missing")) for other in others]
        hot = Case(f"one-hot-object-{kind}", lambda d, t=train: pp.OneHotEncoder().fit(t), known, errors=refused, extras=(), objects=True)
        ignored = lambda d, t=train: pp.OneHotEncoder(handle_unknown="ignore").fit(t)
        coded = lambda d, t=train: pp.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(t)
        valued = lambda d, t=train: pp.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2).fit(t)
        found += [
            hot,
            Case(f"one-hot-object-{kind}-ignore", ignored, asked, objects=True),
            Case(f"ordinal-object-{kind}", coded, asked, objects=True, since="1.0"),
            Case(f"ordinal-object-{kind}-value", valued, asked, objects=True, since="1.1"),
        ]
    rare = _objects(*["a"] * 9, *["b"] * 9, *[nan] * 2, "c", "c", "d")
    groups = lambda d: pp.OrdinalEncoder(min_frequency=5, encoded_missing_value=-2).fit(rare)
    hot_groups = lambda d: pp.OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist").fit(rare)
    imputer = lambda missing: SimpleImputer(missing_values=missing, strategy="most_frequent").fit(_objects("a", "a", "b", missing))
    no_nan = lambda d, m: [(_objects("a", nan), ("row 1", "NaN"))]
    one_float = lambda d, m: pd.DataFrame({"w": [nan, nan]})
    return [
        *found,
        Case("ordinal-object-rare", groups, lambda d, m: _objects("c", nan, "a", "d"), objects=True, since="1.3"),
        Case("one-hot-object-rare", hot_groups, lambda d, m: _objects("c", nan, None, "a", "z"), objects=True, since="1.1"),
        Case("imputer-object-nan", lambda d: imputer(nan), lambda d, m: _objects("b", nan, "c"), objects=True),
        Case("imputer-object-none", lambda d: imputer(None), lambda d, m: _objects("b", None, "c"), errors=no_nan, objects=True),
        Case("imputer-object-nan-alone", lambda d: imputer(nan), one_float, objects=True, extras=(), since="1.0"),
        Case("label-binarizer-text", lambda d: pp.LabelBinarizer().fit(d.names), lambda d, m: np.array(["birch", "elm", "ash"]), extras=()),
    ]


def _label_sets() -> list:
    """Several labels a row: lists of texts, and arrays of as many labels in each row."""
    sets = lambda **params: lambda d: pp.MultiLabelBinarizer(**params).fit([["night", "ü", ""], ["東京"], [], ["car", "night"]])
    numbers = lambda d: pp.MultiLabelBinarizer().fit(d.ints)
    asked = lambda d, m: [["night", "car", "night"], ["new", "ü"], [], ["", "東京"], ["Night", "new"]]
    return [
        Case("label-sets", sets(), asked, errors=lambda d, m: [(["night", "car"], ("row 0", "no list of labels"))]),
        Case("label-sets-sparse", sets(sparse_output=True), asked),
        Case("label-sets-classes", sets(classes=["東京", "night", "car"]), asked),
        Case("label-sets-mixed", sets(classes=["car", 3, "night"]), asked),
        Case("label-sets-table", sets(), lambda d, m: np.array([["night", "car"], ["new", "ü"]])),
        Case("label-sets-ints", numbers, lambda d, m: d.ints[:6] + 3),
        Case("label-sets-ints-floats", numbers, lambda d, m: d.ints[:6] + np.arange(4) / 2),
    ]


def _big_integers() -> list:
    """Integers that doubles cannot tell apart."""
    big = 2**53
    column = lambda *values, dtype=np.int64: np.array(values, dtype=dtype).reshape(-1, 1)
    hot = lambda train: pp.OneHotEncoder(handle_unknown="ignore").fit(train)
    ids, doubles = column(big, big + 1, big + 2, 7), column(big, big + 2, 7, dtype=np.float64)
    return [
        Case("one-hot-big-integers", lambda d: hot(ids), lambda d, m: column(big + 1, big + 2, big + 3, 7, big)),
        Case("one-hot-big-integers-asked-doubles", lambda d: hot(ids), lambda d, m: column(big + 2, 7, big, dtype=np.float64), extras=("row",)),
        Case("one-hot-big-doubles-asked-integers", lambda d: hot(doubles), lambda d, m: column(big + 1, big + 3, big, 7)),
        Case("ordinal-big-integers", lambda d: pp.OrdinalEncoder().fit(ids), lambda d, m: column(big + 2, big + 1, 7)),
    ]


def _function(name: str, func: object, exact: str, rows: object = None, **params: object) -> Case:
    positive = lambda d, m: np.abs(d.edge(huge=300.0)) + 0.25
    fit = lambda d: pp.FunctionTransformer(func, **params).fit(d.x)
    return Case(f"function-{name}", fit, rows or positive, exact, methods=("transform",))


def _functions() -> list:
    named = [_function(name, func, exact) for name, (func, exact) in FUNCTIONS.items()]
    return [
        *named,
        _function("none", None, "A", _edge_nan),
        _function("clip", np.clip, "A", _edge, kw_args={"a_min": -1.0, "a_max": 6.5}),
        _function("inverse", np.log1p, "B4", inverse_func=np.expm1),
        _function("expit", special.expit, "A", lambda d, m: d.edge(huge=300.0)),
        _function("logit", special.logit, "A", lambda d, m: np.linspace(0.02, 0.98, 60).reshape(12, 5)),
        _function("frame-safe", np.sqrt, "A", validate=True),
    ]


def _polynomials() -> list:
    pf = pp.PolynomialFeatures
    return [
        Case("polynomial-2", lambda d: pf(2).fit(d.x), _edge, "B4"),
        Case("polynomial-3", lambda d: pf(3).fit(d.x[:, :3]), lambda d, m: d.edge(x=d.x[:, :3]), "B4"),
        Case("polynomial-interactions", lambda d: pf(3, interaction_only=True).fit(d.x[:, :4]), lambda d, m: d.edge(x=d.x[:, :4]), "B4"),
        Case("polynomial-no-bias", lambda d: pf(2, include_bias=False).fit(d.x), _edge, "B4"),
        Case("polynomial-degree-range", lambda d: pf((2, 3)).fit(d.x[:, :3]), lambda d, m: d.edge(x=d.x[:, :3]), "B4", since="1.0"),
    ]
