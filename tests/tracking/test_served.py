"""Where a version is served is seen in the registry, of this server and of MLflow's own: by MLflow's client and by `longshore models`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
import requests
from commands import Commands
from mlflow import MlflowClient
from server import ADDRESS, Tracking, binary
from sklearn.linear_model import LinearRegression

PREFIX = "longshore.served."
VALUE = re.compile(r"^(http://\S+) since (\S+Z) until (\S+Z)$")


class Serve:
    """One `longshore serve` that follows a location of the registry."""

    def __init__(self, folder: Path, url: str, location: str, *arguments: str, **environment: str) -> None:
        self.log = folder / f"serve-{time.monotonic_ns()}.log"
        variables = os.environ | {"MLFLOW_TRACKING_URI": url, "LONGSHORE_CACHE_DIR": str(folder / "cache")} | environment
        command = [str(binary()), "serve", location, "--port", "0", "--poll", "1", *arguments]
        self.process = subprocess.Popen(command, stderr=self.log.open("w"), env=variables)
        self.url = until(lambda: (found := ADDRESS.search(self.text())) and found[1])

    def text(self) -> str:
        return self.log.read_text()

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(20)

    def __enter__(self) -> Serve:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)


def until(holds: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return value


def marks(name: str, version: int) -> dict[str, str]:
    tags = MlflowClient().get_model_version(name, str(version)).tags
    return {key.removeprefix(PREFIX): value for key, value in tags.items() if key.startswith(PREFIX)}


@pytest.fixture
def model(at: Commands, name: str) -> Iterator[str]:
    """A registered model with two versions, of which the first is the champion."""
    mlflow.set_experiment(name)
    for slope in (1.0, 2.0):
        with mlflow.start_run():
            mlflow.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, slope]), "model", registered_model_name=name, pip_requirements=["scikit-learn"])
    MlflowClient().set_registered_model_alias(name, "champion", "1")
    yield name


def test_the_mark_follows_the_alias_and_goes_with_the_server(at: Commands, model: str, tmp_path: Path) -> None:
    with Serve(tmp_path, at.url, f"models:/{model}@champion") as serve:
        (place, value), = until(lambda: marks(model, 1)).items()
        url, since, end = VALUE.match(value).groups()
        assert url == f"{serve.url}/v2/models/{model}" and place.endswith(f":{serve.url.rsplit(':', 1)[1]}/{model}")
        assert since < end
        urllib.request.urlopen(url, timeout=5).close()
        assert place[:9] in at("models", "versions", model)
        shown = at("models", "get", f"{model}@champion")
        assert url in shown and re.search(rf"{re.escape(url)}\s+\S+\s+yes", shown)
        at("models", "alias", "set", model, "champion", "2")
        moved = until(lambda: marks(model, 2))
        assert list(moved) == [place]
        until(lambda: not marks(model, 1))
        serve.end()
        assert marks(model, 2) == {} and serve.process.returncode == 0


def test_a_server_that_was_killed_leaves_a_mark_that_is_stale(at: Commands, model: str, tmp_path: Path) -> None:
    with Serve(tmp_path, at.url, f"models:/{model}/2", "--registry-mark", "4") as serve:
        first = until(lambda: marks(model, 2))
        # it is set anew as long as the server lives, though a version never changes
        until(lambda: marks(model, 2) != first)
        assert "(stale)" not in at("models", "versions", model, "--wide")
        serve.end(signal.SIGKILL)
    until(lambda: "(stale)" in at("models", "versions", model, "--wide"))
    assert "stale: not heard of for" in at("models", "get", f"{model}/2")


def test_replicas_of_a_service_have_one_mark(at: Commands, model: str, tmp_path: Path) -> None:
    place = {"LONGSHORE_SERVED_AS": "ml/wine", "LONGSHORE_SERVED_URL": "http://wine.ml.svc.cluster.local"}
    location = f"models:/{model}@champion"
    with Serve(tmp_path, at.url, location, **place) as one, Serve(tmp_path, at.url, location, **place) as other:
        written = until(lambda: marks(model, 1))
        assert list(written) == ["ml/wine"] and written["ml/wine"].startswith("http://wine.ml.svc.cluster.local since ")
        until(lambda: "is version 1" in other.text() and "is version 1" in one.text())
        time.sleep(1)
        # who comes second has nothing to say
        assert marks(model, 1) == written
        at("models", "alias", "set", model, "champion", "2")
        until(lambda: marks(model, 2) and not marks(model, 1))
        one.end()
        # the other one may go on: the mark is still there, and believed for two minutes unless it does
        left = marks(model, 2)["ml/wine"]
        assert "(stale)" not in at("models", "versions", model, "--wide") and left != ""


def test_nothing_is_written_when_it_is_not_wanted(at: Commands, model: str, tmp_path: Path) -> None:
    with Serve(tmp_path, at.url, f"models:/{model}@champion", LONGSHORE_REGISTRY_MARK="0") as serve:
        until(lambda: "is version 1" in serve.text())
        time.sleep(1)
        assert marks(model, 1) == {}


def test_who_may_only_read_serves_without_a_word_in_the_registry(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "auth.ini"
    config.write_text(f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{tmp_path}/users.db\nadmin_username = admin\nadmin_password = long enough 1\n")
    with Tracking(tmp_path, "--app-name", "basic-auth", environment={"MLFLOW_AUTH_CONFIG_PATH": str(config)}) as server:
        for variable, value in (("USERNAME", "admin"), ("PASSWORD", "long enough 1")):
            monkeypatch.setenv(f"MLFLOW_TRACKING_{variable}", value)
        mlflow.set_tracking_uri(server.url)
        mlflow.set_experiment(name)
        with mlflow.start_run():
            mlflow.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "model", registered_model_name=name, pip_requirements=["scikit-learn"])
        made = requests.post(f"{server.url}/api/2.0/mlflow/users/create", json={"username": "reader", "password": "long enough 2"}, auth=("admin", "long enough 1"), timeout=10)
        assert made.ok, made.text
        reader = {"MLFLOW_TRACKING_USERNAME": "reader", "MLFLOW_TRACKING_PASSWORD": "long enough 2"}
        with Serve(tmp_path, server.url, f"models:/{name}/1", **reader) as serve:
            until(lambda: "does not show where" in serve.text())
            assert marks(name, 1) == {}
            urllib.request.urlopen(f"{serve.url}/v2/models/{name}/ready", timeout=5).close()
            serve.end()
            assert serve.process.returncode == 0
