"""Knowledge distillation: a small student learns from a teacher's answers, or from its features.

Everything that trains here is a ``batch_loss`` for :func:`effcv_lab.training.fit` and
:func:`effcv_lab.replicates.fit_replicates`. A teacher is only ever asked: it runs in eval mode,
gets no gradient, and is left as it was.
"""

from effcv_lab.distillation.hints import (
    HintedStudent,
    HintLoss,
    RepresentationLoss,
    hint_loss,
    hint_regressor,
    up_to,
)
from effcv_lab.distillation.outputs import (
    DistillationLoss,
    Terms,
    kd_loss,
    kd_terms,
    soft_targets,
)
from effcv_lab.distillation.over_time import (
    EarlyStopped,
    distill_chain,
    early_stopped,
    kd_weight,
)

__all__ = [
    "DistillationLoss", "EarlyStopped", "HintLoss", "HintedStudent", "RepresentationLoss", "Terms",
    "distill_chain", "early_stopped", "hint_loss", "hint_regressor", "kd_loss", "kd_terms",
    "kd_weight", "soft_targets", "up_to",
]  # fmt: skip
