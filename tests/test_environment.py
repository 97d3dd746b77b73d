"""pyproject.toml, constraints.txt and environment.yml ask for the same things."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: The few that conda-forge calls otherwise.
CONDA_NAMES = {
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
}

#: What conda-forge does not have: pip brings it with the kit itself.
ONLY_BY_PIP = {"torchdistill"}


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def direct_dependencies():
    lines = project()["dependencies"] + project()["optional-dependencies"]["test"]
    return [re.match(r"[A-Za-z0-9._-]+", line)[0] for line in lines]


def constraints():
    """Return name -> version; every line must be a pin, a comment or empty."""
    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = re.fullmatch(r"([a-z0-9][a-z0-9-]*)==(\d+(?:\.\d+)*)", line)
            assert pin, f"constraints.txt: {line!r} is not name==version"
            assert pin[1] not in pins, f"constraints.txt pins {pin[1]} twice"
            pins[pin[1]] = pin[2]
    return pins


def environment():
    """Return conda's name -> oldest version, and the lines for pip."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    conda, pip = {}, []
    for line in text.partition("\ndependencies:\n")[2].splitlines():
        if line.strip() and not line.strip().startswith("#"):
            if line.startswith("      - "):
                pip.append(line.strip()[2:])
                continue
            entry = re.fullmatch(r"  - ([a-z0-9-]+)(?: >=(\d+(?:\.\d+)*))?:?", line)
            assert entry, f"environment.yml: {line!r} is not '  - name >=version'"
            assert entry[1] not in conda or entry[1] == "pip", f"{entry[1]} stands twice"
            conda[entry[1]] = entry[2]
    return conda, pip


def as_numbers(version):
    return tuple(map(int, version.split(".")))


def test_every_direct_dependency_is_pinned_and_nothing_else():
    assert sorted(constraints()) == sorted(direct_dependencies())


def test_lists_are_in_alphabetical_order_and_name_nothing_twice():
    for names in (project()["dependencies"], project()["optional-dependencies"]["test"]):
        assert names == sorted(set(names))
    assert list(constraints()) == sorted(constraints())


@pytest.mark.parametrize("name", ["constraints.txt", "environment.yml", "pyproject.toml"])
def test_no_address_stands_in_any_of_them(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|git\+|file:|--(?:extra-)?index-url|--find-links|@ ", text)


def test_conda_gets_every_direct_dependency_under_its_name_there():
    conda, _ = environment()
    wanted = {CONDA_NAMES.get(name, name) for name in set(direct_dependencies()) - ONLY_BY_PIP}
    assert set(conda) == wanted | {"python", "pip"}


@pytest.mark.parametrize("name", sorted(set(direct_dependencies()) - ONLY_BY_PIP))
def test_conda_may_take_the_version_that_was_tried(name):
    conda, _ = environment()
    oldest = conda[CONDA_NAMES.get(name, name)]
    assert oldest, f"environment.yml gives no oldest version for {name}"
    assert as_numbers(oldest) <= as_numbers(constraints()[name])


def test_torch_and_torchvision_are_a_pair_that_belongs_together():
    # torchvision 0.N goes with torch 2.(N - 15), by the table in torchvision's README up to 0.20;
    # what they pin afterwards is held by the packages' own metadata, read when torch is installed.
    conda, _ = environment()
    torch, torchvision = as_numbers(conda["pytorch"]), as_numbers(conda["torchvision"])
    assert (torch[0], torch[1] + 15) == (2, torchvision[1])


def test_conda_installs_the_kit_itself_by_pip_with_what_its_tests_need():
    _, pip = environment()
    assert pip == ["--editable .[test]"]


def test_the_oldest_python_is_the_same_everywhere():
    from effcv_lab.doctor.packages import NEEDED_PYTHON

    wanted = ".".join(map(str, NEEDED_PYTHON))
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    conda, _ = environment()
    assert project()["requires-python"] == f">={wanted}"
    assert conda["python"] == wanted
    assert settings["tool"]["ruff"]["target-version"] == "py" + wanted.replace(".", "")


def test_the_versions_in_use_are_the_pinned_ones_or_conda_s():
    from importlib import metadata

    conda, _ = environment()
    for name in set(direct_dependencies()) - ONLY_BY_PIP:
        found = as_numbers(re.match(r"\d+(?:\.\d+)*", metadata.version(name))[0])
        oldest = as_numbers(conda[CONDA_NAMES.get(name, name)])
        assert found >= oldest, f"{name} {found} is older than environment.yml allows"
