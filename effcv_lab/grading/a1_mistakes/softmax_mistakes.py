"""What goes wrong in ``softmax_with_temperature(logits, temperature)``."""

import torch

from effcv_lab.grading.outcomes import Misconception


def wrong_axis(logits, temperature):
    """Normalise over the classes of one image (dim=1), not over the images of the batch (dim=0).

    Try a batch of one image: every probability becomes 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.softmax(logits / temperature, dim=0)


def whole_batch_normalised(logits, temperature):
    """Divide each row by its own sum, sum(dim=1, keepdim=True), not by the sum of the batch.

    Add up one row of your result: with B images it comes to about 1 / B.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    powers = torch.exp((logits - logits.max(dim=1, keepdim=True).values) / temperature)
    return powers / powers.sum()


def sum_without_keepdim(logits, temperature):
    """Keep the summed axis, sum(dim=1, keepdim=True), so that (B, 1) divides row by row.

    Without it a (B,) lines up with the classes: an error for 2 images and 3 classes, and silently
    wrong for 4 and 4. Print the shapes on both sides of your division.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    powers = torch.exp((logits - logits.max(dim=1, keepdim=True).values) / temperature)
    return powers / powers.sum(dim=1)


def not_normalised(logits, temperature):
    """Divide the exponentials by their sum in each row.

    Add up one row of your result: probabilities must come to 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.exp((logits - logits.max(dim=1, keepdim=True).values) / temperature)


def temperature_multiplied(logits, temperature):
    """Divide the scores by T; multiplying turns the dial the wrong way.

    Compare T = 0.1 with T = 10: the hotter softmax must be the flatter one. (Raising finished
    probabilities to the power T does the same.)
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.softmax(logits * temperature, dim=1)


def temperature_ignored(logits, temperature):
    """Let T change the result: yours is the plain softmax at every temperature.

    Compare T = 1 with T = 10. Dividing finished probabilities by T and normalising them again
    also cancels T: it belongs on the scores, before the exponential.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.softmax(logits, dim=1)


def divided_after_softmax(logits, temperature):
    """Divide the scores by T before the softmax, not the probabilities after it.

    Add up one row of your result: it comes to 1 / T.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.softmax(logits, dim=1) / temperature


def power_not_normalised(logits, temperature):
    """Normalise again after raising probabilities to 1 / T, or divide the scores by T instead.

    Add up one row of your result at T = 4: it comes to more than 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.softmax(logits, dim=1) ** (1 / temperature)


def temperature_after_softmax(logits, temperature):
    """Put T on the scores: a probability that has been rounded to 0 cannot be warmed up again.

    Try the scores [10000, 0] at T = 10000: the answer is softmax([1, 0]), yours is [1, 0].
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    powers = torch.softmax(logits, dim=1) ** (1 / temperature)
    return powers / powers.sum(dim=1, keepdim=True)


def unstable_exponent(logits, temperature):
    """Subtract each row's largest score before the exponential: exp(10000) is infinite.

    Try torch.exp(torch.tensor(89.0)) in float32, then divide it by itself. Taking the same
    number off every score of a row changes no probability.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    powers = torch.exp(logits / temperature)
    return powers / powers.sum(dim=1, keepdim=True)


def largest_of_whole_batch(logits, temperature):
    """Subtract the largest score of each row, not of the whole batch.

    Put a row of scores near -10000 under a row near 10000: all its exponentials become 0,
    and 0 / 0 is nan. max(dim=1, keepdim=True).values has one number for each row.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    powers = torch.exp((logits - logits.max()) / temperature)
    return powers / powers.sum(dim=1, keepdim=True)


def epsilon_in_denominator(logits, temperature):
    """Subtract the row's largest score instead of adding a small number to the sum.

    Try the scores [-10000, -10000]: the probabilities are 0.5 each, yours are 0. At 10000 the
    exponential is infinite all the same.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    powers = torch.exp(logits / temperature)
    return powers / (powers.sum(dim=1, keepdim=True) + 1e-8)


def scores_clamped(logits, temperature):
    """Subtract the row's largest score instead of clamping: clamping makes different scores equal.

    Try the scores [10000, 9990]: the first must win clearly, yours are equal.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.softmax((logits / temperature).clamp(-50, 50), dim=1)


def logarithms_returned(logits, temperature):
    """Return probabilities, not their logarithms: all yours are negative.

    Take exp() of your result and add up a row.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    return torch.log_softmax(logits / temperature, dim=1)


def scores_changed_in_place(logits, temperature):
    """Make a new tensor, logits - largest; `logits -= largest` also changes the caller's scores.

    Print logits before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    logits -= logits.max(dim=1, keepdim=True).values
    return torch.softmax(logits / temperature, dim=1)


def any_temperature_accepted(logits, temperature):
    """Raise a ValueError for T <= 0 before anything is computed.

    Try T = -1: the least likely class becomes the most likely one, and nobody is told.
    """
    return torch.softmax(logits / temperature, dim=1)


def negative_temperature_accepted(logits, temperature):
    """Refuse negative temperatures as well as zero: temperature <= 0.

    Try T = -1: the least likely class becomes the most likely one, and nobody is told.
    """
    if temperature == 0:
        raise ValueError("temperature must not be 0")
    return torch.softmax(logits / temperature, dim=1)


def zero_temperature_accepted(logits, temperature):
    """Refuse T = 0 as well as negative temperatures: temperature <= 0.

    Try T = 0: 0 / 0 is nan.
    """
    if temperature < 0:
        raise ValueError("temperature must be > 0")
    return torch.softmax(logits / temperature, dim=1)


def asserted_instead_of_raised(logits, temperature):
    """Write `raise ValueError(...)`: a caller who catches ValueError does not catch an assert.

    Assertions are for your own mistakes (and python -O drops them), errors for the caller's.
    """
    assert temperature > 0, "temperature must be > 0"
    return torch.softmax(logits / temperature, dim=1)


def printed_instead_of_raised(logits, temperature):
    """Raise the error instead of printing it: after print and return the caller goes on with None.

    Try softmax_with_temperature(logits, 0).sum() and see which line is blamed.
    """
    if temperature <= 0:
        print("temperature must be > 0")
        return None
    return torch.softmax(logits / temperature, dim=1)


MISTAKES = [
    Misconception.of(wrong_axis),
    Misconception.of(whole_batch_normalised),
    Misconception.of(sum_without_keepdim),
    Misconception.of(not_normalised),
    Misconception.of(temperature_multiplied),
    Misconception.of(temperature_ignored),
    Misconception.of(divided_after_softmax),
    Misconception.of(power_not_normalised),
    Misconception.of(temperature_after_softmax),
    Misconception.of(unstable_exponent, lambda args, got: bool(got.isnan().any())),
    Misconception.of(largest_of_whole_batch),
    Misconception.of(epsilon_in_denominator),
    Misconception.of(scores_clamped),
    Misconception.of(logarithms_returned),
    Misconception.of(scores_changed_in_place),
    Misconception.of(any_temperature_accepted, recognises=lambda args, got: args[1] <= 0),
    Misconception.of(negative_temperature_accepted),
    Misconception.of(zero_temperature_accepted),
    Misconception.of(asserted_instead_of_raised),
    Misconception.of(printed_instead_of_raised),
]
