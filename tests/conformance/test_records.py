"""Records of requests and answers, read by the `cloudevents` library, as the sinks of KServe's logger read them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cloudevents.http import CloudEvent, from_http
from questions import instances
from server import EXAMPLES, Server

WINE = f"wine={EXAMPLES / 'wine/model'}"


class Sink(ThreadingHTTPServer):
    """Takes events and keeps what it got."""

    def __init__(self) -> None:
        self.got: queue.Queue[CloudEvent] = queue.Queue()
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                got.put(from_http(dict(self.headers.items()), body))
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        yield sink
        sink.shutdown()


def test_a_request_and_its_answer_are_events(sink: Sink) -> None:
    attributes = "inferenceservicename=wine,namespace=ml,component=predictor,endpoint=default"
    flags = [f"--record-to=http://127.0.0.1:{sink.server_address[1]}/", "--record-headers=X-User", f"--record-attributes={attributes}"]
    with Server(WINE, *flags) as server:
        asked = {"instances": instances("wine")}
        reply = server.http.post(f"{server.url}/v1/models/wine:predict", json=asked, headers={"x-user": "ann"})
        events = {event["type"].rsplit(".", 1)[-1]: event for event in (sink.got.get(timeout=20), sink.got.get(timeout=20))}
    assert reply.status_code == 200 and set(events) == {"request", "response"}
    assert events["request"].data == asked
    assert events["response"].data == reply.json()
    assert events["request"]["id"] == events["response"]["id"] == reply.headers["x-request-id"]
    for event in events.values():
        told = {pair.split("=")[0]: event[pair.split("=")[0]] for pair in attributes.split(",")}
        assert told == dict(pair.split("=") for pair in attributes.split(","))
        assert event["specversion"] == "1.0" and event["datacontenttype"] == "application/json"
        assert event["metadata"] == '{"X-User":["ann"]}'
        assert event["time"] <= event["recordedtime"]
