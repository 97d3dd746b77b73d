"""Call a student's function once, quietly, and write down everything that happened.

nbgrader gives no points to a test cell that wrote to stderr, so nothing that the function prints,
warns or raises may get out: it becomes part of the record.
"""

from __future__ import annotations

import copy
import dis
import functools
import io
import linecache
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from effcv_lab.grading.comparing import as_array, identical
from effcv_lab.grading.plain import settled
from effcv_lab.grading.pristine import Guarded

KIT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
FREE_TO_USE = {KIT + "arguments.py", KIT + "tensor_arguments.py", os.path.abspath(__file__)} | {
    os.path.join(KIT, "grading", name)
    for name in (
        *("promises.py", "batch_promises.py", "teacher_promises.py"),
        *("pristine.py", "kept.py", "spaces.py", "comparing.py", "plain.py"),
    )
}
SAID_AT_MOST = 1000  # characters of a function's own output that are kept
_detach, _clone = Tensor.detach, Tensor.clone  # bound before any student's code runs
_setprofile = sys.setprofile
_grad_enabled, _set_grad_enabled = torch.is_grad_enabled, torch.set_grad_enabled


@dataclass(frozen=True)
class Call:
    """What one call did. ``error`` is None if it returned, else what it raised."""

    result: Any = None
    error: BaseException | None = None
    message: str = ""  # of the error
    where: str = ""  # the student's line that was running when the error was raised
    changed: tuple[int, ...] = ()  # positions of the arguments that were altered in place
    kit_function: str | None = None  # the first function of the kit that ran, if any did
    said: str = ""  # printed or warned


def call(function: Callable, args: tuple, written: Callable | None = None) -> Call:
    """Call ``function`` on copies of ``args`` and record what it did; nothing gets out.

    Only KeyboardInterrupt, the way to stop a run, passes. Every call meets the same random
    numbers, so two versions that both forget to switch dropout off do the same. ``written`` is
    what the student wrote, if ``function`` only wraps it.

    Examples
    --------
    >>> call(lambda x: 1 / x, (0,)).error
    ZeroDivisionError('division by zero')
    """
    own = tuple(fresh_copy(value) for value in args)
    entered: list[str] = []

    def watch(frame, event, called):  # for everything that the function does: short ways first
        if event == "call":
            name = frame.f_code.co_filename
            if name.startswith(KIT) and name not in FREE_TO_USE and not entered:
                module = name.removeprefix(KIT).removesuffix(".py").replace(os.sep, ".")
                entered.append(f"effcv_lab.{module}.{frame.f_code.co_name}")
        elif (
            called is _setprofile
            and event == "c_call"
            and frame.f_code.co_filename not in FREE_TO_USE
        ):
            entered.append("sys.setprofile, which looks for functions of the kit")

    result, error, before = None, None, sys.getprofile()
    with quiet() as said, _same_randomness(), _gradients_as_before():
        try:
            sys.setprofile(watch)
            result = function(*own)
            sys.setprofile(before)
            if type(result) in (Tensor, nn.Parameter):
                _make_readable(result)
            result = settled(result)
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # also SystemExit: a student's sys.exit() ends nothing
            result, error = None, raised
        finally:
            sys.setprofile(before)
    return Call(
        result=result,
        error=error,
        message=_message(error) if error else "",
        where=last_line_of(written or function, error) if error else "",
        changed=tuple(i for i, value in enumerate(args) if not identical(value, own[i])),
        kit_function=entered[0] if entered else None,
        said=said.getvalue(),
    )


@contextmanager
def _same_randomness() -> Iterator[None]:
    """Start torch's random numbers on the CPU from one place, then let them go on as before."""
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(0)
    try:
        yield
    finally:
        torch.set_rng_state(state)


@contextmanager
def _gradients_as_before() -> Iterator[None]:
    """Undo ``torch.set_grad_enabled(False)``: what comes after needs gradients."""
    enabled = _grad_enabled()
    try:
        yield
    finally:
        _set_grad_enabled(enabled)


@contextmanager
def ordinary_torch() -> Iterator[None]:
    """Have gradients on, float32 and the CPU, whatever a cell has set; put all back in the end."""
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    with torch.enable_grad(), nullcontext() if device.type == "cpu" else torch.device("cpu"):
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


def _message(error: BaseException) -> str:
    try:
        return str(error)[:300]
    except (Exception, SystemExit):  # an error of the student's own, with an error in it
        return "(no message)"


def _make_readable(result: Tensor) -> None:
    """Refuse a tensor without values that can be looked at: on the meta device, nested, ..."""
    try:
        as_array(result)
    except Exception as error:
        raise TypeError(f"it returned a tensor that cannot be read ({error})") from None


def is_stub(function: Callable, error: BaseException | None) -> bool:
    """Tell whether ``function`` itself still raises NotImplementedError, as it was handed out.

    What torch or another unwritten function raises further in is an error like others.
    """
    if not isinstance(error, NotImplementedError):
        return False
    while type(function) is functools.partial:
        function = function.func
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or step.tb_frame.f_code is not getattr(function, "__code__", None):
        return False
    last = [i for i in dis.get_instructions(step.tb_frame.f_code) if i.offset == step.tb_lasti]
    return bool(last) and last[0].opname == "RAISE_VARARGS"  # its own raise, not a call into torch


def fresh_copy(value: Any) -> Any:
    """Copy an argument, so that what is done to it in place stays with one call."""
    if isinstance(value, Tensor):
        return _clone(_detach(value)).requires_grad_(value.requires_grad)
    twin = copy.deepcopy(value)
    if isinstance(value, nn.Module):  # deepcopy forgets gradients
        for parameter, copied in zip(value.parameters(), twin.parameters(), strict=True):
            copied.grad = None if parameter.grad is None else _clone(parameter.grad)
    return twin


class _Capped(io.StringIO):
    """Keep the first characters written, forget the rest."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, SAID_AT_MOST - self.tell())])
        return len(text)

    def close(self) -> None:
        """Stay open: what a function closes is needed after it."""


@contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Keep prints, warnings and everything on stderr, that of compiled code too, off the cell.

    Yields a text buffer with what was printed through Python, then the warnings.
    """
    said = _Capped()
    with (
        warnings.catch_warnings(record=True) as caught,
        redirect_stdout(said),
        redirect_stderr(said),
        _file_descriptor_2_off(),
    ):
        warnings.simplefilter("always")
        yield said
    for warning in caught:
        said.write(f"{warning.category.__name__}: {warning.message}\n")


@contextmanager
def _file_descriptor_2_off() -> Iterator[None]:
    """Send what C++ code writes to stderr nowhere, then put stderr back."""
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def last_line_of(function: Callable, error: BaseException) -> str:
    """Find the last line of the student's own that ran before the error, as text.

    Their own is what stands in the file, or notebook cell, in which ``function`` was written;
    with none of it on the way, the line is "".
    """
    if type(function) is Guarded:
        function = function.function
    home = getattr(getattr(function, "__code__", None), "co_filename", None)
    line = ""
    with suppress(Exception):  # an explanation must never be what fails
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == home:
                source = linecache.getline(home, number).strip()
                line = f"line {number} of its cell" + (f": {source}" if source else "")
    return line
