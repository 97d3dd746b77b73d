"""``python -m effcv_lab.cli`` is ``effcv``."""

import sys

from effcv_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
