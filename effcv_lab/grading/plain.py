"""Plain data out of what a student's function returned: nothing in it can compute, compare or print as it likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

_Tensor = torch.Tensor
_detach, _clone, _is_inference = _Tensor.detach, _Tensor.clone, _Tensor.is_inference
NUMBERS = (int, float, np.float32, np.float64, np.int64)
PLAIN = (*NUMBERS, bool, str, bytes, type(None), np.str_, np.bool_, _Tensor)
_class_name = type.__dict__["__name__"].__get__  # what a metaclass says is not asked


@dataclass(frozen=True)
class Foreign:
    """What stands for an object that is not looked into: it could answer whatever is wanted.

    Parameters
    ----------
    name : str
        Of its class.
    tensor : bool
        Whether that is a kind of tensor.
    """

    name: str
    tensor: bool = False


def name_of(kind: type) -> str:
    """Return the name of a class.

    Examples
    --------
    >>> name_of(torch.Tensor)
    'Tensor'
    """
    return str(_class_name(kind))


def one_of(kind: type, kinds: tuple[type, ...]) -> bool:
    """Compare by identity: a class may claim to equal all others.

    Examples
    --------
    >>> one_of(bool, NUMBERS)
    False
    """
    return any(kind is other for other in kinds)


def settled(value: Any) -> Any:
    """Return plain data that nobody else holds: numbers, texts, tensors, lists and dictionaries of them.

    Whatever has a class of its own, which could compute, compare and print as it likes, becomes a :class:`Foreign`.

    Examples
    --------
    >>> class Always(float):
    ...     def __eq__(self, other):
    ...         return True
    >>> settled([1.0, Always(2)])
    [1.0, Foreign(name='Always', tensor=False)]
    """
    kind = type(value)
    if kind is _Tensor:
        return value if _is_inference(value) else _clone(_detach(value))
    if kind is list or kind is tuple:
        return kind(settled(part) for part in value)
    if kind is dict and all(one_of(type(key), PLAIN) for key in value):
        return {key: settled(part) for key, part in value.items()}
    if kind is np.ndarray and not value.dtype.hasobject:
        return value.copy()
    if one_of(kind, PLAIN):
        return value
    return Foreign(name_of(kind), issubclass(kind, _Tensor))


def settled_batches(batches: Any) -> Any:
    """Do what :func:`settled` does; many tensors of one kind at once, as one by one takes long.

    Examples
    --------
    >>> settled_batches([torch.zeros(1), torch.ones(1)])
    [tensor([0.]), tensor([1.])]
    """
    if type(batches) is list and batches and all(type(batch) is _Tensor for batch in batches):
        kinds = {(batch.shape, batch.dtype, batch.layout, batch.device) for batch in batches}
        if len(kinds) == 1 and batches[0].layout is torch.strided:
            return list(_detach(torch.stack(batches)).unbind())
    return settled(batches)
