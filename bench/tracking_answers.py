"""What a tracking server is asked first."""

from __future__ import annotations

import http.client
import json


class Answers:
    """The first right answer of a tracking server: the default experiment."""

    answer = "Default"

    @staticmethod
    def ask(port: int, timeout: float = 20) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status != 200:
            raise ValueError(f"status {reply.status}: {text[:200]!r}")
        return json.loads(text)["experiment"]["name"]
