#!/usr/bin/env python3
"""Constant HTTP load that counts what fails, by kind and time: a client with no code of the server's in it.

usage: load.py URL… --body FILE [--expect FILE] [--rate R] [--connections N] [--fresh SHARE] [--timeout S]

Asks until TERM or INT comes, then prints one JSON object. A share of the requests (`--fresh`) opens a connection of its
own; the others reuse theirs. Nothing is ever asked twice: a kept connection that the server closed under a request is a
failed request, as it is for every client that must not repeat a POST.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import pathlib
import signal
import sys
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


class Failed(Exception):
    """The kind of a failed request."""


@dataclass
class Tally:
    """What came of the requests; times are seconds since `begun`."""

    begun: float = field(default_factory=time.monotonic)
    started_at: float = field(default_factory=time.time)
    requests: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failed_at: list[float] = field(default_factory=list)
    first_failures: list[str] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        latencies = sorted(self.latencies)
        at = lambda share: round(latencies[min(len(latencies) - 1, int(share * len(latencies)))] * 1e3, 2) if latencies else None
        answered = sorted(self.answered_at)
        stall = max((b - a for a, b in itertools.pairwise(answered)), default=0.0)
        return {
            "requests": self.requests,
            "ok": len(latencies),
            "failed": sum(self.kinds.values()),
            "failures": dict(self.kinds),
            "failed_at": [round(min(self.failed_at), 3), round(max(self.failed_at), 3)] if self.failed_at else None,
            "first_failures": self.first_failures,
            "failed_by_second": dict(sorted(Counter(int(at) for at in self.failed_at).items())),
            "started_at": self.started_at,
            "seconds": round(time.monotonic() - self.begun, 3),
            "longest_silence_seconds": round(stall, 3),
            "latency_ms": {"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": at(1)},
        }


class Connection:
    """One kept connection, opened when it is needed."""

    def __init__(self, url: str, named: str | None) -> None:
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.path = parts.hostname or "", parts.port or 80, parts.path
        self.named = named or f"{self.host}:{self.port}"
        self.asked, self.doing = 0, "connecting"
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    def describe(self) -> str:
        """Where a connection stands, for the report of a failure."""
        if not self.writer:
            return "no connection"
        return f"a kept connection ({self.asked} requests before, from port {self.writer.get_extra_info('sockname')[1]})"

    def close(self) -> None:
        self.asked = 0
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None

    async def ask(self, body: bytes, keep: bool) -> bytes:
        """Posts `body`, gives the reply's body, or raises `Failed`."""
        if self.reader and self.reader.at_eof():
            # the server said that it is done with this connection before we used it again
            self.close()
        reused = self.writer is not None
        self.doing = "connecting"
        if not self.writer:
            try:
                self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
            except OSError as error:
                raise Failed(f"connect_{type(error).__name__}") from error
        self.doing = "waiting"
        try:
            head = f"POST {self.path} HTTP/1.1\r\nhost: {self.named}\r\ncontent-type: application/json\r\n"
            end = "" if keep else "connection: close\r\n"
            self.writer.write(f"{head}content-length: {len(body)}\r\n{end}\r\n".encode() + body)
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
            answer = await self.reader.readexactly(int(fields["content-length"]))
        except asyncio.IncompleteReadError as error:
            place = "mid_reply" if error.partial else "reused" if reused else "new"
            raise Failed(f"closed_{place}") from error
        except OSError as error:
            raise Failed(f"reset_{'reused' if reused else 'new'}") from error
        self.asked += 1
        if not keep or fields.get("connection", "").lower() == "close":
            self.close()
        status = lines[0].split(" ")[1]
        if status != "200":
            raise Failed(f"status_{status}")
        return answer


async def worker(urls: list[str], number: int, options: argparse.Namespace, tally: Tally, stop: asyncio.Event) -> None:
    """One of the connections: its requests are due at fixed times, evenly between those of the others."""
    fresh = number < options.fresh * options.connections
    connection = Connection(urls[number % len(urls)], options.host)
    interval = options.connections / options.rate
    due = tally.begun + interval * number / options.connections
    while not stop.is_set():
        if (early := due - time.monotonic()) > 0:
            try:
                await asyncio.wait_for(stop.wait(), early)
                break
            except TimeoutError:
                pass
        begun = time.monotonic()
        tally.requests += 1
        try:
            answer = await asyncio.wait_for(connection.ask(options.body, not fresh), options.timeout)
            if options.expect is not None and json.loads(answer) != options.expect:
                raise Failed("wrong_answer")
            tally.answered_at.append(time.monotonic() - tally.begun)
            tally.latencies.append(time.monotonic() - begun)
        except (Failed, TimeoutError) as error:
            kind, at = str(error) or f"timeout_{connection.doing}", begun - tally.begun
            tally.kinds[kind] += 1
            tally.failed_at.append(at)
            if len(tally.first_failures) < 10:
                place = "a new connection" if fresh else connection.describe()
                tally.first_failures.append(f"{at:.2f} s: {kind} on {place} after {time.monotonic() - begun:.2f} s")
            connection.close()
        # after a stall the schedule goes on from here: a burst of late requests would be another test
        due = max(due + interval, time.monotonic() - interval)
    connection.close()


async def run(options: argparse.Namespace) -> dict[str, Any]:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tally = Tally()
    print("asking", file=sys.stderr, flush=True)
    await asyncio.gather(*(worker(options.urls, n, options, tally, stop) for n in range(options.connections)))
    return tally.report()


def main() -> None:
    parser = argparse.ArgumentParser(description="constant load, failures counted by kind and time")
    parser.add_argument("urls", nargs="+", metavar="URL", help="where to post to; connections are dealt out over them")
    parser.add_argument("--body", required=True, type=lambda p: pathlib.Path(p).read_bytes(), help="file with the body")
    parser.add_argument("--expect", type=lambda p: json.loads(pathlib.Path(p).read_text()), help="file with the right answer")
    parser.add_argument("--host", help="the host to ask for, when it is not that of the URL")
    parser.add_argument("--rate", type=float, default=200, help="requests a second, together")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--fresh", type=float, default=0.5, help="share of the connections that are opened for each request")
    parser.add_argument("--timeout", type=float, default=10, help="seconds until a request counts as failed")
    print(json.dumps(asyncio.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
