"""Traces: what the real client sends and reads, and what programs send by OpenTelemetry's protocol."""

from __future__ import annotations

import gzip
import json
import os
import time
import zlib

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from server import Tracking


def last_trace() -> str:
    """The id of the last trace, once it is sent."""
    mlflow.flush_trace_async_logging()
    return mlflow.get_last_active_trace_id()


def span(trace: str, number: int, parent: int | None = None, **attributes: object) -> dict:
    """A span of OTLP's JSON form."""
    values = {str: "stringValue", int: "intValue"}
    pairs = [{"key": key, "value": {values[type(value)]: value}} for key, value in attributes.items()]
    return {
        "traceId": trace,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": f"step {number}",
        "startTimeUnixNano": str(1_700_000_000_000_000_000 + number),
        "endTimeUnixNano": str(1_700_000_001_000_000_000 + number),
        "attributes": pairs,
    }


def request(*spans: dict, **resource: str) -> bytes:
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]
    return json.dumps({"resourceSpans": [{"resource": {"attributes": pairs}, "scopeSpans": [{"spans": list(spans)}]}]}).encode()


def send(tracking: Tracking, experiment: str, body: bytes, **headers: str) -> requests.Response:
    headers = {"Content-Type": "application/json", "x-mlflow-experiment-id": experiment} | headers
    return requests.post(f"{tracking.url}/v1/traces", data=body, headers=headers, timeout=10)


@pytest.mark.current
def test_a_trace_is_read_as_it_was_made(client: MlflowClient, store: MlflowClient, experiment: str) -> None:
    @mlflow.trace(span_type="LLM")
    def ask(text: str) -> dict:
        mlflow.get_current_active_span().set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        return {"answer": text.upper(), "parts": [1, None, "ü"]}

    @mlflow.trace
    def serve(text: str) -> str:
        mlflow.update_current_trace(tags={"team": "wine"}, session_id="s-1", user="somebody")
        return ask(text)["answer"]

    serve("hello")
    read = client.get_trace(last_trace())
    root, child = read.data.spans
    assert (root.name, root.inputs, root.outputs) == ("serve", {"text": "hello"}, "HELLO")
    assert (child.parent_id, child.span_type) == (root.span_id, "LLM")
    assert child.outputs == {"answer": "HELLO", "parts": [1, None, "ü"]}
    assert (read.info.state, read.info.experiment_id, read.info.request_preview) == ("OK", experiment, '{"text": "hello"}')
    assert read.info.tags.items() >= {"team": "wine", "mlflow.traceName": "serve"}.items()
    assert read.info.token_usage == {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert read.info.trace_metadata.items() >= {"mlflow.trace.session": "s-1", "mlflow.trace.user": "somebody"}.items()
    # MLflow's own store reads the same from the database
    assert store.get_trace(read.info.trace_id).to_dict() == read.to_dict()


@pytest.mark.current
def test_a_failure_and_its_event(client: MlflowClient, experiment: str) -> None:
    with pytest.raises(ValueError, match="no wine"), mlflow.start_span("pour"):
        raise ValueError("no wine")
    read = client.get_trace(last_trace())
    assert read.info.state == "ERROR"
    event = read.data.spans[0].events[0]
    assert (event.name, event.attributes["exception.message"]) == ("exception", "no wine")


@pytest.mark.current
def test_tags_of_a_trace(client: MlflowClient, experiment: str) -> None:
    root = client.start_trace("begin", inputs={"x": 1}, tags={"a": "1"})
    client.end_trace(root.request_id, outputs=2)
    mlflow.flush_trace_async_logging()
    client.set_trace_tag(root.request_id, "b", "2")
    client.delete_trace_tag(root.request_id, "a")
    read = client.get_trace(root.request_id)
    assert read.info.tags["b"] == "2" and "a" not in read.info.tags
    assert (read.data.spans[0].inputs, read.data.spans[0].outputs) == ({"x": 1}, 2)
    with pytest.raises(MlflowException, match="No trace tag with key 'a'"):
        client.delete_trace_tag(root.request_id, "a")
    assert client.delete_traces(experiment, trace_ids=[root.request_id]) == 1
    assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000)) == 0


def test_a_trace_of_an_old_client(tracking: Tracking, experiment: str) -> None:
    """As 2.22 asks; its own calls fail with the OpenTelemetry of today, whatever the server is."""

    def ask(method: str, path: str, **body: object) -> dict:
        answer = requests.request(method, f"{tracking.url}/api/2.0/mlflow/traces{path}", json=body or None, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    pairs = [{"key": "mlflow.traceName", "value": "old"}, {"key": "a", "value": "1"}]
    begun = ask("POST", "", experiment_id=experiment, timestamp_ms=1000, tags=pairs, request_metadata=[{"key": "k", "value": "v"}])["trace_info"]
    assert (begun["status"], begun["execution_time_ms"]) == ("IN_PROGRESS", 0)
    path = "/" + begun["request_id"]
    ask("PATCH", path, timestamp_ms=1500, status="OK", request_metadata=[{"key": "end", "value": "yes"}])
    read = ask("GET", path + "/info")["trace_info"]
    assert (read["status"], read["timestamp_ms"], read["execution_time_ms"]) == ("OK", 1000, 500)
    assert {one["key"]: one["value"] for one in read["request_metadata"]} == {"k": "v", "end": "yes"}
    assert {one["key"]: one["value"] for one in read["tags"]}.items() >= {"mlflow.traceName": "old", "a": "1"}.items()


@pytest.mark.current
def test_spans_of_opentelemetry(client: MlflowClient, store: MlflowClient, tracking: Tracking, experiment: str) -> None:
    trace = os.urandom(16).hex()
    child = span(trace, 2, 1, **{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 6})
    root = span(trace, 1, **{"input.value": "question", "output.value": "answer", "session.id": "s-2"})
    with mlflow.start_run() as run:
        pass
    # the child comes first, as exporters send what ends first
    assert send(tracking, experiment, gzip.compress(request(child)), **{"Content-Encoding": "gzip"}).status_code == 200
    body = zlib.compress(request(root, **{"service.name": "shop"}))
    answer = send(tracking, experiment, body, **{"Content-Encoding": "deflate", "x-mlflow-run-id": run.info.run_id})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "application/x-protobuf")
    # exporters repeat what they are not sure of
    assert send(tracking, experiment, request(root, child)).status_code == 200
    read = client.get_trace(f"tr-{trace}")
    assert [one.name for one in read.data.spans] == ["step 1", "step 2"]
    assert (read.data.spans[0].inputs, read.data.spans[1].span_type) == ("question", "CHAT_MODEL")
    assert read.info.token_usage == {"input_tokens": 5, "output_tokens": 6, "total_tokens": 11}
    assert (read.info.state, read.info.execution_duration, read.info.tags["service.name"]) == ("OK", 1000, "shop")
    assert (read.info.request_preview, read.info.trace_metadata["mlflow.trace.session"]) == ('"question"', "s-2")
    assert store.get_trace(f"tr-{trace}").to_dict() == read.to_dict()
    answer = requests.get(f"{tracking.url}/ajax-api/3.0/mlflow/get-trace-artifact", params={"request_id": f"tr-{trace}"}, timeout=10)
    assert [one["name"] for one in answer.json()["spans"]] == ["step 1", "step 2"]


@pytest.mark.current
def test_what_is_no_span_is_refused(client: MlflowClient, tracking: Tracking, experiment: str) -> None:
    # the words and the codes are those of mlflow 3.17
    trace = os.urandom(16).hex()
    cases = [
        (b"{}", {"Content-Type": "text/plain"}, 400, "Invalid Content-Type: text/plain. Expected: application/x-protobuf or application/json"),
        (b"{}", {}, 400, "Invalid OpenTelemetry format - no spans found"),
        (b"no JSON", {}, 400, "Invalid OpenTelemetry format"),
        (b"\xff\xff", {"Content-Type": "application/x-protobuf"}, 400, "Invalid OpenTelemetry format"),
        (request(span("", 1)), {}, 422, "Cannot convert OpenTelemetry span to MLflow span"),
        (b"{}", {"Content-Encoding": "gzip"}, 400, "Failed to decompress gzip payload"),
        (b"{}", {"Content-Encoding": "zstd"}, 400, "Unsupported Content-Encoding: zstd"),
    ]
    for body, headers, status, detail in cases:
        answer = send(tracking, experiment, body, **headers)
        assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    answer = requests.post(f"{tracking.url}/v1/traces", data=b"", headers={"Content-Type": "application/x-protobuf"}, timeout=10)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["header", "x-mlflow-experiment-id"])
    assert send(tracking, "987654321", request(span(trace, 1))).status_code == 404
