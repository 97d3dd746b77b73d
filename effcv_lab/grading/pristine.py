"""Checks stand on what was there before any student's code ran: it is remembered, and put back when a check begins.

A student's code shares the interpreter with the checks. It may replace ``builtins.isinstance``, ``torch.equal``, a method of
``torch.nn.Module``, a function of this kit or only its code. What checks use (:mod:`effcv_lab.grading.foundations`) is remembered
when this module is imported, and an assignment's own checks when it is: by the first cell of every assignment, in grading before
any cell. :func:`as_imported` puts it back, and says so in one line that begins with :data:`TAMPERED`. After every call of the
student's function what records the call is put back again, and all of it when the last call is over. Only then are the inputs drawn
anew and the answers computed: while a student's function runs there is no answer in memory to be found.

Not caught here, as it comes before this module does, goes on beside it, or is not to be told from work:

- Who rewrites this module, :mod:`effcv_lab.grading.kept` or ``FunctionCheck.check``, or puts a module of their own for a whole
  assignment into ``sys.modules``, before its check is called or imported: what is never reached puts nothing back. Points for
  functions that do nothing show the crude ones from outside.
- ``ctypes`` and all else that writes into memory; audit hooks, which Python never removes; threads that go on during a check;
  ``sys.monitoring`` of Python 3.12.
- Private parts of torch and NumPy that are not listed, and operations of torch replaced below ``torch.library``.
- A function that holds a copy of the kit's own solution: the kit is there to be read.
- What is printed: who replaces ``sys.stdout`` can swallow the line, not change the points.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.utils._device

from effcv_lab.grading.foundations import (
    CALLED_WITH,
    GRADING,
    KIT,
    LIBRARIES,
    LOOKED_WITH,
    ORDINARY_TENSORS,
    PYTHON,
    WITH_CLASSES,
)
from effcv_lab.grading.kept import Kept, everything, foundations

__builtins__ = dict(vars(builtins))  # its own, as in `spaces`

TAMPERED = "TAMPERED"
MOST_NAMED = 4
_gettrace, _settrace = sys.gettrace, sys.settrace
_getprofile, _setprofile = sys.getprofile, sys.setprofile
_C, _DeviceContext = torch._C, torch.utils._device.DeviceContext
_mode_count, _pop_mode, _push_mode = (
    _C._len_torch_function_stack,
    _C._pop_torch_function_stack,
    _C._push_on_torch_function_stack,
)
_dispatch_count, _pop_dispatch = _C._len_torch_dispatch_stack, _C._pop_torch_dispatch_stack
_inner_mode, _INNER_MODES = (
    _C._get_dispatch_mode,
    tuple(_C._TorchDispatchModeKey.__members__.values()),
)
_hooks, _pop_hooks = (
    _C._autograd._top_saved_tensors_default_hooks,
    _C._autograd._pop_saved_tensors_default_hooks,
)
_ALARMS = [getattr(signal, n) for n in ("SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2") if hasattr(signal, n)]  # fmt: skip
_sigmask = getattr(signal, "pthread_sigmask", None)  # not on Windows


def _looked_with() -> Kept:
    kept = Kept()
    for name, used in LOOKED_WITH.items():
        kept.module(
            sys.modules[name],
            lambda name, _, used=used: name in used,
            ("torch", "numpy", "random"),
            classes=False,
        )
    kept.klass(torch.Tensor)
    kept.klass(torch.enable_grad)
    return kept


def _foundation() -> Kept:
    """Remember Python's own modules and the libraries."""
    kept = Kept()
    for name in PYTHON:
        kept.module(__import__(name), foundations, PYTHON)
    for name in LIBRARIES + WITH_CLASSES:
        if name in sys.modules:
            kept.module(
                sys.modules[name], everything, ("torch", "numpy"), classes=name in WITH_CLASSES
            )
    for owner in (torch.Tensor, torch.nn.Tanh, np.errstate):
        kept.klass(owner)
    for label, hooks in vars(torch.nn.modules.module).items():
        if label[:8] == "_global_" and isinstance(hooks, dict):
            kept.table(f"torch.nn.modules.module.{label}", hooks)
    kept.table("copy._deepcopy_dispatch", __import__("copy")._deepcopy_dispatch)
    return kept


def _builtins() -> Kept:
    kept = Kept()
    kept.module(builtins, foundations, ())
    return kept


def _operations() -> set[str]:
    """Return torch's own operations that were written anew in Python, for tensors like a check's.

    torch itself writes some for others: on the meta device, or for ``vmap``, when it is used first.
    """
    written = torch.library._impls
    if len(written) <= _WRITTEN:
        return set()
    return {n for n in written if n[:5] == "aten/" and n.rpartition("/")[2] in ORDINARY_TENSORS}


_WRITTEN = 0
_OPERATIONS = frozenset(_operations())
_WRITTEN = len(torch.library._impls)
_CORE, _LOOKED_WITH, _FOUNDATION = _builtins(), _looked_with(), _foundation()
_CHECKS, _PACKAGE = Kept(), Kept()


def remember(unfinished: str | None = None) -> None:
    """Remember the modules of the kit that have been imported since, with all their checks.

    An assignment calls it at its end; a module that is known stays as it was known.

    Parameters
    ----------
    unfinished : str, optional
        Of the modules that are still being imported, the one to remember; all, if it is not given.
    """
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if unfinished not in (None, name) and getattr(spec, "_initializing", False):
            continue
        if name in CALLED_WITH:
            _CORE.module(module, everything, (KIT,))
        if name == GRADING or name[: len(GRADING) + 1] == GRADING + ".":
            _CHECKS.module(module, everything, (KIT,))
            for label, value in list(vars(module).items()):
                if label[:2] != "__" and module.__name__ != __name__:
                    _CHECKS.thing(f"{name}.{label}", value, KIT)
        elif name == KIT or name[: len(KIT) + 1] == KIT + ".":
            _PACKAGE.module(module, everything, (KIT,))


@dataclass
class Repairs:
    """What was put back in one check."""

    names: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # what cannot be put back

    def now(self) -> None:
        """Put back all that is remembered."""
        self.after_a_call(looks=True)
        for kept in (_FOUNDATION, _CHECKS, _PACKAGE):
            self.names += kept.put_back()
        self.lost += sorted(_operations() - _OPERATIONS - set(self.lost))

    def after_a_call(self, looks: bool) -> None:
        """Put back what a call is recorded with, and with ``looks`` what looks at its result there."""
        _settrace(None)
        self.names += _modes_off() + _CORE.put_back()
        if looks:
            self.names += _LOOKED_WITH.put_back()

    def told(self) -> str:
        """Say in one line what was replaced; nothing if nothing was."""
        names = list(dict.fromkeys(self.lost + self.names))
        if not names:
            return ""
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        used = "nothing was checked, as not all can be put back"
        return (
            f"{TAMPERED} {', '.join(names[:MOST_NAMED])}{more}: "
            f"{used if self.lost else 'this check used what was there before'}. "
            "If you did not mean to replace it: take out the line that does, and restart the kernel."
        )


@dataclass(frozen=True)
class Guarded:
    """A student's function, after each call of which everything is put back."""

    function: Callable
    repairs: Repairs
    looks: bool

    def __call__(self, *args: Any) -> Any:
        """Call it."""
        watching = _getprofile()
        try:
            return self.function(*args)
        finally:
            if _getprofile() is not watching:
                self.repairs.lost.append("the profiler that watches a call")
            _setprofile(None)  # nothing of this is to be watched: that takes longer than itself
            self.repairs.after_a_call(self.looks)
            _setprofile(watching)


@contextlib.contextmanager
def as_imported() -> Iterator[Repairs]:
    """Have what checks stand on as it was when it was imported; what was replaced stays put back.

    Whoever traces the interpreter, a debugger say, sees nothing of what happens inside.

    Examples
    --------
    >>> import operator
    >>> operator.eq = lambda a, b: True
    >>> with as_imported() as repairs:
    ...     operator.eq(1, 2)
    False
    >>> repairs.told()[:22]
    'TAMPERED operator.eq: '
    """
    trace, repairs = _gettrace(), Repairs()
    try:
        repairs.now()
        yield repairs
    finally:
        _settrace(trace)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let nothing of a student's run by itself: no finalizer of the garbage collector, no alarm."""
    collecting = gc.isenabled()
    gc.disable()
    blocked = _sigmask(signal.SIG_BLOCK, _ALARMS) if _sigmask else None
    try:
        yield
    finally:
        if _sigmask:
            _sigmask(signal.SIG_SETMASK, blocked)
        if collecting:
            gc.enable()


def _modes_off() -> list[str]:
    """End what listens to every operation of torch; only ``torch.set_default_device`` may stay."""
    found, fine = [], []
    while _mode_count():
        mode = _pop_mode()
        if type(mode) is _DeviceContext and "__torch_function__" not in vars(mode):
            fine.append(mode)
        else:
            found.append("a mode of torch that was left on")
    for mode in reversed(fine):
        _push_mode(mode)
    while _dispatch_count():
        key = next((key for key in _INNER_MODES if _inner_mode(key) is not None), None)
        _pop_dispatch(key)
        found.append("a dispatch mode of torch that was left on")
    while _hooks(True) is not None:
        _pop_hooks()
        found.append("hooks on tensors saved for backward, left on")
    return found
