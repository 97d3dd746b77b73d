"""Right answers to assignment a1, each written differently: all of them must score full.

``<function>__<how>`` is an answer to ``<function>``. Each uses only torch, F and math, like a cell
of the assignment.
"""

import math

import torch
from torch.nn import functional as F


def softmax_with_temperature__through_logsumexp(logits, temperature):
    if temperature <= 0:
        raise ValueError(f"temperature must be > 0, got {temperature}")
    scaled = logits / temperature
    return torch.exp(scaled - torch.logsumexp(scaled, dim=1, keepdim=True))


def softmax_with_temperature__row_by_row(logits, temperature):
    if not temperature > 0:
        raise ValueError("temperature")
    rows = []
    for row in logits:
        top = max(row.tolist())
        powers = [math.exp((score - top) / temperature) for score in row.tolist()]
        rows.append([power / sum(powers) for power in powers])
    return torch.tensor(rows, dtype=logits.dtype)


def softmax_with_temperature__categorical(logits, temperature):
    if temperature <= 0:
        raise ValueError("T must be positive")
    return torch.distributions.Categorical(logits=logits / temperature).probs


def softmax_with_temperature__double_inside(logits, temperature):
    if temperature <= 0:
        raise ValueError("T must be positive")
    scores = logits.double()
    scores = scores - scores.max(dim=-1, keepdim=True)[0]
    powers = (scores / temperature).exp()
    return (powers / powers.sum(-1, keepdim=True)).to(logits.dtype)


def softmax_with_temperature__one_line(logits, temperature):
    if temperature <= 0:
        raise ValueError
    return F.softmax(logits.div(temperature), dim=-1)


def entropy__xlogy(probs):
    return -torch.special.xlogy(probs, probs).sum(dim=1)


def entropy__categorical(probs):
    return torch.distributions.Categorical(probs=probs).entropy()


def entropy__masked(probs):
    terms = torch.zeros_like(probs)
    positive = probs > 0
    terms[positive] = probs[positive] * torch.log(probs[positive])
    return terms.sum(1).neg()


def entropy__loops(probs):
    values = []
    for row in probs:
        total = 0.0
        for p in row.tolist():
            if p > 0:
                total -= p * math.log(p)
        values.append(total)
    return torch.tensor(values, dtype=probs.dtype)


def entropy__clamped(probs):
    tiny = torch.finfo(probs.dtype).tiny
    return -torch.einsum("bk,bk->b", probs, probs.clamp(min=tiny).log())


def temperature_for_entropy__bisection_in_log_t(logits, target_entropy):
    if target_entropy <= 0 or target_entropy >= math.log(len(logits)):
        raise ValueError("no temperature has this entropy")
    low, high = math.log(1e-8), math.log(1e8)
    for _ in range(100):
        middle = (low + high) / 2
        probs = F.softmax(logits / math.exp(middle), dim=0)
        if torch.special.entr(probs).sum() > target_entropy:
            high = middle
        else:
            low = middle
    return math.exp((low + high) / 2)


def temperature_for_entropy__doubling_first(logits, target_entropy):
    def entropy_at(temperature):
        probs = torch.softmax(logits.double() / temperature, dim=-1)
        return torch.distributions.Categorical(probs=probs).entropy().item()

    if not 0 < target_entropy < math.log(logits.numel()):
        raise ValueError("target_entropy must be strictly between 0 and ln K")
    low = high = 1.0
    while entropy_at(high) < target_entropy:
        high *= 2
    while entropy_at(low) > target_entropy:
        low /= 2
    while abs(entropy_at((low + high) / 2) - target_entropy) > 1e-6:
        if entropy_at((low + high) / 2) < target_entropy:
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    return (low + high) / 2


def temperature_for_entropy__newton(logits, target_entropy):
    """Newton's method in ln T, where dH / d ln T is the variance of the scaled scores."""
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("target_entropy must be strictly between 0 and ln K")
    scores = (logits - logits.max()).double()
    low, high = math.log(1e-9), math.log(1e9)
    log_t = 0.0
    for _ in range(200):
        scaled = scores / math.exp(log_t)
        probs = torch.softmax(scaled, dim=0)
        gap = torch.special.entr(probs).sum().item() - target_entropy
        low, high = (log_t, high) if gap < 0 else (low, log_t)
        mean = (probs * scaled).sum()
        slope = (probs * (scaled - mean) ** 2).sum().item()
        step = gap / slope if slope > 1e-300 else math.inf
        log_t = log_t - step if low < log_t - step < high else (low + high) / 2
    return math.exp(log_t)


def temperature_for_entropy__illinois(logits, target_entropy):
    """The secant method with a bracket (halving the value at an end that stays)."""
    top = math.log(len(logits))
    if target_entropy <= 0 or target_entropy >= top:
        raise ValueError("unreachable entropy")

    def gap(log_t):
        log_probs = torch.log_softmax(logits.double() / math.exp(log_t), dim=0)
        return -(log_probs.exp() * log_probs).sum().item() - target_entropy

    a, b = math.log(1e-7), math.log(1e8)
    at_a, at_b = gap(a), gap(b)
    for _ in range(300):
        c = b - at_b * (b - a) / (at_b - at_a)
        at_c = gap(c)
        if abs(at_c) < 1e-9:
            break
        if at_c * at_b < 0:
            a, at_a = b, at_b
        else:
            at_a /= 2
        b, at_b = c, at_c
    return float(math.exp(c))


def dark_knowledge__one_hot(probs, labels):
    others = probs * (1 - F.one_hot(labels, probs.shape[1]).to(probs.dtype))
    rest = others.sum(dim=1, keepdim=True)
    return torch.where(rest > 0, others / rest, torch.zeros_like(others))


def dark_knowledge__indexed_copy(probs, labels):
    others = probs.clone()
    others[torch.arange(len(probs)), labels] = 0
    rest = others.sum(1)
    rest[rest == 0] = 1
    return others / rest[:, None]


def dark_knowledge__loops(probs, labels):
    table = torch.zeros_like(probs)
    for i, label in enumerate(labels.tolist()):
        wrong = [k for k in range(probs.shape[1]) if k != label]
        rest = sum(probs[i, k].item() for k in wrong)
        for k in wrong:
            table[i, k] = probs[i, k].item() / rest if rest > 0 else 0.0
    return table


def dark_knowledge__normalize(probs, labels):
    classes = torch.arange(probs.shape[1], device=probs.device)
    others = probs.masked_fill(classes == labels.unsqueeze(1), 0)
    return F.normalize(others, p=1, dim=1)


def dark_knowledge__nan_to_num(probs, labels):
    others = probs.scatter(1, labels.view(-1, 1), 0)
    return torch.nan_to_num(others / others.sum(dim=1, keepdim=True), nan=0.0)
