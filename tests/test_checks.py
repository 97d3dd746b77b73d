"""Checks that explain: on a small function of its own, away from any assignment."""

import subprocess
import sys
import warnings

import pytest
import torch

from effcv_lab.grading.calling import call, fresh_copy
from effcv_lab.grading.checks import FunctionCheck, grade
from effcv_lab.grading.comparing import difference, identical, same, show
from effcv_lab.grading.outcomes import Misconception
from effcv_lab.grading.promises import LeavesInputs, PassesGradient, Promise, Raises, same_outcome
from effcv_lab.grading.teacher_promises import CarriesNoGraph, LeavesTeacher, contents


def scale(values, factor):
    """The function that these checks are about: values times factor, factor > 0."""
    if factor <= 0:
        raise ValueError("factor must be > 0")
    return values * factor


def adds_instead(values, factor):
    """Multiply, do not add.

    Try factor 1.
    """
    if factor <= 0:
        raise ValueError("factor must be > 0")
    return values + factor


def any_factor_accepted(values, factor):
    """Refuse factors up to zero."""
    return values * factor


def changes_its_input(values, factor):
    """Make a new tensor."""
    if factor <= 0:
        raise ValueError("factor must be > 0")
    return values.mul_(factor)


def usual(generator):
    return [(torch.randn(n, generator=generator), 3.0) for n in (5, 2, 4)]


def bad(generator):
    return [(torch.randn(2, generator=generator), factor) for factor in (0, -1.0)]


CHECK = FunctionCheck(
    scale,
    [
        Promise("multiplies", 0.4, usual),
        Raises("factor <= 0 is a ValueError", 0.3, bad),
        LeavesInputs("values are left as they were", 0.1, usual),
        PassesGradient("can be differentiated", 0.1, usual),
        Promise("also no values", 0.1, lambda g: [(torch.zeros(0), 2.0)], hidden=True),
    ],
    [
        Misconception.of(adds_instead),
        Misconception.of(any_factor_accepted, lambda args, got: args[1] <= 0),
        Misconception.of(changes_its_input),
    ],
)


def student(body, **names):
    """Write ``def scale(values, factor)`` with this body, as a notebook cell would."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    space = {"torch": torch, **names}
    exec(compile(f"def scale(values, factor):\n{lines}", "<cell>", "exec"), space)
    return space["scale"]


RIGHT = student("if factor <= 0:\n    raise ValueError\nreturn factor * values")


# points


def test_a_right_function_earns_exactly_the_points():
    outcome = CHECK.check(RIGHT, seed=0, points=3, hidden=True)
    assert outcome.points == 3 and type(outcome.points) is float
    assert all(finding.kept for finding in outcome.findings) and outcome.misconceptions == []


def test_every_promise_kept_earns_its_share():
    outcome = CHECK.check(student("return factor * values"), seed=0, points=10, hidden=True)
    assert outcome.points == 7
    assert [finding.kept for finding in outcome.findings] == [True, False, True, True, True]


def test_promises_kept_for_grading_do_not_count_before():
    wrong_when_empty = student(
        "if factor <= 0:\n    raise ValueError\nreturn factor * values if len(values) else None"
    )
    assert CHECK.check(wrong_when_empty, seed=0, points=10).points == 10
    assert CHECK.check(wrong_when_empty, seed=0, points=10, hidden=True).points == 9


def test_the_text_says_that_grading_tries_more():
    assert "tries 1 more promise" in CHECK.check(RIGHT, seed=0).text
    assert "more promise" not in CHECK.check(RIGHT, seed=0, hidden=True).text


def test_what_always_raises_or_returns_nothing_earns_nothing():
    for body in ("raise ValueError('no')", "pass", "return None"):
        assert CHECK.check(student(body), seed=0, points=10, hidden=True).points == 0


def test_inputs_are_drawn_by_the_seed_and_more_often_when_it_counts():
    seen = []

    def note(values, factor):
        seen.append(tuple(values.tolist()))
        return scale(values, factor)

    runs = []
    for seed, hidden in [(1, False), (1, False), (2, False), (1, True)]:
        seen.clear()
        CHECK.check(note, seed=seed, hidden=hidden)
        runs.append(list(seen))
    assert runs[0] == runs[1] and runs[0] != runs[2]
    assert len(runs[3]) > 2 * len(runs[0])


# explanations


def test_a_function_not_written_yet_is_told_so_without_a_traceback():
    outcome = CHECK.check(student("raise NotImplementedError"), seed=0, points=3)
    assert outcome.points == 0 and outcome.text == "`scale` is not written yet."


def test_the_smallest_failing_example_is_shown_with_got_and_wanted():
    check = FunctionCheck(scale, [Promise("multiplies", 1, lambda g: [
        (torch.tensor([1.0, 2.0, 3.0]), 2.0), (torch.tensor([5.0]), 2.0)])], [])  # fmt: skip
    text = check.check(student("return values"), seed=0).text
    assert "values = [5]" in text and "factor = 2" in text
    assert "got    [5]" in text and "wanted [10]" in text
    assert "[1, 2, 3]" not in text


@pytest.mark.parametrize("version", [adds_instead, any_factor_accepted, changes_its_input])
def test_a_known_mistake_gets_its_own_message(version):
    outcome = CHECK.check(version, seed=0, points=10)
    assert outcome.misconceptions == [version.__name__.replace("_", " ")]
    assert " ".join(version.__doc__.split()) in " ".join(outcome.text.split())
    assert outcome.points < 10


def test_two_mistakes_in_one_function_are_both_named():
    outcome = CHECK.check(student("return values + factor"), seed=0)
    assert outcome.misconceptions == ["adds instead", "any factor accepted"]


def test_a_mistake_can_be_recognised_by_more_than_equal_numbers():
    outcome = CHECK.check(student("return values * abs(factor) + 0 * factor"), seed=0)
    assert outcome.misconceptions == ["any factor accepted"]


@pytest.mark.parametrize("version", [adds_instead, lambda values, factor: values + factor])
def test_a_mistake_is_recognised_only_if_it_breaks_this_and_nothing_that_was_kept(version):
    everything = Misconception("claims everything", "", version, lambda args, got: True)
    check = FunctionCheck(scale, CHECK.promises, [everything])
    keeps_the_numbers = check.check(student("return values * abs(factor)"), seed=0)
    assert keeps_the_numbers.misconceptions == []


def test_of_two_mistakes_alike_in_one_promise_the_one_alike_in_more_is_named():
    """Both return the values for good factors; only one is alike for bad ones."""
    pair = [
        Misconception(
            "guarded", "", student("if factor <= 0:\n    raise ValueError\nreturn values")
        ),
        Misconception("plain", "", student("return values")),
    ]
    for mistakes in (pair, pair[::-1]):
        check = FunctionCheck(scale, CHECK.promises, mistakes)
        for mistake in pair:
            assert check.check(mistake.version, seed=0).misconceptions == [mistake.name]


def test_right_numbers_of_another_dtype_are_no_mistake_that_shows_elsewhere():
    outcome = CHECK.check(student("return right(values, factor).double()", right=scale), seed=0)
    assert "its dtype is torch.float64" in outcome.text and outcome.misconceptions == []


def test_errors_of_torch_are_alike_only_in_the_same_words():
    def alike(first, second):
        return same_outcome(*(call(student(f"raise {e}"), (1, 2)) for e in (first, second)))

    assert alike("ValueError('T')", "ValueError('factor')")
    assert alike("RuntimeError('a b c d 1')", "RuntimeError('a b c d 2')")
    assert not alike("RuntimeError('element 0 of tensors')", "RuntimeError('one of the variables')")


def test_numbers_that_are_no_known_mistake_get_no_message():
    outcome = CHECK.check(student("return values * factor ** 2 + 1"), seed=0)
    assert "adds instead" not in outcome.misconceptions


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", "it returned None: is a `return` missing?"),
        ("return 3.0", "it returned a float, wanted a torch.Tensor"),
        ("return values.tolist()", "it returned a list, wanted a torch.Tensor"),
        ("return (values * factor)[None]", "its shape is (1, 2), wanted (2,)"),
        ("return (values * factor).double()", "its dtype is torch.float64, wanted torch.float32"),
        ("return values * float('nan')", "2 of 2 numbers are nan or infinite"),
        ("return values * factor * 2", "yours are 2 times the wanted ones throughout"),
        ("return torch.nn.Parameter(values * factor)", "it returned a Parameter"),
        ("return (values * factor).to_sparse()", "differ"),
        ("return values * factor * 1j", "its dtype is torch.complex64"),
    ],
)
def test_a_result_of_the_wrong_kind_is_named(body, words):
    outcome = CHECK.check(student(body), seed=0, points=10)
    if body.endswith("to_sparse()"):  # right numbers in an odd form
        assert outcome.findings[0].kept
    else:
        assert words in outcome.text and not outcome.findings[0].kept


def test_an_error_is_told_with_its_type_message_and_line():
    text = CHECK.check(student("half = factor / 2\nreturn values.fold(half)"), seed=0).text
    assert "AttributeError: 'Tensor' object has no attribute 'fold'" in text
    assert "(line 3 of its cell)" in text


def test_an_error_in_a_helper_of_the_same_cell_points_at_the_helper():
    source = "def helper(x):\n    return x / 0\n\ndef scale(values, factor):\n    return helper(1)"
    space = {}
    exec(compile(source, "<cell>", "exec"), space)
    assert "ZeroDivisionError: division by zero (line 2 of its cell)" in (
        CHECK.check(space["scale"], seed=0).text
    )


def test_an_error_that_shows_everywhere_is_told_once():
    text = CHECK.check(student("return 1 / 0"), seed=0).text
    assert (
        text.count("ZeroDivisionError") == 2
    )  # once for itself, once where a ValueError was wanted
    assert "the same as above" in text


@pytest.mark.parametrize("thing", [3, None, "scale", torch.zeros(2)])
def test_something_that_is_no_function_is_named(thing):
    outcome = CHECK.check(thing, seed=0, points=3)
    assert outcome.points == 0
    assert f"`scale` is not a function but {type(thing).__name__}." == outcome.text


def test_too_few_parameters_are_explained():
    assert "takes 1 positional argument but 2 were given" in (
        CHECK.check(lambda values: values, seed=0).text
    )


class Awkward(Exception):
    def __str__(self):
        raise RuntimeError("an error in an error")

    __repr__ = __str__


def test_errors_and_results_that_cannot_be_printed_do_no_harm():
    for body in ("raise Awkward", "return Awkward()"):
        outcome = CHECK.check(student(body, Awkward=Awkward), seed=0)
        assert "Awkward" in outcome.text and not outcome.findings[0].kept


class Exits(Exception):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__


@pytest.mark.parametrize(
    "body",
    [
        "raise Exits",
        "return Exits()",
        "return (x for x in values)",
        "rows = []\nrows.append(rows)\nreturn rows",
    ],
)
def test_what_cannot_be_copied_or_compared_is_a_broken_promise_and_no_crash(body):
    picky = Misconception("picky", "", any_factor_accepted, lambda args, got: bool(got.any()))
    check = FunctionCheck(scale, CHECK.promises, [picky])
    assert check.check(student(body, Exits=Exits), seed=0).points < 0.5


# fairness and mischief


def test_sys_exit_ends_only_the_call():
    assert "SystemExit" in CHECK.check(student("raise SystemExit(0)"), seed=0).text


def test_an_interrupt_is_passed_on():
    with pytest.raises(KeyboardInterrupt):
        CHECK.check(student("raise KeyboardInterrupt"), seed=0)


def test_running_the_kit_s_own_function_earns_nothing_and_is_named():
    from effcv_lab.softmax import softmax_with_temperature as kit

    for function in (kit, lambda logits, t: kit(logits, t), lambda logits, t: 1 * kit(logits, t)):
        check = FunctionCheck(kit, [Promise("", 1, lambda g: [(torch.zeros(2, 3), 2.0)])], [])
        outcome = check.check(function, seed=0)
        assert outcome.points == 0
        assert "ran effcv_lab.softmax.softmax_with_temperature" in outcome.text


def test_the_kit_s_argument_checks_may_be_used():
    from effcv_lab.arguments import number_in

    body = "return values * number_in('factor', factor, 0, open_low=True)"
    assert CHECK.check(student(body, number_in=number_in), seed=0, points=2).points == 2


def test_changing_an_argument_in_place_is_noticed():
    outcome = CHECK.check(
        student("if factor <= 0:\n    raise ValueError\nreturn values.mul_(factor)"), seed=0
    )
    assert "argument 1 was changed in place" in outcome.text
    kept = [finding.promise.text for finding in outcome.findings if finding.kept]
    assert "multiplies" in kept and "values are left as they were" not in kept


def test_a_result_cut_off_from_the_gradient_is_noticed():
    body = "if factor <= 0:\n    raise ValueError\nreturn (values * factor).detach()"
    broken = [f for f in CHECK.check(student(body), seed=0).findings if not f.kept]
    assert [finding.promise.text for finding in broken] == ["can be differentiated"]
    assert "does not require grad" in broken[0].problem


def test_a_tensor_that_claims_to_equal_everything_is_not_believed():
    class Yes(torch.Tensor):
        def __eq__(self, other):
            return True

        __hash__ = None

    body = "return torch.zeros(len(values)).as_subclass(Yes)"
    assert not CHECK.check(student(body, Yes=Yes), seed=0).findings[0].kept


def test_replaced_methods_and_functions_of_torch_do_not_make_wrong_numbers_right(monkeypatch):
    wrong = student("return values * 0")
    monkeypatch.setattr(torch, "equal", lambda a, b: True)
    monkeypatch.setattr(torch, "allclose", lambda a, b, **k: True)
    # A check takes out again what hides a method of torch's own.
    torch.Tensor.numpy, torch.Tensor.detach = lambda self: [], lambda self: self * 0
    assert not CHECK.check(wrong, seed=0).findings[0].kept


# quiet


NOISY = """
import logging, os, sys, warnings
print("printed")
print("to stderr", file=sys.stderr)
warnings.warn("warned", stacklevel=1)
logging.warning("logged")
os.write(2, b"straight to the file")
if factor <= 0:
    raise ValueError
return values * factor
"""


def test_nothing_gets_to_stderr_and_what_was_said_is_shown(capfd):
    logging_was_quiet = student(NOISY)
    points = grade(CHECK, logging_was_quiet, points=2, seed=0)
    out, err = capfd.readouterr()
    assert points == 2 and err == ""
    for words in ("> printed", "> to stderr", "> UserWarning: warned"):
        assert words in out


@pytest.mark.slow
def test_nothing_gets_to_stderr_in_a_process_of_its_own():
    program = f"""
import sys; sys.path.insert(0, {str(__file__.rpartition("/")[0])!r})
from test_checks import CHECK, NOISY, student
from effcv_lab.grading.checks import grade
print(grade(CHECK, student(NOISY), points=2, seed=0))
print(grade(CHECK, student("raise SystemExit('bye')"), points=2, seed=0))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.rstrip().endswith("0.0")


def test_a_flood_of_prints_is_cut():
    outcome = CHECK.check(student("print('x' * 10_000_000)\nreturn values"), seed=0)
    assert len(outcome.text) < 5_000


def test_warnings_work_as_before_after_a_check():
    CHECK.check(student(NOISY), seed=0)
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", stacklevel=1)
    assert sys.getprofile() is None


# comparing


def test_values_close_enough_are_the_same_whatever_the_float_type():
    assert same(torch.tensor([1.0]), torch.tensor([1.00001], dtype=torch.float64))
    assert not same(torch.tensor([1.0]), torch.tensor([1.001]))
    assert same({"a": [1, 2.0]}, {"a": [1.0, 2]})
    assert not same(torch.zeros(2), torch.zeros(1, 2))
    assert not same([1, 2], [1, 2, 3]) and not same("a", "b") and not same(True, False)


def test_nan_and_infinity_agree_with_themselves_only():
    nan, inf = float("nan"), float("inf")
    assert same(torch.tensor([nan, inf]), torch.tensor([nan, inf]))
    for other in (torch.tensor([inf, inf]), torch.tensor([nan, -inf]), torch.tensor([0, inf])):
        assert not same(torch.tensor([nan, inf]), other)


def test_identical_sees_the_last_bit_and_the_dtype():
    one = torch.tensor([1.0])
    assert identical(one, one.clone())
    assert not identical(one, torch.nextafter(one, torch.tensor(2.0)))
    assert not identical(one, one.double()) and not identical(1, 1.0)


def test_whole_numbers_truths_and_tuples_are_compared_exactly():
    assert difference(torch.tensor([1, 2]), torch.tensor([1, 3])) == "1 of 2 numbers differ"
    assert difference(torch.tensor([True]), torch.tensor([False])) == "1 of 1 numbers differ"
    assert difference((1, 2), (1, 2)) is None
    assert difference((1, 2), (1, 3)) == "part 1: the value differs"
    assert difference((1,), (1, 3)) == "it has 1 parts, wanted 2"


def test_long_tensors_are_shown_abridged_and_nearly_one_is_not_shown_as_one():
    assert len(show(torch.zeros(10_000))) < 200
    assert show(torch.tensor([0.99999], dtype=torch.float64)) == "[0.99999]"


def test_a_call_gives_the_function_copies():
    values = torch.zeros(2)
    done = call(lambda x: x.add_(1), (values,))
    assert values.tolist() == [0, 0] and done.changed == (0,)


# --- what a student's function may do to the checker


def test_torch_s_own_not_implemented_is_an_error_like_others():
    def rounds_first(values, factor):
        if factor <= 0:
            raise ValueError("factor must be > 0")
        return torch.softmax((values * factor).long(), 0)

    text = CHECK.check(rounds_first, seed=0).text
    assert "is not written yet" not in text
    assert "it stopped with NotImplementedError" in text


def test_a_helper_that_is_not_written_is_not_taken_for_the_function():
    def helper(values):
        raise NotImplementedError("write your answer here")

    def uses_it(values, factor):
        if factor <= 0:
            raise ValueError("factor must be > 0")
        return helper(values)

    text = CHECK.check(uses_it, seed=0).text
    assert "is not written yet" not in text
    assert "it stopped with NotImplementedError: write your answer here" in text


def on_meta(values, factor):
    return torch.empty_like(values, device="meta")


def nested(values, factor):
    return torch.nested.as_nested_tensor([values, values[:1]], layout=torch.jagged)


def enormous(values, factor):
    return 10**400


def closes_its_output(values, factor):
    sys.stderr.close()
    sys.stdout.close()
    return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("odd", [on_meta, nested, enormous, closes_its_output])
def test_an_odd_result_is_a_broken_promise_and_no_crash(odd):
    assert CHECK.check(odd, seed=0).points < 0.5


def test_a_tensor_with_a_negative_bit_is_read_like_any_other():
    values = torch.tensor([1.0, -2.0], dtype=torch.float64)
    lazy = torch.complex(torch.zeros_like(values), -values).conj().imag
    assert lazy.is_neg()
    assert same(lazy, values) and difference(lazy, values) is None


def test_numbers_near_the_largest_float_are_compared_without_a_warning():
    huge = torch.tensor([1.7e308, -1.7e308], dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert difference(-huge, huge).startswith("2 of 2 numbers differ")
        assert difference(huge, torch.tensor([1e-300, 1.0], dtype=torch.float64))


def test_whole_numbers_too_large_for_a_float_are_infinite():
    assert same(10**400, float("inf")) and same(-(10**400), float("-inf"))
    assert not same(10**400, 1.0)


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (3, "an int, wanted a torch.Tensor"),
        (torch.zeros(2).numpy(), "an ndarray, wanted a torch.Tensor: use torch.from_numpy"),
        (torch.nn.Parameter(torch.zeros(2)), "a Parameter, wanted a plain torch.Tensor"),
    ],
)
def test_another_type_is_named_and_the_way_back_too(got, words):
    assert words in difference(got, torch.zeros(2))


# --- random numbers, gradients of other arguments, modules


def test_every_call_meets_the_same_random_numbers_and_leaves_the_others_alone():
    first = call(torch.rand, (3,)).result
    torch.manual_seed(7)
    expected = torch.rand(2)
    torch.manual_seed(7)
    second = call(torch.rand, (3,)).result
    assert torch.equal(first, second) and torch.equal(torch.rand(2), expected)


def test_gradients_are_on_again_after_a_call_that_switched_them_off():
    call(lambda: torch.set_grad_enabled(False), ())
    assert torch.is_grad_enabled()


def test_a_cell_that_set_another_dtype_or_device_changes_no_check_and_keeps_its_settings():
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        assert CHECK.check(lambda values, factor: scale(values, factor), seed=0).points == 1
        assert torch.get_default_dtype() == torch.float64
        assert torch.get_default_device().type == "meta"
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)


def test_a_net_s_copy_has_its_gradients():
    net = torch.nn.Linear(1, 2)
    net.weight.grad = torch.ones(2, 1)
    twin = fresh_copy(net)
    twin.weight.grad += 1
    assert net.weight.grad.tolist() == [[1], [1]] and twin.weight.grad.tolist() == [[2], [2]]
    assert twin.bias.grad is None


def blend(mine, yours, layer):
    return (layer(mine) * yours.detach()).sum()


def blends(generator):
    layer = torch.nn.Linear(2, 3)
    torch.nn.init.constant_(layer.weight, 0.5)
    rows = (torch.randn(4, width, generator=generator) for width in (2, 3))
    return [(*rows, layer)]


@pytest.mark.parametrize("of", [0, 1, 2])
def test_the_gradient_of_any_argument_can_be_asked_for(of):
    check = FunctionCheck(blend, [PassesGradient("gradient", 1, blends, of=of)], [])
    assert check.check(lambda *args: blend(*args) + 0, seed=0).points == 1
    wrong = {
        0: lambda mine, yours, layer: blend(mine.detach(), yours, layer),
        1: lambda mine, yours, layer: (layer(mine) * yours).sum(),
        2: lambda mine, yours, layer: mine.sum() + 0 * blend(mine, yours, layer),
    }
    outcome = check.check(wrong[of], seed=0)
    assert outcome.points == 0 and "numbers differ" in outcome.text


def test_a_gradient_is_asked_of_copies_only():
    args = blends(torch.Generator().manual_seed(0))[0]
    PassesGradient("gradient", 1, blends).call(blend, args)
    assert not args[0].requires_grad and args[2].weight.grad is None


def test_a_net_is_shown_by_its_layers_with_the_mode_of_each_where_they_differ():
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout())
    assert show(net) == "Sequential(Flatten, Dropout) in train mode"
    net[1].eval()
    assert show(net) == ("Sequential(Flatten in train mode, Dropout in eval mode) in train mode")
    assert show(torch.nn.Linear(2, 3)).startswith("Linear(in_features=2")


def net_and_rows(generator):
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Dropout())
    return [(net, torch.rand(3, 2, generator=generator))]


def asked(net, rows):
    was = [part.training for part in net.modules()]
    net.eval()
    with torch.no_grad():
        result = net(rows)
    for part, mode in zip(net.modules(), was, strict=True):
        part.training = mode
    return result


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("factor.eval()", "its part 1 (Dropout) was in train mode, is in eval mode"),
        ("factor[0].running_mean += 1", "`0.running_mean` was changed"),
        ("factor[0].num_batches_tracked += 1", "`0.num_batches_tracked` was 0, is 1"),
        ("factor[0].weight.requires_grad_(False)", "`0.weight.requires_grad` was True, is False"),
        ("factor[0].weight.sum().backward()", "`0.weight.grad` was changed"),
        ("torch.set_grad_enabled(False)", "torch.is_grad_enabled() was True, is False"),
        ("factor[1].p = 0.0", "`1.p` was 0.5, is 0"),
        (
            "factor[1].register_forward_hook(lambda *_: None)",
            "the number of hooks on its part 1 (Dropout) was 0, is 1",
        ),
    ],
)
def test_what_is_left_on_a_teacher_is_named(body, words):
    promises = [
        Promise("answers", 0.4, net_and_rows),
        LeavesTeacher("modes", 0.3, net_and_rows),
        LeavesTeacher("contents", 0.3, net_and_rows, look=contents),
    ]
    check = FunctionCheck(asked, promises, [])
    source = student(f"result = right(factor, values)\n{body}\nreturn result", right=asked)
    outcome = check.check(lambda net, rows: source(rows, net), seed=0)
    assert words in outcome.text and 0 < outcome.points < 1
    assert check.check(lambda net, rows: asked(net, rows), seed=0).points == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda net, rows: net(rows), "tied to the graph"),
        (lambda net, rows: rows.tolist(), "the result is no torch.Tensor"),
        (lambda net, rows: None, "the result is no torch.Tensor"),
        (
            torch.inference_mode()(lambda net, rows: rows * 2),
            "of no use in a loss: backward() stops with Inference tensors cannot be saved",
        ),
    ],
)
def test_a_result_that_cannot_be_used_in_a_loss_is_named(wrong, words):
    promises = [
        Promise("answers", 0.5, net_and_rows),
        CarriesNoGraph("no graph", 0.5, net_and_rows),
    ]
    text = FunctionCheck(asked, promises, []).check(wrong, seed=0).text
    assert words in text
