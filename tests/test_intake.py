"""Damaged submissions, one nbgrader run for all of them, each with a right answer inside."""

import copy

import pytest
from classroom import Classroom, answered, find
from small_course import ASSIGNMENT

from tools.notebooks.convert import build_notebook

pytestmark = pytest.mark.nbgrader
RIGHT = {"half": "def half(x):\n    return 0.5 * x", "why": "Because I measured it."}


def position(notebook, grade_id):
    return notebook["cells"].index(find(notebook, grade_id))


def settings(notebook, grade_id):
    return find(notebook, grade_id)["metadata"]["nbgrader"]


def remove(*grade_ids):
    def change(notebook):
        for grade_id in grade_ids:
            notebook["cells"].remove(find(notebook, grade_id))

    return change


def copy_tests_below(notebook):
    copied = copy.deepcopy(find(notebook, "test_half")) | {"id": "copied", "source": "0"}
    notebook["cells"].append(copied)


def copy_answer_below(notebook):
    wrong = {"id": "copied", "source": "def third(x):\n    return x / 3"}
    notebook["cells"].append(copy.deepcopy(find(notebook, "half")) | wrong)


def edit_tests(notebook):
    find(notebook, "test_half")["source"] = "4"


def edit_setup(notebook):
    find(notebook, "setup")["source"] = "raise SystemExit"


def change_points(notebook):
    settings(notebook, "test_half")["points"] = 400


def unlock_and_ungrade(notebook):
    settings(notebook, "test_half").update(locked=False, grade=False, solution=True)


def old_schema(notebook):
    settings(notebook, "test_half")["schema_version"] = 1


def lose_all_settings(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def settings_of_another_kind(notebook):
    for index, odd in enumerate(["text", [1], {"grade_id": 7, "grade": True}, {"grade": True}]):
        extra = {"cell_type": "markdown", "id": f"odd{index}", "source": "x"}
        notebook["cells"].append(extra | {"metadata": {"nbgrader": odd}})


def foreign_cell(notebook):
    foreign = copy.deepcopy(find(notebook, "test_half")) | {"id": "foreign", "source": "1"}
    foreign["metadata"]["nbgrader"]["grade_id"] = "<b>test_other</b>"
    notebook["cells"].append(foreign)


def turn_tests_into_text(notebook):
    cell = find(notebook, "test_half")
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]


def answer_moved_to_another_cell(notebook):
    cell = find(notebook, "half")
    cell["metadata"] = {}


DAMAGES = {
    "unharmed": (lambda notebook: None, []),
    "tests_deleted": (remove("test_half"), ["`test_half`: the cell was deleted: put back"]),
    "written_deleted": (remove("why"), ["`why`: the cell was deleted: put back"]),
    "question_deleted": (remove("why_question"), ["`why_question`: the cell was deleted: put back"]),
    "setup_deleted": (remove("setup"), ["`setup`: the cell was deleted: put back"]),
    "much_deleted": (
        remove("test_half", "why_question", "why"),
        [f"`{x}`: the cell was deleted: put back" for x in ("test_half", "why_question", "why")],
    ),
    "tests_copied": (copy_tests_below, ["`test_half`: the cell was copied: the first one counts"]),
    "answer_copied": (copy_answer_below, ["`half`: the cell was copied: the first one counts"]),
    "tests_edited": (edit_tests, ["`test_half`: the locked cell was edited: restored"]),
    "setup_edited": (edit_setup, ["`setup`: the locked cell was edited: restored"]),
    "points_changed": (change_points, ["`test_half`: the cell's settings were changed: restored"]),
    "flags_changed": (unlock_and_ungrade, ["`test_half`: the cell's settings were changed: restored"]),
    "old_schema": (old_schema, []),
    "no_settings": (
        lose_all_settings,
        [
            "`setup`: the cell was deleted: put back",
            "`half`: the answer's own cell is missing",
            *[f"`{x}`: the cell was deleted: put back" for x in ("test_half", "why_question", "why")],
        ],
    ),
    "odd_settings": (settings_of_another_kind, ["a cell with settings that this assignment does not have"] * 4),
    "foreign": (foreign_cell, ["a cell with settings that this assignment does not have"]),
    "type_changed": (turn_tests_into_text, ["`test_half`: the cell's type was changed: restored"]),
    "answer_moved": (answer_moved_to_another_cell, ["`half`: the answer's own cell is missing"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    room = Classroom(tmp_path_factory.mktemp("intake"), "a1_half", build_notebook(ASSIGNMENT))
    for student, (change, _) in DAMAGES.items():
        notebook = answered(room.release(), RIGHT)
        change(notebook)
        room.submit(student, notebook)
    room.grade(plain=True)
    return room


@pytest.mark.parametrize("student", DAMAGES)
def test_a_right_answer_keeps_its_points_whatever_was_done_to_the_cells(room, student):
    scores = room.grades[student]
    assert scores["test_half"].score == scores["test_half"].out_of == 4
    assert scores["why"].score is None and scores["why"].needs_a_person


@pytest.mark.parametrize("student", DAMAGES)
def test_each_change_is_flagged_at_the_top_and_in_the_log(room, student):
    wanted = DAMAGES[student][1]
    first = room.graded_notebook(student)["cells"][0]
    if not wanted:
        assert first["metadata"].get("tags") is None
        return
    flags = [line for line in "".join(first["source"]).splitlines() if line.startswith("- ")]
    assert len(flags) == len(wanted)
    for flag, start in zip(flags, wanted, strict=True):
        assert flag.startswith(f"- {start}")
        assert f"{student}, a1_half: {flag[2:]}" in room.log


def test_words_from_a_submission_do_not_reach_the_graders_page(room):
    assert "<b>" not in "".join(room.graded_notebook("foreign")["cells"][0]["source"])


def test_what_is_put_back_stands_where_it_can_run(room):
    notebook = room.graded_notebook("much_deleted")
    order = [
        c["metadata"]["nbgrader"]["grade_id"]
        for c in notebook["cells"]
        if "nbgrader" in c["metadata"]
    ]
    assert order == ["setup", "half", "test_half", "why_question", "why"]
