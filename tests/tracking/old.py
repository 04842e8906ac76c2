"""Fills a new database with what an older MLflow has, by that MLflow's own store: `OLD_PYTHON old.py sqlite:///FILE`.

It asks for nothing that the release it runs in does not have, so that the same script fills all of them from 2.0 on.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
import time
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag


def main(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = MlflowClient()
    places = Path(uri.rpartition("///")[2]).parent / "files"
    for number in range(3):
        experiment = client.create_experiment(f"ü {number}", artifact_location=f"{places}/{number}", tags={"kind": "old"} if number else None)
        for index in range(4):
            run = client.create_run(experiment, start_time=1000 + index, tags={"mlflow.user": "me"}).info.run_id
            values = enumerate((0.1, math.nan, math.inf, -2.5, 1e300))
            metrics = [Metric(key, value, 5 + step, step) for step, value in values for key in ("loss", "a b/c")]
            client.log_batch(run, metrics, [Param("p", "v" * 200), Param("q", "")], [RunTag("t", "'\"\n"), RunTag("u", "x" * 3000)])
            if index:
                client.set_terminated(run, "FINISHED" if index == 1 else "KILLED")
            if index == 3:
                client.delete_run(run)
            source = f"{places}/{number}/{run}/artifacts/model"
            if index == 1:
                client.create_registered_model(f"model {number}", tags={"a": "b"}, description="words")
            if index in (1, 2):
                version = client.create_model_version(f"model {number}", source, run, tags={"v": "w"})
                client.transition_model_version_stage(version.name, version.version, "Production" if index == 1 else "Staging")
                if hasattr(client, "set_registered_model_alias"):
                    client.set_registered_model_alias(version.name, f"alias-{index}", version.version)
            if index != 3:
                inputs(run)
        traces(experiment)
        if number == 2:
            client.delete_experiment(experiment)
    client.rename_registered_model("model 2", "another")


def inputs(run: str) -> None:
    """Datasets, which came with 2.4."""
    try:
        from mlflow.entities import Dataset, DatasetInput, InputTag
    except ImportError:
        return
    dataset = Dataset(name="rows", digest="d1", source_type="local", source="{}", schema="{}", profile="{}")
    mlflow.tracking._tracking_service.utils._get_store().log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])


def traces(experiment: str) -> None:
    """Traces, which came with 2.13: by the store of the release, for clients of all releases send them in other ways."""
    store = mlflow.tracking._tracking_service.utils._get_store()
    now = int(time.time() * 1000)
    said = {
        "mlflow.trace.session": "s" * 300,
        "mlflow.trace.tokenUsage": '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}',
        "mlflow.trace.cost": '{"input_cost": 0.1, "output_cost": 0.2, "total_cost": 0.30000000000000004}',
    }
    tags = {"mlflow.traceName": "predict", "own": "tag"}
    begin = getattr(store, "start_trace_info", None) or getattr(store, "start_trace", None)
    if begin and "request_metadata" in inspect.signature(begin).parameters:
        from mlflow.entities.trace_status import TraceStatus

        end = getattr(store, "end_trace_info", None) or store.end_trace
        info = begin(experiment_id=experiment, timestamp_ms=now, request_metadata=said, tags=tags)
        end(request_id=info.request_id, timestamp_ms=now + 5, status=TraceStatus.OK, request_metadata={}, tags={"more": "x"})
    elif begin:
        from mlflow.entities import Feedback, TraceInfo, TraceLocation, TraceState

        place = TraceLocation.from_experiment_id(experiment)
        info = TraceInfo(f"tr-{experiment}", place, now, TraceState.OK, request_preview="q", trace_metadata=said, tags=tags)
        begin(info)
        for value in (True, 0.5, "yes", {"a": 1}):
            store.create_assessment(Feedback(name="good", value=value, trace_id=info.trace_id))
        spans(store, experiment, info.trace_id)


def spans(store: object, experiment: str, trace: str) -> None:
    """Spans, which came with 3.3."""
    if not hasattr(store, "log_spans"):
        return
    from mlflow.entities import Span
    from mlflow.entities.span import SpanType
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext

    context = SpanContext(int("1" * 32, 16), int("2" * 16, 16), is_remote=False)
    attributes = {
        "mlflow.traceRequestId": trace,
        "mlflow.spanType": SpanType.LLM,
        "mlflow.llm.model": "m",
        "mlflow.llm.provider": "p",
        "mlflow.llm.cost": {"input_cost": 0.1, "output_cost": 0.2, "total_cost": 0.3},
    }
    written = {key: json.dumps(value) for key, value in attributes.items()}
    store.log_spans(experiment, [Span(ReadableSpan("predict", context, attributes=written, start_time=1_000_000, end_time=3_000_000))])


if __name__ == "__main__":
    main(*sys.argv[1:])
