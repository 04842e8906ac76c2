"""Artifacts in S3: large files go between the client and the bucket, small ones through the server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import requests
from bucket import NAME, Bucket
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts, load_text
from mlflow.exceptions import MlflowException
from server import Tracking

PART = 5 << 20
MULTIPART = "/api/2.0/mlflow-artifacts/mpu"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with Bucket() as bucket:
        yield bucket


@pytest.fixture(scope="module")
def proxied(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    """A server that keeps artifacts in the bucket."""
    destination = ["--artifacts-destination", f"s3://{NAME}/proxied"]
    with Tracking(tmp_path_factory.mktemp("s3"), *destination, environment=bucket.environment) as server:
        yield server


@pytest.fixture
def s3_client(proxied: Tracking, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """A client that sends files of two parts and more in parts, if the server says that it may."""
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(2 * PART))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(PART))
    monkeypatch.setenv("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", str(PART))
    if not mlflow.__version__.startswith("3"):
        # it does not ask the server
        monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    mlflow.set_tracking_uri(proxied.url)
    return MlflowClient()


def run_of(client: MlflowClient, name: str) -> str:
    return client.create_run(client.create_experiment(name)).info.run_id


def large(folder: Path, size: int) -> Path:
    """A file whose parts differ."""
    path = folder / "a large file.bin"
    with path.open("wb") as file:
        for index in range(size >> 10):
            file.write(hashlib.sha512(index.to_bytes(8)).digest() * 16)
    return path


def test_small_files_pass_through_the_server(s3_client: MlflowClient, name: str, bucket: Bucket) -> None:
    run = run_of(s3_client, name)
    s3_client.log_text(run, "text", "notes/ü b.txt")
    assert [(one.path, one.file_size) for one in s3_client.list_artifacts(run, "notes")] == [("notes/ü b.txt", 4)]
    assert load_text(f"runs:/{run}/notes/ü b.txt") == "text"
    assert f"/proxied/{s3_client.get_run(run).info.experiment_id}/{run}/artifacts/notes/" in bucket.requests()


def test_large_files_pass_by_the_server(s3_client: MlflowClient, name: str, bucket: Bucket, tmp_path: Path) -> None:
    run = run_of(s3_client, name)
    path = large(tmp_path, 2 * PART + (1 << 20))
    s3_client.log_artifact(run, str(path), "models/first")
    parts = set(re.findall(rf"PUT /{NAME}/proxied/\d+/{run}/artifacts/models/first/\S+partNumber=(\d+)\S* HTTP\S+ 200", bucket.requests()))
    assert parts == {"1", "2", "3"}
    assert [(one.path, one.file_size) for one in s3_client.list_artifacts(run, "models/first")] == [
        ("models/first/a large file.bin", path.stat().st_size)
    ]
    copy = Path(download_artifacts(run_id=run, artifact_path="models/first/a large file.bin", dst_path=str(tmp_path / "copy")))
    assert copy.read_bytes() == path.read_bytes()


def test_an_upload_that_is_given_up_leaves_nothing(s3_client: MlflowClient, proxied: Tracking, name: str, bucket: Bucket) -> None:
    run = run_of(s3_client, name)
    folder = f"{s3_client.get_run(run).info.experiment_id}/{run}/artifacts"
    begun = requests.post(f"{proxied.url}{MULTIPART}/create/{folder}", json={"path": "a.bin", "num_parts": 2}, timeout=30).json()
    assert [one["part_number"] for one in begun["credentials"]] == [1, 2]
    assert requests.put(begun["credentials"][0]["url"], data=b"x" * 100, timeout=30).status_code == 200
    upload = {"path": "a.bin", "upload_id": begun["upload_id"]}
    assert begun["upload_id"] in bucket.ask("GET", f"/{NAME}?uploads").decode()
    wrong = upload | {"parts": [{"part_number": 1, "etag": "another"}]}
    complete = requests.post(f"{proxied.url}{MULTIPART}/complete/{folder}", json=wrong, timeout=30)
    assert (complete.status_code, complete.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "a part was not uploaded" in complete.json()["message"]
    for _ in range(2):
        assert requests.post(f"{proxied.url}{MULTIPART}/abort/{folder}", json=upload, timeout=30).json() == {}
    assert begun["upload_id"] not in bucket.ask("GET", f"/{NAME}?uploads").decode()
    assert s3_client.list_artifacts(run) == []


@pytest.mark.parametrize(
    ("step", "folder", "body"),
    [
        ("create", "0/r/artifacts", {"num_parts": 1}),
        ("create", "0/r/artifacts", {"path": "a", "num_parts": 0}),
        ("create", "0/r/artifacts", {"path": "a", "num_parts": 10_001}),
        ("create", "0/r/artifacts", {"path": "..", "num_parts": 1}),
        ("create", "0/..%2f..%2fx", {"path": "a", "num_parts": 1}),
        ("complete", "0/r/artifacts", {"path": "a", "upload_id": "u", "parts": []}),
        ("complete", "0/r/artifacts", {"path": "a", "upload_id": "u", "parts": [{"part_number": 2, "etag": "x"}]}),
        ("complete", "0/r/artifacts", {"path": "a", "parts": [{"part_number": 1, "etag": "x"}]}),
        ("abort", "0/r/artifacts", {"path": "a"}),
    ],
)
def test_a_wrong_upload_is_refused(proxied: Tracking, step: str, folder: str, body: dict) -> None:
    answer = requests.post(f"{proxied.url}{MULTIPART}/{step}/{folder}", json=body, timeout=30)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def presigned(server: Tracking, what: str, **fields: object) -> requests.Response:
    return requests.post(f"{server.url}/api/2.0/mlflow/artifacts/presigned-{what}-url", json=fields, timeout=30)


def listed(server: Tracking, what: str, **query: str) -> list[tuple[str, int]]:
    """What the server finds, which MLflow's client would look for in the bucket by itself."""
    files = requests.get(f"{server.url}/api/2.0/mlflow/{what}", params=query, timeout=30).json()["files"]
    return [(one["path"], one["file_size"]) for one in files]


@pytest.mark.current
def test_files_of_runs_and_models_by_presigned_addresses(bucket: Bucket, tmp_path: Path, name: str) -> None:
    """Where clients are to use the bucket themselves, they need no credentials of it."""
    root = ["--no-serve-artifacts", "--default-artifact-root", f"s3://{NAME}/direct"]
    with Tracking(tmp_path, *root, environment=bucket.environment) as server:
        mlflow.set_tracking_uri(server.url)
        client = MlflowClient()
        run = run_of(client, name)
        experiment = client.get_run(run).info.experiment_id
        model = client.create_logged_model(experiment).model_id
        for owner in ({"run_id": run}, {"model_id": model}):
            upload = presigned(server, "upload", path="a/b c.txt", **owner).json()
            assert upload["headers"] == {"Content-Type": "text/plain"}
            assert requests.put(upload["presigned_url"], data=b"text", headers=upload["headers"], timeout=30).status_code == 200
        download = presigned(server, "download", run_id=run, path="a/b c.txt", expiration=60).json()
        assert download["file_size"] == 4
        answer = requests.get(download["presigned_url"], headers=download.get("headers"), timeout=30)
        assert answer.content == b"text"
        assert answer.headers["content-disposition"] == 'attachment; filename="b c.txt"'
        assert listed(server, "artifacts/list", run_id=run, path="a") == [("a/b c.txt", 4)]
        assert listed(server, f"logged-models/{model}/artifacts/directories", artifact_directory_path="a") == [("a/b c.txt", 4)]
        for wrong in (
            presigned(server, "upload", path="a"),
            presigned(server, "upload", path="a", run_id=run, model_id=model),
            presigned(server, "upload", path="../../x", run_id=run),
            presigned(server, "upload", path="", run_id=run),
            presigned(server, "download", path="a", run_id=run, expiration=0),
            presigned(server, "download", path="a", run_id=run, expiration=604_801),
        ):
            assert (wrong.status_code, wrong.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert presigned(server, "download", path="absent", run_id=run).status_code == 404


def test_what_a_disk_cannot_do_the_client_does_otherwise(
    tracking: Tracking, client: MlflowClient, experiment: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1")
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "true")
    run = client.create_run(experiment).info.run_id
    (tmp_path / "a.txt").write_text("text")
    client.log_artifact(run, str(tmp_path / "a.txt"))
    assert load_text(f"runs:/{run}/a.txt") == "text"
    refused = presigned(tracking, "download", run_id=run, path="a.txt")
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "proxied artifact storage" in refused.json()["message"]
    with pytest.raises(MlflowException, match=r"absent\.txt"):
        client.download_artifacts(run, "absent.txt")
