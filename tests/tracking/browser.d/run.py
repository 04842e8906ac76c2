"""Starts the servers, logs what the pages show, and lets a browser walk them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
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


def main() -> int:
    results = []
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
