"""Runs in MLServer's own environment: encodes tables with MLServer's codecs, asks a server, decodes with the same codecs.

Standard input is a JSON list of questions; standard output is a JSON list of answers.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import requests
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


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


def main() -> None:
    answers = []
    for question in json.load(sys.stdin):
        body = encode(question["kind"], question["columns"]).model_dump_json(exclude_none=True)
        reply = requests.post(question["url"], data=body, headers={"Content-Type": "application/json"}, timeout=20)
        if reply.status_code != 200:
            answers.append({"status": reply.status_code, "text": reply.text, "body": body})
            continue
        output = InferenceResponse.model_validate(reply.json()).outputs[0]
        texts = output.datatype == "BYTES"
        values = StringCodec.decode_output(output) if texts else NumpyCodec.decode_output(output).ravel().tolist()
        answers.append({"status": 200, "values": values})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
