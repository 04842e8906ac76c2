"""Workspaces by MLflow's own calls: each sees what is its own, and nothing of another by any request."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import mlflow
import pytest
import requests
from conftest import CURRENT
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking, binary

if CURRENT:
    from mlflow.entities.workspace import WorkspaceDeletionMode

pytestmark = pytest.mark.current


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    with Tracking(tmp_path_factory.mktemp("workspaces"), "--enable-workspaces") as server:
        yield server


@pytest.fixture
def url(server: Tracking) -> Iterator[str]:
    mlflow.set_tracking_uri(server.url)
    yield server.url
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_workspace(None)


def test_workspaces_are_made_changed_and_removed(url: str, name: str) -> None:
    made = mlflow.create_workspace(name, description="a")
    assert (made.name, made.description, made.default_artifact_root) == (name, "a", None)
    assert {"default", name} <= {it.name for it in mlflow.list_workspaces()}
    changed = mlflow.update_workspace(name, description="b", default_artifact_root="mlflow-artifacts:/own")
    assert changed == mlflow.get_workspace(name)
    assert (changed.description, changed.default_artifact_root) == ("b", "mlflow-artifacts:/own")
    assert mlflow.update_workspace(name, default_artifact_root="").default_artifact_root is None
    with pytest.raises(MlflowException, match=f"Workspace '{name}' already exists"):
        mlflow.create_workspace(name)
    mlflow.delete_workspace(name)
    with pytest.raises(MlflowException, match=f"Workspace '{name}' not found"):
        mlflow.get_workspace(name)
    with pytest.raises(MlflowException, match="reserved and cannot be deleted"):
        mlflow.delete_workspace("default")
    api = f"{url}/api/3.0/mlflow/workspaces"
    for wrong in ("default", "a", "A1", "api", "-ab", "x" * 64):
        assert requests.post(api, json={"name": wrong}, timeout=10).status_code == 400, wrong
    assert requests.delete(f"{api}/team?mode=NONE", timeout=10).status_code == 400


def fill(workspace: str) -> dict[str, str]:
    """One of everything in a workspace: the ids."""
    mlflow.set_workspace(workspace)
    client = MlflowClient()
    experiment = client.create_experiment("the-same-name")
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run() as run:
        mlflow.log_param("a", 1)
        mlflow.log_metric("m", 0.5)
        mlflow.log_text(workspace, "folder/text.txt")
    client.create_registered_model("the-same-model")
    client.create_model_version("the-same-model", f"{run.info.artifact_uri}/folder", run_id=run.info.run_id)
    client.set_registered_model_alias("the-same-model", "champion", "1")
    model = client.create_logged_model(experiment, name="m")
    dataset = client.create_dataset(workspace, experiment_id=experiment)
    scorer = client._tracking_client.store.register_scorer(experiment, "s", "{}")
    return {
        "experiment_id": experiment,
        "run_id": run.info.run_id,
        "run_uuid": run.info.run_id,
        "model_id": model.model_id,
        "dataset_id": dataset.dataset_id,
        "scorer_id": scorer.scorer_id,
        "artifact_uri": run.info.artifact_uri,
    }


def test_no_request_reaches_another_workspace(url: str, name: str) -> None:
    for workspace in (f"{name}-a", f"{name}-b"):
        mlflow.create_workspace(workspace)
    mine, other = fill(f"{name}-a"), fill(f"{name}-b")
    assert mine["artifact_uri"].startswith(f"mlflow-artifacts:/workspaces/{name}-a/")
    mlflow.set_workspace(f"{name}-b")
    assert mlflow.artifacts.load_text(f"{other['artifact_uri']}/folder/text.txt") == f"{name}-b"
    assert MlflowClient().get_model_version_by_alias("the-same-model", "champion").run_id == other["run_id"]
    with pytest.raises(MlflowException, match=f"Run with id={mine['run_id']} not found"):
        MlflowClient().get_metric_history(mine["run_id"], "m")
    mine_or_other = {mine["run_id"]: "mine", other["run_id"]: "other"}
    found = MlflowClient().search_runs([mine["experiment_id"], other["experiment_id"]])
    assert [mine_or_other[it.info.run_id] for it in found] == ["other"]

    # every id of the first workspace, asked for from the second and from none
    two, three = "/api/2.0/mlflow", "/api/3.0/mlflow"
    run, experiment, model, dataset = mine["run_id"], mine["experiment_id"], mine["model_id"], mine["dataset_id"]
    tag = {"key": "k", "value": "v"}
    asked = [
        ("GET", f"{two}/experiments/get", {"experiment_id": experiment}),
        ("POST", f"{two}/experiments/delete", {"experiment_id": experiment}),
        ("POST", f"{two}/experiments/restore", {"experiment_id": experiment}),
        ("POST", f"{two}/experiments/update", {"experiment_id": experiment, "new_name": "x"}),
        ("POST", f"{two}/experiments/set-experiment-tag", {"experiment_id": experiment, **tag}),
        ("POST", f"{two}/experiments/delete-experiment-tag", {"experiment_id": experiment, "key": "k"}),
        ("POST", f"{two}/runs/create", {"experiment_id": experiment}),
        ("GET", f"{two}/runs/get", {"run_id": run}),
        ("POST", f"{two}/runs/update", {"run_id": run, "status": "FINISHED"}),
        ("POST", f"{two}/runs/delete", {"run_id": run}),
        ("POST", f"{two}/runs/restore", {"run_id": run}),
        ("POST", f"{two}/runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": 1}),
        ("POST", f"{two}/runs/log-parameter", {"run_id": run, **tag}),
        ("POST", f"{two}/runs/set-tag", {"run_id": run, **tag}),
        ("POST", f"{two}/runs/delete-tag", {"run_id": run, "key": "k"}),
        ("POST", f"{two}/runs/log-batch", {"run_id": run, "params": [tag]}),
        ("POST", f"{two}/runs/log-inputs", {"run_id": run, "datasets": [{"dataset": {"name": "n", "digest": "d", "source_type": "s", "source": "s"}}]}),
        ("POST", f"{two}/runs/outputs", {"run_id": run, "models": [{"model_id": model, "step": 0}]}),
        ("GET", f"{two}/metrics/get-history", {"run_id": run, "metric_key": "m"}),
        ("GET", f"{two}/artifacts/list", {"run_id": run}),
        ("GET", "/get-artifact", {"run_id": run, "path": "folder/text.txt"}),
        ("POST", f"{two}/logged-models", {"experiment_id": experiment, "name": "x"}),
        ("GET", f"{two}/logged-models/{model}", {}),
        ("PATCH", f"{two}/logged-models/{model}", {"status": "LOGGED_MODEL_READY"}),
        ("DELETE", f"{two}/logged-models/{model}", {}),
        ("PATCH", f"{two}/logged-models/{model}/tags", {"tags": [tag]}),
        ("GET", f"{two}/logged-models/{model}/artifacts/directories", {}),
        ("POST", f"{two}/logged-models/{model}/params", {"params": [tag]}),
        ("GET", f"{three}/datasets/{dataset}", {}),
        ("PATCH", f"{three}/datasets/{dataset}/tags", {"tags": "{}"}),
        ("POST", f"{three}/datasets/{dataset}/records", {"records": "[]"}),
        ("GET", f"{three}/datasets/{dataset}/records", {}),
        ("DELETE", f"{three}/datasets/{dataset}/records", {"dataset_record_ids": ["a"]}),
        ("GET", f"{three}/datasets/{dataset}/experiment-ids", {}),
        ("POST", f"{three}/datasets/{dataset}/add-experiments", {"experiment_ids": []}),
        ("POST", f"{three}/datasets/create", {"name": "x", "experiment_ids": [experiment]}),
        ("GET", f"{three}/scorers/get", {"experiment_id": experiment, "name": "s"}),
        ("GET", f"{three}/scorers/versions", {"experiment_id": experiment, "name": "s"}),
        ("GET", f"{three}/scorers/list", {"experiment_id": experiment}),
        ("DELETE", f"{three}/scorers/delete", {"experiment_id": experiment, "name": "s"}),
        ("POST", f"{three}/scorers/register", {"experiment_id": experiment, "name": "t", "serialized_scorer": "{}"}),
        ("POST", f"{two}/model-versions/create", {"name": "the-same-model", "source": f"{mine['artifact_uri']}/folder", "run_id": run}),
    ]
    for path in ("", "/folder/text.txt"):
        place = mine["artifact_uri"].removeprefix("mlflow-artifacts:/")
        asked += [(method, f"/api/2.0/mlflow-artifacts/artifacts/{place}{path}", {}) for method in ("GET", "DELETE")]
    asked.append(("GET", "/api/2.0/mlflow-artifacts/artifacts", {"path": mine["artifact_uri"].removeprefix("mlflow-artifacts:/")}))
    for header in (f"{name}-b", "default", None):
        headers = {"X-MLFLOW-WORKSPACE": header} if header else {}
        for method, path, fields in asked:
            how = {"params": fields} if method == "GET" else {"json": fields}
            reply = requests.request(method, url + path, headers=headers, timeout=10, **how)
            is_empty = method == "GET" and reply.text == "{}"
            assert is_empty or reply.status_code in (400, 404), (header, method, path, reply.text)
        for path, fields, empty in [
            (f"{two}/runs/search", {"experiment_ids": [experiment]}, {}),
            (f"{two}/logged-models/search", {"experiment_ids": [experiment]}, {}),
            (f"{three}/datasets/search", {"experiment_ids": [experiment]}, {}),
        ]:
            reply = requests.post(url + path, json=fields, headers=headers, timeout=10)
            assert reply.json() == empty, (header, path, reply.text)
    headers = {"X-MLFLOW-WORKSPACE": f"{name}-a"}
    reply = requests.get(f"{url}/get-artifact", params={"run_id": run, "path": "folder/text.txt"}, headers=headers, timeout=10)
    assert reply.text == f"{name}-a", "what was asked for is there"


def test_a_trace_of_another_workspace_is_left_out_of_what_is_linked(url: str, name: str) -> None:
    for workspace in (f"{name}-a", f"{name}-b"):
        mlflow.create_workspace(workspace)
    mine, other = fill(f"{name}-a"), fill(f"{name}-b")

    def ask(workspace: str, path: str, body: dict) -> dict:
        reply = requests.post(url + path, json=body, headers={"X-MLFLOW-WORKSPACE": workspace}, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": mine["experiment_id"]}}
    info = {"trace_id": f"tr-{name}", "trace_location": place, "request_time": "2026-01-01T00:00:00Z", "state": "OK"}
    ask(f"{name}-a", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})
    link = "/api/2.0/mlflow/traces/link-to-run"
    ask(f"{name}-b", link, {"trace_ids": [info["trace_id"]], "run_id": other["run_id"]})
    ask(f"{name}-a", link, {"trace_ids": [info["trace_id"]], "run_id": mine["run_id"]})
    for run, count in ((other["run_id"], 0), (mine["run_id"], 1)):
        asked = {"locations": [place], "filter": f"run_id = '{run}'"}
        assert len(ask(f"{name}-a", "/api/3.0/mlflow/traces/search", asked).get("traces", [])) == count, run


@pytest.mark.parametrize("root", ["", "mlflow-artifacts:/own"])
def test_what_becomes_of_what_is_in_a_workspace(url: str, name: str, root: str) -> None:
    mlflow.create_workspace(name, default_artifact_root=root or None)
    ids = fill(name)
    beginning = root or f"mlflow-artifacts:/workspaces/{name}"
    assert ids["artifact_uri"].startswith(f"{beginning}/{ids['experiment_id']}/")
    assert mlflow.artifacts.load_text(f"{ids['artifact_uri']}/folder/text.txt") == name
    with pytest.raises(MlflowException, match="table 'registered_models' still contains 1 resource"):
        mlflow.delete_workspace(name)
    if root:
        mlflow.delete_workspace(name, mode=WorkspaceDeletionMode.CASCADE)
        mlflow.create_workspace(name)
        assert MlflowClient().get_experiment_by_name("the-same-name") is None
    else:
        mlflow.delete_workspace(name, mode=WorkspaceDeletionMode.SET_DEFAULT)
        mlflow.set_workspace(None)
        assert MlflowClient().get_run(ids["run_id"]).data.params == {"a": "1"}
        asked = {"run_id": ids["run_id"], "path": "folder/text.txt"}
        assert requests.get(f"{url}/get-artifact", params=asked, timeout=10).text == name
        MlflowClient().delete_registered_model("the-same-model")
        MlflowClient().rename_experiment(ids["experiment_id"], f"{name}-moved")


def test_what_is_deleted_is_collected_with_its_files_in_its_workspace_alone(server: Tracking, url: str, name: str) -> None:
    places = [f"{name}-a", f"{name}-b", "default"]
    for workspace in places[:2]:
        mlflow.create_workspace(workspace)
    runs = {}
    for workspace in places:
        mlflow.set_workspace(workspace)
        client = MlflowClient()
        runs[workspace] = client.create_run(client.create_experiment(name)).info
        client.log_text(runs[workspace].run_id, workspace, "a.txt")
        client.delete_run(runs[workspace].run_id)

    def collect(*arguments: str) -> list[str]:
        where = ("--backend-store-uri", server.store_uri, "--artifacts-destination", str(server.artifacts), "--run-ids", ",".join(asked))
        done = subprocess.run([str(binary()), "tracking", "gc", *where, "--json", *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return [one["id"] for one in map(json.loads, done.stdout.splitlines()) if "id" in one]

    def left() -> set[str]:
        return {path.parts[-3] for path in server.artifacts.rglob("a.txt")} & {run.run_id for run in runs.values()}

    everything = {run.run_id for run in runs.values()}
    asked = [runs[places[0]].run_id]
    assert left() == everything
    assert collect("--workspace", places[0]) == asked
    assert left() == everything - {*asked}
    asked = [runs["default"].run_id]
    assert collect("--enable-workspaces") == asked
    assert left() == {runs[places[1]].run_id}
    asked = [runs[places[1]].run_id]
    assert collect("--all-workspaces") == asked
    assert left() == set()


def test_the_server_says_whether_it_has_workspaces(url: str, tracking: Tracking, name: str) -> None:
    info = "/api/3.0/mlflow/server-info"
    for one, enabled in ((url, True), (tracking.url, False)):
        reply = requests.get(one + info, headers={"X-MLFLOW-WORKSPACE": "none-such"}, timeout=10)
        assert reply.json()["workspaces_enabled"] is enabled
    reply = requests.get(f"{url}/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"X-MLFLOW-WORKSPACE": "none-such"}, timeout=10)
    assert (reply.status_code, reply.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    for path in ("/api/2.0/mlflow/experiments/get?experiment_id=0", "/api/3.0/mlflow/workspaces"):
        reply = requests.get(tracking.url + path, headers={"X-MLFLOW-WORKSPACE": "team-a"}, timeout=10)
        assert (reply.status_code, reply.json()["error_code"]) == (501, "FEATURE_DISABLED"), json.dumps(reply.json())
    mlflow.set_tracking_uri(tracking.url)
    with pytest.raises(MlflowException, match="workspaces are not enabled|does not support workspaces"):
        mlflow.set_workspace("team-a")
        MlflowClient().search_experiments()
