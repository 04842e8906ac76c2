"""Models trained by the real libraries, each time on other data, with a question and the library's own answers.

A model is described by a function of a random generator, so that a case is the same alone and among all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from compare import DOT, EQUAL

F32 = 1e-5


@dataclass
class Case:
    """A fitted model, rows that it did not see, and how far its answers may differ."""

    model: Any
    rows: Any
    tolerance: float = EQUAL
    flavor: str = "sklearn"
    save: dict[str, Any] = field(default_factory=dict)


SEEN, ASKED = 300, 40
NUMBERS = ["age", "income", "Größe (m)", "a b", "x.y", "_6"]


def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows to train on, and the rows to ask about."""
    return table.iloc[:SEEN], table.iloc[SEEN:].reset_index(drop=True)


def numbers(draw: np.random.Generator, missing: float = 0) -> pd.DataFrame:
    """Columns of different scale, with `missing` of the cells empty."""
    scale = 10.0 ** draw.integers(-3, 4, size=6)
    values = draw.normal(size=(SEEN + ASKED, 6)) * scale + scale * draw.normal(size=6)
    if missing:
        values[draw.random(values.shape) < missing] = np.nan
    return pd.DataFrame(values, columns=NUMBERS)


def mixed(draw: np.random.Generator) -> pd.DataFrame:
    """Numbers with gaps, and text columns."""
    table = numbers(draw, missing=0.1)
    table["city"] = draw.choice(["Lyon", "Oslo", "São Paulo", "東京"], size=len(table))
    table["plan"] = draw.choice(["free", "paid"], size=len(table))
    return table


def classes(table: pd.DataFrame, draw: np.random.Generator, count: int) -> np.ndarray:
    """Classes 0 … `count` (exclusive) that depend on the numbers."""
    values = table.select_dtypes("number").fillna(0).to_numpy()
    ranks = values.argsort(axis=0).argsort(axis=0) / len(values)
    score = ranks @ draw.normal(size=values.shape[1]) + 0.1 * draw.normal(size=len(values))
    return np.digitize(score, np.quantile(score, np.linspace(0, 1, count + 1)[1:-1]))


def amounts(table: pd.DataFrame, draw: np.random.Generator) -> np.ndarray:
    return classes(table, draw, 20) * 1.7 + draw.normal(size=len(table))


def classifier(model: Any, *, count: int = 3, labels: bool = False, missing: float = 0, **case: Any) -> Callable[[np.random.Generator], Case]:
    def make(draw: np.random.Generator) -> Case:
        seen, asked = split(numbers(draw, missing))
        answers = classes(seen, draw, count)
        if labels:
            answers = np.array(["low", "middle", "high", "très haut"])[answers]
        return Case(model().fit(seen, answers), asked, **case)

    return make


def regressor(model: Any, *, missing: float = 0, **case: Any) -> Callable[[np.random.Generator], Case]:
    def make(draw: np.random.Generator) -> Case:
        seen, asked = split(numbers(draw, missing))
        return Case(model().fit(seen, amounts(seen, draw)), asked, **case)

    return make


def table_pipeline(draw: np.random.Generator) -> Case:
    """The usual shape of a business model: text columns encoded, numbers imputed and scaled."""
    seen, asked = split(mixed(draw))
    asked.loc[3, "city"] = "Atlantis"
    prepare = ColumnTransformer(
        [
            ("text", OneHotEncoder(handle_unknown="ignore"), ["city", "plan"]),
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
        ]
    )
    model = make_pipeline(prepare, LogisticRegression(max_iter=500)).fit(seen, classes(seen, draw, 3))
    return Case(model, asked, DOT, save={"skops_trusted_types": ["numpy.dtype"]})


def table_boosting(draw: np.random.Generator) -> Case:
    """Ordinal codes and gaps, straight into XGBoost."""
    seen, asked = split(mixed(draw))
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    prepare = ColumnTransformer([("text", encode, ["city", "plan"])], remainder="passthrough")
    model = make_pipeline(prepare, xgb.XGBClassifier(n_estimators=20, max_depth=4, n_jobs=1)).fit(seen, classes(seen, draw, 3))
    return Case(model, asked, save={"serialization_format": "cloudpickle"})


def messages(draw: np.random.Generator) -> pd.DataFrame:
    words = ["refund", "late", "Parcel", "thanks", "it's", "naïve", "don't", "order", "ÜBER", "42", "再見", "a", "open", "close"]
    return pd.DataFrame({"text": [" ".join(draw.choice(words, size=draw.integers(1, 9))) for _ in range(SEEN + ASKED)]})


def documents(vectorizer: Any, model: Any, tolerance: float) -> Callable[[np.random.Generator], Case]:
    def make(draw: np.random.Generator) -> Case:
        seen, asked = split(messages(draw))
        answers = np.where(seen["text"].str.contains("refund"), "money", np.where(seen["text"].str.contains("order"), "order", "other"))
        return Case(make_pipeline(ColumnTransformer([("words", vectorizer(), "text")]), model()).fit(seen, answers), asked, tolerance)

    return make


def xgboost_booster(draw: np.random.Generator) -> Case:
    seen, asked = split(numbers(draw, 0.1))
    data = xgb.DMatrix(seen, label=classes(seen, draw, 3))
    model = xgb.train({"objective": "multi:softprob", "num_class": 3, "max_depth": 4, "nthread": 1}, data, num_boost_round=15)
    return Case(model, asked, F32, "xgboost")


def lightgbm_booster(draw: np.random.Generator) -> Case:
    seen, asked = split(numbers(draw, 0.1))
    data = lgb.Dataset(seen, label=amounts(seen, draw))
    model = lgb.train({"objective": "regression", "num_leaves": 15, "verbose": -1, "num_threads": 1}, data, num_boost_round=25)
    return Case(model, asked, EQUAL, "lightgbm")


def lightgbm_classifier() -> Any:
    return lgb.LGBMClassifier(n_estimators=15, num_leaves=15, verbose=-1, n_jobs=1)


PICKLED = {"serialization_format": "cloudpickle"}
CASES: dict[str, Callable[[np.random.Generator], Case]] = {
    "logistic-regression": classifier(lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), tolerance=DOT),
    "logistic-regression-binary-text-labels": classifier(
        lambda: make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=500)), count=2, labels=True, tolerance=DOT
    ),
    "linear-regression": regressor(LinearRegression, tolerance=DOT),
    "linear-svc": classifier(lambda: make_pipeline(StandardScaler(), LinearSVC()), labels=True, tolerance=DOT),
    "text-and-numbers": table_pipeline,
    "text-and-gaps-xgboost": table_boosting,
    "tf-idf": documents(lambda: TfidfVectorizer(ngram_range=(1, 2)), lambda: LogisticRegression(max_iter=500), DOT),
    "count-words": documents(CountVectorizer, lambda: LogisticRegression(max_iter=500), DOT),
    "count-characters": documents(lambda: CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)), lambda: LogisticRegression(max_iter=500), DOT),
    "decision-tree": classifier(lambda: DecisionTreeClassifier(max_depth=6), labels=True, save=PICKLED),
    "random-forest": classifier(lambda: RandomForestClassifier(25, max_depth=8), labels=True, save=PICKLED),
    "random-forest-regressor": regressor(lambda: RandomForestRegressor(20, max_depth=8), save=PICKLED),
    "extra-trees": classifier(lambda: ExtraTreesClassifier(20, max_depth=8), count=4, save=PICKLED),
    "gradient-boosting": classifier(lambda: GradientBoostingClassifier(n_estimators=15), save=PICKLED),
    "hist-gradient-boosting": classifier(lambda: HistGradientBoostingClassifier(max_iter=15), missing=0.1, save=PICKLED),
    "hist-gradient-boosting-regressor": regressor(lambda: HistGradientBoostingRegressor(max_iter=15), missing=0.1, save=PICKLED),
    "xgboost-classifier": classifier(lambda: xgb.XGBClassifier(n_estimators=15, max_depth=5, n_jobs=1), missing=0.1, flavor="xgboost"),
    "xgboost-binary": classifier(lambda: xgb.XGBClassifier(n_estimators=15, max_depth=5, n_jobs=1), count=2, flavor="xgboost"),
    "xgboost-regressor": regressor(lambda: xgb.XGBRegressor(n_estimators=15, max_depth=5, n_jobs=1), missing=0.1, flavor="xgboost"),
    "xgboost-booster": xgboost_booster,
    "lightgbm-classifier-pickled": classifier(lightgbm_classifier, labels=True, missing=0.1, flavor="lightgbm", save=PICKLED),
    "lightgbm-booster": lightgbm_booster,
}
