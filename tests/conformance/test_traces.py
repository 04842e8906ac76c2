"""Spans, decoded with OpenTelemetry's own messages."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from questions import instances
from server import EXAMPLES, Server

WINE = f"wine={EXAMPLES / 'wine/model'}"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP and keeps what it got."""

    def __init__(self) -> None:
        self.got: queue.Queue[ExportTraceServiceRequest] = queue.Queue()
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                right = self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf"
                if right:
                    got.put(ExportTraceServiceRequest.FromString(body))
                self.send_response(200 if right else 404)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def spans(self, count: int) -> list[tuple[Span, dict[str, object]]]:
        """So many spans, each with its attributes."""
        found: list[Span] = []
        while len(found) < count:
            request = self.got.get(timeout=20)
            (resource,) = request.resource_spans
            described = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            assert described["service.name"] == "longshore" and described["service.version"]
            found += [span for scope in resource.scope_spans for span in scope.spans]
        assert len(found) == count
        return [(span, {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in span.attributes}) for span in found]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        yield collector
        collector.shutdown()


def traceparent(sampled: bool) -> dict[str, str]:
    return {"traceparent": f"00-{TRACE}-{CALLER}-0{int(sampled)}", "tracestate": "vendor=1"}


def test_a_request_joins_the_trace_of_its_caller(collector: Collector) -> None:
    rows = instances("wine")
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    with Server(WINE, "--otlp-endpoint", endpoint, "--trace-sample", 0) as server:
        for headers in (traceparent(False), {}, traceparent(True)):
            answer = server.post("/v1/models/wine:predict", json={"instances": rows}, headers=headers)
            assert answer.status_code == 200
        refused = server.post("/v2/models/none/infer", json={}, headers=traceparent(True))
        assert refused.status_code == 404
        (span, found), (failed, why) = collector.spans(2)
        assert server.terminate() == 0
    assert (span.trace_id.hex(), span.parent_span_id.hex(), span.trace_state) == (TRACE, CALLER, "vendor=1")
    assert (span.name, span.kind) == ("POST /v1/models/{model}:predict", Span.SPAN_KIND_SERVER)
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert len(span.span_id) == 8 and span.span_id != failed.span_id
    wanted = {
        "http.request.method": "POST",
        "http.route": "/v1/models/{model}:predict",
        "url.path": "/v1/models/wine:predict",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "longshore.model.name": "wine",
        "longshore.model.version": "1",
        "longshore.protocol": "v1",
        "longshore.rows": len(rows),
    }
    assert {key: found.get(key) for key in wanted} == wanted
    assert found["longshore.request_id"] == answer.headers["x-request-id"]
    took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
    parts = [found[f"longshore.{part}.seconds"] for part in ("decode", "run", "encode")]
    assert all(part > 0 for part in parts) and sum(parts) < took < 20
    assert (failed.name, why["http.response.status_code"]) == ("POST /v2/models/{model}/infer", 404)


def test_what_is_in_the_queue_is_sent_at_the_end(collector: Collector) -> None:
    with Server(WINE, "--otlp-endpoint", f"http://127.0.0.1:{collector.server_port}") as server:
        for _ in range(700):
            assert server.get("/v2").status_code == 200
        assert server.terminate() == 0
    assert {span.name for span, _ in collector.spans(700)} == {"GET /v2"}


def test_a_collector_that_is_away_harms_nobody() -> None:
    with Server(WINE, "--otlp-endpoint", "http://127.0.0.1:9") as server:
        assert server.get("/v2").status_code == 200
        assert server.terminate() == 0
        assert "spans do not reach the collector" in server.read_log()
