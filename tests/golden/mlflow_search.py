"""What MLflow reads in the filters of searches, or the words it refuses them with.

`python tests/golden/mlflow_search.py` writes `crates/tracking/tests/golden/filters.json`, which the unit tests of
`crates/tracking/src/search` are held against. Needs the packages of `requirements-new.txt`.
"""

import json
from pathlib import Path

from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
from mlflow.store.tracking.sqlalchemy_store import (
    SqlTraceInfo,
    _get_filter_clauses_for_search_traces,
    _get_search_datasets_filter_clauses,
    _get_search_experiments_filter_clauses,
    _get_sqlalchemy_filter_clauses,
)
from mlflow.utils.search_logged_model_utils import parse_filter_string
from mlflow.utils.search_utils import (
    SearchEvaluationDatasetsUtils,
    SearchExperimentsUtils,
    SearchModelUtils,
    SearchModelVersionUtils,
    SearchTraceUtils,
    SearchUtils,
)

COMMON = """
|   | AND | name | name = | = 'a' | name 'a' | name = 'a' 'b' | name = 'a | name = a | name = `a` | name = 5
name = 'a' OR name = 'b' | (name = 'a') | NOT name = 'a' | name = 'a' AND | AND name = 'a' | name = 'a' name = 'b'
'name' = 'a' | 5 = 5 | name == 'a' | name <> 'a' | name > 'a' | name RLIKE 'a' | name NOT LIKE 'a' | name like 'A%'
name ILIKE "a_%" | NAME = 'a' | nosuch = 'a' | nosuch.x = 'a' | attribute.name = 'a' | attributes.name != 'a'
name IS NULL | name IS 'a' | name IN 'a' | name IN ('a') | name IN ('a', 'b') | name NOT IN ('a',"b") | name IN ()
name IN (1) | name IN ('a' | tags.a = 'b' | tag.a != "b" | tags.`a b` = 'c' | tags."a b" = 'c' | tags.a.b.c LIKE '%'
tags.a = b | tags.a = 5 | tags.a > 'b' | tags.a IS NULL | tags.a is not null | tags.a IN ('b') | tags.a = 'it''s'
tags.a = "it's" | tags.a = '' | tags.a = 'é AND b' and name = 'ü' | params.a = 'b' | metrics.a = 5 | datasets.name = 'a'
name = 'a'; | name BETWEEN 'a' AND 'b' | tags.a ilike 'B' | tags.a = 'b'AND name='c'
"""
RUNS = """
metrics.a > 5 | metric.a >= -5.5 | metrics.`a b` < 1e-3 | metrics.a <= 0 | metrics.a != 1.0 | metrics.a = 'b'
metrics.a = b | metrics.a LIKE 5 | metrics.a IN (1) | metrics.a IS NULL | metrics.a.b/c = 1 | metrics."x/y" = 1
params.lr = '0.1' | param.lr != "0.1" | parameters.lr ILIKE 'A' | parameter.lr LIKE 'A' | params.lr = 0.1
params.lr = lr | params.lr IS NULL | params.lr IS NOT NULL | params.lr > '1' | params.lr IN ('1')
status = 'RUNNING' | attr.status != 'x' | run.status LIKE 'R%' | attributes.status IN ('a') | status IS NULL
run_id = 'a' | run_id IN ('a', 'b') | run_id NOT IN ('a') | run_id = ('a') | run_name = 'a' | run_name LIKE 'a'
attribute.`Run name` = 'a' | attribute."run name" = 'a' | attributes.`Run Name` ILIKE 'a' | user_id = 'a'
artifact_uri ILIKE 'A%' | start_time > 5 | start_time = '5' | start_time LIKE 5 | end_time <= 5.5 | created = 5
attributes.Created >= 5 | created != a | datasets.name = 'a' | dataset.digest LIKE 'a' | datasets.context IN ('a', 'b')
datasets.name NOT IN ('a') | datasets.profile = 'a' | datasets.name = 5 | datasets.name > 'a' | datasets.name IS NULL
experiment_id = '1' | lifecycle_stage = 'active' | model.a = 5 | metrics.a > 5 AND params.b = 'c' and tags.d LIKE '%e'
"""
EXPERIMENTS = """
experiment_id = '1' | experiment_id != '2' | experiment_id IN ('1', '2') | experiment_id NOT IN ('1') | experiment_id = 'a'
experiment_id > '1' | experiment_id = 1 | experiment_id IN ('a') | creation_time > 5 | creation_time = 5.5
last_update_time <= 5 | last_update_time = '5' | creation_time LIKE 5 | tags.a IS NULL | attribute.name IN ('a')
"""
DATASETS = """
created_by = 'a' | created_by LIKE 'a%' | last_updated_by != 'a' | created_by IN ('a') | created_by > 'a' | created_by = 5
created_time > 5 | created_time = '5' | created_time = 5.5 | created_time LIKE 5 | last_update_time <= 5 | dataset_id = 'a'
name = 'a' AND tags.b LIKE 'c%' AND created_time >= 5 | last_updated_by ILIKE 'A%' | name NOT IN ('a') | digest = 'a'
"""
VERSIONS = """
version_number = 1 | version_number >= 2 | version_number = '1' | version_number = 1.5 | version_number LIKE 1
version_number IN ('1') | run_id = 'a' | run_id IN ('a') | source_path LIKE 'a%' | source_path IN ('a') | run_id = 5
source_path = 5 | creation_timestamp > 5 | version_number > a
"""
LOGGED = """
model_id = 'a' | model_id IN ('a', 'b') | model_id NOT IN ('a') | model_type LIKE 'a%' | source_run_id ILIKE 'A'
status = 'READY' | status != 'PENDING' | status IN ('READY', 'FAILED') | status LIKE 'R%' | status = 'x'
creation_timestamp > 5 | creation_time <= 5.5 | creation_timestamp_ms = 5 | last_updated_timestamp != 5
last_updated_timestamp LIKE 5 | creation_time = 'a' | metrics.a > 5 | metrics.`a b` >= 0.5 | metrics.a LIKE 5
metrics.a = 'b' | params.a = 'b' | params.a > 'b' | params.`a b` IN ('c') | param.a = 'b' | attribute.name = 'a'
attributes.name = 'a' AND metrics.a != 1 and tags.b ILIKE 'c' | metrics.a = NULL
"""
TRACES = """
request_id = 'a' | trace.request_id IN ('a', 'b') | request_id NOT IN ('a') | request_id > 'a' | request_id = 5
client_request_id LIKE 'a%' | client_request_id RLIKE '^a' | client_request_id IS NULL | client_request_id IN ('a')
status = 'OK' | trace.status != "ERROR" | attribute.status IN ('OK', 'ERROR') | status LIKE 'O%' | status > 'OK' | status = ('OK')
timestamp_ms > 5 | trace.timestamp_ms <= 5 | timestamp_ms LIKE 5 | timestamp_ms IN (5) | trace.timestamp >= 5
execution_time_ms < 5.5 | execution_time != 5 | attributes.execution_time = 5 | end_time_ms > 5 | trace.end_time <= 5 | end_time IS NULL
name = 'a' | trace.name LIKE 'a%' | name RLIKE '^a' | name IS NULL | name IS NOT NULL | name > 'a' | trace.name NOT IN ('a')
run_id = 'a' | run_id != 'a' | run_id IN ('a') | attributes.run_id LIKE 'a' | run_id IS NULL | run_id = 5
prompt = 'a/1' | prompt = 'a' | prompt = 'a/b/1' | prompt != 'a/1' | prompt LIKE 'a/1' | prompt IS NULL | trace.prompt = "a/1"
trace.text LIKE '%a%' | trace.text ILIKE '%a%' | trace.text = 'a' | trace.text RLIKE 'a' | trace.text IS NULL
tag.a = 'b' | tags.a RLIKE '^b$' | tags.name = 'a' | tag.run_id = 'a' | tags.`a b` ILIKE 'c' | tags.a NOT IN ('b')
metadata.a = 'b' | request_metadata.a != 'b' | metadata.a LIKE 'b' | metadata.a RLIKE 'b' | metadata.a IS NULL | metadata.a IS NOT NULL
metadata.a > 'b' | metadata.a IN ('b') | metadata.a = 5 | metadata.`mlflow.trace.session` = 's' | metadata.mlflow.trace.session IS NULL
metadata.`mlflow.trace.tokenUsage` = '{}' | metadata.`mlflow.trace.cost` IS NULL | metadata.run_id = 'a'
span.name = 'a' | span.name IN ('a', 'b') | span.name NOT IN ('a') | span.type LIKE 'L%' | span.status RLIKE 'E' | span.type = 5
span.name IS NULL | span.name > 'a' | span.content LIKE '%a%' | span.content ILIKE '%a%' | span.content = 'a' | span.content IN ('a')
span.kind = 'a' | span.attributes.model LIKE '%a%' | span.attributes.a.b ILIKE 'a' | span.attributes.model RLIKE '^a'
span.attributes.model > 'a' | span.attributes.model IS NULL | span.timestamp = 'a' | spans.name = 'a'
feedback.a = 'yes' | feedback.a != 'yes' | feedback.a LIKE 'y%' | feedback.a ILIKE 'y%' | feedback.a RLIKE '^y' | feedback.a > 0.5
feedback.a >= 1 | feedback.a < 5 | feedback.a <= 1e3 | feedback.a = 5 | feedback.a > '5' | feedback.a = yes | feedback.a IN ('a')
feedback.a IS NULL | feedback.a IS NOT NULL | feedback.`a b` = 'true' | feedback.name = 'a' | feedback.a LIKE 5
expectation.a = 'yes' | expectation.a != "no" | expectation.a > 5 | expectation.a IS NULL | expectation.a NOT IN ('b')
issue.id = 'a' | issue.id != 'a' | issue.id IN ('a') | issue.id = 5 | issue.name = 'a' | issue.key = 'a' | issue.id IS NULL
status = 'OK' AND tags.a = 'b' and feedback.c > 0.5 AND span.name LIKE 'd%' | params.a = 'b' | metrics.a > 1
"""


def cut(text):
    return [part.strip() for line in text.strip().splitlines() for part in line.split("|")]


class Session:
    """What builds queries and never asks a database."""

    def query(self, *entities):
        from sqlalchemy.orm import Query

        return Query(entities)


def runs(text):
    parsed = SearchUtils.parse_search_filter(text)
    _get_sqlalchemy_filter_clauses(parsed, Session(), "sqlite")
    return parsed


def experiments(text):
    parsed = SearchExperimentsUtils.parse_search_filter(text)
    _get_search_experiments_filter_clauses(parsed, "sqlite")
    return parsed


def datasets(text):
    parsed = SearchEvaluationDatasetsUtils.parse_search_filter(text)
    _get_search_datasets_filter_clauses(parsed, "sqlite")
    return parsed


class Clauses(Registry):
    """The registry without a database."""

    def __init__(self):
        pass

    def _get_workspace_clauses(self, model):
        return []


def models(text):
    parsed = SearchModelUtils.parse_search_filter(text)
    Clauses()._get_search_registered_model_filter_query(None, parsed, "sqlite")
    return parsed


def versions(text):
    parsed = SearchModelVersionUtils.parse_search_filter(text)
    Clauses()._get_search_model_versions_filter_clauses(parsed, "sqlite")
    return parsed


def logged(text):
    return [
        {"type": it.entity.type.value, "key": it.entity.key, "comparator": it.op, "value": it.value}
        for it in parse_filter_string(text)
    ]


def traces(text):
    _get_filter_clauses_for_search_traces(text, Session(), "sqlite", Session().query(SqlTraceInfo))
    return SearchTraceUtils.parse_search_filter_for_search_traces(text)


def answer(parse, text):
    try:
        parsed = parse(text)
    except MlflowException as error:
        return {"filter": text, "error": error.message}
    except Exception as error:
        # MLflow answers 500: whatever the words, a filter like this is not valid
        return {"filter": text, "error": "", "raised": type(error).__name__}
    return {"filter": text, "read": [condition(it) for it in parsed]}


def condition(parsed):
    """What a comparison says, where values are of the types that the database compares."""
    kind, key, value = parsed["type"], parsed["key"], parsed["value"]
    if kind.startswith("metric"):
        value = float(value)
    elif key == "version_number" or (key.endswith("_timestamp_ms") and value.is_integer()):
        value = int(value)
    kind = {"attributes": "attribute", "metrics": "metric", "params": "parameter", "tags": "tag"}.get(kind, kind)
    return [kind, SearchUtils.translate_key_alias(key), parsed["comparator"].upper(), value]


def main():
    searches = {
        "runs": (runs, COMMON + RUNS),
        "experiments": (experiments, COMMON + EXPERIMENTS),
        "evaluation_datasets": (datasets, COMMON + DATASETS),
        "registered_models": (models, COMMON),
        "model_versions": (versions, COMMON + VERSIONS),
        "logged_models": (logged, COMMON + LOGGED),
        "traces": (traces, COMMON + TRACES),
    }
    found = {
        name: [answer(parse, text) for text in dict.fromkeys(cut(filters))] for name, (parse, filters) in searches.items()
    }
    path = Path(__file__).parents[2] / "crates/tracking/tests/golden/filters.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
