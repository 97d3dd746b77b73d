"""The data of the course, in memory and in splits that never change.

>>> train, validation, test = fashion()
>>> len(train), len(validation), len(test)
(8000, 2000, 2000)
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import effcv_lab
from effcv_lab.data.fashion_files import check_contents, download_fashion, read_fashion
from effcv_lab.data.image_set import Batches, ImageSet
from effcv_lab.data.splits import fashion_parts, split_per_class

__all__ = ["Batches", "ImageSet", "Splits", "digits", "fashion"]

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
PACKAGED = Path(effcv_lab.__file__).with_name("assets") / "fashion_mnist_12000.npz"
PACKAGED_BYTES = 5267623
PACKAGED_SHA256 = "64ed40a4bfc6814fafd2357cbed42814e0104e99af6fbbb2ce405626d28eb4de"


class Splits(NamedTuple):
    """Three sets without a common image: to learn from, to choose by, to report on once."""

    train: ImageSet
    validation: ImageSet
    test: ImageSet


def fashion(full: bool = False, folder: str | Path | None = None) -> Splits:
    """Load Fashion-MNIST: photographs of clothes, 28x28, ten classes of equal size.

    The packaged part needs no network and no other file. Each of its three sets is the
    beginning of the full one, so a model trained on a packaged set has seen nothing of the
    full validation and test sets.

    Parameters
    ----------
    full : bool
        False: 8,000 / 2,000 / 2,000 images from the file in this package.
        True: 50,000 / 10,000 / 10,000 images, all that there are.
    folder : path, only with ``full=True``
        Holds the four original files, compressed or not. Without it they are downloaded once,
        by torchvision, into :func:`effcv_lab.folders.cache_folder`.

    Returns
    -------
    splits : Splits
        Sets of (1, 28, 28) images. ``test`` is drawn from the original test set, the others
        from the original training set.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is truncated or altered (nothing of it is used), or ``folder`` comes
        without ``full=True``.
    ConnectionError
        If the download fails.

    References
    ----------
    Xiao, Rasul, Vollgraf, *Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms*, 2017. https://arxiv.org/abs/1708.07747

    Examples
    --------
    >>> fashion().test
    ImageSet('Fashion-MNIST, test': 2000 images 1x28x28, 10 classes, on cpu)
    """
    if folder is not None and not full:
        raise ValueError(f"folder is for full=True only, got folder={str(folder)!r}, full={full}")
    arrays = _full_fashion(folder) if full else _packaged_fashion()
    sets = []
    for part in Splits._fields:
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        sets.append(
            ImageSet(
                images=torch.from_numpy(images).float().div_(255).unsqueeze(1),
                labels=torch.from_numpy(labels).long(),
                classes=FASHION_CLASSES,
                name=f"Fashion-MNIST, {part}",
                source="Xiao et al. 2017, https://github.com/zalandoresearch/fashion-mnist",
                licence="MIT, Zalando SE",
            )
        )
    return Splits(*sets)


def digits() -> Splits:
    """Load scikit-learn's handwritten digits: 8x8, ten classes, small enough for a first try.

    Validation and test hold 36 images of each class, a fifth of the 1,797, training the rest.

    Returns
    -------
    splits : Splits
        1,077 / 360 / 360 images (1, 8, 8) with 17 grey levels.

    References
    ----------
    Alpaydin and Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
    Repository, 1998: the test part. https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> [len(part) for part in digits()]
    [1077, 360, 360]
    """
    from sklearn.datasets import load_digits

    raw = load_digits()
    everything = ImageSet(
        images=torch.from_numpy(raw.images).float().div_(16).unsqueeze(1),
        labels=torch.from_numpy(raw.target).long(),
        classes=tuple(str(number) for number in range(10)),
        name="digits",
        source="Alpaydin and Kaynak 1998, by way of sklearn.datasets.load_digits",
        licence="CC BY 4.0",
    )
    validation, test, train = (
        everything.subset(torch.from_numpy(part)) for part in split_per_class(raw.target, [36, 36])
    )
    return Splits(
        replace(train, name="digits, train"),
        replace(validation, name="digits, validation"),
        replace(test, name="digits, test"),
    )


def _packaged_fashion() -> dict[str, np.ndarray]:
    remedy = "Install the kit again: this file is part of it."
    if not PACKAGED.is_file():
        raise FileNotFoundError(f"{PACKAGED} is missing. {remedy}")
    contents = PACKAGED.read_bytes()
    check_contents(PACKAGED, contents, PACKAGED_BYTES, PACKAGED_SHA256, remedy)
    with np.load(io.BytesIO(contents)) as stored:
        return dict(stored)


def _full_fashion(folder: str | Path | None) -> dict[str, np.ndarray]:
    if folder is None:
        folder = download_fashion()
        originals = read_fashion(folder, f"Delete {folder}, then ask again: it is downloaded anew.")
    else:
        originals = read_fashion(folder)
    arrays = {}
    for part, places in fashion_parts(originals).items():
        prefix = "t10k" if part == "test" else "train"
        chosen = np.concatenate(places)
        arrays[f"{part}_images"] = originals[f"{prefix}-images-idx3-ubyte"][chosen]
        arrays[f"{part}_labels"] = originals[f"{prefix}-labels-idx1-ubyte"][chosen]
    return arrays
