"""What students get back: every check with its outcome, no hidden test, nothing that acts; and a class of which one is broken."""

import html
import json
import re
import shutil
import warnings

import nbformat
import pytest
from attacks import VECTORS, Acting, hostile
from browser import FLAGS, chromium_or_skip
from bs4 import BeautifulSoup
from classroom import Classroom, answered
from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

from effcv_lab.cli import main
from effcv_lab.grading.course import Course
from effcv_lab.grading.feedback import MOST_SHOWN
from effcv_lab.grading.feedback_class import write_feedback
from effcv_lab.grading.feedback_hidden import HIDDEN
from effcv_lab.grading.feedback_page import FeedbackPage, stamp_of
from effcv_lab.grading.harmless import make_harmless
from tools.notebooks.convert import build_notebook

pytestmark = pytest.mark.nbgrader
NAME = "a8_feedback"
MASTER = '''\
# %% [markdown]
# # An assignment

# %% role="given" id="setup"
import math


# %% role="answer" id="half"
def half(x):
    """Return half of x."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION


# %% role="tests" id="test_half" points=4
assert half(4) == 2, "half of 4"
### BEGIN HIDDEN TESTS
secret_input = -3
assert half(secret_input) == -1.5, "half of a negative number"
assert half( 0.125 ) == 0.0625
### END HIDDEN TESTS


# %% role="answer" id="double"
def double(x):
    """Return twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% role="tests" id="test_double" points=3
print("double: 1 of 3 points\\n  broken  an early report (worth 1)")
### BEGIN HIDDEN TESTS
right = [double(value) == 2 * value for value in (17, -23)]
print(f"double: {1 + 2 * all(right)} of 3 points")
print("  kept    it answers" if all(right) else "  broken  twice every number (worth 2)\\n  broken  another")
### END HIDDEN TESTS
1 + 2 * all(right)

# %% [markdown] role="given" id="why_question"
# Why?

# %% [markdown] role="written" id="why" points=2
# === BEGIN SOLUTION
# The model answer.
# === END SOLUTION
'''
#: Whatever a page shows, no line of these.
SECRETS = ["secret_input = -3", "half(secret_input) ==", "half( 0.125 )", "half(0.125)", "for value in (17, -23)", "0.0625", "all(right) else"]  # fmt: skip
RIGHT = {
    "half": "def half(x):\n    return 0.5 * x",
    "double": "def double(x):\n    return x + x",
    "why": "Because I measured it.",
}
SPY = """def half(x):
    import inspect, ast, warnings
    print(In[-1], [In[-1]], "\\x1b[31m".join(In[-1].split(" ")))
    print(inspect.stack()[1].code_context)
    print(ast.unparse(ast.parse(In[-1])))
    raise ValueError(In[-1])"""
ANSWERS = {
    "ann": RIGHT,
    "bob": RIGHT | {"half": "def half(x):\n    return abs(x) / 2", "double": "def double(x):\n    return x ** 2"},
    "spy": RIGHT | {"half": SPY, "double": "def double(x):\n    print(In[-1].upper() and In[-1])\n    return 0",
                    "why": "<script>alert(1)</script> [x](javascript:alert(1)) **bold**"},
}  # fmt: skip


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    room = Classroom(tmp_path_factory.mktemp("feedback"), NAME, build_notebook(MASTER))
    for student, answers in ANSWERS.items():
        room.submit(student, answered(room.release(), answers))
    beside = room.folder / "submitted" / "ann" / NAME
    (beside / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC", encoding="utf-8")
    (beside / "evil.html").write_text("<script>alert(1)</script>", encoding="utf-8")
    room.grade()
    with gradebook(room) as book:
        for student in ("late", "broken"):  # as ann, but no kernel need run for them
            shutil.copytree(
                room.folder / "autograded" / "ann", room.folder / "autograded" / student
            )
            book.update_or_create_student(student)
            with warnings.catch_warnings():  # nbgrader's own code, met by a newer SQLAlchemy
                warnings.simplefilter("ignore", SAWarning)
                book.add_submission(NAME, student)
            for name, points in {"test_half": 4, "test_double": 3}.items():
                grade = book.find_grade(name, NAME, NAME, student)
                grade.auto_score, grade.needs_manual_grade = points, False
        book.find_grade("why", NAME, NAME, "broken").needs_manual_grade = True
        notebook = book.find_submission_notebook(NAME, NAME, "late")
        notebook.late_submission_penalty = 2.5
        book.find_grade("why", NAME, NAME, "late").manual_score = 1.5
        book.find_grade("why", NAME, NAME, "late").needs_manual_grade = False
        book.find_comment("why", NAME, NAME, "late").manual_comment = "<b>Good</b>,\nbut *why*?"
        book.db.commit()
    (room.folder / "autograded" / "broken" / NAME / f"{NAME}.ipynb").chmod(0o644)
    (room.folder / "autograded" / "broken" / NAME / f"{NAME}.ipynb").write_text("{", "utf-8")
    return room


def gradebook(room):
    return Gradebook(f"sqlite:///{room.folder}/gradebook.db", "effcv")


@pytest.fixture(scope="module")
def made(room):
    return write_feedback(Course(room.folder), NAME, force=True)


def path_of(room, student):
    return room.folder / "feedback" / student / NAME / f"{NAME}.html"


def page(room, student):
    return path_of(room, student).read_text(encoding="utf-8")


def table(room, student):
    """Return the table at the top: points and message by check, spaces made one."""
    rows = BeautifulSoup(page(room, student), "html.parser").select("header tbody tr")
    return {
        row.th.a.text: tuple(" ".join(cell.text.split()) for cell in row.find_all("td"))
        for row in rows
    }


def text_of(room, student):
    return BeautifulSoup(page(room, student), "html.parser").get_text()


def test_a_broken_notebook_stops_nobody_else_s(room, made):
    assert made.written == ["ann", "bob", "late", "spy"]
    assert list(made.failed) == ["broken"]
    assert "ipynb" in made.failed["broken"] or "JSON" in made.failed["broken"]
    assert not path_of(room, "broken").exists()


def test_a_page_lists_every_check_its_points_and_what_went_wrong_first(room, made):
    assert table(room, "ann") == {
        "half": ("✓ 4 of 4, full points", ""),
        "double": ("✓ 3 of 3, full points", ""),
        "why": ("… of 2, not graded yet", "A person still has to grade this."),
    }
    assert table(room, "bob") == {
        "half": ("✗ 0 of 4, no points", "AssertionError: half of a negative number"),
        "double": ("◐ 1 of 3, part of the points", "twice every number (worth 2)"),
        "why": ("… of 2, not graded yet", "A person still has to grade this."),
    }
    assert "7 of 9 points so far" in text_of(room, "ann")
    assert "1 of 9 points so far" in text_of(room, "bob")
    assert "1 answer of yours is still to be graded by a person" in text_of(room, "bob")


def test_of_two_reports_of_a_check_the_one_that_counts_is_shown(room, made):
    text = text_of(room, "bob")
    assert "double: 1 of 3 points\n  broken  twice every number (worth 2)" in text
    assert "an early report" not in BeautifulSoup(page(room, "bob"), "html.parser").select_one("#test_double .output").text  # fmt: skip


@pytest.mark.parametrize("student", ["ann", "bob", "spy", "late"])
def test_no_line_of_a_hidden_test_stands_in_a_page(room, made, student):
    seen = html.unescape(page(room, student)) + text_of(room, student)
    squeezed = re.sub(r"\\+[nt]|[\s\\]", "", seen)
    for secret in SECRETS:
        assert secret not in seen, secret
        assert re.sub(r"\s", "", secret) not in squeezed, secret
    assert "BEGIN HIDDEN" not in seen
    assert 'assert half(4) == 2, "half of 4"' in text_of(room, student)
    assert (HIDDEN in seen) == (student == "spy")


def test_the_same_lines_stand_in_the_graded_notebook(room):
    """The test above could fail."""
    shown = json.dumps(room.graded_notebook("spy"))
    assert shown.count("secret_input = -3") > 3


def test_a_penalty_a_grade_by_hand_and_a_comment_are_shown(room, made):
    assert "6 of 9 points" in text_of(room, "late")
    assert "so far" not in text_of(room, "late")
    assert "Handed in late: 2.5 points are taken off" in text_of(room, "late")
    assert table(room, "late")["why"][0] == "◐ 1.5 of 2, part of the points"
    comment = BeautifulSoup(page(room, "late"), "html.parser").select_one(".comment p")
    assert comment.text.replace("\u2060", "") == "<b>Good</b>,\nbut *why*?"


def test_what_a_student_wrote_is_shown_and_does_nothing(room, made):
    assert "alert(1)" in text_of(room, "spy")
    assert "<strong>bold</strong>" in page(room, "spy")
    assert Acting(page(room, "spy")).found["script"] == 0


def test_no_attack_acts_in_our_page():
    exporter = FeedbackPage()

    def acting(text):
        node = nbformat.from_dict(hostile(text))
        make_harmless(node)
        about = {"rows": [], "waiting": 0, "score": 1, "max_score": 2, "late_penalty": 0}
        resources = {"feedback": about, "nbgrader": {"notebook": "a", "student": "s"}}
        return Acting(exporter.from_notebook_node(node, resources)[0])

    calm = acting("calm text")
    assert calm.found["script"] == calm.found["link"] == calm.found["iframe"] == 0
    for vector in VECTORS:
        assert acting(vector).found == calm.found, vector


def test_a_page_may_run_and_load_nothing(room, made):
    soup = BeautifulSoup(page(room, "ann"), "html.parser")
    rule = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in rule and "script" not in rule
    assert not soup.find_all(["script", "link", "iframe"])
    assert "http" not in "".join(re.findall(r"(?:src|href)=\"([^\"]*)\"", page(room, "ann")))


def test_files_of_a_submission_are_not_laid_beside_its_page(room, made):
    names = {p.name for p in path_of(room, "ann").parent.iterdir()}
    assert names == {f"{NAME}.html", "timestamp.txt"}


def test_what_is_up_to_date_is_not_made_again(room, made):
    course, path = Course(room.folder), path_of(room, "ann")
    before = path.stat().st_mtime_ns
    again = write_feedback(course, "a8", ["ann"])
    assert (again.written, again.unchanged) == ([], ["ann"])
    assert path.stat().st_mtime_ns == before
    with gradebook(room) as book:
        book.find_comment("why", NAME, NAME, "ann").manual_comment = "Well done."
        book.db.commit()
    assert write_feedback(course, "a8", ["ann"]).written == ["ann"]
    assert "Well done." in page(room, "ann")
    path.write_text(page(room, "ann")[:-60], encoding="utf-8")  # as if it had been killed here
    assert stamp_of(path) == ""
    assert write_feedback(course, "a8", ["ann"]).written == ["ann"]
    assert write_feedback(course, "a8", ["ann"], force=True).written == ["ann"]


def test_plain_nbgrader_writes_the_same_page(room, made):
    ours = page(room, "bob")
    room.nbgrader("generate_feedback", NAME, "--student", "bob", "--force")
    theirs = page(room, "bob")
    assert ours.rpartition("<!--")[0].strip() == theirs.strip()
    assert write_feedback(Course(room.folder), NAME, ["bob"]).written == ["bob"]


def test_the_command_says_what_it_did_and_fails_for_a_missing_page(room, made, monkeypatch, capsys):
    monkeypatch.chdir(room.folder)
    assert main(["feedback", "a8", "--student", "ann", "--student", "bob"]) == 0
    assert "0 written, 2 up to date" in capsys.readouterr().out
    assert main(["feedback", "a8"]) == 1
    said = capsys.readouterr()
    assert "no page for broken: " in said.out
    assert said.err == ""
    assert main(["feedback", "a8", "--student", "nobody"]) == 1
    assert "student must be one of the 5 in the gradebook, got 'nobody'" in capsys.readouterr().err


def test_it_says_when_nothing_is_graded(tmp_path):
    (tmp_path / "solutions" / "a7_none").mkdir(parents=True)
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.source_directory = "solutions"\n')  # fmt: skip
    with pytest.raises(ValueError, match="nothing of a7_none is graded yet: run effcv grade"):
        write_feedback(Course(tmp_path), "a7")
    assert not (tmp_path / "gradebook.db").exists()


def test_a_long_text_is_cut():
    from effcv_lab.grading.feedback import _shortened

    stream = _shortened({"output_type": "stream", "text": ["x" * MOST_SHOWN, "yz"]})
    assert stream["text"] == "x" * MOST_SHOWN + "\n[... 2 more characters]"


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 400])
def test_a_page_is_readable_on_a_screen_and_on_a_telephone(room, made, width):
    path = chromium_or_skip()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        tab = browser.new_page(viewport={"width": width, "height": 800})
        problems = []
        tab.on("console", lambda message: problems.append(message.text))
        tab.goto(path_of(room, "spy").as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        sizes = "e => [...e].map(x => x.getBoundingClientRect().width)"
        assert min(tab.eval_on_selector_all("header tbody tr", sizes)) > 0.8 * min(width, 960) - 40
        tab.click("text=half >> nth=0")
        assert tab.url.endswith("#test_half")
        browser.close()
    assert problems == []
