"""What is not ready gets no request, and what cannot become ready replaces nothing."""

from __future__ import annotations

import json
import time
import urllib.request

from .context import Context
from .golden import RECRUITMENT
from .kube import Unexpected, is_ready, name_of, names, until
from .lossless import two_replicas
from .registry import check
from .traffic import constant_load


@check
def install_of_a_wrong_model_fails(context: Context) -> str:
    """`helm install --wait` of a model that does not exist fails, and its Service has no ready endpoint."""
    release = context.release(RECRUITMENT, context.namespace())
    begun = time.monotonic()
    failed = release.helm("install", "--set", "model.uri=example://no-such-model", check=False, timeout=10)
    ready = context.kube.ready_pods(release.namespace, release.name)
    if not failed.returncode or ready:
        raise Unexpected(f"`helm install --wait` ended with {failed.returncode}, ready are {sorted(ready)}")
    return f"failed after {time.monotonic() - begun:.0f} s, no endpoint ready"


@check
def wrong_model_is_held(context: Context) -> str:
    """A model that cannot load never gets traffic: `--wait` fails, the old pods go on, a rollback mends it."""
    release = two_replicas(context)
    old = names(release.pods())
    with constant_load(release) as load:
        failed = release.upgrade("--set", "replicaCount=2", "--set", "model.uri=example://no-such-model", check=False, timeout=15)
        if not failed.returncode:
            raise Unexpected("`helm upgrade --wait` to a model that does not exist succeeded")
        ready = context.kube.ready_pods(release.namespace, release.name)
        if ready != old:
            raise Unexpected(f"{sorted(ready)} get traffic, not the old pods {sorted(old)}")
        broken = [pod for pod in release.pods() if name_of(pod) not in old]
        if not broken or any(is_ready(pod) for pod in broken):
            raise Unexpected(f"the new pods are {[name_of(p) for p in broken]}, and one is ready or none is there")
        log = context.kube.kubectl("logs", name_of(broken[0]), namespace=release.namespace, check=False).stdout
        if "no-such-model" not in log:
            raise Unexpected(f"the new pod's log does not name the model: {log[-500:]}")
        release.rollback()
        release.settled()
        if names(release.pods()) != old:
            raise Unexpected("the rollback replaced pods that were right")
        figures = load.lossless()
    return f"held, {len(broken)} pod never ready; {figures}"


@check
def wrong_image_is_held(context: Context) -> str:
    """An image that does not exist stops the rollout with all old pods ready; a rollback mends it."""
    release = two_replicas(context)
    old = names(release.pods())
    with constant_load(release) as load:
        failed = release.upgrade("--set", "replicaCount=2", "--set-string", "image.tag=no-such-tag", check=False, timeout=10)
        if not failed.returncode:
            raise Unexpected("`helm upgrade --wait` to an image that does not exist succeeded")
        status = release.deployment["status"]
        if context.kube.ready_pods(release.namespace, release.name) != old or status.get("availableReplicas") != 2:
            raise Unexpected(f"the old pods do not all serve: {status}")
        release.rollback()
        release.settled()
        figures = load.lossless()
    return figures


@check
def readiness_gates_traffic(context: Context) -> str:
    """A pod that is not ready is in no Service and gets no request, with its container started and its port open."""
    kube = context.kube
    release = two_replicas(context)
    template = release.deployment["spec"]["template"]
    # a third pod of the same labels that never becomes ready
    spec = json.loads(json.dumps(template["spec"]))
    container = spec["containers"][0]
    container["readinessProbe"] = {"httpGet": {"path": "/no-such-path", "port": "http"}, "periodSeconds": 1}
    meta = {"name": "unready", "namespace": release.namespace, "labels": template["metadata"]["labels"]}
    kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    unready = lambda: kube.get("pod", "unready", namespace=release.namespace)
    with constant_load(release, rate=100) as load:
        until("the third pod's start", lambda: unready()["status"].get("containerStatuses", [{}])[0].get("started"), 30)
        time.sleep(5)
        ready = kube.ready_pods(release.namespace, release.name)
        if "unready" in ready or len(ready) != 2:
            raise Unexpected(f"the Service's ready endpoints are {sorted(ready)}")
        port = next(p["containerPort"] for p in container["ports"] if p["name"] == "metrics")
        with release.forward("pod/unready", port) as url, urllib.request.urlopen(f"{url}/metrics", timeout=5) as reply:
            text = reply.read().decode()
        asked = sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("longshore_serve_requests_total{"))
        if asked:
            raise Unexpected(f"a pod that is not ready was asked {asked:.0f} times")
        figures = load.lossless()
    return f"0 requests to the pod that is not ready; {figures}"
