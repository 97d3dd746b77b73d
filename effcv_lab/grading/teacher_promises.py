"""Promises about a teacher that is only asked: what it is left as, and what its answer is good for.

The module is the function's first argument; everything is looked at right after the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from effcv_lab.grading.calling import Call, call, fresh_copy
from effcv_lab.grading.comparing import same, show
from effcv_lab.grading.plain import name_of, settled
from effcv_lab.grading.promises import Promise, stopped

ORDINARY = "an ordinary tensor"
SETTINGS = (bool, int, float, str, type(None))
_own = nn.Module.__dict__["__dict__"].__get__  # what a module holds, whatever its class makes of it


def modes(teacher: nn.Module) -> dict[str, Any]:
    """Say of every part whether it trains.

    Examples
    --------
    >>> modes(nn.Sequential(nn.Flatten().eval()))
    {'the teacher itself': 'in train mode', 'its part 0 (Flatten)': 'in eval mode'}
    """
    words = {True: "in train mode", False: "in eval mode"}
    return {
        _called(name, part): words.get(_own(part)["training"], "in no mode")
        for name, part in _parts(teacher)
    }


def contents(teacher: nn.Module) -> dict[str, Any]:
    """List what else there is: numbers, gradients, settings, hooks, and the switch for all."""
    found: dict[str, Any] = {"torch.is_grad_enabled()": str(torch.is_grad_enabled())}
    for name, part in _parts(teacher):
        place, own = f"{name}." if name else "", _own(part)
        for key, value in (own["_parameters"] | own["_buffers"]).items():
            if value is not None:
                found[f"`{place}{key}`"] = _numbers(value)
        for key, value in own["_parameters"].items():
            if value is not None:
                found[f"`{place}{key}.requires_grad`"] = str(value.requires_grad)
                found[f"`{place}{key}.grad`"] = None if value.grad is None else value.grad.clone()
        for key, value in own.items():
            if type(value) in SETTINGS and key[0] != "_" and key != "training":
                found[f"`{place}{key}`"] = value
        hooks = len(own["_forward_hooks"]) + len(own["_forward_pre_hooks"])
        found[f"the number of hooks on {_called(name, part)}"] = hooks
    return found


def _parts(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Go through a module and its parts without asking it: its methods may have been replaced."""
    yield name, module
    for key, part in _own(module)["_modules"].items():
        yield from _parts(part, f"{name}.{key}" if name else key)


def _numbers(tensor: Any) -> Any:
    return settled(tensor.data if type(tensor) is nn.Parameter else tensor)


@dataclass(frozen=True)
class LeavesTeacher(Promise):
    """Leave the teacher as it was.

    Parameters
    ----------
    look : callable (teacher) -> dict
        What is compared before and after.
    """

    look: Callable[[nn.Module], dict[str, Any]] = modes
    looks: ClassVar[bool] = True

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

    looks = True

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
    if type(result) is not Tensor:
        return "no plain torch.Tensor" if issubclass(type(result), Tensor) else "no torch.Tensor"
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
    return f"its part {name} ({name_of(type(part))})" if name else "the teacher itself"


def _was_and_is(found: Any, wanted: Any) -> str:
    if any(isinstance(value, Tensor) and value.numel() != 1 for value in (found, wanted)):
        return "was changed"
    return "was {}, is {}".format(
        *(value if isinstance(value, str) else show(value) for value in (wanted, found))
    )
