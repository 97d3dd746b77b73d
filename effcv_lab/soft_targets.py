"""What soft targets carry: their pull on a student, and how much of a ranking survives storage."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from effcv_lab.arguments import number_in


def soft_gradient(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """Pull each student logit down by the probability that the student gives in excess.

    ``(q - p) / T``: the derivative, with respect to the student's logits, of the cross-entropy
    (and of the KL divergence) between the teacher's softened probabilities p and the student's q.

    Parameters
    ----------
    student_logits, teacher_logits : float Tensor (B, K)
    temperature : float > 0

    Returns
    -------
    gradient : Tensor (B, K); each row sums to 0.

    Raises
    ------
    ValueError
        If the shapes differ, or ``temperature`` is zero, negative or not finite.

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 2.1, equation 2.

    Examples
    --------
    >>> soft_gradient(torch.zeros(1, 2), torch.tensor([[0.0, 4.0]]), temperature=4.0)
    tensor([[ 0.0578, -0.0578]])
    """
    _same_shape(student_logits, teacher_logits)
    temperature = number_in("temperature", temperature, 0, open_low=True)
    student = torch.softmax(student_logits / temperature, dim=-1)
    return (student - torch.softmax(teacher_logits / temperature, dim=-1)) / temperature


def stored(probs: Tensor, bits: int) -> Tensor:
    """Round probabilities as a file with 8 or 16 bits for each number would.

    Parameters
    ----------
    probs : float Tensor of any shape, entries in [0, 1]
    bits : 8 or 16
        8: the nearest of 0/256, 1/256, ..., 255/256. 16: the nearest IEEE half-precision number.

    Returns
    -------
    rounded : float64 Tensor, same shape and device as ``probs``.

    Raises
    ------
    ValueError
        If ``bits`` is neither 8 nor 16.

    Examples
    --------
    >>> stored(torch.tensor([0.9996, 0.0004]), bits=8)
    tensor([0.9961, 0.0000], dtype=torch.float64)
    """
    if bits not in (8, 16):
        raise ValueError(f"bits must be 8 or 16, got {bits!r}")
    if bits == 16:
        return probs.half().double()
    return (probs.double() * 256).round().clamp(max=255) / 256


def order_kept(values: Tensor) -> float:
    """Measure how much of a ranking is still there: the share of class pairs that are not tied.

    Rounding never swaps two probabilities. It makes them equal, and then their order is lost.

    Parameters
    ----------
    values : float Tensor (N, K), N >= 1, K >= 2

    Returns
    -------
    share : float in [0, 1], mean over rows; 1 when the K values of each row all differ.

    Raises
    ------
    ValueError
        If there is no row or no pair of classes.

    Examples
    --------
    >>> round(order_kept(torch.tensor([[0.8, 0.2, 0.0, 0.0]])), 3)  # 5 of 6 pairs
    0.833
    """
    if values.ndim != 2 or values.shape[0] < 1 or values.shape[1] < 2:
        raise ValueError(f"values must be (N >= 1, K >= 2), got shape {tuple(values.shape)}")
    rows, classes = values.shape
    differs = (values[:, :, None] != values[:, None, :]).sum().item()
    return differs / (rows * classes * (classes - 1))


def ranking_agreement(logits_a: Tensor, logits_b: Tensor, labels: Tensor) -> float:
    """Ask whether two models put the wrong classes of the same images in the same order.

    Spearman's rank correlation over the K - 1 classes other than the label, then the mean over
    images. It looks at the order only, so no temperature changes it. Ties count as ranked by index.

    Parameters
    ----------
    logits_a, logits_b : float Tensor (N, K), K >= 3
    labels : int Tensor (N,), in [0, K)

    Returns
    -------
    agreement : float in [-1, 1]: 1 the same order, 0 unrelated, -1 reversed.

    Raises
    ------
    ValueError
        If the shapes differ or K < 3.

    Examples
    --------
    >>> a, b = torch.tensor([[9.0, 3.0, 2.0, 1.0]]), torch.tensor([[0.0, 5.0, -1.0, -2.0]])
    >>> round(ranking_agreement(a, b, torch.tensor([0])), 3)
    1.0
    """
    _same_shape(logits_a, logits_b)
    if logits_a.ndim != 2 or logits_a.shape[1] < 3:
        raise ValueError(f"logits_a must be (N, K >= 3), got shape {tuple(logits_a.shape)}")
    wrong = torch.ones_like(logits_a, dtype=torch.bool).scatter(1, labels[:, None], False)
    ranks = []
    for logits in (logits_a, logits_b):
        rank = logits[wrong].view(len(labels), -1).argsort(dim=1, stable=True).argsort(dim=1)
        ranks.append(rank.float() - rank.float().mean(dim=1, keepdim=True))
    return nn.functional.cosine_similarity(*ranks, dim=1).mean().item()


def class_table(values: Tensor, labels: Tensor) -> Tensor:
    """Average the rows of each class: what one could know from the label alone.

    Parameters
    ----------
    values : float Tensor (N, K)
    labels : int Tensor (N,), in [0, K)

    Returns
    -------
    table : Tensor (K, K); row c is the mean over images with label c, zeros if there is none.

    Examples
    --------
    >>> class_table(torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 4.0]]), torch.tensor([0, 0, 1]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    member = nn.functional.one_hot(labels, values.shape[1]).to(values.dtype)
    return (member.T @ values) / member.sum(dim=0).clamp(min=1)[:, None]


def _same_shape(first: Tensor, second: Tensor) -> None:
    if first.shape != second.shape:
        raise ValueError(
            f"both models must have logits of one shape, "
            f"got {tuple(first.shape)} and {tuple(second.shape)}"
        )
