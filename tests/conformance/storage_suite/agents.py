"""Stubs of what clouds run beside a pod or an instance, or behind an address, and gives credentials."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Agent:
    """An HTTP server whose answers are a function of method, path and headers."""

    def __enter__(self) -> Agent:
        agent = self
        self.asked: list[tuple[str, str, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                agent.body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                agent.asked.append((self.command, self.path, headers))
                status, body = agent.answer(self.command, self.path, headers)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_PUT = do_POST = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        raise NotImplementedError


def issued(keys: dict[str, str], seconds: float, **more: str) -> str:
    """Credentials as the agents and the metadata service write them."""
    until = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({**keys, "Expiration": until, **more})


class PodIdentity(Agent):
    """The agent of EKS Pod Identity: it takes the token that was last projected, and no older one."""

    def __init__(self, keys: dict[str, str], token: str, seconds: float) -> None:
        self.keys, self.token, self.seconds = keys, token, seconds

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        if path != "/v1/credentials":
            return 404, "not found"
        if headers.get("authorization") != self.token:
            return 400, "the token is not valid: Service account token has expired"
        return 200, issued(self.keys, self.seconds, AccountId="123456789012")


class Metadata(Agent):
    """Version 2 of the metadata service of an EC2 instance: nothing without a token of this session."""

    def __init__(self, keys: dict[str, str], role: str = "model-reader") -> None:
        self.keys, self.role = keys, role

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        if path == "/latest/api/token":
            fits = method == "PUT" and headers.get("x-aws-ec2-metadata-token-ttl-seconds")
            return (200, "session-token") if fits else (400, "")
        if headers.get("x-aws-ec2-metadata-token") != "session-token":
            return 401, ""
        base = "/latest/meta-data/iam/security-credentials/"
        if path == base:
            return 200, self.role
        if path == base + self.role:
            return 200, issued(self.keys, 3600, Code="Success", Type="AWS-HMAC")
        return 404, ""
