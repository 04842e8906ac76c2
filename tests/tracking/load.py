"""Writes to tracking servers from several threads, and looks afterwards whether every answer was kept."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

THREADS = 6
METRICS = 12


def ask(url: str, path: str, body: dict[str, object], timeout: float = 30) -> tuple[int, dict[str, object]]:
    """One request over a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    try:
        connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"content-type": "application/json"})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read() or b"{}")
    finally:
        connection.close()


class Lines:
    """Connections that are kept, one to each server."""

    def __init__(self) -> None:
        self.open: dict[str, http.client.HTTPConnection] = {}

    def ask(self, url: str, path: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
        """One request. After a failure the next one has another connection."""
        line = self.open.pop(url, None) or http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        line.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"content-type": "application/json"})
        reply = line.getresponse()
        found = reply.status, json.loads(reply.read() or b"{}")
        self.open[url] = line
        return found


class Load:
    """Batches, each with a number of its own. A batch has some metrics, a parameter and a tag."""

    def __init__(self, url: str, name: str) -> None:
        self.urls = [url]
        self.experiment = ask(url, "experiments/create", {"name": name})[1]["experiment_id"]
        self.run = self._new_run(url)
        self.numbers = itertools.count()
        self.sent: set[int] = set()
        self.kept: set[int] = set()
        self.refused: list[tuple[int, dict[str, object]]] = []
        self.runs: set[str] = {self.run}
        self.stop = threading.Event()
        self.threads: list[threading.Thread] = []

    @property
    def acknowledged(self) -> int:
        """Batches and runs that were answered."""
        return len(self.kept) + len(self.runs)

    def _new_run(self, url: str, send: Callable[..., tuple[int, dict]] = ask) -> str:
        status, reply = send(url, "runs/create", {"experiment_id": self.experiment, "start_time": 1})
        if status != 200:
            raise ConnectionError(str(reply))
        return reply["run"]["info"]["run_id"]

    def begin(self) -> None:
        self.stop.clear()
        self.threads = [threading.Thread(target=self._write, daemon=True) for _ in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a request is not answered"

    def _write(self) -> None:
        lines = Lines()
        while not self.stop.is_set():
            number = next(self.numbers)
            url = random.choice(self.urls)
            try:
                if number % 10 == 0:
                    self.runs.add(self._new_run(url, lines.ask))
                    continue
                metrics = [{"key": f"m{number}", "value": number, "timestamp": step, "step": step} for step in range(METRICS)]
                batch = {"run_id": self.run, "metrics": metrics, "params": [{"key": f"p{number}", "value": "x"}], "tags": [{"key": f"t{number}", "value": "x"}]}
                self.sent.add(number)
                status, reply = lines.ask(url, "runs/log-batch", batch)
            except (OSError, http.client.HTTPException, ValueError):
                self.stop.wait(0.005)
                continue
            if status == 200:
                self.kept.add(number)
            else:
                self.refused.append((status, reply))
                self.stop.wait(0.01)

    def check(self, url: str) -> None:
        """Each batch that was answered is there; the others are whole or absent, and none is there twice."""
        data = ask(url, "runs/search", {"experiment_ids": [self.experiment], "filter": f"run_id = '{self.run}'"}, 120)[1]["runs"][0]["data"]
        params = {int(it["key"][1:]) for it in data["params"]}
        tags = {int(it["key"][1:]) for it in data["tags"] if it["key"][1:].isdigit()}
        metrics = {int(it["key"][1:]): it for it in data["metrics"]}
        assert self.kept <= params, f"lost: {sorted(self.kept - params)[:10]} of {len(self.kept)}"
        assert params == tags == set(metrics), "a batch is there in part"
        assert params <= self.sent
        assert all((it["value"], it["step"]) == (number, METRICS - 1) for number, it in metrics.items())
        for number in random.sample(sorted(metrics), min(20, len(metrics))):
            history = history_of(url, self.run, f"m{number}")
            assert history == list(range(METRICS)), f"m{number}: {history}"
        found, token = set(), ""
        while token is not None:
            reply = ask(url, "runs/search", {"experiment_ids": [self.experiment], "max_results": 1000, "page_token": token}, 120)[1]
            found |= {run["info"]["run_id"] for run in reply["runs"]}
            token = reply.get("next_page_token")
        assert self.runs <= found, f"{len(self.runs - found)} of {len(self.runs)} runs are lost"


def history_of(url: str, run: str, key: str) -> list[int]:
    """The steps of a metric, in their order."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key={key}")
        return [int(it.get("step", 0)) for it in json.loads(connection.getresponse().read())["metrics"]]
    finally:
        connection.close()
