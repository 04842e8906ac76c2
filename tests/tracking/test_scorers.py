"""Scorers by MLflow's own store of the client, and as MLflow's own store reads them."""

from __future__ import annotations

import json

import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking

pytestmark = pytest.mark.current


def seen(scorers: list) -> list[tuple]:
    return [(it.experiment_id, it.scorer_name, it.scorer_version, it._serialized_scorer, it.scorer_id, it.creation_time) for it in scorers]


def test_versions_of_a_scorer(client: MlflowClient, store: MlflowClient, experiment: str, name: str) -> None:
    ours, mlflows = client._tracking_client.store, store._tracking_client.store
    texts = [json.dumps({"builtin_scorer_pydantic_data": {"n": n}}) for n in range(4)]
    for index, text in enumerate(texts):
        registered = (mlflows if index % 2 else ours).register_scorer(experiment, name, text)
        assert registered.scorer_version == index + 1
    ours.register_scorer(experiment, f"{name}-a", texts[0])
    assert seen(ours.list_scorers(experiment)) == seen(mlflows.list_scorers(experiment))
    assert [it.scorer_version for it in ours.list_scorers(experiment)] == [4, 1]
    assert seen(ours.list_scorer_versions(experiment, name)) == seen(mlflows.list_scorer_versions(experiment, name))
    assert ours.get_scorer(experiment, name).scorer_version == 4
    assert ours.get_scorer(experiment, name, 2)._serialized_scorer == texts[1]
    ours.delete_scorer(experiment, name, 4)
    assert mlflows.get_scorer(experiment, name).scorer_version == 3
    ours.delete_scorer(experiment, name)
    for one in (ours, mlflows):
        with pytest.raises(MlflowException, match=f"Scorer with name '{name}' not found for experiment {experiment}."):
            one.get_scorer(experiment, name)
    with pytest.raises(MlflowException, match=r"GatewayEndpoint not found \(name='none'\)"):
        ours.register_scorer(experiment, name, json.dumps({"builtin_scorer_pydantic_data": {"model": "gateway:/none"}}))


def test_nothing_judges_traces_by_itself(client: MlflowClient, experiment: str, name: str) -> None:
    store = client._tracking_client.store
    scorer = store.register_scorer(experiment, name, "{}")
    assert store.get_online_scoring_configs([scorer.scorer_id]) == []
    config = store.upsert_online_scoring_config(experiment, name, sample_rate=0.0, filter_string="status = 'OK'")
    assert store.get_online_scoring_configs([scorer.scorer_id]) == [config]
    with pytest.raises(MlflowException, match="does not use a gateway model"):
        store.upsert_online_scoring_config(experiment, name, sample_rate=0.5)
    with pytest.raises(MlflowException, match=r"sample_rate must be between 0.0 and 1.0"):
        store.upsert_online_scoring_config(experiment, name, sample_rate=2)


def test_what_is_not_here_says_what_to_do(tracking: Tracking) -> None:
    asked = [
        ("POST", "/api/3.0/mlflow/gateway/secrets/create", "the AI gateway"),
        ("POST", "/ajax-api/3.0/mlflow/gateway/endpoints/create", "the AI gateway"),
        ("POST", "/gateway/a/mlflow/invocations", "the AI gateway"),
        ("POST", "/ajax-api/3.0/mlflow/issues/invoke", "a search for issues by a language model"),
        ("POST", "/ajax-api/3.0/jobs/search", "jobs"),
        ("POST", "/api/3.0/mlflow/mcp-servers", "a registry of MCP servers"),
    ]
    for method, path, what in asked:
        reply = requests.request(method, tracking.url + path, json={}, timeout=10)
        assert (reply.status_code, reply.json()["error_code"]) == (501, "NOT_IMPLEMENTED"), path
        assert reply.json()["message"].startswith(f"this server does not have {what}; "), path
    assert requests.get(f"{tracking.url}/api/3.0/mlflow/gateway/none", timeout=10).status_code == 404
