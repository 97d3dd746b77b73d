"""What a model costs: parameters, multiply-accumulate operations (MACs), bytes, milliseconds."""

from __future__ import annotations

import statistics
import time

import torch
from torch import Tensor, nn

from effcv_lab.arguments import whole_number
from effcv_lab.evaluation import device_of, eval_mode

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_UNCOUNTED = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm)


def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training may change; one that two layers share counts once.

    Running statistics of BatchNorm are no parameters: training does not choose them.

    Examples
    --------
    >>> count_parameters(nn.Linear(3, 2))  # 3 * 2 weights and 2 biases
    8
    """
    return sum(parameter.numel() for parameter in model.parameters())


def size_bytes(model: nn.Module) -> int:
    """Add up the memory of parameters and buffers (running statistics, masks), in bytes.

    Examples
    --------
    >>> size_bytes(nn.Linear(3, 2))  # 8 numbers in float32
    32
    """
    tensors = [*model.parameters(), *model.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


@torch.no_grad()
def count_macs(model: nn.Module, in_shape: tuple[int, ...]) -> int:
    """Count the multiplications, each with its addition, that one image costs.

    Counted: ``Linear`` and ``Conv1d/2d/3d``, each time that they run. A convolution costs
    ``output positions * output channels * (input channels / groups) * kernel size`` and a linear
    layer ``in_features * out_features``. Not counted, because they are small beside these:
    biases, normalisation, activations, pooling, additions. A multiplication by a weight that is
    zero counts like any other. FLOPs, as most counters print them, are twice the MACs.

    Parameters
    ----------
    model : Module
        Run once, in eval mode, on an image of zeros; it is left as it was.
    in_shape : tuple (C, H, W)
        The shape of one image.

    Returns
    -------
    macs : int, per image.

    Raises
    ------
    TypeError
        If a layer with parameters is of a kind that this function cannot count.

    Examples
    --------
    >>> count_macs(nn.Conv2d(1, 4, kernel_size=3), in_shape=(1, 6, 6))  # 4 * 4 * 4 * 1 * 9
    576
    """
    counted = {}
    handles = []

    def count(layer: nn.Module, _inputs: tuple, output: Tensor) -> None:
        per_number = layer.weight[0].numel()  # a row of a Linear; one filter of a convolution
        counted[layer] = counted.get(layer, 0) + output.numel() * per_number

    for name, layer in model.named_modules():
        has_own = next(layer.parameters(recurse=False), None) is not None
        if has_own and not isinstance(layer, (nn.Linear, *_CONVOLUTIONS, *_UNCOUNTED)):
            raise TypeError(
                f"count_macs cannot count {type(layer).__name__} (layer {name!r}): it knows "
                "Linear and Conv1d/2d/3d, and leaves out BatchNorm, GroupNorm and LayerNorm"
            )
    try:
        for layer in model.modules():
            if isinstance(layer, (nn.Linear, *_CONVOLUTIONS)):
                handles.append(layer.register_forward_hook(count))
        with eval_mode(model):
            model(torch.zeros(1, *in_shape, device=device_of(model)))
    finally:
        for handle in handles:
            handle.remove()
    return sum(counted.values())


@torch.no_grad()
def latency_ms(model: nn.Module, images: Tensor, repeats: int = 30, warmup: int = 5) -> float:
    """Measure how long the model takes for this batch: the median, in milliseconds.

    The first runs are slower (memory is allocated, a GPU chooses its kernels), so ``warmup``
    of them are thrown away. The median, because another program may disturb a few runs.

    Parameters
    ----------
    model : Module
        Timed in eval mode without gradients, where it lives; it is left as it was.
    images : Tensor (B, C, H, W)
        Moved to the model's device before the clock starts.
    repeats : int >= 1
    warmup : int >= 0

    Returns
    -------
    latency : float, in milliseconds for the whole batch.
    """
    whole_number("repeats", repeats, 1)
    whole_number("warmup", warmup, 0)
    images = images.to(device_of(model))
    times = []
    with eval_mode(model):
        for _ in range(warmup + repeats):
            _wait_for(images.device)
            started = time.perf_counter()
            model(images)
            _wait_for(images.device)
            times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times[warmup:])


def _wait_for(device: torch.device) -> None:
    """Wait until the device has done what it was given: a GPU works on after the call returns."""
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()
