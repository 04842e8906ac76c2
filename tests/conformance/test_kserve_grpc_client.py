"""KServe's own gRPC client, and the standard health and reflection services."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from kserve import InferenceGRPCClient, InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput

from compare import DOT, same
from conftest import NAMES
from questions import expected, frame, library_model
from server import Server

DATATYPE = {"f": "FP64", "O": "BYTES"}
SERVICE = "inference.GRPCInferenceService"


def ask(server: Server, call: Callable[[InferenceGRPCClient], Awaitable[Any]]) -> Any:
    async def inner() -> Any:
        async with InferenceGRPCClient(server.address, timeout=20, retries=0) as client:
            return await call(client)

    return asyncio.run(inner())


def columns(name: str, raw: bool) -> list[InferInput]:
    """The rows as one tensor a column; as raw bytes, or in the list of their type."""
    inputs = []
    for column, values in frame(name).items():
        values = values.to_numpy(dtype=object if values.dtype == object else None)
        one = InferInput(column, [len(values)], DATATYPE[values.dtype.kind])
        one.set_data_from_numpy(values, binary_data=raw)
        inputs.append(one)
    return inputs


def values(output: Any) -> np.ndarray:
    got = output.as_numpy()
    if got.dtype.kind == "O":
        got = np.array([text.decode() if isinstance(text, bytes) else text for text in got.ravel()])
    return got.reshape(-1)


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
@pytest.mark.parametrize("name", NAMES)
def test_one_tensor_a_column(examples: Server, name: str, raw: bool) -> None:
    request = InferRequest(model_name=name, infer_inputs=columns(name, raw), request_id="a-7")
    answer = ask(examples, lambda client: client.infer(request))
    assert answer.model_name == name
    assert answer.model_version == "1"
    assert answer.id == "a-7"
    same(values(answer.outputs[0]), expected(name).reshape(-1))


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
@pytest.mark.parametrize("datatype", ["FP64", "FP32"])
def test_one_tensor(examples: Server, datatype: str, raw: bool) -> None:
    table = frame("wine").to_numpy(dtype={"FP64": np.float64, "FP32": np.float32}[datatype])
    tensor = InferInput("input-0", list(table.shape), datatype)
    tensor.set_data_from_numpy(table, binary_data=raw)
    asked = [RequestedOutput("predict"), RequestedOutput("predict_proba")]
    request = InferRequest(model_name="wine", infer_inputs=[tensor], request_outputs=asked)
    answer = ask(examples, lambda client: client.infer(request))
    assert [output.name for output in answer.outputs] == ["predict", "predict_proba"]
    model = library_model("wine").get_raw_model()
    same(values(answer.outputs[0]), model.predict(table.astype(np.float64)))
    probabilities = answer.outputs[1].as_numpy()
    same(probabilities.reshape(len(table), -1), model.predict_proba(table), DOT if datatype == "FP64" else 1e-5)


def test_readiness(examples: Server) -> None:
    assert ask(examples, lambda client: client.is_server_ready())
    assert ask(examples, lambda client: client.is_server_live())
    assert ask(examples, lambda client: client.is_model_ready("wine"))
    with pytest.raises(grpc.RpcError) as raised:
        ask(examples, lambda client: client.is_model_ready("nothing"))
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


def test_errors_reach_the_caller(examples: Server) -> None:
    tensor = InferInput("x", [1, 2], "FP64", data=[1.0, 2.0])
    for model, code, words in (("wine", grpc.StatusCode.INVALID_ARGUMENT, "13"), ("nothing", grpc.StatusCode.NOT_FOUND, "nothing")):
        request = InferRequest(model_name=model, infer_inputs=[tensor])
        with pytest.raises(grpc.RpcError) as raised:
            ask(examples, lambda client, request=request: client.infer(request))
        assert raised.value.code() == code
        assert words in raised.value.details()


@pytest.fixture
def channel(examples: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(examples.address) as channel:
        yield channel


def test_health(channel: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    for service in ("", SERVICE, "wine"):
        assert health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20).status == serving
    with pytest.raises(grpc.RpcError) as raised:
        health.Check(health_pb2.HealthCheckRequest(service="nothing"), timeout=20)
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
    watch = health.Watch(health_pb2.HealthCheckRequest(service="wine"), timeout=20)
    assert next(watch).status == serving
    watch.cancel()


def test_a_client_without_the_messages_learns_them_by_reflection(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    assert {SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"} <= set(database.get_services())
    pool = DescriptorPool(database)
    method = pool.FindServiceByName(SERVICE).methods_by_name["ModelInfer"]
    request, reply = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    call = channel.unary_unary(f"/{SERVICE}/ModelInfer", request_serializer=request.SerializeToString, response_deserializer=reply.FromString)
    table = frame("wine").to_numpy()
    question = request(model_name="wine")
    tensor = question.inputs.add(name="input-0", datatype="FP64", shape=table.shape)
    tensor.contents.fp64_contents.extend(table.ravel())
    answer = call(question, timeout=20)
    same(list(answer.outputs[0].contents.int64_contents), expected("wine").reshape(-1))
