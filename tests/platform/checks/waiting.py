"""Requests that wait: for one of few replicas, for a node, for the pod that comes after the last one; and pods that are evicted under them."""

from __future__ import annotations

import concurrent.futures
import json
import threading
import time
from collections import Counter
from typing import Any

from suite.kube import Unexpected, is_ready, name_of, until
from suite.registry import check

from .changes import SELECTOR, served
from .cluster import DOMAIN, V1, Platform, condition, lossless
from .rollouts import patch
from .stepped import container, misbehaving


@check
def one_request_at_a_time(platform: Platform) -> str:
    """`containerConcurrency: 1` and 50 clients at all gateways: the container has one request at a time, and those that wait are answered in turn, or refused with 503 and `Retry-After`."""
    namespace = platform.namespace("platform-limit")
    image = misbehaving(platform)
    service = platform.service(namespace, "iris")
    service["spec"]["predictor"] = {"containers": [container(image, "-delay=20ms", "-labels=1")], "containerConcurrency": 1, "maxReplicas": 1}
    platform.kube.apply(service)
    platform.ready(namespace, "iris")
    host, body = f"iris.{namespace}.{DOMAIN}", {"instances": platform.known()["rows"]}

    def ask(_: int) -> tuple[int, str]:
        status, _, headers = platform.ask(platform.gateway_address, host, V1.format(name="iris"), body, 120)
        return status, headers.get("retry-after", "")

    with concurrent.futures.ThreadPoolExecutor(50) as clients:
        begun = time.monotonic()
        seen = Counter(clients.map(ask, range(1000)))
        seconds = time.monotonic() - begun
    _, most, _ = platform.ask(platform.gateway_address, host, "/at-most")
    if set(seen) - {(200, ""), (503, "1")} or not seen[(200, "")]:
        raise Unexpected(f"the answers were {dict(seen)}")
    gateways = len(platform.pods_of("gateway"))
    if most != 1:
        raise Unexpected(f"the container had {most} requests at a time of {gateways} gateways")
    return f"1,000 requests of 50 clients in {seconds:.0f} s: {dict(seen)}; at most {most} at a time in the container, with {gateways} gateways"


@check
def pods_are_evicted(platform: Platform) -> str:
    """The Eviction API takes pods of a service with two replicas and a PodDisruptionBudget one after another under load: no request fails."""
    namespace = served(platform, "evicted", minReplicas=2)
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "iris", "namespace": namespace}}
    key, _, value = SELECTOR.partition("=")
    platform.kube.apply(budget | {"spec": {"minAvailable": 1, "selector": {"matchLabels": {key: value}}}})
    until("two replicas", lambda: sum(map(is_ready, platform.kube.pods(namespace, SELECTOR))) == 2, 60)
    taken, refused = 0, 0
    with platform.load(namespace, "iris", expect="v1") as report:
        end = time.monotonic() + 15
        while time.monotonic() < end:
            for pod in platform.kube.pods(namespace, SELECTOR):
                eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name_of(pod), "namespace": namespace}}
                path = f"/api/v1/namespaces/{namespace}/pods/{name_of(pod)}/eviction"
                done = platform.kube.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction), check=False)
                taken, refused = taken + (done.returncode == 0), refused + (done.returncode != 0)
            time.sleep(0.5)
    if taken < 3:
        raise Unexpected(f"{taken} pods were evicted, {refused} times it was refused")
    return f"{taken} pods evicted, {refused} times refused by the budget; {lossless(report)}"


@check
def waits_for_a_node(platform: Platform) -> str:
    """A service that may sleep and never was ready, since there is no node for it, is not put to sleep, and is ready and answers soon after there is one."""
    namespace = platform.namespace("platform-nodeless")
    service = platform.service(namespace, "iris", minReplicas=0, nodeSelector={"longshore.test/none": "there"})
    service["metadata"]["annotations"] = {"autoscaling.knative.dev/window": "6s", "longshore.dev/warm-pool": "false"}
    platform.kube.apply(service)
    until("its pod", lambda: platform.kube.pods(namespace, SELECTOR), 30)
    begun = time.monotonic()
    while time.monotonic() < begun + 30:
        if not platform.kube.pods(namespace, SELECTOR):
            raise Unexpected(f"it was put to sleep after {time.monotonic() - begun:.0f} s")
        time.sleep(0.5)
    found = platform.get(namespace, "iris")
    told = next((c.get("message", "") for c in found["status"]["conditions"] if c["type"] == "Ready"), "")
    if condition(found, "Ready") == "True" or "waits for a node" not in told:
        raise Unexpected(f"its condition says {told}")
    begun = time.monotonic()
    patch(platform, namespace, "iris", '{"spec":{"predictor":{"nodeSelector":null}}}')
    platform.ready(namespace, "iris")
    ready = time.monotonic() - begun
    platform.predict(namespace, "iris")
    platform.asleep(namespace, "iris", 60)
    answered = platform.predict(namespace, "iris")[1]
    return f"not asleep for 30 s with a window of 6 s: {told[:100]!r}; ready {ready:.1f} s after it had a node; then asleep, and answered after {answered:.1f} s"


@check
def asked_when_the_last_pod_goes(platform: Platform) -> str:
    """50 times a request comes in the second in which the last pod goes: each is answered, and by a model that is loaded."""
    namespace = served(platform, "last", {"autoscaling.knative.dev/window": "6s"}, minReplicas=0)
    deployment = name_of(platform.kube.items("deployments", namespace=namespace)[0])
    answered: list[float] = []
    ask = lambda: answered.append(platform.predict(namespace, "iris", 60)[1])  # noqa: E731
    for number in range(50):
        # the autoscaler's own way down needs a window of silence each time; what a gateway meets is the same
        scaling = threading.Thread(target=platform.kube.kubectl, args=("scale", f"deployment/{deployment}", "--replicas=0"), kwargs={"namespace": namespace})
        scaling.start()
        end = time.monotonic() + 0.4 + number * 0.02
        while time.monotonic() < end or scaling.is_alive():
            ask()
        # the pod that goes may answer for seconds, and who comes after that wakes the next one
        until("another replica", lambda: ask() or any(is_ready(pod) for pod in platform.kube.pods(namespace, SELECTOR)), 30, 0.05)
    slow = sorted(answered)[-50:]
    return f"{len(answered)} requests over 50 ways to zero, 0 failed; the slowest 50 took {slow[0] * 1e3:.0f} to {slow[-1] * 1e3:.0f} ms, half of them less than {slow[25] * 1e3:.0f}"


@check
def falls_asleep_while_asked(platform: Platform) -> str:
    """Twelve services with a window of 6 s are asked about when their last pod goes by itself, later each time: every request is answered."""
    namespace = platform.namespace("platform-edge")
    names = [f"iris-{number:02}" for number in range(12)]
    for name in names:
        service: dict[str, Any] = platform.service(namespace, name, minReplicas=0)
        service["metadata"]["annotations"] = {
            "longshore.dev/warm-pool": "false", "autoscaling.knative.dev/window": "6s", "autoscaling.knative.dev/scale-to-zero-pod-retention-period": "0s",
        }  # fmt: skip
        platform.kube.apply(service)
    for name in names:
        platform.ready(namespace, name)

    def ask(at: int) -> list[float]:
        times = []
        for number in range(6):
            times.append(platform.predict(namespace, names[at], 60)[1])
            time.sleep(6 + 0.25 * at + 0.1 * number)
        return times

    with concurrent.futures.ThreadPoolExecutor(len(names)) as clients:
        times = sorted(it for of in clients.map(ask, range(len(names))) for it in of)
    woken = sum(it > 0.2 for it in times)
    if not woken:
        raise Unexpected("no service was put to sleep meanwhile")
    return f"{len(times)} requests 6 to 9 s apart, 0 failed, {woken} of them waited for a pod, {times[-1] * 1e3:.0f} ms at most"
