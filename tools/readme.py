"""Write what README quotes from records: its figure, the chapter table, the line of hardware.

    python -m tools.readme            # after the records changed
    python -m tools.readme --check    # fail if README is out of step (make test does this)

The parts stand in README between ``<!-- name -->`` and ``<!-- end name -->``.
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


def filled(text: str, parts: dict[str, str]) -> str:
    """Put each part between its two markers."""
    for name, content in parts.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(\n<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"README.md lacks the markers <!-- {name} --> and <!-- end {name} -->")
        text = pattern.sub(lambda found, content=content: found[1] + content + found[2], text)
    return text


def main() -> int:
    """Write README's parts, or with ``--check`` only compare the text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    temperature = load_record("temperature", ROOT / "results")
    minutes = load_record("notebook_minutes", ROOT / "results")
    figure = draw(temperature)
    parts = {
        "figure": figure_lines(temperature, get_alt(figure)),
        "chapters": chapter_table(minutes),
    }
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    wanted = filled(text, parts)
    if check and text != wanted:
        print("README.md is out of step with results/: run python -m tools.readme")
        return 1
    if not check:
        readme.write_text(wanted, encoding="utf-8")
        save_figure(figure, ROOT / FIGURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
