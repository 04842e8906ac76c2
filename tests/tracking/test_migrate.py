"""`longshore tracking migrate`: a database of an older release comes out as `mlflow db upgrade` would have left it, whatever happens on the way."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
from conftest import SEED
from forward import bring, compare, copy, fill, migrate, revisions, rows
from mlflow import MlflowClient
from server import Tracking, binary, new_store

pytestmark = pytest.mark.current

# Of MLflow 1.30 and 2.0, 2.3, 2.8, 2.14, 2.18, 3.1, 3.4, 3.10, 3.16; `ALL_REVISIONS` asks for every one.
SOME = (
    *("97727af70f4d", "3500859a5d39", "acf3f17fdcc7", "5b0e9adcef9c", "0584bdc529eb"),
    *("6953534de441", "71994744cf8e", "1b5f0d9ad7c1", "b7e2c1a4d9f3"),
)

ALL = os.environ.get("ALL_REVISIONS")
USERS = ("8606fa83a998", "0965eb92f5f0", "2ed73881770d", "c3d4e5f6a7b8")
# On PostgreSQL the first of each comes by all steps, and the crate's own tests go through the rest.
FEW = slice(1) if os.environ.get("LONGSHORE_TEST_POSTGRES") and not ALL else slice(None)

# Pythons with older releases of MLflow.
OLD = [it for it in os.environ.get("MLFLOW_OLD", "").split(":") if it]


def both(uri: str, folder: Path) -> str:
    """Brings a database forward, and a copy by MLflow; the two must be the same."""
    theirs = copy(uri, folder / "theirs")
    done = migrate(uri)
    assert done.returncode == 0, done.stderr + done.stdout
    bring(theirs, "head")
    compare(uri, theirs)
    return uri


@pytest.mark.parametrize("revision", revisions() if ALL else SOME[FEW])
def test_rows_of_all_tables_come_forward(revision: str, tmp_path: Path) -> None:
    uri = new_store(tmp_path)
    bring(uri, revision)
    fill(uri, random.Random(f"{SEED} {revision}"))
    both(uri, tmp_path)


@pytest.mark.parametrize("python", OLD)
def test_a_database_of_an_older_release_is_used_on(python: str, tmp_path: Path) -> None:
    if os.environ.get("LONGSHORE_TEST_POSTGRES"):
        pytest.skip("older releases write files of SQLite here")
    made = tmp_path / "made"
    made.mkdir()
    uri = f"sqlite:///{made}/mlflow.db"
    subprocess.run([python, Path(__file__).with_name("old.py"), uri], check=True, timeout=120, cwd=made)
    serve = [binary(), "tracking", "--port", "0", "--backend-store-uri", uri]
    refused = subprocess.run(serve, capture_output=True, text=True, timeout=20, check=False)
    assert (refused.returncode, "longshore tracking migrate" in refused.stderr) == (1, True), refused.stderr
    before = rows(uri)
    dry = migrate(uri, "--dry-run")
    assert dry.returncode == 0 and "nothing was changed" in dry.stdout and rows(uri) == before, dry.stderr
    both(uri, tmp_path)
    # MLflow opens it as it is, and the client of today reads what was there and goes on
    direct = MlflowClient(uri)
    with Tracking(tmp_path, store_uri=uri) as server:
        mlflow.set_tracking_uri(server.url)
        client = MlflowClient()
        experiment = client.get_experiment_by_name("ü 1").experiment_id
        for look in (direct, client):
            found = look.search_runs([experiment], "metrics.loss > 1 and params.q = ''")
            assert len(found) == 3, found
        run = found[0].info.run_id
        assert len(client.get_metric_history(run, "loss")) == 5
        assert client.get_model_version("another", "1").current_stage == "Production"
        next_run = client.create_run(experiment)
        client.log_metric(next_run.info.run_id, "loss", 1)
        assert direct.get_run(next_run.info.run_id).data.metrics == {"loss": 1}
        seen = []
        for look in (direct, client):
            traces = look.search_traces(locations=[experiment], include_spans=False)
            seen.append({it.info.trace_id: it.info.to_dict() for it in traces})
        assert seen[0] == seen[1]


@pytest.mark.skipif(FEW == slice(1), reason="SQLite and `ALL_REVISIONS=1` show it")
def test_whoever_is_killed_goes_on(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    uri = new_store(tmp_path)
    bring(uri, "97727af70f4d")
    fill(uri, rng)
    theirs = copy(uri, tmp_path / "theirs")
    command = [str(binary()), "tracking", "migrate", "--without-copy", "--force", "--backend-store-uri", uri]
    kills = 0
    for patience in range(200):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            # a step later each time
            for _ in range(1 + patience % 4):
                running.stdout.readline()
            time.sleep(rng.random() / 100)
            if running.poll() is None:
                running.send_signal(signal.SIGKILL)
            rest = running.stdout.read()
            running.wait(30)
        kills += running.returncode == -signal.SIGKILL
        assert running.returncode in (0, -signal.SIGKILL), rest
        if "there is nothing to do" in rest or running.returncode == 0:
            break
    done = migrate(uri, "--force")
    assert done.returncode == 0, done.stderr
    assert kills > 3
    bring(theirs, "head")
    compare(uri, theirs)


@pytest.mark.parametrize("revision", USERS[FEW])
def test_users_come_forward(revision: str, tmp_path: Path) -> None:
    uri = new_store(tmp_path)
    bring(uri, revision, "users")
    fill(uri, random.Random(SEED))
    theirs = copy(uri, tmp_path / "theirs")
    if "sqlite" in uri and revision == "8606fa83a998":
        # as MLflow before 3.6 left it
        with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as file:
            file.execute("DROP TABLE alembic_version_auth")
    (tmp_path / "tracking").mkdir()
    main = new_store(tmp_path / "tracking")
    bring(main, "head")
    settings = tmp_path / "auth.ini"
    settings.write_text(f"[mlflow]\ndefault_permission = READ\ndatabase_uri = {uri}\nadmin_username = a\nadmin_password = long enough\n")
    done = migrate(main, "--app-name", "basic-auth", "--auth-config", str(settings))
    assert done.returncode == 0, done.stderr + done.stdout
    bring(theirs, "head", "users")
    compare(uri, theirs)
