"""Build, absorb and check the notebooks of the whole course."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tools.notebooks.convert import absorb_notebook, fingerprint, parse
from tools.notebooks.headers import MasterError
from tools.notebooks.targets import PACKAGED, ROOT, Target, make, target_of, targets


def build(root: Path = ROOT, only: list[Target] | None = None, force: bool = False) -> list[Path]:
    """Write every notebook that is not what its master makes; return their paths.

    All are made before the first is written, each is replaced in one step, and a notebook with edits that no master
    has yet is left alone.

    Raises
    ------
    MasterError
        If a master breaks a rule or a notebook was edited (unless ``force``). Nothing is written.
    """
    made = {}
    for target in targets(root) if only is None else only:
        if not force and edited(target, root):
            raise MasterError(
                f"{target.notebook}: edited by hand; 'make absorb' brings that into {target.master}"
                ", 'python -m tools.notebooks build --force' drops it"
            )
        made |= make(target, root)
    stale = [path for path, text in made.items() if _read(root / path) != text]
    for path in stale:
        _replace(root / path, made[path])
    return stale


def absorb(
    notebooks: list[Path] | None = None, root: Path = ROOT, force: bool = False
) -> list[Path]:
    """Bring edited notebooks back into their masters, then build those; return the masters.

    Parameters
    ----------
    notebooks : list of Path, optional
        Below the root. Default: every lecture and solution that was edited.

    Raises
    ------
    MasterError
        If a cell breaks a rule, or the master changed after the notebook was built (unless ``force``).
    """
    if notebooks is None:
        found = [*root.glob("lectures/*.ipynb"), *root.glob("solutions/*/*.ipynb")]
        notebooks = [path.relative_to(root) for path in sorted(found)]
    masters = {}
    for notebook in notebooks:
        target = target_of(notebook)
        text = _read(root / notebook)
        if text is None:
            raise MasterError(f"{notebook}: no such notebook")
        if not edited(target, root):
            continue
        try:
            masters[target] = absorb_notebook(text)
            built_from = parse(text)["metadata"].get("effcv", {}).get("master")
        except MasterError as error:
            raise MasterError(f"{notebook}: {error}") from None
        now = _read(root / target.master)
        if now is not None and not force and fingerprint(now) != built_from:
            raise MasterError(
                f"{notebook}: edited, but {target.master} changed too since it was built"
                "; 'absorb --force' keeps the notebook's version"
            )
    for target, text in masters.items():
        _replace(root / target.master, text)
    build(root, list(masters), force=True)
    return [target.master for target in masters]


def edited(target: Target, root: Path = ROOT) -> bool:
    """Say whether a notebook holds edits that its master lacks (outputs are none)."""
    text = _read(root / target.notebook)
    if text is None:
        return False
    try:
        content, master = parse(text), absorb_notebook(text)
    except MasterError:
        return True
    built_from = content["metadata"].get("effcv", {}).get("master")
    return fingerprint(master) != built_from and master != _read(root / target.master)


def problems(root: Path = ROOT) -> Iterator[str]:
    """Say, one line each, what is out of step; nothing is written."""
    expected = set()
    for target in targets(root):
        expected |= {target.notebook, target.release, target.packaged}
        if edited(target, root):
            yield f"{target.notebook}: edited by hand: run make absorb"
            continue
        try:
            made = make(target, root)
        except MasterError as error:
            yield str(error)
            continue
        for path, text in made.items():
            found = _read(root / path)
            if found != text:
                state = "missing" if found is None else "out of step"
                yield f"{path}: {state}: run make notebooks (its master is {target.master})"
    yield from _strays(root, expected)


def _strays(root: Path, expected: set[Path | None]) -> Iterator[str]:
    """Find notebooks without a master, and files that nbgrader would hand out beside a notebook."""
    patterns = (
        "lectures/*.ipynb",
        "solutions/**/*",
        "assignments/**/*",
        f"{PACKAGED.as_posix()}/*",
    )
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        place = path.relative_to(root)
        if path.is_file() and place not in expected and ".ipynb_checkpoints" not in place.parts:
            if path.suffix == ".ipynb" and place.parts[0] in ("lectures", "solutions"):
                yield f"{place}: has no master: run make absorb, or remove it"
            else:
                yield f"{place}: belongs to no master; students would get it: remove it"


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except UnicodeDecodeError as error:
        raise MasterError(f"{path}: {error}") from None


def _replace(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)
