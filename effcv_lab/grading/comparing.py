"""Compare two results and say in plain words how they differ.

The functions that look into a tensor are bound here, at import, before any student's code runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from effcv_lab.grading.plain import NUMBERS, Foreign, name_of, one_of

_Tensor, _Module, _type = torch.Tensor, torch.nn.Module, type
_detach, _cpu, _double, _numpy = (
    torch.Tensor.detach,
    torch.Tensor.cpu,
    torch.Tensor.double,
    torch.Tensor.numpy,
)
_resolve_conj, _resolve_neg = torch.Tensor.resolve_conj, torch.Tensor.resolve_neg


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Return the values as a NumPy array: floats as float64, others as they are.

    Tensors of odd kinds become something that can be shown: sparse ones dense, complex ones
    their absolute values.
    """
    values = _cpu(_detach(tensor))
    if values.layout is not torch.strided:
        values = values.to_dense()
    if values.is_complex():
        values = values.abs()
    values = _resolve_neg(_resolve_conj(values))
    return _numpy(_double(values) if values.is_floating_point() else values)


def as_float(number: Any) -> float:
    """Return a number as a float; a whole number that no float can hold is infinite.

    Examples
    --------
    >>> as_float(-(10**400))
    -inf
    """
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def close(got: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Mark the entries that agree; NaN agrees with NaN, an infinity with itself."""
    got, wanted = np.float64(got), np.float64(wanted)
    with np.errstate(all="ignore"):  # inf - inf, or a difference too large for a float
        near = np.abs(got - wanted) <= atol + rtol * np.abs(wanted)
    near &= np.isfinite(got) & np.isfinite(wanted)
    return near | (got == wanted) | (np.isnan(got) & np.isnan(wanted))


def identical(first: Any, second: Any) -> bool:
    """Tell whether two values are equal to the last bit, type and shape included.

    Examples
    --------
    >>> identical(torch.tensor([float("nan")]), torch.tensor([float("nan")]))
    True
    """
    if _type(first) is not _type(second):
        return False
    if isinstance(first, _Tensor):
        return first.dtype == second.dtype and same(first, second, rtol=0, atol=0)
    return same(first, second, rtol=0, atol=0)


def same(first: Any, second: Any, rtol: float = 1e-4, atol: float = 1e-6) -> bool:
    """Tell whether two results mean the same numbers, whatever their float type.

    Examples
    --------
    >>> same((1.0, torch.tensor([2.0])), (1.0, torch.tensor([2.0000001])))
    True
    """
    if _type(first) is _Tensor and _type(second) is _Tensor:
        return first.shape == second.shape and bool(
            close(as_array(first), as_array(second), rtol, atol).all()
        )
    if one_of(_type(first), NUMBERS) and one_of(_type(second), NUMBERS):
        return bool(close(as_float(first), as_float(second), rtol, atol))
    if _type(first) is not _type(second):
        return False
    if isinstance(first, (tuple, list)):
        pairs = zip(first, second, strict=False)
        return len(first) == len(second) and all(same(a, b, rtol, atol) for a, b in pairs)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            same(first[key], second[key], rtol, atol) for key in first
        )
    if one_of(_type(first), (bool, str, bytes, type(None))):
        return first == second
    if _type(first) is Foreign:
        return first.name == second.name
    return True  # something opaque, a model say: cannot be compared, so nothing is claimed


def difference(got: Any, wanted: Any, rtol: float = 1e-4, atol: float = 1e-6) -> str | None:
    """Say how ``got`` differs from ``wanted``; None if it does not.

    Type, shape and dtype count, then finite numbers, then values within
    ``atol + rtol * |wanted|``.

    Examples
    --------
    >>> difference(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0]))
    '2 of 2 numbers differ; yours are 0.5 times the wanted ones throughout'
    """
    if other_kind := difference_in_kind(got, wanted):
        return other_kind
    if _type(wanted) is _Tensor:
        return _difference_in_numbers(got, wanted, rtol, atol)
    if isinstance(wanted, (tuple, list)):
        for i, (part, wanted_part) in enumerate(zip(got, wanted, strict=True)):
            if problem := difference(part, wanted_part, rtol, atol):
                return f"part {i}: {problem}"
        return None
    return None if same(got, wanted, rtol, atol) else "the value differs"


def difference_in_kind(got: Any, wanted: Any) -> str | None:
    """Say how type, shape or dtype differ; None if they are as wanted, whatever the numbers.

    Examples
    --------
    >>> difference_in_kind(None, torch.zeros(2))
    'it returned None: is a `return` missing?'
    >>> difference_in_kind(torch.tensor(3.0), 3.0)
    'it returned a Tensor, wanted a Python number: use .item()'
    """
    if got is None and wanted is not None:
        return "it returned None: is a `return` missing?"
    foreign = _type(got) is Foreign
    name = _with_article(got.name if foreign else name_of(_type(got)))
    tensor = got.tensor if foreign else issubclass(_type(got), _Tensor)
    if _type(wanted) is _Tensor:
        if tensor and _type(got) is not _Tensor:
            return f"it returned {name}, wanted a plain torch.Tensor: use .detach()"
        if _type(got) is not _Tensor:
            hint = ": use torch.from_numpy" if isinstance(got, np.ndarray) else ""
            return f"it returned {name}, wanted a torch.Tensor{hint}"
        if got.shape != wanted.shape:
            return f"its shape is {tuple(got.shape)}, wanted {tuple(wanted.shape)}"
        if got.dtype != wanted.dtype:
            return f"its dtype is {got.dtype}, wanted {wanted.dtype}"
        return None
    if one_of(_type(wanted), NUMBERS):
        if one_of(_type(got), NUMBERS):
            return None
        hint = ": use .item()" if tensor else ""
        return f"it returned {name}, wanted a Python number{hint}"
    if _type(got) is not _type(wanted):
        return f"it returned {name}, wanted {_with_article(_type(wanted).__name__)}"
    if isinstance(wanted, (tuple, list)) and len(got) != len(wanted):
        return f"it has {len(got)} parts, wanted {len(wanted)}"
    return None


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiouAEIOU' or name == 'ndarray' else 'a'} {name}"


def _difference_in_numbers(
    got: torch.Tensor, wanted: torch.Tensor, rtol: float, atol: float
) -> str | None:
    values, target = as_array(got), as_array(wanted)
    if np.issubdtype(values.dtype, np.floating):
        lost = int((~np.isfinite(values) & np.isfinite(target)).sum())
        if lost:
            return f"{lost} of {values.size} numbers are nan or infinite"
    wrong = ~close(values, target, rtol, atol)
    if not wrong.any():
        return None
    return f"{int(wrong.sum())} of {wrong.size} numbers differ" + _common_factor(values, target)


def _common_factor(values: np.ndarray, target: np.ndarray) -> str:
    """Point out that all numbers are off by one factor, if that is how they differ."""
    usable = np.abs(target) > 1e-6
    if not np.issubdtype(values.dtype, np.floating) or usable.sum() < 2:
        return ""
    with np.errstate(all="ignore"):
        factors = values[usable] / target[usable]
    if factors[0] == 0 or not np.allclose(factors, factors[0], rtol=1e-3):
        return ""
    return f"; yours are {factors[0]:.4g} times the wanted ones throughout"


def show(value: Any) -> str:
    """Print a value short enough to read: four digits, long tensors abridged.

    Examples
    --------
    >>> show(torch.tensor([[1.0, 1e4]]))
    '[[1, 10000]]'
    """
    if isinstance(value, _Tensor):
        return np.array2string(
            as_array(value),
            separator=", ",
            threshold=60,
            edgeitems=3,
            max_line_width=100,
            formatter={"float_kind": _short},
        )
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if _type(value) is Foreign:
        return f"<{value.name}>"
    try:
        text = _show_net(value) if isinstance(value, _Module) else repr(value)
    except (Exception, SystemExit):
        text = f"<{_type(value).__name__}>"
    return text if len(text) <= 200 else text[:200] + " ..."


def _show_net(net: torch.nn.Module) -> str:
    """Name the layers in a row, with the mode of each if they differ."""
    layers = [layer for layer in net.modules() if next(layer.children(), None) is None]
    if layers == [net]:
        return repr(net)
    alike = len({part.training for part in net.modules()}) == 1
    names = [layer.__class__.__name__ + ("" if alike else _mode(layer)) for layer in layers]
    return f"{net.__class__.__name__}({', '.join(names)}){_mode(net)}"


def _mode(part: torch.nn.Module) -> str:
    return " in train mode" if part.training else " in eval mode"


def _short(number: float) -> str:
    """Write four digits, but never round to 1 what is not 1."""
    digits = 8 if 0 < abs(number - 1) < 1e-3 else 6 if abs(number) >= 1000 else 4
    return f"{number:.{digits}g}"


def size(value: Any) -> int:
    """Count the numbers in an argument: the smallest example is the easiest to think about."""
    if isinstance(value, _Tensor):
        return value.numel()
    if isinstance(value, (tuple, list)):
        return sum(size(part) for part in value)
    return 1
