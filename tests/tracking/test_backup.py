"""Backups: what a server that goes on has is what another one has after the restore."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.artifacts import load_text
from server import Tracking, binary, new_store


def longshore(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(binary()), "tracking", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def places(server: Tracking) -> tuple[object, ...]:
    """Where a server keeps what it has."""
    server.artifacts.mkdir(exist_ok=True)
    return "--backend-store-uri", server.store_uri, "--artifacts-destination", server.artifacts


@pytest.mark.current
def test_a_restored_server_answers_as_the_first(tracking: Tracking, client: MlflowClient, name: str, tmp_path: Path) -> None:
    experiment = mlflow.set_experiment(name).experiment_id
    with mlflow.start_run() as run:
        mlflow.log_metrics({"loss": 0.1, "nan": float("nan")}, step=3)
        mlflow.log_param("p", "ü\n")
        mlflow.log_text("text", "notes/a.txt")
    client.create_registered_model(name, tags={"t": "v"})
    version = client.create_model_version(name, f"runs:/{run.info.run_id}/notes", run.info.run_id).version
    client.set_registered_model_alias(name, "best", version)
    first = (client.get_run(run.info.run_id).to_dictionary(), client.get_model_version_by_alias(name, "best").source)

    kept = tmp_path / "backup"
    place = ("--backend-store-uri", tracking.store_uri, "--artifacts-destination", tracking.artifacts)
    saved = longshore("backup", kept, *place)
    assert saved.returncode == 0, saved.stderr
    assert json.loads((kept / "backup.json").read_text())["format"] == 2

    folder = tmp_path / "restored"
    folder.mkdir()
    to = ("--backend-store-uri", new_store(folder), "--artifacts-destination", folder / "artifacts")
    assert longshore("restore", kept, "--check").returncode == 0
    restored = longshore("restore", kept, *to)
    assert restored.returncode == 0, restored.stderr
    with Tracking(folder, "--backend-store-uri", to[1]) as server:
        mlflow.set_tracking_uri(server.url)
        again = MlflowClient()
        second = (again.get_run(run.info.run_id).to_dictionary(), again.get_model_version_by_alias(name, "best").source)
        assert json.dumps(second, sort_keys=True) == json.dumps(first, sort_keys=True)
        assert load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "text"
        assert int(again.create_experiment(f"{name} next")) > int(experiment)

    refused = longshore("restore", kept, *to)
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)


@pytest.mark.current
def test_users_come_back_with_what_they_were_granted(tmp_path: Path, name: str) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    servers = []
    for folder in folders:
        folder.mkdir()
        config = folder / "basic_auth.ini"
        config.write_text(f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = {new_store(folder).replace('mlflow.db', 'users.db')}\nadmin_username = root\nadmin_password = a good password\n")
        environment = {"MLFLOW_APP_NAME": "basic-auth", "MLFLOW_AUTH_CONFIG_PATH": str(config)}
        servers.append(Tracking(folder, environment=environment))
    root, user = ("root", "a good password"), ("crane", "another good password")
    first, second = servers
    with first:
        api = f"{first.url}/api/2.0/mlflow"
        assert requests.post(f"{api}/users/create", json=dict(zip(("username", "password"), user, strict=True)), auth=root, timeout=30).ok
        made = requests.post(f"{api}/experiments/create", json={"name": name}, auth=user, timeout=30).json()["experiment_id"]
        hidden = requests.post(f"{api}/experiments/create", json={"name": f"{name} of root"}, auth=root, timeout=30).json()["experiment_id"]
        for turn in range(3):
            saved = longshore("backup", tmp_path / "kept", "--keep", 2, *places(first), environment=first.environment)
            assert saved.returncode == 0, saved.stderr
            assert " 2 users" in saved.stdout
            time.sleep(1.1 if turn < 2 else 0)
    assert len(list((tmp_path / "kept").iterdir())) == 2
    restored = longshore("restore", tmp_path / "kept", "--newest", *places(second), environment=second.environment)
    assert restored.returncode == 0, restored.stderr
    with second:
        def get(experiment: str, who: tuple[str, str]) -> int:
            url = f"{second.url}/api/2.0/mlflow/experiments/get"
            return requests.get(url, params={"experiment_id": experiment}, auth=who, timeout=30).status_code

        assert [get(made, user), get(hidden, user), get(hidden, root), get(made, ("crane", "wrong"))] == [200, 403, 200, 401]


def test_what_cannot_be_backed_up_is_said(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/absent.db"
    absent = longshore("backup", tmp_path / "a", "--backend-store-uri", store, "--without-artifacts")
    assert (absent.returncode, "--backend-store-uri" in absent.stderr) == (1, True)
    assert not (tmp_path / "absent.db").exists()
    bucket = longshore("backup", tmp_path / "a", "--artifacts-destination", "s3://bucket/x")
    assert (bucket.returncode, "--without-artifacts" in bucket.stderr) == (1, True)
    nothing = longshore("restore", tmp_path, "--check")
    assert (nothing.returncode, "it is no backup" in nothing.stderr) == (1, True)
