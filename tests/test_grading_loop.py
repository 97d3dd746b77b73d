"""Every assignment through nbgrader: released, handed in by a whole class, graded.

One run of ``effcv grade`` (of nbgrader itself where there is no sandbox) grades the model solution, the untouched release,
mistakes of the catalogue, right answers written differently, and a damaged notebook. Submission k holds the k-th of the
mistakes chosen for each function, and nothing else: a cell that trains with an unwritten function says so and goes on,
which keeps the run short. All mistakes and all right answers, not only those chosen, are tried on the checks themselves in
``test_assignment_checks.py``.
"""

import copy
import itertools
import json

import nbformat
import pytest
from classroom import Classroom, answered, answers_in, catalogue, find, right_answers, source_as
from nbclient import NotebookClient
from small_course import ROOT

from tools.notebooks.targets import targets

pytestmark = pytest.mark.nbgrader
CHOSEN = 3  # mistakes, and right answers, of each function: a submission takes seconds
ASSIGNMENTS = [target.master.stem for target in targets() if target.release]


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def solution(name):
    return (ROOT / "solutions" / name / f"{name}.ipynb").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def room(name, solution, tmp_path_factory):
    """The class has handed in, and everything is graded."""
    room = Classroom(tmp_path_factory.mktemp(name), name, solution)
    right = answers_in(json.loads(solution))
    room.submit("solution", answered(room.release(), right))
    room.submit("untouched", room.release())
    for student, answers in mistaken(name):
        room.submit(student, answered(room.release(), answers))
    for student, answers in rewritten(name):
        room.submit(student, answered(room.release(), right | answers))
    room.submit("damaged", damaged(answered(room.release(), right), list(catalogue(name))))
    room.grade()
    return room


def chosen(known):
    """Return at most ``CHOSEN`` of a list, evenly spread, first and last among them."""
    count = min(CHOSEN, len(known))
    return [known[k * (len(known) - 1) // max(count - 1, 1)] for k in range(count)]


def mistaken(name):
    """Yield (student, answers): the k-th student makes the k-th chosen mistake in each function."""
    columns = [
        [(function, mistake) for mistake in chosen(check.misconceptions)]
        for function, check in catalogue(name).items()
    ]
    for k, row in enumerate(itertools.zip_longest(*columns)):
        yield f"mistake{k:02}", {f: source_as(f, m.version) for f, m in filter(None, row)}


def rewritten(name):
    """Yield (student, answers): the k-th student uses the k-th chosen right version of each function."""
    columns = [
        [(function, version) for version in chosen(list(versions.values()))]
        for function, versions in right_answers(name).items()
    ]
    for k, row in enumerate(itertools.zip_longest(*columns)):
        yield f"right{k:02}", {f: source_as(f, v) for f, v in filter(None, row)}


def damaged(notebook, functions):
    """Delete the first test cell, edit the second, copy the third (of a short assignment, one cell)."""
    tests = [f"test_{function}" for function in (functions * 3)[:3]]
    edited = find(notebook, tests[1])
    edited["source"] = str(edited["metadata"]["nbgrader"]["points"])
    copied = find(notebook, tests[2])
    notebook["cells"].append({**copy.deepcopy(copied), "id": "copied"})
    if tests[0] not in tests[1:]:
        notebook["cells"].remove(find(notebook, tests[0]))
    return notebook


def test_what_nbgrader_releases_is_what_is_committed(room, name):
    committed = ROOT / "assignments" / name / f"{name}.ipynb"
    assert room.release_text == committed.read_text(encoding="utf-8")


def test_every_function_has_its_checks_its_cell_and_its_tests(room, name):
    for function in catalogue(name):
        for grade_id in (function, f"test_{function}"):
            assert find(room.release(), grade_id)


def test_the_solution_has_full_marks_and_the_written_part_waits_for_a_person(room):
    grades = room.grades["solution"]
    waiting = {cell for cell, grade in grades.items() if grade.score is None}
    assert waiting and all(grades[cell].needs_a_person for cell in waiting)
    for cell in grades.keys() - waiting:
        assert grades[cell].score == grades[cell].out_of > 0, room.said("solution", cell)


def test_the_untouched_release_scores_zero_and_only_says_what_is_not_written(room):
    assert set(room.scores("untouched").values()) == {0.0}
    errors = [
        output["ename"]
        for cell in room.graded_notebook("untouched")["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    ]
    assert set(errors) <= {"NotImplementedError"}


def test_a_mistake_scores_below_full_and_is_told_by_its_own_message(room, name):
    missed, number = [], 0
    for function, check in catalogue(name).items():
        for k, mistake in enumerate(chosen(check.misconceptions)):
            student, cell = f"mistake{k:02}", f"test_{function}"
            grade, said = room.grades[student][cell], room.said(student, cell)
            number += 1
            if grade.score >= grade.out_of or " ".join(mistake.message.split()) not in said:
                missed.append(f"{function}, {mistake.name}: {grade.score} points; {said}")
    assert number >= 10
    assert not missed, "\n".join(missed)


def test_right_answers_written_differently_have_full_marks(room, name):
    versions = right_answers(name)
    assert {function: len(v) >= 3 for function, v in versions.items()} == dict.fromkeys(
        catalogue(name), True
    )
    for student, answers in rewritten(name):
        for function in answers:
            grade = room.grades[student][f"test_{function}"]
            assert grade.score == grade.out_of, room.said(student, f"test_{function}")


def test_a_damaged_notebook_has_the_right_score_and_is_flagged(room, name):
    assert room.scores("damaged") == room.scores("solution")
    note = room.graded_notebook("damaged")["cells"][0]
    text = "".join(note["source"])
    assert note["metadata"]["tags"] == ["intake"]
    assert "locked cell was edited: restored" in text
    assert "cell was copied: the first one counts" in text
    if len(catalogue(name)) >= 3:
        assert "cell was deleted: put back" in text


def test_no_cell_of_the_solution_writes_to_stderr(room):
    for cell in room.graded_notebook("solution")["cells"]:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", "".join(output["text"])


def test_a_student_with_right_answers_sees_no_error(room, solution):
    """The release as it is handed out, without hidden tests, run from top to bottom."""
    notebook = answered(room.release(), answers_in(json.loads(solution)))
    client = NotebookClient(
        nbformat.reads(json.dumps(notebook), as_version=4), timeout=300, kernel_name="python3"
    )
    outputs = [out for cell in client.execute().cells for out in cell.get("outputs", [])]
    assert not any(out.get("name") == "stderr" for out in outputs)
