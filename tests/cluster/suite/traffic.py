"""Clients that keep asking: constant load from here and from a pod, and full load from a pod."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from .context import Release
from .kube import Unexpected, until


@contextlib.contextmanager
def constant_load(release: Release, *nodes: str, rate: float = 150, timeout: float = 10) -> Iterator[Load]:
    """Constant load through the NodePort from this machine and through the Service from a pod."""
    running = Load(release, nodes, rate, timeout)
    try:
        running.start()
        yield running
    finally:
        running.stop()


class Load:
    """Two clients that ask the same question all the time."""

    POD = "load"

    def __init__(self, release: Release, nodes: tuple[str, ...], rate: float, timeout: float) -> None:
        self.release, self.nodes, self.rate, self.timeout = release, nodes, rate, timeout
        self.host: subprocess.Popen | None = None
        self.reports: dict[str, dict[str, Any]] = {}
        self.running = False

    def start(self) -> None:
        release, golden = self.release, self.release.golden
        bases = release.node_port(*self.nodes)
        for base in bases * 4:
            # the proxies and the policies' rules follow the objects after a moment
            until("right answers through the NodePort", lambda base=base: golden.right(base), 20)
        urls = [base + golden.path for base in bases]
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as expected:
            json.dump(golden.expected(), expected)
        command = [sys.executable, str(pathlib.Path(__file__).with_name("load.py")), *urls, "--body", str(golden.request)]
        command += ["--expect", expected.name, "--rate", str(self.rate), "--timeout", str(self.timeout)]
        self.start_pod()
        self.host = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.running = True
        time.sleep(2)

    def start_pod(self) -> None:
        """`longshore bench` as a pod, with the example's request as a file."""
        release = self.release
        meta = {"name": "request", "namespace": release.namespace}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"request.json": release.golden.request.read_text()}}
        url = release.url() + release.golden.path
        args = ["bench", url, "--body", "/request/request.json", "--rate", str(self.rate), "--connections", "8"]
        args += ["--duration", "0", "--timeout", str(self.timeout), "--json"]
        mount = {"volumeMounts": [{"name": "request", "mountPath": "/request"}]}
        volumes = [{"name": "request", "configMap": {"name": "request"}}]
        pod = release.context.pod(
            release.namespace,
            self.POD,
            args,
            {"app.kubernetes.io/component": "client"},
            container=mount,
            volumes=volumes,
            restartPolicy="Never",
            **({"nodeName": self.nodes[0]} if self.nodes else {}),
        )
        release.kube.apply(body, pod)
        phase = lambda: release.kube.get("pod", self.POD, namespace=release.namespace)["status"]["phase"]
        if until("the start of the load's pod", lambda: (p := phase()) != "Pending" and p, 30) != "Running":
            log = release.kube.kubectl("logs", self.POD, namespace=release.namespace).stdout
            raise Unexpected(f"the load's pod ended at once: {log[-800:]}")

    def stop(self) -> None:
        """Ends both clients and reads what they counted."""
        if not self.running:
            return
        self.running = False
        release = self.release
        # the kubelet sends TERM and keeps the pod, and with it the log, which deleting it would not
        end = '{"spec":{"activeDeadlineSeconds":1}}'
        release.kube.kubectl("patch", "pod", self.POD, "--type=merge", "-p", end, namespace=release.namespace, check=False)
        if self.host:
            self.host.terminate()
            out, err = self.host.communicate(timeout=self.timeout + 10)
            if not out.strip():
                raise Unexpected(f"the load from this machine gave no report: {err[-800:]}")
            self.reports["NodePort from this machine"] = json.loads(out)
        phase = lambda: release.kube.get("pod", self.POD, namespace=release.namespace)["status"]["phase"]
        until("the end of the load's pod", lambda: phase() in ("Failed", "Succeeded"), 40)
        log = release.kube.kubectl("logs", self.POD, namespace=release.namespace).stdout
        found = [line for line in log.splitlines() if line.startswith("{") and '"failed"' in line]
        if not found:
            raise Unexpected(f"the load's pod gave no report: {log[-800:]}")
        self.reports["Service from a pod"] = json.loads(found[-1])
        release.kube.kubectl("delete", "pod", self.POD, "--wait=false", namespace=release.namespace)

    def lossless(self) -> str:
        """Both clients' figures, when no request failed."""
        self.stop()
        seen = {place: (r["requests"], r["failed"], r["failures"], r.get("failed_at"), r.get("first_failures")) for place, r in self.reports.items()}
        if any(failed or not requests for requests, failed, *_ in seen.values()):
            raise Unexpected(f"requests failed: {json.dumps(seen)}")
        return ", ".join(
            f"{r['requests']} requests to the {place}: 0 failed, p99 {r['latency_ms']['p99']:.0f} ms" for place, r in self.reports.items()
        )


def full_load(release: Release, name: str, seconds: int, connections: int) -> None:
    """Starts a pod that asks as fast as it gets answers."""
    context, golden = release.context, release.golden
    meta = {"name": "request", "namespace": release.namespace}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"request.json": golden.request.read_text()}}
    args = ["bench", release.url() + golden.path, "--body", "/request/request.json", "--connections", str(connections)]
    mount = {"volumeMounts": [{"name": "request", "mountPath": "/request"}]}
    volumes = [{"name": "request", "configMap": {"name": "request"}}]
    labels = {"app.kubernetes.io/component": "client"}
    pod = context.pod(
        release.namespace, name, [*args, "--duration", str(seconds), "--json"], labels, container=mount, volumes=volumes, restartPolicy="Never"
    )
    context.kube.apply(body, pod)


def finished(release: Release, name: str, seconds: float) -> dict:
    """What the pod of `full_load` counted, once it has ended."""
    kube, namespace = release.kube, release.namespace
    ended = lambda: kube.get("pod", name, namespace=namespace)["status"]["phase"] in ("Succeeded", "Failed")
    until("the end of the load", ended, seconds)
    log = kube.kubectl("logs", name, namespace=namespace).stdout
    for line in reversed(log.splitlines()):
        if line.startswith("{") and '"failed"' in line:
            return json.loads(line)
    raise Unexpected(f"the load's pod gave no report: {log[-800:]}")
