"""Which master makes which notebook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools.notebooks.convert import build_notebook
from tools.notebooks.headers import MasterError
from tools.notebooks.percent import read_cells
from tools.notebooks.release import make_release

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "nbgrader_config.py"
PACKAGED = Path("effcv_lab/grading/releases")


@dataclass(frozen=True)
class Target:
    """One master and the notebooks made of it; a lecture has no release.

    The package carries the same release once more: a student's copy may be damaged.
    """

    master: Path
    notebook: Path
    release: Path | None = None
    packaged: Path | None = None


def lecture(name: str) -> Target:
    """Return the files of one lecture, relative to the root."""
    return Target(Path(f"notebooks/lectures/{name}.py"), Path(f"lectures/{name}.ipynb"))


def assignment(name: str) -> Target:
    """Return the files of one assignment, relative to the root."""
    notebook = Path(name, f"{name}.ipynb")
    return Target(
        Path(f"notebooks/assignments/{name}.py"),
        "solutions" / notebook,
        "assignments" / notebook,
        PACKAGED / f"{name}.ipynb",
    )


def targets(root: Path = ROOT) -> list[Target]:
    """List the course: every master, in order."""
    lectures = [lecture(path.stem) for path in sorted(root.glob("notebooks/lectures/*.py"))]
    return lectures + [
        assignment(path.stem) for path in sorted(root.glob("notebooks/assignments/*.py"))
    ]


def target_of(notebook: Path) -> Target:
    """Find the master that a notebook belongs to, from its path below the root.

    Raises
    ------
    MasterError
        If the path is none of a lecture or of a solution.
    """
    parts = notebook.with_suffix("").parts
    if notebook.suffix == ".ipynb" and len(parts) == 2 and parts[0] == "lectures":
        return lecture(parts[1])
    if notebook.suffix == ".ipynb" and len(parts) == 3 and parts[1] == parts[2]:
        if parts[0] == "solutions":
            return assignment(parts[1])
        if parts[0] == "assignments":
            raise MasterError(f"{notebook}: the students' copy: edit solutions/{parts[1]} instead")
    raise MasterError(f"{notebook}: neither lectures/NAME.ipynb nor solutions/NAME/NAME.ipynb")


def make(target: Target, root: Path = ROOT) -> dict[Path, str]:
    """Make the notebooks of one master, as text by path; nothing is written.

    Raises
    ------
    MasterError
        If the master breaks a rule; the message names the file and the cell.
    """
    try:
        name = target.master.stem
        if not re.fullmatch(r"a\d+_\w+" if target.release else r"\d\d_\w+", name, re.ASCII):
            raise MasterError("call a lecture NN_topic.py and an assignment aN_topic.py")
        text = (root / target.master).read_text(encoding="utf-8")
        made = {target.notebook: build_notebook(text)}
        if target.release:
            released = make_release(name, made[target.notebook], CONFIG)
            made |= {target.release: released, target.packaged: released}
        elif roles := [c for c in read_cells(text)[0] if "role" in c.header]:
            raise MasterError(f"line {roles[0].line}: a lecture has no graded cells: no role=...")
        return made
    except (MasterError, OSError, UnicodeDecodeError) as error:
        raise MasterError(f"{target.master}: {error}") from None
