#!/usr/bin/env python3
"""Measure many small models in one process: the memory they take, and how long an evicted one takes to answer."""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import joblib  # noqa: E402
import numpy as np  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from process import free_port, memory_mb  # noqa: E402

COLUMNS = 10
KINDS = {
    "linear": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "forest": lambda: RandomForestClassifier(10, max_depth=5, random_state=0),
}


def make(folder: Path, kind: str, count: int) -> tuple[int, list]:
    """Fit one model, copy it `count` times, and give its size and a row to ask."""
    draw = np.random.default_rng(0)
    values = draw.normal(size=(300, COLUMNS))
    model = KINDS[kind]().fit(values, values[:, 0] > 0)
    first = folder / "m0"
    first.mkdir()
    joblib.dump(model, first / "model.joblib")
    for number in range(1, count):
        shutil.copytree(first, folder / f"m{number}")
    return (first / "model.joblib").stat().st_size, values[0].tolist()


class Asked:
    """One connection, and the milliseconds that each answer took."""

    def __init__(self, port: int, row: list) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.body = json.dumps({"instances": [row]})

    def ask(self, number: int) -> float:
        begun = time.perf_counter()
        self.connection.request("POST", f"/v1/models/m{number}:predict", self.body)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"m{number} answered {answer.status}: {text!r}")
        return (time.perf_counter() - begun) * 1e3

    def metric(self, name: str) -> int:
        self.connection.request("GET", "/metrics")
        lines = self.connection.getresponse().read().decode().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))


def started(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.002)
    raise RuntimeError("the server did not start")


def quantiles(times: list[float]) -> str:
    ordered = sorted(times)
    return " / ".join(f"{ordered[min(len(ordered) - 1, int(len(ordered) * part))]:.1f}" for part in (0.5, 0.99, 1))


def measure(binary: Path, folder: Path, row: list, count: int, budget: int | None) -> dict[str, str]:
    """Ask every model once, then each tenth again."""
    port = free_port()
    flags = [] if budget is None else [f"--max-loaded-bytes={budget}"]
    command = [binary, "serve", f"--model-dir={folder}", f"--port={port}", "--log=warn", *flags]
    begun = time.perf_counter()
    with subprocess.Popen(command) as server:
        try:
            started(port)
            start = time.perf_counter() - begun
            registered = memory_mb(server.pid)["rss"]
            asked = Asked(port, row)
            first = [asked.ask(number) for number in range(count)]
            loaded = memory_mb(server.pid)["rss"]
            again = [asked.ask(number) for number in range(0, count, 10)]
            return {
                "budget": "none reached" if budget is None else f"{budget / 1e6:.0f} MB",
                "ready after": f"{start * 1e3:.0f} ms",
                "RSS, none loaded": f"{registered:.0f} MB",
                "RSS, all asked": f"{loaded:.0f} MB",
                "loaded, estimated": f"{asked.metric('longshore_serve_models_loaded_bytes') / 1e6:.0f} MB",
                "evictions": str(asked.metric("longshore_serve_model_evictions_total")),
                "first answers, ms": quantiles(first),
                "asked again, ms": quantiles(again),
            }
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", nargs="?", type=Path, default=HERE.parent / "target/release/longshore", help="the longshore to measure")
    parser.add_argument("--models", type=int, default=10_000, help="how many")
    parser.add_argument("--budget", type=int, default=20_000_000, help="bytes of --max-loaded-bytes in the run that evicts")
    given = parser.parse_args()
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as work:
            size, row = make(Path(work), kind, given.models)
            print(f"\n{given.models} models, {kind}, files of {size} bytes; times are p50 / p99 / max")
            for budget in (None, given.budget):
                for name, value in measure(given.binary.resolve(), Path(work), row, given.models, budget).items():
                    print(f"  {name:<20}{value}")


if __name__ == "__main__":
    main()
