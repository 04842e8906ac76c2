"""One `ModelInfer`, with MLServer's own messages. Runs in MLServer's environment.

Usage: grpc_call.py make V2.json MODEL OUT     writes the call that asks the same as the body of V2 over HTTP, as it is sent
       grpc_call.py ask ADDRESS FILE           asks, and prints the items of the first output as JSON
"""

import json
import struct
import sys
from pathlib import Path

import grpc
from mlserver.grpc.dataplane_pb2 import ModelInferRequest, ModelInferResponse

LISTS = {"FP64": "fp64_contents", "FP32": "fp32_contents", "INT64": "int64_contents", "INT32": "int_contents"}
PREFIX = 5


def make(body: str, model: str, out: str) -> None:
    [tensor] = json.loads(Path(body).read_text())["inputs"]
    contents = {LISTS[tensor["datatype"]]: tensor["data"]}
    described = {key: tensor[key] for key in ("name", "shape", "datatype")}
    message = ModelInferRequest(model_name=model, inputs=[{**described, "contents": contents}]).SerializeToString()
    Path(out).write_bytes(b"\0" + struct.pack(">I", len(message)) + message)


def ask(address: str, file: str) -> None:
    message = Path(file).read_bytes()[PREFIX:]
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer", response_deserializer=ModelInferResponse.FromString)
        output = call(message, timeout=20).outputs[0]
    print(json.dumps(list(getattr(output.contents, LISTS[output.datatype]))))


if __name__ == "__main__":
    {"make": make, "ask": ask}[sys.argv[1]](*sys.argv[2:])
