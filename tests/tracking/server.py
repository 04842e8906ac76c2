"""Starts the real `longshore tracking` on a new database, of SQLite or of `$LONGSHORE_TEST_POSTGRES`, and ends it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"listening on (https?://[0-9.]+:[0-9]+)")
START_SECONDS = 30


def binary() -> Path:
    """The program under test: `$LONGSHORE_BIN`, else the release build of this repository."""
    return Path(os.environ.get("LONGSHORE_BIN") or ROOT / "target/release/longshore")


def new_store(folder: Path) -> str:
    """The location of a database that is empty, as MLflow's own store opens it."""
    if not (postgres := os.environ.get("LONGSHORE_TEST_POSTGRES")):
        return f"sqlite:///{folder / 'mlflow.db'}"
    import psycopg2

    name = f"t{uuid.uuid4().hex[:12]}"
    on = psycopg2.connect(f"{postgres}/postgres")
    on.autocommit = True
    on.cursor().execute(f"CREATE DATABASE {name}")
    on.close()
    return f"{postgres}/{name}".replace("postgresql:", "postgresql+psycopg2:")


class Tracking:
    """One `longshore tracking`, from `with` to the end of the block, on a new database or on that at `store_uri`."""

    def __init__(self, folder: Path, *arguments: object, store_uri: str | None = None, environment: dict[str, str] | None = None) -> None:
        self.store_uri = store_uri or new_store(folder)
        self.artifacts = folder / "artifacts"
        self.environment = os.environ | (environment or {})
        places = [] if "--backend-store-uri" in arguments else ["--backend-store-uri", self.store_uri]
        if "--artifacts-destination" not in arguments:
            places += ["--artifacts-destination", str(self.artifacts)]
        self.command = [str(binary()), "tracking", "--port", "0", *places, *map(str, arguments)]

    def __enter__(self) -> Tracking:
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=self.environment)
        self.url = self._wait_for_address()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.log.close()

    def _wait_for_address(self) -> str:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            text = Path(self.log.name).read_text(errors="replace")
            if found := ADDRESS.search(text):
                return found[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        self.process.kill()
        raise RuntimeError(f"`{' '.join(self.command)}` did not start listening:\n{Path(self.log.name).read_text(errors='replace')}")

    def memory_mb(self) -> float:
        """The most memory that it had so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
