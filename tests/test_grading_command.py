"""``effcv grade`` as an instructor types it: what it refuses, what it may be told, what nbgrader's settings do to it."""

import json
import os
import re

import pytest
from classroom import answered
from grading_class import FULL, NAME, RIGHT, GradedClass, bubblewrap_or_skip

from effcv_lab import cli
from effcv_lab.grading.harmless_text import JOINER
from effcv_lab.grading.marking.canary import defined
from effcv_lab.grading.marking.marks import Mark
from effcv_lab.grading.marking.outputs import as_output, joined
from effcv_lab.grading.marking.runs import Run
from effcv_lab.grading.marking.verdict import judge
from effcv_lab.grading.mending import DELETED, EDITED, NO_ANSWER

pytestmark = pytest.mark.nbgrader
WRONG = {"half": "def half(x):\n    return x / 3"}


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    bubblewrap_or_skip()
    room = GradedClass(tmp_path_factory.mktemp("command"))
    room.answer("ann")
    room.answer("bob", **WRONG)
    room.effcv("grade", "a9", "--student", "ann")
    return room


def in_room(room, monkeypatch, capsys, *words):
    """Run a command in this process; return its exit code and what it said."""
    monkeypatch.chdir(room.folder)
    code = cli.main(["grade", *words])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_only_who_is_named_is_graded_and_the_others_wait(room):
    table = room.table()
    assert (table["ann"]["state"], table["bob"]["state"]) == ("ok", "waiting")
    assert set(room.gradebook()) == {"ann"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a8"], "assignment must be one of a9_both (or the beginning of one), got 'a8'"),
        (["a9", "--student", "zoe"], "student must be one of the 2 in submitted/ and in the gradebook, got 'zoe'"),
        (["a9", "--private-tests", "nowhere"], "nowhere"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_by_name(room, monkeypatch, capsys, words, says):
    code, said = in_room(room, monkeypatch, capsys, *words)
    assert code == 1 and says in said, said


def test_a_gradebook_without_the_assignment_is_told_how_to_get_it(room, monkeypatch, capsys):
    (room.folder / "solutions" / "a7_new").mkdir()
    code, said = in_room(room, monkeypatch, capsys, "a7")
    (room.folder / "solutions" / "a7_new").rmdir()
    assert code == 1 and "run nbgrader generate_assignment a7_new" in said


def test_without_bubblewrap_nothing_is_graded_unless_asked_for_in_so_many_words(room):
    environment, before = room.environment(), room.gradebook()
    room.environment = lambda: environment | {"PATH": str(room.folder)}
    said = room.effcv("grade", "a9", "--force", code=1)
    assert "apt install bubblewrap" in said and "Traceback" not in said
    assert room.gradebook() == before
    said = room.effcv("grade", "a9", "--force", "--unsafe-no-sandbox")
    room.environment = lambda: environment
    assert "GRADED WITHOUT A SANDBOX" in said
    assert {row["sandbox"] for row in room.table().values()} == {"unsafe-no-sandbox"}
    assert room.gradebook() == {"ann": FULL, "bob": FULL | {"test_half": 0.0}}


def test_private_tests_take_the_place_of_hidden_ones_and_are_not_kept_in_the_gradebook(
    room, tmp_path
):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "test_half.py").write_text("assert half(10) == 7, 'mine'\n")
    said = room.effcv("grade", "a9", "--private-tests", str(tmp_path), code=1)
    assert "the model solution itself has 0 of 4 points in test_half" in said and "mine" in said
    (tmp_path / NAME / "test_half.py").write_text("assert half(10) == 5, 'mine'\n")
    said = room.effcv("grade", "a9", "--private-tests", str(tmp_path), "--workers", "1")
    assert "Private tests of test_half" in said and "2 to grade" in said
    assert "half(10) == 5" in room.shown("ann") and "hidden: half of -3" not in room.shown("ann")
    said = room.effcv("grade", "a9", "--workers", "1")
    assert "2 to grade" in said
    assert "half(10)" not in room.shown("ann") and "hidden: half of -3" in room.shown("ann")


def test_files_of_the_assignment_and_of_the_submission_are_there_to_read(room):
    reading = "print('READ', open('mine.txt').read(), open('given.txt').read())"
    room.answer("cem", half=f"{reading}\n{RIGHT['half']}")
    (room.folder / "submitted" / "cem" / NAME / "mine.txt").write_text("one")
    (room.folder / "submitted" / "cem" / NAME / "given.txt").write_text("changed")
    (room.folder / "solutions" / NAME / "given.txt").write_text("two")
    room.effcv("grade", "a9", "--student", "cem")
    (room.folder / "solutions" / NAME / "given.txt").unlink()
    assert "READ one two" in room.shown("cem")
    graded = room.folder / "autograded" / "cem" / NAME
    assert sorted(p.name for p in graded.iterdir()) == ["a9_both.ipynb", "given.txt", "mine.txt"]


def test_late_penalties_and_timestamps_are_nbgrader_s_own(room):
    config = room.folder / "nbgrader_config.py"
    before = config.read_text("utf-8")
    config.write_text(
        before + "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n", encoding="utf-8"
    )
    room.answer("dan")
    (room.folder / "submitted" / "dan" / NAME / "timestamp.txt").write_text(
        "2026-02-02 10:00:00 UTC"
    )
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room.folder}/gradebook.db", "effcv") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-02-01 10:00:00 UTC")
    room.effcv("grade", "a9", "--student", "dan")
    config.write_text(before, encoding="utf-8")
    with Gradebook(f"sqlite:///{room.folder}/gradebook.db", "effcv") as gradebook:
        submission = gradebook.find_submission(NAME, "dan")
        assert submission.total_seconds_late == 24 * 3600
        assert submission.late_submission_penalty == submission.score == 7.0


def test_a_submission_is_shown_as_nbgrader_would_show_it(room):
    """The same cells, sources and points as plain nbgrader's; what a cell printed is there."""
    room.answer("eva", half=f"print('hello')\n{RIGHT['half']}")
    room.effcv("grade", "a9", "--student", "eva")
    ours = room.graded_notebook("eva")
    room.nbgrader("autograde", NAME, "--student", "eva", "--force")
    plain = room.graded_notebook("eva")
    keys = ("cell_type", "source")
    cells = [[{k: "".join(c[k]) for k in keys} for c in nb["cells"]] for nb in (ours, plain)]
    for cell in cells[
        0
    ]:  # a heading gets an invisible joiner: its id could be that of a box for points
        cell["source"] = cell["source"].replace(JOINER, "")
    assert cells[0] == cells[1]
    settings = [[c["metadata"].get("nbgrader") for c in nb["cells"]] for nb in (ours, plain)]
    assert settings[0] == settings[1]
    texts = [
        ["".join("".join(o.get("text", "")) for o in c.get("outputs", [])) for c in nb["cells"]]
        for nb in (ours, plain)
    ]  # of a whole cell: a kernel may send what was printed in several pieces
    assert texts[0] == texts[1] and any("hello" in text for text in texts[0])
    assert (
        os.stat(room.folder / "autograded" / "eva" / NAME / f"{NAME}.ipynb").st_mode & 0o777
        == 0o444
    )


def test_a_class_folder_may_be_called_what_it_likes_and_so_may_students(tmp_path_factory):
    bubblewrap_or_skip()
    room = GradedClass(tmp_path_factory.mktemp("Übung mit 'Zitat' #1"))
    room.submit("zoë q", answered(room.release(), RIGHT))
    room.effcv("grade", NAME)
    assert room.gradebook() == {"zoë q": FULL}
    assert room.table()["zoë q"]["points"] == "7"


# Parts, alone


@pytest.mark.parametrize(
    ("run", "flags", "state"),
    [
        (Run(), [], "ok"),
        (Run(raised=["x raised E: e"]), [(DELETED, "put back")], "ok"),
        (Run(), [(EDITED, "edited")], "tampered"),
        (Run(tampered=["t: bent"]), [], "tampered"),
        (Run(), [(NO_ANSWER, "gone")], "needs a person"),
        (Run("timed out", "slow", tampered=["t: bent"]), [(EDITED, "edited")], "timed out"),
        (Run("failed", "dead"), [(NO_ANSWER, "gone")], "failed"),
    ],
)
def test_one_state_is_told_and_nothing_else_is_forgotten(run, flags, state):
    mark = Mark("ann", NAME, "error")
    judge(mark, {"one": run}, flags)
    told = " ".join([mark.reason, *mark.notes])
    assert mark.state == state and bool(mark.advice) == (state != "ok")
    for words in [run.why, *run.raised, *run.tampered, *(w for _, w in flags)]:
        assert words in told


def test_pieces_of_what_was_printed_are_one_output_and_odd_messages_are_valid():
    import nbformat

    sent = [
        {"output_type": "stream", "name": "stdout", "text": "a"},
        {"output_type": "stream", "name": "stdout", "text": "b"},
        {"output_type": "stream", "name": "stderr", "text": 7},
        {"output_type": "error", "ename": None, "traceback": [1, ["x"]]},
        {"output_type": "display_data", "data": [1]},
        {"output_type": "execute_result", "data": {"text/plain": 3, 4: 5}},
    ]
    outputs = joined([as_output(one) for one in sent])
    assert [o.get("text") for o in outputs[:2]] == ["ab", "7"] and len(outputs) == 5
    cell = nbformat.v4.new_code_cell(outputs=outputs)
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    assert json.loads(json.dumps(outputs)) == outputs


def test_names_of_answers_are_those_that_the_solution_defines():
    sources = [
        "@deco\ndef f(): pass\nx = 1\nif x:\n    def g(): pass",
        "%magic\ndef h(): pass",
        "class C: ...",
    ]
    assert defined(sources) == ["f", "C"]


def test_the_help_names_every_limit(capsys):
    with pytest.raises(SystemExit):
        cli.main(["grade", "--help"])
    said = capsys.readouterr().out
    assert re.search(
        r"--limit-seconds N +wall-clock time for each submission \(default: 300\)", said
    )
