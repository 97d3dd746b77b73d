"""What every experiment refuses, before it trains anything."""

import pytest

from effcv_lab.experiments import (
    any_teacher,
    difficulty_levels,
    distillation_labels,
    efficient_train,
    habits,
    hints,
    long_tail,
    omitted_class,
    switch_epoch,
    switch_epoch_10k,
    teacher_size,
    temperature,
)

EXPERIMENTS = (
    any_teacher, difficulty_levels, distillation_labels, efficient_train, habits, hints, long_tail,
    omitted_class, switch_epoch, switch_epoch_10k, teacher_size, temperature,
)  # fmt: skip


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("seeds", [(), (0,), (1, 1)])
def test_one_run_alone_is_refused(experiment, seeds):
    with pytest.raises(ValueError, match="at least 2 different"):
        experiment.run("class", "cpu", seeds)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_unknown_budget_is_refused(experiment):
    with pytest.raises(ValueError, match="budget"):
        experiment.run("huge", "cpu", (0, 1))
