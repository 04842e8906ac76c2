"""Runs in a process of its own, beside KServe's client: asks a server with Triton's gRPC client.

Standard input is JSON: the address, and a list of questions; standard output is a JSON list of answers.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype


def tensor(name: str, values: np.ndarray) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values)
    return made


def inputs(question: dict) -> list[triton.InferInput]:
    columns = {
        name: np.array(values, dtype=object if isinstance(values[0], str) else None).reshape(-1, 1) for name, values in question["columns"].items()
    }
    if question.get("matrix"):
        return [tensor("input-0", np.hstack(list(columns.values())).astype(question["matrix"]))]
    return [tensor(name, values) for name, values in columns.items()]


def listed(values: np.ndarray) -> list:
    return [value.decode() if isinstance(value, bytes) else value for value in values.ravel().tolist()]


def infer(client: triton.InferenceServerClient, question: dict) -> dict:
    names = question.get("outputs")
    outputs = [triton.InferRequestedOutput(name) for name in names] if names else None
    options = {key: question[key] for key in ("client_timeout", "compression_algorithm", "request_id", "model_version") if key in question}
    options["headers"] = {"x-request-id": "from-triton"}
    if question.get("asynchronous"):
        pending = client.async_infer(question["model"], inputs(question), outputs=outputs, client_timeout=20, callback=lambda *_: None)
        assert pending is not None
    answer = client.infer(question["model"], inputs(question), outputs=outputs, **options)
    reply = answer.get_response()
    values = {output.name: answer.as_numpy(output.name) for output in reply.outputs}
    return {
        "id": reply.id,
        "model": reply.model_name,
        "values": {name: listed(array) for name, array in values.items()},
        "shapes": {name: list(array.shape) for name, array in values.items()},
    }


def about(client: triton.InferenceServerClient, name: str) -> dict:
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(name),
        "server": client.get_server_metadata(as_json=True),
        "model": client.get_model_metadata(name, as_json=True),
        "index": client.get_model_repository_index(as_json=True),
        "config": client.get_model_config(name, as_json=True)["config"],
    }


def statistics(client: triton.InferenceServerClient, question: dict) -> list[dict]:
    """The counts and sums of nanoseconds of each version."""
    answer = client.get_inference_statistics(question["statistics"], question.get("model_version", ""))
    return [
        {
            "model": one.name,
            "version": one.version,
            "last_inference": one.last_inference,
            "inference_count": one.inference_count,
            "execution_count": one.execution_count,
            "counts": {field.name: total.count for field, total in one.inference_stats.ListFields()},
            "nanos": {field.name: total.ns for field, total in one.inference_stats.ListFields()},
        }
        for one in answer.model_stats
    ]


def answer(client: triton.InferenceServerClient, question: dict) -> dict | list:
    try:
        if "statistics" in question:
            return statistics(client, question)
        if "configuration" in question:
            return client.get_model_config(question["configuration"], question["model_version"], as_json=True)
        return about(client, question["about"]) if "about" in question else infer(client, question)
    except InferenceServerException as refused:
        return {"status": refused.status(), "message": refused.message()}


def main() -> None:
    given = json.load(sys.stdin)
    with triton.InferenceServerClient(given["address"]) as client:
        json.dump([answer(client, question) for question in given["questions"]], sys.stdout)


if __name__ == "__main__":
    main()
