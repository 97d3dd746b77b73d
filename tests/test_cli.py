"""The command line: what is typed reaches the right work, and errors are one clear line."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import effcv_lab
from effcv_lab import cli, folders, lab, reproduce
from effcv_lab.records import Record, describe_machine, load_record

ROOT = Path(effcv_lab.__file__).resolve().parent.parent


def effcv(*words, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "effcv_lab.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        env=os.environ | environment,
    )


# --- help, version, mistakes


@pytest.mark.parametrize("command", ["", "check", "doctor", "grade", "kit", "lab", "reproduce"])
def test_every_help_ends_with_an_example_that_is_understood(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([*command.split(), "--help"])
    assert end.value.code == 0
    example = capsys.readouterr().out.partition("example:\n")[2].splitlines()[0].split()
    assert example[:2] == ["effcv", command or "doctor"]
    given, rest = cli.build_parser().parse_known_args(example[1:])
    assert given.command and rest == []


def test_the_version_is_the_package_s():
    done = effcv("--version")
    assert done.stdout == f"effcv {effcv_lab.__version__}\n" and done.returncode == 0


@pytest.mark.parametrize(
    "words",
    ["", "paint", "doctor --verbose", "reproduce", "reproduce temperature --seeds 0",
     "reproduce temperature --seeds two", "reproduce temperature --budget huge",
     "reproduce temperature --list", "lab --port x"],
)  # fmt: skip
def test_what_is_not_understood_ends_with_code_2_and_the_usage(words, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(words.split())
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: effcv")


def test_the_installed_command_is_this_one():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"effcv": "effcv_lab.cli:main"}


# --- doctor


def test_doctor_gives_its_exit_code(monkeypatch, capsys):
    from effcv_lab import doctor

    for status, code in (("FAIL", 1), ("warn", 0), ("ok", 0)):
        entry = doctor.Finding(status, "thing", "is so")
        monkeypatch.setattr(doctor, "CHECKS", {"thing": lambda entry=entry: [entry]})
        assert cli.main(["doctor"]) == code
        assert capsys.readouterr().out.startswith(f"{status:<4}  thing")


# --- lab


@pytest.fixture
def stub_jupyter(tmp_path):
    """A jupyter that says where and with what it was called, and ends with code 5."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "jupyter.py").write_text(
        "import os, sys\nprint(os.getcwd())\nprint(*sys.argv[1:], sep='\\n')\nsys.exit(5)"
    )
    return str(site)


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "my course"
    for name in ("effcv_lab", "lectures/deep"):
        (folder / name).mkdir(parents=True)
    (folder / "constraints.txt").write_text("")
    (folder / lab.FIRST_LECTURE).write_text("{}")
    return folder


@pytest.mark.parametrize("where", [".", "lectures", "lectures/deep"])
def test_lab_opens_the_first_lecture_from_anywhere_in_the_course(course, stub_jupyter, where):
    done = effcv("lab", cwd=course / where, PYTHONPATH=os.pathsep.join([stub_jupyter, str(ROOT)]))
    folder, *words = done.stdout.splitlines()
    assert os.path.samefile(folder, course)
    assert words == [
        "lab", "--LabApp.default_url=/lab/tree/lectures/00_start_here.ipynb",
        f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    assert done.returncode == 5


def test_lab_hands_on_what_it_does_not_know(course, stub_jupyter):
    path = os.pathsep.join([stub_jupyter, str(ROOT)])
    words = ("--no-browser", "--port", "9123", "--allow-root", "--IdentityProvider.token=x")
    done = effcv("lab", *words, cwd=course, PYTHONPATH=path)
    assert done.stdout.splitlines()[4:] == [
        "--no-browser", "--port=9123", "--allow-root", "--IdentityProvider.token=x",
    ]  # fmt: skip


def ask(address, seconds=60):
    """Return the JSON at an address; a server prints its address a moment before it listens."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as reply:
                return json.load(reply)
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.mark.slow
def test_the_address_that_a_real_server_prints_leads_to_the_first_lecture(course):
    words = ["lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    server = subprocess.Popen(
        [sys.executable, "-m", "effcv_lab.cli", *words],
        cwd=course / "lectures",
        env=os.environ | {"PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_DIR": str(course / "config")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        try:
            pattern = re.compile(r"http://127\.0\.0\.1:\d+\S+\?token=[0-9a-f]{20,}")
            address = next(filter(None, map(pattern.search, server.stderr)))[0]
            page, _, token = address.partition("?")
            base = page.partition("/lab/")[0]
            assert page == f"{base}/lab/tree/{lab.FIRST_LECTURE}"
            listing = ask(f"{base}/api/contents/lectures?{token}")
        finally:
            server.terminate()
    assert "00_start_here.ipynb" in [entry["name"] for entry in listing["content"]]


def test_lab_finds_the_course_beside_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folders.course_folder() == ROOT


def test_lab_says_where_to_go_when_there_is_no_course(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "course_folder", lambda: None)
    assert cli.main(["lab"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("effcv: no course folder here or above: go to the folder")
    assert "Traceback" not in error


def test_lab_says_which_notebook_is_missing(course, monkeypatch, capsys):
    (course / lab.FIRST_LECTURE).unlink()
    monkeypatch.chdir(course)
    assert cli.main(["lab"]) == 1
    assert "00_start_here.ipynb is missing" in capsys.readouterr().err


# --- reproduce


@pytest.fixture
def experiments(tmp_path, monkeypatch):
    """Two experiments of our own; ``toy`` records how it was called."""
    folder = tmp_path / "experiments"
    folder.mkdir()
    (folder / "toy.py").write_text(
        '"""A toy, in one line.\n\nMore."""\nCALLS = []\n'
        "def run(budget, device, seeds=(0, 1)):\n"
        "    import os\n"
        "    CALLS.append((budget, device, list(seeds), os.environ.get('EFFCV_BUDGET')))\n"
        "    return RECORD(list(seeds))\n"
    )
    (folder / "wrong.py").write_text(
        '"""Goes wrong."""\ndef run(budget, device):\n    raise ValueError("no luck")\n'
    )
    (folder / "_private.py").write_text('"""Not one."""\ndef run(): pass\n')
    (folder / "helper.py").write_text('"""Not one either."""\nrun = 1\nraise ImportError\n')
    monkeypatch.setattr(effcv_lab.experiments, "__path__", [str(folder)])
    for name in ("toy", "wrong"):
        monkeypatch.delitem(sys.modules, f"effcv_lab.experiments.{name}", raising=False)
    monkeypatch.setenv("EFFCV_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("EFFCV_BUDGET", "class")
    monkeypatch.setenv("EFFCV_DEVICE", "cpu")
    from effcv_lab.experiments import toy

    toy.RECORD = lambda seeds: Record(
        "toy", "effcv reproduce toy", {"epochs": 1}, seeds, [{"accuracy": 0.5}],
        device="cpu", budget="class", **describe_machine(),
    )  # fmt: skip
    yield toy
    for name in ("toy", "wrong"):
        sys.modules.pop(f"effcv_lab.experiments.{name}", None)
        vars(effcv_lab.experiments).pop(name, None)


def test_reproduce_runs_the_experiment_and_saves_its_record(experiments, tmp_path, capsys):
    assert cli.main(["reproduce", "toy", "--seeds", "3"]) == 0
    assert load_record("toy", tmp_path / "results").seeds == [0, 1, 2]
    assert experiments.CALLS == [("class", "cpu", [0, 1, 2], "class")]
    captured = capsys.readouterr()
    assert str(tmp_path / "results" / "toy.json") in captured.out and captured.err == ""
    assert "1 row, " in captured.out and "3 seeds" in captured.out


def test_reproduce_without_options_uses_the_experiment_s_own_and_the_environment_s(
    experiments, monkeypatch
):
    monkeypatch.setenv("EFFCV_BUDGET", "paper")
    assert cli.main(["reproduce", "toy"]) == 0
    assert experiments.CALLS == [("paper", "cpu", [0, 1], "paper")]


def test_a_budget_that_is_typed_wins_everywhere(experiments):
    assert cli.main(["reproduce", "toy", "--budget", "paper"]) == 0
    assert experiments.CALLS == [("paper", "cpu", [0, 1], "paper")]


def test_reproduce_lists_experiments_without_importing_them(experiments, capsys):
    assert cli.main(["reproduce", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["toy", "A toy, in one line."], ["wrong", "Goes wrong."],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nope", "no experiment is named 'nope'; there are: toy, wrong"),
        ("toy --device tpu", "tpu"),
        ("wrong", "no luck"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line_and_saves_nothing(
    experiments, tmp_path, capsys, words, said
):
    assert cli.main(["reproduce", *words.split()]) == 1
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert not (tmp_path / "results").exists() and experiments.CALLS == []


def test_the_traceback_is_there_for_who_asks(experiments):
    with pytest.raises(ValueError, match="no luck"):
        cli.main(["--traceback", "reproduce", "wrong"])


def test_the_kit_s_own_experiments_are_found():
    assert {"temperature"} <= set(reproduce.list_experiments())
    assert all(line.endswith(".") for line in reproduce.list_experiments().values())
