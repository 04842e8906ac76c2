"""Every comparator, order and page of traces: the server finds what MLflow's own store finds in the same database."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
import requests
from conftest import SEED
from corpus import assert_alike
from mlflow import MlflowClient
from mlflow.entities import TraceInfo
from mlflow.exceptions import MlflowException
from server import Tracking

if not hasattr(MlflowClient, "search_traces") or int(mlflow.__version__.split(".")[0]) < 3:
    pytest.skip("2.22 has no traces of version 3", allow_module_level=True)

from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from traces import FILTERS, METRICS, ORDERS, comparisons, fill

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
    assert_alike(found, client, store, experiment, [(text, []) for text in comparisons(runs, found(store, experiment, "", []))])


def test_conjunctions_and_orders(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    experiment, runs = filled
    rng = random.Random(SEED + 1)
    # two comparisons of a run are one in MLflow: the last
    single = [text for text in comparisons(runs, found(store, experiment, "", [])) if "run_id" not in text]
    cases = [(" and ".join(rng.sample(single, rng.randrange(3))), ORDERS[turn % len(ORDERS)]) for turn in range(60)]
    assert_alike(found, client, store, experiment, cases)


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


def test_the_search_of_clients_before_3_finds_the_same(tracking: Tracking, client: MlflowClient, filled: tuple[str, list[str]]) -> None:
    asked = {"experiment_ids": [filled[0]], "filter": "status = 'OK'", "order_by": ["timestamp_ms ASC"], "max_results": 500}
    told = requests.get(f"{tracking.url}/api/2.0/mlflow/traces", params=asked, timeout=60).json()["traces"]
    assert [trace["request_id"] for trace in told] == found(client, filled[0], "status = 'OK'", ["timestamp_ms ASC"])
    assert all(trace["status"] == "OK" and trace["experiment_id"] == filled[0] for trace in told)


def answer(ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What is told, or the refusal."""
    try:
        return ask(*arguments, **named)
    except MlflowException as refused:
        return refused.error_code, str(refused.message).removeprefix(f"{refused.error_code}: ")


def test_correlations(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    experiment, runs = filled
    rng = random.Random(SEED + 2)
    single = [text for text in comparisons(runs, found(store, experiment, "", [])) if "run_id" not in text]
    for _ in range(40):
        first, second, base = rng.choice(single), rng.choice(single), rng.choice((None, *single))
        ours, theirs = (on._tracking_client.store.calculate_trace_filter_correlation([experiment], first, second, base) for on in (client, store))
        # as it is after the wire, which leaves out what is no number
        theirs = type(theirs).from_proto(theirs.to_proto())
        assert vars(ours) == pytest.approx(vars(theirs), nan_ok=True), (first, second, base)


@pytest.mark.parametrize("view", METRICS)
def test_metrics(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]], view: str) -> None:
    experiment, runs = filled
    rng = random.Random(SEED + 3)
    differing = []
    for turn, (metric, ways, dimensions) in enumerate(METRICS[view] * 12):
        asked = [MetricAggregation(AggregationType(way), rng.choice((0.0, 50.0, 99.5)) if way == "PERCENTILE" else None) for way in ways]
        within = {"start_time_ms": 1_000_004, "end_time_ms": 1_000_014} if turn % 3 else {}
        named = {
            "dimensions": rng.sample(dimensions, rng.randrange(len(dimensions) + 1)),
            "filters": rng.sample([*FILTERS["TRACES"], *FILTERS[view], f"trace.metadata.`mlflow.sourceRun` = '{runs[0]}'"], rng.choice((0, 0, 1, 2))),
            "time_interval_seconds": rng.choice((None, 1, 7)) if within else None,
            **within,
        }
        ours, theirs = (answer(on._tracking_client.store.query_trace_metrics, [experiment], MetricViewType(view), metric, asked, **named) for on in (client, store))
        points = [[(point.metric_name, dict(point.dimensions), {key: pytest.approx(float(value)) for key, value in point.values.items()}) for point in told] for told in (ours, theirs)]
        if points[0] != points[1]:
            differing.append(f"{metric} {asked} {named}: {points[0]} instead of {points[1]}")
    assert not differing, "\n".join([f"{len(differing)} differ", *differing])


def test_metrics_that_say_nothing(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    count = [MetricAggregation(AggregationType.COUNT)]
    for view, metric, ways, named in (
        ("TRACES", "none", count, {}),
        ("TRACES", "latency", count, {}),
        ("SPANS", "latency", [MetricAggregation(AggregationType.SUM)], {}),
        ("ASSESSMENTS", "assessment_count", count, {"dimensions": ["trace_name"]}),
        ("TRACES", "trace_count", count, {"time_interval_seconds": 5}),
        ("TRACES", "trace_count", count, {"filters": ["span.name = 'a'"]}),
        ("TRACES", "trace_count", count, {"filters": ["trace.status != 'OK'"]}),
        ("TRACES", "trace_count", count, {"filters": ["trace.status = 'OK' AND trace.status = 'OK'"]}),
    ):
        ours, theirs = (answer(on._tracking_client.store.query_trace_metrics, [filled[0]], MetricViewType(view), metric, ways, **named) for on in (client, store))
        assert ours[0] == theirs[0] == "INVALID_PARAMETER_VALUE", (ours, theirs)
        assert ours[1][:30] == theirs[1][:30]


def test_no_places_hold_no_traces(tracking: Tracking) -> None:
    def ask(**fields: object) -> requests.Response:
        return requests.post(f"{tracking.url}/ajax-api/3.0/mlflow/traces/search", json=fields, timeout=10)

    # MLflow's web page asks so; a request that does not say places at all is refused
    assert (ask(locations=[]).status_code, ask(locations=[]).text) == (200, "{}")
    assert ask(max_results=1).status_code == 400
