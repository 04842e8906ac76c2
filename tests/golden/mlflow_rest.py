"""Record what MLflow's client and server say to each other, for the tests of `crates/mlflow`.

usage: PYTHON tests/golden/mlflow_rest.py OUT     the environment is tests/conformance/requirements-storage.txt

A proxy between the real client and the real server (SQLite, artifacts in moto's S3) writes each JSON body as one line of
`OUT/AREA.jsonl`: {"method", "path", "query", "request", "status", "reply"}. Bodies keep their order of keys and their numbers.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

MARK = {"LOGNAME": "someone", "MLFLOW_DISABLE_TELEMETRY": "true", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
MARK |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_ENABLE_ASYNC_LOGGING": "false"}
os.environ.update(MARK)

import boto3  # noqa: E402
import mlflow  # noqa: E402
import requests  # noqa: E402
from mlflow.entities import (  # noqa: E402
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from mlflow.models import Model  # noqa: E402

AREAS = {
    "experiments": "experiments",
    "runs": "runs",
    "metrics": "runs",
    "artifacts": "artifacts",
    "logged-models": "logged_models",
    "registered-models": "registered_models",
    "model-versions": "model_versions",
    "server-info": "server",
}


HOP = ("host", "accept-encoding", "connection", "transfer-encoding", "content-length")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Recorder:
    """The proxy. What does not speak JSON passes without a line."""

    def __init__(self, target: int) -> None:
        self.target, self.lines = target, {}
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                if "chunked" in (self.headers.get("transfer-encoding") or ""):
                    body = b"".join(iter(self.chunk, b""))
                else:
                    body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, kind, reply = recorder.ask(self.command, self.path, body, dict(self.headers))
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def chunk(self) -> bytes:
                data = self.rfile.read(int(self.rfile.readline(), 16))
                self.rfile.readline()
                return data

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        headers = {name: value for name, value in headers.items() if name.lower() not in HOP}
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        text, kind = reply.read(), reply.getheader("content-type") or ""
        connection.close()
        self.keep(method, path, body, headers, reply.status, kind, text)
        return reply.status, kind, text

    def keep(self, method: str, path: str, body: bytes, headers: dict[str, str], status: int, kind: str, text: bytes) -> None:
        url = urlsplit(path)
        sent = "json" in next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        if "json" not in kind or "/traces" in url.path or (body and not sent):
            return
        if "/mlflow-artifacts/" in url.path:
            area = "artifacts"
        else:
            parts = url.path.split("/mlflow/", 1)[-1].split("/")
            area = AREAS.get(parts[0])
        if area is None:
            return
        line = {
            "method": method,
            "path": url.path,
            "query": parse_qsl(url.query, keep_blank_values=True),
            "request": json.loads(body) if body else None,
            "status": status,
            "reply": json.loads(text),
        }
        # the client asks the same again and again: a dictionary keeps each line once, in order
        self.lines.setdefault(area, {})[json.dumps(line, ensure_ascii=False, separators=(",", ":"))] = None


def experiments(client: mlflow.MlflowClient) -> str:
    made = client.create_experiment("wine", artifact_location=None, tags={"team": "cellar", "note": "rot, weiß: 葡萄"})
    other = client.create_experiment("other")
    client.get_experiment(made)
    client.get_experiment_by_name("wine")
    client.search_experiments()
    page = client.search_experiments(ViewType.ALL, max_results=1, filter_string="name LIKE '%'", order_by=["name ASC", "creation_time DESC"])
    client.search_experiments(ViewType.ALL, max_results=1, filter_string="name LIKE '%'", order_by=["name ASC"], page_token=page.token)
    client.search_experiments(filter_string="name = 'nothing'")
    client.set_experiment_tag(made, "empty", "")
    client.delete_experiment_tag(made, "team")
    client.rename_experiment(other, "renamed")
    client.delete_experiment(other)
    client.get_experiment(other)
    client.restore_experiment(other)
    return made


def runs(client: mlflow.MlflowClient, experiment: str, ask: callable) -> str:
    store = client._tracking_client.store
    run = client.create_run(experiment, start_time=1_700_000_000_000, tags={"kind": "first"}, run_name="calm-hare").info.run_id
    bare = client.create_run(experiment).info.run_id
    client.log_param(run, "depth", 3)
    client.log_param(run, "note", "")
    for step, value in enumerate([1.0, 0.1, 1e16, 1e-5, 123456789.125, float("nan"), float("inf"), float("-inf"), 1e300, -0.0]):
        client.log_metric(run, "loss", value, timestamp=1_700_000_000_000 + step, step=step)
    client.log_metric(run, "score", 0.5, timestamp=0, step=-1, dataset_name="wine", dataset_digest="abcd1234")
    now = 1_700_000_001_000
    metrics = [Metric("a/b", 2.0, now, 0), Metric("c", float("nan"), now, 7), Metric("d", 1e22, now, 2**53 + 1)]
    client.log_batch(run, metrics, [Param("p", "1"), Param("q", "")], [RunTag("t", "v"), RunTag("empty", "")])
    client.log_batch(run)
    client.set_tag(run, "place", "a")
    client.set_tag(run, "blank", "")
    client.delete_tag(run, "place")
    dataset = Dataset("wine", "abcd1234", "http", '{"url": "https://example.com/wine.csv"}', schema='{"a": 1}', profile='{"num_rows": 2}')
    bare_dataset = Dataset("other", "ff", "code", "{}")
    client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")]), DatasetInput(bare_dataset)])
    model = client.create_logged_model(experiment, "scores", source_run_id=run).model_id
    client.log_inputs(run, models=[LoggedModelInput(model)])
    client.log_outputs(run, [LoggedModelOutput(model, 3)])
    client.log_metric(run, "linked", 0.25, timestamp=now, step=1, model_id=model)
    store.record_logged_model(run, Model(artifact_path="model", run_id=run, flavors={"python_function": {"loader_module": "mlflow.sklearn"}}))
    client.get_run(run)
    client.get_run(bare)
    client.get_metric_history(run, "loss")
    store.get_metric_history(run, "loss", max_results=2)
    bulk = {"run_ids": [run, bare], "metric_key": "loss", "start_step": 0, "end_step": 9, "max_results": 5}
    ask("GET", "/api/2.0/mlflow/metrics/get-history-bulk-interval", query=bulk)
    client.update_run(run, status="FAILED", name="renamed")
    client.set_terminated(run, "FINISHED", end_time=1_700_000_002_000)
    page = client.search_runs([experiment], "params.depth = '3'", ViewType.ALL, 1, ["metrics.loss DESC", "tags.kind ASC"])
    assert len(page) == 1
    page = client.search_runs([experiment, "0"], max_results=1)
    client.search_runs([experiment, "0"], max_results=1, page_token=page.token)
    client.search_runs([experiment], "params.depth = '99'")
    client.delete_run(bare)
    client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)
    client.restore_run(bare)
    with mlflow.start_run(experiment_id=experiment, tags={"mlflow.source.name": "train.py", "mlflow.source.git.commit": "0"}):
        mlflow.log_params({"a": 1, "b": "two"})
        mlflow.log_metrics({"x": 1, "y": 2.5}, step=4)
    return run


def artifacts(client: mlflow.MlflowClient, run: str, ask: callable) -> None:
    client.log_text(run, "hello", "folder/a.txt")
    client.log_text(run, "", "empty.txt")
    client.list_artifacts(run)
    client.list_artifacts(run, "folder")
    client.list_artifacts(run, "missing")
    api, root = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts"
    ask("GET", f"{api}/artifacts/list", query={"run_id": run})
    ask("GET", f"{api}/artifacts/list", query={"path": "folder", "run_id": run})
    experiment = client.get_run(run).info.experiment_id
    ask("GET", f"{root}/artifacts", query={"path": f"{experiment}/{run}/artifacts"})
    ask("GET", f"{root}/artifacts", query={"path": "nothing"})
    ask("GET", f"{root}/artifacts/nothing/here")
    file = f"{experiment}/{run}/artifacts/big.bin"
    made = ask("POST", f"{root}/mpu/create/{file}", {"path": "big.bin", "num_parts": 2}).json()
    parts = []
    for part in made["credentials"]:
        put = requests.put(part["url"], data=b"x" * (5 << 20), headers=part.get("headers"), timeout=60)
        put.raise_for_status()
        parts.append({"part_number": part["part_number"], "etag": put.headers["etag"], "url": part["url"]})
    ask("POST", f"{root}/mpu/complete/{file}", {"path": "big.bin", "upload_id": made["upload_id"], "parts": parts})
    made = ask("POST", f"{root}/mpu/create/{file}", {"path": "big.bin", "num_parts": 1}).json()
    ask("POST", f"{root}/mpu/abort/{file}", {"path": "big.bin", "upload_id": made["upload_id"]})
    ask("GET", f"{root}/presigned/{file}/big.bin")
    ask("GET", f"{root}/presigned/{file}/missing.bin")
    ask("DELETE", f"{root}/artifacts/{file}/big.bin")
    # presigned addresses need artifacts that the server does not pass on
    direct = client.create_run(client.create_experiment("direct", artifact_location="s3://artifacts/direct")).info.run_id
    ask("POST", f"{api}/artifacts/presigned-upload-url", {"run_id": direct, "path": "up.bin", "expiration": 60})
    client.log_text(direct, "up", "up.bin")
    ask("POST", f"{api}/artifacts/presigned-download-url", {"run_id": direct, "path": "up.bin", "expiration": 60})
    ask("POST", f"{api}/artifacts/presigned-download-url", {"run_id": run, "path": "big.bin"})


def logged_models(client: mlflow.MlflowClient, experiment: str, run: str, ask: callable) -> str:
    store = client._tracking_client.store
    tags = {"stage": "draft", "empty": ""}
    model = client.create_logged_model(experiment, "ridge", run, tags, {"alpha": "0.1"}, model_type="sklearn").model_id
    client.log_model_params(model, {"beta": "2"})
    store.log_logged_model_params(model, [LoggedModelParameter("gamma", "3")])
    client.set_logged_model_tags(model, {"stage": "done"})
    client.delete_logged_model_tag(model, "empty")
    client.log_metric(run, "accuracy", 0.75, timestamp=1_700_000_003_000, step=2, model_id=model)
    client.finalize_logged_model(model, "READY")
    failed = client.create_logged_model(experiment, "broken").model_id
    client.finalize_logged_model(failed, "FAILED")
    client.get_logged_model(model)
    client.search_logged_models([experiment])
    order = [{"field_name": "metrics.accuracy", "ascending": False, "dataset_name": "wine", "dataset_digest": "abcd1234"}]
    client.search_logged_models([experiment], "params.alpha = '0.1'", max_results=1, order_by=order)
    page = client.search_logged_models([experiment], max_results=1, order_by=[{"field_name": "name"}])
    client.search_logged_models([experiment], max_results=1, order_by=[{"field_name": "name"}], page_token=page.token)
    client.search_logged_models([experiment], datasets=[{"dataset_name": "wine"}])
    client.list_logged_model_artifacts(model)
    ask("GET", f"/api/2.0/mlflow/logged-models/{model}/artifacts/directories")
    client.delete_logged_model(failed)
    return model


def registry(client: mlflow.MlflowClient, run: str, model: str) -> None:
    client.create_registered_model("wine", {"owner": "cellar", "empty": ""}, "Prédit le vin.")
    client.create_registered_model("bare")
    client.update_registered_model("wine", "new words")
    client.update_registered_model("wine", "")
    client.rename_registered_model("bare", "renamed")
    source = client.get_logged_model(model).artifact_location
    first = client.create_model_version("wine", "s3://elsewhere/model", run, {"kind": "a"}, "https://example.com/run", "first").version
    second = client.create_model_version("wine", source, model_id=model).version
    client.get_registered_model("wine")
    client.search_registered_models()
    page = client.search_registered_models("name LIKE '%'", 1, ["name ASC", "last_updated_timestamp DESC"])
    client.search_registered_models("name LIKE '%'", 1, ["name ASC"], page.token)
    client.get_latest_versions("wine")
    client.transition_model_version_stage("wine", second, "Staging", archive_existing_versions=True)
    client.transition_model_version_stage("wine", first, "Production")
    client.get_latest_versions("wine", ["Staging", "Production"])
    client.set_registered_model_tag("wine", "level", "1")
    client.delete_registered_model_tag("wine", "level")
    client.set_model_version_tag("wine", first, "checked", "")
    client.delete_model_version_tag("wine", first, "checked")
    client.set_registered_model_alias("wine", "champion", first)
    client.get_registered_model("wine")
    client.get_model_version_by_alias("wine", "champion")
    client.update_model_version("wine", first, "changed")
    client.get_model_version("wine", first)
    client.get_model_version("wine", second)
    client.get_model_version_download_uri("wine", first)
    client.search_model_versions("name = 'wine'")
    page = client.search_model_versions("name = 'wine'", 1, ["version_number DESC"])
    client.search_model_versions("name = 'wine'", 1, ["version_number DESC"], page.token)
    client.search_model_versions("name = 'nothing'")
    client.delete_registered_model_alias("wine", "champion")
    client.delete_model_version("wine", second)
    client.delete_registered_model("renamed")


def refusals(ask: callable) -> None:
    api = "/api/2.0/mlflow"
    ask("POST", f"{api}/experiments/create", {})
    ask("POST", f"{api}/experiments/create", {"name": 123})
    ask("POST", f"{api}/experiments/create", {"name": "wine"})
    ask("GET", f"{api}/experiments/get", query={"experiment_id": "99"})
    ask("POST", f"{api}/experiments/search", {})
    ask("POST", f"{api}/runs/get", {})
    ask("GET", f"{api}/runs/get")
    ask("POST", f"{api}/runs/log-batch", {"run_id": "a", "metrics": [{"key": "k", "timestamp": 1}]})
    ask("POST", f"{api}/runs/log-batch", {"run_id": "a", "params": [{"value": "1"}]})
    ask("POST", f"{api}/runs/search", {"maxResults": 1, "max_results": 2})
    ask("POST", f"{api}/runs/search", {"max_results": "many"})
    ask("POST", f"{api}/runs/search", {"order_by": "start_time"})
    ask("GET", f"{api}/registered-models/get", query={"name": "nothing"})
    ask("GET", f"{api}/registered-models/alias", query={"name": "wine", "alias": "nobody"})
    ask("POST", f"{api}/model-versions/create", {"name": "wine"})
    ask("GET", f"{api}/logged-models/m-0")
    ask("PATCH", f"{api}/logged-models/m-0", {})


def start(command: list[str], health: str, folder: str) -> subprocess.Popen:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    for _ in range(900):
        try:
            if requests.get(health, timeout=2).ok:
                return process
        except requests.ConnectionError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"`{' '.join(command)}` does not answer")


def main(out: Path) -> None:
    storage, port = free_port(), free_port()
    os.environ["MLFLOW_S3_ENDPOINT_URL"] = f"http://127.0.0.1:{storage}"
    os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--artifacts-destination", "s3://artifacts/root"]
    with tempfile.TemporaryDirectory() as folder:
        options += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        moto = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(storage)]
        processes = [start(moto, f"http://127.0.0.1:{storage}/moto-api/", folder)]
        try:
            region = {"LocationConstraint": "eu-central-1"}
            s3 = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
            s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration=region)
            command = [sys.executable, "-m", "mlflow", "server", *options]
            processes.append(start(command, f"http://127.0.0.1:{port}/health", folder))
            recorder = Recorder(port)

            def ask(method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> requests.Response:
                return requests.request(method, recorder.url + path, json=body, params=query, timeout=60)

            mlflow.set_tracking_uri(recorder.url)
            client = mlflow.MlflowClient()
            ask("GET", "/api/3.0/mlflow/server-info")
            experiment = experiments(client)
            run = runs(client, experiment, ask)
            artifacts(client, run, ask)
            model = logged_models(client, experiment, run, ask)
            registry(client, run, model)
            refusals(ask)
        finally:
            for process in processes:
                process.terminate()
                process.wait(30)
    out.mkdir(parents=True, exist_ok=True)
    hosts = {f"127.0.0.1:{storage}": "s3.example", f"127.0.0.1:{recorder.server.server_port}": "mlflow.example", folder: "/folder"}
    for area, lines in recorder.lines.items():
        text = "".join(line + "\n" for line in lines)
        for found, shown in hosts.items():
            text = text.replace(found, shown)
        (out / f"{area}.jsonl").write_text(text, encoding="utf-8")
        print(area, len(lines), len(text))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
