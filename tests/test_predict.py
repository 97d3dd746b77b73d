"""A prediction is locked once, outlives the kernel, and never pretends."""

import contextlib
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from effcv_lab.widgets import frontend
from effcv_lab.widgets import predict as module
from effcv_lab.widgets.predict import PredictWidget, predict, reveal
from effcv_lab.widgets.predictions import Predictions, Question

CHOICES = ("the MLP", "the conv net")
WHICH = Question("which", "Which is larger?", choices=CHOICES)
FACTOR = Question("factor", "By what factor?", low=1, high=8, unit="times")


@pytest.fixture(autouse=True)
def own_memory(tmp_path, monkeypatch):
    """A new kernel's memory and a cache of the test's own."""
    monkeypatch.setenv("EFFCV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "_predictions", Predictions())
    return module._predictions


def restart(monkeypatch):
    monkeypatch.setattr(module, "_predictions", Predictions())
    return module._predictions


@pytest.fixture
def shown(monkeypatch):
    """What a kernel displays, as (mime bundle) dicts; no front end needed."""
    bundles = []
    monkeypatch.setattr(frontend, "in_kernel", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def commit(widget, answer):
    """Do what the browser does when Commit is pressed the second time."""
    widget._handle_custom_msg({"commit": answer}, [])


# --- asking


def test_without_a_kernel_the_question_is_printed_and_nothing_waits(capsys):
    predict("which", "Which is larger?", choices=CHOICES)
    predict("factor", "By what factor?", low=1, high=8, unit="times")
    captured = capsys.readouterr()
    assert captured.out == (
        "Predict: Which is larger?\n  ( ) the MLP\n  ( ) the conv net\n"
        "Predict: By what factor?\n  a number from 1 to 8 (times)\n"
    )
    assert captured.err == ""


def test_in_a_kernel_a_readable_copy_comes_first_and_knows_its_widget(shown):
    assert predict("which", "Is 1 < 2 & 3?", choices=["<b>yes</b>", "no"]) is None
    copy, view = shown
    assert "Is 1 &lt; 2 &amp; 3?" in copy["text/html"]
    assert "&lt;b&gt;yes&lt;/b&gt;" in copy["text/html"] and "<b>" not in copy["text/html"]
    assert "Is 1 < 2 & 3?" in copy["text/plain"]
    model = view["application/vnd.jupyter.widget-view+json"]["model_id"]
    from ipywidgets.widgets.widget import _instances

    assert f'class="{_instances[model].hides}"' in copy["text/html"]


@pytest.mark.parametrize("name", ["a b", "", "../x", None])
def test_a_name_that_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="question_id"):
        predict(name, "Q?", choices=CHOICES)


@pytest.mark.parametrize("text", ["", " ", None])
def test_a_question_without_text_is_refused(text):
    with pytest.raises(ValueError, match="question must be a text"):
        predict("q", text, choices=CHOICES)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "either choices, or low and high"),
        ({"choices": CHOICES, "low": 0, "high": 1}, "either choices, or low and high"),
        ({"choices": ["one"]}, "at least two"),
        ({"choices": ["a", "b", "a "]}, "different"),
        ({"choices": ["a", ""]}, "each choice"),
        ({"choices": ["a", 2]}, "each choice"),
        ({"choices": "ab"}, "list of texts"),
        ({"low": 2, "high": 1}, "high"),
        ({"low": 1, "high": 1}, "high"),
        ({"low": 0}, "high"),
        ({"high": 1}, "low"),
        ({"low": 0, "high": float("inf")}, "high"),
    ],
)
def test_answers_that_make_no_sense_are_refused(answers, words):
    with pytest.raises((TypeError, ValueError), match=words):
        predict("q", "Q?", **answers)


# --- locking


def test_a_committed_answer_is_locked_in_the_widget(own_memory):
    own_memory.ask(WHICH)
    widget = PredictWidget(WHICH, own_memory)
    assert widget.locked == ""
    commit(widget, "the MLP")
    assert (widget.locked, widget.late, widget.problem) == ("the MLP", False, "")
    assert own_memory.locked("which")["answer"] == "the MLP"


def test_the_first_answer_stays_also_against_a_second_copy_of_the_widget(own_memory):
    own_memory.ask(FACTOR)
    first, second = PredictWidget(FACTOR, own_memory), PredictWidget(FACTOR, own_memory)
    commit(first, 2)
    commit(second, 5)
    assert second.locked == first.locked == "2 times"
    assert own_memory.locked("factor")["answer"] == 2


@pytest.mark.parametrize("answer", [0.9, 8.1, float("nan"), "2", None, True])
def test_an_answer_that_is_not_allowed_is_told_and_not_kept(own_memory, answer):
    own_memory.ask(FACTOR)
    widget = PredictWidget(FACTOR, own_memory)
    commit(widget, answer)
    assert widget.locked == "" and own_memory.locked("factor") is None
    assert "your prediction must be a number" in widget.problem


@pytest.mark.parametrize("answer", [1, 8])
def test_both_ends_of_the_range_are_allowed(own_memory, answer):
    own_memory.ask(FACTOR)
    assert own_memory.lock(FACTOR, answer)["answer"] == answer


def test_a_choice_that_was_not_offered_or_a_damaged_message_is_refused(own_memory):
    own_memory.ask(WHICH)
    widget = PredictWidget(WHICH, own_memory)
    commit(widget, "neither")
    assert "choose one of the answers" in widget.problem
    widget._handle_custom_msg({"something": "else"}, [])
    assert widget.locked == ""


# --- keeping


def test_an_answer_survives_a_second_run_and_a_restarted_kernel(monkeypatch, capsys):
    predict("which", WHICH.text, choices=CHOICES)
    module._predictions.lock(WHICH, "the MLP")
    predict("which", WHICH.text, choices=CHOICES)
    memory = restart(monkeypatch)
    predict("which", WHICH.text, choices=CHOICES)
    assert capsys.readouterr().out.count("  Locked: the MLP\n") == 2
    assert PredictWidget(WHICH, memory).locked == "the MLP"


def test_after_a_restart_reveal_alone_still_knows_the_answer(monkeypatch, capsys):
    module._predictions.ask(FACTOR)
    module._predictions.lock(FACTOR, 3)
    restart(monkeypatch)
    reveal("factor", 4.0, "So it is.")
    assert "Predicted: 3 times\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changed",
    [
        Question("which", "Which is smaller?", choices=CHOICES),
        Question("which", WHICH.text, choices=("a", "b")),
        Question("which", WHICH.text, low=0, high=1),
    ],
)
def test_a_question_that_changed_is_asked_anew(monkeypatch, own_memory, changed):
    own_memory.ask(WHICH)
    own_memory.lock(WHICH, "the MLP")
    memory = restart(monkeypatch)
    memory.ask(changed)
    assert memory.locked("which") is None


def test_again_forgets_the_answer_for_good(monkeypatch, capsys):
    predict("which", WHICH.text, choices=CHOICES)
    module._predictions.lock(WHICH, "the MLP")
    reveal("which", "the MLP", "Yes.")
    predict("which", WHICH.text, choices=CHOICES, again=True)
    assert module._predictions.locked("which") is None
    assert module._predictions.lock(WHICH, "the conv net")["late"] is False
    predict("which", WHICH.text, choices=CHOICES, again=True)
    assert restart(monkeypatch).locked("which") is None
    assert "Locked" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"text": 1, "answer": "the MLP", "words": "x", "late": false}', "\0"],
)
def test_a_damaged_file_counts_as_no_answer(tmp_path, own_memory, content):
    path = tmp_path / "cache" / "predictions" / "which.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    own_memory.ask(WHICH)
    assert own_memory.locked("which") is None
    own_memory.lock(WHICH, "the MLP")
    assert json.loads(path.read_text())["answer"] == "the MLP"
    assert [entry.name for entry in path.parent.iterdir()] == ["which.json"]


def test_where_nothing_can_be_written_the_kernel_remembers(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EFFCV_CACHE", str(tmp_path / "file" / "cache"))
    predict("which", WHICH.text, choices=CHOICES)
    module._predictions.lock(WHICH, "the MLP")
    reveal("which", "the MLP", "Yes.")
    predict("which", WHICH.text, choices=CHOICES, again=True)
    assert module._predictions.locked("which") is None
    captured = capsys.readouterr()
    assert "Predicted: the MLP\n" in captured.out and captured.err == ""


def test_a_user_without_a_home_folder_can_predict(monkeypatch, own_memory):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("EFFCV_CACHE")
    monkeypatch.setattr("effcv_lab.widgets.predictions.cache_folder", no_home)
    own_memory.ask(WHICH, again=True)
    own_memory.lock(WHICH, "the MLP")
    assert own_memory.locked("which")["answer"] == "the MLP"


# --- revealing


def test_without_a_prediction_reveal_says_so_and_shows_the_measurement(capsys):
    reveal("factor", 3.81234, "Nearly four.")
    assert capsys.readouterr().out == (
        "Predicted: nothing was committed before this cell ran\nMeasured:  3.812\nNearly four.\n"
    )


def test_a_prediction_after_the_result_is_called_late(capsys):
    predict("factor", FACTOR.text, low=1, high=8, unit="times")
    reveal("factor", 4, "Four.")
    widget = PredictWidget(FACTOR, module._predictions)
    commit(widget, 4)
    assert widget.late
    reveal("factor", 4, "Four.")
    assert "Predicted: 4 times (committed after the result was out)\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "measured", "words"),
    [
        (3, 3.8, "The prediction is too low by 0.8."),
        (5, 3.8, "The prediction is too high by 1.2."),
        (4, 4.00001, "As predicted."),
    ],
)
def test_numbers_are_compared_in_words(own_memory, capsys, answer, measured, words):
    own_memory.ask(FACTOR)
    own_memory.lock(FACTOR, answer)
    reveal("factor", measured, "Because.")
    assert capsys.readouterr().out.splitlines()[2] == f"{words} Because."


@pytest.mark.parametrize(
    ("measured", "words"),
    [("the MLP", "As predicted. "), ("the conv net", "Not as predicted. "), ("both", ""), (7, "")],
)
def test_choices_are_compared_only_with_choices(own_memory, capsys, measured, words):
    own_memory.ask(WHICH)
    own_memory.lock(WHICH, "the MLP")
    reveal("which", measured, "Because.")
    assert capsys.readouterr().out.splitlines()[2] == f"{words}Because."


@pytest.mark.parametrize(
    "measured", [0.25, torch.tensor(0.25), torch.tensor([0.25]), np.float32(0.25), np.array(0.25)]
)
def test_a_measurement_may_be_any_one_number(capsys, measured):
    reveal("factor", measured, "Because.")
    assert "Measured:  0.25\n" in capsys.readouterr().out


@pytest.mark.parametrize("measured", [torch.ones(2), None, "", [1, 2]])
def test_a_measurement_that_is_not_one_value_is_refused(measured):
    with pytest.raises(ValueError, match="measured"):
        reveal("factor", measured, "Because.")


def test_a_reveal_without_a_meaning_is_refused():
    with pytest.raises(ValueError, match="meaning"):
        reveal("factor", 1.0, " ")


def test_what_is_shown_in_a_notebook_is_escaped(shown, own_memory):
    question = Question("which", "Q", choices=("<i>a</i>", "b"))
    own_memory.ask(question)
    own_memory.lock(question, "<i>a</i>")
    reveal("which", "1 < 2", "T & K")
    (bundle,) = shown
    assert "&lt;i&gt;a&lt;/i&gt;" in bundle["text/html"] and "<i>" not in bundle["text/html"]
    assert "1 &lt; 2" in bundle["text/html"] and "T &amp; K" in bundle["text/html"]
    assert 'scope="row"' in bundle["text/html"]


# --- in a real kernel without a front end


@pytest.mark.slow
def test_a_kernel_without_a_front_end_goes_on_and_an_export_can_be_read(tmp_path):
    """As nbval, nbgrader and nbconvert --execute do it."""
    import nbformat
    from nbconvert import HTMLExporter

    sources = [
        "from effcv_lab.widgets.predict import predict, reveal\n"
        "from effcv_lab.widgets.quiz import quiz",
        "predict('exported', 'Does <it> export?', choices=['yes', 'no'])\n"
        "reveal('exported', 'yes', 'It does.')",
        "quiz('Is this read?', {'sure': (True, 'It is HTML.'), 'never': (False, 'Look again.')})",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = tmp_path / "export.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    command = ["-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
    done = subprocess.run(
        [sys.executable, *command, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"EFFCV_CACHE": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stderr
    executed = nbformat.read(path, as_version=4)
    outputs = [output for cell in executed.cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"display_data"}

    page, _ = HTMLExporter().from_notebook_node(executed)
    without_scripts = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    for words in ("Does &lt;it&gt; export?", "nothing was committed", "Is this read?", "never"):
        assert f">{words}" in without_scripts or f" {words}" in without_scripts
    assert "<summary>Answers</summary>" in without_scripts


def test_plain_python_says_nothing_on_stderr_and_starts_no_widget(tmp_path):
    code = (
        "from effcv_lab.widgets.predict import predict\n"
        "predict('plain', 'Q?', choices=['a', 'b'])\n"
        "from ipywidgets.widgets.widget import _instances\nprint(len(_instances))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"EFFCV_CACHE": str(tmp_path)},
    )
    assert done.stderr == "" and done.stdout.endswith("( ) b\n0\n")
    with contextlib.suppress(FileNotFoundError):
        assert list((tmp_path / "predictions").iterdir()) == []
