"""Models logged, registered and loaded by MLflow's own calls: what comes back answers as what was logged."""

from __future__ import annotations

import mlflow
import numpy
import pytest
from conftest import SEED
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

ROWS = numpy.random.default_rng(SEED).random((60, 4))
LABELS = (ROWS[:, 0] > ROWS[:, 1]).astype(int)


def trained(flavor: str):
    """A small model of the flavor."""
    if flavor == "sklearn":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression().fit(ROWS, LABELS)
    library = pytest.importorskip(flavor)
    kind = {"xgboost": "XGBClassifier", "lightgbm": "LGBMClassifier"}[flavor]
    return getattr(library, kind)(n_estimators=3).fit(ROWS, LABELS)


def log(flavor: str, model: object, registered: str | None = None):
    """Log the model in the run under way, under the name `model`; MLflow finds out what it needs, which takes seconds, in the tests of autolog."""
    module = getattr(mlflow, flavor)
    return module.log_model(model, "model", registered_model_name=registered, pip_requirements=[{"sklearn": "scikit-learn"}.get(flavor, flavor)])


@pytest.mark.parametrize("flavor", ["sklearn", "xgboost", "lightgbm"])
def test_a_model_that_was_logged_is_loaded(client: MlflowClient, experiment: str, name: str, flavor: str) -> None:
    model = trained(flavor)
    with mlflow.start_run() as run:
        logged = log(flavor, model, name)
    client.set_registered_model_alias(name, "champion", "1")
    for uri in (logged.model_uri, f"models:/{name}/1", f"models:/{name}@champion", f"runs:/{run.info.run_id}/model"):
        loaded = mlflow.pyfunc.load_model(uri)
        assert numpy.array_equal(loaded.predict(ROWS), model.predict(ROWS)), uri


def test_versions_aliases_and_stages(client: MlflowClient, experiment: str, name: str) -> None:
    model = trained("sklearn")
    with mlflow.start_run() as run:
        for _ in range(2):
            log("sklearn", model, name)
    version = client.get_model_version(name, "2")
    assert (version.version, version.run_id, version.status, version.current_stage) in (("2", run.info.run_id, "READY", "None"), (2, run.info.run_id, "READY", "None"))
    client.set_registered_model_alias(name, "a", "1")
    client.set_registered_model_alias(name, "a", "2")
    assert str(client.get_model_version_by_alias(name, "a").version) == "2"
    assert {alias: str(number) for alias, number in client.get_registered_model(name).aliases.items()} == {"a": "2"}
    client.delete_registered_model_alias(name, "a")
    with pytest.raises(MlflowException):
        client.get_model_version_by_alias(name, "a")
    client.transition_model_version_stage(name, "1", "Production")
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    assert client.get_model_version(name, "1").current_stage == "Archived"
    assert [str(one.version) for one in client.get_latest_versions(name, ["Production"])] == ["2"]
    assert numpy.array_equal(mlflow.pyfunc.load_model(f"models:/{name}/Production").predict(ROWS), model.predict(ROWS))


def test_tags_names_and_deletion(client: MlflowClient, experiment: str, name: str) -> None:
    client.create_registered_model(name, {"a": "1"}, "first")
    with pytest.raises(MlflowException) as refused:
        client.create_registered_model(name)
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"
    with mlflow.start_run():
        log("sklearn", trained("sklearn"), name)
    client.set_registered_model_tag(name, "b", "2")
    client.set_model_version_tag(name, "1", "c", "3")
    client.update_model_version(name, "1", "a version")
    client.update_registered_model(name, "second")
    client.rename_registered_model(name, name + "-new")
    model, version = client.get_registered_model(name + "-new"), client.get_model_version(name + "-new", "1")
    assert (model.description, model.tags) == ("second", {"a": "1", "b": "2"})
    assert (version.description, version.tags) == ("a version", {"c": "3"})
    client.delete_registered_model_tag(name + "-new", "a")
    client.delete_model_version_tag(name + "-new", "1", "c")
    assert client.get_registered_model(name + "-new").tags == {"b": "2"} and client.get_model_version(name + "-new", "1").tags == {}
    client.delete_model_version(name + "-new", "1")
    with pytest.raises(MlflowException) as refused:
        client.get_model_version(name + "-new", "1")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    client.delete_registered_model(name + "-new")
    with pytest.raises(MlflowException):
        client.get_registered_model(name + "-new")


@pytest.mark.parametrize("flavor", ["sklearn", "xgboost", "lightgbm"])
def test_autolog(client: MlflowClient, experiment: str, flavor: str) -> None:
    pytest.importorskip(flavor)
    module = getattr(mlflow, flavor)
    module.autolog()
    try:
        with mlflow.start_run() as run:
            model = trained(flavor)
    finally:
        module.autolog(disable=True)
    read = client.get_run(run.info.run_id)
    assert read.data.params and read.info.status == "FINISHED"
    found = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert numpy.array_equal(numpy.asarray(found.predict(ROWS)).round(), model.predict(ROWS))
