"""What goes wrong in the search of ``temperature_for_entropy(logits, target_entropy)``.

A wrong search ends in as many numbers as there are ways to write one, so most of these mistakes
are recognised by what the result has in common, besides equal numbers.
"""

import math

import torch

from effcv_lab.grading.outcomes import Misconception
from effcv_lab.softmax import entropy, softmax_with_temperature, temperature_for_entropy


def direction_inverted(logits, target_entropy):
    """Swap the two cases of the search: entropy rises with T, so too low means T must go up.

    Print low and high in every step: the interval must keep the answer inside; yours runs to
    one of its ends.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = 1e-6, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            high = middle
        else:
            low = middle
    return middle


def reciprocal_returned(logits, target_entropy):
    """Return T, not 1 / T: searching over 1 / T is a fine idea, but turn the result round.

    Divide the logits by your result and take the entropy; then multiply instead.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = 1e-9, 1e6
    for _ in range(60):
        sharpness = math.sqrt(low * high)
        probs = torch.softmax(logits.double() * sharpness, dim=0)
        if torch.special.entr(probs).sum() > target_entropy:
            low = sharpness
        else:
            high = sharpness
    return sharpness


def logarithm_returned(logits, target_entropy):
    """Return T, not ln T: searching over ln T is a fine idea, but take exp() at the end.

    A temperature is never negative; yours is, for every answer below 1.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = math.log(1e-6), math.log(1e9)
    for _ in range(60):
        middle = (low + high) / 2
        probs = torch.softmax(logits.double() / math.exp(middle), dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def entropy_in_bits(logits, target_entropy):
    """Measure the entropy in nats during the search: yours meets the target in bits.

    Take the entropy at your result with math.log, then with math.log2.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = 1e-6, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() / math.log(2) < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def target_as_share(logits, target_entropy):
    """Take the target in nats as it is: yours is met as a share of ln K.

    Print the entropy at your result beside the target: it is ln K times too large.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = 1e-6, 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() / math.log(len(logits)) < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def grid_too_coarse(logits, target_entropy):
    """Go on halving around the best T: yours is near, but the entropy is asked to 1e-4.

    Print the entropy at your result minus the target. A list of fixed temperatures would need
    thousands; halving an interval gains a digit in about three steps.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    best, smallest_gap = 1.0, math.inf
    for step in range(200):
        temperature = 10 ** (-6 + 15 * step / 199)
        probs = torch.softmax(logits.double() / temperature, dim=0)
        gap = abs(torch.special.entr(probs).sum().item() - target_entropy)
        if gap < smallest_gap:
            best, smallest_gap = temperature, gap
    return best


def stopped_at_fixed_width(logits, target_entropy):
    """Stop when the entropy is close enough, not when the interval of T is: T may be tiny.

    Try logits of size 0.01: there T is near 0.01, and 0.0001 more or less changes the entropy by
    more than you may be off. A fixed number of halvings of ln T works for every size.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = 1e-6, 1e9
    while high - low > 1e-4:
        middle = (low + high) / 2
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return high


def bracket_too_small(logits, target_entropy):
    """Search wider: the answer can lie beyond both ends of your interval.

    Try logits multiplied by 10000, or by 0.01: T grows and shrinks with them. Start from the size
    of the logits, or double high (halve low) until the target lies between.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")
    low, high = 0.1, 100.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        probs = torch.softmax(logits.double() / middle, dim=0)
        if torch.special.entr(probs).sum() < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def unstable_inside(logits, target_entropy):
    """Use a stable softmax inside the search: a nan is neither below nor above the target.

    Try logits of 10000 at T = 1 in your own loop and print the entropy: every comparison with
    nan is False, so the search runs off to one side.
    """
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be between 0 and ln K")

    def entropy_at(temperature):
        powers = torch.exp(logits / temperature)
        return torch.special.entr(powers / powers.sum()).sum()

    low, high = 1e-6, 1.0
    while entropy_at(high) < target_entropy:
        high *= 2
    for _ in range(60):
        middle = math.sqrt(low * high)
        if entropy_at(middle) < target_entropy:
            low = middle
        else:
            high = middle
    return middle


def _entropy_at(args, temperature):
    return entropy(softmax_with_temperature(args[0].double(), temperature)).item()


def _near(value, wanted):
    return abs(value - wanted) < 2e-3


def _within_a_quarter(args, got):
    return abs(got / temperature_for_entropy(*args) - 1) < 0.25


def _short_of_the_answer(args, got):
    """Lie between 1 and the answer: a search from the middle met the wall of its interval."""
    wanted = temperature_for_entropy(*args)
    return 0 < math.log(got) / math.log(wanted) < 1


def _at_an_extreme(args, got):
    found = _entropy_at(args, got)
    return found < 0.02 or found > 0.98 * math.log(len(args[0]))


MISTAKES = [
    Misconception.of(reciprocal_returned, lambda a, got: _near(_entropy_at(a, 1 / got), a[1])),
    Misconception.of(logarithm_returned, lambda a, got: _near(_entropy_at(a, math.exp(got)), a[1])),
    Misconception.of(
        entropy_in_bits, lambda a, got: _near(_entropy_at(a, got), a[1] * math.log(2))
    ),
    Misconception.of(
        target_as_share,
        lambda a, got: _near(_entropy_at(a, got), min(a[1], 1) * math.log(len(a[0]))),
    ),
    Misconception.of(grid_too_coarse, _within_a_quarter),
    Misconception.of(stopped_at_fixed_width, _within_a_quarter),
    Misconception.of(bracket_too_small, _short_of_the_answer),
    Misconception.of(direction_inverted, _at_an_extreme),
    Misconception.of(unstable_inside, _at_an_extreme),
]
