"""What a pod of one tenant may not do to others."""

from __future__ import annotations

import contextlib
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from suite.kube import Unexpected
from suite.registry import check

from .cluster import CHART, SYSTEM, Platform

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
    """A pod of a tenant announces no replica but itself, reads no model of another, reaches no port of the roles, and changes nothing of others."""
    namespace, victim = platform.namespace("platform-hostile"), platform.namespace("platform-victim")
    guard(platform, victim)
    platform.kube.apply(platform.service(victim, "iris"))
    platform.ready(victim, "iris")
    service = platform.kube.items("services", "-l", "longshore.dev/revision", namespace=victim)[0]
    revision = service["metadata"]["labels"]["longshore.dev/revision"]
    # One pretends to be a replica in its own namespace. One is put beside the replicas by somebody who may make pods there:
    # its Service would take it if it were ready, and so it may speak for itself, but for nobody else.
    labels = {"serving.kserve.io/inferenceservice": "iris", "longshore.dev/revision": revision, "component": "predictor"}
    made = [(namespace, "plain", {}), (namespace, "pretender", labels), (victim, "twin", labels)]
    platform.kube.apply(*(intruder(platform, *one) for one in made))
    for where, name, _ in made:
        platform.kube.kubectl("wait", "--for=jsonpath={.status.phase}=Running", f"pod/{name}", "--timeout=60s", namespace=where)
    refused = [*announcing(platform, namespace, victim, revision), *reaching(platform, namespace, victim), *changing(platform, namespace, victim)]
    wrong = {version for version in (platform.predict(victim, "iris")[0] for _ in range(100)) if version != "v1"}
    if wrong:
        raise Unexpected(f"somebody else has answered for the victim: {wrong}")
    return f"{len(refused)} attempts came to nothing: {'; '.join(refused)}"


def guard(platform: Platform, namespace: str) -> None:
    """The NetworkPolicies that the chart makes for a tenant, whose models are fetched from the bucket."""
    tenant = {"name": namespace, "networkPolicy": {"enabled": True, "egress": {"cidrs": [f"{platform.host}/32"]}}}
    values = ["--set-json", f"tenants={json.dumps([tenant])}", "--show-only", "templates/tenants.yaml"]
    made = platform.kube.helm("template", "longshore", str(CHART), *platform.values, *values, namespace=SYSTEM).stdout
    platform.kube.kubectl("apply", "-f", "-", stdin=made)


def intruder(platform: Platform, namespace: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {"name": "x", "image": platform.image, "args": ["serve", "example://wine"], "securityContext": security}
    container["readinessProbe"] = {"httpGet": {"path": "/never", "port": 8080}}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def announcing(platform: Platform, namespace: str, victim: str, revision: str) -> list[str]:
    """False announcements with the tokens of the hostile pods themselves."""
    gateway = platform.pods_of("gateway")[0]["status"]["podIP"]
    address = {name: platform.kube.get("pod", name, namespace=where)["status"]["podIP"] for where, name in ((namespace, "plain"), (namespace, "pretender"), (victim, "twin"))}
    mine = platform.kube.pods(victim, "serving.kserve.io/inferenceservice=iris,app")[0]["status"]["podIP"]

    def token(where: str, pod: str | None, audience: str = "longshore-gateway") -> str:
        bound = ["--bound-object-kind=Pod", f"--bound-object-name={pod}"] if pod else []
        return platform.kube.kubectl("create", "token", "default", f"--audience={audience}", *bound, namespace=where).stdout.strip()

    def announce(bearer: str | None, name: str, at: str) -> int:
        connection = http.client.HTTPConnection(gateway, 9092, timeout=10)
        with contextlib.closing(connection):
            headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
            connection.request("POST", "/announce", json.dumps({"revision": name, "address": at}), headers)
            return connection.getresponse().status

    attempts = [
        ("an announcement without a token", 401, None, revision, address["plain"]),
        ("a forged token", 401, "e30.e30.e30", revision, address["plain"]),
        ("a token for the Kubernetes API", 401, token(namespace, "plain", "https://kubernetes.default.svc"), revision, address["plain"]),
        ("a token of an account instead of a pod", 403, token(namespace, None), revision, address["plain"]),
        ("a pod of another namespace for the victim's revision", 403, token(namespace, "plain"), revision, address["plain"]),
        ("one with stolen labels, in its own namespace", 404, token(namespace, "pretender"), revision, address["pretender"]),
        ("one with stolen labels, at the address of the victim's replica", 403, token(namespace, "pretender"), revision, mine),
        ("one beside the victim's replicas, at another pod's address", 403, token(victim, "twin"), revision, address["plain"]),
        ("the same, for another revision", 403, token(victim, "twin"), f"{revision[:-1]}x", address["twin"]),
    ]
    for what, status, bearer, name, at in attempts:
        if (said := announce(bearer, name, at)) != status:
            raise Unexpected(f"{what}: {said} instead of {status}")
    # who asks too often is not heard any more, however good the token
    said = [announce("e30.e30.e30", revision, address["plain"]) for _ in range(20)]
    if said[-1] != 429:
        raise Unexpected(f"{len(attempts) + len(said)} announcements in a row: {said}")
    return [f"{what} ({status})" for what, status, *_ in attempts] + ["a flood of announcements (429)"]


def reaching(platform: Platform, namespace: str, victim: str) -> list[str]:
    """Ports of the roles and of another tenant's model."""
    gateway, operator = (platform.pods_of(role)[0]["status"]["podIP"] for role in ("gateway", "operator"))
    model = platform.kube.pods(victim, "serving.kserve.io/inferenceservice=iris,app")[0]["status"]["podIP"]
    pools = [pod["status"]["podIP"] for pod in platform.kube.pods(victim, "app.kubernetes.io/component=pool") if "podIP" in pod["status"]]

    def reaches(pod: str, url: str) -> bool:
        command = ["exec", pod, "--", "/usr/bin/longshore", "bench", url, "--connections", "1", "--rate", "5", "--duration", "1", "--timeout", "1", "--json"]
        said = platform.kube.kubectl(*command, namespace=namespace, check=False).stdout
        report = json.loads(said)
        return report["ok"] > 0 or any(kind.startswith("status") for kind in report.get("failures", {}))

    for what, url in (("the gateway", f"http://{gateway}:8080/x"), ("the port for announcements", f"http://{gateway}:9092/x")):
        if not reaches("plain", url):
            raise Unexpected(f"the probe is blind: {what} cannot be reached either")
    attempts = [
        ("the operator", f"http://{operator}:8080/metrics"),
        ("the peers' port", f"http://{gateway}:9091/load"),
        ("the gateway's metrics", f"http://{gateway}:9090/metrics"),
        ("another tenant's model past the gateway", f"http://{model}:8080/v1/models/iris"),
        *(("another tenant's warm pool", f"http://{pool}:8080/v2/repository/index") for pool in pools),
    ]
    cases = [(pod, what, url) for pod in ("plain", "pretender") for what, url in attempts]
    with ThreadPoolExecutor(4) as pool:
        open_to = [f"{what} to `{pod}`" for (pod, what, _), yes in zip(cases, pool.map(lambda case: reaches(case[0], case[2]), cases), strict=True) if yes]
    if open_to:
        raise Unexpected(f"reachable: {', '.join(open_to)}")
    return [f"{what} ({len(cases) // len(attempts)} pods)" for what, _ in attempts]


def changing(platform: Platform, namespace: str, victim: str) -> list[str]:
    """What is not its own, and the disk of the node, on which models are kept."""
    account = f"--as=system:serviceaccount:{namespace}:default"
    attempts = [
        ("to change the victim's InferenceService", victim, "patch", "inferenceservice/iris", "--type=merge", "-p", '{"spec":{"predictor":{"minReplicas":0}}}'),
        ("to write its status", victim, "patch", "inferenceservice/iris", "--subresource=status", "--type=merge", "-p", '{"status":{"url":"http://x"}}'),
        ("to delete it", victim, "delete", "inferenceservice/iris"),
        ("to scale its revision", victim, "scale", "deployment", "--all", "--replicas=0"),
        ("to read the keys of its bucket", victim, "get", "secret/bucket"),
        ("to run something in its replica", victim, "exec", "twin", "--", "/usr/bin/longshore", "--version"),
        ("to change a runtime of all", None, "patch", "clusterservingruntime/longshore", "--type=merge", "-p", '{"spec":{"disabled":true}}'),
        ("to change the gateway", SYSTEM, "patch", "deployment/longshore-gateway", "--type=merge", "-p", '{"spec":{"replicas":0}}'),
        ("to lead as the operator", SYSTEM, "patch", "lease/longshore-operator", "--type=merge", "-p", '{"spec":{"holderIdentity":"me"}}'),
    ]
    for what, where, *command in attempts:
        done = platform.kube.kubectl(*command[:1], account, *command[1:], namespace=where, check=False)
        if done.returncode == 0 or "forbidden" not in done.stderr.lower():
            raise Unexpected(f"a tenant's account may try {what}: {(done.stdout + done.stderr)[:300]}")
    disk = intruder(platform, namespace, "disk", {})
    disk["spec"]["volumes"] = [{"name": "node", "hostPath": {"path": "/var/lib/kubelet/pods"}}]
    said = platform.kube.apply(disk, check=False).stderr
    if "violates PodSecurity" not in said:
        raise Unexpected(f"a pod may mount the folders of other pods: {said[:300]}")
    return [what for what, *_ in attempts] + ["to mount what other pods have on the node's disk"]
