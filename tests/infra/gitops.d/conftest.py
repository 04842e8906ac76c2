"""A clone of the repository with an account's values in place of the placeholders, made once; and its three environments rendered."""

import pathlib
import shutil
import subprocess

import pytest
import render

KEPT = ("deploy/argocd", "deploy/environments", "deploy/helm")


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("clone")
    for part in KEPT:
        shutil.copytree(render.ROOT / part, folder / part, ignore=shutil.ignore_patterns(".terraform*"))
    render.fill_in(folder / "deploy/environments")
    return folder


@pytest.fixture(scope="session")
def environments(clone: pathlib.Path) -> dict[str, list[render.Object]]:
    return {name: render.environment(clone, name) for name in render.ENVIRONMENTS}


@pytest.fixture
def repository(clone: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    """A git repository of one's own to change and revert in."""
    folder = tmp_path / "repository"
    shutil.copytree(clone, folder)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        git(folder, *words)
    return folder


def git(folder: pathlib.Path, *words: str) -> str:
    who = ["-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout
