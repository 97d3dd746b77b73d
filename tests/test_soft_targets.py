"""What soft targets carry: each test is one promise of ``effcv_lab.soft_targets``."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional as F

from effcv_lab.soft_targets import (
    class_table,
    order_kept,
    ranking_agreement,
    soft_gradient,
    stored,
)


def random_logits(rows, classes=10, seed=0, size=4.0):
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(rows, classes, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0, 100.0])
def test_the_soft_gradient_is_what_autograd_finds_for_torchs_kl_divergence(temperature):
    teacher, student = random_logits(6, seed=1), random_logits(6, seed=2).requires_grad_()
    loss = F.kl_div(
        F.log_softmax(student / temperature, dim=1),
        F.softmax(teacher / temperature, dim=1),
        reduction="sum",
    )
    (expected,) = torch.autograd.grad(loss, student)
    torch.testing.assert_close(soft_gradient(student.detach(), teacher, temperature), expected)


def test_the_gradient_times_k_t_squared_goes_to_the_centred_difference_of_the_logits():
    teacher, student = random_logits(6, seed=1), random_logits(6, seed=2)
    difference = student - teacher
    limit = difference - difference.mean(dim=1, keepdim=True)
    scaled = soft_gradient(student, teacher, 1e5) * 10 * 1e5**2
    torch.testing.assert_close(scaled, limit, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature must be"):
        soft_gradient(torch.zeros(1, 3), torch.zeros(1, 3), temperature)


def test_logits_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        soft_gradient(torch.zeros(1, 3), torch.zeros(3), 1.0)
    with pytest.raises(ValueError, match="one shape"):
        ranking_agreement(torch.zeros(1, 3), torch.zeros(2, 3), torch.tensor([0]))


def test_eight_bits_store_the_nearest_of_256_levels():
    probs = torch.rand(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    probs[0] = 1.0
    levels = np.arange(256) / 256
    nearest = levels[np.abs(probs.numpy()[:, None] - levels).argmin(axis=1)]
    np.testing.assert_allclose(stored(probs, 8).numpy(), nearest)


def test_sixteen_bits_store_what_numpys_half_precision_keeps():
    probs = torch.softmax(random_logits(50), dim=1)
    kept = probs.numpy().astype(np.float16).astype(np.float64)
    np.testing.assert_array_equal(stored(probs, 16).numpy(), kept)
    assert stored(probs, 16).dtype == torch.float64


def test_other_numbers_of_bits_are_refused():
    with pytest.raises(ValueError, match="bits must be 8 or 16, got 4"):
        stored(torch.zeros(1), 4)


def test_the_order_kept_equals_scipys_somers_d_of_the_rounded_values():
    logits = random_logits(20)
    rounded = stored(torch.softmax(logits / 3, dim=1), 8)
    expected = [
        stats.somersd(row.numpy(), kept.numpy()).statistic
        for row, kept in zip(logits, rounded, strict=True)
    ]
    assert order_kept(rounded) == pytest.approx(np.mean(expected), abs=1e-12)
    assert 0 < order_kept(rounded) < 1


def test_order_is_kept_whole_without_ties_and_gone_when_all_are_equal():
    assert order_kept(random_logits(5)) == 1
    assert order_kept(torch.full((5, 10), 0.1)) == 0


@pytest.mark.parametrize("shape", [(0, 3), (2, 1), (3,)])
def test_no_pair_to_compare_is_refused(shape):
    with pytest.raises(ValueError, match="values must be"):
        order_kept(torch.zeros(shape))


def test_ranking_agreement_equals_scipys_spearman_over_the_wrong_classes():
    first, second = random_logits(15, seed=3), random_logits(15, seed=4)
    second = second + first  # related, not equal
    labels = torch.arange(15) % 10
    expected = []
    for a, b, label in zip(first.numpy(), second.numpy(), labels.tolist(), strict=True):
        expected.append(stats.spearmanr(np.delete(a, label), np.delete(b, label)).statistic)
    assert ranking_agreement(first, second, labels) == pytest.approx(np.mean(expected), abs=1e-6)


def test_a_temperature_does_not_change_the_ranking_agreement():
    first, second, labels = random_logits(5, seed=3), random_logits(5, seed=4), torch.arange(5)
    assert ranking_agreement(first / 7, second, labels) == ranking_agreement(first, second, labels)


def test_reversed_wrong_classes_agree_at_minus_one():
    logits = random_logits(5)
    assert ranking_agreement(logits, -logits, torch.arange(5)) == pytest.approx(-1)


def test_fewer_than_two_wrong_classes_have_no_order():
    with pytest.raises(ValueError, match="K >= 3"):
        ranking_agreement(torch.zeros(1, 2), torch.zeros(1, 2), torch.tensor([0]))


def test_the_class_table_averages_the_rows_of_each_label():
    values = random_logits(12, classes=4)
    labels = torch.tensor([0, 1, 3] * 4)  # no image of class 2
    table = class_table(values, labels)
    for label, column in itertools.product((0, 1, 3), range(4)):
        own = [
            row[column]
            for row, of in zip(values.tolist(), labels.tolist(), strict=True)
            if of == label
        ]
        assert table[label, column].item() == pytest.approx(np.mean(own))
    assert table[2].tolist() == [0, 0, 0, 0]
