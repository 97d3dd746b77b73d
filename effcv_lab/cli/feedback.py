"""``effcv feedback``: what students get back."""

from __future__ import annotations

from effcv_lab.cli.parts import parser


def describe(commands) -> None:
    """Describe the command."""
    command = parser(
        commands.add_parser,
        "feedback",
        help="write the pages that students get back",
        text="Write a page for each graded submission to feedback/: every check's outcome and message, no hidden test, "
        "nothing active of a submission. A page that is up to date is not made again.",
        example="effcv feedback a1",
        closing="nbgrader release_feedback takes the pages from there. The exit code is 1 if a page could not be made.",
    )
    command.add_argument("assignment", metavar="NAME", help="a1, or its whole name")
    command.add_argument(
        "--student", action="append", default=[], metavar="S", help="only this one; may be repeated"
    )
    command.add_argument("--force", action="store_true", help="make every page anew")
    command.set_defaults(command=_feedback)


def _feedback(given) -> int:
    from effcv_lab.grading.course import Course
    from effcv_lab.grading.feedback_class import write_feedback

    course = Course.here()
    made = write_feedback(course, given.assignment, given.student, force=given.force)
    print(f"{len(made.written)} written, {len(made.unchanged)} up to date before.")
    if made.waiting:
        answers = sum(made.waiting.values())
        print(f"Answers that wait for a person, as their pages say: {answers}.")
    for student, reason in made.failed.items():
        print(f"no page for {student}: {reason}")
    print(f"Pages: {course.folder('feedback', 'STUDENT', course.assignment(given.assignment))}")
    return 1 if made.failed else 0
