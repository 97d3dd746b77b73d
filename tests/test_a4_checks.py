"""Assignment a4: the text's examples, draws that differ and are alike, answers that nearly keep the contract."""

import math
import random

import pytest
import torch
from classroom import as_in_the_notebook

from effcv_lab.grading.a4_curriculum import CHECKS
from effcv_lab.grading.a4_pools import equal_difficulties, steady_pools, usual_pools
from effcv_lab.grading.batch_promises import AS_PROMISED, FromThePool, Pace, Seeded, WithinTies


def full(name, function, seeds=range(3)):
    """Say whether a function scores full when it counts, for every seed."""
    return all(CHECKS[name].check(function, seed, 1.0, hidden=True).points == 1 for seed in seeds)


def catalogued(name, mistake):
    """Return a mistake of the catalogue as a student would have written it."""
    found = next(m for m in CHECKS[name].misconceptions if m.name == mistake)
    return as_in_the_notebook("a4_curriculum", found.version)


# --- the numbers worked out by hand in the text and in the messages

BAR = torch.zeros(1, 1, 6, 8)
BAR[..., 1:3, 2:6] = 1


def test_the_examples_by_hand_are_right():
    switch_schedule, pacing, elongation, curriculum_batches, low_frequency_crop = (
        check.reference for check in CHECKS.values()
    )
    assert switch_schedule(4, 1) == ["easy", "hard", "hard", "hard"]
    climb = [pacing(step, 10, 0.2, 0.4) for step in range(6)]
    assert climb == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert elongation(BAR).item() == pytest.approx(0.553, abs=5e-4)
    difficulty = torch.tensor([3.0, 1.0, 2.0, 0.0])
    for fraction, pool in ((0.5, {1, 3}), (0.6, {1, 2, 3})):
        (batch,) = curriculum_batches(difficulty, lambda step, f=fraction: f, 2, 1, seed=0)
        assert set(batch.tolist()) <= pool
    grey = torch.full((1, 1, 4, 4), 0.5)
    assert torch.fft.fft2(grey)[0, 0, 0, 0].item() == 8
    assert torch.allclose(low_frequency_crop(grey, 2), torch.full((1, 1, 2, 2), 0.5))


@pytest.mark.parametrize(
    ("name", "mistake", "arguments", "value"),
    [
        ("elongation", "root left out", (BAR,), 0.8),
        ("elongation", "ratio returned", (BAR,), 0.447),
        ("elongation", "eccentricity of an ellipse", (BAR,), 0.894),
        ("pacing", "start added on top", (2, 10, 0.2, 0.4), 0.7),
        ("pacing", "grown like a square", (2, 10, 0.2, 0.4), 0.4),
        ("pacing", "waited at the start", (1, 10, 0.4, 0.5), 0.4),
    ],
)
def test_numbers_that_messages_promise_are_right(name, mistake, arguments, value):
    assert float(catalogued(name, mistake)(*arguments)) == pytest.approx(value, abs=5e-4)
    pacing = CHECKS["pacing"].reference
    assert pacing(1, 10, 0.4, 0.5) == pytest.approx(0.52)
    assert pacing(4, 10, 0.2, 0.5) == pytest.approx(0.84)
    assert pacing(2, 10, 0.2, 0.27) == pytest.approx(0.793, abs=5e-4)


# --- batches that are drawn in other ways


def batches(
    sizes=lambda pool: pool,
    dice=lambda seed, step, shared: shared,
    replacement=False,
    wrap=lambda batches: batches,
):
    """Draw with Python's own random numbers, which no version of the catalogue uses."""

    def curriculum_batches(difficulty, pacing_fn, batch_size, total_steps, seed):
        shared = random.Random(seed)
        order = sorted(range(len(difficulty)), key=difficulty.tolist().__getitem__)
        drawn = []
        for step in range(total_steps):
            pool = sizes(max(batch_size, math.ceil(pacing_fn(step) * len(order))))
            die = dice(seed, step, shared)
            pick = die.choices if replacement else die.sample
            drawn.append(torch.tensor(pick(order[:pool], k=batch_size)))
        return wrap(drawn)

    return curriculum_batches


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (batches(dice=lambda seed, step, shared: random.Random(seed)), "same batch again"),
        (batches(replacement=True), "drawn with replacement"),
        (batches(dice=lambda seed, step, shared: random.Random(step)), "seed left out"),
        (batches(wrap=torch.stack), "one tensor returned"),
        (batches(sizes=lambda pool: 10**6), "pace left out"),
    ],
)
def test_a_draw_is_understood_also_with_other_random_numbers(wrong, name):
    for seed in range(3):
        outcome = CHECKS["curriculum_batches"].check(wrong, seed, points=4)
        assert outcome.misconceptions == [name], outcome.text
        assert outcome.points < 4


def test_random_numbers_of_python_that_are_seeded_for_all_are_named_too():
    def curriculum_batches(difficulty, pacing_fn, batch_size, total_steps, seed):
        random.seed(seed)
        order = difficulty.argsort().tolist()
        pools = [max(batch_size, math.ceil(pacing_fn(s) * len(order))) for s in range(total_steps)]
        return [torch.tensor(random.sample(order[:pool], batch_size)) for pool in pools]

    before = random.getstate()
    outcome = CHECKS["curriculum_batches"].check(curriculum_batches, seed=0)
    assert outcome.misconceptions == ["random numbers of all seeded"]
    assert "the random numbers of Python were moved" in outcome.text
    random.setstate(before)


def test_a_pool_that_is_wrong_is_shown_in_the_order_of_difficulty():
    wrong = catalogued("curriculum_batches", "hardest never reached")
    text = CHECKS["curriculum_batches"].check(wrong, seed=0).text
    assert "the pool is the easiest 8 of 8" in text
    assert "got    the numbers 1, 2, 3, 4, 5, 6, 7\n" in text


def test_a_right_version_fails_by_chance_in_less_than_one_of_a_billion():
    generator = torch.Generator().manual_seed(0)
    for difficulty, pace, batch_size, steps, _ in usual_pools(generator):
        for fraction in set(pace.fractions):
            pool = max(batch_size, math.ceil(fraction * len(difficulty)))
            times = sum(pace(step) == fraction for step in range(steps))
            assert pool * (1 - batch_size / pool) ** times < 1e-9
    for difficulty, _, batch_size, steps, _ in steady_pools(generator):
        count = len(difficulty)
        chance = batch_size / count
        spread = math.sqrt(steps * chance * (1 - chance))
        assert 0.33 * steps * chance > 6.2 * spread  # as counted in DrawnAnew
        shared = batch_size * chance * (1 - chance) * (count - batch_size) / (count - 1)
        assert 6.2 * math.sqrt(shared / (steps - 1)) < 0.25


def test_of_a_right_version_only_good_is_shown():
    check = CHECKS["curriculum_batches"]
    generator = torch.Generator().manual_seed(1)
    for promise in check.promises:
        for args in promise.draw(generator):
            shown = promise.wanted(check.reference, args)
            if isinstance(promise, FromThePool):
                assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in shown)
            else:
                assert shown == ([True, False] if isinstance(promise, Seeded) else AS_PROMISED)


def test_with_equal_difficulties_too_hard_an_example_is_found():
    check = CHECKS["curriculum_batches"]
    ties = next(promise for promise in check.promises if isinstance(promise, WithinTies))
    args = equal_difficulties(torch.Generator().manual_seed(0))[0]
    done = ties.call(catalogued("curriculum_batches", "pace left out"), args)
    assert "harder than all of its pool" in ties.problem(done, args, AS_PROMISED)


def test_a_pace_is_a_function_of_the_step_that_can_be_read():
    pace = Pace((0.5, 1.0), "0.5 in step 0, 1 from step 1 on")
    assert [pace(step) for step in (0, 1, 2, torch.tensor(1))] == [0.5, 1.0, 1.0, 1.0]
    text = CHECKS["curriculum_batches"].check(lambda *args: [], seed=0).text
    assert "pacing_fn = 0.5 in step 0" in text


# --- other ways to the same mistake


def too_bright_and_absolute(images, bandwidth):
    side = images.shape[-1]
    if bandwidth % 2 or not 2 <= bandwidth <= side:
        raise ValueError("bandwidth")
    spectrum, low = torch.fft.fftshift(torch.fft.fft2(images)), (side - bandwidth) // 2
    kept = spectrum[..., low : low + bandwidth, low : low + bandwidth]
    return torch.fft.ifft2(torch.fft.ifftshift(kept)).abs()


def unchecked_moments(images):
    mass = (images - images[:, :, :1, :1]).abs()[:, 0].double()
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows, columns = torch.arange(mass.shape[1]).double(), torch.arange(mass.shape[2]).double()
    by_row, by_column = share.sum(dim=2), share.sum(dim=1)
    a = by_row @ rows**2 - (by_row @ rows) ** 2
    b = by_column @ columns**2 - (by_column @ columns) ** 2
    c = torch.einsum("bhw,h,w->b", share, rows, columns) - (by_row @ rows) * (by_column @ columns)
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    short = ((a + b) / 2 - apart).clamp_min(0)
    return (1 - (short / ((a + b) / 2 + apart)).sqrt()).to(images.dtype)


@pytest.mark.parametrize(
    ("name", "wrong", "mistake"),
    [
        ("low_frequency_crop", too_bright_and_absolute, "no rescale"),
        ("elongation", unchecked_moments, "blank pictures accepted"),
    ],
    ids=["no rescale", "blank pictures"],
)
def test_a_mistake_is_named_however_it_came_about(name, wrong, mistake):
    for seed in range(3):
        outcome = CHECKS[name].check(wrong, seed, points=4)
        assert outcome.misconceptions == [mistake] and outcome.points < 4, outcome.text


# --- what is nearly right is not right, what is right is not wrong


def paced(most=1.0, at_least=0.0):
    def pacing(step, total_steps, start_fraction, full_at):
        share = min(1.0, step / max(full_at * total_steps, at_least))
        return min(most, start_fraction + (1 - start_fraction) * share)

    return pacing


def drawn_out(epsilon=0.0, blank=0.0):
    def elongation(images):
        mass = (images - images[:, :, :1, :1]).abs()[:, 0]
        if (mass.sum(dim=(1, 2)) <= blank).any():
            raise ValueError("blank")
        weight = mass / (mass.sum(dim=(1, 2), keepdim=True) + epsilon)
        rows = torch.arange(mass.shape[1]).to(mass.dtype)[:, None]
        columns = torch.arange(mass.shape[2]).to(mass.dtype)
        down = rows - (weight * rows).sum(dim=(1, 2), keepdim=True)
        across = columns - (weight * columns).sum(dim=(1, 2), keepdim=True)
        a, b = (weight * down**2).sum(dim=(1, 2)), (weight * across**2).sum(dim=(1, 2))
        c = (weight * down * across).sum(dim=(1, 2))
        apart = ((a - b) ** 2 / 4 + c**2).sqrt()
        return 1 - (((a + b) / 2 - apart).clamp_min(0) / ((a + b) / 2 + apart)).sqrt()

    return elongation


def cropped(most=10**6, first=lambda side, band: side // 2 - band // 2):
    def low_frequency_crop(images, bandwidth):
        side = images.shape[-1]
        if bandwidth % 2 or not 2 <= bandwidth <= min(side, most):
            raise ValueError("bandwidth")
        spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
        low = first(side, bandwidth)
        kept = spectrum[..., low : low + bandwidth, low : low + bandwidth]
        small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real
        return small * (bandwidth / side) ** 2

    return low_frequency_crop


def only_growing():
    largest = [0]

    def sizes(pool):
        largest[0] = max(largest[0], pool)
        return largest[0]

    def curriculum_batches(*arguments):
        largest[0] = 0
        return batches(sizes=sizes)(*arguments)

    return curriculum_batches


def in_turn(difficulty, pacing_fn, batch_size, total_steps, seed):
    die, left, last, drawn = random.Random(seed), [], 0, []
    order = sorted(range(len(difficulty)), key=difficulty.tolist().__getitem__)
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(order)))
        if pool != last or len(left) < batch_size:
            left, last = die.sample(order[:pool], pool), pool
        drawn.append(torch.tensor(left[:batch_size]))
        left = left[batch_size:]
    return drawn


def neighbours(difficulty, pacing_fn, batch_size, total_steps, seed):
    die, order = random.Random(seed), difficulty.argsort()
    pools = [max(batch_size, math.ceil(pacing_fn(s) * len(order))) for s in range(total_steps)]
    starts = [die.randint(0, pool - batch_size) for pool in pools]
    return [order[start : start + batch_size] for start in starts]


NEARLY = {
    "a pace that ends at 99 %": ("pacing", paced(most=0.99)),
    "a climb of two steps at least": ("pacing", paced(at_least=2.0)),
    "a small number in the denominator": ("elongation", drawn_out(epsilon=1e-3)),
    "faint is blank": ("elongation", drawn_out(blank=0.01)),
    "a blank picture is one with hardly any mass": ("elongation", drawn_out(blank=1e-3)),
    "a pool that is used up before it is whole again": ("curriculum_batches", in_turn),
    "neighbours in difficulty": ("curriculum_batches", neighbours),
    "a pool that never shrinks": ("curriculum_batches", only_growing()),
    "bandwidths up to 28 only": ("low_frequency_crop", cropped(most=28)),
    "no schedule beyond 100 epochs": (
        "switch_schedule",
        lambda epochs, switch: ["easy"] * min(switch, 100) + ["hard"] * (min(epochs, 100) - switch),
    ),
}


@pytest.mark.parametrize(("name", "function"), NEARLY.values(), ids=NEARLY)
def test_what_keeps_the_contract_only_nearly_scores_below_full_when_it_counts(name, function):
    for seed in range(3):
        assert CHECKS[name].check(function, seed, 4.0, hidden=True).points < 4


def unclamped(images, after=lambda values: values):
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("blank")
    weight = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows, columns = torch.arange(mass.shape[1])[:, None], torch.arange(mass.shape[2])
    down = rows - (weight * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (weight * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (weight * down**2).sum(dim=(1, 2)), (weight * across**2).sum(dim=(1, 2))
    c = (weight * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return after(1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).sqrt())


@pytest.mark.parametrize(
    "function",
    [
        unclamped,
        lambda images: unclamped(images.double()).to(images.dtype),
        lambda images: unclamped(images, torch.nan_to_num),
    ],
    ids=["single", "double", "nan made 0"],
)
def test_a_line_whose_eigenvalue_is_below_0_is_among_the_lines(function):
    for seed in range(5):
        outcome = CHECKS["elongation"].check(function, seed, 4.0)
        assert outcome.misconceptions == ["root of a negative number"], outcome.text
        assert 3.5 < outcome.points < 4


@pytest.mark.parametrize("end", [math.ceil, round, int])
def test_a_climb_of_whole_steps_is_named_however_it_was_rounded(end):
    def pacing(step, total_steps, start_fraction, full_at):
        share = min(1.0, step / max(1, end(full_at * total_steps)))
        return start_fraction + (1 - start_fraction) * share

    for seed in range(3):
        outcome = CHECKS["pacing"].check(pacing, seed)
        assert outcome.misconceptions == ["rounded to whole steps"], outcome.text


def test_a_climb_one_step_short_is_not_taken_for_another_mistake():
    def pacing(step, total_steps, start_fraction, full_at):
        return min(1, start_fraction + (1 - start_fraction) * step / (full_at * total_steps - 1))

    for seed in range(3):
        assert CHECKS["pacing"].check(pacing, seed).misconceptions == []


def test_indices_as_floats_are_not_taken_for_difficulties():
    check = CHECKS["curriculum_batches"]
    outcome = check.check(batches(wrap=lambda drawn: [batch.float() for batch in drawn]), seed=0)
    assert "batch 0 has whole numbers, but as torch.float32" in outcome.text
    assert outcome.misconceptions == []


RIGHT = {
    "the pace": ("pacing", paced()),
    "the elongation": ("elongation", drawn_out()),
    "the batches, drawn by Python": ("curriculum_batches", batches()),
    "the crop": ("low_frequency_crop", cropped()),
    "the crop from (H - b) // 2": (
        "low_frequency_crop",
        cropped(first=lambda side, band: (side - band) // 2),
    ),
}


@pytest.mark.parametrize(("name", "function"), RIGHT.values(), ids=RIGHT)
def test_what_the_mistakes_above_are_made_of_is_right_without_them(name, function):
    assert full(name, function)


def test_equal_difficulties_may_come_in_any_order():
    def curriculum_batches(difficulty, pacing_fn, batch_size, total_steps, seed):
        last_first = (len(difficulty) - 1) - difficulty.flip(0).argsort(stable=True)
        generator = torch.Generator().manual_seed(seed)
        drawn = []
        for step in range(total_steps):
            pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
            drawn.append(last_first[torch.randperm(pool, generator=generator)[:batch_size]])
        return drawn

    assert full("curriculum_batches", curriculum_batches)
