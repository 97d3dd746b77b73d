"""Commit to a guess before running: ``predict`` locks it, ``reveal`` shows it beside the result."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import traitlets
from anywidget import AnyWidget

from effcv_lab.widgets.frontend import show_html, show_widget, source
from effcv_lab.widgets.predictions import Predictions, Question, filled

# Styles stand in the HTML itself because that is all that survives in an exported notebook.
_FRAME = "border-left:4px solid var(--jp-brand-color1,#1565c0);padding:0.1em 1em;margin:0.4em 0"
_CELL = "text-align:left;padding:0.2em 1.2em 0.2em 0;font-size:1.05em;"
_predictions = Predictions()  # one memory for the kernel: predict and reveal are different cells


class PredictWidget(AnyWidget):
    """The question in the browser. Its Commit button sends the answer here, and here it is kept.

    Traits are what the browser needs to know; ``locked`` is the answer in words, empty until
    there is one.
    """

    _esm = source("question.js", "predict.js")
    _css = source("question.css")
    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    low = traitlets.Float(None, allow_none=True).tag(sync=True)
    high = traitlets.Float(None, allow_none=True).tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    locked = traitlets.Unicode().tag(sync=True)
    late = traitlets.Bool().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)
    hides = traitlets.Unicode().tag(sync=True)

    def __init__(self, asked: Question, memory: Predictions, hides: str = ""):
        self._asked, self._memory = asked, memory
        entry = memory.locked(asked.name) or {"words": "", "late": False}
        super().__init__(
            question=asked.text,
            choices=list(asked.choices),
            low=asked.low,
            high=asked.high,
            unit=asked.unit,
            locked=entry["words"],
            late=entry["late"],
            hides=hides,
        )
        self.on_msg(self._receive)

    def _receive(self, _, content, _buffers) -> None:
        """Lock what the browser sent, or say what is wrong with it."""
        try:
            entry = self._memory.lock(self._asked, content["commit"])
        except (KeyError, TypeError, ValueError) as error:
            self.problem = ""  # so that the same problem twice is told twice
            self.problem = str(error)
            return
        self.late, self.locked = entry["late"], entry["words"]


def predict(
    question_id: str,
    question: str,
    *,
    choices: Sequence[str] = (),
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    again: bool = False,
) -> None:
    """Ask for a guess, and lock it before the result is known.

    The student picks a choice or types a number and presses Commit twice: the second press, on a
    button that repeats the answer, locks it. Nothing waits for it: the cell ends at once. A locked
    answer stays when the cell runs again and when the kernel restarts (it is kept in the user's
    cache folder); if the question is reworded, it is asked anew. Without a front end the question
    is shown as text.

    Parameters
    ----------
    question_id : str
        Letters, digits, ``_`` and ``-``; the name that :func:`reveal` uses, unique in the course.
    question : str
        Plain text.
    choices : sequence of at least two different str
        Or else give ``low`` and ``high``.
    low, high : float
        The range, both ends included, of a number to predict.
    unit : str
        Of that number, as in ``"points"``.
    again : bool
        Forget the locked answer and ask anew, each time that the cell runs.

    Raises
    ------
    TypeError, ValueError
        If a text is empty, choices repeat, or neither or both kinds of answer are given.

    Examples
    --------
    >>> predict("doc_width", "Twice as wide: how many times the MACs?", choices=["2", "4"])
    Predict: Twice as wide: how many times the MACs?
      ( ) 2
      ( ) 4
    """
    if isinstance(choices, str):
        raise TypeError(f"choices must be a list of texts, got the text {choices!r}")
    asked = Question(question_id, question, tuple(choices), low, high, unit)
    _predictions.ask(asked, again=again)
    if asked.choices:
        lines = [f"  ( ) {choice}" for choice in asked.choices]
        items = "".join(f"<li>{escape(choice)}</li>" for choice in asked.choices)
        html = f"<ul>{items}</ul>"
    else:
        span = f"a number from {low:g} to {high:g}" + (f" ({unit})" if unit else "")
        lines, html = [f"  {span}"], f"<p>{escape(span)}</p>"
    if entry := _predictions.locked(question_id):
        lines.append(f"  Locked: {entry['words']}")
        html += f"<p>Locked: {escape(entry['words'])}</p>"
    text = "\n".join([f"Predict: {question}", *lines])
    html = f"<p><strong>Predict:</strong> {escape(question)}</p>{html}"
    show_widget(lambda hides: PredictWidget(asked, _predictions, hides), html, text)


def reveal(question_id: str, measured: float | str, meaning: str) -> None:
    """Show the locked prediction beside what was measured, and say what that means.

    Also without a prediction: then it says so. A prediction that is committed after this was
    shown is called late from then on.

    Parameters
    ----------
    question_id : str
        The name given to :func:`predict`.
    measured : number or str
        A number, also a tensor or array with one entry, or words such as one of the choices.
    meaning : str
        One or two sentences of plain text.

    Raises
    ------
    ValueError
        If ``meaning`` is empty, or ``measured`` is neither words nor one number.

    Examples
    --------
    >>> reveal("doc_depth", 3.81, "Nearly four: the first layer only doubles.")
    Predicted: nothing was committed before this cell ran
    Measured:  3.81
    Nearly four: the first layer only doubles.
    """
    filled("meaning", meaning)
    value = _one_value(measured)
    question = _predictions.questions.get(question_id)
    entry = _predictions.locked(question_id)
    _predictions.revealed.add(question_id)
    unit = question.unit if question else ""
    shown = value if isinstance(value, str) else f"{value:.4g} {unit}".rstrip()
    if entry is None:
        predicted, verdict = "nothing was committed before this cell ran", ""
    else:
        predicted = entry["words"] + (" (committed after the result was out)" * entry["late"])
        verdict = _compare(entry["answer"], value, question)
    closing = " ".join(filter(None, [verdict, meaning]))
    rows = "".join(
        f'<tr style="background:none"><th scope="row" style="{_CELL}font-weight:600">{name}</th>'
        f'<td style="{_CELL}">{escape(words)}</td></tr>'
        for name, words in (("Predicted", predicted), ("Measured", shown))
    )
    words = f'<p style="margin:0.2em 0">{escape(closing)}</p>'
    html = f'<div style="{_FRAME}"><table style="margin:0">{rows}</table>{words}</div>'
    show_html(html, f"Predicted: {predicted}\nMeasured:  {shown}\n{closing}")


def _one_value(measured) -> float | str:
    """Turn a one-entry tensor or array into its number; leave words alone."""
    if isinstance(measured, str):
        return filled("measured", measured)
    try:
        return float(measured)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"measured must be one number or a text, got {measured!r}") from None


def _compare(answer: float | str, value: float | str, question: Question | None) -> str:
    """Say in words how far apart prediction and measurement are, where that has a meaning."""
    if isinstance(answer, str):
        if not isinstance(value, str) or not question or value not in question.choices:
            return ""
        return "As predicted." if answer == value else "Not as predicted."
    if isinstance(value, str):
        return ""
    if f"{answer:.4g}" == f"{value:.4g}":
        return "As predicted."
    return (
        f"The prediction is too {'high' if answer > value else 'low'} by {abs(answer - value):.2g}."
    )
