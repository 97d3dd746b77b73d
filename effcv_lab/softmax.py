"""Softmax with a temperature: from scores to probabilities, how sure they are, what they hide."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from effcv_lab.arguments import number_in, whole_number
from effcv_lab.tensor_arguments import class_numbers, finite_floats, probabilities


def softmax_with_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Turn scores into probabilities; a high temperature evens them out, a low one picks a winner.

    ``probs[k] = exp(logits[k] / T) / sum_j exp(logits[j] / T)``, computed from the distance to the
    largest score, so that scores of any finite size are safe. Gradients flow to ``logits``.

    Parameters
    ----------
    logits : float Tensor (..., K), finite
    temperature : float > 0, finite
        1 is the usual softmax; T -> 0 gives one-hot rows (ties share), T -> inf gives 1 / K each.

    Returns
    -------
    probs : Tensor (..., K), same dtype and device; sums to 1 over the last axis.

    Raises
    ------
    ValueError
        If ``temperature`` is zero, negative or not finite, or a score is not finite.

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 2, equation 1.

    Examples
    --------
    >>> logits = torch.tensor([2.0, 1.0, -1.0])  # cat, dog, bear
    >>> softmax_with_temperature(logits, 1.0)
    tensor([0.7054, 0.2595, 0.0351])
    >>> softmax_with_temperature(logits, 4.0)
    tensor([0.4442, 0.3460, 0.2098])
    """
    finite_floats("logits", logits)
    temperature = number_in("temperature", temperature, 0, open_low=True)
    limits = torch.finfo(logits.dtype)  # a T beyond them would turn into 0 or inf in this dtype
    temperature = min(max(temperature, limits.tiny), limits.max)
    below_top = logits - logits.detach().amax(dim=-1, keepdim=True)
    return torch.softmax(below_top / temperature, dim=-1)


def entropy(probs: Tensor) -> Tensor:
    """Say in one number how undecided a distribution is: 0 is certain, ln K knows nothing.

    ``H = -sum_k probs[k] * ln(probs[k])`` in nats. A zero probability contributes zero, and
    its gradient is set to zero (the true slope there is infinite).

    Parameters
    ----------
    probs : float Tensor (..., K)
        Each row sums to 1.

    Returns
    -------
    entropy : Tensor (...), in nats, in [0, ln K].

    Raises
    ------
    ValueError
        If an entry is negative or not finite, or a row does not sum to 1.

    References
    ----------
    Shannon, *A Mathematical Theory of Communication*, 1948, section 6.

    Examples
    --------
    >>> entropy(torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]))
    tensor([0.0000, 0.6931])
    """
    probabilities("probs", probs)
    one_for_zero = torch.where(probs > 0, probs, torch.ones_like(probs))
    total = (probs * -one_for_zero.log()).sum(dim=-1)
    return total - total.detach().clamp(max=0)  # rounding can put a certain row just below 0


def temperature_for_entropy(logits: Tensor, target: float) -> float:
    """Find the temperature at which the softmax is exactly this undecided.

    Entropy grows with T, from ln m (m scores tie at the top; 0 for one) to ln K, so halving an
    interval of ln T finds the only answer.

    Parameters
    ----------
    logits : float Tensor (K,), finite
    target : float, nats
        Strictly between ln m and ln K.

    Returns
    -------
    temperature : float, with ``entropy(softmax_with_temperature(logits, T))`` within 1e-9 of
        the target (in float64).

    Raises
    ------
    ValueError
        If no temperature reaches the target.

    Examples
    --------
    >>> round(temperature_for_entropy(torch.tensor([2.0, 1.0, -1.0]), target=0.7), 2)
    0.97
    """
    scores = finite_floats("logits", logits, ndim=1).detach().cpu().double()
    target = number_in("target", target, 0)
    gaps = scores.max() - scores
    below_top = gaps[gaps > 0]
    lowest, highest = math.log(len(gaps) - len(below_top)), math.log(len(gaps))
    if not lowest < target < highest:
        raise ValueError(
            f"target must be strictly between {lowest:.4g} and ln K = {highest:.4g} nats, "
            f"got {target!r}"
        )
    # At these ends the entropy equals its limits to the last digit of a double.
    low, high = below_top.min().item() / 1e3, gaps.max().item() * 1e9
    return _rising_zero(
        lambda t: entropy(softmax_with_temperature(scores, t)).item() - target, low, high
    )


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Calibrate a trained model with one number: the T with the likeliest validation labels.

    Minimises the mean of ``-ln softmax(logits / T)[label]``, convex in 1 / T, to about twelve
    digits. Dividing by T never changes which class comes first.

    Parameters
    ----------
    logits : float Tensor (N, K), finite
        Of validation images, never of the test set.
    labels : int Tensor (N,), in [0, K)

    Returns
    -------
    temperature : float; above 1 the model was too sure of itself, below 1 not sure enough.

    Raises
    ------
    ValueError
        If no finite T > 0 is best: every label has the top score (T -> 0 is ever better), or
        the labels score no better than an average class (T -> inf is ever better).

    References
    ----------
    Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017, section 4.2.

    Examples
    --------
    >>> logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    >>> round(fit_temperature(logits, torch.tensor([0, 0, 1])), 3)  # right two times of three
    2.885
    """
    scores = finite_floats("logits", logits, ndim=2).detach().cpu().double()
    labels = class_numbers("labels", labels, rows=scores.shape[0], classes=scores.shape[1]).cpu()
    if len(scores) == 0:
        raise ValueError("logits must have at least one row, got none")
    scores = scores - scores.amax(dim=1, keepdim=True)
    label_scores = scores.gather(1, labels[:, None])[:, 0]
    spread = -scores.min().item()
    if (scores.mean(dim=1) - label_scores).mean().item() >= -1e-12 * spread:
        raise ValueError(
            "labels score no higher than an average class: no finite temperature is best; "
            "are logits and labels in the same order?"
        )
    if (label_scores == 0).all():
        raise ValueError(
            "labels all have the highest score: ever lower temperatures are ever better; "
            "fit on validation data with at least one mistake"
        )

    def nll_slope(sharpness: float) -> float:
        """Return d NLL / d(1 / T): the mean score expected minus that of the labels."""
        expected = (torch.softmax(scores * sharpness, dim=1) * scores).sum(dim=1)
        return (expected - label_scores).mean().item()

    low = high = 1 / spread
    while nll_slope(low) > 0:
        low /= 2
    while nll_slope(high) < 0:
        high *= 2
    return 1 / _rising_zero(nll_slope, low, high)


def _rising_zero(rising: Callable[[float], float], low: float, high: float) -> float:
    """Halve ``[ln low, ln high]`` around the zero of a rising function to 1e-13 relative."""
    low, high = math.log(low), math.log(high)
    while high - low > 1e-13 * max(1, abs(low), abs(high)):
        middle = (low + high) / 2
        if rising(math.exp(middle)) < 0:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def expected_calibration_error(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Measure how far a model's confidence is from how often it is right.

    Rows are sorted into equal bins ``(a, b]`` of their largest probability; the result is the
    mean over rows of ``|share right - mean confidence|`` of their bin.

    Parameters
    ----------
    probs : float Tensor (N, K)
        Each row sums to 1.
    labels : int Tensor (N,), in [0, K)
    bins : int >= 1

    Returns
    -------
    error : float in [0, 1]; 0 is perfectly calibrated in every bin.

    References
    ----------
    Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017, section 2, equation 3.

    Examples
    --------
    >>> probs = torch.tensor([[0.9, 0.1], [0.9, 0.1]])
    >>> round(expected_calibration_error(probs, torch.tensor([0, 1])), 3)  # says 90 %, is 50 %
    0.4
    """
    probs = probabilities("probs", probs, ndim=2).detach()
    labels = class_numbers("labels", labels, rows=probs.shape[0], classes=probs.shape[1])
    bins = whole_number("bins", bins, 1)
    if len(probs) == 0:
        raise ValueError("probs must have at least one row, got none")
    confidence, guess = probs.max(dim=1)
    surplus = (guess == labels).to(probs.dtype) - confidence
    edges = torch.linspace(0, 1, bins + 1, dtype=probs.dtype, device=probs.device)
    bin_of_row = torch.bucketize(confidence, edges[1:-1])
    per_bin = torch.zeros(bins, dtype=probs.dtype, device=probs.device)
    return (per_bin.index_add(0, bin_of_row, surplus).abs().sum() / len(probs)).item()


def dark_knowledge(probs: Tensor, labels: Tensor) -> Tensor:
    """Show what a model thinks besides the answer: how it shares out the rest of its belief.

    In each row the label's entry is zero and the others are divided by their sum; where the label
    holds everything there is nothing to share, and the row is all zeros.

    Parameters
    ----------
    probs : float Tensor (B, K)
        Each row sums to 1.
    labels : int Tensor (B,), in [0, K)

    Returns
    -------
    shares : Tensor (B, K), same dtype and device; rows sum to 1, or to 0 as said above.

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 1: the relative
    probabilities of the wrong answers say how a model generalises.

    Examples
    --------
    >>> dark_knowledge(torch.tensor([[0.90, 0.08, 0.02]]), torch.tensor([0]))
    tensor([[0.0000, 0.8000, 0.2000]])
    """
    probabilities("probs", probs, ndim=2)
    labels = class_numbers("labels", labels, rows=probs.shape[0], classes=probs.shape[1])
    others = probs.scatter(1, labels[:, None], 0.0)
    rest = others.sum(dim=1, keepdim=True)
    return others / torch.where(rest > 0, rest, torch.ones_like(rest))
