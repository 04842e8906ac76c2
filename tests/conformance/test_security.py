"""TLS, certificates of clients and API keys, with the TLS of OpenSSL and of gRPC on the other side."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
import requests
from certificates import Authority
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from questions import instances
from server import EXAMPLES, Server, run

WINE = f"wine={EXAMPLES / 'wine/model'}"
PREDICT = "/v1/models/wine:predict"


class Locked:
    """A server with TLS, and what lets a client in."""

    def __init__(self, server: Server, ca: Authority, mount: Path) -> None:
        self.server, self.ca, self.mount = server, ca, mount
        server.http.verify = str(ca.path)

    def context(self, *protocols: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca.path))
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def connect(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        host, port = self.server.address.split(":")
        return context.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname="localhost")


def mounted(folder: Path) -> Path:
    """A folder as kubelet mounts a Secret: the files are links through `..data` into a folder of each state."""
    mount = folder / "mount"
    mount.mkdir()
    for name in ("tls.crt", "tls.key"):
        (mount / name).symlink_to(f"..data/{name}")
    return mount


def put(mount: Path, ca: Authority, state: str, rsa_key: bool = False) -> None:
    """Swaps `..data` for a new pair, at once."""
    ca.server(mount / state, rsa_key)
    (mount / "..data_tmp").symlink_to(state)
    os.replace(mount / "..data_tmp", mount / "..data")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Locked]:
    ca, mount = Authority(tmp_path), mounted(tmp_path)
    put(mount, ca, "..1")
    with Server(WINE, "--tls-cert", mount / "tls.crt", "--tls-key", mount / "tls.key", "--metrics-port", 0) as server:
        yield Locked(server, ca, mount)


def test_clients_speak_tls(locked: Locked) -> None:
    answer = locked.server.post(PREDICT, json={"instances": instances("wine")})
    assert answer.status_code == 200 and answer.json()["predictions"]
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{locked.server.url}/health/live", timeout=10)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = locked.context("h2", "http/1.1")
        context.minimum_version = context.maximum_version = version
        with locked.connect(context) as stream:
            assert (stream.selected_alpn_protocol(), stream.version()) == ("h2", version.name.replace("_", "."))
    with locked.connect(locked.context("http/1.1")) as stream:
        assert stream.selected_alpn_protocol() == "http/1.1"


def test_grpc_connects_by_http2_over_tls(locked: Locked) -> None:
    credentials = grpc.ssl_channel_credentials(locked.ca.path.read_bytes())
    with grpc.secure_channel(locked.server.address, credentials) as channel:
        grpc.channel_ready_future(channel).result(timeout=20)


def test_grpc_asks_over_tls_with_a_key(tmp_path: Path) -> None:
    ca, file = Authority(tmp_path), tmp_path / "keys"
    certificate, key = ca.server(tmp_path / "server")
    secret = run("api-key", "grpc-client", "--file", file).stdout.strip()
    with Server(WINE, "--tls-cert", certificate, "--tls-key", key, "--api-keys", file) as server:
        credentials = grpc.ssl_channel_credentials(ca.path.read_bytes())
        with grpc.secure_channel(server.address, credentials) as channel:
            stub = GRPCInferenceServiceStub(channel)
            assert stub.ServerReady(messages.ServerReadyRequest()).ready
            asked = messages.ModelMetadataRequest(name="wine")
            assert stub.ModelMetadata(asked, metadata=[("authorization", f"Bearer {secret}")]).name == "wine"
            for metadata in ([], [("x-api-key", secret + "0")]):
                with pytest.raises(grpc.RpcError) as refused:
                    stub.ModelMetadata(asked, metadata=metadata)
                assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_plain_http_is_told_so(locked: Locked) -> None:
    answer = requests.get(f"http://{locked.server.address}/health/live", timeout=10)
    assert answer.status_code == 400
    assert "https://" in answer.json()["error"]


def renewed_under_load(mount: Path, ca: Authority, shown: Callable[[], bytes], ask: Callable[[requests.Session], requests.Response]) -> None:
    """Renews the Secret while somebody asks: another certificate is shown soon, and no request fails."""
    statuses: list[int] = []
    over = threading.Event()

    def keep_asking() -> None:
        with requests.Session() as session:
            session.verify, session.trust_env = str(ca.path), False
            while not over.is_set():
                statuses.append(ask(session).status_code)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    before = shown()
    put(mount, ca, "..2", rsa_key=True)
    end = time.monotonic() + 30
    while shown() == before and time.monotonic() < end:
        time.sleep(0.1)
    over.set()
    asking.join(30)
    assert shown() != before
    assert statuses and set(statuses) == {200}


def test_a_secret_is_renewed_without_a_failed_request(locked: Locked) -> None:
    def shown() -> bytes:
        with locked.connect(locked.context()) as stream:
            return stream.getpeercert(binary_form=True) or b""

    def ask(session: requests.Session) -> requests.Response:
        return session.post(locked.server.url + PREDICT, json={"instances": instances("wine")}, timeout=20)

    renewed_under_load(locked.mount, locked.ca, shown, ask)


def test_clients_show_certificates(tmp_path: Path) -> None:
    ca = Authority(tmp_path)
    certificate, key = ca.server(tmp_path / "server")
    own = tuple(map(str, ca.client(tmp_path / "client")))
    strange = tuple(map(str, Authority(tmp_path, "stranger").client(tmp_path / "strange")))
    with Server(WINE, "--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", ca.path) as server:
        server.http.verify = str(ca.path)
        assert server.get("/v2/models/wine", cert=own).status_code == 200
        for refused in (None, strange):
            with pytest.raises(requests.exceptions.ConnectionError):
                requests.get(f"{server.url}/v2", verify=str(ca.path), cert=refused, timeout=10)
        passed = run("smoke-test", server.url, "--ca", ca.path, "--client-cert", own[0], "--client-key", own[1])
        assert passed.returncode == 0, passed.stdout + passed.stderr


def test_keys_let_in(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key = run("api-key", "batch", "--file", file).stdout.strip()
    with Server(WINE, "--api-keys", file, "--log", "debug") as server:
        for headers in ({"Authorization": f"Bearer {key}"}, {"x-api-key": key}):
            answer = server.post(PREDICT, json={"instances": instances("wine")}, headers=headers)
            assert answer.status_code == 200
        refused = server.post(PREDICT, json={"instances": instances("wine")})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer ")
        assert "api-key" in refused.json()["error"]
        wrong = server.post("/invocations", json={"inputs": instances("wine")}, headers={"x-api-key": key + "0"})
        assert (wrong.status_code, wrong.json()["error_code"]) == (401, "UNAUTHENTICATED")
        assert server.get("/health/ready").status_code == 200
        assert server.get("/metrics").status_code == 401
        passed = run("smoke-test", server.url, "--api-key", key, "--model", "wine")
        assert passed.returncode == 0, passed.stdout + passed.stderr
        log = server.read_log()
        assert '"api_key":"batch"' in log and key not in log

        # the key is changed while the server runs: both are right for a while
        new = run("api-key", "batch", "--file", file).stdout.strip()
        end = time.monotonic() + 30
        while server.get("/v2", headers={"x-api-key": new}).status_code != 200 and time.monotonic() < end:
            time.sleep(0.1)
        assert server.get("/v2", headers={"x-api-key": key}).status_code == 200
        file.write_text(file.read_text().splitlines()[1] + "\n")
        while server.get("/v2", headers={"x-api-key": key}).status_code != 401 and time.monotonic() < end:
            time.sleep(0.1)
        assert server.get("/v2", headers={"x-api-key": key}).status_code == 401
        assert server.get("/v2", headers={"x-api-key": new}).status_code == 200
