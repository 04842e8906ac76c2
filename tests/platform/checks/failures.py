"""What must not be noticed by those who ask: roles that are killed, replicas that come and go; and manifests that are wrong."""

from __future__ import annotations

import json
import pathlib
import time
from typing import Any

import yaml
from suite.kube import Unexpected, name_of, until
from suite.registry import check

from .cluster import SYSTEM, Platform, lossless

WRONG = pathlib.Path(__file__).parents[1] / "wrong.yaml"


@check
def operators_are_killed(platform: Platform) -> str:
    """The leading operator is killed under load: no request is lost, and a new InferenceService is ready soon after."""
    namespace = platform.namespace("platform-operator")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    platform.whole("operator")
    with platform.load(namespace, "iris", expect="v1") as report:
        lease = platform.kube.get("lease", "longshore-operator", namespace=SYSTEM)["spec"]["holderIdentity"]
        leader = next((name_of(p) for p in platform.pods_of("operator") if name_of(p) in lease), None)
        if not leader:
            raise Unexpected(f"the Lease is held by `{lease}`, which is none of the operator's pods")
        platform.kube.kubectl("delete", "pod", leader, "--grace-period=0", "--force", namespace=SYSTEM)
        begun = time.monotonic()
        platform.kube.apply(platform.service(namespace, "second"))
        platform.ready(namespace, "second")
        seconds = time.monotonic() - begun
    platform.whole("operator")
    if seconds > 25:
        raise Unexpected(f"the next InferenceService was ready only after {seconds:.0f} s")
    return f"{lossless(report)}; another InferenceService ready {seconds:.1f} s after the kill"


@check
def gateways_end_one_by_one(platform: Platform) -> str:
    """Each gateway is ended in turn under load, as a rollout does: no request is lost."""
    namespace = platform.namespace("platform-gateway")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    platform.whole("gateway")
    with platform.load(namespace, "iris", expect="v1") as report:
        ended = [name_of(pod) for pod in platform.pods_of("gateway")]
        for pod in ended:
            platform.kube.kubectl("delete", "pod", pod, namespace=SYSTEM)
            platform.whole("gateway")
    if len(ended) < 2:
        raise Unexpected(f"there was only one gateway, {ended}")
    return f"{len(ended)} gateways ended; {lossless(report)}"


@check
def replicas_are_killed(platform: Platform) -> str:
    """A model's replica is deleted every two seconds under load: no request is lost."""
    namespace = platform.namespace("platform-replica")
    platform.kube.apply(platform.service(namespace, "iris", minReplicas=3))
    platform.ready(namespace, "iris")
    selector = "serving.kserve.io/inferenceservice=iris"
    until("three replicas", lambda: len(platform.kube.pods(namespace, selector)) == 3, 30)
    with platform.load(namespace, "iris", expect="v1") as report:
        for _ in range(5):
            pods = platform.kube.pods(namespace, selector)
            platform.kube.kubectl("delete", "pod", name_of(pods[0]), "--wait=false", namespace=namespace)
            time.sleep(2)
    return f"5 replicas deleted; {lossless(report)}"


def laid(under: Any, over: Any) -> Any:
    """`over` on top of `under`; null takes a field away."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    kept = {key: laid(under.get(key), value) for key, value in over.items() if value is not None}
    return {key: value for key, value in (under | kept).items() if over.get(key, "") is not None}


@check
def wrong_manifests(platform: Platform) -> str:
    """Manifests as people get them wrong are refused by `kubectl apply` with the field and what to write."""
    namespace = platform.namespace("platform-wrong")
    right = platform.service(namespace, "iris")

    def apply(manifest: dict[str, Any]) -> str:
        done = platform.kube.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(manifest), check=False)
        return done.stderr if done.returncode else ""

    if said := apply(right):
        raise Unexpected(f"the right manifest was refused: {said}")
    cases, problems = yaml.safe_load(WRONG.read_text()), []
    for case in cases:
        said = apply(laid(right, laid(case["with"], {"metadata": {"annotations": case["annotations"]}} if "annotations" in case else {})))
        if case["says"] not in said:
            problems.append(f"{case['with']} {case.get('annotations', '')}: wanted {case['says']!r}, got {said[:300] or 'no refusal'!r}")
    if problems:
        raise Unexpected("\n".join(problems))
    return f"{len(cases)} refused, each with its field and what to write"
