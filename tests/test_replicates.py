"""Replicate r of fit_replicates is what fit makes with seed r, to 1e-5, or there is an error."""

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from effcv_lab import replicates
from effcv_lab.data import ImageSet
from effcv_lab.models import features, mlp, small_cnn, small_resnet
from effcv_lab.replicates import fit_replicates
from effcv_lab.training import (
    TrainConfig,
    TrainingDiverged,
    cross_entropy,
    evaluate,
    fit,
    pick_device,
    predict_logits,
    seed_everything,
)

SEEDS = (3, 0, 11)
CONFIG = TrainConfig(epochs=2, batch_size=16, learning_rate=0.05, momentum=0.9, weight_decay=1e-2)


def toy(count, seed):
    """Three classes told apart by brightness."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    images = torch.rand(count, 1, 8, 8, generator=generator) * 0.4 + 0.3 * labels.view(-1, 1, 1, 1)
    return ImageSet(images, labels, ("dark", "grey", "bright"), "toy", "made here", "MIT")


TRAIN, VALIDATION = toy(41, seed=0), toy(30, seed=1)  # 41 = 16 + 16 + 9: a short last batch


def tiny_mlp():
    return mlp((10,), (1, 8, 8), 3)


def tiny_cnn():
    return small_cnn((4, 8), 1, 3)


def tiny_resnet():
    return small_resnet(4, 2, 1, 3)


def make_teacher():
    seed_everything(99)
    return tiny_cnn().to(pick_device()).eval().requires_grad_(False)


class Distillation:
    """Hinton's loss, written out; kl_div has no rule in vmap, so it also tries the fallback."""

    def __init__(self):
        self.teacher = make_teacher()

    def __call__(self, model, images, labels):
        assert model.training
        student, soft = model(images), (self.teacher(images) / 4).softmax(dim=1)
        divergence = F.kl_div((student / 4).log_softmax(dim=1), soft, reduction="batchmean")
        return 0.1 * F.cross_entropy(student, labels) + 0.9 * 16 * divergence


def smoothed(model, images, labels):
    return F.cross_entropy(model(images), labels, label_smoothing=0.1)


def penalised(model, images, labels):
    """Looks at the weights themselves."""
    size = sum(weight.square().sum() for weight in model.parameters())
    return F.cross_entropy(model(images), labels) + 1e-3 * size


def looking_inside(model, images, labels):
    """Uses hooks, and calls the model twice."""
    head = features(model, images, ["head"])["head"]
    return F.cross_entropy(head, labels) + model(images.flip(-1)).square().mean()


def one_after_another(build, batch_loss=cross_entropy, train=TRAIN, config=CONFIG, seeds=SEEDS):
    models, histories = [], []
    for seed in seeds:
        seed_everything(seed)
        models.append(build())
        own = replace(config, seed=seed)
        histories.append(
            fit(models[-1], train, VALIDATION, own, batch_loss=batch_loss, progress=False)
        )
    return models, histories


def side_by_side(build, batch_loss=cross_entropy, train=TRAIN, config=CONFIG, seeds=SEEDS):
    return fit_replicates(
        build, train, VALIDATION, config, seeds, batch_loss=batch_loss, progress=False
    )


def assert_same(runs, models, histories):
    assert len(runs) == len(models)
    for r, (model, history) in enumerate(zip(models, histories, strict=True)):
        ours = runs.model(r)
        torch.testing.assert_close(ours.state_dict(), model.state_dict(), atol=1e-5, rtol=1e-5)
        assert runs.histories[r].config == history.config
        assert runs.histories[r].device == history.device
        for mine, theirs in zip(runs.histories[r].epochs, history.epochs, strict=True):
            assert mine.epoch == theirs.epoch
            assert mine.train_loss == pytest.approx(theirs.train_loss, abs=1e-5)
            assert mine.val_loss == pytest.approx(theirs.val_loss, abs=1e-5)
            assert mine.val_accuracy == theirs.val_accuracy


@pytest.mark.parametrize("build", [tiny_mlp, tiny_cnn, tiny_resnet], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "make_loss",
    [lambda: cross_entropy, Distillation, lambda: smoothed, lambda: penalised,
     lambda: looking_inside],
    ids=["cross_entropy", "distillation", "smoothed", "penalised", "looking_inside"],
)  # fmt: skip
def test_each_replicate_equals_fit_with_its_seed(build, make_loss):
    batch_loss = make_loss()
    assert_same(side_by_side(build, batch_loss), *one_after_another(build, batch_loss))


@pytest.mark.parametrize(
    "change",
    [{"momentum": 0.0}, {"weight_decay": 0.0}, {"batch_size": 100}, {"batch_size": 40},
     {"epochs": 3, "learning_rate": 0.2}],
    ids=str,
)  # fmt: skip
def test_every_setting_means_what_it_means_in_fit(change):
    config = replace(CONFIG, **change)
    ours = side_by_side(tiny_mlp, config=config)
    assert_same(ours, *one_after_another(tiny_mlp, config=config))


def test_one_replicate_is_allowed():
    assert_same(side_by_side(tiny_cnn, seeds=[5]), *one_after_another(tiny_cnn, seeds=[5]))


def test_seed_of_the_config_is_not_used():
    first = side_by_side(tiny_mlp, config=replace(CONFIG, seed=1))
    second = side_by_side(tiny_mlp, config=replace(CONFIG, seed=2))
    assert torch.equal(first.logits(VALIDATION.images), second.logits(VALIDATION.images))


def test_a_curriculum_gives_each_epoch_its_own_images():
    def curriculum(epoch):
        return TRAIN.subset(range(20)) if epoch == 0 else TRAIN

    ours = side_by_side(tiny_mlp, train=curriculum)
    assert_same(ours, *one_after_another(tiny_mlp, train=curriculum))
    plain = side_by_side(tiny_mlp)
    assert plain.histories[0].epochs[0].train_loss != ours.histories[0].epochs[0].train_loss


def test_a_grid_trains_each_replicate_on_its_own_images_and_may_repeat_a_seed():
    dimmer = replace(TRAIN, images=0.9 * TRAIN.images)
    mixed = [TRAIN.subset(range(40, -1, -1)), dimmer]
    grid = [TRAIN, dimmer, lambda epoch: mixed[epoch], lambda epoch: TRAIN]
    seeds = [3, 3, 3, 11]
    ours = side_by_side(tiny_cnn, train=grid, seeds=seeds)
    models, histories = [], []
    for train, seed in zip(grid, seeds, strict=True):
        model, history = one_after_another(tiny_cnn, train=train, seeds=[seed])
        models += model
        histories += history
    assert_same(ours, models, histories)
    losses = [run.epochs[0].train_loss for run in ours.histories]
    assert len(set(losses)) == 4  # the grid tells its curricula apart


@pytest.mark.parametrize(
    ("grid", "message"),
    [([TRAIN] * 2, "each of the 3 seeds, got 2"),
     ([TRAIN, TRAIN, TRAIN.subset(range(7))], r"equally many images in an epoch, got \[7, 41\]")],
)  # fmt: skip
def test_a_grid_that_does_not_fit_the_seeds_is_refused(grid, message):
    with pytest.raises(ValueError, match=message):
        side_by_side(tiny_mlp, train=grid)


class Odd(nn.Module):
    """Everything that is awkward: frozen, unused and shared weights, a buffer put in anew."""

    def __init__(self):
        super().__init__()
        self.frozen = nn.Linear(64, 8).requires_grad_(False)
        self.unused = nn.Linear(8, 8)
        self.middle = nn.Linear(8, 8)
        self.again = nn.Linear(8, 8)
        self.again.weight = self.middle.weight
        self.head = nn.Linear(8, 3)
        self.register_buffer("running", torch.zeros(8))
        self.register_buffer("passing", torch.rand(8), persistent=False)

    def forward(self, images):
        hidden = self.again(self.middle(self.frozen(images.flatten(1)).relu()).relu())
        if self.training:
            self.running = 0.9 * self.running + 0.1 * hidden.detach().mean(dim=0)
        return self.head(hidden - self.running + self.passing)


def test_frozen_unused_and_shared_weights_and_reassigned_buffers():
    ours, (models, histories) = side_by_side(Odd), one_after_another(Odd)
    assert_same(ours, models, histories)
    alone = ours.model(1)
    assert alone.again.weight is alone.middle.weight
    assert torch.equal(alone.passing, models[1].passing) and alone.running.abs().sum() > 0


def test_logits_are_those_of_each_model_in_eval_mode():
    runs = side_by_side(tiny_cnn)
    ours = runs.logits(VALIDATION.images)
    assert ours.shape == (3, 30, 3) and ours.device.type == "cpu" and not ours.requires_grad
    for r in range(3):
        expected = predict_logits(runs.model(r), VALIDATION.images)
        torch.testing.assert_close(ours[r], expected, atol=1e-5, rtol=1e-5)


def test_batch_size_does_not_change_the_logits():
    runs = side_by_side(tiny_cnn)
    whole = runs.logits(VALIDATION.images)
    for batch_size in (1, 7, 60):
        torch.testing.assert_close(runs.logits(VALIDATION.images, batch_size), whole)


def test_looking_at_the_logits_changes_nothing():
    runs = side_by_side(tiny_cnn)
    before = {name: value.clone() for name, value in runs.model(0).state_dict().items()}
    runs.logits(VALIDATION.images)
    torch.testing.assert_close(runs.model(0).state_dict(), before, atol=0, rtol=0)


def test_a_model_taken_out_is_free_and_ready_to_use():
    runs = side_by_side(tiny_cnn)
    model = runs.model(2)
    assert not model.training and all(p.grad is None for p in model.parameters())
    assert evaluate(model, VALIDATION)[1] == runs.histories[2].final.val_accuracy
    assert not torch.equal(runs.model(1).head.weight, model.head.weight), "a copy of its own"
    expected = runs.logits(VALIDATION.images)
    fit(model, TRAIN, VALIDATION, CONFIG, progress=False)  # it can be trained on
    assert torch.equal(runs.logits(VALIDATION.images), expected)


def test_the_nets_are_trained_in_eval_and_train_mode_at_the_right_times():
    modes = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tiny_mlp()

        def forward(self, images):
            modes.append((self.training, len(images)))
            return self.net(images)

    side_by_side(Spy, config=replace(CONFIG, epochs=1))
    assert modes[:3] == [(True, 16), (True, 16), (True, 9)]
    assert modes[3:] and not any(training for training, _ in modes[3:])


def dropout():
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 3))


def with_torch_noise(model, images, labels):
    return F.cross_entropy(model(images + 0.1 * torch.randn_like(images)), labels)


def with_numpy_noise(model, images, labels):
    return F.cross_entropy(model(images), labels) * np.random.rand()


@pytest.mark.parametrize(
    ("build", "batch_loss"),
    [(dropout, cross_entropy), (tiny_mlp, with_torch_noise), (tiny_mlp, with_numpy_noise)],
    ids=["dropout", "torch noise", "numpy noise"],
)
def test_random_numbers_while_training_are_refused(build, batch_loss):
    with pytest.raises(ValueError, match=r"random numbers .* fit"):
        side_by_side(build, batch_loss)


@pytest.mark.parametrize(
    "batch_loss",
    [
        lambda model, images, labels: model(images).sum() * model(images).mean().item(),
        lambda model, images, labels: model(images).sum() if labels.sum() > 0 else 0,
        lambda model, images, labels: model(images)[labels == 1].sum(),
        lambda model, images, labels: model(images).sum() + model(images).detach().numpy().sum(),
    ],
    ids=["item", "if", "boolean index", "numpy"],
)
def test_what_cannot_run_side_by_side_says_so(batch_loss):
    with pytest.raises(ValueError, match=r"torch\.func\.vmap cannot .* one after another with fit"):
        side_by_side(tiny_mlp, batch_loss)


def test_other_errors_come_through_as_they_are():
    def typo(model, images, labels):
        return F.cross_entropy(model(images[:, :, 1:]), labels)

    with pytest.raises(RuntimeError) as caught:
        side_by_side(tiny_mlp, typo)
    assert "one after another" not in str(caught.value)


@pytest.mark.parametrize(
    "batch_loss",
    [
        lambda model, images, labels: F.cross_entropy(model(images), labels, reduction="none"),
        lambda model, images, labels: 1.0,
    ],
    ids=["vector", "number"],
)
def test_a_loss_that_is_no_scalar_tensor_is_refused(batch_loss):
    with pytest.raises(ValueError, match="batch_loss must return one number"):
        side_by_side(tiny_mlp, batch_loss)


def test_a_run_that_diverges_stops_and_names_the_seed():
    def falling_apart(model, images, labels):
        return model(images).sum().log() * float("nan")

    with pytest.raises(TrainingDiverged, match="seed 3"):
        side_by_side(tiny_mlp, falling_apart)


@pytest.mark.parametrize(
    ("seeds", "error"),
    [([], ValueError), ([1, 1], ValueError), ([-1], ValueError), ([0.5], TypeError)],
)
def test_seeds_must_be_different_whole_numbers(seeds, error):
    with pytest.raises(error, match="seeds"):
        side_by_side(tiny_mlp, seeds=seeds)


def test_nets_that_are_not_alike_are_refused():
    sizes = iter([4, 5, 6])
    with pytest.raises(ValueError, match="alike"):
        side_by_side(lambda: mlp((next(sizes),), (1, 8, 8), 3))
    slopes = iter([0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="alike"):
        side_by_side(lambda: nn.Sequential(tiny_mlp(), nn.LeakyReLU(next(slopes))))


def test_the_same_net_twice_is_refused():
    net = tiny_mlp()
    with pytest.raises(ValueError, match="new model"):
        side_by_side(lambda: net)


def test_a_plain_tensor_that_differs_between_nets_is_refused():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tiny_mlp()
            self.mask = torch.rand(1, 8, 8)

        def forward(self, images):
            return self.net(images * self.mask)

    with pytest.raises(ValueError, match="'mask' with register_buffer"):
        side_by_side(Masked)


def test_shared_time_is_divided_among_the_nets(monkeypatch):
    ticks = itertools.count()  # a clock that ticks whenever it is read: one second for each epoch
    monkeypatch.setattr(replicates, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    histories = side_by_side(tiny_mlp).histories
    assert [history.train_seconds for history in histories] == [pytest.approx(2 / 3)] * 3


def test_batch_size_counts_the_images_of_all_nets_together():
    sizes = []

    def watch(module, inputs):
        sizes.append(len(inputs[0]))

    runs = side_by_side(tiny_mlp)
    runs.template.register_forward_pre_hook(watch)
    runs.logits(VALIDATION.images, batch_size=32)
    assert sizes == [10, 10, 10]


@pytest.mark.parametrize("r", [-1, 3])
def test_there_is_no_replicate_beyond_the_last(r):
    with pytest.raises(ValueError, match=r"r must be a whole number in \[0, 2\]"):
        side_by_side(tiny_mlp, config=replace(CONFIG, epochs=1)).model(r)


def test_training_is_silent_on_stderr(capsys):
    fit_replicates(tiny_cnn, TRAIN, VALIDATION, CONFIG, SEEDS, batch_loss=Distillation())
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_benchmark_prints_the_ratio_of_both_nets_on_this_machine():
    command = [sys.executable, "-m", "tools.bench_replicates", "--replicates", "2"]
    command += ["--repeats", "1", "--images", "20"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
        env=os.environ | {"EFFCV_DEVICE": "cpu"},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0].startswith("cpu: ") and "torch" in lines[0]
    assert [line.split(":")[0] for line in lines[2:]] == [
        "MLP 256-100-100-100-3",
        "conv net 8-16-32",
    ]
    assert all("ratio" in line for line in lines[2:]) and done.stderr == ""
