"""What ``soft_targets`` may leave behind: a graph, frozen weights, gradients switched off."""

import torch

from effcv_lab.grading.outcomes import Misconception


def graph_kept(teacher, images, temperature):
    """Compute under `with torch.no_grad():`, or detach the result: yours holds the whole graph.

    Print soft_targets(...).requires_grad. (torch.no_grad() on a line of its own, without `with`,
    switches nothing off.)
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def inference_tensor_returned(teacher, images, temperature):
    """Use torch.no_grad(): what is made under inference_mode() cannot be used in a loss.

    Try (student_probs * soft_targets(...)).sum().backward() with a student that needs a gradient.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.inference_mode():
        probs = torch.softmax(teacher(images) / temperature, dim=1)
    for part, mode in modes:
        part.training = mode
    return probs


def weights_frozen_for_good(teacher, images, temperature):
    """Use torch.no_grad(): requires_grad_(False) stays on the teacher's weights after the call.

    Print next(teacher.parameters()).requires_grad after a call: somebody may want to train on.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    teacher.requires_grad_(False)
    probs = torch.softmax(teacher(images) / temperature, dim=1)
    for part, mode in modes:
        part.training = mode
    return probs


def weights_unfrozen(teacher, images, temperature):
    """Use torch.no_grad(): requires_grad_(True) at the end also frees what was frozen before.

    Freeze the teacher's first layer. Print its weight.requires_grad before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    teacher.requires_grad_(False)
    probs = torch.softmax(teacher(images) / temperature, dim=1)
    teacher.requires_grad_(True)
    for part, mode in modes:
        part.training = mode
    return probs


def gradients_cleared(teacher, images, temperature):
    """Leave zero_grad() out: no_grad() computes no gradients, and older ones are not yours.

    Print a weight's grad before and after a call: a teacher half-way through a step needs it.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    teacher.zero_grad()
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def dropout_set_to_zero(teacher, images, temperature):
    """Use eval mode, which can be undone: a Dropout whose p is set to 0 never drops again.

    Print the p of each Dropout before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    for part in teacher.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def gradients_off_for_everybody(teacher, images, temperature):
    """Use `with torch.no_grad():`, which ends; set_grad_enabled(False) stays for all that follows.

    Print torch.is_grad_enabled() after a call: the student could not be trained any more.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    torch.set_grad_enabled(False)
    probs = torch.softmax(teacher(images) / temperature, dim=1)
    for part, mode in modes:
        part.training = mode
    return probs


MISTAKES = [
    Misconception.of(graph_kept),
    Misconception.of(inference_tensor_returned),
    Misconception.of(weights_frozen_for_good),
    Misconception.of(weights_unfrozen),
    Misconception.of(gradients_cleared),
    Misconception.of(dropout_set_to_zero),
    Misconception.of(gradients_off_for_everybody),
]
