"""Trains the models that the checks serve and writes what their libraries answer.

usage: models.py FOLDER

A version answers with labels of its own, so that an answer tells which version gave it.
"""

import json
import pathlib
import sys

import joblib
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    data, labels = load_iris(return_X_y=True)
    rows = data[[0, 60, 120]]
    answers = {}
    for version, shift in (("v1", 0), ("v2", 10), ("v3", 20)):
        model = LogisticRegression(max_iter=500).fit(data, labels + shift)
        path = folder / "iris" / version
        path.mkdir(parents=True)
        joblib.dump(model, path / "model.joblib")
        answers[version] = [int(value) for value in model.predict(rows)]
        if version == "v1":
            mlflow.sklearn.save_model(model, folder / "mlflow", input_example=np.array(rows), skops_trusted_types=[])
    broken = folder / "iris" / "broken"
    broken.mkdir()
    (broken / "model.joblib").write_bytes(b"\x80\x05this is no model")
    (folder / "answers.json").write_text(json.dumps({"rows": rows.tolist(), "answers": answers}))


main()
