"""The load of a tracking server: processes that each keep one connection, and the requests of each scenario."""

from __future__ import annotations

import json
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PARAMETERS = [{"key": f"p{index}", "value": str(index * 7)} for index in range(10)]
TAGS = [{"key": f"t{index}", "value": str(index)} for index in range(5)]


class Connection:
    """A kept connection of HTTP/1 with one request under way, opened again when the server closed it meanwhile."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=120)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the reply."""
        head = f"{method} /api/2.0/mlflow/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        for last in (False, True):
            self.socket = self.socket or self._open()
            try:
                self.socket.sendall(head.encode() + body)
                text = self.socket.recv(1 << 16)
            except ConnectionError:
                text = b""
            if text:
                break
            self.socket = None
            if last:
                raise ConnectionError(f"`{path}`: the server closed the connection")
        while b"\r\n\r\n" not in text:
            text += self.socket.recv(1 << 16)
        head_text, _, answer = text.partition(b"\r\n\r\n")
        low = head_text.lower()
        parts = [answer]
        missing = int(low.partition(b"content-length:")[2].split(b"\r\n")[0]) - len(answer)
        while missing > 0:
            parts.append(self.socket.recv(1 << 20))
            missing -= len(parts[-1])
        answer = b"".join(parts)
        if b"connection: close" in low:
            self.socket = None
        if b" 200 " not in head_text[:16]:
            raise ValueError(f"`{path}`: {head_text[:40]!r} {answer[:200]!r}")
        return answer

    def post(self, path: str, message: dict) -> dict:
        return json.loads(self.call("POST", path, json.dumps(message).encode()))


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


def fill_run(connection: Connection, experiment: str, runs: list[str], index: int) -> None:
    """A run with 10 parameters, 20 metrics and 5 tags: three requests."""
    del runs
    now = time.time_ns() // 1_000_000
    run = connection.post("runs/create", {"experiment_id": experiment, "start_time": now, "run_name": f"r{index}"})["run"]["info"]["run_id"]
    metrics = [{"key": f"m{key}", "value": index * 0.5 + key, "timestamp": now, "step": step} for key in range(10) for step in range(2)]
    connection.post("runs/log-batch", {"run_id": run, "params": PARAMETERS, "metrics": metrics, "tags": TAGS})
    connection.post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": now})


def get_run(connection: Connection, experiment: str, runs: list[str], index: int) -> None:
    del experiment
    connection.call("GET", f"runs/get?run_id={runs[index % len(runs)]}")


def log_metric(connection: Connection, experiment: str, runs: list[str], index: int) -> None:
    del experiment
    connection.post("runs/log-metric", {"run_id": runs[index % len(runs)], "key": "live", "value": index, "timestamp": index, "step": index})


def log_batch_1000(connection: Connection, experiment: str, runs: list[str], index: int) -> None:
    del experiment
    metrics = [{"key": "big", "value": value, "timestamp": value, "step": value + index * 1000} for value in range(1000)]
    connection.post("runs/log-batch", {"run_id": runs[index % len(runs)], "metrics": metrics})


def search_100(connection: Connection, experiment: str, runs: list[str], index: int) -> None:
    bound = index % max(1, len(runs) // 4)
    message = {"experiment_ids": [experiment], "filter": f"metrics.m3 > {bound} and params.p1 != 'x'", "order_by": ["metrics.m5 DESC"], "max_results": 100}
    found = connection.call("POST", "runs/search", json.dumps(message).encode())
    if b'"run_id"' not in found:
        raise ValueError(f"the search found nothing: {found[:200]!r}")


SCENARIOS: dict[str, Callable] = {one.__name__: one for one in (fill_run, get_run, log_metric, log_batch_1000, search_100)}


def turns(first: int, step: int, count: int | None, seconds: float) -> Iterator[int]:
    """Numbers of calls: `count` of them in all, or as many as `seconds` let."""
    end = time.perf_counter() + seconds
    index = first
    while index < count if count is not None else time.perf_counter() < end:
        yield index
        index += step


def work(task: tuple) -> tuple[float, float, list[float]]:
    """One process: from, to, and the seconds of each call."""
    name, port, experiment, runs, first, step, count, seconds = task
    scenario, connection, took = SCENARIOS[name], Connection(port), []
    begin = time.perf_counter()
    for index in turns(first, step, count, seconds):
        before = time.perf_counter()
        scenario(connection, experiment, runs, index)
        took.append(time.perf_counter() - before)
    return begin, time.perf_counter(), took


def load(name: str, port: int, experiment: str, runs: list[str], connections: int, seconds: float, count: int | None = None, start: int = 0) -> Load:
    """Call one scenario from as many processes as connections; calls are numbered from `start`."""
    last = None if count is None else start + count
    tasks = [(name, port, experiment, runs, start + one, connections, last, seconds) for one in range(connections)]
    with multiprocessing.get_context("fork").Pool(connections) as pool:
        shown = pool.map(work, tasks, chunksize=1)
    took = sorted(one for _, _, each in shown for one in each)
    spent = max(end for _, end, _ in shown) - min(begin for begin, _, _ in shown)
    return Load(len(took) / spent, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, len(took))
