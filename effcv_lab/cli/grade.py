"""``effcv grade``: grade a class."""

from __future__ import annotations

from effcv_lab.cli.parts import parser, whole

TEXT = """\
Grade what lies in submitted/ into nbgrader's gradebook, each submission in a sandbox, and say
what became of everybody. What is graded and unchanged is not graded again; a run that was stopped
goes on where it was."""
CLOSING = "The exit code is 0 if every submission has a score or a named reason. INSTRUCTORS.md tells more."
OPTIONS = {
    "--student": {
        "action": "append",
        "default": [],
        "metavar": "S",
        "help": "only this one; may be repeated",
    },
    "--force": {"action": "store_true", "help": "grade again what is graded and unchanged"},
    "--limit-seconds": {
        **{"type": whole(1), "default": 300, "metavar": "N"},
        "help": "wall-clock time for each submission (default: 300)",
    },
    "--limit-megabytes": {
        **{"type": whole(100), "default": 3000, "metavar": "N"},
        "help": "memory for each submission, of which torch takes up to 800 (default: 3000)",
    },
    "--workers": {
        **{"type": whole(1), "default": 0, "metavar": "N"},
        "help": "how many submissions at a time (default: one a core)",
    },
    "--scheduler": {
        "metavar": "ADDRESS",
        "help": "grade on a dask cluster, such as tcp://10.0.0.5:8786",
    },
    "--private-tests": {
        "metavar": "FOLDER",
        "help": "hidden tests of your own, from outside the course",
    },
    "--unsafe-no-sandbox": {
        "action": "store_true",
        "help": "run strangers' code with all your rights; never where there is anything of worth",
    },
}


def describe(commands) -> None:
    """Describe the command."""
    command = parser(
        commands.add_parser,
        "grade",
        help="grade a class: each submission in a sandbox, several at a time",
        text=TEXT,
        example="effcv grade a1",
        closing=CLOSING,
    )
    command.add_argument("assignment", metavar="NAME", help="a1, or its whole name")
    for name, options in OPTIONS.items():
        command.add_argument(name, **options)
    command.set_defaults(command=_grade)


def _grade(given) -> int:
    from effcv_lab.grading.course import Course
    from effcv_lab.grading.marking.classroom import Wishes, grade_class

    wishes = Wishes(
        students=given.student,
        force=given.force,
        limit_seconds=given.limit_seconds,
        limit_megabytes=given.limit_megabytes,
        workers=given.workers,
        scheduler=given.scheduler,
        private=given.private_tests,
        unsafe=given.unsafe_no_sandbox,
    )
    return 0 if grade_class(Course.here(), given.assignment, wishes).complete else 1
