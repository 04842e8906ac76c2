"""Find the split points of a tree model, so that rows can be put exactly on them."""

from __future__ import annotations

import json

import numpy as np


def split_points(model: object) -> list:
    """(feature, threshold) pairs of a tree, forest, boosting model or booster; empty for other models."""
    for reader in (_one_tree, _histogram, _xgboost, _lightgbm, _catboost, _ensemble):
        points = reader(model)
        finite = [(feature, value) for feature, value in points if np.isfinite(value)]
        if finite:
            return finite[:200]
    return []


def _one_tree(model: object) -> list:
    tree = getattr(model, "tree_", None)
    if tree is None:
        return []
    inner = tree.feature >= 0
    return list(zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist()))


def _histogram(model: object) -> list:
    points = []
    for round_ in getattr(model, "_predictors", []):
        for predictor in round_:
            nodes = predictor.nodes[predictor.nodes["is_leaf"] == 0]
            if "is_categorical" in nodes.dtype.names:
                nodes = nodes[nodes["is_categorical"] == 0]
            points += list(zip(nodes["feature_idx"].tolist(), nodes["num_threshold"].tolist()))
    return points


def _ensemble(model: object) -> list:
    members = getattr(model, "estimators_", None)
    if members is None:
        return []
    points = []
    for member in np.ravel(np.asarray(members, dtype=object)):
        points += _one_tree(member)
    return points


def _xgboost(model: object) -> list:
    if hasattr(model, "get_booster"):
        model = model.get_booster()
    if not hasattr(model, "get_dump"):
        return []
    points = []
    try:
        trees = model.get_dump(dump_format="json")
    except ValueError:  # trees whose leaves are vectors have no text before 3.1
        return []
    for text in trees:
        _walk(json.loads(text), points)
    return points


def _walk(node: dict, points: list) -> None:
    condition = node.get("split_condition")
    name = str(node.get("split", ""))
    if isinstance(condition, (int, float)) and name[:1] == "f" and name[1:].isdigit():
        points.append((int(name[1:]), float(np.float32(condition))))
    for child in node.get("children", []):
        _walk(child, points)


def _lightgbm(model: object) -> list:
    booster = getattr(model, "booster_", model)
    if not hasattr(booster, "dump_model") or hasattr(booster, "get_dump"):
        return []
    points = []
    for tree in booster.dump_model()["tree_info"]:
        stack = [tree["tree_structure"]]
        while stack:
            node = stack.pop()
            if isinstance(node.get("threshold"), float):
                points.append((node["split_feature"], node["threshold"]))
            stack += [node[side] for side in ("left_child", "right_child") if side in node]
    return points


def _catboost(model: object) -> list:
    if not hasattr(model, "get_borders"):
        return []
    return [(int(feature), float(border)) for feature, borders in model.get_borders().items() for border in borders]
