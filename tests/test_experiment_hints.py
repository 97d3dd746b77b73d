"""The hints experiment: each test is one promise of its stages or of its record."""

import copy
from dataclasses import replace

import pytest
import torch
from few import few_of
from torch import nn

from effcv_lab.data import fashion
from effcv_lab.distillation import DistillationLoss
from effcv_lab.experiments import hints
from effcv_lab.models import count_parameters, small_cnn
from effcv_lab.records import load_record, save_record
from effcv_lab.training import TrainConfig, cross_entropy, evaluate, fit, predict_logits


@pytest.fixture(scope="module")
def few_images():
    return few_of(fashion(), 13, 10, 10)


@pytest.fixture(scope="module")
def short(own_cache):
    """One epoch of hints and one after them, few learning rates, an own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hints, "EPOCHS", {"class": (1, 1)})
        patch.setattr(hints, "TEACHER", replace(hints.TEACHER, class_epochs=1))
        few = {name: replace(arm, rates=(0.03, 0.1)) for name, arm in hints.ARMS.items()}
        patch.setattr(hints, "ARMS", few)
        yield


@pytest.fixture(scope="module")
def teacher(few_images, short):
    return hints.TEACHER.train(few_images, 0, "class", "cpu", progress=False)


@pytest.fixture(scope="module")
def record(few_images, short):
    return hints.run("class", "cpu", (0, 1), splits=few_images, progress=False)


def weights(net):
    return copy.deepcopy(net.state_dict())


def changed_parts(before, net):
    """Return the parts of a net that are no longer what they were."""
    return {
        name.partition(".")[0]
        for name, value in net.state_dict().items()
        if not torch.equal(value, before[name])
    }


def test_the_student_is_deep_and_thin_and_of_named_parts():
    net = hints.thin_student()
    convolutions = [part for part in net.modules() if isinstance(part, nn.Conv2d)]
    assert len(convolutions) == hints.DEPTH == 12
    assert {part.out_channels for part in convolutions} == {hints.WIDTH}
    names = [name for name, _ in net.named_children()]
    assert names[1:-3] == [f"block{i}" for i in range(1, 13)]
    assert names[-3:] == ["pool", "flatten", "head"]
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_the_remedies_change_the_start_or_add_batch_norm_and_nothing_else():
    plain, scaled, norm = hints.thin_student(), hints.with_scaled_weights(), hints.with_batch_norm()
    assert str(plain) == str(scaled)
    spread = [net.block6[0].weight.std().item() for net in (plain, scaled)]
    assert spread[1] > 1.4 * spread[0]
    extra = count_parameters(norm) - count_parameters(plain)
    assert extra == 2 * hints.DEPTH * hints.WIDTH
    assert not any(isinstance(part, nn.BatchNorm2d) for part in plain.modules())


def test_alone_the_signal_dies_on_its_way_and_scaled_weights_keep_it():
    torch.manual_seed(0)
    images = fashion().validation.images[:50]
    spreads = []
    for build in (hints.thin_student, hints.with_scaled_weights):
        net = build()
        spreads.append(net[: list(dict(net.named_children())).index("pool")](images).std(0).mean())
    assert spreads[0] < 1e-3 < 1e-2 < spreads[1]


@pytest.mark.parametrize("sizes", [{"depth": 1}, {"width": 0}])
def test_a_net_that_cannot_be_is_refused(sizes):
    with pytest.raises(ValueError, match=next(iter(sizes))):
        hints.thin_student(**sizes)


def test_the_guided_layer_is_the_middle_and_meets_a_hint_of_its_size(teacher):
    images = torch.zeros(1, 1, 28, 28)
    student = hints.thin_student()
    guided = student[: list(dict(student.named_children())).index(hints.GUIDED_LAYER) + 1]
    hint = teacher[: list(dict(teacher.named_children())).index(hints.HINT_LAYER) + 1]
    assert guided(images).shape[2:] == hint(images).shape[2:] == (7, 7)


def test_stage_1_changes_only_what_leads_to_the_guided_layer(teacher, few_images):
    student = hints.thin_student()
    before, of_teacher = weights(student), weights(teacher)
    config = TrainConfig(epochs=1, learning_rate=hints.HINT_RATE)
    assert hints.hinted(student, teacher, few_images, config, "cpu") is student
    assert changed_parts(before, student) == {f"block{i}" for i in range(1, 7)}
    assert changed_parts(of_teacher, teacher) == set()


def test_the_regressor_learns_with_the_student_and_is_thrown_away(teacher, few_images, monkeypatch):
    seen = []

    def watched(model, *given, **options):
        before = weights(model)
        history = fit(model, *given, **options)
        seen.append(changed_parts(before, model))
        return history

    monkeypatch.setattr(hints, "fit", watched)
    student = hints.thin_student()
    config = TrainConfig(epochs=1, learning_rate=hints.HINT_RATE)
    hints.hinted(student, teacher, few_images, config, "cpu")
    assert seen == [{"student", "regressor"}]
    assert str(student) == str(hints.thin_student())


def test_hints_bring_the_middle_nearer_to_the_teacher_s(teacher, few_images):
    losses = []

    def keep(model, *given, **options):
        history = fit(model, *given, **options)
        losses.extend(epoch.train_loss for epoch in history.epochs)
        return history

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hints, "fit", keep)
        config = TrainConfig(epochs=3, learning_rate=hints.HINT_RATE)
        hints.hinted(hints.thin_student(), teacher, few_images, config, "cpu")
    assert losses[-1] < losses[0]


def test_a_beginner_is_built_like_the_teacher_and_knows_nothing(teacher):
    before = weights(teacher)
    beginner = hints.a_beginner(teacher, seed=0)
    assert str(beginner) == str(teacher) and not beginner.training
    assert not torch.equal(beginner.head.weight, teacher.head.weight)
    assert changed_parts(before, teacher) == set()
    assert hints.itself(teacher, 0) is teacher


def test_arms_name_their_loss(teacher, few_images):
    images, labels = few_images.train.images[:5], few_images.train.labels[:5]
    student = hints.thin_student()
    assert hints.labels(teacher) is cross_entropy
    for loss, temperature in ((hints.answers, 1.0), (hints.soft_answers, 4.0)):
        wanted = DistillationLoss(teacher, temperature, hints.ALPHA)(student, images, labels)
        torch.testing.assert_close(loss(teacher)(student, images, labels), wanted)


@pytest.mark.parametrize("name", list(hints.ARMS))
def test_all_arms_take_the_same_number_of_steps(name, teacher, few_images, short, monkeypatch):
    steps = []

    def counted(*given, **options):
        return fit(*given, after_step=lambda _model: steps.append(1), **options)

    monkeypatch.setattr(hints, "fit", counted)
    monkeypatch.setattr(hints, "EPOCHS", {"class": (2, 3)})
    arm = hints.ARMS[name]
    begun = hints.begin(arm, teacher, few_images, 0, "class", "cpu")
    hints.finish(arm, begun, teacher, few_images, 0, 0.03, "class", "cpu")
    assert len(steps) == 5 * 3  # five epochs of three batches


def test_finishing_leaves_what_was_begun_for_the_next_learning_rate(teacher, few_images, short):
    arm = hints.ARMS["hints, then labels"]
    begun = hints.begin(arm, teacher, few_images, 0, "class", "cpu")
    before = weights(begun)
    net = hints.finish(arm, begun, teacher, few_images, 0, 0.1, "class", "cpu")
    assert changed_parts(before, begun) == set()
    assert "head" in changed_parts(before, net)


def test_a_run_that_overflows_keeps_a_net_that_can_be_measured(teacher, few_images, short):
    arm = replace(hints.ARMS["labels alone"], loss=lambda _teacher: overflow)
    begun = hints.begin(arm, teacher, few_images, 0, "class", "cpu")
    net = hints.finish(arm, begun, teacher, few_images, 0, 0.1, "class", "cpu")
    assert not net.training and predict_logits(net, few_images.validation.images).isfinite().all()


def overflow(model, images, labels):
    return cross_entropy(model, images, labels) * float("inf")


def rows_of(record, **fixed):
    return [r for r in record.rows if all(r[k] == v for k, v in fixed.items())]


def test_each_arm_is_searched_with_the_first_seed_and_repeated_with_the_others(record):
    assert record.seeds == [0, 1]
    assert len({tuple(row) for row in record.rows}) == 1
    for name, arm in hints.ARMS.items():
        first, second = (rows_of(record, arm=name, seed=seed) for seed in (0, 1))
        assert tuple(row["learning_rate"] for row in first) == arm.rates
        best = max(first, key=lambda row: row["validation_accuracy"])
        assert [row["learning_rate"] for row in first if row["chosen"]] == [best["learning_rate"]]
        assert [row["learning_rate"] for row in second] == [best["learning_rate"]]
        assert record.config["learning_rates"][name] == list(arm.rates)
    assert len(rows_of(record, arm="teacher")) == 2


def test_the_learning_rate_with_the_best_validation_accuracy_is_chosen(
    few_images, short, monkeypatch
):
    def tagged(arm, begun, teacher, splits, seed, rate, budget, device):
        net = nn.Linear(1, 1)
        net.rate = rate
        return net

    def nearer_to_a_tenth_is_better(net, image_set):
        sign = 1 if image_set is few_images.validation else -1
        return 0.0, 0.5 - sign * abs(getattr(net, "rate", 0.0) - 0.1)

    monkeypatch.setattr(hints, "finish", tagged)
    monkeypatch.setattr(hints, "begin", lambda *_given: None)
    monkeypatch.setattr(hints, "evaluate", nearer_to_a_tenth_is_better)
    rates = (0.3, 0.1, 0.03)
    few = {name: replace(arm, rates=rates) for name, arm in hints.ARMS.items()}
    monkeypatch.setattr(hints, "ARMS", few)
    found = hints.run("class", "cpu", (0, 1), splits=few_images, progress=False)
    for name in few:
        assert [row["learning_rate"] for row in rows_of(found, arm=name)] == [*rates, 0.1]
        assert [row["chosen"] for row in rows_of(found, arm=name)] == [False, True, False, True]


def test_the_test_set_is_looked_at_for_what_was_chosen_only(record):
    for row in record.rows:
        assert (row["test_accuracy"] is not None) == row["chosen"]


def test_rows_say_what_evaluate_says_of_the_same_run(record, few_images, short):
    own = hints.TEACHER.train(few_images, 1, "class", "cpu", progress=False)
    name = "hints, then answers"
    (row,) = rows_of(record, arm=name, seed=1)
    begun = hints.begin(hints.ARMS[name], own, few_images, 1, "class", "cpu")
    net = hints.finish(
        hints.ARMS[name], begun, own, few_images, 1, row["learning_rate"], "class", "cpu"
    )
    assert row["validation_accuracy"] == pytest.approx(evaluate(net, few_images.validation)[1])
    assert row["test_accuracy"] == pytest.approx(evaluate(net, few_images.test)[1])
    assert row["parameters"] == count_parameters(hints.thin_student())


def test_the_net_alone_gets_at_least_every_learning_rate_that_another_arm_gets():
    assert set(hints.RATES) < set(hints.MORE_RATES)
    assert all(set(arm.rates) <= set(hints.MORE_RATES) for arm in hints.ARMS.values())


def test_the_record_survives_saving(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("hints", tmp_path) == record


def test_a_teacher_that_is_no_sequential_is_refused(few_images):
    config = TrainConfig(epochs=1)
    with pytest.raises(ValueError, match="Sequential"):
        hints.hinted(hints.thin_student(), nn.Linear(2, 2), few_images, config, "cpu")
    with pytest.raises(ValueError, match="layer must be one of"):
        hints.hinted(hints.thin_student(), small_cnn((4,)), few_images, config, "cpu")
