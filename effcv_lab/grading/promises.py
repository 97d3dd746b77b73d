"""What a function promises, one class for each kind of promise.

A promise draws its own inputs, knows what is wanted, and says what went wrong. It is worth a
share of the points; ``hidden`` ones are tried only when it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch

from effcv_lab.grading.calling import Call, call, fresh_copy
from effcv_lab.grading.comparing import difference, difference_in_kind, same, show
from effcv_lab.grading.plain import name_of

Draw = Callable[[torch.Generator], list[tuple]]


@dataclass(frozen=True)
class Promise:
    """Return what the reference returns, within ``atol + rtol * |wanted|``.

    Parameters
    ----------
    text : str
        The promise in the words of the assignment.
    share : float
        Its part of the points, relative to the other promises.
    draw : callable (generator) -> list of argument tuples
    hidden : bool
        Tried only when it counts.
    judge : callable (args, result) -> str or None, optional
        Says what is wrong with a result where more than one is right.
    """

    text: str
    share: float
    draw: Draw
    hidden: bool = False
    rtol: float = 1e-4
    atol: float = 1e-6
    judge: Callable[[tuple, Any], str | None] | None = None
    looks: ClassVar[bool] = False  # whether something of the kit looks at the result in the call

    def call(self, function: Callable, args: tuple) -> Call:
        """Call a function in the way that shows this promise."""
        return call(function, args)

    def wanted(self, reference: Callable, args: tuple) -> Any:
        """Return what a right function gives."""
        return reference(*(fresh_copy(value) for value in args))

    def problem(self, done: Call, args: tuple, wanted: Any) -> str | None:
        """Say what went wrong, with what was got and wanted; None if nothing did."""
        if done.error is not None:
            return stopped(done)
        what = difference_in_kind(done.result, wanted)
        if what is None and self.judge:
            what = self.judge(args, done.result)
        elif what is None:
            what = difference(done.result, wanted, self.rtol, self.atol)
        if what is None or done.result is None:
            return what
        return f"{what}\n  got    {_aligned(done.result)}\n  wanted {_aligned(wanted)}"


class Raises(Promise):
    """Refuse bad input with ``ValueError``."""

    def wanted(self, reference: Callable, args: tuple) -> Any:
        """Nothing is returned by a right function."""
        return None

    def problem(self, done: Call, args: tuple, wanted: Any) -> str | None:
        """Only a ValueError will do."""
        if done.error is not None and issubclass(type(done.error), ValueError):
            return None
        got = stopped(done) if done.error else f"it returned {_aligned(done.result)}"
        return f"{got}\n  wanted a ValueError"


class LeavesInputs(Promise):
    """Change no argument in place."""

    def problem(self, done: Call, args: tuple, wanted: Any) -> str | None:
        """Compare the arguments only; a function that stops early has shown nothing."""
        if done.error is not None:
            return stopped(done)
        if done.result is None:
            return difference_in_kind(done.result, wanted)
        if done.changed:
            which = " and ".join(str(i + 1) for i in done.changed)
            return f"argument {which} was changed in place; the caller still needs it"
        return None


@dataclass(frozen=True)
class PassesGradient(Promise):
    """Have the reference's gradient with respect to one argument.

    Parameters
    ----------
    of : int
        Which argument: a tensor, or a module, whose parameters are meant then. Every float tensor
        among the arguments needs a gradient during the call, as it may in use.
    """

    of: int = 0
    looks: ClassVar[bool] = True

    def call(self, function: Callable, args: tuple) -> Call:
        """Differentiate a fixed weighted sum of the result; that gradient is the record's result."""
        own = tuple(_needing_gradient(value) for value in args)
        done = call(lambda *given: _gradient(function(*given), given[self.of]), own, function)
        return replace(done, changed=())

    def wanted(self, reference: Callable, args: tuple) -> Any:
        """Differentiate the reference."""
        own = tuple(_needing_gradient(value) for value in args)
        return _gradient(reference(*own), own[self.of])


def _needing_gradient(value: Any) -> Any:
    value = fresh_copy(value)
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        value.requires_grad_()
    return value


def _gradient(result: torch.Tensor, of: torch.Tensor | torch.nn.Module) -> torch.Tensor:
    """Return zeros where nothing of the result depends on it; a module's gradients in one row.

    What is no tensor has no gradient: it is returned as it is, for a promise to name its kind.
    """
    if type(result) is not torch.Tensor:
        return result
    weights = torch.linspace(1, 2, result.numel(), dtype=result.dtype).view_as(result)
    inputs = list(of.parameters()) if isinstance(of, torch.nn.Module) else [of]
    total = (result * weights.to(result.device)).sum()
    found = torch.autograd.grad(total, inputs, allow_unused=True)
    pairs = zip(found, inputs, strict=True)
    filled = [torch.zeros_like(i) if g is None else g for g, i in pairs]
    return filled[0] if inputs[0] is of else torch.cat([g.flatten() for g in filled])


def same_outcome(first: Call, second: Call) -> bool:
    """Tell whether two calls came to the same: equal numbers, or errors of one type.

    torch has a RuntimeError for nearly everything: there the words count too.
    """
    if first.error is not None or second.error is not None:
        if type(first.error) is not type(second.error):
            return False
        if not issubclass(type(first.error), RuntimeError):
            return True
        return _words(first) == _words(second)
    return first.changed == second.changed and same(first.result, second.result)


def stopped(done: Call) -> str:
    """Say which error ended a call, and where."""
    place = f" ({done.where})" if done.where else ""
    return f"it stopped with {name_of(type(done.error))}: {done.message}{place}"


def _words(done: Call) -> list[str]:
    """Return the first words of an error's message; shapes and names of operations come later."""
    return done.message.split()[:4]


def _aligned(value: Any) -> str:
    return show(value).replace("\n", "\n" + " " * 9)
