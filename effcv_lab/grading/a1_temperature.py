"""Assignment a1: what its four functions promise, and the mistakes that are known by name."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from effcv_lab.grading import checks
from effcv_lab.grading.a1_mistakes import (
    dark_mistakes,
    entropy_mistakes,
    search_mistakes,
    softmax_mistakes,
)
from effcv_lab.grading.promises import LeavesInputs, Promise, Raises
from effcv_lab.softmax import (
    dark_knowledge,
    entropy,
    softmax_with_temperature,
    temperature_for_entropy,
)

Cases = list[tuple]
ACCURACY = 1e-4  # nats: how closely temperature_for_entropy must meet its target


def _scores(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return 2 * torch.randn(*shape, generator=generator, dtype=dtype)


def _probs(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.softmax(_scores(generator, *shape, dtype=dtype), dim=1)


def _between(generator: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * torch.rand(1, generator=generator).item()


# softmax_with_temperature


def _usual_scores(generator: torch.Generator) -> Cases:
    return [
        (_scores(generator, 2, 3), _between(generator, 2, 6)),
        (_scores(generator, 3, 5), _between(generator, 0.3, 0.6)),
        (_scores(generator, 4, 4), 3),
        (_scores(generator, 1, 4), _between(generator, 2, 6)),
    ]


def _huge_scores(generator: torch.Generator) -> Cases:
    """Whole numbers and powers of two, so that float32 does not round before the softmax."""
    step = float(torch.randint(1, 4, (1,), generator=generator))
    anywhere = torch.randint(-10_000, 10_001, (3, 5), generator=generator).float()
    return [
        (torch.tensor([[1e4, 1e4 - step]]), 1.0),
        (torch.tensor([[-1e4, -1e4 + step]]), 2.0),
        (torch.tensor([[1e4, 1e4 - 2 * step, -1e4], [-1e4, step - 1e4, -1e4]]), 2.0),
        (torch.tensor([[1e4, 1e4 - 2000 * step, -1e4]]), 8192.0),
        (torch.tensor([[1e4, 1e4 - 100 * step, 0.0]]), 0.5),
        (anywhere, 4096.0),
    ]


def _bad_temperatures(generator: torch.Generator) -> Cases:
    temperatures = [0, 0.0, -1, -_between(generator, 0.1, 5)]
    return [(_scores(generator, 2, 3), temperature) for temperature in temperatures]


def _other_shapes(generator: torch.Generator) -> Cases:
    return [
        (_scores(generator, 2, 1), _between(generator, 2, 6)),
        (_scores(generator, 2, 3, dtype=torch.float64), _between(generator, 2, 6)),
        (_scores(generator, 50, 10), _between(generator, 0.3, 0.6)),
    ]


# entropy


def _usual_probs(generator: torch.Generator) -> Cases:
    return [(_probs(generator, *shape),) for shape in [(2, 3), (4, 4), (1, 5), (6, 10)]]


def _probs_with_zeros(generator: torch.Generator) -> Cases:
    some = _probs(generator, 3, 4)
    some[:, torch.randint(4, (1,), generator=generator)] = 0
    return [
        (torch.tensor([[0.5, 0.5, 0.0]]),),
        (torch.tensor([[1.0, 0.0], [0.0, 1.0]]),),
        (some / some.sum(dim=1, keepdim=True),),
    ]


def _other_probs(generator: torch.Generator) -> Cases:
    return [
        (torch.ones(2, 1),),
        (_probs(generator, 2, 3, dtype=torch.float64),),
        (torch.full((1, 100), 0.01),),
    ]


# temperature_for_entropy


def _one_winner(generator: torch.Generator, classes: int) -> Tensor:
    """Draw scores whose largest is clearly the largest."""
    logits = _scores(generator, classes)
    return logits + torch.nn.functional.one_hot(logits.argmax(), classes)


def _target(generator: torch.Generator, classes: int, low: float, high: float) -> float:
    return _between(generator, low, high) * math.log(classes)


def _usual_targets(generator: torch.Generator) -> Cases:
    return [
        (_one_winner(generator, k), _target(generator, k, *share))
        for k, share in [(3, (0.2, 0.4)), (3, (0.6, 0.8)), (5, (0.3, 0.7)), (10, (0.3, 0.7))]
    ]


def _far_targets(generator: torch.Generator) -> Cases:
    return [
        (1e4 * _one_winner(generator, 3), _target(generator, 3, 0.4, 0.6)),
        (0.01 * _one_winner(generator, 3), _target(generator, 3, 0.4, 0.6)),
        (1e4 * _one_winner(generator, 6), _target(generator, 6, 0.97, 0.99)),
        (0.01 * _one_winner(generator, 6), _target(generator, 6, 0.01, 0.03)),
    ]


def _impossible_targets(generator: torch.Generator) -> Cases:
    targets = [0.0, -_between(generator, 0.1, 1), math.log(4) + 0.01, 2 * math.log(4)]
    return [(_one_winner(generator, 4), target) for target in targets]


def _other_targets(generator: torch.Generator) -> Cases:
    quarters = torch.tensor([0.0, 1.0, 2.75, -2.0])[torch.randperm(4, generator=generator)]
    return [
        (_one_winner(generator, 2), _target(generator, 2, 0.3, 0.7)),
        (quarters + 1000, _target(generator, 4, 0.3, 0.7)),
        (_one_winner(generator, 4).double(), _target(generator, 4, 0.3, 0.7)),
    ]


def _misses_target(args: tuple, temperature: float) -> str | None:
    """More than one float meets the target: judge by the entropy, not by the temperature."""
    logits, target = args
    if temperature <= 0:
        return "a temperature is always > 0"
    found = entropy(softmax_with_temperature(logits.double(), float(temperature))).item()
    if abs(found - target) <= ACCURACY * 1.01:
        return None
    return f"at your temperature the entropy is {found:.5f} nats, wanted {target:.5f}"


# dark_knowledge


def _usual_labels(generator: torch.Generator) -> Cases:
    cases = []
    for shape in [(2, 3), (4, 4), (5, 6)]:
        probs = _probs(generator, *shape)
        labels = torch.randint(shape[1], (shape[0],), generator=generator)
        labels[0] = (probs[0].argmax() + 1) % shape[1]  # the model is wrong about this one
        labels[1] = (labels[0] + 1) % shape[1]
        cases.append((probs, labels))
    return cases


def _certain_rows(generator: torch.Generator) -> Cases:
    label = int(torch.randint(3, (1,), generator=generator))
    certain = torch.nn.functional.one_hot(torch.tensor([label]), 3).float()
    mixed = torch.cat([certain, _probs(generator, 2, 3)])
    return [(certain, torch.tensor([label])), (mixed, torch.tensor([label, label, 0]))]


def _nearly_certain_rows(generator: torch.Generator) -> Cases:
    small = _between(generator, 3e-6, 6e-6)
    row = torch.tensor([[1 - 1.3 * small, small, 0.3 * small]])
    return [(row, torch.tensor([0])), (row.flip(1), torch.tensor([2]))]


def _other_labels(generator: torch.Generator) -> Cases:
    return [
        (torch.ones(2, 1), torch.tensor([0, 0])),
        (_probs(generator, 2, 3, dtype=torch.float64), torch.tensor([2, 0])),
    ]


CHECKS: dict[str, checks.FunctionCheck] = {
    check.name: check
    for check in [
        checks.FunctionCheck(
            softmax_with_temperature,
            [
                Promise("every row is softmax(logits / T)", 0.4, _usual_scores),
                Promise("stable for scores of +-10000", 0.25, _huge_scores, rtol=1e-2, atol=1e-3),
                Raises("T <= 0 is a ValueError", 0.2, _bad_temperatures),
                LeavesInputs("logits are left as they were", 0.05, _usual_scores),
                Promise("any B and K, also one class; float64 too", 0.1, _other_shapes, True),
            ],
            softmax_mistakes.MISTAKES,
        ),
        checks.FunctionCheck(
            entropy,
            [
                Promise("one entropy in nats for every row", 0.5, _usual_probs),
                Promise("a zero probability contributes zero", 0.35, _probs_with_zeros),
                LeavesInputs("probs are left as they were", 0.05, _probs_with_zeros),
                Promise("any B and K, also one class; float64 too", 0.1, _other_probs, True),
            ],
            entropy_mistakes.MISTAKES,
        ),
        checks.FunctionCheck(
            temperature_for_entropy,
            [
                Promise("meets the target to 0.0001", 0.4, _usual_targets, judge=_misses_target),
                Promise(
                    "also for tiny and huge scores, targets from 1 % to 99 % of ln K",
                    0.25,
                    _far_targets,
                    judge=_misses_target,
                ),
                Raises("a target outside (0, ln K) is a ValueError", 0.2, _impossible_targets),
                LeavesInputs("logits are left as they were", 0.05, _usual_targets),
                Promise(
                    "two classes; all scores moved by 1000; float64",
                    0.1,
                    _other_targets,
                    True,
                    judge=_misses_target,
                ),
            ],
            search_mistakes.MISTAKES,
        ),
        checks.FunctionCheck(
            dark_knowledge,
            [
                Promise("shares of what is not on the label, zero at it", 0.5, _usual_labels),
                Promise("zeros where the label holds everything", 0.25, _certain_rows),
                LeavesInputs("probs and labels are left as they were", 0.05, _usual_labels),
                Promise("exact also where little is left", 0.1, _nearly_certain_rows, True),
                Promise("one class; float64 too", 0.1, _other_labels, True),
            ],
            dark_mistakes.MISTAKES,
        ),
    ]
}


def grade(
    name: str, function: Callable, *, points: float, seed: int, hidden: bool = False
) -> float:
    """Check one function of the assignment, print the explanation, return the points earned."""
    return checks.grade(CHECKS[name], function, points=points, seed=seed, hidden=hidden)
