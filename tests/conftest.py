"""Settings of every test: one thread, as nets this small run steadier on one; a cache of its own."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported, here and in kernels


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    """Keep trained nets in a folder that only this module's tests use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFFCV_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Say of a failed browser test what its page showed: CI keeps no picture of it."""
    outcome = yield
    lab = getattr(item, "funcargs", {}).get("lab")
    if call.excinfo is None or not hasattr(lab, "describe"):
        return
    try:
        text = lab.describe()
    except Exception as error:  # the page itself may be what failed
        text = f"the page does not answer: {error}"
    outcome.get_result().sections.append(("JupyterLab's page", text))
