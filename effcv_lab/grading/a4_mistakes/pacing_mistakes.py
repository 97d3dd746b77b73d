"""What goes wrong in ``pacing(step, total_steps, start_fraction, full_at)``."""

import math

import torch

from effcv_lab.grading.outcomes import Misconception


def never_stopped_at_one(step, total_steps, start_fraction, full_at):
    """Stop at 1.0: yours grows on, and there are no more than all examples.

    Try pacing(9, 10, 0.2, 0.5): it should be 1.0. min(1.0, ...) stops it.
    """
    return start_fraction + (1 - start_fraction) * step / (full_at * total_steps)


def full_at_left_out(step, total_steps, start_fraction, full_at):
    """Reach 1.0 at full_at * total_steps: yours climbs until training is over.

    Try pacing(5, 10, 0.2, 0.5): it should be 1.0. With your pace most steps train without the
    hardest examples.
    """
    return min(1.0, start_fraction + (1 - start_fraction) * step / total_steps)


def full_at_taken_for_steps(step, total_steps, start_fraction, full_at):
    """Multiply full_at by total_steps: it is a share of the training, not a number of steps.

    Try pacing(1, 10, 0.2, 0.5): the climb takes 5 steps, yours is over at step 1. (If you did multiply,
    mind the brackets: a / b * c is not a / (b * c).)
    """
    return min(1.0, start_fraction + (1 - start_fraction) * step / full_at)


def full_at_multiplied(step, total_steps, start_fraction, full_at):
    """Divide the step by full_at * total_steps: yours multiplies by full_at, which slows the climb.

    Try pacing(5, 10, 0.2, 0.5): it should be 1.0.
    """
    return min(1.0, start_fraction + (1 - start_fraction) * full_at * step / total_steps)


def start_added_on_top(step, total_steps, start_fraction, full_at):
    """Climb from start_fraction to 1.0, a height of 1 - start_fraction: yours climbs too steeply.

    Try pacing(2, 10, 0.2, 0.4): halfway it should be 0.6, yours is 0.7.
    """
    return min(1.0, start_fraction + step / (full_at * total_steps))


def started_from_nothing(step, total_steps, start_fraction, full_at):
    """Begin with start_fraction: yours begins with 0, and nobody can learn from no examples.

    Try pacing(0, 10, 0.2, 0.5): it should be 0.2.
    """
    return min(1.0, step / (full_at * total_steps))


def waited_at_the_start(step, total_steps, start_fraction, full_at):
    """Climb from the first step on: max(start_fraction, ...) stays flat until the line comes by.

    Try pacing(1, 10, 0.4, 0.5): it should be 0.52, yours is still 0.4.
    """
    return min(1.0, max(start_fraction, step / (full_at * total_steps)))


def slope_without_the_rest(step, total_steps, start_fraction, full_at):
    """Climb by 1 - start_fraction in all: yours climbs by start_fraction and then jumps.

    Try the step just before full_at * total_steps: it should be nearly 1.
    """
    share = step / (full_at * total_steps)
    return 1.0 if share >= 1 else start_fraction * (1 + share)


def one_jump(step, total_steps, start_fraction, full_at):
    """Grow step by step: yours stays at start_fraction and then jumps to 1.0.

    Try pacing(2, 10, 0.2, 0.4): halfway it should be 0.6. (If you wrote //, it rounds the share of
    the climb down to 0; write /.)
    """
    return start_fraction if step < full_at * total_steps else 1.0


def grown_like_a_root(step, total_steps, start_fraction, full_at):
    """Grow linearly: yours grows like a square root, fast first and slowly later.

    Try pacing(2, 10, 0.2, 0.4): halfway it should be 0.6.
    """
    share = min(1.0, step / (full_at * total_steps))
    return math.sqrt(start_fraction**2 + (1 - start_fraction**2) * share)


def grown_like_a_square(step, total_steps, start_fraction, full_at):
    """Grow linearly: yours grows like a square, slowly first and fast later.

    Try pacing(2, 10, 0.2, 0.4): halfway it should be 0.6, yours is 0.4.
    """
    share = min(1.0, step / (full_at * total_steps))
    return start_fraction + (1 - start_fraction) * share**2


def grown_by_a_factor(step, total_steps, start_fraction, full_at):
    """Add the same in each step: yours multiplies by the same, which is slow first and fast later.

    Try pacing(2, 10, 0.2, 0.4): halfway it should be 0.6.
    """
    share = min(1.0, step / (full_at * total_steps))
    return start_fraction ** (1 - share)


def steps_counted_from_one(step, total_steps, start_fraction, full_at):
    """Count steps from 0: at step 0 the fraction is start_fraction itself.

    Try pacing(0, 10, 0.2, 0.5): it should be 0.2, yours has climbed already.
    """
    share = min(1.0, (step + 1) / (full_at * total_steps))
    return start_fraction + (1 - start_fraction) * share


def full_one_step_early(step, total_steps, start_fraction, full_at):
    """Divide by full_at * total_steps: with total_steps - 1 the climb is too fast.

    Try pacing(4, 10, 0.2, 0.5): it should be 0.84.
    """
    return min(
        1.0, start_fraction + (1 - start_fraction) * step / (full_at * max(total_steps - 1, 1))
    )


def rounded_to_whole_steps(step, total_steps, start_fraction, full_at):
    """Leave full_at * total_steps as it is: rounded, the climb ends too soon or too late.

    Try pacing(2, 10, 0.2, 0.27): the climb ends at 2.7, so it should be 0.793 there.
    """
    share = min(1.0, step / int(full_at * total_steps))
    return start_fraction + (1 - start_fraction) * share


def fallen_back(step, total_steps, start_fraction, full_at):
    """Stay at 1.0 once it is reached: yours falls back to start_fraction.

    Try pacing(9, 10, 0.2, 0.5): it should be 1.0.
    """
    if step > full_at * total_steps:
        return start_fraction
    return start_fraction + (1 - start_fraction) * step / (full_at * total_steps)


def turned_round(step, total_steps, start_fraction, full_at):
    """Begin with start_fraction and end with everything: yours begins with everything.

    Try pacing(0, 10, 0.2, 0.5): it should be 0.2.
    """
    share = min(1.0, step / (full_at * total_steps))
    return 1 - (1 - start_fraction) * share


def everything_never_reached(step, total_steps, start_fraction, full_at):
    """Reach 1.0 at full_at * total_steps and stay there: yours stays just below.

    Try pacing(5, 10, 0.2, 0.5): with 0.99 the hardest examples are never seen.
    """
    share = min(1.0, step / (full_at * total_steps))
    return min(0.99, start_fraction + (1 - start_fraction) * share)


def in_percent(step, total_steps, start_fraction, full_at):
    """Return a fraction between 0 and 1, not a percentage.

    Try pacing(0, 10, 0.2, 0.5): it should be 0.2.
    """
    share = min(1.0, step / (full_at * total_steps))
    return 100 * (start_fraction + (1 - start_fraction) * share)


def share_of_the_climb_returned(step, total_steps, start_fraction, full_at):
    """Return the fraction in use, not how much of the climb is done times the start.

    Try pacing(5, 10, 0.2, 0.5): it should be 1.0, yours is start_fraction.
    """
    return start_fraction * min(1.0, step / (full_at * total_steps))


def tensor_returned(step, total_steps, start_fraction, full_at):
    """Return a Python number: there is nothing to differentiate, and no device to be on.

    Try type(pacing(0, 10, 0.2, 0.5)).
    """
    share = min(1.0, step / (full_at * total_steps))
    return torch.tensor(start_fraction + (1 - start_fraction) * share)


def nothing_after_the_climb(step, total_steps, start_fraction, full_at):
    """Return 1.0 after the climb: without a second return the function gives None there.

    Try pacing(9, 10, 0.2, 0.5) * 2.
    """
    if step <= full_at * total_steps:
        return start_fraction + (1 - start_fraction) * step / (full_at * total_steps)
    return None


def _climb_of_whole_steps(args, got):
    step, total_steps, start_fraction, full_at = args
    ends = {max(1, f(full_at * total_steps)) for f in (math.floor, math.ceil)}
    climbs = [start_fraction + (1 - start_fraction) * min(1.0, step / end) for end in ends]
    return any(abs(got - climb) < 1e-6 for climb in climbs)


MISTAKES = [
    Misconception.of(never_stopped_at_one),
    Misconception.of(full_at_left_out),
    Misconception.of(full_at_taken_for_steps),
    Misconception.of(full_at_multiplied),
    Misconception.of(start_added_on_top),
    Misconception.of(started_from_nothing),
    Misconception.of(waited_at_the_start),
    Misconception.of(slope_without_the_rest),
    Misconception.of(one_jump),
    Misconception.of(grown_like_a_root),
    Misconception.of(grown_like_a_square),
    Misconception.of(grown_by_a_factor),
    Misconception.of(steps_counted_from_one),
    Misconception.of(full_one_step_early),
    Misconception.of(rounded_to_whole_steps, _climb_of_whole_steps),
    Misconception.of(fallen_back),
    Misconception.of(turned_round),
    Misconception.of(everything_never_reached),
    Misconception.of(in_percent),
    Misconception.of(share_of_the_climb_returned),
    Misconception.of(tensor_returned),
    Misconception.of(nothing_after_the_climb),
]
