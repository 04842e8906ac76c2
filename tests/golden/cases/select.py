"""Cases of this family."""

from __future__ import annotations


def cases() -> list:
    """Every case."""
    return []
