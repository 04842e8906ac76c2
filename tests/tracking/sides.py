"""The same call to the server under test and to MLflow's own store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlflow.exceptions import MlflowException


def agree(sides: Sequence[Any], call: Callable[[Any], object]) -> object:
    """Both sides answer the same, or refuse in the same words; each says by `plain` what differs between the two."""
    told = []
    for side in sides:
        try:
            told.append(side.plain(call(side)))
        except MlflowException as error:
            told.append((error.error_code, side.plain(error.message.removeprefix(f"{error.error_code}: "))))
    assert told[0] == told[1]
    return told[0]
