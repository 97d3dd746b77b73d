"""The checks of every assignment: known mistakes are named, right answers score full, however written."""

import importlib

import pytest
from classroom import as_in_the_notebook, catalogue, right_answers

from tools.notebooks.targets import targets

ASSIGNMENTS = [target.master.stem for target in targets() if target.release]
FUNCTIONS = [(a, name) for a in ASSIGNMENTS for name in catalogue(a)]
MISTAKES = [(a, name, m) for a, name in FUNCTIONS for m in catalogue(a)[name].misconceptions]
ANSWERS = [
    (a, name, how)
    for a in ASSIGNMENTS
    for name, versions in right_answers(a).items()
    for how in versions
]
#: Mistakes in a promise that is tried only when it counts.
SEEN_WHEN_IT_COUNTS = {
    ("dark_knowledge", "one minus label"),
    ("dark_knowledge", "epsilon in denominator"),
    ("hint_loss", "flattened before the shapes are compared"),
    ("kd_weight", "zero taken for never"),
    ("kd_weight", "divided by stop epoch"),
    ("soft_targets", "refused too late"),
}


def named(rows):
    return ["-".join(str(getattr(part, "name", part)) for part in row) for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "name", "mistake"), MISTAKES, ids=named(MISTAKES))
def test_a_mistake_scores_below_full_and_is_called_by_its_own_name_alone(assignment, name, mistake):
    wrong = as_in_the_notebook(assignment, mistake.version)
    outcome = catalogue(assignment)[name].check(wrong, seed=11, points=4, hidden=True)
    assert outcome.misconceptions == [mistake.name], outcome.text
    assert all(f.kept or f.misconception for f in outcome.findings), "a loss without a reason"
    assert outcome.points < 4
    assert mistake.message in " ".join(outcome.text.split())


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "name", "mistake"), MISTAKES, ids=named(MISTAKES))
def test_the_student_hears_of_a_mistake_before_it_counts(assignment, name, mistake):
    wrong = as_in_the_notebook(assignment, mistake.version)
    outcome = catalogue(assignment)[name].check(wrong, seed=3)
    later = (name, mistake.name) in SEEN_WHEN_IT_COUNTS
    assert outcome.misconceptions == ([] if later else [mistake.name]), outcome.text


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS, ids=named(FUNCTIONS))
def test_there_are_many_mistakes_each_with_a_name_and_message_of_its_own(assignment, name):
    mistakes = catalogue(assignment)[name].misconceptions
    assert len(mistakes) >= 10
    assert len({m.name for m in mistakes}) == len({m.message for m in mistakes}) == len(mistakes)


@pytest.mark.parametrize(("assignment", "name", "mistake"), MISTAKES, ids=named(MISTAKES))
def test_a_message_says_what_is_wrong_and_suggests_something_to_try(assignment, name, mistake):
    words = ("Try", "Add up", "Compare", "Print", "Look at", "Take", "Read off", "Put", "Call")
    words += ("Divide", "A temperature is never", "Assertions", "The range is strict")
    assert any(word in mistake.message for word in words)
    assert mistake.message.partition(". ")[2]


@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "name", "how"), ANSWERS, ids=named(ANSWERS))
def test_right_answers_score_full_however_they_are_written(assignment, name, how):
    function = as_in_the_notebook(assignment, right_answers(assignment)[name][how])
    for seed in range(3):
        outcome = catalogue(assignment)[name].check(function, seed, points=4, hidden=True)
        assert outcome.points == 4, outcome.text


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS, ids=named(FUNCTIONS))
def test_there_are_at_least_four_right_answers_to_every_function(assignment, name):
    assert len(right_answers(assignment)[name]) >= 4


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS, ids=named(FUNCTIONS))
def test_the_kit_s_own_function_earns_nothing_called_or_handed_in(assignment, name):
    check = catalogue(assignment)[name]
    kit = check.reference
    for function in (kit, lambda *arguments: kit(*arguments)):
        outcome = check.check(function, seed=0, points=4)
        said = outcome.text.replace("\n", " ")
        assert outcome.points == 0 and "not called here" in said
        assert f"ran {kit.__module__}.{name}" in said


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS, ids=named(FUNCTIONS))
def test_an_empty_stub_earns_nothing_and_is_told_it_is_not_written(assignment, name, capfd):
    def stub(*arguments):
        raise NotImplementedError

    module = importlib.import_module(f"effcv_lab.grading.{assignment}")
    assert module.grade(name, stub, points=4, seed=0, hidden=True) == 0
    out, err = capfd.readouterr()
    assert out == f"`{name}` is not written yet.\n" and err == ""


@pytest.mark.parametrize(("assignment", "name"), FUNCTIONS, ids=named(FUNCTIONS))
def test_the_shares_of_a_function_come_to_one(assignment, name):
    shares = [promise.share for promise in catalogue(assignment)[name].promises]
    assert sum(shares) == pytest.approx(1)
