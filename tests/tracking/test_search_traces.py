"""Every comparator, order and page of traces: the server finds what MLflow's own store finds in the same database."""

from __future__ import annotations

import random

import mlflow
import pytest
from conftest import SEED
from mlflow import MlflowClient
from mlflow.entities import TraceInfo
from mlflow.exceptions import MlflowException

if not hasattr(MlflowClient, "search_traces") or int(mlflow.__version__.split(".")[0]) < 3:
    pytest.skip("2.22 has no traces of version 3", allow_module_level=True)

from traces import ORDERS, comparisons, fill

TRACES = 60


@pytest.fixture(scope="module")
def filled(tracking, store: MlflowClient) -> tuple[str, list[str]]:
    experiment = MlflowClient(tracking_uri=tracking.url).create_experiment(f"traced-{SEED}-{mlflow.__version__}")
    runs = fill(store._tracking_client.store, experiment, random.Random(SEED), TRACES)
    return experiment, runs


def found(on: MlflowClient, experiment: str, text: str, order: list[str], size: int = 500) -> list[str] | tuple[str, str]:
    """The traces found, in their order, or the refusal."""
    traces: list[str] = []
    token = None
    try:
        while True:
            page, token = on._tracking_client.store.search_traces(locations=[experiment], filter_string=text, max_results=size, order_by=order, page_token=token)
            traces += [trace.trace_id for trace in page]
            if not token:
                return traces
    except MlflowException as refused:
        return refused.error_code, str(refused.message).removeprefix(f"{refused.error_code}: ")


def test_each_comparator(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    experiment, runs = filled
    differing = []
    for text in comparisons(runs, found(store, experiment, "", [])):
        ours, theirs = (found(on, experiment, text, []) for on in (client, store))
        if ours != theirs:
            differing.append(f"{text}: {ours} instead of {theirs}")
    assert not differing, "\n".join([f"{len(differing)} differ", *differing])


def test_conjunctions_and_orders(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    experiment, runs = filled
    rng = random.Random(SEED + 1)
    # two comparisons of a run are one in MLflow: the last
    single = [text for text in comparisons(runs, found(store, experiment, "", [])) if "run_id" not in text]
    differing = []
    for turn in range(60):
        text = " and ".join(rng.sample(single, rng.randrange(3)))
        order = ORDERS[turn % len(ORDERS)]
        ours, theirs = (found(on, experiment, text, order) for on in (client, store))
        if ours != theirs:
            differing.append(f"{text} by {order}: {ours} instead of {theirs}")
    assert not differing, "\n".join([f"{len(differing)} differ", *differing])


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: ",".join(order) or "none")
def test_pages_are_the_whole_in_parts(client: MlflowClient, filled: tuple[str, list[str]], order: list[str]) -> None:
    experiment, _ = filled
    whole = found(client, experiment, "", order)
    assert len(whole) == TRACES and len(set(whole)) == TRACES
    assert found(client, experiment, "", order, size=7) == whole


def test_a_trace_is_told_as_mlflow_tells_it(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    def told(on: MlflowClient) -> dict[str, dict]:
        traces = on._tracking_client.store.search_traces(locations=[filled[0]], max_results=500)[0]
        # as they are after the wire, where every number of a value is a double
        return {trace.trace_id: TraceInfo.from_proto(trace.to_proto()).to_dict() for trace in traces}

    ours, theirs = told(client), told(store)
    for trace in (*ours.values(), *theirs.values()):
        trace.get("assessments", []).sort(key=lambda it: it["assessment_id"])
    assert ours == theirs
