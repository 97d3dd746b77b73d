"""What goes wrong in ``hint_loss`` around the regressor, the gradient and the shapes."""

import torch

from effcv_lab.grading.outcomes import Misconception


def regressor_left_out(student_features, teacher_features, regressor):
    """Translate the student's features with the regressor before you compare.

    Try a thin student beside a wide teacher: without it their shapes do not even fit.
    """
    if regressor(student_features).shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = student_features - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def regressor_skipped_for_equal_shapes(student_features, teacher_features, regressor):
    """Apply the regressor in any case: features of one shape need not mean the same either.

    Try two features each and a regressor that swaps them: yours compares the first with the first.
    """
    same_shape = student_features.shape == teacher_features.shape
    translated = student_features if same_shape else regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def regressor_on_the_teacher(student_features, teacher_features, regressor):
    """Translate the student's features, not the teacher's: what is to be learned stays as it is.

    Try a regressor that returns zeros: yours would call a student of zeros perfect.
    """
    if regressor(student_features).shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = student_features - regressor(teacher_features.detach())
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def regressor_on_both(student_features, teacher_features, regressor):
    """Leave the teacher's features as they are: yours translates both.

    Try a regressor that returns zeros: your loss is 0, whatever the student does.
    """
    if regressor(student_features).shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = regressor(student_features) - regressor(teacher_features.detach())
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def regressor_applied_twice(student_features, teacher_features, regressor):
    """Apply the regressor once: yours translates what has been translated.

    Try a regressor that doubles: a feature of 1 should become 2, yours becomes 4.
    """
    if regressor(student_features).shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = regressor(regressor(student_features)) - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def gradient_into_the_teacher(student_features, teacher_features, regressor):
    """Detach the teacher's features: yours would pull the teacher towards the student.

    Try teacher_features.requires_grad_(), then backward(), and print teacher_features.grad.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    return (translated - teacher_features).square().flatten(1).sum(dim=1).mean() / 2


def student_detached(student_features, teacher_features, regressor):
    """Detach the teacher's features, not the student's: yours trains the regressor alone.

    Try student_features.requires_grad_(), then backward(), and print student_features.grad.
    """
    translated = regressor(student_features.detach())
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def detached_on_the_wrong_side(student_features, teacher_features, regressor):
    """Detach the teacher's features, not the translated ones: only the teacher would learn.

    Try teacher_features.requires_grad_(), then backward(), and print teacher_features.grad.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated.detach() - teacher_features
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def nothing_learns(student_features, teacher_features, regressor):
    """Keep the student's side out of torch.no_grad() and .detach(): nothing of yours can learn.

    Try hint_loss(...).backward(): "does not require grad". Only the teacher's side is cut off.
    """
    with torch.no_grad():
        translated = regressor(student_features)
        if translated.shape != teacher_features.shape:
            raise ValueError("other shapes")
        gap = translated - teacher_features
        return gap.square().flatten(1).sum(dim=1).mean() / 2


def regressor_frozen(student_features, teacher_features, regressor):
    """Let the regressor learn along with the student: it starts as a random translation.

    Print the requires_grad of its parameters after a call.
    """
    if hasattr(regressor, "parameters"):
        for parameter in regressor.parameters():
            parameter.requires_grad_(False)
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def teacher_changed_in_place(student_features, teacher_features, regressor):
    """Make a new tensor: .detach() shares the teacher's memory, so `-=` on it changes the teacher's.

    Print teacher_features before and after a call.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = teacher_features.detach()
    gap -= translated
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def any_shape_accepted(student_features, teacher_features, regressor):
    """Raise a ValueError where the shapes differ: torch stretches (3, 1, 2, 2) to (3, 4, 2, 2).

    Try a teacher with one channel: every channel of the student is compared with that one, and
    nobody is told.
    """
    gap = regressor(student_features) - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def asserted_instead_of_raised(student_features, teacher_features, regressor):
    """Write `raise ValueError(...)`: a caller who catches ValueError does not catch an assert.

    Assertions are for your own mistakes (and python -O drops them), errors for the caller's.
    """
    translated = regressor(student_features)
    assert translated.shape == teacher_features.shape
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def batch_not_looked_at(student_features, teacher_features, regressor):
    """Compare whole shapes, the batch too: yours lets one teacher's row stand for all images.

    Try 3 images of the student and 1 of the teacher.
    """
    translated = regressor(student_features)
    if translated.shape[1:] != teacher_features.shape[1:]:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def channels_only_looked_at(student_features, teacher_features, regressor):
    """Compare whole shapes, height and width too: yours lets a pooled map be stretched.

    Try a teacher of shape (3, 4, 1, 1) beside a student of shape (3, 4, 2, 2).
    """
    translated = regressor(student_features)
    if translated.shape[:2] != teacher_features.shape[:2]:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


def flattened_before_the_shapes_are_compared(student_features, teacher_features, regressor):
    """Compare the shapes before flattening: (4, 2, 2) and (2, 2, 4) hold 16 numbers each.

    Try a teacher that keeps its channels last: yours compares a channel with a position.
    """
    translated = regressor(student_features).flatten(1)
    wanted = teacher_features.detach().flatten(1)
    if translated.shape != wanted.shape:
        raise ValueError("other shapes")
    return (translated - wanted).square().sum(dim=1).mean() / 2


def _in_the_teacher(args, gradient):
    return gradient.shape == args[1].shape and bool(gradient.any())


MISTAKES = [
    Misconception.of(regressor_left_out),
    Misconception.of(regressor_skipped_for_equal_shapes),
    Misconception.of(regressor_on_the_teacher),
    Misconception.of(regressor_on_both),
    Misconception.of(regressor_applied_twice),
    Misconception.of(gradient_into_the_teacher, _in_the_teacher),
    Misconception.of(student_detached),
    Misconception.of(detached_on_the_wrong_side),
    Misconception.of(nothing_learns),
    Misconception.of(regressor_frozen),
    Misconception.of(teacher_changed_in_place),
    Misconception.of(any_shape_accepted, recognises=lambda args, got: True),
    Misconception.of(asserted_instead_of_raised),
    Misconception.of(batch_not_looked_at),
    Misconception.of(channels_only_looked_at),
    Misconception.of(flattened_before_the_shapes_are_compared),
]
