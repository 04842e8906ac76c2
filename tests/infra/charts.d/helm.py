"""Runs helm for the checks of the charts."""

import pathlib
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHARTS = ROOT / "deploy/helm"
CHART = CHARTS / "model"
PLATFORM = CHARTS / "longshore"
HERE = pathlib.Path(__file__).resolve().parent
# what a cluster with the whole platform has
APIS = (
    "monitoring.coreos.com/v1",
    "gateway.networking.k8s.io/v1",
    "gateway.k8s.aws/v1beta1",
    "external-secrets.io/v1",
    "keda.sh/v1alpha1",
)


def template(release, namespace, files, values=None, apis=APIS, kubernetes="1.35.0", chart=CHART):
    """Renders a chart: whether that went well, and the text or the error."""
    command = ["helm", "template", release, str(chart), "--namespace", namespace, "--kube-version", kubernetes]
    for api in apis:
        command += ["--api-versions", api]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as extra:
        yaml.safe_dump(values or {}, extra)
        extra.flush()
        for file in (*files, extra.name):
            command += ["--values", str(file)]
        done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0, done.stdout if done.returncode == 0 else done.stderr


def documents(text):
    """The objects of a render."""
    return [document for document in yaml.safe_load_all(text) if document]
