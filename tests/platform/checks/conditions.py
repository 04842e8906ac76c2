"""What the conditions say of a service that cannot run, and that nothing changes by itself."""

from __future__ import annotations

import json
import time
from typing import Any

from suite.kube import Unexpected, until
from suite.registry import check

from .cluster import Platform, condition

MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "example://wine"}
# nothing listens there, which a node knows at once, without DNS
NOWHERE = "127.0.0.1:9/none:1"

# What is wrong with a predictor, and pieces of what its condition says. None of them is wrong by itself: `kubectl apply` takes it.
TROUBLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no-account": ({"serviceAccountName": "nobody"}, ['serviceaccount "nobody" not found', "correct `serviceAccountName`"]),
    "no-priority": ({"priorityClassName": "nothing"}, ["no PriorityClass with name nothing", "correct `priorityClassName`"]),
    "no-variable": ({"model": {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "none", "key": "a"}}}]}}, ['secret "none" not found']),
    "no-volume": (
        {"volumes": [{"name": "keys", "secret": {"secretName": "none"}}], "model": {"volumeMounts": [{"name": "keys", "mountPath": "/keys"}]}},
        ["the pod waits for its volumes: see that the Secret `none` can be mounted"],
    ),
    "no-claim": ({"model": {"storageUri": "pvc://none/iris"}}, ['persistentvolumeclaim "none" not found', "make the claim"]),
    "no-node": ({"nodeSelector": {"disk": "none"}}, ["the pod waits for a node", "correct `nodeSelector` and `affinity`"]),
    "no-room": ({"model": {"resources": {"requests": {"cpu": "1000"}, "limits": {"cpu": "1000"}}}}, ["Insufficient cpu", "ask for less in `resources`"]),
    "no-image": ({"model": {"image": NOWHERE}}, [f"the image `{NOWHERE}`", "cannot be pulled", "`imagePullSecrets`"]),
    "no-rights": ({"model": None, "containers": [{"name": "kserve-container", "image": NOWHERE}]}, ["violates PodSecurity", "`securityContext`"]),
    "no-runtime": ({"model": {"runtime": "longshor"}}, ["there is no runtime `longshor`; did you mean `longshore`?"]),
    "no-format": ({"model": None, "tensorflow": {"storageUri": "gs://models/flowers"}}, ["`kserve-tensorflow-serving`"]),
    "no-bucket": ({"model": {"storageUri": "s3://none/iris"}}, ["failed to fetch `s3://none/iris`"]),
    "no-mount": ({"model": {"volumeMounts": [{"name": "none", "mountPath": "/a"}]}}, ["volumeMounts", 'Not found: "none"']),
}  # fmt: skip


def service(namespace: str, name: str, predictor: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in predictor.items() if key != "model"}
    model = predictor.get("model", {})
    spec = {"predictor": rest | ({} if model is None else {"model": MODEL | model})}
    return {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def said(found: dict[str, Any]) -> str:
    ready = [it for it in found.get("status", {}).get("conditions", []) if it["type"] == "Ready" and it["status"] != "True"]
    return ready[0].get("message", "") if ready else ""


@check
def conditions_say_what_to_do(platform: Platform) -> str:
    """Services that lack something say in their condition what, and what to write; quotas and limits too. Their namespaces go quickly."""
    namespace = platform.namespace("platform-conditions")
    begun = time.monotonic()
    services = [service(namespace, name, predictor) for name, (predictor, _) in TROUBLES.items()]
    # what is written down from a cluster with KServe brings its finalizer along
    services[0]["metadata"]["finalizers"] = ["inferenceservice.finalizers"]
    platform.kube.apply(*services)
    missing, seconds = dict(TROUBLES), {}

    def is_told() -> bool:
        for found in platform.kube.items("inferenceservices", namespace=namespace):
            name = found["metadata"]["name"]
            if name in missing and all(words in said(found) for words in missing[name][1]):
                seconds[name] = time.monotonic() - begun
                del missing[name]
        return not missing

    try:
        until("every condition", is_told, 90, 0.5)
    except Unexpected as error:
        found = platform.kube.items("inferenceservices", namespace=namespace)
        told = {it["metadata"]["name"]: said(it) for it in found if it["metadata"]["name"] in missing}
        raise Unexpected(f"conditions do not say what is wrong: {json.dumps(told)[:3000]}") from error
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": namespace}, "spec": {"hard": {"pods": "1"}}}
    platform.kube.apply(quota)
    platform.kube.apply(service(namespace, "no-quota", {}))
    told = until("the quota's condition", lambda: said(platform.get(namespace, "no-quota")) if "exceeded quota" in said(platform.get(namespace, "no-quota")) else "", 20)
    if "have the quota raised" not in told:
        raise Unexpected(f"the condition says of a quota: {told}")
    begun = time.monotonic()
    platform.kube.kubectl("delete", "inferenceservices", "--all", "--timeout=60s", namespace=namespace)
    gone = time.monotonic() - begun
    until("no Deployment", lambda: not platform.kube.items("deployments", namespace=namespace), 30)
    last = max(seconds, key=lambda name: seconds[name])
    return f"{len(seconds) + 1} conditions, the last one (`{last}`) after {seconds[last]:.1f} s; the services were gone after {gone:.1f} s"


@check
def nothing_changes_by_itself(platform: Platform) -> str:
    """A service that is ready stays as it is: its object, its Deployment and what was written of it, whatever its neighbour does."""
    namespace = platform.namespace("platform-quiet")
    manifest = service(namespace, "quiet", {"minReplicas": 1})
    platform.kube.apply(manifest, service(namespace, "neighbour", {"model": {"storageUri": "example://none"}}))
    platform.kube.kubectl("wait", "--for=condition=Ready", "inferenceservice/quiet", "--timeout=60s", namespace=namespace)
    until("the neighbour's failure", lambda: said(platform.get(namespace, "neighbour")), 30)
    columns = platform.kube.kubectl("get", "isvc", "quiet", namespace=namespace).stdout.splitlines()
    if columns[0].split() != ["NAME", "URL", "READY", "PREV", "LATEST", "PREVROLLEDOUTREVISION", "LATESTREADYREVISION", "AGE"]:
        raise Unexpected(f"`kubectl get isvc` shows {columns}")
    before = platform.get(namespace, "quiet")
    if before["spec"] != manifest["spec"]:
        raise Unexpected(f"something was written into the manifest: {json.dumps(before['spec'])}")
    if platform.kube.kubectl("diff", "-f", "-", namespace=namespace, stdin=json.dumps(manifest), check=False).returncode:
        raise Unexpected("`kubectl diff` shows a difference")
    versions = lambda: {  # noqa: E731
        "service": platform.get(namespace, "quiet")["metadata"]["resourceVersion"],
        **{it["metadata"]["name"]: it["metadata"]["generation"] for it in platform.kube.items("deployments", namespace=namespace)},
    }
    first = versions()
    platform.kube.apply(manifest)
    time.sleep(12)
    if (then := versions()) != first:
        raise Unexpected(f"something changed by itself: {first}, and then {then}")
    # what Argo CD writes down for itself is no change of the service, and stays
    tracking = {"argocd.argoproj.io/tracking-id": "models:serving.kserve.io/InferenceService:quiet"}
    words = [f"{key}={value}" for key, value in tracking.items()]
    platform.kube.kubectl("annotate", "inferenceservice/quiet", *words, "--field-manager=another", namespace=namespace)
    time.sleep(3)
    after, then = platform.get(namespace, "quiet"), versions()
    is_same = {**then, "service": first["service"]} == first and after["spec"] == manifest["spec"]
    if not is_same or condition(after, "Ready") != "True" or after["metadata"].get("annotations") != tracking:
        raise Unexpected(f"another manager's annotation changed the service: {first}, and then {then}: {json.dumps(after)[:1500]}")
    return f"resourceVersion {first['service']} for 12 s beside a failing neighbour, applied twice; no drift, and another manager's annotation stays"
