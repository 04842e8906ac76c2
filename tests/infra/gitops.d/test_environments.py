"""The models of each environment, and what may not be forgotten before one is applied."""

import pathlib
import re
import shutil
import subprocess

import pytest
import render

MODELS = {"classification": 5000, "recruitment-rank": 9696, "chatbot-intents": 8000}
# dev: one pod; staging: two to four; production: three to ten
PODS = {"dev": (1, 1), "staging": (2, 4), "production": (3, 10)}


def of(found: list[render.Object], model: str, kind: str) -> list[dict]:
    return [item.body for item in found if item.application == model and item.kind == kind]


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_model(environments, name, model):
    found = environments[name]
    deployment = of(found, model, "Deployment")[0]["spec"]
    fewest, most = PODS[name]
    autoscaler = of(found, model, "HorizontalPodAutoscaler")
    if name == "dev":
        assert deployment["replicas"] == 1
        assert not autoscaler
        assert not of(found, model, "PodDisruptionBudget"), "with one pod it would stop every drain"
        assert not of(found, model, "Ingress")
    else:
        assert "replicas" not in deployment, "Argo CD would fight the autoscaler"
        scale = autoscaler[0]["spec"]
        assert (scale["minReplicas"], scale["maxReplicas"]) == (fewest, most)
        assert [(metric["resource"]["name"], metric["resource"]["target"]["averageUtilization"]) for metric in scale["metrics"]] == [("cpu", 70)]
        assert scale["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
        assert of(found, model, "PodDisruptionBudget")[0]["spec"]["maxUnavailable"] == 1
        edge = of(found, model, "Ingress")[0]
        marks = edge["metadata"]["annotations"]
        assert edge["spec"]["rules"][0]["host"] == f"{model}.models.example.org"
        assert marks["alb.ingress.kubernetes.io/scheme"] == "internal"
        assert marks["alb.ingress.kubernetes.io/certificate-arn"] == "arn:aws:acm:eu-west-1:012345678901:certificate/7f0c"
        assert marks["alb.ingress.kubernetes.io/ssl-redirect"] == "443"
    pod = deployment["template"]["spec"]
    container = pod["containers"][0]
    assert container["image"].startswith(f"012345678901.dkr.ecr.eu-west-1.amazonaws.com/longshore-{name}/longshore")
    assert MODELS[model] in [port["containerPort"] for port in container["ports"]]
    assert pod["serviceAccountName"] == "model-reader"
    zones = {spread["topologyKey"]: spread["whenUnsatisfiable"] for spread in pod["topologySpreadConstraints"]}
    assert zones["topology.kubernetes.io/zone"] == ("DoNotSchedule" if name == "production" else "ScheduleAnyway")
    assert of(found, model, "NetworkPolicy")
    assert of(found, model, "ServiceMonitor")


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_sizes(environments, name):
    sizes = {model: of(environments[name], model, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["resources"] for model in MODELS}
    assert sizes["classification"]["requests"] == {"cpu": "250m", "memory": "512Mi"}
    assert sizes["classification"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert sizes["recruitment-rank"]["limits"] == {"cpu": "500m", "memory": "128Mi"}
    assert sizes["chatbot-intents"] == {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "1Gi"}}


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_the_service_account_is_made_before_the_models(environments, name):
    assert [item.body["metadata"]["namespace"] for item in environments[name] if item.kind == "ServiceAccount" and item.name == "model-reader"] == [
        "longshore-serving"
    ]


def check(folder: pathlib.Path, name: str) -> subprocess.CompletedProcess:
    script = render.ROOT / "deploy/environments/check"
    return subprocess.run([str(script), name, "--folder", str(folder)], capture_output=True, text=True, check=False)


def ready(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "environments"
    shutil.copytree(render.ROOT / "deploy/environments", folder, ignore=shutil.ignore_patterns(".terraform*"))
    render.fill_in(folder)
    for path in folder.glob("*/*.tfvars"):
        path.write_text(re.sub(r'(account_id\s*=\s*)"[^"]*"', r'\1"012345678901"', path.read_text()))
    for name in render.ENVIRONMENTS:
        path = folder / name / "image.yaml"
        path.write_text(path.read_text().replace('digest: ""', f'digest: "sha256:{"a" * 64}"'))
    return folder


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_check_passes_when_all_is_written(tmp_path, name):
    done = check(ready(tmp_path), name)
    assert done.returncode == 0, done.stderr
    assert f"{name} is ready" in done.stdout


@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_check_refuses_what_is_in_the_repository(name):
    done = check(render.ROOT / "deploy/environments", name)
    assert done.returncode == 1
    assert "`accountId` is still a placeholder: write the 12 digits" in done.stderr
    assert "`repositoryURL` is still a placeholder: write the address" in done.stderr
    assert ("`certificateArn`" in done.stderr) == (name != "dev")


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("account.yaml", '"012345678901"', '"CHANGE-ME"', "`accountId` is still a placeholder: write the 12 digits"),
        ("account.yaml", '"012345678901"', "012345678901", "is a number: write it in quotes"),
        ("account.yaml", '"012345678901"', '"1234"', "`accountId` is `1234`: write the 12 digits"),
        ("account.yaml", "rds!db-7f0c", "arn:aws:secretsmanager:eu-west-1:012345678901:secret:rds!db-7f0c", "the last part of `secret_arn`"),
        ("account.yaml", "longshore.abcdefghijkl.eu-west-1.rds.amazonaws.com", "longshore", "`databaseHost` is `longshore`: write `address`"),
        ("account.yaml", "environment: production", "environment: staging", "write `production`, the folder's name"),
        ("account.yaml", "region: eu-west-1", "region: us-east-1", "the certificate is of `eu-west-1`"),
        ("account.yaml", "domain: models.example.org", 'domain: ""', "`domain` is missing: write the domain"),
        ("account.yaml", "eu-west-1:012345678901:certificate", "eu-west-1:999999999999:certificate", "the certificate is of account `999999999999`"),
        ("image.yaml", f'"sha256:{"a" * 64}"', '""', "the image has no digest"),
        ("values.yaml", "group: longshore-production", "group: CHANGE-ME", "values.yaml:"),
        (
            "models/classification.yaml",
            "example://classification",
            "s3://CHANGE-ME/classification/1",
            "models/classification.yaml:2: a placeholder is left",
        ),
    ],
)
def test_check_says_what_to_write(tmp_path, file, old, new, sentence):
    folder = ready(tmp_path)
    path = folder / "production" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    done = check(folder, "production")
    assert done.returncode == 1
    assert sentence in done.stderr


@pytest.mark.parametrize(("key", "value"), [("account_id", "999999999999"), ("region", "us-east-1")])
def test_check_compares_with_terraform(tmp_path, key, value):
    folder = ready(tmp_path)
    (folder / "production" / "mine.auto.tfvars").write_text(f'{key} = "{value}"\n')
    done = check(folder, "production")
    assert done.returncode == 1
    assert f"mine.auto.tfvars:1: `{key}` is `{value}`" in done.stderr
    assert "write the same in both" in done.stderr


@pytest.mark.parametrize("chart", ["root", "apps"])
@pytest.mark.parametrize("name", render.ENVIRONMENTS)
def test_placeholders_never_reach_a_cluster(chart, name):
    """The charts themselves refuse, so that a forgotten check does no harm."""
    with pytest.raises(ValueError, match="`accountId` is not set: write it into deploy/environments/"):
        render.helm(chart, render.ROOT / "deploy/argocd" / chart, "argocd", [render.ROOT / "deploy/environments" / name / "account.yaml"])


def test_a_number_for_an_account_is_refused(tmp_path):
    path = ready(tmp_path) / "dev/account.yaml"
    path.write_text(path.read_text().replace('"012345678901"', "112345678901"))
    with pytest.raises(ValueError, match="is a number: write it in quotes"):
        render.helm("root", render.ROOT / "deploy/argocd/root", "argocd", [path])
