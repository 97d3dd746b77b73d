"""Grade one class twice, with plain ``nbgrader autograde`` and with ``effcv grade``, and compare time, memory and scores.

    python -m tools.bench_grading                      # 60 submissions of a1; writes results/grading.json
    python -m tools.bench_grading --submissions 300 --skip-plain   # memory of a large class against 10

The class: the model solution, right answers written differently, mistakes of the catalogue, the untouched release, and a few
that loop, leave or print without end. Both ways have the same nbgrader, the same configuration, the same nets trained before,
and start with an empty gradebook; plain nbgrader goes first. Memory is what all processes of a way hold at a time, each page
shared by several counted once (PSS), seen five times a second. Hostile submissions are left out of the comparison of scores:
plain nbgrader gives some of them none.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from effcv_lab.records import Record, describe_machine, save_record

ROOT = Path(__file__).resolve().parent.parent
NAME = "a1_temperature"
HOSTILE = {
    "loops": "while True:\n    pass",
    "leaves": "import os\nos._exit(3)",
    "prints": "print('x' * 20_000_000)",
}
CELL_SECONDS = 10
LOOK_SECONDS = 0.2


@dataclass
class Way:
    """One way of grading: its seconds, most memory in MB, and scores by student and cell."""

    seconds: float
    megabytes: float
    scores: dict[str, dict[str, float | None]]


def classroom():
    """Return the tests' module of that name: how classes are made there."""
    if (tests := str(ROOT / "tests")) not in sys.path:
        sys.path.insert(0, tests)
    return importlib.import_module("classroom")


def submissions(count: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield students and their answers: hostile ones first, then right, wrong and differently right ones in turn."""
    room = classroom()
    solution = json.loads((ROOT / "solutions" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    right = room.answers_in(solution)
    first = next(iter(room.catalogue(NAME)))
    for name, source in list(HOSTILE.items())[:count]:
        yield f"hostile_{name}", right | {first: f"{right[first]}\n{source}"}
    others = [{}, dict.fromkeys(right)]
    versions = {name: list(found.values()) for name, found in room.right_answers(NAME).items()}
    mistakes = {name: check.misconceptions for name, check in room.catalogue(NAME).items()}
    for k in range(max(map(len, mistakes.values()))):
        others.append({n: room.source_as(n, v[k % len(v)]) for n, v in versions.items()})
        others.append({n: room.source_as(n, m[k % len(m)].version) for n, m in mistakes.items()})
    for number in range(count - len(HOSTILE)):
        changed = others[number % len(others)]
        answers = {name: text for name, text in (right | changed).items() if text is not None}
        yield f"student{number:03}", answers


def make_class(folder: Path, count: int) -> None:
    """Make a course in which a class has handed in."""
    (folder / "solutions").mkdir(parents=True)
    shutil.copytree(ROOT / "solutions" / NAME, folder / "solutions" / NAME)
    config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    config += f"\nc.Execute.timeout = {CELL_SECONDS}\n"
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    _run([sys.executable, "-m", "nbgrader", "generate_assignment", NAME], folder)
    release = json.loads((folder / "assignments" / NAME / f"{NAME}.ipynb").read_text("utf-8"))
    for student, answers in submissions(count):
        path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(classroom().answered(release, answers)), encoding="utf-8")


def _run(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command; return its seconds and the most memory, in MB, that it and all below it held at a time."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "EFFCV_CACHE": str(folder / "cache"),
    }
    started, most = time.perf_counter(), 0.0
    with open(folder / "log.txt", "a", encoding="utf-8") as log:
        program = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        done = threading.Event()

        def look() -> None:
            nonlocal most
            while not done.wait(LOOK_SECONDS):
                most = max(most, _megabytes(program.pid))

        watching = threading.Thread(target=look)
        watching.start()
        program.wait()
        seconds = time.perf_counter() - started
        done.set()
        watching.join()
    return seconds, most


def _megabytes(pid: int) -> float:
    total = 0
    with contextlib.suppress(psutil.Error):
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            with contextlib.suppress(psutil.Error, OSError):
                total += process.memory_full_info().pss
    return total / 1e6


def scores(folder: Path) -> dict[str, dict[str, float | None]]:
    """Return the automatic scores in a course's gradebook, by student and cell."""
    api, found = importlib.import_module("nbgrader.api"), {}
    with api.Gradebook(f"sqlite:///{folder}/gradebook.db", "effcv") as gradebook:
        for submission in gradebook.assignment_submissions(NAME):
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            found[submission.student.id] = {grade.name: grade.auto_score for grade in grades}
    return found


def measure(folder: Path, count: int, words: list[str], warm_up: list[str]) -> Way:
    """Grade a new class in one way."""
    make_class(folder, count)
    _run(warm_up, folder)
    seconds, megabytes = _run(words, folder)
    return Way(seconds, megabytes, scores(folder))


def different(plain: Way, ours: Way) -> list[str]:
    """Return the students, hostile ones left out, whose scores differ."""
    students = {s for s in plain.scores | ours.scores if not s.startswith("hostile_")}
    return sorted(s for s in students if plain.scores.get(s) != ours.scores.get(s))


def main(arguments: list[str] | None = None) -> None:
    """Print both ways and their ratio; keep a record of the whole benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=60, metavar="N")
    parser.add_argument(
        "--skip-plain", action="store_true", help="only effcv grade, and 10 submissions against N"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N")
    chosen = parser.parse_args(arguments)
    count, rows = chosen.submissions, []
    python, train = sys.executable, str(ROOT / "solutions" / NAME / f"{NAME}.ipynb")
    grade = [python, "-m", "effcv_lab.cli", "grade", NAME, "--workers", str(chosen.workers)]
    # Both ways have trained the one net of a1 before, as an instructor has who tried the solution.
    nets = [
        python,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--stdout",
        "--log-level",
        "ERROR",
        train,
    ]
    with tempfile.TemporaryDirectory() as place:
        if chosen.skip_plain:
            few = measure(Path(place, "few"), 10, grade, nets)
            rows.append(_row("effcv grade", 10, few))
        else:
            autograde = [python, "-m", "nbgrader", "autograde", NAME]
            plain = measure(Path(place, "plain"), count, autograde, nets)
            rows.append(_row("nbgrader autograde", count, plain))
        ours = measure(Path(place, "ours"), count, grade, nets)
        rows.append(_row("effcv grade", count, ours))
    if not chosen.skip_plain:
        odd, ratio = different(plain, ours), plain.seconds / ours.seconds
        rows[-1] |= {"times_plain": round(ratio, 2), "scores_differ": len(odd)}
        print(f"effcv grade is {ratio:.1f} times as fast; scores differ: {odd or 'none'}")
    _keep(rows, chosen)


def _row(name: str, count: int, way: Way) -> dict:
    row = {
        "way": name,
        "submissions": count,
        "graded": len(way.scores),
        "seconds": round(way.seconds, 1),
        "per_minute": round(60 * count / way.seconds, 1),
        "peak_megabytes": round(way.megabytes),
    }
    print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return row


def _keep(rows: list[dict], chosen: argparse.Namespace) -> None:
    """Keep the record of the benchmark as it is published."""
    name = "grading_memory" if chosen.skip_plain else "grading"
    if chosen.submissions not in (60, 300):
        return
    words = f" --submissions {chosen.submissions} --skip-plain" if chosen.skip_plain else ""
    record = Record(
        name=name,
        command=f"python -m tools.bench_grading{words}",
        config={
            "assignment": NAME,
            "workers": chosen.workers,
            "cell_seconds": CELL_SECONDS,
            "sandbox": "bubblewrap",
        },
        seeds=[0],
        rows=rows,
        device="cpu",
        budget="class",
        **describe_machine(),
    )
    print(f"wrote {save_record(record, ROOT / 'results').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
