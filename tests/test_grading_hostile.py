"""Hostile and unlucky submissions in one class, each between good ones, graded by one run of ``effcv grade``.

Attempts aim at this class's own temporary folder, and what they may cost is bounded twice: by the sandbox, and by what they
themselves ask for. So a sandbox that fails fails the test, not the machine.
"""

import copy
import json
import os
import socket
import time
import uuid
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from classroom import answered, find
from grading_class import FULL, NAME, RIGHT, GradedClass, bubblewrap_or_skip

pytestmark = [pytest.mark.nbgrader]
MARK = f"9{uuid.uuid4().int % 10**9:09d}.5"  # seconds that nobody else sleeps
CELL_SECONDS = 3
WRONG = "def entropy(probs):\n    return probs.sum(dim=1)"
NOTHING = {"test_half": 0.0, "test_entropy": 0.0, "why": None}
NO_HALF = FULL | {"test_half": 0.0}
NO_ENTROPY = FULL | {"test_entropy": 0.0}


class Row(NamedTuple):
    """What somebody hands in, and what must become of it."""

    change: object  # of the notebook, or a text to begin the answer with
    state: str
    scores: dict | None
    says: str = ""  # in the table's row


def code(source, **answers):
    """Put code before the first answer."""
    return lambda notebook: answered(
        notebook, RIGHT | {"half": f"{source}\n{RIGHT['half']}"} | answers
    )


def instead(source, **answers):
    """Put code in place of the first answer."""
    return lambda notebook: answered(notebook, RIGHT | {"half": source} | answers)


def last(source):
    """Put code into a cell of its own at the end."""

    def change(notebook):
        notebook = answered(notebook, RIGHT)
        cell = {"cell_type": "code", "id": "mine", "metadata": {}, "source": source}
        notebook["cells"].append(cell | {"execution_count": None, "outputs": []})
        return notebook

    return change


def cells(change, **answers):
    """Change cells of a right notebook."""

    def changed(notebook):
        notebook = answered(notebook, RIGHT | answers)
        change(notebook)
        return notebook

    return changed


def settings(notebook, name):
    return find(notebook, name)["metadata"]["nbgrader"]


def text(content):
    """Hand in a file that is no notebook."""
    return lambda notebook: content


SWALLOW = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        pass"
#: A wrong answer that hides what its test says behind more than is kept.
FLOOD = "def half(x):\n    print('x' * 2_000_000)\n    return x / 3"
IGNORE = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
DROP_INPUT = """
def drop(lines):
    return ["pass\\n" if line.lstrip().startswith("assert") else line for line in lines]
get_ipython().input_transformers_post.append(drop)
"""
DROP_TREE = """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
"""
ALWAYS_EQUAL = """
class Yes:
    def __eq__(self, other): return True
    def __getattr__(self, name): return lambda *a, **k: Yes()
"""
BEND_TORCH = """
import torch, numpy
torch.equal = torch.allclose = torch.isclose = lambda *a, **k: True
torch.testing.assert_close = lambda *a, **k: None
numpy.allclose = numpy.array_equal = lambda *a, **k: True
"""
BEND_BUILTINS = """
import builtins
builtins.isinstance = lambda *a: True
builtins.all = builtins.any = lambda *a: True
"""
BEND_GRADE = """
import effcv_lab.grading.a1_temperature as module
module.grade = lambda name, function, *, points, **k: points
"""
BEND_MODULE = """
import sys, types
fake = types.ModuleType("effcv_lab.grading.a1_temperature")
fake.grade = lambda name, function, *, points, **k: points
sys.modules["effcv_lab.grading.a1_temperature"] = fake
"""
BEND_DISPLAY = """
get_ipython().display_formatter.format = lambda *a, **k: ({"text/plain": "3"}, {})
"""
FORGE = """
def entropy(probs):
    kernel = get_ipython().kernel
    content = {"execution_count": 1, "data": {"text/plain": "3.0"}, "metadata": {}}
    kernel.session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent())
    return probs.sum(dim=1)
"""
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SHOW = f"""
from IPython.display import HTML, Javascript, SVG, display
display(HTML({SCRIPT!r})); display(Javascript("alert(3)")); display(SVG("<svg onload='alert(4)'/>"))
"""


def edit_tests(notebook):
    find(notebook, "test_half")["source"] = "4"


def more_points(notebook):
    settings(notebook, "test_half")["points"] = 400


def delete_tests(notebook):
    notebook["cells"].remove(find(notebook, "test_half"))


def delete_settings(notebook):
    find(notebook, "test_half")["metadata"] = {}


def copy_tests(notebook):
    copied = copy.deepcopy(find(notebook, "test_half")) | {"id": "copied", "source": "0"}
    notebook["cells"].append(copied)


def other_kernel(notebook):
    notebook["metadata"]["kernelspec"] = {"name": "julia", "display_name": "J", "language": "julia"}


def rows(folder):
    """Return every row of the class; ``folder`` is the course that attempts aim at."""
    course = str(folder)
    return {
        # unlucky
        "raises": Row(instead("raise ValueError('no idea')"), "ok", NO_HALF, "half raised ValueError: no idea"),
        "loops": Row(instead("while True: pass"), "timed out", NO_HALF, "half was stopped after 3 s"),
        "exits": Row(instead("import sys; sys.exit()"), "ok", NO_HALF, "half raised SystemExit"),
        "asks": Row(instead("x = input('? ')"), "ok", NO_HALF, "half raised StdinNotImplementedError"),
        "swallows": Row(instead(SWALLOW), "timed out", NOTHING, "did not heed it"),
        "ignores": Row(instead(IGNORE), "timed out", NOTHING, "did not heed it"),
        "leaves": Row(instead("import os; os._exit(7)"), "failed", NOTHING, "exit code 7, in half"),
        "killed": Row(instead("import os; os.kill(os.getpid(), 9)"), "failed", NOTHING, "signal 9, in half"),
        "leaves_last": Row(last("import os; os._exit(7)"), "failed", FULL, "exit code 7"),
        "loops_in_test": Row(instead("def half(x):\n    while True: pass"), "timed out", NO_HALF, "test_half was stopped"),
        "unwritten": Row(lambda notebook: notebook, "ok", {"test_half": 0.0, "test_entropy": 0.0, "why": 0.0}),
        # files
        "corrupt": Row(text('{"cells": ['), "corrupt", None, "no JSON"),
        "empty": Row(text(""), "corrupt", None, "empty"),
        "deep": Row(text('{"cells":' * 50_000), "corrupt", None, "nested too deeply"),
        "old": Row(text('{"nbformat": 3, "worksheets": []}'), "corrupt", None, "old notebook format 3"),
        "large": Row(text('"' + "x" * 26_000_000 + '"'), "corrupt", None, "26 MB"),
        "other_kernel": Row(cells(other_kernel), "ok", FULL),
        # cells
        "edited": Row(cells(edit_tests), "tampered", FULL, "`test_half`: the locked cell was edited"),
        "edited_wrong": Row(cells(edit_tests, half="def half(x): return 7"), "tampered", NO_HALF, "edited"),
        "points": Row(cells(more_points), "tampered", FULL, "settings were changed"),
        "deleted": Row(cells(delete_tests), "ok", FULL, "`test_half`: the cell was deleted"),
        "metadata": Row(cells(delete_settings), "ok", FULL, "`test_half`: the cell was deleted"),
        "copied": Row(cells(copy_tests), "ok", FULL, "`test_half`: the cell was copied"),
        # outputs
        "prints": Row(code("print('x' * 60_000_000)"), "ok", FULL, "cut"),
        "floods_its_test": Row(code("", half=FLOOD), "ok", NO_HALF, "test_half: more was printed"),
        "prints_much": Row(code("for _ in range(300): print('y' * 10_000)"), "ok", FULL, "cut"),
        "shows": Row(code(SHOW, why=f"{SCRIPT} [x](javascript:alert(5))"), "ok", FULL),
        # the machine
        "removes": Row(code(f"import shutil\nfor n in ('submitted', 'solutions', 'autograded', 'grades'):\n"
                            f"    shutil.rmtree({course!r} + '/' + n, ignore_errors=True)"), "ok", FULL),
        "rewrites": Row(code(f"try:\n    open({course!r} + '/gradebook.db', 'r+').write('x' * 9999)\n"
                             f"except OSError as e: print(type(e).__name__)"), "ok", FULL),
        "edits_other": Row(code(f"try:\n    open({course!r} + '/submitted/good00/{NAME}/{NAME}.ipynb', 'w')\n"
                                f"except OSError as e: print(type(e).__name__)"), "ok", FULL),
        "kills_parent": Row(code("import os\nif os.getppid() < 2: os.kill(1, 9); os.kill(-1, 0)"), None, None),
        "reads": Row(code("import glob, os\n"
                          f"print('FOUND', glob.glob({course!r} + '/**', recursive=True),\n"
                          "      [n for n in glob.glob('/home/**/*.ipynb', recursive=True) if '/grading/releases/' not in n], glob.glob('../../../*'), os.listdir('.'))"),
                     "ok", FULL),
        "background": Row(code(f"import subprocess; subprocess.Popen(['sleep', '{MARK}'], start_new_session=True)"), "ok", FULL),
        "network": Row(code(f"import socket\ntry:\n    socket.create_connection(('127.0.0.1', {PORT}), 1); print('OPEN')\n"
                            "except OSError as e: print('CLOSED')"), "ok", FULL),
        "memory": Row(instead("x = bytearray(3 * 10**9)"), "ok", NO_HALF, "half raised MemoryError"),
        "memory_of_many": Row(instead("import os, time\n[os.fork() or (b'x' * 250_000_000, time.sleep(20)) for _ in range(5)]\n"
                                      "time.sleep(20)"), "failed", NOTHING, "more than 1300 MB of memory"),
        "disk": Row(instead("for i in range(9): open(f'/tmp/{i}', 'wb').write(bytes(90_000_000))"), "ok", NO_HALF, "raised OSError"),
        "forks": Row(instead("import subprocess, time\n[subprocess.Popen(['sleep', '20']) for _ in range(400)]\ntime.sleep(20)"), "failed", NOTHING,
                     "more than 256 processes"),
        # the tests
        "drops_input": Row(code(DROP_INPUT), "tampered", NOTHING, "an assertion that must fail did not"),
        "drops_tree": Row(code(DROP_TREE), "tampered", NOTHING, "an assertion that must fail did not"),
        "always_equal": Row(code(ALWAYS_EQUAL, entropy="def entropy(probs):\n    return Yes()"), "ok", None),
        "bends_torch": Row(code(BEND_TORCH, entropy=WRONG), "tampered", None, "torch"),
        "bends_builtins": Row(code(BEND_BUILTINS, entropy=WRONG), None, None),
        "bends_grade": Row(code(BEND_GRADE, entropy=WRONG), "tampered", NO_ENTROPY, "functions that do nothing"),
        "bends_module": Row(code(BEND_MODULE, entropy=WRONG), "tampered", NO_ENTROPY, "functions that do nothing"),
        "bends_display": Row(code(BEND_DISPLAY, entropy=WRONG), "tampered", NOTHING, "what tests show was bent"),
        "forges": Row(code("", entropy=FORGE), "tampered", NO_ENTROPY, "more than one result"),
    }  # fmt: skip


PORT = 48_000 + os.getpid() % 10_000
#: Scores that may come out of what is not told by one row: below full for who bends the checks and answers wrong.
BELOW = {"always_equal", "bends_torch", "bends_builtins"}


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """The class has handed in, and one run has graded it."""
    bubblewrap_or_skip()
    room = GradedClass(tmp_path_factory.mktemp("hostile"), f"c.Execute.timeout = {CELL_SECONDS}")
    room.rows = rows(room.folder)
    room.answer("good00")
    for number, (student, row) in enumerate(room.rows.items(), start=1):
        made = row.change(room.release())
        path = room.folder / "submitted" / f"{number:02}{student}" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(made if isinstance(made, str) else json.dumps(made), encoding="utf-8")
        room.answer(f"{number:02}z_good")
    submitted = room.folder / "submitted"
    (submitted / "named" / NAME).mkdir(parents=True)
    (submitted / "named" / NAME / "homework.ipynb").write_text(json.dumps(room.release()))
    (submitted / "nothing" / NAME).mkdir(parents=True)
    (submitted / "linked" / NAME).mkdir(parents=True)
    (submitted / "linked" / NAME / f"{NAME}.ipynb").symlink_to(
        submitted / "good00" / NAME / f"{NAME}.ipynb"
    )
    os.mkfifo((submitted / "01z_good" / NAME) / "pipe")
    (submitted / "01z_good" / NAME / "link.txt").symlink_to(room.folder / "gradebook.db")
    room.before = {p: p.read_bytes() for p in submitted.rglob("*.ipynb") if not p.is_symlink()}
    with socket.create_server(("127.0.0.1", PORT)):
        room.summary = room.effcv(
            "grade", "a9", "--limit-seconds", "40", "--limit-megabytes", "1300"
        )
    room.scores_ = room.gradebook()
    room.rows_ = {key.lstrip("0123456789"): row for key, row in room.table().items()}
    return room


def name_of(room, student):
    return next(name for name in room.scores_ if name.lstrip("0123456789") == student)


BY_LINUX = Row(
    None, "ok", NO_HALF, "half raised BlockingIOError"
)  # where it counts an ordinary user's processes


@pytest.mark.parametrize("student", rows(Path("/x")))
def test_each_row_has_its_state_its_scores_and_its_reason(room, student):
    row, found = room.rows[student], room.rows_[student]
    if student == "forks" and os.geteuid() != 0:
        row = BY_LINUX
    told = " ".join(found.values())
    if row.state:
        assert found["state"] == row.state, told
        assert row.says in told
        assert found["what to do"] or row.state == "ok"
    scores = next(
        (s for name, s in room.scores_.items() if name.lstrip("0123456789") == student), None
    )
    if row.scores is not None or row.state == "corrupt":
        assert scores == row.scores, told


@pytest.mark.parametrize("student", sorted(BELOW))
def test_who_bends_what_checks_stand_on_is_scored_right_or_rejected(room, student):
    scores = room.scores_[name_of(room, student)]
    assert scores["test_entropy"] < 2, room.rows_[student]


def test_everybody_between_them_has_full_marks(room):
    good = {name: s for name, s in room.scores_.items() if "good" in name}
    assert len(good) == len(room.rows) + 1
    assert {name: s for name, s in good.items() if s != FULL} == {}
    assert {room.table()[name]["state"] for name in good} == {"ok"}


def test_what_was_not_handed_in_as_it_should_be_is_named(room):
    found = room.table()
    assert found["named"]["state"] == "misnamed" and "homework.ipynb" in found["named"]["reason"]
    assert found["named"]["what to do"].startswith("if it is the submission: mv ")
    assert found["nothing"]["state"] == "missing"
    assert found["linked"]["state"] == "corrupt" and "no plain file" in found["linked"]["reason"]


def test_nothing_of_the_course_was_touched(room):
    assert {p for p, content in room.before.items() if p.read_bytes() != content} == set()
    assert (room.folder / "solutions" / NAME / f"{NAME}.ipynb").is_file()


def test_nothing_was_found_and_nothing_was_reached(room):
    said = room.shown(name_of(room, "reads"))
    line = said.partition("FOUND ")[2].partition("\\n")[0]
    assert line.startswith(f"['{room.folder}/'] [] ["), line  # glob gives back what it was asked
    assert NAME not in line and "solutions" not in line
    assert "CLOSED" in room.shown(name_of(room, "network"))
    for student in ("rewrites", "edits_other"):
        assert "FileNotFoundError" in room.shown(name_of(room, student))


def test_nothing_goes_on_and_nothing_is_left(room):
    stop = time.monotonic() + 10
    while time.monotonic() < stop and any(
        MARK in " ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])
    ):
        time.sleep(0.1)
    commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert not [c for c in commands if MARK in c or str(room.folder) in c]
    assert not (room.folder / "grades" / ".work").exists()
    settings = Path("/tmp").glob("effcv-*/kernels/*/sandbox.json")
    assert not [file for file in settings if str(room.folder) in file.read_text("utf-8")]
    assert not list(room.folder.rglob("link.txt"))[1:], "no link was copied"


def test_graded_notebooks_are_small_and_hold_nothing_active(room):
    for path in (room.folder / "autograded").rglob("*.ipynb"):
        assert path.stat().st_size < 3_000_000, path
    shown = room.graded_notebook(name_of(room, "shows"))
    for cell in shown["cells"]:
        for output in cell.get("outputs", []):
            kinds = set(output.get("data", {}))
            assert kinds <= {"text/plain", "image/png", "image/jpeg"}
    why = find(shown, "why")["source"]
    assert "<script" not in why and "<img" not in why and "javascript:" not in why


def test_a_second_run_finds_everything_done(room):
    before = (room.folder / "grades" / "a9_status.csv").read_text(encoding="utf-8")
    said = room.effcv("grade", "a9", "--limit-seconds", "40", "--limit-megabytes", "1300")
    assert "Grading" not in said
    assert (room.folder / "grades" / "a9_status.csv").read_text(encoding="utf-8") == before


def test_nbgrader_goes_on_with_the_same_gradebook(room):
    room.nbgrader("export")
    lines = (room.folder / "grades.csv").read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if ",good00," in line).split(",")
    assert float(row[9]) == 7.0 and float(row[10]) == 9.0
