"""A model server, and the proxies that stand before it."""

from __future__ import annotations

import json
import shlex
import struct
from dataclasses import dataclass
from pathlib import Path

from process import Question, Running, Server

HOST = "127.0.0.1"
MODEL = Path(__file__).resolve().parents[1] / "examples/wine/model"

NGINX = """
daemon off;
pid nginx.pid;
error_log stderr;
worker_processes %(threads)s;
events { worker_connections 12000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream http_model { server %(to)s; keepalive 64; keepalive_requests 1000000000; }
  upstream grpc_model { server %(to)s; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:{port};
    location / {
      proxy_pass http://http_model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
  server {
    listen 127.0.0.1:{other_port} http2;
    http2_max_requests 1000000000;
    location / { grpc_pass grpc://grpc_model; }
  }
}
"""


@dataclass
class Proxy:
    """A server that hands on, by its two ports: HTTP/1, and HTTP/2 where that has one of its own."""

    name: str
    server: Server
    calls: str | None = "port"

    def call_port(self, running: Running) -> int:
        return getattr(running, self.calls)


def model_server(binary: Path, threads: int) -> Server:
    command = [str(binary), "serve", f"wine={MODEL}", "--port", "{port}", "--threads", str(threads)]
    return Server("direct", command, {"LONGSHORE_LOG": "warn"})


def longshore(binary: Path, place: Path, to: str, threads: int) -> Proxy:
    facts = {"service": "wine", "component": "predictor", "port": int(to.split(":")[1]), "timeoutSeconds": 60}
    revision = {"namespace": "bench", "name": "wine-predictor-00001-bench", "facts": facts, "replicas": [{"address": to}]}
    traffic = [{"revision": revision["name"], "percent": 100}]
    service = {"namespace": "bench", "name": "wine", "at": [HOST], "components": {"predictor": {"traffic": traffic}}}
    routes = json.dumps({"services": [service], "revisions": [revision]})
    ports = ["--port", "{port}", "--peer-port", "{other_port}", "--announce-port", "0", "--metrics-port", "{third_port}"]
    command = [str(binary), "gateway", "--routes", "routes.json", *ports, "--threads", str(threads)]
    return Proxy("longshore", Server("longshore", command, {"LONGSHORE_LOG": "warn"}, place, {"routes.json": routes}))


def nginx(place: Path, to: str, threads: int) -> Proxy:
    config = NGINX % {"to": to, "threads": threads}
    return Proxy("nginx", Server("nginx", ["nginx", "-p", str(place), "-c", "nginx.conf"], folder=place, files={"nginx.conf": config}), "other_port")


def envoy(program: Path, place: Path, to: str, threads: int) -> Proxy:
    address, port = to.split(":")

    def listener(name: str, port: str) -> dict:
        route = {"match": {"prefix": "/"}, "route": {"cluster": name, "timeout": "60s"}}
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": name,
            "codec_type": "AUTO",
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": [{"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
        }
        filters = [{"name": "http", "typed_config": manager}]
        socket = {"socket_address": {"address": HOST, "port_value": port}}
        return {"name": name, "address": socket, "filter_chains": [{"filters": filters}]}

    def cluster(name: str, protocol: str) -> dict:
        endpoint = {"address": {"socket_address": {"address": address, "port_value": int(port)}}}
        options = {"@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": {protocol: {}}}
        return {
            "name": name,
            "type": "STATIC",
            "connect_timeout": "2s",
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]},
            "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        }

    listeners = [listener("http", "{port}"), listener("grpc", "{other_port}")]
    clusters = [cluster("http", "http_protocol_options"), cluster("grpc", "http2_protocol_options")]
    # a port is a number there
    config = json.dumps({"static_resources": {"listeners": listeners, "clusters": clusters}}).replace('"{port}"', "{port}").replace('"{other_port}"', "{other_port}")
    command = [str(program), "-c", "envoy.json", "--concurrency", str(threads), "--log-level", "error", "--use-dynamic-base-id"]
    return Proxy("envoy", Server("envoy", command, folder=place, files={"envoy.json": config}), "other_port")


def other(text: str, to: str, threads: int) -> Proxy:
    """`NAME=COMMAND`, in which `{port}`, `{to}` and `{threads}` are filled in. It speaks HTTP/1 alone."""
    name, _, command = text.partition("=")
    filled = [part.replace("{to}", to).replace("{threads}", str(threads)) for part in shlex.split(command)]
    return Proxy(name, Server(name, filled), None)


def call(values: list[float]) -> bytes:
    """`ModelInferRequest` of the Open Inference Protocol for one row of FP64, with typed contents (protobuf's encoding)."""

    def field(number: int, data: bytes) -> bytes:
        assert len(data) < 1 << 14
        length = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
        return bytes([number << 3 | 2]) + length + data

    contents = field(7, struct.pack(f"<{len(values)}d", *values))
    tensor = field(1, b"predict") + field(2, b"FP64") + field(3, bytes([1, len(values)])) + field(5, contents)
    return field(1, b"wine") + field(5, tensor)


def question() -> tuple[Question, list[float]]:
    """One row of the model's own example, and its values."""
    example = json.loads((MODEL / "input_example.json").read_text())
    row = example["data"][0]
    body = json.dumps({"instances": [row]}).encode()
    # the first row is of the first class, as the dataset says
    return Question("/v1/models/wine:predict", body, [0]), row
