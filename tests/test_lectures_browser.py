"""The lectures as a class sees them: run from top to bottom in a real JupyterLab."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from browser import Lab, chromium_or_skip
from live_demo import meet

from effcv_lab.cache import cache_folder

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent
LECTURES = sorted(path.name for path in (ROOT / "lectures").glob("*.ipynb"))

# Where a demo stands, what its page holds, and the same in Python.
EXPLORER = (
    ".effcv-explorer",
    "({ explorer: { temperature, teacher: { entropy, probs } } }) =>"
    " ({ temperature, entropy, probs })",
    "dict(temperature=explorer.temperature, entropy=explorer.entropy,"
    " probs=explorer.probs.tolist())",
)
BENCH = (
    ".effcv-bench",
    "({ bench: { temperature, alpha, chosen, squared, losses, gradients } }) =>"
    " ({ temperature, alpha, chosen, squared, ...losses, push: gradients.soft })",
    "dict(temperature=bench.temperature, alpha=bench.alpha, chosen=bench.chosen,"
    " squared=bench.squared, **bench.losses._asdict(), push=bench.gradients.soft.tolist())",
)
DIAL = (
    ".effcv-dial",
    "({ dial: { of: { aspect, rotation }, elongation, answered } }) =>"
    " ({ aspect, rotation, elongation: elongation[0], answered })",
    "dict(aspect=dial.aspect, rotation=dial.rotation, elongation=float(dial.elongation[0]),"
    " answered=True)",
)
SCRUBBER = (
    ".effcv-scrubber",
    "({ scrubber: { epoch, shown } }) => ({ epoch, easiest: Number(shown === 'easiest first') })",
    "dict(epoch=scrubber.epoch, easiest=int(scrubber.shown == 'easiest first'))",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    chromium_or_skip()
    folder = tmp_path_factory.mktemp("course")
    for name in ("lectures", "results"):
        shutil.copytree(ROOT / name, folder / name)
    # Nets as `make nbval` has trained them just before; whoever has none yet trains them here.
    with Lab(folder, environment={"EFFCV_CACHE": str(cache_folder())}) as lab:
        yield lab


@pytest.mark.parametrize("name", LECTURES)
def test_a_lecture_runs_every_figure_says_what_it_shows_and_its_demo_moves(lab, name):
    lab.problems.clear()
    lab.open_notebook(f"lectures/{name}")
    lab.run_all(timeout=400)
    assert lab.errors() == []
    outputs = [output for cell in lab.cell_outputs() for output in cell]
    html = "".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)
    assert html.count("<img") >= 2
    assert html.count("<img") == html.count(' alt="') and ' alt=""' not in html
    assert not [o for o in outputs if o.get("name") == "stderr"]
    for demo_moves in MOVES.get(name, ()):
        demo_moves(lab)
    assert lab.problems == []


def explorer_moves(lab):
    """Move the explorer by mouse and by keyboard."""
    slider = f"{EXPLORER[0]} .demo-slider"
    lab.bring_into_view(slider)
    before = in_step(lab, EXPLORER)["temperature"]
    click(lab, slider, 0.8)
    by_mouse = in_step(lab, EXPLORER, lambda now: now["temperature"] > 2 * before)["temperature"]
    lab.page.keyboard.press("ArrowLeft")
    in_step(lab, EXPLORER, lambda now: before < now["temperature"] < by_mouse)


def bench_moves(lab):
    """Move all parts of the bench by mouse and by keyboard."""
    parts = (".demo-slider", ".demo-slider >> nth=1", ".db-example >> nth=3", ".db-switch")
    temperature, alpha, picture, switch = (f"{BENCH[0]} {part}" for part in parts)
    lab.bring_into_view(temperature)
    before = in_step(lab, BENCH)
    click(lab, temperature, 0.8)
    by_mouse = in_step(lab, BENCH, lambda now: now["temperature"] > 2 * before["temperature"])
    lab.page.keyboard.press("ArrowLeft")
    in_step(lab, BENCH, lambda now: 4 < now["temperature"] < by_mouse["temperature"])
    click(lab, alpha, 0.7)
    by_mouse = in_step(lab, BENCH, lambda now: 0.65 < now["alpha"] < 0.75)
    lab.page.keyboard.press("ArrowRight")
    in_step(lab, BENCH, lambda now: by_mouse["alpha"] < now["alpha"] < 0.8)
    click(lab, picture)
    in_step(lab, BENCH, lambda now: now["chosen"] == 3)
    lab.page.keyboard.press("ArrowLeft")
    squared = in_step(lab, BENCH, lambda now: now["chosen"] == 2)
    click(lab, switch)
    plain = in_step(lab, BENCH, lambda now: not now["squared"])
    factor = squared["temperature"] ** 2
    assert [factor * push for push in plain["push"]] == pytest.approx(squared["push"])
    lab.page.keyboard.press("Space")
    assert in_step(lab, BENCH, lambda now: now["squared"]) == squared


def dial_moves(lab):
    """Squeeze and turn the shape in the dial by mouse and by keyboard; Python draws it."""
    sliders = f"{DIAL[0]} .demo-slider"
    lab.bring_into_view(sliders)
    in_step(lab, DIAL, lambda now: now["aspect"] == 1)
    click(lab, f"{sliders} >> nth=3", 0.4)
    squeezed = in_step(lab, DIAL, lambda now: now["aspect"] < 0.7 and now["elongation"] > 0.2)
    lab.page.keyboard.press("ArrowRight")
    in_step(lab, DIAL, lambda now: squeezed["aspect"] < now["aspect"] < 1)
    click(lab, f"{sliders} >> nth=4", 0.9)
    in_step(lab, DIAL, lambda now: now["rotation"] != squeezed["rotation"])


def scrubber_moves(lab):
    """Move through the training by mouse and by keyboard, and compare another order."""
    slider = f"{SCRUBBER[0]} .demo-slider"
    lab.bring_into_view(slider)
    before = in_step(lab, SCRUBBER)
    click(lab, slider, 0.9)
    late = in_step(lab, SCRUBBER, lambda now: now["epoch"] > before["epoch"] + 2)
    lab.page.keyboard.press("ArrowLeft")
    in_step(lab, SCRUBBER, lambda now: now["epoch"] == late["epoch"] - 1)
    click(lab, f"{SCRUBBER[0]} input[type=radio] >> nth=1")
    in_step(lab, SCRUBBER, lambda now: not now["easiest"])


MOVES = {
    "01_softmax_temperature.ipynb": [explorer_moves],
    "02_knowledge_distillation.ipynb": [bench_moves],
    "04_curriculum.ipynb": [dial_moves, scrubber_moves],
}


def click(lab, selector, share=0.5):
    """Click into an element, at this share of its width."""
    box = lab.bring_into_view(selector)
    lab.page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def in_step(lab, demo, reached=lambda now: True):
    """Wait until a demo is where it shall be and Python holds and computes the same."""
    root, page_holds, python_holds = demo

    def same(here, there):
        return reached(here) and all(
            here[name] == pytest.approx(value, rel=1e-6, abs=1e-6) for name, value in there.items()
        )

    return meet(
        lab,
        lambda: lab.page.locator(root).first.evaluate(page_holds),
        lambda: json.loads(lab.python(f"import json; print(json.dumps({python_holds}))")),
        same,
    )[0]
