"""``effcv export``: grades for a learning management system."""

from __future__ import annotations

from effcv_lab.cli.parts import parser

NAMED = 20  # students named for each reason


def describe(commands) -> None:
    """Describe the command."""
    command = parser(
        commands.add_parser,
        "export",
        help="write grades for Canvas or Moodle",
        text="Write an assignment's scores in the columns that Canvas or Moodle import, late penalties taken off. Who has an "
        "answer that a person still has to grade, and who has handed in nothing, is left empty and listed.",
        example="effcv export a1 --to canvas",
        closing="Names and addresses come from nbgrader db student import. nbgrader export writes nbgrader's own table.",
    )
    command.add_argument("assignment", metavar="NAME", help="a1, or its whole name")
    command.add_argument("--to", required=True, choices=["canvas", "moodle"], help="for which one")
    command.add_argument("--file", metavar="PATH", help="default: grades/a1_canvas.csv")
    command.add_argument(
        "--column",
        default="",
        metavar="TITLE",
        help='what the assignment is called there, such as "Temperature (12345)"; default: its whole name',
    )
    command.add_argument(
        "--missing-zero", action="store_true", help="0 for who has handed in nothing"
    )
    command.set_defaults(command=_export)


def _export(given) -> int:
    import logging

    from effcv_lab.grading.course import Course
    from effcv_lab.grading.lms import EXPORTERS

    course = Course.here()
    name = course.assignment(given.assignment)
    quiet = logging.getLogger("effcv_lab.export")  # the same is printed below
    quiet.propagate, quiet.handlers = False, [logging.NullHandler()]
    plugin = EXPORTERS[given.to](config=course.config, log=quiet)
    plugin.assignment, plugin.column = [name], given.column
    plugin.missing_zero = given.missing_zero
    plugin.to = given.file or str(
        course.root / "grades" / f"{course.short_name(name)}_{given.to}.csv"
    )
    with course.gradebook() as gradebook:
        done = plugin.export(gradebook)
    print(f"{done.scores} scores of {name}: {done.path}")
    missing = "0, as was asked for" if given.missing_zero else "left empty"
    for words, found in {
        "left empty, a person still has to grade": done.waiting,
        f"{missing}, no graded submission": done.missing,
    }.items():
        who = found.get(name, [])
        if who:
            more = f" and {len(who) - NAMED} more" if len(who) > NAMED else ""
            print(f"{words}: {', '.join(who[:NAMED])}{more}")
    return 0
