"""Turn results into plain Python values, and those into JSON that a person can read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any


def plain_data(value: Any, where: str) -> Any:
    """Return a copy made of plain Python values; say where one is not finite or not data.

    Tuples and ranges become lists, NumPy's numbers Python's.

    Parameters
    ----------
    value : number, text, bool, None, or lists and dicts of these
    where : str
        What to call it in an error.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    TypeError
        If something is of another kind, or the key of a dict is not a text.

    Examples
    --------
    >>> plain_data({"shape": (1, 28)}, "config")
    {'shape': [1, 28]}
    >>> plain_data([0.5, {"loss": float("nan")}], "rows")
    Traceback (most recent call last):
        ...
    ValueError: rows[1]['loss'] must be finite, got nan
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        if not math.isfinite(value):
            raise ValueError(f"{where} must be finite, got {value}")
        return float(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where} must have words as keys, got {key!r}")
        return {key: plain_data(inner, f"{where}[{key!r}]") for key, inner in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain_data(inner, f"{where}[{index}]") for index, inner in enumerate(value)]
    raise TypeError(
        f"{where} must be a number, text, None, list or dict, got {type(value).__name__}"
    )


def readable_json(content: dict[str, Any]) -> str:
    """Return JSON with one line for each entry, and one for each row of a table.

    Examples
    --------
    >>> print(readable_json({"seeds": [0, 1], "rows": [{"a": 1}, {"a": 2}]}), end="")
    {
      "seeds": [0, 1],
      "rows": [
        {"a": 1},
        {"a": 2}
      ]
    }
    """
    lines = []
    for key, value in content.items():
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if isinstance(value, list) and isinstance(value[0], dict):
            rows = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in value]
            text = "[\n    " + ",\n    ".join(rows) + "\n  ]"
        lines.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
