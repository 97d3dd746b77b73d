"""Curricula: each test is one promise of ``effcv_lab.curriculum``."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from effcv_lab.curriculum import (
    LowFrequencies,
    compute_schedule,
    curriculum_batches,
    elongation,
    levels_pacing,
    loss_difficulty,
    low_frequency_crop,
    paced,
    pacing,
    root_pacing,
    shuffled,
    step_pacing,
    switch_schedule,
    two_stages,
    union,
    within_classes,
)
from effcv_lab.models import mlp, small_cnn
from effcv_lab.replicates import fit_replicates
from effcv_lab.shapes import basic_shapes, draw_shapes, geometric_shapes
from effcv_lab.training import TrainConfig, cross_entropy, fit, predict_logits, seed_everything

PACINGS = [pacing, root_pacing, step_pacing]


def tiny():
    return mlp((6,), (1, 16, 16), 3)


@pytest.fixture(scope="module")
def sets():
    return basic_shapes(30, size=16), geometric_shapes(30, size=16)


# ---------------------------------------------------------------------------------------- stages


@given(st.integers(1, 40), st.data())
def test_a_schedule_is_easy_before_the_switch_and_hard_from_it_on(epochs, data):
    switch = data.draw(st.integers(0, epochs))
    names = switch_schedule(epochs, switch)
    assert names == ["easy"] * switch + ["hard"] * (epochs - switch)


@pytest.mark.parametrize(
    ("arguments", "message"), [((0, 0), "epochs"), ((3, 4), "switch_epoch"), ((3, -1), "switch_epoch")]
)  # fmt: skip
def test_a_schedule_out_of_range_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        switch_schedule(*arguments)


def test_two_stages_train_on_one_set_and_then_on_the_other(sets):
    easy, hard = sets
    train = two_stages(easy, hard, epochs=4, switch_epoch=3)
    assert [train(epoch) is easy for epoch in range(4)] == [True, True, True, False]
    assert train(3) is hard


def test_two_stages_need_sets_that_take_the_same_steps(sets):
    easy, hard = sets
    with pytest.raises(ValueError, match="one length"):
        two_stages(easy, hard.subset(range(9)), 2, 1)


def test_the_union_shows_every_image_once_in_two_epochs_half_of_each_set_in_one(sets):
    easy, hard = sets
    train = union(easy, hard, seed=1)
    shown = torch.cat([train(0).images, train(1).images])
    wanted = torch.cat([easy.images, hard.images])
    assert len(train(0)) == len(train(1)) == len(easy)
    key = lambda images: sorted(image.numpy().tobytes() for image in images)  # noqa: E731
    assert key(shown) == key(wanted)
    of_easy = {image.numpy().tobytes() for image in easy.images}
    assert sum(image.numpy().tobytes() in of_easy for image in train(0).images) == 15
    assert torch.equal(train(2).images, train(0).images)


def test_a_union_of_sets_of_odd_length_shows_every_image_too(sets):
    easy, hard = (one.subset(range(7)) for one in sets)
    train = union(easy, hard)
    assert len(train(0)) == len(train(1)) == 7
    shown = torch.cat([train(0).images, train(1).images])
    assert len({image.numpy().tobytes() for image in shown}) == 14


def test_a_label_goes_with_its_image_in_the_union(sets):
    easy, hard = sets
    known = {
        i.numpy().tobytes(): int(y) for s in sets for i, y in zip(s.images, s.labels, strict=True)
    }
    for epoch in (0, 1):
        mixed = union(easy, hard)(epoch)
        for image, label in zip(mixed.images, mixed.labels, strict=True):
            assert known[image.numpy().tobytes()] == label


def test_nets_side_by_side_follow_the_same_curriculum(sets):
    train = two_stages(*sets, epochs=3, switch_epoch=1)
    config = TrainConfig(epochs=3, batch_size=10, seed=5)
    both = fit_replicates(tiny, train, sets[1], config, [2, 5], progress=False)
    seed_everything(5)
    history = fit(tiny(), train, sets[1], config, progress=False)
    for mine, theirs in zip(both.histories[1].epochs, history.epochs, strict=True):
        assert mine.train_loss == pytest.approx(theirs.train_loss, rel=1e-4)


# ------------------------------------------------------------------------------------------ pool


@pytest.mark.parametrize("pace", PACINGS)
@given(st.integers(1, 60), st.floats(0.01, 1), st.floats(0.05, 1))
def test_a_pace_starts_where_it_is_told_never_falls_and_ends_at_everything(
    pace, total, start, full
):
    fractions = [pace(step, total, start, full) for step in range(total + 1)]
    assert fractions[0] == pytest.approx(start)
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(fractions))
    assert all(fractions[step] == 1.0 for step in range(total + 1) if step >= full * total)
    assert max(fractions) <= 1.0


def test_the_three_paces_meet_their_formulas_half_way():
    half = {"step": 50, "total_steps": 200, "start_fraction": 0.2, "full_at": 0.5}
    assert pacing(**half) == pytest.approx(0.2 + 0.8 * 0.5)
    assert root_pacing(**half) == pytest.approx(math.sqrt(0.04 + 0.96 * 0.5))
    assert step_pacing(**half) == 0.2


@pytest.mark.parametrize("pace", PACINGS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 10, 0.2, 0.5), "step"),
        ((0, 0, 0.2, 0.5), "total_steps"),
        ((0, 10, 0.0, 0.5), "start_fraction"),
        ((0, 10, 1.2, 0.5), "start_fraction"),
        ((0, 10, 0.2, 0.0), "full_at"),
    ],
)
def test_a_pace_out_of_range_is_named(pace, arguments, message):
    with pytest.raises(ValueError, match=message):
        pace(*arguments)


def test_batches_come_from_the_easiest_examples_without_repeats_and_reach_all():
    difficulty = torch.rand(50, generator=torch.Generator().manual_seed(0))
    pace = lambda step: pacing(step, 100, 0.1, 0.5)  # noqa: E731
    batches = curriculum_batches(difficulty, pace, batch_size=8, total_steps=100, seed=3)
    rank = difficulty.argsort().argsort()
    assert len(batches) == 100
    for step, batch in enumerate(batches):
        pool = max(8, math.ceil(pace(step) * 50))
        assert batch.shape == (8,) and len(set(batch.tolist())) == 8
        assert rank[batch].max() < pool
    assert set(batches[0].tolist()) == set(difficulty.argsort()[:8].tolist())
    assert set(torch.cat(batches[50:]).tolist()) == set(range(50))


def test_the_pool_is_rounded_up():
    draws = [
        curriculum_batches(torch.arange(10.0), lambda _: 0.21, 1, 20, seed)[-1]
        for seed in range(20)
    ]
    assert set(torch.cat(draws).tolist()) == {0, 1, 2}


def test_the_same_seed_gives_the_same_batches_and_another_gives_others():
    def drawn(seed):
        return torch.stack(curriculum_batches(torch.arange(30.0), lambda _: 1.0, 5, 6, seed))

    state = torch.random.get_rng_state()
    assert torch.equal(drawn(1), drawn(1)) and not torch.equal(drawn(1), drawn(2))
    assert torch.equal(torch.random.get_rng_state(), state)  # its own stream


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 31}, "batch_size"),
        ({"total_steps": 0}, "total_steps"),
        ({"seed": -1}, "seed"),
        ({"pacing_fn": lambda _: 0.0}, "pacing_fn"),
        ({"pacing_fn": lambda _: 1.5}, "pacing_fn"),
        ({"difficulty": torch.tensor([float("nan")] * 30)}, "difficulty"),
    ],
)
def test_batches_that_cannot_be_drawn_are_an_error_that_names_why(wrong, message):
    right = {
        "difficulty": torch.arange(30.0),
        "pacing_fn": lambda _: 1.0,
        "batch_size": 5,
        "total_steps": 2,
        "seed": 0,
    }
    with pytest.raises(ValueError, match=message):
        curriculum_batches(**right | wrong)


def test_difficulty_is_the_cross_entropy_of_each_example(sets):
    model, image_set = tiny(), sets[1]
    difficulty = loss_difficulty(model, image_set)
    probs = predict_logits(model, image_set.images).softmax(dim=1)
    torch.testing.assert_close(difficulty, -probs[range(30), image_set.labels].log())


def test_shuffled_difficulties_are_the_same_numbers_in_another_order():
    difficulty = torch.arange(40.0)
    dealt = shuffled(difficulty, seed=2)
    assert torch.equal(dealt.sort().values, difficulty) and not torch.equal(dealt, difficulty)


# --------------------------------------------------------------------------- levels and epochs


@pytest.mark.parametrize("levels", [2, 3, 5, 13])
def test_levels_are_equal_jumps_that_last_equally_long(levels):
    total = 4 * (levels - 1)
    fractions = [levels_pacing(step, total, levels, full_at=0.5) for step in range(total + 1)]
    growing = total // 2
    assert fractions[:growing] == [level / levels for level in range(1, levels) for _ in range(2)]
    assert fractions[growing:] == [1.0] * (total + 1 - growing)
    assert np.mean(fractions[:growing]) == pytest.approx(0.5)  # for any number of levels


def test_one_level_is_everything_and_two_are_one_jump():
    assert [levels_pacing(step, 10, 1, 0.4) for step in range(10)] == [1.0] * 10
    for step in range(12):
        assert levels_pacing(step, 10, 2, 0.4) == step_pacing(step, 10, 0.5, 0.4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((-1, 10, 2, 0.5), "step"), ((0, 0, 2, 0.5), "total_steps"), ((0, 10, 0, 0.5), "levels"),
     ((0, 10, 2, 0.0), "full_at")],
)  # fmt: skip
def test_levels_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        levels_pacing(*arguments)


def shown(train, image_set, epoch):
    """Count how often an epoch shows each image of the set, its label looked at, too."""
    place = {image.numpy().tobytes(): n for n, image in enumerate(image_set.images)}
    seen = [place[image.numpy().tobytes()] for image in train(epoch).images]
    assert torch.equal(train(epoch).labels, image_set.labels[seen])
    return np.bincount(seen, minlength=len(image_set))


@pytest.mark.parametrize("levels", [1, 2, 5, 7])
def test_every_epoch_is_as_long_as_the_set_and_its_pool_is_the_easiest(sets, levels):
    hard = sets[1]
    difficulty = torch.rand(30, generator=torch.Generator().manual_seed(1))
    rank = difficulty.argsort().argsort().numpy()
    pace = lambda epoch: levels_pacing(epoch, 12, levels, 0.5)  # noqa: E731
    train = paced(hard, difficulty, pace, epochs=12, seed=3)
    for epoch in range(12):
        counts, size = shown(train, hard, epoch), math.ceil(pace(epoch) * 30)
        assert counts.sum() == len(train(epoch)) == 30
        assert (counts[rank >= size] == 0).all()
        assert counts[rank < size].max() - counts[rank < size].min() <= 1  # equally often
    assert train(11) is hard and (shown(train, hard, 11) == 1).all()


@pytest.mark.parametrize("pace", PACINGS)
def test_a_paced_run_takes_the_steps_of_a_plain_one_and_ends_on_everything(sets, pace):
    hard, batches = sets[1], []

    def spy(model, images, labels):
        batches.append(len(images))
        return cross_entropy(model, images, labels)

    train = paced(hard, torch.arange(30.0), lambda epoch: pace(epoch, 4, 0.3, 0.7), epochs=4)
    fit(tiny(), train, hard, TrainConfig(epochs=4, batch_size=8), batch_loss=spy, progress=False)
    assert batches == [8, 8, 8, 6] * 4 and train(3) is hard


def test_what_comes_once_more_is_drawn_anew_in_each_epoch_and_from_each_seed(sets):
    hard = sets[1]
    pace = lambda epoch: (0.7, 0.7, 1.0)[epoch]  # noqa: E731

    def drawn(seed, epoch):
        return tuple(shown(paced(hard, torch.arange(30.0), pace, 3, seed), hard, epoch))

    state = torch.random.get_rng_state()
    assert drawn(0, 1) == drawn(0, 1) != drawn(0, 0) and drawn(0, 1) != drawn(1, 1)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"difficulty": torch.arange(29.0)}, "difficulty must be one for each of 30 images"),
        ({"pacing_fn": lambda _: 0.9}, "3 examples would never be used"),
        ({"pacing_fn": lambda _: 1.2}, "pacing_fn"),
        ({"epochs": 0}, "epochs"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_pace_that_no_epoch_can_follow_is_an_error_that_names_why(sets, wrong, message):
    right = {"difficulty": torch.arange(30.0), "pacing_fn": lambda _: 1.0, "epochs": 2, "seed": 0}
    with pytest.raises(ValueError, match=message):
        paced(sets[1], **right | wrong)


def test_within_classes_the_order_stays_and_every_pool_has_the_classes_evenly():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    difficulty = torch.rand(60, generator=generator) + labels  # class 0 is the easiest
    ranks = within_classes(difficulty, labels)
    for k in range(3):
        mine = labels == k
        assert torch.equal(difficulty[mine].argsort(), ranks[mine].argsort())
        assert ranks[mine].min() == 0 and ranks[mine].max() < 1
    assert labels[difficulty.argsort()[:15]].unique().tolist() == [0]
    assert labels[ranks.argsort()[:15]].bincount().tolist() == [5, 5, 5]
    assert within_classes(torch.zeros(4), torch.zeros(4, dtype=torch.int64)).tolist() == [
        0, 0.25, 0.5, 0.75,
    ]  # fmt: skip


@pytest.mark.parametrize("labels", [torch.tensor([0, 1]), torch.tensor([0, 1, -1])])
def test_labels_that_do_not_fit_the_difficulties_are_refused(labels):
    with pytest.raises(ValueError, match="labels must"):
        within_classes(torch.arange(3.0), labels)


# ------------------------------------------------------------------------------------ frequencies


def waves(side, highest, count=3, seed=0):
    """Return random images that hold no frequency above ``highest`` cycles, as functions sampled."""
    generator = torch.Generator().manual_seed(seed)
    place = torch.arange(side, dtype=torch.float64) / side
    images = torch.zeros(count, 1, side, side, dtype=torch.float64)
    for fy, fx in itertools.product(range(highest + 1), repeat=2):
        size, phase = torch.rand(2, count, 1, 1, 1, generator=generator, dtype=torch.float64)
        angle = 2 * math.pi * (fy * place[:, None] + fx * place[None, :])
        images += size * torch.cos(angle + 2 * math.pi * phase)
    return images


@pytest.mark.parametrize(("side", "bandwidth"), [(28, 14), (32, 8), (24, 12)])
def test_an_image_without_higher_frequencies_is_sampled_exactly(side, bandwidth):
    images = waves(side, bandwidth // 2 - 1)
    step = side // bandwidth
    torch.testing.assert_close(
        low_frequency_crop(images, bandwidth), images[..., ::step, ::step], rtol=0, atol=1e-10
    )


@pytest.mark.parametrize(("side", "bandwidth"), [(28, 20), (28, 14), (27, 10), (16, 2)])
def test_it_is_scipys_resampling_where_the_edge_of_the_band_is_empty(side, bandwidth):
    images = waves(side, side // 2 - 1)
    spectrum = torch.fft.fft2(images)
    frequency = torch.fft.fftfreq(side, 1 / side).abs().round()
    at_edge = frequency == bandwidth // 2
    spectrum[..., at_edge, :] = 0
    spectrum[..., :, at_edge] = 0
    images = torch.fft.ifft2(spectrum).real
    expected = images.numpy()
    for axis in (2, 3):
        expected = signal.resample(expected, bandwidth, axis=axis)
    torch.testing.assert_close(
        low_frequency_crop(images, bandwidth), torch.from_numpy(expected), rtol=0, atol=1e-10
    )


@given(st.sampled_from([2, 6, 14, 28]), st.integers(0, 5))
def test_the_mean_intensity_stays(bandwidth, seed):
    images = torch.rand(2, 3, 28, 28, generator=torch.Generator().manual_seed(seed))
    small = low_frequency_crop(images, bandwidth)
    assert small.shape == (2, 3, bandwidth, bandwidth) and small.dtype == images.dtype
    torch.testing.assert_close(small.mean(dim=(2, 3)), images.mean(dim=(2, 3)), rtol=0, atol=1e-5)


def test_the_whole_band_is_the_image_itself_and_the_highest_wave_vanishes():
    images = torch.rand(2, 1, 16, 16)
    torch.testing.assert_close(low_frequency_crop(images, 16), images)
    checks = (-1.0) ** torch.arange(16)
    assert low_frequency_crop((checks * checks[:, None])[None, None], 8).abs().max() < 1e-6


@pytest.mark.parametrize("bandwidth", [0, 7, 30, -2])
def test_a_band_that_is_odd_or_too_wide_is_refused(bandwidth):
    with pytest.raises(ValueError, match="bandwidth must be"):
        low_frequency_crop(torch.rand(1, 1, 28, 28), bandwidth)


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match="must be square"):
        low_frequency_crop(torch.rand(1, 1, 28, 14), 4)


@given(st.integers(3, 60))
def test_stages_cost_about_the_same_and_end_on_whole_images(epochs):
    schedule = compute_schedule(epochs, (14, 20, 28), full=28)
    assert len(schedule) == epochs and schedule == sorted(schedule)
    assert set(schedule) == {14, 20, 28}
    cost = {band: schedule.count(band) * (band / 28) ** 2 for band in (14, 20, 28)}
    fair = epochs / sum((28 / band) ** 2 for band in (14, 20, 28))
    assert all(abs(cost[band] - fair) <= 1.01 * (band / 28) ** 2 for band in cost)


@pytest.mark.parametrize("bands", [(), (14, 13), (20, 14), (14, 14), (14, 30)])
def test_bands_that_do_not_rise_are_refused(bands):
    with pytest.raises(ValueError, match="bandwidths"):
        compute_schedule(10, bands, full=28)


def test_the_loss_crops_as_the_schedule_says(sets):
    images, labels = sets[0].images[:4], sets[0].labels[:4]
    model = small_cnn((4, 4), classes=3).eval()
    loss = LowFrequencies([8, 16])
    for epoch, seen in ((0, low_frequency_crop(images, 8)), (1, images), (0, None)):
        loss.start_epoch(epoch)
        seen = low_frequency_crop(images, 8) if seen is None else seen
        torch.testing.assert_close(loss(model, images, labels), cross_entropy(model, seen, labels))


def test_the_loop_tells_the_loss_its_epoch(sets):
    sizes = []

    def spy(model, images, labels):
        sizes.append(images.shape[-1])
        return cross_entropy(model, images, labels)

    config = TrainConfig(epochs=2, batch_size=30)
    build = small_cnn((4, 4), classes=3)
    fit(build, sets[0], sets[1], config, batch_loss=LowFrequencies([8, 16], spy), progress=False)
    assert sizes == [8, 16]


# ------------------------------------------------------------------------------------------ rules


@pytest.mark.parametrize("aspect", [1.0, 0.7, 0.5, 0.3])
def test_elongation_is_what_the_generator_squeezed_by(aspect):
    drawn = draw_shapes(60, aspect=aspect, size=64, contrast=(0.1, 1))
    assert (elongation(drawn.images) - (1 - aspect)).abs().max() < 0.03


def test_elongation_is_the_covariance_of_the_mass_that_numpy_finds():
    images = draw_shapes(12, seed=4).images.double()
    for image, found in zip(images[:, 0].numpy(), elongation(images), strict=True):
        mass = np.abs(image - image[0, 0])
        places = np.stack(np.meshgrid(*map(np.arange, mass.shape), indexing="ij"))
        covariance = np.cov(places.reshape(2, -1), aweights=mass.ravel(), ddof=0)
        low, high = np.linalg.eigvalsh(covariance)
        assert found.item() == pytest.approx(1 - np.sqrt(low / high), abs=1e-9)


def test_elongation_does_not_mind_greys_turns_or_places():
    images = draw_shapes(6, seed=2, size=48, position=0.5).images
    expected = elongation(images)
    for same in (1 - images, 0.2 + images / 2, images.rot90(1, (2, 3)), images.flip(-1)):
        torch.testing.assert_close(elongation(same), expected, atol=1e-4, rtol=0)
    line = torch.zeros(1, 1, 8, 8)
    line[0, 0, 3, 1:7] = 1
    assert elongation(line) == 1


@pytest.mark.parametrize(
    ("images", "message"),
    [(torch.rand(2, 3, 8, 8), "one channel"), (torch.rand(8, 8), "images"),
     (torch.ones(2, 1, 8, 8), "image 0 is nothing but ground")],
)  # fmt: skip
def test_elongation_needs_pictures_of_shapes(images, message):
    with pytest.raises(ValueError, match=message):
        elongation(images)
