"""Remember what names stand for and how functions are written, and put it back.

A namespace (of a module, a class, an object), a function and a list are remembered as they are. Comparing is by identity, so
nothing that a stranger put there is asked anything, and as long as nothing was replaced it is quick.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from operator import getitem, is_
from types import FunctionType, ModuleType
from typing import Any

from effcv_lab.grading.foundations import REPLACED_BY_USE
from effcv_lab.grading.spaces import Attributes, Names, Wanted

__builtins__ = dict(vars(builtins))  # its own, as in `spaces`

IMMUTABLE = 1 << 8  # flag of classes that cannot be changed: Python's own and most of C
CHANGED_BY_USE = {"__annotations__", "__slotnames__", "__doc__", "next_id"}  # of classes


def everything(name: str, value: Any) -> bool:
    """Keep all names but those that Python keeps for itself and those that are replaced in use."""
    return name[:2] != "__" and name not in REPLACED_BY_USE


def foundations(name: str, value: Any) -> bool:
    """Keep functions and classes, not settings: those of Python's own modules are there to be set."""
    return everything(name, value) and isinstance(value, (type, FunctionType, type(len)))


class Kept:
    """Many namespaces, functions, objects and lists, compared all at once."""

    def __init__(self) -> None:
        self.seen: dict[int, Any] = {}
        self.spaces: list[Names] = []
        self.functions = [Attributes(n) for n in ("__code__", "__defaults__", "__kwdefaults__")]
        self.cells = Attributes("cell_contents")
        self.modules = Attributes("__class__", type)
        self.objects = [
            Attributes("__class__", type, object.__setattr__),
            Attributes("__dict__", put=object.__setattr__),
        ]
        self.attributes = [*self.functions, self.cells, self.modules, *self.objects]
        self.lists: list[tuple[str, list, tuple]] = []
        self._flat: tuple | None = None

    def _is_new(self, thing: Any) -> bool:
        if id(thing) in self.seen:
            return False
        self.seen[id(thing)] = thing  # alive, so that its number stays its own
        self._flat = None
        return True

    def module(
        self, module: ModuleType, keep: Wanted, roots: Iterable[str], classes: bool = True
    ) -> None:
        """Remember a module, with the functions and classes in it that are of packages ``roots``."""
        if not self._is_new(module):
            return
        self.modules.add(module.__name__, module)
        names = Names(module.__name__, vars(module), keep, _shadows_python)
        self.spaces.append(names)
        for value in names.kept.values():
            if isinstance(value, type) and _root(value) in roots:
                if classes:
                    self.klass(value)
            elif type(value) is FunctionType and _root(value) in roots:
                self.function(value)

    def klass(self, owner: type) -> None:
        """Remember a class: its attributes, and how its methods are written."""
        if owner.__flags__ & IMMUTABLE or not self._is_new(owner):
            return

        def unwanted(name: str, value: Any) -> bool:
            if name in CHANGED_BY_USE:
                return False
            inherited = any(name in vars(base) for base in owner.__mro__[1:])
            return name[:2] == "__" or inherited or type(value) is not FunctionType

        label, space = f"{owner.__module__}.{owner.__qualname__}", vars(owner)
        self.spaces.append(
            Names(label, space, lambda name, _: name not in CHANGED_BY_USE, unwanted, owner)
        )
        for value in list(space.values()):
            for function in _functions(value):
                self.function(function)

    def function(self, function: FunctionType) -> None:
        """Remember how a function is written, its defaults, and the functions that it wraps."""
        if not self._is_new(function):
            return
        label = f"{function.__module__}.{function.__qualname__}"
        for attribute in self.functions:
            attribute.add(label, function)
        if function.__kwdefaults__:
            self.table(label, function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                self.cells.add(label, cell)
            except ValueError:  # nothing in it yet
                continue
            for inner in _functions(cell.cell_contents):
                self.function(inner)

    def table(self, label: str, table: dict) -> None:
        """Remember a dictionary; what is added to it goes again."""
        if self._is_new(table):
            self.spaces.append(Names(label, table, lambda *_: True, lambda *_: True))

    def thing(self, label: str, value: Any, root: str) -> None:
        """Remember a dictionary, a list or an object of package ``root``, and all that is in it."""
        kind = type(value)
        ours = (
            kind not in (dict, list, tuple) and _root(kind) == root and hasattr(value, "__dict__")
        )
        if not (ours or kind in (dict, list, tuple)) or not self._is_new(value):
            return
        if kind is list:
            self.lists.append((label, value, tuple(value)))
        if ours:
            for attribute in self.objects:
                attribute.add(label, value)
        if kind is list or kind is tuple:
            parts = [(f"{label}[{i}]", part) for i, part in enumerate(value)]
        else:
            space = vars(value) if ours else value
            parts = [(f"{label}.{name}", part) for name, part in space.items()]
            self.spaces.append(Names(label, space, lambda *_: True, lambda *_: True))
        for name, part in parts:
            self.thing(name, part, root)

    def untouched(self) -> bool:
        """Tell whether nothing was replaced and no name is new; quick."""
        self._flat = self._flat or self._flatten()
        places, names, values, spaces, sizes = self._flat
        try:
            return (
                all(map(is_, map(getitem, places, names), values))
                and list(map(len, spaces)) == sizes
                and all(attribute.untouched() for attribute in self.attributes)
                and all(_alike(found, was) for _, found, was in self.lists)
            )
        except (KeyError, ValueError):  # a name was deleted, a cell emptied
            return False

    def _flatten(self) -> tuple:
        entries = [(n.space, name, value) for n in self.spaces for name, value in n.kept.items()]
        spaces, sizes = [n.space for n in self.spaces], [n.size for n in self.spaces]
        return *map(list, zip(*entries, strict=True)), spaces, sizes

    def put_back(self) -> list[str]:
        """Put back whatever was replaced since, and return its names."""
        if not self.spaces or self.untouched():
            return []
        wrong = [name for names in self.spaces for name in names.put_back()]
        wrong += [label for attribute in self.attributes for label in attribute.put_back()]
        for label, found, was in self.lists:
            if not _alike(found, was):
                found[:] = was
                wrong.append(label)
        self._flat = None
        return wrong


def _alike(found: list, was: tuple) -> bool:
    return len(found) == len(was) and all(map(is_, found, was))


def _root(thing: Any) -> str:
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def _shadows_python(name: str, value: Any) -> bool:
    return name in __builtins__


def _functions(value: Any) -> list[FunctionType]:
    """Return the functions written in Python behind a function, a method or a property."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    inside = [value.fget, value.fset] if isinstance(value, property) else [value]
    return [function for function in inside if type(function) is FunctionType]
