"""What was done to the cells that a release has handed out, and how it is put right.

Students copy, edit and delete cells that they should not. Grading (:mod:`effcv_lab.grading.intake`) and the students' own
check before they hand in (:mod:`effcv_lab.grading.checkup`) find and mend the same.
"""

from __future__ import annotations

from collections.abc import Container
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOREIGN, COPIED, SETTINGS, TYPE, EDITED, DELETED, NO_ANSWER = (
    "foreign",
    "copied",
    "settings",
    "type",
    "edited",
    "deleted",
    "no answer",
)


@dataclass(frozen=True)
class Change:
    """One thing that was done to a cell of the release.

    Attributes
    ----------
    kind : {"foreign", "copied", "settings", "type", "edited", "deleted", "no answer"}
        A cell with settings that the release does not have; a second cell with one grade id; points, locks or flags changed;
        code made text or the reverse; a locked cell's text changed; a cell deleted (it was put back); an answer's own cell
        deleted (it was not).
    name : str
        The cell's grade id; "" for a foreign cell.
    cell : NotebookNode
        The cell in the notebook; of an answer that was not put back, the release's.
    """

    kind: str
    name: str
    cell: NotebookNode


def mend_settings(
    notebook: NotebookNode, official: dict[str, NotebookNode], handed_out: dict[str, str]
) -> list[Change]:
    """Restore, in place, the settings of the cells that are there. Their texts and types stay.

    Of several cells with one grade id the first counts; the others become ordinary cells.

    Parameters
    ----------
    notebook : NotebookNode
    official : dict
        The release's cells by grade id, with their true settings.
    handed_out : dict
        Their texts as a student got them, by grade id.
    """
    changes, seen = [], set()
    for cell in notebook.cells:
        settings = cell.metadata.pop("nbgrader", None)
        name = settings.get("grade_id") if isinstance(settings, dict) else None
        if not isinstance(name, str) or name not in official:
            if settings:
                changes.append(Change(FOREIGN, "", cell))
            continue
        if name in seen:
            changes.append(Change(COPIED, name, cell))
            continue
        seen.add(name)
        released = official[name]
        true_settings = released.metadata.nbgrader
        cell.metadata["nbgrader"] = true_settings
        compared = {"grade", "solution", "locked", "points"} & true_settings.keys()
        if any(settings.get(key) != true_settings[key] for key in compared):
            changes.append(Change(SETTINGS, name, cell))
        if cell.cell_type != released.cell_type:
            changes.append(Change(TYPE, name, cell))
        elif true_settings.locked and cell.source != handed_out[name]:
            changes.append(Change(EDITED, name, cell))
    return changes


def put_back(
    notebook: NotebookNode, official: dict[str, NotebookNode], answers: Container[str] = ()
) -> list[Change]:
    """Put missing cells back, in place.

    A read-only cell follows the one it followed: others may need it. A graded one stands as late as it may, before the next
    cell of the release: what it grades may have been moved. An answer stays out, as its code may stand in another cell,
    unless it is one of ``answers``.
    """
    changes, names = [], list(official)
    for index, name in enumerate(names):
        place = {
            c.metadata.nbgrader.grade_id: i
            for i, c in enumerate(notebook.cells)
            if "nbgrader" in c.metadata
        }
        if name in place:
            continue
        cell = deepcopy(official[name])
        settings = cell.metadata.nbgrader
        if settings.solution and not settings.grade and name not in answers:
            changes.append(Change(NO_ANSWER, name, cell))
            continue
        if settings.grade:
            position = next(
                (place[n] for n in names[index + 1 :] if n in place), len(notebook.cells)
            )
        else:
            position = next((place[n] + 1 for n in reversed(names[:index]) if n in place), 0)
        notebook.cells.insert(position, cell)
        changes.append(Change(DELETED, name, cell))
    return changes
