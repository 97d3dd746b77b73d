"""The record of what accuracy costs: complete, repeatable, and counted as by hand."""

import pytest
import torch

from effcv_lab.data import fashion
from effcv_lab.experiments import cost
from effcv_lab.models import small_cnn
from effcv_lab.training import TrainConfig, fit, pick_device, seed_everything


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Run the experiment as it is, on few images and two small widths."""
    with pytest.MonkeyPatch.context() as patch:
        splits = fashion()
        few = splits._replace(
            train=splits.train.per_class(150), validation=splits.validation.per_class(50)
        )
        patch.setattr(cost, "fashion", lambda: few)
        patch.setattr(cost, "EPOCHS", {"class": 2, "paper": 3})
        patch.setenv("EFFCV_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield few, cost.run("class", seeds=(3, 4), widths=(2, 4))


def test_there_is_one_row_for_each_width_and_seed(tiny):
    _, record = tiny
    assert [(row["width"], row["seed"]) for row in record.rows] == [(2, 3), (2, 4), (4, 3), (4, 4)]
    assert record.seeds == [3, 4] and record.budget == "class"
    assert record.command == "effcv reproduce cost --budget class --seeds 2"
    assert record.device == pick_device().type


def test_parameters_and_macs_are_those_counted_by_hand(tiny):
    for row in tiny[1].rows:
        w = row["width"]
        convolutions = [9 * 1 * w, 9 * w * 2 * w, 9 * 2 * w * 4 * w]
        norms, head = 2 * (w + 2 * w + 4 * w), 4 * w * 10
        assert row["parameters"] == sum(convolutions) + norms + head + 10
        places = (28 * 28, 14 * 14, 7 * 7)
        work = sum(n * c for n, c in zip(places, convolutions, strict=True))
        assert row["macs"] == work + head
        assert row["latency_ms"] > 0


def test_accuracy_is_that_of_a_net_trained_by_fit_on_the_same_images(tiny):
    few, record = tiny
    for row in record.rows:
        seed_everything(row["seed"])
        net = small_cnn((row["width"], 2 * row["width"], 4 * row["width"]))
        config = TrainConfig(epochs=2, seed=row["seed"])
        history = fit(net, few.train, few.validation, config, progress=False)
        close = 0 if pick_device().type == "cpu" else 0.021
        assert row["accuracy"] == pytest.approx(history.epochs[-1].val_accuracy, abs=close)
    assert len({row["accuracy"] for row in record.rows}) > 2


def test_the_curve_has_each_accuracy_at_its_place(tiny):
    rows = tiny[1].rows
    macs, accuracy = cost.accuracy_over_macs(tiny[1])
    assert macs == [rows[0]["macs"], rows[2]["macs"]] and macs[0] < macs[1]
    by_hand = [
        [rows[0]["accuracy"], rows[2]["accuracy"]],
        [rows[1]["accuracy"], rows[3]["accuracy"]],
    ]
    assert accuracy == by_hand


def test_more_epochs_make_another_net(tiny):
    short, long = (cost.accuracy_of_width(4, 3, epochs=epochs) for epochs in (1, 12))
    assert short < long


def test_a_wider_net_has_more_of_everything():
    narrow, wide = cost.net_of_width(4), cost.net_of_width(8)
    assert narrow(torch.zeros(2, 1, 28, 28)).shape == wide(torch.zeros(2, 1, 28, 28)).shape
    assert sum(p.numel() for p in wide.parameters()) > 3 * sum(
        p.numel() for p in narrow.parameters()
    )


def test_an_unknown_budget_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match="budget must be 'class' or 'paper', got 'large'"):
        cost.run("large")
