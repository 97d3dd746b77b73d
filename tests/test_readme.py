"""README says what the records say, and every command in it is one that exists."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from effcv_lab.records import load_record
from tools import readme

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_notebook_has_its_line_with_the_minutes_measured():
    rows = {row["notebook"]: row for row in load_record("notebook_minutes", ROOT / "results").rows}
    built = [*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb")]
    assert set(rows) == {path.relative_to(ROOT).as_posix() for path in built}
    for name, row in rows.items():
        link = name.replace("solutions", "assignments")
        line = next(line for line in TEXT.splitlines() if f"({link})" in line)
        assert f"| {row['first_seconds'] / 60:.1f} | {row['again_seconds'] / 60:.1f} |" in line


def test_minutes_are_seconds_over_sixty():
    record = load_record("notebook_minutes", ROOT / "results")
    rows = [row | {"first_seconds": 600.0, "again_seconds": 90.0} for row in record.rows]
    table = readme.chapter_table(replace(record, rows=rows))
    assert table.count("| 10.0 | 1.5 |") == len(rows)


def test_links_and_pictures_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / target).exists(), target


def test_make_targets_and_tools_named_in_it_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)\b", TEXT):
        assert f"\n{target}:" in makefile, target
    for module in re.findall(r"python -m (tools\.\w+)", TEXT):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_commands_of_effcv_named_in_it_exist():
    help_text = subprocess.run(
        [sys.executable, "-m", "effcv_lab.cli", "--help"], capture_output=True, text=True
    ).stdout
    for command in re.findall(r"`effcv (\w+)", TEXT):
        assert command in help_text, command


def test_a_part_is_replaced_between_its_markers_only():
    text = "before\n<!-- x -->\nold\nlines\n<!-- end x -->\nafter\n"
    assert readme.filled(text, {"x": r"new \1"}) == text.replace("old\nlines", r"new \1")


def test_a_missing_marker_is_named():
    with pytest.raises(ValueError, match="<!-- x -->"):
        readme.filled("nothing here", {"x": "new"})


@pytest.mark.parametrize(
    ("page", "number"), [("README.md", "| 0."), ("INSTRUCTORS.md", "submissions of a1")]
)
def test_check_notices_a_page_out_of_step(tmp_path, monkeypatch, capsys, page, number):
    (tmp_path / "results").symlink_to(ROOT / "results")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["readme", "--check"])
    for name in ("README.md", "INSTRUCTORS.md"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    assert readme.main() == 0
    text = (ROOT / page).read_text(encoding="utf-8")
    (tmp_path / page).write_text(text.replace(number, "| 1."), encoding="utf-8")
    assert readme.main() == 1
    assert (
        f"{page} is out of step with results/: run python -m tools.readme"
        in capsys.readouterr().out
    )
