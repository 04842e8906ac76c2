"""Microseconds a row of CatBoost's own answers, one thread, at several batch sizes, as JSON lines.

Rows are asked as people have them (an array, or a frame when there are categories), and as a `Pool` made before the clock runs.

Usage: python catboost_library.py MODELS
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from catboost import CatBoost, Pool

BATCHES = (1, 32, 1_000, 20_000)
SECONDS = 0.3
KINDS = {"predict_proba": "Probability", "margin": "RawFormulaVal"}


def best(call: Callable[[], object], rows: int) -> float:
    """The fastest of the calls that fit into the time, as microseconds a row."""
    call()
    least, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - begin)
    return round(least / rows * 1e6, 4)


def main() -> None:
    models = Path(sys.argv[1])
    for line in (models / "scenarios.tsv").read_text().splitlines():
        name, file, method, where, count = line.split("\t")
        rows = np.load(models / where)
        categories = list(range(rows.shape[1] - int(count), rows.shape[1]))
        if categories:
            rows = pd.DataFrame(rows)
            rows[categories] = rows[categories].astype(int)
        model = CatBoost().load_model(str(models / file))
        figures = {"catboost": {}, "catboost Pool": {}}
        for size in BATCHES:
            batch = rows[:size]
            pool = Pool(batch, cat_features=categories or None)
            for engine, asked in (("catboost", batch), ("catboost Pool", pool)):
                took = best(lambda asked=asked: model.predict(asked, prediction_type=KINDS[method], thread_count=1), size)
                figures[engine][str(size)] = took
        for engine, took in figures.items():
            print(json.dumps({"model": name, "engine": engine, "us_per_row": took}), flush=True)


if __name__ == "__main__":
    main()
