"""Transformers of category_encoders, feature-engine and sklearn-pandas, which people pickle beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from case import Case, from_script, version_key

SKOPS = ("model.p2.pkl", "model.cloudpickle.pkl", "model.joblib")


def cases() -> list:
    """Every case."""
    return [*_encoders(), *_engineered(), *_mapped()]


def _train(d: object, gaps: bool = False) -> pd.DataFrame:
    frame = d.frame[["city", "income", "colour", "children"]].copy()
    if gaps:
        frame.loc[::7, "city"] = np.nan
    return frame


def _known(d: object, model: object) -> pd.DataFrame:
    return _train(d).iloc[3:9].reset_index(drop=True)


def _odd(d: object, model: object) -> pd.DataFrame:
    rows = _train(d).iloc[3:10].reset_index(drop=True)
    rows.loc[0, "city"], rows.loc[1, "colour"], rows.loc[2, "city"] = "Rio", "mauve", np.nan
    return rows


def _encoder(name: str, kind: str, rows: object = _odd, gaps: bool = False, since: str = "0", errors: object = None, target: object = None, **params: object) -> Case:
    def fit(d: object) -> object:
        import category_encoders

        encoder = getattr(category_encoders, kind)(**params)
        return encoder.fit(_train(d, gaps), pd.Series((target or (lambda d: d.binary))(d)))

    return Case(f"encoders-{name}", fit, rows, library="category_encoders", since=since, errors=errors, extras=(), containers=SKOPS)


def _encoders() -> list:
    unknown = lambda d, m: [(_odd(d, m).iloc[:2], ("row 0", "Rio", "city"))]
    missing = lambda d, m: [(_odd(d, m).iloc[2:4].reset_index(drop=True), ("row 0", "missing", "city"))]
    plain = [
        _encoder(short, kind, _odd, gaps)
        for short, kind in (
            ("ordinal", "OrdinalEncoder"),
            ("one-hot", "OneHotEncoder"),
            ("binary", "BinaryEncoder"),
            ("base-n", "BaseNEncoder"),
            ("target", "TargetEncoder"),
            ("james-stein", "JamesSteinEncoder"),
            ("m-estimate", "MEstimateEncoder"),
            ("woe", "WOEEncoder"),
            ("leave-one-out", "LeaveOneOutEncoder"),
            ("cat-boost", "CatBoostEncoder"),
        )
        for gaps in (False,)
    ]
    return [
        *plain,
        _encoder("count", "CountEncoder", since="2.6"),
        _encoder("count-old", "CountEncoder", _known, handle_unknown=0),
        _encoder("count-shares", "CountEncoder", since="2.6", normalize=True, gaps=True),
        _encoder("count-groups", "CountEncoder", since="2.6", min_group_size=9),
        _encoder("ordinal-gaps", "OrdinalEncoder", gaps=True),
        _encoder("ordinal-return-nan", "OrdinalEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("ordinal-error", "OrdinalEncoder", _known, handle_unknown="error", errors=unknown),
        _encoder("ordinal-missing-error", "OrdinalEncoder", _known, handle_missing="error", errors=missing),
        _encoder("one-hot-names", "OneHotEncoder", gaps=True, use_cat_names=True, handle_unknown="indicator", handle_missing="indicator"),
        _encoder("one-hot-return-nan", "OneHotEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("one-hot-error", "OneHotEncoder", _known, handle_unknown="error", errors=unknown),
        _encoder("base-3", "BaseNEncoder", base=3, gaps=True),
        _encoder("target-continuous", "TargetEncoder", gaps=True, target=lambda d: d.y, smoothing=4.0),
        _encoder("target-return-nan", "TargetEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("target-error", "TargetEncoder", _known, handle_unknown="error", errors=unknown),
        _encoder("target-some", "TargetEncoder", lambda d, m: _odd(d, m)[["city", "income", "children"]], cols=["city"], target=lambda d: d.y, since="99"),
        _encoder("leave-one-out-gaps", "LeaveOneOutEncoder", gaps=True, sigma=0.1),
        _encoder("leave-one-out-return-nan", "LeaveOneOutEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("cat-boost-strong", "CatBoostEncoder", gaps=True, since="2.5", a=3),
        Case("encoders-cat-boost-either", lambda d: _strong(d), refused=("CatBoostEncoder", "a=3", "2.5"), library="category_encoders", until="2.5", containers=("model.joblib",)),
        _encoder("children", "TargetEncoder", _known, cols=["children", "city", "colour"]),
        _hashing("texts", _train, lambda d, m: _known(d, m).assign(city="Ōsaka\u3000x")),
        _hashing("numbers", lambda d: _numbers(d), lambda d, m: _numbers(d).iloc[:6].assign(income=[1e16, 1.5e-5, 0.1, -3.0, 2.0, 1e22]), n_components=5, cols=["income", "children"]),
        _hashing("whole", lambda d: _numbers(d), lambda d, m: _numbers(d).iloc[:6], n_components=4, cols=["children"]),
        _hashing("mixed", lambda d: _train(d), lambda d, m: _known(d, m).assign(income=[1e16, 1.5e-5, 0.1, -3.0, 2.0, 1e22]), n_components=3, cols=["income", "city", "colour"]),
        Case("encoders-hashing-other", lambda d: _fit_hashing(d, hash_method="sha1"), refused=("HashingEncoder", "sha1", "md5"), library="category_encoders", containers=("model.joblib",)),
        Case("encoders-pipeline", _pipeline, _odd, "C", library="category_encoders", extras=("row",), containers=SKOPS, since="2.6"),
        Case("encoders-array", _array, lambda d, m: _odd(d, m)[["city", "colour"]].to_numpy(dtype=object), library="category_encoders", extras=(), containers=SKOPS, since="2.11"),
    ]


def _fit_hashing(d: object, train: object = _train, **params: object) -> object:
    import category_encoders

    return category_encoders.HashingEncoder(max_process=1, max_sample=200, **params).fit(train(d), d.binary)


def _hashing(name: str, train: object, rows: object, **params: object) -> Case:
    container = SKOPS[len(name) % len(SKOPS)]
    return Case(f"encoders-hashing-{name}", lambda d: _fit_hashing(d, train, **params), rows, library="category_encoders", extras=(), containers=(container,))


def _strong(d: object) -> object:
    import category_encoders

    return category_encoders.CatBoostEncoder(a=3).fit(_train(d), d.binary)


def _pipeline(d: object) -> object:
    import category_encoders

    return make_pipeline(category_encoders.OneHotEncoder(), LogisticRegression()).fit(_train(d), d.binary)


def _array(d: object) -> object:
    import category_encoders

    return category_encoders.TargetEncoder().fit(_train(d)[["city", "colour"]].to_numpy(dtype=object), d.binary)


def _numbers(d: object, gaps: bool = False) -> pd.DataFrame:
    frame = d.frame[["income", "children"]].copy()
    frame["age"] = d.frame["age"] if gaps else d.frame["age"].fillna(33.5)
    return frame


def _engine(name: str, module: str, kind: str, train: object, rows: object, since: str = "0", exact: str = "A", errors: object = None, until: str = "999", **params: object) -> Case:
    def fit(d: object) -> object:
        from importlib import import_module

        return getattr(import_module(f"feature_engine.{module}"), kind)(**params).fit(train(d), pd.Series(d.binary))

    return Case(f"engine-{name}", fit, rows, exact, library="feature_engine", since=since, until=until, errors=errors, extras=(), containers=SKOPS)


def _engineered() -> list:
    numbers = lambda d: _numbers(d)
    asked = lambda d, m: _numbers(d).iloc[:7].reset_index(drop=True)
    gaps = lambda d: _numbers(d, gaps=True)
    holes = lambda d, m: pd.concat([_numbers(d, gaps=True).iloc[:6], pd.DataFrame({"income": [np.nan], "children": [2], "age": [np.nan]})], ignore_index=True)
    texts = lambda d: d.frame[["city", "colour"]]
    some_texts = lambda d, m: d.frame[["city", "colour"]].iloc[:7].reset_index(drop=True)
    text_gaps = lambda d: _train(d, gaps=True)[["city", "colour"]]
    text_holes = lambda d, m: _train(d, gaps=True)[["city", "colour"]].iloc[:9].reset_index(drop=True)

    def new_text(d: object, m: object) -> pd.DataFrame:
        rows = _train(d).iloc[:6].reset_index(drop=True)
        rows.loc[1, "city"] = "Rio"
        return rows

    wide = lambda d: _train(d)
    missing = lambda d, m: [(holes(d, m), ("row", "missing"))]
    text_missing = lambda d, m: [(text_holes(d, m), ("row 0", "city", "missing"))]
    beyond = lambda d, m: pd.concat([asked(d, m), asked(d, m) * 9.0, asked(d, m) * -3.0], ignore_index=True)
    positive = lambda d: _numbers(d)[["income", "age"]]
    some_positive = lambda d, m: _numbers(d)[["income", "age"]].iloc[:6] * 1.5
    refuses = lambda d, m: [(pd.DataFrame({"income": [1.0, 0.0], "age": [3.0, 4.0]}), ("row 1", "income"))]
    imputation = lambda name, kind, since="0", **params: _engine(name, "imputation", kind, gaps, holes, since, **params)
    encoding = lambda name, kind, since="0", **params: _engine(name, "encoding", kind, wide, new_text, since, **params)
    bins = lambda name, kind, **params: _engine(name, "discretisation", kind, numbers, beyond, **params)
    change = lambda name, kind, exact="B", since="0", **params: _engine(name, "transformation", kind, positive, some_positive, since, exact, **params)
    return [
        imputation("mean", "MeanMedianImputer", imputation_method="mean"),
        imputation("median", "MeanMedianImputer"),
        imputation("number", "ArbitraryNumberImputer", arbitrary_number=-1, variables=["age", "income"]),
        imputation("tail", "EndTailImputer", tail="left"),
        imputation("mark", "AddMissingIndicator"),
        _engine("text", "imputation", "CategoricalImputer", text_gaps, text_holes),
        _engine("frequent", "imputation", "CategoricalImputer", text_gaps, text_holes, imputation_method="frequent", variables=["city"]),
        encoding("one-hot", "OneHotEncoder", errors=lambda d, m: [(_odd(d, m), ("row 2", "city", "missing"))]),
        encoding("one-hot-top", "OneHotEncoder", top_categories=2),
        encoding("one-hot-drop-last", "OneHotEncoder", drop_last=True),
        encoding("ordinal", "OrdinalEncoder", since="1.6"),
        _engine("ordinal-known", "encoding", "OrdinalEncoder", wide, _known, encoding_method="arbitrary"),
        encoding("ordinal-encode", "OrdinalEncoder", since="1.6", unseen="encode"),
        _engine("ordinal-raise", "encoding", "OrdinalEncoder", wide, _known, since="1.6", unseen="raise", errors=lambda d, m: [(new_text(d, m), ("row 1", "Rio", "city"))]),
        encoding("count", "CountFrequencyEncoder", since="1.6", unseen="encode"),
        encoding("shares", "CountFrequencyEncoder", since="1.6", encoding_method="frequency"),
        encoding("means", "MeanEncoder", since="1.6", unseen="encode"),
        _engine("means-known", "encoding", "MeanEncoder", wide, _known),
        _engine("weights", "encoding", "WoEEncoder", lambda d: wide(d)[["colour", "income"]], lambda d, m: _known(d, m)[["colour", "income"]]),
        _engine("rare", "encoding", "RareLabelEncoder", texts, some_texts, tol=0.15, n_categories=2, errors=text_missing),
        _engine("rare-gaps", "encoding", "RareLabelEncoder", text_gaps, text_holes, since="1.6", tol=0.15, n_categories=2, missing_values="ignore", replace_with="other"),
        _engine("drop", "selection", "DropFeatures", wide, lambda d, m: _train(d).iloc[:5], features_to_drop=["city", "colour"]),
        _engine("drop-constant", "selection", "DropConstantFeatures", lambda d: _numbers(d).assign(flat=1.0), lambda d, m: asked(d, m).assign(flat=2.0)),
        _engine("drop-correlated", "selection", "DropCorrelatedFeatures", lambda d: _numbers(d).assign(twice=d.frame["income"] * 2.0), lambda d, m: asked(d, m).assign(twice=2.0)),
        change("log", "LogTransformer", errors=refuses),
        change("log-10", "LogTransformer", base="10"),
        change("log-plus", "LogCpTransformer", since="1.2", C=3.0),
        change("root", "PowerTransformer"),
        change("power", "PowerTransformer", exp=1.7),
        change("reciprocal", "ReciprocalTransformer", errors=refuses),
        change("yeo-johnson", "YeoJohnsonTransformer", "C"),
        change("box-cox", "BoxCoxTransformer", "C", errors=refuses),
        bins("equal-width", "EqualWidthDiscretiser", bins=5, errors=missing),
        bins("equal-frequency", "EqualFrequencyDiscretiser", q=4, variables=["income", "age"]),
        bins("own-bins", "ArbitraryDiscretiser", binning_dict={"income": [0, 10, 40, 200], "age": [-50.0, 30.0, 60.5]}),
        _engine("cap", "outliers", "Winsorizer", numbers, beyond, tail="both"),
        _engine("cap-quantiles", "outliers", "Winsorizer", numbers, beyond, capping_method="quantiles", tail="both", fold=0.1, add_indicators=True, since="1.2"),
        _engine("cap-own", "outliers", "ArbitraryOutlierCapper", numbers, beyond, max_capping_dict={"age": 60, "children": 2.5}, min_capping_dict={"age": 20}),
        _engine("cycle", "creation", "CyclicalFeatures", numbers, asked, since="1.2", exact="B4", variables=["children", "age"]),
        _engine("cycle-drop", "creation", "CyclicalFeatures", numbers, asked, since="1.2", exact="B4", variables=["age"], drop_original=True, max_values={"age": 80}),
        *_made(),
        Case("engine-pipeline", _engine_pipeline, new_text, "C", library="feature_engine", extras=("row",), containers=SKOPS, since="1.6"),
    ]


def _made() -> list:
    """Columns that are made of others."""
    numbers = lambda d: _numbers(d)
    asked = lambda d, m: _numbers(d).iloc[:7].reset_index(drop=True)
    gaps = lambda d, m: pd.concat([_numbers(d, gaps=True).iloc[:6], pd.DataFrame({"income": [np.nan], "children": [2], "age": [np.nan]})], ignore_index=True)
    missing = lambda d, m: [(gaps(d, m), ("row", "missing"))]
    math = lambda name, func, rows=asked, **params: _engine(f"math-{name}", "creation", "MathFeatures", numbers, rows, "1.3", "B", func=func, **{"variables": ["income", "children", "age"], **params})
    relative = lambda name, func, rows=asked, **params: _engine(f"relative-{name}", "creation", "RelativeFeatures", numbers, rows, "1.3", func=func, **params)
    zero = lambda d, m: [(asked(d, m).assign(children=0), ("row 0", "zero"))]
    one = ("sum", "prod", "mean", "min", "max", "std", "var", "median")
    many = lambda d, m: pd.DataFrame({"day": ["2024-02-29", "1999-12-31", "2021-01-03", "2000-01-01", "2023-06-30", "2018-12-31"], "more": ["2024-02-29 23:59:07", "1999-12-31 00:00:00", "2021-01-03 12:30:00", "2000-01-01 01:02:03", "2023-04-01 05:06:59", "2018-12-31 10:00:01"], "count": [1, 2, 3, 4, 5, 6]})
    wrong = lambda d, m: [(many(d, m).assign(day="31.12.2020"), ("row 0", "ISO 8601"))]
    when = lambda name, left=[], **params: _engine(f"dates-{name}", "datetime", "DatetimeFeatures", lambda d: many(d, None).drop(columns=left), lambda d, m: many(d, m).drop(columns=left), "1.6", errors=None if left else wrong, **params)
    spelled = pd.DataFrame({"day": ["29/02/2024", "31/12/1999", "3/1/2021", "01-01-2000", "30.06.2023"], "long": ["Thu 29 Feb 2024 11:59 PM", "Fri 31 Dec 1999 12:00 AM", "Sun 3 JAN 2021 12:30 pm", "Sat 01 Jan 2000 1:02 am", "Fri 30 jun 2023 05:06 AM"], "iso": ["2024-02-29", "1999-12-31", "2021-01-03", "2000-01-01", "2023-06-30"], "clock": ["23:59:07", "00:00:00", "12:30:15", "01:02:03", "5:06:59"]})

    def other(name: str, column: str, rows: tuple = (0, 1, 2, 3, 4), since: str = "1.6", **params: object) -> Case:
        wanted = lambda d=None, m=None: spelled[[column]].assign(count=range(5)).iloc[list(rows)].reset_index(drop=True)
        bad = lambda d, m: [(wanted().assign(**{column: "in May"}), ("row 0", column))]
        return _engine(f"dates-{name}", "datetime", "DatetimeFeatures", lambda d: wanted(), wanted, since, errors=bad, variables=[column], **params)

    clock = {"features_to_extract": ["hour", "minute", "second"]}
    return [
        *(math(name, name) for name in one),
        math("several", ["sum", "max", "mean"], new_variables_names=["a", "b", "c"]),
        math("whole", ["sum", "prod", "min"], variables=["children", "income"]),
        math("gaps", ["mean", "median", "std", "sum", "prod"], gaps, missing_values="ignore"),
        math("dropped", "mean", drop_original=True),
        math("refuses", "mean", errors=missing),
        relative("sums", ["add", "sub", "mul"], variables=["income", "children"], reference=["age", "children"]),
        relative("shares", ["div", "truediv"], lambda d, m: asked(d, m).assign(children=3), variables=["income"], reference=["children"], errors=zero),
        relative("filled", ["div"], variables=["income", "age"], reference=["children"], fill_value=-1.0, drop_original=True),
        _engine("math-old", "creation", "MathematicalCombination", numbers, asked, exact="B", until="1.2", variables_to_combine=["income", "children"], math_operations=["sum", "mean", "std"]),
        when("default", ["more"], variables=["day"]),
        when("all", features_to_extract="all"),
        other("day-first", "day", (0, 1, 2), dayfirst=True, features_to_extract="all"),
        other("format", "day", (0, 1, 2), format="%d/%m/%Y", features_to_extract="all"),
        other("format-names", "long", format="%a %d %b %Y %I:%M %p", features_to_extract="all"),
        other("year-first", "iso", yearfirst=True),
        other("mixed", "iso", format="mixed", since="1.9"),
        other("mixed-day-first", "day", (0, 1, 2), format="mixed", dayfirst=True, since="1.9"),
        other("clock", "clock", (0, 1, 2, 3), **clock),
        other("clock-mixed", "clock", format="mixed", since="1.9", **clock),
        other("clock-format", "clock", format="%H:%M:%S", features_to_extract="all"),
        when("some", ["day"], variables=["more"], features_to_extract=["hour", "minute", "day_of_week", "weekend"]),
    ]


def _engine_pipeline(d: object) -> object:
    from feature_engine.encoding import OneHotEncoder, RareLabelEncoder
    from feature_engine.imputation import MeanMedianImputer

    steps = (MeanMedianImputer(), RareLabelEncoder(tol=0.1, n_categories=2), OneHotEncoder(), LogisticRegression())
    return make_pipeline(*steps).fit(_train(d), d.binary)


def _frame(d: object) -> pd.DataFrame:
    return d.frame[["member", "colour", "income", "children", "city"]].assign(age=d.frame["age"].fillna(33.5), half=d.x[:, 0].astype(np.float32))


def _asked(d: object, model: object = None) -> pd.DataFrame:
    return _frame(d).iloc[4:8].reset_index(drop=True)


def _mapper(name: str, features: object, rows: object = _asked, exact: str = "A", model: object = None, fitted: bool = False, errors: object = None, extras: tuple = (), containers: tuple = ("model.p2.pkl",), **params: object) -> Case:
    def fit(d: object) -> object:
        from sklearn_pandas import DataFrameMapper

        mapper = DataFrameMapper(features(), **params)
        if model is not None:
            return make_pipeline(mapper, *model()).fit(_frame(d), d.binary)
        return mapper.fit(_frame(d)) if fitted else _after(mapper, _frame(d))

    return Case(f"mapper-{name}", fit, rows, exact, library="sklearn_pandas", errors=errors, extras=extras, containers=containers)


def _after(mapper: object, frame: pd.DataFrame) -> object:
    mapper.fit_transform(frame)
    return mapper


def _mapped() -> list:
    """Cases of sklearn-pandas, which newer releases of scikit-learn cannot import."""
    try:
        import sklearn_pandas
    except ImportError:
        return []
    from sklearn import preprocessing as pp
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.impute import SimpleImputer

    labels = lambda: [("city", pp.LabelBinarizer()), ("colour", pp.LabelEncoder()), ("member", pp.LabelBinarizer())]
    mixed = lambda: [*labels(), (["income", "children"], [SimpleImputer(), pp.StandardScaler()]), ("age", None), (["age"], pp.MinMaxScaler(), {"alias": "share"})]
    one_hot = lambda: [(["city"], pp.OneHotEncoder(handle_unknown="ignore")), (["income", "age"], pp.StandardScaler())]
    words = lambda: [("city", CountVectorizer(analyzer="char")), ("colour", TfidfVectorizer()), ("children", None)]
    mirrored = lambda d, m: _asked(d)[_frame(d).columns[::-1]].assign(more=1.0)

    def chosen(d: object) -> object:
        return sklearn_pandas.DataFrameMapper([(from_script("lambda frame: ['income']", "choose"), pp.StandardScaler())], default=None).fit(_frame(d))

    def strange(d: object, m: object) -> list:
        unknown, missing = _asked(d).iloc[:2], _asked(d).iloc[:1].drop(columns="income")
        unknown.loc[1, "colour"] = "mauve"
        return [(unknown, ("colour", "mauve", "row 1")), (missing, ("income", "missing")), (d.x[:1], ("by name", "5 columns"))]

    # before, no column transformer tells its names
    named = [
        _mapper("rest-frame", labels, lambda d, m: mirrored(d, m).drop(columns="more"), default=make_column_transformer((pp.StandardScaler(), ["age", "children"])), input_df=True),
        _mapper("inner-frame", lambda: [(["age", "income", "city"], make_column_transformer((pp.StandardScaler(), ["income"]), ("passthrough", ["age"])), {"input_df": True})]),
    ]
    return [
        *(named if version_key(sklearn.__version__) >= (1, 0) else ()),
        _mapper("mixed", mixed, mirrored, errors=strange, extras=("row",)),
        _mapper("numbers", lambda: [(["children", "half"], None), (["half"], pp.StandardScaler())]),
        _mapper("counts", lambda: [("children", None), ("colour", pp.LabelEncoder()), ("member", None)]),
        _mapper("frame", lambda: [("member", pp.LabelBinarizer()), ("colour", pp.LabelBinarizer()), (["half"], pp.StandardScaler())], df_out=True, containers=("model.joblib",)),
        _mapper("words", words, exact="B", sparse=True),
        _mapper("function", lambda: [("income", pp.FunctionTransformer(np.sqrt, validate=False)), (["half", "age"], pp.FunctionTransformer(np.sqrt, validate=False))], lambda d, m: _asked(d).assign(half=np.float32(2.0))),
        _mapper("rest", lambda: [*labels(), ("children", None)], default=None),
        _mapper("rest-fitted", lambda: [*labels(), ("children", None)], fitted=True, default=None),
        _mapper("rest-dropped", labels, fitted=True, default=pp.StandardScaler(), drop_cols=["half"]),
        _mapper("selector", lambda: [(make_column_selector(dtype_include=float), pp.StandardScaler())]),
        Case("mapper-chosen", chosen, refused=("DataFrameMapper.features", "<lambda>", "names of the columns"), library="sklearn_pandas", containers=("model.cloudpickle.pkl",)),
        _mapper("model", mixed, mirrored, "C", lambda: [LogisticRegression(max_iter=300)], containers=("model.cloudpickle.pkl",)),
        _mapper("model-sparse", one_hot, _asked, "C", lambda: [LogisticRegression(max_iter=300)], sparse=True),
        _mapper("model-rest", one_hot, lambda d, m: _asked(d).drop(columns="colour"), "C", lambda: [LogisticRegression(max_iter=300)], default=None, drop_cols=["colour", "member"]),
        _mapper("model-frame", mixed, mirrored, "C", lambda: [make_column_transformer((pp.StandardScaler(), ["share", "age"])), LogisticRegression()], df_out=True),
    ]
