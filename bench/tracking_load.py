"""The load of a tracking server: what sets it up, and the program of `tracking_load.rs` that calls."""

from __future__ import annotations

import http.client
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path


class Connection:
    """A connection for what is not measured."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def post(self, path: str, message: dict) -> dict:
        self.connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(message), {"Content-Type": "application/json"})
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise ValueError(f"`{path}`: {reply.status} {text[:200]!r}")
        return json.loads(text)


@dataclass
class Load:
    """What one scenario showed."""

    per_second: float
    p50_ms: float
    p99_ms: float
    calls: int


def run_ids(port: int, experiment: str) -> list[str]:
    """The runs of an experiment."""
    found, token = [], None
    connection = Connection(port)
    while True:
        message = {"experiment_ids": [experiment], "max_results": 1000} | ({"page_token": token} if token else {})
        reply = connection.post("runs/search", message)
        found += [run["info"]["run_id"] for run in reply.get("runs", [])]
        token = reply.get("next_page_token")
        if not token:
            return found


SCENARIOS = ("fill_run", "get_run", "log_metric", "log_batch_1000", "search_100")


def build(folder: Path) -> Path:
    """The program that loads, which the compiler of the server makes too."""
    program = folder / "load"
    source = Path(__file__).with_suffix(".rs")
    subprocess.run(["rustc", "-O", "--edition", "2024", str(source), "-o", str(program)], check=True)
    return program


def load(program: Path, name: str, port: int, experiment: str, runs: list[str], connections: int, seconds: float, count: int = 0, start: int = 0) -> Load:
    """Call one scenario by as many threads as connections: `count` times, or for some seconds; calls are numbered from `start`."""
    command = [str(program), name, str(port), experiment, *map(str, (connections, seconds, count, start))]
    shown = subprocess.run(command, input="\n".join(runs), stdout=subprocess.PIPE, check=True, text=True)
    return Load(**json.loads(shown.stdout))
