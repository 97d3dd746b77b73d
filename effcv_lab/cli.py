"""The command ``effcv``: reads the command line, and leaves the work to one module each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from effcv_lab import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    exit_code : int
        0 done; 1 it could not be done (or doctor found something to mend); 2 it was not
        understood (argparse ends the program itself).
    """
    parser = build_parser()
    given, rest = parser.parse_known_args(arguments)
    if rest and given.command is not _lab:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
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
    parser = _parser(
        argparse.ArgumentParser, prog="effcv", text="Tools of the course.", example="effcv doctor"
    )
    parser.add_argument("--version", action="version", version=f"effcv {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show where an error came from")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _describe_doctor(commands)
    _describe_lab(commands)
    _describe_reproduce(commands)
    return parser


def _describe_doctor(commands) -> None:
    command = _parser(
        commands.add_parser,
        "doctor",
        help="check this machine and say how to mend what is missing",
        text="Check Python, packages, torch, JupyterLab, data and a few programs: one line each.",
        example="effcv doctor",
        closing="The exit code is 1 if something is marked FAIL. A warn is no obstacle.",
    )
    command.set_defaults(command=_doctor)


def _describe_lab(commands) -> None:
    command = _parser(
        commands.add_parser,
        "lab",
        help="open JupyterLab on the first lecture",
        text="Open JupyterLab on the first lecture. What is not listed here goes to jupyter lab.",
        example="effcv lab --no-browser --port 9000",
    )
    command.add_argument("--no-browser", action="store_true", help="print the address only")
    command.add_argument("--port", type=_whole(1), metavar="N", help="default: 8888, or the next")
    command.set_defaults(command=_lab)


def _describe_reproduce(commands) -> None:
    command = _parser(
        commands.add_parser,
        "reproduce",
        help="run a published experiment again and save its record",
        text="Run a published experiment again; its record replaces results/NAME.json.",
        example="effcv reproduce temperature --seeds 3",
        closing="EFFCV_RESULTS names another folder for the records.",
    )
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", metavar="NAME", help="which one")
    what.add_argument("--list", action="store_true", help="say which there are, and end")
    command.add_argument(
        "--budget", choices=["class", "paper"], help="how large; default: EFFCV_BUDGET, or class"
    )
    command.add_argument(
        "--seeds",
        type=_whole(1),
        metavar="N",
        help="how many, from seed 0 on; default: as published",
    )
    command.add_argument(
        "--device", metavar="D", help="auto, cpu, cuda or mps; default: EFFCV_DEVICE, or auto"
    )
    command.set_defaults(command=_reproduce)


def _doctor(_given) -> int:
    from effcv_lab.doctor import examine, report

    return report(examine())


def _lab(given) -> int:
    from effcv_lab.lab import open_lab

    words = ["--no-browser"] * given.no_browser
    words += [f"--port={given.port}"] if given.port else []
    return open_lab([*words, *given.rest])


def _reproduce(given) -> int:
    from effcv_lab.reproduce import list_experiments, reproduce

    if given.list:
        for name, line in list_experiments().items():
            print(f"{name:<14} {line}")
        return 0
    reproduce(given.name, budget=given.budget, seeds=given.seeds, device=given.device)
    return 0


def _parser(make, *names, text: str, example: str, closing: str = "", **options):
    """Make a parser whose help ends with an example, as it is written here."""
    epilog = f"example:\n  {example}" + (f"\n\n{closing}" if closing else "")
    formatter = argparse.RawDescriptionHelpFormatter
    options |= {"description": text, "epilog": epilog, "formatter_class": formatter}
    return make(*names, allow_abbrev=False, **options)


def _whole(low: int):
    """Return an argparse type: a whole number from ``low`` on."""

    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number >= {low}")
        return int(text)

    return whole


if __name__ == "__main__":
    sys.exit(main())
