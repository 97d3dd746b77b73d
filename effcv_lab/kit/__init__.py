"""Build what students get, and refuse to if it holds what they must not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.kit.contents import collect
from effcv_lab.kit.forbidden import what_is_forbidden
from effcv_lab.kit.problem import KitRefused
from effcv_lab.kit.scan import look_through
from effcv_lab.kit.writing import check_target, is_zip, write_folder, write_zip

if TYPE_CHECKING:
    from effcv_lab.grading.course import Course

DEFAULT = "build/effcv-lab-kit.zip"


def build_kit(
    course: Course, to: str | Path | None = None, private: str | Path | None = None
) -> tuple[Path, list[str]]:
    """Write lectures, released assignments, package and environment as students get them.

    Every file is looked through first: for markers of solutions and hidden tests, for lines of both, for sentences of model
    answers, for masters, for outputs, for private tests. If anything is found, nothing is written.

    Parameters
    ----------
    course : Course
    to : path, optional
        A ``.zip`` file (an older one is replaced), or else a new or empty folder. Default: ``build/effcv-lab-kit.zip`` in
        the course.
    private : path, optional
        A folder of private tests, so that their lines are looked for, too.

    Returns
    -------
    place : Path
    names : list of str
        Paths of the files in the kit. The same course gives the same bytes.

    Raises
    ------
    KitRefused
        If something is found that must not be there, or is missing; it names each with file and cell.
    ValueError
        If ``to`` is no place for a kit, or ``private`` no folder of private tests.
    """
    place = course.root / DEFAULT if to is None else Path(to).expanduser().absolute()
    check_target(place, course.root)
    forbidden = what_is_forbidden(course, private)
    files, problems = collect(course)
    for name, content in files.items():
        problems += look_through(name, content, forbidden)
    if problems:
        raise KitRefused(problems)
    (write_zip if is_zip(place) else write_folder)(files, place)
    return place, list(files)
