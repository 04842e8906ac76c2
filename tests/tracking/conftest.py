"""What every test shares: the seed, one server, clients of it, and MLflow's own store on the same database."""

from __future__ import annotations

import os
import random
import uuid
import warnings
from collections.abc import Iterator

import mlflow
import pytest
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


@pytest.fixture
def name() -> str:
    """One that nothing else has."""
    return f"n{uuid.uuid4().hex[:12]}"


@pytest.fixture
def experiment(client: MlflowClient, name: str) -> str:
    """The id of a new experiment, which is the fluent calls' too."""
    return mlflow.set_experiment(name).experiment_id
