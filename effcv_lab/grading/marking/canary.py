"""Small cells run between a submission's own ask whether its tests still test.

A submission shares its interpreter with the tests. Three questions, asked from outside, find the crude ways to bend them:

- Before each test: does an assertion that must fail, fail, and with the words just made up? Does an expression show the
  number that it has, once? (Input transformers and AST hooks that drop asserts; a display hook that shows full marks.)
- After all: does the test give points to functions that do nothing? Each answer is replaced by a stub, and each test that
  gave points is run again. (A replaced ``grade``, a test that no longer looks.) Tests that give points to the stubs in the
  model solution, too, are left out of it.
- Did a test show more than one result? The first counts for nbgrader, and an interpreter shows one.

Not found is who knows this page: code that looks for the canaries, or that tells a stub from its own function. What comes out
of a stranger's interpreter is a stranger's word.
"""

from __future__ import annotations

import ast
import random
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from effcv_lab.grading.sandbox.session import Outcome

if TYPE_CHECKING:
    from effcv_lab.grading.sandbox.session import SandboxedKernel

SECONDS = 30
#: How a check of the kit begins the line in which it says that something it stands on was replaced.
MARK = "TAMPERED "


def asserts_count(kernel: SandboxedKernel) -> str | None:
    """Say what is wrong with a kernel in which an assertion that must fail does not, or a number is not shown.

    Returns
    -------
    problem : str or None
        None also if the kernel is gone: that is not for this to tell.
    """
    nonce = secrets.token_hex(8)
    outcome = kernel.run(f"assert len({nonce!r}) < 3, {nonce!r}", SECONDS)
    errors = [o for o in outcome.outputs if o["output_type"] == "error"]
    found = [(error.get("ename"), error.get("evalue")) for error in errors]
    if outcome.ended != "died" and found != [("AssertionError", nonce)]:
        return "an assertion that must fail did not: the code of tests was bent"
    first, second = random.randrange(1000, 9999), random.randrange(1000, 9999)
    outcome = kernel.run(f"{first} * {second}", SECONDS)
    if outcome.ended != "died" and results(outcome) != [str(first * second)]:
        return "a number that must be shown was not, or others were: what tests show was bent"
    return None


def results(outcome: Outcome) -> list[str | None]:
    """Return what was shown as the value of a cell's last line; an interpreter shows one at most."""
    shown = [o.get("data") for o in outcome.outputs if o["output_type"] == "execute_result"]
    return [data.get("text/plain") if isinstance(data, dict) else None for data in shown]


def no_score(outcome: Outcome, points: float) -> str | None:
    """Say what a test showed that no test shows: two results, or no number from 0 to its points.

    A text or nothing is full marks for nbgrader, so both are left alone.
    """
    shown = results(outcome)
    if len(shown) > 1:
        return "more than one result was shown"
    try:
        fits = not shown or 0 <= float(str(shown[0])) <= points
    except ValueError:
        return None
    return None if fits else f"it shows {str(shown[0])[:20]}, which is not from 0 to {points:g}"


def marked(outcome: Outcome) -> list[str]:
    """Return what a check of the kit found replaced."""
    lines = (line.strip() for line in outcome.text.splitlines())
    return [line.removeprefix(MARK)[:200] for line in lines if line.startswith(MARK)]


def defined(sources: Iterable[str]) -> list[str]:
    r"""Return the functions and classes that cells define at their top.

    Examples
    --------
    >>> defined(["import math\ndef half(x):\n    return x / 2", "class Net: pass", "no python!"])
    ['half', 'Net']
    """
    names: list[str] = []
    for source in sources:
        try:
            body = ast.parse(source).body
        except (SyntaxError, ValueError):
            continue
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        names += [node.name for node in body if isinstance(node, kinds)]
    return names


def put_stubs(kernel: SandboxedKernel, names: list[str]) -> None:
    """Replace functions in a kernel by stubs as they were handed out."""
    stub = "def {}(*args, **kwargs):\n    raise NotImplementedError('write your answer here')"
    kernel.run("\n".join(stub.format(name) for name in names), SECONDS)
