"""``effcv check``: for students, before they hand in."""

from __future__ import annotations


def describe(commands) -> None:
    """Describe the command."""
