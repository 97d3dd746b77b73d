"""``effcv grade``: grade a class."""

from __future__ import annotations


def describe(commands) -> None:
    """Describe the command."""
