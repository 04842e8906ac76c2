"""Load with wrk, or h2load where gRPC is compared, and what it measured."""

from __future__ import annotations

import re
import subprocess
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
local file = io.open("%s", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
"""
MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass
class Load:
    """Requests, as many a second, and latency in milliseconds."""

    requests: int
    rps: float
    p50_ms: float
    p99_ms: float
    errors: int


def latency(text: str, percent: int) -> float:
    value, unit = re.search(rf"\n\s+{percent}%\s+([\d.]+)(us|ms|s|m)\b", text).groups()
    return float(value) * MILLISECONDS[unit]


def load(url: str, body: Path, headers: dict[str, str], connections: int, seconds: float) -> Load:
    """One thread of wrk with `connections` connections, each with one request under way."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % body)
        script.writelines(f'wrk.headers["{name}"] = "{value}"\n' for name, value in headers.items())
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", script.name, url]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", text)[1])
    rps = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    errors = (int(refused[1]) if refused else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return Load(requests, rps, latency(text, 50), latency(text, 99), errors)


def load_with_h2load(url: str, body: Path, connections: int, seconds: float, calls: int = 0) -> Load:
    """The same with h2load, so that one tool compares both: JSON over HTTP/1.1, or `calls` of gRPC at a time on each connection."""
    kind = [f"-m{calls}", "-H", "content-type: application/grpc", "-H", "te: trailers"] if calls else ["--h1", "-H", "content-type: application/json"]
    with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
        command = ["h2load", "-t1", f"-c{connections}", f"-D{seconds:g}", f"--log-file={log.name}", "-d", str(body), *kind, url]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        lines = [line.split("\t") for line in log]
    took = [int(micros) / 1000 for _, _, micros in lines]
    hundredths = statistics.quantiles(took, n=100)
    failed, errored, timeout = map(int, re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", text).groups())
    wrong = sum(status != "200" for _, status, _ in lines)
    rps = float(re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", text)[1])
    return Load(len(took), rps, hundredths[49], hundredths[98], max(failed + errored + timeout, wrong))
