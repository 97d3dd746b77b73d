"""``effcv kit``: what students get."""

from __future__ import annotations

from effcv_lab.cli.parts import parser


def describe(commands) -> None:
    """Describe the command."""
    command = parser(
        commands.add_parser,
        "kit",
        help="build what students get, and refuse if a solution or hidden test is in it",
        text="Pack lectures, released assignments, package, environment and a README for students.",
        example="effcv kit --to build/kit.zip",
        closing="Every file is looked through first. If it holds something that students must not get,\n"
        "nothing is written, and the exit code is 1.",
    )
    command.add_argument(
        "--to",
        metavar="PATH",
        help="a .zip file, or else a folder; default: build/effcv-lab-kit.zip in the course",
    )
    command.add_argument(
        "--private-tests",
        metavar="FOLDER",
        help="look for the lines of these private tests, too",
    )
    command.set_defaults(command=_kit)


def _kit(given) -> int:
    from effcv_lab.grading.course import Course
    from effcv_lab.kit import build_kit

    place, names = build_kit(Course.here(), given.to, given.private_tests)
    counts = {part: sum(n.startswith(f"{part}/") for n in names) for part in _PARTS}
    parts = ", ".join(f"{count} in {part}/" for part, count in counts.items())
    print(f"{place}: {len(names)} files ({parts})")
    print("Nothing found in it that students must not get.")
    return 0


_PARTS = ("lectures", "assignments", "results", "effcv_lab")
