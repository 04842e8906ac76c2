"""What the applications promise one another: order, sources, names, sizes."""

import re

import pytest
import render
import yaml

WAVE = "argocd.argoproj.io/sync-wave"
# What must be there before what.
ORDER = (
    ("prometheus-operator-crds", "karpenter"),
    ("prometheus-operator-crds", "external-secrets"),
    ("karpenter-crd", "karpenter"),
    ("karpenter", "cluster"),
    ("external-secrets", "cluster"),
    ("aws-load-balancer-controller", "models"),
    ("cluster", "monitoring"),
    ("cluster", "models"),
    ("prometheus-operator-crds", "longshore-system"),
    ("aws-load-balancer-controller", "longshore-system"),
    ("cluster", "longshore-system"),
    ("monitoring", "models"),
)
UNITS = {"m": 1e-3, "": 1, "Mi": 2**20, "Gi": 2**30}


def amount(text: str | int | float) -> float:
    found = re.fullmatch(r"([\d.]+)(m|Mi|Gi|)", str(text))
    assert found, text
    return float(found[1]) * UNITS[found[2]]


def wave(item: render.Object) -> int:
    return int(item.body["metadata"].get("annotations", {}).get(WAVE, "0"))


def applications(found: list[render.Object]) -> dict[str, render.Object]:
    return {item.name: item for item in found if item.kind in ("Application", "ApplicationSet")}


def sources(app: render.Object) -> list[dict]:
    return app.body["spec"].get("sources") or [app.body["spec"]["source"]]


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_somebody_ships_the_logs_and_nobody_twice(environments, name):
    settings = (render.ROOT / "deploy/environments" / name / "terraform.tfvars").read_text()
    insights = re.search(r"container_insights *= *(true|false)", settings)
    assert insights
    assert ("fluent-bit" in applications(environments[name])) == (insights[1] == "false"), "Container Insights brings a Fluent Bit of its own"


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_waves(environments, name):
    apps = applications(environments[name])
    for first, then in ORDER:
        assert wave(apps[first]) < wave(apps[then]), f"`{first}` has to come before `{then}`"
    namespaces = [
        item
        for item in environments[name]
        if item.kind in ("Namespace", "ResourceQuota", "LimitRange", "ServiceAccount") and item.application == "longshore"
    ]
    assert len(namespaces) >= 8
    assert max(map(wave, namespaces)) < min(wave(app) for label, app in apps.items() if label != "longshore" and app.application == "longshore")
    pools = [item for item in environments[name] if item.kind == "NodePool"]
    assert all(wave(pool) > wave(item) for pool in pools for item in environments[name] if item.kind == "EC2NodeClass")


def test_waves_wait_for_what_they_need():
    """Argo CD knows the health of an application only from the script in its values; without it every wave begins at once."""
    values = yaml.safe_load((render.ROOT / "deploy/argocd/values.yaml").read_text())
    script = values["configs"]["cm"]["resource.customizations.health.argoproj.io_Application"]
    assert "operationState" in script
    assert "Succeeded" in script


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_projects_allow_what_comes_and_nothing_else(environments, name):
    found = environments[name]
    projects = {item.name: item.body["spec"] for item in found if item.kind == "AppProject"}
    assert set(projects) == {"platform", "models"}
    apps = applications(found)
    used = {project: set() for project in projects}
    for app in apps.values():
        if app.kind != "Application":
            continue
        project = projects[app.body["spec"]["project"]]
        target = app.body["spec"]["destination"]
        assert target in project["destinations"], f"{app.name} goes to {target}"
        for source in sources(app):
            assert source["repoURL"] in project["sourceRepos"], f"{app.name} comes from {source['repoURL']}"
            used[app.body["spec"]["project"]].add(source["repoURL"])
        for item in found:
            if item.application != app.name:
                continue
            kind = {"group": item.group, "kind": item.kind}
            if "namespace" in item.body["metadata"] or app.body["spec"]["project"] == "models":
                assert kind in project.get("namespaceResourceWhitelist", [kind]), f"{item.where} is not allowed in its project"
            else:
                assert kind in project["clusterResourceWhitelist"], f"{item.where} is not allowed in its project"
    assert projects["models"]["clusterResourceWhitelist"] == []
    assert {"group": "", "kind": "Secret"} not in projects["models"]["namespaceResourceWhitelist"]
    # The GPU plug-in is the only source that could be missing; a source nobody uses is a hole.
    for project, spec in projects.items():
        unused = set(spec["sourceRepos"]) - used[project]
        assert unused <= {"https://aws.github.io/eks-charts"} if name != "dev" else not unused, unused


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_applications_keep_themselves(environments, name):
    for app in applications(environments[name]).values():
        spec = app.body["spec"]["template"]["spec"] if app.kind == "ApplicationSet" else app.body["spec"]
        policy = spec["syncPolicy"]
        assert policy["automated"] == {"prune": True, "selfHeal": True}, app.name
        assert "ServerSideApply=true" in policy["syncOptions"], app.name
        assert policy["retry"]["limit"] > 0, app.name
        for source in [spec["source"]] if "source" in spec else spec["sources"]:
            if "chart" in source:
                assert re.fullmatch(r"\d+\.\d+\.\d+", source["targetRevision"]), f"{app.name}: `{source['targetRevision']}` is not one version"
        if app.name != "longshore" and app.application == "longshore":
            assert "Prune=confirm" in app.body["metadata"]["annotations"]["argocd.argoproj.io/sync-options"], app.name


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_node_pools(environments, name):
    pools = {item.name: item.body["spec"] for item in environments[name] if item.kind == "NodePool"}
    assert set(pools) == {"general", "ml", "training", "gpu"}
    for label, pool in pools.items():
        spec = pool["template"]["spec"]
        wanted = {want["key"]: want["values"] for want in spec["requirements"]}
        assert pool["template"]["metadata"]["labels"]["workload"] == label
        assert wanted["kubernetes.io/arch"] == ["amd64"]
        assert pool["limits"], f"{label} has no end"
        assert spec["expireAfter"] == "720h"
        assert bool(spec.get("taints")) == (label != "general")
        if label in ("training", "gpu"):
            assert wanted["karpenter.sh/capacity-type"] == ["spot", "on-demand"]
            assert pool["disruption"]["consolidationPolicy"] == "WhenEmpty"
    assert pools["gpu"]["template"]["spec"]["taints"][0]["key"] == "nvidia.com/gpu"
    assert "nvidia.com/gpu" in pools["gpu"]["limits"]
    node = next(item.body["spec"] for item in environments[name] if item.kind == "EC2NodeClass")
    assert node["metadataOptions"]["httpTokens"] == "required"
    assert node["metadataOptions"]["httpPutResponseHopLimit"] == 1
    disk = node["blockDeviceMappings"][0]["ebs"]
    assert (disk["volumeType"], disk["volumeSize"], disk["encrypted"]) == ("gp3", "50Gi", True)
    tag = {"tags": {"karpenter.sh/discovery": f"longshore-{name}"}}
    assert node["subnetSelectorTerms"] == [tag]
    assert node["securityGroupSelectorTerms"] == [tag]


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_storage(environments, name):
    storage = next(item.body for item in environments[name] if item.kind == "StorageClass")
    assert storage["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    assert storage["parameters"]["type"] == "gp3"
    assert storage["parameters"]["encrypted"] == "true"
    assert (storage["reclaimPolicy"], storage["volumeBindingMode"], storage["allowVolumeExpansion"]) == ("Retain", "WaitForFirstConsumer", True)


def test_quota_of_dev(environments):
    quotas = {item.name: item.body["spec"] for item in environments["dev"] if item.kind == "ResourceQuota"}
    assert quotas["compute"] == {
        "hard": {"requests.cpu": "10", "requests.memory": "20Gi", "limits.cpu": "20", "limits.memory": "40Gi", "pods": "100"}
    }
    assert quotas["objects"]["hard"]["services.loadbalancers"] == "1"


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_the_models_fit_into_the_quota(environments, name):
    """All models at their most pods and one more each for an update: a quota that stops a rollout would be found here."""
    hard = next(item.body["spec"]["hard"] for item in environments[name] if item.kind == "ResourceQuota" and item.name == "compute")
    most = {item.application: item.body["spec"]["maxReplicas"] for item in environments[name] if item.kind == "HorizontalPodAutoscaler"}
    wanted = dict.fromkeys(hard, 0.0)
    for item in environments[name]:
        if item.kind != "Deployment" or item.body["metadata"]["namespace"] != "longshore-serving":
            continue
        pods = most.get(item.application, item.body["spec"].get("replicas", 1)) + 1
        wanted["pods"] += pods
        for container in item.body["spec"]["template"]["spec"]["containers"]:
            for part in ("requests", "limits"):
                for resource in ("cpu", "memory"):
                    wanted[f"{part}.{resource}"] += pods * amount(container["resources"][part][resource])
    assert wanted["pods"] > 0
    for key, value in wanted.items():
        assert value <= amount(hard[key]), f"{key}: {value} wanted, {hard[key]} allowed"


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_pod_security(environments, name):
    labels = {item.name: item.body["metadata"]["labels"] for item in environments[name] if item.kind == "Namespace"}
    for mode in ("enforce", "audit", "warn"):
        for namespace in ("longshore-serving", "longshore-system"):
            assert labels[namespace][f"pod-security.kubernetes.io/{mode}"] == "restricted"
            assert labels[namespace][f"pod-security.kubernetes.io/{mode}-version"] == "v1.35"


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_alerts_reach_the_topic(environments, name):
    apps = applications(environments[name])
    config = apps["monitoring"].body["spec"]["source"]["helm"]["valuesObject"]["alertmanager"]["config"]
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    topic = receivers["topic"]["sns_configs"][0]
    assert topic["topic_arn"] == f"arn:aws:sns:eu-west-1:012345678901:longshore-{name}-alerts"
    routes = [config["route"], *config["route"]["routes"]]
    assert {route["receiver"] for route in routes} == set(receivers)
