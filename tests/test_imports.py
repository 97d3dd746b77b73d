"""Imports point down only, do no work, and bring nothing heavy."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "effcv_lab"

#: What every chapter stands on, with all that these import. What is left at the top of the
#: package is a chapter.
GROUND = {
    "cache",
    "data",
    "figures",
    "folders",
    "models",
    "records",
    "replicates",
    "shapes",
    "tables",
    "tensor_arguments",
    "training",
}
#: Chapters that the ground floor must not know, whatever it imports.
CHAPTERS = {
    "softmax",
    "soft_targets",
    "distillation",
    "pruning",
    "curriculum",
    "active",
    "selfsup",
    "audit",
}
#: Programs of the command line, which use whatever they start.
COMMANDS = {"cli", "doctor", "kit", "lab", "reproduce"}
#: Above the chapters; each may use itself.
UPPER = {"experiments", "widgets", "grading"}
#: Slow to import, and needed only by some functions: those import them when they are called.
HEAVY = {
    "matplotlib",
    "sklearn",
    "scipy",
    "torchvision",
    "torchmetrics",
    "pandas",
    "PIL",
    "IPython",
    "ipywidgets",
    "anywidget",
    "nbformat",
    "nbconvert",
    "nbgrader",
    "jupytext",
    "jupyter_client",
}


def modules():
    """Return the path of every module by its dotted name below the package."""
    paths = {path: path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py")}
    return {".".join(rel.parts).removesuffix(".__init__"): path for path, rel in paths.items()}


def imported(path):
    """Return the modules of the package that a file imports anywhere, also inside functions."""
    known, found = set(modules()), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            inner = {name for name in below if name.removeprefix("effcv_lab.") in known}
            found |= inner or {node.module}
    own = {name.removeprefix("effcv_lab.") for name in found if name.startswith("effcv_lab.")}
    return own & known


@functools.cache
def ground():
    """Return the modules of the ground floor: those named above and all that they import."""
    paths, reached = modules(), set(GROUND)
    while more := {other for name in reached for other in imported(paths[name])} - reached:
        reached |= more
    return {name for name in reached if chapter(name) not in CHAPTERS}


def chapter(module):
    """Return the name at the top: a chapter may be a package of several modules."""
    return module.partition(".")[0]


def floor(module):
    """Return ground, chapter, experiments, widgets, grading or command."""
    top = chapter(module)
    if top in UPPER:
        return top
    if top in COMMANDS:
        return "command"
    return "ground" if module in ground() else "chapter"


def arrows():
    return [(name, other) for name, path in modules().items() for other in imported(path)]


def test_every_module_at_the_top_has_its_floor():
    assert set(modules()) >= GROUND
    chapters = {chapter(name) for name in modules() if floor(name) == "chapter"} - {"__init__"}
    assert chapters <= CHAPTERS, f"name new chapters in CHAPTERS: {sorted(chapters - CHAPTERS)}"


ALLOWED = {
    "ground": {"ground"},
    "chapter": {"ground"},
    "experiments": {"ground", "chapter", "experiments"},
    "widgets": {"ground", "chapter", "widgets"},
    "grading": {"ground", "chapter", "grading"},
    "command": {"ground", "chapter", "experiments", "grading", "command"},
}


def test_imports_point_down_only():
    wrong = [
        f"{name} imports {other}"
        for name, other in arrows()
        if chapter(name) != chapter(other) and floor(other) not in ALLOWED[floor(name)]
    ]
    assert not wrong, wrong


def test_nothing_imports_the_command_line():
    root = PACKAGE.parent
    files = [p for name, p in modules().items() if chapter(name) != "cli"]
    files += [*(root / "tools").rglob("*.py"), *(root / "notebooks").rglob("*.py")]
    assert not [str(p) for p in files if any(chapter(m) == "cli" for m in imported(p))]


def test_there_is_no_circle_of_imports():
    below = {name: imported(path) - {name} for name, path in modules().items()}
    while free := [name for name, others in below.items() if not others & set(below)]:
        for name in free:
            del below[name]
    assert not below, f"in a circle, or on one: {below}"


def test_the_package_itself_exports_only_its_version():
    body = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr, ast.Assign]
    assert body[1].targets[0].id == "__version__"


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_defines_things_and_does_no_work_when_it_is_imported(name):
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for node in ast.parse(modules()[name].read_text(encoding="utf-8")).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        guard = isinstance(node, ast.If) and ast.unparse(node.test) in (
            "TYPE_CHECKING", "__name__ == '__main__'",
        )  # fmt: skip
        assert docstring or guard or isinstance(node, quiet), f"line {node.lineno}"
        assert not any(alias.name == "*" for alias in getattr(node, "names", ())), "import *"


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_ground_floor_and_chapters_bring_nothing_heavy():
    names = [name for name in sorted(modules()) if floor(name) in ("ground", "chapter")]
    code = f"""
import importlib, sys, torch
heavy = set({sorted(HEAVY)}) - set(sys.modules)
for name in {names}:
    importlib.import_module("effcv_lab." + name)
    found = heavy & set(sys.modules)
    heavy -= found
    for module in sorted(found):
        print(name + ":" + module)
"""
    assert run(code) == []


def test_the_package_alone_does_not_even_bring_torch():
    assert run("import sys, effcv_lab; print(*{'torch', 'numpy'} & set(sys.modules))") == []
