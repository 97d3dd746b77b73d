"""A graded notebook that shows everything and does nothing: for the instructor's browser, and the student's.

nbgrader's formgrader and its feedback turn a submission into a page. What a page could run, load or send is taken out of the
notebook itself, so that every later viewer is safe: outputs are texts and pictures, a student's Markdown is broken where it
would act (:mod:`effcv_lab.grading.harmless_text`), and what a notebook carries besides is made anew.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from effcv_lab.grading.harmless_text import as_text, passive, printed

if TYPE_CHECKING:
    from nbformat import NotebookNode

PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
MOST_ALT, MOST_POINTS = 2_000, 1_000_000
WIDGET = "application/vnd.jupyter.widget-view+json"
#: What stood where nothing is left, and how a grader is told of it.
STOOD = {
    WIDGET: ("a widget: shown only in a live notebook", "widgets"),
    "text/html": ("HTML: not shown", "HTML"),
    "application/javascript": ("JavaScript: not run", "JavaScript"),
    "image/svg+xml": ("a drawing (SVG): not shown", "drawings (SVG)"),
    "text/markdown": ("formatted text (Markdown): not shown", "Markdown"),
    "text/latex": ("a formula (LaTeX): not shown", "LaTeX"),
    "application/pdf": ("a PDF: not shown", "PDF"),
    "image/png": ("a picture that is none: not shown", "broken pictures"),
    "image/jpeg": ("a picture that is none: not shown", "broken pictures"),
}
OTHER = ("something of a kind that is not shown", "other kinds")
_OBJECT = re.compile(
    r"<IPython\.[\w.]+ object>"
)  # what IPython prints of something that has no text
_NAME, _ID = re.compile(r"[A-Za-z0-9_-]{1,200}"), re.compile(r"[A-Za-z0-9_-]{1,64}")
#: What nbgrader may note on a cell, with the types that it must have.
SETTINGS = {
    **dict.fromkeys(("grade", "solution", "locked", "task"), bool),
    **dict.fromkeys(("points", "score", "extra_credit"), (int, float, type(None))),
    "schema_version": int,
    "cell_type": ("code", "markdown", "raw"),
    "checksum": re.compile(r"[0-9a-f]{0,64}"),
    "grade_id": _NAME,
}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
LANGUAGE = {
    "name": "python",
    "mimetype": "text/x-python",
    "file_extension": ".py",
    "pygments_lexer": "ipython3",
    "nbconvert_exporter": "python",
}


def make_harmless(nb: NotebookNode) -> list[str]:
    """Leave nothing active in a graded notebook.

    - Outputs: text, errors, PNG and JPEG pictures that are such. Of a picture's metadata only its alt text stays.
    - Text cells that nbgrader does not lock: HTML, pictures, links other than to plain http(s) addresses, and commands of
      MathJax that act are shown as text. Locked ones are the course's own and stay as they are.
    - Metadata: nbgrader's with the right types, and the tag of the grader's own note. Attachments, all other metadata, and
      ids that are none, are dropped.

    Parameters
    ----------
    nb : NotebookNode
        Of format 4, changed in place; whatever types are in it.

    Returns
    -------
    lines : list of str
        One for each kind of thing that was changed, for the grader to read. Dropped metadata is not told: JupyterLab itself
        writes some.

    Examples
    --------
    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> nb = new_notebook(cells=[new_markdown_cell("<b>bold</b>")])
    >>> make_harmless(nb)
    ['in texts, shown as text: HTML (1 cell)']
    >>> nb.cells[0].source
    '<\u2060b>bold<\u2060/b>'
    """
    found: Counter[str] = Counter()
    cells = nb.get("cells")
    cells = cells if isinstance(cells, list) else []
    made = [_cell(cell, found) for cell in cells if isinstance(cell, dict)]
    found["left out: cells that are none"] += len(cells) - len(made)
    _give_ids(made, found)
    version = as_text(_get(nb, "metadata", "language_info").get("version"))
    language = LANGUAGE | ({"version": version} if re.fullmatch(r"[0-9.]{1,20}", version) else {})
    nb.clear()
    nb.update(_node({"kernelspec": KERNEL, "language_info": language}, made))
    return [
        f"{kind} ({count} cell{'s' if count > 1 else ''})" for kind, count in found.items() if count
    ]


def _node(metadata: dict, cells: list[dict]) -> NotebookNode:
    from nbformat import from_dict

    return from_dict({"metadata": metadata, "nbformat": 4, "nbformat_minor": 5, "cells": cells})


def _get(found: Any, *keys: str) -> dict:
    """Return a dictionary in dictionaries; an empty one where there is something else."""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _cell(cell: dict, found: Counter[str]) -> dict:
    kind = cell.get("cell_type")
    kind = kind if kind in ("code", "markdown", "raw") else "markdown"
    told: Counter[str] = Counter()
    settings = _settings(_get(cell, "metadata", "nbgrader"))
    made = {"cell_type": kind, "id": cell.get("id"), "metadata": {}}
    made["source"] = as_text(cell.get("source"))
    if settings:
        made["metadata"]["nbgrader"] = settings
    tags = _get(cell, "metadata").get("tags")
    if isinstance(tags, list) and "intake" in tags:
        made["metadata"]["tags"] = ["intake"]
    if kind == "code":
        made["execution_count"] = _number(cell.get("execution_count"))
        outputs = cell.get("outputs")
        outputs = outputs if isinstance(outputs, list) else []
        made["outputs"] = [_output(o, told) for o in outputs if isinstance(o, dict)]
    elif not settings.get("locked"):
        made["source"], kinds = passive(made["source"])
        told.update(f"in texts, shown as text: {kind}" for kind in kinds)
    if cell.get("attachments"):
        told["left out: attachments"] += 1
    found.update(told.keys())
    return made


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _settings(noted: dict) -> dict:
    """Keep what nbgrader notes on a cell where it is of the right kind; without a name there is nothing to keep."""
    kept = {k: noted[k] for k, kind in SETTINGS.items() if k in noted and _fits(noted[k], kind)}
    if "grade_id" not in kept:
        return {}
    if kept.get("grade") or kept.get("task"):
        kept["points"] = kept.get("points") or 0  # nbgrader's pages count on a number
    if isinstance(noted.get("comment"), str):
        kept["comment"] = passive(noted["comment"])[0]
    return kept


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, re.Pattern):
        return isinstance(value, str) and kind.fullmatch(value) is not None
    if isinstance(kind, tuple) and isinstance(kind[0], str):
        return isinstance(value, str) and value in kind
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, kind) and (value is None or -MOST_POINTS <= value <= MOST_POINTS)


def _give_ids(cells: list[dict], found: Counter[str]) -> None:
    """Give each cell an id of its own."""
    seen: set[str] = set()
    for number, cell in enumerate(cells):
        given = cell["id"]
        if not (isinstance(given, str) and _ID.fullmatch(given) and given not in seen):
            found["replaced: ids of cells"] += given is not None
            given = next(name for n in itertools.count(number) if (name := f"cell-{n}") not in seen)
        cell["id"] = given
        seen.add(given)


def _output(output: dict, told: Counter[str]) -> dict:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": _printed(output.get("text"), told)}
    if kind == "error":
        lines = output.get("traceback")
        lines = lines if isinstance(lines, list) else []
        texts = {key: _printed(output.get(key), told) for key in ("ename", "evalue")}
        return {"output_type": kind, **texts, "traceback": [_printed(line, told) for line in lines]}
    made = {"output_type": "execute_result" if kind == "execute_result" else "display_data"}
    if kind == "execute_result":
        made["execution_count"] = _number(output.get("execution_count"))
    data = _get(output, "data")
    kept = _shown(data, lambda text: _printed(text, told))
    pictures = [t for t in kept if t in PICTURES]
    alts = {t: alt for t in pictures if (alt := _alt(_get(output, "metadata"), t))}
    dropped = [STOOD.get(key, OTHER) for key in sorted(set(data) - set(kept), key=_order)]
    told.update(f"left out of outputs: {words}" for _, words in dropped)
    nothing = WIDGET in data or _OBJECT.fullmatch(kept.get("text/plain", "").strip())
    if not kept or (dropped and nothing and not pictures):
        kept = {"text/plain": f"[{dropped[0][0] if dropped else OTHER[0]}]"}
    return made | {"data": kept, "metadata": {t: {"alt": alt} for t, alt in alts.items()}}


def _order(kind: Any) -> tuple[int, str]:
    known = list(STOOD)
    return (known.index(kind) if kind in known else len(known), str(kind))


def _printed(value: Any, told: Counter[str]) -> str:
    text = as_text(value)
    made = printed(text)
    if made != text and "\x1b" in text:
        told["left out of outputs: escapes of a terminal"] += 1
    return made


def _shown(data: dict, cleaned: Callable[[Any], str]) -> dict[str, str]:
    """Keep texts, and pictures that begin as such."""
    kept = {}
    if isinstance(data.get("text/plain"), str | list):
        kept["text/plain"] = cleaned(data["text/plain"])
    for kind, magic in PICTURES.items():
        try:
            content = base64.b64decode("".join(as_text(data.get(kind)).split()), validate=True)
        except (binascii.Error, ValueError):
            continue
        if content.startswith(magic):
            kept[kind] = base64.b64encode(content).decode("ascii")
    return kept


def _alt(metadata: dict, kind: str) -> str:
    """Return a picture's alt text without what a tag is made of."""
    alt = as_text(_get(metadata, kind).get("alt") or metadata.get("alt"))
    return " ".join(re.sub(r"[<>&\"'`\x00-\x1f\x7f-\x9f]", " ", alt).split())[:MOST_ALT]
