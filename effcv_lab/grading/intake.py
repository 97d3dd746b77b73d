"""Mend a submission's locked and graded cells before nbgrader validates them, and say what was mended.

Students copy, edit and delete cells that they should not. Plain nbgrader aborts the whole run, later students included,
when one grade id stands in a notebook twice; it drops a submission whose deleted cell stood below a read-only one; and it
restores an edited cell without a word. As the first sanitizing step this preprocessor makes each of them gradable::

    c.Autograde.sanitize_preprocessors = [..., "effcv_lab.grading.intake.Intake", ...]
"""

from __future__ import annotations

from copy import deepcopy

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor

from effcv_lab.grading.mending import (
    COPIED,
    DELETED,
    EDITED,
    FOREIGN,
    NO_ANSWER,
    SETTINGS,
    TYPE,
    mend_settings,
    put_back,
)

RESTORED = "This cell was missing from the submission and was put back for grading."
FLAGS = {
    FOREIGN: "a cell with settings that this assignment does not have: treated as ordinary",
    COPIED: "`{}`: the cell was copied: the first one counts",
    SETTINGS: "`{}`: the cell's settings were changed: restored",
    TYPE: "`{}`: the cell's type was changed: restored",
    EDITED: "`{}`: the locked cell was edited: restored",
    DELETED: "`{}`: the cell was deleted: put back",
    NO_ANSWER: "`{}`: the answer's own cell is missing",
}


class Intake(NbGraderPreprocessor):
    """Give every cell of the release its place, settings and id back; flag each change.

    - Of several cells with one grade id the first counts; the others become ordinary cells.
    - Settings (points, locks, flags) come from the gradebook; so does a locked source, through nbgrader's own OverwriteCells.
    - Missing tests, written questions and read-only cells are put back. A missing answer is flagged only: its code may
      stand in another cell.

    Flags go to nbgrader's log as warnings, into a text cell at the top of the autograded notebook, and, with the kinds of
    :class:`effcv_lab.grading.mending.Change`, into ``resources["intake"]``.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Mend ``nb`` in place; nbgrader calls this for each submitted notebook."""
        at = resources["nbgrader"]
        official = _official_cells(at["db_url"], at["notebook"], at["assignment"])
        hide_tests = ClearHiddenTests(parent=self)
        handed_out = {
            name: hide_tests.preprocess_cell(deepcopy(cell), resources, 0)[0].source
            for name, cell in official.items()
        }
        changes = mend_settings(nb, official, handed_out) + put_back(nb, official)
        for change in changes:
            if change.kind == DELETED and change.cell.metadata.nbgrader.solution:
                # differs from the stub: a person looks
                change.cell.source = f"*{RESTORED}*\n\n{change.cell.source}"
        flags = [FLAGS[change.kind].format(change.name) for change in changes]
        resources["intake"] = [(c.kind, flag) for c, flag in zip(changes, flags, strict=True)]
        for flag in flags:
            self.log.warning("%s, %s: %s", at["student"], at["notebook"], flag)
        if flags:
            text = "\n".join(
                ["**To the grader: this submission was mended.**", ""] + [f"- {f}" for f in flags]
            )
            nb.cells.insert(0, new_markdown_cell(text, metadata={"tags": ["intake"]}))
        return nb, resources


def _official_cells(db_url: str, notebook: str, assignment: str) -> dict[str, NotebookNode]:
    """Rebuild the release's cells from the gradebook, by grade id, in the order of the release."""
    with Gradebook(db_url) as gradebook:
        stored = gradebook.find_notebook(notebook, assignment)
        points = {cell.name: cell.max_score for cell in stored.grade_cells}
        solutions = {cell.name for cell in stored.solution_cells}
        cells = {}
        for source in stored.source_cells:
            make = new_code_cell if source.cell_type == "code" else new_markdown_cell
            settings = {
                "schema_version": 3,
                "grade_id": source.name,
                "grade": source.name in points,
                "solution": source.name in solutions,
                "locked": source.locked,
                "task": False,
                "cell_type": source.cell_type,
                "checksum": source.checksum,
            }
            if source.name in points:
                settings["points"] = points[source.name]
            cells[source.name] = make(source.source, metadata={"nbgrader": settings})
    return cells
