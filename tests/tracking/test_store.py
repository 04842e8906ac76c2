"""Databases that MLflow made are opened here, and those made here are opened by MLflow."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from server import Tracking, new_store

pytestmark = pytest.mark.current


def upgrade(uri: str) -> None:
    """What `mlflow db upgrade` does; a database that is new enough stays as it is."""
    from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine

    _upgrade_db(create_sqlalchemy_engine(uri))


def write(client: MlflowClient, name: str) -> str:
    """One of everything that a client of training keeps."""
    experiment = client.create_experiment(name, artifact_location=f"mlflow-artifacts:/{name}", tags={"a": "ü"})
    info = client.create_run(experiment, start_time=1_700_000_000_123, run_name=name, tags={"t": "it's"}).info
    run = info.run_id
    metrics = [Metric("loss", step / 7, 1000 + step, step) for step in range(20)]
    metrics += [Metric("nan", math.nan, 1, 0), Metric("up", math.inf, 1, 0)]
    client.log_batch(run, metrics, [Param("depth", "4"), Param("empty", "")], [RunTag("x/y", "€")])
    client.set_terminated(run, "FAILED", end_time=1_700_000_001_000)
    client.create_registered_model(name, tags={"k": "v"}, description="a model")
    for _ in range(2):
        client.create_model_version(name, f"{info.artifact_uri}/m", run, tags={"w": "1"})
    client.set_registered_model_alias(name, "best", 2)
    client.set_model_version_tag(name, "1", "note", "x")
    return experiment


def read(client: MlflowClient, name: str) -> list[object]:
    experiment = client.get_experiment_by_name(name)
    (run,) = client.search_runs([experiment.experiment_id], f"attributes.run_name = '{name}' and params.depth = '4' and metrics.loss > 2")
    history = [(one.step, one.timestamp, one.value) for one in client.get_metric_history(run.info.run_id, "loss")]
    metrics = sorted((key, str(value)) for key, value in run.data.metrics.items())
    model = client.get_registered_model(name)
    versions = sorted(client.search_model_versions(f"name = '{name}'"), key=lambda one: int(one.version))
    return [
        {**dict(experiment), "tags": dict(experiment.tags)},
        dict(run.info),
        dict(run.data.params),
        dict(run.data.tags),
        metrics,
        history,
        (model.name, model.description, dict(model.tags), {alias: str(version) for alias, version in model.aliases.items()}, model.creation_timestamp),
        [(str(one.version), one.source, one.run_id, dict(one.tags), one.current_stage, list(one.aliases), one.creation_timestamp) for one in versions],
    ]


@pytest.mark.parametrize("maker", ["mlflow", "longshore"])
def test_a_database_is_opened_by_both(tmp_path: Path, name: str, maker: str) -> None:
    uri = new_store(tmp_path)
    if maker == "mlflow":
        write(MlflowClient(tracking_uri=uri), f"{name}-theirs")
    for turn in range(2):
        with Tracking(tmp_path, store_uri=uri) as server:
            ours = MlflowClient(tracking_uri=server.url)
            write(ours, f"{name}-ours{turn}")
            known = [f"{name}-ours{before}" for before in range(turn + 1)] + ([f"{name}-theirs"] if maker == "mlflow" or turn else [])
            seen = [read(ours, one) for one in known]
        theirs = MlflowClient(tracking_uri=uri)
        assert [read(theirs, one) for one in known] == seen
        upgrade(uri)
        assert [read(theirs, one) for one in known] == seen
        if maker == "longshore" and not turn:
            write(theirs, f"{name}-theirs")


def test_what_a_database_cannot_keep(client: MlflowClient, experiment: str) -> None:
    """PostgreSQL knows no NUL; SQLite keeps it."""
    run = client.create_run(experiment).info.run_id
    for call in (
        lambda: client.set_tag(run, "nul", "a\0b"),
        lambda: client.log_param(run, "nul", "a\0b"),
        lambda: client.search_runs([experiment], "tags.nul = 'a\0b'"),
    ):
        if "LONGSHORE_TEST_POSTGRES" in os.environ:
            with pytest.raises(MlflowException, match="NUL") as refused:
                call()
            assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
        else:
            call()
    assert client.get_run(run).info.status == "RUNNING"
