"""``effcv export``: grades for a learning management system."""

from __future__ import annotations


def describe(commands) -> None:
    """Describe the command."""
