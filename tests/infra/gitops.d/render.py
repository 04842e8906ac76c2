"""What Argo CD would make of a clone: the charts of deploy/argocd with an environment's files, and the models' chart for each of its models."""

import dataclasses
import pathlib
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
ENVIRONMENTS = ("dev", "staging", "production")
KUBERNETES = "1.35.0"
# Kinds that the platform's operators bring; the charts make such objects only where the kind is there.
KINDS = ("monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor", "monitoring.coreos.com/v1/PrometheusRule", "external-secrets.io/v1")
VALUES = {
    "accountId": '"ACCOUNT"',
    "repositoryURL": "https://git.example.org/ml/longshore.git",
    "domain": "models.example.org",
    "databaseHost": "longshore.abcdefghijkl.eu-west-1.rds.amazonaws.com",
    "databaseSecret": "rds!db-7f0c0000-0000-0000-0000-000000000000",
    "certificateArn": "arn:aws:acm:eu-west-1:ACCOUNT:certificate/7f0c",
}


@dataclasses.dataclass(frozen=True)
class Object:
    """One object, and the application it came from."""

    application: str
    body: dict

    @property
    def kind(self) -> str:
        return self.body["kind"]

    @property
    def group(self) -> str:
        version = self.body["apiVersion"]
        return version.split("/")[0] if "/" in version else ""

    @property
    def name(self) -> str:
        return self.body["metadata"]["name"]

    @property
    def where(self) -> str:
        return f"{self.application}: {self.kind} {self.name}"


def fill_in(folder: pathlib.Path, account: str = "012345678901") -> None:
    """Puts an account's values in the place of the placeholders of all environments in `folder`."""
    for environment in ENVIRONMENTS:
        path = folder / environment / "account.yaml"
        lines = []
        for line in path.read_text().splitlines():
            key = line.split(":")[0]
            lines.append(f"{key}: {VALUES[key].replace('ACCOUNT', account)}" if key in VALUES and "CHANGE-ME" in line else line)
        path.write_text("\n".join(lines) + "\n")


def helm(name: str, chart: pathlib.Path, namespace: str, values: list[pathlib.Path]) -> str:
    command = ["helm", "template", name, str(chart), "--namespace", namespace, "--kube-version", KUBERNETES]
    for kind in KINDS:
        command += ["--api-versions", kind]
    for file in values:
        command += ["--values", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{name}: {done.stderr.strip()}")
    return done.stdout


def objects(application: str, text: str) -> list[Object]:
    found = []
    for body in yaml.safe_load_all(text):
        # Argo CD leaves out what `helm test` runs.
        if body and "test" not in body["metadata"].get("annotations", {}).get("helm.sh/hook", ""):
            found += [Object(application, part) for part in (body["items"] if body["kind"] == "List" else [body])]
    return found


def in_clone(clone: pathlib.Path, file: str) -> pathlib.Path:
    """A value file as Argo CD reads it: from the repository's root when it begins with a slash."""
    if not file.startswith("/"):
        raise ValueError(f"the value file `{file}` is not given from the repository's root")
    path = clone / file[1:]
    if not path.is_file():
        raise ValueError(f"the value file `{file}` is not there")
    return path


def application(clone: pathlib.Path, app: dict) -> str:
    """The text that one application of our own repository makes."""
    source = app["spec"]["source"]
    chart = clone / source["path"]
    if not (chart / "Chart.yaml").is_file():
        raise ValueError(f"{app['metadata']['name']}: there is no chart at `{source['path']}`")
    files = [in_clone(clone, file) for file in source["helm"].get("valueFiles", [])]
    with tempfile.TemporaryDirectory() as folder:
        given = source["helm"].get("valuesObject")
        if given:
            files.append(pathlib.Path(folder) / "values.yaml")
            files[-1].write_text(yaml.safe_dump(given))
        return helm(source["helm"]["releaseName"], chart, app["spec"]["destination"]["namespace"], files)


def expand(clone: pathlib.Path, applications: dict) -> list[dict]:
    """The applications that an ApplicationSet over files makes. The template language is Go's, so Helm evaluates it."""
    made = []
    spec = applications["spec"]
    with tempfile.TemporaryDirectory() as folder:
        chart = pathlib.Path(folder)
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: expand\nversion: 0.1.0\n")
        template = yaml.safe_dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"} | spec["template"], width=1000)
        (chart / "templates" / "application.yaml").write_text("{{- with .Values }}\n" + template + "{{- end }}\n")
        for generator in spec["generators"]:
            for wanted in generator["git"]["files"]:
                for path in sorted(clone.glob(wanted["path"])):
                    relative = path.relative_to(clone)
                    (chart / "values.yaml").write_text(
                        yaml.safe_dump({"path": {"path": str(relative.parent), "filename": relative.name, "basename": relative.parent.name}})
                    )
                    made += [found.body for found in objects("models", helm("expand", chart, "argocd", []))]
    return made


def environment(clone: pathlib.Path, name: str) -> list[Object]:
    """Every object that comes from this repository in one environment; the charts of others are only named."""
    account = clone / "deploy/environments" / name / "account.yaml"
    found = objects("root", helm("longshore-root", clone / "deploy/argocd/root", "argocd", [account]))
    waiting = [item for item in found if item.kind == "Application"]
    while waiting:
        app = waiting.pop(0)
        if "path" not in app.body["spec"].get("source", {}):
            continue
        made = objects(app.name, application(clone, app.body))
        for item in list(made):
            if item.kind == "ApplicationSet":
                made += [Object(item.name, body) for body in expand(clone, item.body)]
        found += made
        waiting += [item for item in made if item.kind == "Application"]
    return found


def text(clone: pathlib.Path, name: str) -> str:
    """The environment as one text, for comparison byte by byte."""
    return "".join(f"--- {item.application}\n{yaml.safe_dump(item.body)}" for item in environment(clone, name))
