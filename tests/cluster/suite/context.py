"""What a check gets: namespaces of its own, releases of the chart, clients in the cluster and on this machine."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .golden import Golden
from .kube import Kube, Unexpected, is_ready, name_of, until
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
class Target:
    """What is tested, and where."""

    kube: Kube
    machines: Machines
    image: str
    """Name and tag, as the nodes know it."""
    chart: pathlib.Path
    keep: bool
    """Whether the namespaces stay for inspection."""


class Context:
    """The cluster under test, as one check sees it."""

    def __init__(self, target: Target, check: str) -> None:
        self.kube, self.machines, self.image, self.keep = target.kube, target.machines, target.image, target.keep
        self.chart = target.chart
        self.repository, _, self.tag = target.image.rpartition(":")
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
        until(
            "the default service account",
            lambda: not self.kube.kubectl("get", "serviceaccount", "default", namespace=name, check=False).returncode,
            30,
        )
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
        self.selector = f"app.kubernetes.io/instance={self.NAME},app.kubernetes.io/name=model,app.kubernetes.io/component=server"

    def helm(
        self, verb: str, *flags: str, check: bool = True, wait: bool = True, timeout: int = 90, chart: pathlib.Path | None = None
    ) -> subprocess.CompletedProcess:
        """`helm install` or `upgrade` of the golden values with the image under test and `flags`."""
        chart = chart or self.context.chart
        image = ["--set", f"image.repository={self.context.repository}", "--set-string", f"image.tag={self.context.tag}"]
        waiting = ["--wait", "--timeout", f"{timeout}s"] if wait else []
        command = [verb, self.NAME, str(chart), "--values", str(chart / f"ci/{self.golden.model}-values.yaml"), *image, *flags, *waiting]
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

    def complete(self, replicas: int | None = None) -> None:
        """Waits until the Service has as many ready pods as the values ask for."""
        wanted = replicas or self.golden.replicas
        until(f"{wanted} ready pods", lambda: len(self.kube.ready_pods(self.namespace, self.name)) == wanted, 90)

    @contextlib.contextmanager
    def forward(self, place: str, port: int) -> Iterator[str]:
        """A port of `pod/…` or `service/…` on this machine, past every policy; gives its URL."""
        process = self.kube.popen("port-forward", place, f":{port}", namespace=self.namespace)
        try:
            said = process.stdout.readline() if process.stdout else ""
            if "127.0.0.1:" not in said:
                raise Unexpected(f"`kubectl port-forward {place}` said {said!r}")
            yield "http://127.0.0.1:" + said.split("127.0.0.1:")[1].split()[0]
        finally:
            process.terminate()
            process.wait()

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
        # who calls a NodePort has the address of a node or his own, as the proxy's mode and the way of the packet want it
        rules = [{"ports": [{"port": "http"}]}]
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": meta,
            "spec": {"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress"], "ingress": rules},
        }
        self.kube.apply(service, policy)
        port = self.kube.get("service", meta["name"], namespace=self.namespace)["spec"]["ports"][0]["nodePort"]
        urls = [f"http://{self.context.node_address(node)}:{port}" for node in nodes or (None,)]
        return urls
