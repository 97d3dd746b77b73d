"""Distillation: each test is one promise of ``effcv_lab.distillation``."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn
from torch.nn import functional as F
from torchdistill.losses.mid_level import KDLoss

from effcv_lab.data import digits
from effcv_lab.distillation import (
    DistillationLoss,
    HintedStudent,
    HintLoss,
    RepresentationLoss,
    distill_chain,
    early_stopped,
    hint_loss,
    hint_regressor,
    kd_loss,
    kd_terms,
    kd_weight,
    soft_targets,
    up_to,
)
from effcv_lab.models import mlp, small_cnn
from effcv_lab.replicates import fit_replicates
from effcv_lab.soft_targets import soft_gradient
from effcv_lab.training import TrainConfig, cross_entropy, fit, seed_everything

TEMPERATURES = [0.5, 1.0, 4.0, 100.0]
IN_SHAPE = (1, 8, 8)


def random_logits(rows, classes=10, seed=0, size=4.0):
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(rows, classes, generator=generator, dtype=torch.float64)


def batch(rows=6, classes=10):
    """Return the logits of a student (with gradient) and of a teacher, and labels."""
    labels = torch.arange(rows) * 3 % classes
    return random_logits(rows, classes, 1).requires_grad_(), random_logits(rows, classes, 2), labels


def tiny_mlp():
    return mlp((12,), IN_SHAPE)


def noisy_teacher():
    """Build a teacher with BatchNorm and dropout, which answers otherwise while it trains."""
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 10)
    )  # fmt: skip


@pytest.fixture(scope="module")
def data():
    train, validation, _ = digits()
    return train.per_class(12), validation.per_class(8)


# --------------------------------------------------------------------------------- the two losses


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_loss_and_its_gradient_are_those_of_torchdistill(temperature, alpha):
    student, teacher, labels = batch()
    theirs = KDLoss("s", "output", "t", "output", temperature=temperature, alpha=1 - alpha)
    expected = theirs({"s": {"output": student}}, {"t": {"output": teacher}}, labels)
    loss = kd_loss(student, teacher, labels, temperature, alpha)
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, student)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, student)[0])


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_soft_term_is_the_sum_in_the_paper_written_out(temperature):
    student, teacher, labels = batch()
    z, v = student.detach().numpy() / temperature, teacher.numpy() / temperature
    q, p = (np.exp(s) / np.exp(s).sum(axis=1, keepdims=True) for s in (z, v))
    expected = temperature**2 * (p * np.log(p / q)).sum(axis=1).mean()
    assert kd_terms(student, teacher, labels, temperature).soft.item() == pytest.approx(expected)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_the_gradient_has_the_two_parts_of_the_closed_form(temperature):
    student, teacher, labels = batch()
    (gradient,) = torch.autograd.grad(kd_loss(student, teacher, labels, temperature, 0.7), student)
    hard = torch.softmax(student, dim=1) - F.one_hot(labels, 10)
    soft = temperature**2 * soft_gradient(student.detach(), teacher, temperature)
    torch.testing.assert_close(gradient, (0.3 * hard + 0.7 * soft) / len(labels))


def test_alpha_zero_is_the_cross_entropy_and_alpha_one_never_looks_at_the_labels():
    student, teacher, labels = batch()
    torch.testing.assert_close(
        kd_loss(student, teacher, labels, 4.0, 0.0), F.cross_entropy(student, labels)
    )
    other = (labels + 1) % 10
    torch.testing.assert_close(
        kd_loss(student, teacher, labels, 4.0, 1.0), kd_loss(student, teacher, other, 4.0, 1.0)
    )


def test_a_student_that_equals_its_teacher_up_to_a_constant_has_nothing_left_to_learn_from_it():
    _, teacher, labels = batch()
    student = (teacher + 1000).requires_grad_()
    loss = kd_loss(student, teacher, labels, 4.0, 1.0)
    (gradient,) = torch.autograd.grad(loss, student)
    assert loss.item() == pytest.approx(0, abs=1e-10)
    assert gradient.abs().max().item() < 1e-10


def test_a_teacher_that_is_sure_of_the_label_at_t_one_is_the_label():
    student, _, labels = batch()
    certain = 1000.0 * F.one_hot(labels, 10).double()
    torch.testing.assert_close(
        kd_terms(student, certain, labels, 1.0).soft, F.cross_entropy(student, labels)
    )


def test_at_a_large_temperature_the_soft_term_matches_centred_logits():
    student, teacher, labels = batch()
    difference = (student - teacher).detach()
    difference = difference - difference.mean(dim=1, keepdim=True)
    limit = difference.square().mean(dim=1).mean() / 2
    soft = kd_terms(student, teacher, labels, 1e4).soft
    torch.testing.assert_close(soft.detach(), limit, rtol=1e-3, atol=0)


def test_no_gradient_reaches_the_teachers_logits():
    student, teacher, labels = batch()
    teacher.requires_grad_()
    kd_loss(student, teacher, labels, 4.0, 0.9).backward()
    assert teacher.grad is None and student.grad.abs().max() > 0


def test_huge_logits_are_no_trouble():
    student, teacher, labels = batch()
    for T in (0.5, 1.0, 1000.0):
        loss = kd_loss(1e4 * student.float(), 1e4 * teacher.float(), labels, T, 0.5)
        assert loss.isfinite()


@pytest.mark.parametrize(
    ("temperature", "alpha", "message"),
    [
        (0, 0.5, "temperature must be a finite number > 0, got 0"),
        (-1.0, 0.5, "temperature"),
        (float("nan"), 0.5, "temperature"),
        (4.0, 1.5, r"alpha must be a number in \[0, 1\], got 1.5"),
        (4.0, -0.1, "alpha"),
    ],
)
def test_a_temperature_or_weight_that_is_none_is_refused(temperature, alpha, message):
    with pytest.raises(ValueError, match=message):
        kd_loss(*batch(), temperature, alpha)
    with pytest.raises(ValueError, match=message):
        DistillationLoss(nn.Flatten(), temperature, alpha)


def test_logits_of_two_shapes_are_refused():
    student, teacher, labels = batch()
    with pytest.raises(ValueError, match=r"got \(6, 10\) and \(5, 10\)"):
        kd_loss(student, teacher[:5], labels, 4.0, 0.5)
    with pytest.raises(ValueError, match=r"\(B, K\)"):
        kd_loss(student[0], teacher[0], labels[:1], 4.0, 0.5)


# ------------------------------------------------------------------------------------ the teacher


@pytest.mark.parametrize("training", [True, False])
def test_soft_targets_are_the_teachers_softmax_in_eval_mode_and_leave_no_trace(training):
    teacher = noisy_teacher().train(training)
    teacher[4].train(not training)  # a part with a mode of its own keeps it
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    modes = [module.training for module in teacher.modules()]
    images = torch.rand(7, *IN_SHAPE)
    probs = soft_targets(teacher, images, temperature=3.0)
    assert not probs.requires_grad
    assert [module.training for module in teacher.modules()] == modes
    for name, value in teacher.state_dict().items():
        assert torch.equal(value, before[name]), name
    teacher.eval()
    torch.testing.assert_close(probs, torch.softmax(teacher(images) / 3.0, dim=1).detach())


@pytest.mark.parametrize("temperature", [0, -2.0, float("inf")])
def test_soft_targets_refuse_a_temperature_that_is_none(temperature):
    with pytest.raises(ValueError, match="temperature must be"):
        soft_targets(nn.Flatten(), torch.rand(2, 1, 1, 3), temperature)


def losses_of(teacher):
    """Return every loss that asks a teacher, with the model that it trains."""
    thin, wide = small_cnn((4, 4)), small_cnn((6, 8))
    regressor = hint_regressor(thin, wide, "block1", "block1", IN_SHAPE)
    return [
        (DistillationLoss(teacher), nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), teacher),
        (RepresentationLoss(teacher, "1"), nn.Sequential(nn.Flatten(), nn.Linear(64, 16)), teacher),
        (HintLoss(wide, "block1", "block1"), HintedStudent(thin, regressor), wide),
    ]


@pytest.mark.parametrize("which", range(3))
def test_a_loss_changes_nothing_in_its_teacher(which):
    loss, model, teacher = losses_of(noisy_teacher())[which]
    teacher.train()
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    value = loss(model, torch.rand(5, *IN_SHAPE), torch.arange(5))
    value.backward()
    assert value.ndim == 0
    assert all(module.training for module in teacher.modules())
    assert all(p.grad is None and p.requires_grad for p in teacher.parameters())
    for name, kept in teacher.state_dict().items():
        assert torch.equal(kept, before[name]), name
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


def test_the_loss_of_a_batch_is_kd_loss_of_the_teachers_answers_in_eval_mode():
    teacher, student = noisy_teacher(), tiny_mlp()
    images, labels = torch.rand(9, *IN_SHAPE), torch.arange(9)
    loss = DistillationLoss(teacher.train(), temperature=3.0, alpha=0.6)(student, images, labels)
    expected = kd_loss(student(images), teacher.eval()(images), labels, 3.0, 0.6)
    torch.testing.assert_close(loss, expected)


def test_at_alpha_zero_the_teacher_is_not_asked():
    def never(*_inputs):
        raise AssertionError("asked")

    teacher = nn.Flatten()
    teacher.register_forward_pre_hook(never)
    images, labels, student = torch.rand(4, *IN_SHAPE), torch.arange(4), tiny_mlp()
    loss = DistillationLoss(teacher, alpha=0.0)(student, images, labels)
    assert torch.equal(loss, cross_entropy(student, images, labels))


# ----------------------------------------------------------------------------- side by side, over time


def make_loss(name):
    teacher = noisy_teacher()
    kd = DistillationLoss(teacher, temperature=3.0, alpha=0.8)
    return {
        "kd": kd,
        "stopped": early_stopped(kd, stop_epoch=1),
        "representation": RepresentationLoss(mlp((12,), IN_SHAPE), "hidden1", weight=0.1),
    }[name]


@pytest.mark.parametrize("name", ["kd", "stopped", "representation"])
def test_nets_side_by_side_are_distilled_as_one_after_another(name, data):
    train, validation = data
    config = TrainConfig(epochs=3, batch_size=32)
    torch.manual_seed(0)
    loss = make_loss(name)
    both = fit_replicates(
        tiny_mlp, train, validation, config, [0, 4], batch_loss=loss, progress=False
    )
    for r, seed in enumerate((0, 4)):
        seed_everything(seed)
        alone = tiny_mlp()
        history = fit(
            alone, train, validation, replace(config, seed=seed), batch_loss=loss, progress=False
        )
        for mine, theirs in zip(both.histories[r].epochs, history.epochs, strict=True):
            assert mine.train_loss == pytest.approx(theirs.train_loss, rel=1e-4)
        weights = both.model(r).state_dict()
        for key, value in alone.state_dict().items():
            torch.testing.assert_close(weights[key], value, rtol=1e-3, atol=1e-4)


def test_hinted_nets_train_side_by_side_too(data):
    train, validation = data
    torch.manual_seed(0)
    teacher = small_cnn((6, 8))

    def build():
        thin = small_cnn((4, 4))
        return HintedStudent(thin, hint_regressor(thin, teacher, "block1", "block1", IN_SHAPE))

    loss, config = HintLoss(teacher, "block1", "block1"), TrainConfig(epochs=1, batch_size=32)
    both = fit_replicates(build, train, validation, config, [0, 4], batch_loss=loss, progress=False)
    seed_everything(4)
    history = fit(
        build(), train, validation, replace(config, seed=4), batch_loss=loss, progress=False
    )
    assert both.histories[1].final.train_loss == pytest.approx(history.final.train_loss, rel=1e-3)


@pytest.mark.parametrize(
    ("stop_epoch", "expected"), [(0, [0.0] * 4), (2, [0.9, 0.9, 0.0, 0.0]), (9, [0.9] * 4)]
)
def test_the_weight_is_alpha_before_the_stop_and_zero_from_it_on(stop_epoch, expected):
    weights = [kd_weight(epoch, stop_epoch, 0.9) for epoch in range(4)]
    assert weights == expected and all(type(weight) is float for weight in weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((-1, 2, 0.5), "epoch"), ((0, -2, 0.5), "stop_epoch"), ((0, 2, 1.1), "alpha")],
)
def test_epochs_and_weight_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        kd_weight(*arguments)


def test_an_early_stopped_run_is_distillation_first_and_then_the_labels_alone(data):
    train, validation = data
    kd = DistillationLoss(noisy_teacher(), temperature=3.0, alpha=0.8)
    asked = []

    class Watched:
        def __init__(self, loss):
            self.loss = loss

        def start_epoch(self, epoch):
            asked.append(epoch)
            self.loss.start_epoch(epoch)

        def __call__(self, student, images, labels):
            value = self.loss(student, images, labels)
            wanted = kd if asked[-1] < 2 else cross_entropy
            torch.testing.assert_close(value, wanted(student, images, labels))
            return value

    loss = Watched(early_stopped(kd, stop_epoch=2))
    for _run in range(2):  # it starts anew each time
        fit(tiny_mlp(), train, validation, TrainConfig(epochs=4), batch_loss=loss, progress=False)
    assert asked == [0, 1, 2, 3] * 2


def test_a_stop_before_the_start_is_refused():
    with pytest.raises(ValueError, match="stop_epoch must be a whole number >= 0, got -1"):
        early_stopped(DistillationLoss(nn.Flatten()), -1)


def test_a_chain_hands_knowledge_on_from_net_to_net(data):
    train, validation = data
    config = TrainConfig(epochs=2, seed=3)
    torch.manual_seed(0)
    teacher = noisy_teacher()
    sizes = [lambda: mlp((20,), IN_SHAPE), lambda: mlp((6,), IN_SHAPE)]
    links = distill_chain(
        teacher, sizes, train, validation, config, temperature=2.0, alpha=0.7, progress=False
    )
    previous = teacher
    for (model, history), build in zip(links, sizes, strict=True):
        seed_everything(3)
        expected = build()
        loss = DistillationLoss(previous, 2.0, 0.7)
        again = fit(expected, train, validation, config, batch_loss=loss, progress=False)
        assert history.final.train_loss == again.final.train_loss
        for mine, theirs in zip(model.parameters(), expected.parameters(), strict=True):
            assert torch.equal(mine, theirs)
        previous = model


def test_a_chain_without_links_is_refused(data):
    with pytest.raises(ValueError, match="builds must hold at least one"):
        distill_chain(noisy_teacher(), [], *data, TrainConfig(epochs=1))


# -------------------------------------------------------------------------------------------- hints


def test_the_hint_loss_is_torchs_squared_error_halved_and_averaged_over_images():
    torch.manual_seed(0)
    guided, hints = torch.rand(5, 3, 4, 4, requires_grad=True), torch.rand(5, 6, 4, 4)
    regressor = nn.Conv2d(3, 6, 1)
    expected = F.mse_loss(regressor(guided), hints, reduction="sum") / 2 / 5
    torch.testing.assert_close(hint_loss(guided, hints, regressor), expected)


def test_the_hint_loss_is_smallest_at_sklearns_regression():
    torch.manual_seed(0)
    guided = torch.rand(8, 3, 4, 4, dtype=torch.float64)
    hints = torch.rand(8, 6, 4, 4, dtype=torch.float64)
    rows = [t.permute(0, 2, 3, 1).flatten(0, 2).numpy() for t in (guided, hints)]
    solved = LinearRegression().fit(*rows)
    best = nn.Conv2d(3, 6, 1, dtype=torch.float64)
    with torch.no_grad():
        best.weight.copy_(torch.tensor(solved.coef_)[:, :, None, None])
        best.bias.copy_(torch.tensor(solved.intercept_))
    loss = hint_loss(guided, hints, best)
    residual = ((solved.predict(rows[0]) - rows[1]) ** 2).sum() / 2 / 8
    assert loss.item() == pytest.approx(residual)
    loss.backward()
    assert best.weight.grad.abs().max() < 1e-10 and best.bias.grad.abs().max() < 1e-10


def test_hints_reach_the_student_and_the_regressor_but_not_the_teacher():
    guided, hints = (torch.rand(2, 3, 2, 2, requires_grad=True) for _ in range(2))
    regressor = nn.Conv2d(3, 3, 1)
    hint_loss(guided, hints, regressor).backward()
    assert hints.grad is None
    assert guided.grad.abs().max() > 0 and regressor.weight.grad.abs().max() > 0


def test_features_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 6\), got \(2, 3\)"):
        hint_loss(torch.rand(2, 3), torch.rand(2, 6), nn.Identity())


def test_stage_one_trains_up_to_the_guided_layer_and_the_regressor_and_nothing_else(data):
    torch.manual_seed(0)
    teacher, thin = small_cnn((6, 8, 8)), small_cnn((4, 4, 4))
    model = HintedStudent(thin, hint_regressor(thin, teacher, "block2", "block2", IN_SHAPE))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    loss = HintLoss(teacher, hint_layer="block2", guided_layer="block2")
    history = fit(model, *data, TrainConfig(epochs=3), batch_loss=loss, progress=False)
    changed = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    parts = {".".join(name.split(".")[:2]) for name in changed}
    assert parts == {"student.block1", "student.block2", "regressor.weight", "regressor.bias"}
    assert history.final.train_loss < history.epochs[0].train_loss
    assert not any("regressor" in name for name, _ in model.student.named_modules())
    images = data[1].images
    assert torch.equal(model(images), model.student(images))


def test_the_hint_is_what_the_teachers_layer_puts_out_in_eval_mode():
    torch.manual_seed(0)
    teacher, thin = small_cnn((6, 8)).train(), small_cnn((4, 4)).eval()
    model = HintedStudent(thin, hint_regressor(thin, teacher, "block1", "block1", IN_SHAPE))
    images = torch.rand(5, *IN_SHAPE)
    loss = HintLoss(teacher, "block1", "block1")(model, images, None)
    hints = teacher.eval().get_submodule("block1")(teacher.get_submodule("layout")(images))
    expected = (model.regressor(up_to(thin, "block1")(images)) - hints).square().sum() / 2 / 5
    torch.testing.assert_close(loss, expected)


def test_a_regressor_joins_layers_of_one_height_and_width_only():
    thin, wide = small_cnn((4, 5, 4)), small_cnn((6, 8))
    regressor = hint_regressor(thin, wide, "block1", "block1", IN_SHAPE)
    assert (regressor.in_channels, regressor.out_channels, regressor.kernel_size) == (4, 6, (1, 1))
    with pytest.raises(ValueError, match="agree in height and width, got 14x14 and 28x28"):
        hint_regressor(thin, nn.Sequential(nn.Conv2d(1, 3, 1)), "block1", "0", (1, 28, 28))
    with pytest.raises(ValueError, match="hint_layer must put out feature maps"):
        hint_regressor(thin, wide, "block1", "flatten", IN_SHAPE)


def test_making_a_regressor_leaves_both_nets_as_they_were():
    thin, wide = small_cnn((4, 4)).train(), small_cnn((6, 8)).train()
    before = {name: value.clone() for name, value in thin.state_dict().items()}
    hint_regressor(thin, wide, "block1", "block1", IN_SHAPE)
    assert all(module.training for module in [*thin.modules(), *wide.modules()])
    assert all(torch.equal(value, before[name]) for name, value in thin.state_dict().items())


def test_a_layer_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"layer must be one of \['flatten', .* got 'block1'"):
        HintLoss(tiny_mlp(), "block1", "hidden1")
    with pytest.raises(ValueError, match="Sequential of named parts, got Linear"):
        up_to(nn.Linear(1, 1), "head")


# ------------------------------------------------------------------------------------ encodings


def test_the_representation_loss_adds_half_the_squared_distance_of_the_encodings():
    torch.manual_seed(0)
    teacher, student = tiny_mlp(), tiny_mlp()
    images, labels = torch.rand(6, *IN_SHAPE), torch.arange(6)
    loss = RepresentationLoss(teacher, "relu1", weight=0.3)(student, images, labels)
    distance = up_to(teacher, "relu1")(images) - up_to(student, "relu1")(images)
    expected = F.cross_entropy(student(images), labels) + 0.3 * distance.square().sum() / 2 / 6
    torch.testing.assert_close(loss, expected)


def test_the_representation_loss_runs_the_student_once():
    runs = []
    student = tiny_mlp()
    student.register_forward_pre_hook(lambda *_: runs.append(1))
    loss = RepresentationLoss(tiny_mlp(), "hidden1")
    loss(student, torch.rand(2, *IN_SHAPE), torch.arange(2)).backward()
    assert runs == [1]
    assert not student.get_submodule("hidden1")._forward_hooks


def test_a_weight_below_zero_is_refused():
    with pytest.raises(ValueError, match="weight must be a finite number >= 0, got -1"):
        RepresentationLoss(tiny_mlp(), "hidden1", weight=-1)
