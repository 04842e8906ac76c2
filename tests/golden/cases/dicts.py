"""Rows that are dicts: vectorizers, hashers, and files that hold one beside its model."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from case import Case, installed
from cases.chains import Apart, _fit
from write import has_skops

PLACES = ("4", "13", "43", "132", "Köln =x")


def _rides(d: object) -> list:
    """Taxi rides: two places by their numbers as texts, or both as one; a distance; now and then a flag, tags and a missing value."""
    rng = np.random.RandomState(d.state)
    rows = []
    for at in range(60):
        row = {"trip_distance": round(float(rng.gamma(2.0, 2.0)), 2), "passengers": int(rng.randint(1, 5))}
        row["PULocationID"], row["DOLocationID"] = (str(rng.choice(PLACES)) for _ in range(2))
        if at % 3 == 0:
            row["PU_DO"] = f"{row['PULocationID']}_{row['DOLocationID']}"
        if at % 4 == 1:
            row["shared"] = bool(rng.randint(2))
        rows.append(row)
    return rows


def _mixed(d: object) -> list:
    """Rides with several texts at a key, and texts and numbers at the same one."""
    rng = np.random.RandomState(d.state + 1)
    rows = _rides(d)
    for at, row in enumerate(rows):
        if at % 2:
            row["tags"] = [str(tag) for tag in rng.choice(["night", "airport", "ü"], rng.randint(0, 3))]
        row["zone"] = "A1" if at % 3 else at % 7
    return rows


def _minutes(d: object) -> np.ndarray:
    return np.array([3.0 * row["trip_distance"] + len(row["PULocationID"]) for row in _rides(d)]) + d.y[:60] / 9.0


def _asked(d: object, model: object) -> list:
    """Rides to ask about: new places, unknown and absent keys, numbers where texts were and the reverse."""
    rows = [dict(row) for row in _rides(d)[:5]]
    rows[1] = {"PULocationID": "43", "trip_distance": 1, "weather": "rain", "speed": 7}
    rows[2]["PULocationID"] = "nowhere"
    return [
        *rows,
        {},
        {"PULocationID": 43, "trip_distance": "1.2", "shared": True},
        {"PULocationID=43": 2.5, "DOLocationID": "4", "passengers": -0.0},
        {"PULocationID": "43", "PULocationID=43": 2.5, "trip_distance": 1e6},
    ]


def _asked_mixed(d: object, model: object) -> list:
    return [*_mixed(d)[:4], *_asked(d, model)[5:], {"tags": ["night", "night", "new"], "zone": 3}, {"tags": "night", "zone": "A1"}, {"tags": []}]


def _plain(d: object, model: object) -> list:
    return [*_asked(d, model)[:3], {"trip_distance": None}, {"PULocationID": None, "weather": None}, {"PULocationID": "13", "trip_distance": float("nan")}]


def cases() -> list:
    """All cases of dicts."""
    return [*_vectorizers(), *_hashers(), *_pipelines(), *_parts(), *_boosters()]


def _vectorizers() -> list:
    def fit(**params: object) -> object:
        return lambda d: DictVectorizer(**params).fit(_rides(d))

    def restricted(d: object) -> DictVectorizer:
        model = DictVectorizer().fit(_rides(d))
        return model.restrict(np.arange(0, len(model.vocabulary_), 2), indices=True)

    mixed = lambda **params: lambda d: DictVectorizer(**params).fit(_mixed(d))
    lists = lambda d, m: [([{"tags": ["night"]}], ("row 0", "list of texts"))]
    whole = lambda d, m: [([{"trip_distance": float("nan")}], ("row 0", "trip_distance", "no integer"))]
    return [
        Case("dict-vectorizer", fit(), _plain),
        Case("dict-dense", fit(sparse=False), _plain),
        Case("dict-f32", fit(dtype=np.float32), _asked),
        Case("dict-dense-f32", fit(dtype=np.float32, sparse=False), _asked),
        Case("dict-int", fit(dtype=np.int64), _asked, errors=whole),
        Case("dict-separator", fit(separator=" is "), _plain),
        Case("dict-no-separator", fit(separator=""), _asked),
        Case("dict-unsorted", fit(sort=False), _plain),
        Case("dict-restricted", restricted, _plain),
        Case("dict-mixed", mixed(), _asked_mixed),
        Case("dict-mixed-dense", mixed(sparse=False), _asked_mixed, since="1.0"),
        Case("dict-dense-lists", fit(sparse=False), _asked, errors=lists, until="1.0"),
    ]


def _hashers() -> list:
    fit = lambda **params: lambda d: FeatureHasher(**params).fit([{}])
    texts = lambda d, m: [["dog", "cat", "snake", "dog"], ["ü", ""], [], ["東京"] * 3]
    null = lambda d, m: [([{"trip_distance": None}], ("row 0", "null")), ([{"tags": ["a"]}], ("row 0", "list of texts"))]
    return [
        Case("hasher-dict", fit(n_features=32), _asked, errors=null),
        Case("hasher-no-sign", fit(n_features=7, alternate_sign=False), _asked),
        Case("hasher-f32", fit(n_features=64, dtype=np.float32), _asked),
        Case("hasher-int", fit(n_features=16, dtype=np.int64), _asked),
        Case("hasher-texts", fit(n_features=16, input_type="string"), texts),
        Case("hasher-ridge", lambda d: make_pipeline(FeatureHasher(n_features=24), LinearRegression()).fit(_rides(d), _minutes(d)), _asked, "C"),
    ]


def _pipelines() -> list:
    def classes(d: object) -> np.ndarray:
        return _minutes(d) > 15.0

    union = lambda: make_union(DictVectorizer(), make_pipeline(FeatureHasher(n_features=8), MaxAbsScaler()))
    return [
        Case("dict-linear", lambda d: make_pipeline(DictVectorizer(), LinearRegression()).fit(_rides(d), _minutes(d)), _asked, "C"),
        Case("dict-logistic", lambda d: make_pipeline(DictVectorizer(), LogisticRegression(max_iter=300)).fit(_rides(d), classes(d)), _asked, "C"),
        Case("dict-forest", lambda d: make_pipeline(DictVectorizer(), RandomForestRegressor(4, max_depth=3, random_state=0)).fit(_mixed(d), _minutes(d)), _asked_mixed),
        Case(
            "dict-scaled-boosting",
            lambda d: make_pipeline(DictVectorizer(), StandardScaler(with_mean=False), GradientBoostingRegressor(n_estimators=5, random_state=0)).fit(_rides(d), _minutes(d)),
            _asked,
        ),
        Case("dict-imputed", lambda d: make_pipeline(DictVectorizer(sparse=False), SimpleImputer(), LinearRegression()).fit(_rides(d), _minutes(d)), _plain, "C"),
        Case("dict-union", lambda d: make_pipeline(union(), LinearRegression()).fit(_rides(d), _minutes(d)), _asked, "C"),
    ]


def _save(shape: object, *names: str) -> object:
    """Write the parts in one value: a tuple, a list or a dict."""

    def save(model: Apart, folder: Path, d: object) -> list:
        value = shape(*model.parts)
        for name in names:
            _write(value, folder / name)
        return [name for name in names if (folder / name).exists()]

    return save


def _write(value: object, path: Path) -> None:
    if path.suffix in (".bin", ".b", ".model"):
        path.write_bytes(pickle.dumps(value))
    elif path.suffix == ".pkl":
        path.write_bytes(cloudpickle.dumps(value))
    elif path.suffix == ".skops":
        if has_skops():
            import skops.io

            skops.io.dump(value, path, compression=zipfile.ZIP_DEFLATED)
    else:
        joblib.dump(value, path, compress=3 if path.suffix == ".gz" else 0)


def _parts() -> list:
    files = ("model.bin", "lin_reg.b", "pipeline.pkl", "both.joblib", "both.joblib.gz", "both.skops")
    linear = lambda d: _fit(_rides(d), _minutes(d), DictVectorizer(), LinearRegression())
    logistic = lambda d: _fit(_rides(d), _minutes(d) > 15.0, DictVectorizer(sparse=False), LogisticRegression(max_iter=300))
    three = lambda d: _fit(d.x_nan, d.three, SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=300))
    counts = lambda d: _fit(d.documents, [len(text) % 2 for text in d.documents], CountVectorizer(max_features=30), LogisticRegression())
    tfidf = lambda d: _fit(d.documents, [len(text) % 2 for text in d.documents], TfidfVectorizer(max_features=30), LogisticRegression())
    keyed = lambda dv, model: {"dv": dv, "model": model, "columns": ["PULocationID"], "author": "ä", "notes": None}
    edge = lambda d, m: d.edge(nan=True)
    texts = lambda d, m: d.document_rows()
    apart = lambda dv, model: (dv, model)

    def save_apart(model: Apart, folder: Path, d: object) -> list:
        for part, name in zip(model.parts, ("dv.bin", "model.bin")):
            _write(part, folder / name)
        return ["dv.bin+model.bin"]

    return [
        Case("parts-tuple", linear, _asked, "C", save=_save(apart, *files)),
        Case("parts-reversed", logistic, _asked, "C", save=_save(lambda dv, model: [model, dv], *files)),
        Case("parts-dict", linear, _asked, "C", save=_save(keyed, *files)),
        Case("parts-dict-model-first", logistic, _asked, "C", save=_save(lambda dv, model: {"model": model, "vectorizer": dv}, *files)),
        Case("parts-three", three, edge, "C", extras=(), save=_save(lambda *parts: parts, *files)),
        Case("parts-counts", counts, texts, "C", save=_save(apart, *files)),
        Case("parts-tfidf", tfidf, texts, "C", save=_save(lambda vectorizer, model: {"model": model, "tfidf": vectorizer}, *files)),
        Case("parts-two-files", lambda d: _fit(_rides(d), _minutes(d), DictVectorizer(), Ridge(0.1)), _asked, "C", save=save_apart),
    ]


class _Booster:
    """A booster behind a vectorizer, asked as the course does."""

    def __init__(self, dv: DictVectorizer, booster: object) -> None:
        self.parts = (dv, booster)

    def predict(self, rows: list) -> np.ndarray:
        import xgboost

        dv, booster = self.parts
        return booster.predict(xgboost.DMatrix(dv.transform(rows), nthread=1))


def _boosters() -> list:
    if not installed("xgboost"):
        return []
    import xgboost

    def fit(d: object) -> _Booster:
        dv = DictVectorizer()
        matrix = xgboost.DMatrix(dv.fit_transform(_rides(d)), label=_minutes(d), nthread=1)
        return _Booster(dv, xgboost.train({"max_depth": 3, "eta": 0.4, "nthread": 1}, matrix, num_boost_round=4))

    def save_apart(model: _Booster, folder: Path, d: object) -> list:
        _write(model.parts[0], folder / "preprocessor.b")
        model.parts[1].save_model(str(folder / "model.json"))
        return ["preprocessor.b+model.json"]

    files = ("model.bin", "model.joblib")
    return [
        Case("parts-booster", fit, _asked, save=_save(lambda dv, booster: {"dv": dv, "booster": booster}, *files)),
        Case("parts-booster-apart", fit, _asked, save=save_apart),
    ]
