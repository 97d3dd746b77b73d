"""effcv check: what a student is told of a damaged notebook, and how it is mended."""

import copy
import json
import os
import random
import time

import nbformat
import pytest
from classroom import answered, answers_in, find
from small_course import ASSIGNMENT, ROOT

from effcv_lab import cli
from effcv_lab.grading.checkup import checkup, kernel, names, releases
from effcv_lab.grading.checkup.checkup import check_up, write_mended
from effcv_lab.grading.checkup.kernel import Ran, fresh_kernel
from effcv_lab.grading.checkup.locating import assignment_of, find_notebook
from effcv_lab.grading.checkup.problem import Cells
from effcv_lab.grading.checkup.report import report
from effcv_lab.grading.checkup.running import Run
from effcv_lab.grading.checkup.trouble import troubles
from tools.notebooks.convert import build_notebook
from tools.notebooks.release import make_release
from tools.notebooks.targets import CONFIG

RIGHT = {"half": "def half(x):\n    return 0.5 * x", "why": "Because I measured it."}
LOCKED = ["setup", "test_half", "why_question"]


@pytest.fixture(scope="module")
def release():
    return json.loads(make_release("a1_half", build_notebook(ASSIGNMENT), CONFIG))


@pytest.fixture(autouse=True)
def releases_folder(release, tmp_path, monkeypatch):
    """The kit of a course with one small assignment."""
    folder = tmp_path / "releases"
    folder.mkdir()
    (folder / "a1_half.ipynb").write_text(json.dumps(release), encoding="utf-8")
    monkeypatch.setattr(releases, "FOLDER", folder)
    return folder


@pytest.fixture
def good(release):
    return answered(release, RIGHT)


@pytest.fixture
def hand(tmp_path):
    """Write a notebook where a student has it."""

    def write(content, name="a1_half.ipynb", folder="a1_half"):
        path = tmp_path / "home" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def not_run(monkeypatch):
    """Look without running anything."""
    monkeypatch.setattr(checkup, "run", lambda notebook, seconds: Run())


def code(source, name="own"):
    return {"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": [], "execution_count": None}  # fmt: skip


def said(found):
    return [f"{p.where} | {p.what} | {p.mend}" for p in found.problems]


def only(found, *parts):
    """Assert that one thing is to be mended, and that it is told in these words."""
    assert len(found.to_mend) == 1, said(found)
    text = said(found)[found.problems.index(found.to_mend[0])]
    assert all(part in text for part in parts), text


# --- the run and its points


def test_a_finished_notebook_needs_no_mending_and_shows_its_points(good, hand):
    found = check_up(hand(good))
    assert found.problems == [] and found.mended is None
    assert [(c.name, c.points, c.possible) for c in found.checks] == [("half", 2.0, 4.0)]
    text = report(found)
    assert "So far 2 of 4 points by the visible checks; 2 more are graded by a person." in text
    assert text.endswith("Nothing is left to mend. Hand in the file a1_half.ipynb.")


def test_the_untouched_release_is_told_what_to_write(release, hand):
    found = check_up(hand(release))
    assert [p.what for p in found.to_mend] == [
        "`half` is not written yet.",
        "The written question `why` is not answered.",
    ]
    assert found.to_mend[0].where == "cell 3, half: def half(x):"
    assert [(c.points, c.text) for c in found.checks] == [(0.0, "not written yet")]


def test_what_does_not_run_well_is_told_cell_by_cell(good, hand):
    """One run for many mistakes: each is told, with its cell, and those after it run all the same."""
    good["cells"][2:2] = [
        code("early = late", "own0"),
        code("import time\nwhile True:\n    time.sleep(0.01)", "own1"),
        code("x = input('x? ')", "own2"),
        code("x = 1\n[1][x]", "own3"),
        code("import my_helpers", "own4"),
        code("import sys\nsys.exit()", "own5"),
        code("1 / 0", "own6") | {"metadata": {"tags": ["raises-exception"]}},
        code("def rest(x):\n    return forgotten(x)", "own7"),
        code("print('much ' * 100_000)", "own8"),
        code("lost + 1", "own9"),
        code("def broken(:\n    pass", "own10"),
    ]
    good["cells"].append(code("late = 1", "own11"))
    path = hand(good)
    (path.parent / "my_helpers.py").write_text("x = 1")
    found = check_up(path, seconds=1)
    wanted = [
        ("cell 5: x = input('x? ')", "waits for somebody to type", "put a value there"),
        ("cell 3: early = late", "`late` is made only further down", "cell 18: late = 1"),
        ("cell 4: import time", "did not finish within 1 s", "loop"),
        ("cell 6: x = 1", "stops with IndexError: list index out of range (line 2)", "repair"),
        ("cell 7: import my_helpers", "needs 'my_helpers.py', but only the notebook", "into the notebook"),
        ("cell 8: import sys", "calls sys.exit()", "delete"),
        ("cell 11: print(", "prints 0.5 million characters", "print less"),
        ("cell 12: lost + 1", "`lost` is made by no cell of the notebook", "write what makes `lost`"),
        ("cell 13: def broken(:", "stops with SyntaxError", "repair"),
    ]  # fmt: skip
    told = [line for line, p in zip(said(found), found.problems, strict=True) if not p.note]
    assert len(told) == len(wanted), told
    for line, parts in zip(told, wanted, strict=True):
        assert all(part in line for part in parts), line
    assert [(c.points, c.possible) for c in found.checks] == [(2.0, 4.0)]


def test_a_name_that_no_cell_makes_is_noted_though_nobody_needed_it_yet(good, hand):
    find(good, "half")["source"] = (
        "def half(x):\n    if x > 100:\n        return huge(x)\n    return x / 2"
    )
    found = check_up(hand(good))
    assert found.to_mend == []
    assert said(found) == [
        "cell 3, half: def half(x): | `huge` is used here, but no cell makes it. | "
        "write what makes `huge`, or mend its spelling"
    ]


def test_a_helper_from_an_old_kernel_is_told_once_where_it_is_used(good, hand):
    find(good, "half")["source"] = "def half(x):\n    return halved(x)"
    found = check_up(hand(good))
    only(found, "cell 3, half: def half(x):", "`halved` is made by no cell", "write what makes")
    assert found.checks[0].points == 0 and "NameError" in found.checks[0].text


def test_what_a_check_prints_of_a_missing_name_is_understood(good, tmp_path):
    """The kit's checks catch what a function raises, and tell it."""
    find(good, "half")["source"] = "def half(x):\n    return halved(x)"
    notebook = nbformat.reads(json.dumps(good), as_version=4)
    text = "it stopped with NameError: name 'halved' is not defined (line 2 of its cell)"
    told = nbformat.v4.new_output("stream", name="stdout", text=text)
    ran = [(notebook.cells[2], Ran()), (notebook.cells[3], Ran(outputs=[told]))]
    problems = troubles(Run(ran), Cells(notebook), tmp_path, 60)
    assert [(p.what[:22], p.where[:12], p.note) for p in problems] == [
        ("`halved` is made by no", "cell 3, half", False)
    ]


def test_a_name_whose_cell_failed_points_to_that_cell(good, hand):
    good["cells"][2:2] = [code("a = [][0]\nb = 1", "own0"), code("b + 1", "own1")]
    found = check_up(hand(good))
    assert [p.what.partition(":")[0] for p in found.to_mend] == [
        "The cell stops with IndexError",
        "`b` is missing here",
    ]
    assert found.to_mend[1].mend == "first repair cell 3: a = [][0]"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import os\nos._exit(3)", "The kernel died in this cell"),
        ("exit()", "The cell ends the kernel"),
        (
            "while True:\n    try:\n        while True:\n            pass\n"
            "    except KeyboardInterrupt:\n        pass",
            "It did not heed the interrupt.",
        ),
    ],
)
def test_a_kernel_that_goes_is_told_and_the_checks_below_were_not_run(
    source, words, good, hand, monkeypatch
):
    monkeypatch.setattr(kernel, "GRACE_SECONDS", 1)
    good["cells"].insert(3, code(source))
    found = check_up(hand(good), seconds=1)
    only(found, "cell 4", words)
    assert [(c.points, c.text) for c in found.checks] == [
        (0.0, "not run: the kernel had ended before")
    ]


def test_the_run_is_in_an_empty_folder_with_this_python_and_leaves_nothing(good, hand):
    good["cells"].insert(2, code("import os, sys\nopen('made.txt', 'w').close()"))
    good["cells"].insert(3, code("print(os.listdir(), sys.executable)"))
    path = hand(good)
    before = path.read_bytes()
    assert check_up(path).to_mend == []
    assert [p.name for p in path.parent.iterdir()] == ["a1_half.ipynb"]
    assert path.read_bytes() == before
    with fresh_kernel() as fresh:
        import sys

        ran = fresh.run("import os, sys; print(os.listdir(), sys.executable)", 30)
        place = fresh.run("print(os.getcwd())", 30).printed.strip()
    assert ran.printed == f"[] {sys.executable}\n" and not os.path.exists(place)


def test_a_flood_of_output_is_cut_and_ends_in_time():
    started = time.monotonic()
    with fresh_kernel() as fresh:
        ran = fresh.run("while True:\n    print('x' * 10_000)", 2)
        assert ran.ended == "timeout"
        assert fresh.run("print(1)", 20).printed == "1\n"
    assert sum(len(o.get("text", "")) for o in ran.outputs) <= kernel.KEPT_CHARACTERS
    assert time.monotonic() - started < 40


# --- damaged cells: told, mended, graded as handed out


def remove(name):
    return lambda notebook: notebook["cells"].remove(find(notebook, name))


def copy_below(name, **other):
    def change(notebook):
        place = notebook["cells"].index(find(notebook, name))
        notebook["cells"].insert(
            place + 1, copy.deepcopy(find(notebook, name)) | {"id": "c"} | other
        )

    return change


def change_cell(name, **other):
    return lambda notebook: find(notebook, name).update(other)


def change_settings(name, **other):
    return lambda notebook: find(notebook, name)["metadata"]["nbgrader"].update(other)


def as_text(notebook):
    cell = find(notebook, "test_half")
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]


def answer_as_text(notebook):
    cell = find(notebook, "half")
    cell["cell_type"] = "raw"
    del cell["outputs"], cell["execution_count"]


DAMAGES = {
    "tests_deleted": (remove("test_half"), "`test_half` was deleted", "test_half: points = "),
    "setup_deleted": (remove("setup"), "`setup` was deleted", "setup: import math"),
    "written_deleted": (remove("why"), "`why` was deleted", "why: *Write your answer here.*"),
    "tests_copied": (copy_below("test_half"), "`test_half` is there more than once", "cell 5, test_half: points"),
    "answer_copied": (copy_below("half"), "`half` is there more than once", "cell 4, half: def half(x):"),
    "tests_edited": (change_cell("test_half", source="4"), "`test_half` was edited", "cell 4, test_half: 4"),
    "points": (change_settings("test_half", points=9), "Points or locks of `test_half`", "cell 4, test_half"),
    "locks": (change_settings("setup", locked=False), "Points or locks of `setup`", "cell 2, setup"),
    "text": (as_text, "`test_half` is no longer a code cell", "cell 4, test_half"),
    "answer_text": (answer_as_text, "`half` is no longer a code cell", "cell 3, half"),
    "foreign": (
        lambda notebook: notebook["cells"].append(code("1") | {"metadata": {"nbgrader": {"grade_id": "z"}}}),
        "settings of another assignment",
        "cell 7, z: 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cell_is_told_and_mended(damage, good, release, hand, not_run):
    change, what, where = DAMAGES[damage]
    change(good)
    path = hand(good)
    before = path.read_bytes()
    found = check_up(path)
    first = found.to_mend[0]
    assert what in first.what and where in first.where and first.by_mend
    assert "effcv check a1_half --mend" in first.mend
    assert path.read_bytes() == before
    kept = write_mended(found)
    assert kept.name == "a1_half.before-mend.ipynb" and kept.read_bytes() == before
    assert_as_handed_out(path, release)
    again = check_up(path)
    assert again.mended is None and not any(p.by_mend for p in again.problems)
    answer = find(json.loads(path.read_text(encoding="utf-8")), "half")
    assert "".join(answer["source"]) == RIGHT["half"]


def assert_as_handed_out(path, release):
    """Ask nbgrader: settings and checksums of the locked cells are the release's."""
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.utils import compute_checksum

    mended = nbformat.read(path, as_version=4)
    nbformat.validate(mended)
    MetadataValidator().validate_nb(mended)
    graded = {c.metadata.nbgrader.grade_id: c for c in mended.cells if "nbgrader" in c.metadata}
    for cell in release["cells"]:
        if "nbgrader" in cell["metadata"]:
            settings = cell["metadata"]["nbgrader"]
            there = graded.pop(settings["grade_id"])
            assert there.metadata.nbgrader == settings and there.cell_type == cell["cell_type"]
            if settings["locked"]:
                assert compute_checksum(there) == settings["checksum"]
    assert graded == {}


def test_a_copy_becomes_a_cell_that_may_be_deleted(good, hand, not_run):
    copy_below("test_half")(good)
    found = check_up(hand(good))
    write_mended(found)
    copied = json.loads(found.path.read_text(encoding="utf-8"))["cells"][4]
    assert copied["metadata"] == {} and copied["cell_type"] == "code"


def test_mending_again_keeps_the_first_notebook(good, hand, not_run):
    first = None
    for source in ("one", "two"):
        change_cell("test_half", source=source)(good)
        path = hand(good)
        first = first or path.read_bytes()
        kept = write_mended(check_up(path))
    assert kept.name == "a1_half.before-mend-2.ipynb"
    assert path.with_name("a1_half.before-mend.ipynb").read_bytes() == first


def test_outputs_attachments_and_notes_of_the_student_stay(good, hand, not_run):
    shown = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
    good["cells"].append(code("print(1)") | {"outputs": [shown], "execution_count": 3})
    good["cells"].append({"cell_type": "markdown", "id": "pic", "metadata": {"tags": ["mine"]},
                          "source": "![x](attachment:x.png)", "attachments": {"x.png": {"image/png": "aGk="}}})  # fmt: skip
    wanted = copy.deepcopy(good["cells"][-2:])
    remove("test_half")(good)
    found = check_up(hand(good))
    write_mended(found)
    cells = nbformat.read(found.path, as_version=4).cells[-2:]
    theirs = nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": wanted}
    )
    theirs.cells[0].outputs[0].text = "1\n"
    assert cells == theirs.cells


def test_an_answer_in_another_cell_is_good_and_a_lost_one_is_put_back(good, hand, not_run):
    elsewhere = copy.deepcopy(good)
    find(elsewhere, "half")["metadata"] = {}
    found = check_up(hand(elsewhere))
    assert found.to_mend == [] and "stands in a cell of your own" in found.problems[0].what
    remove("half")(good)
    found = check_up(hand(good))
    assert [p.what for p in found.to_mend] == ["`half` was deleted.", "`half` is not written yet."]
    order = [c.metadata.nbgrader.grade_id for c in found.mended.cells if "nbgrader" in c.metadata]
    assert order == ["setup", "half", "test_half", "why_question", "why"]


def test_an_answer_in_the_copy_is_to_be_moved(release, hand, not_run):
    notebook = answered(release, {"half": RIGHT["half"]})
    copy_below("half")(notebook)
    copy_below("why", source="My words.")(notebook)
    found = check_up(hand(notebook))
    assert "your answer stands in a copy of this cell" in found.to_mend[-1].mend


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "`half` is not written yet"),
        ('# hm\ndef half(x):\n    """Return half of x."""\n    # later\n'
         '    raise NotImplementedError("write your answer here")', "`half` is not written yet"),
        ('def half(x):\n    y = x / 2\n    raise NotImplementedError("write your answer here")',
         "`half` still holds the line that raises NotImplementedError"),
        ("def half(x):\n    raise NotImplementedError('odd x')", None),
        ("half = lambda x: x / 2", None),
    ],
)  # fmt: skip
def test_an_unanswered_function_is_told(source, words, good, hand, not_run):
    find(good, "half")["source"] = source
    found = check_up(hand(good))
    if words is None:
        assert found.problems == []
    else:
        only(found, "cell 3, half: ", words)


# --- the file


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"\0" * 500, "The file is empty."),
        (b'{"cells": [', "breaks off in the middle"),
        (b'{"cells": [}', "damaged in line 1"),
        (b'{\n<<<<<<< HEAD\n "a": 1\n=======\n "a": 2\n>>>>>>> x\n}', "Git merge"),
        (b"PK\x03\x04zip", "is a zip archive"),
        (b"<!DOCTYPE html>", "is a web page"),
        (b"\xff\xfe{}", "damaged"),
        (b"[]", "JSON, but no notebook"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 3, "worksheets": []}', "old format 3"),
        (b"[" * 100_000, "damaged"),
        (b'{"nbformat": 4, "cells": [], "metadata": ' + b'{"a": ' * 90 + b"1" + b"}" * 91, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_notebook_is_told_in_a_line(content, words, hand, capsys):
    path = hand(content)
    found = check_up(path)
    only(found, words)
    assert found.checks == [] and found.mended is None and write_mended(found) is None
    assert cli.main(["check", str(path)]) == 1
    out, err = capsys.readouterr()
    assert words in out and "Traceback" not in out and err == ""


def test_an_older_version_that_jupyterlab_kept_is_named(hand):
    path = hand(b"{")
    older = path.parent / ".ipynb_checkpoints" / "a1_half-checkpoint.ipynb"
    older.parent.mkdir()
    older.write_text("{}")
    only(check_up(path), "JupyterLab kept an older version", str(older))


def test_a_huge_file_is_not_read_and_a_large_one_is_noted(good, hand, monkeypatch, not_run):
    good["cells"].append(code("1") | {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * 6_000_000}]})  # fmt: skip
    found = check_up(hand(good))
    assert found.to_mend == [] and "6 MB, most of it outputs" in found.problems[0].what
    path = hand(good)
    os.truncate(path, 30_000_000)
    only(check_up(path), "30 MB; grading reads at most 25 MB", "Clear Outputs")


@pytest.mark.parametrize(
    ("name", "folder", "words"),
    [
        ("a1_half.ipynb", "Downloads", None),
        ("a1_half (1).ipynb", "Downloads", "The file is called 'a1_half (1).ipynb'"),
        ("A1_Half.ipynb", "a1_half", "The file is called 'A1_Half.ipynb'"),
        ("homework.ipynb", "x", "The file is called 'homework.ipynb'"),
        ("a1_half.ipynb", "A1-half", "The folder is called 'A1-half'"),
    ],
)
def test_a_wrong_name_is_told(name, folder, words, good, hand, not_run):
    found = check_up(hand(good, name, folder))
    assert found.assignment == "a1_half"
    if words is None:
        assert found.problems == []
    else:
        only(found, words, "exactly", "a1_half")


def test_its_exact_name_tells_more_than_its_cells(good, hand, releases_folder, not_run):
    (releases_folder / "b2_half.ipynb").write_text(json.dumps(good), encoding="utf-8")
    assert check_up(hand(good, "b2_half.ipynb", "x")).assignment == "b2_half"
    assert check_up(hand(good, "c3.ipynb", "x")).assignment == "a1_half"


def test_which_assignment_it_is_may_be_said_and_must_be_where_nothing_tells(hand):
    path = hand(b"", "x.ipynb", "y")
    with pytest.raises(ValueError, match="of which assignment"):
        check_up(path)
    assert check_up(path, "a1").assignment == "a1_half"
    with pytest.raises(ValueError, match="a1_half"):
        assignment_of(path, set(), "b7")


def test_the_notebook_is_found_from_the_words_typed(good, hand, monkeypatch):
    path = hand(good)
    monkeypatch.chdir(path.parent)
    assert find_notebook("a1").name == find_notebook(None).name == "a1_half.ipynb"
    monkeypatch.chdir(path.parent.parent)
    assert find_notebook("a1").resolve() == find_notebook("a1_half").resolve() == path
    with pytest.raises(ValueError, match="which assignment"):
        find_notebook(None)
    monkeypatch.chdir(path.parent)
    path.rename(path.with_name("a1_half-Copy1.ipynb"))
    assert find_notebook("a1").name == "a1_half-Copy1.ipynb"
    with pytest.raises(FileNotFoundError, match=r"there is 'a1_half-Copy1\.ipynb'"):
        find_notebook("a1_half.ipynb")
    hand(good, "a1_half (2).ipynb")
    with pytest.raises(ValueError, match="which notebook"):
        find_notebook("a1")
    with pytest.raises(ValueError, match="got 'b7'"):
        find_notebook("b7")


def test_seconds_must_be_positive(good, hand):
    with pytest.raises(ValueError, match="seconds must be"):
        check_up(hand(good), seconds=0)


ODD = [None, 7, -1.5, True, "x", [], {}, [None], {"a": [1]}, "\ud800", {"nbgrader": {"grade_id": "half"}}, float("nan")]  # fmt: skip


def mutated(notebook, draw):
    """Return a notebook's bytes after a few accidents: values of other types, keys lost, cells shuffled, bytes flipped."""
    notebook = copy.deepcopy(notebook)
    for _ in range(draw.randint(1, 4)):
        places = [notebook]
        for place in places:
            inner = place.values() if isinstance(place, dict) else place
            places += [x for x in inner if isinstance(x, dict | list) and x]
        place = draw.choice(places)
        key = draw.choice(list(place)) if isinstance(place, dict) else draw.randrange(len(place))
        if draw.random() < 0.3:
            del place[key]
        elif draw.random() < 0.8:
            place[key] = copy.deepcopy(draw.choice(ODD))
        elif isinstance(place, list):
            draw.shuffle(place)
        if not notebook:
            break
    content = bytearray(json.dumps(notebook).encode())
    for _ in range(draw.choice([0, 0, 0, 1, 5])):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_file_holds_there_is_a_report_and_a_mended_notebook_is_valid(
    seed, good, release, hand, not_run
):
    draw = random.Random(seed)
    for _ in range(60):
        path = hand(mutated(good, draw))
        found = check_up(path)
        assert report(found).count("\n") >= 2
        if write_mended(found):
            assert_settings_valid(path)
            again = check_up(path)
            assert not any(p.by_mend for p in again.problems), said(again)


def assert_settings_valid(path):
    from nbgrader.nbgraderformat import MetadataValidator

    mended = nbformat.read(path, as_version=4)
    nbformat.validate(mended)
    MetadataValidator().validate_nb(mended)


# --- names


@pytest.mark.parametrize(
    ("source", "made", "needed"),
    [
        ("import a.b, c as d\nfrom e import f as g", {"a", "d", "g"}, set()),
        ("x = [i for i in y if i > z]", {"x"}, {"y", "z"}),
        ("class A(B):\n    c = d\n    def e(self):\n        return f", {"A"}, {"B", "d", "f"}),
        ("def f():\n    global g\n    g = 1", {"f", "g"}, set()),
        ("with open(a) as b:\n    pass\nfor c, (d, e) in b: ...", {"b", "c", "d", "e"}, {"a", "b"}),
        ("%matplotlib inline\n!ls\nx = 1", {"x"}, set()),
        ("lambda q: q + r", set(), {"r"}),
        ("if (n := len(m)) > 1: pass", {"n"}, {"m"}),
        ("def (", set(), set()),
    ],
)
def test_names_are_those_that_python_would_make_and_need(source, made, needed):
    assert names.made_by(source) == made
    assert names.needed_by(source) == needed


# --- the command


def test_the_command_reports_mends_and_gives_its_exit_code(good, hand, monkeypatch, capsys):
    path = hand(good)
    monkeypatch.chdir(path.parent)
    assert cli.main(["check", "a1"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("a1_half: a1_half.ipynb\n") and err == "" and "\x1b" not in out
    change_cell("test_half", source="4")(good)
    hand(good)
    before = path.read_bytes()
    assert cli.main(["check", "a1", "--seconds", "30"]) == 1
    assert "effcv check a1 --mend restores" in capsys.readouterr().out.replace(
        "\n            ", " "
    )
    assert path.read_bytes() == before
    assert cli.main(["check", "a1", "--mend"]) == 0
    out, err = capsys.readouterr()
    assert "Mended (1)" in out and "The notebook as it was: a1_half.before-mend.ipynb" in out
    assert err == "" and path.read_bytes() != before
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.nbgrader
def test_the_real_a1_is_checked_as_a_student_would(tmp_path, monkeypatch, capsys):
    """The committed release, with the solution's answers."""
    monkeypatch.setattr(releases, "FOLDER", ROOT / "effcv_lab" / "grading" / "releases")
    solution = ROOT / "solutions" / "a1_temperature" / "a1_temperature.ipynb"
    right = {
        name: "\n".join(line for line in text.split("\n") if "###" not in line)
        for name, text in answers_in(json.loads(solution.read_text(encoding="utf-8"))).items()
    }
    release = ROOT / "assignments" / "a1_temperature" / "a1_temperature.ipynb"
    notebook = answered(json.loads(release.read_text(encoding="utf-8")), right)
    (tmp_path / "a1_temperature.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", "a1"]) == 0
    out, err = capsys.readouterr()
    assert "So far 16 of 16 points by the visible checks; 4 more are graded by a person." in out
    assert err == "" and max(map(len, out.splitlines())) <= 100
