"""Writes the JSON schemas of Kubernetes's own kinds, each with all it refers to, as kubeconform finds them.

usage: builtin.py OUT RENDERS VERSION…
"""

import json
import pathlib
import re
import sys

import helm
import kubernetes_validate

FOLDER = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"


def kinds(renders):
    """File names of the kinds that the renders use and Kubernetes has."""
    for file in renders.glob("*.yaml"):
        for document in helm.documents(file.read_text()):
            group, _, version = document["apiVersion"].rpartition("/")
            if group.endswith(".k8s.io") or "." not in group:
                yield "-".join(filter(None, [document["kind"].lower(), group.split(".")[0], version])) + ".json"


def main():
    """Every version, every kind."""
    out, renders, versions = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    wanted = set(kinds(renders))
    for version in versions:
        folder = FOLDER / f"v{version}-local-strict"
        everything = json.loads((folder / "_definitions.json").read_text())["$defs"]
        target = out / f"v{version}-standalone-strict"
        target.mkdir(parents=True)
        for name in wanted:
            if not (folder / name).exists():
                # a kind of an add-on whose group ends in .k8s.io
                continue
            schema = json.loads((folder / name).read_text().replace("/api/_definitions.json#", "#"))
            used, todo = {}, [schema]
            while todo:
                for found in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(todo.pop())):
                    if found not in used:
                        used[found] = everything[found]
                        todo.append(everything[found])
            (target / name).write_text(json.dumps(schema | {"$defs": used}))
    print(f"{len(list(target.glob('*')))} kinds of Kubernetes in {len(versions)} versions")


main()
