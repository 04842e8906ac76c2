"""The autoscaler under real load, and memory at full load."""

from __future__ import annotations

import re
import time
import urllib.request

from .context import Context, Release
from .golden import CLASSIFICATION, RECRUITMENT
from .kube import Unexpected, name_of, until
from .registry import alone
from .traffic import finished, full_load


@alone
def autoscaler_out_and_in(context: Context) -> str:
    """The HPA goes from 2 replicas to more under real load and back to 2, and no request fails meanwhile."""
    namespace = context.namespace()
    if "metrics.k8s.io" not in context.kube.kubectl("api-versions").stdout:
        raise Unexpected("the cluster has no metrics API: install metrics-server")
    quick = ["--set", "autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15"]
    release = context.release(CLASSIFICATION, namespace).install(*quick)
    hpa = lambda: context.kube.get("hpa", release.name, namespace=namespace)
    use = lambda: next((m["resource"]["current"].get("averageUtilization") for m in hpa()["status"].get("currentMetrics") or []), None)
    until("the HPA's first reading", lambda: use() is not None, 90)
    replicas = lambda: release.deployment["spec"]["replicas"]
    if replicas() != 2:
        raise Unexpected(f"{replicas()} replicas without load")
    begun = time.monotonic()
    seconds = 60
    full_load(release, "full", seconds, 32)
    until("more than 2 replicas", lambda: replicas() > 2, seconds)
    out, highest, peak = time.monotonic() - begun, 2, 0
    while time.monotonic() - begun < seconds + 2:
        highest, peak = max(highest, replicas()), max(peak, use() or 0)
        time.sleep(1)
    report = finished(release, "full", 60)
    ended = time.monotonic()
    until("2 replicas again", lambda: replicas() == 2, 150, pause=1)
    back = time.monotonic() - ended
    if report["failed"] or not report["requests"]:
        raise Unexpected(f"requests failed while scaling: {report}")
    return (
        f"2 → {highest} → 2: more after {out:.0f} s at {peak} % CPU, 2 again {back:.0f} s after the load's end; "
        f"{report['requests']} requests ({report['requests_per_second']:.0f}/s), 0 failed"
    )


def peak_memory(context: Context, release: Release, since: float) -> dict[str, int]:
    """The most bytes that each pod's container ever held, as its cgroup counts them, read by the kubelet after `since`."""
    peaks = {}
    for pod in release.pods():
        text = context.kube.raw(f"/api/v1/nodes/{pod['spec']['nodeName']}/proxy/metrics/cadvisor")
        wanted = rf'^container_memory_max_usage_bytes\{{[^}}]*container="[^"]+"[^}}]*pod="{re.escape(name_of(pod))}"[^}}]*\}} (\S+) (\d+)'
        for value, milliseconds in re.findall(wanted, text, re.MULTILINE):
            if int(milliseconds) / 1e3 >= since:
                peaks[name_of(pod)] = int(float(value))
    return peaks


@alone
def memory_under_full_load(context: Context) -> str:
    """S1's container (128 Mi, 500m) at full load: its peak stays under the limit, nothing restarts."""
    limit = 128 << 20
    release = context.release(RECRUITMENT, context.namespace()).install()
    pod = release.pods()[0]
    granted = pod["spec"]["containers"][0]["resources"]["limits"]
    if granted != {"cpu": "500m", "memory": "128Mi"}:
        raise Unexpected(f"the container's limits are {granted}")
    full_load(release, "full", 25, 128)
    report = finished(release, "full", 60)
    ended, pods = time.time(), len(release.pods())
    peaks = until("the peak of each pod in the kubelet's metrics", lambda: len(p := peak_memory(context, release, ended)) == pods and p, 60, 1)
    restarts = sum(s["restartCount"] for p in release.pods() for s in p["status"]["containerStatuses"])
    worst = max(peaks.values())
    port = next(p["containerPort"] for p in pod["spec"]["containers"][0]["ports"] if p["name"] == "metrics")
    with release.forward(f"pod/{name_of(pod)}", port) as url, urllib.request.urlopen(f"{url}/metrics", timeout=5) as reply:
        resident = float(re.findall(r"^process_resident_memory_bytes (\S+)", reply.read().decode(), re.MULTILINE)[0])
    if report["failed"] or restarts or worst >= limit:
        raise Unexpected(f"peak {worst / 2**20:.1f} MiB, {restarts} restarts, report {report}")
    return (
        f"peak of the cgroup {worst / 2**20:.1f} MiB of 128 (resident with the program's shared pages "
        f"{resident / 2**20:.1f}) at {report['requests_per_second']:.0f} requests/s on 128 connections within 500m, "
        f"{report['requests']} requests, 0 failed, p99 {report['latency_ms']['p99']:.0f} ms, 0 restarts"
    )
