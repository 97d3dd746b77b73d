"""The browser harness says how to get a browser, and fails only where one is a must."""

import pytest
from browser import chromium_or_skip, find_chromium


@pytest.fixture
def no_chromium(monkeypatch, tmp_path):
    monkeypatch.delenv("EFFCV_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_without_chromium_a_laptop_skips_and_names_the_command(no_chromium, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        chromium_or_skip()


def test_without_chromium_ci_fails_and_names_the_command(no_chromium, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        chromium_or_skip()


def test_a_named_chromium_comes_before_the_one_on_the_path(no_chromium, monkeypatch):
    monkeypatch.setenv("EFFCV_CHROMIUM", "/opt/chromium")
    assert find_chromium() == chromium_or_skip() == "/opt/chromium"
