"""A course as nbgrader sees it: its folders, its gradebook, its ``nbgrader_config.py``."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.folders import course_folder

if TYPE_CHECKING:
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """One course folder. It holds its path alone, so that it travels to other processes.

    Parameters
    ----------
    root : Path
        Absolute; the folder with ``nbgrader_config.py``.
    """

    root: Path

    @classmethod
    def here(cls) -> Course:
        """Find the course from the working folder upwards, or beside the package.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        here = Path.cwd()
        places = [here, *here.parents, *filter(None, [course_folder()])]
        for place in places:
            if (place / CONFIG).is_file():
                return cls(place.resolve())
        raise FileNotFoundError(
            f"no course here or above: go to the folder that holds {CONFIG} and solutions/"
        )

    @property
    def config(self) -> Config:
        """What ``nbgrader_config.py`` and Jupyter's own configuration say."""
        return _settings(self.root)[0]

    @property
    def directory(self) -> CourseDirectory:
        """The folders as nbgrader itself sees them."""
        return _settings(self.root)[1]

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return a folder of nbgrader's.

        Parameters
        ----------
        step : {"source", "release", "submitted", "autograded", "feedback"}
        student : str
            "." for source and release.
        assignment : str

        Examples
        --------
        >>> Course(Path("/course")).folder("submitted", "ann", "a1_temperature").as_posix()
        '/course/submitted/ann/a1_temperature'
        """
        name = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(name, student, assignment))

    def gradebook(self) -> Gradebook:
        """Open nbgrader's gradebook; use it in a ``with`` statement."""
        from nbgrader.api import Gradebook

        return Gradebook(self.directory.db_url, self.directory.course_id)

    def assignments(self) -> list[str]:
        """Return the names of all assignments in the source folder."""
        folder = self.folder("source", ".", "x").parent
        return sorted(p.name for p in folder.glob("*") if p.is_dir() and p.name[0] not in "._")

    def short_name(self, assignment: str) -> str:
        """Return what files of an assignment are called: "a1" for "a1_temperature", if no other begins so.

        Examples
        --------
        >>> Course(Path("/nowhere")).short_name("a1_temperature")
        'a1'
        """
        short = assignment.partition("_")[0]
        others = [name for name in self.assignments() if name != assignment]
        return assignment if short in [name.partition("_")[0] for name in others] else short

    def assignment(self, name: str) -> str:
        """Return the assignment that a name or its beginning stands for: "a1" for "a1_temperature".

        Raises
        ------
        ValueError
            If none or several have that beginning.
        """
        known = self.assignments()
        if name in known:
            return name
        found = [other for other in known if other.startswith(f"{name}_")]
        found = found or [other for other in known if other.startswith(name)]
        if len(found) != 1:
            raise ValueError(
                f"assignment must be one of {', '.join(known) or 'none: solutions/ is empty'} "
                f"(or the beginning of one), got {name!r}"
            )
        return found[0]


@functools.lru_cache(maxsize=8)
def _settings(root: Path) -> tuple[Config, CourseDirectory]:
    """Let nbgrader read its configuration, in the order in which it does."""
    from nbgrader.apps.baseapp import NbGrader

    app = NbGrader(log_level=logging.ERROR)
    app.load_cwd_config = False  # the course's own file is read below, wherever this runs
    app.initialize([], root=str(root))
    return app.config, app.coursedir
