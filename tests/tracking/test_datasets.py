"""Evaluation datasets by MLflow's own calls, and as MLflow's own store reads and continues them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
import requests
from conftest import CURRENT
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking

if CURRENT:
    from mlflow.genai import datasets

pytestmark = pytest.mark.current

ODD = {"q": "ä \b\f\x7f😀/\"", "n": 1e16, "m": 1e-05, "list": [1, 2.5, None, True, {"b": 1, "a": 2}], "z": {}}


def records(dataset: object) -> list[dict]:
    """What a dataset holds, without what differs from one to the next."""
    rows = [it.to_dict() for it in dataset.records]
    drop = ("dataset_record_id", "dataset_id", "created_time", "last_update_time")
    return sorted(({k: v for k, v in row.items() if k not in drop} for row in rows), key=lambda it: json.dumps(it, sort_keys=True))


def test_a_dataset_is_the_same_as_mlflows(client: MlflowClient, store: MlflowClient, experiment: str, name: str) -> None:
    """The same calls to both; each then continues what the other has written."""
    answers = []
    for one, other in ((client, store), (store, client)):
        made = one.create_dataset(name, experiment_id=[experiment], tags={"a": "b"})
        made._tracking_store = None
        one_store, other_store = one._tracking_client.store, other._tracking_client.store
        batch = [
            {"inputs": ODD, "expectations": {"x": 1}, "tags": {"mlflow.user": "ann"}},
            {"inputs": {"q": 2}, "outputs": "text", "source": {"source_type": "trace", "source_data": {"trace_id": "tr-1"}}},
            {"inputs": {"q": 3}, "outputs": None, "source": {"source_type": "UNSPECIFIED"}},
            {"inputs": {"q": 2}, "outputs": ["y", 1.5], "tags": {"t": 1}},
        ]
        assert one_store.upsert_dataset_records(made.dataset_id, batch) == {"inserted": 3, "updated": 1}
        more = [{"inputs": dict(reversed(ODD.items())), "expectations": {"y": None}, "tags": {"mlflow.user": "bob"}}, {"inputs": {"q": 4}}]
        assert other_store.upsert_dataset_records(made.dataset_id, more) == {"inserted": 1, "updated": 1}
        for reader in (one_store, other_store):
            dataset = reader.get_dataset(made.dataset_id)
            found, _ = reader._load_dataset_records(made.dataset_id, max_results=None)
            dataset._records = found
            answers.append((records(dataset), json.loads(dataset.schema), json.loads(dataset.profile), dataset.tags, dataset.last_updated_by, len(dataset.digest)))
        ids = [it.dataset_record_id for it in found]
        assert one_store.delete_dataset_records(made.dataset_id, ids[:2]) == 2
        assert json.loads(other_store.get_dataset(made.dataset_id).profile) == {"num_records": 2}
        assert one_store.delete_dataset_records(made.dataset_id, ids) == 2
        assert other_store.get_dataset(made.dataset_id).profile == "null"
        other_store.delete_dataset(made.dataset_id)
        with pytest.raises(MlflowException, match="not found"):
            one_store.get_dataset(made.dataset_id)
    assert len(answers) == 4
    for first, second in pairwise(answers):
        assert first == second


def test_the_fluent_calls(client: MlflowClient, experiment: str, name: str) -> None:
    dataset = datasets.create_dataset(name=name, experiment_id=experiment, tags={"team": "a"})
    dataset.merge_records([{"inputs": {"q": i}, "expectations": {"a": str(i)}} for i in range(1200)])
    frame = dataset.to_df()
    assert len(frame) == 1200
    assert [it["q"] for it in frame["inputs"]] == list(range(1200)), "records stay in their order, over pages too"
    again = datasets.get_dataset(name=name)
    assert (again.dataset_id, again.experiment_ids) == (dataset.dataset_id, [experiment])
    datasets.set_dataset_tags(dataset_id=dataset.dataset_id, tags={"team": "b", "n": 1})
    datasets.delete_dataset_tag(dataset_id=dataset.dataset_id, key="n")
    assert datasets.get_dataset(dataset_id=dataset.dataset_id).tags["team"] == "b"
    other = client.create_experiment(f"{name}-other")
    assert set(datasets.add_dataset_to_experiments(dataset.dataset_id, [other]).experiment_ids) == {experiment, other}
    assert datasets.remove_dataset_from_experiments(dataset.dataset_id, [experiment]).experiment_ids == [other]
    with pytest.raises(MlflowException, match="No Experiment with id=987654321"):
        datasets.add_dataset_to_experiments(dataset.dataset_id, ["987654321"])
    datasets.delete_dataset(dataset_id=dataset.dataset_id)
    with pytest.raises(MlflowException, match="not found"):
        datasets.get_dataset(dataset_id=dataset.dataset_id)
    assert client._tracking_client.store.get_dataset_experiment_ids(dataset.dataset_id) == []


def test_a_search_finds_what_mlflow_finds(client: MlflowClient, store: MlflowClient, experiment: str, name: str) -> None:
    for index in range(5):
        client.create_dataset(f"{name}-{index}", experiment_id=experiment, tags={"i": str(index), "mlflow.user": "U%i" % (index % 2)})
    filters = [
        "",
        f"name LIKE '{name}%'",
        f"name IN ('{name}-1', '{name}-3')",
        "tags.i = '2'",
        "tags.i != '2' AND created_by ILIKE 'u0'",
        "created_time > 5 AND last_update_time >= 0",
        "last_updated_by = 'U1'",
    ]
    for text in filters:
        for order in (["name DESC"], ["created_time ASC", "name ASC"], []):
            asked = {"experiment_ids": [experiment], "filter_string": text or None, "order_by": order}
            found = [it.dataset_id for it in client.search_datasets(**asked)]
            assert found == [it.dataset_id for it in store.search_datasets(**asked)], asked
            pages, token = [], None
            while True:
                page = client._tracking_client.store.search_datasets(**asked, max_results=2, page_token=token)
                pages += [it.dataset_id for it in page]
                token = page.token
                if not token:
                    break
            assert pages == found, asked


def test_what_is_wrong_is_said(tracking: Tracking, client: MlflowClient, experiment: str, name: str) -> None:
    dataset = client.create_dataset(name, experiment_id=experiment)
    url = f"{tracking.url}/api/3.0/mlflow/datasets/{dataset.dataset_id}/records"
    wrong = {
        "{}": "`records` is not the text of a JSON array",
        "[1]": "`records[0]` is no JSON object",
        '[{"inputs": []}]': "`records[0].inputs` is no JSON object",
        '[{"inputs": {}}, {"inputs": null}]': "`records[1].inputs` is no JSON object",
        '[{"inputs": {"a": NaN}}]': "`records` is not the text of a JSON array",
        '[{"inputs": {}, "source": {"source_type": "x"}}]': "Invalid dataset record source type: X. Valid source types: ['UNSPECIFIED'",
    }
    for text, words in wrong.items():
        reply = requests.post(url, json={"records": text}, timeout=10)
        assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), text
        assert words in reply.json()["message"], text
    assert client.get_dataset(dataset.dataset_id).to_df().empty
