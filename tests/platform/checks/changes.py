"""Changes in quick succession, and changes of what is not a version: nobody who asks notices them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from suite.kube import Unexpected, is_ready, name_of, until
from suite.registry import check

from .cluster import DOMAIN, V1, Platform, condition, lossless
from .rollouts import patch, to, traffic

SELECTOR = "serving.kserve.io/inferenceservice=iris"


def served(platform: Platform, name: str, annotations: dict[str, str] | None = None, **predictor: Any) -> str:
    """A namespace with the service `iris`, which is ready."""
    namespace = platform.namespace(f"platform-{name}")
    service = platform.service(namespace, "iris", **predictor)
    service["metadata"]["annotations"] = {"longshore.dev/warm-pool": "false"} | (annotations or {})
    platform.kube.apply(service)
    platform.ready(namespace, "iris")
    return namespace


def replicas(platform: Platform, namespace: str) -> int:
    return sum(is_ready(pod) for pod in platform.kube.pods(namespace, SELECTOR))


def answers(platform: Platform, namespace: str, version: str, seconds: float = 60) -> float:
    """Seconds until a version has all requests."""
    begun = time.monotonic()
    platform.ready(namespace, "iris", seconds)
    until(f"{version} answers", lambda: platform.predict(namespace, "iris")[0] == version, 20, 0.1)
    until("one revision has all requests", lambda: list(traffic(platform, namespace, "iris").values()) == [100], 20, 0.1)
    return time.monotonic() - begun


@check
def changes_in_quick_succession(platform: Platform) -> str:
    """A version that does not load and two good ones within a second, three times, then five shares within a second: it ends as the last one says, and no request fails."""
    namespace = served(platform, "succession")
    seconds = []
    with platform.load(namespace, "iris", rate=100) as report:
        for last in ("v3", "v1", "v3"):
            for version in ("broken", "v2", last):
                patch(platform, namespace, "iris", to(version))
            seconds.append(answers(platform, namespace, last))
        for percent in (10, 50, 20, 90, 30):
            patch(platform, namespace, "iris", to("v2", percent))
        platform.ready(namespace, "iris")
        until("30 % for the last version", lambda: sorted(traffic(platform, namespace, "iris").values()) == [30, 70], 20, 0.2)
        time.sleep(2)
    status = platform.get(namespace, "iris")["status"]
    if "lastFailureInfo" in status.get("modelStatus", {}):
        raise Unexpected(f"the status still tells of a version that is not wanted any more: {status['modelStatus']}")
    return f"{lossless(report)}; the last of three versions answered after {', '.join(f'{it:.1f}' for it in seconds)} s"


@check
def bounds_under_load(platform: Platform) -> str:
    """Bounds and metrics of the scale change under load, from 0 to 2 replicas, below the present count, and back: no request fails, and no revision is made."""
    namespace = served(platform, "bounds", {"autoscaling.knative.dev/window": "6s"}, minReplicas=1, maxReplicas=5)
    told = []
    with platform.load(namespace, "iris", rate=100, expect="v1") as report:
        for change, wanted in (
            ({"minReplicas": 0}, 1),
            ({"minReplicas": 2}, 2),
            ({"minReplicas": 0}, 1),
            ({"minReplicas": 4}, 4),
            ({"minReplicas": 1, "maxReplicas": 2, "scaleMetric": "rps", "scaleTarget": 20}, 2),
            ({"minReplicas": 0, "scaleMetric": "concurrency", "scaleTarget": 100}, 1),
            ({"minReplicas": 3, "maxReplicas": 3, "scaleMetric": "cpu", "scaleTarget": 80}, 3),
            ({"minReplicas": 1, "maxReplicas": 3, "scaleMetric": "rps", "scaleTarget": 100}, 2),
        ):
            begun = time.monotonic()
            patch(platform, namespace, "iris", json.dumps({"spec": {"predictor": change}}))
            until(f"{wanted} replicas after {change}", lambda wanted=wanted: replicas(platform, namespace) == wanted, 90, 0.2)
            told.append(f"{wanted} after {time.monotonic() - begun:.1f} s")
    if len(made := platform.kube.items("deployments", namespace=namespace)) != 1:
        raise Unexpected(f"the bounds made revisions: {[name_of(it) for it in made]}")
    left = platform.kube.items("horizontalpodautoscalers", namespace=namespace)
    if left:
        raise Unexpected(f"a HorizontalPodAutoscaler is left though the service scales by requests: {[name_of(it) for it in left]}")
    return f"{lossless(report)}; replicas {', '.join(told)}"


@check
def stopped_and_started(platform: Platform) -> str:
    """A service that is stopped while it is asked refuses with a reason, keeps no pod, and answers again once it is started; its neighbour loses nothing."""
    namespace = served(platform, "stopped")
    platform.kube.apply(platform.service(namespace, "second"))
    platform.ready(namespace, "second")
    host, body = f"iris.{namespace}.{DOMAIN}", {"instances": platform.known()["rows"]}
    mark: Callable[[str | None], None] = lambda value: patch(  # noqa: E731
        platform, namespace, "iris", json.dumps({"metadata": {"annotations": {"serving.kserve.io/stop": value}}})
    )
    refused, gone, back = {}, [], []
    with platform.load(namespace, "second", expect="v1") as neighbour, platform.load(namespace, "iris", rate=50) as report:
        for _ in range(3):
            begun = time.monotonic()
            mark("true")
            until("Stopped", lambda: condition(platform.get(namespace, "iris"), "Stopped") == "True", 30, 0.1)
            until("no pod", lambda: platform.replicas(namespace, "iris") == 0, 30, 0.1)
            gone.append(time.monotonic() - begun)
            status, answer, _ = platform.ask(platform.gateway_address, host, V1.format(name="iris"), body)
            refused[status] = answer
            begun = time.monotonic()
            mark(None)
            platform.ready(namespace, "iris")
            platform.predict(namespace, "iris")
            back.append(time.monotonic() - begun)
    strange = {kind: times for kind, times in report["failures"].items() if kind != "status_404"}
    if set(refused) != {404} or strange:
        raise Unexpected(f"a stopped service answered {refused}; under load {report['failures']}: {report['first_failures']}")
    return (
        f"stopped after {max(gone):.1f} s at most, answers {max(back):.1f} s after the start at most; while stopped 404 {str(refused[404])[:120]}; "
        f"of its neighbour {lossless(neighbour)}"
    )


@check
def made_and_deleted(platform: Platform) -> str:
    """One name is made and deleted ten times as quickly as that goes: each time it answers once it is ready, and nothing is left behind."""
    namespace = platform.namespace("platform-again")
    seconds = []
    for number in range(10):
        version = f"v{number % 3 + 1}"
        service = platform.service(namespace, "iris", version)
        service["metadata"]["annotations"] = {"longshore.dev/warm-pool": "false"}
        platform.kube.apply(service)
        seconds.append(platform.ready(namespace, "iris"))
        if (answered := platform.predict(namespace, "iris")[0]) != version:
            raise Unexpected(f"{version} is ready and {answered} answers, the {number + 1}th time")
        platform.kube.kubectl("delete", "inferenceservice", "iris", "--timeout=30s", namespace=namespace)
    # and without waiting for anything
    for number in range(10):
        platform.kube.apply(platform.service(namespace, "iris", f"v{number % 3 + 1}"))
        platform.kube.kubectl("delete", "inferenceservice", "iris", "--wait=false", namespace=namespace)
    kinds = "deployments,services,horizontalpodautoscalers,pods"
    left = lambda: [name_of(it) for it in platform.kube.items(kinds, namespace=namespace) if name_of(it).startswith("iris")]  # noqa: E731
    begun = time.monotonic()
    until("nothing is left", lambda: not left(), 90, 0.5)
    return f"ready after {min(seconds):.1f} to {max(seconds):.1f} s; nothing left {time.monotonic() - begun:.1f} s after the last"


@check
def the_longest_name(platform: Platform) -> str:
    """A name of 53 characters is served, changed and deleted as any other; one of 54 is refused by `kubectl apply`."""
    namespace = platform.namespace("platform-long")
    name = "a" * 52 + "z"
    platform.kube.apply(platform.service(namespace, name, minReplicas=0))
    seconds = platform.ready(namespace, name)
    platform.predict(namespace, name)
    patch(platform, namespace, name, to("v2"))
    platform.ready(namespace, name)
    if (answered := platform.predict(namespace, name)[0]) != "v2":
        raise Unexpected(f"v2 is ready and {answered} answers")
    refused = platform.kube.apply(platform.service(namespace, name + "z"), check=False)
    if not refused.returncode or "write at most 53" not in refused.stderr:
        raise Unexpected(f"a name of 54 characters: {refused.returncode} {refused.stderr[:300]}")
    return f"ready after {seconds:.1f} s, a new version too; 54 characters are refused"


@check
def one_name_in_many_namespaces(platform: Platform) -> str:
    """Five namespaces have a service of one name, and each is answered by its own; one of them goes while all are asked, and the others lose nothing."""
    namespaces = [platform.namespace(f"platform-same-{number}") for number in range(5)]
    for number, namespace in enumerate(namespaces):
        platform.kube.apply(platform.service(namespace, "iris", f"v{number % 3 + 1}"))
    for namespace in namespaces:
        platform.ready(namespace, "iris")
    with (
        platform.load(namespaces[0], "iris", expect="v1", rate=50) as first,
        platform.load(namespaces[1], "iris", expect="v2", rate=50) as second,
        platform.load(namespaces[2], "iris", expect="v3", rate=50, timeout=5) as going,
        platform.load(namespaces[3], "iris", expect="v1", rate=50) as fourth,
        platform.load(namespaces[4], "iris", expect="v2", rate=50) as fifth,
    ):
        time.sleep(3)
        # Kubernetes ends its pods first, and takes the rest away minutes later when they may take long to end
        platform.kube.kubectl("delete", "namespace", namespaces[2], "--wait=false")
        time.sleep(15)
    total = sum(it["requests"] for it in (first, second, fourth, fifth))
    for report in (first, second, fourth, fifth):
        lossless(report)
    if "wrong_answer" in going["failures"]:
        raise Unexpected(f"while its namespace went, the third got {going['failures']}: {going['first_failures']}")
    return f"{total} requests to four others, 0 failed; clients of the one that went saw {going['failures']} of {going['requests']}"
