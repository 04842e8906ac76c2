"""Train the campus recruitment ranker and save it as an MLflow model folder.

One row is one student who applies; the answer is the rank to expect among the year's applicants, from 0 (last) to 1 (first).
Sort by it.

The students are invented, by rules that `students` and `merit` state, so nobody's record is in here.

Usage: python train.py [OUT]        (OUT is `model` beside this file when absent)
"""

import shutil
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBRegressor

HERE = Path(__file__).resolve().parent
TEXT = ["degree", "specialisation", "work_experience"]
NUMBERS = ["secondary_percent", "higher_secondary_percent", "degree_percent", "aptitude_percent", "projects", "backlogs"]


def students(count: int, seed: int) -> pd.DataFrame:
    """`count` invented students: marks are correlated through one hidden talent, everything else is drawn on its own."""
    draw = np.random.default_rng(seed)
    talent = draw.normal(size=count)

    def marks(mean: float, spread: float) -> np.ndarray:
        return np.clip(mean + spread * (0.7 * talent + 0.7 * draw.normal(size=count)), 35, 99).round(1)

    return pd.DataFrame(
        {
            "degree": draw.choice(["science_technology", "commerce_management", "arts"], size=count, p=[0.45, 0.4, 0.15]),
            "specialisation": draw.choice(["finance", "human_resources", "analytics"], size=count, p=[0.4, 0.35, 0.25]),
            "work_experience": draw.choice(["none", "internship", "full_time"], size=count, p=[0.5, 0.35, 0.15]),
            "secondary_percent": marks(67, 10),
            "higher_secondary_percent": marks(66, 10),
            "degree_percent": marks(66, 8),
            "aptitude_percent": marks(72, 13),
            "projects": draw.poisson(1.5, size=count).astype(float),
            "backlogs": draw.poisson(0.4, size=count).astype(float),
        }
    )


def merit(rows: pd.DataFrame, seed: int) -> pd.Series:
    """What recruiters look at here: a weighted sum, a bonus for analytics with good aptitude, and some noise."""
    experience = rows["work_experience"].map({"none": 0.0, "internship": 6.0, "full_time": 10.0})
    bonus = np.where((rows["specialisation"] == "analytics") & (rows["aptitude_percent"] > 75), 5.0, 0.0)
    marks = 0.2 * rows["secondary_percent"] + 0.2 * rows["higher_secondary_percent"] + 0.35 * rows["degree_percent"]
    work = 0.25 * rows["aptitude_percent"] + 2.5 * np.minimum(rows["projects"], 4) - 4 * rows["backlogs"]
    return marks + work + experience + bonus + np.random.default_rng(seed).normal(scale=2, size=len(rows))


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "model"
    rows = students(3000, seed=1)
    rank = merit(rows, seed=2).rank(pct=True)
    seen, unseen, seen_rank, unseen_rank = train_test_split(rows, rank, test_size=0.25, random_state=0)

    encode = ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), TEXT)], remainder="passthrough")
    # The logistic objective keeps every answer between 0 and 1.
    ranker = XGBRegressor(objective="reg:logistic", n_estimators=100, max_depth=4, learning_rate=0.15, n_jobs=1, random_state=0)
    model = make_pipeline(encode, ranker)
    model.fit(seen, seen_rank)
    print(f"mean error on {len(unseen)} unseen students: {mean_absolute_error(unseen_rank, model.predict(unseen)):.3f}")

    shutil.rmtree(out, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        out,
        signature=infer_signature(rows, model.predict(rows)),
        input_example=rows.head(2),
        pip_requirements=str(HERE / "requirements.txt"),
        serialization_format="pickle",
    )


if __name__ == "__main__":
    main()
