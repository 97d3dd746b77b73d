"""A quiz has an explanation for every choice, and shows itself everywhere."""

import pytest

from effcv_lab.widgets import frontend
from effcv_lab.widgets.quiz import QuizWidget, quiz

ONE_RIGHT = {"flatter": (True, "Divided by more."), "sharper": (False, "That is T below 1.")}
TWO_RIGHT = {**ONE_RIGHT, "closer to uniform": (True, "The limit of large T.")}


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(frontend, "in_kernel", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def widget_of(bundle):
    from ipywidgets.widgets.widget import _instances

    return _instances[bundle["application/vnd.jupyter.widget-view+json"]["model_id"]]


def test_without_a_kernel_question_and_choices_are_printed(capsys):
    quiz("What does a large T do?", ONE_RIGHT)
    quiz("And now?", TWO_RIGHT)
    captured = capsys.readouterr()
    assert captured.out == (
        "Quiz: What does a large T do?\n  ( ) flatter\n  ( ) sharper\n"
        "Quiz: And now?\n  [ ] flatter\n  [ ] sharper\n  [ ] closer to uniform\n"
    )
    assert captured.err == ""


def test_the_widget_gets_every_choice_with_its_explanation(shown):
    assert quiz("What does a large T do?", TWO_RIGHT) is None
    widget = widget_of(shown[1])
    assert isinstance(widget, QuizWidget) and widget.question == "What does a large T do?"
    assert widget.choices == [
        {"text": text, "right": right, "why": why} for text, (right, why) in TWO_RIGHT.items()
    ]
    assert f'class="{widget.hides}"' in shown[0]["text/html"]


def test_the_readable_copy_folds_the_answers_away_and_escapes_everything(shown):
    quiz("1 < 2?", {"<b>yes</b>": (True, "a & b"), "no": (False, "<script>")})
    html = shown[0]["text/html"]
    question, _, answers = html.partition("<details>")
    assert "1 &lt; 2?" in question and "a &amp; b" not in question
    assert "a &amp; b" in answers and "&lt;script&gt;" in answers
    assert "<b>" not in html and "<script>" not in html


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"a": (False, "x"), "b": (False, "y")}, "at least one choice must be right"),
        ({"a": (True, "x")}, "at least two"),
        ({}, "at least two"),
        ({"a": (True, "x"), "a ": (False, "y")}, "different"),
        ({"a": (True, "x"), "": (False, "y")}, "each choice"),
        ({"a": (True, "x"), "b": (False, " ")}, "the explanation of 'b'"),
        ({"a": (True, "x"), "b": False}, r"choices\['b'\]"),
        ({"a": (True, "x"), "b": (False, "y", "z")}, r"choices\['b'\]"),
        ({"a": (1, "x"), "b": (0, "y")}, r"choices\['a'\]"),
        (["a", "b"], "must be a dict"),
    ],
)
def test_a_quiz_that_makes_no_sense_is_refused(choices, words):
    with pytest.raises((TypeError, ValueError), match=words):
        quiz("Q?", choices)


@pytest.mark.parametrize("question", ["", "  ", None])
def test_a_quiz_without_a_question_is_refused(question):
    with pytest.raises(ValueError, match="question"):
        quiz(question, ONE_RIGHT)
