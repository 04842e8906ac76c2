"""CloudEvents around V1: made and read by the `cloudevents` library, as KServe's clients do, and answered by KServe's own server beside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import requests
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http
from kserve import Model, ModelRepository
from kserve.errors import InvalidInput
from kserve.protocol.dataplane import DataPlane

from compare import same
from questions import expected, instances
from server import Server

ATTRIBUTES = {"type": "rows", "source": "https://example.com/rows", "id": "a-1"}
MODES = [to_binary, to_structured]


def ask(server: Server, headers: dict[str, str], body: bytes) -> requests.Response:
    return server.post("/v1/models/wine:predict", data=body, headers=headers)


def kserve_answer(headers: dict[str, str], body: bytes, predictions: list) -> tuple[dict, bytes | str | dict]:
    """What KServe's server makes of the same request, around a model that gives `predictions`."""

    class Fixed(Model):
        def load(self) -> bool:
            self.ready = True
            return True

        async def predict(self, payload: dict, headers: dict | None = None, response_headers: dict | None = None) -> dict:
            assert payload["instances"]
            return {"predictions": predictions}

    async def answer() -> tuple[dict, bytes | str | dict]:
        repository = ModelRepository()
        model = Fixed("wine")
        model.load()
        repository.update(model)
        plane = DataPlane(model_registry=repository)
        request, attributes = plane.decode(body, headers)
        reply, _ = await plane.infer("wine", request, headers)
        encoded, reply_headers = plane.encode("wine", reply, headers, attributes)
        return reply_headers, encoded

    return asyncio.run(answer())


@pytest.mark.parametrize("mode", MODES)
def test_events_are_answered_as_kserve_answers_them(wine: Server, mode: Callable) -> None:
    headers, body = mode(CloudEvent(ATTRIBUTES, {"instances": instances("wine")}))
    reply = ask(wine, headers, body)
    assert reply.status_code == 200, reply.text
    event = from_http(reply.headers, reply.content)
    same(event.data["predictions"], expected("wine"))
    theirs_headers, theirs_body = kserve_answer(headers, body, event.data["predictions"])
    theirs = from_http(theirs_headers, theirs_body)
    assert reply.headers["content-type"] == theirs_headers["content-type"]
    assert event.get_attributes().keys() == theirs.get_attributes().keys()
    for attribute in ("specversion", "source", "type"):
        assert event[attribute] == theirs[attribute]
    assert event["id"] == reply.headers["x-request-id"]
    assert event.data == theirs.data


@pytest.mark.parametrize("mode", MODES)
def test_faults_of_the_data_are_no_events(wine: Server, mode: Callable) -> None:
    headers, body = mode(CloudEvent(ATTRIBUTES, {"instances": [[1.0]]}))
    reply = ask(wine, headers, body)
    assert reply.status_code == 400 and "13" in reply.json()["error"]


def test_bad_events_are_refused_as_by_kserve(wine: Server) -> None:
    headers, body = to_binary(CloudEvent(ATTRIBUTES, {"instances": instances("wine")}))
    other_version = {**headers, "ce-specversion": "9.0"}
    reply = ask(wine, other_version, body)
    assert reply.status_code == 400 and "specversion" in reply.json()["error"]
    with pytest.raises(InvalidInput):
        kserve_answer(other_version, body, [])
    headers, body = to_structured(CloudEvent(ATTRIBUTES, b"\x00rows"))
    reply = ask(wine, headers, body)
    assert reply.status_code == 400 and "data_base64" in reply.json()["error"]
