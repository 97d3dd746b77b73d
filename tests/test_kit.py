"""What students get: complete, able to run, the same every time; refused if it holds what they must not get."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
import zipfile

import numpy as np
import pytest
from small_course import ASSIGNMENT, LECTURE, ROOT, write_masters

from effcv_lab import cli
from effcv_lab.grading.course import Course
from effcv_lab.kit import KitRefused, build_kit
from effcv_lab.kit.contents import for_students
from tools.notebooks.course import build

# Course makes nbgrader's application with an argument that it does not have.

LECTURE_FILE, RELEASE = "lectures/01_one.ipynb", "assignments/a1_half/a1_half.ipynb"
SOLUTION, PACKAGED = "solutions/a1_half/a1_half.ipynb", "effcv_lab/grading/releases/a1_half.ipynb"
MODEL = "A half of a half is a quarter of it."
MASTER = ASSIGNMENT.replace("# The model answer.", f"# {MODEL}\n# Yes.").replace(
    "points += 2 * (half(-3) == -1.5)", "points += 2 * grade(half, seed=7301, hidden=True)"
)
RECORDED = LECTURE + '\n# %%\nload_record("toy")\n'
MODULE = '"""Half, as the kit has it; a hint to the words BEGIN SOLUTION."""\n\n\ndef half(x):\n    # as after BEGIN SOLUTION\n    secret = x / 2\n    return secret\n'
KEPT = {
    "LICENSE", "README.md", "constraints.txt", "environment.yml", "pyproject.toml",
    LECTURE_FILE, RELEASE, "assignments/a1_half/data.csv", "results/toy.json", PACKAGED,
    "effcv_lab/__init__.py", "effcv_lab/half.py", "effcv_lab/assets/few.npz", "effcv_lab/kit/students.md",
}  # fmt: skip
NOT_FOR_STUDENTS = [
    "gradebook.db", "nbgrader_config.py", "submitted/ann/a1_half/a1_half.ipynb", "grades/a1_status.csv",
    "autograded/ann/a1_half/a1_half.ipynb", "feedback/ann/a1_half/a1_half.html", ".git/config", "build/old.zip",
    "tests/test_one.py", "tools/one.py", "lectures/__pycache__/one.pyc", "results/other.json", "results/figure.png", "Makefile", "CONTRIBUTING.md",
    "effcv_lab/__pycache__/half.pyc", "effcv_lab/notes.docx", "lectures/.ipynb_checkpoints/01_one-checkpoint.ipynb",
    "assignments/a1_half/.ipynb_checkpoints/a1_half-checkpoint.ipynb", "assignments/.DS_Store", ".venv/bin/python",
]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small course with everything that a kit holds, and much that it does not."""
    root = write_masters(tmp_path_factory.mktemp("course"), RECORDED, MASTER)
    build(root)
    for name in ("LICENSE", "constraints.txt", "environment.yml", "pyproject.toml",
                 "nbgrader_config.py", "effcv_lab/kit/students.md"):  # fmt: skip
        put(root, name, (ROOT / name).read_bytes())
    put(root, "effcv_lab/__init__.py", '"""A package."""\n')
    put(root, "effcv_lab/half.py", MODULE)
    put(root, "effcv_lab/assets/few.npz", b"")
    np.savez(root / "effcv_lab/assets/few.npz", numbers=np.arange(9))
    put(root, "assignments/a1_half/data.csv", "x,y\n1,2\n")
    put(root, "results/toy.json", '{"name": "toy"}')
    for name in set(NOT_FOR_STUDENTS) - {"nbgrader_config.py"}:
        put(root, name, "secret = x / 2")
    put(root, "gradebook.db", "")
    return root


@pytest.fixture
def course(model, tmp_path):
    return Course(shutil.copytree(model, tmp_path / "course"))


def put(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def edit(root, name, change):
    """Change a notebook in place."""
    notebook = json.loads((root / name).read_text())
    change(notebook)
    put(root, name, json.dumps(notebook))


def cell_with(source, kind="code", **fields):
    """Return a change that adds a cell to a notebook."""
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    cell = {"cell_type": kind, "id": "planted", "metadata": {}, "source": source}
    return lambda notebook: notebook["cells"].append(cell | extra | fields)


def in_lecture(source, kind="code", **fields):
    return lambda root: edit(root, LECTURE_FILE, cell_with(source, kind, **fields))


def in_file(name, content):
    return lambda root: put(root, name, content)


def archive_of(text):
    def plant(root):
        with zipfile.ZipFile(root / "assignments/a1_half/arrays.npz", "w") as archive:
            archive.writestr("inner.txt", text, zipfile.ZIP_DEFLATED)

    return plant


def solution_as(name):
    return lambda root: shutil.copy(root / SOLUTION, root / name)


def names_in(to):
    with zipfile.ZipFile(to) as archive:
        return {
            name.removeprefix("effcv-lab-kit/"): archive.read(name) for name in archive.namelist()
        }


# --- what is in it


def test_a_kit_holds_what_students_need_and_nothing_else(course, tmp_path):
    place, names = build_kit(course, tmp_path / "kit.zip")
    assert place == tmp_path / "kit.zip"
    assert names == list(names_in(place)) == sorted(KEPT)


def test_files_come_unchanged_but_for_the_readme_and_conda_s_list(course, tmp_path):
    build_kit(course, tmp_path / "kit.zip")
    for name, content in names_in(tmp_path / "kit.zip").items():
        if name not in ("README.md", "environment.yml"):
            assert content == (course.root / name).read_bytes(), name


def test_a_folder_holds_the_same_as_a_zip(course, tmp_path):
    build_kit(course, tmp_path / "kit.zip")
    place, _ = build_kit(course, tmp_path / "some" / "kit")
    found = {
        p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()
    }
    assert found == names_in(tmp_path / "kit.zip")
    assert os.listdir(place.parent) == ["kit"]
    assert place.stat().st_mode & 0o777 == 0o755


def test_the_same_course_gives_the_same_bytes(course, model, tmp_path):
    for path in course.root.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    build_kit(course, tmp_path / "one.zip")
    build_kit(Course(model), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_without_a_place_it_goes_to_build(course):
    place, _ = build_kit(course)
    assert place == course.root / "build" / "effcv-lab-kit.zip"
    assert sorted(os.listdir(place.parent)) == ["effcv-lab-kit.zip", "old.zip"]


def test_an_older_zip_is_replaced(course, tmp_path):
    put(tmp_path, "kit.zip", "old")
    build_kit(course, tmp_path / "kit.zip")
    assert zipfile.is_zipfile(tmp_path / "kit.zip")


def test_the_readme_names_what_there_is_and_how_to_begin(course, tmp_path):
    build_kit(course, tmp_path / "kit.zip")
    text = names_in(tmp_path / "kit.zip")["README.md"].decode()
    assert f"- [One lecture]({LECTURE_FILE})" in text and f"- [An assignment]({RELEASE})" in text
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links and set(links) <= KEPT
    for words in ("effcv check a1`", "Windows", "macOS", "conda env create -f environment.yml"):
        assert words in text
    assert "$" not in text


def test_conda_s_list_for_students_is_what_the_package_needs():
    yaml = pytest.importorskip("yaml")
    listed = yaml.safe_load(for_students((ROOT / "environment.yml").read_text()))["dependencies"]
    conda = {line.split()[0] for line in listed if isinstance(line, str)}
    needed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    renamed = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
    assert conda == {renamed.get(name, name) for name in needed} | {"python", "pip"}
    assert listed[-1] == {"pip": ["--editable ."]}


def test_a_list_of_another_form_is_left_as_it_is():
    assert for_students("dependencies:\n  - numpy\n") == "dependencies:\n  - numpy\n"


# --- what is refused

PLANTS = {
    "marker": (in_lecture("### BEGIN SOLUTION\npass"), LECTURE_FILE, "cell 6: has a marker, 'BEGIN SOLUTION'"),
    "marker of tests": (in_lecture("x\n### END HIDDEN TESTS"), LECTURE_FILE, "cell 6: has a marker, 'END HIDDEN TESTS'"),
    "marker in text": (in_lecture("=== BEGIN SOLUTION", "markdown"), LECTURE_FILE, "cell 6: has a marker"),
    "marker in a module": (in_file("effcv_lab/more.py", "def f():\n    ### BEGIN SOLUTION\n    pass\n"), "effcv_lab/more.py", ": has a marker, '### BEGIN SOLUTION'"),
    "marker in what is no module": (in_file("effcv_lab/more.py", "def f(:\n  '''\n### BEGIN SOLUTION\n"), "effcv_lab/more.py", ": has a marker, 'BEGIN SOLUTION'"),
    "marker in a record": (in_file("results/toy.json", json.dumps(["a\n### BEGIN SOLUTION"])), "results/toy.json", ": has a marker"),
    "solution line": (in_lecture("if 1:\n      secret  =  x / 2"), LECTURE_FILE, f"cell 6: holds 'secret = x / 2', of a solution ({SOLUTION}, half)"),
    "solution in metadata": (in_lecture("x", metadata={"note": {"deep": ["secret = ", "x / 2"]}}), LECTURE_FILE, "cell 6: holds 'secret = x / 2'"),
    "solution in an attachment": (in_lecture("x", "markdown", attachments={"a": {"text/plain": "secret = x / 2"}}), LECTURE_FILE, "cell 6: holds"),
    "solution in the notebook's metadata": (lambda root: edit(root, LECTURE_FILE, lambda nb: nb["metadata"].update(x="secret = x / 2")), LECTURE_FILE, ": holds 'secret = x / 2'"),
    "solution in data": (in_file("assignments/a1_half/hint.txt", "a\n\nsecret = x / 2\n"), "assignments/a1_half/hint.txt", ": holds 'secret = x / 2'"),
    "solution in UTF-16": (in_file("assignments/a1_half/hint.txt", "secret = x / 2".encode("utf-16")), "assignments/a1_half/hint.txt", ": holds 'secret = x / 2'"),
    "solution in an archive": (archive_of("secret = x / 2"), "assignments/a1_half/arrays.npz", "inner.txt: holds 'secret = x / 2'"),
    "solution as a record": (in_file("results/toy.json", json.dumps({"code": ["secret = ", "x / 2\n"]})), "results/toy.json", ": holds 'secret = x / 2'"),
    "hidden line": (lambda root: edit(root, RELEASE, lambda nb: find_cell(nb, "test_half").update(source="points += 2 * grade(half, seed=7301,\n   hidden=True)")), RELEASE, f"test_half: holds 'points += 2 * grade(half, seed=7301, hidden=True)', of a hidden test ({SOLUTION}, test_half)"),
    "hidden line in the packaged release": (lambda root: edit(root, PACKAGED, cell_with("x = grade(f, seed = 7301)")), PACKAGED, "cell 7: holds 'seed=7301', of a hidden test"),
    "hidden seed in a module": (in_file("effcv_lab/more.py", '"""As seed = 7301 says."""\n'), "effcv_lab/more.py", ": holds 'seed=7301', of a hidden test"),
    "model answer, in other lines": (in_lecture("So: A half of\na half **is** so.\n\nA half of\n> a half is a quarter of it.", "markdown"), LECTURE_FILE, f"cell 6: holds {MODEL!r}, of a model answer ({SOLUTION}, why)"),
    "model answer in a module": (in_file("effcv_lab/more.py", "# A half of a half\n# is a quarter of it.\n"), "effcv_lab/more.py", f": holds {MODEL!r}"),
    "master": (in_file("effcv_lab/more.py", '# %% role="answer" id="other"\nx = 1\n'), "effcv_lab/more.py", ": is a master: "),
    "master as text": (in_file("lectures/more.txt", '# %% [markdown] role="written" id="y" points=2\n'), "lectures/more.txt", ": is a master: "),
    "outputs": (in_lecture("1", outputs=[{"output_type": "stream", "name": "stdout", "text": "1"}]), LECTURE_FILE, "cell 6: has outputs"),
    "execution count": (in_lecture("1", execution_count=0), LECTURE_FILE, "cell 6: has outputs"),
    "private test by name": (in_file("effcv_lab/private/test_half.py", "x = 1\n"), "effcv_lab/private/test_half.py", ": is named like a private test of the cell test_half"),
    "private test beside a notebook": (in_file("assignments/a1_half/test_half.py", "x = 1\n"), "assignments/a1_half/test_half.py", ": is neither notebook nor data"),
    "solution notebook": (solution_as(RELEASE), RELEASE, "half: has a marker, 'BEGIN SOLUTION'"),
    "solution notebook under another name": (solution_as("assignments/a1_half/old.ipynb"), "assignments/a1_half/old.ipynb", ": is no release"),
    "notebook of nobody": (in_file("assignments/other.ipynb", '{"cells": []}'), "assignments/other.ipynb", ": is no release"),
    "packaged notebook of nobody": (in_file("effcv_lab/grading/releases/a9.ipynb", '{"cells": []}'), "effcv_lab/grading/releases/a9.ipynb", ": is no release"),
    "no notebook": (in_file("lectures/02_two.ipynb", "{"), "lectures/02_two.ipynb", ": is not a notebook"),
    "odd notebook": (in_file("lectures/02_two.ipynb", '{"cells": [7]}'), "lectures/02_two.ipynb", ": is not a notebook"),
    "other file": (in_file("lectures/talk.docx", "x"), "lectures/talk.docx", ": is neither notebook nor data"),
    "link": (lambda root: (root / "lectures/a.csv").symlink_to(root / "gradebook.db"), "lectures/a.csv", ": is a link"),
    "linked folder": (lambda root: (root / "lectures/more").symlink_to(root / "solutions"), "lectures/more", ": is a link"),
    "linked module": (lambda root: (root / "effcv_lab/a.py").symlink_to(root / SOLUTION), "effcv_lab/a.py", ": is a link"),
    "no licence": (lambda root: (root / "LICENSE").unlink(), "LICENSE", ": is missing"),
    "no pyproject": (lambda root: (root / "pyproject.toml").unlink(), "pyproject.toml", ": is missing"),
    "no record": (lambda root: (root / "results/toy.json").unlink(), "results/toy.json", ": is missing"),
    "no lectures": (lambda root: (root / LECTURE_FILE).unlink(), "lectures/", ": holds no notebook"),
    "no assignments": (lambda root: shutil.rmtree(root / "assignments"), "assignments/", ": holds no notebook"),
}  # fmt: skip


def find_cell(notebook, name):
    return next(
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


@pytest.mark.parametrize("plant", PLANTS)
def test_what_students_must_not_get_is_named_and_nothing_is_written(course, tmp_path, plant):
    change, file, said = PLANTS[plant]
    change(course.root)
    for target in ("out/kit.zip", "out/kit"):
        with pytest.raises(KitRefused) as raised:
            build_kit(course, tmp_path / target)
        assert not (tmp_path / "out").exists()
    lines = [f"{problem}" for problem in raised.value.problems]
    start = f"{file}{said}" if said.startswith(":") else f"{file}, {said}"
    assert any(line.startswith(start) for line in lines), lines
    assert all("; " in line for line in lines)
    assert {problem.file for problem in raised.value.problems} == {file}


def test_lines_of_private_tests_are_found_where_they_are_given(course, tmp_path):
    put(
        tmp_path,
        "private/a1_half/test_half.py",
        "from math import pi\n\npoints -= half(pi) != 1.5708\n",
    )
    in_lecture("from math import pi\n# points -= half(pi) != 1.5708")(course.root)
    build_kit(course, tmp_path / "unknown.zip")
    with pytest.raises(
        KitRefused, match=r"cell 6: holds 'points -= half.*of a private test \(.*test_half\.py\)"
    ):
        build_kit(course, tmp_path / "kit.zip", tmp_path / "private")


def test_what_the_assignment_shows_anyway_may_stand_in_a_lecture(course, tmp_path):
    in_lecture("points = 2 * (half(4) == 2)\nimport math\nelse:\n    return x")(course.root)
    put(course.root, "effcv_lab/why.py", "x = 1\n")  # named like a question, which is no test
    build_kit(course, tmp_path / "kit.zip")


def test_a_solution_cell_without_markers_is_all_solution(course, tmp_path):
    def no_markers(notebook):
        find_cell(notebook, "half")["source"] = "def half(x):\n    return x * 0.5"
        find_cell(notebook, "why")["source"] = "One thinks of it as this."

    edit(course.root, SOLUTION, no_markers)
    in_lecture("    return x * 0.5")(course.root)
    in_lecture("One thinks\nof it as this.", "markdown")(course.root)
    with pytest.raises(KitRefused) as raised:
        build_kit(course, tmp_path / "kit.zip")
    words = [problem.what for problem in raised.value.problems]
    assert any(what.startswith("holds 'return x * 0.5', of a solution") for what in words)
    assert any(what.startswith("holds 'One thinks of it as this.', of a model") for what in words)


def test_without_solutions_there_is_nothing_to_compare_with(course, tmp_path):
    shutil.rmtree(course.root / "solutions")
    with pytest.raises(ValueError, match="solutions holds no notebook"):
        build_kit(course, tmp_path / "kit.zip")


def test_a_damaged_solution_is_named(course, tmp_path):
    put(course.root, SOLUTION, "{")
    with pytest.raises(ValueError, match=r"a1_half\.ipynb: not a notebook"):
        build_kit(course, tmp_path / "kit.zip")


def test_of_many_problems_the_first_twenty_are_shown(course, tmp_path):
    for number in range(30):
        put(course.root, f"lectures/talk{number:02}.docx", "x")
    with pytest.raises(KitRefused) as raised:
        build_kit(course, tmp_path / "kit.zip")
    assert len(raised.value.problems) == 30
    lines = str(raised.value).splitlines()
    assert len(lines) == 22 and lines[-1] == "  and 10 more" and "talk19" in lines[-2]


# --- where it goes


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("course/lectures/kit.zip", "must lie outside of"),
        ("course/assignments/a1_half/kit", "must lie outside of"),
        ("course/effcv_lab", "must lie outside of"),
        ("full", "new or empty folder"),
        ("folder.zip", "new or empty folder"),
        ("full/file", "must end in .zip"),
    ],
)
def test_a_place_that_holds_something_else_is_refused(course, tmp_path, to, said):
    put(tmp_path, "full/file", "mine")
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(ValueError, match=said):
        build_kit(course, tmp_path / to)
    assert (tmp_path / "full/file").read_text() == "mine"


def test_an_empty_folder_is_filled(course, tmp_path):
    (tmp_path / "kit").mkdir()
    build_kit(course, tmp_path / "kit")
    assert (tmp_path / "kit" / "README.md").is_file()


@pytest.mark.parametrize("to", ["kit.zip", "kit"])
def test_a_disk_that_fills_up_leaves_nothing(course, tmp_path, monkeypatch, to):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        build_kit(course, tmp_path / "out" / to)
    assert list((tmp_path / "out").iterdir()) == []


# --- the command


def test_the_command_says_what_it_packed(course, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(course.root / "lectures")
    assert cli.main(["kit", "--to", str(tmp_path / "kit.zip")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / 'kit.zip'}: 14 files (1 in lectures/, 2 in assignments/, 1 in results/, 5 in effcv_lab/)",
        "Nothing found in it that students must not get.",
    ]  # fmt: skip


def test_the_command_refuses_with_an_exit_code(course, tmp_path, monkeypatch, capsys):
    put(tmp_path, "private/a1_half/test_half.py", "assert half(77) == 38.5\n")
    in_lecture("assert half(77) == 38.5")(course.root)
    monkeypatch.chdir(course.root)
    words = ["kit", "--to", "build/kit.zip", "--private-tests", str(tmp_path / "private")]
    assert cli.main(words) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("effcv: no kit was written:\n  lectures/")
    assert os.listdir(course.root / "build") == ["old.zip"]


# --- the course itself


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    place, _ = build_kit(Course(ROOT), tmp_path_factory.mktemp("real") / "kit.zip")
    with zipfile.ZipFile(place) as archive:
        archive.extractall(place.parent)
    return place.parent / "effcv-lab-kit"


def test_the_course_s_own_kit_is_clean(kit):
    """Asked of the masters and of the bytes, not of the code that looks through a kit."""
    masters = [p.read_text() for p in (ROOT / "notebooks/assignments").glob("*.py")]
    seeds = {seed for text in masters for seed in re.findall(r"seed=(\d+), hidden=True", text)}
    assert len(seeds) >= 13
    answers = {line for text in masters for line in regions(text, "# === ")}
    secrets = [f"seed={seed}" for seed in seeds] + [
        line[2:].rstrip() for line in answers if len(line) > 50
    ]
    for path in (p for p in kit.rglob("*") if p.is_file() and p.suffix != ".npz"):
        text = path.read_text(encoding="utf-8")
        assert not [secret for secret in secrets if secret in text], path
        assert path.suffix == ".py" or "BEGIN SOLUTION" not in text
        assert path.suffix == ".py" or "HIDDEN TESTS" not in text


def regions(text, sign):
    """Return the lines between a master's markers."""
    found, inside = [], False
    for line in text.splitlines():
        inside = (inside or line.startswith(f"{sign}BEGIN SOLUTION")) and not line.startswith(
            f"{sign}END"
        )
        found += [line] if inside and not line.startswith(sign) else []
    return found


def test_it_holds_the_records_that_lectures_load(kit):
    wanted = set()
    for path in (ROOT / "notebooks" / "lectures").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load_record":
                wanted.add(f"{ast.literal_eval(node.args[0])}.json")
    assert wanted and set(os.listdir(kit / "results")) == wanted


def test_it_holds_the_package_as_git_knows_it(kit):
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what belongs to the package is known to git")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "effcv_lab"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert [name for name in listed if (ROOT / name).exists() and not (kit / name).is_file()] == []


@pytest.mark.slow
def test_unpacked_it_works_on_its_own(kit):
    code = textwrap.dedent("""\
        import json, pathlib
        import effcv_lab
        from effcv_lab.folders import course_folder
        from effcv_lab.records import load_record

        print(pathlib.Path(effcv_lab.__file__).parent.parent)
        print(course_folder())
        print(load_record("cost").name)
        cells = json.loads(pathlib.Path("../assignments/a1_temperature/a1_temperature.ipynb").read_text())["cells"]
        cells = [c for c in cells if c["cell_type"] == "code"]
        for cell in cells[:3]:
            exec("".join(cell["source"]), globals())
        print([c["metadata"]["nbgrader"]["grade_id"] for c in cells[:3]], points)
        """)  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=kit / "lectures",
        env=os.environ | {"PYTHONPATH": str(kit)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == [str(kit), str(kit), "cost"]
    assert lines[-1] == "['setup', 'softmax_with_temperature', 'test_softmax_with_temperature'] 0.0"
