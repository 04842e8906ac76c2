"""Promotion changes one line, and only the expected fields of the objects; a revert gives the earlier objects byte for byte."""

import pathlib
import subprocess

import pytest
import render
from conftest import git

DIGEST = "sha256:" + "5e" * 32


def promote(folder: pathlib.Path, *words: str) -> subprocess.CompletedProcess:
    script = render.ROOT / "deploy/environments/promote"
    return subprocess.run([str(script), *words, "--folder", str(folder / "deploy/environments")], capture_output=True, text=True, check=False)


def leaves(value, path=()) -> dict[tuple, object]:
    if isinstance(value, dict):
        return {key: leaf for name, part in value.items() for key, leaf in leaves(part, (*path, name)).items()}
    if isinstance(value, list):
        return {key: leaf for index, part in enumerate(value) for key, leaf in leaves(part, (*path, index)).items()}
    return {path: value}


def changes(before: list[render.Object], after: list[render.Object]) -> dict[tuple[str, str, str], set[str]]:
    """By application, kind and name: the paths of the fields that differ."""
    old = {(item.application, item.kind, item.name): leaves(item.body) for item in before}
    new = {(item.application, item.kind, item.name): leaves(item.body) for item in after}
    assert set(old) == set(new), "an object came or went"
    differing = {}
    for key, fields in old.items():
        paths = {path for path in fields.keys() | new[key].keys() if fields.get(path) != new[key].get(path)}
        if paths:
            differing[key] = {".".join(map(str, path)) for path in paths}
    return differing


def commit(folder: pathlib.Path, message: str) -> None:
    changed = git(folder, "diff", "--numstat").split()
    assert changed[:2] == ["1", "1"], "one line of one file"
    assert len(changed) == 3
    git(folder, "commit", "-q", "-a", "-m", message)


@pytest.mark.parametrize("name", ["staging", "production"])
def test_a_build_is_promoted_and_taken_back(repository, name):
    source = {"staging": "dev", "production": "staging"}[name]
    done = promote(repository, "image", f"0.2.0@{DIGEST}", source)
    assert done.returncode == 0, done.stderr
    commit(repository, f"Run 0.2.0 in {source}")
    others = {other: render.text(repository, other) for other in render.ENVIRONMENTS if other != name}
    before, text = render.environment(repository, name), render.text(repository, name)

    done = promote(repository, "image", source, name)
    assert done.returncode == 0, done.stderr
    commit(repository, f"Run 0.2.0 in {name}")
    differing = changes(before, render.environment(repository, name))
    deployments = {key for key in differing if key[1] == "Deployment"}
    assert {key[0] for key in deployments} == {"classification", "recruitment-rank", "chatbot-intents", "longshore-system"}
    for key in deployments:
        assert "spec.template.spec.containers.0.image" in differing[key]
    allowed = ("image", "app.kubernetes.io/version", "helm.sh/chart", "LONGSHORE_VERSION")
    for key, paths in differing.items():
        # The operator is told the image of the pods it makes.
        told = key == ("longshore-system", "Deployment", "longshore-operator")
        assert all(path.endswith(allowed) or (told and ".args." in path) for path in paths), f"{key}: {paths}"
        assert sum(".args." in path for path in paths) <= 1, f"{key}: {paths}"
    assert all(
        f"@{DIGEST}" in item.body["spec"]["template"]["spec"]["containers"][0]["image"]
        for item in render.environment(repository, name)
        if item.kind == "Deployment"
    )
    for other, same in others.items():
        assert render.text(repository, other) == same, f"{other} changed as well"

    git(repository, "revert", "--no-edit", "HEAD")
    assert render.text(repository, name) == text


@pytest.mark.parametrize("address", ["s3://models-of-all/classification/7/", "models:/classification/7"])
def test_a_model_is_promoted_and_taken_back(repository, address):
    done = promote(repository, "model", "classification", address, "staging")
    assert done.returncode == 0, done.stderr
    if address.startswith("models:"):
        # Where the registry is has nothing to do with a version: it is written once.
        for name in render.ENVIRONMENTS:
            path = repository / "deploy/environments" / name / "values.yaml"
            path.write_text(path.read_text() + '\nmodel: {trackingUri: "http://mlflow.tracking.svc"}\n')
    git(repository, "commit", "-q", "-a", "-m", "Serve version 7 in staging")
    before, text = render.environment(repository, "production"), render.text(repository, "production")
    old = next(item for item in before if item.kind == "Deployment" and item.application == "classification")
    assert "example://classification" in str(old.body)

    done = promote(repository, "model", "classification", "staging", "production")
    assert done.returncode == 0, done.stderr
    commit(repository, "Serve version 7 in production")
    after = render.environment(repository, "production")
    differing = changes(before, after)
    assert {key[0] for key in differing} == {"classification"}, "only this model changes"
    new = next(item for item in after if item.kind == "Deployment" and item.application == "classification")
    assert address in str(new.body)
    # A model from elsewhere has to be fetched, so the policy opens the way; nothing else differs.
    assert {key[1] for key in differing} <= {"Deployment", "ConfigMap", "NetworkPolicy"}

    git(repository, "revert", "--no-edit", "HEAD")
    assert render.text(repository, "production") == text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("image", "dev", "staging"), "runs a tag without a digest, which may move"),
        (("image", "0.2.0", "dev"), "is neither an environment (dev, staging, production) nor `TAG@sha256:`"),
        (("model", "classification", "version 7", "dev"), "nor the address of a model"),
        (("model", "unknown", "dev", "staging"), "there is no `"),
        (("image", "dev", "test"), "`test` is not an environment"),
    ],
)
def test_a_wrong_promotion_changes_nothing(repository, words, sentence):
    done = promote(repository, *words)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert git(repository, "status", "--porcelain") == ""


def test_promoting_twice_changes_nothing(repository):
    assert promote(repository, "image", f"0.2.0@{DIGEST}", "dev").returncode == 0
    git(repository, "commit", "-q", "-a", "-m", "Run 0.2.0 in dev")
    done = promote(repository, "image", f"0.2.0@{DIGEST}", "dev")
    assert "has it already" in done.stdout
    assert git(repository, "status", "--porcelain") == ""
