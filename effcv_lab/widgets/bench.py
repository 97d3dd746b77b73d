"""The distillation bench: move T and alpha, and watch what pulls on a student's logits.

State and mathematics live here; ``distillation_bench.js`` draws, and repeats the two losses and
their gradients so that a new frame need not wait for Python. A browser test holds both equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets

from effcv_lab.arguments import number_in, whole_number
from effcv_lab.widgets.frontend import source
from effcv_lab.widgets.live import LiveDemo
from effcv_lab.widgets.pictures import static_bench
from effcv_lab.widgets.presets import Preset, all_presets, different
from effcv_lab.widgets.traits import Checked, TraitValueError

if TYPE_CHECKING:
    from torch import Tensor

LOWEST_T, HIGHEST_T = 0.5, 100.0


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


class Losses(NamedTuple):
    """The losses of one example: ``total = (1 - alpha) * hard + alpha * soft``."""

    hard: float
    soft: float
    total: float


class Gradients(NamedTuple):
    """What each part of the total adds to its gradient on the student's logits: ``(K,)``, float64.

    ``hard`` and ``soft`` carry their weights already, so ``total = hard + soft``. Gradient descent
    moves a logit against them: a negative entry pushes the logit up.
    """

    hard: Tensor
    soft: Tensor
    total: Tensor


class DistillationBench(LiveDemo):
    """Lay a student over its teacher, and show how label and teacher pull on each of its logits.

    Display it as the last line of a cell. Its traits work both ways: assign in Python and the
    browser moves; move in the browser and Python sees it (``bench.observe(f, "alpha")``).

    Parameters
    ----------
    presets : one or more of Preset, with ``student_logits``, all with the same classes
        The examples in the strip, in this order.
    labels : one int for each preset, in [0, K)
        Index of the true class.
    temperature : float in [0.5, 100]
    alpha : float in [0, 1]
        Weight of the teacher; the label has the rest.
    squared : bool
        Multiply the soft loss by T², as one should; False shows what happens without.

    Attributes
    ----------
    temperature, alpha, squared : as above
    chosen : int
        Place of the shown example in ``presets``.
    teacher_probs, student_probs : float64 Tensor (K,), read-only
        Softened by the temperature.
    teacher_bits : float, read-only
        Entropy of ``teacher_probs`` in bits.
    losses : Losses, read-only; by ``effcv_lab.distillation.kd_terms``
    gradients : Gradients, read-only; by autograd from the same two terms

    Raises
    ------
    TraitValueError
        A ``TraitError`` and ``ValueError`` that names the argument, its value and the range.

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, sections 2 and 2.1.

    Examples
    --------
    >>> boot = Preset("boot", [0.0, 4.0], ["shoe", "boot"], student_logits=[0.0, 0.0])
    >>> bench = DistillationBench([boot], labels=[1], temperature=4.0, alpha=0.5)
    >>> [round(loss, 4) for loss in bench.losses]
    [0.6931, 1.7751, 1.2341]
    >>> bench.gradients.soft
    tensor([ 0.4621, -0.4621], dtype=torch.float64)
    >>> bench.squared = False
    >>> bench.gradients.soft
    tensor([ 0.0289, -0.0289], dtype=torch.float64)
    """

    _esm = source("demo.js", "distillation_bench.js")
    _css = source("demo.css", "distillation_bench.css")

    temperature = Checked(partial(number_in, low=LOWEST_T, high=HIGHEST_T)).tag(sync=True)
    alpha = Checked(partial(number_in, low=0, high=1)).tag(sync=True)
    squared = Checked(_yes_or_no).tag(sync=True)
    chosen = traitlets.Any(0).tag(sync=True)
    _examples = traitlets.List().tag(sync=True)

    def __init__(
        self,
        presets: Sequence[Preset],
        labels: Sequence[int],
        temperature: float = 4.0,
        alpha: float = 0.5,
        squared: bool = True,
    ):
        try:
            presets = _comparable(presets)
            labels = _one_label_each(labels, presets)
        except (TypeError, ValueError) as error:
            raise TraitValueError(str(error)) from None
        self.presets, self.labels = tuple(presets), tuple(labels)
        super().__init__(
            temperature=temperature,
            alpha=alpha,
            squared=squared,
            _examples=[
                {**preset.for_browser(), "label": label}
                for preset, label in zip(presets, labels, strict=True)
            ],
        )

    @property
    def example(self) -> Preset:
        """The preset that is shown."""
        return self.presets[self.chosen]

    @property
    def label(self) -> int:
        """Index of its true class."""
        return self.labels[self.chosen]

    @property
    def teacher_probs(self) -> Tensor:
        """The teacher's probabilities at T, float64 (K,)."""
        return self._softened("logits")

    @property
    def student_probs(self) -> Tensor:
        """The student's probabilities at T, float64 (K,)."""
        return self._softened("student_logits")

    @property
    def teacher_bits(self) -> float:
        """Entropy of the teacher's probabilities at T, in bits."""
        from effcv_lab.softmax import entropy

        return entropy(self.teacher_probs).item() / math.log(2)

    @property
    def losses(self) -> Losses:
        """The two losses and their mix, as numbers."""
        return self._measured()[0]

    @property
    def gradients(self) -> Gradients:
        """The gradients of the two parts of the mix, and of the mix."""
        return self._measured()[1]

    def still(self) -> tuple[str, str]:
        """Return both charts as they are now, as ``<figure>`` with alt text, and the words."""
        return static_bench(self)

    def _softened(self, whose: str) -> Tensor:
        import torch

        from effcv_lab.softmax import softmax_with_temperature

        logits = torch.tensor(getattr(self.example, whose), dtype=torch.float64)
        return softmax_with_temperature(logits, self.temperature)

    def _measured(self) -> tuple[Losses, Gradients]:
        import torch

        from effcv_lab.distillation import kd_terms

        teacher = torch.tensor([self.example.logits], dtype=torch.float64)
        student = torch.tensor([self.example.student_logits], dtype=torch.float64)
        student.requires_grad_()
        hard, soft = kd_terms(student, teacher, torch.tensor([self.label]), self.temperature)
        if not self.squared:
            soft = soft / self.temperature**2
        parts = (1 - self.alpha) * hard, self.alpha * soft
        pulls = [torch.autograd.grad(part, student, retain_graph=True)[0][0] for part in parts]
        return Losses(hard.item(), soft.item(), sum(parts).item()), Gradients(*pulls, sum(pulls))

    @traitlets.validate("chosen")
    def _is_in_the_strip(self, proposal):
        try:
            return whole_number("chosen", proposal.value, 0, len(self.presets) - 1)
        except (TypeError, ValueError) as error:
            raise TraitValueError(str(error)) from None


def _comparable(presets: Any) -> list[Preset]:
    """Return the presets if each has a student, and all have different names and the same classes."""
    presets = different(all_presets(presets))
    if not presets:
        raise ValueError("presets must be one Preset or more, got none")
    for k, preset in enumerate(presets):
        if preset.student_logits is None:
            raise ValueError(f"presets[{k}] must have student_logits, got None")
        if preset.classes != presets[0].classes:
            raise ValueError(
                f"presets must all have the same classes, got {presets[0].classes!r} "
                f"and, in presets[{k}], {preset.classes!r}"
            )
    return presets


def _one_label_each(labels: Any, presets: list[Preset]) -> list[int]:
    if not isinstance(labels, Iterable):
        raise TypeError(f"labels must be a list of whole numbers, got {labels!r}")
    labels = list(labels)
    if len(labels) != len(presets):
        raise ValueError(
            f"labels must be one for each of the {len(presets)} presets, got {len(labels)}"
        )
    last = len(presets[0].classes) - 1
    return [whole_number(f"labels[{k}]", label, 0, last) for k, label in enumerate(labels)]
