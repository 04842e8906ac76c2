"""Pipelines, column transformers, unions and searches."""

from __future__ import annotations

import numpy as np
from sklearn import ensemble
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from case import Case, from_script

NUMBERS = ["age", "income"]
WORDS = ["city", "colour"]
TREE = {"*": "A", "predict_log_proba": "B4"}


def cases() -> list:
    """All compositions."""
    return [*_selections(), *_columns(), *_unread(), *_kept_types(), *_reordered(), *_unions(), *_pipelines(), *_frame_pipelines(), *_searches()]


def _numbers() -> Pipeline:
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler())


def _words() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore")


def _rows(d: object, model: object) -> object:
    return d.frame_rows(unknown=True)


def _selections() -> list:
    is_number = make_column_selector(dtype_include=[np.float64])
    is_word = make_column_selector(pattern="^c[io]")
    picks = {
        "names": (NUMBERS, WORDS),
        "positions": ([0, 1], [4, 5]),
        "negative-positions": ([0, 1], [-2, -1]),
        "position-slice": (slice(0, 3), slice(-2, None)),
        "name-slice": (slice("age", "children"), slice("city", "colour")),
        "mask": ([True, True, False, False, False, False], np.array([False] * 4 + [True] * 2)),
        "selector": (is_number, is_word),
    }
    return [_selection(name, *pick) for name, pick in picks.items()]


def _selection(name: str, numbers: object, words: object) -> Case:
    def fit(d: object) -> object:
        return ColumnTransformer([("num", _numbers(), numbers), ("cat", _words(), words)]).fit(d.frame)

    return Case(f"columns-by-{name}", fit, _rows, errors=_missing_column if name == "names" else None)


def _missing_column(d: object, model: object) -> list:
    return [(d.frame_rows().drop(columns="city"), ("city",))]


def _on(columns: list, parts: list, **params: object) -> object:
    return lambda d: ColumnTransformer(parts, **params).fit(d.frame[columns])


def _rows_of(columns: list) -> object:
    return lambda d, m: d.frame_rows(unknown=True)[columns]


def _columns() -> list:
    num, cat = ("num", _numbers(), NUMBERS), ("cat", _words(), WORDS)
    four = [*NUMBERS, "children", "city"]
    city = ("cat", _words(), ["city"])
    text = ("text", CountVectorizer(), "city")
    nested = ColumnTransformer([("a", MinMaxScaler(), ["income"]), ("b", "passthrough", ["children"])])
    return [
        Case("columns-passthrough-rest", _on(four, [city], remainder="passthrough"), _rows_of(four)),
        Case("columns-scaled-rest", _on(four, [city], remainder=MaxAbsScaler()), _rows_of(four)),
        Case("columns-passthrough-entry", _on(four, [city, ("keep", "passthrough", ["children", "age"])]), _rows_of(four)),
        Case("columns-drop-entry", _on(four, [city, ("gone", "drop", ["age"])], remainder="passthrough"), _rows_of(four)),
        Case("columns-empty-entry", _on(four, [("none", StandardScaler(), []), city]), _rows_of(four)),
        Case("columns-weights", lambda d: ColumnTransformer([num, cat], transformer_weights={"num": 0.3, "cat": 2.0}).fit(d.frame), _rows),
        Case("columns-all-dense", lambda d: ColumnTransformer([num, cat], sparse_threshold=0).fit(d.frame), _rows),
        Case("columns-all-sparse", lambda d: ColumnTransformer([num, cat], sparse_threshold=1.0).fit(d.frame), _rows),
        Case("columns-one-text", lambda d: ColumnTransformer([num, text]).fit(d.frame), _rows),
        Case("columns-two-texts", lambda d: ColumnTransformer([text, ("idf", TfidfVectorizer(norm=None), "colour")]).fit(d.frame), _rows),
        Case("columns-nested", lambda d: ColumnTransformer([("inner", nested, ["income", "children"]), cat]).fit(d.frame), _rows),
        Case("columns-short-names", lambda d: ColumnTransformer([num, cat], verbose_feature_names_out=False).fit(d.frame), _rows, since="1.0"),
        Case("columns-on-matrix", lambda d: _matrix_columns().fit(d.x_nan), lambda d, m: d.edge(nan=True, huge=1e9)),
        Case("columns-pandas-output", _pandas_output, lambda d, m: d.frame_rows(), since="1.2"),
    ]


def _unread() -> list:
    """Columns that are dropped on the way, however, and hold what no estimator would take."""
    scaled = lambda columns, **more: ColumnTransformer([("a", StandardScaler(), columns)], **more)
    picks = {
        "positions": lambda: scaled([0, -2]),
        "slice": lambda: scaled(slice(1, 4, 2)),
        "mask": lambda: scaled(np.array([False, True, True, False, False])),
        "drop-entry": lambda: ColumnTransformer([("gone", "drop", [1, 3])], remainder=MinMaxScaler()),
        "union": lambda: make_union(scaled([0]), scaled([2, 4])),
        "union-of-drops": lambda: FeatureUnion([("gone", "drop"), ("rest", scaled([4]))]),
        "second-step": lambda: make_pipeline(ColumnTransformer([("same", "passthrough", [3, 1, 0])]), scaled([2, 0])),
        "after-nothing": lambda: make_pipeline(FunctionTransformer(), scaled([1])),
        "after-scaler": lambda: make_pipeline(StandardScaler(), scaled([1])),
    }
    models = [
        Case(f"unread-by-{name}", lambda d, pick=pick: make_pipeline(pick(), Ridge()).fit(d.x, d.y), lambda d, m: d.edge(huge=1e3), "C", unread=True)
        for name, pick in picks.items()
    ]
    words = [("num", _numbers(), ["income"]), ("cat", _words(), ["city"])]
    by_name = lambda d: make_pipeline(ColumnTransformer(words), LogisticRegression()).fit(d.frame, d.names)
    text = [("text", TfidfVectorizer(analyzer="char", max_features=12), "colour")]
    by_text = lambda d: make_pipeline(ColumnTransformer(text), LogisticRegression()).fit(d.frame, d.frame["colour"] == "red")
    return [*models, Case("unread-by-name", by_name, _rows, "C", unread=True), Case("unread-beside-text", by_text, _rows, "C", unread=True)]


def _kept_types() -> list:
    """Types that a column transformer hands on as they are."""
    big = lambda d: np.column_stack([d.ints[:, :2] + 2**53 + 1, d.ints[:, 2:]]).astype(np.int64)
    keep = lambda columns: ColumnTransformer([("keep", "passthrough", columns)])
    some = ColumnTransformer([("keep", "passthrough", [0]), ("less", MinMaxScaler(), [2])])
    return [
        Case("columns-integers-kept", lambda d: keep([1, 0]).fit(big(d)), lambda d, m: big(d)[:6]),
        Case("columns-integers-beside-doubles", lambda d: some.fit(big(d)), lambda d, m: big(d)[:6]),
        Case("columns-integer-column-kept", lambda d: keep(["children"]).fit(d.frame), _rows),
        Case("columns-flag-kept", lambda d: keep(["member"]).fit(d.frame), _rows),
    ]


def _matrix_columns() -> ColumnTransformer:
    parts = [("a", _numbers(), [0, 3]), ("b", RobustScaler(), slice(1, 3))]
    return ColumnTransformer(parts, remainder="passthrough")


def _pandas_output(d: object) -> object:
    parts = [("num", _numbers(), NUMBERS), ("cat", OrdinalEncoder(), WORDS)]
    return ColumnTransformer(parts).set_output(transform="pandas").fit(d.frame)


def _reordered() -> list:
    """Columns given by name are found wherever they are, and columns never asked for may be there too."""
    parts = [("num", _numbers(), NUMBERS), ("cat", _words(), WORDS)]

    def fit(d: object) -> object:
        return ColumnTransformer(parts).fit(d.frame)

    def rows(d: object, model: object) -> object:
        frame = d.frame_rows(unknown=True)
        return frame[["colour", "member", "income", "city", "children", "age"]].assign(extra=1.5)

    return [Case("columns-reordered-with-extra", fit, rows, since="1.0")]


def _unions() -> list:
    def both() -> list:
        return [("std", StandardScaler()), ("poly", PolynomialFeatures(2, include_bias=False))]

    edge = lambda d, m: d.edge(huge=1e3)
    return [
        Case("union", lambda d: FeatureUnion(both()).fit(d.x), edge, "B4"),
        Case("union-weights", lambda d: FeatureUnion(both(), transformer_weights={"std": 10.0, "poly": 0.5}).fit(d.x), edge, "B4"),
        Case("union-drop", lambda d: FeatureUnion([*both()[:1], ("gone", "drop"), ("m", MinMaxScaler())]).fit(d.x), edge),
        Case("union-passthrough", lambda d: FeatureUnion([*both()[:1], ("same", "passthrough")]).fit(d.x), edge, since="1.1"),
    ]


def _pipelines() -> list:
    edge = lambda d, m: d.edge(huge=1e3)
    edge_nan = lambda d, m: d.edge(nan=True, huge=1e3)
    steps = lambda d: [("scale", StandardScaler()), ("same", "passthrough"), ("model", LogisticRegression())]
    forest = lambda d: ensemble.RandomForestClassifier(3, max_depth=4, n_jobs=1, random_state=d.state)
    boost = lambda d: ensemble.GradientBoostingRegressor(n_estimators=5, random_state=d.state)
    nested = lambda d: make_pipeline(make_pipeline(SimpleImputer(), MinMaxScaler()), make_pipeline(LogisticRegression()))
    logs = FunctionTransformer(np.log1p)
    return [
        Case("pipeline-scaled-logistic", lambda d: make_pipeline(StandardScaler(), LogisticRegression()).fit(d.x, d.names), edge, "C"),
        Case("pipeline-passthrough-step", lambda d: Pipeline(steps(d)).fit(d.x, d.binary), edge, "C"),
        Case("pipeline-nested", lambda d: nested(d).fit(d.x_nan, d.three), edge_nan, "C"),
        Case("pipeline-polynomial-ridge", lambda d: make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge()).fit(d.x, d.y), edge, "C"),
        Case("pipeline-imputed-forest", lambda d: make_pipeline(SimpleImputer(), forest(d)).fit(d.x_nan, d.names), edge_nan, TREE),
        Case("pipeline-scaled-boosting", lambda d: make_pipeline(RobustScaler(), MinMaxScaler(), boost(d)).fit(d.x, d.y), edge),
        Case("pipeline-union", lambda d: make_pipeline(make_union(StandardScaler(), MaxAbsScaler()), Ridge()).fit(d.x, d.y2), edge, "C"),
        # no floats: the logarithm of numpy for them differs from the C library's by more than C allows
        Case("pipeline-log-ridge", lambda d: make_pipeline(logs, Ridge()).fit(np.abs(d.x), d.y), lambda d, m: np.abs(d.edge()), "C", extras=("row",)),
        Case("pipeline-of-transformers", lambda d: make_pipeline(SimpleImputer(add_indicator=True), RobustScaler()).fit(d.x_nan), edge_nan),
        Case("pipeline-one-step", lambda d: make_pipeline(Ridge()).fit(d.x, d.y), edge, "C"),
    ]


def _preprocessor(rest: str = "drop") -> ColumnTransformer:
    return ColumnTransformer([("num", _numbers(), NUMBERS), ("cat", _words(), WORDS)], remainder=rest)


def _frame_pipelines() -> list:
    forest = lambda d: ensemble.RandomForestRegressor(3, max_depth=4, n_jobs=1, random_state=d.state)
    hist = lambda d: ensemble.HistGradientBoostingRegressor(max_iter=4, min_samples_leaf=5, max_leaf_nodes=6, random_state=d.state)
    codes = lambda: ColumnTransformer(
        [("cat", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), WORDS)],
        remainder="passthrough",
    )
    impute_words = make_pipeline(SimpleImputer(strategy="most_frequent"), _words())
    text = lambda: ColumnTransformer([("num", _numbers(), NUMBERS), ("text", TfidfVectorizer(analyzer="char", max_features=12), "city")])
    return [
        Case("frame-logistic", lambda d: make_pipeline(_preprocessor(), LogisticRegression()).fit(d.frame, d.names), _rows, "C"),
        Case(
            "frame-logistic-rest-kept", lambda d: make_pipeline(_preprocessor("passthrough"), LogisticRegression()).fit(d.frame, d.flags), _rows, "C"
        ),
        Case("frame-forest", lambda d: make_pipeline(_preprocessor(), forest(d)).fit(d.frame, d.y), _rows),
        Case("frame-hist", lambda d: make_pipeline(codes(), hist(d)).fit(d.frame, d.y), _rows, since="1.0"),
        Case("frame-text-logistic", lambda d: make_pipeline(text(), LogisticRegression()).fit(d.frame, d.binary), _rows, "C"),
        Case("frame-missing-words", lambda d: _missing_words(d, impute_words), _missing_word_rows),
    ]


def _all_numbers(d: object) -> Pipeline:
    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())


def _missing_words(d: object, words: object) -> object:
    frame = d.frame[["income", "city", "colour"]].astype({"city": object, "colour": object})
    frame.loc[::7, "city"] = np.nan
    frame.loc[::11, "colour"] = np.nan
    return ColumnTransformer([("cat", words, WORDS)], remainder="passthrough").fit(frame)


def _missing_word_rows(d: object, model: object) -> object:
    rows = d.frame_rows(unknown=True)[["income", "city", "colour"]].astype({"city": object, "colour": object})
    rows.loc[0, "city"], rows.loc[3, "colour"] = np.nan, np.nan
    return rows


def _searches() -> list:
    edge = lambda d, m: d.edge()
    grid = lambda **more: GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}, cv=2, **more)
    draws = lambda d: RandomizedSearchCV(Ridge(), {"alpha": [0.1, 1.0, 7.0]}, n_iter=2, cv=2, random_state=d.state)
    by_lambda = lambda: grid(scoring=from_script("lambda model, x, y: model.score(x, y)", "score"))
    return [
        Case("grid-search", lambda d: grid().fit(d.x, d.names), edge, "C"),
        Case("randomized-search", lambda d: draws(d).fit(d.x, d.y), edge, "C"),
        Case("grid-search-lambda-scorer", lambda d: by_lambda().fit(d.x, d.binary), edge, "C", containers=("model.cloudpickle.pkl",)),
    ]
