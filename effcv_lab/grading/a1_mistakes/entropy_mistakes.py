"""What goes wrong in ``entropy(probs)``."""

import math

import torch

from effcv_lab.grading.outcomes import Misconception


def log_of_zero(probs):
    """Handle zero probabilities: log(0) is -inf, and 0 * -inf is nan.

    Try torch.tensor(0.0) * torch.tensor(0.0).log(). As p goes to 0, p ln p goes to 0 too: let a
    zero contribute zero, with torch.where or torch.special.xlogy.
    """
    return -(probs * probs.log()).sum(dim=1)


def row_with_zero_dropped(probs):
    """Replace the nan of the one term p ln p, not that of the whole row after the sum.

    Try [0.5, 0.5, 0]: the entropy is ln 2 = 0.693, yours is 0.
    """
    return -(probs * probs.log()).sum(dim=1).nan_to_num(0.0)


def one_added_inside_log(probs):
    """Take ln p, not ln(1 + p): adding 1 keeps zero safe, but changes every other term.

    Try [1, 0]: a certain row has entropy 0, yours has -0.693.
    """
    return -(probs * torch.log(1 + probs)).sum(dim=1)


def in_bits(probs):
    """Use the natural logarithm: log2 measures in bits, and 1 bit is ln 2 = 0.693 nats.

    Try [0.5, 0.5]: in nats the entropy is 0.693, yours is 1.
    """
    return (torch.special.entr(probs) / math.log(2)).sum(dim=1)


def sign_missing(probs):
    """Put a minus in front: ln p is negative for every p < 1, an entropy never is.

    Try [0.5, 0.5]: it should be +0.693.
    """
    return -torch.special.entr(probs).sum(dim=1)


def summed_over_batch(probs):
    """Sum over the classes (dim=1), one number for each image; dim=0 sums over the images.

    Look at the shapes: for probs (2, 3) the result is (2,), yours is (3,).
    """
    return torch.special.entr(probs).sum(dim=0)


def summed_over_everything(probs):
    """Sum over the classes only: .sum() without dim=1 adds up the whole batch.

    Look at the shape of your result for probs (2, 3).
    """
    return torch.special.entr(probs).sum()


def mean_over_batch(probs):
    """Return one entropy for each image, not their mean: the caller decides what to average.

    Look at the shape of your result for probs (2, 3).
    """
    return torch.special.entr(probs).sum(dim=1).mean()


def mean_over_classes(probs):
    """Add up the terms of a row: mean(dim=1) divides the entropy by the number of classes.

    Try ten equal probabilities: the entropy is ln 10 = 2.303, yours is 0.230.
    """
    return torch.special.entr(probs).mean(dim=1)


def divided_by_ln_k(probs):
    """Leave the entropy in nats: divided by ln K it is a share of the largest possible one.

    Try ten equal probabilities: the entropy is ln 10 = 2.303, yours is 1.
    """
    return torch.special.entr(probs).sum(dim=1) / max(math.log(probs.shape[1]), 1e-12)


def not_weighted(probs):
    """Weight each -ln p by its probability: entropy is the surprise that is met on average.

    Try [0.999, 0.001]: hardly undecided at all, but yours is near 7.
    """
    return -probs.log().sum(dim=1)


def softmax_taken_again(probs):
    """Use the probabilities as they are: another softmax on top makes every row look undecided.

    Try [1, 0, 0]: the entropy is 0, yours is near 1. (Categorical(probs) takes probabilities,
    Categorical(logits=probs) takes the softmax.)
    """
    return torch.special.entr(torch.softmax(probs, dim=1)).sum(dim=1)


def zeros_replaced_in_place(probs):
    """Replace zeros in a new tensor, with torch.where: yours writes into the caller's probs.

    Print probs before and after a call: rows no longer sum to 1.
    """
    probs[probs == 0] = 1.0
    return -(probs * probs.log()).sum(dim=1)


MISTAKES = [
    Misconception.of(log_of_zero, lambda args, got: bool(got.isnan().any())),
    Misconception.of(row_with_zero_dropped),
    Misconception.of(one_added_inside_log),
    Misconception.of(in_bits),
    Misconception.of(sign_missing),
    Misconception.of(summed_over_batch),
    Misconception.of(summed_over_everything),
    Misconception.of(mean_over_batch),
    Misconception.of(mean_over_classes),
    Misconception.of(divided_by_ln_k),
    Misconception.of(not_weighted),
    Misconception.of(softmax_taken_again),
    Misconception.of(zeros_replaced_in_place),
]
