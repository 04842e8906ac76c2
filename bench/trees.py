"""Tree ensembles on one thread: the peers in their own environment, Longshore by its own benchmark."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = "cargo bench --quiet -p longshore-engine --bench trees"
OURS_OF_CATBOOST = "cargo bench --quiet -p longshore-engine --bench catboost"


def lines(text: str) -> list[dict]:
    """The JSON lines among what a benchmark printed."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def one_core() -> None:
    """Keep a process on one core: Longshore spreads large batches over those it may use."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run(command: list, models: Path) -> list[dict]:
    """What a benchmark of these models prints, on one core and by one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LONGSHORE_BENCH_MODELS": str(models)}
    done = subprocess.run(command, cwd=HERE.parent, env=environment, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=one_core)
    return lines(done.stdout)


def measure(folder: Path, ours: str, scenario: str) -> list[dict]:
    """`{model, engine, us_per_row: {rows: microseconds}}` of every engine, best of several runs each."""
    models = folder / "models" / scenario
    found = run([folder / "peers/bin/python", "-B", HERE / f"peers/{scenario}.py", models], models)
    if ours == OURS:
        # built on all cores
        subprocess.run([*shlex.split(ours), "--no-run"], cwd=HERE.parent, check=True)
    if ours:
        found = run(shlex.split(ours), models) + found
    return sorted(found, key=lambda row: row["model"])


def beside(python: Path, peer: Path, models: Path, ours: str) -> list[dict]:
    """The figures of a library and of Longshore in turn, twice: the least of each, since other work on the machine only adds."""
    if ours == OURS_OF_CATBOOST:
        # built on all cores
        subprocess.run([*shlex.split(ours), "--no-run"], cwd=HERE.parent, check=True)
    least: dict[tuple[str, str], dict] = {}
    for _ in range(2):
        for row in (run(shlex.split(ours), models) if ours else []) + run([python, "-B", peer, models], models):
            known = least.setdefault((row["model"], row["engine"]), row)
            known["us_per_row"] = {size: min(took, row["us_per_row"][size]) for size, took in known["us_per_row"].items()}
    return sorted(least.values(), key=lambda row: row["model"])
