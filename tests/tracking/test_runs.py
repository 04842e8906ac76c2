"""Experiments and runs by the fluent calls and the client: what was written is what is read."""

from __future__ import annotations

import math

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.name_utils import _GENERATOR_PREDICATES


def test_a_run_is_read_as_it_was_written(client: MlflowClient, experiment: str) -> None:
    with mlflow.start_run(run_name="first", tags={"team": "wine"}, description="a run") as run:
        mlflow.log_params({"depth": 4, "empty": "", "text": "ü €"})
        mlflow.log_metrics({"loss": 0.5, "acc": 0.25}, step=1)
        mlflow.log_metric("loss", 0.25, step=2)
        mlflow.set_tags({"a/b": 1, "c.d": "x y"})
    read = client.get_run(run.info.run_id)
    assert read.data.params == {"depth": "4", "empty": "", "text": "ü €"}
    assert read.data.metrics == {"loss": 0.25, "acc": 0.25}
    wanted = {"team": "wine", "a/b": "1", "c.d": "x y", "mlflow.runName": "first", "mlflow.note.content": "a run"}
    assert wanted.items() <= read.data.tags.items()
    assert (read.info.run_name, read.info.status, read.info.experiment_id) == ("first", "FINISHED", experiment)
    assert read.info.end_time >= read.info.start_time > 0
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == [(1, 0.5), (2, 0.25)]


def test_a_name_that_its_column_does_not_take_is_refused(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment, run_name="n" * 250).info.run_id
    too_long = "n" * 251
    for call in (
        lambda: client.create_run(experiment, run_name=too_long),
        lambda: client.update_run(run, name=too_long),
        lambda: client.set_tag(run, "mlflow.runName", too_long),
    ):
        with pytest.raises(MlflowException, match="exceeds the maximum length of 250 characters"):
            call()
    assert client.get_run(run).info.run_name == "n" * 250


def test_a_run_without_a_name_gets_one_like_mlflows(client: MlflowClient, experiment: str) -> None:
    name = client.create_run(experiment).info.run_name
    assert name.split("-")[0] in _GENERATOR_PREDICATES, name


def test_values_that_are_not_finite(client: MlflowClient, experiment: str) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metrics({"nan": math.nan, "up": math.inf, "down": -math.inf})
    read = client.get_run(run.info.run_id).data.metrics
    assert math.isnan(read["nan"])
    # MLflow keeps infinity as the greatest number of 64 bits.
    assert read["up"] == 1.7976931348623157e308 and read["down"] == -1.7976931348623157e308


def test_the_last_metric_is_that_of_the_last_step(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    for step, timestamp, value in ((2, 10, 1.0), (1, 20, 9.0), (2, 11, 3.0), (2, 11, 2.0)):
        client.log_metric(run, "m", value, timestamp, step)
    assert client.get_run(run).data.metrics == {"m": 3.0}


def test_a_batch_is_whole_and_may_be_repeated(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    metrics = [Metric("loss", step / 7, 1000 + step, step) for step in range(1000)]
    for _ in range(2):
        client.log_batch(run, metrics)
        client.log_batch(run, params=[Param(f"p{index}", str(index)) for index in range(100)], tags=[RunTag("t", "v")])
    read = client.get_run(run).data
    assert len(read.params) == 100 and read.tags["t"] == "v"
    assert [one.value for one in client.get_metric_history(run, "loss")] == [one.value for one in metrics]


def test_a_parameter_does_not_change(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    client.log_param(run, "depth", 4)
    client.log_param(run, "depth", 4)
    with pytest.raises(MlflowException, match="Changing param values is not allowed") as refused:
        client.log_batch(run, metrics=[Metric("m", 1.0, 1, 1)], params=[Param("depth", "5")])
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    read = client.get_run(run).data
    assert read.params == {"depth": "4"} and read.metrics == {}


def test_tags_and_names_change(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment, run_name="before").info.run_id
    client.set_tag(run, "a", "1")
    client.set_tag(run, "a", "2")
    client.update_run(run, name="after", status="FAILED")
    client.update_run(run, name="")
    client.set_tag(run, "gone", "1")
    client.delete_tag(run, "gone")
    read = client.get_run(run)
    assert read.data.tags["a"] == "2" and "gone" not in read.data.tags
    assert read.info.run_name == read.data.tags["mlflow.runName"] == "after" and read.info.status == "FAILED"
    with pytest.raises(MlflowException) as refused:
        client.delete_tag(run, "gone")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_runs_are_deleted_and_restored(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException):
        client.log_metric(run, "m", 1.0)
    client.restore_run(run)
    client.log_metric(run, "m", 1.0)
    assert client.get_run(run).data.metrics == {"m": 1.0}


def test_experiments(client: MlflowClient, name: str) -> None:
    identifier = client.create_experiment(name, tags={"a": "1"})
    read = client.get_experiment_by_name(name)
    assert (read.experiment_id, read.lifecycle_stage, read.tags) == (identifier, "active", {"a": "1"})
    assert identifier in read.artifact_location
    client.set_experiment_tag(identifier, "b", "2")
    client.rename_experiment(identifier, name + "-new")
    assert client.get_experiment_by_name(name) is None
    client.delete_experiment(identifier)
    assert client.get_experiment(identifier).lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="deleted"):
        mlflow.set_experiment(name + "-new")
    client.restore_experiment(identifier)
    read = client.get_experiment(identifier)
    assert (read.name, read.lifecycle_stage, read.tags) == (name + "-new", "active", {"a": "1", "b": "2"})
    with pytest.raises(MlflowException) as refused:
        client.create_experiment(name + "-new")
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_nested_runs(client: MlflowClient, experiment: str) -> None:
    with mlflow.start_run() as parent, mlflow.start_run(nested=True) as child:
        pass
    assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id


def test_inputs(client: MlflowClient, experiment: str) -> None:
    import numpy

    dataset = mlflow.data.from_numpy(numpy.arange(6).reshape(2, 3), name="six")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training")
        mlflow.log_input(dataset, context="training")
    (read,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (read.dataset.name, read.dataset.digest) == ("six", dataset.digest)
    assert [(tag.key, tag.value) for tag in read.tags] == [("mlflow.data.context", "training")]


def test_what_is_wrong_is_said_as_mlflow_says_it(client: MlflowClient, store: MlflowClient, experiment: str) -> None:
    """The same wrong calls to the server and to MLflow's store: the same code, the same words."""
    run = client.create_run(experiment).info.run_id
    wrong = [
        lambda on: on.get_run("0" * 32),
        lambda on: on.get_experiment("999999999"),
        lambda on: on.log_param(run, "a//b", "x"),
        lambda on: on.log_metric(run, "a/../b", 1.0),
        lambda on: on.log_metric(run, "k" * 251, 1.0),
        lambda on: on.set_tag(run, "bad\nkey", "x"),
        lambda on: on.set_experiment_tag(experiment, "k" * 251, "x"),
        lambda on: on.delete_tag(run, "absent"),
        lambda on: on.restore_experiment("999999999"),
        lambda on: on.search_runs([experiment], "metrics.a > 'x'"),
        lambda on: on.search_runs([experiment], "wrong.a = 'x'"),
        lambda on: on.search_runs([experiment], "params.a ="),
        lambda on: on.search_runs([experiment], order_by=["wrong"]),
        lambda on: on.search_runs([experiment], max_results=50_001),
    ]
    for number, call in enumerate(wrong):
        said = []
        for on in (client, store):
            with pytest.raises(MlflowException) as refused:
                call(on)
            said.append((refused.value.error_code, str(refused.value.message).removeprefix(f"{refused.value.error_code}: ")))
        (code, words), (expected_code, expected_words) = said
        # MLflow lists keys in the order of a set; ours may say the place too
        expected_words = expected_words.partition("Valid keys are")[0]
        assert code == expected_code and words.startswith(expected_words), f"wrong call {number}: {said}"


def test_views(client: MlflowClient, experiment: str) -> None:
    kept, gone = (client.create_run(experiment).info.run_id for _ in range(2))
    client.delete_run(gone)
    found = {view: {run.info.run_id for run in client.search_runs([experiment], run_view_type=view)} for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL)}
    assert found == {ViewType.ACTIVE_ONLY: {kept}, ViewType.DELETED_ONLY: {gone}, ViewType.ALL: {kept, gone}}
