"""The commands of everybody: ``effcv doctor``, ``lab`` and ``reproduce``."""

from __future__ import annotations

from effcv_lab.cli.parts import parser, whole


def describe(commands) -> None:
    """Describe the commands of this module."""
    _describe_doctor(commands)
    _describe_lab(commands)
    _describe_reproduce(commands)


def _describe_doctor(commands) -> None:
    command = parser(
        commands.add_parser,
        "doctor",
        help="check this machine and say how to mend what is missing",
        text="Check Python, packages, torch, JupyterLab, data and a few programs: one line each.",
        example="effcv doctor",
        closing="The exit code is 1 if something is marked FAIL. A warn is no obstacle.",
    )
    command.set_defaults(command=_doctor)


def _describe_lab(commands) -> None:
    command = parser(
        commands.add_parser,
        "lab",
        help="open JupyterLab on the first lecture",
        text="Open JupyterLab on the first lecture. What is not listed here goes to jupyter lab.",
        example="effcv lab --no-browser --port 9000",
    )
    command.add_argument("--no-browser", action="store_true", help="print the address only")
    command.add_argument("--port", type=whole(1), metavar="N", help="default: 8888, or the next")
    command.set_defaults(command=_lab, takes_rest=True)


def _describe_reproduce(commands) -> None:
    command = parser(
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
        type=whole(1),
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
