"""Promises about a teacher that is only asked: what it is left as, and what its answer is good for.

The module is the function's first argument; everything is looked at right after the call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from effcv_lab.grading.calling import Call, call, fresh_copy
from effcv_lab.grading.comparing import same, show
from effcv_lab.grading.promises import Promise, stopped

ORDINARY = "an ordinary tensor"
SETTINGS = (bool, int, float, str, type(None))


def modes(teacher: nn.Module) -> dict[str, Any]:
    """Say of every part whether it trains.

    Examples
    --------
    >>> modes(nn.Sequential(nn.Flatten().eval()))
    {'the teacher itself': 'in train mode', 'its part 0 (Flatten)': 'in eval mode'}
    """
    parts = dict(teacher.named_modules())
    return {
        _called(name, part): "in train mode" if part.training else "in eval mode"
        for name, part in parts.items()
    }


def contents(teacher: nn.Module) -> dict[str, Any]:
    """List what else there is: numbers, gradients, settings, hooks, and the switch for all."""
    found: dict[str, Any] = {"torch.is_grad_enabled()": str(torch.is_grad_enabled())}
    for name, value in teacher.state_dict().items():
        found[f"`{name}`"] = value.clone()
    for name, value in teacher.named_parameters():
        found[f"`{name}.requires_grad`"] = str(value.requires_grad)
        found[f"`{name}.grad`"] = None if value.grad is None else value.grad.clone()
    for name, part in teacher.named_modules():
        place = f"{name}." if name else ""
        for key, value in vars(part).items():
            if type(value) in SETTINGS and key[0] != "_" and key != "training":
                found[f"`{place}{key}`"] = value
        hooks = len(part._forward_hooks) + len(part._forward_pre_hooks)
        found[f"the number of hooks on {_called(name, part)}"] = hooks
    return found


@dataclass(frozen=True)
class LeavesTeacher(Promise):
    """Leave the teacher as it was.

    Parameters
    ----------
    look : callable (teacher) -> dict
        What is compared before and after.
    """

    look: Callable[[nn.Module], dict[str, Any]] = modes

    def call(self, function: Callable, args: tuple) -> Call:
        """Look at the function's own copy of the teacher after it was used, or refused."""

        def look_after(*own: Any) -> dict[str, Any]:
            with suppress(ValueError):
                function(*own)
            return self.look(own[0])

        return replace(call(look_after, args, function), changed=())

    def wanted(self, reference: Callable, args: tuple) -> dict[str, Any]:
        """Look at a teacher that nobody has used."""
        return self.look(fresh_copy(args[0]))

    def problem(self, done: Call, args: tuple, wanted: dict[str, Any]) -> str | None:
        """Name what differs, three things at most."""
        if done.error is not None:
            return stopped(done)
        found = done.result
        lines = [
            f"{name} {_was_and_is(found.get(name), value)}"
            for name, value in wanted.items()
            if not same(found.get(name), value, rtol=0, atol=0)
        ]
        if not lines:
            return None
        rest = f"\nand {len(lines) - 3} more" if len(lines) > 3 else ""
        return "\n".join(lines[:3]) + rest


class CarriesNoGraph(Promise):
    """Return a tensor without a graph that can be used in a loss."""

    def call(self, function: Callable, args: tuple) -> Call:
        """Try to differentiate a loss that uses the result; how that went is the record's result."""
        done = call(lambda *own: _usefulness(function(*own)), args, function)
        return replace(done, changed=())

    def wanted(self, reference: Callable, args: tuple) -> str:
        """Want a tensor like any other."""
        return ORDINARY

    def problem(self, done: Call, args: tuple, wanted: str) -> str | None:
        """Say what the result is instead."""
        if done.error is not None:
            return stopped(done)
        return None if done.result == wanted else f"the result is {done.result}"


def _usefulness(result: Any) -> str:
    if not isinstance(result, Tensor):
        return "no torch.Tensor"
    if result.requires_grad:
        return "tied to the graph of its computation: its requires_grad is True, wanted False"
    with torch.enable_grad():
        student = torch.ones_like(result, requires_grad=True)
        try:
            (student * result).sum().backward()
        except RuntimeError as error:
            return f"of no use in a loss: backward() stops with {str(error).partition('.')[0]}"
    return ORDINARY


def _called(name: str, part: nn.Module) -> str:
    return f"its part {name} ({type(part).__name__})" if name else "the teacher itself"


def _was_and_is(found: Any, wanted: Any) -> str:
    if any(isinstance(value, Tensor) and value.numel() != 1 for value in (found, wanted)):
        return "was changed"
    return "was {}, is {}".format(
        *(value if isinstance(value, str) else show(value) for value in (wanted, found))
    )
