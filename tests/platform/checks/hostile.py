"""What a pod of one tenant may not do to others."""

from __future__ import annotations

import json

from suite.kube import Unexpected
from suite.registry import check

from .cluster import SYSTEM, Platform

RIGHTS = [
    ("get", "inferenceservices.serving.kserve.io"),
    ("patch", "inferenceservices.serving.kserve.io"),
    ("get", "secrets"),
    ("update", "deployments.apps/scale"),
    ("get", "pods"),
]
# What the roles' own accounts may not do anywhere.
NEVER = [
    ("gateway", "get", "secrets"),
    ("gateway", "list", "secrets"),
    ("gateway", "patch", "deployments.apps"),
    ("gateway", "update", "inferenceservices.serving.kserve.io/status"),
    ("gateway", "create", "pods"),
    ("operator", "list", "secrets"),
    ("operator", "watch", "secrets"),
    ("operator", "create", "pods"),
    ("operator", "get", "configmaps"),
    ("operator", "create", "clusterroles.rbac.authorization.k8s.io"),
    ("operator", "delete", "customresourcedefinitions.apiextensions.k8s.io"),
]


def may(platform: Platform, account: str, namespace: str, verb: str, what: str) -> bool:
    resource, _, part = what.partition("/")
    command = ["auth", "can-i", verb, resource, f"--as=system:serviceaccount:{account}"]
    command += [f"--subresource={part}"] if part else []
    return platform.kube.kubectl(*command, namespace=namespace, check=False).stdout.strip() == "yes"


@check
def rights(platform: Platform) -> str:
    """No account of a tenant may touch another's objects; neither role may do what it does not need."""
    mine, theirs = platform.namespace("platform-mine"), platform.namespace("platform-theirs")
    allowed = [f"a tenant may {verb} {what} of another" for verb, what in RIGHTS if may(platform, f"{mine}:default", theirs, verb, what)]
    allowed += [f"the {role} may {verb} {what}" for role, verb, what in NEVER if may(platform, f"{SYSTEM}:longshore-{role}", theirs, verb, what)]
    needed = [("gateway", "update", "deployments.apps/scale"), ("operator", "get", "secrets"), ("operator", "patch", "deployments.apps")]
    allowed += [f"the {r} may not {v} {w}" for r, v, w in needed if not may(platform, f"{SYSTEM}:longshore-{r}", theirs, v, w)]
    if allowed:
        raise Unexpected("; ".join(allowed))
    return f"{len(RIGHTS)} rights of a tenant and {len(NEVER)} of the roles are not there"


@check
def the_gateway_only_wakes(platform: Platform) -> str:
    """The gateway's account may scale a revision from 0 to 1 and nothing else, which admission holds it to."""
    namespace = platform.namespace("platform-scale")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    revision = platform.kube.items("deployments", "-l", "longshore.dev/revision", namespace=namespace)[0]["metadata"]["name"]
    container = {"name": "x", "image": platform.image, "args": ["serve", "example://wine"]}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container]}}}
    platform.kube.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other", "namespace": namespace}, "spec": spec})

    def scale(name: str, replicas: int) -> str:
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
        found = json.loads(platform.kube.raw(path))
        found["spec"]["replicas"] = replicas
        done = platform.kube.kubectl("replace", "--raw", path, "-f", "-", f"--as=system:serviceaccount:{SYSTEM}:longshore-gateway", stdin=json.dumps(found), check=False)
        return done.stderr if done.returncode else ""

    for name, replicas, says in ((revision, 5, "scales from 0 to 1"), (revision, 0, "scales from 0 to 1"), ("other", 1, "no other Deployment")):
        if says not in (said := scale(name, replicas)):
            raise Unexpected(f"scaling `{name}` to {replicas}: {said or 'it may'}")
    return "up to 5, down to 0 and another Deployment are refused"


@check
def a_hostile_pod(platform: Platform) -> str:
    """A pod of a tenant cannot reach the operator, nor the peers' port, nor the gateways' metrics."""
    namespace, victim = platform.namespace("platform-hostile"), platform.namespace("platform-victim")
    platform.kube.apply(platform.service(victim, "iris"))
    platform.ready(victim, "iris")
    service = platform.kube.items("services", "-l", "longshore.dev/revision", namespace=victim)[0]
    revision = service["metadata"]["labels"]["longshore.dev/revision"]
    gateway, operator = (platform.pods_of(role)[0]["status"]["podIP"] for role in ("gateway", "operator"))
    # pretends to be a model's pod, which the peers' port is open to
    labels = {"serving.kserve.io/inferenceservice": "iris", "longshore.dev/revision": revision, "component": "predictor"}
    source = {"serviceAccountToken": {"path": "token", "audience": "longshore-gateway", "expirationSeconds": 600}}
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    mount = {"name": "token", "mountPath": "/token"}
    for name, its in (("plain", {}), ("pretender", labels)):
        container = {"name": "x", "image": platform.image, "args": ["serve", "example://wine"], "securityContext": security, "volumeMounts": [mount]}
        spec = {"containers": [container], "volumes": [{"name": "token", "projected": {"sources": [source]}}]}
        platform.kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": its}, "spec": spec})
        platform.kube.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s", namespace=namespace)

    def reaches(pod: str, url: str) -> bool:
        command = ["exec", pod, "--", "/usr/bin/longshore", "bench", url, "--connections", "1", "--rate", "5", "--duration", "1", "--timeout", "1", "--json"]
        said = platform.kube.kubectl(*command, namespace=namespace, check=False).stdout
        report = json.loads(said)
        return report["ok"] > 0 or any(kind.startswith("status") for kind in report.get("failures", {}))

    if not reaches("plain", f"http://{gateway}:8080/x"):
        raise Unexpected("the probe is blind: the gateway's own port cannot be reached either")
    open_to = [what for what, pod, url in (
        ("the operator to a tenant's pod", "plain", f"http://{operator}:8080/metrics"),
        ("the peers' port to a tenant's pod", "plain", f"http://{gateway}:9091/load"),
        ("the gateway's metrics to a tenant's pod", "plain", f"http://{gateway}:9090/metrics"),
        ("the operator to a model's pod", "pretender", f"http://{operator}:8080/metrics"),
    ) if reaches(pod, url)]  # fmt: skip
    if open_to:
        raise Unexpected(f"reachable: {', '.join(open_to)}")
    return "the operator, the peers' port and the metrics are out of reach of a tenant's pod"


