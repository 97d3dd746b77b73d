"""Right answers to assignment a2, each written differently: all of them must score full.

``<function>__<how>`` is an answer to ``<function>``. Each uses only what the assignment's setup
cell imports (torch, nn, F), and imports the rest itself, like a cell of the assignment.
"""

import torch
from torch import nn
from torch.nn import functional as F


def kd_loss__log_target(student_logits, teacher_logits, labels, temperature, alpha):
    if not temperature > 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    with torch.no_grad():
        teacher = F.log_softmax(teacher_logits / temperature, dim=-1)
    student = F.log_softmax(student_logits / temperature, dim=-1)
    soft = F.kl_div(student, teacher, log_target=True, reduction="batchmean")
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature * temperature * soft + (1.0 - alpha) * hard


def kd_loss__tensor_formula(student_logits, teacher_logits, labels, temperature, alpha):
    if temperature <= 0:
        raise ValueError("temperature")
    log_q = (student_logits / temperature).log_softmax(1)
    log_p = (teacher_logits.detach() / temperature).log_softmax(1)
    divergence = (log_p.exp() * (log_p - log_q)).sum(1)
    picked = student_logits.log_softmax(1).gather(1, labels.unsqueeze(1)).squeeze(1)
    return ((alpha - 1) * picked + alpha * temperature**2 * divergence).mean()


def kd_loss__cross_entropies(student_logits, teacher_logits, labels, temperature, alpha):
    """KL is the cross-entropy with soft labels minus the teacher's entropy."""
    if temperature <= 0:
        raise ValueError("T must be positive")
    p = F.softmax(teacher_logits.clone().detach() / temperature, dim=1)
    surplus = F.cross_entropy(student_logits / temperature, p) - torch.special.entr(p).sum(1).mean()
    return torch.lerp(F.cross_entropy(student_logits, labels), temperature**2 * surplus, alpha)


def kd_loss__image_by_image(student_logits, teacher_logits, labels, temperature, alpha):
    if temperature <= 0:
        raise ValueError("T must be positive")
    total = 0
    for z, v, y in zip(student_logits, teacher_logits.detach(), labels, strict=True):
        hard = torch.logsumexp(z, dim=0) - z[y]
        log_q = z / temperature - torch.logsumexp(z / temperature, dim=0)
        log_p = v / temperature - torch.logsumexp(v / temperature, dim=0)
        soft = sum(log_p[k].exp() * (log_p[k] - log_q[k]) for k in range(len(z)))
        total = total + (1 - alpha) * hard + alpha * temperature**2 * soft
    return total / len(labels)


def kd_loss__modules(student_logits, teacher_logits, labels, temperature, alpha):
    if temperature <= 0:
        raise ValueError("T must be positive")
    log_softmax, divergence = nn.LogSoftmax(dim=1), nn.KLDivLoss(reduction="sum", log_target=True)
    with torch.no_grad():
        wanted = log_softmax(teacher_logits.div(temperature))
    soft = divergence(log_softmax(student_logits.div(temperature)), wanted) / len(student_logits)
    hard = nn.CrossEntropyLoss()(student_logits, labels)
    return torch.stack([(1 - alpha) * hard, alpha * temperature**2 * soft]).sum()


def kd_loss__double_inside(student_logits, teacher_logits, labels, temperature, alpha):
    if temperature <= 0:
        raise ValueError("T must be positive")
    student, teacher = student_logits.double(), teacher_logits.detach().double()
    below = student - student.max(dim=1, keepdim=True).values
    log_q1 = below - below.exp().sum(dim=1, keepdim=True).log()
    log_q = below / temperature - (below / temperature).exp().sum(dim=1, keepdim=True).log()
    p = F.softmax(teacher / temperature, dim=1)
    kl = (torch.xlogy(p, p) - p * log_q).sum(dim=1)
    hard = -(F.one_hot(labels, student.shape[1]) * log_q1).sum(dim=1)
    return ((1 - alpha) * hard + alpha * temperature**2 * kl).mean().to(student_logits.dtype)


def hint_loss__mse_of_sums(student_features, teacher_features, regressor):
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError(f"{translated.shape} is not {teacher_features.shape}")
    total = F.mse_loss(translated, teacher_features.detach(), reduction="sum")
    return total / (2 * len(teacher_features))


def hint_loss__image_by_image(student_features, teacher_features, regressor):
    translated = regressor(student_features)
    if list(translated.size()) != list(teacher_features.size()):
        raise ValueError("the shapes differ")
    losses = []
    for mine, wanted in zip(translated, teacher_features.detach(), strict=True):
        losses.append(0.5 * torch.sum((mine - wanted) ** 2))
    return torch.stack(losses).mean()


def hint_loss__dot_products(student_features, teacher_features, regressor):
    """The squared distance as a product of the gap with itself."""
    wanted = teacher_features.detach().flatten(1)
    out = regressor(student_features)
    if out.shape != teacher_features.shape:
        raise ValueError("shapes")
    gap = out.flatten(1) - wanted
    return torch.einsum("bd,bd->b", gap, gap).mul(0.5).mean()


def hint_loss__norms(student_features, teacher_features, regressor):
    target = teacher_features.data
    out = regressor(student_features)
    if out.ndim != target.ndim or any(a != b for a, b in zip(out.shape, target.shape, strict=True)):
        raise ValueError("shapes")
    gap = (target - out).reshape(len(out), -1)
    return 0.5 * torch.linalg.vector_norm(gap, dim=1).pow(2).mean()


def hint_loss__mean_times_size(student_features, teacher_features, regressor):
    out = regressor(student_features)
    if out.shape == teacher_features.shape:
        per_image = out[0].numel()
        return nn.MSELoss()(out, teacher_features.detach()) * per_image / 2
    raise ValueError("the regressor must give the teacher's shape")


def kd_weight__if(epoch, stop_epoch, alpha):
    if epoch < stop_epoch:
        return alpha
    return 0


def kd_weight__product(epoch, stop_epoch, alpha):
    return alpha * (epoch < stop_epoch)


def kd_weight__list(epoch, stop_epoch, alpha):
    return [0.0, alpha][int(stop_epoch > epoch)]


def kd_weight__range(epoch, stop_epoch, alpha):
    return float(alpha) if epoch in range(stop_epoch) else 0.0


def kd_weight__early_return(epoch, stop_epoch, alpha):
    if epoch >= stop_epoch:
        return 0.0
    return alpha


def kd_weight__sign(epoch, stop_epoch, alpha):
    return alpha * max(0, min(1, stop_epoch - epoch))


def soft_targets__modes_of_all_parts(teacher, images, temperature):
    if temperature <= 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    modes = {part: part.training for part in teacher.modules()}
    teacher.eval()
    try:
        with torch.no_grad():
            logits = teacher(images)
    finally:
        for part, mode in modes.items():
            part.training = mode
    return F.softmax(logits / temperature, dim=1)


def soft_targets__a_copy(teacher, images, temperature):
    import copy

    if temperature <= 0:
        raise ValueError("T must be positive")
    asked = copy.deepcopy(teacher).eval()
    return torch.softmax(asked(images).detach() / temperature, -1)


def soft_targets__context_manager(teacher, images, temperature):
    from contextlib import contextmanager

    @contextmanager
    def quietly(net):
        trained = [part for part in net.modules() if part.training]
        net.eval()
        try:
            with torch.no_grad():
                yield net
        finally:
            for part in trained:
                part.training = True

    if not temperature > 0:
        raise ValueError("T must be positive")
    with quietly(teacher) as asked:
        scaled = asked(images) / temperature
        return torch.exp(scaled - torch.logsumexp(scaled, dim=1, keepdim=True))


def soft_targets__hooks(teacher, images, temperature):
    """Switch each layer to eval mode just before it runs, and back right after."""
    if temperature <= 0:
        raise ValueError("T must be positive")
    before, handles = {}, []

    def enter(part, _inputs):
        before[part] = part.training
        part.training = False

    def leave(part, _inputs, _output):
        part.training = before[part]

    for part in teacher.modules():
        handles.append(part.register_forward_pre_hook(enter))
        handles.append(part.register_forward_hook(leave))
    with torch.set_grad_enabled(False):
        probs = F.softmax(teacher(images) / temperature, dim=1)
    for handle in handles:
        handle.remove()
    return probs


def soft_targets__row_by_row(teacher, images, temperature):
    import math

    if temperature <= 0:
        raise ValueError("T must be positive")
    modes = [part.training for part in teacher.modules()]
    teacher.train(False)
    logits = teacher(images).detach()
    for part, mode in zip(teacher.modules(), modes, strict=True):
        part.training = mode
    rows = []
    for row in logits.tolist():
        powers = [math.exp((score - max(row)) / temperature) for score in row]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows, dtype=logits.dtype)


def soft_targets__clone_out_of_inference(teacher, images, temperature):
    if temperature <= 0:
        raise ValueError("T must be positive")
    training = [part for part in teacher.modules() if part.training]
    teacher.eval()
    with torch.inference_mode():
        probs = F.softmax(teacher(images) / temperature, dim=1)
    for part in training:
        part.training = True
    return probs.clone()


def kd_loss__one_image_at_a_time_in_parallel(
    student_logits, teacher_logits, labels, temperature, alpha
):
    if temperature <= 0:
        raise ValueError("temperature must be > 0")

    def one(student, teacher, hot):
        log_q, log_p = ((v / temperature).log_softmax(0) for v in (student, teacher))
        hard = -(hot * student.log_softmax(0)).sum()
        return (1 - alpha) * hard + alpha * temperature**2 * (log_p.exp() * (log_p - log_q)).sum()

    one_hot = F.one_hot(labels, student_logits.shape[1])
    return torch.func.vmap(one)(student_logits, teacher_logits.detach(), one_hot).mean()


def kd_loss__scaled_by_the_inverse(student_logits, teacher_logits, labels, temperature, alpha):
    if not temperature > 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    if alpha == 0:
        return hard
    beta = 1 / temperature
    with torch.no_grad():
        p = F.softmax(teacher_logits * beta, dim=-1)
        negative_entropy = torch.xlogy(p, p).sum(-1).mean()
    soft = F.cross_entropy(student_logits * beta, p) + negative_entropy
    return torch.lerp(hard, soft / beta**2, alpha)


def hint_loss__gaussian(student_features, teacher_features, regressor):
    translated = regressor(student_features)
    if translated.size() != teacher_features.size():
        raise ValueError("the shapes differ")
    variance = torch.ones_like(translated)
    summed = F.gaussian_nll_loss(translated, teacher_features.detach(), variance, reduction="sum")
    return summed / translated.size(0)


def hint_loss__trace(student_features, teacher_features, regressor):
    translated = regressor(student_features)
    try:
        assert translated.shape == teacher_features.shape
    except AssertionError as error:
        raise ValueError("the shapes differ") from error
    gap = (translated - teacher_features.detach()).flatten(1)
    return torch.trace(gap @ gap.T) / len(gap) / 2


def kd_weight__clamped(epoch, stop_epoch, alpha):
    return alpha * min(1, max(0, stop_epoch - epoch))


def kd_weight__numpy(epoch, stop_epoch, alpha):
    import numpy as np

    return np.where(epoch < stop_epoch, alpha, 0.0).item()


@torch.no_grad()
def soft_targets__decorated(teacher, images, temperature):
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    training = {name for name, part in teacher.named_modules() if part.training}
    teacher.eval()
    scores = teacher(images).div(temperature)
    for name, part in teacher.named_modules():
        part.train(name in training)
    return torch.exp(scores - scores.logsumexp(dim=1, keepdim=True))


def soft_targets__weights_frozen_and_put_back(teacher, images, temperature):
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    flags = [(weight, weight.requires_grad) for weight in teacher.parameters()]
    teacher.eval().requires_grad_(False)
    scores = teacher(images.detach())
    for weight, flag in flags:
        weight.requires_grad_(flag)
    for part, mode in modes:
        part.training = mode
    return nn.Softmax(dim=1)(scores / temperature)
