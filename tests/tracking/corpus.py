"""Runs with random values, and filters and orders that ask for every comparator."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

NUMBERS = (0.0, 1.0, -1.5, 2.25, 1e9, math.nan, math.inf)
WORDS = ("svm", "SVM", "linear", "a_b", "a%b", "it's", "", "ü")
NUMERIC = ("=", "!=", ">", ">=", "<", "<=")
TEXTUAL = ("=", "!=", "LIKE", "ILIKE")
PATTERNS = ("s%", "S%", "%a%", "a_b", "%", "", "svm", "%Ü")


def fill(client: MlflowClient, experiment: str, rng: random.Random, count: int) -> list[str]:
    """Runs of which each has some of the keys."""
    runs = []
    for index in range(count):
        run = client.create_run(experiment, start_time=1000 + index // 3, run_name=rng.choice(WORDS) or None).info.run_id
        metrics = [Metric(key, rng.choice(NUMBERS), rng.randrange(3), rng.randrange(3)) for key in ("loss", "a b", "x/y") for _ in range(rng.randrange(3))]
        params = [Param(key, rng.choice(WORDS)) for key in ("kind", "a.b") if rng.random() < 0.8]
        tags = [RunTag(key, rng.choice(WORDS)) for key in ("team", "x-y") if rng.random() < 0.8]
        client.log_batch(run, metrics, params, tags)
        if rng.random() < 0.5:
            client.set_terminated(run, rng.choice(("FINISHED", "FAILED")), end_time=2000 + rng.randrange(5))
        runs.append(run)
    return runs


def quoted(text: str) -> str:
    return f"'{text}'" if "'" not in text else f'"{text}"'


def comparisons(runs: list[str]) -> list[str]:
    """Each entity with each comparator."""
    found = [f"{key} {how} {value}" for key in ("metrics.loss", 'metrics."a b"', "metric.`x/y`") for how in NUMERIC for value in ("0", "1.0", "-1.5", "1e9")]
    found += [f"{key} {how} {quoted(value)}" for key in ("params.kind", "parameter.`a.b`", "tags.team", 'tag."x-y"') for how in TEXTUAL for value in WORDS]
    found += [f"{key} {how} {quoted(value)}" for key in ("params.kind", "tags.team") for how in ("LIKE", "ILIKE") for value in PATTERNS]
    found += [f"attributes.status {how} '{value}'" for how in TEXTUAL for value in ("FINISHED", "RUNNING", "finished", "F%")]
    found += [f"{key} {how} {value}" for key in ("start_time", "attributes.end_time", "Created") for how in NUMERIC for value in (1001, 2002)]
    found += [f"{key} {how} {quoted(value)}" for key in ("run_name", "attributes.`Run name`", "attr.run_name") for how in TEXTUAL for value in ("svm", "s%", "ü")]
    found += [f"run_id {how} ('{runs[0]}','{runs[1]}')" for how in ("IN", "NOT IN")]
    found += [f"run_id {how} '{runs[0]}'" for how in ("=", "!=")] + ["tags.team IS NULL", "tags.team IS NOT NULL", "params.kind IS NULL", "params.kind IS NOT NULL"]
    return found


ORDERS = (
    ["metrics.loss"],
    ["metrics.loss DESC", "params.kind ASC"],
    ["params.kind DESC", "tags.team"],
    ["attributes.start_time ASC", "metrics.`a b` desc"],
    ["end_time DESC"],
    ["attributes.status", "run_name DESC"],
    ["tags.`x-y`"],
    ["start_time DESC", "run_id"],
    [],
)


def assert_alike(found: Callable[..., object], client: MlflowClient, store: MlflowClient, experiment: str, cases: list[tuple[str, list[str]]]) -> None:
    """The server and MLflow's own store answer each filter and order alike."""
    differing = []
    for text, order in cases:
        ours, theirs = (found(on, experiment, text, order) for on in (client, store))
        if ours != theirs:
            differing.append(f"{text} by {order}: {ours} instead of {theirs}")
    assert not differing, "\n".join([f"{len(differing)} differ", *differing])
