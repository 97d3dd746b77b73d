"""Strangers' notebooks, damaged in every way: each is read or refused with a reason, and none stops a class."""

import copy
import json
import os
import random
import socket
import subprocess
import sys
import warnings

import nbformat
import pytest
from classroom import answered
from grading_class import FULL, MASTER, NAME, RIGHT, GradedClass, bubblewrap_or_skip

from effcv_lab.grading.harmless import make_harmless
from effcv_lab.grading.marking.reading import (
    MOST_BRACKETS,
    MOST_BYTES,
    MOST_CELLS,
    MOST_CHARACTERS,
    Unreadable,
    clean,
    read_notebook,
)
from effcv_lab.grading.mending import mend_settings, put_back
from tools.notebooks.convert import build_notebook

MUTATIONS = 1_000
ODD = [
    *(None, True, -1, 0.5, "", "\ud800", [], {}, [[]], {"a": []}, float("nan"), float("-inf")),
    *(10**400, -(2**63), 1e308, "\x00", "\u2028", "<script>", ["a", 1, None], {"": {"": {}}}),
]
NAMES = ("half", "test_half", "test_entropy", "why", "nobody", "", "../x", "a" * 5_000)


def notebook():
    """Return a notebook with answers and outputs, as JupyterLab saves it."""
    found = json.loads(build_notebook(MASTER))
    for number, cell in enumerate(found["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = number
            data = {"text/plain": ["3.0"], "text/html": "<b>3</b>"}
            cell["outputs"] = [
                {"output_type": "stream", "name": "stdout", "text": ["printed\n"]},
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "metadata": {},
                    "data": data,
                },
            ]
    return found


def places(value):
    """Return all (container, key) of a tree of JSON."""
    keys = range(len(value)) if isinstance(value, list) else list(value)
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], list | dict):
            found += places(value[key])
    return found


def odd_values(rng, tree):
    for container, key in rng.sample(places(tree), rng.randint(1, 4)):
        container[key] = copy.deepcopy(rng.choice(ODD))


def dropped(rng, tree):
    for container, key in rng.sample(places(tree), rng.randint(1, 3)):
        if isinstance(container, dict):
            container.pop(key, None)


def shuffled(rng, tree):
    rng.shuffle(tree["cells"])
    tree["cells"] += copy.deepcopy(rng.sample(tree["cells"], 2))
    del tree["cells"][rng.randrange(len(tree["cells"]))]


def other_names(rng, tree):
    for cell in rng.sample(tree["cells"], 3):
        cell["metadata"].setdefault("nbgrader", {})["grade_id"] = rng.choice(NAMES)


def turned(rng, tree):
    """Put lists in place of dictionaries and the reverse."""
    for container, key in rng.sample(places(tree), 6):
        value = container[key]
        if isinstance(value, dict):
            container[key] = list(value.values())
        elif isinstance(value, list):
            container[key] = {str(number): item for number, item in enumerate(value)}


def nested(rng, tree):
    """Nest deeply, but not so that Python's own reader gives up."""
    deep = []
    for _ in range(rng.choice((10, 200, 600))):
        deep = [deep] if rng.random() < 0.5 else {"cells": deep}
    container, key = rng.choice(places(tree))
    container[key] = deep


def huge(rng, tree):
    cell = rng.choice(tree["cells"])
    cell["source"] = rng.choice(("x", "é", "\U0001f600")) * rng.choice((9_000, MOST_CHARACTERS + 1))


def halves(rng, tree):
    for container, key in rng.sample(places(tree), 8):
        if isinstance(container[key], str):
            container[key] = "\udc80\ud83d" + container[key]


def format_numbers(rng, tree):
    tree[rng.choice(("nbformat", "nbformat_minor"))] = rng.choice([*ODD, 3, 4, 5, 4.0, "4", 10**9])


TREES = (odd_values, dropped, shuffled, other_names, turned, nested, huge, halves, format_numbers)


def flipped(rng, content):
    content = bytearray(content)
    for _ in range(rng.randint(1, 30)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def cut(rng, content):
    return content[: rng.randrange(len(content))]


def recoded(rng, content):
    text = content.decode("utf-8").replace("Why?", "Wäre es \U0001f600?")
    return text.encode(rng.choice(("utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-8")))


def far_too_deep(rng, content):
    return rng.choice((b"[", b'{"a":', b"[{")) * rng.randint(1_000, 100_000)


def long_numbers(rng, content):
    return content.replace(b"4.0", b"9" * rng.randint(1, 20_000)).replace(b": 1", b": 1e999")


def mixed(rng, content):
    start, end = sorted(rng.sample(range(len(content)), 2))
    return content[:start] + content[end:] + content[start:end]


FILES = (flipped, cut, recoded, far_too_deep, long_numbers, mixed)


def mutated(seed):
    """Return the content of a file and what was done to it."""
    rng = random.Random(seed)
    ways = [*TREES, *FILES]
    way = ways[seed % len(ways)]
    tree = notebook()
    if way in TREES:
        way(rng, tree)
        if rng.random() < 0.3:
            rng.choice((odd_values, dropped))(rng, tree)
        return json.dumps(tree).encode(), way.__name__
    return way(rng, json.dumps(tree).encode()), way.__name__


def find_settings(cell):
    return cell["metadata"].get("nbgrader", {})


OFFICIAL = {
    find_settings(cell)["grade_id"]: cell
    for cell in nbformat.reads(build_notebook(MASTER), 4).cells
    if find_settings(cell)
}


def taken_in(path):
    """Take a file as far as grading does without running it; None, with the reason, if it is refused."""
    try:
        found = read_notebook(path)
    except Unreadable as refused:
        assert str(refused) and refused.advice, "a reason, and what to do"
        str(refused).encode("utf-8")
        return None
    nbformat.validate(found)
    official = copy.deepcopy(OFFICIAL)
    mend_settings(found, official, {name: cell.source for name, cell in official.items()})
    put_back(found, official)
    names = [find_settings(cell)["grade_id"] for cell in found.cells if find_settings(cell)]
    assert len(set(names)) == len(names) and set(names) <= set(OFFICIAL)
    assert {name for name, cell in OFFICIAL.items() if find_settings(cell)["grade"]} <= set(names)
    lines = make_harmless(found)
    assert all(isinstance(line, str) for line in lines)
    nbformat.validate(found)
    text = nbformat.writes(found)
    assert nbformat.reads(text.encode("utf-8").decode("utf-8"), 4) == found
    return found


def test_a_thousand_damaged_notebooks_are_read_or_refused_with_a_reason(tmp_path):
    path, ends = tmp_path / "a.ipynb", {}
    for seed in range(MUTATIONS):
        content, way = mutated(seed)
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                read = taken_in(path) is not None
            except BaseException:
                print(f"mutation {seed} ({way})")
                raise
        ends.setdefault(way, []).append(read)
    assert sum(map(len, ends.values())) == MUTATIONS
    always = {way for way, read in ends.items() if all(read)}
    never = {way for way, read in ends.items() if not any(read)}
    assert {"shuffled", "other_names"} <= always
    assert {"cut", "far_too_deep"} <= never
    assert 400 < sum(map(sum, ends.values())) < 900, "damage of both kinds"


def test_an_undamaged_notebook_comes_out_as_it_went_in(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook()), encoding="utf-8")
    found = read_notebook(path)
    want = nbformat.reads(json.dumps(notebook()), 4)
    assert [c.source for c in found.cells] == [c.source for c in want.cells]
    assert [find_settings(c) for c in found.cells] == [find_settings(c) for c in want.cells]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b" \n\t", "it is empty"),
        (b"null", "no notebook but a JSON NoneType"),
        (b"[1]", "no notebook but a JSON list"),
        (b"{}", "it has no list of cells"),
        (b'{"nbformat": 4, "cells": {"0": {}}}', "it has no list of cells"),
        (b'{"nbformat": "4", "cells": []}', "it is no notebook of format 4"),
        (b'{"nbformat": 3, "worksheets": []}', "the old notebook format 3"),
        (b'{"nbformat": 4, "cells": [', "it is no JSON"),
        (b"PK\x03\x04 a zip", "it is no JSON"),
        (b"\xff\xfe{\x00}\x00", "it is no UTF-8 text (byte 0)"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"9" * 20_000, "it is no JSON"),
        (b"{" * (MOST_BRACKETS + 1), f"holds {MOST_BRACKETS + 1} brackets, of which at most"),
        (b"x" * (MOST_BYTES + 1), "it has 25 MB, of which at most 25 are read"),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_what_is_no_notebook_is_refused_with_words(tmp_path, content, says):
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        read_notebook(path)
    assert says in str(refused.value) and refused.value.advice


def test_limits_are_the_last_that_is_read():
    cells = [{"cell_type": "code", "source": "x"}] * MOST_CELLS
    assert len(clean({"nbformat": 4, "cells": cells}).cells) == MOST_CELLS
    with pytest.raises(Unreadable, match="2001 cells, of which at most 2000 are read"):
        clean({"nbformat": 4, "cells": [*cells, {}]})
    text = "x" * MOST_CHARACTERS
    assert clean({"nbformat": 4, "cells": [{"source": text}]}).cells[0].source == text
    with pytest.raises(Unreadable, match="1000001 characters"):
        clean({"nbformat": 4, "cells": [{"source": [text, "x"]}]})


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "a.ipynb"
    text = json.dumps(notebook(), indent=1).replace("\n", "\r\n")
    path.write_bytes(text.encode("utf-8-sig"))
    assert read_notebook(path).cells[0].source.startswith("# A test that asserts")


def test_what_is_no_plain_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "right.ipynb").write_text(json.dumps(notebook()), encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "right.ipynb")
    (tmp_path / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    for name in ("pipe", "folder", "link", "circle", "socket"):
        with pytest.raises(Unreadable, match=r"no plain file|cannot be opened"):
            read_notebook(tmp_path / name)
    for name in ("/dev/zero", "/dev/null", "/dev/tty"):
        with pytest.raises(Unreadable, match=r"no plain file|cannot be opened"):
            read_notebook(name)
    with pytest.raises(FileNotFoundError):
        read_notebook(tmp_path / "nothing")


def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook()), encoding="utf-8")
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # root reads everything
    try:
        with pytest.raises(Unreadable, match=r"cannot be opened .Permission denied."):
            read_notebook(path)
    finally:
        if root:
            os.seteuid(0)


MEASURE = """
import resource, sys
from effcv_lab.grading.marking.reading import Unreadable, clean, read_notebook
clean({"nbformat": 4, "cells": [{}]})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_notebook(sys.argv[1])
except Unreadable:
    pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("unit", [b"{}", b'"ab"', b"[[]]"])
def test_reading_takes_no_more_than_half_a_gigabyte(tmp_path, unit):
    path = tmp_path / "a.ipynb"
    head = b'{"nbformat":4,"cells":['
    path.write_bytes(head + b",".join([unit] * (MOST_BYTES // (len(unit) + 1) - 20)) + b"]}")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 500


def by_hand():
    """Return what a student's folder holds, by student: contents by name."""
    good = json.dumps(answered(notebook(), RIGHT))
    deep = "/".join(["d"] * 60)
    config = "raise SystemExit\n"
    shadow = "raise RuntimeError('not the real one')\n"
    return {
        "names": {f"{NAME}.ipynb": good, "\udcff\udcfe.txt": "x", "a\nb": "x", f"{deep}/x": "x"},
        "config": {f"{NAME}.ipynb": good, "ipython_config.py": config, "sitecustomize.py": config},
        "shadow": {f"{NAME}.ipynb": good, "torch.py": shadow, "json.py": shadow, "zmq.py": shadow},
        "bomb": {f"{NAME}.ipynb": '{"nbformat":4,"cells":[' + "{}," * 8_000_000 + "{}]}"},
        "big": {f"{NAME}.ipynb": good + " " * MOST_BYTES},
        "folder": {f"{NAME}.ipynb/{NAME}.ipynb": good},
    }


GOOD = ("=1+1", "a, b", "good", "Åsa Ö", "zoë")
WORST = 26


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Damaged notebooks are handed in between good ones, and one run has graded all."""
    bubblewrap_or_skip()
    room = GradedClass(tmp_path_factory.mktemp("damaged"))
    submitted = room.folder / "submitted"
    for student in GOOD:
        room.answer(student)
    folders = by_hand()
    for seed in range(WORST):
        content, way = mutated(seed)
        folders[f"m{seed:02}{way}"] = {f"{NAME}.ipynb": content}
    for student, files in folders.items():
        for name, content in files.items():
            path = submitted / student / NAME / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (submitted / "pipe" / NAME).mkdir(parents=True)
    os.mkfifo(submitted / "pipe" / NAME / f"{NAME}.ipynb")
    (submitted / "device" / NAME).mkdir(parents=True)
    (submitted / "device" / NAME / f"{NAME}.ipynb").symlink_to("/dev/zero")
    room.bad = [*folders, "pipe", "device"]
    room.effcv("grade", "a9", "--limit-seconds", "60", "--workers", "1")
    return room


@pytest.mark.nbgrader
def test_damaged_notebooks_between_good_ones_each_get_a_named_state(room):
    table = room.table()
    assert set(table) == {"'=1+1", *GOOD[1:], *room.bad}
    rows = {student: table[student] for student in room.bad}
    assert not [row for row in rows.values() if row["state"] in ("error", "waiting", "")]
    for row in rows.values():
        assert row["state"] == "ok" or (row["reason"] and row["what to do"]), row
    scores = room.gradebook()
    for student, row in rows.items():
        assert (row["state"] == "corrupt") == (student not in scores), row


@pytest.mark.nbgrader
def test_good_ones_between_damaged_ones_are_right(room):
    scores = room.gradebook()
    assert {student: scores[student] for student in GOOD} == dict.fromkeys(GOOD, FULL)


@pytest.mark.nbgrader
def test_odd_files_beside_a_notebook_cost_nobody_else_anything(room):
    table, scores = room.table(), room.gradebook()
    assert scores["names"] == FULL, table["names"]
    assert scores["config"] == FULL, table["config"]
    assert table["bomb"]["state"] == table["big"]["state"] == table["folder"]["state"] == "corrupt"
    assert table["pipe"]["state"] == table["device"]["state"] == "corrupt"


@pytest.mark.nbgrader
def test_what_is_shown_of_damaged_notebooks_is_valid(room):
    for student in room.gradebook():
        nbformat.validate(nbformat.from_dict(room.graded_notebook(student)))
