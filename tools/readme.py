"""Write what README and INSTRUCTORS quote from records: figure, chapter table, speed of grading, lines of hardware.

    python -m tools.readme            # after the records changed
    python -m tools.readme --check    # fail if one is out of step (make test does this)

The parts stand between ``<!-- name -->`` and ``<!-- end name -->``.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from effcv_lab.figures import curves, get_alt, save_figure
from effcv_lab.records import Record, load_record, tag

ROOT = Path(__file__).resolve().parent.parent
FIGURE = "results/readme_figure.png"
CHAPTERS = (
    ("lectures/00_start_here", "0. Start here", "what does a vision model cost?"),
    (
        "lectures/01_softmax_temperature",
        "1. Softmax temperature",
        "what does a softmax say beyond its answer?",
    ),
    ("solutions/a1_temperature/a1_temperature", "a1. Temperature", "four functions, one question"),
    (
        "lectures/02_knowledge_distillation",
        "2. Knowledge distillation",
        "what can a small network learn from a large one?",
    ),
    (
        "solutions/a2_distillation/a2_distillation",
        "a2. Distillation",
        "four functions, one control to design",
    ),
    (
        "lectures/04_curriculum",
        "4. Curriculum learning",
        "does it help to see easy examples first?",
    ),
    (
        "solutions/a4_curriculum/a4_curriculum",
        "a4. Curriculum",
        "five functions, one control to choose",
    ),
)


def draw(record: Record):
    """Draw the order of the classes that survives in 8 and in 16 bits, over the temperature."""
    series = {
        f"kept in {bits} bits": [row[f"order_kept_{bits}_bits"] for row in record.rows]
        for bits in (8, 16)
    }
    return curves(
        record.config["temperatures"],
        series,
        title="A warmer softmax tells more, up to a point",
        x_label="temperature T",
        y_label="pairs in order (fraction)",
        log_x=True,
        y_range=(0, 1.05),
        alt="Two curves over the temperature: the share of class pairs still in order rises from "
        "little to nearly all, then falls again; with 8 bits far sooner than with 16.",
    )


def chapter_table(minutes: Record) -> str:
    """Write one line for each notebook: link, question, minutes for the first run and again."""
    seconds = {row["notebook"]: row for row in minutes.rows}
    lines = ["| notebook | question | minutes | again |", "| --- | --- | --: | --: |"]
    for path, name, question in CHAPTERS:
        row = seconds[f"{path}.ipynb"]
        first, again = (row[key] / 60 for key in ("first_seconds", "again_seconds"))
        shown = path.replace("solutions", "assignments")
        lines.append(f"| [{name}]({shown}.ipynb) | {question} | {first:.1f} | {again:.1f} |")
    lines.append("")
    lines.append(
        "Minutes of computing, with an empty cache of trained nets and with a full one: "
        f"{minutes.hardware['cpu']}, {minutes.hardware['cores']} cores, "
        f"torch {minutes.versions['torch'].partition('+')[0]}."
    )
    return "\n".join(lines)


def figure_lines(record: Record, alt: str) -> str:
    """Write the figure with its alt text and where it comes from."""
    return (
        f"![{alt}]({FIGURE})\n\n"
        "*A teacher's probabilities for ten classes, stored in 8 bits (steps of 1/256) or as 16-bit floats: in how many pairs can one\n"
        "still tell which the teacher found more likely? Lecture 01 explains why the curves rise, and why they fall.\n"
        f"Recorded: {tag(record)}; `{record.command}`.*"
    )


def grading_lines(record: Record) -> str:
    """Say how fast a class is graded, beside plain nbgrader."""
    plain, ours = record.rows
    return (
        f"{ours['submissions']} submissions of a1, some of them hostile: `effcv grade` took {ours['seconds']:.0f} s, plain nbgrader\n"
        f"{plain['seconds']:.0f} s on the same machine, {ours['times_plain']:.1f} times as long, with {record.config['workers']} submissions at a time, "
        f"{ours['peak_megabytes'] / 1000:.1f} GB against {plain['peak_megabytes'] / 1000:.1f} GB of\n"
        f"memory, and {ours['scores_differ'] or 'no'} score of an honest submission that differs. {one_run(record)}"
    )


def memory_lines(record: Record) -> str:
    """Say how much more memory a large class takes than a small one."""
    few, many = record.rows
    return (
        f"{many['submissions']} submissions took {many['seconds'] / 60:.1f} minutes and {many['peak_megabytes'] / 1000:.2f} GB of memory at most, "
        f"{few['submissions']} took {few['peak_megabytes'] / 1000:.2f} GB.\n"
        f"{one_run(record)}"
    )


def one_run(record: Record) -> str:
    """Say on what machine a benchmark ran, and how to repeat it."""
    return f"Recorded: one run, {record.hardware['cpu']} {record.hardware['cores']} cores; `{record.command}`."


def filled(text: str, parts: dict[str, str]) -> str:
    """Put each part between its two markers."""
    for name, content in parts.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(\n<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"the text lacks the markers <!-- {name} --> and <!-- end {name} -->")
        text = pattern.sub(lambda found, content=content: found[1] + content + found[2], text)
    return text


def main() -> int:
    """Write the parts, or with ``--check`` only compare the texts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    record = {
        name: load_record(name, ROOT / "results")
        for name in ("temperature", "notebook_minutes", "grading", "grading_memory")
    }
    figure = draw(record["temperature"])
    speed = grading_lines(record["grading"])
    pages = {
        "README.md": {
            "figure": figure_lines(record["temperature"], get_alt(figure)),
            "chapters": chapter_table(record["notebook_minutes"]),
            "grading": speed,
        },
        "INSTRUCTORS.md": {"bench": speed, "memory": memory_lines(record["grading_memory"])},
    }
    stale = 0
    for name, parts in pages.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        wanted = filled(text, parts)
        stale += text != wanted
        if check and text != wanted:
            print(f"{name} is out of step with results/: run python -m tools.readme")
        if not check:
            (ROOT / name).write_text(wanted, encoding="utf-8")
    if not check:
        save_figure(figure, ROOT / FIGURE)
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
