"""Garbage collection: what `longshore tracking gc` leaves of a database is what the real `mlflow gc` leaves of it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import mlflow
import pytest
from bucket import NAME, Bucket
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking, binary, new_store

fill = pytest.importorskip("traces", reason="2.22 has no traces of version 3", exc_type=ImportError).fill
pytestmark = pytest.mark.current
DAY = 86_400_000


def longshore(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(binary()), "tracking", "gc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=os.environ | (environment or {}))


def said(done: subprocess.CompletedProcess[str]) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass
class Filled:
    """A database with some of everything, and what is in it by names."""

    store_uri: str
    root: Path
    ids: dict[str, str]

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}


@contextlib.contextmanager
def days_ago(days: float) -> Iterator[None]:
    from mlflow.utils.time import get_current_time_millis

    with mock.patch("mlflow.store.tracking.sqlalchemy_store.get_current_time_millis", return_value=get_current_time_millis() - int(days * DAY)):
        yield


def fill_store(folder: Path) -> Filled:
    """Runs, models and experiments that are active, deleted, and deleted long ago."""
    from mlflow.entities import Dataset, DatasetInput, LoggedModelParameter, LoggedModelTag, Metric, Param, RunTag
    from mlflow.store.jobs.sqlalchemy_store import SqlAlchemyJobStore
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    uri, root = new_store(folder), folder / "files"
    store = SqlAlchemyStore(uri, root.as_uri())
    ids: dict[str, str] = {}

    def run(name: str, experiment: str) -> str:
        info = store.create_run(experiment, "user", 0, [], name).info
        store.log_batch(info.run_id, [Metric(f"m{step % 3}", step, step, step) for step in range(30)], [Param("p", "1")], [RunTag("t", "1")])
        store.log_inputs(info.run_id, [DatasetInput(Dataset("d", "1", "local", "{}"), [])])
        keep(info.artifact_uri, "a.txt", "model/b.txt")
        ids[name] = info.run_id
        return info.run_id

    def keep(location: str, *names: str) -> None:
        for name in names:
            path = Path(location.removeprefix("file://")) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)

    def model(name: str, experiment: str, of: str) -> str:
        made = store.create_logged_model(experiment, name=name, source_run_id=of, params=[LoggedModelParameter("p", "1")], tags=[LoggedModelTag("t", "1")])
        store.log_batch(of, [Metric("of model", 1, 1, 1, model_id=made.model_id)], [], [])
        keep(made.artifact_location, "MLmodel")
        ids[name] = made.model_id
        return made.model_id

    for name in ("kept", "old", "new"):
        experiment = ids[f"experiment {name}"] = store.create_experiment(name)
        for stage in ("active", "old", "new", "registered"):
            model(f"model {name} {stage}", experiment, run(f"run {name} {stage}", experiment))
        fill(store, experiment, random.Random(name), 5)
        store.register_scorer(experiment, "scorer", json.dumps({"name": "scorer"}))
        for stage, days in (("old", 3.0), ("new", 0.0)):
            with days_ago(days):
                store.delete_run(ids[f"run {name} {stage}"])
                store.delete_logged_model(ids[f"model {name} {stage}"])
    registry = Registry(uri)
    registry.create_registered_model("m")
    source = store.get_run(ids["run kept registered"]).info.artifact_uri
    registry.create_model_version("m", f"{source}/model", ids["run kept registered"])
    with days_ago(3.0):
        store.delete_run(ids["run kept registered"])
        store.delete_experiment(ids["experiment old"])
    store.delete_experiment(ids["experiment new"])
    jobs = SqlAlchemyJobStore(uri)
    for name in ("done", "waiting"):
        ids[f"job {name}"] = jobs.create_job(name, "{}").job_id
    jobs.start_job(ids["job done"])
    jobs.finish_job(ids["job done"], "")
    return Filled(uri, root, ids)


def copy(store_uri: str, folder: Path) -> str:
    """A copy of a database, whose connections are ended for that."""
    if store_uri.startswith("sqlite"):
        to = folder / f"{uuid.uuid4().hex}.db"
        shutil.copy(store_uri.removeprefix("sqlite:///"), to)
        return f"sqlite:///{to}"
    import psycopg2

    base, name = store_uri.rsplit("/", 1)
    to = f"t{uuid.uuid4().hex[:12]}"
    on = psycopg2.connect(f"{base.replace('+psycopg2', '')}/postgres")
    on.autocommit = True
    on.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    on.cursor().execute(f"CREATE DATABASE {to} TEMPLATE {name}")
    on.close()
    return f"{base}/{to}"


def rows(store_uri: str) -> dict[str, list[str]]:
    """All rows of all tables."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(store_uri, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as on:
        tables = sqlalchemy.inspect(engine).get_table_names()
        return {table: sorted(map(repr, on.exec_driver_sql(f'SELECT * FROM "{table}"').fetchall())) for table in sorted(tables)}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return fill_store(tmp_path_factory.mktemp("gc"))


ASKED = {
    "all": [],
    "old": ["--older-than", "1d"],
    "named": ["--run-ids", "run new old,run kept new", "--logged-model-ids", "model kept old", "--experiment-ids", "experiment old"],
    "jobs": ["--jobs", "--run-ids", "run kept old"],
}


@pytest.mark.parametrize("asked", ASKED)
def test_rows_are_left_as_by_mlflow(filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    from mlflow.cli import gc

    arguments = [",".join(filled.ids.get(name, name) for name in one.split(",")) for one in ASKED[asked]]
    theirs, ours = copy(filled.store_uri, tmp_path), copy(filled.store_uri, tmp_path)
    shutil.copytree(filled.root, tmp_path / "files")
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", theirs)
        done = CliRunner().invoke(gc, ["--backend-store-uri", theirs, *arguments])
        assert done.exit_code == 0, done.output + str(done.exception)
        by_mlflow = filled.files()
        restore(filled.root, tmp_path / "files")
        before = rows(ours)

        dry = longshore("--backend-store-uri", ours, *arguments, "--dry-run", "--json")
        assert dry.returncode == 0, dry.stderr
        assert rows(ours) == before
        assert filled.files() == {str(path.relative_to(tmp_path / "files")) for path in (tmp_path / "files").rglob("*") if path.is_file()}

        done = longshore("--backend-store-uri", ours, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        assert rows(ours) == rows(theirs)
        (*things, last), (*planned, plan) = said(done), said(dry)
        assert {(one["kind"], one["id"], one["bytes"]) for one in things} == {(one["kind"], one["id"], one["bytes"]) for one in planned}
        assert last["summary"] | {"dry_run": True} == plan["summary"]
        # MLflow leaves the files of what goes with an experiment, and takes those of a registered model
        registered = f"{filled.ids['experiment kept']}/{filled.ids['run kept registered']}/artifacts/model/b.txt"
        experiments = ("experiment old",) if asked in ("old", "named") else ("experiment old", "experiment new")
        gone = {filled.ids[name] for name in experiments}
        assert filled.files() == {path for path in by_mlflow if path.split("/")[0] not in gone} | {registered}
    finally:
        restore(filled.root, tmp_path / "files")


def restore(root: Path, kept: Path) -> None:
    shutil.rmtree(root)
    shutil.copytree(kept, root)


def test_a_collection_that_is_killed_loses_nothing_and_is_taken_up_again(filled: Filled, tmp_path: Path) -> None:
    once, often = copy(filled.store_uri, tmp_path), copy(filled.store_uri, tmp_path)
    shutil.copytree(filled.root, tmp_path / "files")
    rng = random.Random(os.environ.get("SEED"))
    try:
        assert longshore("--backend-store-uri", once).returncode == 0
        left = filled.files()
        restore(filled.root, tmp_path / "files")
        for _ in range(6):
            command = [str(binary()), "tracking", "gc", "--backend-store-uri", often]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.random() * 0.1)
            process.kill()
            process.wait(10)
            assert left <= filled.files()
        assert longshore("--backend-store-uri", often).returncode == 0
        assert (rows(often), filled.files()) == (rows(once), left)
    finally:
        restore(filled.root, tmp_path / "files")


def test_what_is_claimed_is_not_restored(tracking: Tracking, client: MlflowClient, experiment: str) -> None:
    """A collection that was killed after its first step, as the database has it then."""
    import sqlalchemy

    run = client.create_run(experiment).info.run_id
    client.log_metric(run, "m", 1.0)
    client.delete_run(run)
    with sqlalchemy.create_engine(tracking.store_uri).begin() as on:
        on.exec_driver_sql(f"UPDATE runs SET lifecycle_stage = NULL WHERE run_uuid = '{run}'")
    with pytest.raises(MlflowException):
        client.restore_run(run)
    place = ("--backend-store-uri", tracking.store_uri, "--artifacts-destination", tracking.artifacts)
    assert longshore(*place, "--run-ids", run, "--older-than", "9d").returncode == 0
    with pytest.raises(MlflowException, match="not found"):
        client.get_run(run)


def test_what_is_not_deleted_or_too_young_is_refused(tracking: Tracking, client: MlflowClient, name: str) -> None:
    experiment = client.create_experiment(name)
    run, other = (client.create_run(experiment).info.run_id for _ in range(2))
    client.delete_run(other)
    place = ("--backend-store-uri", tracking.store_uri, "--artifacts-destination", tracking.artifacts)
    asked = {
        ("--run-ids", run): "not in `deleted` lifecycle stage",
        ("--run-ids", f"{other},{run}"): "not in `deleted` lifecycle stage",
        ("--run-ids", other, "--older-than", "10d10h10m10s"): "is not older than the required age",
        ("--run-ids", "0" * 32): "not found",
        ("--experiment-ids", experiment): "not in the deleted lifecycle stage",
        ("--experiment-ids", "999999"): "No Experiment with id=999999 exists",
        ("--logged-model-ids", "m-0"): "not found",
        ("--older-than", "5 days"): "Could not parse any time information",
    }
    for arguments, words in asked.items():
        done = longshore(*place, *arguments)
        assert done.returncode in (1, 2), arguments
        assert words in done.stderr, done.stderr
    assert client.get_run(other).info.lifecycle_stage == "deleted"
    absent = longshore("--backend-store-uri", "sqlite:////no/such/mlflow.db")
    assert (absent.returncode, "there is no database" in absent.stderr) == (1, True)


def test_files_in_a_bucket_go_too_and_those_of_nothing_when_that_is_asked_for(tmp_path: Path) -> None:
    with Bucket() as bucket:
        place = ("--artifacts-destination", f"s3://{NAME}/all")
        with Tracking(tmp_path, *place, environment=bucket.environment) as server:
            mlflow.set_tracking_uri(server.url)
            client = MlflowClient()
            runs = [client.create_run("0").info.run_id for _ in range(3)]
            for run in runs:
                client.log_text(run, "text", "a/b.txt")
            orphan = uuid.uuid4().hex
            bucket.ask("PUT", f"/{NAME}/all/0/{orphan}/artifacts/x")
            client.delete_run(runs[0])

            def collect(*arguments: object) -> list[dict]:
                done = longshore("--backend-store-uri", server.store_uri, *place, *arguments, "--json", environment=bucket.environment)
                assert done.returncode == 0, done.stderr
                return said(done)

            def there(run: str) -> bool:
                return f"/{run}/" in bucket.ask("GET", f"/{NAME}?list-type=2").decode()

            (gone, last) = collect()
            assert (gone["id"], gone["files"], gone["bytes"]) == (runs[0], 1, 4)
            assert [there(run) for run in (*runs, orphan)] == [False, True, True, True]
            # it is not a day old
            assert collect("--orphans")[-1]["summary"]["orphan"] == 0
            (gone, last) = collect("--orphans", "--older-than", "0s")
            assert (gone["id"], last["summary"]["orphan"]) == (f"0/{orphan}", 1)
            assert [there(run) for run in (*runs, orphan)] == [False, True, True, False]
