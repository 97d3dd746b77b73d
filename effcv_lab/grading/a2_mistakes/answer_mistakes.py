"""What goes wrong in the numbers of ``soft_targets(teacher, images, temperature)``."""

import torch

from effcv_lab.grading.outcomes import Misconception


def temperature_left_out(teacher, images, temperature):
    """Divide the logits by T: yours are the plain probabilities at every temperature.

    Compare T = 1 with T = 20: the row should become nearly even.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits, dim=1)


def temperature_multiplied(teacher, images, temperature):
    """Divide the logits by T; multiplying turns the dial the wrong way.

    Compare T = 1 with T = 20: the row should become nearly even, yours nearly certain.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits * temperature, dim=1)


def divided_after_softmax(teacher, images, temperature):
    """Divide the logits by T before the softmax, not the probabilities after it.

    Add up one row of your result: it comes to 1 / T.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits, dim=1) / temperature


def probabilities_softened_again(teacher, images, temperature):
    """Divide logits by T, not probabilities: a softmax of a softmax is nearly even everywhere.

    Try T = 1 and compare with torch.softmax(teacher(images), dim=1) in eval mode.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(torch.softmax(logits, dim=1) / temperature, dim=1)


def logits_returned(teacher, images, temperature):
    """Take the softmax as well: yours are the softened logits themselves.

    Add up one row of your result: probabilities must come to 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return logits / temperature


def logarithms_returned(teacher, images, temperature):
    """Return probabilities, not their logarithms: all yours are negative.

    Take exp() of your result and add up a row.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.log_softmax(logits / temperature, dim=1)


def answers_only(teacher, images, temperature):
    """Return all of the teacher's probabilities: a 1 at its answer is a hard target, not a soft one.

    Compare T = 1 with T = 20: yours does not change.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.nn.functional.one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)


def sigmoid_taken(teacher, images, temperature):
    """Take a softmax: a sigmoid asks each class on its own, and the row adds up to anything.

    Add up one row of your result: probabilities of classes must come to 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.sigmoid(logits / temperature)


def wrong_axis(teacher, images, temperature):
    """Take the softmax over the classes of one image (dim=1), not over the images (dim=0).

    Try a batch of one image: every probability becomes 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=0)


def logits_divided_in_place(teacher, images, temperature):
    """Make a new tensor, logits / T: `logits /= T` can reach the images.

    Try the teacher torch.nn.Flatten(), whose scores are the pixels themselves, in the same memory,
    and print images before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
        logits /= temperature
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits, dim=1)


def any_temperature_accepted(teacher, images, temperature):
    """Raise a ValueError for T <= 0 before anything is computed.

    Try T = -1: the least likely class becomes the most likely one, and nobody is told.
    """
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def negative_temperature_accepted(teacher, images, temperature):
    """Refuse negative temperatures as well as zero: temperature <= 0.

    Try T = -1: the least likely class becomes the most likely one, and nobody is told.
    """
    if temperature == 0:
        raise ValueError("temperature must not be 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def zero_temperature_accepted(teacher, images, temperature):
    """Refuse T = 0 as well as negative temperatures: temperature <= 0.

    Try T = 0: the logits become infinite, and the probabilities nan.
    """
    if temperature < 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def asserted_instead_of_raised(teacher, images, temperature):
    """Write `raise ValueError(...)`: a caller who catches ValueError does not catch an assert.

    Assertions are for your own mistakes (and python -O drops them), errors for the caller's.
    """
    assert temperature > 0, "temperature must be > 0"
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


MISTAKES = [
    Misconception.of(temperature_left_out),
    Misconception.of(temperature_multiplied),
    Misconception.of(divided_after_softmax),
    Misconception.of(probabilities_softened_again),
    Misconception.of(logits_returned),
    Misconception.of(logarithms_returned),
    Misconception.of(answers_only),
    Misconception.of(sigmoid_taken),
    Misconception.of(wrong_axis),
    Misconception.of(logits_divided_in_place),
    Misconception.of(any_temperature_accepted, lambda args, got: args[2] <= 0),
    Misconception.of(negative_temperature_accepted),
    Misconception.of(zero_temperature_accepted),
    Misconception.of(asserted_instead_of_raised),
]
