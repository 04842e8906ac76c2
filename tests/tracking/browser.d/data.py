"""What the pages show, logged by MLflow's client."""

from __future__ import annotations

import contextlib

import mlflow
import numpy as np
from mlflow.entities import AssessmentSource
from mlflow.models import infer_signature
from mlflow.tracing.client import TracingClient
from sklearn.linear_model import LinearRegression

PAGE = '<p id="text">a page</p><script>document.getElementById("text").textContent = "a script ran"</script>'


def log(address: str) -> dict[str, object]:
    """Runs with histories and artifacts, a model with a version, prompts, traces, a dataset and an evaluation; their ids."""
    mlflow.set_tracking_uri(address)
    experiment = mlflow.set_experiment("harbour").experiment_id
    runs = []
    for index in range(3):
        with mlflow.start_run(run_name=f"crane-{index}") as run:
            runs.append(run.info.run_id)
            mlflow.log_params({"depth": index, "kind": "tree"})
            for step in range(20):
                mlflow.log_metrics({"loss": (1 + index) / (step + 1), "accuracy": step / 20}, step=step)
            mlflow.set_tag("team", "quay")
            mlflow.log_input(mlflow.data.from_numpy(np.arange(4), name="tides"), context="training")
            mlflow.log_text("a text of the run", "notes/hello.txt")
            mlflow.log_text(PAGE, "page.html")
            mlflow.log_table({"ship": ["tug", "ferry"], "length": [20, 90]}, "ships.json")
            mlflow.log_image(np.zeros((20, 30, 3), dtype=np.uint8), "dark.png")
    rows = np.arange(6.0).reshape(3, 2)
    fitted = LinearRegression().fit(rows, [1, 2, 3])
    with mlflow.start_run(run_name="fitted") as fit:
        mlflow.log_metric("loss", 0.5)
        signature = infer_signature(rows, fitted.predict(rows))
        model = mlflow.sklearn.log_model(fitted, name="lift", registered_model_name="lift", signature=signature)
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("lift", "champion", "1")
    client.set_registered_model_tag("lift", "area", "north")
    client.set_model_version_tag("lift", "1", "reviewed", "twice")
    client.create_model_version("lift", model.model_uri, run_id=runs[0], model_id=model.model_id)
    mlflow.genai.register_prompt("greeting", "Ahoy {{name}}", commit_message="first")
    mlflow.genai.register_prompt("greeting", "Good day {{name}}", commit_message="second")
    with mlflow.start_run(run_name="pictures") as pictures:
        for step in range(2):
            mlflow.log_image(np.full((20, 30, 3), step * 100, dtype=np.uint8), key="dock", step=step)
        mlflow.log_text("pier,fathom\n1,17\n", "depths.csv")
        mlflow.log_text("# Moorings\n\nTwo *lines*.", "read.md")
        mlflow.log_dict({"tide": "spring"}, "tide.json")
    ids = {"experiment": experiment, "run": runs[2], "other": runs[1], "model": model.model_id, "grid": pictures.info.run_id, "fitted": fit.info.run_id, "first": runs[0]}
    return ids | said(experiment)


def said(experiment: str) -> dict[str, object]:
    """Traces of a session and one that failed, what is said of them, an issue, a dataset, and an evaluation."""

    @mlflow.trace
    def ask(question: str) -> str:
        with mlflow.start_span("look up", span_type="RETRIEVER") as span:
            span.set_inputs({"query": question})
            span.set_outputs([{"page_content": "a bollard", "metadata": {"doc_uri": "d1"}}])
        mlflow.update_current_trace(tags={"pier": "7"}, metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "ann"})
        if "4" in question:
            raise ValueError("no such berth")
        return f"moored at {question}"

    traces = []
    for number in range(1, 5):
        with contextlib.suppress(ValueError):
            ask(f"berth {number}")
        traces.append(mlflow.get_last_active_trace_id())
    source = AssessmentSource("HUMAN", "ann")
    mlflow.log_feedback(trace_id=traces[0], name="is_right", value=True, source=source, rationale="I was there")
    mlflow.log_expectation(trace_id=traces[0], name="berth", value="1", source=source)
    with mlflow.start_run(run_name="lookout") as lookout:
        mlflow.set_tag("mlflow.runType", "ISSUE_DETECTION")
    issue = TracingClient()._create_issue(experiment, "loose mooring", "The ship drifts", source_run_id=lookout.info.run_id, categories=["safety"])
    mlflow.log_issue(trace_id=traces[1], issue_id=issue.issue_id, run_id=lookout.info.run_id)
    dataset = mlflow.genai.datasets.create_dataset(name="ships", experiment_id=experiment)
    dataset.merge_records([{"inputs": {"question": f"berth {it}"}, "expectations": {"expected_response": "x"}} for it in range(3)])

    @mlflow.genai.scorer
    def brief(outputs: str) -> bool:
        return len(outputs) < 20

    asked = [{"inputs": {"question": f"berth {it}"}} for it in range(2)]
    evaluation = mlflow.genai.evaluate(data=asked, predict_fn=lambda question: f"moored at {question}", scorers=[brief])
    return {"traces": traces, "evaluation": evaluation.run_id, "lookout": lookout.info.run_id}
