"""Tree ensembles on one thread: the peers in their own environment, Longshore by its own benchmark."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = "cargo bench --quiet -p longshore-engine --bench trees"


def lines(text: str) -> list[dict]:
    """The JSON lines among what a benchmark printed."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def measure(folder: Path, ours: str) -> list[dict]:
    """`{model, engine, us_per_row: {rows: microseconds}}` of every engine, best of several runs each."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LONGSHORE_BENCH_MODELS": str(folder / "models/trees")}
    python = folder / "peers/bin/python"
    peers = subprocess.run(
        [python, "-B", HERE / "peers/trees.py", folder / "models/trees"], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    found = lines(peers.stdout)
    if ours:
        done = subprocess.run(shlex.split(ours), cwd=HERE.parent, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        found = lines(done.stdout) + found
    return sorted(found, key=lambda row: row["model"])
