"""Replicas by processor time: a HorizontalPodAutoscaler that really scales, in both modes."""

from __future__ import annotations

import json
import time
from typing import Any

from suite.kube import Unexpected, is_ready, until
from suite.registry import check

from .cluster import DOMAIN, Platform, lossless

# it falls at once, so that a check does not wait for Kubernetes' five minutes
BEHAVIOR = {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 100, "periodSeconds": 5}]}}


@check
def scales_by_processor_time(platform: Platform) -> str:
    """Load takes services of both modes from 1 to 3 replicas by `cpu`, and they are 1 again after it; no request fails."""
    namespace = platform.namespace("platform-processor")
    few = {"cpu": "10m", "memory": "64Mi"}
    names = {"knative": {"autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev"}, "standard": {"serving.kserve.io/deploymentMode": "Standard"}}
    for name, annotations in names.items():
        service: dict[str, Any] = platform.service(namespace, name, minReplicas=1, maxReplicas=3, scaleMetric="cpu", scaleTarget=80)
        service["metadata"]["annotations"] = annotations | {"serving.kserve.io/autoscalerClass": "hpa", "longshore.dev/warm-pool": "false"}
        service["spec"]["predictor"]["autoScaling"] = {"behavior": BEHAVIOR}
        service["spec"]["predictor"]["model"]["resources"] = {"requests": few, "limits": {"cpu": "1", "memory": "256Mi"}}
        platform.kube.apply(service)
    for name in names:
        platform.ready(namespace, name, 90)

    def replicas(name: str) -> int:
        return sum(is_ready(pod) for pod in platform.kube.pods(namespace, f"serving.kserve.io/inferenceservice={name}"))

    def measured() -> bool:
        scalers = platform.kube.items("horizontalpodautoscalers", namespace=namespace)
        return len(scalers) == 2 and all((it.get("status") or {}).get("currentMetrics") for it in scalers)

    until("processor time of both", measured, 120, 1)
    told = []
    for name in names:
        host = f"{name}.{namespace}.{DOMAIN}" if name == "knative" else f"{name}-{namespace}.{DOMAIN}"
        with platform.load(namespace, name, rate=20, expect="v1", host=host) as low:
            with platform.load(namespace, name, rate=400, expect="v1", host=host) as high:
                begun = time.monotonic()
                until(f"`{name}` has three replicas", lambda name=name: replicas(name) == 3, 150, 0.5)
                up = time.monotonic() - begun
            begun = time.monotonic()
            try:
                until(f"`{name}` has one replica", lambda name=name: replicas(name) == 1, 240, 0.5)
            except Unexpected as error:
                scaler = platform.kube.get("horizontalpodautoscaler", f"{name}-predictor", namespace=namespace)
                raise Unexpected(f"{error}; its autoscaler: {json.dumps(scaler['status'])[:800]}") from error
            down = time.monotonic() - begun
        told.append(f"{name}: 3 replicas after {up:.0f} s of load, 1 again {down:.0f} s after it; {lossless(high)}; throughout {lossless(low)}")
    return "; ".join(told)
