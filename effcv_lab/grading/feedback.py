"""A graded notebook as its student may see it: no hidden test's source, nothing active, and a table of what came out.

The second step of nbgrader's feedback, between its own two; plain ``nbgrader generate_feedback`` is as safe then::

    c.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "effcv_lab.grading.feedback.ForStudents",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbformat import NotebookNode, from_dict
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor

from effcv_lab.grading.feedback_hidden import blank, blank_everywhere, take_out_hidden
from effcv_lab.grading.harmless import make_harmless
from effcv_lab.grading.harmless_text import as_text, uncoloured

MOST_SHOWN = 50_000  # characters of one text
MOST_MESSAGE = 600
_BROKEN = re.compile(r"^ +broken +(.+)$", re.MULTILINE)
_REPORT = re.compile(r"^\w+: [\d.]+ of [\d.]+ points$", re.MULTILINE)
_NUMBER = re.compile(r"[-+]?[\d.]+(?:e[-+]?\d+)?")
_NOT_WRITTEN = re.compile(r"^`\w+` .+$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One graded cell in the table at the top of a student's page.

    Attributes
    ----------
    anchor : str
        Id of the cell.
    name : str
        What was checked or asked.
    points : str
        Of how many; without a number while it waits.
    outcome : {"full", "part", "none", "waits"}
    message : str
        The first promise that was broken, or what was raised.
    """

    anchor: str
    name: str
    points: str
    outcome: str
    message: str


class ForStudents(NbGraderPreprocessor):
    """Make a graded notebook one for its student.

    - Hidden tests go from the sources of locked cells. Each line of them is blanked in all that cells have put out, and in
      comments. Sources that students wrote stay: they were handed in before any hidden test ran.
    - An error in a test cell is one line, ``Name: message``: a traceback shows the code around it.
    - What was noted for the grader goes. A text of more than 50,000 characters is cut.
    - :func:`effcv_lab.grading.harmless.make_harmless` does the rest.

    What a student's function could write in another way than as text (backwards, or as a picture) is not found.

    ``resources["feedback"]`` gets the table for :mod:`effcv_lab.grading.feedback_page`.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Change ``nb`` in place; nbgrader calls this for each graded notebook."""
        nb.cells = [c for c in nb.cells if "intake" not in (c.metadata.get("tags") or [])]
        clear = ClearHiddenTests(parent=self)
        patterns = take_out_hidden(nb.cells, clear._remove_hidden_test_region)
        for cell in nb.cells:
            if cell.cell_type == "code":
                outputs = [blank_everywhere(output, patterns) for output in cell.outputs]
                cell.outputs = [from_dict(_shortened(output)) for output in outputs]
                if _is_test(cell):
                    cell.outputs = [_one_line(o) for o in cell.outputs if not _is_number(o)]
                    _keep_last_report(cell)
            noted = cell.metadata.get("nbgrader", {})
            if isinstance(noted.get("comment"), str):
                noted["comment"] = blank(noted["comment"], patterns)
        make_harmless(nb)
        at = resources["nbgrader"]
        waiting = _waiting(at)
        rows = [_row(cell, waiting) for cell in nb.cells if _is_graded(cell)]
        resources["feedback"] = {"rows": rows, "waiting": sum(r.outcome == "waits" for r in rows)}
        resources["feedback"] |= {name: at.get(name) or 0 for name in ("score", "max_score")}
        resources["feedback"]["late_penalty"] = at.get("late_penalty") or 0
        return nb, resources


def _waiting(at: dict) -> set[str]:
    """Return the cells that a person still has to grade."""
    with Gradebook(at["db_url"]) as gradebook:
        found = gradebook.find_submission_notebook(at["notebook"], at["assignment"], at["student"])
        return {grade.name for grade in found.grades if grade.needs_manual_grade}


def _is_graded(cell: NotebookNode) -> bool:
    settings = cell.metadata.get("nbgrader", {})
    return bool(settings.get("grade") or settings.get("task"))


def _is_test(cell: NotebookNode) -> bool:
    settings = cell.metadata.get("nbgrader", {})
    return bool(settings.get("grade") and not settings.get("solution"))


def _one_line(output: NotebookNode) -> NotebookNode:
    """Say of an error in a test only what it is."""
    if output.output_type != "error":
        return output
    line = _message(output)
    return from_dict({**output, "traceback": [line]})


def _is_number(output: NotebookNode) -> bool:
    """Say whether an output is but the points, which the page shows elsewhere."""
    text = as_text((output.get("data") or {}).get("text/plain"))
    return output.output_type == "execute_result" and _NUMBER.fullmatch(text.strip()) is not None


def _keep_last_report(cell: NotebookNode) -> None:
    """Of two reports of one check, as practice and as graded, keep the one that counts."""
    for output in cell.outputs:
        if output.output_type == "stream":
            text = as_text(output.text)
            starts = [found.start() for found in _REPORT.finditer(text)]
            if len(starts) > 1:
                output.text = text[: starts[0]] + text[starts[-1] :]


def _message(output: NotebookNode) -> str:
    name, value = (uncoloured(as_text(output.get(key))) for key in ("ename", "evalue"))
    return ": ".join(filter(None, [name, _cut(value)]))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_MESSAGE else f"{text[:MOST_MESSAGE]} ..."


def _shortened(output: dict) -> dict:
    """Cut what is too long to read."""
    if output.get("output_type") == "error":
        lines = output.get("traceback")
        text = "\n".join(as_text(line) for line in lines) if isinstance(lines, list) else ""
        return {**output, "traceback": [_short(text)] if len(text) > MOST_SHOWN else lines}
    if "text" in output:
        return {**output, "text": _short(as_text(output["text"]))}
    data = output.get("data")
    if isinstance(data, dict) and "text/plain" in data:
        return {**output, "data": {**data, "text/plain": _short(as_text(data["text/plain"]))}}
    return output


def _short(text: str) -> str:
    if len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n[... {len(text) - MOST_SHOWN:,} more characters]"


def _row(cell: NotebookNode, waiting: set[str]) -> Row:
    settings = cell.metadata.nbgrader
    name, score, most = settings.grade_id, settings.get("score"), settings.get("points") or 0
    shown = name.removeprefix("test_") if _is_test(cell) else name
    if name in waiting or score is None:
        return Row(name, shown, f"of {most:g}", "waits", "A person still has to grade this.")
    outcome = "full" if score >= most else "part" if score > 0 else "none"
    message = "" if outcome == "full" else _first_problem(cell)
    return Row(name, shown, f"{round(score, 2):g} of {most:g}", outcome, message)


def _first_problem(cell: NotebookNode) -> str:
    """Return what went wrong first in a test cell, as its outputs tell it."""
    outputs = cell.get("outputs", [])
    printed = "\n".join(o.text for o in outputs if o.output_type == "stream")
    told = _BROKEN.search(uncoloured(printed)) or _NOT_WRITTEN.search(uncoloured(printed))
    if told:
        return _cut(told[told.re.groups])
    errors = [_message(o) for o in outputs if o.output_type == "error"]
    return errors[0] if errors else ""
