"""Google Cloud Storage, as fake-gcs-server emulates it: its objects, generations, checksums and ranges."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from conftest import LARGE
from processes import EXAMPLES, Longshore, Service, free_port, run

MODEL = EXAMPLES / "wine/model"
WEIGHTS = os.urandom(LARGE)


class Emulator:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def put(self, name: str, data: bytes) -> None:
        url = f"{self.url}/upload/storage/v1/b/models/o?uploadType=media&name={quote(name, safe='')}"
        requests.post(url, data=data, headers={"content-type": "application/octet-stream"}, timeout=30).raise_for_status()

    @property
    def env(self) -> dict[str, object]:
        return {"STORAGE_EMULATOR_HOST": self.url}


def archive() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        tar.add(MODEL, "wine")
    return made.getvalue()


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    port = free_port()
    emulator = Emulator(port)
    command = [os.environ["FAKE_GCS_SERVER"], "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    command += ["-backend", "memory", "-public-host", f"127.0.0.1:{port}", "-external-url", emulator.url]
    with Service(command, f"{emulator.url}/storage/v1/b?project=p"):
        requests.post(f"{emulator.url}/storage/v1/b?project=p", json={"name": "models"}, timeout=10).raise_for_status()
        for path in sorted(MODEL.iterdir()):
            emulator.put(f"wine/{path.name}", path.read_bytes())
            emulator.put(f"large/{path.name}", path.read_bytes())
        emulator.put("large/a folder/weights.bin", WEIGHTS)
        emulator.put("files/wine.skops", (MODEL / "model.skops").read_bytes())
        emulator.put("files/wine.tar.gz", archive())
        yield emulator


@pytest.mark.parametrize("uri", ["gs://models/wine", "gs://models/wine/", "gs://models/files/wine.skops", "gs://models/files/wine.tar.gz"])
def test_a_model_is_served_from_a_prefix_an_object_or_an_archive(emulator: Emulator, cache: Path, uri: str) -> None:
    with Longshore(f"--model_dir={uri}", "--model_name=wine", "--cache-dir", cache, **emulator.env) as server:
        assert server.ready().predict().ok, server.log
        assert server.metric("longshore_storage_fetches_total", scheme="gs", result="ok") == 1


def test_a_large_object_comes_in_parts_and_whole(emulator: Emulator, tmp_path: Path) -> None:
    done = run("fetch", "gs://models/large", tmp_path / "models", **emulator.env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models/a folder/weights.bin").read_bytes() == WEIGHTS
    found = {str(path.relative_to(tmp_path / "models")) for path in (tmp_path / "models").rglob("*") if path.is_file()}
    assert found == {path.name for path in MODEL.iterdir()} | {"a folder/weights.bin"}


def test_a_new_generation_is_followed(emulator: Emulator, cache: Path) -> None:
    emulator.put("followed/model.skops", (MODEL / "model.skops").read_bytes())
    with Longshore("it=gs://models/followed", "--cache-dir", cache, "--poll", 1, **emulator.env) as server:
        assert server.ready().predict("it").ok
        emulator.put("followed/model.skops", (EXAMPLES / "chatbot-intents/model/model.skops").read_bytes())
        server.wait_for(lambda: "is now revision" in server.log, 20)
        assert server.predict("it", "chatbot-intents").ok and not server.predict("it").ok


def test_what_is_not_there_says_so(emulator: Emulator, tmp_path: Path) -> None:
    for uri, words in [("gs://models/whine", "`whine`"), ("gs://others/wine", "the bucket `others`")]:
        done = run("fetch", uri, tmp_path / "models", **emulator.env)
        assert done.returncode == 1
        assert words in done.stderr and "does not exist" in done.stderr, done.stderr
