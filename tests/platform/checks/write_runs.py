"""Writes runs with MLflow's client by so many threads until its input ends, then reads all of them back and says what became of them.

usage: write_runs.py THREADS
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections import Counter

from mlflow import MlflowClient
from mlflow.entities import Metric

STEPS = 3
client = MlflowClient()
experiment = client.create_experiment(f"written-{uuid.uuid4().hex}")
stop = threading.Event()
names: list[str] = []
failed: list[str] = []
longest = [0.0]


def timed(call, *arguments, **named):
    begun = time.monotonic()
    try:
        return call(*arguments, **named)
    finally:
        longest[0] = max(longest[0], time.monotonic() - begun)


def write() -> None:
    while not stop.is_set():
        name = uuid.uuid4().hex
        try:
            run = timed(client.create_run, experiment, run_name=name).info.run_id
            for step in range(STEPS):
                timed(client.log_metric, run, "one", step, step=step)
            timed(client.log_batch, run, [Metric("many", step, 1, step) for step in range(STEPS)])
            timed(client.set_terminated, run)
            names.append(name)
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}"[:300])


def all_runs() -> list:
    runs, token = [], None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        runs += page
        if not (token := page.token):
            return runs


def is_whole(run) -> bool:
    if run.info.status != "FINISHED":
        return False
    steps = [sorted(metric.step for metric in client.get_metric_history(run.info.run_id, key)) for key in ("one", "many")]
    return steps == [list(range(STEPS))] * 2


threads = [threading.Thread(target=write) for _ in range(int(sys.argv[1]))]
print("writing", flush=True)
for thread in threads:
    thread.start()
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
found = all_runs()
times = Counter(run.info.run_name for run in found)
wrong = [f"{name}: there {times[name]} times" for name in {*names, *times} if times[name] != 1]
wrong += [f"{run.info.run_name}: not as it was written" for run in found if run.info.run_name in set(names) and not is_whole(run)]
print(json.dumps({"runs": len(names), "failed": failed, "wrong": wrong, "longest": longest[0]}))
