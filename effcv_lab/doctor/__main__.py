"""Print the report: ``python -m effcv_lab.doctor``; exit code 1 if something needed is missing."""

import sys

from effcv_lab.doctor import examine, report

if __name__ == "__main__":
    sys.exit(report(examine()))
