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
