"""What was answered is kept: when the server is killed, its database goes away, its disk is full, or there are two of it."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import SEED
from load import Load, ask
from proxy import Proxy
from server import Tracking, new_store

pytestmark = pytest.mark.current
POSTGRES = "LONGSHORE_TEST_POSTGRES" in os.environ
KILLS = 20

# writes that are acknowledged over all kills
WRITES = 10_000

# how long a database is away in one piece, and a second is as good for most days
AWAY_SECONDS = float(os.environ.get("LONGSHORE_AWAY_SECONDS", "1"))


def test_a_server_that_is_killed_has_lost_nothing(tmp_path: Path, name: str) -> None:
    uri = new_store(tmp_path)
    rng = random.Random(SEED)
    load = None
    for turn in range(KILLS):
        with Tracking(tmp_path, store_uri=uri) as server:
            if load is None:
                load = Load(server.url, name)
            load.urls = [server.url]
            # the last turn makes up for those that were cut short
            share = WRITES // KILLS
            goal = WRITES if turn == KILLS - 1 else load.acknowledged + rng.randrange(share // 2, 3 * share // 2)
            load.begin()
            wait_for(lambda goal=goal: load.acknowledged >= goal)
            time.sleep(rng.uniform(0, 0.05))
            server.process.kill()
            server.process.wait(10)
            load.end()
    with Tracking(tmp_path, store_uri=uri) as server:
        load.check(server.url)
    assert load.acknowledged >= WRITES and not load.refused
    print(f"{len(load.kept)} batches and {len(load.runs)} runs through {KILLS} kills")


def test_two_servers_on_one_database(tmp_path: Path, name: str) -> None:
    uri = new_store(tmp_path)
    with Tracking(tmp_path, store_uri=uri) as one, Tracking(tmp_path, store_uri=uri) as other:
        urls = [one.url, other.url]
        load = Load(one.url, name)
        load.urls = urls
        ask(one.url, "registered-models/create", {"name": name})
        answers: list[tuple[int, dict[str, object]]] = []

        def compete(url: str) -> None:
            for index in range(10):
                answers.append(ask(url, "experiments/create", {"name": f"{name}-{index}"}))
                answers.append(ask(url, "runs/log-parameter", {"run_id": load.run, "key": f"p{10**6 + index}", "value": url}))
                answers.append(ask(url, "model-versions/create", {"name": name, "source": "s3://bucket/m"}))

        load.begin()
        threads = [threading.Thread(target=compete, args=(url,)) for url in urls for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        load.end()
        assert not load.refused, load.refused[:3]
        made = [reply["experiment_id"] for status, reply in answers if status == 200 and "experiment_id" in reply]
        assert len(made) == len(set(made)) == 10
        versions = sorted(int(reply["model_version"]["version"]) for _, reply in answers if "model_version" in reply)
        assert versions == list(range(1, 41))
        refused = {reply["error_code"] for status, reply in answers if status != 200}
        assert refused == {"RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE"}, refused
        # a parameter has the value of whoever was first, for both
        seen = [{it["key"]: it["value"] for it in ask(url, "runs/search", {"experiment_ids": [load.experiment], "filter": f"run_id = '{load.run}'"})[1]["runs"][0]["data"]["params"]} for url in urls]
        assert seen[0] == seen[1] and {f"p{10**6 + index}" for index in range(10)} <= set(seen[0])
        load.sent |= {10**6 + index for index in range(10)}


@pytest.mark.skipif(not POSTGRES, reason="a file does not go away")
def test_a_database_that_goes_away_is_used_again_when_it_is_back(tmp_path: Path, name: str) -> None:
    uri = new_store(tmp_path)
    proxy = Proxy(("127.0.0.1", int(re.search(r":(\d+)/", uri)[1])))
    through = re.sub(r":\d+/", f":{proxy.port}/", uri)
    with Tracking(tmp_path, store_uri=through) as server:
        load = Load(server.url, name)
        load.begin()
        for _ in range(3):
            time.sleep(0.4)
            before = len(load.refused)
            proxy.cut()
            wait_for(lambda: len(load.refused) > before + 20)
            time.sleep(AWAY_SECONDS)
            assert ask(server.url, "runs/search", {"experiment_ids": [load.experiment]})[0] == 503
            proxy.mend()
            kept = len(load.kept)
            wait_for(lambda: len(load.kept) > kept + 20)
        load.end()
        assert {status for status, _ in load.refused} == {503}
        load.check(server.url)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A disk of 512 MB that others can reach: far more than is written into it on a slow machine."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m,mode=755", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@contextmanager
def store_on(disk: Path) -> Iterator[str]:
    """A database on that disk."""
    if not POSTGRES:
        yield new_store(disk)
        return
    import psycopg2

    shutil.chown(disk, "postgres", "postgres")
    uri = os.environ["LONGSHORE_TEST_POSTGRES"]
    on = psycopg2.connect(f"{uri}/postgres")
    on.autocommit = True
    name = f"t{uuid.uuid4().hex[:12]}"
    on.cursor().execute(f"CREATE TABLESPACE {name} LOCATION '{disk}'")
    on.cursor().execute(f"CREATE DATABASE {name} TABLESPACE {name}")
    try:
        yield f"{uri}/{name}"
    finally:
        on.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
        on.cursor().execute(f"DROP TABLESPACE {name}")
        on.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, name: str) -> None:
    with small_disk() as disk, store_on(disk) as uri, Tracking(tmp_path, store_uri=uri) as server:
        load = Load(server.url, name)
        load.begin()
        filler = disk / "filler"
        for _ in range(2):
            time.sleep(0.3)
            with filler.open("wb") as file, pytest.raises(OSError, match="No space"):
                # while this fills the disk, the load does too
                os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - (4 << 20))
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
            before = len(load.refused)
            wait_for(lambda before=before: len(load.refused) > before + 20)
            assert ask(server.url, "runs/search", {"experiment_ids": [load.experiment], "max_results": 1})[0] == 200
            filler.unlink()
            kept = len(load.kept)
            wait_for(lambda kept=kept: len(load.kept) > kept + 10)
        load.end()
        assert {(status, "disk of the database is full" in str(reply)) for status, reply in load.refused} == {(503, True)}
        load.check(server.url)


def wait_for(holds: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.01)
