"""`longshore experiments`, `runs` and `models` at the server under test and at MLflow's own, with what MLflow's client logged."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import pytest
from commands import WIDTH, Commands, free_port
from mlflow import MlflowClient
from server import Tracking


def test_experiments_are_made_found_renamed_deleted_and_restored(at: Commands, name: str) -> None:
    made = at("experiments", "create", name, "--tag", "team=cellar")
    found = MlflowClient().get_experiment(made)
    assert (found.name, found.tags["team"]) == (name, "cellar")
    for given in (name, made, f"id:{made}", f"name:{name}"):
        assert at.json("experiments", "get", given)["experiment_id"] == made
    assert f"\n{made} " in "\n" + at("experiments", "search", "--filter", f"name = '{name}'")
    assert at("experiments", "rename", name, f"{name}-b").endswith(f"is `{name}-b` now")
    assert MlflowClient().get_experiment(made).name == f"{name}-b"
    at("experiments", "delete", f"{name}-b")
    filter_ = ("--filter", f"name LIKE '{name}%'")
    assert at("experiments", "list", *filter_).startswith("no experiments that the filter finds")
    assert "deleted" in at("experiments", "list", *filter_, "--which", "deleted")
    at("experiments", "restore", f"{name}-b")
    assert [it["experiment_id"] for it in at.json("experiments", "list", *filter_)] == [made]


def test_a_number_that_is_a_name_and_an_id_is_not_guessed(at: Commands, name: str) -> None:
    first = at("experiments", "create", name)
    second = MlflowClient().get_experiment_by_name(first)
    second = second.experiment_id if second else at("experiments", "create", first)
    assert f"`id:{first}`" in at.refused("experiments", "delete", first)
    assert at.json("experiments", "get", f"name:{first}")["experiment_id"] == second
    at("experiments", "delete", f"name:{first}")


def test_runs_are_listed_compared_and_shown(at: Commands, name: str) -> None:
    mlflow.set_experiment(name)
    ids = []
    for number in range(3):
        with mlflow.start_run(run_name=f"{name}-{number}") as run:
            ids.append(run.info.run_id)
            mlflow.log_params({"alpha": number / 10, "solver": "lbfgs"})
            mlflow.log_metrics({"rmse": 1 / (number + 1), "odd": float("nan")}, step=4)
            mlflow.set_tag("note", "escape \x1b[31m and\nline")
    table = at("runs", "search", "--experiment", name, "--order-by", "metrics.rmse ASC", "--filter", "params.solver = 'lbfgs'")
    lines = table.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ids[::-1]
    assert "rmse" in lines[0] and "0.333333" in lines[1]
    assert all(len(line) <= WIDTH for line in lines)
    wide = at("runs", "list", "-e", name, "--wide").splitlines()
    assert {"odd", "rmse", "alpha", "solver"} <= set(wide[0].split())
    assert "NaN" in wide[1]
    chosen = at("runs", "list", "-e", name, "--columns", "params.alpha,tags.note")
    assert "\x1b" not in chosen and "alpha" in chosen.splitlines()[0]
    some = at.run("runs", "list", "-e", name, "--limit", "2")
    assert len(some.stdout.splitlines()) == 3 and "more runs than these 2" in some.stderr
    shown = at("runs", "get", f"{name}-1", "-e", name)
    assert ids[1] in shown and "0.5" in shown and "escape  [31m and line" in shown
    whole = at.json("runs", "get", ids[2])
    assert {it["key"]: it["value"] for it in whole["data"]["params"]} == {"alpha": "0.2", "solver": "lbfgs"}
    compared = at("runs", "compare", *ids, "--differences")
    assert "metrics.rmse" in compared and "params.solver" not in compared
    assert len(at.json("runs", "compare", *ids)) == 3
    at("runs", "delete", ids[0])
    assert ids[0] not in at("runs", "list", "-e", name)
    assert "DELETED" in at("runs", "list", "-e", name, "--which", "deleted")
    at("runs", "restore", f"{name}-0", "-e", name)
    assert ids[0] in at("runs", "list", "-e", name)


def test_many_runs_come_page_by_page(at: Commands, name: str) -> None:
    experiment = at("experiments", "create", name)
    client = MlflowClient()
    for number in range(7):
        client.create_run(experiment, start_time=number + 1)
    found = at.json("runs", "list", "-e", name, "--limit", "0")
    assert [run["info"]["start_time"] for run in found] == [7, 6, 5, 4, 3, 2, 1]


def test_files_of_a_run_are_listed_and_downloaded(at: Commands, name: str, tmp_path: Path) -> None:
    mlflow.set_experiment(name)
    (tmp_path / "in/plots").mkdir(parents=True)
    (tmp_path / "in/a.txt").write_text("one")
    (tmp_path / "in/plots/b c.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "in"))
    run_id = run.info.run_id
    assert at("runs", "artifacts", "list", run_id).split() == ["PATH", "SIZE", "a.txt", "3", "B", "plots/"]
    assert "plots/b c.zip" in at("runs", "artifacts", "list", run_id, "--recursive")
    assert [it["path"] for it in at.json("runs", "artifacts", "list", run_id, "plots")] == ["plots/b c.zip"]
    for path, expected in ((None, {"a.txt", "plots/b c.zip"}), ("plots", {"plots/b c.zip"}), ("plots/b c.zip", {"plots/b c.zip"}), ("a.txt", {"a.txt"})):
        out = tmp_path / f"out-{str(path).replace('/', '-')}"
        at("runs", "artifacts", "download", run_id, *([path] if path else []), "--output", str(out))
        assert {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()} == expected
        for file in expected:
            assert (out / file).read_bytes() == (tmp_path / "in" / file).read_bytes()
    assert "does not exist" in at.refused("runs", "artifacts", "download", run_id, "none.txt", "--output", str(tmp_path / "none"))


def test_models_are_registered_pointed_at_tagged_and_deleted(at: Commands, name: str, tmp_path: Path) -> None:
    mlflow.set_experiment(name)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/MLmodel").write_text("flavors: {}\n")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "model"), "model")
    source = f"runs:/{run.info.run_id}/model"
    words = at("models", "register", name, source, "--alias", "champion", "--tag", "by=ana", "--description", "the first")
    assert words.startswith(f"version 1 of the model `{name}` is registered and `champion` points at it")
    client = MlflowClient()
    first = client.get_model_version_by_alias(name, "champion")
    assert (str(first.version), first.run_id, first.tags["by"], first.description) == ("1", run.info.run_id, "ana", "the first")
    assert at.json("models", "register", name, source)["version"] in ("2", 2)
    assert at("models", "alias", "set", name, "champion", "2").endswith("points at version 2, before at 1")
    assert str(client.get_model_version_by_alias(name, "champion").version) == "2"
    for given in (f"{name}@champion", f"{name}/2", f"models:/{name}@champion", f"{name}/latest"):
        assert str(at.json("models", "get", given)["version"]) == "2"
    listed = at("models", "versions", name).splitlines()
    assert [line.split()[0] for line in listed] == ["VERSION", "2", "1"]
    assert "champion" in listed[1] and all(len(line) <= WIDTH for line in listed)
    assert "champion→2" in at("models", "search", "--filter", f"name = '{name}'")
    assert "team=cellar" in at("models", "tag", "set", name, "team=cellar", "level=2")
    assert client.get_registered_model(name).tags == {"team": "cellar", "level": "2"}
    at("models", "tag", "set", f"{name}@champion", "checked=yes")
    at("models", "tag", "delete", f"{name}/2", "checked")
    at("models", "tag", "delete", name, "level")
    assert client.get_model_version(name, "2").tags == {}
    assert client.get_registered_model(name).tags == {"team": "cellar"}
    assert "team" in at("models", "get", name)
    at("models", "alias", "delete", name, "champion")
    at("models", "delete", f"{name}/1")
    assert [str(it["version"]) for it in at.json("models", "versions", name)] == ["2"]
    at("models", "delete", name)
    assert name not in at("models", "list", "--limit", "0")


@pytest.mark.current
def test_a_logged_model_is_registered_by_the_run_and_by_its_id(at: Commands, name: str) -> None:
    from sklearn.linear_model import LinearRegression

    mlflow.set_experiment(name)
    with mlflow.start_run() as run:
        logged = mlflow.sklearn.log_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), name="model", pip_requirements=["scikit-learn"])
    for source in (f"runs:/{run.info.run_id}/model", f"models:/{logged.model_id}"):
        version = at.json("models", "register", name, source)
        assert version["source"] == f"models:/{logged.model_id}"
        assert mlflow.pyfunc.load_model(f"models:/{name}/{version['version']}").predict([[2.0]])[0] == pytest.approx(2.0)
    assert logged.model_id in at("runs", "get", run.info.run_id)


def test_what_is_not_there_is_told_with_what_may_be_meant(at: Commands, name: str) -> None:
    at("experiments", "create", f"{name}-wine")
    at("models", "register", f"{name}-wine")
    mlflow.set_experiment(f"{name}-wine")
    with mlflow.start_run(run_name=f"{name}-calm-owl"):
        pass
    assert f"did you mean `{name}-wine`?" in at.refused("experiments", "get", f"{name}-wnie")
    assert f"did you mean `{name}-wine`?" in at.refused("models", "get", f"{name}-win")
    assert f"did you mean `{name}-calm-owl`?" in at.refused("runs", "get", f"{name}-calm-ovl", "-e", f"{name}-wine")
    assert "`longshore runs list`" in at.refused("runs", "get", "0" * 32)
    assert "`longshore models versions" in at.refused("models", "get", f"{name}-wine/9")
    assert "there is none at all" in at.refused("models", "alias", "delete", f"{name}-wine", "champion")


def test_what_the_server_refuses_is_told_in_its_words(at: Commands, name: str) -> None:
    at("experiments", "create", name)
    assert "INVALID_PARAMETER_VALUE" in at.refused("runs", "list", "-e", name, "--filter", "metrics.a ~ 1")
    told = at.refused("experiments", "create", name)
    assert "RESOURCE_ALREADY_EXISTS" in told and name in told


def test_a_server_that_is_not_there_can_be_tried_again(name: str) -> None:
    away = Commands(f"http://127.0.0.1:{free_port()}")
    told = away.refused("experiments", "list", code=75)
    assert "`longshore tracking`" in told and "refused" in told
    for uri in ("sqlite:///mlflow.db", "postgresql://user:secret@host/db", "./mlruns", "databricks"):
        told = Commands(uri).refused("models", "list")
        assert "no tracking server's address" in told and "secret" not in told
    Commands("http://x").run("runs", "list", "--order", "x", code=2)


def test_users_and_workspaces_are_those_of_mlflows_variables(tmp_path: Path, name: str) -> None:
    config = tmp_path / "auth.ini"
    config.write_text(f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{tmp_path}/users.db\nadmin_username = admin\nadmin_password = long enough 1\n")
    with Tracking(tmp_path, "--app-name", "basic-auth", "--enable-workspaces", environment={"MLFLOW_AUTH_CONFIG_PATH": str(config)}) as server:
        locked = Commands(server.url)
        assert "401" in locked.refused("experiments", "list")
        admin = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "long enough 1"}
        assert "user `admin`" in locked.refused("experiments", "list", **admin | {"MLFLOW_TRACKING_PASSWORD": "wrong"})
        locked("experiments", "create", name, **admin)
        assert name in locked("experiments", "list", **admin)
        assert "none" in locked.refused("experiments", "list", MLFLOW_WORKSPACE="none", **admin)
