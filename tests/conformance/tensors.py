"""A cell of `request_shapes.json` with V2 tensors as KServe's own library makes messages of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from kserve import InferInput, InferRequest

DTYPES = {"FP64": np.float64, "INT64": np.int64, "BYTES": np.object_}
JSON_LENGTH = "inference-header-content-length"


def request(cell: dict[str, Any]) -> InferRequest:
    """The tensors of a cell: in typed lists, or as raw bytes. A null among numbers is NaN there."""
    inputs = []
    for tensor in cell["body"]["inputs"]:
        one = InferInput(tensor["name"], tensor["shape"], tensor["datatype"])
        values = np.array(tensor["data"], dtype=DTYPES[tensor["datatype"]]).reshape(tensor["shape"])
        one.set_data_from_numpy(values, binary_data=not cell["form"].startswith("grpc typed"))
        inputs.append(one)
    return InferRequest(model_name="it", infer_inputs=inputs, parameters=cell["body"].get("parameters"))


def received(cell: dict[str, Any]) -> InferRequest:
    """The request of a cell after it went over the wire to KServe's server."""
    from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest

    if cell["form"].startswith("grpc"):
        sent = request(cell).to_grpc().SerializeToString()
        return InferRequest.from_grpc(ModelInferRequest.FromString(sent))
    body, length = request(cell).to_rest()
    return InferRequest.from_bytes(body, length, "it")
