"""What goes wrong in ``kd_weight(epoch, stop_epoch, alpha)``."""

import torch

from effcv_lab.grading.outcomes import Misconception


def one_epoch_too_long(epoch, stop_epoch, alpha):
    """Write epoch < stop_epoch: with <= the teacher still speaks in stop_epoch itself.

    Try stop_epoch = 2 and count the epochs with a teacher: 0 and 1, two of them.
    """
    return alpha if epoch <= stop_epoch else 0.0


def epochs_counted_from_one(epoch, stop_epoch, alpha):
    """Count epochs from 0, as range() does: yours leaves the teacher out one epoch too early.

    Try stop_epoch = 2 and count the epochs with a teacher: 0 and 1, two of them.
    """
    return alpha if epoch + 1 < stop_epoch else 0.0


def turned_round(epoch, stop_epoch, alpha):
    """Let the teacher speak first and then fall silent: yours is silent first.

    Try kd_weight(0, 5, 0.9): it should be 0.9.
    """
    return 0.0 if epoch < stop_epoch else alpha


def never_stops(epoch, stop_epoch, alpha):
    """Return 0.0 from stop_epoch on: yours is alpha in every epoch.

    Try kd_weight(100, 5, 0.9).
    """
    return alpha


def silent_for_one_epoch_only(epoch, stop_epoch, alpha):
    """Stay at 0.0 after stop_epoch: yours is 0.0 in that one epoch and then comes back.

    Try kd_weight(6, 5, 0.9): compare with <, not with !=.
    """
    return alpha if epoch != stop_epoch else 0.0


def alpha_left_out(epoch, stop_epoch, alpha):
    """Return alpha itself while the teacher speaks, not 1: the labels keep their part.

    Try kd_weight(0, 5, 0.9): it should be 0.9.
    """
    return 1.0 if epoch < stop_epoch else 0.0


def weight_of_the_labels(epoch, stop_epoch, alpha):
    """Return the teacher's weight, alpha; 1 - alpha is what the labels get.

    Try kd_weight(0, 5, 0.9): it should be 0.9. Once the teacher is silent its weight is 0.
    """
    return 1 - alpha if epoch < stop_epoch else 1.0


def labels_after_the_stop(epoch, stop_epoch, alpha):
    """Return 0.0 from stop_epoch on: yours is 1 - alpha there, so the teacher speaks on.

    Try kd_weight(9, 5, 0.7). The loss itself turns a weight a into 1 - a for the labels.
    """
    return alpha if epoch < stop_epoch else 1 - alpha


def alpha_squared(epoch, stop_epoch, alpha):
    """Return alpha as it is: the loss multiplies by it, once.

    Try kd_weight(0, 5, 0.5): it should be 0.5, yours is 0.25.
    """
    return alpha * alpha if epoch < stop_epoch else 0.0


def fades_out(epoch, stop_epoch, alpha):
    """Keep alpha as it is until stop_epoch: yours shrinks from epoch to epoch.

    Try kd_weight(4, 5, 0.9): it should be 0.9. Lowering the teacher's weight step by step is
    another schedule (FitNets do it), not this one.
    """
    return alpha * max(0.0, 1 - epoch / stop_epoch) if stop_epoch else 0.0


def fades_below_zero(epoch, stop_epoch, alpha):
    """Keep alpha until stop_epoch and 0.0 after it: yours is a line that goes on below zero.

    Try kd_weight(10, 5, 0.9): a negative weight would push the student away from its teacher.
    """
    return alpha * (1 - epoch / stop_epoch) if stop_epoch else 0.0


def halved_every_epoch(epoch, stop_epoch, alpha):
    """Keep alpha as it is until stop_epoch: yours is halved in each epoch.

    Try kd_weight(1, 5, 0.8): it should be 0.8, yours is 0.4.
    """
    return alpha * 0.5**epoch if epoch < stop_epoch else 0.0


def grows_until_the_stop(epoch, stop_epoch, alpha):
    """Start with alpha at once: yours rises from 0 to alpha.

    Try kd_weight(0, 5, 0.9): it should be 0.9.
    """
    return alpha * epoch / stop_epoch if epoch < stop_epoch else 0.0


def truth_returned(epoch, stop_epoch, alpha):
    """Return the number alpha or 0.0, not whether the teacher speaks.

    Try type(kd_weight(0, 5, 0.9)): a loss would multiply by True, which is 1.
    """
    return epoch < stop_epoch


def tensor_returned(epoch, stop_epoch, alpha):
    """Return a Python number: there is nothing to differentiate, and no device to be on.

    Try type(kd_weight(0, 5, 0.9)).
    """
    return torch.tensor(alpha if epoch < stop_epoch else 0.0)


def nothing_after_the_stop(epoch, stop_epoch, alpha):
    """Return 0.0 from stop_epoch on: without a second return the function gives None there.

    Try kd_weight(9, 5, 0.9) * 2.
    """
    if epoch < stop_epoch:
        return alpha
    return None


def zero_taken_for_never(epoch, stop_epoch, alpha):
    """Take stop_epoch = 0 as it is: the first epoch without the teacher is the very first one.

    Try kd_weight(0, 0, 0.9): it should be 0.0. In `if stop_epoch and ...` a 0 counts as False.
    """
    return alpha if not stop_epoch or epoch < stop_epoch else 0.0


def divided_by_stop_epoch(epoch, stop_epoch, alpha):
    """Compare the epochs themselves: the share epoch / stop_epoch does not exist for a stop at 0.

    Try kd_weight(0, 0, 0.9): it should be 0.0.
    """
    return alpha if epoch / stop_epoch < 1 else 0.0


MISTAKES = [
    Misconception.of(one_epoch_too_long),
    Misconception.of(epochs_counted_from_one),
    Misconception.of(turned_round),
    Misconception.of(never_stops),
    Misconception.of(silent_for_one_epoch_only),
    Misconception.of(alpha_left_out),
    Misconception.of(weight_of_the_labels),
    Misconception.of(labels_after_the_stop),
    Misconception.of(alpha_squared),
    Misconception.of(fades_out),
    Misconception.of(fades_below_zero),
    Misconception.of(halved_every_epoch),
    Misconception.of(grows_until_the_stop),
    Misconception.of(truth_returned),
    Misconception.of(tensor_returned),
    Misconception.of(nothing_after_the_stop),
    Misconception.of(zero_taken_for_never),
    Misconception.of(divided_by_stop_epoch),
]
