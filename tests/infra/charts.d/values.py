"""The values, their schema and the templates speak of the same things.

usage: values.py CHART     CHART is `model` or `longshore`
"""

import json
import re
import sys

import helm
import yaml


def comments(text):
    """The comment above each value, by path."""
    found, stack, said = {}, [], None
    for line in text.splitlines():
        comment = re.match(r"\s*# -- (.*)$", line)
        key = re.match(r"(\s*)([A-Za-z0-9_.\-/]+):", line)
        if comment:
            said = comment[1]
        elif key:
            stack = [*(entry for entry in stack if entry[0] < len(key[1])), (len(key[1]), key[2])]
            if said:
                found[".".join(name for _, name in stack)] = said
            said = None
    return found


def walk(values, schema, path, said, problems):
    """Compares a value with its schema, downwards."""
    name = path or "the values"
    if not schema.get("description") and path:
        problems.append(f"{name}: no description in the schema")
    if path in said and said[path] != schema.get("description"):
        problems.append(f"{name}: values.yaml says `{said[path]}`, the schema `{schema.get('description')}`")
    if "properties" in schema:
        if schema.get("additionalProperties") is not False:
            problems.append(f"{name}: the schema takes unknown keys")
        if not path or isinstance(values, dict):
            known = set(schema["properties"]) - {"global"}
            free = path == "resources"
            for key in sorted(known ^ set(values or {})):
                if not free:
                    problems.append(f"{name}.{key}: only in {'the schema' if key in known else 'values.yaml'}")
            for key in sorted(known & set(values or {})):
                walk(values[key], schema["properties"][key], f"{path}.{key}".lstrip("."), said, problems)
    elif path not in said:
        problems.append(f"{name}: no comment in values.yaml")


def main():
    """Values against schema, templates against values."""
    folder = helm.CHARTS / sys.argv[1]
    text = (folder / "values.yaml").read_text()
    values, said = yaml.safe_load(text), comments(text)
    schema = json.loads((folder / "values.schema.json").read_text())
    problems = []
    walk(values, schema, "", said, problems)
    if schema.get("additionalProperties") is not False:
        problems.append("the schema takes unknown keys")
    templates = "\n".join(path.read_text() for path in (folder / "templates").rglob("*") if path.is_file())
    for key in values:
        if not re.search(rf"(Values|\$v|\$a)\.{key}\b", templates):
            problems.append(f"{key}: no template reads it")
    chart = yaml.safe_load((folder / "Chart.yaml").read_text())
    semver = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
    if not re.fullmatch(semver, str(chart["version"])):
        problems.append(f"Chart.yaml: `{chart['version']}` is no semantic version")
    workspace = re.search(r'(?ms)^\[workspace\.package\].*?^version = "([^"]+)"', (helm.ROOT / "Cargo.toml").read_text())
    if not workspace or str(chart["appVersion"]) != workspace[1]:
        problems.append(f"Chart.yaml: appVersion is `{chart['appVersion']}`, the program's version is another (Cargo.toml)")
    tests = {path.name.removesuffix("_test.yaml") for path in (folder / "tests").glob("*_test.yaml")}
    wanted = {path.stem for path in (folder / "templates").rglob("*.yaml")}
    for name in sorted(wanted - tests):
        problems.append(f"templates/{name}.yaml has no tests/{name}_test.yaml")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(said)} values are described alike in values.yaml and the schema; {len(wanted)} templates have tests")


main()
