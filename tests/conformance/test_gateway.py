"""The gateway with real clients: TLS of OpenSSL and of gRPC, tokens of PyJWT, spans, bodies that are long, clients that are slow."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import jwt
import pytest
import requests
from certificates import Authority
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from questions import instances
from server import EXAMPLES, Gateway, Server
from sink import PART, sink
from test_security import mounted, put, renewed_under_load
from test_traces import CALLER, TRACE, Collector, collector, traceparent  # noqa: F401
from websockets.sync.client import connect
from websockets.sync.server import serve

PREDICT = "/v1/models/wine:predict"
ISSUER = "https://issuer.example.com"


def ask(session: requests.Session, url: str, **options: object) -> requests.Response:
    return session.post(url + PREDICT, json={"instances": instances("wine")}, timeout=20, **options)


class Secured:
    """A gateway with TLS before the wine model."""

    def __init__(self, gateway: Gateway, ca: Authority, mount: Path) -> None:
        self.gateway, self.ca, self.mount = gateway, ca, mount
        self.url = f"https://{gateway.tls_address}"
        gateway.http.verify = str(ca.path)

    def connect(self, *protocols: str) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.ca.path))
        if protocols:
            context.set_alpn_protocols(list(protocols))
        host, port = self.gateway.tls_address.split(":")
        return context.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname="localhost")


@pytest.fixture
def secured(tmp_path: Path, wine: Server) -> Iterator[Secured]:
    ca, mount = Authority(tmp_path), mounted(tmp_path)
    put(mount, ca, "..1")
    with Gateway(tmp_path, wine.address, "--tls-cert", mount / "tls.crt", "--tls-key", mount / "tls.key") as gateway:
        yield Secured(gateway, ca, mount)


def test_clients_speak_tls_or_none_on_ports_of_their_own(secured: Secured) -> None:
    over_tls, plain = ask(secured.gateway.http, secured.url), ask(secured.gateway.http, secured.gateway.url)
    assert over_tls.status_code == plain.status_code == 200
    assert over_tls.json() == plain.json()
    for protocol in ("h2", "http/1.1"):
        with secured.connect(protocol) as stream:
            assert stream.selected_alpn_protocol() == protocol
    with secured.connect("h2", "http/1.1") as stream:
        assert stream.selected_alpn_protocol() == "h2"


def test_grpc_over_tls_gets_what_it_gets_without(secured: Secured) -> None:
    asked = messages.ModelInferRequest(model_name="wine")
    rows = instances("wine")
    tensor = asked.inputs.add(name="predict", datatype="FP64", shape=[len(rows), len(rows[0])])
    tensor.contents.fp64_contents.extend(value for row in rows for value in row)
    credentials = grpc.ssl_channel_credentials(secured.ca.path.read_bytes())
    with grpc.secure_channel(secured.gateway.tls_address, credentials) as channel, grpc.insecure_channel(secured.gateway.address) as plain:
        found = [GRPCInferenceServiceStub(one).ModelInfer(asked, timeout=20).outputs for one in (channel, plain)]
        assert found[0] == found[1] and found[0]
        asked.model_name = "none"
        with pytest.raises(grpc.RpcError) as refused:
            GRPCInferenceServiceStub(channel).ModelInfer(asked, timeout=20)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_certificate_is_renewed_without_a_failed_request(secured: Secured) -> None:
    def shown() -> bytes:
        with secured.connect() as stream:
            return stream.getpeercert(binary_form=True) or b""

    renewed_under_load(secured.mount, secured.ca, shown, lambda session: ask(session, secured.url))


class Issuer(ThreadingHTTPServer):
    """Publishes the keys of tokens over HTTPS, with a certificate of an authority that nobody else knows."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.add("first")

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805
                body = self.published()
                handler.send_response(200)
                handler.send_header("content-length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://localhost:{self.server_port}/keys"

    def add(self, name: str) -> None:
        self.keys[name] = ec.generate_private_key(ec.SECP256R1())

    def published(self) -> bytes:
        keys = [{**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": name} for name, key in self.keys.items()]
        return json.dumps({"keys": keys}).encode()

    def headers(self, name: str, **claims: object) -> dict[str, str]:
        said = {"iss": ISSUER, "aud": "models", "sub": "team-a", "exp": time.time() + 600} | claims
        return {"authorization": f"Bearer {jwt.encode(said, self.keys[name], 'ES256', headers={'kid': name})}"}


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[tuple[Issuer, Authority]]:
    ca = Authority(tmp_path, "issuers")
    with Issuer(*ca.server(tmp_path / "issuer")) as issuer:
        threading.Thread(target=issuer.serve_forever, daemon=True).start()
        yield issuer, ca
        issuer.shutdown()


def test_keys_of_tokens_come_from_an_issuer_with_an_authority_of_its_own(tmp_path: Path, wine: Server, issuer: tuple[Issuer, Authority]) -> None:
    keys, ca = issuer
    named = ("--jwks", keys.url, "--jwt-issuer", ISSUER, "--jwt-audience", "models", "--auth", "jwt")
    with Gateway(tmp_path, wine.address, *named, "--jwks-ca", ca.path) as gateway:

        def status(headers: dict[str, str]) -> int:
            return ask(gateway.http, gateway.url, headers=headers).status_code

        refused = ask(gateway.http, gateway.url)
        assert refused.status_code == 401 and refused.headers["www-authenticate"] == 'Bearer realm="longshore"'
        assert status(keys.headers("first")) == 200
        assert status(keys.headers("first", aud="others")) == 401
        assert status(keys.headers("first", exp=time.time() - 60)) == 401
        # a new key, which the gateway asks for when it meets it; then the old one is taken back
        old = keys.headers("first")
        keys.add("second")
        end = time.monotonic() + 30
        while status(keys.headers("second")) != 200:
            assert time.monotonic() < end, gateway.read_log()
            assert status(old) == 200
            time.sleep(0.2)
        del keys.keys["first"]
        keys.add("third")
        while status(keys.headers("third")) != 200:
            assert time.monotonic() < end + 30, gateway.read_log()
            time.sleep(0.2)
        assert status(old) == 401, "its key is not published any more"
        assert gateway.read_log().count("the keys of tokens were read again") == 2
    with Gateway(tmp_path, wine.address, *named) as gateway:
        assert ask(gateway.http, gateway.url, headers=keys.headers("third")).status_code == 401
        assert "no token is let in until the keys can be read" in gateway.read_log(), "the usual authorities do not know the issuer"


def test_the_span_of_the_model_is_below_that_of_the_gateway(tmp_path: Path, collector: Collector) -> None:  # noqa: F811
    traces = ("--otlp-endpoint", f"http://127.0.0.1:{collector.server_port}", "--trace-sample", 0)
    with Server(f"wine={EXAMPLES / 'wine/model'}", *traces) as model, Gateway(tmp_path, model.address, *traces) as gateway:
        assert ask(gateway.http, gateway.url, headers=traceparent(True)).status_code == 200
        assert ask(gateway.http, gateway.url, headers=traceparent(False)).status_code == 200
        model.terminate()
        assert gateway.terminate() == 0
        found = {span.name: (span, attributes) for span, attributes in collector.spans(2)}
    outer, attributes = found["POST ml/wine"]
    inner, _ = found["POST /v1/models/{model}:predict"]
    assert (outer.trace_id.hex(), outer.parent_span_id.hex(), outer.kind) == (TRACE, CALLER, Span.SPAN_KIND_SERVER)
    assert (inner.trace_id, inner.parent_span_id) == (outer.trace_id, outer.span_id)
    assert outer.status.code == Status.STATUS_CODE_UNSET
    assert attributes["longshore.revision"] == "wine-predictor-00001-abcde"
    assert attributes["longshore.replica"] == model.address
    assert attributes["http.response.status_code"] == 200
    assert inner.start_time_unix_nano >= outer.start_time_unix_nano - 1_000_000


def test_a_body_of_a_gigabyte_passes_in_parts(tmp_path: Path) -> None:
    parts = 1024
    with sink() as replica, Gateway(tmp_path, replica) as gateway:
        before = gateway.memory_mb()
        reply = gateway.post("/upload", data=(bytes(PART) for _ in range(parts)))
        assert (reply.status_code, int(reply.text)) == (200, parts * PART)
        assert gateway.memory_mb() - before < 20, f"{before} and then {gateway.memory_mb()} MB"


def test_a_client_that_does_not_read_holds_the_replica_back(tmp_path: Path) -> None:
    length = 256 * PART
    with sink() as replica, Gateway(tmp_path, replica) as gateway:
        before = gateway.memory_mb()
        host, port = gateway.address.split(":")
        with socket.create_connection((host, int(port)), timeout=20) as slow:
            slow.sendall(f"GET /{length} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
            time.sleep(1)
            # others are answered meanwhile
            assert gateway.get(f"/{PART}").content == bytes(PART)
            count = 0
            while part := slow.recv(PART):
                count += len(part)
        assert length < count < length + 4096
        assert gateway.memory_mb() - before < 20, f"{before} and then {gateway.memory_mb()} MB"


def test_a_web_socket_passes(tmp_path: Path) -> None:
    def echo(stream: object) -> None:
        for message in stream:
            stream.send(message)

    with serve(echo, "127.0.0.1", 0) as replica:
        threading.Thread(target=replica.serve_forever, daemon=True).start()
        host, port = replica.socket.getsockname()
        with Gateway(tmp_path, f"{host}:{port}") as gateway, connect(f"ws://{gateway.address}/chat") as client:
            for message in ("text", b"bytes", "x" * 500_000):
                client.send(message)
                assert client.recv(timeout=10) == message
        replica.shutdown()


def test_metrics_and_log_name_service_revision_and_code(tmp_path: Path, wine: Server) -> None:
    log = ("--log", "info,longshore_daemon::server::access_log=debug")
    with Gateway(tmp_path, wine.address, *log) as gateway:
        assert ask(gateway.http, gateway.url).status_code == 200
        assert gateway.post("/v2/models/none/infer", json={}).status_code == 404
        page = requests.get(gateway.metrics_url, timeout=10).text
        for code in (200, 404):
            labels = f'namespace="ml",service="wine",component="predictor",revision="wine-predictor-00001-abcde",protocol="http",code="{code}"'
            assert f"longshore_gateway_requests_total{{{labels}}} 1" in page, page
        line = next(line for line in gateway.read_log().splitlines() if "status=200" in line or '"status":200' in line)
        for part in ("wine-predictor-00001-abcde", wine.address, "micros"):
            assert part in line, line
