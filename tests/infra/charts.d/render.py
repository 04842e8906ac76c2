"""Renders the chart for every case into a folder and compares some with the renders kept here.

usage: render.py OUT [--update]     --update writes the kept renders anew
"""

import difflib
import pathlib
import re
import sys

import helm
import yaml

IMAGE = {"repository": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/longshore", "tag": "0.1.0"}
# what a promotion changes is fixed here, so that promoting needs no new renders
PINNED = {"image": IMAGE | {"digest": f"sha256:{1:064}"}}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
ALERTS = helm.ROOT / "deploy/alerts"
HEAD = "# The alerts as `tests/infra/charts --update` renders them from the chart, for a Prometheus without operator: release `{}` in `{}`.\n"


def environments():
    """Each environment's models as Argo CD renders them: name, release, files, values."""
    for folder in sorted((helm.ROOT / "deploy/environments").glob("*/models")):
        environment = folder.parent.name
        shared = folder.parent / "values.yaml"
        edge = (yaml.safe_load(shared.read_text()).get("ingress") or {}).get("enabled")
        for model in sorted(folder.glob("*.yaml")):
            values = PINNED | {"aws": {"region": "eu-west-1"}}
            values["model"] = {"name": model.stem, "uri": f"example://{model.stem}"}
            if edge:
                values["ingress"] = {"host": f"{model.stem}.models.example.org", "certificateArn": CERTIFICATE}
            yield f"{environment}-{model.stem}", model.stem, [folder.parent / "image.yaml", shared, model], values


def cases():
    """Name, release, files, values and APIs of every render of the chart `model`."""
    for path in sorted((helm.CHART / "ci").glob("*.yaml")):
        release = path.name.removesuffix("-values.yaml")
        yield f"ci-{release}", release, [path], {"image": IMAGE}, ()
    for path in sorted((helm.HERE / "cases").glob("*.yaml")):
        release = "wine" if path.stem == "alerts" else "fraud"
        yield path.stem, release, [path], {}, helm.APIS
    for name, release, files, values in environments():
        yield name, release, files, values, helm.APIS


def platform():
    """Name, files and values of every render of the chart `longshore`."""
    for path in sorted((helm.PLATFORM / "ci").glob("*.yaml")):
        yield f"platform-ci-{path.name.removesuffix('-values.yaml')}", [path], {"image": IMAGE}
    for path in sorted((helm.HERE / "cases/platform").glob("*.yaml")):
        yield f"platform-{path.stem}", [path], {}


def main():
    """Renders, compares, and says how many."""
    out, update = pathlib.Path(sys.argv[1]), "--update" in sys.argv[2:]
    golden = helm.HERE / "golden"
    rendered, stale = {}, []

    def keep(path, text):
        if update:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            old = path.read_text() if path.exists() else ""
            change = difflib.unified_diff(old.splitlines(), text.splitlines(), str(path), "now", lineterm="", n=2)
            stale.append("\n".join(list(change)[:60]))

    for name, release, files, values, apis in cases():
        well, text = helm.template(release, "longshore-serving", files, values, apis)
        if not well:
            sys.exit(f"{name} does not render: {text}")
        rendered[name] = text
        (out / f"{name}.yaml").write_text(text)
    for name, files, values in platform():
        well, text = helm.template("longshore", "longshore-system", files, values, helm.APIS, chart=helm.PLATFORM)
        if not well:
            sys.exit(f"{name} does not render: {text}")
        rendered[name] = text
        (out / f"{name}.yaml").write_text(text)
    # one of each environment, all for bare clusters; dashboards are checked as files
    for name, text in rendered.items():
        if name.startswith(("ci-", "platform-ci-")) or name.endswith("-classification"):
            parts = [part for part in re.split(r"(?m)^---\n", text) if "-dashboards\n" not in part]
            keep(golden / f"{name}.yaml", "---\n".join(parts))
    for file, name, release, namespace in (
        ("model", "alerts", "wine", "longshore-serving"),
        ("platform", "platform-everything", "longshore", "longshore-system"),
    ):
        rules = [document for document in helm.documents(rendered[name]) if document["kind"] == "PrometheusRule"]
        keep(ALERTS / f"{file}.rules.yaml", HEAD.format(release, namespace) + yaml.safe_dump(rules[0]["spec"], sort_keys=False, width=150))
    kept = {path.stem for path in golden.glob("*.yaml")}
    for name in sorted(kept - set(rendered)):
        stale.append(f"{golden / name}.yaml is the render of no case any more: delete it")
    if stale:
        print("\n".join(stale), file=sys.stderr)
        sys.exit("the renders changed: if that is meant, run `tests/infra/charts --update` and commit what it writes")
    environment = sorted(name.split("-")[0] for name in rendered if name.endswith("-classification") and not name.startswith("ci"))
    if environment != ["dev", "production", "staging"]:
        sys.exit(f"renders of three environments are wanted, there are {environment}")
    print(f"{len(rendered)} renders, {len(kept)} as they are kept, the alerts' files as well")


main()
