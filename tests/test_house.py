"""The house rules that a machine can hold: sizes of modules and functions, the root, the map."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("effcv_lab", "tools")
    for path in (ROOT / folder).rglob("*.py")
)
LINES_OF_A_MODULE = 220
LINES_OF_A_FUNCTION = 50
#: The whole root. ``.gitignore`` is git's own.
ALLOWED = {
    ".ci",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "INSTRUCTORS.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "assignments",
    "constraints.txt",
    "effcv_lab",
    "environment.yml",
    "lectures",
    "nbgrader_config.py",
    "notebooks",
    "pyproject.toml",
    "results",
    "solutions",
    "tests",
    "tools",
}


def parse(name):
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def docstring_lines(node):
    """Return the numbers of the lines of a docstring: long ones are wanted, so none counts."""
    if ast.get_docstring(node) is None:
        return set()
    return set(range(node.body[0].lineno, node.body[0].end_lineno + 1))


def functions(tree):
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(name, first, last, skip):
    """Count the lines that hold code: no docstring, no comment of its own, no empty line."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    kept = (lines[i - 1].strip() for i in range(first, last + 1) if i not in skip)
    return sum(bool(line) and not line.startswith("#") for line in kept)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_short_enough_to_read(name):
    tree = parse(name)
    holders = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef | ast.Module)]
    skip = set().union(*(docstring_lines(node) for node in [*holders, *functions(tree)]))
    count = len((ROOT / name).read_text(encoding="utf-8").splitlines()) - len(skip)
    assert count <= LINES_OF_A_MODULE, f"{count} lines besides docstrings"


@pytest.mark.parametrize("name", MODULES)
def test_a_function_is_short_enough_to_see(name):
    long = {}
    for node in functions(parse(name)):
        count = code_lines(name, node.lineno, node.end_lineno, docstring_lines(node))
        if count > LINES_OF_A_FUNCTION:
            long[node.name] = count
    assert not long, f"lines of code: {long}"


def tracked_entries():
    """Return what lies in the root, as far as git knows it."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what belongs to the root is known to git")
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.partition("/")[0] for name in done.stdout.split("\0") if name}


def named_in_readme():
    """Return the root entries that README's map names: `entry` or `entry/` in its first column."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|([^|]*)\|", text, re.MULTILINE)
    names = (name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row))
    return {name for name in names if "/" not in name}


def test_the_root_holds_nothing_else():
    assert tracked_entries() - ALLOWED == set()


def test_readme_names_every_entry_of_the_root():
    assert tracked_entries() - named_in_readme() - {"README.md", ".gitignore"} == set()


def test_what_readme_s_map_names_is_there():
    assert {name for name in named_in_readme() & ALLOWED if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for(name):
    assert ast.get_docstring(parse(name)), "no docstring"


def calls_of(path, function):
    """Return the first argument of each call of a function in a lecture, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == function]
    return [(ast.literal_eval(node.args[0]), node.lineno) for node in named]


def test_every_prediction_has_a_name_of_its_own_and_is_revealed_later_in_its_lecture():
    seen = {}
    for path in sorted((ROOT / "notebooks" / "lectures").glob("*.py")):
        asked, revealed = (calls_of(path, name) for name in ("predict", "reveal"))
        for name, line in asked:
            assert name not in seen, f"{path.name}:{line} and {seen[name]} both ask {name!r}"
            seen[name] = f"{path.name}:{line}"
            later = [name_ for name_, line_ in revealed if line_ > line]
            assert name in later, f"{path.name}:{line} asks {name!r}, and nothing reveals it"
        names = {name for name, _ in asked}
        assert {name for name, _ in revealed} <= names, f"{path.name} reveals what it never asked"
