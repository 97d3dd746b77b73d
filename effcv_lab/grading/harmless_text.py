r"""Texts of strangers, so that they are shown and do nothing.

A graded notebook is opened in the instructor's browser, where a page may do all that the instructor may. So a student's text is
broken with a word joiner (U+2060, which has no width) wherever Markdown, HTML or MathJax would see more than text: what was
written stays readable, and stays written.
"""

from __future__ import annotations

import re

JOINER = "\u2060"
MOST_COLOURS, MOST_COLOURED = 1_000, 200_000  # codes in a text, characters of a text with any
_URL = r"https?://[A-Za-z0-9][^\s()<>\\\"'&`]*"
#: What acts, and where it is broken: at the end of the first group.
_ACTIVE = {
    "HTML": r"(<)(?=[A-Za-z/!?])(?!/?(?:details|summary)>)",  # these two, bare, are the assignments' own hints
    "character references": r"(&)(?=#|[A-Za-z][A-Za-z0-9]*;)",
    "pictures": r"(!)(?=\[)",
    "links that are not plain": rf"(\])(?=\((?!{_URL}\))|:)",
    "addresses that act": r"(?i)(\b(?:javascript|vbscript|livescript|data|blob|file|view-source))(?=\s*\\?:)",
    "commands of MathJax that act": r"(\\)(?=(?:href|url|require|unicode|style|class|cssId|html[A-Za-z]+|data|bbox"
    r"|includegraphics|mmlToken|enclose|tip|texttip|mathtip|toggle|action|def|gdef|edef|let|newcommand|renewcommand"
    r"|providecommand|newenvironment|renewenvironment|DeclareMathOperator|Newextarrow|csname|verb)(?![A-Za-z]))",
    "diagrams": r"(?m)((?:`{3,}|~{3,})[ \t]*mer)(?=maid)",
}
#: A heading gets an id made of its text, which could be that of a box for points. It gets another one.
_HEADING = re.compile(rf"((?<![\w/#])#+(?!#)[ \t]*+)(?!{JOINER})")
_UNDERLINE = re.compile(r"(?m)^(?=.*[=-])([ \t>]*(?:=+|-+))[ \t]*$")
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _ACTIVE.items()}

_COLOUR = r"\x1b\[[0-9;]{0,40}m"
_ESCAPES = re.compile(
    rf"({_COLOUR})"
    r"|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # titles and links of a terminal
    r"|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # cursor, screen, ...
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def as_text(value: object) -> str:
    """Return a text; of a list the texts in it, joined; of anything else none.

    Examples
    --------
    >>> as_text(["a", 7, "b"]), as_text({"a": 1})
    ('ab', '')
    """
    parts = value if isinstance(value, list) else [value]
    text = "".join(part for part in parts if isinstance(part, str))
    return text.encode("utf-8", "replace").decode("utf-8")


def passive(text: str) -> tuple[str, list[str]]:
    r"""Make a Markdown text show what acts as text.

    Emphasis, lists, tables, code, formulas, plain links to http and https, and folds (``<details>``) stay. What is passive
    already is not changed.

    Parameters
    ----------
    text : str

    Returns
    -------
    text : str
        With word joiners inside of what would have acted.
    kinds : list of str
        What that was.

    Examples
    --------
    >>> passive("*2 < 3*, and [why](https://example.org)")
    ('*2 < 3*, and [why](https://example.org)', [])
    >>> passive("<b>[x](javascript:alert(1))")
    ('<\u2060b>[x]\u2060(javascript\u2060:alert(1))', ['HTML', 'links that are not plain', 'addresses that act'])
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, count = _CONTROLS.subn("", text)
    kinds = ["control characters"] * (count > 0)
    for kind, pattern in _PATTERNS.items():
        text, count = pattern.subn(rf"\1{JOINER}", text)
        kinds += [kind] * (count > 0)
    return _without_underlines(_HEADING.sub(rf"\1{JOINER}", text)), kinds


def _without_underlines(text: str) -> str:
    """Let no line become a heading by the line below it; a rule after an empty line stays."""
    lines = text.split("\n")
    for number in range(1, len(lines)):
        if lines[number - 1].strip(" \t>") and _UNDERLINE.match(lines[number]):
            lines[number] += JOINER
    return "\n".join(lines)


def printed(text: str) -> str:
    r"""Return what a terminal would show of a printed text, with its colours.

    Other escapes and control characters go; of a line that was written over and over the last state stays. A text with very
    many colours, or a very long one, loses them: nbconvert takes time with the square of their number.

    Examples
    --------
    >>> printed("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link \x1b[2J10 %\r20 %\n")
    '20 %\n'
    >>> printed("\x1b[31mred\x1b[0m\x1b[2J")
    '\x1b[31mred\x1b[0m'
    """
    coloured = len(text) <= MOST_COLOURED and text.count("\x1b") <= MOST_COLOURS
    text = _ESCAPES.sub(r"\1" if coloured else "", text)
    if "\r" in text:
        lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
        text = "\n".join(lines)
    return text


def uncoloured(text: str) -> str:
    r"""Return a printed text without escapes.

    Examples
    --------
    >>> uncoloured("\x1b[31mred\x1b[0m")
    'red'
    """
    return _ESCAPES.sub("", text)
