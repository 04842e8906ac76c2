"""The mode `Standard`, KServe's RawDeployment: objects by the names that tools look for, and the same capabilities."""

from __future__ import annotations

from typing import Any

from suite.kube import Unexpected, until
from suite.registry import check

from .cluster import DOMAIN, V1, Platform, lossless

MODE = {"serving.kserve.io/deploymentMode": "Standard"}


def apply(platform: Platform, namespace: str, name: str, version: str = "v1", more: dict[str, str] | None = None, **predictor: Any) -> None:
    service = platform.service(namespace, name, version, **predictor)
    service["metadata"]["annotations"] = MODE | (more or {})
    platform.kube.apply(service)


def answered(platform: Platform, host: str, name: str) -> str:
    known = platform.known()
    status, answer, _ = platform.ask(platform.gateway_address, host, V1.format(name=name), {"instances": known["rows"]})
    for version, labels in known["answers"].items():
        if status == 200 and answer["predictions"] == labels:
            return version
    raise Unexpected(f"`{host}` answered {status} {str(answer)[:300]}")


@check
def standard_mode(platform: Platform) -> str:
    """Hosts, Deployment, Service and HorizontalPodAutoscaler by KServe's names; a fixed number of replicas; a new version under load."""
    namespace = platform.namespace("platform-standard")
    apply(platform, namespace, "plain", scaleMetric="cpu", scaleTarget=50, minReplicas=1, maxReplicas=3)
    apply(platform, namespace, "fixed", more={"serving.kserve.io/autoscalerClass": "none"}, minReplicas=2)
    seconds = max(platform.ready(namespace, name, 120) for name in ("plain", "fixed"))
    host = f"plain-{namespace}.{DOMAIN}"
    url = platform.get(namespace, "plain")["status"]["url"]
    if url != f"http://{host}":
        raise Unexpected(f"the URL of `plain` is {url}, where KServe has http://{host}")
    if answered(platform, host, "plain") != "v1":
        raise Unexpected("another version than v1 answered")
    deployment = platform.kube.get("deployment", "plain-predictor", namespace=namespace)
    if not deployment["status"].get("availableReplicas"):
        raise Unexpected(f"the Deployment `plain-predictor` has no replica: {deployment['status']}")
    platform.kube.get("service", "plain-predictor", namespace=namespace)
    scaler = platform.kube.get("horizontalpodautoscaler", "plain-predictor", namespace=namespace)["spec"]
    seen = (scaler["minReplicas"], scaler["maxReplicas"], scaler["metrics"][0]["resource"]["target"]["averageUtilization"])
    if seen != (1, 3, 50):
        raise Unexpected(f"the HorizontalPodAutoscaler has bounds and target {seen}")
    replicas = platform.kube.get("deployment", "fixed-predictor", namespace=namespace)["spec"]["replicas"]
    scalers = platform.kube.kubectl("get", "horizontalpodautoscalers", "-o", "name", namespace=namespace).stdout.split()
    if replicas != 2 or len(scalers) != 1:
        raise Unexpected(f"`autoscalerClass: none` has {replicas} replicas, and there are {scalers}")
    with platform.load(namespace, "fixed", rate=50, host=f"fixed-{namespace}.{DOMAIN}") as report:
        apply(platform, namespace, "fixed", "v2", more={"serving.kserve.io/autoscalerClass": "none"}, minReplicas=2)
        until("v2 answers", lambda: answered(platform, f"fixed-{namespace}.{DOMAIN}", "fixed") == "v2", 120, 0.2)
        platform.ready(namespace, "fixed", 120)
    return f"ready after {seconds:.1f} s at {url}; Deployment, Service and HPA `plain-predictor`; 2 fixed replicas; a new version: {lossless(report)}"
