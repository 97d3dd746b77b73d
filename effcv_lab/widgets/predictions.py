"""Questions to predict and the answers that were locked; kept by the kernel and in a file."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from effcv_lab.arguments import number_in
from effcv_lab.folders import cache_folder

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Question:
    """What is asked: one of several choices, or a number from ``low`` to ``high``.

    Raises
    ------
    TypeError, ValueError
        If a name or text is empty, choices repeat, or it is not clear which kind is meant.

    Examples
    --------
    >>> Question("slope", "By what factor?", choices=("2", "4")).check("4")
    '4'
    >>> Question("slope", "How many points?", low=0, high=5).check(7)
    Traceback (most recent call last):
        ...
    ValueError: your prediction must be a number in [0, 5], got 7
    """

    name: str
    text: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""

    def __post_init__(self):
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ValueError(
                f"question_id must be made of letters, digits, '_' and '-', got {self.name!r}"
            )
        filled("question", self.text)
        numeric = self.low is not None or self.high is not None
        if numeric == bool(self.choices):
            raise ValueError("give either choices, or low and high for a number")
        if numeric:
            low = number_in("low", self.low, -math.inf)
            number_in("high", self.high, low, open_low=True)
        else:
            check_choices(self.choices)

    def check(self, answer: str | float) -> str | float:
        """Return the answer if this question allows it, else raise TypeError or ValueError."""
        if self.choices:
            if answer not in self.choices:
                raise ValueError(f"choose one of the answers, got {answer!r}")
            return answer
        if isinstance(answer, str):
            raise TypeError(f"your prediction must be a number, got the text {answer!r}")
        return number_in("your prediction", answer, self.low, self.high)

    def in_words(self, answer: str | float) -> str:
        """Write an answer as it is shown: a number with its unit, a choice as it is."""
        return answer if isinstance(answer, str) else f"{answer:.4g} {self.unit}".rstrip()


def filled(name: str, text: str) -> str:
    """Return the text if there is something in it.

    Raises
    ------
    ValueError
        If it is not a string or holds only blanks.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} must be a text that is not empty, got {text!r}")
    return text


def check_choices(choices: tuple[str, ...]) -> None:
    """Raise ValueError unless there are two or more different texts that are not empty."""
    for choice in choices:
        filled("each choice", choice)
    if len(choices) < 2:
        raise ValueError(f"choices must be at least two, got {list(choices)}")
    for choice in choices:
        if sum(choice.strip() == other.strip() for other in choices) > 1:
            raise ValueError(f"choices must all be different, got {choice!r} more than once")


class Predictions:
    """Remember per question what was asked, what was locked, and whether the result was out.

    An answer is written to ``predictions/`` in the cache folder, one small file a question, so
    that it outlives the kernel; where that cannot be written, the kernel alone keeps it. It counts
    only for the question as it was worded when it was answered.
    """

    def __init__(self):
        self.questions: dict[str, Question] = {}
        self.revealed: set[str] = set()
        self._answers: dict[str, dict] = {}

    def ask(self, question: Question, *, again: bool = False) -> None:
        """Take note of a question; ``again`` forgets what was answered to it."""
        self.questions[question.name] = question
        if again:
            self.revealed.discard(question.name)
            self._answers.pop(question.name, None)
            try:
                self._path(question.name).unlink(missing_ok=True)
            except (OSError, RuntimeError):
                self._answers[question.name] = {}  # the file stays, so this kernel looks past it

    def lock(self, question: Question, answer: str | float) -> dict:
        """Keep the first answer that is given; a later one changes nothing.

        Returns
        -------
        entry : dict with ``text``, ``answer``, ``words`` and ``late`` (the result was out already).
        """
        answer = question.check(answer)
        if entry := self.locked(question.name):
            return entry
        late = question.name in self.revealed
        words = question.in_words(answer)
        entry = {"text": question.text, "answer": answer, "words": words, "late": late}
        self._answers[question.name] = entry
        self._write(question.name, entry)
        return entry

    def locked(self, name: str) -> dict | None:
        """Return what is locked for this question, or None."""
        question = self.questions.get(name)
        entry = self._answers[name] if name in self._answers else self._read(name)
        if not entry or (question and entry["text"] != question.text):
            return None
        try:
            if question:
                question.check(entry["answer"])
        except (TypeError, ValueError):
            return None
        self._answers[name] = entry
        return entry

    @staticmethod
    def _path(name: str) -> Path:
        return cache_folder() / "predictions" / f"{name}.json"

    def _read(self, name: str) -> dict | None:
        """Return what the file holds, None if there is none or it is damaged."""
        try:
            entry = json.loads(self._path(name).read_text(encoding="utf-8"))
            kinds = {"text": str, "answer": (str, int, float), "words": str, "late": bool}
            return entry if all(isinstance(entry[k], kind) for k, kind in kinds.items()) else None
        except (OSError, RuntimeError, ValueError, KeyError, TypeError):
            return None

    def _write(self, name: str, entry: dict) -> None:
        """Write the file whole; on a full or read-only disk only the kernel remembers."""
        try:
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
            draft.write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
            os.replace(draft, path)
        except (OSError, RuntimeError):  # RuntimeError: this user has no home folder
            return
