"""Every committed notebook is what its master makes, holds no outputs, and gives nothing away."""

import json

import jupytext
import pytest
from small_course import ROOT

from tools.notebooks import course
from tools.notebooks.convert import absorb_notebook, build_notebook
from tools.notebooks.markers import regions
from tools.notebooks.percent import read_cells
from tools.notebooks.targets import targets

TARGETS = targets()
ASSIGNMENTS = [target for target in TARGETS if target.release]
NOTEBOOKS = sorted(
    path.relative_to(ROOT)
    for folder in ("lectures", "solutions", "assignments")
    for path in (ROOT / folder).rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_there_are_masters():
    assert TARGETS and ASSIGNMENTS and NOTEBOOKS


def test_every_notebook_is_in_step_with_its_master():
    assert list(course.problems()) == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.master.stem)
def test_every_master_comes_back_byte_for_byte(target):
    master = text_of(target.master)
    assert absorb_notebook(build_notebook(master)) == master
    assert absorb_notebook(text_of(target.notebook)) == master


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.master.stem)
def test_jupytext_finds_the_same_cells(target):
    """Masters open as notebooks in JupyterLab: cell for cell the same kinds, text cells the same words."""
    theirs = jupytext.reads(text_of(target.master), fmt="py:percent").cells
    ours, _ = read_cells(text_of(target.master))
    assert [cell.kind for cell in ours] == [cell.cell_type for cell in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        if mine.kind == "markdown":
            assert mine.source == other.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_no_notebook_holds_outputs_counts_or_kernel_versions(path):
    notebook = json.loads(text_of(path))
    for cell in notebook["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert "execution" not in cell["metadata"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["metadata"]["language_info"] == {"name": "python"}


def secrets_of(master):
    """Lines of a master that only an instructor may see."""
    secret, open_to_all = set(), set()
    for cell in read_cells(master)[0]:
        hidden = {n for low, high in regions(cell) for n in range(low, high + 1)}
        for number, line in enumerate(cell.source.split("\n"), start=1):
            (secret if number in hidden else open_to_all).add(line.strip())
    return {line for line in secret - open_to_all if len(line) > 4}


@pytest.mark.parametrize("target", ASSIGNMENTS, ids=lambda target: target.master.stem)
def test_the_students_copy_holds_no_answer_hidden_test_or_model_answer(target):
    secrets = secrets_of(text_of(target.master))
    assert len(secrets) > 5
    cells = json.loads(text_of(target.release))["cells"]
    seen = {line.strip() for cell in cells for line in "".join(cell["source"]).split("\n")}
    assert not secrets & seen
    words = text_of(target.release)
    assert "BEGIN SOLUTION" not in words and "HIDDEN TESTS" not in words


@pytest.mark.parametrize("target", ASSIGNMENTS, ids=lambda target: target.master.stem)
def test_the_students_copy_keeps_every_cell_and_its_points(target):
    def graded(path):
        return [
            (cell["id"], cell["cell_type"], cell["metadata"].get("nbgrader", {}).get("points"))
            for cell in json.loads(text_of(path))["cells"]
        ]

    assert graded(target.release) == graded(target.notebook)


@pytest.mark.parametrize("target", ASSIGNMENTS, ids=lambda target: target.master.stem)
def test_the_package_carries_what_students_get_and_nothing_else(target):
    assert text_of(target.packaged) == text_of(target.release)
    carried = {path.name for path in (ROOT / target.packaged).parent.iterdir()}
    assert carried == {other.packaged.name for other in ASSIGNMENTS}
