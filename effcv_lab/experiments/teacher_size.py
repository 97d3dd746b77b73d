"""Do better teachers make better students: teachers of three sizes, two tiny students.

Each student learns alone, from each teacher to the end, from each teacher until it falls silent
(ESKD), and through a net of intermediate size, all for the same epochs. Learning rate,
temperature, alpha and stop epoch are chosen on validation images.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from effcv_lab.arguments import one_of
from effcv_lab.data import Splits
from effcv_lab.distillation import DistillationLoss, early_stopped
from effcv_lab.experiments.recipes import checked_seeds, recorded, sizes, splits_for
from effcv_lab.experiments.teacher_size_lesson import BETWEEN, STUDENTS, TEACHERS, Lesson
from effcv_lab.experiments.teacher_size_measures import TermsOverTime, best_setting, stop_epochs
from effcv_lab.models import count_parameters
from effcv_lab.records import Record
from effcv_lab.training import cross_entropy, evaluate, pick_device

LEARNING_RATES = (0.01, 0.03)
MIXES = ((1.0, 0.9), (4.0, 0.5), (4.0, 0.9))  # temperature, alpha
CURVES = {"student": "6 units", "temperature": 4.0, "alpha": 0.9, "learning_rate": 0.03}
CURVE_STEPS, CURVE_IMAGES = 25, 1000  # steps between two points; training images for each


def search_rows(lesson: Lesson, student: str) -> list[dict]:
    """Train a student alone and from each teacher, with every setting."""
    rows = []
    for rate in LEARNING_RATES:
        model = lesson.student(student, cross_entropy, rate)
        rows.append(lesson.student_row(model, student, "scratch", learning_rate=rate))
    for name, rate, (T, alpha) in product(TEACHERS, LEARNING_RATES, MIXES):
        loss = DistillationLoss(lesson.teachers[name], T, alpha)
        setting = {"teacher": name, "learning_rate": rate, "temperature": T, "alpha": alpha}
        model = lesson.student(student, loss, rate)
        rows.append(lesson.student_row(model, student, "KD", **setting))
    return rows


def remedy_rows(lesson: Lesson, student: str, chosen: dict[str, dict]) -> list[dict]:
    """Train a student with ESKD from each teacher, and through an intermediate size.

    ``chosen`` holds, for each teacher, the setting in which plain distillation did best; the
    chain's last step uses that of the medium teacher.
    """
    rows = []
    epochs = STUDENTS[student].config(lesson.seed, lesson.budget).epochs
    for name, stop in product(TEACHERS, stop_epochs(epochs)):
        setting = {"teacher": name, **chosen[name], "stop_epoch": stop}
        kd = DistillationLoss(lesson.teachers[name], setting["temperature"], setting["alpha"])
        model = lesson.student(student, early_stopped(kd, stop), setting["learning_rate"])
        rows.append(lesson.student_row(model, student, "ESKD", **setting))
    setting = {key: value for key, value in chosen["medium"].items() if key != "stop_epoch"}
    model = lesson.chained(student, **setting)
    rows.append(lesson.student_row(model, student, "chain", teacher="large", **setting))
    return rows


def curve_rows(lesson: Lesson, student: str) -> list[dict]:
    """Write both terms of the loss down over time, at one setting for all, large teacher."""
    teacher, rows = lesson.teachers["large"], []
    kd = DistillationLoss(teacher, CURVES["temperature"], CURVES["alpha"])
    epochs = STUDENTS[student].config(lesson.seed, lesson.budget).epochs
    losses = {"scratch": cross_entropy, "KD": kd, "ESKD": early_stopped(kd, epochs // 2)}
    subset = lesson.splits.train.subset(range(min(CURVE_IMAGES, len(lesson.splits.train))))
    for method, loss in losses.items():
        terms = TermsOverTime(subset, teacher, CURVES["temperature"], CURVE_STEPS)
        model = lesson.student(student, loss, CURVES["learning_rate"], terms)
        rows.append(
            {
                "part": "curve",
                "seed": lesson.seed,
                "student": student,
                "method": method,
                "steps": terms.steps,
                "hard": terms.hard,
                "soft": terms.soft,
                "validation_accuracy": evaluate(model, lesson.splits.validation)[1],
                "test_accuracy": evaluate(model, lesson.splits.test)[1],
            }
        )
    return rows


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2, 3),
    *,
    splits: Splits | None = None,
    folder: str | Path | None = None,
    progress: bool = True,
) -> Record:
    """Train all students of all teachers, choose on validation, then train the remedies.

    Parameters
    ----------
    budget : "class" or "paper"
        ``class``: the packaged 8,000 training images. ``paper``: twice the epochs, and all 50,000
        images where :func:`splits_for` finds them.
    device : str or torch.device, optional
        As for :func:`effcv_lab.training.pick_device`.
    seeds : at least two different ints
        Each has its own teachers.
    splits : Splits, optional
        Other data, for trials.
    folder : path, optional
        As for :func:`splits_for`.

    Returns
    -------
    record : Record
        Rows of three kinds, told apart by ``part``: "teacher", "student" (``method`` is scratch,
        KD, ESKD or chain) and "curve". What was chosen is for
        :func:`~effcv_lab.experiments.teacher_size_measures.best_setting` to say.
    """
    one_of("budget", budget, ("class", "paper"))
    seeds = checked_seeds(seeds)
    splits = splits or splits_for(budget, folder)
    device = pick_device(device)
    lessons, rows = [], []
    for seed in seeds:
        lessons.append(lesson := Lesson(splits, seed, budget, device, progress))
        rows += lesson.teacher_rows() + curve_rows(lesson, CURVES["student"])
        for student in STUDENTS:
            rows += search_rows(lesson, student)
        if progress:
            print(f"seed {seed}: {len(rows)} rows", flush=True)
    for student in STUDENTS:
        chosen = {
            name: best_setting(rows, student=student, method="KD", teacher=name)
            for name in TEACHERS
        }
        for lesson in lessons:
            rows += remedy_rows(lesson, student, chosen)
    return recorded("teacher_size", _configuration(splits, budget), rows, seeds, budget, device)


def _configuration(splits: Splits, budget: str) -> dict[str, object]:
    recipes = {"teacher": TEACHERS["large"], "student": STUDENTS["6 units"]}
    epochs = {f"{who}_epochs": recipe.config(0, budget).epochs for who, recipe in recipes.items()}
    return {
        **sizes(splits),
        "teachers": {name: recipe.name for name, recipe in TEACHERS.items()},
        "students": {name: recipe.name for name, recipe in STUDENTS.items()},
        "student_parameters": {
            name: count_parameters(recipe.build()) for name, recipe in STUDENTS.items()
        },
        **epochs,
        "teacher_learning_rate": TEACHERS["large"].learning_rate,
        "learning_rates": LEARNING_RATES,
        "mixes": [{"temperature": T, "alpha": alpha} for T, alpha in MIXES],
        "between": BETWEEN,
        "stop_epochs": stop_epochs(epochs["student_epochs"]),
        "curves": CURVES,
        "curve_images": CURVE_IMAGES,
    }
