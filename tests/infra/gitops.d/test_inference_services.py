"""The platform of each environment, and what Argo CD makes of an InferenceService's status."""

import lupa
import pytest
import render
import yaml

# dev: one gateway; staging: two to four; production: three to ten
GATEWAYS = {"dev": (1, 1), "staging": (2, 4), "production": (3, 10)}


def of(found: list[render.Object], kind: str, name: str) -> list[dict]:
    return [item.body for item in found if item.application == "longshore-system" and item.kind == kind and item.name == name]


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_the_platform(environments, name):
    found = environments[name]
    operator = of(found, "Deployment", "longshore-operator")[0]["spec"]
    gateway = of(found, "Deployment", "longshore-gateway")[0]["spec"]
    image = f"012345678901.dkr.ecr.eu-west-1.amazonaws.com/longshore-{name}/longshore"
    assert all(spec["template"]["spec"]["containers"][0]["image"].startswith(image) for spec in (operator, gateway))
    args = operator["template"]["spec"]["containers"][0]["args"]
    assert ("--ingress-domain=models.example.org" in args) == (name != "dev")
    assert ("--url-scheme=https" in args) == (name != "dev")
    fewest, most = GATEWAYS[name]
    scaler = of(found, "HorizontalPodAutoscaler", "longshore-gateway")
    service = of(found, "Service", "longshore-gateway")[0]
    if name == "dev":
        assert gateway["replicas"] == 1
        assert not scaler
        assert service["spec"]["type"] == "ClusterIP"
    else:
        assert (scaler[0]["spec"]["minReplicas"], scaler[0]["spec"]["maxReplicas"]) == (fewest, most)
        assert operator["replicas"] == 2
        marks = service["metadata"]["annotations"]
        prefix = "service.beta.kubernetes.io/aws-load-balancer"
        assert marks[f"{prefix}-scheme"] == "internal"
        assert marks[f"{prefix}-ssl-cert"] == "arn:aws:acm:eu-west-1:012345678901:certificate/7f0c"
        assert ("deletion_protection.enabled=true" in marks[f"{prefix}-attributes"]) == (name == "production")
    zones = {spread["topologyKey"]: spread["whenUnsatisfiable"] for spread in gateway["template"]["spec"]["topologySpreadConstraints"]}
    assert zones["topology.kubernetes.io/zone"] == ("DoNotSchedule" if name == "production" else "ScheduleAnyway")
    runtimes = {item.name for item in found if item.kind == "ClusterServingRuntime"}
    assert {"longshore", "kserve-sklearnserver", "kserve-mlserver"} <= runtimes
    policy = of(found, "NetworkPolicy", "longshore-models")[0]
    assert policy["metadata"]["namespace"] == "longshore-serving"


def condition(kind: str, status: str, **more: str) -> dict:
    return {"type": kind, "status": status, **more}


READY, NOT_YET = condition("Ready", "True"), condition("Ready", "Unknown", message="waiting for replicas")
FALSE = condition("Ready", "False", reason="RevisionFailed", message="the image cannot be pulled")
LOADED = {"transitionStatus": "UpToDate"}
FAILED = {"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": {"message": "the file is no model"}}


@pytest.mark.parametrize(
    ("status", "health", "message"),
    [
        (None, "Progressing", "waiting for the operator"),
        ({"observedGeneration": 1, "conditions": [READY]}, "Progressing", "waiting for the operator"),
        ({"observedGeneration": 2}, "Progressing", "waiting for its replicas"),
        ({"observedGeneration": 2, "conditions": [NOT_YET]}, "Progressing", "waiting for replicas"),
        ({"observedGeneration": 2, "conditions": [READY], "url": "http://iris.example.org"}, "Healthy", "http://iris.example.org"),
        ({"observedGeneration": 2, "conditions": [READY], "modelStatus": LOADED}, "Healthy", ""),
        ({"observedGeneration": 2, "conditions": [READY], "modelStatus": {"transitionStatus": "InProgress"}}, "Progressing", None),
        ({"observedGeneration": 2, "conditions": [FALSE]}, "Degraded", "the image cannot be pulled"),
        ({"observedGeneration": 2, "conditions": [FALSE], "modelStatus": {"transitionStatus": "InProgress"}}, "Progressing", None),
        # an earlier version still answers, the wanted one cannot
        ({"observedGeneration": 2, "conditions": [READY], "modelStatus": FAILED}, "Degraded", "the file is no model"),
        ({"observedGeneration": 2, "modelStatus": {"transitionStatus": "InvalidSpec"}}, "Degraded", "InvalidSpec"),
        ({"observedGeneration": 2, "conditions": [FALSE, condition("Stopped", "True")]}, "Suspended", "stopped by its annotation"),
        ({"observedGeneration": 2, "conditions": [READY, condition("Stopped", "False")]}, "Healthy", ""),
    ],
)
def test_health(status, health, message):
    values = yaml.safe_load((render.ROOT / "deploy/argocd/values.yaml").read_text())
    script = values["configs"]["cm"]["resource.customizations.health.serving.kserve.io_InferenceService"]
    lua = lupa.LuaRuntime()
    body = {"metadata": {"generation": 2}} | ({"status": status} if status else {})
    found = lua.eval(f"function(obj) {script} end")(lua.table_from(body, recursive=True))
    assert found["status"] == health
    if message is not None:
        assert found["message"] == message
