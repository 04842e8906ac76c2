"""A real MLflow server: versions, aliases, logged models, runs; following an alias under load."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import numpy as np
import pytest
import requests
from check_s3 import fails
from conftest import Cloud
from mlflow.tracking import MlflowClient
from processes import Longshore, free_port
from processes import mlflow as mlflow_server
from proxy import Proxy
from sklearn.linear_model import LinearRegression

ROWS = {"inputs": [[1.0, 2.0]]}


@dataclass
class Registry:
    """An experiment of an MLflow server, with models in it."""

    url: str
    kind: str
    env: dict[str, object]
    name: str = ""
    runs: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.url)

    @property
    def champion(self) -> str:
        return f"models:/{self.name}@champion"

    def point(self, version: int) -> None:
        self.client.set_registered_model_alias(self.name, "champion", version)


def train(registry: Registry, name: str, intercept: float) -> None:
    """Log a model whose answer to `ROWS` is `intercept`, and register it."""
    model = LinearRegression()
    model.coef_, model.intercept_ = np.zeros(2), intercept
    model.n_features_in_ = 2
    mlflow.set_tracking_uri(registry.url)
    mlflow.set_experiment(registry.kind)
    options = {"serialization_format": "pickle", "pip_requirements": ["scikit-learn"]}
    with mlflow.start_run() as run:
        logged = mlflow.sklearn.log_model(model, name="model", registered_model_name=name, **options)
    registry.runs.append(run.info.run_id)
    registry.ids.append(logged.model_id)


@pytest.fixture(scope="module")
def tracking(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that passes on what is not in S3."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    with mlflow_server(port, folder, "--artifacts-destination", str(folder / "artifacts")):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module", params=["proxied", "s3"])
def registry(request: pytest.FixtureRequest, cloud: Cloud, tracking: str) -> Iterator[Registry]:
    in_s3 = request.param == "s3"
    keys = {name: str(value) for name, value in cloud.env("admin").items()}
    os.environ.update(keys)
    registry = Registry(tracking, request.param, keys if in_s3 else {}, f"wine-{request.param}")
    registry.client.create_experiment(registry.kind, "s3://artifacts/mlflow" if in_s3 else None)
    for intercept in (1.0, 2.0):
        train(registry, registry.name, intercept)
    registry.point(1)
    yield registry
    for name in keys:
        os.environ.pop(name, None)


def answer(server: Longshore) -> float:
    reply = server.http.post(f"{server.url}/invocations", json=ROWS, timeout=10)
    assert reply.ok, reply.text
    return float(np.ravel(reply.json()["predictions"])[0])


def test_every_way_to_name_a_model(registry: Registry, cache: Path) -> None:
    names = {
        f"models:/{registry.name}/1": 1.0,
        f"models:/{registry.name}/2": 2.0,
        f"models:/{registry.name}/latest": 2.0,
        registry.champion: 1.0,
        f"models:/{registry.ids[1]}": 2.0,
        f"runs:/{registry.runs[0]}/model": 1.0,
    }
    for uri, expected in names.items():
        with Longshore(uri, "--cache-dir", cache, "--tracking-uri", registry.url, **registry.env) as server:
            assert answer(server.ready()) == expected, uri
    with Longshore(f"models:/{registry.name}/2", "--cache-dir", cache, MLFLOW_TRACKING_URI=registry.url, **registry.env) as server:
        server.ready()
        assert server.http.get(f"{server.url}/v2/models/{registry.name}", timeout=5).json()["versions"] == ["2"]
        assert "is in the cache" in server.log, "a version is fetched once, however it is named"


def test_what_the_registry_does_not_have(registry: Registry, cache: Path) -> None:
    env = registry.env | {"MLFLOW_TRACKING_URI": registry.url}
    words = fails(cache, f"models:/{registry.name}@chempion", **env)
    assert f"alias `chempion` of model `{registry.name}`" in words and "`champion` (version 1)" in words
    assert f"version 9 of model `{registry.name}`" in fails(cache, f"models:/{registry.name}/9", **env)
    assert "`beer`" in fails(cache, "models:/beer@champion", **env)
    assert "run `0123456789abcdef0123456789abcdef`" in fails(cache, "runs:/0123456789abcdef0123456789abcdef/model", **env)
    assert "does not exist" in fails(cache, f"models:/m-{'0' * 32}", **env)
    assert "MLFLOW_TRACKING_URI" in fails(cache, "models:/wine/1", **registry.env)


def test_a_server_that_is_not_mlflow_is_told(cloud: Cloud, cache: Path) -> None:
    words = fails(cache, "models:/wine/1", MLFLOW_TRACKING_URI=f"{cloud.url}/moto-api")
    assert "tracking URI" in words, words


class Load:
    """Constant load on a server, from `with` to the end of the block."""

    def __init__(self, server: Longshore, clients: int = 4) -> None:
        self.url, self.clients = f"{server.url}/invocations", clients
        self.answers: dict[float, int] = {}
        self.failures: list[str] = []
        self.lock, self.stop = threading.Lock(), threading.Event()

    def __enter__(self) -> Load:
        self.threads = [threading.Thread(target=self.ask) for _ in range(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def ask(self) -> None:
        with requests.Session() as http:
            http.trust_env = False
            while not self.stop.is_set():
                try:
                    reply = http.post(self.url, json=ROWS, timeout=10)
                    value = float(np.ravel(reply.json()["predictions"])[0]) if reply.ok else None
                except (requests.RequestException, ValueError, KeyError) as error:
                    value, reply = None, error
                with self.lock:
                    if value is None:
                        self.failures.append(str(reply))
                    else:
                        self.answers[value] = self.answers.get(value, 0) + 1


def test_an_alias_is_followed_under_load_without_a_failure(registry: Registry, cache: Path) -> None:
    registry.point(1)
    options = ["--cache-dir", cache, "--tracking-uri", registry.url, "--poll", "1"]
    with Longshore(registry.champion, *options, **registry.env) as server:
        server.ready()
        with Load(server) as load:
            for version in (2, 1, 2):
                registry.point(version)
                server.wait_for(lambda wanted=float(version): answer(server) == wanted)
                time.sleep(0.3)
        assert not load.failures, load.failures[:3]
        assert set(load.answers) == {1.0, 2.0}
        assert server.version(registry.name) == "2"
        asked = sum(load.answers.values())
        print(f"\nalias moved 3 times ({registry.kind}): {asked} requests, {len(load.failures)} failures")


def test_a_version_that_cannot_be_served_leaves_the_old_one(registry: Registry, cache: Path) -> None:
    client = registry.client
    name = f"fragile-{registry.kind}"
    train(registry, name, 1.0)
    client.set_registered_model_alias(name, "live", 1)
    options = ["--cache-dir", cache, "--tracking-uri", registry.url, "--poll", "1"]
    with Longshore(f"models:/{name}@live", *options, **registry.env) as server:
        assert answer(server.ready()) == 1.0
        bad = mlflow_bad_model(registry)
        client.create_model_version(name, bad, run_id=bad.split("/")[-3])
        client.set_registered_model_alias(name, "live", 2)
        server.wait_for(lambda: "cannot be served" in server.log)
        assert answer(server) == 1.0
        assert server.metric("longshore_serve_model_loads_total", model=name, result="failed") == 1
        time.sleep(2.5)
        assert server.log.count("cannot be served") == 1, "it is not tried again and again"


def mlflow_bad_model(registry: Registry) -> str:
    """A folder in the artifacts of a run that is no model; its location."""
    mlflow.set_tracking_uri(registry.url)
    with mlflow.start_run() as run:
        mlflow.log_text("flavors: {}\n", "bad/MLmodel")
        mlflow.log_text(pickle.dumps(print).decode("latin1"), "bad/model.pkl")
    return f"{run.info.artifact_uri}/bad"


def test_a_registry_that_is_away_changes_nothing(registry: Registry, cache: Path) -> None:
    registry.point(1)
    with Proxy(int(registry.url.rsplit(":", 1)[1])) as proxy:
        options = ["--cache-dir", cache, "--tracking-uri", proxy.url, "--poll", "1"]
        with Longshore(registry.champion, *options, **registry.env) as server:
            assert answer(server.ready()) == 1.0
            with Load(server, clients=2) as load:
                proxy.down = True
                server.wait_for(lambda: "stays at version 1" in server.log, 30)
            assert not load.failures and set(load.answers) == {1.0}
            # a new process has the cache
            with Longshore(registry.champion, *options, **registry.env) as other:
                assert answer(other.ready(40)) == 1.0
                assert "taking what it was last" in other.log
            proxy.down = False
            registry.point(2)
            server.wait_for(lambda: answer(server) == 2.0, 40)


def test_a_bucket_is_followed_too(cloud: Cloud, cache: Path) -> None:
    s3 = cloud.client("s3")

    def put(intercept: float) -> None:
        model = LinearRegression()
        model.coef_, model.intercept_ = np.zeros(2), intercept
        model.n_features_in_ = 2
        s3.put_object(Bucket="models", Key="followed/model.pkl", Body=pickle.dumps(model))

    put(1.0)
    with Longshore("s3://models/followed", "--cache-dir", cache, "--poll", "1", **cloud.env()) as server:
        assert answer(server.ready()) == 1.0
        put(2.0)
        server.wait_for(lambda: answer(server) == 2.0)
