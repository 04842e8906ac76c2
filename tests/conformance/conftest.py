"""What every test shares: the seed and a server with the four examples."""

from __future__ import annotations

import os
import random
import subprocess
import warnings
from collections.abc import Iterator

import pytest

from server import EXAMPLES, Server, binary

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**31))
NAMES = ["wine", "classification", "recruitment-rank", "chatbot-intents"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    version = subprocess.run([binary(), "--version"], capture_output=True, text=True, check=False).stdout.strip()
    again = f"; the same models again: SEED={SEED}" if exitstatus else ""
    terminalreporter.write_line(f"{version}{again}")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED


@pytest.fixture(scope="session")
def examples() -> Iterator[Server]:
    """One server with all the examples."""
    with Server(*(f"{name}={EXAMPLES / name / 'model'}" for name in NAMES)) as server:
        yield server


@pytest.fixture(scope="session")
def wine() -> Iterator[Server]:
    """A server with the wine model alone, so that `/invocations` means it."""
    with Server(f"wine={EXAMPLES / 'wine/model'}") as server:
        yield server
