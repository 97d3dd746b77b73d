"""Settings of every test: one thread, as nets this small run steadier on one."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported, here and in kernels
