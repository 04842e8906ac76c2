"""Each example's own request, with the answer that the library gives to it."""

from __future__ import annotations

import functools
import json
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from server import EXAMPLES


@functools.cache
def library_model(name: str) -> Any:
    """The example's model, loaded by MLflow and scikit-learn."""
    return mlflow.pyfunc.load_model(str(EXAMPLES / name / "model"))


def instances(name: str) -> list:
    """The rows of `request.json`."""
    return json.loads((EXAMPLES / name / "request.json").read_text())["instances"]


def frame(name: str) -> pd.DataFrame:
    """The same rows as a table, with the types of the signature."""
    schema = library_model(name).metadata.get_input_schema()
    return pd.DataFrame(instances(name), columns=schema.input_names()).astype(dict(zip(schema.input_names(), schema.pandas_types(), strict=True)))


def expected(name: str) -> np.ndarray:
    """The library's answer."""
    return np.asarray(library_model(name).predict(frame(name)))
