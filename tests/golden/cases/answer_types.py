"""The types of transformed rows: what `dtype` asks for, alone, in pipelines and beside other columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import AdaBoostClassifier
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import KNNImputer, MissingIndicator
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Binarizer, FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from xgboost import XGBClassifier

from case import Case, installed, version_key

# what the committed set has; the others are made afresh
KEPT = (
    "one-hot-bool one-hot-i32 one-hot-dense-bool one-hot-dense-i32 one-hot-numpy-bool ordinal-i32 ordinal-f32 ordinal-in-pipeline "
    "count-bool count-i32 hashing-bool hashing-norm-i32 tfidf-i32 dict-i32 hasher-i32 missing-sparse binarizer-bool neighbors-no-gaps "
    "cast-f32 cast-bool cast-i32-ints cast-frame-i64 cast-f32-scaled cast-builtin-abs selected-i32 columns-passed-i32 columns-bool columns-bool-f32 columns-bool-i64 columns-i32 columns-sparse-bool-f32 columns-sparse-i32 union-i32 boosted-two boosted-three"
).split()
TYPES = {"bool": bool, "i32": np.int32, "i64": np.int64, "f32": np.float32, "f64": np.float64}


def cases() -> list:
    """All cases of types."""
    found = [*_encoders(), *_texts(), *_dicts(), *_marks(), *_columns(), *_unions(), *_casts(), *_boosted()]
    return [replace(case, fresh=case.name[len("typed-") :] not in KEPT) for case in found]


def _dense(**params: object) -> OneHotEncoder:
    return OneHotEncoder(**{"sparse_output" if version_key(installed("sklearn")) >= (1, 2) else "sparse": False}, **params)


def _ints(d: object, model: object) -> np.ndarray:
    return d.ints[3:9, :2]


def _encoders() -> list:
    one = lambda name, make: Case(f"typed-{name}", lambda d: make().fit(d.ints[:, :2]), _ints, extras=("row",))
    found = []
    for name, dtype in TYPES.items():
        found += [
            one(f"one-hot-{name}", lambda dtype=dtype: OneHotEncoder(dtype=dtype)),
            one(f"one-hot-dense-{name}", lambda dtype=dtype: _dense(dtype=dtype)),
            one(f"ordinal-{name}", lambda dtype=dtype: OrdinalEncoder(dtype=dtype)),
        ]
    return [
        *found,
        one("one-hot-named", lambda: OneHotEncoder(dtype="int32")),
        one("one-hot-dtype", lambda: _dense(dtype=np.dtype("int32"))),
        one("one-hot-numpy-bool", lambda: _dense(dtype=np.bool_)),
        one("ordinal-in-pipeline", lambda: make_pipeline(FunctionTransformer(), OrdinalEncoder(dtype=np.int32))),
        one("ordinal-scaled", lambda: make_pipeline(OrdinalEncoder(dtype=np.int32), StandardScaler())),
    ]


def _asked_texts(d: object, model: object) -> list:
    return d.documents[:4]


def _texts() -> list:
    def one(name: str, make: object, exact: str = "A") -> Case:
        return Case(f"typed-{name}", lambda d: make().fit(d.documents), _asked_texts, exact, extras=("row",))

    few = {"max_features": 8}
    return [
        *(one(f"count-{name}", lambda dtype=dtype: CountVectorizer(dtype=dtype, **few)) for name, dtype in TYPES.items()),
        *(one(f"hashing-{name}", lambda dtype=dtype: HashingVectorizer(n_features=8, norm=None, dtype=dtype)) for name, dtype in TYPES.items()),
        one("hashing-norm-i32", lambda: HashingVectorizer(n_features=8, norm="l1", dtype=np.int32), "C"),
        one("tfidf-i32", lambda: TfidfVectorizer(dtype=np.int32, use_idf=False, norm=None, **few)),
        one("tfidf-f32", lambda: TfidfVectorizer(dtype=np.float32, use_idf=False, norm=None, **few)),
    ]


def _rides(d: object) -> list:
    return [{"zone": "ab"[at % 2], "riders": int(d.ints[at, 0] + 5), "way" if at % 3 else "road": "x"} for at in range(12)]


def _dicts() -> list:
    asked = lambda d, m: _rides(d)[:4]
    types = {name: TYPES[name] for name in ("i32", "i64", "f32")}
    return [
        *(
            Case(f"typed-dict-{name}", lambda d, dtype=dtype: DictVectorizer(dtype=dtype).fit(_rides(d)), asked, extras=())
            for name, dtype in types.items()
        ),
        Case("typed-dict-dense-i32", lambda d: DictVectorizer(dtype=np.int32, sparse=False).fit(_rides(d)), asked, extras=()),
        *(
            Case(f"typed-hasher-{name}", lambda d, dtype=dtype: FeatureHasher(n_features=8, dtype=dtype).fit(_rides(d)), asked, extras=())
            for name, dtype in types.items()
        ),
    ]


def _marks() -> list:
    """Where values are missing, or above a threshold."""
    asked = lambda d, m: d.edge(nan=True)
    above = lambda d, m: d.ints[:6]
    return [
        Case("typed-missing", lambda d: MissingIndicator().fit(d.x_nan), asked),
        Case("typed-missing-sparse", lambda d: MissingIndicator(sparse=True).fit(d.x_nan), asked),
        Case("typed-missing-all", lambda d: MissingIndicator(features="all").fit(d.x), asked, extras=("row",)),
        Case("typed-missing-scaled", lambda d: make_pipeline(MissingIndicator(sparse=True), StandardScaler(with_mean=False)).fit(d.x_nan), asked),
        Case("typed-binarizer-i64", lambda d: Binarizer(threshold=1).fit(d.ints), above, extras=("row",)),
        Case("typed-binarizer-bool", lambda d: Binarizer().fit(d.ints > 1), lambda d, m: d.ints[:6] > 1, extras=("row",)),
        Case("typed-binarizer-f64", lambda d: Binarizer().fit(d.x), lambda d, m: d.x[:6]),
        Case("typed-neighbors-no-gaps", lambda d: KNNImputer(n_neighbors=3, add_indicator=True).fit(d.x), asked, "C"),
        Case("typed-neighbors-gaps", lambda d: KNNImputer(n_neighbors=3, add_indicator=True).fit(d.x_nan), asked, "C", since="1.5", extras=("f32",)),
    ]


def _columns() -> list:
    """Parts of one type, or of several, beside each other."""
    frame = lambda d: pd.DataFrame({"a": d.ints[:, 0], "b": d.ints[:, 1], "c": d.x[:, 0]})
    asked = lambda d, m: frame(d).iloc[:6].reset_index(drop=True)

    def one(name: str, *parts: tuple) -> Case:
        named = lambda: [(f"part{at}", make(), columns) for at, (make, columns) in enumerate(parts)]
        return Case(f"typed-columns-{name}", lambda d: ColumnTransformer(named()).fit(frame(d)), asked, extras=("row",))

    bools, hot32, narrow = (lambda: _dense(dtype=bool)), (lambda: _dense(dtype=np.float32)), (lambda: OrdinalEncoder(dtype=np.int32))
    stays = lambda: "passthrough"
    return [
        one("bool", (bools, ["a"]), (bools, ["b"])),
        one("bool-f32", (bools, ["a"]), (hot32, ["b"])),
        one("bool-i64", (bools, ["a"]), (stays, ["b"])),
        one("bool-f64", (bools, ["a"]), (stays, ["c"])),
        one("i32", (narrow, ["a"]), (narrow, ["b"])),
        one("i32-f32", (narrow, ["a"]), (hot32, ["b"])),
        one("i32-i64", (narrow, ["a"]), (stays, ["b"])),
        one("sparse-bool", (lambda: OneHotEncoder(dtype=bool), ["a"]), (lambda: OneHotEncoder(dtype=bool), ["b"])),
        one("sparse-bool-f32", (lambda: OneHotEncoder(dtype=bool), ["a"]), (lambda: OneHotEncoder(dtype=np.float32), ["b"])),
        one("sparse-i32", (lambda: OneHotEncoder(dtype=np.int32), ["a"]), (lambda: OneHotEncoder(dtype=np.int32), ["b"])),
        one("sparse-bool-f64", (lambda: OneHotEncoder(dtype=bool), ["a"]), (stays, ["c"])),
    ]


def _unions() -> list:
    one = lambda name, make: Case(f"typed-union-{name}", lambda d: make().fit(d.ints[:, :2]), _ints, extras=("row",))
    return [
        one("bool", lambda: make_union(_dense(dtype=bool), _dense(dtype=bool))),
        one("i32", lambda: make_union(OrdinalEncoder(dtype=np.int32), _dense(dtype=np.int32))),
        one("bool-f32", lambda: make_union(_dense(dtype=bool), OrdinalEncoder(dtype=np.float32))),
        one("sparse-i32", lambda: make_union(OneHotEncoder(dtype=np.int32), OneHotEncoder(dtype=np.int32))),
    ]


def _casts() -> list:
    """A numpy type in the place of a function, and integers of 32 bits through what hands columns on."""
    import operator

    types = {"f32": np.float32, "f64": np.float64, "i64": np.int64, "i32": np.int32, "bool": np.bool_}
    frame = lambda d: pd.DataFrame({"a": d.ints[:, 0], "b": d.x[:, 1], "c": d.ints[:, 1] > 0})
    numbers = lambda d: np.clip(d.edge(), -2e9, 2e9)
    narrow = lambda d: pd.DataFrame({"a": d.ints[:, 0], "b": d.ints[:, 1]})
    kept = lambda dtype, last: make_pipeline(OrdinalEncoder(dtype=dtype), last)
    two = lambda d: d.ints[:, :2]
    found = []
    for name, dtype in types.items():
        of_frame = frame if name != "f32" else lambda d: frame(d)[["a", "b"]]
        found += [
            Case(f"typed-cast-{name}", lambda d, dtype=dtype: FunctionTransformer(dtype).fit(d.x), lambda d, m: numbers(d)),
            Case(f"typed-cast-{name}-ints", lambda d, dtype=dtype: FunctionTransformer(dtype).fit(d.ints), lambda d, m: d.ints[:6] * 2**31 + 7, extras=("row",)),
            Case(f"typed-cast-frame-{name}", lambda d, dtype=dtype, frame=of_frame: FunctionTransformer(dtype).fit(frame(d)), lambda d, m, frame=of_frame: frame(d).iloc[:6].reset_index(drop=True), extras=("row",)),
        ]
    gaps = lambda d, m: d.edge(nan=True)
    return [
        *found,
        Case("typed-cast-gaps", lambda d: FunctionTransformer(np.float32).fit(d.x), gaps),
        Case("typed-cast-gaps-bool", lambda d: FunctionTransformer(np.bool_).fit(d.x), gaps),
        Case("typed-cast-validated", lambda d: FunctionTransformer(np.float32, validate=True).fit(d.x), lambda d, m: numbers(d)),
        Case("typed-cast-f32-scaled", lambda d: make_pipeline(FunctionTransformer(np.float32), StandardScaler()).fit(d.x), lambda d, m: d.x[:6]),
        Case("typed-cast-i32-scaled", lambda d: make_pipeline(FunctionTransformer(np.int32), StandardScaler()).fit(d.x), lambda d, m: d.x[:6]),
        Case("typed-cast-builtin-abs", lambda d: FunctionTransformer(abs).fit(d.x), lambda d, m: d.edge()),
        Case("typed-cast-operator-neg", lambda d: FunctionTransformer(operator.neg).fit(d.x), lambda d, m: d.edge()),
        *(Case(f"typed-selected-{name}", lambda d, dtype=dtype: kept(dtype, SelectKBest(f_classif, k=1)).fit(two(d), d.binary), _ints, extras=("row",)) for name, dtype in types.items() if name != "bool"),
        *(Case(f"typed-columns-passed-{name}", lambda d, dtype=dtype: kept(dtype, ColumnTransformer([("kept", "passthrough", [1]), ("other", "drop", [0])])).fit(two(d)), _ints, extras=("row",)) for name, dtype in types.items() if name != "bool"),
        Case("typed-kept-i32", lambda d: kept(np.int32, FunctionTransformer()).fit(two(d)), _ints, extras=("row",)),
        Case("typed-scaled-i32", lambda d: kept(np.int32, StandardScaler()).fit(two(d)), _ints, extras=("row",)),
    ]


def _boosted() -> list:
    """Adaptive boosting by the probabilities of boosters, which are floats."""

    def one(name: str, target: str) -> Case:
        booster = lambda d: XGBClassifier(n_estimators=1, max_depth=1, random_state=d.state % 1000, n_jobs=1)
        fit = lambda d: AdaBoostClassifier(booster(d), n_estimators=2, random_state=d.state, algorithm="SAMME.R").fit(d.x, getattr(d, target))
        return Case(f"typed-boosted-{name}", fit, lambda d, m: d.x[:6], "C", until="1.6")

    return [one("two", "binary"), one("three", "three")]
