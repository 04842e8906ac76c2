"""An HTTP proxy before moto that counts what it passes on, and misbehaves when told."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/s3")


class Proxy:
    """Listens on a free port; `with` starts it."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """No misbehaviour, and nothing counted."""
        # bytes of objects that were passed on, by path
        self.sent: dict[str, int] = {}
        self.requests: list[tuple[str, str, int]] = []
        self.signed = 0
        # every connection ends without an answer
        self.down = False
        # bytes of an object's answer after which the connection is cut, for so many answers
        self.cut_after, self.cuts = 0, 0
        # statuses to answer instead of passing on
        self.statuses: list[int] = []
        # the only region whose signatures are accepted
        self.region: str | None = None
        # seconds to wait before every 64 KiB of an object
        self.pause = 0.0
        # called with a key before its answer is passed on
        self.before = None
        # flips a bit of an object's first byte, for so many answers
        self.damage = 0

    def __enter__(self) -> Proxy:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # the kernel would hold megabytes that the other side never reads
            wbufsize = 0

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                proxy.answer(self)

            do_HEAD = do_POST = do_PUT = do_GET

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def total(self) -> int:
        """Bytes of objects that were passed on."""
        return sum(self.sent.values())

    def refuse(self, handler: BaseHTTPRequestHandler, status: int, body: str, **headers: str) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body.encode())

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        if self.down:
            handler.close_connection = True
            return
        length = int(handler.headers.get("content-length") or 0)
        body = handler.rfile.read(length)
        with self.lock:
            status = self.statuses.pop(0) if self.statuses else None
        if status:
            self.requests.append((handler.command, path, status))
            self.refuse(handler, status, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
            return
        self.signed += "authorization" in handler.headers
        scope = SCOPE.search(handler.headers.get("authorization") or "")
        if self.region and scope and scope[1] != self.region:
            self.requests.append((handler.command, path, 400))
            words = f"The authorization header is malformed; the region '{scope[1]}' is wrong; expecting '{self.region}'"
            text = f"<Error><Code>AuthorizationHeaderMalformed</Code><Message>{words}</Message><Region>{self.region}</Region></Error>"
            self.refuse(handler, 400, text)
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        upstream.request(handler.command, path, body or None, dict(handler.headers.items()))
        reply = upstream.getresponse()
        self.requests.append((handler.command, path, reply.status))
        if self.before:
            self.before(path)
        handler.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                handler.send_header(name, value)
        content = reply.read() if handler.command != "HEAD" else b""
        if "content-length" not in {name.lower() for name, _ in reply.getheaders()}:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        is_object = handler.command == "GET" and "?" not in path and reply.status in (200, 206)
        with self.lock:
            cut = self.cut_after if is_object and self.cuts > 0 and len(content) > self.cut_after else None
            self.cuts -= cut is not None
            if is_object and self.damage > 0 and len(content) > 1:
                self.damage -= 1
                content = bytes([content[0] ^ 1]) + content[1:]
        for at in range(0, len(content), 65536):
            if is_object and self.pause:
                time.sleep(self.pause)
            chunk = content[at : at + 65536] if cut is None else content[at : min(at + 65536, cut)]
            handler.wfile.write(chunk)
            if is_object:
                with self.lock:
                    self.sent[path] = self.sent.get(path, 0) + len(chunk)
            if cut is not None and at + 65536 >= cut:
                handler.wfile.flush()
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
                return
