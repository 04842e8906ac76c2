"""KServe's own Python client, V1 and V2."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
import pytest
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

from compare import same
from conftest import NAMES
from questions import expected, frame, instances
from server import Server

DATATYPE = {"f": "FP64", "O": "BYTES"}


def ask(protocol: str, call: Callable[[InferenceRESTClient], Awaitable[Any]]) -> Any:
    async def inner() -> Any:
        client = InferenceRESTClient(RESTConfig(protocol=protocol, retries=0, timeout=20))
        try:
            return await call(client)
        finally:
            await client.close()

    return asyncio.run(inner())


@pytest.mark.parametrize("name", NAMES)
def test_v1(examples: Server, name: str) -> None:
    answer = ask("v1", lambda client: client.infer(examples.url, {"instances": instances(name)}, name))
    same(answer["predictions"], expected(name))


def tensor(name: str) -> InferInput:
    """The rows as one two-dimensional tensor."""
    values = frame(name).to_numpy()
    tensor = InferInput("input-0", list(values.shape), "FP64")
    tensor.set_data_from_numpy(values, binary_data=False)
    return tensor


def columns(name: str) -> list[InferInput]:
    """The rows as one tensor a column."""
    inputs = []
    for column, values in frame(name).items():
        values = values.to_numpy(dtype=object if values.dtype == object else None)
        one = InferInput(column, [len(values)], DATATYPE[values.dtype.kind])
        one.set_data_from_numpy(values, binary_data=False)
        inputs.append(one)
    return inputs


@pytest.mark.parametrize("name", ["wine", "classification"])
def test_v2_one_tensor(examples: Server, name: str) -> None:
    request = InferRequest(model_name=name, infer_inputs=[tensor(name)], request_id="a-7")
    answer = ask("v2", lambda client: client.infer(examples.url, request, name))
    assert answer.model_name == name
    assert answer.id == "a-7"
    assert len(answer.outputs) == 1
    same(values(answer.outputs[0]), expected(name))


def values(output: Any) -> np.ndarray:
    got = output.as_numpy()
    if got.dtype.kind == "O":
        got = np.array([text.decode() if isinstance(text, bytes) else text for text in got.ravel()])
    return got.reshape(-1)


@pytest.mark.parametrize("name", NAMES)
def test_v2_one_tensor_a_column(examples: Server, name: str) -> None:
    request = InferRequest(model_name=name, infer_inputs=columns(name))
    answer = ask("v2", lambda client: client.infer(examples.url, request, name))
    same(values(answer.outputs[0]), expected(name))


def test_readiness(examples: Server) -> None:
    assert ask("v2", lambda client: client.is_server_ready(examples.url))
    assert ask("v2", lambda client: client.is_server_live(examples.url))
    for protocol in ("v1", "v2"):
        assert ask(protocol, lambda client: client.is_model_ready(examples.url, "wine"))
    assert not ask("v2", lambda client: client.is_model_ready(examples.url, "nothing"))
    with pytest.raises(httpx.HTTPStatusError) as raised:
        ask("v1", lambda client: client.is_model_ready(examples.url, "nothing"))
    assert raised.value.response.status_code == 404


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_errors_reach_the_caller(examples: Server, protocol: str) -> None:
    """The client shows the text of `error`."""
    body = {"instances": [[1.0, 2.0]]} if protocol == "v1" else {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}
    with pytest.raises(httpx.HTTPStatusError) as raised:
        ask(protocol, lambda client: client.infer(examples.url, body, "wine"))
    assert raised.value.response.status_code == 400
    assert "13" in str(raised.value)
    with pytest.raises(httpx.HTTPStatusError) as raised:
        ask(protocol, lambda client: client.infer(examples.url, body, "nothing"))
    assert raised.value.response.status_code == 404
    assert "nothing" in str(raised.value)


@pytest.mark.parametrize("binary_output", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_v2_binary_tensors(examples: Server, name: str, binary_output: bool) -> None:
    inputs = []
    for column, values in frame(name).items():
        values = values.to_numpy(dtype=object if values.dtype == object else None)
        one = InferInput(column, [len(values)], DATATYPE[values.dtype.kind])
        one.set_data_from_numpy(values, binary_data=True)
        inputs.append(one)
    parameters = {"binary_data_output": binary_output}
    request = InferRequest(model_name=name, infer_inputs=inputs, parameters=parameters)
    answer = ask("v2", lambda client: client.infer(examples.url, request, name))
    got = answer.outputs[0].as_numpy().reshape(-1)
    same([value.decode() if isinstance(value, bytes) else value for value in got], expected(name))
