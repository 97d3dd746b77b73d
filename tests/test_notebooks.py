"""The pipeline: masters to notebooks and back, and what it refuses."""

import doctest
import importlib
import json
import random
import subprocess
import sys

import jupytext
import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_course import ASSIGNMENT, LECTURE, ROOT, write_masters

from tools.notebooks import course
from tools.notebooks.__main__ import main
from tools.notebooks.convert import absorb_notebook, build_notebook
from tools.notebooks.headers import MasterError
from tools.notebooks.targets import CONFIG

# --- round trips ---------------------------------------------------------------------------------

NASTY_LINES = [
    "",
    " ",
    "# %%",
    "# %% [markdown] role=1",
    "#%%",
    "# # %% x",
    "    # %% indented",
    "%% nothing",
    "%time x = 1",
    "# %time x = 1",
    "# # !ls",
    "!pip list",
    "    !ls",
    "%%capture",
    "x = !ls",
    "cat or dog",
    "# cat or dog?",
    '"""',
    "'''",
    "# ---",
    "# + [markdown]",
    "def f():",
    "@decorated",
    "    return 1",
    ")",
    "\ttab",
    "a\\",
    "naïve 漢字 \u2028 \x0c \x85 end",
]
lines = st.one_of(
    st.sampled_from(NASTY_LINES),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12),
)
sources = st.lists(lines, max_size=6).map("\n".join)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
NAMES = [
    "role",
    "id",
    "points",
    "slide",
    "metadata",
    "trailing_newlines",
    "title",
    "a b",
    "x.y-z",
    "é",
    "=",
]
metadata = st.dictionaries(st.sampled_from(NAMES), json_values, max_size=2)
titles = st.sampled_from([{}, {}, {"title": "Load data"}, {"title": "a [b] c=1"}, {"title": ""}])
tags = st.sampled_from([{}, {}, {"tags": ["a b", 'quo"te']}])
slides = st.sampled_from([{}, {}, {"slideshow": {"slide_type": "notes"}}])
SEVERAL = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


GRADED = {  # grade, solution, locked; as nbgrader's toolbar stores them
    "code": [(False, False, True), (False, True, False), (True, False, True)],
    "markdown": [(False, False, True), (True, True, False)],
    "raw": [],
}


@st.composite
def graded(draw, kind, number):
    """Source and nbgrader's settings of a cell with a role, or nothing."""
    if not GRADED[kind] or draw(st.booleans()):
        return None
    grade, solution, locked = draw(st.sampled_from(GRADED[kind]))
    settings = {"grade": grade, "solution": solution, "locked": locked, "task": False}
    settings |= {"schema_version": 3, "grade_id": f"cell-{number}"}
    if grade:
        settings["points"] = draw(st.integers(0, 9) | st.sampled_from([0.5, 2.0]))
    source = draw(sources)
    if solution:
        sign = "###" if kind == "code" else "==="
        source = f"{sign} BEGIN SOLUTION\n{source}\n{sign} END SOLUTION{draw(st.sampled_from(['', chr(10)]))}"
    return source, settings


@st.composite
def notebooks(draw):
    """Notebooks as JupyterLab might save them, with all kinds of noise."""
    cells = []
    kinds = draw(st.lists(st.sampled_from(["code", "markdown", "raw"]), max_size=5))
    for number, kind in enumerate(kinds):
        meant = {**draw(metadata), **draw(titles), **draw(tags), **draw(slides)}
        cell = {
            "cell_type": kind,
            "id": draw(st.sampled_from(["{:08x}", "{:08x}-1234-1234-1234-123456789abc"])).format(
                draw(st.integers(0, 2**32 - 1))
            ),
            "metadata": meant,
            "source": draw(sources),
        }
        if role := draw(graded(kind, number)):
            cell["source"], meant["nbgrader"] = role
        if kind == "markdown" and draw(st.booleans()):
            cell["attachments"] = {"image.png": {"image/png": "aGVsbG8="}}
        if kind == "code":
            cell["execution_count"] = draw(st.none() | st.integers(1, 9))
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello"}]
            noise = {"collapsed": True, "execution": {"iopub.status": "x"}, "trusted": False}
            meant.update(draw(st.sampled_from([{}, noise])))
        cells.append(cell)
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def meaning(notebook):
    """What an author put into a notebook, read without the code under test."""
    noise = {"collapsed", "execution", "trusted", "lines_to_next_cell"}
    return [
        (
            cell["cell_type"],
            "".join(cell["source"]),
            {key: value for key, value in cell["metadata"].items() if key not in noise},
            cell.get("attachments"),
        )
        for cell in notebook["cells"]
    ]


@SEVERAL
@given(notebooks())
def test_a_notebook_absorbed_and_built_again_means_the_same(notebook):
    master = absorb_notebook(json.dumps(notebook))
    built = build_notebook(master)
    assert meaning(json.loads(built)) == meaning(notebook)
    assert absorb_notebook(built) == master


@SEVERAL
@given(st.lists(st.tuples(st.sampled_from(["", " [markdown]", " [raw]"]), sources), max_size=4))
def test_a_master_either_comes_back_byte_for_byte_or_is_refused(cells):
    """Whatever stands below the headers: nobody's text is changed without a word."""
    text = "\n\n".join(f"# %%{kind}\n{source}" for kind, source in cells) + "\n"
    try:
        assert absorb_notebook(build_notebook(text)) == text
    except MasterError as error:
        assert str(error).startswith("line ")


@pytest.mark.parametrize("master", [LECTURE, ASSIGNMENT, ""])
def test_a_master_comes_back_byte_for_byte(master):
    assert absorb_notebook(build_notebook(master)) == master


@pytest.mark.parametrize("blank_lines", [0, 1, 2, 5])
def test_any_number_of_blank_lines_between_cells_comes_back(blank_lines):
    master = "# %%\nx = 1\n" + "\n" * blank_lines + "# %%\ny = 2\n"
    built = json.loads(build_notebook(master))
    assert ["".join(cell["source"]) for cell in built["cells"]] == ["x = 1", "y = 2"]
    assert absorb_notebook(build_notebook(master)) == master


def test_jupytext_reads_the_same_cells():
    """Masters open as notebooks in JupyterLab, too."""
    theirs = jupytext.reads(LECTURE.replace("cat or", "perhaps a cat or"), fmt="py:percent").cells
    ours = nbformat.reads(build_notebook(LECTURE), as_version=4).cells
    assert [cell.cell_type for cell in ours] == [cell.cell_type for cell in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.source.replace("cat or", "perhaps a cat or") == other.source


def test_a_comment_stays_a_comment_and_a_magic_becomes_one():
    setup = nbformat.reads(build_notebook(LECTURE), as_version=4).cells[1].source.split("\n")
    assert setup[0] == "%matplotlib inline"
    assert setup[-1] == "# a comment: is it a cat or a dog?"


def test_the_masters_read_well_as_python():
    for master in (LECTURE, ASSIGNMENT):
        compile(master, "master", "exec")


def test_masters_and_what_absorb_writes_pass_the_formatter():
    for master in (LECTURE, ASSIGNMENT, EDITED):
        command = [
            sys.executable,
            "-m",
            "ruff",
            "format",
            "--check",
            "--stdin-filename",
            "m.py",
            "-",
        ]
        done = subprocess.run(command, input=master, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


# --- what a notebook holds -----------------------------------------------------------------------


def test_the_same_master_gives_the_same_bytes(tmp_path):
    first, second = (write_masters(tmp_path / name) for name in ("first", "second"))
    course.build(first)
    course.build(second)
    made = sorted(path.relative_to(first) for path in first.rglob("*.ipynb"))
    assert len(made) == 4
    for path in made:
        assert (first / path).read_bytes() == (second / path).read_bytes()


def test_a_notebook_in_step_is_not_written_again(tmp_path):
    """JupyterLab would ask whether to reload it."""
    course.build(write_masters(tmp_path))
    lecture = tmp_path / "lectures/01_one.ipynb"
    before = lecture.stat()
    write_masters(tmp_path, assignment=ASSIGNMENT.replace("x / 2", "x * 0.5"))
    assert len(course.build(tmp_path)) == 3
    assert (lecture.stat().st_mtime_ns, lecture.stat().st_ino) == (
        before.st_mtime_ns,
        before.st_ino,
    )


def test_editing_one_cell_keeps_the_ids_of_its_neighbours():
    ids = [
        [cell["id"] for cell in json.loads(build_notebook(master))["cells"]]
        for master in (LECTURE, LECTURE.replace("2 * x", "x + x"))
    ]
    assert [a == b for a, b in zip(*ids, strict=True)] == [True, True, False, True]


def test_two_cells_alike_have_two_ids():
    cells = json.loads(build_notebook("# %%\nx\n\n# %%\nx\n"))["cells"]
    assert cells[0]["id"] != cells[1]["id"]


def test_roles_become_what_nbgrader_accepts():
    from nbgrader.nbgraderformat import MetadataValidator

    notebook = nbformat.reads(build_notebook(ASSIGNMENT), as_version=4)
    MetadataValidator().validate_nb(notebook)
    stored = {cell.id: cell.metadata.nbgrader for cell in notebook.cells[1:]}
    flags = {name: (m.grade, m.solution, m.locked, m.get("points")) for name, m in stored.items()}
    assert flags == {
        "setup": (False, False, True, None),
        "half": (False, True, False, None),
        "test_half": (True, False, True, 4),
        "why_question": (False, False, True, None),
        "why": (True, True, False, 2),
    }


def test_the_release_holds_stubs_instead_of_answers(tmp_path):
    course.build(write_masters(tmp_path))
    text = (tmp_path / "assignments/a1_half/a1_half.ipynb").read_text(encoding="utf-8")
    cells = {cell.id: cell.source for cell in nbformat.reads(text, as_version=4).cells}
    assert cells["half"].endswith('    raise NotImplementedError("write your answer here")')
    assert cells["test_half"] == "points = 2 * (half(4) == 2)\npoints"
    assert cells["why"] == "*Write your answer here.*"
    assert not any(word in text for word in ("secret", "-1.5", "model answer", "BEGIN", "END"))


def test_the_package_carries_what_students_get(tmp_path):
    course.build(write_masters(tmp_path))
    release = tmp_path / "assignments/a1_half/a1_half.ipynb"
    packaged = tmp_path / "effcv_lab/grading/releases/a1_half.ipynb"
    assert packaged.read_bytes() == release.read_bytes()


# --- edited in JupyterLab ------------------------------------------------------------------------


def edit(path, change):
    """Change a notebook's JSON on disk."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def jupyterlab_cell(kind, source, metadata):
    drawn = "".join(random.Random(source).choices("0123456789abcdef", k=32))
    name = f"{drawn[:8]}-{drawn[8:12]}-{drawn[12:16]}-{drawn[16:20]}-{drawn[20:]}"
    cell = {"cell_type": kind, "id": name, "metadata": metadata, "source": source}
    if kind == "code":
        cell |= {"outputs": [], "execution_count": 3}
    return cell


def with_the_toolbar(notebook):
    """Run all cells; then, with nbgrader's Create Assignment tool, change points and add a question."""
    for count, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code":
            cell["execution_count"] = count
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hi\n"]}]
            cell["metadata"] |= {"trusted": True, "collapsed": False, "scrolled": True}
            cell["metadata"]["execution"] = {"iopub.status.busy": "2024-01-01T00:00:00Z"}
        cell["metadata"] |= {"editable": True, "tags": [], "slideshow": {"slide_type": ""}}
        cell["metadata"]["jupyter"] = {"outputs_hidden": True}
    notebook["metadata"]["kernelspec"]["display_name"] = "Python 3 (ipykernel)"
    notebook["metadata"]["language_info"] |= {"version": "3.11.2", "file_extension": ".py"}
    notebook["metadata"]["celltoolbar"] = "Create Assignment"
    notebook["cells"][3]["metadata"]["nbgrader"]["points"] = 5.0
    identity = {"schema_version": 3, "task": False}
    answer = {"grade": False, "grade_id": "third", "locked": False, "solution": True, **identity}
    tests = {"grade": True, "grade_id": "test_third", "locked": True, "solution": False, **identity}
    notebook["cells"][4:4] = [
        jupyterlab_cell("markdown", "Thirds, too.", {}),
        jupyterlab_cell(
            "code",
            "def third(x):\n    ### BEGIN SOLUTION\n    return x / 3\n    ### END SOLUTION",
            {"nbgrader": answer, "deletable": False},
        ),
        jupyterlab_cell("code", "assert third(3) == 1", {"nbgrader": {**tests, "points": 1}}),
    ]


EDITED = ASSIGNMENT.replace("points=4", "points=5").replace(
    '# %% [markdown] role="given"',
    """\
# %% [markdown]
# Thirds, too.


# %% role="answer" id="third" deletable=false
def third(x):
    ### BEGIN SOLUTION
    return x / 3
    ### END SOLUTION


# %% role="tests" id="test_third" points=1
assert third(3) == 1

# %% [markdown] role="given\"""",
)


def test_an_assignment_edited_with_nbgraders_toolbar_becomes_the_master(tmp_path):
    course.build(write_masters(tmp_path))
    edit(tmp_path / "solutions/a1_half/a1_half.ipynb", with_the_toolbar)
    assert main(["absorb"], tmp_path) == 0
    assert (tmp_path / "notebooks/assignments/a1_half.py").read_text(encoding="utf-8") == EDITED
    assert list(course.problems(tmp_path)) == []


def test_a_notebook_that_was_only_run_needs_no_absorbing(tmp_path, capsys):
    course.build(write_masters(tmp_path))

    def run(notebook):
        notebook["cells"][1]["execution_count"] = 1
        notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]

    edit(tmp_path / "lectures/01_one.ipynb", run)
    assert main(["absorb"], tmp_path) == 0
    assert capsys.readouterr().out == "nothing to do\n"
    assert main(["build"], tmp_path) == 0
    assert list(course.problems(tmp_path)) == []


def test_a_notebook_made_in_jupyterlab_becomes_a_new_master(tmp_path):
    course.build(write_masters(tmp_path))
    new = {
        "cells": [jupyterlab_cell("markdown", "# New\r\n\r\ntext", {})],
        "metadata": {"rise": {"theme": "simple"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "lectures/02_new.ipynb").write_text(json.dumps(new), encoding="utf-8")
    assert main(["absorb"], tmp_path) == 0
    assert (tmp_path / "notebooks/lectures/02_new.py").read_text(encoding="utf-8") == (
        '# ---\n# jupyter: {"rise": {"theme": "simple"}}\n# ---\n\n'
        "# %% [markdown]\n# # New\n#\n# text\n"
    )


def test_build_does_not_drop_edits_unless_told_to(tmp_path, capsys):
    course.build(write_masters(tmp_path))
    lecture = tmp_path / "lectures/01_one.ipynb"
    edit(lecture, lambda notebook: notebook["cells"].pop())
    kept = lecture.read_bytes()
    assert main(["build"], tmp_path) == 1
    assert "lectures/01_one.ipynb: edited by hand; 'make absorb'" in capsys.readouterr().err
    assert lecture.read_bytes() == kept
    assert main(["build", "--force"], tmp_path) == 0
    assert len(json.loads(lecture.read_text(encoding="utf-8"))["cells"]) == 4


def test_absorb_does_not_drop_a_newer_master_unless_told_to(tmp_path, capsys):
    course.build(write_masters(tmp_path))
    lecture, master = tmp_path / "lectures/01_one.ipynb", tmp_path / "notebooks/lectures/01_one.py"
    edit(lecture, lambda notebook: notebook["cells"].pop())
    newer = LECTURE.replace("One lecture", "Another title")
    master.write_text(newer, encoding="utf-8")
    assert main(["absorb", str(lecture)], tmp_path) == 1
    assert "01_one.py changed too" in capsys.readouterr().err
    assert master.read_text(encoding="utf-8") == newer
    assert main(["absorb", "--force", str(lecture)], tmp_path) == 0
    assert master.read_text(encoding="utf-8") == LECTURE.removesuffix("\n\n# %%\ndouble(math.pi)\n")


# --- what is refused -----------------------------------------------------------------------------

MISTAKES = {
    "unknown role": ("a", 'role="answer"', 'role="anwser"', "line 8 (\"half\"): role='anwser' is not one of"),
    "role unquoted": ("a", 'role="answer"', "role=answer", "line 8: cannot read 'role=answer id="),
    "key twice": ("a", 'id="setup"', 'id="setup" id="x"', "line 4: cannot read 'id=\"x\"' in this header"),
    "missing id": ("a", ' id="half"', "", 'line 8: role="answer" needs id="..."'),
    "missing points": ("a", " points=4", "", 'line 17 ("test_half"): role="tests" needs points=...'),
    "points unasked": ("a", 'id="setup"', 'id="setup" points=1', 'line 4 ("setup"): points=1 belongs in'),
    "points negative": ("a", "points=4", "points=-4", "points must be a number >= 0, got -4"),
    "points in words": ("a", "points=4", 'points="4"', "points must be a number >= 0, got '4'"),
    "duplicate id": ("a", 'id="test_half"', 'id="half"', 'line 17 ("half"): this id is taken by line 8'),
    "bad id": ("a", 'id="half"', 'id="ha lf"', "id='ha lf' must be 1 to 64 of the characters"),
    "drawn id": ("a", 'id="half"', 'id="0123abcd"', "looks like the ids that JupyterLab draws"),
    "solution not ended": ("a", "    ### END SOLUTION\n", "", "'### BEGIN SOLUTION' has no '### END SOLUTION'"),
    "solution not begun": ("a", "    ### BEGIN SOLUTION\n", "", "'### END SOLUTION' has no '### BEGIN SOLUTION'"),
    "tests not ended": ("a", "### END HIDDEN TESTS\n", "", "'### BEGIN HIDDEN TESTS' has no '### END HIDDEN"),
    "tests not begun": ("a", "### BEGIN HIDDEN TESTS\n", "", "'### END HIDDEN TESTS' has no '### BEGIN HIDDEN"),
    "nested": ("a", "    secret =", "    ### BEGIN SOLUTION\n    secret =", "inside another region"),
    "marker in code": ("a", "### BEGIN SOLUTION", "### BEGIN SOLUTION now", "write the marker alone on its line"),
    "text marker in code": ("a", "### BEGIN SOLUTION", "# === BEGIN SOLUTION", "write the marker alone"),
    "no solution": ("a", "### BEGIN SOLUTION\n    secret = x / 2\n    return secret\n    ### END SOLUTION", "pass",
                    "line 8 (\"half\"): a cell with role='answer' needs a solution"),
    "solution elsewhere": ("a", "import math", "### BEGIN SOLUTION\n### END SOLUTION", "belongs in role=\"answer\""),
    "mark scheme": ("a", "# Why?", "# === BEGIN MARK SCHEME", "belongs in no cell of this kit"),
    "hidden points": ("a", "### END HIDDEN TESTS\npoints\n", "points\n### END HIDDEN TESTS\n", "the points, is hidden"),
    "written in code": ("a", '[markdown] role="written" id="why" points=2\n# === BEGIN', 'role="written" id="why" points=2\n# === BEGIN',
                        'role="written" is for markdown cells, not code'),
    "answer in text": ("a", '# %% [markdown]\n# # An', '# %% [markdown] role="answer" id="x"\n# # An',
                       'line 1 ("x"): role="answer" is for code cells, not markdown'),
    "header order": ("a", 'role="given" id="setup"', 'id="setup" role="given"', 'write \'# %% role="given" id="setup"\''),
    "role in a lecture": ("l", "# %%\n", '# %% role="given" id="x"\n', "line 18: a lecture has no graded cells"),
    "unknown slide": ("l", '"fragment"', '"slid"', "slide='slid' is not one of slide, subslide"),
    "text before cells": ("l", "# %% [markdown] slide", "hello\n# %% [markdown] slide", "line 1: text before the first cell"),
    "unknown kind": ("l", "[markdown]", "[text]", "line 1: a cell is code (nothing written), [markdown]"),
    "bare text": ("l", "# With an", "With an", "line 4: a line of text starts with '# '"),
    "bare magic": ("l", "# %matplotlib", "%matplotlib", "line 7: write a magic as '# %matplotlib inline'"),
    "no space": ("l", "# %%\ndouble", "#%%\ndouble", "write '# %%' at the margin for a cell, not '#%%'"),
    "trailing space": ("l", "#\n# With", "# \n# With", "line 3: write '#', not '# '"),
    "trailing line": ("l", "double(math.pi)\n", "double(math.pi)\n\n", "a master ends with exactly one newline"),
    "bad tag": ("l", '"no-print"', '"no,print"', "the notebook format does not allow cells/1/metadata/tags/1"),
    "front end's note": ("l", 'id="setup"', 'id="setup" collapsed=true', "line 6: write"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_and_line_and_nothing_is_written(mistake, tmp_path, capsys):
    which, right, wrong, message = MISTAKES[mistake]
    masters = {"a": ASSIGNMENT, "l": LECTURE}
    assert right in masters[which]
    masters[which] = masters[which].replace(right, wrong, 1)
    write_masters(tmp_path, masters["l"], masters["a"])
    assert main(["build"], tmp_path) == 1
    out, err = capsys.readouterr()
    place = "assignments/a1_half.py" if which == "a" else "lectures/01_one.py"
    assert err.startswith(f"error: notebooks/{place}: line ") or mistake == "bad tag"
    assert message in err and err.count("\n") == 1 and out == ""
    assert list(tmp_path.rglob("*.ipynb")) == []


def test_a_mistake_in_a_notebook_is_named_with_its_cell(tmp_path, capsys):
    course.build(write_masters(tmp_path))
    path = tmp_path / "solutions/a1_half/a1_half.ipynb"
    edit(path, lambda notebook: notebook["cells"][3]["metadata"]["nbgrader"].pop("points"))
    assert main(["absorb"], tmp_path) == 1
    message = 'a1_half.ipynb: cell 4 ("test_half"): role="tests" needs points=...'
    assert message in capsys.readouterr().err
    edit(path, lambda notebook: notebook["cells"][5]["metadata"]["nbgrader"].update(task=True))
    assert main(["absorb"], tmp_path) == 1
    assert 'cell 6: "Manually graded task" has no role' in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage", ["", "[]", "{}", '{"nbformat": 3}', "not json", '{"nbformat": 4}']
)
def test_a_file_that_is_no_notebook_is_refused(damage, tmp_path, capsys):
    course.build(write_masters(tmp_path))
    (tmp_path / "lectures/01_one.ipynb").write_text(damage, encoding="utf-8")
    assert main(["absorb"], tmp_path) == 1
    assert "error: lectures/01_one.ipynb: " in capsys.readouterr().err
    assert (tmp_path / "notebooks/lectures/01_one.py").read_text(encoding="utf-8") == LECTURE


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("assignments/a1_half/a1_half.ipynb", "the students' copy: edit solutions/a1_half instead"),
        ("lectures/none.ipynb", "no such notebook"),
        ("README.md", "neither lectures/NAME.ipynb nor solutions/NAME/NAME.ipynb"),
    ],
)
def test_absorb_takes_lectures_and_solutions_only(path, message, tmp_path, capsys):
    course.build(write_masters(tmp_path))
    assert main(["absorb", str(tmp_path / path)], tmp_path) == 1
    assert message in capsys.readouterr().err


# --- check ---------------------------------------------------------------------------------------


def test_check_names_what_is_out_of_step_and_what_to_run(tmp_path, capsys):
    write_masters(tmp_path)
    assert main(["check"], tmp_path) == 1
    assert "lectures/01_one.ipynb: missing: run make notebooks" in capsys.readouterr().out
    course.build(tmp_path)
    assert main(["check"], tmp_path) == 0
    assert capsys.readouterr().out == "2 masters in step\n"

    write_masters(tmp_path, assignment=ASSIGNMENT.replace("x / 2", "x * 0.5"))
    (tmp_path / "solutions/a1_half/notes.txt").write_text("the answers")
    (tmp_path / "lectures/03_stray.ipynb").write_text("{}")
    (tmp_path / "effcv_lab/grading/releases/a0_gone.ipynb").write_text("{}")
    assert main(["check"], tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "solutions/a1_half/a1_half.ipynb: out of step: run make notebooks"
        " (its master is notebooks/assignments/a1_half.py)",
        "assignments/a1_half/a1_half.ipynb: out of step: run make notebooks"
        " (its master is notebooks/assignments/a1_half.py)",
        "effcv_lab/grading/releases/a1_half.ipynb: out of step: run make notebooks"
        " (its master is notebooks/assignments/a1_half.py)",
        "effcv_lab/grading/releases/a0_gone.ipynb: belongs to no master; students would get it:"
        " remove it",
        "lectures/03_stray.ipynb: has no master: run make absorb, or remove it",
        "solutions/a1_half/notes.txt: belongs to no master; students would get it: remove it",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["build"], ["absorb"], ["check"]])
def test_every_command_explains_itself(arguments):
    command = [sys.executable, "-m", "tools.notebooks", *arguments, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert "usage: python -m tools.notebooks" in done.stdout


def test_the_examples_in_the_pipelines_docstrings_hold():
    for name in ("headers", "percent", "markers", "roles"):
        module = importlib.import_module(f"tools.notebooks.{name}")
        failed, tried = doctest.testmod(module)
        assert tried and not failed


def test_the_pipeline_uses_the_settings_that_instructors_use():
    assert CONFIG == ROOT / "nbgrader_config.py" and CONFIG.exists()
