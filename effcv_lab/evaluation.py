"""Use a model without training it: its answers, its accuracy, what its parts put out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import whole_number

if TYPE_CHECKING:
    from effcv_lab.data import ImageSet


def device_of(model: nn.Module) -> torch.device:
    """Return where the model lives (the CPU if it has no parameters): data go there."""
    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Switch dropout and batch statistics off for a while; put every layer back as it was."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@torch.no_grad()
def predict_logits(model: nn.Module, images: Tensor, batch_size: int = 1000) -> Tensor:
    """Ask the model about many images, a batch at a time.

    Parameters
    ----------
    model : Module from images ``(B, C, H, W)`` to logits ``(B, K)``
        Runs in eval mode; every layer gets its mode back.
    images : Tensor (N, C, H, W), N >= 1, on any device
    batch_size : int >= 1
        Images in memory at once; it does not change the answer.

    Returns
    -------
    logits : Tensor (N, K) on the CPU, without gradient.

    Raises
    ------
    ValueError
        If there are no images.
    """
    whole_number("batch_size", batch_size, 1)
    if len(images) == 0:
        raise ValueError(f"images must hold at least one image, got {tuple(images.shape)}")
    device = device_of(model)
    with eval_mode(model):
        return torch.cat([model(b.to(device)).cpu() for b in images.split(batch_size)])


def evaluate(model: nn.Module, image_set: ImageSet, batch_size: int = 1000) -> tuple[float, float]:
    """Return ``(mean cross-entropy in nats, accuracy in [0, 1])``, in eval mode.

    The model is left as it was, and so are the data.
    """
    logits = predict_logits(model, image_set.images, batch_size)
    labels = image_set.labels.cpu()
    hits = logits.argmax(dim=1) == labels
    return F.cross_entropy(logits, labels).item(), hits.double().mean().item()


def features(model: nn.Module, images: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """Look inside: run the model once and keep what the named parts put out.

    The model runs in the mode that it is in and gradients flow, so that features can be part of
    a loss. To look at a trained net, have it in eval mode (``fit`` leaves it there) and call
    this under ``torch.no_grad()``.

    Parameters
    ----------
    model : Module
        Unchanged afterwards, also if the run fails.
    images : Tensor (B, C, H, W)
        Moved to the model's device.
    names : iterable of str
        As in ``model.named_modules()``: "block2", "block2.0", ...

    Returns
    -------
    outputs : dict from name to Tensor (B, ...)
        In the order of ``names``; copies, so a later layer that works in place does not reach
        them. Of a part that runs several times, the last output.

    Raises
    ------
    ValueError
        If the model has no such part, or the part did not run.

    Examples
    --------
    >>> from effcv_lab.models import small_cnn
    >>> seen = features(small_cnn(), torch.zeros(5, 1, 28, 28), ["block1", "head"])
    >>> [(name, tuple(output.shape)) for name, output in seen.items()]
    [('block1', (5, 16, 14, 14)), ('head', (5, 10))]
    """
    names = list(names)
    parts = dict(model.named_modules())
    if unknown := [name for name in names if name not in parts]:
        raise ValueError(f"names must be parts of the model, got {unknown}; it has {list(parts)}")
    seen: dict[str, Tensor] = {}
    handles = []
    try:
        for name in names:

            def keep(_part: nn.Module, _inputs: tuple, output: Tensor, name: str = name) -> None:
                seen[name] = output.clone(memory_format=torch.contiguous_format)

            handles.append(parts[name].register_forward_hook(keep))
        model(images.to(device_of(model)))
    finally:
        for handle in handles:
            handle.remove()
    if missed := [name for name in names if name not in seen]:
        raise ValueError(f"names must be parts that run in a forward pass, got {missed}")
    return {name: seen[name] for name in names}
