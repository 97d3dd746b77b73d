"""What the browser tests of every live demo do: show it, compare it with Python, look at it."""

from __future__ import annotations

import contextlib
import json

import pytest
from browser import Lab, chromium_or_skip, notebook

_FIT = """([root, width, labels]) => {
    const node = document.querySelector(root);
    node.style.width = `${width}px`;
    const outer = node.getBoundingClientRect();
    const seen = [...node.querySelectorAll('*')]
        .map((part) => [part, part.getBoundingClientRect()])
        .filter(([part, box]) => !part.closest('.demo-hidden') && box.width > 1);
    const cut = seen.filter(([, box]) => box.left < outer.left - 1 || box.right > outer.right + 1);
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const words = seen.filter(([part]) => part.matches(labels));
    const over = words.filter(([a, one], i) =>
        words.slice(i + 1).some(([b, other]) => a.textContent && b.textContent
            && !a.contains(b) && meet(one, other)));
    node.style.width = '';
    return [...cut, ...over].map(([part]) => part.className + ': ' + part.textContent);
}"""
_COLOURS = """([root, selector, attribute]) => {
    const paint = document.createElement('canvas').getContext('2d');
    const paper = getComputedStyle(document.querySelector(root)).backgroundColor;
    const ink = getComputedStyle(document.querySelector(root + ' ' + selector))[attribute];
    return [[paper], [paper, ink]].map((layers) => {
        layers.forEach((c) => { paint.fillStyle = c; paint.fillRect(0, 0, 1, 1); });
        return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
    });
}"""
_FOCUSED = """() => {
    const node = document.activeElement;
    const part = node.type === 'range' ? '::-webkit-slider-thumb' : null;
    const ring = getComputedStyle(node, part);
    const seen = part || (ring.outlineStyle === 'solid' && ring.outlineWidth);
    return [node.className || node.localName, Boolean(seen)];
}"""
_NOTEBOOK = """() => {
    const { widgets, activeCellIndex, mode } = window.jupyterapp.shell.currentWidget.content;
    return [widgets.length, activeCellIndex, mode];
}"""
_GLIDE = """([root, parts]) => {
    const node = document.querySelector(root);
    node.classList.add('demo-ease');
    const seconds = parts.map((part) =>
        parseFloat(getComputedStyle(node.querySelector(part)).transitionDuration));
    node.classList.remove('demo-ease');
    return seconds;
}"""
_NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))"


@contextlib.contextmanager
def shown(folder, root, *sources, **size):
    """Run ``demo.ipynb`` with these cells, each but the first showing a demo; give the Lab."""
    chromium_or_skip()
    (folder / "demo.ipynb").write_text(json.dumps(notebook(*sources)))
    with Lab(folder, environment={"OMP_NUM_THREADS": "1"}, **size) as lab:
        lab.open_notebook("demo.ipynb")
        run_again(lab, root, len(sources) - 1)
        yield lab


def stage(root, *sources, settle, reset="back()", **size):
    """Return a module's two fixtures: ``server``, a Lab that shows the demo, and ``lab``.

    ``lab`` gives each test the demo as it was at first (``reset`` is run in Python, then
    ``settle(lab)`` waits), and holds it to a silent console.
    """

    @pytest.fixture(scope="module")
    def server(tmp_path_factory):
        with shown(tmp_path_factory.mktemp("demo"), root, *sources, **size) as lab:
            yield lab

    @pytest.fixture
    def lab(server):
        server.python(reset)
        settle(server)
        yield server
        assert server.problems == []

    return server, lab


def last_frame(lab, root, name, view=0):
    """Return what a view's JavaScript says of the last frame that it drew."""
    script = "([root, name, view]) => document.querySelectorAll(root)[view][name]"
    return lab.page.evaluate(script, [root, name, view])


def run_again(lab, root, views):
    """Run all cells and wait until so many live views are there."""
    lab.run_all()
    assert not lab.errors()
    lab.page.wait_for_function(f"document.querySelectorAll('{root}').length === {views}")


def only_live(lab, root, views):
    """Tell whether so many live views are shown, and no still figure, though all are there."""
    counts = [lab.page.locator(part).count() for part in (root, ".effcv-still img[alt]")]
    return counts == [views, views] and not lab.page.locator(".effcv-still").first.is_visible()


def press(lab, *keys):
    """Press keys, one after another."""
    for key in keys:
        lab.page.keyboard.press(key)


def changed_by_keys(lab, controls, keys):
    """Return the first control and key, a command to JupyterLab, that did something to the notebook.

    After each key, not at the end: ``x`` and ``b`` together leave as many cells as there were.
    """
    lab.page.locator(".jp-Cell .jp-InputPrompt").nth(1).click()  # command mode: "x" cuts a cell
    before = lab.page.evaluate(_NOTEBOOK)
    for control in controls:
        for key in keys:
            lab.page.locator(control).first.focus()
            lab.page.keyboard.press(key)
            lab.page.evaluate(_NEXT_FRAME)
            if lab.page.evaluate(_NOTEBOOK) != before:
                return control, key
    return None


def glide_seconds(lab, root, *parts):
    """Return how long parts glide, in seconds, without and with a wish for less motion."""
    seconds = []
    for wish in ("no-preference", "reduce"):
        lab.page.emulate_media(reduced_motion=wish)
        seconds.append(set(lab.page.evaluate(_GLIDE, [root, parts])))
    lab.page.emulate_media(reduced_motion="no-preference")
    return seconds


def middle(lab, selector, index=0):
    """Return the middle of an element, in pixels of the page."""
    box = lab.page.locator(selector).nth(index).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def meet(lab, here, there, same):
    """Let the browser draw and send, and Python answer, until ``same(here(), there())``."""
    for _ in range(100):
        lab.page.evaluate(_NEXT_FRAME)
        found = here(), there()
        if same(*found):
            return found
    raise AssertionError(f"browser and Python did not meet: {found[0]} and {found[1]}")


def contrast(lab, root, selector, attribute="color"):
    """Return the WCAG contrast of an element's colour with the demo's paper, and the paper."""
    colours = lab.page.evaluate(_COLOURS, [root, selector, attribute])

    def luminance(colour):
        parts = [c / 255 for c in colour]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, colours))
    return (high + 0.05) / (low + 0.05), colours[0]


def misfits(lab, root, width, labels):
    """Return what sticks out of the demo at this width, and labels that lie on each other."""
    return lab.page.evaluate(_FIT, [root, width, labels])


def stops(lab, count):
    """Press Tab from here on and return, for each stop, its class and whether a ring is seen."""
    reached = []
    for _ in range(count):
        reached.append(lab.page.evaluate(_FOCUSED))
        lab.page.keyboard.press("Tab")
    return reached


def exported(lab, name, path):
    """Save the notebook, export it as HTML and open that in a page without a network."""
    from nbconvert import HTMLExporter

    lab.command("docmanager:save")
    lab.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    path.write_text(HTMLExporter().from_filename(str(lab.folder / name))[0])
    page = lab.browser.new_page()
    page.route("**/*", lambda route: route.abort() if "://" in route.request.url
               and not route.request.url.startswith("file") else route.continue_())  # fmt: skip
    page.goto(path.as_uri())
    return page
