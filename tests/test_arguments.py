"""Errors about arguments name the argument, the value and the allowed range."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from effcv_lab.arguments import number_in, one_of, whole_number


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), torch.tensor(0.5), Fraction(1, 2)])
def test_a_number_in_range_comes_back_as_a_float(value):
    number = number_in("share", value, 0, 1)
    assert type(number) is float and number == float(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, -math.inf])
def test_a_number_out_of_range_is_refused_by_name_value_and_range(value):
    with pytest.raises(ValueError, match=r"^share must be a number in \[0, 1\], got ") as caught:
        number_in("share", value, 0, 1)
    assert str(caught.value).endswith(repr(value))


@pytest.mark.parametrize("value", ["0.5", b"1", True, None, [0.5], torch.zeros(2), 1j])
def test_what_is_no_number_is_refused_as_another_type(value):
    with pytest.raises(TypeError, match="share must be a number"):
        number_in("share", value, 0, 1)


def test_an_open_end_leaves_the_end_out():
    assert number_in("temperature", 1e-9, 0, open_low=True) == 1e-9
    with pytest.raises(ValueError, match="a finite number > 0, got 0"):
        number_in("temperature", 0, 0, open_low=True)
    with pytest.raises(ValueError, match=r"in \(0, 2\], got 0"):
        number_in("temperature", 0, 0, 2, open_low=True)


@pytest.mark.parametrize("value", [1, 5, np.int64(3), torch.tensor(2)])
def test_a_whole_number_in_range_comes_back_as_an_int(value):
    number = whole_number("count", value, 1, 5)
    assert type(number) is int and number == value


@pytest.mark.parametrize("value", [0, 6, -1])
def test_a_whole_number_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match=rf"count must be a whole number in \[1, 5\], got {value}"):
        whole_number("count", value, 1, 5)


@pytest.mark.parametrize("value", [1.0, "1", True, None, np.float64(1)])
def test_what_is_no_whole_number_is_refused_as_another_type(value):
    with pytest.raises(TypeError, match="count must be a whole number >= 1"):
        whole_number("count", value, 1)


def test_a_word_must_be_one_of_the_allowed():
    assert one_of("mode", "a", ["a", "b"]) == "a"
    with pytest.raises(ValueError, match="mode must be 'a' or 'b', got 'c'"):
        one_of("mode", "c", ["a", "b"])
