"""nbgrader's own steps, in the order of ``nbgrader_config.py``, around a run that is not nbgrader's."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from effcv_lab.grading.marking.cells import Run
from effcv_lab.grading.marking.patience import patiently
from effcv_lab.grading.marking.task import Task

if TYPE_CHECKING:
    from nbconvert.exporters.exporter import ResourcesDict
    from nbformat import NotebookNode
    from nbgrader.converters import Autograde

INTAKE = "effcv_lab.grading.intake.Intake"
#: Outputs of figures, tables, widgets and progress bars.
USUAL = tuple(
    f"left out of outputs: {kind}"
    for kind in ("HTML", "widgets", "Markdown", "LaTeX", "drawings", "escapes of a terminal")
)


@contextlib.contextmanager
def quiet_steps() -> Iterator[None]:
    """Keep what nbgrader's steps log off the terminal: what matters is in the notes of each mark."""
    log = logging.getLogger("traitlets")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def sanitize(
    task: Task, student: str, name: str, notebook: NotebookNode
) -> tuple[NotebookNode, list[tuple[str, str]]]:
    """Mend a notebook as nbgrader's sanitizing steps do, :class:`~effcv_lab.grading.intake.Intake` among them.

    Returns
    -------
    notebook : NotebookNode
    flags : list of (str, str)
        What was mended: its kind (:class:`effcv_lab.grading.mending.Change`) and in words.
    """
    steps = list(autograde(task).sanitize_preprocessors)
    if not any(
        INTAKE.endswith(getattr(step, "__name__", str(step)).rpartition(".")[2]) for step in steps
    ):
        steps.insert(0, INTAKE)
    notebook, resources = patiently(
        lambda: _through(task, steps, student, name, deepcopy(notebook))
    )
    notebook.cells = [
        cell for cell in notebook.cells if "intake" not in cell.metadata.get("tags", [])
    ]
    return notebook, list(resources.get("intake", []))


def count(task: Task, student: str, name: str, notebook: NotebookNode) -> NotebookNode:
    """Count a notebook that has been run and keep its points in the gradebook, late penalties too."""
    from nbgrader.preprocessors import Execute

    steps = [
        s for s in autograde(task).autograde_preprocessors if not issubclass(_class(s), Execute)
    ]
    return patiently(lambda: _through(task, steps, student, name, notebook)[0])


def with_private_tests(source: str, private: str) -> str:
    """Put an instructor's own hidden tests into a test cell."""
    from effcv_lab.grading.private_tests import overlay

    return overlay(source, private)


def show(notebook: NotebookNode, flags: list[tuple[str, str]], run: Run) -> list[str]:
    """Leave nothing active in a graded notebook, and say at its top what a grader should know.

    Returns
    -------
    notes : list of str
        What was taken out, but for outputs that honest cells have too.
    """
    from nbformat.v4 import new_markdown_cell

    from effcv_lab.grading.harmless import make_harmless

    lines = [
        *(words for _, words in flags),
        *([run.why] if run.why else []),
        *run.tampered,
        *run.notes,
        *run.raised,
    ]
    if lines:
        text = "\n".join(
            ["**To the grader**", "", *(f"- {' '.join(line.split())}" for line in lines)]
        )
        notebook.cells.insert(0, new_markdown_cell(text, metadata={"tags": ["intake"]}))
    return [line for line in make_harmless(notebook) if not line.startswith(USUAL)]


@functools.lru_cache(maxsize=4)
def _autograde(course) -> Autograde:
    from nbgrader.converters import Autograde

    return Autograde(coursedir=course.directory, config=course.config)


def autograde(task: Task) -> Autograde:
    """Return nbgrader's own converter, for its settings."""
    return _autograde(task.course)


def _class(step: Any) -> type:
    from traitlets.utils.importstring import import_item

    return import_item(step) if isinstance(step, str) else step


def _through(
    task: Task, steps: list, student: str, name: str, notebook: NotebookNode
) -> tuple[NotebookNode, ResourcesDict]:
    """Take a notebook through steps of nbgrader's."""
    from nbconvert.exporters import NotebookExporter
    from nbconvert.exporters.exporter import ResourcesDict

    exporter = NotebookExporter(config=task.course.config)
    exporter._preprocessors = []
    about = {"student": student, "assignment": task.assignment, "notebook": name}
    resources = ResourcesDict(unique_key=name, output_files_dir=f"{name}_files")
    resources["nbgrader"] = about | {"db_url": task.course.directory.db_url}
    for step in steps:
        exporter.register_preprocessor(step)
    for step in exporter._preprocessors:
        notebook, resources = step(notebook, resources)
    return notebook, resources
