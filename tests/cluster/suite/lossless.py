"""Changes under constant load, none of which may cost a request."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from collections.abc import Callable

from .context import Context, Release
from .golden import CLASSIFICATION, RECRUITMENT
from .kube import Unexpected, is_ready, name_of, names, until
from .registry import alone, check
from .traffic import constant_load


def two_replicas(context: Context, *flags: str) -> Release:
    """S1's model twice: it starts and ends quickly and leaves CPU to the clients."""
    return context.release(RECRUITMENT, context.namespace()).install("--set", "replicaCount=2", *flags)


def replaced(release: Release, old: set[str]) -> None:
    release.settled()
    kept = old & names(release.pods())
    if kept:
        raise Unexpected(f"the pods {sorted(kept)} were not replaced")


@check
def rolling_update_and_rollback(context: Context) -> str:
    """An upgrade to changed values, then `helm rollback`, under load: no request fails."""
    release = two_replicas(context)
    with constant_load(release) as load:
        old, begun = names(release.pods()), time.monotonic()
        release.upgrade("--set", "replicaCount=2", "--set", "podAnnotations.suite=changed", "--set", "resources.requests.cpu=60m")
        replaced(release, old)
        updated = time.monotonic() - begun
        old, begun = names(release.pods()), time.monotonic()
        release.rollback("1")
        replaced(release, old)
        back = time.monotonic() - begun
        time.sleep(1)
        figures = load.lossless()
    return f"update {updated:.0f} s, rollback {back:.0f} s; {figures}"


@check
def configmap_change_rolls_pods(context: Context) -> str:
    """A changed `config` value replaces the pods under load: no request fails."""
    release = two_replicas(context, "--set-string", "config.LONGSHORE_MAX_ROWS=1000")
    with constant_load(release) as load:
        old = names(release.pods())
        release.upgrade("--set", "replicaCount=2", "--set-string", "config.LONGSHORE_MAX_ROWS=2000")
        replaced(release, old)
        time.sleep(1)
        figures = load.lossless()
    return figures


@check
def change_of_profile_and_scale(context: Context) -> str:
    """Other resources and one replica more, then fewer, under load: no request fails."""
    release = two_replicas(context)
    with constant_load(release) as load:
        release.upgrade("--set", "replicaCount=3", "--set", "drain.graceSeconds=20", "--set", "resources.requests.cpu=60m")
        release.settled()
        release.upgrade("--set", "replicaCount=1", "--set", "drain.graceSeconds=20", "--set", "resources.requests.cpu=60m")
        release.settled()
        time.sleep(1)
        figures = load.lossless()
    return f"2, 3, then 1 replica; {figures}"


@check
def pods_deleted_one_after_the_other(context: Context) -> str:
    """`kubectl delete pod` every few seconds under load: no request fails."""
    release = two_replicas(context)
    deleted = 0
    with constant_load(release) as load:
        end = time.monotonic() + 40
        while time.monotonic() < end:
            ready = [pod for pod in release.pods() if is_ready(pod)]
            if len(ready) >= 2:
                context.kube.kubectl("delete", "pod", name_of(ready[0]), "--wait=false", namespace=release.namespace)
                deleted += 1
            time.sleep(4)
        release.settled()
        figures = load.lossless()
    if deleted < 5:
        raise Unexpected(f"only {deleted} pods could be deleted in 40 s: the others were not ready again")
    return f"{deleted} pods deleted; {figures}"


@check
def wrong_model_is_held(context: Context) -> str:
    """A model that cannot load never gets traffic: `--wait` fails, the old pods go on, a rollback mends it."""
    release = two_replicas(context)
    old = names(release.pods())
    with constant_load(release) as load:
        failed = release.upgrade("--set", "replicaCount=2", "--set", "model.uri=example://no-such-model", check=False, timeout=15)
        if not failed.returncode:
            raise Unexpected("`helm upgrade --wait` to a model that does not exist succeeded")
        ready = context.kube.ready_pods(release.namespace, release.name)
        if ready != old:
            raise Unexpected(f"{sorted(ready)} get traffic, not the old pods {sorted(old)}")
        broken = [pod for pod in release.pods() if name_of(pod) not in old]
        if not broken or any(is_ready(pod) for pod in broken):
            raise Unexpected(f"the new pods are {[name_of(p) for p in broken]}, and one is ready or none is there")
        log = context.kube.kubectl("logs", name_of(broken[0]), namespace=release.namespace, check=False).stdout
        if "no-such-model" not in log:
            raise Unexpected(f"the new pod's log does not name the model: {log[-500:]}")
        release.rollback()
        release.settled()
        if names(release.pods()) != old:
            raise Unexpected("the rollback replaced pods that were right")
        figures = load.lossless()
    return f"held, {len(broken)} pod never ready; {figures}"


@check
def wrong_image_is_held(context: Context) -> str:
    """An image that does not exist stops the rollout with all old pods ready; a rollback mends it."""
    release = two_replicas(context)
    old = names(release.pods())
    with constant_load(release) as load:
        failed = release.upgrade("--set", "replicaCount=2", "--set-string", "image.tag=no-such-tag", check=False, timeout=10)
        if not failed.returncode:
            raise Unexpected("`helm upgrade --wait` to an image that does not exist succeeded")
        status = release.deployment["status"]
        if context.kube.ready_pods(release.namespace, release.name) != old or status.get("availableReplicas") != 2:
            raise Unexpected(f"the old pods do not all serve: {status}")
        release.rollback()
        release.settled()
        figures = load.lossless()
    return figures


def asks_slowly(release: Release, url: str, during: Callable[[], None]) -> bytes:
    """Sends half a request, calls `during`, sends the rest, gives all that is answered."""
    body = release.golden.request.read_bytes()
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"POST {release.golden.path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode() + body[: len(body) // 2])
        during()
        connection.sendall(body[len(body) // 2 :])
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@check
def request_in_flight_is_finished(context: Context) -> str:
    """A request whose body is half sent when the pod is told to end is still answered, and the connection is closed."""
    release = two_replicas(context)
    pod = release.pods()[0]
    spec = pod["spec"]["containers"][0]
    waits = spec.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)

    def told() -> None:
        context.kube.kubectl("delete", "pod", name_of(pod), "--wait=false", namespace=release.namespace)
        # TERM comes when the pre-stop sleep is over
        time.sleep(waits + 2)

    with release.forward(f"pod/{name_of(pod)}", release.golden.container_port) as url:
        answer = asks_slowly(release, url, told)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not re.match(rb"HTTP/1\.1 200 ", head) or json.loads(body) != release.golden.expected():
        raise Unexpected(f"the request in flight was answered {answer[:300]!r}")
    if b"connection: close" not in head.lower():
        raise Unexpected(f"the reply while draining does not close the connection: {head!r}")
    gone = until("the pod's end", lambda: name_of(pod) not in names(context.kube.items("pods", namespace=release.namespace)), 40)
    return f"answered {2} s after TERM (pre-stop sleep {waits} s)" if gone else ""


@check
def readiness_gates_traffic(context: Context) -> str:
    """A pod that is not ready is in no Service: it gets no request, and gets some once it is ready."""
    kube = context.kube
    release = two_replicas(context)
    template = release.deployment["spec"]["template"]
    # a third pod of the same labels whose model never finishes loading
    spec = json.loads(json.dumps(template["spec"]))
    container = spec["containers"][0]
    container["readinessProbe"] = {"httpGet": {"path": "/no-such-path", "port": "http"}, "periodSeconds": 1}
    meta = {"name": "unready", "namespace": release.namespace, "labels": template["metadata"]["labels"]}
    kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    unready = lambda: kube.get("pod", "unready", namespace=release.namespace)
    with constant_load(release, rate=100) as load:
        until("the third pod's start", lambda: unready()["status"].get("containerStatuses", [{}])[0].get("started"), 30)
        time.sleep(5)
        ready = kube.ready_pods(release.namespace, release.name)
        if "unready" in ready or len(ready) != 2:
            raise Unexpected(f"the Service's ready endpoints are {sorted(ready)}")
        port = next(p["containerPort"] for p in container["ports"] if p["name"] == "metrics")
        with release.forward("pod/unready", port) as url, urllib.request.urlopen(f"{url}/metrics", timeout=5) as reply:
            text = reply.read().decode()
        asked = sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("longshore_serve_requests_total{"))
        if asked:
            raise Unexpected(f"a pod that is not ready was asked {asked:.0f} times")
        figures = load.lossless()
    return f"0 requests to the pod that is not ready; {figures}"


@alone
def node_drain(context: Context) -> str:
    """`kubectl drain` of a node that holds a pod, under load: no request fails."""
    release = two_replicas(context)
    victim = release.pods()[0]["spec"]["nodeName"]
    kube = context.kube
    with constant_load(release) as load:
        begun = time.monotonic()
        try:
            # only this release's pods: what else runs here is not ours to move
            kube.kubectl("drain", victim, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=90s", "--pod-selector", release.selector)
            drained = time.monotonic() - begun
            release.settled()
            left = [name_of(p) for p in release.pods() if p["spec"]["nodeName"] == victim]
        finally:
            kube.kubectl("uncordon", victim)
        figures = load.lossless()
    if left:
        raise Unexpected(f"the drained node still holds {left}")
    return f"drained in {drained:.0f} s; {figures}"


@alone
def node_power_cut(context: Context) -> str:
    """The power cut of a node under load: how many requests are lost, and seconds until all are answered again."""
    kube, machines = context.kube, context.machines
    release = context.release(CLASSIFICATION, context.namespace()).install()
    release.complete()
    pods = {p["spec"]["nodeName"] for p in release.pods()}
    if len(pods) < 2:
        raise Unexpected(f"both pods stand on {pods}: a power cut would end the service")
    client, victim = sorted(pods)
    with constant_load(release, client, timeout=2) as load:
        cut, down = time.time(), time.monotonic()
        machines.cut(victim)
        try:
            until("the loss of the node", lambda: not node_ready(context, victim), 90)
            noticed = time.monotonic() - down
            whole = lambda: (
                len(kube.ready_pods(release.namespace, release.name)) >= 2
                and all(p["spec"]["nodeName"] != victim for p in release.pods() if is_ready(p))
            )
            until("two pods elsewhere", whole, 120)
            moved = time.monotonic() - down
            time.sleep(4)
        finally:
            boot = time.time()
            machines.boot(victim)
        kube.kubectl("wait", "--for=condition=Ready", f"node/{victim}", "--timeout=90s")
        back = time.time() - boot
        time.sleep(4)
    report = load.reports["NodePort from this machine"]
    at = {second + report["started_at"]: count for second, count in ((int(k), v) for k, v in report["failed_by_second"].items())}
    while_down = {second - cut: count for second, count in at.items() if second < boot}
    after = sum(count for second, count in at.items() if second >= boot)
    # the second in which the last request began that failed, and the time it was given
    last = max(while_down, default=-1.0) + 1
    if last > 45 or after:
        raise Unexpected(f"requests failed until {last:.0f} s after the power cut and {after} after the node was back: {report}")
    others = load.reports["Service from a pod"]
    return (
        f"lost {report['failed']} of {report['requests']} requests from outside and {others['failed']} of {others['requests']} from a pod, "
        f"all answered again after {last:.0f} s; node seen lost after {noticed:.0f} s, pods elsewhere after {moved:.0f} s, "
        f"node back {back:.0f} s after its start with no request lost"
    )


def node_ready(context: Context, name: str) -> bool:
    return is_ready(context.kube.get("node", name))
