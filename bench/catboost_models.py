"""Train CatBoost's kinds of trees, for the engines alone: models, rows, and a table of what is measured.

Usage: python catboost_models.py OUT
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier
from sklearn.datasets import make_classification

ROWS = 20_000
COLUMNS = 30
CATEGORIES = (3, 8, 30, 200, 2_000)
"""Of how many values each column of categories is: the first two become one-hot splits, the others CTRs."""


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True)
    random = np.random.default_rng(7)
    rows, second = make_classification(ROWS, COLUMNS, n_informative=18, random_state=7)
    rows = np.ascontiguousarray(rows, dtype=np.float32)
    of_four = (rows[:, 0] > 0) + 2 * (rows[:, 1] > 0)
    codes = np.stack([random.integers(0, count, ROWS) for count in CATEGORIES], axis=1)
    effect = sum(random.normal(size=count)[codes[:, at]] for at, count in enumerate(CATEGORIES))
    learnt = (effect + 2 * (second - 0.5) + random.normal(size=ROWS) / 2 > 0).astype(int)
    mixed = rows.copy()
    mixed[:, COLUMNS - len(CATEGORIES) :] = codes
    np.save(out / "rows.npy", rows)
    np.save(out / "mixed.npy", mixed)
    frame = pd.DataFrame(mixed)
    named = list(range(COLUMNS - len(CATEGORIES), COLUMNS))
    frame[named] = frame[named].astype(int)

    scenarios = []
    for name, data, target, count, options in (
        ("catboost 200x6", rows, second, 0, {}),
        ("catboost of 4 classes 200x6", rows, of_four, 0, {}),
        ("catboost with 5 categories 200x6", frame, learnt, len(named), {"cat_features": named, "one_hot_max_size": 10}),
        ("catboost depthwise 200x6", rows, second, 0, {"grow_policy": "Depthwise"}),
        ("catboost lossguide 200x31", rows, second, 0, {"grow_policy": "Lossguide"}),
    ):
        file = name.replace(" ", "-") + ".cbm"
        model = CatBoostClassifier(**{"iterations": 200, "depth": 6, "thread_count": 2, "verbose": False, "allow_writing_files": False} | options)
        model.fit(data, target).save_model(str(out / file))
        where = "mixed.npy" if count else "rows.npy"
        scenarios += [(name, file, "predict_proba", where, count), (name + ", raw", file, "margin", where, count)]
    lines = ["\t".join(map(str, scenario)) for scenario in scenarios]
    (out / "scenarios.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
