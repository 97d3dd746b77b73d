"""The student's version of an assignment, made by nbgrader itself in a throw-away course folder.

nbgrader keeps a database of what it has released, and a run that fails half-way can leave the release folder deleted.
Neither may touch a course under way, so the release is made beside it, without a database, from the solution notebook
alone: no other file can leak. ``nbgrader generate_assignment`` at the root gives the same bytes.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from tools.notebooks.headers import MasterError


def make_release(name: str, solution: str, config_file: Path) -> str:
    """Return what ``nbgrader generate_assignment`` makes of a solution notebook.

    Parameters
    ----------
    name : str
        The assignment, also the notebook's name without its ending.
    solution : str
        Text of the notebook with answers and hidden tests.
    config_file : Path
        The course's ``nbgrader_config.py``.

    Raises
    ------
    MasterError
        If nbgrader refuses the notebook; the message holds nbgrader's own words.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader(config_file.name, str(config_file.parent)).load_config()
    with tempfile.TemporaryDirectory() as folder:
        config.CourseDirectory.root = folder
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        config.CourseDirectory.assignment_id = name
        source = Path(folder, config.CourseDirectory.source_directory, name, f"{name}.ipynb")
        source.parent.mkdir(parents=True)
        source.write_text(solution, encoding="utf-8", newline="\n")
        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
        complaints = _Complaints()
        converter.log.addHandler(complaints)
        try:
            converter.start()
        except NbGraderException:
            raise MasterError(f"nbgrader refuses it: {complaints.last_line()}") from None
        finally:
            converter.log.removeHandler(complaints)
        release = Path(folder, config.CourseDirectory.release_directory, name, source.name)
        return release.read_text(encoding="utf-8")


class _Complaints(logging.Handler):
    """Keeps what nbgrader logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += record.getMessage().strip().splitlines()

    def last_line(self) -> str:
        """Return the last line of a traceback, if there is one."""
        errors = [line for line in self.lines if "Error: " in line]
        return (errors or self.lines or ["no reason given"])[-1]
