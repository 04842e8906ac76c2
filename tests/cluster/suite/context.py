"""What a check gets: namespaces of its own, releases of the chart, clients in the cluster and on this machine."""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .kube import Kube, Skip, Unexpected, is_ready, name_of, until
from .machines import REPOSITORY, Machines

CHART = REPOSITORY / "deploy/helm/model"
LABEL = "longshore.test/suite"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Golden:
    """One of the golden values files and what it must give."""

    model: str
    """Name of the example, of the model and of the values file."""
    service_port: int
    container_port: int

    @property
    def values(self) -> pathlib.Path:
        return CHART / f"ci/{self.model}-values.yaml"

    @property
    def request(self) -> pathlib.Path:
        return REPOSITORY / f"examples/{self.model}/request.json"

    @property
    def path(self) -> str:
        return f"/v1/models/{self.model}:predict"

    def expected(self) -> dict[str, Any]:
        """The answer to `request` that the example's README shows, which its Python library gave."""
        text = (REPOSITORY / f"examples/{self.model}/README.md").read_text()
        found = re.search(r'^\{"predictions":.*\}$', text, re.MULTILINE)
        if not found:
            raise Unexpected(f"`examples/{self.model}/README.md` shows no answer")
        return json.loads(found[0])


CLASSIFICATION = Golden("classification", 5000, 5000)
RECRUITMENT = Golden("recruitment-rank", 80, 9696)
CHATBOT = Golden("chatbot-intents", 8000, 8000)
GOLDEN = [CLASSIFICATION, RECRUITMENT, CHATBOT]


class Context:
    """The cluster under test, as one check sees it."""

    def __init__(self, kube: Kube, machines: Machines, image: str, check: str, keep: bool) -> None:
        self.kube, self.machines, self.image, self.keep = kube, machines, image, keep
        self.repository, _, self.tag = image.rpartition(":")
        self.slug = check.replace("_", "-")[:40].strip("-")
        self.namespaces: list[str] = []

    # --- namespaces and releases ---

    def namespace(self, suffix: str = "", **labels: str) -> str:
        """A new namespace that enforces Pod Security `restricted`."""
        name = "-".join(filter(None, ["suite", self.slug, suffix]))
        self.kube.kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=90s")
        level = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
        meta = {"name": name, "labels": {LABEL: "check"} | level | labels}
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        self.namespaces.append(name)
        until("the default service account", lambda: not self.kube.kubectl(
            "get", "serviceaccount", "default", namespace=name, check=False).returncode, 30)
        return name

    def clean(self) -> None:
        for name in [] if self.keep else self.namespaces:
            self.kube.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false", check=False)

    def release(self, golden: Golden, namespace: str) -> Release:
        return Release(self, golden, namespace)

    def node_address(self, node: str | None = None) -> str:
        """The address of a node (any that is ready, when none is named) that NodePorts answer on."""
        for found in self.kube.items("nodes"):
            if name_of(found) == node or (node is None and is_ready(found)):
                return next(a["address"] for a in found["status"]["addresses"] if a["type"] == "InternalIP")
        raise Unexpected(f"no node `{node or 'that is ready'}`")

    # --- clients ---

    def client(self, namespace: str, name: str = "client", labels: dict[str, str] | None = None) -> str:
        """A pod of the image under test that only waits for `exec`."""
        pod = self.pod(namespace, name, ["serve", "example://wine"], labels)
        self.kube.apply(pod)
        self.kube.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s", namespace=namespace)
        return name

    def pod(self, namespace: str, name: str, args: list[str], labels: dict[str, str] | None = None, **extra: Any) -> dict[str, Any]:
        """A pod of the image under test that `restricted` admits."""
        container = {
            "name": "longshore",
            "image": self.image,
            "args": args,
            "securityContext": RESTRICTED,
            "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        } | extra.pop("container", {})
        spec = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 5, "containers": [container]} | extra
        meta = {"name": name, "namespace": namespace, "labels": {"app": name} | (labels or {})}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}

    def smoke(self, namespace: str, client: str, url: str, *flags: str, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess:
        """`longshore smoke-test` inside the client's pod."""
        command = ["exec", client, "--", "/usr/bin/longshore", "smoke-test", url, *flags]
        return self.kube.kubectl(*command, namespace=namespace, check=check, timeout=timeout)

    def reaches(self, namespace: str, client: str, url: str) -> bool:
        """Whether a pod gets an answer from a URL."""
        command = ["exec", client, "--", "/usr/bin/longshore", "bench", url, "--connections", "1", "--rate", "10", "--duration", "1"]
        report = self.kube.kubectl(*command, "--timeout", "1", "--json", namespace=namespace, check=False, timeout=60)
        try:
            return json.loads(report.stdout)["ok"] > 0
        except (ValueError, KeyError) as error:
            raise Unexpected(f"`bench {url}` in `{client}` gave no report: {report.stderr[-500:]}") from error


class Release:
    """A release of the chart under test."""

    NAME = "suite"

    def __init__(self, context: Context, golden: Golden, namespace: str) -> None:
        self.context, self.golden, self.namespace = context, golden, namespace
        self.kube = context.kube
        self.name = f"{self.NAME}-model"
        self.selector = f"app.kubernetes.io/instance={self.NAME},app.kubernetes.io/name=model"

    def helm(self, verb: str, *flags: str, check: bool = True, wait: bool = True, timeout: int = 90) -> subprocess.CompletedProcess:
        """`helm install` or `upgrade` of the golden values with the image under test and `flags`."""
        image = ["--set", f"image.repository={self.context.repository}", "--set-string", f"image.tag={self.context.tag}"]
        waiting = ["--wait", "--timeout", f"{timeout}s"] if wait else []
        command = [verb, self.NAME, str(CHART), "--values", str(self.golden.values), *image, *flags, *waiting]
        return self.kube.helm(*command, namespace=self.namespace, check=check, timeout=timeout + 30)

    def install(self, *flags: str, **options: Any) -> Release:
        self.helm("install", *flags, **options)
        return self

    def upgrade(self, *flags: str, **options: Any) -> subprocess.CompletedProcess:
        return self.helm("upgrade", *flags, **options)

    def rollback(self, *revision: str) -> None:
        self.kube.helm("rollback", self.NAME, *revision, "--wait", "--timeout", "90s", namespace=self.namespace)

    @property
    def deployment(self) -> dict[str, Any]:
        return self.kube.get("deployment", self.name, namespace=self.namespace)

    def pods(self) -> list[dict[str, Any]]:
        return [p for p in self.kube.pods(self.namespace, self.selector) if p["status"]["phase"] in ("Pending", "Running")]

    def settled(self, seconds: float = 90) -> None:
        """Waits until the Deployment is rolled out and no old pod is left."""
        self.kube.kubectl("rollout", "status", f"deployment/{self.name}", f"--timeout={seconds:g}s", namespace=self.namespace)
        count = lambda: len(self.kube.items("pods", "-l", self.selector, namespace=self.namespace))
        until("the end of the old pods", lambda: count() == self.deployment["spec"]["replicas"], seconds)

    def url(self) -> str:
        """The Service's address inside the cluster."""
        return f"http://{self.name}.{self.namespace}.svc.cluster.local:{self.golden.service_port}"

    def pod_url(self, pod: dict[str, Any]) -> str:
        return f"http://{pod['status']['podIP']}:{self.golden.container_port}"

    def node_port(self, *nodes: str) -> list[str]:
        """Opens a NodePort of its own beside the chart's Service and gives its URLs on `nodes` (any ready one)."""
        meta = {"name": f"{self.name}-node-port", "namespace": self.namespace}
        ports = [{"name": "http", "port": 80, "targetPort": "http"}]
        selector = dict(pair.split("=") for pair in self.selector.split(","))
        service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"type": "NodePort", "selector": selector, "ports": ports}}
        self.kube.apply(service)
        port = self.kube.get("service", meta["name"], namespace=self.namespace)["spec"]["ports"][0]["nodePort"]
        urls = [f"http://{self.context.node_address(node)}:{port}" for node in nodes or (None,)]
        return urls

    # --- load ---

    @contextlib.contextmanager
    def load(self, *nodes: str, rate: float = 150, timeout: float = 10) -> Iterator[Load]:
        """Constant load through the NodePort from this machine and through the Service from a pod."""
        running = Load(self, nodes, rate, timeout)
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
        urls = [url + golden.path for url in release.node_port(*self.nodes)]
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
        args += ["--duration", "600", "--timeout", str(self.timeout), "--json"]
        mount = {"volumeMounts": [{"name": "request", "mountPath": "/request"}]}
        volumes = [{"name": "request", "configMap": {"name": "request"}}]
        pod = release.context.pod(
            release.namespace, self.POD, args, {"app.kubernetes.io/component": "client"},
            container=mount, volumes=volumes, restartPolicy="Never", **({"nodeName": self.nodes[0]} if self.nodes else {}))
        release.kube.apply(body, pod)
        started = lambda: release.kube.get("pod", self.POD, namespace=release.namespace)["status"]["phase"] == "Running"
        until("the start of the load's pod", started, 30)

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
        seen = {place: (r["requests"], r["failed"], r["failures"], r.get("failed_at"), r.get("example", "")) for place, r in self.reports.items()}
        if any(failed or not requests for requests, failed, *_ in seen.values()):
            raise Unexpected(f"requests failed: {json.dumps(seen)}")
        return ", ".join(
            f"{r['requests']} requests to the {place}: 0 failed, p99 {r['latency_ms']['p99']:.0f} ms" for place, r in self.reports.items()
        )
