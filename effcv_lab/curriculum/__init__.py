"""Curriculum learning: which examples a network sees when, and how much of each.

An easy set before a hard one (``stages``); a pool that grows from the easiest examples on
(``pool``); low frequencies before high ones (``frequencies``); from typical images to real ones
(``guidance``). What is easy may be a rule (``rules``) or a trained net's loss. Each comes with its controls, and all of it runs in the one training loop.
"""

from effcv_lab.curriculum.frequencies import (
    LowFrequencies,
    compute_schedule,
    low_frequency_crop,
)
from effcv_lab.curriculum.guidance import (
    MostProgress,
    guided_scenes,
    in_stages,
    interleaved,
)
from effcv_lab.curriculum.pool import (
    curriculum_batches,
    levels_pacing,
    loss_difficulty,
    paced,
    pacing,
    root_pacing,
    shuffled,
    step_pacing,
    within_classes,
)
from effcv_lab.curriculum.rules import elongation
from effcv_lab.curriculum.stages import switch_schedule, two_stages, union
from effcv_lab.curriculum.trace import TrainingTrace, trace_training

__all__ = [
    "LowFrequencies", "MostProgress", "TrainingTrace", "compute_schedule", "curriculum_batches",
    "elongation", "guided_scenes", "in_stages", "interleaved", "levels_pacing", "loss_difficulty",
    "low_frequency_crop", "paced", "pacing", "root_pacing", "shuffled", "step_pacing",
    "switch_schedule", "trace_training", "two_stages", "union", "within_classes",
]  # fmt: skip
