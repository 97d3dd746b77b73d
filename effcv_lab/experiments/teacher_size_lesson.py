"""One seed of the teacher size experiment: its teachers, and students that learn from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from effcv_lab.data import Splits
from effcv_lab.distillation import distill_chain
from effcv_lab.experiments.distillation_labels import TEACHER
from effcv_lab.experiments.recipes import Recipe
from effcv_lab.experiments.students import Remembered, train_student
from effcv_lab.experiments.teacher_size_measures import agreements, certainty
from effcv_lab.models import count_parameters, mlp, small_cnn
from effcv_lab.training import BatchLoss, evaluate, predict_logits

TEACHERS = {
    "small": Recipe("small_cnn((4, 8, 16))", lambda: small_cnn((4, 8, 16)), 10, 10, 0.2),
    "medium": Recipe("small_cnn((8, 16, 32))", lambda: small_cnn((8, 16, 32)), 10, 10, 0.2),
    "large": replace(TEACHER, name="small_cnn((16, 32, 64))"),  # the same recipe
}
STUDENTS = {
    "6 units": Recipe("mlp((6,))", lambda: mlp((6,)), class_epochs=8, paper_epochs=24),
    "16 units": Recipe("mlp((16,))", lambda: mlp((16,)), class_epochs=8, paper_epochs=24),
}
BETWEEN = {"temperature": 4.0, "alpha": 0.9}  # how the large teacher teaches the medium size


class Lesson:
    """The teachers of one seed, what they teach, and what is measured of a student beside them.

    Parameters
    ----------
    splits : Splits
    seed : int
        Of all first weights and orders of the batches.
    budget : "class" or "paper"
    device : str or torch.device, optional
    progress : bool
    """

    def __init__(
        self, splits: Splits, seed: int, budget: str, device: object = None, progress: bool = True
    ) -> None:
        self.splits, self.seed, self.budget, self.device = splits, seed, budget, device
        self.models = {
            name: recipe.train(splits, seed, budget, device, progress)
            for name, recipe in TEACHERS.items()
        }
        self.teachers = {
            name: Remembered(model, splits.train.images) for name, model in self.models.items()
        }
        self.logits = {
            name: predict_logits(model, splits.validation.images)
            for name, model in self.models.items()
        }
        self._between: nn.Module | None = None

    def teacher_rows(self) -> list[dict]:
        """Measure the teachers: how good, and how sure of the images that they teach with."""
        return [
            {
                "part": "teacher",
                "seed": self.seed,
                "teacher": name,
                "parameters": count_parameters(model),
                "validation_accuracy": evaluate(model, self.splits.validation)[1],
                "test_accuracy": evaluate(model, self.splits.test)[1],
                **certainty(predict_logits(model, self.splits.train.images)),
            }
            for name, model in self.models.items()
        ]

    def student(
        self,
        student: str,
        loss: BatchLoss,
        learning_rate: float,
        after_step: Callable[[nn.Module], None] | None = None,
    ) -> nn.Module:
        """Train a student; whatever the loss, first weights and order are those of the seed."""
        recipe = replace(STUDENTS[student], learning_rate=learning_rate)
        return train_student(
            recipe, self.splits.train, loss, self.splits, self.seed, self.budget, self.device,
            after_step=after_step,
        )  # fmt: skip

    def chained(
        self, student: str, learning_rate: float, temperature: float, alpha: float
    ) -> nn.Module:
        """Distil the large teacher into the medium size (once), and that net into a student."""
        if self._between is None:
            recipe = TEACHERS["medium"]
            between = self._link(self.teachers["large"], recipe, **BETWEEN)
            self._between = Remembered(between, self.splits.train.images)
        recipe = replace(STUDENTS[student], learning_rate=learning_rate)
        return self._link(self._between, recipe, temperature, alpha)

    def _link(
        self, teacher: nn.Module, recipe: Recipe, temperature: float, alpha: float
    ) -> nn.Module:
        [(model, _)] = distill_chain(
            teacher, [recipe.build], self.splits.train, self.splits.validation,
            recipe.config(self.seed, self.budget), temperature=temperature, alpha=alpha,
            device=self.device, progress=False,
        )  # fmt: skip
        return model

    def student_row(self, model: nn.Module, student: str, method: str, **setting: object) -> dict:
        """Measure a trained student; ``setting`` says how it was trained."""
        loss, accuracy = evaluate(model, self.splits.validation)
        names = ("teacher", "learning_rate", "temperature", "alpha", "stop_epoch")
        return {
            "part": "student",
            "seed": self.seed,
            "student": student,
            "method": method,
            **dict.fromkeys(names),
            **setting,
            "validation_accuracy": accuracy,
            "validation_loss": loss,
            "test_accuracy": evaluate(model, self.splits.test)[1],
            "agreement": agreements(model, self.logits, self.splits.validation.images),
        }
