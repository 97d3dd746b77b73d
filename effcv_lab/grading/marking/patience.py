"""A gradebook that another program is writing to: wait and try again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

TRIES, PAUSE_SECONDS = 6, 0.2
BUSY = ("locked", "deadlock")


def patiently(action: Callable[[], Any]) -> Any:
    """Do something with the gradebook; while another process writes to it, try again, for at least six seconds.

    What is done must be the same when it is done twice.

    Examples
    --------
    >>> patiently(lambda: 1 + 1)
    2
    """
    from sqlalchemy.exc import IntegrityError, OperationalError

    for number in range(TRIES):
        try:
            return action()
        except (IntegrityError, OperationalError) as error:
            busy = isinstance(error, IntegrityError) or any(word in str(error) for word in BUSY)
            if not busy or number == TRIES - 1:
                raise
            time.sleep(PAUSE_SECONDS * 2**number)
    raise AssertionError("the last try returns or raises")
