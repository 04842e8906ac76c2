"""The platform under test: the release, the bucket, services, and clients from this machine."""

from __future__ import annotations

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from suite.kube import Kube, Unexpected, is_ready, name_of, until
from suite.machines import REPOSITORY, Machines

SYSTEM = "longshore-system"
CHART = REPOSITORY / "deploy/helm/longshore"
LABEL = "longshore.test/platform"
DOMAIN = "models.example.test"
# All that the checks make, so that a release can be held to them.
NAMESPACES = [
    f"platform-{name}"
    for name in (
        "asking", "away", "broken", "burst", "canary", "conditions", "drained", "frozen", "gateway", "gateways", "hostile", "inside", "killed",
        "many", "mine", "operator", "plane", "power", "quiet", "range", "replica", "right", "rollback", "scale", "sdk", "serving",
        "shares", "sleeping", "split", "standard", "stepped", "sticky", "theirs", "transformer", "version", "victim",
        "waking", "wrong", "zero",
        "again", "bounds", "same-0", "same-1", "same-2", "same-3", "same-4", "stopped", "succession", "edge", "evicted", "last", "limit", "long", "nodeless",
        "access", "canaries", "logged", "processor", "start", "tags",
        "moving", "tracking", "pool-ends", "pool-many", "pool-off", "pool-one", "pool-two", "pool-versions", "pooled",
    )
]  # fmt: skip
LOAD = REPOSITORY / "tests/cluster/suite/load.py"
V1 = "/v1/models/{name}:predict"


@dataclass
class Platform:
    """What every check gets."""

    kube: Kube
    machines: Machines
    image: str
    python: pathlib.Path
    folder: pathlib.Path
    host: str
    """The address by which pods reach this machine."""
    keep: bool = False
    beside: bool = False
    """Whether the release keeps the checks' namespaces alone, beside other operators on the cluster."""
    namespaces: list[str] = field(default_factory=list)

    # --- the release and what it needs ---

    @property
    def values(self) -> list[str]:
        repository, _, tag = self.image.rpartition(":")
        settings = [f"image.repository={repository}", f"hosts.domain={DOMAIN}"]
        settings += [f"storage.env.AWS_ENDPOINT_URL=http://{self.host}:{self.s3_port}", "storage.env.AWS_REGION=eu-west-1"]
        return ["--set", ",".join(settings), "--set-string", f"image.tag={tag}"]

    def helm(self, *flags: str, check: bool = True) -> subprocess.CompletedProcess:
        held = ["--set", "operator.namespaces={" + ",".join(NAMESPACES) + "}"] if self.beside else []
        command = ["upgrade", "--install", "longshore", str(CHART), "--create-namespace", *self.values, *held, *flags]
        return self.kube.helm(*command, namespace=SYSTEM, check=check, timeout=240)

    def namespace(self, name: str) -> str:
        """A new namespace that enforces Pod Security `restricted`, whose default account may read the bucket."""
        if name not in NAMESPACES:
            raise Unexpected(f"`{name}` is not among NAMESPACES")
        labels = {LABEL: "check", "pod-security.kubernetes.io/enforce": "restricted"}
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        self.namespaces.append(name)
        keys = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "reader-secret"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bucket", "namespace": name}, "stringData": keys}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}, "secrets": [{"name": "bucket"}]}
        self.kube.apply(secret, account)
        return name

    def clean(self) -> None:
        # the rights of a release that is held to these namespaces are in them
        what = ["inferenceservices,pods,deployments", "--all"] if self.beside else None
        for name in [] if self.keep else self.namespaces:
            if what:
                self.kube.kubectl("delete", *what, "--wait=false", namespace=name, check=False)
            else:
                self.kube.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false", check=False)
        self.namespaces.clear()

    # --- the bucket ---

    s3_port = 5566

    @contextlib.contextmanager
    def bucket(self) -> Iterator[None]:
        """Moto as S3 on this machine, with the models in it."""
        subprocess.run([self.python, REPOSITORY / "tests/platform/models.py", self.folder], check=True, capture_output=True)
        command = [self.python.with_name("moto_server"), "-H", self.host, "-p", str(self.s3_port)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            script = (
                "import boto3, pathlib, sys\n"
                "s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='eu-west-1', aws_access_key_id='w', aws_secret_access_key='w')\n"
                "s3.create_bucket(Bucket='models', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})\n"
                "root = pathlib.Path(sys.argv[2])\n"
                "[s3.upload_file(str(p), 'models', str(p.relative_to(root))) for p in root.rglob('*') if p.is_file()]\n"
            )
            upload = [self.python, "-c", script, f"http://{self.host}:{self.s3_port}", self.folder]
            until("the bucket", lambda: subprocess.run(upload, capture_output=True).returncode == 0, 30, 1)
            yield
        finally:
            server.terminate()
            server.wait()

    def known(self) -> dict[str, Any]:
        """The rows that are asked, and what each version's library answers."""
        return json.loads((self.folder / "answers.json").read_text())

    # --- services ---

    def service(self, namespace: str, name: str, version: str = "v1", **predictor: Any) -> dict[str, Any]:
        model = {"modelFormat": {"name": "sklearn"}, "storageUri": f"s3://models/iris/{version}"}
        spec = {"predictor": {"model": model} | predictor}
        return {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": name, "namespace": namespace}, "spec": spec}

    def get(self, namespace: str, name: str) -> dict[str, Any]:
        return self.kube.get("inferenceservice", name, namespace=namespace)

    def is_ready(self, namespace: str, name: str) -> bool:
        found = self.get(namespace, name)
        if found["status"].get("observedGeneration") != found["metadata"]["generation"]:
            raise Unexpected("the status is of an earlier generation")
        return condition(found, "Ready") == "True"

    def ready(self, namespace: str, name: str, seconds: float = 60) -> float:
        """Waits until it is ready; gives the seconds that took."""
        begun = time.monotonic()
        try:
            until(f"`{namespace}/{name}` ready", lambda: self.is_ready(namespace, name), seconds, 0.1)
        except Unexpected as error:
            status = self.get(namespace, name).get("status")
            raise Unexpected(f"{error}; its status: {json.dumps(status)[:1500]}") from error
        return time.monotonic() - begun

    def replicas(self, namespace: str, name: str) -> int:
        """Pods of a service that are not on their way out."""
        return len(self.kube.pods(namespace, f"serving.kserve.io/inferenceservice={name}"))

    def asleep(self, namespace: str, name: str, seconds: float = 120) -> None:
        until(f"`{name}` asleep", lambda: self.replicas(namespace, name) == 0, seconds, 0.5)

    # --- clients ---

    def gateway(self) -> str:
        """The address of the gateway's Service, which answers from this machine as well."""
        return self.kube.get("service", "longshore-gateway", namespace=SYSTEM)["spec"]["clusterIP"]

    def ask(self, address: str, host: str, path: str, body: Any = None, timeout: float = 60) -> tuple[int, Any, dict[str, str]]:
        """Status, answer and headers of one request, whose address, which may have a port, and host are told apart."""
        at, _, port = address.partition(":")
        connection = http.client.HTTPConnection(at, int(port or 80), timeout=timeout)
        with contextlib.closing(connection):
            data = None if body is None else json.dumps(body)
            connection.request("POST" if data else "GET", path, data, {"host": host, "content-type": "application/json"})
            reply = connection.getresponse()
            text = reply.read()
            try:
                answer = json.loads(text) if text else None
            except ValueError:
                answer = text.decode(errors="replace")
            return reply.status, answer, {key.lower(): value for key, value in reply.getheaders()}

    def predict(self, namespace: str, name: str, timeout: float = 60) -> tuple[str, float]:
        """The version that answered a V1 request, and the seconds it took; every other answer is an error."""
        known, begun = self.known(), time.monotonic()
        host = f"{name}.{namespace}.{DOMAIN}"
        status, answer, _ = self.ask(self.gateway_address, host, V1.format(name=name), {"instances": known["rows"]}, timeout)
        seconds = time.monotonic() - begun
        for version, labels in known["answers"].items():
            if status == 200 and answer.get("predictions") == labels:
                return version, seconds
        raise Unexpected(f"`{host}` answered {status} {str(answer)[:300]}")

    @property
    def gateway_address(self) -> str:
        if not hasattr(self, "_gateway"):
            self._gateway = self.gateway()
        return self._gateway

    @contextlib.contextmanager
    def load(
        self, namespace: str, name: str, rate: float = 100, expect: str | None = None, *, to: str | None = None, timeout: float = 30, **options: float | str
    ) -> Iterator[dict[str, Any]]:
        """Constant load on a service from this machine; what it counted is in the dict after the block.

        `to` is the address that is asked, the gateway's Service when it is not given; `options` are further ones of `load.py`.
        """
        known, report = self.known(), {}
        with tempfile.TemporaryDirectory() as folder:
            body = pathlib.Path(folder) / "body.json"
            body.write_text(json.dumps({"instances": known["rows"]}))
            command = [sys.executable, str(LOAD), f"http://{to or self.gateway_address}{V1.format(name=name)}"]
            command += ["--body", str(body), "--rate", str(rate), "--timeout", str(timeout), "--host", f"{name}.{namespace}.{DOMAIN}"]
            command += [word for option, value in options.items() for word in (f"--{option}", str(value))]
            if expect:
                answer = pathlib.Path(folder) / "answer.json"
                answer.write_text(json.dumps({"predictions": known["answers"][expect]}))
                command += ["--expect", str(answer)]
            client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                time.sleep(1)
                yield report
            finally:
                client.terminate()
                out, err = client.communicate(timeout=60)
            if not out.strip():
                raise Unexpected(f"the load gave no report: {err[-800:]}")
            report.update(json.loads(out))

    def pods_of(self, role: str) -> list[dict[str, Any]]:
        return [pod for pod in self.kube.pods(SYSTEM, f"app.kubernetes.io/component={role}") if is_ready(pod)]

    def whole(self, role: str, seconds: float = 60) -> None:
        """Waits until a role has all its pods."""
        self.kube.kubectl("rollout", "status", f"deployment/longshore-{role}", f"--timeout={seconds:g}s", namespace=SYSTEM)


def condition(service: dict[str, Any], kind: str) -> str | None:
    found = [c for c in service.get("status", {}).get("conditions", []) if c["type"] == kind]
    return found[0]["status"] if found else None


def lossless(report: dict[str, Any]) -> str:
    """What a client counted, when no request failed."""
    if report["failed"] or not report["requests"]:
        seen = {key: report[key] for key in ("requests", "failed", "failures", "failed_at", "first_failures")}
        raise Unexpected(f"requests failed: {json.dumps(seen)}")
    return f"{report['requests']} requests, 0 failed, p99 {report['latency_ms']['p99']:.0f} ms, longest silence {report['longest_silence_seconds'] * 1e3:.0f} ms"


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


__all__ = ["DOMAIN", "SYSTEM", "V1", "Platform", "condition", "lossless", "name_of", "quantile"]
