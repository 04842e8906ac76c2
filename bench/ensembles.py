"""Train an ensemble of every kind, for the engines alone: models, rows, and a table of what is measured with which.

Usage: python ensembles.py OUT
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import lightgbm as lgb
import numpy as np
import xgboost as xgb
from sklearn import ensemble, tree
from sklearn.datasets import make_classification

ROWS = 20_000
COLUMNS = 28
CLASSES = 5
CATEGORICAL = list(range(8))
"""Columns of the rows with categories that hold one of 50."""

Scenario = tuple[str, str, str, Callable[[], object]]
"""Name, rows, method, and what makes the model."""


class Data:
    """The rows by name, and what is to be learnt from them."""

    def __init__(self) -> None:
        random = np.random.default_rng(11)
        rows, self.classes = make_classification(ROWS, COLUMNS, n_informative=18, n_classes=CLASSES, random_state=7)
        self.second = (self.classes + random.integers(0, 2, ROWS)) % 2
        self.value = rows[:, :6].sum(axis=1) + rows[:, 6] * rows[:, 7] + random.normal(size=ROWS)
        self.targets = np.stack([self.value, self.value * rows[:, 8], rows[:, 9] ** 2], axis=1)
        missing = np.where(random.random(rows.shape) < 0.1, np.nan, rows)
        categories = rows.copy()
        categories[:, CATEGORICAL] = np.floor(random.random((ROWS, len(CATEGORICAL))) * 50)
        effect = random.normal(size=(len(CATEGORICAL), 50))
        of_rows = effect[np.arange(len(CATEGORICAL)), categories[:, CATEGORICAL].astype(int)].sum(axis=1)
        self.second_of_categories = (of_rows + rows[:, 10] > 0).astype(int)
        self.rows = {
            "f64": rows,
            "f32": np.ascontiguousarray(rows, dtype=np.float32),
            "missing64": missing,
            "missing32": np.ascontiguousarray(missing, dtype=np.float32),
            "categories64": categories,
            "categories32": np.ascontiguousarray(categories, dtype=np.float32),
        }


def scikit_learn(data: Data) -> Iterator[Scenario]:
    rows, part = data.rows["f32"], slice(0, 5_000)
    forest = {"n_jobs": 1, "random_state": 0}
    yield (
        "extra trees 100x12",
        "f32",
        "predict_proba",
        lambda: ensemble.ExtraTreesClassifier(100, max_depth=12, **forest).fit(rows, data.second),
    )
    yield (
        "forest grown whole, 100",
        "f32",
        "predict_proba",
        lambda: ensemble.RandomForestClassifier(100, **forest).fit(rows, data.classes),
    )
    yield (
        "forest of values grown whole, 50",
        "f32",
        "predict",
        lambda: ensemble.RandomForestRegressor(50, max_features=9, **forest).fit(rows, data.value),
    )
    yield (
        "forest of 3 targets, 100x12",
        "f32",
        "predict",
        lambda: ensemble.RandomForestRegressor(100, max_depth=12, max_features=9, **forest).fit(rows, data.targets),
    )
    yield (
        "gradient boosting 200x3",
        "f32",
        "predict_proba",
        lambda: ensemble.GradientBoostingClassifier(n_estimators=200, max_features=9, random_state=0).fit(rows[part], data.second[part]),
    )
    yield (
        "gradient boosting 5 classes, 100x3",
        "f32",
        "predict_proba",
        lambda: ensemble.GradientBoostingClassifier(n_estimators=100, max_features=9, random_state=0).fit(rows[part], data.classes[part]),
    )
    yield (
        "gradient boosting of values 200x5",
        "f32",
        "predict",
        lambda: ensemble.GradientBoostingRegressor(n_estimators=200, max_depth=5, max_features=9, random_state=0).fit(rows[part], data.value[part]),
    )
    for name, rows_name, learnt, options in (
        ("hist gradient boosting 200x31", "f64", data.second, {}),
        ("hist gradient boosting 5 classes, 100x31", "f64", data.classes, {"max_iter": 100}),
        ("hist gradient boosting with NaN 200x31", "missing64", data.second, {}),
        ("hist gradient boosting with categories 200x31", "categories64", data.second_of_categories, {"categorical_features": CATEGORICAL}),
    ):
        yield (
            name,
            rows_name,
            "predict_proba",
            lambda rows_name=rows_name, learnt=learnt, options=options: ensemble.HistGradientBoostingClassifier(
                **{"max_iter": 200, "early_stopping": False, "random_state": 0} | options
            ).fit(data.rows[rows_name], learnt),
        )
    yield "isolation forest 100", "f32", "decision_function", lambda: ensemble.IsolationForest(random_state=0).fit(rows)
    yield (
        "adaboost 100 stumps",
        "f32",
        "predict_proba",
        lambda: ensemble.AdaBoostClassifier(n_estimators=100, random_state=0).fit(rows[part], data.second[part]),
    )
    yield (
        "adaboost of values 50x3",
        "f32",
        "predict",
        lambda: ensemble.AdaBoostRegressor(n_estimators=50, random_state=0).fit(rows[part], data.value[part]),
    )
    yield (
        "bagging 50x12",
        "f32",
        "predict_proba",
        lambda: ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=12), 50, n_jobs=1, random_state=0).fit(rows, data.second),
    )
    yield (
        "bagging of columns 50x12",
        "f32",
        "predict_proba",
        lambda: ensemble.BaggingClassifier(
            tree.DecisionTreeClassifier(max_depth=12), 50, max_features=0.6, bootstrap_features=True, n_jobs=1, random_state=0
        ).fit(rows, data.second),
    )
    yield (
        "bagging of forests 5x20x8",
        "f32",
        "predict_proba",
        lambda: ensemble.BaggingClassifier(ensemble.RandomForestClassifier(20, max_depth=8), 5, n_jobs=1, random_state=0).fit(rows, data.second),
    )
    yield (
        "voting forests 2x50x10",
        "f32",
        "predict_proba",
        lambda: ensemble.VotingClassifier(
            [
                ("random", ensemble.RandomForestClassifier(50, max_depth=10, **forest)),
                ("extra", ensemble.ExtraTreesClassifier(50, max_depth=10, **forest)),
            ],
            voting="soft",
            n_jobs=1,
        ).fit(rows, data.second),
    )
    yield "random trees embedding 100x5", "f32", "transform", lambda: ensemble.RandomTreesEmbedding(100, random_state=0).fit(rows[part])
    yield "decision tree 12", "f32", "predict_proba", lambda: tree.DecisionTreeClassifier(max_depth=12, random_state=0).fit(rows, data.classes)


def boosters(data: Data) -> Iterator[Scenario]:
    boosted = {"max_depth": 6, "tree_method": "hist", "nthread": 1, "objective": "binary:logistic"}
    several = boosted | {"objective": "multi:softprob", "num_class": CLASSES}
    kinds = ["c" if at in CATEGORICAL else "q" for at in range(COLUMNS)]
    for name, rows, learnt, rounds, options in (
        ("xgboost of f64 500x6", "f64", data.second, 500, boosted),
        ("xgboost 5 classes, 100x6", "f32", data.classes, 100, several),
        ("xgboost 5 classes in vector leaves, 100x6", "f32", data.classes, 100, several | {"multi_strategy": "multi_output_tree"}),
        ("xgboost with NaN 500x6", "missing32", data.second, 500, boosted),
        ("xgboost dart 100x6", "f32", data.second, 100, boosted | {"booster": "dart", "rate_drop": 0.1}),
        ("xgboost exact 200x10", "f32", data.second, 200, boosted | {"tree_method": "exact", "max_depth": 10}),
        ("xgboost with categories 200x6", "categories32", data.second_of_categories, 200, boosted),
    ):

        def train(rows: str = rows, learnt: np.ndarray = learnt, rounds: int = rounds, options: dict = options) -> xgb.Booster:
            types = kinds if rows.startswith("categories") else None
            matrix = xgb.DMatrix(data.rows[rows], learnt, feature_types=types, enable_categorical=types is not None)
            return xgb.train(options, matrix, rounds)

        yield name, rows, "predict", train
    light = {"objective": "binary", "num_threads": 1, "verbose": -1, "num_leaves": 63}
    for name, rows, learnt, rounds, options in (
        ("lightgbm of f64 500x63", "f64", data.second, 500, light),
        ("lightgbm of f64 200x255", "f64", data.second, 200, light | {"num_leaves": 255}),
        ("lightgbm 5 classes, 100x31", "f64", data.classes, 100, light | {"objective": "multiclass", "num_class": CLASSES, "num_leaves": 31}),
        ("lightgbm with NaN 500x63", "missing64", data.second, 500, light),
        ("lightgbm with categories 200x63", "categories64", data.second_of_categories, 200, light),
        ("lightgbm of linear trees 100x31", "f64", data.second, 100, light | {"linear_tree": True, "num_leaves": 31}),
        (
            "lightgbm rf 100x63",
            "f64",
            data.second,
            100,
            light | {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "feature_fraction": 0.6},
        ),
    ):

        def train(rows: str = rows, learnt: np.ndarray = learnt, rounds: int = rounds, options: dict = options) -> lgb.Booster:
            categorical = CATEGORICAL if rows.startswith("categories") else []
            return lgb.train(options, lgb.Dataset(data.rows[rows], learnt, categorical_feature=categorical), rounds)

        yield name, rows, "predict", train


def write(model: object, place: Path) -> str:
    """Write a model as its library does; gives the file's name."""
    kind = {xgb.Booster: ".ubj", lgb.Booster: ".txt"}.get(type(model), ".joblib")
    file = place.with_name(place.name + kind)
    if kind == ".joblib":
        joblib.dump(model, file)
    else:
        model.save_model(file)
    return file.name


def main() -> None:
    warnings.simplefilter("ignore")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    data = Data()
    for name, rows in data.rows.items():
        np.save(out / f"{name}.npy", rows)
    lines = []
    for scenarios in (scikit_learn, boosters):
        for name, rows, method, make in scenarios(data):
            place = "".join(letter if letter.isalnum() else "-" for letter in name)
            lines.append("\t".join((name, write(make(), out / place), method, f"{rows}.npy")))
            print(name, file=sys.stderr, flush=True)
    (out / "scenarios.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
