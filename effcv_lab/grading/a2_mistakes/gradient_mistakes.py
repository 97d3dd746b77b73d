"""What goes wrong in ``kd_loss`` with gradients, huge logits, inputs and bad temperatures."""

import torch
from torch.nn import functional as F

from effcv_lab.grading.outcomes import Misconception


def gradient_into_the_teacher(student_logits, teacher_logits, labels, temperature, alpha):
    """Detach the teacher's logits: yours would pull the teacher towards the student.

    Try teacher_logits.requires_grad_(), then backward(), and print teacher_logits.grad.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def student_detached(student_logits, teacher_logits, labels, temperature, alpha):
    """Detach the teacher's logits, not the student's: your soft part teaches the student nothing.

    Try alpha = 1, then backward(), and print student_logits.grad.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits.detach() / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def detached_on_the_wrong_side(student_logits, teacher_logits, labels, temperature, alpha):
    """Detach the teacher's logits, not the student's: only the teacher learns from your soft part.

    Try alpha = 1 with requires_grad_() on both, then backward(), and print both gradients.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits.detach() / temperature, dim=1)
    probs = F.softmax(teacher_logits / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def nothing_learns(student_logits, teacher_logits, labels, temperature, alpha):
    """Keep the student's side out of torch.no_grad() and .detach(): nothing of yours can learn.

    Try kd_loss(...).backward(): "does not require grad". Only the teacher's side is cut off.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    with torch.no_grad():
        hard = F.cross_entropy(student_logits, labels)
        log_probs = F.log_softmax(student_logits / temperature, dim=1)
        probs = F.softmax(teacher_logits / temperature, dim=1)
        soft = F.kl_div(log_probs, probs, reduction="batchmean")
        return (1 - alpha) * hard + alpha * temperature**2 * soft


def gradient_of_the_caller_switched_off(student_logits, teacher_logits, labels, temperature, alpha):
    """Use what .detach() returns: .detach_() and requires_grad = False change the caller's tensor.

    Try teacher_logits.requires_grad_(), call kd_loss, and print teacher_logits.requires_grad.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    teacher_logits.detach_()
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def logarithm_of_a_rounded_probability(student_logits, teacher_logits, labels, temperature, alpha):
    """Use log_softmax, not the logarithm of a softmax: a probability that is rounded to 0 has none.

    Try torch.softmax(torch.tensor([200.0, 0.0]), dim=0).log(), then torch.log_softmax of the
    same. kl_divergence of torch.distributions is infinite there too.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.softmax(student_logits / temperature, dim=1).log()
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def epsilon_in_the_logarithm(student_logits, teacher_logits, labels, temperature, alpha):
    """Use log_softmax: a small number inside the logarithm hides every smaller probability.

    Try student logits (100, 0) at T = 1: log q should be -100, yours is -18.4.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = (F.softmax(student_logits / temperature, dim=1) + 1e-8).log()
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def zero_times_infinity(student_logits, teacher_logits, labels, temperature, alpha):
    """Take the teacher's logarithm with log_softmax too, or leave it to kl_div: 0 * log 0 is nan.

    Try teacher logits (200, 0) at T = 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = (probs * (probs.log() - log_probs)).sum(dim=1).mean()
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def unstable_exponent(student_logits, teacher_logits, labels, temperature, alpha):
    """Leave the softmax to torch, or subtract each row's largest logit: exp(10000) is infinite.

    Try torch.exp(torch.tensor(89.0)) in float32, then divide it by itself.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    student_powers = torch.exp(student_logits / temperature)
    teacher_powers = torch.exp(teacher_logits.detach() / temperature)
    student_probs = student_powers / student_powers.sum(dim=1, keepdim=True)
    teacher_probs = teacher_powers / teacher_powers.sum(dim=1, keepdim=True)
    soft = F.kl_div(student_probs.log(), teacher_probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def student_changed_in_place(student_logits, teacher_logits, labels, temperature, alpha):
    """Make a new tensor, student_logits / T: `/=` and div_ also change the caller's logits.

    Print student_logits before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    student_logits /= temperature
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(F.log_softmax(student_logits, dim=1), probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def teacher_changed_in_place(student_logits, teacher_logits, labels, temperature, alpha):
    """Make a new tensor, teacher_logits / T: .detach() shares memory, so `/=` changes the caller's.

    Print teacher_logits before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    softened = teacher_logits.detach()
    softened /= temperature
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    soft = F.kl_div(log_probs, F.softmax(softened, dim=1), reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def any_temperature_accepted(student_logits, teacher_logits, labels, temperature, alpha):
    """Raise a ValueError for T <= 0 before anything is computed.

    Try T = -1: student and teacher are turned upside down together, the loss looks as good as
    ever, and nobody is told.
    """
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def negative_temperature_accepted(student_logits, teacher_logits, labels, temperature, alpha):
    """Refuse negative temperatures as well as zero: temperature <= 0.

    Try T = -1: student and teacher are turned upside down together, and nobody is told.
    """
    if temperature == 0:
        raise ValueError("temperature must not be 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def zero_temperature_accepted(student_logits, teacher_logits, labels, temperature, alpha):
    """Refuse T = 0 as well as negative temperatures: temperature <= 0.

    Try T = 0: the logits become infinite, and the loss nan.
    """
    if temperature < 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def asserted_instead_of_raised(student_logits, teacher_logits, labels, temperature, alpha):
    """Write `raise ValueError(...)`: a caller who catches ValueError does not catch an assert.

    Assertions are for your own mistakes (and python -O drops them), errors for the caller's.
    """
    assert temperature > 0, "temperature must be > 0"
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def _in_the_teacher(args, gradient):
    return gradient.shape == args[1].shape and bool(gradient.any())


MISTAKES = [
    Misconception.of(gradient_into_the_teacher, _in_the_teacher),
    Misconception.of(student_detached),
    Misconception.of(detached_on_the_wrong_side),
    Misconception.of(nothing_learns),
    Misconception.of(gradient_of_the_caller_switched_off),
    Misconception.of(
        logarithm_of_a_rounded_probability, lambda args, got: not got.isfinite().all()
    ),
    Misconception.of(epsilon_in_the_logarithm),
    Misconception.of(zero_times_infinity),
    Misconception.of(unstable_exponent),
    Misconception.of(student_changed_in_place),
    Misconception.of(teacher_changed_in_place),
    Misconception.of(any_temperature_accepted, lambda args, got: args[3] <= 0),
    Misconception.of(negative_temperature_accepted),
    Misconception.of(zero_temperature_accepted),
    Misconception.of(asserted_instead_of_raised),
]
