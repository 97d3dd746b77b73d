"""What to measure on a teacher's logits: pure arithmetic, no training, no data, no device."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from torch import Tensor, nn

from effcv_lab.soft_targets import (
    class_table,
    order_kept,
    ranking_agreement,
    soft_gradient,
    stored,
)
from effcv_lab.softmax import (
    dark_knowledge,
    entropy,
    expected_calibration_error,
    fit_temperature,
    softmax_with_temperature,
)

TEMPERATURES = tuple(float(f"{digit}e{power}") for power in range(-1, 5) for digit in (1, 2, 5))


def over_temperatures(teacher_logits: Tensor, student_logits: Tensor) -> dict[str, list[float]]:
    """Measure what changes with T, at each of ``TEMPERATURES``; means over the images.

    Parameters
    ----------
    teacher_logits, student_logits : float Tensor (N, K)

    Returns
    -------
    curves : dict of lists as long as ``TEMPERATURES``
        ``entropy`` (nats), ``gradient_norm`` of the soft loss, its ``gradient_cosine`` with the
        centred difference of the logits, ``order_kept_8_bits`` and ``order_kept_16_bits``.
    """
    teacher, student = teacher_logits.double(), student_logits.double()
    limit = student - teacher
    limit = limit - limit.mean(dim=1, keepdim=True)
    rows = []
    for temperature in TEMPERATURES:
        probs = softmax_with_temperature(teacher, temperature)
        gradient = soft_gradient(student, teacher, temperature)
        cosine = nn.functional.cosine_similarity(gradient, limit, dim=1, eps=1e-300)
        rows.append(
            {
                "entropy": entropy(probs).mean().item(),
                "gradient_norm": gradient.norm(dim=1).mean().item(),
                "gradient_cosine": cosine.mean().item(),
                "order_kept_8_bits": order_kept(stored(probs, 8)),
                "order_kept_16_bits": order_kept(stored(probs, 16)),
            }
        )
    return {name: [row[name] for row in rows] for name in rows[0]}


def wrong_classes(logits: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Tabulate how the belief in wrong classes is shared out at this temperature.

    Returns
    -------
    table : Tensor (K, K); row = true class, column = wrong class, zeros on the diagonal.
    """
    probs = softmax_with_temperature(logits.double(), temperature)
    return class_table(dark_knowledge(probs, labels), labels)


def agreement_with_others(
    logits: Mapping[int, Tensor], seed: int, random_logits: Tensor, labels: Tensor
) -> dict[str, float]:
    """Compare one teacher's order of the wrong classes with three others', on the same images.

    ``agreement_teacher``: the teachers of the other seeds. ``agreement_label_only``: their class
    averages, which know the label and nothing else of an image. ``agreement_untrained``: a
    network at its random first weights.
    """
    own = logits[seed]
    others = [of_other for other, of_other in logits.items() if other != seed]
    tables = [class_table(other, labels)[labels] for other in others]
    return {
        "agreement_teacher": fmean(ranking_agreement(own, other, labels) for other in others),
        "agreement_label_only": fmean(ranking_agreement(own, table, labels) for table in tables),
        "agreement_untrained": ranking_agreement(own, random_logits, labels),
    }


def calibration(validation: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> dict[str, float]:
    """Fit T on the validation set, then compare T = 1 with it, on both sets.

    Parameters
    ----------
    validation, test : (logits, labels), Tensors (N, K) and (N,)

    Returns
    -------
    row : dict
        ``fitted_temperature``, and for each set ``_accuracy``, ``_calibration_error_before``
        and ``_after``, ``_loss_before`` and ``_after`` (cross-entropy in nats).
    """
    fitted = fit_temperature(*validation)
    row = {"fitted_temperature": fitted}
    for name, (logits, labels) in {"validation": validation, "test": test}.items():
        row[f"{name}_accuracy"] = (logits.argmax(dim=1) == labels).double().mean().item()
        for when, temperature in {"before": 1.0, "after": fitted}.items():
            probs = softmax_with_temperature(logits.double(), temperature)
            error = expected_calibration_error(probs, labels)
            loss = nn.functional.cross_entropy(logits.double() / temperature, labels).item()
            row |= {f"{name}_calibration_error_{when}": error, f"{name}_loss_{when}": loss}
    return row
