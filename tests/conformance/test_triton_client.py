"""Triton's HTTP client, with JSON tensors and with binary ones."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from compare import DOT, same
from conftest import NAMES
from questions import expected, frame, library_model
from server import EXAMPLES, Server


@pytest.fixture(scope="module")
def client(examples: Server) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(examples.address, concurrency=2)
    yield client
    client.close()


def tensor(name: str, values: np.ndarray, binary: bool = False) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def columns(name: str) -> list[triton.InferInput]:
    return [tensor(column, values.to_numpy().reshape(-1, 1)) for column, values in frame(name).items()]


def output_of(client: triton.InferenceServerClient, name: str) -> str:
    return client.get_model_metadata(name)["outputs"][0]["name"]


def values(answer: triton.InferResult, output: str) -> np.ndarray:
    got = answer.as_numpy(output).reshape(-1)
    return np.array([text.decode() if isinstance(text, bytes) else text for text in got]) if got.dtype.kind == "O" else got


def test_health_and_metadata(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    server = client.get_server_metadata()
    assert server["name"] and server["version"] and isinstance(server["extensions"], list)
    for name in NAMES:
        assert client.is_model_ready(name)
        model = client.get_model_metadata(name)
        assert model["name"] == name
        assert model["platform"]
        assert {"name", "datatype", "shape"} <= model["inputs"][0].keys()
        assert {"name", "datatype", "shape"} <= model["outputs"][0].keys()
    assert not client.is_model_ready("nothing")


@pytest.mark.parametrize("datatype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["wine", "classification"])
def test_one_tensor(client: triton.InferenceServerClient, name: str, datatype: type) -> None:
    output = output_of(client, name)
    asked = [triton.InferRequestedOutput(output, binary_data=False)]
    answer = client.infer(name, [tensor("input-0", frame(name).to_numpy(dtype=datatype))], outputs=asked, request_id="7")
    assert answer.get_response()["id"] == "7"
    assert answer.get_response()["model_name"] == name
    same(values(answer, output), expected(name))


@pytest.mark.parametrize("name", NAMES)
def test_one_tensor_a_column(client: triton.InferenceServerClient, name: str) -> None:
    output = output_of(client, name)
    answer = client.infer(name, columns(name), outputs=[triton.InferRequestedOutput(output, binary_data=False)])
    same(values(answer, output), expected(name))


@pytest.mark.parametrize("name", ["wine", "classification", "chatbot-intents"])
def test_probabilities_by_name(client: triton.InferenceServerClient, name: str) -> None:
    """An output named after a method of the model asks for it, as with MLServer."""
    asked = [triton.InferRequestedOutput(output, binary_data=False) for output in ("predict", "predict_proba")]
    answer = client.infer(name, columns(name), outputs=asked)
    same(values(answer, "predict"), expected(name))
    same(answer.as_numpy("predict_proba"), library_model(name).get_raw_model().predict_proba(frame(name)), DOT)


def test_all_outputs(client: triton.InferenceServerClient) -> None:
    """Without named outputs the client asks for binary data in the request's parameters."""
    answer = client.infer("wine", [tensor("input-0", frame("wine").to_numpy())])
    assert "binary_data_size" in answer.get_response()["outputs"][0]["parameters"]
    same(values(answer, output_of(client, "wine")), expected("wine"))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression(client: triton.InferenceServerClient, algorithm: str, binary: bool) -> None:
    output = output_of(client, "wine")
    asked = [triton.InferRequestedOutput(output, binary_data=binary)]
    inputs = [tensor("input-0", frame("wine").to_numpy(), binary)]
    answer = client.infer("wine", inputs, outputs=asked, request_compression_algorithm=algorithm, response_compression_algorithm=algorithm)
    same(values(answer, output), expected("wine"))


def test_errors(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException) as raised:
        client.infer("wine", [tensor("input-0", np.zeros((1, 2)))])
    assert "400" in str(raised.value.status()) and "13" in raised.value.message()
    with pytest.raises(InferenceServerException) as raised:
        client.infer("nothing", [tensor("input-0", np.zeros((1, 2)))])
    assert "404" in str(raised.value.status())


@pytest.mark.parametrize("name", NAMES)
def test_binary_columns(client: triton.InferenceServerClient, name: str) -> None:
    """The client's defaults: every input and every output is binary, texts as well."""
    inputs = [tensor(column, values.to_numpy().reshape(-1, 1), binary=True) for column, values in frame(name).items()]
    answer = client.infer(name, inputs)
    same(values(answer, output_of(client, name)), expected(name))


@pytest.mark.parametrize("datatype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["wine", "classification"])
def test_binary_matrix(client: triton.InferenceServerClient, name: str, datatype: type) -> None:
    asked = [triton.InferRequestedOutput("predict"), triton.InferRequestedOutput("predict_proba", binary_data=False)]
    answer = client.infer(name, [tensor("input-0", frame(name).to_numpy(dtype=datatype), binary=True)], outputs=asked)
    first, second = answer.get_response()["outputs"]
    assert "binary_data_size" in first["parameters"]
    assert "data" in second
    same(values(answer, "predict"), expected(name))
    same(answer.as_numpy("predict_proba"), library_model(name).get_raw_model().predict_proba(frame(name)), DOT)


def test_binary_tensors_beside_json(client: triton.InferenceServerClient) -> None:
    named = enumerate(frame("wine").items())
    inputs = [tensor(column, values.to_numpy().reshape(-1, 1), binary=at % 2 == 0) for at, (column, values) in named]
    same(values(client.infer("wine", inputs), output_of(client, "wine")), expected("wine"))


def test_binary_sizes_that_do_not_fit_are_refused(client: triton.InferenceServerClient) -> None:
    wrong = tensor("input-0", frame("wine").to_numpy(), binary=True)
    wrong.set_shape([1, 13])
    with pytest.raises(InferenceServerException) as raised:
        client.infer("wine", [wrong])
    assert raised.value.status() == "400"
    assert "input-0" in raised.value.message()


def test_configuration(client: triton.InferenceServerClient) -> None:
    for name in NAMES:
        config, metadata = client.get_model_config(name), client.get_model_metadata(name)
        assert config == client.get_model_config(name, model_version="1")
        assert config["name"] == name and config["platform"] == metadata["platform"] and config["backend"]
        assert config["max_batch_size"] == 0
        for given, told in (("input", "inputs"), ("output", "outputs")):
            shapes = [(one["name"], one["dims"], one["data_type"]) for one in config[given]]
            types = {"BYTES": "TYPE_STRING"}
            assert shapes == [(one["name"], one["shape"], types.get(one["datatype"], "TYPE_" + one["datatype"])) for one in metadata[told]]
    for missing in ({"model_name": "nothing"}, {"model_name": "wine", "model_version": "9"}):
        with pytest.raises(InferenceServerException) as raised:
            client.get_model_config(**missing)
        assert raised.value.status() == "404"


def test_statistics() -> None:
    with Server(f"wine={EXAMPLES / 'wine/model'}", f"other={EXAMPLES / 'classification/model'}") as server:
        with triton.InferenceServerClient(server.address) as client:
            rows = frame("wine").to_numpy()
            for count in (1, 2, 2):
                client.infer("wine", [tensor("input-0", rows[:count])])
            for wrong in (1, 2):
                with pytest.raises(InferenceServerException):
                    client.infer("wine", [tensor("input-0", rows[:, :wrong])])
            [wine] = client.get_inference_statistics("wine")["model_stats"]
            assert (wine["name"], wine["version"]) == ("wine", "1")
            assert (wine["inference_count"], wine["execution_count"]) == (5, 3)
            stats = wine["inference_stats"]
            assert [stats[part]["count"] for part in ("success", "fail", "compute_infer")] == [3, 2, 3]
            parts = [stats[part]["ns"] for part in ("queue", "compute_input", "compute_infer", "compute_output")]
            assert stats["success"]["ns"] == sum(parts)
            assert 0 <= time.time() * 1000 - wine["last_inference"] < 60_000
            assert [wine] == client.get_inference_statistics("wine", "1")["model_stats"]
            everything = client.get_inference_statistics()["model_stats"]
            assert [model["name"] for model in everything] == ["wine", "other"]
            assert everything[0] == wine and everything[1]["inference_count"] == 0
            for missing in (("nothing",), ("wine", "9")):
                with pytest.raises(InferenceServerException) as raised:
                    client.get_inference_statistics(*missing)
                assert raised.value.status() == "404"


def test_what_is_not_there_is_refused_by_its_name(client: triton.InferenceServerClient) -> None:
    for ask, instead in (
        (client.get_system_shared_memory_status, "shared memory"),
        (client.unregister_cuda_shared_memory, "shared memory"),
        (client.get_trace_settings, "--otlp-endpoint"),
        (lambda: client.update_trace_settings("wine", {"trace_rate": "1"}), "--otlp-endpoint"),
        (client.get_log_settings, "--log"),
    ):
        with pytest.raises(InferenceServerException) as raised:
            ask()
        assert raised.value.status() == "501" and instead in raised.value.message()
