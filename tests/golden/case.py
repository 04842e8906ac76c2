"""What a golden case is: a fitted model, rows to ask it about, and how exact the answers must be."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import Any, Callable, Dict, Optional, Tuple, Union

DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "imblearn": "imbalanced-learn",
    "category_encoders": "category_encoders",
    "feature_engine": "feature-engine",
    "sklearn_pandas": "sklearn-pandas",
    "mlflow": "mlflow",
}


@dataclass(frozen=True)
class Case:
    """One model that a real library trains, saves and answers with.

    ``fit`` gets a :class:`data.Data` and returns the fitted model. ``rows`` gets the same data and the
    model and returns the input: a 2-D array, a pandas frame or a list of documents.
    ``objects`` writes columns of objects as such, so that None and NaN stay apart. ``unread`` finds out which columns
    the model never reads. ``fresh`` cases are not in the committed set. ``exact`` is one class for all methods, or a class per method with ``"*"`` for the rest.
    """

    name: str
    fit: Callable[[Any], Any]
    rows: Optional[Callable[[Any, Any], Any]] = None
    exact: Union[str, Dict[str, str]] = "A"
    methods: Optional[Tuple[str, ...]] = None
    also: Tuple[str, ...] = ()
    extras: Tuple[str, ...] = ("f32", "row")
    library: str = "sklearn"
    since: str = "0"
    until: str = "999"
    containers: Optional[Tuple[str, ...]] = None
    refused: Tuple[str, ...] = ()
    save: Optional[Callable[[Any, Any, Any], list]] = None
    errors: Optional[Callable[[Any, Any], list]] = None
    objects: bool = False
    unread: bool = False
    fresh: bool = False

    def exactness(self, method: str) -> str:
        """The exactness class of one method: ``A``, ``B``, ``B4`` or ``C``."""
        if isinstance(self.exact, str):
            return self.exact
        return self.exact.get(method, self.exact["*"])


def version_key(text: str) -> tuple:
    """Turn ``1.9.1`` into ``(1, 9, 1)``; a suffix such as ``rc1`` is cut off."""
    numbers = []
    for part in text.split("."):
        digits = ""
        for char in part:
            if not char.isdigit():
                break
            digits += char
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def installed(library: str) -> str:
    """The installed version of a library, or an empty text."""
    try:
        return metadata.version(DISTRIBUTIONS[library])
    except metadata.PackageNotFoundError:
        return ""


def from_script(text: str, name: str) -> Any:
    """A lambda or class as a user's `train.py` would hold it from line 41 on, so that cloudpickle carries it by value."""
    scope = {"__name__": "__main__"}
    exec(compile("\n" * 40 + f"{name} = {text}" if text.startswith("lambda") else "\n" * 40 + text, "train.py", "exec"), scope)
    return scope[name]
