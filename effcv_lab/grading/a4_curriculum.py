"""Assignment a4: what its five functions promise, and the mistakes that are known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from effcv_lab.curriculum import (
    curriculum_batches,
    elongation,
    low_frequency_crop,
    pacing,
    switch_schedule,
)
from effcv_lab.grading import a4_inputs as draw
from effcv_lab.grading import a4_pools as pools
from effcv_lab.grading import checks
from effcv_lab.grading.a4_mistakes import (
    blank_mistakes,
    draw_mistakes,
    elongation_mistakes,
    mass_mistakes,
    pacing_mistakes,
    pool_mistakes,
    refusal_mistakes,
    size_mistakes,
    spectrum_mistakes,
    switch_mistakes,
)
from effcv_lab.grading.batch_promises import (
    DrawnAnew,
    FromThePool,
    LeavesDifficulty,
    LeavesRandomness,
    NoneTwice,
    Seeded,
    ShowsInBatches,
    WithinTies,
)
from effcv_lab.grading.calling import Call
from effcv_lab.grading.promises import LeavesInputs, Promise, Raises


class Names(Promise):
    """Return the reference's list of names; those out of a NumPy array are names too."""

    def call(self, function: Callable, args: tuple) -> Call:
        """Make plain strings of NumPy's."""
        done = super().call(function, args)
        if type(done.result) is not list:
            return done
        plain = [str(name) if type(name) is np.str_ else name for name in done.result]
        return replace(done, result=plain)


CHECKS = checks.by_name(
    checks.FunctionCheck(
        switch_schedule,
        [
            Names("easy before switch_epoch, hard from it on", 0.6, draw.usual_switches),
            Names("no easy epoch, no hard one", 0.3, draw.switches_at_the_ends),
            Names("as many names as there are epochs, also 256", 0.1, draw.many_epochs, True),
        ],
        switch_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        pacing,
        [
            Promise("it grows linearly", 0.35, draw.on_the_ramp),
            Promise("from start_fraction to 1.0", 0.25, draw.ends_of_the_ramp),
            Promise("1.0 ever after", 0.15, draw.after_the_ramp),
            Promise("full_at * total_steps may be any number", 0.15, draw.odd_ramps),
            Promise(
                "full_at or start_fraction 1, one step, a million", 0.1, draw.other_ramps, True
            ),
        ],
        pacing_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        elongation,
        [
            Promise("1 - short / long, wherever the shape lies", 0.3, draw.level_shapes, atol=1e-3),
            Promise("however it is turned", 0.15, draw.slanted_shapes, atol=1e-3),
            Promise("dark and bright parts count alike", 0.15, draw.dark_shapes, atol=1e-3),
            Promise("a straight line has 1, not nan", 0.05, draw.straight_lines, atol=1e-2),
            Raises("a picture without a shape is a ValueError", 0.15, draw.blank_pictures),
            Promise("H and W may differ; float64 too", 0.1, draw.other_pictures, atol=1e-3),
            LeavesInputs("images are left as they were", 0.05, draw.dark_shapes),
            Promise("faint shapes, large pictures", 0.05, draw.faint_pictures, True, atol=1e-3),
        ],
        elongation_mistakes.MISTAKES + mass_mistakes.MISTAKES + blank_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        curriculum_batches,
        [
            ShowsInBatches("total_steps index tensors (batch_size,)", 0.15, pools.few_batches),
            FromThePool("from the step's pool: no others, all in time", 0.3, pools.usual_pools),
            FromThePool("the pool is rounded up", 0.1, pools.rounded_pools),
            FromThePool("the pool holds a batch at least", 0.1, pools.least_pools),
            NoneTwice("no example twice in a batch", 0.1, pools.crowded_pools),
            DrawnAnew("drawn anew in every step, each as likely", 0.05, pools.steady_pools),
            Seeded("same seed, same batches; other seed, others", 0.05, pools.pools_to_seed),
            LeavesRandomness("other random numbers go on as before", 0.05, pools.few_batches),
            LeavesDifficulty("difficulty is left as it was", 0.05, pools.few_batches),
            WithinTies("equal difficulties", 0.025, pools.equal_difficulties, True),
            FromThePool("a falling pace, batches of 1 and of all", 0.025, pools.other_pools, True),
        ],
        pool_mistakes.MISTAKES + draw_mistakes.MISTAKES,
    ),
    checks.FunctionCheck(
        low_frequency_crop,
        [
            Promise("the low frequencies, the mean kept", 0.4, draw.even_sides, atol=1e-5),
            Promise("odd sides too", 0.1, draw.odd_sides, atol=1e-5),
            Promise("bandwidth H gives the images back", 0.1, draw.whole_spectra, atol=1e-5),
            Raises("odd, below 2, above H: a ValueError", 0.2, draw.bad_bandwidths),
            Promise("float64; numbers outside 0 to 1", 0.1, draw.other_images, atol=1e-5),
            LeavesInputs("images are left as they were", 0.05, draw.even_sides),
            Promise("from 64 to 16, from 33 to 32", 0.05, draw.large_images, True, atol=1e-5),
        ],
        spectrum_mistakes.MISTAKES + size_mistakes.MISTAKES + refusal_mistakes.MISTAKES,
    ),
)

grade = checks.grader(CHECKS)
