"""The list of checks, in the order they were declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .context import Context

Body = Callable[[Context], str]


@dataclass(frozen=True)
class Check:
    """One check: it returns what it measured, or raises."""

    name: str
    body: Body
    alone: bool
    """Whether others would disturb what it measures, or it them."""

    @property
    def summary(self) -> str:
        return (self.body.__doc__ or "").strip().splitlines()[0]


CHECKS: list[Check] = []


def check(body: Body) -> Body:
    """Declares a check that others may run beside."""
    CHECKS.append(Check(body.__name__, body, alone=False))
    return body


def alone(body: Body) -> Body:
    """Declares a check that runs while no other does."""
    CHECKS.append(Check(body.__name__, body, alone=True))
    return body
