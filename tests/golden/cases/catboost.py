"""CatBoost: its binary and JSON files, its classes, and these inside pipelines."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from case import Case, installed

# margins are plain sums; answers pass through one exponential, or through a chain of them
SCORES = {"*": "A", "contributions": "C"}
ONE_EXP = {"*": "A", "contributions": "C", "predict": "A"}
SQUARED_EXP = {"*": "A", "contributions": "C", "predict": "B4"}
BINARY = {"*": "A", "contributions": "C", "predict_proba": "B", "predict_log_proba": "C"}
CHAIN = {"*": "A", "contributions": "C", "predict_proba": "A", "predict_log_proba": "C"}


def cases() -> list:
    """Losses, labels, trees, missing values, categories, classes and what holds them."""
    if not installed("catboost"):
        return []
    return [*_classifiers(), *_regressors(), *_trees(), *_missing(), *_categories(), *_statistics(), *_holders(), *_refused()]


def _options(**options: object) -> dict:
    return {"iterations": 5, "depth": 3, "thread_count": 1, "verbose": False, "allow_writing_files": False, "random_seed": 7, **options}


def classifier(**options: object) -> object:
    """A small classifier."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(**_options(**options))


def regressor(**options: object) -> object:
    """A small regressor."""
    from catboost import CatBoostRegressor

    return CatBoostRegressor(**_options(**options))


def _edge(d: object, model: object) -> np.ndarray:
    rows = d.edge(model, nan=True, huge=1e20)
    return np.vstack([rows[:2], rows[-6:]])


def _save(model: object, folder: Path, d: object) -> list:
    """Both native files and a pickle."""
    model.save_model(str(folder / "model.cbm"))
    model.save_model(str(folder / "model.json"), format="json", pool=getattr(model, "golden_pool", None))
    return [*_compressed(folder, ["model.cbm", "model.json"]), *_pickled(model, folder)]


def _binary(model: object, folder: Path, d: object) -> list:
    """The one file that models of texts have."""
    model.save_model(str(folder / "model.cbm"))
    return _compressed(folder, ["model.cbm"])


def _pickled(model: object, folder: Path, *_: object) -> list:
    """A pickle alone, for models that answer otherwise as bare files."""
    pool = model.__dict__.pop("golden_pool", None)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    if pool is not None:
        model.golden_pool = pool
    return _compressed(folder, ["model.pkl"])


def _compressed(folder: Path, names: list) -> list:
    for name in names:
        with gzip.GzipFile(folder / f"{name}.gz", "wb", mtime=0) as out:
            out.write((folder / name).read_bytes())
        (folder / name).unlink()
    return [f"{name}.gz" for name in names]


def _case(name: str, fit: object, exact: object, rows: object = _edge, save: object = _save, **more: object) -> Case:
    return Case(f"catboost-{name}", fit, rows, exact, library="catboost", save=save, **{"extras": (), **more})


def _classifiers() -> list:
    halves = {"loss_function": "Logloss", "target_border": 0.5}
    return [
        _case("binary", lambda d: classifier().fit(d.x, d.binary), BINARY, errors=_wrong_rows, extras=("f32", "row")),
        _case("binary-text", lambda d: classifier().fit(d.x, np.where(d.binary == 1, "yes", "no")), BINARY),
        _case("binary-flags", lambda d: classifier().fit(d.x, d.flags), BINARY),
        _case("binary-floats", lambda d: classifier().fit(d.x, d.binary * 1.5 + 0.25), BINARY),
        _case("binary-border", lambda d: classifier(**halves).fit(d.x, d.y), BINARY),
        _case("cross-entropy", lambda d: classifier(loss_function="CrossEntropy").fit(d.x, d.binary * 0.8 + 0.1), BINARY),
        _case("focal", lambda d: classifier(loss_function="Focal:focal_alpha=0.25;focal_gamma=2").fit(d.x, d.binary), BINARY, since="1.1"),
        _case("threshold", _with_threshold, BINARY, since="1.0"),
        _case("multiclass", lambda d: classifier().fit(d.x, d.three), CHAIN),
        _case("multiclass-text", lambda d: classifier(depth=2).fit(d.x, d.names), CHAIN),
        _case("multiclass-numbers", lambda d: classifier(depth=2).fit(d.x, d.three * 10 + 5), CHAIN),
        _case("multiclass-hollow", lambda d: classifier(loss_function="MultiClass", classes_count=5, depth=2).fit(d.x, d.three), CHAIN),
        _case("one-vs-all", lambda d: classifier(loss_function="MultiClassOneVsAll", depth=2).fit(d.x, d.names), CHAIN),
        _case("multi-label", lambda d: classifier(loss_function="MultiLogloss").fit(d.x, d.labels2.clip(0, 1)), CHAIN, since="1.0"),
        _case("multi-label-shares", lambda d: classifier(loss_function="MultiCrossEntropy", depth=2).fit(d.x, d.labels2 / 2), CHAIN, since="1.0"),
    ]


def _with_threshold(d: object) -> object:
    model = classifier().fit(d.x, d.binary)
    model.set_probability_threshold(0.8)
    return model


def _wrong_rows(d: object, model: object) -> list:
    rows = d.edge()[:2]
    return [(rows[:, :3], ("3", "5"))]


def _regressors() -> list:
    return [
        _case("rmse", lambda d: regressor().fit(d.x, d.y), SCORES, extras=("f32", "row")),
        _case("rmse-plain", lambda d: regressor(boost_from_average=False, depth=1).fit(d.x, d.y), SCORES),
        _case("rmse-scaled", _scaled, SCORES),
        _case("poisson", lambda d: regressor(loss_function="Poisson").fit(d.x, d.counts), ONE_EXP),
        _case("tweedie", lambda d: regressor(loss_function="Tweedie:variance_power=1.4").fit(d.x, d.positive), ONE_EXP),
        _loss("MAE", "mae"),
        _loss("Quantile:alpha=0.3", "quantile"),
        _loss("LogCosh", "log-cosh", since="1.0"),
        _loss("Huber:delta=1.5", "huber"),
        _loss("Expectile:alpha=0.3", "expectile"),
        _loss("MultiQuantile:alpha=0.2,0.8", "multi-quantile", since="1.1"),
        _case("uncertainty", lambda d: regressor(loss_function="RMSEWithUncertainty").fit(d.x, d.y), SQUARED_EXP),
        _case("multi-rmse", lambda d: regressor(loss_function="MultiRMSE").fit(d.x, d.y2), SCORES),
        _case("log-lin-quantile", lambda d: regressor(loss_function="LogLinQuantile", depth=2).fit(d.x, d.positive), SCORES),
        _case("ranker", _ranker, SCORES),
        _case("ranker-pairs", lambda d: _ranker(d, loss_function="YetiRank"), SCORES),
        _case("scores-of-classes", lambda d: _plain(loss_function="Logloss").fit(d.x, d.binary), SCORES, save=_pickled),
        _case("scores-of-counts", lambda d: _plain(loss_function="Poisson").fit(d.x, d.counts), SCORES, save=_pickled),
    ]


def _loss(loss: str, name: str, **more: object) -> Case:
    return _case(name, lambda d: regressor(loss_function=loss, depth=2).fit(d.x, d.y), SCORES, **more)


def _plain(**options: object) -> object:
    from catboost import CatBoost

    return CatBoost(_options(**options))


def _ranker(d: object, **options: object) -> object:
    from catboost import CatBoostRanker

    return CatBoostRanker(**_options(**{"loss_function": "QueryRMSE", **options})).fit(d.x, d.three, group_id=np.arange(len(d.x)) // 8)


def _scaled(d: object) -> object:
    model = regressor().fit(d.x, d.y)
    model.set_scale_and_bias(0.3, 1.7)
    return model


def _trees() -> list:
    loss, wise = {"grow_policy": "Lossguide", "max_leaves": 6}, {"grow_policy": "Depthwise"}
    return [
        _nodes("lossguide", lambda d: regressor(**loss).fit(d.x_nan, d.y), SCORES),
        _nodes("lossguide-classes", lambda d: classifier(**loss).fit(d.x, d.names), CHAIN),
        _nodes("lossguide-json", lambda d: _reloaded(classifier(**loss).fit(d.x, d.names)), CHAIN, save=_save),
        _nodes("depthwise", lambda d: classifier(**wise).fit(d.x_nan, d.binary), BINARY),
        _nodes("depthwise-outputs", lambda d: regressor(loss_function="MultiRMSE", **wise).fit(d.x, d.y2), SCORES),
        _case("deep", lambda d: regressor(depth=9, iterations=2, l2_leaf_reg=0).fit(d.x, d.y), SCORES),
        _case("many-borders", lambda d: regressor(depth=6, iterations=80, border_count=1000, l2_leaf_reg=0.1).fit(_one(d), _one(d)[:, 0] % 7), SCORES, _one_rows),
        _case("one-value", lambda d: regressor(iterations=2, depth=2, allow_const_label=True).fit(d.x, np.ones(len(d.x))), SCORES),
        _case("one-column", lambda d: classifier(iterations=3).fit(d.x[:, :1], d.binary), BINARY, lambda d, m: d.x[:6, :1]),
        _case("ignored", lambda d: regressor(ignored_features=[0, 4]).fit(d.x, d.y), SCORES),
        _case("constant-columns", lambda d: regressor().fit(d.x * [1, 0, 1, 0, 0], d.y), SCORES),
        _case("sum", _sum, SCORES),
    ]


def _nodes(name: str, fit: object, exact: object, rows: object = _edge, save: object = None, **more: object) -> Case:
    """Trees of nodes: JSON files number their leaves otherwise."""
    return _case(name, fit, exact, rows, save or _binary_and_pickled, **more)


def _binary_and_pickled(model: object, folder: Path, d: object) -> list:
    return [*_binary(model, folder, d), *_pickled(model, folder)]


def _reloaded(model: object) -> object:
    """The model as CatBoost reads it from its own JSON file."""
    with TemporaryDirectory() as folder:
        model.save_model(f"{folder}/model.json", format="json")
        return type(model)().load_model(f"{folder}/model.json", format="json")


def _one(d: object) -> np.ndarray:
    return np.random.RandomState(d.state).uniform(0, 100, size=(3000, 1))


def _one_rows(d: object, model: object) -> np.ndarray:
    return d.edge(model, huge=1e20, x=_one(d))[:10]


def _sum(d: object) -> object:
    from catboost import sum_models

    models = [regressor(iterations=2, random_seed=seed).fit(d.x, d.y) for seed in (1, 2)]
    found = sum_models(models, weights=[0.25, 0.75])
    return found


def _missing() -> list:
    return [
        _case("nan-least", lambda d: regressor(nan_mode="Min").fit(d.x_nan, d.y), SCORES),
        _case("nan-most", lambda d: regressor(nan_mode="Max").fit(d.x_nan, d.y), SCORES),
        _nodes("nan-most-nodes", lambda d: regressor(nan_mode="Max", grow_policy="Lossguide").fit(d.x_nan, d.y), SCORES),
        _case("nan-forbidden", lambda d: regressor(nan_mode="Forbidden").fit(d.x, d.y), SCORES),
        _case("frame", lambda d: classifier().fit(_numbers(d), d.binary), BINARY, lambda d, m: d.frame_rows()[["age", "income", "children", "member"]]),
        _case("integers", lambda d: regressor().fit(d.ints, d.ints[:, 0] * 2.0 + d.ints[:, 2]), SCORES, lambda d, m: np.vstack([d.ints[:6], [[0, -(2**40), 2**40, 16_777_217]]])),
    ]


def _numbers(d: object) -> object:
    return d.frame[["age", "income", "children", "member"]]


NAMES = ["city", "colour", "children"]


def _categorical(d: object, model: object, target: object, names: list = NAMES, frame: object = None) -> object:
    """Fits on a frame with columns of categories, and keeps the rows for the JSON file, which lists hashes."""
    from catboost import Pool

    frame = d.frame if frame is None else frame
    model.set_params(cat_features=names)
    model.fit(frame, target)
    model.golden_pool = Pool(frame, target, cat_features=names)
    return model


def _people(d: object, model: object) -> object:
    return d.frame_rows(unknown=True).iloc[1:8]


def _kinds(d: object, model: object) -> list:
    """A category may be a text or an integer, and nothing else."""
    from pandas import Series

    missing, fraction, word = (d.frame.iloc[:2].reset_index(drop=True) for _ in range(3))
    missing["city"] = Series(["Bonn", None], dtype=object)
    fraction["children"] = [1.5, 2.0]
    word["income"] = Series(["many", "few"], dtype=object)
    return [(missing, ("category",)), (fraction, ("1.5", "category")), (word, ("many", "number"))]


def _categories() -> list:
    few, all_ = {"one_hot_max_size": 3}, {"one_hot_max_size": 20}
    return [
        _case("one-hot", lambda d: _categorical(d, classifier(**all_), d.binary), BINARY, _people, errors=_kinds),
        _case("categories", lambda d: _categorical(d, classifier(**few), d.binary), BINARY, _people),
        _nodes("categories-nodes", lambda d: _categorical(d, classifier(grow_policy="Lossguide", **few), d.binary), BINARY, _people),
        _case("categories-classes", lambda d: _categorical(d, classifier(depth=2, **few), d.names), CHAIN, _people),
        _case("categories-regression", lambda d: _categorical(d, regressor(**few), d.y), SCORES, _people),
        _case("categories-unused", lambda d: _categorical(d, regressor(), d.y, ["city", "colour"], d.frame.assign(city="Bonn", colour="red")), SCORES, _people),
        _case("categories-alone", lambda d: _categorical(d, classifier(), d.binary, ["city", "colour"], d.frame[["city", "colour"]]), BINARY, lambda d, m: _people(d, m)[["city", "colour"]]),
        _case("categories-integers", lambda d: _integers(d), BINARY, lambda d, m: np.vstack([d.ints[:6], [[7, 0, -9, 77]]])),
        _case("categories-member", lambda d: _categorical(d, classifier(one_hot_max_size=1), d.binary, ["member", "city", "colour"]), BINARY, _people),
        _case("long-texts", lambda d: _categorical(d, classifier(**all_), d.binary, ["city", "colour"], _long(d.frame)), BINARY, lambda d, m: _long(_people(d, m))),
    ]


def _long(frame: object) -> object:
    """Texts of every length that the hash tells apart."""
    return frame.assign(city=[(text * 30)[: 3 + 13 * len(colour)] for text, colour in zip(frame["city"], frame["colour"] * 2)])


def _integers(d: object) -> object:
    model = classifier(cat_features=[0, 2], one_hot_max_size=1).fit(d.ints, d.ints[:, 0] % 3 == 0)
    from catboost import Pool

    model.golden_pool = Pool(d.ints, d.binary, cat_features=[0, 2])
    return model


def _statistics() -> list:
    """Each type of CTR, alone and in combinations."""
    each = ["Borders", "Buckets", "BinarizedTargetMeanValue", "Counter"]
    alone = {"max_ctr_complexity": 1, "iterations": 8}
    together = {"max_ctr_complexity": 4, "one_hot_max_size": 3, "iterations": 12, "depth": 4, "simple_ctr": each, "combinations_ctr": each}
    found = [_case(f"ctr-{kind.lower()}", lambda d, kind=kind: _categorical(d, classifier(simple_ctr=[kind], **alone), d.binary), BINARY, _people) for kind in each]
    several = [f"{kind}:TargetBorderCount=3" for kind in each[:3]] + ["Counter:Prior=0.25/1"]
    return [
        *found,
        _case("ctr-combined", lambda d: _categorical(d, classifier(**together), d.binary), BINARY, _people),
        _case("ctr-several-borders", lambda d: _categorical(d, regressor(simple_ctr=several, **alone), d.y), SCORES, _people),
        _case("ctr-classes", lambda d: _categorical(d, classifier(**{**together, "iterations": 6}), d.names), CHAIN, _people),
        _case("ctr-priors", lambda d: _categorical(d, classifier(simple_ctr=["Borders:Prior=0/1:Prior=2/1:Prior=0.7/1"], **alone), d.binary), BINARY, _people),
        _case("ctr-full-count", lambda d: _categorical(d, classifier(simple_ctr=["Counter"], counter_calc_method="Full", **alone), d.binary), BINARY, _people),
    ]


def _holders() -> list:
    """Inside of estimators of scikit-learn, in every container."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    held = {"library": "catboost"}
    return [
        Case("catboost-alone", lambda d: classifier(iterations=3).fit(d.x, d.names), _edge, CHAIN, **held),
        Case("catboost-in-pipeline", lambda d: make_pipeline(StandardScaler(), classifier(iterations=3)).fit(d.x, d.binary), lambda d, m: d.edge(), BINARY, **held),
        Case("catboost-in-search", lambda d: GridSearchCV(regressor(iterations=3), {"depth": [1, 2]}, cv=2).fit(d.x, d.y), lambda d, m: d.edge(), SCORES, **held),
    ]


def _refused() -> list:
    return [
        _case("text", _text, SCORES, None, _binary, refused=("text", "categories")),
    ]


def _text(d: object) -> object:
    frame = d.frame[["age"]].assign(words=d.documents[:48] * 2)
    return classifier(text_features=["words"]).fit(frame, d.binary)
