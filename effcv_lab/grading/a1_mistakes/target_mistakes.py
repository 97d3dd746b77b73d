"""What goes wrong when ``temperature_for_entropy`` must refuse a target."""

import math

import torch

from effcv_lab.grading.outcomes import Misconception


def any_target_accepted(logits, target_entropy):
    """Raise a ValueError unless 0 < target < ln K: no temperature has such an entropy.

    Look at what your search returns for the target -1: the end of its interval, as if it were
    an answer.
    """
    low, high = 1e-6, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def upper_end_unchecked(logits, target_entropy):
    """Refuse targets from ln K on as well as those up to 0: no softmax of K classes gets there.

    Try the target 2 * math.log(K): your search returns the end of its interval.
    """
    if target_entropy <= 0:
        raise ValueError("target_entropy must be > 0")
    low, high = 1e-6, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def zero_target_accepted(logits, target_entropy):
    """Refuse the target 0 itself: only T -> 0 comes near it, and no T > 0 has it.

    The range is strict, 0 < target < ln K.
    """
    if not 0 <= target_entropy <= math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = 1e-6, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def asserted_instead_of_raised(logits, target_entropy):
    """Write `raise ValueError(...)`: a caller who catches ValueError does not catch an assert.

    Assertions are for your own mistakes (and python -O drops them), errors for the caller's.
    """
    assert 0 < target_entropy < math.log(len(logits))
    low, high = 1e-6, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return middle


MISTAKES = [
    Misconception.of(any_target_accepted, lambda args, got: True),
    Misconception.of(upper_end_unchecked, lambda args, got: args[1] > 0),
    Misconception.of(zero_target_accepted, lambda args, got: args[1] == 0),
    Misconception.of(asserted_instead_of_raised),
]
