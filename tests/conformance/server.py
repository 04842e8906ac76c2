"""Starts the real `longshore serve` or `longshore gateway`, reads its address from its log, and ends it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
ADDRESS = re.compile(r"listening on (https?://[0-9.]+:[0-9]+)")
START_SECONDS = 30


def binary() -> Path:
    """The program under test: `$LONGSHORE_BIN`, else the release build of this repository."""
    return Path(os.environ.get("LONGSHORE_BIN") or ROOT / "target/release/longshore")


def run(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end."""
    command = [str(binary()), *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


class Server:
    """One `longshore serve`, from `with` to the end of the block."""

    role = "serve"

    def __init__(self, *arguments: object) -> None:
        self.arguments = list(map(str, arguments))

    def __enter__(self) -> Server:
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        command = [str(binary()), self.role, *self.arguments, "--port", "0"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.url = self._wait_for_address()
        self.http = requests.Session()
        self.http.trust_env = False
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.log.close()

    def _wait_for_address(self) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            found = ADDRESS.search(self.read_log())
            if found:
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        self.process.kill()
        raise RuntimeError(f"`{' '.join(self.arguments)}` did not start listening:\n{self.read_log()}")

    @property
    def address(self) -> str:
        """`host:port`."""
        return self.url.split("//")[1]

    def read_log(self) -> str:
        """All that the server wrote so far."""
        return Path(self.log.name).read_text(errors="replace")

    def get(self, path: str, **options: object) -> requests.Response:
        return self.http.get(self.url + path, timeout=20, **options)

    def post(self, path: str, **options: object) -> requests.Response:
        return self.http.post(self.url + path, timeout=20, **options)

    def terminate(self, seconds: float = 10) -> int:
        """Send TERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


class Gateway(Server):
    """One `longshore gateway` before one replica; every request to it is for that."""

    role = "gateway"

    def __init__(self, folder: Path, replica: str, *arguments: object, policy: dict | None = None, timeout: int = 60) -> None:
        port = int(replica.split(":")[1])
        facts = {"service": "wine", "component": "predictor", "port": port, "timeoutSeconds": timeout}
        revision = {"namespace": "ml", "name": "wine-predictor-00001-abcde", "facts": facts, "replicas": [{"address": replica}]}
        traffic = [{"revision": revision["name"], "percent": 100}]
        service = {"namespace": "ml", "name": "wine", "at": ["127.0.0.1", "localhost"], "components": {"predictor": {"traffic": traffic}}, "policy": policy or {}}
        routes = folder / "routes.json"
        routes.write_text(json.dumps({"services": [service], "revisions": [revision]}))
        ports = [(f"--{name}-port", 0) for name in ("peer", "announce", "metrics", "tls")]
        super().__init__("--routes", routes, *(part for port in ports for part in port), *arguments)

    def _wait(self, pattern: str) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            found = re.search(pattern, self.read_log())
            if found:
                return found[1]
            time.sleep(0.005)
        raise RuntimeError(f"the gateway does not say `{pattern}`:\n{self.read_log()}")

    @property
    def tls_address(self) -> str:
        """`host:port` of the port that speaks TLS."""
        return self._wait(r"listening on https://([0-9.]+:[0-9]+)")

    @property
    def metrics_url(self) -> str:
        return self._wait(r"metrics on (http://[0-9.]+:[0-9]+/metrics)")

    def memory_mb(self) -> float:
        """The most memory that it had so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
