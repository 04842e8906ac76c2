"""A folder of many models: the three layouts, what Triton's client and KServe's do with them, and models that come and go."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import joblib
import numpy as np
import pytest
import requests
import tritonclient.http as triton
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from sklearn.linear_model import LinearRegression, LogisticRegression
from tritonclient.utils import InferenceServerException

from questions import expected, instances
from server import EXAMPLES, Server
from test_kserve_client import ask

PATIENCE_SECONDS = 30
ROWS = np.arange(24, dtype=np.float64).reshape(6, 4)


def fit(target: np.ndarray, model: type = LinearRegression) -> LinearRegression:
    return model().fit(ROWS, target)


def linear(slope: float) -> LinearRegression:
    """A model that answers `slope` times the first value."""
    return fit(slope * ROWS[:, 0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Models in KServe's, Triton's and MLflow's layout, and one that does not load."""
    kserve = tmp_path / "kserve"
    kserve.mkdir()
    joblib.dump(linear(1), kserve / "model.joblib")
    for version in ("1", "3"):
        triton_version = tmp_path / "triton" / version
        triton_version.mkdir(parents=True)
        (triton_version / "model.pkl").write_bytes(pickle.dumps(linear(10 * int(version))))
    (tmp_path / "triton/config.pbtxt").write_text('name: "triton"\nplatform: "sklearn"\n')
    shutil.copytree(EXAMPLES / "wine/model", tmp_path / "mlflow")
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "model.joblib").write_text("version https://git-lfs.github.com/spec/v1")
    (tmp_path / "README.md").write_text("no model")
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with Server(f"--model-dir={folder}", "--watch", "--poll=1") as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(server.address)
    yield client
    client.close()


def predict(server: Server, name: str, rows: list | None = None) -> list:
    answer = server.post(f"/v1/models/{name}:predict", json={"instances": ROWS.tolist() if rows is None else rows})
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def index(client: triton.InferenceServerClient) -> dict[tuple[str, str], tuple[str, str]]:
    return {(line["name"], line["version"]): (line["state"], line["reason"]) for line in client.get_model_repository_index()}


def until(what: str, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def test_every_layout_answers_when_it_is_asked(server: Server, client: triton.InferenceServerClient) -> None:
    assert client.is_server_ready()
    assert set(server.get("/v1/models").json()["models"]) == {"bad", "kserve", "mlflow", "triton"}
    assert all(state == "UNAVAILABLE" for state, _ in index(client).values())
    np.testing.assert_allclose(predict(server, "kserve"), ROWS[:, 0], atol=1e-9)
    np.testing.assert_allclose(predict(server, "triton"), 30 * ROWS[:, 0], atol=1e-9)
    np.testing.assert_array_equal(predict(server, "mlflow", instances("wine")), expected("wine"))
    assert client.get_model_metadata("triton")["versions"] == ["1", "3"]
    found = index(client)
    for line in [("kserve", "1"), ("triton", "1"), ("triton", "3"), ("mlflow", "1")]:
        assert found[line] == ("READY", ""), found


def test_one_bad_model_says_why(server: Server, client: triton.InferenceServerClient) -> None:
    answer = server.post("/v1/models/bad:predict", json={"instances": ROWS.tolist()})
    assert answer.status_code == 503
    assert "`bad/model.joblib`" in answer.json()["error"] or "Git LFS" in answer.json()["error"], answer.text
    assert "Retry-After" not in answer.headers
    state, reason = index(client)["bad", ""]
    assert state == "UNAVAILABLE" and reason
    assert not client.is_model_ready("bad")
    with pytest.raises(InferenceServerException, match="bad"):
        client.load_model("bad")
    assert client.is_server_ready()


def test_triton_loads_and_unloads(server: Server, client: triton.InferenceServerClient, folder: Path) -> None:
    client.load_model("kserve")
    assert client.is_model_ready("kserve")
    joblib.dump(linear(2), folder / "kserve/model.joblib")
    client.load_model("kserve")
    np.testing.assert_allclose(predict(server, "kserve"), 2 * ROWS[:, 0], atol=1e-9)
    client.unload_model("kserve")
    assert not client.is_model_ready("kserve")
    assert index(client)["kserve", ""] == ("UNAVAILABLE", "unloaded")
    values = triton.InferInput("input-0", [6, 4], "FP64")
    values.set_data_from_numpy(ROWS, binary_data=False)
    with pytest.raises(InferenceServerException, match="unloaded"):
        client.infer("kserve", [values], outputs=[triton.InferRequestedOutput("predict", binary_data=False)])
    client.load_model("kserve")
    assert client.is_model_ready("kserve")
    with pytest.raises(InferenceServerException, match="there is no model `never`"):
        client.load_model("never")
    with pytest.raises(InferenceServerException, match="there is no model `never`"):
        client.unload_model("never")


TRITON_CONFIG = """
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig
config = ModelConfig(name="triton", platform="sklearn", max_batch_size=8)
config.input.add(name="x", dims=[-1, 4])
config.version_policy.specific.versions.append(1)
config.parameters["note"].string_value = 'version_policy { all { } } "quoted"'
print(text_format.MessageToString(config))
"""


def test_the_version_policy_of_tritons_configuration_is_followed(server: Server, client: triton.InferenceServerClient, folder: Path) -> None:
    # Triton's own messages write it, in a process of its own: KServe's declare messages of the same names
    written = subprocess.run([sys.executable, "-c", TRITON_CONFIG], check=True, capture_output=True, text=True)
    (folder / "triton/config.pbtxt").write_text(written.stdout)
    assert client.get_model_metadata("triton")["versions"] == ["1"]
    np.testing.assert_allclose(predict(server, "triton"), 10 * ROWS[:, 0], atol=1e-9)
    (folder / "triton/config.pbtxt").write_text('name: "other"')
    with pytest.raises(InferenceServerException, match="names the model `other`, and its folder is `triton`"):
        client.load_model("triton")


TRITON_GRPC = """
import sys
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException
client = triton.InferenceServerClient(sys.argv[1])
client.load_model("kserve")
print(client.is_model_ready("kserve"), end=" ")
client.unload_model("kserve")
print(client.is_model_ready("kserve"), end=" ")
print({line.name: line.state for line in client.get_model_repository_index().models}["kserve"], end=" ")
for name, config in (("never", None), ("kserve", "{}")):
    try:
        client.load_model(name, config=config)
    except InferenceServerException as error:
        print(error.status(), end=" ")
"""


def test_triton_does_so_over_grpc(server: Server) -> None:
    """In a process of its own: Triton's client declares the same protobuf messages as KServe's."""
    done = subprocess.run([sys.executable, "-c", TRITON_GRPC, server.address], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["True", "False", "UNAVAILABLE", "StatusCode.NOT_FOUND", "StatusCode.INVALID_ARGUMENT"], done.stdout + done.stderr


def test_kserve_does_so_over_grpc(server: Server) -> None:
    with grpc.insecure_channel(server.address) as channel:
        stub = GRPCInferenceServiceStub(channel)
        answer = stub.RepositoryModelLoad(pb.RepositoryModelLoadRequest(model_name="kserve"), timeout=20)
        assert (answer.model_name, answer.isLoaded) == ("kserve", True)
        assert stub.ModelReady(pb.ModelReadyRequest(name="kserve"), timeout=20).ready
        answer = stub.RepositoryModelUnload(pb.RepositoryModelUnloadRequest(model_name="kserve"), timeout=20)
        assert (answer.model_name, answer.isUnloaded) == ("kserve", True)
        assert not stub.ModelReady(pb.ModelReadyRequest(name="kserve"), timeout=20).ready
        # a model that nobody has asked for yet is loaded for its metadata
        assert list(stub.ModelMetadata(pb.ModelMetadataRequest(name="triton"), timeout=20).versions) == ["1", "3"]


def test_what_triton_would_override_is_refused(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="`config`"):
        client.load_model("kserve", config='{"backend": "python"}')


def test_kserve_sees_what_is_loaded(server: Server, client: triton.InferenceServerClient) -> None:
    """KServe's SDK has no call for loading; its agent posts to the same paths, and reads `load` and `unload`."""
    for verb, ready in [("load", True), ("unload", False)]:
        answer = server.post(f"/v2/repository/models/kserve/{verb}")
        assert answer.json() == {"name": "kserve", verb: True}
        assert ask("v2", lambda sdk: sdk.is_model_ready(server.url, "kserve")) is ready
    assert ask("v2", lambda sdk: sdk.is_server_ready(server.url))


def test_new_changed_and_removed_models_are_noticed(server: Server, folder: Path) -> None:
    joblib.dump(linear(1), folder / "kserve/model.joblib")
    predict(server, "kserve")
    new = folder / "new"
    new.mkdir()
    joblib.dump(fit(np.array([0, 0, 0, 1, 1, 1]), LogisticRegression), new / "model.joblib")
    until("the new model is known", lambda: "new" in server.get("/v1/models").json()["models"])
    assert predict(server, "new") == [0, 0, 0, 1, 1, 1]
    joblib.dump(linear(5), folder / "kserve/model.joblib")
    until("the changed model is loaded", lambda: abs(predict(server, "kserve")[1] - 5 * ROWS[1, 0]) < 1e-9)
    assert server.post("/v1/models/bad:predict", json={"instances": [[1, 2, 3, 4]]}).status_code == 503
    joblib.dump(linear(7), folder / "bad/model.joblib")
    until("the bad model is mended", lambda: server.post("/v1/models/bad:predict", json={"instances": [[1, 2, 3, 4]]}).status_code == 200)
    shutil.rmtree(folder / "new")
    until("the removed model is gone", lambda: server.get("/v1/models/new").status_code == 404)


def test_a_folder_that_is_a_model_is_one_model(folder: Path) -> None:
    """As KServe starts its runtimes for one model."""
    with Server(f"--model_dir={folder / 'kserve'}", "--model_name=it") as server:
        np.testing.assert_allclose(predict(server, "it"), ROWS[:, 0], atol=1e-9)
        assert server.get("/v1/models").json() == {"models": ["it"]}


def test_an_empty_folder_is_served_until_models_come(tmp_path: Path) -> None:
    """As KServe's agent does it: the folder first, then the load."""
    with Server(f"--model_dir={tmp_path}") as server:
        assert server.get("/v2/health/ready").status_code == 200
        shutil.copytree(EXAMPLES / "wine/model", tmp_path / "late")
        assert server.post("/v2/repository/models/late/load").status_code == 200
        np.testing.assert_array_equal(predict(server, "late", instances("wine")), expected("wine"))


def test_clients_load_nothing_when_others_can_reach_the_server(folder: Path) -> None:
    arguments = [f"--model-dir={folder}", "--host=0.0.0.0"]
    with Server(*arguments) as server:
        answer = server.post("/v2/repository/models/kserve/load")
        assert answer.status_code == 403
        assert "--model-control" in answer.json()["error"]
        np.testing.assert_allclose(predict(server, "kserve"), ROWS[:, 0], atol=1e-9)
    with Server(*arguments, "--model-control") as server:
        assert server.post("/v2/repository/models/kserve/load").status_code == 200


def test_few_stay_loaded_and_all_answer(tmp_path: Path) -> None:
    """Forty models where five have room: each answers as itself, also under eight clients at once."""
    for number in range(40):
        (tmp_path / f"m{number}").mkdir()
        joblib.dump(linear(number), tmp_path / f"m{number}/model.joblib")
    with Server(f"--model-dir={tmp_path}", f"--max-loaded-bytes={5 * (10 << 10)}") as server:
        wrong: list[str] = []

        def work(offset: int) -> None:
            with requests.Session() as session:
                session.trust_env = False
                for turn in range(80):
                    number = (turn * 7 + offset * 5) % 40
                    answer = session.post(f"{server.url}/v1/models/m{number}:predict", json={"instances": ROWS.tolist()}, timeout=20)
                    if answer.status_code != 200 or abs(answer.json()["predictions"][1] - number * ROWS[1, 0]) > 1e-9:
                        wrong.append(answer.text)

        threads = [threading.Thread(target=work, args=(offset,)) for offset in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, wrong[:3]
        ready = server.post("/v2/repository/index", json={"ready": True}).json()
        assert 0 < len(ready) <= 5
        assert "longshore_serve_model_evictions_total" in server.get("/metrics").text
