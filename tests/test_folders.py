"""The cache lies where each system keeps such files, and the course is found from inside it."""

import sys
from pathlib import Path

import pytest

from effcv_lab import folders
from effcv_lab.folders import cache_folder, course_folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in ("EFFCV_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)


@pytest.mark.parametrize(
    ("system", "place"),
    [
        ("linux", ".cache/effcv-lab"),
        ("darwin", "Library/Caches/effcv-lab"),
        ("win32", "AppData/Local/effcv-lab"),
    ],
)
def test_each_system_has_its_place(monkeypatch, tmp_path, system, place):
    monkeypatch.setattr(sys, "platform", system)
    assert cache_folder() == tmp_path / place
    assert not cache_folder().exists()


@pytest.mark.parametrize(
    ("system", "variable"), [("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")]
)
def test_a_place_that_the_system_names_is_taken(monkeypatch, tmp_path, system, variable):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setenv(variable, str(tmp_path / "named"))
    assert cache_folder() == tmp_path / "named" / "effcv-lab"


def test_a_relative_place_is_passed_over_as_the_xdg_standard_wants(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache_folder() == tmp_path / ".cache" / "effcv-lab"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_effcv_cache_wins_everywhere_and_does_not_move_with_the_working_folder(
    monkeypatch, tmp_path, system
):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EFFCV_CACHE", "mine")
    assert cache_folder() == tmp_path / "mine"
    assert cache_folder().is_absolute()


def test_the_nearest_course_above_is_found(monkeypatch, tmp_path):
    inner = tmp_path / "outer" / "inner"
    for folder in (tmp_path / "outer", inner):
        (folder / "effcv_lab").mkdir(parents=True)
        (folder / "constraints.txt").write_text("")
    (inner / "lectures").mkdir()
    monkeypatch.chdir(inner / "lectures")
    assert course_folder() == inner
    (inner / "constraints.txt").unlink()
    assert course_folder() == tmp_path / "outer"


def test_where_only_the_package_is_installed_there_is_no_course(monkeypatch, tmp_path):
    site = tmp_path / "site-packages" / "effcv_lab"
    site.mkdir(parents=True)
    monkeypatch.setattr(folders.effcv_lab, "__file__", str(site / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    assert course_folder() is None
