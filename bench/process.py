"""Starting a server, waiting for its first right answer, its memory, and its end."""

from __future__ import annotations

import array
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

START_SECONDS = 120
POLL_SECONDS = 0.001


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except FileNotFoundError:  # the thread has ended
            continue
        for child in children:
            found += descendants(int(child))
    return found


def memory_mb(pid: int) -> dict[str, float]:
    """Proportional and resident set size of the process tree, in MB."""
    total = {"Pss": 0, "Rss": 0}
    for one in descendants(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, rest = line.partition(":")
            if name in total:
                total[name] += int(rest.split()[0])
    return {"pss": round(total["Pss"] / 1024, 1), "rss": round(total["Rss"] / 1024, 1)}


def processor_seconds(pid: int) -> tuple[float, float]:
    """Of the process tree: in its own code, and in the kernel for it."""
    total = [0, 0]
    for one in descendants(pid):
        try:
            behind_name = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total = [sum(pair) for pair in zip(total, map(int, behind_name[11:13]), strict=True)]
    ticks = os.sysconf("SC_CLK_TCK")
    return total[0] / ticks, total[1] / ticks


JSON = {"Content-Type": "application/json"}

# Says how many bytes of JSON a body with binary tensors begins with.
JSON_LENGTH = "Inference-Header-Content-Length"


def raw_items(datatype: str, raw: bytes) -> list:
    """The items of a binary tensor of V2."""
    return array.array({"INT64": "q", "FP64": "d", "FP32": "f"}[datatype], raw).tolist()


@dataclass
class Question:
    """One request and the answer that proves the server right."""

    path: str
    body: bytes
    answer: object
    headers: dict[str, str] = field(default_factory=lambda: JSON)

    def ask(self, port: int, timeout: float = 20) -> object:
        """The answer's predictions."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request("POST", self.path, self.body, self.headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status != 200:
            raise ValueError(f"status {reply.status}: {text[:200]!r}")
        length = int(reply.headers.get(JSON_LENGTH, len(text)))
        parsed = json.loads(text[:length])
        if "predictions" in parsed:
            return parsed["predictions"]
        output = parsed["outputs"][0]
        return output["data"] if "data" in output else raw_items(output["datatype"], text[length:])


@dataclass
class Server:
    """How to start a server; `{port}` in the command, the environment and the files is its port."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    files: dict[str, str] = field(default_factory=dict)

    def start(self, question: Question, log: Path) -> tuple[Running, float]:
        """Start, and wait for the first right answer; milliseconds from the start to it."""
        port = free_port()
        ports = {"port": str(port), "other_port": str(free_port()), "third_port": str(free_port())}

        def fill(text: str) -> str:
            for name, value in ports.items():
                text = text.replace("{" + name + "}", value)
            return text

        for name, text in self.files.items():
            (self.folder / name).write_text(fill(text))
        environment = {**os.environ, **{key: fill(value) for key, value in self.environment.items()}}
        with log.open("ab") as output:
            begin = time.perf_counter()
            process = subprocess.Popen(
                [fill(part) for part in self.command],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        running = Running(self.name, process, port, int(ports["other_port"]))
        problem: Exception | None = None
        while time.perf_counter() - begin < START_SECONDS:
            try:
                answer = question.ask(port)
            except (OSError, ValueError, http.client.HTTPException) as error:
                problem = error
                if process.poll() is not None:
                    break
                time.sleep(POLL_SECONDS)
                continue
            took = (time.perf_counter() - begin) * 1000
            if answer != question.answer:
                running.stop()
                raise RuntimeError(f"{self.name} answered {answer!r} instead of {question.answer!r}")
            return running, took
        running.stop()
        raise RuntimeError(f"{self.name} did not answer ({problem}); its log is {log}")


@dataclass
class Running:
    """A started server."""

    name: str
    process: subprocess.Popen
    port: int
    other_port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{urlsplit(path).path}"

    def call_url(self, port: str) -> str:
        """Where gRPC's calls go: `port` is `port` or `other_port`."""
        return f"http://127.0.0.1:{getattr(self, port)}/inference.GRPCInferenceService/ModelInfer"

    def memory_mb(self) -> dict[str, float]:
        return memory_mb(self.process.pid)

    def processor_seconds(self) -> tuple[float, float]:
        return processor_seconds(self.process.pid)

    def stop(self) -> None:
        """TERM to the tree, KILL to what is left after three seconds."""
        pids = descendants(self.process.pid) if self.process.poll() is None else []
        for pid in pids:
            _signal(pid, signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            pass
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        self.process.wait(10)


def _signal(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass
