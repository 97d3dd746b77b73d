"""Look through a file for what must not reach students."""

from __future__ import annotations

import io
import json
import re
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from effcv_lab.kit.forbidden import ANSWER, MARKER, Forbidden, plain, stands_in
from effcv_lab.kit.problem import Problem

RELEASES = "effcv_lab/grading/releases"
_MASTER = re.compile(r"^\s*#\s*%%.*\brole\s*=", re.MULTILINE)
_WRITE_AGAIN = "write the release again with make notebooks, and copy nothing from solutions/"
_TAKE_OUT = "take it out, then build the kit again"


def look_through(name: str, content: bytes, forbidden: Forbidden) -> list[Problem]:
    """Return everything that is wrong with one file of a kit.

    Markers, masters, hidden tests, model answers and private tests are looked for everywhere: in notebooks also in metadata,
    in archives (``.npz`` too) in each member. Lines of solutions are not looked for in the package's modules: they hold
    the kit's own versions of the same functions.

    Parameters
    ----------
    name : str
        Path in the kit.
    content : bytes
    forbidden : Forbidden
    """
    path = PurePosixPath(name)
    if path.suffix == ".ipynb":
        return [*_source_of(path, forbidden), *_notebook(name, content, forbidden)]
    if zipfile.is_zipfile(io.BytesIO(content)):
        return list(_archive(name, content, forbidden))
    text = content.replace(b"\0", b"").decode("utf-8", "replace")  # UTF-16 comes out readable, too
    module = path.suffix == ".py"
    problems = list(_named_like_a_test(path, forbidden))
    if module and (found := _marker_in_comments(text)):
        problems.append(Problem(name, "", f"has a marker, {found!r}", _TAKE_OUT))
    pieces = _strings(_parsed(text)) if path.suffix == ".json" else [text]
    return problems + list(_text(name, "", "\n".join(pieces), forbidden, module))


def _source_of(path: PurePosixPath, forbidden: Forbidden) -> Iterator[Problem]:
    """Refuse a notebook among the assignments that no source notebook stands for."""
    inside = path.relative_to("assignments") if path.parts[0] == "assignments" else None
    packaged = path.is_relative_to(RELEASES)
    stems = {name.partition("/")[2] for name in forbidden.notebooks}
    if (inside and str(inside.with_suffix("")) not in forbidden.notebooks) or (
        packaged and path.stem not in stems
    ):
        what = "is no release: solutions/ has no notebook of this name"
        yield Problem(str(path), "", what, "take it away, or add its solution")


def _named_like_a_test(path: PurePosixPath, forbidden: Forbidden) -> Iterator[Problem]:
    if path.suffix == ".py" and path.stem in forbidden.tests:
        what = f"is named like a private test of the cell {path.stem}"
        yield Problem(str(path), "", what, "keep private tests in a folder outside of the course")


def _notebook(name: str, content: bytes, forbidden: Forbidden) -> Iterator[Problem]:
    try:
        notebook = json.loads(content)
        cells = [dict(cell) for cell in notebook["cells"]]
        rest = {key: value for key, value in notebook.items() if key != "cells"}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield Problem(
            name, "", f"is not a notebook ({type(error).__name__}: {error})", _WRITE_AGAIN
        )
        return
    for number, cell in enumerate(cells, start=1):
        place = _name(cell) or f"cell {number}"
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield Problem(name, place, "has outputs", "clear all outputs and save")
        source = _joined(cell.pop("source", ""))
        texts = "\n".join([source, *_strings(cell)])
        yield from _text(name, place, texts, forbidden)
    yield from _text(name, "", "\n".join(_strings(rest)), forbidden)


def _name(cell: dict) -> str:
    metadata = cell.get("metadata")
    settings = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return str(settings.get("grade_id", "")) if isinstance(settings, dict) else ""


def _text(
    name: str, cell: str, text: str, forbidden: Forbidden, module: bool = False
) -> Iterator[Problem]:
    """Look through one piece of text; of each kind of secret the first is said."""
    if not module and (found := MARKER.search(text)):
        yield Problem(name, cell, f"has a marker, {found[0]!r}", _WRITE_AGAIN)
    if found := _MASTER.search(text):
        yield Problem(
            name, cell, f"is a master: {found[0].strip()!r}", "masters stay in notebooks/"
        )
    reduced, said = plain(text), set()
    for secret in forbidden.secrets:
        if secret.kind in said or (module and secret.kind == ANSWER):
            continue
        if stands_in(secret.plain, reduced):
            said.add(secret.kind)
            what = f"holds {secret.text!r}, of a {secret.kind} ({secret.home})"
            yield Problem(name, cell, what, _TAKE_OUT)


def _archive(name: str, content: bytes, forbidden: Forbidden) -> Iterator[Problem]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(entry, archive.read(entry)) for entry in archive.namelist()]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        yield Problem(name, "", f"cannot be looked through ({error})", "pack plain files instead")
        return
    for entry, inner in members:
        for problem in look_through(f"{name}/{entry}", inner, forbidden):
            yield Problem(name, f"{entry} {problem.cell}".strip(), problem.what, problem.advice)


def _marker_in_comments(source: str) -> str:
    """Return the first comment of a module that is nothing but a marker: a text may well speak of one."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            found = MARKER.search(token.string) if token.type == tokenize.COMMENT else None
            if found and not re.search(r"\w", token.string.replace(found[0], "")):
                return token.string
    except (tokenize.TokenError, SyntaxError):
        found = MARKER.search(source)
        return found[0] if found else ""
    return ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _strings(value: Any) -> Iterator[str]:
    """Yield every string in JSON; a list of strings is one text in lines."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        yield _joined([item for item in value if isinstance(item, str)])
        for inner in value:
            if not isinstance(inner, str):
                yield from _strings(inner)


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
