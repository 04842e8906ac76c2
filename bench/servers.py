"""The servers of a scenario, and what each is asked."""

from __future__ import annotations

import array
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from load import Load, load, load_with_h2load
from process import JSON_LENGTH, Question, Running, Server

HERE = Path(__file__).resolve().parent

# The server's own share of the processors is clearest where it has one loop and the load another core.
ONE_LOOP = "longshore V1, one event loop"

NGINX = """
daemon off;
pid nginx.pid;
error_log stderr;
worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:{port};
    default_type application/json;
    location / { return 200 '%s'; }
  }
}
"""


@dataclass
class Entry:
    """One line of the table: a server and one way to ask it."""

    name: str
    server: Server
    question: Question
    body: Path

    def load(self, server: Running, connections: int, seconds: float) -> Load:
        return load(server.url(self.question.path), self.body, self.question.headers, connections, seconds)

    def ask(self, server: Running) -> object:
        return self.question.ask(server.port)


@dataclass
class Compared(Entry):
    """The same for the tool that also calls gRPC."""

    def load(self, server: Running, connections: int, seconds: float) -> Load:
        return load_with_h2load(server.url(self.question.path), self.body, connections, seconds)


@dataclass
class Called(Entry):
    """A server that is asked by gRPC; `body` is the call. As many calls are under way as requests elsewhere, over fewer connections."""

    port: str = "port"
    python: Path = Path("python3")
    channels: int = 4

    def load(self, server: Running, connections: int, seconds: float) -> Load:
        channels = min(self.channels or connections, connections)
        return load_with_h2load(server.call_url(self.port), self.body, channels, seconds, connections // channels)

    def ask(self, server: Running) -> object:
        command = [self.python, HERE / "peers/grpc_call.py", "ask", f"127.0.0.1:{getattr(server, self.port)}", self.body]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def calls(binary: Path, made: Path, work: Path, peers: set[str]) -> list[Entry]:
    """One row of wine by gRPC, beside the same over HTTP."""
    folder = made / "wine"
    python = made.parent / "mlserver/bin/python"
    answer = json.loads((folder / "answer.json").read_text())
    body, call = folder / "v2.json", work / "call.bin"
    subprocess.run([python, HERE / "peers/grpc_call.py", "make", body, "wine", call], check=True)
    question = Question("/v2/models/wine/infer", body.read_bytes(), answer)
    longshore = longshore_server("wine", binary, folder)
    found = [
        Compared("longshore V2", longshore, question, body),
        Called("longshore gRPC", longshore, question, call, python=python),
        Called("longshore gRPC, one call a connection", longshore, question, call, python=python, channels=0),
    ]
    if "mlserver" in peers:
        mlserver = mlserver_server(made, folder)
        found.append(Called("MLServer gRPC", mlserver, question, call, port="other_port", python=python))
    return found


def batches(binary: Path, made: Path, work: Path) -> list[Entry]:
    """1,000 rows of 30 floats as JSON, and the same as binary tensors both ways."""
    folder = made / "batch"
    body, raw = folder / "v2.json", work / "binary.bin"
    answer = json.loads((folder / "answer.json").read_text())
    [tensor] = json.loads(body.read_text())["inputs"]
    items = array.array("f", tensor.pop("data")).tobytes()
    described = {"inputs": [{**tensor, "parameters": {"binary_data_size": len(items)}}], "parameters": {"binary_data_output": True}}
    head = json.dumps(described).encode()
    raw.write_bytes(head + items)
    path = "/v2/models/batch/infer"
    headers = {"Content-Type": "application/octet-stream", JSON_LENGTH: str(len(head))}
    longshore = longshore_server("batch", binary, folder)
    return [
        Entry("longshore V2, JSON", longshore, Question(path, body.read_bytes(), answer), body),
        Entry("longshore V2, binary tensors", longshore, Question(path, raw.read_bytes(), answer, headers), raw),
    ]


def with_page(binary: Path, made: Path) -> list[Entry]:
    """One row of wine by a server that has its page in the browser, which nobody opens, and by one without it."""
    folder = made / "wine"
    body = folder / "v1.json"
    question = Question("/v1/models/wine:predict", body.read_bytes(), json.loads((folder / "answer.json").read_text()))
    page, none = (longshore_server("wine", binary, folder, 1, page) for page in (True, False))
    return [Entry("longshore", page, question, body), Entry("longshore --no-ui", none, question, body)]


def longshore_server(model: str, binary: Path, folder: Path, loops: int = 0, page: bool = True) -> Server:
    """A server with an event loop a core, or with `loops` of them."""
    command = [str(binary), "serve", f"{model}={folder / 'mlflow'}", "--port", "{port}", "--threads", str(loops)]
    name = f"longshore-{loops}" if loops else "longshore"
    return Server(name if page else f"{name}-no-ui", command + ["--no-ui"] * (not page), {"LONGSHORE_LOG": "warn"})


def mlserver_server(made: Path, folder: Path) -> Server:
    settings = {"http_port": "{port}", "grpc_port": "{other_port}", "metrics_port": "{third_port}", "parallel_workers": 0, "debug": False}
    command = [str(made.parent / "mlserver/bin/mlserver"), "start", "."]
    return Server("mlserver", command, folder=folder / "mlserver", files={"settings.json": json.dumps(settings)})


def entries(model: str, binary: Path, made: Path, work: Path, peers: set[str]) -> list[Entry]:
    """Everything that answers one row of `model`, Longshore first."""
    folder = made / model
    answer = json.loads((folder / "answer.json").read_text())
    python = made.parent / "peers/bin"

    def question(path: str, protocol: str) -> tuple[Question, Path]:
        body = folder / f"{protocol}.json"
        return Question(path, body.read_bytes(), answer), body

    v1 = question(f"/v1/models/{model}:predict", "v1")
    v2 = question(f"/v2/models/{model}/infer", "v2")
    invocations = question("/invocations", "invocations")

    longshore = longshore_server(model, binary, folder)
    found = [Entry("longshore V1", longshore, *v1), Entry("longshore V2", longshore, *v2), Entry("longshore /invocations", longshore, *invocations)]
    found.append(Entry(ONE_LOOP, longshore_server(model, binary, folder, 1), *v1))

    if "nginx" in peers:
        place = work / f"nginx-{model}"
        place.mkdir()
        config = NGINX % json.dumps({"predictions": answer}, separators=(",", ":"))
        server = Server("nginx", ["nginx", "-p", str(place), "-c", "nginx.conf"], folder=place, files={"nginx.conf": config})
        found.append(Entry("nginx, fixed reply", server, *v1))
    if "fastapi" in peers:
        command = [str(python / "uvicorn"), "fastapi_app:app", "--app-dir", str(HERE / "peers"), "--port", "{port}", "--log-level", "warning"]
        server = Server("fastapi", command, {"MODEL_FILE": str(folder / "mlserver/model.joblib")})
        found.append(Entry("FastAPI + uvicorn", server, *question("/predict", "v1")))
    if "mlserver" in peers:
        found.append(Entry("MLServer", mlserver_server(made, folder), *v2))
    if "mlflow" in peers:
        command = [str(python / "mlflow"), "models", "serve", "-m", str(folder / "mlflow"), "-p", "{port}", "--env-manager", "local"]
        path = f"{python}:/usr/bin:/bin"
        server = Server("mlflow", command, {"PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"})
        found.append(Entry("mlflow models serve", server, *invocations))
    return found
