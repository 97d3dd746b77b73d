"""Check arguments and say what was wrong: the name, the value, the allowed range."""

from __future__ import annotations

import math
from collections.abc import Collection


def number_in(
    name: str, value: float, low: float, high: float = math.inf, *, open_low: bool = False
) -> float:
    """Return ``value`` as a float if it is finite and in ``[low, high]``.

    Parameters
    ----------
    name : str
        What the caller calls the argument; the error repeats it.
    value : number
    low, high : float
        Allowed range. ``high = inf`` allows every finite number from ``low`` on.
    open_low : bool
        Leave ``low`` itself out.

    Raises
    ------
    TypeError
        If ``value`` is not a real number (a bool and a text are none).
    ValueError
        If it is NaN, infinite or outside the range.

    Examples
    --------
    >>> number_in("sparsity", 0.5, 0, 1)
    0.5
    >>> number_in("temperature", 0, 0, open_low=True)
    Traceback (most recent call last):
        ...
    ValueError: temperature must be a finite number > 0, got 0
    """
    if high == math.inf:
        wanted = f"a finite number {'>' if open_low else '>='} {low:g}"
    else:
        wanted = f"a number in {'(' if open_low else '['}{low:g}, {high:g}]"
    try:
        if isinstance(value, (bool, str, bytes)):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{name} must be {wanted}, got {value!r}") from None
    too_low = number <= low if open_low else number < low
    if not math.isfinite(number) or too_low or number > high:
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return number


def whole_number(name: str, value: int, low: int, high: int | None = None) -> int:
    """Return ``value`` if it is a whole number from ``low`` to ``high`` (no bool, no float).

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is outside the range.

    Examples
    --------
    >>> whole_number("batch_size", 64, 1)
    64
    >>> whole_number("batch_size", 0, 1)
    Traceback (most recent call last):
        ...
    ValueError: batch_size must be a whole number >= 1, got 0
    """
    wanted = f"a whole number >= {low}" if high is None else f"a whole number in [{low}, {high}]"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be {wanted}, got {value!r}")
    number = value.__index__()
    if number < low or (high is not None and number > high):
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return number


def one_of(name: str, value: str, allowed: Collection[str]) -> str:
    """Return ``value`` if it is one of the allowed words.

    Raises
    ------
    ValueError
        If it is another one.

    Examples
    --------
    >>> one_of("EFFCV_BUDGET", "large", ["class", "paper"])
    Traceback (most recent call last):
        ...
    ValueError: EFFCV_BUDGET must be 'class' or 'paper', got 'large'
    """
    if value not in allowed:
        raise ValueError(f"{name} must be {' or '.join(map(repr, allowed))}, got {value!r}")
    return value
