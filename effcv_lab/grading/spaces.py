"""What names stood for in one namespace, and one attribute of many things; by identity, and put back."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from operator import attrgetter, is_
from typing import Any

# Functions look for builtins in their module's own list of them, where it has one: this module must work also where
# `isinstance` is a stranger's.
__builtins__ = dict(vars(builtins))

NOTHING = object()
Wanted = Callable[[str, Any], bool]


class Names:
    """One namespace: what its names stood for.

    Parameters
    ----------
    label : str
        What a student calls it.
    space : dict or mappingproxy
    keep : callable (name, value) -> bool
    unwanted : callable (name, value) -> bool
        Whether a name that was not there is to go again.
    owner : type, optional
        The class, if it is a class's namespace.
    """

    def __init__(
        self,
        label: str,
        space: Mapping[str, Any],
        keep: Wanted,
        unwanted: Wanted,
        owner: type | None = None,
    ):
        self.label, self.space, self.unwanted, self.owner = label, space, unwanted, owner
        self.known, self.size = set(space), len(space)
        self.kept = {name: value for name, value in space.items() if keep(name, value)}

    def put_back(self) -> list[str]:
        """Put back what was replaced or deleted, remove what must not be there; return the names."""
        wrong = [n for n, value in self.kept.items() if self.space.get(n, NOTHING) is not value]
        for name in wrong:
            self._set(name, self.kept[name])
        new = [name for name in self.space if name not in self.known]
        unwanted = [name for name in new if self.unwanted(name, self.space[name])]
        for name in unwanted:
            self._remove(name)
        self.known.update(new)
        self.size = len(self.space)
        return [f"{self.label}.{name}" for name in wrong + unwanted]

    def _set(self, name: str, value: Any) -> None:
        if self.owner is None:
            self.space[name] = value
        else:
            type.__setattr__(self.owner, name, value)

    def _remove(self, name: str) -> None:
        if self.owner is None:
            del self.space[name]
        else:
            type.__delattr__(self.owner, name)


class Attributes:
    """One attribute of many things: a function's code, an object's class."""

    def __init__(self, name: str, get: Callable | None = None, put: Callable = setattr):
        self.name, self.get, self.put = name, get or attrgetter(name), put
        self.labels: list[str] = []
        self.owners: list[Any] = []
        self.values: list[Any] = []

    def add(self, label: str, owner: Any) -> None:
        """Remember what the attribute of ``owner`` is."""
        self.values.append(self.get(owner))
        self.labels.append(label)
        self.owners.append(owner)

    def untouched(self) -> bool:
        """Tell whether all are what they were; quick."""
        return all(map(is_, map(self.get, self.owners), self.values))

    def put_back(self) -> list[str]:
        """Put back what was replaced and return its labels."""
        wrong = []
        for label, owner, value in zip(self.labels, self.owners, self.values, strict=True):
            try:
                same = self.get(owner) is value
            except ValueError:  # a cell that was emptied
                same = False
            if not same:
                self.put(owner, self.name, value)
                wrong.append(label)
        return wrong
