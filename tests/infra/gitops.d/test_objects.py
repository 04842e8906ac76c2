"""Every object of every environment is one that Kubernetes, Argo CD, Karpenter and the other operators accept."""

import copy
import json
import os
import subprocess
import sys

import kubernetes_validate
import pytest
import render
import yaml

CUSTOM = ("argoproj.io", "external-secrets.io", "generators.external-secrets.io", "karpenter.k8s.aws", "karpenter.sh", "monitoring.coreos.com")
# Held against our own definitions by tests/infra/charts.
OURS = ("serving.kserve.io",)
VERSIONS = ("1.33", "1.34", "1.35", "1.36")


def custom_kinds(items: list[dict]) -> subprocess.CompletedProcess:
    script = render.ROOT / "tests/infra/gitops.d/validate.mjs"
    return subprocess.run(
        ["node", str(script), os.environ["LONGSHORE_NODE_PACKAGES"]], input=json.dumps(items), capture_output=True, text=True, check=False
    )


def test_custom_kinds(environments):
    items = [
        {"where": f"{name}: {item.where}", "object": item.body} for name, found in environments.items() for item in found if item.group in CUSTOM
    ]
    kinds = {item["object"]["kind"] for item in items}
    assert {
        "Application",
        "ApplicationSet",
        "AppProject",
        "NodePool",
        "EC2NodeClass",
        "ClusterSecretStore",
        "ExternalSecret",
        "ServiceMonitor",
        "PrometheusRule",
    } <= kinds
    done = custom_kinds(items)
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("NodePool", ("spec", "disruption", "consolidationPolicy"), "WhenUnderutilized"),
        ("NodePool", ("spec", "template", "spec", "taint"), []),
        ("EC2NodeClass", ("spec", "metadataOptions", "httpTokens"), "maybe"),
        ("Application", ("spec", "syncPolicy", "automated", "prune"), "yes"),
        ("Application", ("spec", "syncPolicy", "retry", "backof"), {}),
        ("ClusterSecretStore", ("spec", "provider", "aws", "service"), "Vault"),
        ("ServiceMonitor", ("spec", "endpoints"), "metrics"),
    ],
)
def test_a_wrong_custom_object_is_found(environments, kind, path, value):
    wrong = copy.deepcopy(next(item.body for item in environments["production"] if item.kind == kind))
    place = wrong
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    done = custom_kinds([{"where": "wrong", "object": wrong}])
    assert done.returncode == 1
    assert "wrong: " in done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_core_kinds(environments, version):
    checked = 0
    for name, found in environments.items():
        for item in found:
            if item.group not in (*CUSTOM, *OURS):
                try:
                    kubernetes_validate.validate(item.body, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    pytest.fail(f"{name}: {item.where}: {error.message} at {list(error.path)}")
                checked += 1
    print(f"{checked} objects against Kubernetes {version}")
    assert checked > 50


def test_a_server_accepts_them(environments, tmp_path):
    """With a kubeconfig: the core kinds by a real API server, in a dry run."""
    kubeconfig = os.environ.get("LONGSHORE_KUBECONFIG")
    if not kubeconfig:
        pytest.skip("no --kubeconfig was given")
    for name, found in environments.items():
        # Objects go into namespaces that a dry run cannot make, so all are asked for in one that is there.
        bodies = []
        for item in found:
            if item.group in (*CUSTOM, *OURS) or item.kind == "Secret":
                continue
            body = copy.deepcopy(item.body)
            if "namespace" in body["metadata"]:
                body["metadata"]["namespace"] = "default"
            bodies.append(body)
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all(bodies))
        done = subprocess.run(
            [
                "kubectl",
                "--kubeconfig",
                kubeconfig,
                "apply",
                "--dry-run=server",
                "--server-side",
                "--force-conflicts",
                "--namespace",
                "default",
                "--filename",
                str(file),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert done.stdout.count("(server dry run)") == len(bodies)
        print(f"{name}: a server accepts {len(bodies)} objects")


def test_text_form():
    """Every YAML file reads alike; templates are no YAML, what they make is checked above."""
    files = [
        path
        for part in ("deploy/argocd", "deploy/environments")
        for path in (render.ROOT / part).rglob("*.yaml")
        if "templates" not in path.parts and ".terraform" not in path.parts
    ]
    config = render.ROOT / "tests/infra/gitops.d/yamllint.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "yamllint", "--strict", "-c", str(config), *map(str, files)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert len(files) > 15
