"""Assignment a1: searches that end in many numbers, and answers that nearly keep the contract."""

import math

import pytest
import torch

from effcv_lab.grading.a1_temperature import CHECKS


def test_examples_name_the_arguments_as_the_assignment_does():
    outcome = CHECKS["temperature_for_entropy"].check(lambda logits, t: 1.0, seed=0)
    assert "target_entropy = " in outcome.text


# searches end in many numbers: mistakes that differ from the catalogue's versions in the details


def search(low=1e-6, high=1e9, steps=60, swapped=False, result=lambda t: t, guarded=True):
    def temperature_for_entropy(logits, target_entropy):
        if guarded and not 0 < target_entropy < math.log(len(logits)):
            raise ValueError("no such entropy")
        a, b = math.log(low), math.log(high)
        for _ in range(steps):
            middle = (a + b) / 2
            probs = torch.softmax(logits.double() / math.exp(middle), dim=0)
            too_low = torch.special.entr(probs).sum() < target_entropy
            if too_low != swapped:
                a = middle
            else:
                b = middle
        return result(math.exp((a + b) / 2))

    return temperature_for_entropy


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (search(swapped=True, low=1e-3, high=1e7), "direction inverted"),
        (search(swapped=True, low=0.01, high=500), "direction inverted"),
        (search(low=0.2, high=50.0), "bracket too small"),
        (search(low=1e-6, high=1000.0), "bracket too small"),
        (search(steps=12), "grid too coarse"),
        (search(result=lambda t: 1 / t, steps=45), "reciprocal returned"),
        (search(result=math.log, steps=45), "logarithm returned"),
        (search(guarded=False, low=1e-7), "any target accepted"),
    ],
)
def test_a_search_is_understood_also_with_other_ends_and_steps(wrong, name):
    for seed in range(3):
        outcome = CHECKS["temperature_for_entropy"].check(wrong, seed, points=4)
        assert outcome.misconceptions[0] == name, outcome.text
        assert outcome.points < 4


def test_a_softmax_with_two_mistakes_is_told_both():
    def softmax(logits, temperature):
        return torch.softmax(logits * temperature, dim=1)

    outcome = CHECKS["softmax_with_temperature"].check(softmax, seed=0, points=4)
    assert outcome.misconceptions == ["temperature multiplied", "any temperature accepted"]


# --- answers that nearly keep the contract


def part_1(change_t=lambda t: t, lowest=0.0):
    def softmax_with_temperature(logits, temperature):
        if temperature <= lowest:
            raise ValueError("temperature must be > 0")
        return torch.softmax(logits / change_t(temperature), dim=1)

    return softmax_with_temperature


def part_3(slack=0.0, stop_early=False):
    def temperature_for_entropy(logits, target_entropy):
        if not 0 < target_entropy < math.log(len(logits)) + slack:
            raise ValueError("target_entropy must be between 0 and ln K")
        low, high = math.log(1e-6), math.log(1e8)
        for _ in range(60):
            middle = (low + high) / 2
            found = torch.special.entr(torch.softmax(logits / math.exp(middle), dim=0)).sum().item()
            if stop_early and abs(found - target_entropy) < 1e-4:
                break
            low, high = (middle, high) if found < target_entropy else (low, middle)
        return math.exp(middle)

    return temperature_for_entropy


def part_4(share):
    def dark_knowledge(probs, labels):
        others = probs.scatter(1, labels[:, None], 0.0)
        return share(others, others.sum(dim=1, keepdim=True))

    return dark_knowledge


NEARLY = {
    "refuses small T": ("softmax_with_temperature", part_1(lowest=0.05)),
    "caps T": ("softmax_with_temperature", part_1(change_t=lambda t: min(t, 1e4))),
    "target a little above ln K": ("temperature_for_entropy", part_3(slack=0.009)),
    "little is nothing": (
        "dark_knowledge",
        part_4(lambda others, rest: torch.where(rest > 1e-6, others / rest, 0.0)),
    ),
    "never divides by less": (
        "dark_knowledge",
        part_4(lambda others, rest: others / rest.clamp_min(1e-6)),
    ),
}


@pytest.mark.parametrize(("name", "function"), NEARLY.values(), ids=NEARLY)
def test_what_keeps_the_contract_only_nearly_scores_below_full_when_it_counts(name, function):
    for seed in range(5):
        assert CHECKS[name].check(function, seed, 4.0, hidden=True).points < 4


def test_a_search_that_stops_at_the_promised_accuracy_scores_full_in_float32_too():
    for seed in range(12):
        outcome = CHECKS["temperature_for_entropy"].check(
            part_3(stop_early=True), seed, 5.0, hidden=True
        )
        assert outcome.points == 5, outcome.text
