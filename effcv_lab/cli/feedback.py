"""``effcv feedback``: what students get back."""

from __future__ import annotations


def describe(commands) -> None:
    """Describe the command."""
