"""Artifacts through the server: bytes come back as they went, and its memory stays bounded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts, load_dict, load_text
from mlflow.exceptions import MlflowException
from server import Tracking

LARGE_MB = 256
MEMORY_MB = 64


def test_files_texts_and_folders(client: MlflowClient, experiment: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "a b.txt").write_text("a")
    (folder / "below/ü%.bin").write_bytes(bytes(range(256)))
    (folder / "empty").write_bytes(b"")
    with mlflow.start_run() as run:
        mlflow.log_text("text", "notes/text.txt")
        mlflow.log_dict({"a": [1, None]}, "data.json")
        mlflow.log_artifacts(str(folder), "copied")
        mlflow.log_artifact(str(folder / "a b.txt"))
    identifier = run.info.run_id
    assert sorted((one.path, one.is_dir, one.file_size) for one in client.list_artifacts(identifier)) == [
        ("a b.txt", False, 1),
        ("copied", True, None),
        ("data.json", False, len(load_text(f"runs:/{identifier}/data.json"))),
        ("notes", True, None),
    ]
    assert sorted(one.path for one in client.list_artifacts(identifier, "copied")) == ["copied/a b.txt", "copied/below", "copied/empty"]
    assert load_text(f"runs:/{identifier}/notes/text.txt") == "text"
    assert load_dict(f"runs:/{identifier}/data.json") == {"a": [1, None]}
    copy = Path(client.download_artifacts(identifier, "copied", str(tmp_path)))
    assert {one.relative_to(copy): one.read_bytes() for one in copy.rglob("*") if one.is_file()} == {
        one.relative_to(folder): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }
    assert client.list_artifacts(identifier, "absent") == []


def test_what_is_not_there(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    with pytest.raises(MlflowException, match=r"absent\.txt"):
        client.download_artifacts(run, "absent.txt")


def test_a_file_is_replaced(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    for text in ("first", "second, longer", "3"):
        client.log_text(run, text, "a.txt")
        assert load_text(f"runs:/{run}/a.txt") == text


def test_a_large_file_in_bounded_memory(client: MlflowClient, tracking: Tracking, experiment: str, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    block = bytes(range(256)) * 4096
    with large.open("wb") as file:
        for index in range(LARGE_MB):
            file.write(block[index:] + block[:index])
    run = client.create_run(experiment).info.run_id
    before = tracking.memory_mb()
    client.log_artifact(run, str(large))
    copy = Path(download_artifacts(run_id=run, artifact_path="large.bin", dst_path=str(tmp_path / "copy")))
    assert hashlib.file_digest(copy.open("rb"), "sha256").digest() == hashlib.file_digest(large.open("rb"), "sha256").digest()
    assert tracking.memory_mb() <= max(before, MEMORY_MB)
