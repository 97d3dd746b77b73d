"""``effcv kit``: what students get."""

from __future__ import annotations


def describe(commands) -> None:
    """Describe the command."""
