"""Starts the servers, logs what the pages show, and lets one browser walk them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from data import log  # noqa: E402
from server import Tracking  # noqa: E402

# webhooks may call this machine
WEBHOOKS = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
ADMIN = {"username": "admin", "password": "a long password"}


def walk(*walks: dict[str, object]) -> bool:
    """Runs the walks; whether every page was as it should be."""
    pictures = Path(os.environ.get("PICTURES") or tempfile.mkdtemp(prefix="longshore-pages-"))
    pictures.mkdir(parents=True, exist_ok=True)
    arguments = json.dumps({"pictures": str(pictures), "walks": walks})
    done = subprocess.run(["node", str(HERE / "walk.mjs"), arguments], timeout=400, check=False)
    if done.returncode:
        print(f"the pages are pictured in {pictures}", file=sys.stderr)
    return done.returncode == 0


@contextlib.contextmanager
def bell(*calls: Callable[[], None]) -> Iterator[str]:
    """The address of a server that webhooks may call; the last part of an address is the name of one of `calls`."""
    named = {it.__name__: it for it in calls}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            named.get(self.path.strip("/"), lambda: None)()
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """The address of an `mlflow server` on a new database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "artifacts")]
    command = ["mlflow", "server", "--port", str(port), "--workers", "1", *places]
    with open(folder / "log", "w") as log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=os.environ | WEBHOOKS) as process:
        try:
            end = time.monotonic() + 120
            while time.monotonic() < end:
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                    break
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, 15)


def main() -> int:
    with contextlib.ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))) for _ in range(4)]
        if "--mlflow" in sys.argv:
            address, hook = stack.enter_context(mlflow_server(folders[0])), stack.enter_context(bell())
            return 0 if walk({"walk": "all", "base": address, "hook": hook, **log(address)}) else 1
        server = stack.enter_context(Tracking(folders[0], environment=WEBHOOKS))

        def stop() -> None:
            server.process.terminate()
            server.process.wait(20)

        def start() -> None:
            server.command[server.command.index("--port") + 1] = server.url.rpartition(":")[2]
            server.__enter__()

        hook = stack.enter_context(bell(stop, start))
        users = folders[1] / "auth.ini"
        users.write_text(f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///{folders[1]}/users.db\nadmin_username = admin\nadmin_password = {ADMIN['password']}\n")
        secured = stack.enter_context(Tracking(folders[1], "--app-name", "basic-auth", "--auth-config", users, "--enable-workspaces"))
        below = stack.enter_context(Tracking(folders[2], "--static-prefix", "/quay"))
        plain = stack.enter_context(Tracking(folders[3], "--no-mlflow-ui"))
        walked = walk(
            {"walk": "all", "base": server.url, "hook": hook, "restarts": True, **log(server.url)},
            {"walk": "users", "base": secured.url, "who": ADMIN},
            {"walk": "prefix", "base": f"{below.url}/quay"},
            {"walk": "plain", "base": plain.url},
        )
        return 0 if walked else 1


if __name__ == "__main__":
    sys.exit(main())
