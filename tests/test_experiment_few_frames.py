"""The few-frames experiment: each test is one promise of its networks or of its record."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from effcv_lab.cache import fit_cached
from effcv_lab.costs import count_macs, count_parameters
from effcv_lab.data import Splits
from effcv_lab.distillation import DistillationLoss, RepresentationLoss
from effcv_lab.evaluation import evaluate
from effcv_lab.experiments import few_frames
from effcv_lab.experiments.clip_nets import EveryNth, FirstFrames, Recurrent, StandOut, clip_net
from effcv_lab.experiments.few_frames import Arm, accuracy_over_macs, of_arm
from effcv_lab.records import load_record, save_record
from effcv_lab.shapes import moving_shapes
from effcv_lab.training import cross_entropy

# Networks


def test_the_memory_is_torchs_gru():
    torch.manual_seed(0)
    ours, theirs = Recurrent(5, 7), nn.GRU(5, 7, batch_first=True)
    with torch.no_grad():
        for name, layer in {"ih": ours.see, "hh": ours.recall}.items():
            layer.weight.copy_(getattr(theirs, f"weight_{name}_l0"))
            layer.bias.copy_(getattr(theirs, f"bias_{name}_l0"))
    features = torch.randn(4, 6, 5)
    torch.testing.assert_close(ours(features), theirs(features)[1][0])


def test_the_student_looks_at_its_frames_and_at_no_other():
    torch.manual_seed(0)
    clips = torch.rand(2, 30, 16, 16, requires_grad=True)
    for pick, seen in ((EveryNth(10), [0, 10, 20]), (FirstFrames(3), [0, 1, 2])):
        (slope,) = torch.autograd.grad(clip_net(pick)(clips).sum(), clips)
        used = slope.abs().amax(dim=(0, 2, 3)) > 0
        assert used.nonzero().flatten().tolist() == seen


def test_frames_are_read_in_order():
    torch.manual_seed(0)
    net, clips = clip_net(EveryNth(1)), moving_shapes(5, frames=4).images
    assert not torch.allclose(net(clips), net(clips.flip(1)))


@pytest.mark.parametrize(("gain", "shift"), [(0.5, 0.2), (-1, 1), (-0.3, 0.9)])
def test_dark_on_bright_looks_like_bright_on_dark_at_any_contrast(gain, shift):
    clips = moving_shapes(5, frames=4).images
    torch.testing.assert_close(
        StandOut()(clips), StandOut()(gain * clips + shift), rtol=1e-3, atol=1e-3
    )
    assert torch.isfinite(StandOut()(torch.full((1, 1, 4, 4), 0.5))).all()


def test_only_the_picking_differs_and_costs_follow_the_frames():
    nets = {step: clip_net(EveryNth(step)) for step in few_frames.STEPS}
    assert len({count_parameters(net) for net in nets.values()}) == 1
    macs = {step: count_macs(net, (30, 16, 16)) for step, net in nets.items()}
    a_frame = 64 * 48 + 2 * 48 * 3 * 48
    for step, found in macs.items():
        assert found == 30 // step * a_frame + 48 * 32 + 32 * 9
    assert count_macs(clip_net(FirstFrames(3)), (30, 16, 16)) == macs[10]


def test_at_first_the_teacher_hardly_learns_from_its_first_frame():
    torch.manual_seed(0)
    clips = moving_shapes(18)
    shares = {}
    for step in (1, 10):
        net = clip_net(EveryNth(step))
        seen = net[:6](clips.images).detach().requires_grad_()
        answers = net.head(net.encoding(net.memory(seen)))
        (slope,) = torch.autograd.grad(cross_entropy(nn.Identity(), answers, clips.labels), seen)
        shares[step] = (slope[:, 0].norm() / slope[:, -1].norm()).item()
    assert 0 < shares[1] < 1e-4  # 29 steps of memory lie between
    assert shares[10] > 1e-3


@pytest.mark.parametrize("layer", [EveryNth, FirstFrames])
def test_picking_no_frame_is_refused_and_what_is_picked_is_printed(layer):
    with pytest.raises(ValueError, match="whole number >= 1, got 0"):
        layer(0)
    assert "=7)" in repr(layer(7))  # the cache tells networks apart by what they print


# The experiment


@pytest.fixture(scope="module")
def few_clips():
    return Splits(*(moving_shapes(count, seed=seed) for seed, count in enumerate((90, 45, 36))))


@pytest.fixture(scope="module")
def quick(own_cache):
    """Train one epoch, whatever is asked for; remember what was asked."""
    asked = []

    def one_epoch(build, train, validation, config, **options):
        asked.append((str(build()), len(train), config, options))
        return fit_cached(build, train, validation, replace(config, epochs=1), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few_frames, "fit_cached", one_epoch)
        patch.setattr(few_frames, "FEW", 3)
        yield asked


@pytest.fixture(scope="module")
def record(few_clips, quick):
    return few_frames.run("class", "cpu", (0, 1), splits=few_clips)


def test_every_arm_has_a_row_for_each_seed_and_training_set(record):
    found = [
        (row["clips"], row["arm"], row["step"], row["value"], row["seed"]) for row in record.rows
    ]
    assert len(set(found)) == len(found)
    assert len(found) == 2 * (1 + 2 * (4 + 1 + 3 + 2 + 2))
    for clips in few_frames.SETS:
        for arm in ("labels", "representation", "answers", "first frames"):
            assert [row["seed"] for row in of_arm(record, arm, clips)] == [0, 1]
    assert [row["seed"] for row in of_arm(record, "teacher", "all clips", 1)] == [0, 1]


def test_the_value_is_chosen_by_mean_validation_accuracy(record):
    for arm, values in (
        ("representation", few_frames.WEIGHTS),
        ("answers", few_frames.TEMPERATURES),
    ):
        for clips in few_frames.SETS:
            means = {
                value: np.mean(
                    [
                        row["validation"]
                        for row in record.rows
                        if (row["arm"], row["clips"], row["step"], row["value"])
                        == (arm, clips, 10, value)
                    ]
                )
                for value in values
            }
            chosen = record.config["chosen"][f"{arm}, {clips}"]
            assert means[chosen] == max(means.values())
            assert {row["value"] for row in of_arm(record, arm, clips)} == {chosen}


def test_teacher_and_students_of_a_training_set_get_the_same_clips_and_steps(record, quick):
    settings = {}
    for _, clips, config, _ in quick:
        settings.setdefault(clips, set()).add(replace(config, seed=0))
    assert set(settings) == {90, 27}
    assert all(len(found) == 1 for found in settings.values())


def test_each_loss_has_a_name_of_its_own(record, quick):
    names = {}
    for _, _, config, options in quick:
        loss = options.get("batch_loss", cross_entropy)
        about = (type(loss), getattr(loss, "weight", None), getattr(loss, "temperature", None))
        seed = config.seed if loss is not cross_entropy else None
        names.setdefault(options.get("loss_name", "cross_entropy"), set()).add((*about, seed))
    assert all(len(losses) == 1 for losses in names.values())
    assert len(names) == 1 + 2 * (3 + 2)


def test_students_learn_from_the_teacher_of_their_seed(few_clips, quick):
    teacher = few_frames.train_teacher(few_clips, 1, "cpu", progress=False)
    few_frames.train_student(
        Arm("representation", value=0.1), "few clips", few_clips, teacher, 1, "cpu", False
    )
    loss = quick[-1][3]["batch_loss"]
    assert isinstance(loss, RepresentationLoss)
    assert (loss.teacher, loss.layer, loss.weight) == (teacher, "encoding", 0.1)
    answers = few_frames.loss_of(Arm("answers", value=2.0), teacher)
    assert isinstance(answers, DistillationLoss)
    assert (answers.temperature, answers.alpha) == (2.0, few_frames.ALPHA)
    assert few_frames.loss_of(Arm("labels"), teacher) is cross_entropy
    assert few_frames.loss_of(Arm("first frames"), teacher) is cross_entropy


def test_the_record_says_what_evaluate_says(record, few_clips, quick):
    teacher = few_frames.train_teacher(few_clips, 1, "cpu", progress=False)
    student = few_frames.train_student(
        Arm("labels", 3), "few clips", few_clips, teacher, 1, "cpu", False
    )
    for model, rows in (
        (teacher, of_arm(record, "teacher", "all clips", 1)),
        (student, of_arm(record, "labels", "few clips", 3)),
    ):
        for part in ("validation", "test"):
            accuracy = evaluate(model, getattr(few_clips, part))[1]
            assert rows[1][part] == pytest.approx(accuracy, rel=1e-4)
        assert rows[1]["macs"] == count_macs(model, (30, 16, 16))
        assert rows[1]["latency_ms"] > 0


def test_the_curve_goes_from_few_frames_to_many(record):
    macs, accuracy = accuracy_over_macs(record, "labels", "few clips")
    assert macs == sorted(set(macs)) and len(macs) == 4
    assert np.shape(accuracy) == (2, 4)
    assert [of_seed[2] for of_seed in accuracy] == [
        row["test"] for row in of_arm(record, "labels", "few clips", 5)
    ]
    assert np.shape(accuracy_over_macs(record, "representation", "few clips")[1]) == (2, 3)


def test_the_record_survives_saving_and_says_how_it_was_made(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("few_frames", tmp_path) == record
    assert record.command == "effcv reproduce few_frames --budget class --seeds 2"
    assert (record.config["train_clips"], record.config["few_clips"]) == (90, 27)


def test_the_three_sets_share_no_clip(monkeypatch):
    monkeypatch.setattr(few_frames, "COUNTS", {"class": (40, 30, 20), "paper": (80, 30, 20)})
    splits = few_frames.clips_for("class")
    assert [len(part) for part in splits] == [40, 30, 20]
    seen = torch.cat([part.images.flatten(1) for part in splits])
    assert len(torch.unique(seen, dim=0)) == 90
    assert len(few_frames.clips_for("paper").train) == 80


def test_one_seed_and_unknown_sets_are_refused(few_clips):
    with pytest.raises(ValueError, match="at least 2 different"):
        few_frames.run("class", "cpu", (0,), splits=few_clips)
    with pytest.raises(ValueError, match="clips must be"):
        few_frames.training_set("no clips", few_clips)
    with pytest.raises(ValueError, match="budget"):
        few_frames.clips_for("huge")
