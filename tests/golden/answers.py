"""Ask a fitted model everything it can answer."""

from __future__ import annotations

from typing import Optional

import numpy as np

ESTIMATOR_METHODS = ("predict", "predict_proba", "decision_function", "transform")


def answers(model: object, rows: object, methods: Optional[tuple] = None, also: tuple = ()) -> dict:
    """Method name to numpy array, for estimators and for the boosters of XGBoost, LightGBM and CatBoost."""
    kind = type(model).__module__.split(".")[0] + "." + type(model).__name__
    if kind == "xgboost.Booster":
        return _xgboost_booster(model, rows)
    if kind == "lightgbm.Booster":
        return _lightgbm_booster(model, rows)
    if kind.startswith("catboost."):
        also = (*also, "predict_log_proba")
    found = {}
    for method in (*(methods or ESTIMATOR_METHODS), *also):
        if hasattr(model, method):
            found[method] = dense(getattr(model, method)(rows))
    if kind.startswith("xgboost."):
        found["margin"] = model.predict(rows, output_margin=True)
        found.update(_xgboost_contributions(model, rows))
    if kind.startswith("lightgbm."):
        found["margin"] = model.predict(rows, raw_score=True)
        found.update(_lightgbm_contributions(model, rows))
    if kind.startswith("catboost."):
        found["margin"] = model._predict(rows, "RawFormulaVal", 0, 0, 1, False, "predict")
        found["leaf"] = model.calc_leaf_indexes(rows, thread_count=1).astype(np.int32)
        found.update(_catboost_contributions(model, rows))
    return found


def _catboost_contributions(model: object, rows: object) -> dict:
    """Shapley values by the weights of leaves that the model keeps: a model that was scaled or summed up has none.

    Trees of nodes have none here: the library's own do not add up to the score.
    """
    import catboost

    policy = model.get_all_params().get("grow_policy", "SymmetricTree") if model.get_params() else "Depthwise"
    if policy != "SymmetricTree":
        return {}
    pool = catboost.Pool(rows, cat_features=model._get_cat_feature_indices())
    try:
        found = model.get_feature_importance(pool, type="ShapValues", thread_count=1)
    except catboost.CatBoostError:
        return {}
    return {"contributions": found.reshape(len(found), -1)}


def dense(value: object) -> np.ndarray:
    """A plain array; sparse outputs are filled in, lists of outputs are put side by side."""
    if hasattr(value, "toarray"):
        return value.toarray()
    if isinstance(value, list):
        return np.hstack([dense(part) for part in value])
    return np.asarray(value)


def _xgboost_booster(model: object, rows: np.ndarray) -> dict:
    import xgboost

    missing = getattr(model, "golden_missing", np.nan)
    more = {"enable_categorical": True} if "category" in map(str, getattr(rows, "dtypes", ())) else {}
    matrix = xgboost.DMatrix(rows, missing=missing, nthread=1, **more)
    found = {"predict": model.predict(matrix), "margin": model.predict(matrix, output_margin=True)}
    if '"gblinear"' not in model.save_config():
        leaf = model.predict(matrix, pred_leaf=True)
        found["leaf"] = leaf.reshape(len(rows), -1).astype(np.int32)
    found.update(_side_by_side(lambda: model.predict(matrix, pred_contribs=True), len(rows)))
    return found


def _side_by_side(ask: object, rows: int) -> dict:
    """Contributions with the blocks of all outputs in one row; nothing where the library has none."""
    try:
        found = dense(ask())
    except Exception as error:
        if "not" in str(error) and "implemented" in str(error):
            return {}
        raise
    return {"contributions": found.reshape(rows, -1)}


def _xgboost_contributions(model: object, rows: object) -> dict:
    """What the booster of a wrapper answers, with the rounds and the missing value of the wrapper."""
    import xgboost

    more = {"enable_categorical": True} if "category" in map(str, getattr(rows, "dtypes", ())) else {}
    matrix = xgboost.DMatrix(rows, missing=model.missing, nthread=1, **more)
    best = getattr(model, "early_stopping_rounds", None) and {"iteration_range": (0, model.best_iteration + 1)}
    return _side_by_side(lambda: model.get_booster().predict(matrix, pred_contribs=True, **(best or {})), len(rows))


def _lightgbm_contributions(model: object, rows: object) -> dict:
    return _side_by_side(lambda: model.predict(rows, pred_contrib=True, num_threads=1), len(rows))


def _lightgbm_booster(model: object, rows: np.ndarray) -> dict:
    leaf = model.predict(rows, pred_leaf=True, num_threads=1)
    return {
        "predict": model.predict(rows, num_threads=1),
        "margin": model.predict(rows, raw_score=True, num_threads=1),
        "leaf": leaf.reshape(len(rows), -1).astype(np.int32),
        **_lightgbm_contributions(model, rows),
    }
