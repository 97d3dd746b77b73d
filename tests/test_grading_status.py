"""Who handed in what, under which name; what is kept of each; what an instructor's table and terminal show."""

import csv
import io
import json
import os
import shlex
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from contextlib import closing
from copy import deepcopy
from dataclasses import replace

import pytest
from grading_class import NAME, GradedClass, bubblewrap_or_skip
from small_course import ROOT

from effcv_lab.grading import course as course_module
from effcv_lab.grading.course import Course
from effcv_lab.grading.marking import submission as submission_module
from effcv_lab.grading.marking.finding import find_submissions
from effcv_lab.grading.marking.marks import GRADED, STATES, Mark, Records, replace_file
from effcv_lab.grading.marking.reading import clean
from effcv_lab.grading.marking.register import all_points, points, register
from effcv_lab.grading.marking.report import COLUMNS, Report, say
from effcv_lab.grading.marking.runs import Allowed
from effcv_lab.grading.marking.steps import sanitize
from effcv_lab.grading.marking.submission import mark_submission
from effcv_lab.grading.marking.task import Task
from effcv_lab.grading.sandbox import launcher
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable
from effcv_lab.grading.sandbox.session import sandboxed_kernel
from effcv_lab.grading.sandbox.settings import UNSAFE, Settings
from effcv_lab.grading.sandbox.status import Status

FILE = f"{NAME}/{NAME}.ipynb"


@pytest.fixture
def course(tmp_path):
    """A course into which files may be put."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "submitted").mkdir()
    return Course(tmp_path)


def put(course, *names, student="ann"):
    for name in names:
        path = course.root / "submitted" / student / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def look(course, *students):
    found = find_submissions(course, NAME, [NAME], set(students))
    return {one.student: one for one in found}


def test_a_notebook_in_its_place_is_to_be_graded_whatever_lies_beside_it(course):
    put(course, FILE, f"{NAME}/data.csv", f"{NAME}/other.ipynb", "notes.txt", "a1_x/a1_x.ipynb")
    assert look(course)["ann"].state == ""


@pytest.mark.parametrize("name", ["dangling", "pipe", "folder"])
def test_what_has_the_notebook_s_name_is_to_be_graded_whatever_it_is(course, name):
    put(course, f"{NAME}/notes.txt")
    path = course.root / "submitted" / "ann" / FILE
    {"dangling": lambda: path.symlink_to("nowhere"), "pipe": lambda: os.mkfifo(path)}.get(
        name, path.mkdir
    )()
    assert look(course)["ann"].state == ""


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (f"{NAME}/homework.ipynb", "the notebook is called 'homework.ipynb'"),
        (f"{NAME}/{NAME} (1).ipynb", f"the notebook is called '{NAME} (1).ipynb'"),
        (f"{NAME}/{NAME}.ipynb.txt", f"the notebook is called '{NAME}.ipynb.txt'"),
        (f"{NAME}/{NAME}.IPYNB", f"the notebook is called '{NAME}.IPYNB'"),
        (f"{NAME}.ipynb", f"'{NAME}.ipynb' lies in ann/ and not in ann/{NAME}/"),
        ("A9 both.ipynb", f"'A9 both.ipynb' lies in ann/ and not in ann/{NAME}/"),
        (f"a9/{NAME}.ipynb", "the folder is called 'a9'"),
        (f"A9-Both/{NAME}.ipynb", "the folder is called 'A9-Both'"),
        (f"{NAME}-1/x.ipynb", f"the folder is called '{NAME}-1'"),
    ],
)
def test_another_name_is_told_with_a_command_that_puts_it_right(course, there, says):
    put(course, there)
    found = look(course)["ann"]
    assert (found.state, found.reason) == ("misnamed", says)
    command = found.advice.partition("if it is the submission: ")[2]
    subprocess.run(["sh", "-c", command], check=True)
    folder = course.root / "submitted" / "ann" / NAME
    if "folder is called" in says and not (folder / f"{NAME}.ipynb").exists():
        assert look(course)["ann"].state == "misnamed", "its notebook's name is wrong as well"
    else:
        assert look(course)["ann"].state == ""


def test_the_command_does_no_more_than_it_says_whatever_a_student_calls_a_file(course):
    name = "it's $(touch hacked) `touch hacked`; touch hacked #.ipynb"
    put(course, f"{NAME}/{name}")
    command = look(course)["ann"].advice.partition("if it is the submission: ")[2]
    assert shlex.split(command)[0] == "mv" and len(shlex.split(command)) == 3
    subprocess.run(["sh", "-c", command], check=True, cwd=course.root)
    assert not (course.root / "hacked").exists()
    assert look(course)["ann"].state == ""


def test_of_several_none_is_chosen(course):
    put(course, f"{NAME}/one.ipynb", f"{NAME}/two.ipynb")
    found = look(course)["ann"]
    assert found.state == "misnamed" and "'one.ipynb', 'two.ipynb'" in found.reason
    assert found.advice.startswith("ask the student which one counts")


@pytest.mark.parametrize(
    "there",
    [
        "a90_other/a90_other.ipynb",
        "a1_half/a1_half.ipynb",
        "notes.txt",
        f"{NAME}/notes.txt",
        f"{NAME}/.ipynb_checkpoints/{NAME}-checkpoint.ipynb",
    ],
)
def test_without_a_notebook_of_this_assignment_it_is_missing(course, there):
    put(course, there)
    found = look(course)["ann"]
    assert found.state == "missing" and found.reason and found.advice


def test_everybody_is_found_once(course):
    put(course, FILE, student="ann")
    put(course, FILE, student="Åsa Ö")
    put(course, FILE, student=".hidden")
    (course.root / "submitted" / "readme.txt").touch()
    (course.root / "submitted" / "loose.ipynb").touch()
    found = find_submissions(course, NAME, [NAME], {"ann", "zoe"})
    assert [one.student for one in found] == ["ann", "zoe", "Åsa Ö", "? (loose.ipynb)"]
    assert [one.state for one in found] == ["", "missing", "", "misnamed"]


def test_of_several_notebooks_one_is_enough(course):
    put(course, f"{NAME}/second.ipynb")
    assert find_submissions(course, NAME, ["first", "second"], set())[0].state == ""


def test_before_anything_is_handed_in_everybody_is_missing(course):
    (course.root / "submitted").rmdir()
    assert look(course, "ann")["ann"].state == "missing"


# What is kept.


@pytest.fixture
def records(tmp_path):
    return Records(tmp_path / "grades" / "a9_records", NAME)


def test_a_record_comes_back_as_it_was(records):
    mark = Mark("ann", NAME, "ok", "why \udcff", "what", ["a", "b"], 3.5, 7.0, 1, "c", 1.25)
    records.save(mark)
    assert records.load("ann") == mark
    assert [path.name for path in records.folder.iterdir()] == ["ann.json"]
    records.drop("ann")
    records.drop("ann")
    assert records.load("ann") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'{"student": "ann"}', b"\xff", b'{"other": 1}', b"[" * 9999],
)
def test_a_damaged_record_is_none(records, content):
    records.folder.mkdir(parents=True)
    (records.folder / "ann.json").write_bytes(content)
    assert records.load("ann") is None


def test_a_record_of_somebody_else_or_of_another_assignment_is_none(records):
    records.save(Mark("ann", NAME, "ok"))
    shutil.copy(records.folder / "ann.json", records.folder / "bob.json")
    assert records.load("bob") is None
    assert Records(records.folder, "a9_other").load("ann") is None


def test_a_file_that_cannot_be_written_anew_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    replace_file(path, "old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, texts = tmp_path / "table.csv", ["a" * 200_000, "b" * 300_000]
    replace_file(path, texts[0])
    stop = threading.Event()

    def write():
        for number in range(200):
            replace_file(path, texts[number % 2])
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        assert path.read_text() in texts
    writer.join()


# What is shown.

NASTY = [
    '=HYPERLINK("http://x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\n=1+1",
    "\x1b[2J\x07gone",
    "a\nb\r\nc",
    '"quoted", with comma',
    "half \ud800 character",
    "right\u202eleft",
    "Åsa Ö \U0001f600",
]


def report_of(course, marks):
    task = Task(course, NAME, Allowed(1, 1))
    return Report(task, {mark.student: mark for mark in marks}, {mark.student for mark in marks})


@pytest.fixture
def solved(course):
    (course.root / "solutions" / NAME).mkdir(parents=True)
    return course


@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_a_stranger_acts_in_a_spreadsheet_or_a_terminal(solved, capsys, text):
    notes = [text, "n"]
    report = report_of(solved, [Mark(f"{text}x", NAME, "failed", text, text, notes, 1.0, 7.0)])
    report.write()
    with open(report.path, encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)
    assert tuple(header) == COLUMNS and len(row) == len(COLUMNS)
    for cell in row:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", " ", "\n"))
        assert cell.isprintable()
    say(report)
    shown = capsys.readouterr().out
    assert shown.replace("\n", "").isprintable()
    assert ("Åsa Ö \U0001f600" in row[0]) == ("Åsa" in text), "letters stay"


def test_the_table_says_everything_of_everybody(solved, capsys):
    graded = Mark("ann", NAME, "ok", score=3.5, most=7.0, by_hand=2, seconds=1.26, sandbox=UNSAFE)
    marks = [Mark("zoe", NAME, "missing", "nothing", "ask"), graded]
    report = report_of(solved, marks)
    report.write()
    rows = list(csv.DictReader(io.StringIO(report.path.read_text(encoding="utf-8"))))
    assert [row["student"] for row in rows] == ["ann", "zoe"]
    assert list(rows[0].values()) == ["ann", "ok", "3.5", "7", "2", "", "", "", "1.3", UNSAFE]
    assert list(rows[1].values()) == ["zoe", "missing", "", "", "", "nothing", "ask", "", "", ""]
    assert report.path.name == "a9_status.csv"
    say(report)
    shown = capsys.readouterr().out
    assert "2 answers of 1 students wait for a person" in shown
    assert "GRADED WITHOUT A SANDBOX" in shown
    assert "missing: zoe\n  nothing\n  -> ask" in shown


@pytest.mark.parametrize("state", STATES)
def test_a_run_is_complete_when_nobody_has_neither_score_nor_reason(solved, state):
    marks = [Mark("ann", NAME, "ok"), Mark("bob", NAME, state)]
    assert report_of(solved, marks).complete == (state not in ("error", "waiting"))
    assert marks[1].graded == (state in GRADED)
    only = report_of(solved, marks)
    only.chosen = {"ann"}
    assert only.complete


# What a grade depends on, and what the gradebook holds.


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    room = GradedClass(tmp_path_factory.mktemp("released"))
    room.answer("ann")
    return room


def task_of(room, **about):
    course_module._settings.cache_clear()  # one process sees several versions of a configuration
    return Task(Course(room.folder), NAME, Allowed(1, 1), **about)


@pytest.fixture
def room(released, tmp_path):
    room = GradedClass.like(released, tmp_path / "course")
    room.answer("ann")
    return room


def execute(room, statement):
    with closing(sqlite3.connect(room.folder / "gradebook.db")) as gradebook:
        assert gradebook.execute(statement).rowcount >= 1
        gradebook.commit()


def configure(line):
    def change(room):
        with open(room.folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
            config.write(f"\n{line}\n")

    return change


def solve(room):
    (room.folder / "solutions" / NAME / "data.csv").write_text("1", encoding="utf-8")


@pytest.mark.nbgrader
@pytest.mark.parametrize(
    "change",
    [
        configure("c.Execute.timeout = 7"),
        configure("c.Autograde.permissions = 600"),
        configure("c.SaveAutoGrades.enabled = True"),
        configure("c.AssignLatePenalties.plugin_class = 'x.Y'"),
        lambda room: execute(room, "UPDATE source_cell SET source = source || '#'"),
        lambda room: execute(room, "UPDATE grade_cells SET max_score = 9"),
        solve,
    ],
    ids=["seconds", "permissions", "saving", "penalties", "release", "points", "data"],
)
def test_what_a_grade_depends_on_changes_everybody_s_fingerprint(room, change):
    before = task_of(room).fingerprint
    assert task_of(room).fingerprint == before
    change(room)
    assert task_of(room).fingerprint != before


@pytest.mark.nbgrader
def test_private_tests_change_it_and_places_do_not(room):
    before = task_of(room).fingerprint
    assert task_of(room, private={"test_half": "assert 1"}).fingerprint != before
    configure("c.CourseDirectory.ignore = ['x']\nc.Exchange.root = '/x'")(room)
    assert task_of(room).fingerprint == before


def registered(room):
    task = task_of(room)
    register(task, "ann", room.folder / "submitted" / "ann" / NAME, {NAME})
    return task


@pytest.mark.nbgrader
def test_points_that_moved_between_cells_are_not_the_same_points(room):
    task = registered(room)
    execute(room, "UPDATE grade SET auto_score = 3")
    before = points(task, "ann")
    assert all_points(task) == {"ann": before}
    assert (before.score, before.most) == (6.0, 7.0)
    execute(
        room,
        "UPDATE grade SET auto_score = 2 + 2 * (cell_id IN (SELECT id FROM base_cell WHERE name = 'test_half'))",
    )
    after = points(task, "ann")
    assert after[:3] == before[:3] and after.cells != before.cells


@pytest.mark.nbgrader
@pytest.mark.parametrize("step", ["points", "all points", "register", "sanitize", "notebooks"])
def test_a_busy_gradebook_is_waited_for(room, step):
    registered(room)
    url = f"sqlite:///{room.folder}/gradebook.db?timeout=0.01"  # SQLite waits for five seconds
    configure(f"c.CourseDirectory.db_url = {url!r}")(room)
    task = task_of(room)
    notebook = clean(room.release())
    if step != "notebooks":
        assert task.notebooks == [NAME]
    with closing(
        sqlite3.connect(room.folder / "gradebook.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.5, other.execute, ["ROLLBACK"])
        release.start()
        began = time.monotonic()
        {
            "points": lambda: points(task, "ann"),
            "all points": lambda: all_points(task),
            "register": lambda: registered_again(task, room),
            "sanitize": lambda: sanitize(task, "ann", NAME, deepcopy(notebook)),
            "notebooks": lambda: task.notebooks,
        }[step]()
        assert time.monotonic() - began > 0.4
        release.join()


def registered_again(task, room):
    register(task, "ann", room.folder / "submitted" / "ann" / NAME, {NAME})


# What is this machine's fault is nobody's score.


def test_a_launcher_that_cannot_write_is_this_machine_s_trouble(tmp_path, monkeypatch, capsys):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(launcher, "start", full)
    (tmp_path / "settings.json").write_text(Settings().to_json(), encoding="utf-8")
    content = {"ip": str(tmp_path / "k"), "transport": "ipc"}
    ports = ("shell", "iopub", "stdin", "control", "hb")
    content |= {f"{name}_port": number for number, name in enumerate(ports, start=1)}
    (tmp_path / "connection.json").write_text(json.dumps(content), encoding="utf-8")
    code = launcher.main([str(tmp_path / "connection.json"), str(tmp_path / "settings.json")])
    status = Status.read(tmp_path / "k-status.json")
    assert code == launcher.TROUBLE
    assert status.state == "trouble" and "No space left on device" in status.words


def test_a_launcher_that_dies_is_no_kernel_s_fault(tmp_path, monkeypatch):
    from effcv_lab.grading.sandbox import session

    def broken(place, settings):
        folder = place / "kernels" / session.NAME
        folder.mkdir(parents=True)
        spec = {"argv": ["/bin/false"], "display_name": "x", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")

    monkeypatch.setattr(session, "write_kernelspec", broken)
    with pytest.raises(OSError, match="the sandbox did not come up"), sandboxed_kernel(tmp_path):
        pass


def dies_unheard(listener):
    time.sleep(0.5)  # who asks has connected by then


def dies_before_it_reads(listener):
    listener.accept()[0].close()


def dies_when_it_has_read(listener):
    asking = listener.accept()[0]
    _, descriptors, _, _ = socket.recv_fds(asking, 1 << 16, 32)
    os.read(descriptors[0], 600)  # it has begun to unpack the submission's files
    for descriptor in descriptors:
        os.close(descriptor)
    asking.close()


@pytest.mark.slow
@pytest.mark.parametrize("dies", [dies_unheard, dies_before_it_reads, dies_when_it_has_read])
def test_where_a_warm_interpreter_dies_while_it_is_asked_the_kernel_starts_cold(tmp_path, dies):
    bubblewrap_or_skip()
    (tmp_path / "data.txt").write_text("content", encoding="utf-8")
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # a socket's name is short
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{place}/warm")
        listener.listen(5)

        def warm():
            with listener:
                dies(listener)

        thread = threading.Thread(target=warm)
        thread.start()
        with sandboxed_kernel(tmp_path, Settings(warm=f"{place}/warm")) as kernel:
            assert kernel.run("open('data.txt').read()").text == "'content'"
        thread.join()


@pytest.mark.nbgrader
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "no space left on the disk"),
        (OSError(122, "Disk quota exceeded"), "no space left on the disk"),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), "no space left"),
        (OSError("the sandbox did not come up: [Errno 28] No space left on device"), "no space"),
        (ValueError("anything else"), "ValueError: anything else (test_grading_status.py:"),
        (SandboxUnavailable("only here"), "SandboxUnavailable: only here"),
    ],
)
def test_a_grader_s_own_failure_is_told_and_not_kept(room, monkeypatch, error, reason):
    task = task_of(room)
    kept = Records(task.file("records"), NAME)
    kept.save(Mark("ann", NAME, "ok", score=7.0, most=7.0))

    def fail(*given):
        raise error

    monkeypatch.setattr(submission_module, "_mark", fail)
    monkeypatch.setattr(submission_module, "require_sandbox", lambda: None)
    mark = mark_submission(task, "ann", "print")
    assert mark.state == "error" and mark.reason.startswith(reason) and mark.advice
    assert kept.load("ann") is None, "the next run tries again"


@pytest.mark.nbgrader
def test_where_no_sandbox_is_left_nothing_goes_on(room, monkeypatch):
    def unavailable(*given):
        raise SandboxUnavailable("gone")

    monkeypatch.setattr(submission_module, "_mark", unavailable)
    monkeypatch.setattr(submission_module, "require_sandbox", unavailable)
    with pytest.raises(SandboxUnavailable, match="gone"):
        mark_submission(task_of(room), "ann")


def test_a_changed_mark_is_another(records):
    mark = Mark("ann", NAME, "ok")
    records.save(mark)
    records.save(replace(mark, score=1.0))
    assert records.load("ann").score == 1.0
