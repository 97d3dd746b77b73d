"""What goes wrong in ``soft_targets`` with the teacher's modes, its statistics and the graph."""

import torch
from torch import nn

from effcv_lab.grading.outcomes import Misconception


def teacher_in_training_mode(teacher, images, temperature):
    """Put the teacher in eval mode first: in train mode it drops units and averages over the batch.

    Try the same images twice, or in another batch: the probabilities should stay. BatchNorm's
    running statistics move as well, and neither no_grad() nor .detach() stops that. (Setting
    teacher.training = False tells none of its layers; teacher.eval() tells all of them.)
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    with torch.no_grad():
        return torch.softmax(teacher(images) / temperature, dim=1)


def put_into_training_mode(teacher, images, temperature):
    """Use teacher.eval(): yours switches dropout and batch statistics on, whatever they were.

    Try the same images twice: the probabilities should stay as they are.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.train()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def left_in_eval_mode(teacher, images, temperature):
    """Put the teacher back afterwards: somebody may be in the middle of training it.

    Print teacher.training before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    teacher.eval()
    with torch.no_grad():
        return torch.softmax(teacher(images) / temperature, dim=1)


def left_in_training_mode(teacher, images, temperature):
    """Put the teacher back as it was: it may have been in eval mode before, yours always trains.

    Print teacher.training before and after a call, for a teacher in eval mode.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    teacher.train()
    return torch.softmax(logits / temperature, dim=1)


def one_mode_for_all_parts(teacher, images, temperature):
    """Note the mode of every part, teacher.modules(): train(was) gives all of them the same one.

    Try a teacher in train mode with its BatchNorm in eval mode, and print the layer's training
    after a call: fine-tuning with frozen statistics would be undone without a word.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    was = teacher.training
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    teacher.train(was)
    return torch.softmax(logits / temperature, dim=1)


def put_back_only_if_it_trained(teacher, images, temperature):
    """Put every part back, also in a teacher that was in eval mode: one of its layers may train.

    Try a teacher in eval mode whose Dropout alone trains, and print that layer's training after
    a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    was = teacher.training
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    if was:
        for part, mode in modes:
            part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def only_the_outer_mode_looked_at(teacher, images, temperature):
    """Call teacher.eval() in any case: teacher.training says nothing about the layers inside.

    Try a teacher in eval mode whose Dropout alone trains, with the same images twice.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    if teacher.training:
        teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def nested_layers_forgotten(teacher, images, temperature):
    """Reach every layer, teacher.modules(): children() holds the outermost ones only.

    Try a teacher with a Sequential inside a Sequential, and count both lists.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    parts = [teacher, *teacher.children()]
    modes = [part.training for part in parts]
    for part in parts:
        part.training = False
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in zip(parts, modes, strict=True):
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def outermost_modes_put_back(teacher, images, temperature):
    """Note the mode of every part, teacher.modules(): children() holds the outermost ones only.

    Try a teacher with a Sequential inside a Sequential, and print modes before and after a call.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in [teacher, *teacher.children()]]
    teacher.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def dropout_left_on(teacher, images, temperature):
    """Put all layers in eval mode, Dropout too, not BatchNorm alone: teacher.eval() does it.

    Try the same images twice: the probabilities should stay as they are.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    for part in teacher.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


def batch_statistics_left_on(teacher, images, temperature):
    """Put all layers in eval mode, BatchNorm too, not Dropout alone: teacher.eval() does it.

    Try one image alone and in a batch: its probabilities should be the same.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    for part in teacher.modules():
        if isinstance(part, nn.Dropout):
            part.eval()
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


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


def refused_too_late(teacher, images, temperature):
    """Refuse T <= 0 before you touch the teacher: yours leaves it in eval mode when it refuses.

    Print teacher.training after a call with T = 0 that you catch.
    """
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    with torch.no_grad():
        logits = teacher(images)
    for part, mode in modes:
        part.training = mode
    return torch.softmax(logits / temperature, dim=1)


MISTAKES = [
    Misconception.of(teacher_in_training_mode),
    Misconception.of(put_into_training_mode),
    Misconception.of(left_in_eval_mode),
    Misconception.of(left_in_training_mode),
    Misconception.of(one_mode_for_all_parts),
    Misconception.of(put_back_only_if_it_trained),
    Misconception.of(only_the_outer_mode_looked_at),
    Misconception.of(nested_layers_forgotten),
    Misconception.of(outermost_modes_put_back),
    Misconception.of(dropout_left_on),
    Misconception.of(batch_statistics_left_on),
    Misconception.of(graph_kept),
    Misconception.of(inference_tensor_returned),
    Misconception.of(weights_frozen_for_good),
    Misconception.of(gradients_off_for_everybody),
    Misconception.of(refused_too_late),
]
