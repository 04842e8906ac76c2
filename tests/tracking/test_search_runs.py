"""Every comparator, order and page: the server finds what MLflow's own store finds in the same database."""

from __future__ import annotations

import random

import mlflow
import pytest
from corpus import ORDERS, assert_alike, comparisons, fill
from conftest import SEED
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

RUNS = 40


@pytest.fixture(scope="module")
def filled(tracking) -> tuple[str, list[str]]:
    client = MlflowClient(tracking_uri=tracking.url)
    experiment = client.create_experiment(f"searched-{SEED}-{mlflow.__version__}")
    return experiment, fill(client, experiment, random.Random(SEED), RUNS)


def found(on: MlflowClient, experiment: str, text: str, order: list[str], size: int = 1000) -> list[str] | tuple[str, str]:
    """The names found, in their order, or the refusal."""
    runs: list[str] = []
    token = None
    try:
        while True:
            page = on.search_runs([experiment], text, max_results=size, order_by=order, page_token=token)
            runs += [run.info.run_id for run in page]
            token = page.token
            if not token:
                return runs
    except MlflowException as refused:
        return refused.error_code, str(refused.message).removeprefix(f"{refused.error_code}: ")


def test_each_comparator(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    experiment, runs = filled
    assert_alike(found, client, store, experiment, [(text, ["start_time", "run_id"]) for text in comparisons(runs)])


def test_conjunctions_and_orders(client: MlflowClient, store: MlflowClient, filled: tuple[str, list[str]]) -> None:
    experiment, runs = filled
    rng = random.Random(SEED + 1)
    single = comparisons(runs)
    cases = [(" and ".join(rng.sample(single, rng.randrange(3))), ORDERS[turn % len(ORDERS)]) for turn in range(60)]
    assert_alike(found, client, store, experiment, cases)


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: ",".join(order) or "none")
def test_pages_are_the_whole_in_parts(client: MlflowClient, filled: tuple[str, list[str]], order: list[str]) -> None:
    experiment, _ = filled
    whole = found(client, experiment, "", order)
    assert len(whole) == RUNS and len(set(whole)) == RUNS
    assert found(client, experiment, "", order, size=7) == whole


def test_a_page_that_is_not_of_this_search(client: MlflowClient, filled: tuple[str, list[str]]) -> None:
    with pytest.raises(MlflowException) as refused:
        client.search_runs([filled[0]], page_token="not a token")
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
