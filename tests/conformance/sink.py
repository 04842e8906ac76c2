"""A replica that takes and gives bodies of any length, without keeping them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PART = 1 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Says how many bytes came."""
        count = 0
        if self.headers.get("transfer-encoding") == "chunked":
            while length := int(self.rfile.readline(), 16):
                count += len(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers["content-length"])
            while left:
                part = len(self.rfile.read(min(left, PART)))
                count, left = count + part, left - part
        answer = str(count).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        """`/LENGTH` gives as many bytes."""
        length = int(self.path.strip("/"))
        self.send_response(200)
        self.send_header("content-length", str(length))
        self.end_headers()
        for _ in range(length // PART):
            self.wfile.write(bytes(PART))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def sink() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
