"""Microseconds a row of the tree engines people use, one thread, at several batch sizes, as JSON lines.

Usage: OMP_NUM_THREADS=1 python trees.py MODELS
"""

import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import joblib
import lightgbm as lgb
import numpy as np
import onnxruntime
import tl2cgen
import treelite
import xgboost as xgb
from catboost import CatBoostClassifier
from skl2onnx import to_onnx

BATCHES = (1, 32, 1_000, 20_000)
SECONDS = 1.0


def best(call: Callable[[], object], rows: int) -> float:
    """The fastest of the calls that fit into a second, as microseconds a row."""
    call()
    least, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - begin)
    return round(least / rows * 1e6, 4)


def measure(model: str, engine: str, call: Callable[[np.ndarray], object], rows: np.ndarray) -> None:
    figures = {}
    for count in BATCHES:
        batch = np.ascontiguousarray(rows[:count])
        figures[str(count)] = best(lambda batch=batch: call(batch), count)
    print(json.dumps({"model": model, "engine": engine, "us_per_row": figures}), flush=True)


def compiled(model: treelite.Model, folder: str) -> tl2cgen.Predictor:
    library = Path(folder) / "model.so"
    tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={"parallel_comp": 8, "quantize": 1})
    return tl2cgen.Predictor(library, nthread=1)


def main() -> None:
    warnings.simplefilter("ignore")
    models = Path(sys.argv[1])
    narrow = np.load(models / "rows.npy")
    wide = narrow.astype(np.float64)

    booster = xgb.Booster(model_file=models / "xgboost.ubj")
    booster.set_param({"nthread": 1})
    measure("xgboost 500x6", "xgboost", booster.inplace_predict, narrow)
    light = lgb.Booster(model_file=models / "lightgbm.txt")
    measure("lightgbm 500x63", "lightgbm", lambda rows: light.predict(rows, num_threads=1), wide)
    forest = joblib.load(models / "forest.joblib")
    forest.n_jobs = 1
    measure("forest 100x12", "scikit-learn", forest.predict_proba, narrow)

    symmetric = CatBoostClassifier().load_model(str(models / "catboost.cbm"))
    measure("catboost 500x6", "catboost", lambda rows: symmetric.predict_proba(rows, thread_count=1), narrow)

    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = 1
    graph = to_onnx(forest, narrow[:1], options={"zipmap": False}).SerializeToString()
    session = onnxruntime.InferenceSession(graph, session_options)
    measure("forest 100x12", "onnxruntime", lambda rows: session.run(None, {"X": rows}), narrow)

    for name, model, rows in (
        ("xgboost 500x6", treelite.frontend.from_xgboost(booster), narrow),
        ("lightgbm 500x63", treelite.frontend.from_lightgbm(light), wide),
    ):
        measure(name, "treelite", lambda batch, model=model: treelite.gtil.predict(model, batch, nthread=1), rows)
        with tempfile.TemporaryDirectory() as folder:
            predictor = compiled(model, folder)
            measure(name, "tl2cgen", lambda batch, predictor=predictor: predictor.predict(tl2cgen.DMatrix(batch)), rows)


if __name__ == "__main__":
    main()
