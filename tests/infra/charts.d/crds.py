"""Turns CustomResourceDefinitions into the JSON schemas kubeconform reads, refusing unknown keys as the API server's strict mode does.

usage: crds.py OUT FILE…
"""

import json
import pathlib
import sys

import yaml


def strict(schema):
    """The same schema for a plain JSON validator."""
    if not isinstance(schema, dict):
        return schema
    out = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    for key in ("properties", "patternProperties"):
        if key in out:
            out[key] = {name: strict(value) for name, value in out[key].items()}
    for key in ("items", "not", "additionalProperties"):
        if key in out:
            out[key] = strict(out[key])
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            # branches only narrow what stands beside them, so they must not close it
            out[key] = [{k: v for k, v in branch.items() if not k.startswith("x-kubernetes-")} for branch in schema[key]]
    # formats such as int32 are Kubernetes's own
    out.pop("format", None)
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in out and not open_ended:
        out["additionalProperties"] = False
    return out


def main():
    """Writes GROUP/kind_version.json for every version of every file."""
    out, count = pathlib.Path(sys.argv[1]), 0
    for file in sys.argv[2:]:
        for crd in yaml.safe_load_all(pathlib.Path(file).read_text()):
            if not crd or crd.get("kind") != "CustomResourceDefinition":
                continue
            group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"].lower()
            for version in crd["spec"]["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
                path = out / group / f"{kind}_{version['name']}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(schema))
                count += 1
    print(f"{count} schemas from {len(sys.argv) - 2} definitions")


main()
