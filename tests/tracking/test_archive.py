"""Traces whose spans MLflow's own store archived are read as they were, by this server and by MLflow's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking

pytestmark = pytest.mark.current


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Tracking]:
    config = tmp_path / "archive.yaml"
    config.write_text(f"trace_archival:\n  enabled: true\n  location: {(tmp_path / 'archive').as_uri()}\n  retention: 30d\n")
    with Tracking(tmp_path, "--trace-archival-config", config) as server:
        mlflow.set_tracking_uri(server.url)
        yield server


def log() -> list[str]:
    @mlflow.trace(attributes={"depth": 1.5, "ship": {"é": ["tug", None, True]}})
    def moor(berth: str) -> dict[str, object]:
        with mlflow.start_span("tie", span_type="TOOL") as span:
            span.set_inputs({"rope": 2})
            span.add_event(mlflow.entities.SpanEvent("taut", attributes={"force": 3}))
        if berth == "none":
            raise ValueError("no such berth")
        return {"berth": berth, "at": [1, 2.5]}

    traces = []
    for berth in ("north", "none"):
        try:
            moor(berth)
        except ValueError:
            pass
        traces.append(mlflow.get_last_active_trace_id())
    mlflow.flush_trace_async_logging()
    return traces


def archive(server: Tracking, experiment: str, location: str) -> None:
    """By the store of MLflow, on the server's database."""
    MlflowClient(server.url).set_experiment_tag(experiment, "mlflow.trace.archiveNow", '{"type": "duration"}')
    store = MlflowClient(server.store_uri)._tracking_client.store
    assert store.archive_traces(resolved_trace_archival_location=location, broader_retention="30d") == 2


def spans(address: str, trace: str) -> list[dict[str, object]]:
    return [it.to_dict() for it in MlflowClient(address).get_trace(trace).data.spans]


def test_what_was_archived_is_read(server: Tracking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = mlflow.set_experiment("harbour").experiment_id
    traces = log()
    before = [spans(server.url, it) for it in traces]
    assert [len(it) for it in before] == [2, 2]
    page = f"{server.url}/ajax-api/3.0/mlflow/get-trace-artifact"
    files = [requests.get(page, {"request_id": it}, timeout=10).json() for it in traces]
    archive(server, experiment, (tmp_path / "archive").as_uri())
    assert [spans(server.url, it) for it in traces] == before
    assert [spans(server.store_uri, it) for it in traces] == before
    found = mlflow.search_traces(locations=[experiment], return_type="list", order_by=["timestamp_ms ASC"])
    assert [[it.to_dict() for it in one.data.spans] for one in found] == before
    assert [requests.get(page, {"request_id": it}, timeout=10).json() for it in traces] == files
    # what is archived takes no spans, by a 500 as of MLflow, upon which its client asks for four minutes; what is gone is shown without them
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(MlflowException):
        MlflowClient(server.url)._tracing_client.log_spans(experiment, found[0].data.spans)
    next((tmp_path / "archive").rglob(f"{traces[0]}/artifacts/traces.pb")).unlink()
    assert spans(server.url, traces[0]) == []
    assert spans(server.url, traces[1]) == before[1]


def test_an_archive_that_the_server_does_not_know_is_refused(server: Tracking, tmp_path: Path) -> None:
    experiment = mlflow.set_experiment("harbour").experiment_id
    traces = log()
    archive(server, experiment, (tmp_path / "elsewhere").as_uri())
    with pytest.raises(MlflowException, match="--trace-archival-config"):
        spans(server.url, traces[0])
    # the tags of a trace lead to no file but its own
    tags = MlflowClient(server.url)._tracing_client.get_trace_info(traces[0]).tags
    other = "tr-" + "1" * 32
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    info = {"trace_id": other, "trace_location": place, "request_time": "2026-01-01T00:00:00Z", "state": "OK", "tags": tags}
    assert requests.post(f"{server.url}/api/3.0/mlflow/traces", json={"trace": {"trace_info": info}}, timeout=10).ok
    reply = requests.get(f"{server.url}/api/3.0/mlflow/traces/get", {"trace_id": other}, timeout=10)
    assert reply.status_code == 500
    assert "own folder" in reply.text
