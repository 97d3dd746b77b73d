"""The loop is checked on a problem small enough to know the answer."""

import dataclasses
import itertools
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from effcv_lab import training
from effcv_lab.data import ImageSet
from effcv_lab.training import (
    History,
    TrainConfig,
    TrainingDiverged,
    budget,
    cross_entropy,
    device_of,
    epoch_seed,
    eval_mode,
    evaluate,
    fit,
    pick_device,
    predict_logits,
    seed_everything,
)

DEVICE = pick_device()  # EFFCV_DEVICE=cuda runs all of this on a GPU


def bright_or_dark(count=64, seed=0):
    """Two classes told apart by the mean pixel; 64 = 24 + 24 + 16 has a short last batch."""
    labels = torch.arange(count) % 2
    noise = torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(seed))
    images = 0.2 * noise + 0.6 * labels.view(-1, 1, 1, 1)
    return ImageSet(images, labels, ("dark", "bright"), "bright or dark", "a test", "MIT")


DATA = bright_or_dark()
SHORT = TrainConfig(epochs=2, batch_size=24)


def linear_model(*between):
    seed_everything(0)
    return nn.Sequential(nn.Flatten(), *between, nn.Linear(16, 2))


def batch_norm_model():
    seed_everything(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))


def quiet_fit(model, train=DATA, config=SHORT, **options):
    return fit(model, train, DATA, config, progress=False, **options)


def loop_by_hand(model, sets, config):
    """Write out what ``fit`` promises, with torch's optimiser and a cosine of our own."""
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    mean_losses = []
    for epoch, image_set in enumerate(sets):
        order = torch.Generator().manual_seed(epoch_seed(config.seed, epoch))
        order = torch.randperm(len(image_set), generator=order)
        steps = math.ceil(len(image_set) / config.batch_size)
        losses = []
        for step in range(steps):
            part = order[step * config.batch_size : (step + 1) * config.batch_size]
            fraction = (epoch * steps + step) / (len(sets) * steps)
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * 0.5 * (1 + math.cos(math.pi * fraction))
            images = image_set.images[part].to(DEVICE)
            logits = model(images)
            labels = image_set.labels[part].to(DEVICE)
            loss = nn.functional.cross_entropy(logits, labels, reduction="none")
            losses += loss.tolist()
            model.zero_grad()
            loss.mean().backward()
            optimizer.step()
        mean_losses.append(sum(losses) / len(losses))
    return mean_losses


# --- fit ---------------------------------------------------------------------------------------


def test_fit_learns_a_separable_problem():
    history = quiet_fit(linear_model(), config=TrainConfig(epochs=20, batch_size=24))
    assert history.final.val_accuracy == 1.0
    assert history.final.train_loss < history.epochs[0].train_loss


@pytest.mark.parametrize("make_model", [linear_model, batch_norm_model])
def test_fit_equals_the_loop_written_by_hand(make_model):
    config = TrainConfig(
        epochs=3, batch_size=24, learning_rate=0.3, momentum=0.8, weight_decay=0.01, seed=5
    )
    ours, by_hand = make_model(), make_model().to(DEVICE)
    history = quiet_fit(ours, config=config)
    losses = loop_by_hand(by_hand, [DATA] * 3, config)
    torch.testing.assert_close(ours.state_dict(), by_hand.state_dict())
    assert [record.train_loss for record in history.epochs] == pytest.approx(losses)


def test_the_learning_rate_is_that_of_torchs_cosine_schedule(monkeypatch):
    seen = []
    step = torch.optim.SGD.step

    def note_the_rate(optimizer, *args, **kwargs):
        seen.append(optimizer.param_groups[0]["lr"])
        return step(optimizer, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.SGD, "step", note_the_rate)
        quiet_fit(linear_model())
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=SHORT.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)
    expected = []
    for _ in range(6):
        expected += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    assert seen == pytest.approx(expected)


def test_train_may_be_a_function_of_the_epoch():
    sets = [bright_or_dark(48, seed=1), bright_or_dark(48, seed=2)]
    asked = []

    def curriculum(epoch):
        asked.append(epoch)
        return sets[epoch]

    ours, by_hand = linear_model(), linear_model().to(DEVICE)
    quiet_fit(ours, curriculum)
    loop_by_hand(by_hand, sets, SHORT)
    assert asked == [0, 1]
    torch.testing.assert_close(ours.state_dict(), by_hand.state_dict())


def test_a_curriculum_may_grow_and_the_learning_rate_still_ends_near_zero():
    biases = []

    def note_the_bias(model):
        biases.append(model[-1].bias[0].item())

    def slope_of_one(model, images, labels):
        return model[-1].bias.sum()

    fit(
        linear_model(),
        lambda epoch: bright_or_dark(16 if epoch == 0 else 64),
        DATA,
        TrainConfig(epochs=2, batch_size=8, momentum=0.0, weight_decay=0.0),
        batch_loss=slope_of_one,
        after_step=note_the_bias,
        progress=False,
    )
    steps = [before - after for before, after in itertools.pairwise(biases)]
    # 2 steps, then 8; the first one has no bias before it to compare with.
    done = [0.25] + [0.5 + 0.5 * step / 8 for step in range(8)]
    expected = [0.1 * 0.5 * (1 + math.cos(math.pi * fraction)) for fraction in done]
    assert steps == pytest.approx(expected, abs=1e-6)


def test_data_move_to_the_device_once_not_every_epoch(monkeypatch):
    moves = []
    move = ImageSet.to
    monkeypatch.setattr(ImageSet, "to", lambda self, d: moves.append(self) or move(self, d))
    train = bright_or_dark(32)
    quiet_fit(linear_model(), train, config=TrainConfig(epochs=4))
    assert [image_set is train for image_set in moves].count(True) == 1
    assert len(moves) == 2  # the other one is the validation set


def test_same_seed_same_run():
    first, second = (quiet_fit(linear_model()) for _ in range(2))
    assert [e.train_loss for e in first.epochs] == [e.train_loss for e in second.epochs]


def test_the_seed_orders_the_batches():
    first, second = (
        quiet_fit(linear_model(), config=dataclasses.replace(SHORT, seed=seed)) for seed in (0, 1)
    )
    assert [e.train_loss for e in first.epochs] != [e.train_loss for e in second.epochs]


def test_fit_does_not_depend_on_the_random_state_before_it():
    first = linear_model()
    quiet_fit(first)
    second = linear_model()
    torch.rand(1000)
    quiet_fit(second)
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_after_step_sees_the_model_after_every_step():
    model, seen = linear_model(), []

    def zero_the_first_weight(model):
        seen.append(model)
        with torch.no_grad():
            model[-1].weight[0, 0] = 0

    quiet_fit(model, after_step=zero_the_first_weight)
    assert len(seen) == 6
    assert all(one is model for one in seen)
    assert model[-1].weight[0, 0] == 0


def test_batch_loss_is_what_is_minimised():
    def distance_of_weights_from_one(model, images, labels):
        return ((model[-1].weight - 1) ** 2).sum()

    model = linear_model()
    config = TrainConfig(epochs=200, batch_size=24, weight_decay=0.0)
    history = quiet_fit(model, config=config, batch_loss=distance_of_weights_from_one)
    torch.testing.assert_close(model[-1].weight, torch.ones(2, 16, device=DEVICE))
    assert history.final.train_loss == pytest.approx(0, abs=1e-6)


def test_a_loss_that_changes_over_time_is_told_each_epoch_before_its_first_batch():
    class Told:
        def __init__(self):
            self.calls = []

        def start_epoch(self, epoch):
            self.calls.append(epoch)

        def __call__(self, model, images, labels):
            self.calls.append("batch")
            return model(images).square().mean()

    loss = Told()
    quiet_fit(linear_model(), batch_loss=loss)
    batches = (len(loss.calls) - 2) // 2
    assert batches >= 1
    assert loss.calls == [0, *["batch"] * batches, 1, *["batch"] * batches]


def test_dropout_is_on_while_training_and_the_model_comes_back_in_eval_mode():
    model = linear_model(nn.Dropout(0.5)).eval()
    modes = []
    quiet_fit(model, after_step=lambda model: modes.append(model.training))
    assert modes == [True] * 6
    assert not any(module.training for module in model.modules())


def test_fit_leaves_no_gradients_and_the_data_alone():
    before = DATA.images.clone()
    model = linear_model()
    quiet_fit(model)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(DATA.images, before)


def test_gradients_from_before_do_not_enter():
    first, second = linear_model(), linear_model()
    for parameter in second.parameters():
        parameter.grad = torch.ones_like(parameter)
    second.to(DEVICE)
    quiet_fit(first)
    quiet_fit(second)
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_frozen_parameters_stay():
    model = linear_model()
    model[-1].bias.requires_grad_(False)
    before = model[-1].bias.clone()
    quiet_fit(model)
    assert torch.equal(model[-1].bias.cpu(), before)


def test_a_loss_that_is_not_finite_stops_the_run_before_its_step():
    model = linear_model()
    calls, kept = [], {}

    def breaks_at_the_fifth_call(model, images, labels):
        calls.append(None)
        if len(calls) == 5:
            kept.update({name: value.clone() for name, value in model.state_dict().items()})
            return cross_entropy(model, images, labels) * float("nan")
        return cross_entropy(model, images, labels)

    with pytest.raises(TrainingDiverged, match=r"epoch 2, batch 2 is nan.*smaller learning_rate"):
        quiet_fit(model, batch_loss=breaks_at_the_fifth_call)
    torch.testing.assert_close(model.state_dict(), kept, rtol=0, atol=0)


def test_a_learning_rate_far_too_large_is_reported():
    with pytest.raises(TrainingDiverged, match=r"it is 1e\+30"):
        quiet_fit(linear_model(), config=TrainConfig(epochs=2, learning_rate=1e30))


def test_weights_that_explode_at_the_last_step_are_reported():
    def explode(model):
        with torch.no_grad():
            model[-1].bias.fill_(float("inf"))

    config = TrainConfig(epochs=1, batch_size=64)
    with pytest.raises(TrainingDiverged, match="validation loss after epoch 1"):
        quiet_fit(linear_model(), config=config, after_step=explode)


@pytest.mark.parametrize("answer", [torch.zeros(24), 0.5, None])
def test_a_batch_loss_that_is_not_one_number_is_an_error(answer):
    with pytest.raises(ValueError, match="batch_loss must return one number"):
        quiet_fit(linear_model(), batch_loss=lambda *_: answer)


# --- progress ----------------------------------------------------------------------------------


def test_a_short_run_prints_nothing(capsys):
    fit(linear_model(), DATA, DATA, SHORT, progress=True)
    assert capsys.readouterr() == ("", "")


def test_a_longer_run_shows_its_progress_on_stdout_only(capsys, monkeypatch):
    bar = training.tqdm
    monkeypatch.setattr(training, "tqdm", lambda **options: bar(**{**options, "delay": 0}))
    fit(linear_model(), DATA, DATA, SHORT, progress=True)
    out, err = capsys.readouterr()
    assert "6/6" in out and "validation accuracy" in out
    assert err == ""


def test_progress_waits_two_seconds(monkeypatch):
    seen = {}
    bar = training.tqdm
    monkeypatch.setattr(training, "tqdm", lambda **options: seen.update(options) or bar(**options))
    fit(linear_model(), DATA, DATA, SHORT, progress=True)
    assert seen["delay"] == 2


def test_no_progress_means_silence(capsys, monkeypatch):
    bar = training.tqdm
    monkeypatch.setattr(training, "tqdm", lambda **options: bar(**{**options, "delay": 0}))
    quiet_fit(linear_model())
    assert capsys.readouterr() == ("", "")


# --- evaluate and predict_logits ---------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 24, 64, 1000])
def test_evaluate_agrees_with_one_big_batch(batch_size):
    model = linear_model().to(DEVICE)
    loss, accuracy = evaluate(model, DATA, batch_size)
    images, labels = DATA.images.to(DEVICE), DATA.labels.to(DEVICE)
    hits = [row.argmax() == label for row, label in zip(model(images), labels, strict=True)]
    assert loss == pytest.approx(cross_entropy(model, images, labels).item())
    assert accuracy == sum(hits) / len(hits)


def test_evaluate_does_not_train_batch_norm():
    model = batch_norm_model().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    evaluate(model, DATA)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_evaluate_switches_dropout_off():
    model = linear_model(nn.Dropout(0.5))
    assert evaluate(model, DATA) == evaluate(model, DATA)


def test_every_layer_gets_its_own_mode_back_also_after_an_error():
    model = linear_model(nn.Dropout(0.5)).train()
    model[1].eval()  # a frozen part of a net in training
    evaluate(model, DATA)
    assert [module.training for module in model] == [True, False, True]
    with pytest.raises(RuntimeError, match="shapes"):
        predict_logits(model, torch.zeros(3, 1, 5, 5))
    assert [module.training for module in model] == [True, False, True]
    with eval_mode(model):
        assert not any(module.training for module in model.modules())


@pytest.mark.parametrize("batch_size", [1, 7, 64, 1000])
def test_predict_logits_keeps_the_order_and_answers_on_the_cpu(batch_size):
    model = linear_model().to(DEVICE)
    logits = predict_logits(model, DATA.images, batch_size)
    assert logits.device.type == "cpu" and not logits.requires_grad
    torch.testing.assert_close(logits, model(DATA.images.to(DEVICE)).detach().cpu())


def test_logits_may_take_part_in_a_loss():
    target = predict_logits(linear_model(), DATA.images)
    model = linear_model()
    (model(DATA.images) * target).sum().backward()  # an inference tensor would raise here
    assert model[-1].weight.grad is not None


def test_predict_logits_needs_an_image_and_a_batch_size():
    with pytest.raises(ValueError, match="at least one image"):
        predict_logits(linear_model(), torch.zeros(0, 1, 4, 4))
    with pytest.raises(ValueError, match="batch_size must be"):
        predict_logits(linear_model(), DATA.images, batch_size=0)


def test_a_model_without_parameters_lives_on_the_cpu():
    assert device_of(nn.Flatten()) == torch.device("cpu")
    assert device_of(linear_model().to(DEVICE)).type == DEVICE.type


# --- seeds, switches, configuration ------------------------------------------------------------


def test_a_seed_fixes_every_random_stream():
    def draw():
        seed_everything(3)
        on_device = torch.rand(3, device=DEVICE).tolist()
        return random.random(), np.random.rand(), torch.rand(3).tolist(), on_device

    assert draw() == draw()


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises((ValueError, TypeError), match="seed must be a whole number"):
        seed_everything(seed)


def test_each_epoch_of_each_run_has_its_own_order():
    seeds = [epoch_seed(seed, epoch) for seed in range(50) for epoch in range(50)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_auto_takes_the_best_device_that_is_there(monkeypatch):
    monkeypatch.delenv("EFFCV_DEVICE", raising=False)
    for cuda, mps, expected in [(1, 1, "cuda"), (0, 1, "mps"), (1, 0, "cuda"), (0, 0, "cpu")]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda found=cuda: bool(found))
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda found=mps: bool(found))
        assert pick_device().type == expected
        assert pick_device("auto").type == expected


def test_a_name_wins_over_the_environment_and_the_environment_over_auto(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("EFFCV_DEVICE", "cpu")
    assert pick_device() == torch.device("cpu")
    assert pick_device("cuda") == torch.device("cuda")
    assert pick_device(torch.device("cuda:1")) == torch.device("cuda:1")
    monkeypatch.setenv("EFFCV_DEVICE", "")
    assert pick_device() == torch.device("cuda")


def test_a_device_that_is_not_there_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("EFFCV_DEVICE", "cuda")
    with pytest.raises(RuntimeError, match=r"EFFCV_DEVICE asks for 'cuda'.*'auto' or 'cpu'"):
        pick_device()
    with pytest.raises(RuntimeError, match=r"^device asks for 'cuda'"):
        pick_device("cuda")


def test_an_unknown_device_is_a_clear_error(monkeypatch):
    monkeypatch.setenv("EFFCV_DEVICE", "gpu")
    with pytest.raises(ValueError, match=r"EFFCV_DEVICE must be 'auto' or 'cuda'.* got 'gpu'"):
        pick_device()


@pytest.mark.parametrize("setting, expected", [(None, 4), ("", 4), ("class", 4), ("paper", 256)])
def test_the_budget_is_the_class_unless_the_environment_says_paper(monkeypatch, setting, expected):
    monkeypatch.delenv("EFFCV_BUDGET", raising=False)
    if setting is not None:
        monkeypatch.setenv("EFFCV_BUDGET", setting)
    assert budget(class_=4, paper=256) == expected


def test_an_unknown_budget_is_a_clear_error(monkeypatch):
    monkeypatch.setenv("EFFCV_BUDGET", "large")
    with pytest.raises(ValueError, match="EFFCV_BUDGET must be 'class' or 'paper', got 'large'"):
        budget(class_=1, paper=2)


def test_the_budget_is_read_in_one_place():
    package = Path(training.__file__).parent
    readers = [
        path.name
        for path in package.rglob("*.py")
        if 'environ.get("EFFCV_BUDGET"' in path.read_text(encoding="utf-8")
    ]
    assert readers == ["switches.py"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"epochs": 2.5},
        {"epochs": True},
        {"batch_size": 0},
        {"learning_rate": 0},
        {"learning_rate": float("inf")},
        {"momentum": -0.1},
        {"momentum": 1.5},
        {"weight_decay": -1e-9},
        {"seed": -1},
        {"seed": 2**32},
        {"learning_rate": "fast"},
    ],
)
def test_a_configuration_out_of_range_names_the_field_and_the_value(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises((ValueError, TypeError), match=f"{name} must be .*got {value!r}"):
        TrainConfig(**wrong)


def test_a_configuration_is_the_same_whatever_kind_of_number_made_it():
    plain = TrainConfig(epochs=2, learning_rate=1.0, seed=3)
    other = TrainConfig(epochs=np.int64(2), learning_rate=1, seed=np.int32(3))
    assert repr(plain) == repr(other)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plain.epochs = 5


# --- History -----------------------------------------------------------------------------------


def test_a_history_tells_the_whole_run(tmp_path):
    history = quiet_fit(linear_model())
    history.save(tmp_path / "run.json")
    saved = json.loads((tmp_path / "run.json").read_text())
    assert saved["config"]["batch_size"] == 24
    assert saved["device"] == str(DEVICE)
    assert saved["versions"]["torch"] == torch.__version__
    assert [record["epoch"] for record in saved["epochs"]] == [1, 2]
    assert history.train_seconds == sum(record.train_seconds for record in history.epochs) > 0


def test_a_saved_history_comes_back_equal(tmp_path):
    history = quiet_fit(linear_model())
    history.save(tmp_path / "run.json")
    assert History.load(tmp_path / "run.json") == history


def test_a_history_is_data_that_nobody_changes():
    history = quiet_fit(linear_model())
    with pytest.raises(dataclasses.FrozenInstanceError):
        history.device = "elsewhere"
    with pytest.raises(AttributeError):
        history.epochs.append(None)


def without_an_epoch(saved):
    saved["epochs"].pop()


def with_an_accuracy_of_two(saved):
    saved["epochs"][0]["val_accuracy"] = 2


def without_the_device(saved):
    del saved["device"]


def with_an_unknown_field(saved):
    saved["config"]["optimizer"] = "adam"


def with_a_text_for_a_loss(saved):
    saved["epochs"][1]["train_loss"] = "low"


@pytest.mark.parametrize(
    "damage",
    [
        without_an_epoch,
        with_an_accuracy_of_two,
        without_the_device,
        with_an_unknown_field,
        with_a_text_for_a_loss,
    ],
)
def test_an_altered_history_is_not_believed(tmp_path, damage):
    saved = json.loads(quiet_fit(linear_model()).to_json())
    damage(saved)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(saved))
    with pytest.raises(ValueError, match=r"run.json is not the record of a training run"):
        History.load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"7"])
def test_a_damaged_history_is_a_clear_error(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"run.json is not the record of a training run"):
        History.load(path)
