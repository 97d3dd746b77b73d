"""The command ``effcv``: reads the command line, and leaves the work to one module each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from effcv_lab import __version__
from effcv_lab.cli import check, course, export, feedback, grade, kit
from effcv_lab.cli.parts import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    exit_code : int
        0 done; 1 it could not be done (or something is to be mended); 2 it was not understood
        (argparse ends the program itself).
    """
    described = build_parser()
    given, rest = described.parse_known_args(arguments)
    if rest and not getattr(given, "takes_rest", False):
        described.error(f"unrecognized arguments: {' '.join(rest)}")
    given.rest = rest
    try:
        return given.command(given)
    except (OSError, ValueError, RuntimeError) as error:
        if given.traceback:
            raise
        print(f"effcv: {error}\n(effcv --traceback ... shows where this arose)", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("effcv: stopped", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Describe every command with an example."""
    described = parser(
        argparse.ArgumentParser, prog="effcv", text="Tools of the course.", example="effcv doctor"
    )
    described.add_argument("--version", action="version", version=f"effcv {__version__}")
    described.add_argument("--traceback", action="store_true", help="show where an error came from")
    commands = described.add_subparsers(metavar="COMMAND", required=True)
    for part in (course, check, grade, feedback, export, kit):
        part.describe(commands)
    return described
