"""Softmax temperature, entropy, calibration and dark knowledge keep their promises."""

import math
import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from effcv_lab.softmax import (
    dark_knowledge,
    entropy,
    expected_calibration_error,
    fit_temperature,
    softmax_with_temperature,
    temperature_for_entropy,
)

FLOATS = [torch.float32, torch.float64]
scores = st.lists(st.floats(-50, 50), min_size=1, max_size=8)
temperatures = st.floats(0.05, 100)


def random_logits(*shape, seed=0, dtype=torch.float64, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, generator=generator, dtype=dtype)


def sampled_labels(logits, temperature, seed=1):
    """Draw labels from softmax(logits / temperature), so that this temperature is the truth."""
    probs = torch.from_numpy(scipy.special.softmax(logits.numpy() / temperature, axis=1))
    return torch.multinomial(probs, 1, generator=torch.Generator().manual_seed(seed))[:, 0]


# softmax_with_temperature


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(5,), (4, 7), (2, 3, 6), (3, 1)])
@pytest.mark.parametrize("temperature", [0.05, 1, 4.5, 100])
def test_softmax_agrees_with_scipy_over_the_last_axis(shape, temperature, dtype):
    logits = random_logits(*shape, dtype=dtype)
    probs = softmax_with_temperature(logits, temperature)
    expected = scipy.special.softmax(logits.numpy().astype(np.float64) / temperature, axis=-1)
    assert probs.dtype == dtype and probs.shape == shape
    rtol = 3e-5 if dtype == torch.float32 else 1e-12
    np.testing.assert_allclose(probs.numpy(), expected, rtol=rtol, atol=1e-30)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("temperature", [1e-300, 1e-30, 0.05, 1, 100, 1e300])
def test_softmax_is_stable_for_huge_scores_and_any_temperature(dtype, temperature):
    logits = torch.tensor([[1e4, -1e4, 0.0], [1e4, 1e4 - 1, 1e4], [-1e4, -1e4, -1e4]], dtype=dtype)
    probs = softmax_with_temperature(logits, temperature)
    expected = scipy.special.softmax(logits.double().numpy() / max(temperature, 1e-200), axis=1)
    np.testing.assert_allclose(probs.numpy(), expected, atol=1e-6)


def test_softmax_splits_a_tie_evenly_as_the_temperature_goes_to_zero():
    probs = softmax_with_temperature(torch.tensor([3.0, 3.0, 1.0]), 1e-4)
    assert probs.tolist() == [0.5, 0.5, 0.0]


@given(scores, temperatures, st.floats(-100, 100))
@settings(deadline=None)
def test_adding_a_constant_to_all_scores_changes_nothing(values, temperature, constant):
    logits = torch.tensor(values, dtype=torch.float64)
    shifted = softmax_with_temperature(logits + constant, temperature)
    probs = softmax_with_temperature(logits, temperature)
    torch.testing.assert_close(probs, shifted, rtol=1e-9, atol=1e-9)


def test_softmax_passes_the_right_gradient():
    logits = random_logits(3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: softmax_with_temperature(x, 2.5), logits)


def test_softmax_leaves_its_input_alone():
    logits = random_logits(3, 4)
    before = logits.numpy().copy()
    softmax_with_temperature(logits, 0.5)
    np.testing.assert_array_equal(logits.numpy(), before)


@pytest.mark.parametrize("temperature", [0, -1, -0.0, math.inf, -math.inf, math.nan])
def test_softmax_refuses_a_temperature_that_is_not_positive_and_finite(temperature):
    with pytest.raises(ValueError, match="temperature must be a finite number > 0, got"):
        softmax_with_temperature(torch.zeros(2, 3), temperature)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_scores_that_are_not_finite_are_refused(bad):
    logits = torch.tensor([[0.0, 1.0], [bad, 0.0]])
    for call in (
        lambda: softmax_with_temperature(logits, 1.0),
        lambda: temperature_for_entropy(logits[1], 0.3),
        lambda: fit_temperature(logits, torch.tensor([0, 1])),
    ):
        with pytest.raises(ValueError, match="logits must be finite"):
            call()


@pytest.mark.parametrize("bad", [[0.0, 1.0], torch.tensor([1, 2]), torch.tensor([True, False])])
def test_scores_that_are_no_float_tensor_are_a_type_error(bad):
    with pytest.raises(TypeError, match="logits must be a tensor of floating point numbers"):
        softmax_with_temperature(bad, 1.0)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_scores_without_a_class_are_refused(shape):
    with pytest.raises(ValueError, match="logits must have at least one axis"):
        softmax_with_temperature(torch.zeros(shape), 1.0)


# entropy


@pytest.mark.parametrize("dtype", FLOATS)
def test_entropy_agrees_with_scipy_also_with_zero_probabilities(dtype):
    probs = torch.softmax(random_logits(2, 6, 5, dtype=dtype), dim=-1)
    probs[0, :, 1] = 0
    probs = probs / probs.sum(dim=-1, keepdim=True)
    result = entropy(probs)
    tolerance = {"rtol": 1e-5 if dtype == torch.float32 else 1e-12}
    assert result.dtype == dtype and result.shape == (2, 6)
    np.testing.assert_allclose(result, scipy.stats.entropy(probs.numpy(), axis=-1), **tolerance)
    np.testing.assert_allclose(result, scipy.special.entr(probs.numpy()).sum(axis=-1), **tolerance)


def test_entropy_is_zero_when_certain_and_ln_k_when_undecided():
    probs = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]], dtype=torch.float64)
    assert entropy(probs).tolist() == pytest.approx([0, math.log(4)], abs=1e-15)
    assert entropy(torch.ones(3, 1)).tolist() == [0, 0, 0]


def test_entropy_is_never_negative_when_a_sum_is_rounded_up():
    assert entropy(torch.tensor([1.0000001, 0.0])).item() == 0


def test_entropy_passes_the_right_gradient_and_a_finite_one_at_zero():
    probs = torch.softmax(random_logits(3, 4), dim=1).requires_grad_()
    assert torch.autograd.gradcheck(entropy, probs)
    corner = torch.tensor([0.0, 1.0], requires_grad=True)
    entropy(corner).backward()
    assert corner.grad.tolist() == [0, -1]


@given(scores, temperatures, temperatures)
@settings(deadline=None)
def test_entropy_never_falls_when_the_temperature_rises(values, first, second):
    logits = torch.tensor(values, dtype=torch.float64)
    cool, warm = sorted((first, second))
    low = entropy(softmax_with_temperature(logits, cool)).item()
    high = entropy(softmax_with_temperature(logits, warm)).item()
    assert -1e-12 <= low <= high + 1e-9 and high <= math.log(len(values)) + 1e-9


@pytest.mark.parametrize(
    ("probs", "message"),
    [
        ([0.5, 0.6], "must sum to 1 over the last axis, got a row with sum 1.1"),
        ([1.5, -0.5], "must not be negative, got -0.5"),
        ([math.nan, 1.0], "must be finite"),
    ],
)
def test_what_is_no_distribution_is_refused(probs, message):
    row = torch.tensor([probs])
    label = torch.tensor([0])
    for call in (
        lambda: entropy(row),
        lambda: expected_calibration_error(row, label),
        lambda: dark_knowledge(row, label),
    ):
        with pytest.raises(ValueError, match=f"probs {message}"):
            call()


# temperature_for_entropy


@pytest.mark.parametrize("target", [1e-6, 0.01, 0.5, 1.2, 2.0, 2.3])
def test_temperature_for_entropy_agrees_with_scipy(target):
    logits = random_logits(10)

    def surplus(log_temperature):
        probs = scipy.special.softmax(logits.numpy() / math.exp(log_temperature))
        return scipy.stats.entropy(probs) - target

    expected = math.exp(scipy.optimize.brentq(surplus, -8, 8, xtol=1e-14))
    result = temperature_for_entropy(logits, target)
    assert isinstance(result, float)
    assert result == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.integers(-40, 40), min_size=2, max_size=8, unique=True), st.floats(0.001, 0.999))
@settings(deadline=None)
def test_the_softmax_at_the_temperature_found_has_the_target_entropy(values, share):
    logits = torch.tensor(values, dtype=torch.float64) / 4
    target = share * math.log(len(values))
    probs = softmax_with_temperature(logits, temperature_for_entropy(logits, target))
    assert abs(entropy(probs).item() - target) <= 1e-9


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_temperature_for_entropy_grows_with_the_scores(scale):
    logits = torch.tensor([1.0, 0.3, -0.2], dtype=torch.float64)
    expected = scale * temperature_for_entropy(logits, 0.8)
    assert temperature_for_entropy(logits * scale, 0.8) == pytest.approx(expected, rel=1e-9)


def test_targets_at_the_very_ends_are_still_met():
    logits = torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64)
    for target in (1e-300, 1e-12, math.log(3) - 1e-12):
        temperature = temperature_for_entropy(logits, target)
        found = entropy(softmax_with_temperature(logits, temperature)).item()
        assert math.isfinite(temperature) and found == pytest.approx(target, rel=1e-9)


def test_a_tie_at_the_top_raises_the_lowest_entropy_that_can_be_reached():
    logits = torch.tensor([1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match=r"strictly between 0\.6931 and ln K = 1\.099 nats"):
        temperature_for_entropy(logits, 0.69)
    probs = softmax_with_temperature(logits, temperature_for_entropy(logits, 0.8))
    assert entropy(probs).item() == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("target", [0.0, -0.1, math.log(3), 1.5, math.nan, math.inf])
def test_targets_that_no_temperature_reaches_are_refused(target):
    with pytest.raises(ValueError, match="target must be"):
        temperature_for_entropy(torch.tensor([2.0, 1.0, 0.0]), target)


@pytest.mark.parametrize("logits", [[1.0], [2.0, 2.0]])
def test_scores_that_are_all_equal_have_no_temperature_for_an_entropy(logits):
    with pytest.raises(ValueError, match="target must be strictly between"):
        temperature_for_entropy(torch.tensor(logits), 0.5)


# fit_temperature


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("truth", [0.3, 1.0, 5.0])
def test_fit_temperature_agrees_with_scipy(truth, dtype):
    logits = random_logits(400, 6, dtype=dtype)
    labels = sampled_labels(logits, truth)

    def nll(log_temperature):
        scaled = logits.double().numpy() / math.exp(log_temperature)
        rows = scipy.special.log_softmax(scaled, axis=1)
        return -rows[np.arange(400), labels.numpy()].mean()

    found = scipy.optimize.minimize_scalar(
        nll, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9}
    )
    assert fit_temperature(logits, labels) == pytest.approx(math.exp(found.x), rel=1e-6)


def test_fit_temperature_finds_the_temperature_that_labels_were_drawn_with():
    logits = random_logits(50_000, 5)
    result = fit_temperature(logits, sampled_labels(logits, 2.5))
    assert result == pytest.approx(2.5, rel=0.03)


def test_fit_temperature_of_two_classes_is_known_in_closed_form():
    """With a gap of 2 and three of four right, sigmoid(2 / T) = 3/4, so T = 2 / ln 3."""
    logits = torch.tensor([[2.0, 0.0]] * 4)
    result = fit_temperature(logits, torch.tensor([0, 0, 1, 0]))
    assert result == pytest.approx(2 / math.log(3), rel=1e-10)


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_fit_temperature_grows_with_the_scores(factor):
    logits = random_logits(300, 4)
    labels = sampled_labels(logits, 1.0)
    expected = factor * fit_temperature(logits, labels)
    assert fit_temperature(logits * factor, labels) == pytest.approx(expected, rel=1e-9)


def test_labels_that_are_all_on_top_have_no_best_temperature():
    logits = random_logits(20, 4)
    with pytest.raises(ValueError, match="labels all have the highest score"):
        fit_temperature(logits, logits.argmax(dim=1))


def test_labels_no_better_than_chance_have_no_best_temperature():
    logits = random_logits(20, 4)
    for bad_logits, labels in [
        (logits, logits.argmin(dim=1)),
        (torch.ones(3, 4), torch.tensor([0, 1, 2])),
        (torch.ones(3, 1), torch.tensor([0, 0, 0])),
        (torch.tensor([[0.1, 0.3]] * 2), torch.tensor([0, 1])),
    ]:
        with pytest.raises(ValueError, match="no higher than an average class"):
            fit_temperature(bad_logits, labels)


# expected_calibration_error


@pytest.mark.parametrize("bins", [1, 10, 15])
@pytest.mark.parametrize("dtype", FLOATS)
def test_calibration_error_agrees_with_torchmetrics(bins, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torchmetrics.classification import MulticlassCalibrationError
    logits = random_logits(500, 6, dtype=dtype)
    probs, labels = torch.softmax(logits, dim=1), sampled_labels(logits, 2.0)
    oracle = MulticlassCalibrationError(num_classes=6, n_bins=bins, norm="l1")
    expected = oracle(probs, labels).item()
    assert expected_calibration_error(probs, labels, bins) == pytest.approx(expected, abs=1e-6)


def test_calibration_error_counts_a_confidence_of_one_with_the_last_bin():
    """Worked by hand: both rows share bin (0.5, 1], so |1 - (1 + 0.8) / 2| = 0.1."""
    probs = torch.tensor([[1.0, 0.0], [0.2, 0.8]], dtype=torch.float64)
    error = expected_calibration_error(probs, torch.tensor([0, 1]), bins=2)
    assert error == pytest.approx(0.1, abs=1e-12)


def test_calibration_bins_hold_their_upper_edge():
    """Worked by hand: 0.5 lies in (0, 0.5], 0.75 in (0.5, 1]: (|1 - 0.5| + |0 - 0.75|) / 2."""
    probs = torch.tensor([[0.5, 0.5], [0.75, 0.25]], dtype=torch.float64)
    error = expected_calibration_error(probs, torch.tensor([0, 1]), bins=2)
    assert error == pytest.approx(0.625, abs=1e-12)


@pytest.mark.parametrize("bins", [0, -3])
def test_calibration_error_needs_a_bin(bins):
    with pytest.raises(ValueError, match="bins must be a whole number >= 1"):
        expected_calibration_error(torch.tensor([[0.5, 0.5]]), torch.tensor([0]), bins)


# dark_knowledge


def dark_knowledge_by_hand(probs, labels):
    """One entry at a time, in Python floats."""
    table = []
    for row, label in zip(probs.tolist(), labels.tolist(), strict=True):
        rest = sum(p for k, p in enumerate(row) if k != label)
        table.append([0.0 if k == label or rest == 0 else p / rest for k, p in enumerate(row)])
    return np.array(table)


@pytest.mark.parametrize("dtype", FLOATS)
def test_dark_knowledge_equals_sharing_by_hand(dtype):
    probs = torch.softmax(random_logits(20, 6, dtype=dtype), dim=1)
    labels = torch.arange(20) % 6
    shares = dark_knowledge(probs, labels)
    assert shares.dtype == dtype
    np.testing.assert_allclose(shares, dark_knowledge_by_hand(probs, labels), rtol=1e-5)
    np.testing.assert_allclose(shares.sum(dim=1), np.ones(20), rtol=1e-6)


def test_dark_knowledge_of_a_certain_row_is_all_zeros():
    probs = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.25, 0.75]])
    assert dark_knowledge(probs, torch.tensor([1, 1])).tolist() == [[0, 0, 0], [0, 0, 1]]
    assert dark_knowledge(torch.ones(2, 1), torch.tensor([0, 0])).tolist() == [[0], [0]]


def test_dark_knowledge_of_a_nearly_certain_row_is_not_lost_to_rounding():
    probs = torch.tensor([[1.0, 3e-12, 1e-12]])
    shares = dark_knowledge(probs, torch.tensor([0]))[0].tolist()
    assert shares == pytest.approx([0, 0.75, 0.25], rel=1e-5)


def test_dark_knowledge_leaves_its_inputs_alone_and_passes_gradients():
    probs = torch.softmax(random_logits(3, 4), dim=1)
    before, labels = probs.numpy().copy(), torch.tensor([1, 0, 3])
    dark_knowledge(probs, labels)
    np.testing.assert_array_equal(probs.numpy(), before)
    assert labels.tolist() == [1, 0, 3]
    assert torch.autograd.gradcheck(lambda p: dark_knowledge(p, labels), probs.requires_grad_())


# labels


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 3], ValueError, r"labels must be class numbers in \[0, 3\), got 3"),
        ([-1, 0], ValueError, r"labels must be class numbers in \[0, 3\), got -1"),
        ([0], ValueError, r"labels must have shape \(2,\), got \(1,\)"),
        ([0.0, 1.0], TypeError, "labels must be a tensor of whole numbers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, error, message):
    probs, labels = torch.full((2, 3), 1 / 3), torch.tensor(labels)
    for function in (fit_temperature, expected_calibration_error, dark_knowledge):
        with pytest.raises(error, match=message):
            function(probs, labels)


def test_nothing_can_be_fitted_or_measured_on_no_rows():
    none, labels = torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)
    with pytest.raises(ValueError, match="logits must have at least one row"):
        fit_temperature(none, labels)
    with pytest.raises(ValueError, match="probs must have at least one row"):
        expected_calibration_error(none, labels)
    assert dark_knowledge(none, labels).shape == (0, 3)
