"""Assignment a1: what its four functions promise, and the mistakes that are known by name."""

from __future__ import annotations

import math

from effcv_lab.grading import a1_inputs as draw
from effcv_lab.grading import checks
from effcv_lab.grading.a1_mistakes import (
    dark_mistakes,
    entropy_mistakes,
    search_mistakes,
    softmax_mistakes,
    target_mistakes,
)
from effcv_lab.grading.comparing import as_float
from effcv_lab.grading.promises import LeavesInputs, Promise, Raises
from effcv_lab.softmax import (
    dark_knowledge,
    entropy,
    softmax_with_temperature,
    temperature_for_entropy,
)

ACCURACY = 1e-4  # nats: how closely temperature_for_entropy must meet its target


def _misses_target(args: tuple, temperature: float) -> str | None:
    """More than one float meets the target: judge by the entropy, not by the temperature."""
    logits, target = args
    temperature = as_float(temperature)
    if not 0 < temperature < math.inf:
        return "a temperature is finite and > 0"
    found = entropy(softmax_with_temperature(logits.double(), temperature)).item()
    if abs(found - target) <= 2 * ACCURACY:  # room for who stops at 1e-4, counted in float32
        return None
    return f"at your temperature the entropy is {found:.5f} nats, wanted {target:.5f}"


CHECKS = checks.by_name(
    checks.FunctionCheck(
        softmax_with_temperature,
        [
            Promise("every row is softmax(logits / T)", 0.4, draw.usual_scores),
            Promise(
                "stable for scores of 10000 and -10000",
                0.25,
                draw.huge_scores,
                rtol=1e-2,
                atol=1e-3,
            ),
            Raises("T <= 0 is a ValueError", 0.2, draw.bad_temperatures),
            LeavesInputs("logits are left as they were", 0.05, draw.usual_scores),
            Promise("any B and K, also one class; float64 too", 0.1, draw.other_shapes, True),
        ],
        softmax_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        entropy,
        [
            Promise("one entropy in nats for every row", 0.5, draw.usual_probs),
            Promise("a zero probability contributes zero", 0.35, draw.probs_with_zeros),
            LeavesInputs("probs are left as they were", 0.05, draw.probs_with_zeros),
            Promise("any B and K, also one class; float64 too", 0.1, draw.other_probs, True),
        ],
        entropy_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        temperature_for_entropy,
        [
            Promise("meets the target to 0.0001", 0.4, draw.usual_targets, judge=_misses_target),
            Promise(
                "also for tiny and huge scores, targets from 1 % to 99 % of ln K",
                0.25,
                draw.far_targets,
                judge=_misses_target,
            ),
            Raises("a target outside (0, ln K) is a ValueError", 0.2, draw.impossible_targets),
            LeavesInputs("logits are left as they were", 0.05, draw.usual_targets),
            Promise(
                "two classes; all scores moved by 1000; float64",
                0.1,
                draw.other_targets,
                True,
                judge=_misses_target,
            ),
        ],
        search_mistakes.MISTAKES + target_mistakes.MISTAKES,
        arguments=("logits", "target_entropy"),
    ),
    checks.FunctionCheck(
        dark_knowledge,
        [
            Promise("shares of what is not on the label, zero at it", 0.5, draw.usual_labels),
            Promise("zeros where the label holds everything", 0.25, draw.certain_rows),
            LeavesInputs("probs and labels are left as they were", 0.05, draw.usual_labels),
            Promise("exact also where little is left", 0.1, draw.nearly_certain_rows, True),
            Promise("one class; float64 too", 0.1, draw.other_labels, True),
        ],
        dark_mistakes.MISTAKES,
    ),
)

grade = checks.grader(CHECKS)
