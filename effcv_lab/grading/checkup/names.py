"""Which names a cell's code makes and needs, read without running it."""

from __future__ import annotations

import ast
import builtins
import symtable
import warnings

#: What IPython gives to every cell.
OF_IPYTHON = {
    "In",
    "Out",
    "_",
    "__",
    "___",
    "_i",
    "_ih",
    "_oh",
    "_dh",
    "display",
    "exit",
    "get_ipython",
    "open",
    "quit",
}
FREE = OF_IPYTHON | set(dir(builtins)) | {"__name__", "__builtin__", "__builtins__", "__doc__"}
QUESTIONS = {"input", "getpass"}


def plain(source: str) -> str:
    """Return a cell's code with magics turned into Python, or "" if it is none."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\d" in a student's string is not ours
            code = TransformerManager().transform_cell(source)
            compile(code, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return code


def made_by(source: str) -> set[str]:
    r"""Return the names that a cell makes for other cells: functions, classes, variables, imports.

    Examples
    --------
    >>> sorted(made_by("import math as m\ndef f(x):\n    y = x\n    return y\nz: int = 1"))
    ['f', 'm', 'z']
    """
    table = _table(source)
    if table is None:
        return set()
    made = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    return made | {
        symbol.get_name()
        for inner in _below(table)
        for symbol in inner.get_symbols()
        if symbol.is_declared_global() and symbol.is_assigned()
    }


def needed_by(source: str) -> set[str]:
    r"""Return the names that a cell needs from itself or another cell, also those in its functions.

    Examples
    --------
    >>> sorted(needed_by("def f(x):\n    return helper(x) + len(x)\nprint(f(n))"))
    ['f', 'helper', 'n']
    """
    table = _table(source)
    if table is None:
        return set()
    needed = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    needed |= {
        symbol.get_name()
        for inner in _below(table)
        for symbol in inner.get_symbols()
        if symbol.is_global() and symbol.is_referenced()
    }
    return needed - FREE


def imports_all(source: str) -> bool:
    """Tell whether a cell brings names that cannot be seen: ``from x import *``, magics, exec.

    Examples
    --------
    >>> imports_all("from math import *"), imports_all("%run helpers.py"), imports_all("x = 1")
    (True, True, False)
    """
    code = plain(source)
    if not code:
        return bool(source.strip())
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return True
        if isinstance(node, ast.Name) and node.id in ("exec", "globals"):
            return True
        if isinstance(node, ast.Attribute) and node.attr in ("run_line_magic", "run_cell_magic"):
            return "matplotlib" not in source
    return False


def asks(source: str) -> str | None:
    """Return the line of a cell that waits for somebody to type, or None.

    Examples
    --------
    >>> asks("x = 1; n = int(input('n?'))")
    "x = 1; n = int(input('n?'))"
    """
    code = plain(source)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", None))
            if called in QUESTIONS:
                return code.splitlines()[node.lineno - 1].strip()
    return None


def same_code(source: str, other: str) -> bool:
    """Tell whether two cells differ in comments and blank lines at most."""
    if source.strip() == other.strip():
        return True
    code, other_code = plain(source), plain(other)
    return (
        bool(code)
        and bool(other_code)
        and ast.dump(ast.parse(code)) == ast.dump(ast.parse(other_code))
    )


def _table(source: str) -> symtable.SymbolTable | None:
    code = plain(source)
    if not code:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return symtable.symtable(code, "cell", "exec")
        except (SyntaxError, ValueError, RecursionError):
            return None


def _below(table: symtable.SymbolTable) -> list[symtable.SymbolTable]:
    found = list(table.get_children())
    for inner in found:
        found += inner.get_children()
    return found
