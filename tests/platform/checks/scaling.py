"""Many services at once, and one whose replicas follow its load."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from suite.kube import Unexpected, name_of
from suite.registry import check

from .cluster import Platform, condition, lossless, quantile

MANY = 50
KNATIVE = 16.8
"""Median seconds until one of 50 Knative Services created at once was ready, on the same machine."""
LONGEST = 60
"""Median seconds that say something is wrong on any machine. Kubernetes' own controllers make some 20 Deployments a second."""


class Watched:
    """What a watch of kubectl has shown of the objects of a kind, with the time of each change."""

    def __init__(self, platform: Platform, namespace: str, kind: str) -> None:
        self.process = platform.kube.popen("get", kind, "--watch", "--output-watch-events", "-o", "json", namespace=namespace)
        self.seen: list[tuple[float, dict[str, Any]]] = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        for line in self.process.stdout or []:
            if line.startswith("{"):
                self.seen.append((time.monotonic(), json.loads(line)["object"]))

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.thread.join(5)


@contextlib.contextmanager
def watched(platform: Platform, namespace: str, kind: str) -> Iterator[Watched]:
    found = Watched(platform, namespace, kind)
    try:
        time.sleep(1)
        yield found
    finally:
        found.end()


def at_once(platform: Platform, namespace: str, annotations: dict[str, str], **predictor: Any) -> list[float]:
    """Seconds from the begin of `kubectl apply` until each of many services was ready; each is then asked once."""
    services = []
    for number in range(MANY):
        service = platform.service(namespace, f"iris-{number:02}", **predictor)
        service["metadata"]["annotations"] = annotations
        services.append(service)
    with watched(platform, namespace, "inferenceservices") as watch:
        begun = time.monotonic()
        platform.kube.apply(*services)
        applied = time.monotonic() - begun
        ready: dict[str, float] = {}
        while len(ready) < MANY and time.monotonic() < begun + 120:
            time.sleep(0.1)
            for at, service in list(watch.seen):
                if condition(service, "Ready") == "True":
                    ready.setdefault(name_of(service), at - begun)
    if len(ready) < MANY:
        raise Unexpected(f"after {time.monotonic() - begun:.0f} s {len(ready)} of {MANY} are ready; `apply` took {applied:.1f} s")
    for name in ready:
        platform.predict(namespace, name)
    return sorted(ready.values())


@check
def many_services_at_once(platform: Platform) -> str:
    """50 services of one `kubectl apply` are ready, with a pod each and by the warm pool; the first request to each is answered."""
    said = []
    for name, how, annotations, fewest in (
        ("platform-many", "with a pod each", {"longshore.dev/warm-pool": "false"}, 1),
        ("platform-sleeping", "asleep", {}, 0),
    ):
        seconds = at_once(platform, platform.namespace(name), annotations, minReplicas=fewest)
        p50, last = quantile(seconds, 0.5), seconds[-1]
        if p50 > LONGEST:
            raise Unexpected(f"half of {MANY} services {how} were ready only after {p50:.1f} s, the last after {last:.1f} s")
        said.append(f"{how} ready after p50 {p50:.1f} s, the last after {last:.1f} s")
    return f"{MANY} services {'; '.join(said)} (Knative {KNATIVE} s p50); the first request to each was answered"


@check
def a_thousand_a_second_from_zero(platform: Platform) -> str:
    """1,000 requests a second meet a sleeping service: all are answered, and within seconds as fast as ever."""
    namespace = platform.namespace("platform-zero")
    service = platform.service(namespace, "iris", minReplicas=0, maxReplicas=3)
    service["metadata"]["annotations"] = {"autoscaling.knative.dev/window": "6s", "longshore.dev/warm-pool": "false"}
    platform.kube.apply(service)
    platform.ready(namespace, "iris")
    platform.asleep(namespace, "iris", 120)
    # each connection has one request under way: as many as come while the first replica starts
    with platform.load(namespace, "iris", rate=1000, connections=3000, fresh=0, expect="v1") as report:
        time.sleep(8)
    return f"{lossless(report)}; {report['requests'] / report['seconds']:.0f} requests/s"


@check
def one_ten_and_back(platform: Platform) -> str:
    """Replicas follow the load from 1 to 10 and back to 1: no request is lost on the way up or down."""
    namespace = platform.namespace("platform-range")
    service = platform.service(namespace, "iris", minReplicas=1, maxReplicas=10)
    service["metadata"]["annotations"] = {
        "autoscaling.knative.dev/window": "6s",
        "autoscaling.knative.dev/metric": "rps",
        "autoscaling.knative.dev/target": "20",
        "autoscaling.knative.dev/target-utilization-percentage": "100",
    }
    platform.kube.apply(service)
    platform.ready(namespace, "iris")

    def reached(watch: Watched, replicas: int, since: float, seconds: float) -> float:
        """Seconds until so many replicas are ready and no others are wanted."""
        while time.monotonic() < since + seconds:
            for at, deployment in list(watch.seen):
                wanted, ready = deployment["spec"]["replicas"], deployment.get("status", {}).get("readyReplicas", 0)
                if at > since and wanted == ready == replicas:
                    return at - since
            time.sleep(0.1)
        last = watch.seen[-1][1]
        raise Unexpected(f"not at {replicas} replicas after {seconds:.0f} s: wanted {last['spec']['replicas']}, {last.get('status')}")

    with watched(platform, namespace, "deployments") as watch, platform.load(namespace, "iris", rate=10, expect="v1") as low:
        begun = time.monotonic()
        with platform.load(namespace, "iris", rate=300, expect="v1") as high:
            up = reached(watch, 10, begun, 120)
            time.sleep(2)
        begun = time.monotonic()
        down = reached(watch, 1, begun, 180)
        time.sleep(3)
    return f"10 replicas after {up:.1f} s of load, 1 again {down:.1f} s after its end; on the way up {lossless(high)}; throughout {lossless(low)}"
