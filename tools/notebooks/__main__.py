"""The command line: ``python -m tools.notebooks build | absorb | check``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.notebooks import course
from tools.notebooks.headers import MasterError
from tools.notebooks.targets import ROOT, targets


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run one command; return 0, or 1 with the reason on stderr."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "check":
            found = list(course.problems(root))
            print("\n".join(found) or f"{len(targets(root))} masters in step")
            return int(bool(found))
        if options.command == "build":
            changed = course.build(root, force=options.force)
        else:
            paths = [_below(root, path) for path in options.notebooks]
            changed = course.absorb(paths or None, root, force=options.force)
    except MasterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"wrote {path}" for path in changed) or "nothing to do")
    return 0


def _below(root: Path, path: Path) -> Path:
    if not path.resolve().is_relative_to(root.resolve()):
        raise MasterError(f"{path}: not in the course folder {root}")
    return path.resolve().relative_to(root.resolve())


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write the notebooks of every master")
    build.add_argument("--force", action="store_true", help="drop edits made in a notebook")
    absorb = commands.add_parser("absorb", help="bring notebooks edited in JupyterLab into masters")
    absorb.add_argument("--force", action="store_true", help="also where the master changed since")
    absorb.add_argument(
        "notebooks",
        nargs="*",
        type=Path,
        metavar="NOTEBOOK",
        help="lectures/NAME.ipynb or solutions/NAME/NAME.ipynb (default: every edited one)",
    )
    commands.add_parser("check", help="say which notebooks are out of step; write nothing")
    return top


if __name__ == "__main__":
    sys.exit(main())
