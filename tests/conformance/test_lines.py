"""Streams of lines by real clients: the guide's own function, curl, requests and httpx."""

from __future__ import annotations

import gzip
import http.client
import itertools
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import requests

from questions import expected, instances, library_model
from server import EXAMPLES, ROOT, Server

PATH = "/v1/models/wine:predict"
LINES = {"content-type": "application/x-ndjson"}
WINE = f"wine={EXAMPLES / 'wine/model'}"
MEMORY = 16 * 1024  # kB that a stream may add to the server, however long it is


def as_the_guide_shows() -> Callable[..., Iterator[dict[str, Any]]]:
    """`predict` of the guide, as a reader copies it."""
    guide = (ROOT / "docs/guides/serve-a-model.md").read_text()
    block = next(block for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "def predict" in block)
    function = block.partition("\nfor answer in predict(")[0]
    names: dict[str, Any] = {}
    exec(function, names)  # noqa: S102 it is what the guide tells its readers to run
    return names["predict"]


def predict(server: Server, rows: Any, path: str = PATH) -> Iterator[dict[str, Any]]:
    host, port = server.address.split(":")
    return as_the_guide_shows()(rows, host=host, port=int(port), path=path)


def wine_rows(count: int) -> np.ndarray:
    """Rows near the example's own, each of them another."""
    known = np.array(instances("wine"), dtype=float)
    return known[np.arange(count) % len(known)] * np.random.default_rng(7).uniform(0.8, 1.2, (count, known.shape[1]))


def wine_answers(rows: np.ndarray) -> list[int]:
    model = library_model("wine")
    return model.predict(pd.DataFrame(rows, columns=model.metadata.get_input_schema().input_names())).tolist()


def peak(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


@pytest.mark.parametrize("path", [PATH, "/invocations"])
@pytest.mark.parametrize("named", [False, True], ids=["lists", "objects"])
def test_the_guide_s_function_answers_every_row_in_order(wine: Server, path: str, named: bool) -> None:
    rows = wine_rows(20_000)
    names = library_model("wine").metadata.get_input_schema().input_names()
    sent = [dict(zip(names, row, strict=True)) for row in rows.tolist()] if named else rows.tolist()
    answers = [answer["prediction"] for answer in predict(wine, sent, path)]
    assert answers == wine_answers(rows)


def test_an_answer_comes_before_the_next_row_is_made(wine: Server) -> None:
    """Each row but the first is made of the answer to the one before it: nothing waits for the end."""
    start, seen = instances("wine")[0], []

    def rows() -> Iterator[list[float]]:
        yield start
        for at in range(1, 50):
            while len(seen) < at:
                time.sleep(0.001)
            yield [value + seen[-1] for value in start]

    for answer in predict(wine, rows()):
        seen.append(answer["prediction"])
    first = wine_answers(np.array([start]))[0]
    assert len(seen) == 50
    assert seen[1] == wine_answers(np.array([start]) + first)[0]


def test_a_long_stream_takes_no_more_memory_than_a_short_one() -> None:
    rows = wine_rows(1000)
    block, wanted = rows.tolist(), wine_answers(rows)
    with Server(WINE) as server:
        for answer in predict(server, block):
            assert "prediction" in answer
        before = peak(server)
        answers = predict(server, itertools.chain.from_iterable(itertools.repeat(block, 150)))
        for at, answer in enumerate(answers):
            assert answer["prediction"] == wanted[at % 1000], at
        assert at + 1 == 150_000
        assert peak(server) - before < MEMORY


def test_wrong_lines_do_not_stop_the_others(wine: Server) -> None:
    row = instances("wine")[0]
    lines = [json.dumps(row), json.dumps(row[:-1]), "{not json", json.dumps(["x", *row[1:]]), "", json.dumps(row)]
    reply = wine.post(PATH, data="\n".join(lines), headers=LINES)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/x-ndjson"
    first, short, broken, text, last = map(json.loads, reply.text.splitlines())
    assert first == last == {"prediction": expected("wine").tolist()[0]}
    assert [short["line"], broken["line"], text["line"]] == [2, 3, 4]
    assert "12 values" in short["error"]
    assert "`x`" in text["error"]
    assert not any("ended" in line for line in (short, broken, text))


@pytest.mark.parametrize("client", [requests, httpx], ids=["requests", "httpx"])
def test_a_generator_that_fits_the_buffers(wine: Server, client: Any) -> None:
    """Both send the whole body before they read: a thousand rows need no more than what lies between the sockets."""
    rows = wine_rows(1000)
    body = (json.dumps(row).encode() + b"\n" for row in rows.tolist())
    how = {"content": body} if client is httpx else {"data": body}
    reply = client.post(wine.url + PATH, headers=LINES, timeout=20, **how)
    assert [json.loads(line)["prediction"] for line in reply.text.splitlines()] == wine_answers(rows)


def test_a_client_that_never_reads_is_cut_off() -> None:
    """`requests` sends on and on; the server stops reading, and ends the connection instead of filling its memory."""
    line = json.dumps(instances("wine")[0]).encode() + b"\n"
    with Server(WINE, "--idle-timeout", "1", "--header-timeout", "1") as server:
        server.post(PATH, data=line * 1000, headers=LINES)
        before, start = peak(server), time.monotonic()
        # compressed answers would fill the buffers between the sockets much later
        plain = {**LINES, "accept-encoding": "identity"}
        with pytest.raises(requests.RequestException):
            requests.post(server.url + PATH, data=itertools.repeat(line * 1000), headers=plain, timeout=120)
        assert time.monotonic() - start < 60, "the client gave up, not the server"
        assert peak(server) - before < MEMORY
        assert server.get("/v2/health/ready").status_code == 200


def test_curl_as_the_guide_shows(wine: Server, tmp_path: Path) -> None:
    """A file, and then a pipe that waits for each answer before its next line."""
    rows = wine_rows(5000)
    (tmp_path / "rows.ndjson").write_text("\n".join(map(json.dumps, rows.tolist())))
    head = ["curl", "-sN", "-X", "POST", "-H", "content-type: application/x-ndjson", wine.url + PATH, "-T"]
    done = subprocess.run([*head, str(tmp_path / "rows.ndjson")], capture_output=True, text=True, timeout=60, check=True)
    wanted = wine_answers(rows)
    assert [json.loads(line)["prediction"] for line in done.stdout.splitlines()] == wanted
    with subprocess.Popen([*head, "."], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as curl:
        for row, answer in zip(rows[:20].tolist(), wanted, strict=False):
            curl.stdin.write(json.dumps(row) + "\n")
            curl.stdin.flush()
            assert json.loads(curl.stdout.readline())["prediction"] == answer
        curl.stdin.close()
        assert curl.stdout.read() == ""
        assert curl.wait(20) == 0


@pytest.mark.parametrize("asked", ["gzip", "deflate", "zstd", None])
def test_curl_compresses_both_ways(wine: Server, asked: str | None) -> None:
    rows = wine_rows(20_000)
    head = ["curl", "-sN", "-X", "POST", "-H", "content-type: application/x-ndjson", "-H", "content-encoding: gzip"]
    known = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    wanted = ["-H", f"accept-encoding: {asked}", "--compressed"] if asked and (asked != "zstd" or "zstd" in known) else []
    body = gzip.compress("\n".join(map(json.dumps, rows.tolist())).encode())
    done = subprocess.run([*head, *wanted, wine.url + PATH, "-T", "-"], input=body, capture_output=True, timeout=60, check=True)
    assert [json.loads(line)["prediction"] for line in done.stdout.splitlines()] == wine_answers(rows)


def test_a_body_that_is_cut_is_answered_up_to_there(wine: Server) -> None:
    host, port = wine.address.split(":")
    line = json.dumps(instances("wine")[0]).encode() + b"\n"
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.putrequest("POST", PATH)
    connection.putheader("content-type", LINES["content-type"])
    connection.putheader("transfer-encoding", "chunked")
    connection.endheaders(b"%x\r\n%b\r\n%x\r\n%b" % (len(line), line, len(line), line[:20]))
    connection.sock.shutdown(socket.SHUT_WR)
    first, end = map(json.loads, connection.getresponse())
    assert first == {"prediction": expected("wine").tolist()[0]}
    assert (end["line"], end["ended"]) == (2, True)
    assert wine.get("/v2/health/ready").status_code == 200


def test_what_is_wrong_before_the_first_line_has_its_status(wine: Server) -> None:
    with pytest.raises(RuntimeError, match="no model `other`"):
        list(predict(wine, instances("wine"), "/v1/models/other:predict"))
