"""Outputs of cells as a notebook holds them, made of whatever a kernel sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from effcv_lab.grading.sandbox.session import Outcome


def as_output(found: dict[str, Any]) -> NotebookNode:
    """Make a valid output of a message's content, whatever a submission put into it.

    Examples
    --------
    >>> as_output({"output_type": "error", "ename": 7, "traceback": {}})
    {'output_type': 'error', 'ename': '7', 'evalue': 'None', 'traceback': []}
    """
    from nbformat.v4 import new_output

    kind = found["output_type"]
    if kind == "stream":
        name = "stderr" if found.get("name") == "stderr" else "stdout"
        return new_output(kind, name=name, text=_plain(found.get("text", "")))
    if kind == "error":
        lines = found.get("traceback")
        lines = [_plain(line) for line in lines] if isinstance(lines, list) else []
        return new_output(
            kind,
            ename=_plain(found.get("ename")),
            evalue=_plain(found.get("evalue")),
            traceback=lines,
        )
    data = found.get("data")
    kept = (
        {k: _plain(v) for k, v in data.items() if isinstance(k, str)}
        if isinstance(data, dict)
        else {}
    )
    return new_output(kind, data=kept, metadata={})


def _plain(text: Any) -> str:
    return str(text).encode("utf-8", "replace").decode("utf-8")


def as_error(name: str, words: str) -> NotebookNode:
    """Make an error of our own: nbgrader gives a test cell that holds one no points."""
    from nbformat.v4 import new_output

    return new_output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"])


def what_was_raised(outcome: Outcome) -> str:
    """Return the first error of a run in a few words."""
    error = next((o for o in outcome.outputs if o["output_type"] == "error"), {})
    return f"{error.get('ename')}: {error.get('evalue')}"[:120]


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Put what was printed in pieces together."""
    done: list[NotebookNode] = []
    for output in outputs:
        last = done[-1] if done else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            done.append(output)
    return done
