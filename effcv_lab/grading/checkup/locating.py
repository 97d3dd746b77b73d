"""Which notebook is meant, and under which name it must be handed in."""

from __future__ import annotations

from pathlib import Path

from effcv_lab.folders import course_folder
from effcv_lab.grading.checkup import releases
from effcv_lab.grading.checkup.problem import Problem


def find_notebook(what: str | None) -> Path:
    """Find the notebook that was asked for.

    Parameters
    ----------
    what : str, optional
        A notebook's path, a folder with one, or an assignment or its beginning: that of the working folder, also under a
        name that is only alike, else that of the course. Default: the only assignment in the working folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is none of these, or several are there.
    """
    if what is None:
        return _only_one(Path("."))
    path = Path(what).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        return _only_one(path)
    if path.suffix == ".ipynb" or len(path.parts) > 1:
        alike = _alike(path.parent, path.stem)
        hint = f"; there is {_listed(alike)}" if alike else ""
        raise FileNotFoundError(f"there is no file {what!r}{hint}")
    name = releases.full_name(what)
    course = course_folder()
    folders = [Path("."), Path(name), *([course / "assignments" / name] if course else [])]
    for folder in folders:
        if (folder / f"{name}.ipynb").is_file():
            return folder / f"{name}.ipynb"
        if alike := _alike(folder, name):
            if len(alike) == 1:
                return alike[0]
            raise ValueError(f"which notebook? There are {_listed(alike)}: name one")
    raise FileNotFoundError(
        f"{name}.ipynb is neither in this folder nor in assignments/{name} of the course"
    )


def _only_one(folder: Path) -> Path:
    found = [path for name in releases.names() for path in _alike(folder, name)]
    exact = [path for path in found if path.stem in releases.names()]
    if len(exact or found) == 1:
        return (exact or found)[0]
    known = ", ".join(releases.names())
    if not found:
        raise ValueError(f"which assignment? Name one: {known}; or the path of a notebook")
    raise ValueError(f"which notebook? There are {_listed(found)}: name one")


def _alike(folder: Path, name: str) -> list[Path]:
    """Return the notebooks in a folder that may be meant for the same assignment."""
    meant = releases.meant_by(name)
    found = sorted(folder.glob("*.ipynb")) if meant else []
    return [p for p in found if releases.meant_by(p.stem) == meant and ".before-mend" not in p.name]


def _listed(paths: list[Path]) -> str:
    return ", ".join(repr(str(path)) for path in paths)


def assignment_of(path: Path, grade_ids: set[str], named: str | None = None) -> str:
    """Tell which assignment a notebook is of: by its name, its cells, its folder, in this order.

    Parameters
    ----------
    path : Path
    grade_ids : set of str
        Those in the notebook; none if it cannot be read.
    named : str, optional
        What the student says that it is.

    Raises
    ------
    ValueError
        If nothing tells.
    """
    if named is not None:
        return releases.full_name(named)
    if path.stem in releases.names():
        return path.stem
    shared = {
        name: len(
            grade_ids & {c.id for c in releases.released(name).cells if "nbgrader" in c.metadata}
        )
        for name in releases.names()
    }
    best = max(shared, key=lambda name: shared[name], default=None)
    if best and shared[best] > 1:
        return best
    for name in (path.stem, path.resolve().parent.name):
        if meant := releases.meant_by(name):
            return meant
    known = ", ".join(releases.names())
    raise ValueError(f"{path}: of which assignment? Say it with --assignment, one of {known}")


def name_problems(path: Path, assignment: str) -> list[Problem]:
    """Compare a file's name and its folder's with those under which it is collected."""
    found = []
    name = f"{assignment}.ipynb"
    true_name = _name_on_disk(path)
    if true_name != name:
        found.append(
            Problem(
                f"The file is called {true_name!r}: under that name it is not graded.",
                f"hand it in under exactly this name: {name}",
            )
        )
    folder = path.resolve().parent.name
    if folder != assignment and releases.meant_by(folder) == assignment:
        found.append(
            Problem(
                f"The folder is called {folder!r}.",
                f"if you hand in the folder, name it exactly: {assignment}",
            )
        )
    return found


def _name_on_disk(path: Path) -> str:
    """Return a file's name as it is written there: some systems take A1.ipynb for a1.ipynb."""
    names = {other.name for other in path.resolve().parent.iterdir()}
    alike = [name for name in names if name.casefold() == path.name.casefold()]
    return path.name if path.name in names or len(alike) != 1 else alike[0]
