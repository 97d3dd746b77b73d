"""Assignment a2: what its four functions promise, and the mistakes that are known by name."""

from __future__ import annotations

from effcv_lab.distillation import hint_loss, kd_loss, kd_weight, soft_targets
from effcv_lab.grading import a2_inputs as draw
from effcv_lab.grading import a2_nets as nets
from effcv_lab.grading import checks
from effcv_lab.grading.a2_mistakes import (
    answer_mistakes,
    divergence_mistakes,
    gradient_mistakes,
    hint_mistakes,
    mixture_mistakes,
    mode_mistakes,
    regressor_mistakes,
    trace_mistakes,
    weight_mistakes,
)
from effcv_lab.grading.promises import LeavesInputs, PassesGradient, Promise, Raises
from effcv_lab.grading.teacher_promises import CarriesNoGraph, LeavesTeacher, contents, modes

CHECKS = checks.by_name(
    checks.FunctionCheck(
        soft_targets,
        [
            Promise("the probabilities at T, in eval mode", 0.35, nets.teachers),
            LeavesTeacher("every part keeps its mode", 0.2, nets.teachers, look=modes),
            LeavesTeacher(
                "nothing else of the teacher changes", 0.1, nets.teachers_that_train, look=contents
            ),
            CarriesNoGraph("no graph, and of use in a loss", 0.1, nets.teachers_that_train),
            Raises("T <= 0 is a ValueError", 0.1, nets.teachers_refused),
            LeavesInputs("images are left as they were", 0.05, nets.pixel_teachers),
            LeavesTeacher("also when T is refused", 0.05, nets.teachers_refused, True, look=modes),
            Promise(
                "one image, two classes, float64, T from 0.5 to 1000",
                0.05,
                nets.other_teachers,
                True,
                rtol=1e-3,  # of scores near 10000, float32 keeps three digits after the point
            ),
        ],
        answer_mistakes.MISTAKES + mode_mistakes.MISTAKES + trace_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        kd_loss,
        [
            Promise("the loss of the formula, one number", 0.35, draw.usual_losses),
            PassesGradient("the student gets its gradient", 0.15, draw.usual_losses, of=0),
            PassesGradient("the teacher's logits get none", 0.15, draw.usual_losses, of=1),
            Promise(
                "stable for logits of 10000 and -10000",
                0.1,
                draw.huge_losses,
                rtol=1e-3,
                atol=1e-3,
            ),
            Raises("T <= 0 is a ValueError", 0.1, draw.bad_temperatures),
            LeavesInputs("logits and labels are left as they were", 0.05, draw.usual_losses),
            Promise(
                "alpha 0 and 1, one image, two classes, float64, T from 0.5 to 1000",
                0.1,
                draw.other_losses,
                True,
            ),
        ],
        mixture_mistakes.MISTAKES + divergence_mistakes.MISTAKES + gradient_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        kd_weight,
        [
            Promise("alpha before stop_epoch, 0.0 after it", 0.4, draw.usual_epochs),
            Promise("stop_epoch is the first without", 0.4, draw.epochs_at_the_edge),
            Promise("never asked, never stopped, alpha 0 and 1", 0.2, draw.other_epochs, True),
        ],
        weight_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        hint_loss,
        [
            Promise("half the squared distance, a mean over images", 0.4, nets.usual_features),
            PassesGradient("the student's features get a gradient", 0.1, nets.usual_features, of=0),
            PassesGradient("so does the regressor", 0.1, nets.usual_features, of=2),
            PassesGradient("the teacher's features get none", 0.15, nets.usual_features, of=1),
            Raises("features of another shape are a ValueError", 0.1, nets.stretched_features),
            LeavesInputs("the features are left as they were", 0.05, nets.usual_features),
            Raises("also where as many numbers are in it", 0.05, nets.reordered_features, True),
            Promise("any function as regressor, float64", 0.05, nets.other_features, True),
        ],
        hint_mistakes.MISTAKES + regressor_mistakes.MISTAKES,
    ),
)

grade = checks.grader(CHECKS)
