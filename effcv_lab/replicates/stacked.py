"""R nets of one architecture as one: weights stacked along a new first axis, run by ``vmap``.

The ground under :mod:`effcv_lab.replicates`, which trains them.
"""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from effcv_lab.arguments import whole_number
from effcv_lab.history import History
from effcv_lab.switches import seed_everything
from effcv_lab.training import BatchLoss, eval_mode

State = dict[str, Tensor]  # name in the model -> (R, ...), one slice for each net
StackedLoss = Callable[[State, State, Tensor, Tensor], tuple[Tensor, State]]

_ONE_BY_ONE = "Train these nets one after another with fit."
_RANDOM = (
    "the model or batch_loss draws random numbers (dropout, noise), and for several nets at once "
    f"they would not be those of fit. {_ONE_BY_ONE}"
)
_CANNOT = (
    "the model or batch_loss does something that torch.func.vmap cannot do for several nets at "
    "once, such as .item(), .numpy(), an `if` on a tensor's value, or a boolean index (torch "
    "says: {}). " + _ONE_BY_ONE
)


@dataclass(frozen=True, eq=False)
class Replicates:
    """R trained nets of one architecture, and what happened to each; see ``fit_replicates``.

    Parameters
    ----------
    seeds : tuple of R int
    histories : list of R History
        Of replicate r, as ``fit`` returns it with ``seeds[r]``. The nets share the time: each is
        given an equal part of the seconds.
    template : Module
        Lends its structure; its own weights are not those of a trained net.
    params, buffers : dict from name to Tensor (R, ...)
        The trained weights and statistics, stacked.
    """

    seeds: tuple[int, ...]
    histories: list[History]
    template: nn.Module
    params: State
    buffers: State

    def __len__(self) -> int:
        return len(self.seeds)

    def model(self, r: int) -> nn.Module:
        """Return replicate ``r`` (0 to R - 1) as a net of its own: a copy, in eval mode."""
        whole_number("r", r, 0, len(self) - 1)
        model = copy.deepcopy(self.template)
        stacks = self.params | self.buffers
        with torch.no_grad():
            for name, value in [*model.named_parameters(), *model.named_buffers()]:
                value.copy_(stacks[name][r])
        return model.eval()

    def logits(self, images: Tensor, batch_size: int = 1000) -> Tensor:
        """Ask all R nets about the same images.

        Parameters
        ----------
        images : Tensor (N, C, H, W), N >= 1, on any device
        batch_size : int >= 1
            Images in memory at once, all nets together; it does not change the answer.

        Returns
        -------
        logits : Tensor (R, N, K) on the CPU, without gradient.

        Raises
        ------
        ValueError
            If there are no images.
        """
        whole_number("batch_size", batch_size, 1)
        if len(images) == 0:
            raise ValueError(f"images must hold at least one image, got {tuple(images.shape)}")
        return stacked_logits(self.template, self.params, self.buffers, images, batch_size)


def stack_nets(
    build: Callable[[], nn.Module], seeds: Sequence[int], device: torch.device
) -> tuple[nn.Module, State, State]:
    """Build one net for each seed and stack them.

    Returns
    -------
    template : Module, the first net; it lends its structure to all
    params : State, leaves that an optimiser can train
    buffers : State

    Raises
    ------
    ValueError
        If ``build`` returns the same net twice, or nets that are not built alike.
    """
    nets = []
    for seed in seeds:
        seed_everything(seed)
        nets.append(build().to(device))
    if len({id(net) for net in nets}) < len(nets):
        raise ValueError("build must make a new model each time, got the same one twice")
    for net in nets:
        net.train()
    first = nets[0]
    for net in nets[1:]:
        if _plan(net) != _plan(first):
            raise ValueError(f"build must make nets that are alike, got {first} and {net}")
        if name := _different_constant(first, net):
            raise ValueError(
                f"build must register {name!r} with register_buffer: it is a plain tensor that "
                "differs from seed to seed, and would be taken from the first net for all"
            )
    return first, *stack_module_state(nets)


def stacked_loss(template: nn.Module, batch_loss: BatchLoss) -> StackedLoss:
    """Return ``batch_loss`` for R nets at once.

    The function maps ``params``, ``buffers``, images ``(R, B, C, H, W)`` and labels ``(R, B)``
    to losses ``(R,)`` and the buffers after the step (BatchNorm counts in them). ``batch_loss``
    gets ``template`` itself, with the weights of one net put in for as long as the call lasts.
    """
    module = _BatchLossOf(template, batch_loss)

    def one(params: State, buffers: State, images: Tensor, labels: Tensor):
        state = {f"model.{name}": value for name, value in (params | buffers).items()}
        loss = functional_call(module, state, (images, labels))
        return loss, {name: state[f"model.{name}"].detach() for name in buffers}

    return lambda *stacks: _for_all(one, *stacks)


@torch.no_grad()
def stacked_logits(
    template: nn.Module, params: State, buffers: State, images: Tensor, batch_size: int = 1000
) -> Tensor:
    """Ask R nets about the same images ``(N, C, H, W)``: logits ``(R, N, K)`` on the CPU.

    In eval mode; ``batch_size`` counts the images in memory at once, all nets together.
    """
    first = next(iter({**params, **buffers}.values()))
    size = max(1, batch_size // len(first))

    def ask(batch: Tensor) -> Tensor:
        def one(params: State, buffers: State) -> Tensor:
            return functional_call(template, (params, buffers), (batch,))

        return _for_all(one, params, buffers).cpu()

    with eval_mode(template):
        return torch.cat([ask(batch.to(first.device)) for batch in images.split(size)], dim=1)


def random_streams() -> tuple:
    """Return the state of Python's and numpy's global random streams, to see if they moved.

    Torch's own need no watch: ``vmap`` refuses to draw from them.
    """
    state = np.random.get_state()
    return random.getstate(), state[1].tobytes(), state[2:]


def check_streams(before: tuple) -> None:
    """Raise ValueError if random numbers were drawn since ``before = random_streams()``."""
    if random_streams() != before:
        raise ValueError(_RANDOM)


class _BatchLossOf(nn.Module):
    """``batch_loss`` as a module around the model, so that functional_call swaps the weights."""

    def __init__(self, model: nn.Module, batch_loss: BatchLoss) -> None:
        super().__init__()
        self.model = model
        self.batch_loss = (batch_loss,)  # in a tuple: a loss that is a module is no part of this

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        loss = self.batch_loss[0](self.model, images, labels)
        if not isinstance(loss, Tensor) or loss.ndim != 0:
            got = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else repr(type(loss))
            raise ValueError(f"batch_loss must return one number (a scalar tensor), got {got}")
        return loss


def _for_all(one: Callable, *stacks):
    """Run ``one`` for every slice of the stacks; say what to do where that is impossible."""
    try:
        with warnings.catch_warnings():
            # An operation without a rule of its own (kl_div is one) is looped over: right, slower.
            warnings.filterwarnings("ignore", message="There is a performance drop")
            return vmap(one)(*stacks)
    except RuntimeError as error:
        text = str(error)
        if "randomness" in text:
            raise ValueError(_RANDOM) from error
        if any(word in text for word in ("vmap", "atching rule", "functorch", "data pointer")):
            raise ValueError(_CANNOT.format(text.splitlines()[0])) from error
        raise


def _plan(net: nn.Module) -> tuple:
    """Return what nets must have in common to be stacked."""
    tensors = [*net.named_parameters(), *net.named_buffers()]
    shapes = [(name, value.shape, value.dtype, value.requires_grad) for name, value in tensors]
    return type(net), str(net), shapes


def _different_constant(first: nn.Module, other: nn.Module) -> str:
    """Return the name of a plain tensor attribute that differs between two nets, or ''."""
    for (name, one), two in zip(first.named_modules(), other.modules(), strict=True):
        for key, value in vars(one).items():
            if isinstance(value, Tensor) and not torch.equal(value, vars(two)[key]):
                return f"{name}.{key}".removeprefix(".")
    return ""
