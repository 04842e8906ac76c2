"""MLflow's scoring protocol, with the payloads that MLflow itself makes."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from mlflow.models import convert_input_example_to_serving_input
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from compare import same
from questions import expected, frame, instances, library_model
from server import Server

JSON = {"Content-Type": "application/json"}


def client(server: Server) -> ScoringServerClient:
    return ScoringServerClient(*server.address.split(":"))


def test_client_finds_the_server(wine: Server) -> None:
    client(wine).ping()
    assert client(wine).get_version().strip()
    assert wine.get("/health").status_code == 200


def test_client_frame(wine: Server) -> None:
    answer = client(wine).invoke(frame("wine"))
    same(answer["predictions"], expected("wine"))
    same(answer.get_predictions().to_numpy().ravel(), expected("wine"))


def test_serving_input_of_a_frame(wine: Server) -> None:
    answer = wine.post("/invocations", data=convert_input_example_to_serving_input(frame("wine")), headers=JSON)
    assert answer.status_code == 200, answer.text
    same(answer.json()["predictions"], expected("wine"))


def body_split() -> dict:
    return {"dataframe_split": json.loads(frame("wine").to_json(orient="split"))}


def body_split_without_index() -> dict:
    return {"dataframe_split": {"columns": list(frame("wine").columns), "data": instances("wine")}}


def body_split_other_order() -> dict:
    table = frame("wine")[sorted(frame("wine").columns)]
    return {"dataframe_split": json.loads(table.to_json(orient="split", index=False))}


def body_split_extra_column() -> dict:
    return {"dataframe_split": json.loads(frame("wine").assign(vintage="1997").to_json(orient="split", index=False))}


def body_records() -> dict:
    return {"dataframe_records": frame("wine").to_dict(orient="records")}


def body_instances_of_objects() -> dict:
    return {"instances": frame("wine").to_dict(orient="records")}


def body_inputs_of_columns() -> dict:
    return {"inputs": frame("wine").to_dict(orient="list")}


def body_numbers_as_text() -> dict:
    return {"dataframe_records": [{name: str(value) for name, value in row.items()} for row in frame("wine").to_dict(orient="records")]}


def body_with_unknown_params() -> dict:
    return {**body_records(), "params": {"temperature": 0.7}, "something_else": 1}


BODIES = [
    body_split,
    body_split_without_index,
    body_split_other_order,
    body_split_extra_column,
    body_records,
    body_instances_of_objects,
    body_inputs_of_columns,
    body_numbers_as_text,
    body_with_unknown_params,
]


@pytest.mark.parametrize("body", BODIES)
def test_every_shape_of_the_body(wine: Server, body) -> None:
    answer = wine.post("/invocations", data=json.dumps(body()), headers=JSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    same(answer.json()["predictions"], expected("wine"))


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/json;charset=UTF-8"])
def test_charset(wine: Server, content_type: str) -> None:
    answer = wine.post("/invocations", data=json.dumps(body_records()), headers={"Content-Type": content_type})
    assert answer.status_code == 200, answer.text


def test_csv(wine: Server) -> None:
    answer = wine.post("/invocations", data=frame("wine").to_csv(index=False), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    same(answer.json()["predictions"], expected("wine"))


def test_csv_with_quoted_text() -> None:
    from server import EXAMPLES

    texts = pd.DataFrame({"text": ['where is my "blue" order, please?', "bye\nbye", "naïve"]})
    wanted = library_model("chatbot-intents").predict(texts)
    with Server(f"it={EXAMPLES / 'chatbot-intents/model'}") as server:
        answer = server.post("/invocations", data=texts.to_csv(index=False).encode(), headers={"Content-Type": "text/csv"})
        assert answer.status_code == 200, answer.text
        same(answer.json()["predictions"], wanted)


def test_integers_where_the_signature_says_double(wine: Server) -> None:
    rows = frame("wine").round().astype(int)
    answer = client(wine).invoke(rows)
    same(answer["predictions"], library_model("wine").predict(rows.astype(float)))


def test_a_thousand_rows(wine: Server, seed: int) -> None:
    draw = np.random.default_rng(seed)
    table = frame("wine")
    rows = pd.DataFrame(table.to_numpy()[draw.integers(0, 2, 1000)] * draw.uniform(0.5, 1.5, (1000, 13)), columns=table.columns)
    # Through CSV and back, so that both sides are asked about the same digits.
    text = rows.to_csv(index=False)
    wanted = library_model("wine").predict(pd.read_csv(io.StringIO(text), float_precision="round_trip"))
    answer = wine.post("/invocations", data=text, headers={"Content-Type": "text/csv"})
    same(answer.json()["predictions"], wanted)
