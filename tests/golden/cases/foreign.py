"""Transformers of category_encoders, feature-engine and sklearn-pandas, which people pickle beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from case import Case, installed, version_key

SKOPS = ("model.p2.pkl", "model.cloudpickle.pkl", "model.joblib")


def cases() -> list:
    """Every case."""
    return [*_encoders()]


def _train(d: object, gaps: bool = False) -> pd.DataFrame:
    frame = d.frame[["city", "income", "colour", "children"]].copy()
    if gaps:
        frame.loc[::7, "city"] = np.nan
    return frame


def _known(d: object, model: object) -> pd.DataFrame:
    return _train(d).iloc[3:9].reset_index(drop=True)


def _odd(d: object, model: object) -> pd.DataFrame:
    rows = _train(d).iloc[3:10].reset_index(drop=True)
    rows.loc[0, "city"], rows.loc[1, "colour"], rows.loc[2, "city"] = "Rio", "mauve", np.nan
    return rows


def _encoder(name: str, kind: str, rows: object = _odd, gaps: bool = False, since: str = "0", errors: object = None, target: object = None, **params: object) -> Case:
    def fit(d: object) -> object:
        import category_encoders

        encoder = getattr(category_encoders, kind)(**params)
        return encoder.fit(_train(d, gaps), pd.Series((target or (lambda d: d.binary))(d)))

    return Case(f"encoders-{name}", fit, rows, library="category_encoders", since=since, errors=errors, extras=(), containers=SKOPS)


def _encoders() -> list:
    unknown = lambda d, m: [(_odd(d, m).iloc[:2], ("row 0", "Rio", "city"))]
    missing = lambda d, m: [(_odd(d, m).iloc[2:4].reset_index(drop=True), ("row 0", "missing", "city"))]
    plain = [
        _encoder(short, kind, _odd, gaps)
        for short, kind in (
            ("ordinal", "OrdinalEncoder"),
            ("one-hot", "OneHotEncoder"),
            ("binary", "BinaryEncoder"),
            ("base-n", "BaseNEncoder"),
            ("target", "TargetEncoder"),
            ("james-stein", "JamesSteinEncoder"),
            ("m-estimate", "MEstimateEncoder"),
            ("woe", "WOEEncoder"),
            ("leave-one-out", "LeaveOneOutEncoder"),
            ("cat-boost", "CatBoostEncoder"),
        )
        for gaps in (False,)
    ]
    return [
        *plain,
        _encoder("count", "CountEncoder", since="2.6"),
        _encoder("count-old", "CountEncoder", _known, handle_unknown=0),
        _encoder("count-shares", "CountEncoder", since="2.6", normalize=True, gaps=True),
        _encoder("count-groups", "CountEncoder", since="2.6", min_group_size=9),
        _encoder("ordinal-gaps", "OrdinalEncoder", gaps=True),
        _encoder("ordinal-return-nan", "OrdinalEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("ordinal-error", "OrdinalEncoder", _known, handle_unknown="error", errors=unknown),
        _encoder("ordinal-missing-error", "OrdinalEncoder", _known, handle_missing="error", errors=missing),
        _encoder("one-hot-names", "OneHotEncoder", gaps=True, use_cat_names=True, handle_unknown="indicator", handle_missing="indicator"),
        _encoder("one-hot-return-nan", "OneHotEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("one-hot-error", "OneHotEncoder", _known, handle_unknown="error", errors=unknown),
        _encoder("base-3", "BaseNEncoder", base=3, gaps=True),
        _encoder("target-continuous", "TargetEncoder", gaps=True, target=lambda d: d.y, smoothing=4.0),
        _encoder("target-return-nan", "TargetEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("target-error", "TargetEncoder", _known, handle_unknown="error", errors=unknown),
        _encoder("target-some", "TargetEncoder", lambda d, m: _odd(d, m)[["city", "income", "children"]], cols=["city"], target=lambda d: d.y, since="99"),
        _encoder("leave-one-out-gaps", "LeaveOneOutEncoder", gaps=True, sigma=0.1),
        _encoder("leave-one-out-return-nan", "LeaveOneOutEncoder", handle_unknown="return_nan", handle_missing="return_nan"),
        _encoder("cat-boost-strong", "CatBoostEncoder", gaps=True, a=3),
        _encoder("children", "TargetEncoder", _known, cols=["children", "city", "colour"]),
        Case("encoders-pipeline", _pipeline, _odd, "C", library="category_encoders", extras=("row",), containers=SKOPS, since="2.6"),
        Case("encoders-array", _array, lambda d, m: _odd(d, m)[["city", "colour"]].to_numpy(dtype=object), library="category_encoders", extras=(), containers=SKOPS, since="2.11"),
    ]


def _pipeline(d: object) -> object:
    import category_encoders

    return make_pipeline(category_encoders.OneHotEncoder(), LogisticRegression()).fit(_train(d), d.binary)


def _array(d: object) -> object:
    import category_encoders

    return category_encoders.TargetEncoder().fit(_train(d)[["city", "colour"]].to_numpy(dtype=object), d.binary)
