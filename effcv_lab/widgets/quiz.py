"""A question to check oneself, with an explanation for every choice, the wrong ones too."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import traitlets
from anywidget import AnyWidget

from effcv_lab.widgets.frontend import show_widget, source
from effcv_lab.widgets.predictions import check_choices, filled


class QuizWidget(AnyWidget):
    """The question in the browser, which needs no kernel to answer it.

    ``choices`` holds a dict with ``text``, ``right`` and ``why`` for each; with several right
    ones the browser shows boxes to tick instead of radio buttons.
    """

    _esm = source("question.js", "quiz.js")
    _css = source("question.css")
    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Dict()).tag(sync=True)
    hides = traitlets.Unicode().tag(sync=True)


def quiz(question: str, choices: Mapping[str, tuple[bool, str]]) -> None:
    """Ask a question that the reader can answer and answer again until it is understood.

    Check shows the explanation of what was chosen; after the right answer, all of them. Nothing
    is recorded. Without a front end the question and its choices are shown as text.

    Parameters
    ----------
    question : str
        Plain text.
    choices : dict of choice -> (is_right, explanation)
        At least two, at least one of them right.

    Raises
    ------
    TypeError, ValueError
        If a text is empty, no choice is right, or an entry is not such a pair.

    Examples
    --------
    >>> quiz("Where does T act?", {
    ...     "on the logits": (True, "They are divided by it."),
    ...     "on the probabilities": (False, "They would have to be normalised again."),
    ... })
    Quiz: Where does T act?
      ( ) on the logits
      ( ) on the probabilities
    """
    filled("question", question)
    if not isinstance(choices, Mapping):
        raise TypeError(
            f"choices must be a dict of choice -> (is_right, explanation), got {choices!r}"
        )
    check_choices(tuple(choices))
    rows = []
    for choice, entry in choices.items():
        if not isinstance(entry, tuple) or len(entry) != 2 or not isinstance(entry[0], bool):
            raise TypeError(
                f"choices[{choice!r}] must be (True or False, explanation), got {entry!r}"
            )
        filled(f"the explanation of {choice!r}", entry[1])
        rows.append({"text": choice, "right": entry[0], "why": entry[1]})
    if not any(row["right"] for row in rows):
        raise ValueError(f"at least one choice must be right, got {list(choices)}")

    mark = "[ ]" if sum(row["right"] for row in rows) > 1 else "( )"
    text = "\n".join([f"Quiz: {question}", *(f"  {mark} {row['text']}" for row in rows)])
    show_widget(
        lambda hides: QuizWidget(question=question, choices=rows, hides=hides),
        _copy(question, rows),
        text,
    )


def _copy(question: str, rows: list[dict]) -> str:
    """Write the question as HTML that works on any page, its answers folded away."""
    items = "".join(f"<li>{escape(row['text'])}</li>" for row in rows)
    answers = "".join(
        f"<li><strong>{escape(row['text'])}</strong>: {'right' if row['right'] else 'not right'}. "
        f"{escape(row['why'])}</li>"
        for row in rows
    )
    return (
        f"<p><strong>Quiz:</strong> {escape(question)}</p><ul>{items}</ul>"
        f"<details><summary>Answers</summary><ul>{answers}</ul></details>"
    )
