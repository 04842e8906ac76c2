"""What every test shares: the seed, one server, clients of it, and MLflow's own store on the same database."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from commands import Commands, free_port
from mlflow import MlflowClient
from server import Tracking

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**31))
CURRENT = int(mlflow.__version__.split(".")[0]) >= 3


def pytest_report_header() -> str:
    return f"mlflow {mlflow.__version__}, seed {SEED}"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "current: what the client of 2.22 does not have")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what an older client has no call for."""
    if not CURRENT:
        left = [one for one in items if one.get_closest_marker("current")]
        items[:] = [one for one in items if one not in left]
        config.hook.pytest_deselected(items=left)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="session")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    with Tracking(tmp_path_factory.mktemp("tracking")) as server:
        yield server


@pytest.fixture
def client(tracking: Tracking) -> Iterator[MlflowClient]:
    """A client, and the fluent calls, of the server under test."""
    mlflow.set_tracking_uri(tracking.url)
    yield MlflowClient()
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture(scope="session")
def store(tracking: Tracking) -> MlflowClient:
    """MLflow's own store, in this process, on the server's database: what MLflow would answer."""
    if not CURRENT:
        pytest.skip("the schema is that of 3.17")
    return MlflowClient(tracking_uri=tracking.store_uri)


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of MLflow's own server."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "artifacts")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    log = (folder / "log").open("w")
    process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PATH": path}, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.2)
        else:
            pytest.fail((folder / "log").read_text())
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
        log.close()


# MLflow 2.22 answers 500 for a file that is not there
@pytest.fixture(params=["ours", pytest.param("theirs", marks=pytest.mark.current)])
def at(request: pytest.FixtureRequest, tracking: Tracking) -> Iterator[Commands]:
    """The program at each of the two servers, with MLflow's fluent calls there too."""
    url = tracking.url if request.param == "ours" else request.getfixturevalue("theirs")
    mlflow.set_tracking_uri(url)
    yield Commands(url)
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def name() -> str:
    """One that nothing else has."""
    return f"n{uuid.uuid4().hex[:12]}"


@pytest.fixture
def experiment(client: MlflowClient, name: str) -> str:
    """The id of a new experiment, which is the fluent calls' too."""
    return mlflow.set_experiment(name).experiment_id
