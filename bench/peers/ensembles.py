"""Microseconds a row of the libraries' own predictions, one thread, for every ensemble, as JSON lines.

Usage: OMP_NUM_THREADS=1 python ensembles.py MODELS [WORD]
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import lightgbm as lgb
import numpy as np
import xgboost as xgb

BATCHES = (1, 32, 1_000, 20_000)
SECONDS = 0.3

Call = Callable[[np.ndarray], object]


def best(call: Callable[[], object], rows: int) -> float:
    """The fastest of the calls that fit into the time, as microseconds a row."""
    call()
    least, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - begin)
    return round(least / rows * 1e6, 4)


def engines(file: Path, method: str) -> Iterator[tuple[str, Call]]:
    """The ways in which a library answers."""
    if file.suffix == ".ubj":
        booster = xgb.Booster(model_file=file)
        booster.set_param({"nthread": 1})
        types = booster.feature_types
        categories = types is not None and "c" in types
        yield (
            "xgboost DMatrix",
            lambda rows: booster.predict(xgb.DMatrix(rows, nthread=1, feature_types=types if categories else None, enable_categorical=categories)),
        )
        if not categories:
            yield "xgboost", booster.inplace_predict
    elif file.suffix == ".txt":
        light = lgb.Booster(model_file=file)
        yield "lightgbm", lambda rows: light.predict(rows, num_threads=1)
    else:
        yield "scikit-learn", getattr(joblib.load(file), method)


def main() -> None:
    warnings.simplefilter("ignore")
    models = Path(sys.argv[1])
    word = sys.argv[2] if len(sys.argv) > 2 else ""
    for line in (models / "scenarios.tsv").read_text().splitlines():
        name, file, method, rows_file = line.split("\t")
        if word not in name:
            continue
        rows = np.load(models / rows_file)
        for engine, call in engines(models / file, method):
            figures = {}
            for count in BATCHES:
                batch = np.ascontiguousarray(rows[:count])
                figures[str(count)] = best(lambda batch=batch, call=call: call(batch), count)
            print(json.dumps({"model": name, "engine": engine, "us_per_row": figures}), flush=True)


if __name__ == "__main__":
    main()
