"""The processes under test and around it: Longshore, moto, MLflow."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
ADDRESS = re.compile(r"listening on (http://[0-9.]+:[0-9]+)")
BINARY = Path(os.environ.get("LONGSHORE_BIN") or ROOT / "target/release/longshore")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean(**variables: object) -> dict[str, str]:
    """An environment with nothing of AWS or MLflow but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {name: str(value) for name, value in variables.items()}


def run(*arguments: object, stdin: str | None = None, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end."""
    command = [str(BINARY), *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False, env=clean(**variables))


class Longshore:
    """One `longshore serve`, from `with` to the end of the block."""

    role = "serve"

    def __init__(self, *arguments: object, **variables: object) -> None:
        self.arguments = list(map(str, arguments))
        self.variables = {"AWS_EC2_METADATA_DISABLED": "true"} | variables

    def __enter__(self) -> Longshore:
        self.log_file = tempfile.NamedTemporaryFile("w+", suffix=".log")
        self.http = requests.Session()
        self.http.trust_env = False
        command = [str(BINARY), self.role, *self.arguments, "--port", "0", "--log-format", "text"]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            command, stdout=self.log_file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=clean(**self.variables)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.log_file.close()

    @property
    def log(self) -> str:
        return re.sub("\x1b\\[[0-9;]*m", "", Path(self.log_file.name).read_text(errors="replace"))

    @property
    def url(self) -> str:
        return self.wait_for(lambda: (found := ADDRESS.search(self.log)) and found[1], 10)

    def wait_for(self, ask: object, seconds: float = 20) -> object:
        """What `ask` says once it says something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            said = ask()
            if said:
                return said
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(f"`{' '.join(self.arguments)}` (exit {self.process.poll()}):\n{self.log}")

    def ready(self, seconds: float = 20) -> Longshore:
        url = self.url
        self.wait_for(lambda: self.status(f"{url}/health/ready") == 200, seconds)
        return self

    def status(self, url: str) -> int | None:
        """The status of an answer; none when there is none."""
        try:
            return self.http.get(url, timeout=5).status_code
        except requests.ConnectionError:
            return None

    def predict(self, model: str = "wine", example: str = "wine") -> requests.Response:
        body = (EXAMPLES / example / "model/serving_input_example.json").read_bytes()
        return self.http.post(f"{self.url}/invocations?model={model}", data=body, headers={"content-type": "application/json"}, timeout=10)

    def version(self, model: str = "wine") -> str:
        return self.http.get(f"{self.url}/v2/models/{model}", timeout=10).json()["versions"][-1]

    def metric(self, name: str, **labels: str) -> float:
        text = self.http.get(f"{self.url}/metrics", timeout=10).text
        for line in text.splitlines():
            if line.split("{")[0].split(" ")[0] == name and all(f'{key}="{value}"' in line for key, value in labels.items()):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def exit_code(self, seconds: float = 30) -> int:
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def terminate(self, seconds: float = 20) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


class Tracking(Longshore):
    """One `longshore tracking`."""

    role = "tracking"


class Service:
    """A server of somebody else, from `with` to the end of the block."""

    def __init__(self, command: list[str], health: str, **variables: object) -> None:
        self.command, self.health, self.variables = command, health, variables

    def __enter__(self) -> Service:
        self.start()
        return self

    def start(self) -> None:
        self.log_file = tempfile.NamedTemporaryFile("w+", suffix=".log")
        environment = os.environ | {name: str(value) for name, value in self.variables.items()}
        self.process = subprocess.Popen(
            self.command, stdout=self.log_file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
        )
        end = time.monotonic() + 90
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if requests.get(self.health, timeout=2).ok:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"`{' '.join(self.command)}` does not answer:\n{Path(self.log_file.name).read_text()}")

    def stop(self) -> None:
        # MLflow has children, which would keep its port
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)

    def __exit__(self, *_: object) -> None:
        self.stop()


def moto(port: int) -> Service:
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    return Service(command, f"http://127.0.0.1:{port}/moto-api/", MOTO_IAM_LOAD_MANAGED_POLICIES="false")


def mlflow(port: int, folder: Path, *options: str, **variables: object) -> Service:
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", *options]
    variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"} | variables
    return Service(command, f"http://127.0.0.1:{port}/health", **variables)
