"""Assignment a2: the text's examples, mistakes in pairs, answers that nearly keep the contract."""

import math

import pytest
import torch
from classroom import as_in_the_notebook
from torch import nn
from torch.nn import functional as F

from effcv_lab.grading.a2_distillation import CHECKS


def full(name, function, seeds=range(3)):
    """Say whether a function scores full when it counts, for every seed."""
    return all(CHECKS[name].check(function, seed, 1.0, hidden=True).points == 1 for seed in seeds)


def catalogued(name, mistake):
    """Return a mistake of the catalogue as a student would have written it."""
    found = next(m for m in CHECKS[name].misconceptions if m.name == mistake)
    return as_in_the_notebook("a2_distillation", found.version)


# --- the numbers worked out by hand in the text

TWO = torch.tensor([[0.0, math.log(9)]])


def test_the_examples_by_hand_are_right():
    soft_targets, kd_loss, kd_weight, hint_loss = (check.reference for check in CHECKS.values())
    pixels = TWO.view(1, 1, 1, 2)
    assert soft_targets(nn.Flatten(), pixels, 1)[0].tolist() == pytest.approx([0.1, 0.9])
    assert soft_targets(nn.Flatten(), pixels, 2)[0].tolist() == pytest.approx([0.25, 0.75])
    divergence = kd_loss(torch.zeros(1, 2), TWO, torch.tensor([1]), 2, 1.0).item()
    assert divergence == pytest.approx(0.5232, abs=5e-5)
    assert divergence / 4 == pytest.approx(0.1308, abs=5e-5)
    mixed = kd_loss(torch.zeros(1, 2), TWO, torch.tensor([1]), 2, 0.5).item()
    assert mixed == pytest.approx(0.6082, abs=6e-5)
    assert [kd_weight(epoch, 2, 0.9) for epoch in range(4)] == [0.9, 0.9, 0.0, 0.0]
    student, teacher = torch.tensor([[1.0, 2], [0, 1]]), torch.tensor([[2.0, 2], [1, 2]])
    assert hint_loss(student, teacher, lambda x: 2 * x).item() == 1.25


def test_numbers_that_messages_promise_are_right():
    twice = F.cross_entropy(torch.softmax(torch.tensor([[0.0, 20.0]]), 1), torch.tensor([1]))
    assert twice.item() == pytest.approx(0.31, abs=0.005)
    assert math.log(1e-8) == pytest.approx(-18.4, abs=0.05)
    assert torch.softmax(torch.tensor([200.0, 0.0]), dim=0).log()[1] == -math.inf
    assert torch.exp(torch.tensor(89.0)) == math.inf


# --- mistakes that differ from the catalogue's, or come in pairs


def ask(before=lambda t: None, after=lambda t: None, soften=lambda v, t: v / t, eval_mode=True):
    def soft_targets(teacher, images, temperature):
        if temperature <= 0:
            raise ValueError("T")
        modes = [(part, part.training) for part in teacher.modules()]
        if eval_mode:
            teacher.eval()
        before(teacher)
        probs = torch.softmax(soften(teacher(images).detach(), temperature), dim=1)
        for part, mode in modes:
            part.training = mode
        after(teacher)
        return probs

    return soft_targets


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (ask(eval_mode=False), ["teacher in training mode"]),
        (ask(after=lambda t: t.eval()), ["left in eval mode"]),
        (ask(after=lambda t: t.train()), ["left in training mode"]),
        (
            ask(after=lambda t: t.eval(), soften=lambda v, t: v),
            ["temperature left out", "left in eval mode"],
        ),
        (ask(before=lambda t: t.requires_grad_(False)), ["weights frozen for good"]),
    ],
)
def test_a_trace_left_on_the_teacher_is_named_however_it_came_about(wrong, names):
    outcome = CHECKS["soft_targets"].check(wrong, seed=5, points=4, hidden=True)
    assert outcome.misconceptions == names and outcome.points < 4, outcome.text


def test_the_text_says_which_layer_was_left_in_which_mode():
    text = CHECKS["soft_targets"].check(ask(after=lambda t: t.train()), seed=5).text
    assert "the teacher itself was in eval mode, is in train mode" in text
    text = CHECKS["soft_targets"].check(ask(eval_mode=False), seed=5).text
    assert "running_mean` was changed" in text


def kd(teacher=lambda v: v.detach(), square=lambda t: t**2, lowest=0.0, most=math.inf, floor=0.0):
    def kd_loss(student_logits, teacher_logits, labels, temperature, alpha):
        if temperature <= lowest:
            raise ValueError("T")
        t = min(temperature, most)
        log_q = F.log_softmax(student_logits / t, dim=1)
        if floor:
            log_q = log_q.clamp_min(math.log(floor))
        p = F.softmax(teacher(teacher_logits) / t, dim=1)
        soft = F.kl_div(log_q, p, reduction="batchmean")
        return (1 - alpha) * F.cross_entropy(student_logits, labels) + alpha * square(t) * soft

    return kd_loss


def test_two_mistakes_in_one_loss_are_both_named():
    wrong = kd(teacher=lambda v: v, square=lambda t: 1)
    outcome = CHECKS["kd_loss"].check(wrong, seed=5)
    assert outcome.misconceptions == ["t squared missing", "gradient into the teacher"]


def test_cross_entropy_instead_of_divergence_keeps_the_gradient_and_is_told_so():
    wrong = catalogued("kd_loss", "cross entropy instead of divergence")
    outcome = CHECKS["kd_loss"].check(wrong, seed=5, points=6, hidden=True)
    kept = {f.promise.text for f in outcome.findings if f.kept}
    assert "the student gets its gradient" in kept and "entropy" in outcome.text
    assert 2 < outcome.points < 6


def test_an_answer_that_is_never_returned_is_not_taken_for_a_number():
    outcome = CHECKS["kd_loss"].check(lambda *args: None, seed=5)
    assert outcome.points == 0 and "number taken out" not in outcome.misconceptions
    assert "is a `return` missing?" in outcome.text and "NoneType" not in outcome.text


def through_the_labels(student_logits, teacher_logits, labels, temperature, alpha):
    loss = kd()(student_logits, teacher_logits, labels, temperature, alpha)
    labels.clamp_(max=0)
    return loss


def without_the_labels_gradient(student_logits, teacher_logits, labels, temperature, alpha):
    hard = (1 - alpha) * F.cross_entropy(student_logits, labels)
    loss = kd()(student_logits, teacher_logits, labels, temperature, alpha)
    return loss - hard + hard.detach()


def its_own_regressor(student_features, teacher_features, regressor):
    if regressor(student_features).shape != teacher_features.shape:
        raise ValueError("shapes")
    gap = student_features.flatten(1).mean(1) - teacher_features.detach().flatten(1).mean(1)
    return gap.square().mean() / 2


@pytest.mark.parametrize(
    "wrong",
    [
        ("kd_loss", through_the_labels),
        ("kd_loss", without_the_labels_gradient),
        ("hint_loss", its_own_regressor),
    ],
    ids=lambda pair: pair[1].__name__,
)
def test_a_mistake_that_would_break_what_is_kept_is_not_named(wrong):
    name, function = wrong
    outcome = CHECKS[name].check(function, seed=3)
    assert outcome.points < 1 and outcome.misconceptions == [], outcome.text


# --- what is nearly right is not right, what is right is not wrong


def no_shape_but_maps(student_features, teacher_features, regressor):
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("shapes")
    gap = translated - teacher_features.detach()
    return gap.square().sum(dim=(1, 2, 3) if gap.ndim == 4 else 1).mean() / 2


def in_float32(student_features, teacher_features, regressor):
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("shapes")
    gap = (translated - teacher_features.detach()).float()
    return gap.square().flatten(1).sum(dim=1).mean() / 2


NEARLY = {
    "refuses T below 1": ("kd_loss", kd(lowest=0.9)),
    "caps T": ("kd_loss", kd(most=100.0)),
    "clamps probabilities": ("kd_loss", kd(floor=1e-7)),
    "features in float32": ("hint_loss", in_float32),
    "never below a tenth": ("kd_weight", lambda e, s, a: max(a, 0.1) if e < s else 0.0),
    "in train mode for one image": (
        "soft_targets",
        ask(soften=lambda v, t: v / min(t, 100)),
    ),
}


@pytest.mark.parametrize(("name", "function"), NEARLY.values(), ids=NEARLY)
def test_what_keeps_the_contract_only_nearly_scores_below_full_when_it_counts(name, function):
    for seed in range(3):
        assert CHECKS[name].check(function, seed, 4.0, hidden=True).points < 4


RIGHT = {
    "the soft targets with detach": ("soft_targets", ask()),
    "the loss": ("kd_loss", kd()),
    "the loss with a product": ("kd_loss", kd(square=lambda t: t * t)),
    "features of two or four axes": ("hint_loss", no_shape_but_maps),
    "0 and not 0.0": ("kd_weight", lambda epoch, stop, alpha: alpha if epoch < stop else 0),
}


@pytest.mark.parametrize(("name", "function"), RIGHT.values(), ids=RIGHT)
def test_what_the_mistakes_above_are_made_of_is_right_without_them(name, function):
    assert full(name, function)


def test_gradients_switched_off_by_a_cell_or_by_an_answer_do_not_spoil_the_next_check():
    culprit = catalogued("soft_targets", "gradients off for everybody")
    assert CHECKS["soft_targets"].check(culprit, seed=0).points > 0.5
    assert torch.is_grad_enabled()
    with torch.no_grad():
        assert full("kd_loss", kd(), seeds=[0])
