"""An instructor's own hidden tests: they replace the course's, and what is wrong with them is said at once."""

import json
import textwrap

import pytest
from classroom import Classroom, find
from small_course import ASSIGNMENT, ROOT

from effcv_lab.grading.course import Course
from effcv_lab.grading.private_tests import graded_tests, load_private_tests, overlay
from tools.notebooks.convert import build_notebook

# Course makes nbgrader's application with an argument that it does not have.
OWN = "points += 2 * (half(-6) == -3)\n"
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one assignment and no gradebook."""
    root = tmp_path_factory.mktemp("course")
    (root / "nbgrader_config.py").write_bytes((ROOT / "nbgrader_config.py").read_bytes())
    source = root / "solutions" / "a1_half" / "a1_half.ipynb"
    source.parent.mkdir(parents=True)
    source.write_text(build_notebook(ASSIGNMENT), encoding="utf-8")
    return Course(root)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "private" / "a1_half").mkdir(parents=True)
    return tmp_path / "private"


def write(folder, content, name="test_half"):
    path = folder / "a1_half" / f"{name}.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- reading the folder


def test_files_are_found_by_assignment_and_test_cell(course, folder):
    write(folder, OWN)
    (folder / "a9_other").mkdir()
    (folder / "a9_other" / "anything.py").write_text("no python!")
    (folder / "a1_half" / "notes.txt").write_text("no python!")
    (folder / "a1_half" / ".test_half.py.swp").write_text("no python!")
    (folder / "a1_half" / "._test_half.py").write_bytes(b"\x00")
    (folder / "a1_half" / "__pycache__").mkdir()
    assert load_private_tests(folder, course, "a1_half") == {"test_half": OWN}


def test_an_assignment_without_a_folder_has_none(course, folder):
    assert load_private_tests(folder, course, "a2_distillation") == {}
    assert load_private_tests(folder, course, "a1_half") == {}


def test_windows_line_ends_and_byte_order_mark_do_not_matter(course, folder):
    write(folder, b"\xef\xbb\xbfpoints += 1\r\nx = 2\r\n")
    assert load_private_tests(folder, course, "a1_half") == {"test_half": "points += 1\nx = 2\n"}


@pytest.mark.parametrize("inside", [".", "private", "solutions/../solutions"])
def test_a_folder_inside_the_course_is_refused(course, inside):
    place = course.root / inside
    place.mkdir(exist_ok=True)
    with pytest.raises(ValueError, match="folder must lie outside the course"):
        load_private_tests(place, course, "a1_half")


def test_a_link_from_outside_into_the_course_is_refused(course, tmp_path):
    (tmp_path / "link").symlink_to(course.root / "solutions", target_is_directory=True)
    with pytest.raises(ValueError, match="folder must lie outside the course"):
        load_private_tests(tmp_path / "link", course, "a1_half")


def test_a_folder_that_is_not_there_is_said(course, tmp_path):
    with pytest.raises(ValueError, match=r"folder must be one that holds a1_half/TEST_CELL\.py"):
        load_private_tests(tmp_path / "nowhere", course, "a1_half")


@pytest.mark.parametrize("name", ["test_halve", "half", "why", "setup"])
def test_a_name_of_no_test_cell_is_refused_and_the_right_ones_are_named(course, folder, name):
    path = write(folder, OWN, name)
    with pytest.raises(ValueError) as raised:
        load_private_tests(folder, course, "a1_half")
    assert str(raised.value).startswith(f"{path}: a1_half has no test cell {name!r}; ")
    assert str(raised.value).endswith("after one of test_half")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x = 1\nassert half(2) = 1\n", ", line 2: "),
        ("x = 1\nreturn x\n", ", line 2: 'return' outside function"),
        ('x = 1\n\ny = "\\d"\n', ', line 3: .*invalid escape'),  # a warning, on stderr: 0 points
        (b"x = 1\n# \xff\n", ": it is no UTF-8 text \\(byte 8\\)"),
        (b"x = 1\x00\n", ": .*null bytes"),
        ("# only words\n", ": it holds no code"),
        (f"x = 1\n{END}\ny = 1\n", ": line 2: no markers in private tests"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_said_with_its_file_and_line(course, folder, content, said):
    path = write(folder, content)
    with pytest.raises(ValueError, match=f"{path}{said}"):
        load_private_tests(folder, course, "a1_half")


def test_code_that_may_stand_in_a_notebook_may_stand_in_a_private_test(course, folder):
    write(folder, "async def f():\n    return 1\n\n\nawait f()\n")
    assert list(load_private_tests(folder, course, "a1_half")) == ["test_half"]


# --- into the cell


def run(source, half):
    """Run a test cell as a notebook does; return the value of its last line."""
    space = {"half": half}
    *body, last = source.splitlines()
    exec("\n".join(body), space)
    return eval(last, space)


def test_own_tests_take_the_place_of_the_course_s():
    source = find(json.loads(build_notebook(ASSIGNMENT)), "test_half")["source"]
    laid = overlay("".join(source), OWN)
    assert laid == f"points = 2 * (half(4) == 2)\n{BEGIN}\n{OWN}{END}\npoints"
    right, knows_the_old = (lambda x: x / 2), {4: 2, -3: -1.5}.get
    assert run("".join(source), knows_the_old) == run(laid, right) == 4
    assert run(laid, knows_the_old) == 2


def test_what_nbgrader_hands_out_is_the_same_as_before():
    from nbformat.v4 import new_code_cell
    from nbgrader.preprocessors import ClearHiddenTests

    def handed_out(source):
        settings = {"grade": True, "schema_version": 3, "grade_id": "t", "solution": False}
        cell = new_code_cell(source, metadata={"nbgrader": settings})
        return ClearHiddenTests().preprocess_cell(cell, {}, 0)[0].source

    for source in (f"a = 1\n{BEGIN}\nold\n{END}\na", "a = 1\n\na  # shown"):
        assert handed_out(overlay(source, "secret = 1")) == handed_out(source)
        assert "secret" in overlay(source, "secret = 1")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a = 1\na", "a = 1\n[own]\na"),
        ("a", "[own]\na"),
        ("a = 1\na  # shown\n", "a = 1\n[own]\na  # shown\n"),
        ("a = 1\nround(\n    a\n)", "a = 1\n[own]\nround(\n    a\n)"),
        ("a = 1; a", "a = 1\n[own]\na"),
        ("ä = 'ö'; ä", "ä = 'ö'\n[own]\nä"),
        ("if True:\n    a = 1", "if True:\n    a = 1\n[own]"),
        ("a = 1\n", "a = 1\n[own]"),
        ("", "[own]"),
        ("# nothing", "# nothing\n[own]"),
    ],
)
def test_a_cell_without_hidden_tests_gets_a_region_before_its_last_expression(source, wanted):
    assert overlay(source, "own\n") == wanted.replace("[own]", f"{BEGIN}\nown\n{END}")


def test_of_several_regions_the_first_is_filled_and_the_others_are_emptied():
    source = f"a\n{BEGIN}\nb\n{END}\nc\n{BEGIN}\nd\n{END}\ne"
    assert overlay(source, "own") == f"a\n{BEGIN}\nown\n{END}\nc\n{BEGIN}\n{END}\ne"


def test_code_is_indented_as_the_region_is():
    source = f"if True:\n    {BEGIN}\n    old = 1\n    {END}"
    laid = overlay(source, "for i in [1]:\n\n    own = i\n")
    assert laid == textwrap.dedent(f"""\
        if True:
            {BEGIN}
            for i in [1]:

                own = i
            {END}""")
    compile(laid, "cell", "exec")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (f"a\n{BEGIN}\nb", "none with 'END HIDDEN TESTS' below it"),
        (f"a\n{END}\nb", "line 2 of the test cell: '### END HIDDEN TESTS' has no partner"),
        (f"{BEGIN}\n{BEGIN}\n{END}", "line 2 of the test cell: '### BEGIN HIDDEN TESTS' has no partner"),
        ("%time a\na", "is no plain Python"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_changed_is_refused(source, said):
    with pytest.raises(ValueError, match=said):
        overlay(source, "own")


# --- the gradebook knows the cells, too


@pytest.mark.nbgrader
def test_the_gradebook_says_which_cells_are_tests(tmp_path, folder):
    (tmp_path / "room").mkdir()
    room = Classroom(tmp_path / "room", "a1_half", build_notebook(ASSIGNMENT))
    course = Course(room.folder)
    assert graded_tests(course, "a1_half") == ["test_half"]
    (room.folder / "solutions" / "a1_half" / "a1_half.ipynb").unlink()
    write(folder, OWN)
    assert load_private_tests(folder, course, "a1_half") == {"test_half": OWN}
    assert graded_tests(course, "a2_other") == []


def test_looking_for_test_cells_makes_no_gradebook(course):
    assert graded_tests(course, "a1_half") == ["test_half"]
    assert not (course.root / "gradebook.db").exists()
