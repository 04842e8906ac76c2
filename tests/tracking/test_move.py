"""`longshore tracking export` and `import`: from MLflow's own server into the server under test and back, compared field by field by MLflow's client."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from conftest import CURRENT
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, ViewType
from server import Tracking, binary

IDS = re.compile(r"(m-)?[0-9a-f]{32}")
MOVED = "longshore.moved."


def program(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run([str(binary()), "tracking", *map(str, arguments)], capture_output=True, text=True, env=inherited, timeout=120, check=False)
    assert done.returncode == code, (arguments, done)
    return done


def export(url: str, folder: Path, *arguments: object) -> dict[str, Any]:
    return json.loads(program("export", "--from", url, "--to", folder, "--json", *arguments).stdout)


def load(folder: Path, url: str, *arguments: object) -> dict[str, Any]:
    return json.loads(program("import", "--from", folder, "--to", url, "--json", *arguments).stdout)


def fill(url: str, folder: Path, name: str) -> None:
    """An experiment with everything that MLflow keeps."""
    mlflow.set_tracking_uri(url)
    client = MlflowClient(url)
    experiment = client.create_experiment(name, tags={"team": "cellar", "mlflow.note.content": "wine"})
    client.create_experiment(f"{name}-empty")
    parent = client.create_run(experiment, start_time=1_700_000_000_000, run_name="parent", tags={"mlflow.user": "ann", "long": "x" * 4000}).info.run_id
    child = client.create_run(experiment, run_name="child", tags={"mlflow.parentRunId": parent, "best": f"runs:/{parent}/model"}).info.run_id
    client.log_param(parent, "solver", "a value")
    client.log_batch(parent, params=[mlflow.entities.Param(f"q{number:03}", str(number)) for number in range(100)])
    for first in range(0, 2500, 1000):
        points = [Metric("loss", 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(first, min(first + 1000, 2500))]
        client.log_batch(parent, metrics=points)
    client.log_batch(child, metrics=[Metric("odd", value, 5, 0) for value in (float("nan"), float("inf"), -1e-300)] + [Metric("acc", 0.5, 7, 3)])
    data = Dataset("wine", "abc123", "local", '{"uri": "wine.csv"}', schema='{"a": "long"}', profile='{"rows": 5}')
    client.log_inputs(parent, [DatasetInput(data, [InputTag("mlflow.data.context", "train")])])
    files = folder / "files"
    (files / "deep/er").mkdir(parents=True)
    (files / "deep/er/a b%20.txt").write_text("deep")
    (files / "empty").write_bytes(b"")
    (files / "big.bin").write_bytes(os.urandom(3 << 20))
    client.log_artifacts(parent, str(files))
    client.set_terminated(parent, "FINISHED", 1_700_000_100_000)
    client.set_terminated(child, "FAILED")
    gone = client.create_run(experiment, run_name="gone").info.run_id
    client.log_text(gone, "gone", "gone.txt")
    client.delete_run(gone)
    registered = f"{name}-model"
    client.create_registered_model(registered, tags={"stage": "tried"}, description="of wine")
    model = folder / "model"
    model.mkdir()
    if CURRENT:
        logged = client.create_logged_model(experiment, name="cellar", source_run_id=child, tags={"k": "v"}, params={"depth": "3"}, model_type="tree")
        (model / "MLmodel").write_text(f"artifact_path: {logged.artifact_location}\nmodel_id: {logged.model_id}\nrun_id: {child}\n")
        client.log_model_artifacts(logged.model_id, str(model))
        client.finalize_logged_model(logged.model_id, "READY")
        client.log_metric(child, "acc", 0.75, timestamp=9, step=4, model_id=logged.model_id, dataset_name="wine", dataset_digest="abc123")
        client.log_outputs(child, [mlflow.entities.LoggedModelOutput(logged.model_id, 4)])
        source, more = f"models:/{logged.model_id}", {"model_id": logged.model_id}
    else:
        (model / "MLmodel").write_text(f"artifact_path: model\nrun_id: {child}\n")
        client.log_artifacts(child, str(model), "model")
        source, more = f"{client.get_run(child).info.artifact_uri}/model", {}
    for number in range(1, 4):
        client.create_model_version(registered, source, run_id=child, description=f"number {number}", tags={"n": str(number)}, **more)
    client.delete_model_version(registered, "2")
    client.transition_model_version_stage(registered, "1", "Staging")
    client.set_registered_model_alias(registered, "champion", "3")
    if CURRENT:
        fill_traces(client, experiment, name)


def fill_traces(client: MlflowClient, experiment: str, name: str) -> None:
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run(run_name="traced"), mlflow.start_span("outer", attributes={"depth": 1}) as outer:
        outer.set_inputs({"question": "which wine?"})
        with mlflow.start_span("inner", span_type="LLM") as inner:
            inner.set_outputs({"answer": "red", "scores": [1, 2.5]})
        outer.set_outputs("red")
    mlflow.flush_trace_async_logging()
    mlflow.set_trace_tag(outer.trace_id, "topic", "wine")
    source = mlflow.entities.AssessmentSource(source_type="HUMAN", source_id="ann")
    mlflow.log_feedback(trace_id=outer.trace_id, name="good", value=True, rationale="it is", source=source)
    mlflow.log_expectation(trace_id=outer.trace_id, name="colour", value="red", source=source)
    client.register_prompt(f"{name}-prompt", "Which wine goes with {{dish}}?", commit_message="first", tags={"lang": "en"})
    client.register_prompt(f"{name}-prompt", "Say a wine for {{dish}}.")
    dataset = mlflow.genai.datasets.create_dataset(name=f"{name}-data", experiment_id=experiment, tags={"made": "here"})
    dataset.merge_records([{"inputs": {"dish": dish}, "expectations": {"colour": colour}} for dish, colour in [("fish", "white"), ("beef", "red")]])


class Look:
    """All that a server says of what `fill` made, in names in place of ids."""

    def __init__(self, url: str, name: str, folder: Path) -> None:
        mlflow.set_tracking_uri(url)
        self.client, self.folder, self.name = MlflowClient(url), folder, name
        self.experiment = self.client.get_experiment_by_name(name)
        self.names: dict[str, str] = {}

    def plain(self, text: str | None) -> str | None:
        """A text with names in place of ids and of what comes before them in a location."""
        if text is None:
            return None
        text = re.sub(r"[a-z-]+:/[0-9]+/(models/)?", r"place:/\1", text)
        return IDS.sub(lambda found: self.names.get(found[0], "an id"), text)

    def tags(self, tags: dict[str, str]) -> dict[str, str | None]:
        return {key: self.plain(value) for key, value in tags.items() if not key.startswith(MOVED) and key not in ("mlflow.artifactLocation", "_mlflow_experiment_ids")}

    def files(self, what: str, uri: str) -> dict[str, bytes | str | None]:
        root = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(self.folder / what)))
        contents = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        return {path: self.plain(content.decode()) if path.endswith("MLmodel") else content for path, content in contents.items()}

    def all(self) -> dict[str, Any]:
        runs = self.client.search_runs([self.experiment.experiment_id], run_view_type=ViewType.ALL)
        self.names |= {run.info.run_id: run.info.run_name for run in runs}
        said: dict[str, Any] = {"experiment": (self.experiment.name, self.experiment.lifecycle_stage, self.tags(self.experiment.tags))}
        if CURRENT:
            models = self.client.search_logged_models([self.experiment.experiment_id])
            self.names |= {model.model_id: f"model {model.name}" for model in models}
            said["models"] = {model.name: self.model(model) for model in models}
        said["runs"] = {run.info.run_name: self.run(self.client.get_run(run.info.run_id)) for run in runs}
        said["registered"] = self.registered(f"{self.name}-model")
        said["empty"] = self.client.get_experiment_by_name(f"{self.name}-empty").lifecycle_stage
        if CURRENT:
            said["prompts"] = self.registered(f"{self.name}-prompt")
            said["traces"] = self.traces()
            said["datasets"] = self.datasets()
        return said

    def run(self, run: Any) -> dict[str, Any]:
        info, data = run.info, run.data
        histories = {key: [(repr(it.value), it.timestamp, it.step) for it in self.client.get_metric_history(info.run_id, key)] for key in data.metrics}
        said = {
            "info": (info.run_name, info.status, info.start_time, info.end_time, info.user_id, info.lifecycle_stage),
            "params": data.params,
            "tags": self.tags(data.tags),
            "latest": {key: repr(value) for key, value in data.metrics.items()},
            "histories": histories,
            "inputs": [(it.dataset.to_dictionary(), [(tag.key, tag.value) for tag in it.tags]) for it in run.inputs.dataset_inputs],
        }
        if CURRENT:
            said["outputs"] = [(self.names[it.model_id], it.step) for it in (run.outputs.model_outputs if run.outputs else [])]
        if self.client.list_artifacts(info.run_id) and info.lifecycle_stage == "active":
            said["files"] = self.files(info.run_name, info.artifact_uri)
        return said

    def model(self, model: Any) -> dict[str, Any]:
        measured = sorted((it.key, it.value, it.timestamp, it.step, it.dataset_name, it.dataset_digest, self.names[it.run_id]) for it in model.metrics or [])
        files = self.files(f"model-{model.name}", f"models:/{model.model_id}")
        return {"info": (model.name, str(model.status), model.model_type, self.names[model.source_run_id]), "tags": self.tags(model.tags), "params": model.params, "measured": measured, "files": files}

    def registered(self, name: str) -> dict[str, Any]:
        # the client does not show prompts as models
        registry = self.client._get_registry_client().store
        model = registry.get_registered_model(name)
        prompt = " AND tags.`mlflow.prompt.is_prompt` = 'true'" if name.endswith("prompt") else ""
        versions = registry.search_model_versions(f"name = '{name}'{prompt}")
        return {
            "model": (model.name, model.description, self.tags(model.tags), {alias: int(version) for alias, version in model.aliases.items()}),
            "versions": {
                int(it.version): (it.description, it.current_stage, it.status, self.plain(it.source), self.names.get(it.run_id, it.run_id), self.tags(it.tags), self.names.get(getattr(it, "model_id", None) or ""))
                for it in versions
            },
        }

    def traces(self) -> list[Any]:
        traces = self.client.search_traces(locations=[self.experiment.experiment_id])
        return [self.trace(it) for it in traces]

    def trace(self, trace: Any) -> dict[str, Any]:
        info = trace.info
        spans = [span.to_dict() for span in trace.data.spans]
        assessments = [(it.name, it.value, it.rationale, it.source.source_type, it.source.source_id, it.create_time_ms) for it in info.assessments]
        return {
            "info": (info.trace_id, info.request_time, info.execution_duration, str(info.state), info.request_preview, info.response_preview),
            "metadata": self.tags(info.trace_metadata),
            "tags": self.tags(info.tags),
            "spans": sorted(spans, key=lambda span: span["span_id"]),
            "assessments": sorted(assessments),
        }

    def datasets(self) -> list[Any]:
        found = mlflow.genai.datasets.search_datasets(experiment_ids=[self.experiment.experiment_id])
        records = [[(it["inputs"], it["expectations"]) for it in dataset.to_df().to_dict("records")] for dataset in found]
        return [(it.name, {key: value for key, value in it.tags.items() if not key.startswith(MOVED)}) for it in found] + [sorted(map(str, some)) for some in records]


@pytest.fixture(scope="module")
def source(theirs: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """MLflow's own server with everything, the name of it, and all that it says."""
    folder = tmp_path_factory.mktemp("source")
    name = f"move-{os.getpid()}"
    fill(theirs, folder, name)
    yield theirs, name, Look(theirs, name, folder / "look").all()


def test_what_is_moved_from_mlflow_and_back_is_the_same(source: tuple[str, str, dict[str, Any]], tmp_path: Path) -> None:
    url, name, wanted = source
    chosen = ["--experiment", name, "--experiment", f"{name}-empty", "--model", f"{name}-model"]
    chosen += ["--model", f"{name}-prompt"] if CURRENT else []
    there = tmp_path / "there"
    told = export(url, there, "--deleted", *chosen)
    assert (told["experiments"], told["runs"]) == (2, 4 if CURRENT else 3), told
    assert json.loads((there / "export.json").read_text())["whole"]
    with Tracking(tmp_path) as ours:
        would = load(there, ours.url, "--dry-run")
        assert would["runs"] == told["runs"] and would["files"] == told["files"]
        assert MlflowClient(ours.url).get_experiment_by_name(name) is None
        assert load(there, ours.url)["measurements"] == told["measurements"]
        assert Look(ours.url, name, tmp_path / "ours").all() == wanted
        # again: nothing is there twice
        load(there, ours.url)
        (there / "imports" / f"{ours.url.split('//')[1].replace('.', '-').replace(':', '-')}.jsonl").unlink()
        load(there, ours.url)
        assert Look(ours.url, name, tmp_path / "again").all() == wanted
        back = tmp_path / "back"
        export(ours.url, back, "--deleted", *chosen)
        refused = program("import", "--from", back, "--to", url, code=1).stderr
        assert name in refused and "--on-conflict" in refused, refused
        client = MlflowClient(url)
        for old in (name, f"{name}-empty"):
            client.rename_experiment(client.get_experiment_by_name(old).experiment_id, f"{old}-old")
        client.rename_registered_model(f"{name}-model", f"{name}-model-old")
        if CURRENT:
            for version in ("1", "2"):
                client.delete_prompt_version(f"{name}-prompt", version)
            client.delete_prompt(f"{name}-prompt")
            experiment = client.get_experiment_by_name(f"{name}-old").experiment_id
            client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000) + 10**6)
        load(back, url)
        assert Look(url, name, tmp_path / "theirs").all() == wanted


def test_an_export_and_an_import_that_are_killed_go_on(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    with Tracking(tmp_path / "one") as one, Tracking(tmp_path / "two") as two:
        # the client of 2.22 sends files to the server of the fluent calls
        mlflow.set_tracking_uri(one.url)
        client = MlflowClient(one.url)
        experiment = client.create_experiment("many")
        (tmp_path / "file").write_bytes(os.urandom(100_000))
        for number in range(120):
            run = client.create_run(experiment, run_name=f"r{number}").info.run_id
            client.log_batch(run, [Metric("m", step, step, step) for step in range(50)], [], [])
            if number % 4 == 0:
                client.log_artifact(run, str(tmp_path / "file"))
        folder = tmp_path / "many"
        killed(["export", "--from", one.url, "--to", folder, "--concurrency", "1"])
        killed(["import", "--from", folder, "--to", two.url, "--concurrency", "2"])
        mlflow.set_tracking_uri(two.url)
        client = MlflowClient(two.url)
        runs = client.search_runs([client.get_experiment_by_name("many").experiment_id])
        assert sorted(run.info.run_name for run in runs) == sorted(f"r{number}" for number in range(120))
        for run in runs:
            assert len(client.get_metric_history(run.info.run_id, "m")) == 50
            number = int(run.info.run_name[1:])
            assert [it.file_size for it in client.list_artifacts(run.info.run_id)] == ([100_000] if number % 4 == 0 else [])


def killed(arguments: list[object]) -> None:
    """Runs a command that is killed ever later, until it comes to its end."""
    command = [str(binary()), "tracking", *map(str, arguments)]
    for attempt in range(200):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            _, said = process.communicate(timeout=0.05 * 1.4**attempt)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            continue
        # an import of an export that was killed is refused
        assert process.returncode == 0, said
        return
    pytest.fail("it does not come to its end")


def test_what_cannot_be_moved_is_told(tmp_path: Path) -> None:
    refused = program("import", "--from", tmp_path, "--to", "http://127.0.0.1:1", code=1).stderr
    assert "holds no export" in refused
    refused = program("export", "--from", "sqlite:///mlflow.db", "--to", tmp_path / "x", code=1).stderr
    assert "no address of a tracking server" in refused
    with Tracking(tmp_path) as one:
        refused = program("export", "--from", one.url, "--to", tmp_path / "x", "--experiment", "none", code=1).stderr
        assert "there is no experiment `none`" in refused
        folder = tmp_path / "y"
        MlflowClient(one.url).create_experiment("some")
        export(one.url, folder)
        piece = next((folder / "experiments").glob("*.jsonl"))
        piece.write_text(piece.read_text().replace("some", "same"))
        refused = program("import", "--from", folder, "--to", one.url, code=1).stderr
        assert "checksum" in refused
