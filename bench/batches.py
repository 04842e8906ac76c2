#!/usr/bin/env python3
"""Measure where batches pay: a large forest, asked for one row a request over many connections, with and without them."""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import joblib  # noqa: E402
import numpy as np  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402

from process import free_port  # noqa: E402

COLUMNS = 28
# Other rows take other ways through the trees: one row again and again would find its way in the processor's caches.
ROWS = 2000
FLAGS = {"alone": [], "batches": ["--max-batch-size", "32"], "with 1 ms": ["--max-batch-size", "32", "--max-batch-delay", "1ms"]}
SCRIPT = """
local rows, at = {}, 0
for line in io.lines("%s") do rows[#rows + 1] = line end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  at = at %% #rows + 1
  return wrk.format(nil, nil, nil, rows[at])
end
"""


def make(folder: Path, trees: int) -> None:
    """Fit a forest whose trees are as deep as they become."""
    draw = np.random.default_rng(1)
    values = draw.normal(size=(20_000, COLUMNS))
    noisy = values[:, :5].sum(axis=1) + 2 * draw.normal(size=len(values)) > 0
    joblib.dump(RandomForestClassifier(trees, n_jobs=-1, random_state=1).fit(values, noisy), folder / "forest.joblib")
    asked = draw.normal(size=(ROWS, COLUMNS)).tolist()
    (folder / "rows").write_text("".join(json.dumps({"instances": [row]}) + "\n" for row in asked))
    (folder / "load.lua").write_text(SCRIPT % (folder / "rows"))


def processor_seconds(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as reply:
        return float(re.search(r"^process_cpu_seconds_total (\S+)", reply.read().decode(), re.MULTILINE)[1])


def load(port: int, folder: Path, connections: int, seconds: int) -> tuple[float, float]:
    """Requests a second, and microseconds of processor time for each."""
    before = processor_seconds(port)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(folder / "load.lua"), f"http://127.0.0.1:{port}/v1/models/forest:predict"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(text)
    count = int(re.search(r"(\d+) requests in", text)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), (processor_seconds(port) - before) * 1e6 / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", nargs="?", type=Path, default=HERE.parent / "target/release/longshore")
    parser.add_argument("--trees", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=3, help="seconds of load for each server in each round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median is shown")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make(folder, given.trees)
        servers, ports, found = [], {}, {name: [] for name in FLAGS}
        try:
            for name, flags in FLAGS.items():
                ports[name] = free_port()
                command = [given.binary, "serve", f"forest={folder / 'forest.joblib'}", "--port", str(ports[name]), "--log", "warn", *flags]
                servers.append(subprocess.Popen(command))
            for port in ports.values():
                retry = ["curl", "-fso", "/dev/null", "--retry", "100", "--retry-connrefused", "--retry-delay", "1", f"http://127.0.0.1:{port}/health/ready"]
                subprocess.run(retry, check=True)
            for _ in range(given.rounds):
                for name, port in ports.items():
                    found[name].append(load(port, folder, given.connections, given.seconds))
        finally:
            for server in servers:
                server.terminate()
                server.wait()
        rates = {name: statistics.median(rate for rate, _ in all) for name, all in found.items()}
        costs = {name: statistics.median(cost for _, cost in all) for name, all in found.items()}
        for name in FLAGS:
            print(
                f"{name:10} {rates[name]:8.0f} requests/s ({rates[name] / rates['alone']:.2f} x), "
                f"{costs[name]:6.0f} us of processor time a request ({costs[name] / costs['alone']:.2f} x)"
            )


if __name__ == "__main__":
    main()
