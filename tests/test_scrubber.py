"""Recorded training under a curriculum, and the scrubber that shows it, without a browser."""

from __future__ import annotations

import base64
import copy
import dataclasses
import io
import itertools
import re

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

from effcv_lab.curriculum import (
    TrainingTrace,
    elongation,
    paced,
    pacing,
    shuffled,
    trace_training,
)
from effcv_lab.evaluation import evaluate, predict_logits
from effcv_lab.models import mlp
from effcv_lab.shapes import geometric_shapes
from effcv_lab.training import TrainConfig, cross_entropy, fit, seed_everything
from effcv_lab.widgets.scrubber import CurriculumScrubber

TRAIN, VALIDATION = geometric_shapes(90, seed=5), geometric_shapes(40, seed=6)
EASE, VALIDATION_EASE = elongation(TRAIN.images), elongation(VALIDATION.images)
CONFIG = TrainConfig(epochs=4, batch_size=20, learning_rate=0.05, seed=3)
SHOWN = 12


def pace(epoch):
    return pacing(epoch, total_steps=4, start_fraction=0.2, full_at=0.75)


def net():
    return mlp((8,), (1, 32, 32), 3)


def traced(**keywords):
    given = {
        "build": net, "train": TRAIN, "validation": VALIDATION, "config": CONFIG,
        "difficulty": EASE, "validation_difficulty": VALIDATION_EASE, "pacing_fn": pace,
        "shown": SHOWN, "device": "cpu", "progress": False,
    } | keywords  # fmt: skip
    return trace_training(**given)


@pytest.fixture(scope="module")
def trace():
    return traced()


class Snapshots:
    """A loss that keeps a copy of the model from before each epoch, and all images it is shown."""

    def __init__(self, model):
        self.model, self.copies = model, []

    def start_epoch(self, epoch):
        assert epoch == len(self.copies)
        self.copies.append(copy.deepcopy(self.model))

    def __call__(self, model, images, labels):
        return cross_entropy(model, images, labels)


def snapshots(order=EASE):
    """Train as the trace says that it trained, without it; return the model at each moment."""
    seed_everything(CONFIG.seed)
    model = net()
    watch = Snapshots(model)
    curriculum = paced(TRAIN, order, pace, CONFIG.epochs, CONFIG.seed)
    history = fit(model, curriculum, VALIDATION, CONFIG, batch_loss=watch, device="cpu",
                  progress=False)  # fmt: skip
    return [*watch.copies, model], history


def same(one, other):
    return all(
        torch.equal(getattr(one, field.name), getattr(other, field.name))
        for field in dataclasses.fields(one)
        if field.name != "classes"
    )


# ---------------------------------------------------------------- the trace


def test_the_sample_is_spread_evenly_over_the_order_of_difficulty(trace):
    ranked = EASE.argsort(stable=True)
    places = [(ranked == i).nonzero().item() for i in map(index_of, trace.images)]
    steps = [later - before for before, later in itertools.pairwise(places)]
    assert (places[0], places[-1]) == (0, len(TRAIN) - 1)
    assert max(steps) - min(steps) <= 1
    assert torch.equal(trace.difficulty, EASE[ranked[places]])
    assert torch.equal(trace.labels, TRAIN.labels[ranked[places]])
    assert trace.classes == TRAIN.classes


def index_of(image, images=TRAIN.images):
    """Return where an image lies in the training set."""
    return (images == image).all(dim=(1, 2, 3)).nonzero()[0].item()


@pytest.mark.parametrize("order", [EASE, -EASE, shuffled(EASE, seed=1)])
def test_in_the_pool_is_what_the_coming_epoch_shows(order):
    trace = traced(order=order)
    train = paced(TRAIN, order, pace, CONFIG.epochs, CONFIG.seed)
    assert len(trace) == CONFIG.epochs + 1
    for moment in range(len(trace)):
        shown = train(min(moment, CONFIG.epochs - 1)).images
        inside = [bool((shown == image).all(dim=(1, 2, 3)).any()) for image in trace.images]
        assert trace.in_pool[moment].tolist() == inside, moment
        assert trace.pool_fraction[moment] == pytest.approx(len(shown.unique(dim=0)) / len(TRAIN))
    assert 0 < trace.in_pool[0].sum() < SHOWN == trace.in_pool[-1].sum()


def test_the_pool_takes_the_easiest_or_the_hardest_first_and_the_wall_keeps_its_order(trace):
    anti = traced(order=-EASE)
    assert torch.equal(anti.images, trace.images) and anti.same_sample(trace)
    assert trace.in_pool[0].tolist() == sorted(trace.in_pool[0].tolist(), reverse=True)
    assert anti.in_pool[0].tolist() == sorted(anti.in_pool[0].tolist())
    assert anti.in_pool[0].sum() > 0 and torch.equal(anti.pool_fraction, trace.pool_fraction)


@pytest.mark.parametrize("order", [EASE, -EASE])
def test_at_each_moment_it_says_what_predict_logits_says_of_the_same_run(order):
    trace = traced(order=order)
    models, history = snapshots(order)
    half = VALIDATION_EASE.argsort(stable=True).split(len(VALIDATION) // 2)
    easy, hard = (VALIDATION.subset(part) for part in half)
    for moment, model in enumerate(models):
        logits = predict_logits(model, trace.images)
        assert torch.equal(trace.predicted[moment], logits.argmax(dim=1))
        right = logits.softmax(dim=1).gather(1, trace.labels[:, None])[:, 0]
        assert torch.allclose(trace.right_probs[moment], right)
        assert trace.easy_error[moment].item() == pytest.approx(1 - evaluate(model, easy)[1])
        assert trace.hard_error[moment].item() == pytest.approx(1 - evaluate(model, hard)[1])
    both = (trace.easy_error + trace.hard_error) / 2
    accuracies = [record.val_accuracy for record in history.epochs]
    assert both[1:].tolist() == pytest.approx([1 - accuracy for accuracy in accuracies])
    assert torch.equal(trace.right, trace.predicted == trace.labels)


def test_the_same_arguments_give_the_same_trace_and_another_seed_another(trace):
    assert same(trace, traced())
    other = traced(config=dataclasses.replace(CONFIG, seed=4))
    assert other.same_sample(trace)
    assert not torch.equal(other.right_probs, trace.right_probs)


def test_of_an_odd_number_of_validation_images_the_middle_one_is_easy():
    odd = VALIDATION.subset(range(5))
    trace = traced(validation=odd, validation_difficulty=VALIDATION_EASE[:5])
    assert set((trace.easy_error * 3).round().tolist()) <= {0.0, 1.0, 2.0, 3.0}
    assert torch.allclose(trace.easy_error * 3, (trace.easy_error * 3).round(), atol=1e-6)
    assert torch.allclose(trace.hard_error * 2, (trace.hard_error * 2).round(), atol=1e-6)


def test_a_loss_that_changes_over_time_is_told_each_epoch():
    told = []

    class Loss:
        def start_epoch(self, epoch):
            told.append(epoch)

        def __call__(self, model, images, labels):
            return cross_entropy(model, images, labels)

    traced(batch_loss=Loss())
    assert told == list(range(CONFIG.epochs))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"difficulty": EASE[:-1]}, "difficulty must have 90 numbers, one an image, got 89"),
        ({"order": EASE[:-1]}, "order must have 90 numbers"),
        ({"validation_difficulty": EASE}, "validation_difficulty must have 40 numbers"),
        ({"difficulty": EASE * torch.nan}, "difficulty must be finite"),
        ({"shown": 1}, r"shown must be a whole number in \[2, 90\], got 1"),
        ({"shown": 91}, r"shown .* got 91"),
        ({"pacing_fn": lambda epoch: 1.5}, r"must be a number in \(0, 1\], got 1.5"),
    ],
)
def test_a_bad_argument_of_the_training_is_named(keywords, message):
    with pytest.raises(ValueError, match=message):
        traced(**keywords)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("predicted", r"predicted must have shape \(5, 12\), for 5 moments and 12 images, got"),
        ("in_pool", "in_pool must have shape"),
        ("right_probs", "right_probs must have shape"),
        ("difficulty", "difficulty must have shape"),
        ("easy_error", "easy_error must have shape"),
        ("hard_error", "hard_error must have shape"),
        ("images", "images must have shape"),
    ],
)
def test_a_trace_whose_parts_do_not_fit_is_refused(trace, field, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(trace, **{field: getattr(trace, field)[1:]})


# ---------------------------------------------------------------- the scrubber


def made_up(**changes):
    """Return a trace of three pictures and three moments, whose every number is known."""
    fields = {
        "images": torch.rand(3, 1, 6, 4, generator=torch.Generator().manual_seed(0)),
        "labels": torch.tensor([0, 1, 1]),
        "classes": ("cat", "dog"),
        "difficulty": torch.tensor([0.1, 0.5, 0.9]),
        "in_pool": torch.tensor([[1, 0, 0], [1, 1, 0], [1, 1, 1]]).bool(),
        "predicted": torch.tensor([[1, 1, 1], [0, 0, 0], [0, 1, 1]]),
        "right_probs": torch.tensor([[0.4, 0.6, 0.6], [0.9, 0.3, 0.2], [0.8, 0.7, 0.6]]),
        "pool_fraction": torch.tensor([0.3, 0.7, 1.0]),
        "easy_error": torch.tensor([0.5, 0.25, 0.0]),
        "hard_error": torch.tensor([0.75, 0.5, 0.25]),
    }
    return TrainingTrace(**fields | changes)


def scrubber(**keywords):
    other = made_up(predicted=torch.zeros(3, 3, dtype=torch.int64))
    return CurriculumScrubber({"easy <first>": made_up(), "other": other}, **keywords)


def snapshot(one):
    return one.epoch, one.shown


def test_its_words_say_pool_right_answers_and_errors():
    one = scrubber()
    assert one.words == (
        "Before the first epoch, easy <first>: 30 % of the examples are in the pool. The net gets "
        "2 of 3 pictures right: 0 of 1 in the pool, 2 of 2 outside it. Validation error: 0.50 on "
        "the easier half, 0.75 on the harder half."
    )
    one.epoch = 2
    assert one.words == (
        "After 2 of 2 epochs, easy <first>: 100 % of the examples are in the pool. The net gets "
        "3 of 3 pictures right: 3 of 3 in the pool. Validation error: 0.00 on "
        "the easier half, 0.25 on the harder half."
    )
    one.shown = "other"
    assert "After 2 of 2 epochs, other: " in one.words
    assert "gets 1 of 3 pictures right: 1 of 3 in the pool" in one.words
    assert one.trace is one.traces["other"]


def test_one_trace_alone_needs_no_name_and_settings_can_be_given():
    alone = CurriculumScrubber(made_up(), epoch=1)
    assert snapshot(alone) == (1, "training")
    assert snapshot(scrubber(epoch=2, shown="other")) == (2, "other")
    assert snapshot(scrubber()) == (0, "easy <first>")


def test_the_browser_gets_every_moment_of_every_trace(trace):
    one = CurriculumScrubber({"a": trace, "b": traced(order=-EASE)})
    assert [sent["name"] for sent in one._traces] == ["a", "b"]
    for sent in one._traces:
        recorded = one.traces[sent["name"]]
        assert sent["inPool"] == recorded.in_pool.int().tolist()
        assert sent["predicted"] == recorded.predicted.tolist()
        assert torch.allclose(torch.tensor(sent["probs"]), recorded.right_probs, atol=1e-4)
        assert sent["pool"] == recorded.pool_fraction.tolist()
        assert (sent["easy"], sent["hard"]) == (
            recorded.easy_error.tolist(), recorded.hard_error.tolist(),
        )  # fmt: skip
        one.shown = sent["name"]
        for epoch, words in enumerate(sent["words"]):
            one.epoch = epoch
            assert words == one.words
    assert one._sample["classes"] == list(TRAIN.classes)
    for example, image, label in zip(
        one._sample["examples"], trace.images, trace.labels, strict=True
    ):
        assert example["label"] == label
        data = base64.b64decode(example["image"].removeprefix("data:image/png;base64,"))
        with Image.open(io.BytesIO(data)) as opened:
            pixels = torch.from_numpy(np.array(opened)) / 255
        assert torch.allclose(pixels, image[0], atol=0.5 / 255 + 1e-6)


BAD = [
    ("epoch", 3, r"epoch must be a whole number in \[0, 2\], got 3"),
    ("epoch", -1, r"epoch .* got -1"),
    ("epoch", 1.5, r"epoch .* got 1.5"),
    ("epoch", "a", r"epoch .* got 'a'"),
    ("shown", "none", "shown must be 'easy <first>' or 'other', got 'none'"),
    ("shown", 0, "shown must be .* got 0"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_value_is_named_and_nothing_is_lost(name, value, message):
    one = scrubber(epoch=1, shown="other")
    for kind in (ValueError, traitlets.TraitError):
        with pytest.raises(kind, match=message):
            setattr(one, name, value)
    assert snapshot(one) == (1, "other")
    with pytest.raises(ValueError, match=message):
        scrubber(**{name: value})


def test_what_the_browser_sends_is_taken_over_all_or_nothing():
    one = scrubber()
    one.set_state({"epoch": 2, "shown": "other"})
    assert snapshot(one) == (2, "other")
    with pytest.raises(traitlets.TraitError):
        one.set_state({"epoch": 1, "shown": "nobody"})
    assert snapshot(one) == (2, "other")


SHORT = {
    field.name: getattr(made_up(), field.name)[:2]
    for field in dataclasses.fields(TrainingTrace)
    if field.name in ("in_pool", "predicted", "right_probs", "pool_fraction")
    or field.name.endswith("error")
}


@pytest.mark.parametrize(
    ("traces", "message"),
    [
        (3, "traces must be a TrainingTrace or a dict of them, got 3"),
        ([made_up()], r"traces must be .* got \[TrainingTrace\(3 moments, 3 sample images\)\]"),
        ({}, "traces must hold one TrainingTrace or more, got none"),
        ({"a": "b"}, r"traces\['a'\] must be a TrainingTrace, got 'b'"),
        ({"": made_up()}, "a name in traces must be a str that is not empty, got ''"),
        ({1: made_up()}, "a name in traces must be a str, got 1"),
        (
            {"a": made_up(), "b": made_up(**SHORT)},
            r"traces must have equally many moments, got 3 and, in traces\['b'\], 2",
        ),
        (
            {"a": made_up(), "b": made_up(images=torch.zeros(3, 1, 6, 4))},
            r"traces must show the same sample, got another in traces\['b'\]",
        ),
        ({"a": made_up(), "b": made_up(classes=("cat", "cow"))}, "the same sample"),
        ({"a": made_up(images=torch.zeros(3, 3, 6, 4))}, r"image must have shape \(H, W\)"),
    ],
)
def test_bad_traces_are_named(traces, message):
    for kind in (ValueError, traitlets.TraitError):
        with pytest.raises(kind, match=message):
            CurriculumScrubber(traces)


def test_the_bundle_has_the_live_view_and_a_figure_whose_alt_text_says_the_numbers():
    one = scrubber(epoch=1)
    data, _ = one._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == one.model_id
    alt = re.search('alt="([^"]*)"', data["text/html"])[1]
    assert alt.startswith("A wall of 3 pictures from easy to hard")
    assert "After 1 of 2 epochs, easy &lt;first&gt;: 70 %" in alt
    assert "right: 1 of 2 in the pool, 0 of 1 outside it" in alt
    assert "easy &lt;first&gt; 0.25 and 0.50; other 0.25 and 0.50" in alt
    assert one.words in data["text/plain"]
    picture = base64.b64decode(re.search('base64,([^"]*)"', data["text/html"])[1])
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.width > 800
    one.epoch = 0
    assert one.still()[1] != data["text/plain"]


def test_the_still_figure_dims_what_is_not_in_the_pool():
    def wall(epoch):
        tag, _ = CurriculumScrubber(black, epoch=epoch).still()
        data = base64.b64decode(re.search('base64,([^"]*)"', tag)[1])
        with Image.open(io.BytesIO(data)) as opened:
            left = opened.convert("L").crop((0, 0, opened.width // 2, opened.height))
        return left.histogram()

    black = made_up(images=torch.zeros(3, 1, 6, 4))
    first, last = wall(0), wall(2)
    assert last[0] > 2 * first[0]  # three black pictures, one black picture
    assert sum(first[186:196]) > 3 * sum(last[186:196])  # the two others are pale


@pytest.mark.parametrize("closed", [False, True])
def test_display_leaves_the_still_figure_and_then_the_live_view(closed, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    one = scrubber()
    if closed:
        one.close()
    one._ipython_display_()
    live = "application/vnd.jupyter.widget-view+json"
    assert "<img" in shown[0]["text/html"] and live not in shown[0]
    assert [live in data for data in shown[1:]] == ([] if closed else [True])
