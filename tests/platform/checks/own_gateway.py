"""A gateway of a check's own: the chart's, rendered with other values, in another namespace, beside the release."""

from __future__ import annotations

import json
from typing import Any

import yaml

from suite.kube import Unexpected, is_ready, name_of, until

from .cluster import CHART, Platform

KINDS = ("ServiceAccount", "Deployment")


def gateway(platform: Platform, namespace: str, values: dict[str, Any], pod: dict[str, Any] | None = None, *, wait: bool = True) -> dict[str, Any]:
    """Starts one pod of the chart's gateway with these values of the chart; `pod` is put over its spec. Gives the pod."""
    repository, _, tag = platform.image.rpartition(":")
    given = {"image": {"repository": repository, "tag": tag}, "gateway": {"replicas": 1} | values}
    file = platform.folder / f"{namespace}-values.json"
    file.write_text(json.dumps(given))
    text = platform.kube.helm("template", "longshore", str(CHART), "--values", str(file), namespace=namespace).stdout
    objects = [it for it in yaml.safe_load_all(text) if it and it["kind"] in KINDS and name_of(it) == "longshore-gateway"]
    if len(objects) != len(KINDS):
        raise Unexpected(f"the chart gives {[(it['kind'], name_of(it)) for it in objects]}")
    for it in objects:
        if it["kind"] == "Deployment":
            it["spec"]["template"]["spec"] |= pod or {}
    platform.kube.apply(*objects, *rights(namespace))
    selector = "app.kubernetes.io/component=gateway"
    found = lambda: [it for it in platform.kube.pods(namespace, selector) if it["status"].get("podIP") and (is_ready(it) or not wait)]  # noqa: E731
    return until("a gateway of its own", found, 60, 0.05)[0]


def rights(namespace: str) -> list[dict[str, Any]]:
    """The rights of the release's gateways, for this one's account."""
    subject = {"kind": "ServiceAccount", "name": "longshore-gateway", "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    role = lambda name: {"apiGroup": group, "kind": "ClusterRole", "name": name}  # noqa: E731
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": f"{name}-{namespace}"}, "roleRef": role(name), "subjects": [subject]}
        for name in ("longshore-gateway", "longshore-gateway-tenants")
    ]


def without_rights(platform: Platform, namespace: str) -> None:
    """Takes away what outlives the namespace."""
    for it in rights(namespace):
        platform.kube.kubectl("delete", "clusterrolebinding", name_of(it), "--ignore-not-found", check=False)
