"""Latency of several ways to one server, asked in turn, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import random
import socket
import statistics
import time
from collections.abc import Callable


class Asked:
    """A kept connection of HTTP/1, on which one request is sent again and again."""

    def __init__(self, port: int, path: str, body: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.request = head.encode() + body

    def __call__(self) -> bytes:
        """The body of the reply."""
        self.socket.sendall(self.request)
        text = self.socket.recv(65536)
        while b"\r\n\r\n" not in text:
            text += self.socket.recv(65536)
        head, _, body = text.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        low = head.lower()
        if b"content-length:" in low:
            length = int(low.partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += self.socket.recv(65536)
            return body
        while not body.endswith(b"0\r\n\r\n"):
            body += self.socket.recv(65536)
        return body.split(b"\r\n")[1]


def measure(ways: dict[str, Callable[[], bytes]], rate: float, seconds: float) -> dict[str, dict[str, float]]:
    """Percentiles of each way in microseconds, at `rate` requests a second to each."""
    names = list(ways)
    answers = {name: ways[name]() for name in names}
    for name in names:
        for _ in range(200):
            ways[name]()
    took: dict[str, list[int]] = {name: [] for name in names}
    pause = 1 / (rate * len(names))
    begin = time.perf_counter()
    due = begin
    while due - begin < seconds:
        random.shuffle(names)
        for name in names:
            due += pause
            time.sleep(max(0.0, due - time.perf_counter()))
            start = time.perf_counter_ns()
            answer = ways[name]()
            took[name].append(time.perf_counter_ns() - start)
            assert answer == answers[name], (name, answer)
    hundredths = {name: statistics.quantiles(values, n=100) for name, values in took.items()}
    return {name: {"p50_us": all_[49] / 1e3, "p99_us": all_[98] / 1e3, "requests": len(took[name])} for name, all_ in hundredths.items()}


def held(port: int, path: str, body: bytes, count: int) -> list[socket.socket]:
    """`count` open connections, each of which was used once."""
    found = []
    for _ in range(count):
        asked = Asked(port, path, body)
        asked()
        found.append(asked.socket)
    return found
