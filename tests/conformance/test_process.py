"""The process: routes that orchestrators ask, start, end, and what must not start."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path

import pytest

from questions import instances
from server import EXAMPLES, ROOT, Server, run

WINE = f"wine={EXAMPLES / 'wine/model'}"


@pytest.mark.parametrize("path", ["/", "/health", "/health/live", "/health/ready", "/ping", "/v2/health/live", "/v2/health/ready", "/v1/models/wine"])
def test_probes(wine: Server, path: str) -> None:
    assert wine.get(path).status_code == 200


def test_what_is_served(examples: Server) -> None:
    assert set(examples.get("/v1/models").json()["models"]) == {"wine", "classification", "recruitment-rank", "chatbot-intents"}
    assert examples.get("/v1/models/wine").json() == {"name": "wine", "ready": True}
    ready = examples.get("/v2/models/wine/ready").json()
    assert (ready["name"], ready["ready"]) == ("wine", True)


def test_term_ends_with_zero() -> None:
    with Server(WINE) as server:
        assert server.get("/health").status_code == 200
        assert server.terminate() == 0


def test_term_loses_no_request_that_was_taken() -> None:
    """A request is sent by half, TERM comes, the other half follows: it is answered."""
    import socket

    body = b'{"instances": [%s]}' % str(instances("wine")[0]).encode()
    with Server(WINE) as server, socket.create_connection(server.address.split(":"), timeout=10) as connection:
        head = f"POST /v1/models/wine:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        connection.sendall(head + body[:20])
        # The server has the request once it has answered another one that came later.
        assert server.get("/health").status_code == 200
        ended: list[int] = []
        waiting = threading.Thread(target=lambda: ended.append(server.terminate()))
        waiting.start()
        connection.sendall(body[20:])
        answer = connection.recv(65536)
        waiting.join(20)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert b"[0]" in answer
    assert ended == [0]


def test_many_clients_at_once(examples: Server) -> None:
    """Answers of different models do not mix."""
    wanted = {name: examples.post(f"/v1/models/{name}:predict", json={"instances": instances(name)}).text for name in ("wine", "chatbot-intents")}
    wrong: list[str] = []

    def ask(name: str) -> None:
        import requests

        with requests.Session() as session:
            session.trust_env = False
            for _ in range(50):
                text = session.post(f"{examples.url}/v1/models/{name}:predict", json={"instances": instances(name)}, timeout=20).text
                if text != wanted[name]:
                    wrong.append(text)

    threads = [threading.Thread(target=ask, args=(name,)) for name in list(wanted) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]


class Hostile:
    """What unpickling would call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (os.system, (f"touch {self.path}",))


@pytest.mark.parametrize("command", ["serve", "predict", "inspect"])
def test_code_in_a_pickle_is_not_run(command: str, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(pickle.dumps(Hostile(touched)))
    if command == "serve":
        done = run("serve", f"it={folder}", "--port", "0")
    elif command == "predict":
        done = run("predict", folder, "--input", "-", stdin='{"instances": [[1]]}')
    else:
        done = run("inspect", folder)
    assert not touched.exists()
    assert command == "inspect" or done.returncode != 0
    assert "system" in done.stdout + done.stderr
    assert "panicked" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "it=/nowhere/at/all", "--port", "0"],
        ["serve", "example://nothing", "--port", "0"],
        ["serve"],
        ["predict", str(EXAMPLES / "wine/model"), "--input", "/nowhere.json"],
        ["predict", str(EXAMPLES / "wine/model"), "--input", str(EXAMPLES / "wine/request.json"), "--method", "surprise"],
        ["inspect", str(ROOT / "README.md")],
    ],
)
def test_mistakes_are_said_and_not_panicked(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode not in (0, 101)
    assert done.stderr.strip()
    assert "panicked" not in done.stderr


def test_a_server_within_the_memory_of_the_small_pod() -> None:
    """The ranking service has a limit of 128 MB; the whole process must stay far below it."""
    with Server(f"recruitment-rank={EXAMPLES / 'recruitment-rank/model'}") as server:
        for _ in range(200):
            server.post("/v1/models/recruitment-rank:predict", json={"instances": instances("recruitment-rank")})
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    assert peak < 64 * 1024, f"{peak} kB"
