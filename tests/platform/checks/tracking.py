"""The tracking server of the release: from training to serving, and changed while it is written to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import textwrap
import time
import urllib.request
from collections.abc import Iterator

from suite.kube import Unexpected, until
from suite.machines import REPOSITORY
from suite.registry import check

from .cluster import SYSTEM, Platform, lossless

KEY, PASSWORD = secrets.token_hex(16), secrets.token_hex(8)
# What a data scientist runs, with the unmodified client: the second version is another model.
TRAIN = textwrap.dedent("""
    import json, pathlib, sys
    import joblib, mlflow, mlflow.sklearn
    mlflow.set_experiment("iris")
    folder = pathlib.Path(sys.argv[1])
    for version in ("v1", "v2"):
        with mlflow.start_run(run_name=version):
            model = joblib.load(next((folder / "iris" / version).glob("*.joblib")))
            mlflow.log_param("version", version)
            mlflow.sklearn.log_model(model, name="model", registered_model_name="iris", serialization_format="cloudpickle")
    mlflow.MlflowClient().set_registered_model_alias("iris", "champion", 1)
""")
RESTORE = pathlib.Path(__file__).with_name("restore.sh")
WRITE = pathlib.Path(__file__).with_name("write_runs.py")
ALIAS = 'import mlflow, sys; mlflow.MlflowClient().set_registered_model_alias("iris", "champion", int(sys.argv[1]))'


def environment(platform: Platform) -> dict[str, str]:
    """The variables of MLflow's client for the release's server."""
    own = {"MLFLOW_TRACKING_URI": address(platform), "MLFLOW_TRACKING_TOKEN": KEY, "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    return os.environ | own


def client(platform: Platform, script: str, *arguments: str) -> None:
    """Runs a script with MLflow's client against the release's server."""
    done = subprocess.run([platform.python, "-c", script, *arguments], env=environment(platform), capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise Unexpected(f"MLflow's client failed: {done.stderr[-1500:]}")


def address(platform: Platform) -> str:
    return f"http://{platform.kube.get('service', 'longshore-tracking', namespace=SYSTEM)['spec']['clusterIP']}"


def call(at: str, path: str, body: object = None) -> dict:
    """One request over a connection of its own."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{at}/api/2.0/mlflow/{path}", data, {"authorization": f"Bearer {KEY}", "content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


@contextlib.contextmanager
def database(platform: Platform) -> Iterator[str]:
    """A Postgres on this machine; gives its location."""
    environment = os.environ | {"POSTGRES_HOST": platform.host, "POSTGRES_PASSWORD": PASSWORD}
    command = [REPOSITORY / "tests/tracking/postgres", "sh", "-c", 'echo "$LONGSHORE_TEST_POSTGRES"; read _ || true']
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        location = server.stdout.readline().strip()
        if not location:
            raise Unexpected("Postgres does not start; its words are above")
        yield f"{location}/postgres"
    finally:
        server.stdin.close()
        server.wait(60)


def secret(platform: Platform, name: str, data: dict[str, str], namespace: str = SYSTEM) -> None:
    platform.kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "stringData": data})


def keys(platform: Platform) -> None:
    """Makes the Secret of the server's one key."""
    secret(platform, "tracking-keys", {"keys": f"ci:{hashlib.sha256(KEY.encode()).hexdigest()}\n"})


def flags(tracking: dict, network: dict) -> list[str]:
    """Those of Helm for these values, which wait until they hold."""
    return ["--set-json", f"tracking={json.dumps(tracking)}", "--set-json", f"networkPolicy={json.dumps(network)}", "--wait", "--timeout", "150s"]


def values(platform: Platform, location: str) -> tuple[dict, dict]:
    """Makes the Secrets; gives the values `tracking` and `networkPolicy`: two pods on the database and the bucket, keys asked for."""
    secret(platform, "tracking-database", {"uri": location})
    keys(platform)
    port = int(location.rsplit(":", 1)[1].split("/")[0])
    network = {"tracking": {"cidrs": ["10.250.0.0/16"], "egress": [{"ports": [{"port": platform.s3_port, "protocol": "TCP"}]}]}}
    env = {"AWS_ENDPOINT_URL": f"http://{platform.host}:{platform.s3_port}", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t"}
    tracking = {
        "enabled": True,
        "replicas": 2,
        "database": {"secretName": "tracking-database", "port": port},
        "artifacts": {"destination": "s3://models/tracking"},
        "auth": {"apiKeysSecretName": "tracking-keys"},
        "allowedHosts": ["10.96.*"],
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    return tracking, network


def shown(platform: Platform, namespace: str, version: str) -> str:
    """What `longshore models` says of a version, in a pod that serves the model."""
    pod = platform.kube.pods(namespace, "serving.kserve.io/inferenceservice=iris")[0]["metadata"]["name"]
    return platform.kube.kubectl("exec", pod, "--", "/usr/bin/longshore", "models", "get", f"iris/{version}", namespace=namespace).stdout


@check
def from_training_to_serving(platform: Platform) -> str:
    """MLflow's client trains, registers and names a champion; an InferenceService serves it and takes the next champion without a failed request, as the registry shows."""
    namespace = platform.namespace("platform-tracking")
    with database(platform) as location:
        try:
            chosen = values(platform, location)
            platform.helm(*flags(*chosen))
            client(platform, TRAIN, str(platform.folder))
            secret(platform, "tracking", {"token": KEY}, namespace)
            token = {"name": "MLFLOW_TRACKING_TOKEN", "valueFrom": {"secretKeyRef": {"name": "tracking", "key": "token"}}}
            model = {"modelFormat": {"name": "mlflow"}, "storageUri": "models:/iris@champion", "env": [token]}
            platform.kube.apply(platform.service(namespace, "iris", model=model, minReplicas=2))
            ready = platform.ready(namespace, "iris")
            first, _ = platform.predict(namespace, "iris")
            place = f"http://iris.{namespace}.svc.cluster.local"
            until("the first version's place in the registry", lambda: place in shown(platform, namespace, "1"), 20, 0.5)
            with platform.load(namespace, "iris") as report:
                begun = time.monotonic()
                client(platform, ALIAS, "2")
                named = time.monotonic() - begun
                until("the new champion's answer", lambda: platform.predict(namespace, "iris")[0] == "v2", 60, 0.2)
                swapped = time.monotonic() - begun - named
                time.sleep(12)
            last = {platform.predict(namespace, "iris")[0] for _ in range(20)}
            if first != "v1" or last != {"v2"}:
                raise Unexpected(f"`models:/iris@champion` was answered by {first}, then by {last}")
            until("the place moved to the second version", lambda: place in shown(platform, namespace, "2") and place not in shown(platform, namespace, "1"), 20, 0.5)
            tags = call(address(platform), "model-versions/get?name=iris&version=2")["model_version"]["tags"]
            if (places := [tag["key"] for tag in tags]) != [f"longshore.served.{namespace}/iris"]:
                raise Unexpected(f"two replicas of a service are not one place in the registry: {places}")
            writes = written_while_it_changes(platform, *chosen)
        finally:
            platform.helm("--set", "tracking.enabled=false")
    return f"ready {ready:.1f} s after the manifest, the new champion answers {swapped:.1f} s after its alias: {lossless(report)}; {writes}"


def written_while_it_changes(platform: Platform, tracking: dict, network: dict) -> str:
    """MLflow's client writes while the release is changed by `helm upgrade` and brought back by `helm rollback`: no write fails, is lost or doubled."""
    command = [platform.python, WRITE, "8"]
    writer = subprocess.Popen(command, env=environment(platform), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if writer.stdout.readline() != "writing\n":
            raise Unexpected(f"MLflow's client does not write: {writer.communicate(timeout=60)[1][-1500:]}")
        changed = tracking | {"env": [*tracking.get("env", []), {"name": "CHANGED", "value": "once"}]}
        platform.helm(*flags(changed, network))
        platform.kube.helm("rollback", "longshore", "--wait", "--timeout", "120s", namespace=SYSTEM)
        said, words = writer.communicate("", timeout=180)
    finally:
        writer.kill()
    if writer.returncode:
        raise Unexpected(f"MLflow's client failed: {words[-1500:]}")
    # the client itself prints a line for each run
    seen = json.loads(said.splitlines()[-1])
    if seen["failed"] or seen["wrong"] or not seen["runs"]:
        raise Unexpected(f"of {seen['runs']} runs that were written, {len(seen['failed'])} failed ({seen['failed'][:3]}) and {len(seen['wrong'])} are not there or not as they were written ({seen['wrong'][:3]})")
    return f"{seen['runs']} runs written during an upgrade and the way back, none failed, lost or doubled, the longest call took {seen['longest']:.1f} s"


@check
def the_volume_is_lost(platform: Platform) -> str:
    """A server on a volume is changed and backed up while it is written to; its newest backup comes back on a new volume, with every run that was there when it began."""
    kube = platform.kube
    platform.machines.free(kube)
    keys(platform)
    tracking = {
        "enabled": True,
        "auth": {"apiKeysSecretName": "tracking-keys"},
        "allowedHosts": ["10.96.*"],
        "volume": {"size": "1Gi"},
        "backup": {"enabled": True, "volume": {"size": "1Gi"}},
    }
    network = {"tracking": {"cidrs": ["10.250.0.0/16"]}}
    try:
        platform.helm(*flags(tracking, network))
        writes = written_while_it_changes(platform, tracking, network)
        at = address(platform)
        experiment = call(at, "experiments/create", {"name": "drill"})["experiment_id"]
        kept = [new_run(at, experiment, number) for number in range(100)]
        content = secrets.token_bytes(1 << 20)
        path = f"mlflow-artifacts/artifacts/{experiment}/{kept[0]}/artifacts/a.bin"
        file(at, path, content)
        kube.kubectl("create", "job", "drill", "--from=cronjob/longshore-tracking-backup", namespace=SYSTEM)
        while not (job := kube.get("job", "drill", namespace=SYSTEM)).get("status", {}).get("succeeded"):
            if job.get("status", {}).get("failed"):
                raise Unexpected(f"the backup failed: {kube.kubectl('logs', 'job/drill', namespace=SYSTEM).stdout[-800:]}")
            new_run(at, experiment, -1)
        begun = time.monotonic()
        path_of_tools = os.pathsep.join({os.path.dirname(kube.kubectl_path), os.environ["PATH"]})
        done = subprocess.run([RESTORE], env=kube.env | {"PATH": path_of_tools}, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise Unexpected(f"the guide's commands failed: {done.stderr[-1500:]}")
        tracking["volume"]["existingClaim"] = "longshore-tracking-restored"
        platform.helm(*flags(tracking, network))
        took = time.monotonic() - begun
        found = call(at, "runs/search", {"experiment_ids": [experiment], "max_results": 1000, "filter": "metrics.m >= 0"})["runs"]
        lost = set(kept) - {run["info"]["run_id"] for run in found}
        if lost or file(at, path) != content:
            raise Unexpected(f"{len(lost)} of {len(kept)} runs are not in the restored server, or its artifact is another")
    finally:
        platform.helm("--set", "tracking.enabled=false")
        claims = ["longshore-tracking", "longshore-tracking-restored", "longshore-tracking-backups"]
        kube.kubectl("delete", "job/drill", "job/restore", *(f"pvc/{name}" for name in claims), "--ignore-not-found", "--wait=false", namespace=SYSTEM)
    return f"{len(kept)} runs and their artifact are back {took:.1f} s after the server was stopped; {writes}"


def new_run(at: str, experiment: str, value: float) -> str:
    run = call(at, "runs/create", {"experiment_id": experiment, "start_time": 1})["run"]["info"]["run_id"]
    call(at, "runs/log-batch", {"run_id": run, "metrics": [{"key": "m", "value": value, "timestamp": 1, "step": 0}]})
    return run


def file(at: str, path: str, content: bytes | None = None) -> bytes:
    """A file of the artifact proxy, which is written first when there is something to write."""
    request = urllib.request.Request(f"{at}/api/2.0/{path}", content, {"authorization": f"Bearer {KEY}"}, method="PUT" if content else "GET")
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read()
