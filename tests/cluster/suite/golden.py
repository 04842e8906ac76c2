"""The golden values files of the chart and the right answers of their models."""

from __future__ import annotations

import json
import pathlib
import re
import urllib.request
from dataclasses import dataclass
from typing import Any

from .kube import Unexpected
from .machines import REPOSITORY


@dataclass(frozen=True)
class Golden:
    """One of the golden values files and what it must give."""

    model: str
    """Name of the example, of the model and of the values file."""
    service_port: int
    container_port: int
    replicas: int

    @property
    def request(self) -> pathlib.Path:
        return REPOSITORY / f"examples/{self.model}/request.json"

    @property
    def path(self) -> str:
        return f"/v1/models/{self.model}:predict"

    def expected(self) -> dict[str, Any]:
        """The answer to `request` that the example's README shows, which its Python library gave."""
        text = (REPOSITORY / f"examples/{self.model}/README.md").read_text()
        found = re.search(r'^\{"predictions":.*\}$', text, re.MULTILINE)
        if not found:
            raise Unexpected(f"`examples/{self.model}/README.md` shows no answer")
        return json.loads(found[0])

    def ask(self, url: str, timeout: float = 2) -> Any:
        """Posts `request` from this machine and gives the answer."""
        head = {"content-type": "application/json"}
        request = urllib.request.Request(url + self.path, self.request.read_bytes(), head)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return json.load(reply)
        except OSError as error:
            raise Unexpected(f"`{url}`: {error}") from error

    def right(self, url: str) -> bool:
        """Whether the model answers at a URL, and as it must."""
        answer = self.ask(url)
        if answer != self.expected():
            raise Unexpected(f"`{url}` answered {answer} and not {self.expected()}")
        return True


CLASSIFICATION = Golden("classification", 5000, 5000, 2)
RECRUITMENT = Golden("recruitment-rank", 80, 9696, 2)
CHATBOT = Golden("chatbot-intents", 8000, 8000, 1)
GOLDEN = [CLASSIFICATION, RECRUITMENT, CHATBOT]
