"""A cell's first line: ``# %% title [kind] key=value ...``, values as JSON.

The first keys belong to the house: ``role``, ``id``, ``points``, ``slide`` and ``attachments``. All others are the cell's
metadata as JupyterLab stores them. Metadata whose name cannot stand there go into ``metadata={...}``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

KINDS = ("code", "markdown", "raw")
HOUSE_KEYS = ("role", "id", "points", "slide", "attachments")
_RESERVED = {*HOUSE_KEYS, "metadata", "trailing_newlines"}
_ORDER = ("role", "id", "points", "slide", "tags")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TITLE = re.compile(r"[^\[\]=\"{}\s]+(?: [^\[\]=\"{}\s]+)*")


class MasterError(Exception):
    """A master or notebook that cannot be converted; the message says where and why."""


@dataclass
class Cell:
    """One cell of a master.

    ``header`` holds the house's keys, ``metadata`` the notebook's. ``blank_lines`` counts those before the next cell
    where a formatter would set another number; ``line`` is the header's line in the master.
    """

    kind: str
    source: str
    header: dict = field(default_factory=dict)
    metadata: dict = field(default_factory=dict)
    blank_lines: int | None = None
    line: int = 0


def write_header(cell: Cell, trailing: int = 0) -> str:
    """Write a cell's first line, keys in the house's order.

    Examples
    --------
    >>> write_header(Cell("markdown", "", {"points": 2, "role": "written"}, {"tags": ["long"]}))
    '# %% [markdown] role="written" points=2 tags=["long"]'
    """
    inline = {k: v for k, v in cell.metadata.items() if _KEY.fullmatch(k) and k not in _RESERVED}
    hidden = {k: cell.metadata[k] for k in sorted(cell.metadata.keys() - inline.keys())}
    words = ["# %%"]
    if isinstance(inline.get("title"), str) and _TITLE.fullmatch(inline["title"]):
        words.append(inline.pop("title"))
    if cell.kind != "code":
        words.append(f"[{cell.kind}]")
    pairs = inline | cell.header
    if hidden:
        pairs["metadata"] = hidden
    if trailing:
        pairs["trailing_newlines"] = trailing
    keys = [key for key in _ORDER if key in pairs] + sorted(pairs.keys() - set(_ORDER))
    return " ".join(words + [f"{key}={dump_json(pairs[key])}" for key in keys])


def read_header(line: str) -> tuple[Cell, int]:
    """Read a cell's first line; return a cell without source, and how many newlines end its source.

    Raises
    ------
    MasterError
        If a part of the line is neither title, kind nor ``key=JSON``.

    Examples
    --------
    >>> cell, _ = read_header('# %% Load the data role="given" id="data"')
    >>> cell.header, cell.metadata
    ({'role': 'given', 'id': 'data'}, {'title': 'Load the data'})
    """
    title, rest = _split_title(line.removeprefix("# %%").strip(" "))
    kind = "code"
    if found := re.match(r"\[(\w+)\](?: |$)", rest):
        kind, rest = found[1], rest[found.end() :]
    if kind not in KINDS:
        raise MasterError(f"a cell is code (nothing written), [markdown] or [raw], not [{kind}]")
    pairs = _read_pairs(rest)
    trailing = pairs.pop("trailing_newlines", 0)
    hidden = pairs.pop("metadata", {})
    if not isinstance(trailing, int) or not isinstance(hidden, dict):
        raise MasterError("trailing_newlines is a whole number and metadata a JSON object")
    header = {key: pairs.pop(key) for key in HOUSE_KEYS if key in pairs}
    metadata = ({"title": title} if title else {}) | pairs | hidden
    return Cell(kind, "", header, metadata), trailing


def dump_json(value: object) -> str:
    """Write a value in one line, keys sorted as in a notebook, letters of all languages as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _split_title(rest: str) -> tuple[str, str]:
    """Cut a title, if there is one, off the rest of the line."""
    found = _TITLE.match(rest)
    if not found:
        return "", rest
    title, after = found[0], rest[found.end() :]
    if after.startswith("="):  # the last word is the first key
        title = title.rpartition(" ")[0]
    elif after and not after.startswith(" ["):
        return "", rest
    return title, rest[len(title) :].strip(" ")


def _read_pairs(rest: str) -> dict:
    """Read ``key=value key=value``, each value in JSON."""
    pairs = {}
    while rest:
        key = _KEY.match(rest)
        try:
            if not key or rest[key.end() : key.end() + 1] != "=" or key[0] in pairs:
                raise ValueError
            pairs[key[0]], end = json.JSONDecoder().raw_decode(rest, key.end() + 1)
        except ValueError:
            raise MasterError(
                f'cannot read {rest!r} in this header: write key="text" or key=number, each key once'
            ) from None
        rest = rest[end:].removeprefix(" ")
    return pairs
