"""What the cluster must refuse, and what it must let in."""

from __future__ import annotations

import json
import time

from .context import Context
from .golden import CLASSIFICATION, RECRUITMENT
from .kube import Skip, Unexpected, is_ready, name_of, until
from .registry import check


@check
def disruption_budget_refuses_a_second_eviction(context: Context) -> str:
    """One pod may be evicted, the next not before the first is replaced."""
    release = context.release(CLASSIFICATION, context.namespace()).install()
    release.complete()
    kube, namespace = context.kube, release.namespace
    budget = lambda: kube.get("pdb", release.name, namespace=namespace)["status"]
    until("the budget's first count", lambda: budget().get("disruptionsAllowed") == 1, 30)

    def evict(pod: str) -> str:
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        return kube.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body), check=False).stderr

    first, second = [name_of(pod) for pod in release.pods()][:2]
    if refused := evict(first):
        raise Unexpected(f"the first eviction was refused: {refused}")
    refused = evict(second)
    if "disruption budget" not in refused:
        raise Unexpected(f"the second eviction was not refused: {refused or 'it was done'}")
    begun = time.monotonic()
    until("the right to evict again", lambda: budget().get("disruptionsAllowed") == 1, 60)
    return f"second eviction refused, allowed again after {time.monotonic() - begun:.0f} s"


@check
def quota_and_limit_range(context: Context) -> str:
    """The namespace's quota refuses one pod too many; the limit range gives defaults to a container without resources."""
    release = context.release(CLASSIFICATION, context.namespace())
    release.install("--set", "quota.enabled=true", "--set", "limitRange.enabled=true", "--set", "quota.compute.pods=3")
    release.complete()
    kube, namespace = context.kube, release.namespace
    until("the quota's count", lambda: any(q["status"].get("used") for q in kube.items("resourcequota", namespace=namespace)), 30)
    plain = context.pod(namespace, "plain", ["serve", "example://wine"])
    plain["spec"]["containers"][0].pop("resources")
    kube.apply(plain)
    given = kube.get("pod", "plain", namespace=namespace)["spec"]["containers"][0].get("resources", {})
    if not {"cpu", "memory"} <= set(given.get("requests", {})) or "memory" not in given.get("limits", {}):
        raise Unexpected(f"the limit range gave {given}")
    refused = kube.apply(context.pod(namespace, "extra", ["serve", "example://wine"]), check=False).stderr
    if "exceeded quota" not in refused:
        raise Unexpected(f"the fourth pod was not refused: {refused or 'it was made'}")
    return f"fourth pod refused; defaults {given['requests']}"


@check
def restricted_admits_us_only(context: Context) -> str:
    """Pod Security `restricted` admits the chart without a warning and refuses its privileged variant."""
    namespace = context.namespace()
    release = context.release(CLASSIFICATION, namespace)
    done = release.helm("install")
    if "PodSecurity" in done.stderr:
        raise Unexpected(f"the install was warned of: {done.stderr}")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "variant", "namespace": namespace}}
    pod["spec"] = json.loads(json.dumps(release.deployment["spec"]["template"]["spec"]))
    for what, change in {
        "privileged": {"privileged": True, "allowPrivilegeEscalation": True},
        "root": {"runAsUser": 0, "runAsNonRoot": False},
        "capabilities": {"capabilities": {"add": ["NET_ADMIN"]}},
    }.items():
        variant = json.loads(json.dumps(pod))
        variant["spec"]["containers"][0].setdefault("securityContext", {}).update(change)
        refused = context.kube.apply(variant, check=False).stderr
        if "violates PodSecurity" not in refused:
            raise Unexpected(f"the variant `{what}` was not refused: {refused or 'it was made'}")
    return "admitted without a warning; privileged, root and added capabilities refused"


@check
def network_policy_lets_in_whom_it_names(context: Context) -> str:
    """A stranger reaches nothing, a pod of a named namespace the model's port, only the monitoring namespace the metrics."""
    home, away, friend, monitoring = context.namespace(), *(context.namespace(n) for n in ("stranger", "friend", "monitoring"))
    release = context.release(RECRUITMENT, home).install(
        "--set", f"networkPolicy.ingress.namespaces={{{friend}}}", "--set", f"networkPolicy.metrics.namespaces={{{monitoring}}}"
    )
    clients = {
        "stranger": (away, context.client(away)),
        "friend": (friend, context.client(friend)),
        "neighbour": (home, context.client(home)),
        "monitoring": (monitoring, context.client(monitoring)),
    }
    pod = next(p for p in release.pods() if is_ready(p))
    port = next(p["containerPort"] for p in pod["spec"]["containers"][0]["ports"] if p["name"] == "metrics")
    urls = {"model": f"{release.pod_url(pod)}/v2/health/ready", "metrics": f"http://{pod['status']['podIP']}:{port}/metrics"}
    allowed = {("friend", "model"), ("neighbour", "model"), ("monitoring", "metrics")}
    want = {(who, what): (who, what) in allowed for who in clients for what in urls}
    seen = lambda: {(who, what): context.reaches(*clients[who], urls[what]) for who, what in want}
    begun = time.monotonic()
    last = seen()
    while last != want and time.monotonic() - begun < 30:
        last = seen()
    if all(last.values()):
        raise Skip("this cluster does not enforce NetworkPolicies")
    if last != want:
        wrong = {f"{who} → {what}": got for (who, what), got in last.items() if got != want[who, what]}
        raise Unexpected(f"reached: {wrong}; the others as they must be")
    return "stranger: nothing; same namespace and a named one: the model only; monitoring namespace: metrics only"
