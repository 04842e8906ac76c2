"""Starts the servers, logs what the pages show, and lets a browser walk them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from data import log  # noqa: E402
from server import Tracking  # noqa: E402


def walk(name: str, **told: object) -> bool:
    """Runs one walk; whether every page was as it should be."""
    pictures = Path(os.environ.get("PICTURES") or tempfile.mkdtemp(prefix="longshore-pages-"))
    pictures.mkdir(parents=True, exist_ok=True)
    arguments = json.dumps({"walk": name, "pictures": str(pictures), **told})
    done = subprocess.run(["node", str(HERE / "walk.mjs"), arguments], timeout=400, check=False)
    if done.returncode:
        print(f"the pages are pictured in {pictures}", file=sys.stderr)
    return done.returncode == 0


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """The address of an `mlflow server` on a new database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "artifacts")]
    command = ["mlflow", "server", "--port", str(port), "--workers", "1", *places]
    with open(folder / "log", "w") as log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process:
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
    results = []
    if "--mlflow" in sys.argv:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, mlflow_server(Path(folder)) as address:
            return 0 if walk("all", base=address, **log(address)) else 1
    with tempfile.TemporaryDirectory() as folder, Tracking(Path(folder)) as server:
        ids = log(server.url)
        results.append(walk("all", base=server.url, **ids))
    with tempfile.TemporaryDirectory() as folder, Tracking(Path(folder), "--static-prefix", "/quay") as server:
        results.append(walk("prefix", base=f"{server.url}/quay"))
    with tempfile.TemporaryDirectory() as folder, Tracking(Path(folder), "--no-mlflow-ui") as server:
        results.append(walk("plain", base=server.url))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
