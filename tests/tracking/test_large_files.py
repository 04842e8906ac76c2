"""Large files through the server, both ways: bytes come back as they went, and its memory does not grow with them.

`LONGSHORE_LARGE_MB` is how large they are.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import requests
from bucket import NAME, Bucket
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from server import Tracking

LARGE_MB = int(os.environ.get("LONGSHORE_LARGE_MB", "300"))

# what the server may have at most, and what it may have for a large file beyond what it has for one of 64 MB
MEMORY_MB = 64
GROWTH_MB = 8

PLACES = ("disk", "bucket")


@pytest.fixture(params=PLACES)
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tracking]:
    """A server of its own that keeps artifacts on its disk, or in a bucket through which they pass."""
    if request.param == "disk":
        with Tracking(tmp_path) as server:
            yield server
        return
    with Bucket() as bucket, Tracking(tmp_path, "--artifacts-destination", f"s3://{NAME}/large", environment=bucket.environment) as server:
        yield server


@pytest.fixture
def through(keeper: Tracking, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """A client that sends everything by the server."""
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "false")
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")
    mlflow.set_tracking_uri(keeper.url)
    return MlflowClient()


def file_of(folder: Path, megabytes: int) -> Path:
    """A file of which no two megabytes are the same."""
    path = folder / f"{megabytes}.bin"
    block = bytes(range(256)) * 4096
    with path.open("wb") as file:
        for index in range(megabytes):
            file.write(index.to_bytes(8) + block[8:])
    return path


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def there_and_back(client: MlflowClient, run: str, path: Path) -> None:
    client.log_artifact(run, str(path))
    copy = Path(download_artifacts(run_id=run, artifact_path=path.name, dst_path=str(path.parent / "copy")))
    assert digest(copy) == digest(path)
    copy.unlink()
    path.unlink()


def test_memory_does_not_grow_with_a_file(through: MlflowClient, keeper: Tracking, name: str, tmp_path: Path) -> None:
    run = through.create_run(through.create_experiment(name)).info.run_id
    there_and_back(through, run, file_of(tmp_path, 64))
    before = keeper.memory_mb()
    there_and_back(through, run, file_of(tmp_path, LARGE_MB))
    after = keeper.memory_mb()
    print(f"{before:.1f} MB at most after 64 MB, {after:.1f} MB after {LARGE_MB} MB")
    assert after <= MEMORY_MB
    assert after - before <= GROWTH_MB


def test_a_download_that_broke_goes_on(through: MlflowClient, keeper: Tracking, name: str, tmp_path: Path) -> None:
    run = through.create_run(through.create_experiment(name)).info.run_id
    path = file_of(tmp_path, 20)
    through.log_artifact(run, str(path))
    experiment = through.get_run(run).info.experiment_id
    url = f"{keeper.url}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{path.name}"
    with requests.get(url, stream=True, timeout=30) as broken:
        got = broken.raw.read(7_000_001)
        tag = broken.headers["etag"]
    asked = {"Range": f"bytes={len(got)}-", "If-Range": tag}
    rest = requests.get(url, headers=asked, timeout=30)
    size = path.stat().st_size
    assert (rest.status_code, rest.headers["content-range"]) == (206, f"bytes {len(got)}-{size - 1}/{size}")
    assert got + rest.content == path.read_bytes()
    last = requests.get(url, headers={"Range": "bytes=-5"}, timeout=30)
    assert (last.status_code, last.content) == (206, path.read_bytes()[-5:])
    beyond = requests.get(url, headers={"Range": f"bytes={size}-"}, timeout=30)
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    # another file in its place: the rest of it would fit to nothing
    with path.open("r+b") as file:
        file.write(b"other")
    through.log_artifact(run, str(path))
    whole = requests.get(url, headers=asked, timeout=30)
    assert (whole.status_code, whole.content) == (200, path.read_bytes())
