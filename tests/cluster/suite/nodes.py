"""Nodes that are emptied, and a node that loses its power, under constant load."""

from __future__ import annotations

import time

from .context import Context
from .golden import CLASSIFICATION
from .kube import Unexpected, is_ready, name_of, until
from .lossless import two_replicas
from .registry import alone
from .traffic import constant_load


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
    at = sorted((int(second) + report["started_at"] - cut + 1, count) for second, count in report["failed_by_second"].items())
    # the outage ends with the first three seconds in which no request that failed was begun
    last = 0.0
    for second, _ in at:
        if second <= last + 4:
            last = second
    late = sum(count for second, count in at if second > last)
    if last > 45 or report["failed"] > report["requests"] / 10 or late > report["requests"] / 50:
        raise Unexpected(f"an outage of {last:.0f} s and {late} requests after it: {report}")
    others = load.reports["Service from a pod"]
    return (
        f"lost {report['failed']} of {report['requests']} requests from outside and {others['failed']} of {others['requests']} from a pod, "
        f"outage {last:.0f} s, {late} of them after it; node seen lost after {noticed:.0f} s, pods elsewhere after {moved:.0f} s, "
        f"node back {back:.0f} s after its start"
    )


def node_ready(context: Context, name: str) -> bool:
    return is_ready(context.kube.get("node", name))
