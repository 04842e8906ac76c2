"""`spec.predictor.logger`: requests and answers as events at an address, as KServe's logger posts them."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from suite.kube import Unexpected, until
from suite.registry import check

from .cluster import DOMAIN, V1, Platform, lossless

REQUEST = "org.kubeflow.serving.inference.request"
RESPONSE = "org.kubeflow.serving.inference.response"


@dataclass
class Sink:
    """What was posted: headers by their lower-case names, and the body."""

    port: int = 0
    events: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def of(self, kind: str) -> dict[str, tuple[dict[str, str], bytes]]:
        return {head["ce-id"]: (head, body) for head, body in list(self.events) if head["ce-type"] == kind}


@contextlib.contextmanager
def sink(platform: Platform) -> Iterator[Sink]:
    """A server on this machine that takes every event."""
    found = Sink()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802  (http.server calls it so)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            found.events.append(({key.lower(): value for key, value in self.headers.items()}, body))
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer((platform.host, 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@check
def requests_are_logged(platform: Platform) -> str:
    """Modes `all`, `request` and `response` post what they say, with KServe's attributes and nothing lost; no client waits for a sink that is away."""
    namespace = platform.namespace("platform-logged")
    known = platform.known()
    with sink(platform) as seen:
        url = f"http://{platform.host}:{seen.port}/"
        for mode in ("all", "request", "response"):
            logger = {"mode": mode, "url": url, "metadataHeaders": ["x-user"], "metadataAnnotations": ["team"]}
            service = platform.service(namespace, mode, logger=logger)
            service["metadata"]["annotations"] = {"team": "flowers"}
            platform.kube.apply(service)
        away = platform.service(namespace, "away", logger={"mode": "all", "url": f"http://{platform.host}:9/"})
        silent = platform.service(namespace, "silent", logger={"mode": "all", "url": "http://192.0.2.1/"})
        platform.kube.apply(away, silent)
        for name in ("all", "request", "response", "away", "silent"):
            platform.ready(namespace, name)
        attributes(platform, namespace, seen, known)
        seen.events.clear()
        reports = {}
        for name in ("all", "request", "response", "away", "silent"):
            with platform.load(namespace, name, expect="v1", rate=100) as reports[name]:
                time.sleep(2)
        asked = {name: report["requests"] for name, report in reports.items()}
        wanted = {("all", REQUEST): asked["all"], ("all", RESPONSE): asked["all"], ("request", REQUEST): asked["request"], ("response", RESPONSE): asked["response"]}
        count = lambda: Counter((head["ce-inferenceservicename"], head["ce-type"]) for head, _ in list(seen.events))  # noqa: E731
        try:
            until("every event", lambda: dict(count()) == wanted, 15)
        except Unexpected as error:
            raise Unexpected(f"{error}: {dict(count())} came of {wanted}") from error
        pairs = set(seen.of(REQUEST)) & set(seen.of(RESPONSE))
    if len(pairs) != asked["all"]:
        raise Unexpected(f"{len(pairs)} of {asked['all']} answers have the id of their request")
    times = {name: (lossless(report), report["latency_ms"]["p99"])[1] for name, report in reports.items()}
    return f"{sum(wanted.values())} events of {asked} requests, none lost; p99 {', '.join(f'{name} {ms:.0f} ms' for name, ms in times.items())}"


def attributes(platform: Platform, namespace: str, seen: Sink, known: dict[str, Any]) -> None:
    """Asks each service once with an id and a header, and looks at what comes of it."""
    body = json.dumps({"instances": known["rows"]})
    for name in ("all", "request", "response"):
        connection = http.client.HTTPConnection(platform.gateway_address, 80, timeout=30)
        headers = {"host": f"{name}.{namespace}.{DOMAIN}", "content-type": "application/json", "ce-id": f"id-{name}", "x-user": "ada"}
        connection.request("POST", V1.format(name=name), body, headers)
        answer = connection.getresponse().read()
        connection.close()
        kinds = {REQUEST: body.encode(), RESPONSE: answer}
        if name != "all":
            kinds = {kind: data for kind, data in kinds.items() if kind.endswith(name)}
        for kind, data in kinds.items():
            head, posted = until(f"the {kind} of `{name}`", lambda kind=kind, name=name: seen.of(kind).get(f"id-{name}"), 10)
            if posted != data:
                raise Unexpected(f"the {kind} of `{name}` holds {posted[:200]!r}, and {data[:200]!r} went over the wire")
            wanted = {
                "ce-specversion": "1.0", "ce-inferenceservicename": name, "ce-namespace": namespace, "ce-component": "predictor",
                "ce-metadata": '{"X-User":["ada"]}', "ce-annotations": '{"team":"flowers"}', "content-type": "application/json",
            }  # fmt: skip
            wrong = {key: head.get(key) for key, value in wanted.items() if head.get(key) != value}
            if wrong or not all(head.get(f"ce-{key}") for key in ("source", "time", "recordedtime")):
                raise Unexpected(f"the {kind} of `{name}` has {wrong}: {head}")
