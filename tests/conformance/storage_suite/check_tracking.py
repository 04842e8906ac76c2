"""Artifacts of the tracking server in Google Cloud Storage and Azure Blob Storage, with MLflow's own client."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
import requests
from check_azure import ACCOUNT, KEY, Azurite, azurite  # noqa: F401
from mlflow import MlflowClient
from processes import Tracking, free_port, moto, run

# three parts of the server
LARGE = os.urandom((40 << 20) + 1)


@dataclass
class Kept:
    """A tracking server, and the bucket where it keeps artifacts."""

    server: Tracking
    client: MlflowClient
    run: str
    location: str
    store: list[str]
    variables: dict[str, object]

    def collect(self, *arguments: str) -> list[dict]:
        """What `longshore tracking gc` says of each thing that it collected."""
        said = run("tracking", "gc", *self.store, "--json", *arguments, **self.variables)
        assert said.returncode == 0, said.stderr
        return [json.loads(line) for line in said.stdout.splitlines()[:-1]]


@pytest.fixture(scope="module")
def xml_api() -> Iterator[str]:
    """Google's XML API is that of S3, and its own emulator takes no writes by it: moto does."""
    port = free_port()
    with moto(port):
        url = f"http://127.0.0.1:{port}"
        requests.put(f"{url}/models", timeout=10).raise_for_status()
        yield url


@pytest.fixture(params=["gs", "wasbs", "abfss", "connection string"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    # what others have kept in the container would be nobody's here
    folder = f"kept/{uuid.uuid4().hex}"
    if request.param == "gs":
        location, variables = f"gs://models/{folder}", {"STORAGE_EMULATOR_HOST": request.getfixturevalue("xml_api")}
    else:
        azurite: Azurite = request.getfixturevalue("azurite")  # noqa: F811
        host = "dfs" if request.param == "abfss" else "blob"
        location = f"{request.param if host == 'dfs' else 'wasbs'}://models@{ACCOUNT}.{host}.core.windows.net/{folder}"
        variables = azurite.keyed(MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES="abfss")
        if request.param == "connection string":
            text = f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={azurite.url};"
            variables = {"SSL_CERT_FILE": azurite.env["SSL_CERT_FILE"], "AZURE_STORAGE_CONNECTION_STRING": text}
    store = ["--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db", "--artifacts-destination", location]
    with Tracking(*store, **variables) as server:
        mlflow.set_tracking_uri(server.ready().url)
        client = MlflowClient()
        made = client.create_run(client.create_experiment("kept")).info.run_id
        yield Kept(server, client, made, location, store, variables)


def test_files_are_written_listed_read_and_deleted(kept: Kept, tmp_path: Path) -> None:
    client, run = kept.client, kept.run
    client.log_text(run, "text", "notes/ü b+c.txt")
    client.log_text(run, "", "notes/empty.txt")
    path = tmp_path / "a large file.bin"
    path.write_bytes(LARGE)
    client.log_artifact(run, str(path), "weights")
    assert [(one.path, one.is_dir) for one in client.list_artifacts(run)] == [("notes", True), ("weights", True)]
    assert [(one.path, one.file_size) for one in client.list_artifacts(run, "notes")] == [("notes/empty.txt", 0), ("notes/ü b+c.txt", 4)]
    copy = Path(client.download_artifacts(run, "", str(tmp_path)))
    assert (copy / "weights/a large file.bin").read_bytes() == LARGE
    assert (copy / "notes/ü b+c.txt").read_text() == "text" and (copy / "notes/empty.txt").read_text() == ""

    experiment = client.get_run(run).info.experiment_id
    at = f"{kept.server.url}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts"
    part = requests.get(f"{at}/weights/a large file.bin", headers={"range": "bytes=20000000-20000009"}, timeout=20)
    assert part.status_code == 206 and part.content == LARGE[20_000_000:20_000_010]
    assert requests.get(f"{at}/notes/none.txt", timeout=20).status_code == 404
    requests.delete(f"{at}/notes", timeout=20).raise_for_status()
    assert [one.path for one in client.list_artifacts(run)] == ["weights"]

    other, nobody = client.create_run(experiment).info.run_id, uuid.uuid4().hex
    client.log_text(other, "kept", "a.txt")
    requests.put(f"{at.replace(run, nobody)}/a.txt", b"nobody's", timeout=20).raise_for_status()
    client.delete_run(run)
    (gone,) = kept.collect()
    assert (gone["id"], gone["files"], gone["bytes"]) == (run, 1, len(LARGE))
    assert requests.get(f"{at}/weights/a large file.bin", timeout=20).status_code == 404
    (gone,) = kept.collect("--orphans", "--older-than", "0s")
    assert (gone["id"], gone["files"]) == (f"{experiment}/{nobody}", 1)
    assert [one.path for one in client.list_artifacts(other)] == ["a.txt"]


def test_a_location_in_the_bucket_is_read_for_the_page(kept: Kept) -> None:
    run = kept.client.create_run(kept.client.create_experiment("direct", artifact_location=f"{kept.location}/direct")).info.run_id
    at = f"{kept.server.url}/get-artifact?run_uuid={run}&path=none.txt"
    assert requests.get(at, timeout=20).status_code == 404
    beyond = kept.location.replace("models", "others")
    other = kept.client.create_run(kept.client.create_experiment("beyond", artifact_location=f"{beyond}/direct")).info.run_id
    assert requests.get(at.replace(run, other), timeout=20).status_code == 403


def test_what_cannot_be_reached_is_said(tmp_path: Path) -> None:
    def start(location: str, **variables: object) -> str:
        with Tracking("--backend-store-uri", f"sqlite:///{tmp_path}/x.db", "--artifacts-destination", location, **variables) as server:
            assert server.exit_code() != 0
            return server.log

    assert "wasbs://CONTAINER@ACCOUNT.blob.core.windows.net" in start("wasbs://models/kept")
    assert "its scheme is not supported" in start("hdfs://host/kept")
