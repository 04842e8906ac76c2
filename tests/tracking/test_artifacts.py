"""Artifacts through the server: bytes come back as they went."""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy
import pytest
from mlflow import MlflowClient
from mlflow.artifacts import load_dict, load_text
from mlflow.exceptions import MlflowException


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


def test_images_of_a_key(client: MlflowClient, experiment: str, tmp_path: Path) -> None:
    run = client.create_run(experiment).info.run_id
    # not 25: behind the percent sign of the name, the client of 2.22 decodes it before it asks
    for step in (1, 10, 17):
        client.log_image(run, numpy.zeros((2, 2, 3), dtype=numpy.uint8), key="k", step=step, synchronous=True)
    images = [it.path for it in client.list_artifacts(run, "images")]
    assert len(images) == 6, "an image and a small one of each step"
    for image in images:
        assert Path(client.download_artifacts(run, image, str(tmp_path))).stat().st_size > 0


def test_what_is_not_there(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    with pytest.raises(MlflowException, match=r"absent\.txt"):
        client.download_artifacts(run, "absent.txt")


def test_a_file_is_replaced(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    for text in ("first", "second, longer", "3"):
        client.log_text(run, text, "a.txt")
        assert load_text(f"runs:/{run}/a.txt") == text
