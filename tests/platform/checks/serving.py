"""The first things that people do: install, serve, ask."""

from __future__ import annotations

import datetime
import json
import subprocess
import time

from suite.kube import Unexpected, name_of, until
from suite.registry import check

from .cluster import DOMAIN, SYSTEM, Platform, lossless, quantile

# As a starting document of the project has it: KServe's legacy form, scaling from zero by concurrency.
MANIFEST = """
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
  namespace: {namespace}
spec:
  predictor:
    minReplicas: {fewest}
    maxReplicas: 10
    scaleTarget: 5
    scaleMetric: concurrency
    {form}
"""
# Seconds from asleep to answered, p50, measured on the same cluster.
KNATIVE = 1.24
SKLEARN = "sklearn: {storageUri: s3://models/iris/v1}"
MLFLOW = "model: {modelFormat: {name: mlflow}, storageUri: s3://models/mlflow}"


@check
def manifests_as_they_are(platform: Platform) -> str:
    """`kubectl apply` of the legacy form and of mlflow without a protocol: ready, and asked in V1, V2 and by `/invocations`."""
    namespace = platform.namespace("platform-serving")
    for name, form in (("iris", SKLEARN), ("flow", MLFLOW)):
        platform.kube.kubectl("apply", "-f", "-", stdin=MANIFEST.format(name=name, namespace=namespace, fewest=1, form=form))
    seconds = {name: platform.ready(namespace, name) for name in ("iris", "flow")}
    known = platform.known()
    rows, wanted = known["rows"], known["answers"]["v1"]
    said = {}
    for name in ("iris", "flow"):
        host = f"{name}.{namespace}.{DOMAIN}"
        v2 = {"inputs": [{"name": "input-0", "shape": [3, 4], "datatype": "FP64", "data": [value for row in rows for value in row]}]}
        asked = {
            "V1": (f"/v1/models/{name}:predict", {"instances": rows}, lambda a: a["predictions"]),
            "V2": (f"/v2/models/{name}/infer", v2, lambda a: a["outputs"][0]["data"]),
            "/invocations": ("/invocations", {"inputs": rows}, lambda a: a["predictions"]),
        }
        for how, (path, body, read) in asked.items():
            status, answer, _ = platform.ask(platform.gateway_address, host, path, body)
            if status != 200 or read(answer) != wanted:
                raise Unexpected(f"{name} by {how}: {status} {str(answer)[:300]}, the library says {wanted}")
        said[name] = platform.get(namespace, name)["status"]["url"]
        if said[name] != f"http://{host}":
            raise Unexpected(f"the URL of `{name}` is {said[name]}")
    return f"ready after {seconds['iris']:.1f} s (sklearn), {seconds['flow']:.1f} s (mlflow); V1, V2 and /invocations answer as the libraries do at {said['iris']}"


@check
def names_inside_the_cluster(platform: Platform) -> str:
    """A pod of another namespace asks `http://NAME.NAMESPACE` by the Service that the operator made."""
    namespace, other = platform.namespace("platform-inside"), platform.namespace("platform-asking")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    seen = {}
    for host in (f"iris.{namespace}", f"iris.{namespace}.svc.cluster.local", f"iris-predictor.{namespace}.svc"):
        args = ["smoke-test", f"http://{host}", "--model=iris", "--wait=20"]
        security = '{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}}'
        pod = {"spec": {"containers": [{"name": "ask", "image": platform.image, "args": args, "securityContext": json.loads(security)}]}}
        name = host.replace(".", "-")
        command = ["run", name, f"--image={platform.image}", "--restart=Never", f"--overrides={json.dumps(pod)}"]
        platform.kube.kubectl(*command, namespace=other)
        phase = until(
            f"the end of the pod that asks `{host}`",
            lambda name=name: (p := platform.kube.get("pod", name, namespace=other)["status"]["phase"]) in ("Succeeded", "Failed") and p,
            60,
        )
        log = platform.kube.kubectl("logs", name, namespace=other).stdout
        if phase != "Succeeded":
            raise Unexpected(f"`smoke-test http://{host}`: {log[-800:]}")
        seen[host] = log.count("PASS ")
    return f"{len(seen)} names answer; questions of the smoke test that hold: {sorted(seen.values())}"


@check
def the_python_sdk(platform: Platform) -> str:
    """KServe's own Python SDK creates, waits, predicts by REST and gRPC, patches a canary and deletes."""
    namespace = platform.namespace("platform-sdk")
    script = platform.folder / "answers.json"
    command = [platform.python, str(__file__).replace("serving.py", "../sdk.py"), namespace, platform.gateway_address, DOMAIN, script]
    done = subprocess.run(command, capture_output=True, text=True, env=platform.kube.env, timeout=180)
    if done.returncode:
        raise Unexpected(f"the SDK ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout.strip().splitlines()[-1]


@check
def wakes_from_zero(platform: Platform) -> str:
    """Sleeping services are answered by pods of their own, 20 times in all; the first request never meets a model that is not loaded."""
    namespace = platform.namespace("platform-waking")
    names = [f"iris-{number}" for number in range(5)]
    for name in names:
        service = platform.service(namespace, name, minReplicas=0, maxReplicas=3)
        service["metadata"]["annotations"] = {
            "longshore.dev/warm-pool": "false",
            "autoscaling.knative.dev/window": "6s",
            "autoscaling.knative.dev/scale-to-zero-pod-retention-period": "0s",
        }
        platform.kube.apply(service)
    for name in names:
        platform.ready(namespace, name)
    begun = time.monotonic()
    platform.asleep(namespace, names[0], 120)
    idle = time.monotonic() - begun
    answered, asked, started = [], [], []
    for _ in range(4):
        revisions = [item["metadata"]["name"] for item in platform.kube.items("deployments", namespace=namespace)]
        platform.kube.kubectl("scale", *(f"deployment/{name}" for name in revisions), "--replicas=0", namespace=namespace)
        # not one of the last round is on its way out either, which would take from the time of the next
        until("all pods gone", lambda: not platform.kube.items("pods", namespace=namespace), 60, 0.5)
        for name in names:
            sent = time.time()
            answered.append(platform.predict(namespace, name)[1])
            asked.append(max(written(platform, SYSTEM, name_of(gateway), f'"{name}-predictor') for gateway in platform.pods_of("gateway")) - sent)
            replica = platform.kube.pods(namespace, f"serving.kserve.io/inferenceservice={name}")[0]
            # it may have answered before the API server knows that it runs
            log = until(f"the log of `{name_of(replica)}`", lambda pod=name_of(replica): written(platform, namespace, pod), 20)
            started.append(log - sent)
    p50 = quantile(answered, 0.5)
    if p50 >= KNATIVE:
        raise Unexpected(f"p50 {p50 * 1e3:.0f} ms is no better than Knative's {KNATIVE * 1e3:.0f} ms: {[round(it, 2) for it in answered]}")
    return (
        f"asleep {idle:.0f} s after it was ready; answered after p50 {p50 * 1e3:.0f} ms, p99 {quantile(answered, 0.99) * 1e3:.0f} ms "
        f"(n={len(answered)}; Knative 1240 ms p50, 1804 ms max), 0 failed; of it p50 {quantile(asked, 0.5) * 1e3:.0f} ms until a replica was asked for, "
        f"{quantile(started, 0.5) * 1e3:.0f} ms until its process began"
    )


def written(platform: Platform, namespace: str, pod: str, about: str = "") -> float:
    """When the first line of a pod's log was written, or the last one that has these words, in seconds since 1970; 0 without one."""
    lines = platform.kube.kubectl("logs", pod, "--timestamps", namespace=namespace).stdout.splitlines()
    times = [line.split(" ", 1)[0] for line in lines if about in line]
    return datetime.datetime.fromisoformat(times[-1 if about else 0]).timestamp() if times else 0.0


@check
def wakes_under_load(platform: Platform) -> str:
    """100 requests a second meet a sleeping service: all are answered."""
    namespace = platform.namespace("platform-burst")
    service = platform.service(namespace, "iris", minReplicas=0, maxReplicas=3)
    service["metadata"]["annotations"] = {"autoscaling.knative.dev/window": "6s", "longshore.dev/warm-pool": "false"}
    platform.kube.apply(service)
    platform.ready(namespace, "iris")
    platform.asleep(namespace, "iris", 120)
    with platform.load(namespace, "iris", rate=100, expect="v1") as report:
        time.sleep(8)
    return lossless(report)


