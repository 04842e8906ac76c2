"""What must not be noticed by those who ask: roles that are killed, replicas that come and go."""

from __future__ import annotations

import time

from suite.kube import Unexpected, name_of, until
from suite.registry import check

from .cluster import SYSTEM, Platform, lossless


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
