"""Keep trained models, so that a lecture that runs a second time starts at once."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from effcv_lab import __version__
from effcv_lab.folders import cache_folder
from effcv_lab.training import (
    BatchLoss,
    History,
    TrainConfig,
    cross_entropy,
    fit,
    pick_device,
    seed_everything,
)

if TYPE_CHECKING:
    from effcv_lab.data import ImageSet


def fit_cached(
    build: Callable[[], nn.Module],
    train: ImageSet,
    validation: ImageSet,
    config: TrainConfig,
    *,
    batch_loss: BatchLoss = cross_entropy,
    loss_name: str = "cross_entropy",
    device: str | torch.device | None = None,
    progress: bool = True,
) -> tuple[nn.Module, History]:
    """Train a new model, or find the one that the same call trained before.

    Does ``seed_everything(config.seed)``, ``model = build()``, ``fit(model, ...)`` and keeps the
    result in :func:`effcv_lab.folders.cache_folder`. It is found again only if all of these are
    the same: the first weights, ``str(model)``, which parameters are frozen, both image sets,
    ``config``, ``loss_name``, the type of device, the versions of this package and of torch.
    A found model equals the trained one bit by bit.

    A damaged entry is not believed: a line on stdout says so, and the model is trained anew.
    Where the folder cannot be written, the model is trained and a line says that it is not kept.

    Parameters
    ----------
    build : function () -> Module
        Makes the untrained model.
    train, validation : ImageSet
    config : TrainConfig
        ``config.seed`` seeds the first weights and orders the batches.
    batch_loss : function ``(model, images, labels) -> scalar``
    loss_name : str
        Names ``batch_loss`` with everything that it depends on, say
        "distillation T=4 teacher=small_cnn seed 0". A function cannot be compared with
        another, so it is this name that tells two losses apart.
    device, progress
        As for :func:`effcv_lab.training.fit`.

    Returns
    -------
    model : Module, on the device, in eval mode.
    history : History
        Of the run that made the model, with the seconds that it took then.

    Raises
    ------
    TypeError
        If ``train`` is a function: use ``fit`` for a curriculum.
    ValueError
        If another ``batch_loss`` comes without a ``loss_name`` of its own.

    Notes
    -----
    Every random stream is left as ``seed_everything(config.seed)`` leaves it, whether the model
    was trained or found, so the cells after it give the same both times.
    """
    if callable(train):
        raise TypeError("train must be an ImageSet: a function has no content to compare; use fit")
    if batch_loss is not cross_entropy and loss_name == "cross_entropy":
        raise ValueError(
            "loss_name must name a batch_loss that is not cross_entropy, got 'cross_entropy'"
        )
    device = pick_device(device)
    seed_everything(config.seed)
    model = build()
    key = _key(model, train, validation, config, loss_name, device)
    history = None
    try:
        path = cache_folder() / f"{key}.model"
    except RuntimeError:  # no home folder
        path = None
    else:
        history = _restore(path, key, model)
    if history is None:
        history = fit(
            model,
            train,
            validation,
            config,
            batch_loss=batch_loss,
            device=device,
            progress=progress,
        )
        _store(path, key, model, history)
    elif progress:
        print(f"Trained model found in the cache (training took {history.train_seconds:.0f} s).")
    seed_everything(config.seed)
    return model.to(device).eval(), history


def _key(
    model: nn.Module,
    train: ImageSet,
    validation: ImageSet,
    config: TrainConfig,
    loss_name: str,
    device: torch.device,
) -> str:
    """Return a fingerprint of everything that decides the outcome."""
    text = {
        "model": str(model),
        "trained": [name for name, value in model.named_parameters() if value.requires_grad],
        "config": asdict(config),
        "loss": loss_name,
        "device": device.type,
        "versions": [__version__, torch.__version__],
    }
    digest = hashlib.sha256(json.dumps(text, sort_keys=True).encode())
    tensors = dict(model.state_dict())
    for role, image_set in (("train", train), ("validation", validation)):
        tensors |= {f"{role} images": image_set.images, f"{role} labels": image_set.labels}
    for name, tensor in tensors.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> memoryview:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return memoryview(flat.view(torch.uint8).numpy())


def _shapes(state: dict[str, Tensor]) -> dict[str, tuple]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in state.items()}


def _store(path: Path | None, key: str, model: nn.Module, history: History) -> None:
    """Write the entry whole or not at all: a reader never sees half a file."""
    buffer = io.BytesIO()
    state = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    torch.save({"key": key, "state": state, "history": history.to_json()}, buffer)
    payload = buffer.getvalue()
    temporary = None
    try:
        if path is None:
            raise OSError("this user has no home folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(hashlib.sha256(payload).digest() + payload)
        os.replace(temporary, path)
    except OSError as error:
        print(f"The trained model could not be kept ({error}); set EFFCV_CACHE to a folder.")
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)  # still there only if something went wrong


def _restore(path: Path, key: str, model: nn.Module) -> History | None:
    """Load the entry into ``model`` and return its history; None if there is none to believe."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        print(f"The cache could not be read ({error}): training anew.")
        return None
    try:
        checksum, payload = content[:32], content[32:]
        if hashlib.sha256(payload).digest() != checksum:
            raise ValueError("its checksum is wrong")
        entry = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
        if entry["key"] != key:
            raise ValueError("it belongs to another run")
        history = History.from_json(entry["history"])
        if _shapes(entry["state"]) != _shapes(model.state_dict()):
            raise ValueError("its weights do not fit")  # before one of them is copied
        model.load_state_dict(entry["state"])
    except Exception as error:  # a foreign file may raise anything; none of it is worth a stop
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        print(f"The cached model {path.name[:12]}... is damaged ({reason:.80}): training anew.")
        return None
    return history
