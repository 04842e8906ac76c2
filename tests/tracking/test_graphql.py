"""The queries of MLflow's web page: the same answers as MLflow's own GraphQL schema gives from the same database."""

from __future__ import annotations

from collections.abc import Callable

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from server import Tracking

pytestmark = pytest.mark.current

METRIC = "key value timestamp step datasetName datasetDigest modelId runId"
VERSION = (
    "name version creationTimestamp lastUpdatedTimestamp userId currentStage description source runId status "
    "statusMessage tags { key value } runLink aliases modelId modelParams { name value } modelMetrics { key value }"
)
EXPERIMENT = (
    "experimentId name artifactLocation lifecycleStage lastUpdateTime creationTime tags { key value } "
    "effectiveTraceArchivalRetention workspace __typename"
)
RUN = (
    "info { runId runUuid runName experimentId userId status startTime endTime artifactUri lifecycleStage } "
    f"data {{ metrics {{ {METRIC} }} params {{ key value }} tags {{ key value }} }} "
    "inputs { datasetInputs { tags { key value } dataset { name digest sourceType source schema profile } } modelInputs { modelId } } "
    f"outputs {{ modelOutputs {{ modelId step }} }} experiment {{ {EXPERIMENT} }} modelVersions {{ {VERSION} }}"
)

Ask = Callable[..., dict]


@pytest.fixture
def ask(tracking: Tracking) -> Ask:
    """Asks the server under test."""

    def send(query: str, **variables: object) -> dict:
        response = requests.post(f"{tracking.url}/graphql", json={"query": query, "variables": variables}, timeout=30)
        assert response.status_code == 200, response.text
        return response.json()

    return send


@pytest.fixture
def mlflows(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks MLflow's own server, in this process, on the same database."""
    from mlflow.server import app, constants, handlers

    monkeypatch.setenv(constants.BACKEND_STORE_URI_ENV_VAR, tracking.store_uri)
    monkeypatch.setenv(constants.ARTIFACTS_DESTINATION_ENV_VAR, str(tracking.artifacts))
    for store in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
        monkeypatch.setattr(handlers, store, None)
    # opening its stores points the client in this process at them; files are then asked of the server under test
    handlers._get_tracking_store()
    handlers._get_model_registry_store()
    mlflow.set_tracking_uri(tracking.url)
    mlflow.set_registry_uri("")
    browser = app.test_client()

    def send(query: str, **variables: object) -> dict:
        return browser.post("/graphql", json={"query": query, "variables": variables}).get_json()

    return send


@pytest.fixture
def run_id(client: MlflowClient, experiment: str, name: str) -> str:
    """A run with something of everything, and a model version."""
    with mlflow.start_run(run_name="crane") as run:
        mlflow.log_params({"depth": 3, "kind": "tree"})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metric("nothing", float("nan"))
        mlflow.set_tag("quay", "north")
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_input(mlflow.data.from_numpy(__import__("numpy").arange(4)), context="training")
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id, tags={"area": "north"})
    client.set_registered_model_alias(name, "champion", "1")
    return run.info.run_id


def test_answers_are_mlflows(ask: Ask, mlflows: Ask, run_id: str, experiment: str, name: str) -> None:
    queries = [
        (f"query Q($it: MlflowGetRunInput!) @component(name: \"x\") {{ mlflowGetRun(input: $it) {{ run {{ {RUN} }} apiError {{ code }} }} }}", {"runId": run_id}),
        ("query Q($it: MlflowGetRunInput!) { a: mlflowGetRun(input: $it) { run { ...F info { status } } } } fragment F on MlflowRunExtension { info { runName } }", {"runUuid": run_id}),
        (f"query Q($it: MlflowGetExperimentInput!) {{ mlflowGetExperiment(input: $it) {{ experiment {{ {EXPERIMENT} }} __typename }} }}", {"experimentId": experiment}),
        ("query Q($it: MlflowGetExperimentInput!) { mlflowGetExperiment(input: $it) { experiment { name } } }", {"experimentId": "999999"}),
        (f"query Q($it: MlflowSearchRunsInput!) {{ mlflowSearchRuns(input: $it) {{ runs {{ {RUN} }} }} }}", {"experimentIds": [experiment], "filter": "metrics.loss < 1"}),
        ("mutation Q($it: MlflowSearchDatasetsInput!) { mlflowSearchDatasets(input: $it) { datasetSummaries { experimentId name digest context } } }", {"experimentIds": [experiment]}),
        ("mutation Q($it: MlflowSearchDatasetsInput!) { mlflowSearchDatasets(input: $it) { datasetSummaries { name } } }", {"experimentIds": []}),
        (f"query Q($it: MlflowSearchModelVersionsInput!) {{ mlflowSearchModelVersions(input: $it) {{ modelVersions {{ {VERSION} }} nextPageToken }} }}", {"filter": f"name='{name}'", "maxResults": 5}),
        ("query Q($it: MlflowListArtifactsInput!) { mlflowListArtifacts(input: $it) { rootUri files { path isDir fileSize } nextPageToken } }", {"runId": run_id}),
        ("query Q($it: MlflowListArtifactsInput!) { mlflowListArtifacts(input: $it) { files { path isDir fileSize } } }", {"runId": run_id, "path": "notes"}),
        ("query Q($it: MlflowGetMetricHistoryBulkIntervalInput!) { mlflowGetMetricHistoryBulkInterval(input: $it) { metrics { key value timestamp step runId } } }", {"runIds": [run_id], "metricKey": "loss"}),
        ('{ test(inputString: "abc") { output } }', None),
        ('{ test(inputString: "abc") { nothing } }', None),
        ("{ test(inputString: \"abc\") { ...F } }", None),
    ]  # fmt: skip
    for query, given in queries:
        variables = {} if given is None else {"it": given}
        assert ask(query, **variables) == mlflows(query, **variables), query


def test_a_query_is_bounded_as_mlflows(ask: Ask, mlflows: Ask) -> None:
    roots = " ".join(f'a{n}: test(inputString: "x") {{ output }}' for n in range(12))
    aliases = " ".join(f"a{n}: output" for n in range(12))
    for query, bound in [(f"{{ {roots} }}", "at most 10 root fields"), (f'{{ test(inputString: "x") {{ {aliases} }} }}', "at most 10 aliases")]:
        for told in (ask(query), mlflows(query)):
            assert told["data"] is None
            assert bound in told["errors"][0]


def test_steps_of_an_interval_count(ask: Ask, run_id: str) -> None:
    """MLflow looks for them in the address, where a query has none."""
    query = "query Q($it: MlflowGetMetricHistoryBulkIntervalInput!) { mlflowGetMetricHistoryBulkInterval(input: $it) { metrics { step } } }"
    told = ask(query, it={"runIds": [run_id], "metricKey": "loss", "startStep": 1, "endStep": 2})
    assert told == {"data": {"mlflowGetMetricHistoryBulkInterval": {"metrics": [{"step": "1"}, {"step": "2"}]}}, "errors": None}
