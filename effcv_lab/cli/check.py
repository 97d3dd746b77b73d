"""``effcv check``: for students, before they hand in."""

from __future__ import annotations

from effcv_lab.cli.parts import parser, whole


def describe(commands) -> None:
    """Describe the command."""
    command = parser(
        commands.add_parser,
        "check",
        help="look at your own notebook before you hand it in",
        text=(
            "Run your notebook from a fresh kernel, show the points of the visible checks, and say what would go\n"
            "wrong in grading, and how to mend it. The notebook itself is left as it is, unless you say --mend."
        ),
        example="effcv check a1",
        closing="The exit code is 1 if something is to be mended, else 0; points do not matter.",
    )
    command.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help="an assignment (a1), or the path of a notebook; default: the one in this folder",
    )
    command.add_argument(
        "--mend",
        action="store_true",
        help="put copied, edited and deleted cells right; your answers and the old file are kept",
    )
    command.add_argument(
        "--seconds",
        type=whole(1),
        default=60,
        metavar="N",
        help="for one cell; default: 60, as in grading",
    )
    command.add_argument(
        "--assignment", metavar="NAME", help="which one it is, if neither name nor cells tell"
    )
    command.set_defaults(command=_check)


def _check(given) -> int:
    from effcv_lab.grading.checkup.checkup import check_up, write_mended
    from effcv_lab.grading.checkup.locating import find_notebook
    from effcv_lab.grading.checkup.report import report, show, still_to_mend

    path = find_notebook(given.what)
    words = [f'"{w}"' if " " in w else w for w in ("effcv", "check", given.what or "") if w]
    found = check_up(path, given.assignment, given.seconds, " ".join(words))
    kept = write_mended(found) if given.mend else None
    show(report(found, kept))
    return int(still_to_mend(found, kept))
