"""Runs in MLServer's own environment: encodes tables with MLServer's codecs, asks a server, decodes with the same codecs.

Standard input is a JSON list of questions; standard output is a JSON list of answers. A question may name the output it
asks for, the output's content type, and the codec that reads the reply.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import requests
from mlserver.codecs import Base64Codec, DatetimeCodec, NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec, StringRequestCodec
from mlserver.codecs.base import find_input_codec
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, RequestOutput


def encode(kind: str, columns: dict[str, list]) -> InferenceRequest:
    table = pd.DataFrame(columns)
    if kind == "pandas":
        return PandasCodec.encode_request(table, use_bytes=False)
    if kind == "numpy":
        return NumpyRequestCodec.encode_request(table.to_numpy())
    if kind == "numpy-f32":
        return NumpyRequestCodec.encode_request(table.to_numpy(dtype=np.float32))
    if kind == "string":
        return InferenceRequest(inputs=[StringCodec.encode_input(name, values, use_bytes=False) for name, values in columns.items()])
    raise ValueError(kind)


def decode(codec: str | None, response: InferenceResponse) -> list:
    """The values of a reply, as a codec of its own or the one that its content type names reads them."""
    [output] = response.outputs
    if codec is None:
        return StringCodec.decode_output(output) if output.datatype == "BYTES" else NumpyCodec.decode_output(output).ravel().tolist()
    if codec == "numpy":
        return NumpyRequestCodec.decode_response(response).ravel().tolist()
    if codec == "pandas":
        return PandasCodec.decode_response(response)[output.name].tolist()
    if codec == "string":
        return StringRequestCodec.decode_response(response)
    named = find_input_codec(output.parameters.content_type)
    values = named.decode_output(output)
    if named is Base64Codec:
        return [value.decode() for value in values]
    if named is DatetimeCodec:
        return [value.isoformat() for value in values]
    return np.asarray(values).ravel().tolist()


def main() -> None:
    answers = []
    for question in json.load(sys.stdin):
        request = encode(question["kind"], question["columns"])
        if "output" in question:
            kind = question.get("content_type")
            request.outputs = [RequestOutput(name=question["output"], parameters=Parameters(content_type=kind) if kind else None)]
        body = request.model_dump_json(exclude_none=True)
        reply = requests.post(question["url"], data=body, headers={"Content-Type": "application/json"}, timeout=20)
        if reply.status_code != 200:
            answers.append({"status": reply.status_code, "text": reply.text, "body": body})
            continue
        response = InferenceResponse.model_validate(reply.json())
        said = [output.parameters and output.parameters.content_type for output in response.outputs]
        answers.append({"status": 200, "values": decode(question.get("codec"), response), "said": said})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
