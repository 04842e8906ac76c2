"""Changes under constant load, none of which may cost a request."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable

from .context import Context, Release
from .golden import RECRUITMENT
from .kube import Unexpected, is_ready, name_of, names, until
from .registry import check
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
def change_of_size_and_number(context: Context) -> str:
    """Other resources and one replica more, then fewer, under load: no request fails."""
    release = two_replicas(context)
    changed = ["--set", "drain.graceSeconds=20", "--set", "resources.requests.cpu=60m"]
    with constant_load(release) as load:
        release.upgrade("--set", "replicaCount=3", *changed)
        release.settled()
        release.upgrade("--set", "replicaCount=1", *changed)
        release.settled()
        time.sleep(1)
        figures = load.lossless()
    return f"2, 3, then 1 replica; {figures}"


@check
def chart_version_change(context: Context) -> str:
    """Another version of the chart alone replaces no pod; with changed values it does, under load: no request fails."""
    release = two_replicas(context)
    with tempfile.TemporaryDirectory() as folder, constant_load(release) as load:
        newer = pathlib.Path(folder, "model")
        shutil.copytree(context.chart, newer)
        described = newer / "Chart.yaml"
        described.write_text(re.sub(r"^version: .*$", "version: 99.0.0", described.read_text(), flags=re.MULTILINE))
        old = names(release.pods())
        release.upgrade("--set", "replicaCount=2", chart=newer)
        release.settled()
        labelled = release.deployment["metadata"]["labels"]["helm.sh/chart"]
        if names(release.pods()) != old or labelled != "model-99.0.0":
            raise Unexpected(f"the chart `{labelled}` alone replaced pods: {sorted(old)} by {sorted(names(release.pods()))}")
        release.upgrade("--set", "replicaCount=2", "--set", "profile=standard", "--set", "model.poll=60", chart=newer)
        replaced(release, old)
        time.sleep(1)
        figures = load.lossless()
    return figures


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
