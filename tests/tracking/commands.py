"""The program's commands for people, as a shell starts them."""

from __future__ import annotations

import json
import os
import socket
import subprocess

from server import binary

WIDTH = 80


class Commands:
    """The program at one tracking server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        variables = inherited | {"MLFLOW_TRACKING_URI": self.url, "COLUMNS": str(WIDTH)} | environment
        done = subprocess.run([str(binary()), *arguments], capture_output=True, text=True, env=variables, timeout=60, check=False)
        assert done.returncode == code, (arguments, done)
        return done

    def __call__(self, *arguments: str, **environment: str) -> str:
        return self.run(*arguments, **environment).stdout.rstrip("\n")

    def json(self, *arguments: str):
        return json.loads(self(*arguments, "--json"))

    def refused(self, *arguments: str, code: int = 1, **environment: str) -> str:
        done = self.run(*arguments, code=code, **environment)
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        return done.stderr


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
