"""Traits that check their values and say what was wrong: the name, the value, the range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets


class TraitValueError(traitlets.TraitError, ValueError):
    """A value that a demo refused; everything is as it was before."""


class Checked(traitlets.TraitType):
    """A trait whose value one function checks: ``check(name, value) -> value``."""

    def __init__(self, check: Callable[[str, Any], Any], **keywords):
        super().__init__(**keywords)
        self._check = check

    def validate(self, obj, value):
        """Return the checked value, or raise a TraitValueError with the check's own words."""
        try:
            return self._check(self.name, value)
        except (TypeError, ValueError) as error:
            raise TraitValueError(str(error)) from None
