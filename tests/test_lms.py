"""Grades for Canvas and Moodle: the columns that they import, and nbgrader's own numbers in them."""

import csv
import logging
import shutil
import warnings

import pytest
from nbgrader.plugins import CsvExportPlugin
from small_course import ROOT
from sqlalchemy.exc import SAWarning

from effcv_lab.cli import main
from effcv_lab.grading.course import Course
from effcv_lab.grading.lms import CanvasExportPlugin, MoodleExportPlugin

NAME, OTHER = "a1_temperature", "a2_distillation"
#: Id, first and last name, address, points by machine and by hand (None: nobody has looked), penalty; "": nothing handed in.
CLASS = {
    "ann": ("Ann", "O'Neill, Jr.", "ann@example.org", 3.4, 1.5, None),
    "bob": ('Bob "the"', "Line\nbreak", "bob@example.org", 2.67 - 1e-15, 0, 1.25),
    "cem": ("=HYPERLINK(1)", "+Özil", "@cem", 4, 2, 0),
    "dee": ("李", "Дий", None, 0.5, 0, 3),
    "eva": (None, None, None, 4, None, None),
    "-fay": ("Fay", "-", "fay@example.org", 0, 0, None),
    "gil": ("Gil", "Late", "gil@example.org", "", "", ""),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder with a gradebook that nbgrader's own API has filled."""
    folder = tmp_path_factory.mktemp("lms")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for name in (NAME, OTHER):
        (folder / "solutions" / name).mkdir(parents=True)
    with Course(folder).gradebook() as book:
        for name in (NAME, OTHER):
            book.add_assignment(name)
            book.add_notebook(name, name)
            book.add_grade_cell("test_half", name, name, max_score=4, cell_type="code")
            book.add_grade_cell("why", name, name, max_score=2, cell_type="markdown")
            book.add_solution_cell("why", name, name)
        for student, (first, last, email, *_) in CLASS.items():
            about = {"first_name": first, "last_name": last, "email": email}
            book.add_student(student, **about, lms_user_id="77" if student == "ann" else None)
        for student, (*_, tests, by_hand, penalty) in CLASS.items():
            if tests != "":
                hand_in(book, student, tests, by_hand, penalty)
        book.find_comment("why", NAME, NAME, "ann").manual_comment = '=1+1 is "it",\nsays who?'
        book.find_comment("why", NAME, NAME, "eva").manual_comment = "to be thought over"
        book.db.commit()
    return folder


def hand_in(book, student, tests, by_hand, penalty):
    with warnings.catch_warnings():  # nbgrader's own code, met by a newer SQLAlchemy
        warnings.simplefilter("ignore", SAWarning)
        submission = book.add_submission(NAME, student)
    submission.notebooks[0].late_submission_penalty = penalty
    grade = book.find_grade("test_half", NAME, NAME, student)
    grade.auto_score, grade.needs_manual_grade = tests, False
    grade = book.find_grade("why", NAME, NAME, student)
    grade.manual_score, grade.needs_manual_grade = by_hand, by_hand is None
    book.db.commit()


def export(course, plugin, path, **options):
    """Export, and read the file as csv does."""
    log = logging.getLogger("test_lms")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    made = plugin(log=log)
    made.to, made.assignment = str(path), options.pop("assignment", [NAME])
    for name, value in options.items():
        setattr(made, name, value)
    with Course(course).gradebook() as book:
        done = made.export(book)
    return done, read(path) if plugin is not CsvExportPlugin else None


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


@pytest.fixture(scope="module")
def canvas(course, tmp_path_factory):
    return export(course, CanvasExportPlugin, tmp_path_factory.mktemp("canvas") / "c.csv")


@pytest.fixture(scope="module")
def moodle(course, tmp_path_factory):
    return export(course, MoodleExportPlugin, tmp_path_factory.mktemp("moodle") / "m.csv")


@pytest.fixture(scope="module")
def theirs(course, tmp_path_factory):
    """Return the scores of nbgrader's own export; it does not quote, so names are taken out for it."""
    path = tmp_path_factory.mktemp("nbgrader") / "grades.csv"
    with Course(course).gradebook() as book:
        names = [(s, s.first_name, s.last_name) for s in book.students]
        for student, *_ in names:
            student.first_name = student.last_name = ""
        plugin = CsvExportPlugin()
        plugin.to, plugin.assignment = str(path), [NAME]
        plugin.export(book)
        book.db.rollback()
    return {row["student_id"]: row for row in csv.DictReader(path.read_text("utf-8").splitlines())}


def by_login(rows):
    return {row[rows[0].index("SIS Login ID")].lstrip("'"): row for row in rows[2:]}


def test_canvas_gets_its_columns_and_the_points_possible(canvas):
    rows = canvas[1]
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert rows[1] == ["    Points Possible", "", "", "", "", "6"]
    assert by_login(rows)["ann"] == ["O'Neill, Jr., Ann", "77", "", "ann", "", "4.9"]
    assert len(rows) == 2 + len(CLASS)
    assert {len(row) for row in rows} == {6}


def test_moodle_gets_its_columns_and_the_comments(moodle):
    rows = moodle[1]
    assert rows[0] == ["Username", "ID number", "Email address", "First name", "Last name", NAME, "Feedback comments"]  # fmt: skip
    by_name = {row[0].lstrip("'"): row for row in rows[1:]}
    assert by_name["ann"] == ["ann", "77", "ann@example.org", "Ann", "O'Neill, Jr.", "4.9", 'why: =1+1 is "it",\nsays who?']  # fmt: skip
    assert by_name["eva"][5:] == by_name["gil"][5:] == ["", ""], "no grade, so no feedback"
    assert {len(row) for row in rows} == {7}


def test_scores_are_those_of_nbgrader_s_own_export(canvas, moodle, theirs):
    ours = {student: row[5] for student, row in by_login(canvas[1]).items()}
    assert {row[0].lstrip("'"): row[5] for row in moodle[1][1:]} == ours
    for student, score in ours.items():
        if student not in ("eva", "gil"):
            assert float(score) == pytest.approx(float(theirs[student]["score"]), abs=1e-6)
    assert ours["dee"] == "0", "a penalty takes nobody below zero"
    assert ours["bob"] == "1.42"


def test_what_a_person_has_to_grade_and_what_is_missing_is_empty_and_listed(canvas):
    done, rows = canvas
    assert by_login(rows)["eva"][5] == by_login(rows)["gil"][5] == ""
    assert (done.waiting, done.missing, done.scores) == ({NAME: ["eva"]}, {NAME: ["gil"]}, 5)


def test_who_has_handed_in_nothing_gets_zero_where_that_is_asked_for(course, tmp_path, theirs):
    done, rows = export(course, CanvasExportPlugin, tmp_path / "c.csv", missing_zero=True)
    assert by_login(rows)["gil"][5] == "0" and float(theirs["gil"]["score"]) == 0
    assert by_login(rows)["eva"][5] == ""
    assert done.missing == {NAME: ["gil"]}


@pytest.mark.parametrize("which", ["canvas", "moodle"])
def test_no_text_of_a_student_is_a_formula_in_a_spreadsheet(which, request):
    rows = request.getfixturevalue(which)[1]
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@"))]
    assert any("HYPERLINK(1)" in cell for cell in cells), "it is there, as text"
    assert any("Özil" in cell for cell in cells) and any("李" in cell for cell in cells)


def test_names_with_quotes_and_line_ends_stay_whole(canvas):
    assert by_login(canvas[1])["bob"][0] == 'Line\nbreak, Bob "the"'
    assert by_login(canvas[1])["eva"][0] == "eva", "without a name, the id"


def test_several_assignments_have_a_column_each(course, tmp_path):
    _, rows = export(course, CanvasExportPlugin, tmp_path / "c.csv", assignment=[])
    assert rows[0][5:] == [NAME, OTHER]
    _, rows = export(course, MoodleExportPlugin, tmp_path / "m.csv", assignment=[])
    assert rows[0][5:] == [NAME, f"Feedback comments: {NAME}", OTHER, f"Feedback comments: {OTHER}"]


def test_some_students_only_and_another_title(course, tmp_path):
    options = {"student": ["bob"], "column": "Temperature (12345)"}
    _, rows = export(course, CanvasExportPlugin, tmp_path / "c.csv", **options)
    assert rows[0][5] == "Temperature (12345)"
    assert [row[3] for row in rows[2:]] == ["bob"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"assignment": ["a9"]}, "assignment must be one of the 2 in the gradebook, got 'a9'"),
        ({"student": ["zoe"]}, "student must be one of the 7 in the gradebook, got 'zoe'"),
        ({"assignment": [], "column": "T"}, "column can name one assignment, got 'T' for 2"),
    ],
)
def test_what_is_not_known_is_refused(course, tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        export(course, CanvasExportPlugin, tmp_path / "c.csv", **options)
    assert not (tmp_path / "c.csv").exists()


def test_the_command_writes_the_same_file_and_lists_who_is_left_out(
    course, canvas, monkeypatch, capsys
):
    monkeypatch.chdir(course)
    assert main(["export", "a1", "--to", "canvas"]) == 0
    said = capsys.readouterr()
    path = course / "grades" / "a1_canvas.csv"
    assert read(path) == canvas[1]
    assert f"5 scores of {NAME}: {path}" in said.out
    assert "left empty, a person still has to grade: eva" in said.out
    assert "left empty, no graded submission: gil" in said.out
    assert said.err == ""


def test_nbgrader_export_takes_both(course, monkeypatch):
    from nbgrader.apps import ExportApp

    monkeypatch.chdir(course)
    for name, first in (("Canvas", "Student"), ("Moodle", "Username")):
        ExportApp.clear_instance()
        app = ExportApp.instance()
        plugin = f"--exporter=effcv_lab.grading.lms.{name}ExportPlugin"
        app.initialize([plugin, "--to", f"{name}.csv"])
        app.start()
        assert read(course / f"{name}.csv")[0][0] == first
    ExportApp.clear_instance()
