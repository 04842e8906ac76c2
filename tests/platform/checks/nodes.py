"""What happens to machines: replicas and gateways that are killed without a word, nodes that are emptied or lost, a control plane that is away."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from suite.kube import Unexpected, is_ready, name_of, until
from suite.registry import check

from .cluster import SYSTEM, Platform, lossless

SELECTOR = "serving.kserve.io/inferenceservice=iris"
OURS = ("app.kubernetes.io/name=longshore", SELECTOR)


def served(platform: Platform, name: str, replicas: int) -> str:
    """A namespace with a service of so many replicas, all of them ready."""
    namespace = platform.namespace(f"platform-{name}")
    service = platform.service(namespace, "iris", minReplicas=replicas)
    service["metadata"]["annotations"] = {"longshore.dev/warm-pool": "false"}
    platform.kube.apply(service)
    platform.ready(namespace, "iris")
    until(f"{replicas} replicas", lambda: len(ready(platform, namespace)) == replicas, 60)
    platform.whole("gateway")
    platform.whole("operator")
    return namespace


def ready(platform: Platform, namespace: str) -> list[dict[str, Any]]:
    return [pod for pod in platform.kube.pods(namespace, SELECTOR) if is_ready(pod)]


def node_of(pod: dict[str, Any]) -> str:
    return pod["spec"]["nodeName"]


def lost(report: dict[str, Any]) -> str:
    """What a client counted of an outage that costs some."""
    failures, at = report["failures"], sorted(int(second) for second in report["failed_by_second"])
    outage = f" in seconds {at[0]} to {at[-1]}" if at else ""
    return f"{report['failed']} of {report['requests']} requests failed{outage} {failures or ''}, p99 {report['latency_ms']['p99']:.0f} ms"


@check
def a_replica_is_killed_every_second(platform: Platform) -> str:
    """The server of a replica is killed with SIGKILL each second under load: only what it was working on is lost."""
    namespace = served(platform, "killed", 3)
    kills = 0
    with platform.load(namespace, "iris", expect="v1") as report:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if pods := ready(platform, namespace):
                platform.machines.kill(pods[kills % len(pods)]["metadata"]["uid"])
                kills += 1
            time.sleep(1)
    if report["failed"] > kills:
        raise Unexpected(f"{kills} servers killed; {lost(report)}: {report['first_failures']}")
    return f"{kills} servers killed; {lost(report)}"


@check
def gateways_are_killed(platform: Platform) -> str:
    """Each gateway is killed with SIGKILL under load: what its clients lose, and how soon all are answered again."""
    namespace = served(platform, "gateways", 2)
    seen = []
    for pod in platform.pods_of("gateway"):
        with platform.load(namespace, "iris", expect="v1") as report:
            begun = time.time()
            platform.machines.kill(pod["metadata"]["uid"])
            time.sleep(8)
        at = [int(second) + report["started_at"] - begun for second in report["failed_by_second"]]
        outage = max(at, default=-1.0) + 1
        if outage > 6:
            raise Unexpected(f"requests still fail {outage:.0f} s after a gateway was killed: {report}")
        seen.append(f"{lost(report)}, outage {max(0, outage):.0f} s")
        platform.whole("gateway")
    return "; ".join(seen)


@check
def both_operators_are_away(platform: Platform) -> str:
    """Without an operator for 20 s under load, a service wakes and a replica is replaced; then all goes on."""
    namespace = served(platform, "away", 2)
    platform.kube.apply(platform.service(namespace, "second"))
    platform.ready(namespace, "second")
    kube = platform.kube
    operators = len(platform.pods_of("operator"))
    with platform.load(namespace, "iris", expect="v1") as report:
        try:
            kube.kubectl("scale", "deployment/longshore-operator", "--replicas=0", namespace=SYSTEM)
            for pod in kube.items("pods", "-l", "app.kubernetes.io/component=operator", namespace=SYSTEM):
                kube.kubectl("delete", "pod", name_of(pod), "--grace-period=0", "--force", "--ignore-not-found", namespace=SYSTEM)
            begun = time.monotonic()
            second = next(d for d in kube.items("deployments", namespace=namespace) if name_of(d).startswith("second-"))
            kube.kubectl("scale", f"deployment/{name_of(second)}", "--replicas=0", namespace=namespace)
            platform.asleep(namespace, "second", 30)
            _, woken = platform.predict(namespace, "second")
            kube.kubectl("delete", "pod", name_of(ready(platform, namespace)[0]), "--wait=false", namespace=namespace)
            time.sleep(max(0.0, begun + 20 - time.monotonic()))
            patch = '{"spec":{"predictor":{"model":{"storageUri":"s3://models/iris/v2"}}}}'
            kube.kubectl("patch", "inferenceservice", "second", "--type=merge", "-p", patch, namespace=namespace)
        finally:
            kube.kubectl("scale", "deployment/longshore-operator", f"--replicas={operators}", namespace=SYSTEM)
        back = time.monotonic()
        platform.ready(namespace, "second", 60)
        again = time.monotonic() - back
        if (answered := platform.predict(namespace, "second")[0]) != "v2":
            raise Unexpected(f"`v2` is ready and `{answered}` answers")
    platform.whole("operator")
    return f"{lossless(report)}; woken without an operator in {woken:.1f} s, a change made meanwhile ready {again:.1f} s after operators were back"


@contextlib.contextmanager
def cordoned(platform: Platform, node: str) -> Iterator[None]:
    platform.kube.kubectl("cordon", node)
    try:
        yield
    finally:
        platform.kube.kubectl("uncordon", node)


@check
def a_node_is_drained(platform: Platform) -> str:
    """`kubectl drain` of a node with gateways, operators and replicas on it, under load: no request fails."""
    namespace = served(platform, "drained", 3)
    node = node_of(platform.pods_of("gateway")[0])
    with platform.load(namespace, "iris", expect="v1") as report:
        begun = time.monotonic()
        with cordoned(platform, node):
            for selector in OURS:
                # what else runs here is not ours to move
                flags = ["--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s", "--pod-selector", selector]
                platform.kube.kubectl("drain", node, *flags)
            seconds = time.monotonic() - begun
            until("three replicas elsewhere", lambda: len(ready(platform, namespace)) == 3, 60)
            left = [name_of(p) for p in ready(platform, namespace) + platform.pods_of("gateway") if node_of(p) == node]
        time.sleep(1)
    if left:
        raise Unexpected(f"the drained node still holds {left}")
    return f"drained in {seconds:.0f} s; {lossless(report)}"


def outage(platform: Platform, namespace: str, node: str, act: Any, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Loses a node for some seconds under load on the gateways elsewhere and on their Service."""
    living = [p for p in platform.pods_of("gateway") if node_of(p) != node]
    if not living:
        raise Unexpected(f"all gateways stand on `{node}`")
    address = f"{living[0]['status']['podIP']}:8080"
    with (
        platform.load(namespace, "iris", expect="v1", to=address, timeout=10) as direct,
        platform.load(namespace, "iris", rate=50, expect="v1", timeout=2) as service,
    ):
        try:
            act(node)
            time.sleep(seconds)
        finally:
            platform.machines.boot(node)
        platform.kube.kubectl("wait", "--for=condition=Ready", f"node/{node}", "--timeout=90s")
        time.sleep(5)
    platform.whole("gateway", 90)
    platform.whole("operator", 90)
    return direct, service


def spread(platform: Platform, name: str) -> tuple[str, str]:
    """A service with replicas on two nodes, and that of them without the first gateway."""
    namespace = served(platform, name, 4)
    nodes = {node_of(pod) for pod in ready(platform, namespace)}
    gateways = platform.pods_of("gateway")
    victim = node_of(gateways[-1])
    if len(nodes) < 2 or {node_of(pod) for pod in gateways} == {victim}:
        raise Unexpected(f"replicas stand on {nodes}, gateways on {[node_of(pod) for pod in gateways]}")
    return namespace, victim


def struck(platform: Platform, name: str, strike: Callable[[str], None], seconds: float) -> str:
    """What is lost when a node is struck under load."""
    namespace, node = spread(platform, name)
    direct, service = outage(platform, namespace, node, strike, seconds)
    if direct["failed"] > 40:
        raise Unexpected(f"through a gateway elsewhere {lost(direct)}: {direct['first_failures']}")
    return f"through a gateway elsewhere {lost(direct)}; through the gateways' Service {lost(service)}"


@check
def a_node_loses_its_power(platform: Platform) -> str:
    """The power of a node is cut under load: through a gateway elsewhere only what was in flight there is lost."""
    return struck(platform, "power", platform.machines.cut, 40)


@check
def a_node_freezes(platform: Platform) -> str:
    """A node stops without ending a connection: through a gateway elsewhere only what was in flight there is lost."""
    return struck(platform, "frozen", platform.machines.freeze, 30)


@check
def the_control_plane_is_away(platform: Platform) -> str:
    """The control plane loses its power for 30 s under load: no request fails, and then services wake, scale and change as before."""
    namespace = served(platform, "plane", 2)
    with platform.load(namespace, "iris", expect="v1") as report:
        platform.machines.cut("control-plane")
        try:
            time.sleep(30)
        finally:
            platform.machines.boot("control-plane")
        begun = time.monotonic()
        until("the API", lambda: platform.kube.raw("/readyz") == "ok", 90)
        back = time.monotonic() - begun
        begun = time.monotonic()
        platform.kube.apply(platform.service(namespace, "second"))
        platform.ready(namespace, "second", 90)
        made = time.monotonic() - begun
        patch = '{"spec":{"predictor":{"model":{"storageUri":"s3://models/iris/v2"}}}}'
        begun = time.monotonic()
        platform.kube.kubectl("patch", "inferenceservice", "second", "--type=merge", "-p", patch, namespace=namespace)
        platform.ready(namespace, "second", 90)
        changed = time.monotonic() - begun
        if (answered := platform.predict(namespace, "second")[0]) != "v2":
            raise Unexpected(f"`v2` is ready and `{answered}` answers")
    return f"{lossless(report)}; the API answers {back:.0f} s after power is back, a new service is ready {made:.1f} s after that, a change after {changed:.1f} s"
