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

RESTORED = "This cell was missing from the submission and was put back for grading."


class Intake(NbGraderPreprocessor):
    """Give every cell of the release its place, settings and id back; flag each change.

    - Of several cells with one grade id the first counts; the others become ordinary cells.
    - Settings (points, locks, flags) come from the gradebook; so does a locked source, through nbgrader's own OverwriteCells.
    - Missing tests, written questions and read-only cells are put back. A missing answer is flagged only: its code may
      stand in another cell.

    Flags go to nbgrader's log as warnings and into a text cell at the top of the autograded notebook.
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
        flags = _mend_present(nb, official, handed_out) + _put_back_missing(nb, official)
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


def _mend_present(
    nb: NotebookNode, official: dict[str, NotebookNode], handed_out: dict[str, str]
) -> list[str]:
    """Restore the settings of the cells that are there; return a line for each change."""
    flags, seen = [], set()
    for cell in nb.cells:
        settings = cell.metadata.pop("nbgrader", None)
        name = settings.get("grade_id") if isinstance(settings, dict) else None
        if not isinstance(name, str) or name not in official:
            if settings:
                flags.append(
                    "a cell with settings that this assignment does not have: treated as ordinary"
                )
            continue
        if name in seen:
            flags.append(f"`{name}`: the cell was copied: the first one counts")
            continue
        seen.add(name)
        released = official[name]
        true_settings = released.metadata.nbgrader
        cell.metadata["nbgrader"] = true_settings
        compared = {"grade", "solution", "locked", "points"} & true_settings.keys()
        if any(settings.get(key) != true_settings[key] for key in compared):
            flags.append(f"`{name}`: the cell's settings were changed: restored")
        if cell.cell_type != released.cell_type:
            flags.append(f"`{name}`: the cell's type was changed: restored")
        elif true_settings.locked and cell.source != handed_out[name]:
            flags.append(f"`{name}`: the locked cell was edited: restored")
    return flags


def _put_back_missing(nb: NotebookNode, official: dict[str, NotebookNode]) -> list[str]:
    """Put missing cells back; return a line for each.

    A read-only cell follows the one it followed: others may need it. A graded one stands as late as it may, before the next
    cell of the release: what it grades may have been moved.
    """
    flags, names = [], list(official)
    for index, name in enumerate(names):
        place = {
            c.metadata.nbgrader.grade_id: i
            for i, c in enumerate(nb.cells)
            if "nbgrader" in c.metadata
        }
        if name in place:
            continue
        cell = official[name]
        settings = cell.metadata.nbgrader
        if settings.solution and not settings.grade:
            flags.append(f"`{name}`: the answer's own cell is missing")
            continue
        if settings.grade:
            position = next((place[n] for n in names[index + 1 :] if n in place), len(nb.cells))
        else:
            position = next((place[n] + 1 for n in reversed(names[:index]) if n in place), 0)
        if settings.solution:
            cell.source = f"*{RESTORED}*\n\n{cell.source}"  # differs from the stub: a person looks
        nb.cells.insert(position, cell)
        flags.append(f"`{name}`: the cell was deleted: put back")
    return flags
