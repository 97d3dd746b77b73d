"""The lectures as a class sees them: run from top to bottom in a real JupyterLab."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from browser import Lab, chromium_or_skip

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
LECTURES = sorted(path.name for path in (ROOT / "lectures").glob("*.ipynb"))
EXPLORER = ".effcv-explorer"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    chromium_or_skip()
    folder = tmp_path_factory.mktemp("course")
    for name in ("lectures", "results"):
        shutil.copytree(ROOT / name, folder / name)
    with Lab(folder) as lab:
        yield lab


@pytest.fixture(params=LECTURES)
def lecture(request, lab):
    """Open one lecture, run all of it, and hand it over; the console must stay silent."""
    lab.problems.clear()
    lab.open_notebook(f"lectures/{request.param}")
    lab.run_all(timeout=400)
    yield lab
    assert lab.problems == []


def test_a_lecture_runs_and_every_figure_says_what_it_shows(lecture):
    assert lecture.errors() == []
    outputs = [output for cell in lecture.cell_outputs() for output in cell]
    html = "".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)
    assert html.count("<img") >= 2
    assert html.count("<img") == html.count(' alt="') and ' alt=""' not in html
    assert not [o for o in outputs if o.get("name") == "stderr"]


@pytest.mark.parametrize("lecture", ["01_softmax_temperature.ipynb"], indirect=True)
def test_the_explorer_of_lecture_01_moves_by_mouse_and_by_keyboard(lecture):
    page = lecture.page
    box = lecture.bring_into_view(f"{EXPLORER} .demo-slider")
    before = browser_and_python(lecture)
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    by_mouse = browser_and_python(lecture, other_than=before)
    page.keyboard.press("ArrowLeft")
    by_key = browser_and_python(lecture, other_than=by_mouse)
    assert by_mouse > 2 * before
    assert before < by_key < by_mouse


def browser_and_python(lab, other_than=None):
    """Return the temperature when both hold it, having checked that they compute the same."""
    lab.page.wait_for_function(
        f"(old) => document.querySelector('{EXPLORER}').explorer.temperature !== old",
        arg=other_than,
    )
    for _ in range(100):
        lab.page.wait_for_timeout(50)
        here = lab.page.evaluate(f"() => document.querySelector('{EXPLORER}').explorer")
        there = json.loads(
            lab.python(
                "import json; print(json.dumps([explorer.temperature, explorer.entropy,"
                " explorer.probs.tolist()]))"
            )
        )
        if here["temperature"] == pytest.approx(there[0], rel=1e-12):
            break
    assert here["temperature"] == pytest.approx(there[0], rel=1e-12)
    assert here["teacher"]["entropy"] == pytest.approx(there[1], abs=1e-6)
    assert here["teacher"]["probs"] == pytest.approx(there[2], abs=1e-6)
    return here["temperature"]
