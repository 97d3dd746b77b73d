"""What goes wrong in ``soft_targets`` with the teacher's modes, statistics and copies."""

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


def copy_in_training_mode(teacher, images, temperature):
    """Put the copy into eval mode: deepcopy copies the mode too.

    Ask twice about the same images: with dropout on, the answers differ.
    Print copy.deepcopy(teacher).training for a teacher that trains.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    import copy

    twin = copy.deepcopy(teacher)
    with torch.no_grad():
        return torch.softmax(twin(images) / temperature, dim=1)


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
    Misconception.of(copy_in_training_mode),
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
    Misconception.of(refused_too_late),
]
