"""What goes wrong in ``dark_knowledge(probs, labels)``."""

import torch
from torch.nn import functional as F

from effcv_lab.grading.outcomes import Misconception


def not_renormalised(probs, labels):
    """Divide what is left by its sum: shares of the rest must add up to 1.

    Add up one row of your result: it comes to 1 - probs[label]. (Dividing before the label is
    zeroed changes nothing: the whole row sums to 1.)
    """
    return probs.scatter(1, labels[:, None], 0.0)


def label_left_in(probs, labels):
    """Set the label's entry to zero before sharing out: yours still holds its probability.

    Read off result[0, labels[0]]: it must be 0.
    """
    return probs.clone()


def zero_row_gives_nan(probs, labels):
    """Handle a row whose label holds everything: there is nothing to share, and 0 / 0 is nan.

    Try probs [[0, 1, 0]] with label 1. Divide by 1 where the sum is 0.
    """
    others = probs.scatter(1, labels[:, None], 0.0)
    return others / others.sum(dim=1, keepdim=True)


def zero_row_made_uniform(probs, labels):
    """Return zeros for a row whose label holds everything: the model told nothing of the others.

    Try probs [[0, 1, 0]] with label 1. Equal shares would claim that it finds them equally alike.
    """
    others = probs.scatter(1, labels[:, None], 0.0)
    rest = others.sum(dim=1, keepdim=True)
    equal = (1 - F.one_hot(labels, probs.shape[1])) / max(probs.shape[1] - 1, 1)
    return torch.where(rest > 0, others / rest, equal.to(probs.dtype))


def one_minus_label(probs, labels):
    """Add up the other probabilities instead of taking 1 - p: the difference has been rounded.

    Try 1 - torch.tensor(0.999995): float32 keeps only about the first three digits of it.
    """
    others = probs.scatter(1, labels[:, None], 0.0)
    rest = 1 - probs.gather(1, labels[:, None])
    return others / torch.where(rest > 0, rest, torch.ones_like(rest))


def epsilon_in_denominator(probs, labels):
    """Divide by the sum itself: a small number added to it takes over when the sum is small too.

    Try a row whose other classes hold 5e-6 in all, and add up your shares.
    """
    others = probs.scatter(1, labels[:, None], 0.0)
    return others / (others.sum(dim=1, keepdim=True) + 1e-6)


def largest_instead_of_label(probs, labels):
    """Take out the label's class, not the most probable one: the model can be wrong.

    Try probs [[0.6, 0.3, 0.1]] with label 1: the shares are [0.857, 0, 0.143].
    """
    others = probs.scatter(1, probs.argmax(dim=1, keepdim=True), 0.0)
    rest = others.sum(dim=1, keepdim=True)
    return others / torch.where(rest > 0, rest, torch.ones_like(rest))


def whole_columns_zeroed(probs, labels):
    """Zero one entry in each row: probs[:, labels] means those columns in every row.

    Try two images with labels 0 and 1 and count the zeros of your result. Pair rows with labels:
    [torch.arange(B), labels], or scatter.
    """
    others = probs.clone()
    others[:, labels] = 0.0
    rest = others.sum(dim=1, keepdim=True)
    return others / torch.where(rest > 0, rest, torch.ones_like(rest))


def shared_over_batch(probs, labels):
    """Divide each row by its own sum, sum(dim=1, keepdim=True), not each column by its sum.

    Add up one row of your result.
    """
    others = probs.scatter(1, labels[:, None], 0.0)
    rest = others.sum(dim=0, keepdim=True)
    return others / torch.where(rest > 0, rest, torch.ones_like(rest))


def softmax_of_the_rest(probs, labels):
    """Divide by the sum: another softmax over probabilities makes all shares nearly equal.

    Try probs [[0.9, 0.08, 0.02]] with label 0: the shares are 0.8 and 0.2.
    """
    label = F.one_hot(labels, probs.shape[1]).bool()
    shares = torch.softmax(probs.masked_fill(label, float("-inf")), dim=1)
    rest = probs.masked_fill(label, 0.0).sum(dim=1, keepdim=True)
    return torch.where(rest > 0, shares, torch.zeros_like(shares))


def label_column_removed(probs, labels):
    """Keep K columns, with a zero at the label: without it, column k no longer means class k.

    Look at the shape of your result: (B, K - 1).
    """
    label = F.one_hot(labels, probs.shape[1]).bool()
    others = probs[~label].view(len(probs), probs.shape[1] - 1)
    rest = others.sum(dim=1, keepdim=True)
    return others / torch.where(rest > 0, rest, torch.ones_like(rest))


def probs_changed_in_place(probs, labels):
    """Work on a copy, probs.clone() or scatter: yours writes zeros into the caller's probs.

    Call it twice with the same probs but other labels.
    """
    probs[torch.arange(len(probs)), labels] = 0.0
    rest = probs.sum(dim=1, keepdim=True)
    return probs / torch.where(rest > 0, rest, torch.ones_like(rest))


MISTAKES = [
    Misconception.of(not_renormalised),
    Misconception.of(label_left_in),
    Misconception.of(zero_row_gives_nan, lambda args, got: bool(got.isnan().any())),
    Misconception.of(zero_row_made_uniform),
    Misconception.of(one_minus_label),
    Misconception.of(epsilon_in_denominator),
    Misconception.of(largest_instead_of_label),
    Misconception.of(whole_columns_zeroed),
    Misconception.of(shared_over_batch),
    Misconception.of(softmax_of_the_rest),
    Misconception.of(label_column_removed),
    Misconception.of(probs_changed_in_place),
]
