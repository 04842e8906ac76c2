"""A bucket of an emulator of S3 (moto), which knows what requests came to it."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

NAME = "artifacts"
START_SECONDS = 60


class Bucket:
    """One emulator with one bucket, from `with` to the end of the block. `$MOTO_SERVER` is the program."""

    def __enter__(self) -> Bucket:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        # moto must not forward to an endpoint of the caller's
        environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        command = [os.environ["MOTO_SERVER"], "-H", "127.0.0.1", "-p", str(port)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.ask("PUT", f"/{NAME}")
                return self
            except URLError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.process.kill()
                    raise RuntimeError(f"the emulator did not start:\n{self.requests()}") from None
                time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)
        self.log.close()

    @property
    def environment(self) -> dict[str, str]:
        """With which a server reaches it."""
        return {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
        }

    def ask(self, method: str, target: str) -> bytes:
        """The answer to a request without credentials: the emulator checks none."""
        with urllib.request.urlopen(urllib.request.Request(self.url + target, method=method)) as answer:
            return answer.read()

    def requests(self) -> str:
        """What it logged so far: a line for each request."""
        return Path(self.log.name).read_text(errors="replace")
