"""Traces with random values, written by MLflow's own store, and filters and orders that ask for every comparator."""

from __future__ import annotations

import json
import random
from typing import Any

from corpus import quoted
from mlflow.entities import AssessmentSource, Expectation, Feedback, IssueReference, TraceInfo, TraceLocation, TraceState
from mlflow.entities.span import create_mlflow_span
from opentelemetry import trace as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

WORDS = ("svm", "SVM", "linear", "a_b", "a%b", "it's", "", "ü", "yes")
NUMERIC = ("=", "!=", ">", ">=", "<", "<=")
BOUNDS = (">", ">=", "<", "<=")
TEXTUAL = ("=", "!=", "LIKE", "ILIKE")
PATTERNS = ("s%", "S%", "%a%", "a_b", "%", "", "svm", "%Ü")
EXPRESSIONS = ("^s", "v", "^S.M$", "a.b", "", "[a-z]+", "ü")
VALUES: tuple[Any, ...] = (*WORDS, True, False, 0.5, 1.0, -2.5, None, ["a"], {"a": 1.0})


def span(trace: str, number: int, rng: random.Random, begin_ms: int) -> Any:
    """A span of a trace."""
    kind = rng.choice(("LLM", "TOOL", "UNKNOWN"))
    attributes: dict[str, Any] = {"mlflow.traceRequestId": trace, "mlflow.spanType": kind, "model": rng.choice(WORDS), "n": rng.choice((1, 2.5))}
    if rng.random() < 0.6:
        attributes |= {"mlflow.llm.model": rng.choice(("m1", "m2")), "mlflow.llm.provider": "p", "mlflow.llm.cost": {"input_cost": rng.choice((0.25, 1.0)), "output_cost": 0.5, "total_cost": 1.5}}
    context = otel.SpanContext(int(trace[3:], 16), number, is_remote=False, trace_flags=otel.TraceFlags(1))
    begin = begin_ms * 1_000_000
    status = otel.Status(rng.choice((otel.StatusCode.OK, otel.StatusCode.ERROR)))
    kept = {key: json.dumps(value) for key, value in attributes.items()}
    made = ReadableSpan(rng.choice(WORDS), context, None, Resource({}), kept, start_time=begin, end_time=begin + rng.randrange(5) * 1_000_000, status=status)
    return create_mlflow_span(made, trace, kind)


def metadata(rng: random.Random, runs: list[str]) -> dict[str, str]:
    """Some of what is known when a trace is made."""
    found = {key: rng.choice(WORDS) for key in ("team", "x-y") if rng.random() < 0.7}
    if rng.random() < 0.6:
        found["mlflow.trace.session"] = rng.choice(("s1", "s2", "S1"))
    if rng.random() < 0.4:
        found["mlflow.sourceRun"] = rng.choice(runs)
    if rng.random() < 0.5:
        tokens = rng.randrange(4)
        found["mlflow.trace.tokenUsage"] = json.dumps({"input_tokens": tokens, "output_tokens": 7, "total_tokens": tokens + 7})
        found["mlflow.trace.cost"] = json.dumps({"input_cost": 0.5, "output_cost": rng.choice((0.25, 1.0)), "total_cost": 1.5})
    return found


def fill(store: Any, experiment: str, rng: random.Random, count: int) -> list[str]:
    """Traces of which each has some of everything. The ids of some runs that they are of."""
    runs = [f"{number:032x}" for number in (1, 2, 3)]
    for index in range(count):
        trace = f"tr-{rng.randrange(2**128):032x}"
        begin = 1_000_000 + index // 3
        tags = {key: rng.choice(WORDS) for key in ("team", "x-y", "mlflow.traceName") if rng.random() < 0.7}
        info = TraceInfo(
            trace_id=trace, trace_location=TraceLocation.from_experiment_id(experiment), request_time=begin, state=rng.choice(list(TraceState)),
            execution_duration=rng.choice((None, 0, 3, 250)), client_request_id=rng.choice((None, "c1", "C1")), tags=tags,
            trace_metadata=metadata(rng, runs), request_preview="asked", response_preview="answered",
        )  # fmt: skip
        store.start_trace(info)
        for number in range(rng.randrange(3)):
            store.log_spans(experiment, [span(trace, number + 1, rng, begin)])
        for _ in range(rng.randrange(4)):
            assess(store, trace, rng, info.trace_metadata.get("mlflow.trace.session"))
        if rng.random() < 0.2:
            store.link_traces_to_run([trace], rng.choice(runs))
    return runs


def assess(store: Any, trace: str, rng: random.Random, session: str | None) -> None:
    """Adds an assessment of some kind to a trace."""
    name = rng.choice(("quality", "a b"))
    source = AssessmentSource(source_type="HUMAN", source_id="somebody")
    scope = {"mlflow.trace.session": session} if session and rng.random() < 0.3 else None
    value = rng.choice(VALUES)
    if (turn := rng.random()) < 0.6:
        first = store.create_assessment(Feedback(trace_id=trace, name=name, value=value, source=source, metadata=scope))
        if rng.random() < 0.3:
            store.create_assessment(Feedback(trace_id=trace, name=name, value="yes", source=source, overrides=first.assessment_id))
    elif turn < 0.9:
        store.create_assessment(Expectation(trace_id=trace, name=name, value="x" if value is None else value, source=source, metadata=scope))
    else:
        store.create_assessment(IssueReference(trace_id=trace, issue_id=rng.choice(("i1", "i2")), issue_name="slow", source=source))


def comparisons(runs: list[str], traces: list[str]) -> list[str]:
    """Each entity with each comparator."""
    named = ("tag.team", "tags.`x-y`", "metadata.team", "request_metadata.`x-y`", "name", "trace.name", "metadata.`mlflow.trace.session`")
    found = [f"{key} {how} {quoted(value)}" for key in named for how in TEXTUAL for value in (*WORDS, "s1")]
    found += [f"{key} {how} {quoted(value)}" for key in named for how in ("LIKE", "ILIKE") for value in PATTERNS]
    found += [f"{key} RLIKE {quoted(value)}" for key in (*named, "status", "client_request_id", "span.name", "feedback.quality") for value in EXPRESSIONS]
    found += [f"{key} IS {how}" for key in named for how in ("NULL", "NOT NULL")]
    found += [f"status {how} '{value}'" for how in TEXTUAL for value in ("OK", "ERROR", "ok", "O%")] + ["trace.status IN ('OK','ERROR')", "status NOT IN ('OK')"]
    found += [f"client_request_id {how} '{value}'" for how in TEXTUAL for value in ("c1", "C%")] + ["client_request_id NOT IN ('c1')", "client_request_id IN ('c1', 'C1')"]
    times = ("timestamp_ms", "trace.timestamp", "attributes.end_time")
    found += [f"{key} {how} {value}" for key in times for how in NUMERIC for value in (1_000_003, 1_000_250)]
    found += [f"{key} {how} {value}" for key in ("execution_time_ms", "trace.execution_time") for how in NUMERIC for value in (0, 3, 2.5)]
    found += [f"run_id {how} '{runs[0]}'" for how in TEXTUAL] + ["run_id IS NULL", "run_id IS NOT NULL", f"metadata.`mlflow.sourceRun` = '{runs[1]}'"]
    found += [f"request_id {how} ('{traces[0]}','{traces[1]}')" for how in ("IN", "NOT IN")] + [f"request_id {how} '{traces[0]}'" for how in TEXTUAL]
    found += [f"span.{key} {how} {quoted(value)}" for key in ("name", "type", "status") for how in TEXTUAL for value in ("svm", "LLM", "T%", "ERROR", "ok")]
    found += ["span.type IN ('LLM', 'TOOL')", "span.name NOT IN ('svm', 'SVM')", "span.type = 'LLM' AND span.name = 'svm'", "timestamp_ms > 1000004 AND span.type = 'TOOL'"]
    found += [f"{key} {how} {quoted(value)}" for key in ("span.content", "trace.text") for how in ("LIKE", "ILIKE") for value in ("%svm%", "%SVM%", "%model%", "x")]
    found += [f"span.attributes.{key} {how} {quoted(value)}" for key in ("model", "n", "none") for how in ("LIKE", "ILIKE") for value in ("%svm%", "%2.5%", "%")]
    found += [f"span.attributes.model RLIKE {quoted(value)}" for value in ("^s", "vm$", "^svm$", "v", "[a-z]+")]
    assessed = ("feedback.quality", "expectation.quality", "feedback.`a b`")
    found += [f"{key} {how} {quoted(value)}" for key in assessed for how in TEXTUAL for value in (*WORDS, "true", "0.5", "null", "s%")]
    found += [f"{key} {how} {value}" for key in assessed for how in BOUNDS for value in (0.5, 1, -2.5)]
    found += [f"{key} IS {how}" for key in (*assessed, "feedback.none") for how in ("NULL", "NOT NULL")]
    found += ["issue.id = 'i1'", "issue.id = 'none'", "prompt = 'p/1'"]
    usage = json.dumps({"input_tokens": 1, "output_tokens": 7, "total_tokens": 8})
    cost = json.dumps({"input_cost": 0.5, "output_cost": 1.0, "total_cost": 1.5})
    found += [f"metadata.`mlflow.trace.{key}` {how} '{value}'" for key, value in (("tokenUsage", usage), ("cost", cost), ("cost", "{}")) for how in ("=", "!=")]
    return found + [f"metadata.`mlflow.trace.{key}` IS {how}" for key in ("tokenUsage", "cost") for how in ("NULL", "NOT NULL")]


ORDERS = (
    [],
    ["timestamp_ms ASC"],
    ["timestamp DESC", "request_id DESC"],
    ["execution_time_ms"],
    ["execution_time DESC", "status"],
    ["status DESC", "name ASC"],
    ["name DESC"],
    ["tag.team", "metadata.team DESC"],
    ["metadata.`mlflow.trace.session` DESC"],
    ["run_id"],
    ["experiment_id", "request_id"],
)

SPREAD = ["AVG", "MIN", "MAX", "PERCENTILE"]
METRICS: dict[str, list[tuple[str, list[str], list[str]]]] = {
    "TRACES": [
        ("trace_count", ["COUNT"], ["trace_name", "trace_status"]),
        ("session_count", ["COUNT"], []),
        ("latency", SPREAD, ["trace_name"]),
        ("input_tokens", ["SUM", *SPREAD], ["trace_name"]),
        ("cache_read_input_tokens", ["SUM", *SPREAD], ["trace_name"]),
    ],
    "SPANS": [
        ("span_count", ["COUNT"], ["span_name", "span_type", "span_status", "span_model_name", "span_model_provider"]),
        ("latency", SPREAD, ["span_name", "span_status"]),
        ("input_cost", ["SUM", *SPREAD], ["span_model_name", "span_model_provider"]),
    ],
    "ASSESSMENTS": [
        ("assessment_count", ["COUNT"], ["assessment_name", "assessment_value"]),
        ("assessment_value", SPREAD, ["assessment_name"]),
    ],
}
FILTERS = {
    "TRACES": ["trace.status = 'OK'", "trace.tag.team = 'svm'", "trace.metadata.team = 'svm'", "trace.metadata.mlflow.trace.session = 's1'", "trace.tag.`mlflow.traceName` = 'svm'"],
    "SPANS": ["span.name = 'svm'", "span.type = 'LLM'", 'span.status = "OK"'],
    "ASSESSMENTS": ["assessment.name = 'quality'", "assessment.type = 'feedback'"],
}
