"""Manifests as people write them, right (`right.yaml`) and wrong (`wrong.yaml`)."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import yaml
from suite.kube import Unexpected
from suite.registry import check

from .cluster import Platform

HERE = pathlib.Path(__file__).parents[1]


def laid(under: Any, over: Any) -> Any:
    """`over` on top of `under`; null takes a field away."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    kept = {key: laid(under.get(key), value) for key, value in over.items() if value is not None}
    return {key: value for key, value in (under | kept).items() if over.get(key, "") is not None}


def answers(platform: Platform, namespace: str, manifests: list[str]) -> Iterator[tuple[bool, str]]:
    """Whether `kubectl apply` takes each manifest, and what it says of it."""

    def apply(manifest: str) -> tuple[bool, str]:
        done = platform.kube.kubectl("apply", "--dry-run=server", "-f", "-", namespace=namespace, stdin=manifest, check=False)
        return done.returncode == 0, done.stderr

    with ThreadPoolExecutor(8) as workers:
        yield from workers.map(apply, manifests)


@check
def right_manifests(platform: Platform) -> str:
    """Manifests as people write them are taken by `kubectl apply`, without a warning."""
    namespace = platform.namespace("platform-right")
    cases, problems = yaml.safe_load((HERE / "right.yaml").read_text()), []
    manifests = []
    for case in cases:
        service = platform.service(namespace, "iris") | {"spec": case["spec"]}
        service["metadata"] |= {key: case[key] for key in ("annotations", "labels") if key in case}
        manifests.append(json.dumps(service))
    for case, (is_taken, said) in zip(cases, answers(platform, namespace, manifests), strict=True):
        if said or not is_taken:
            problems.append(f"{case['is']}: {said[:400]}")
    if problems:
        raise Unexpected("\n".join(problems))
    return f"{len(cases)} taken, none with a warning"


@check
def wrong_manifests(platform: Platform) -> str:
    """Manifests as people get them wrong are refused by `kubectl apply` with the field and what to write."""
    namespace = platform.namespace("platform-wrong")
    right = platform.service(namespace, "iris")
    cases, problems = yaml.safe_load((HERE / "wrong.yaml").read_text()), []
    manifests = []
    for case in cases:
        annotated = {"metadata": {"annotations": case["annotations"]}} if "annotations" in case else {}
        manifests.append(case.get("text") or json.dumps(laid(right, laid(case["with"], annotated))))
    for case, (is_taken, said) in zip(cases, answers(platform, namespace, manifests), strict=True):
        if is_taken or case["says"] not in said:
            what = case.get("text") or f"{case['with']} {case.get('annotations', '')}"
            problems.append(f"{what}: wanted {case['says']!r}, got {said[:400] or 'no refusal'!r}")
    if problems:
        raise Unexpected("\n".join(problems))
    return f"{len(cases)} refused, each with its field and what to write"
