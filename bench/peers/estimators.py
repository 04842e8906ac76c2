"""Microseconds a row of scikit-learn on one thread, at several batch sizes, as JSON lines.

Usage: OMP_NUM_THREADS=1 python estimators.py MODELS SCENARIO
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
from scipy import sparse

BATCHES = (1, 32, 1_000, 20_000)
SECONDS = 1.0


def best(call: Callable[[], object], rows: int) -> float:
    """The fastest of the calls that fit into a second, as microseconds a row."""
    least, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - begin)
    return round(least / rows * 1e6, 4)


def main() -> None:
    warnings.simplefilter("ignore")
    folder, scenario = Path(sys.argv[1]), sys.argv[2]
    for entry in json.loads((folder / "models.json").read_text()):
        if entry["scenario"] != scenario:
            continue
        call = getattr(joblib.load(folder / entry["file"]), entry["method"])
        rows = np.load(folder / f"{entry['rows']}.npy")
        figures = {}
        for count in BATCHES:
            batch = rows[:count]
            if entry["rows"] == "thin":
                batch = sparse.csr_matrix(batch)
            figures[str(count)] = best(lambda batch=batch: call(batch), count)
        print(json.dumps({"model": entry["name"], "engine": "scikit-learn", "us_per_row": figures}), flush=True)


if __name__ == "__main__":
    main()
