"""Low frequencies first: EfficientTrain's crop of the spectrum, which makes early epochs cheaper."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from effcv_lab.arguments import whole_number
from effcv_lab.training import BatchLoss, cross_entropy


def low_frequency_crop(images: Tensor, bandwidth: int) -> Tensor:
    """Keep the lowest frequencies of square images, and only as many pixels as these need.

    The central ``bandwidth`` x ``bandwidth`` part of the shifted spectrum, transformed back, real
    part, scaled so that the mean intensity stays. An image without higher frequencies is sampled
    at every (H / bandwidth)-th pixel, exactly.

    Parameters
    ----------
    images : float Tensor (B, C, H, H)
    bandwidth : int, even, in [2, H]

    Returns
    -------
    small : Tensor (B, C, bandwidth, bandwidth), same dtype and device. Beside sharp edges values
        may lie a little outside the range of the input.

    Raises
    ------
    ValueError
        If the images are not square, or ``bandwidth`` is odd or outside [2, H].

    References
    ----------
    Wang et al., *EfficientTrain: Exploring Generalized Curriculum Learning for Training Visual
    Backbones*, ICCV 2023, arXiv 2211.09703 (low-frequency cropping).

    Examples
    --------
    >>> images = torch.rand(5, 1, 28, 28)
    >>> small = low_frequency_crop(images, bandwidth=14)
    >>> small.shape, torch.allclose(small.mean(dim=(2, 3)), images.mean(dim=(2, 3)), atol=1e-6)
    (torch.Size([5, 1, 14, 14]), True)
    """
    if images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise ValueError(f"images must be square, (B, C, H, H), got {tuple(images.shape)}")
    side = images.shape[-1]
    whole_number("bandwidth", bandwidth, 2, side)
    if bandwidth % 2:
        raise ValueError(f"bandwidth must be even, got {bandwidth}")
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    first = side // 2 - bandwidth // 2  # frequency 0 stands at side // 2, also if side is odd
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real
    return small * (bandwidth / side) ** 2


def compute_schedule(epochs: int, bandwidths: Sequence[int], full: int) -> list[int]:
    """Say for each epoch which bandwidth it uses, so that every stage costs about as much.

    A stage at bandwidth b costs ``(b / full) ** 2`` of a full epoch, so it gets
    ``(full / b) ** 2`` as many epochs for its share of the compute, rounded; at least one.

    Parameters
    ----------
    epochs : int >= 1
        Epochs in all.
    bandwidths : sequence of even int in [2, full], rising
        One for each stage; the last should be ``full``, so that training ends on whole images.
    full : int >= 2
        Side of the images.

    Returns
    -------
    schedule : list of ``epochs`` int

    Raises
    ------
    ValueError
        If an argument is outside its range, or there are fewer epochs than stages.

    References
    ----------
    Wang et al., *EfficientTrain++*, arXiv 2405.08768 (stages of equal compute).

    Examples
    --------
    >>> compute_schedule(epochs=10, bandwidths=(14, 20, 28), full=28)
    [14, 14, 14, 14, 14, 14, 20, 20, 20, 28]
    """
    whole_number("full", full, 2)
    bands = [whole_number("bandwidths", band, 2, full) for band in bandwidths]
    if not bands or any(band % 2 for band in bands) or bands != sorted(set(bands)):
        raise ValueError(f"bandwidths must be even and rising, got {list(bandwidths)}")
    whole_number("epochs", epochs, len(bands))
    shares = torch.tensor([(full / band) ** 2 for band in bands], dtype=torch.float64)
    ends = (shares.cumsum(0) / shares.sum() * epochs).round().int().tolist()
    last = len(bands) - 1
    for stage in range(last):  # no stage is rounded away, above all not the last
        earlier = ends[stage - 1] if stage else 0
        ends[stage] = min(max(ends[stage], earlier + 1), epochs - (last - stage))
    return [
        next(band for band, end in zip(bands, ends, strict=True) if epoch < end)
        for epoch in range(epochs)
    ]


class LowFrequencies:
    """A ``batch_loss`` on images that are cropped to low frequencies, as a schedule says.

    The model must take images of any size (``small_cnn`` and ``small_resnet`` do).

    Parameters
    ----------
    schedule : sequence of int
        The bandwidth of each epoch; see :func:`compute_schedule`.
    batch_loss : function ``(model, images, labels) -> scalar``

    Examples
    --------
    >>> from effcv_lab.models import small_cnn
    >>> loss = LowFrequencies(schedule=[14, 28])
    >>> loss.start_epoch(0)
    >>> loss(small_cnn(), torch.rand(2, 1, 28, 28), torch.tensor([0, 1])).shape
    torch.Size([])
    """

    def __init__(self, schedule: Sequence[int], batch_loss: BatchLoss = cross_entropy) -> None:
        self.schedule, self.batch_loss = list(schedule), batch_loss
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Choose the epoch's bandwidth; the training loops call this before each epoch."""
        self.bandwidth = self.schedule[epoch]

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of one batch; whole images are taken as they are."""
        if self.bandwidth < images.shape[-1]:
            images = low_frequency_crop(images, self.bandwidth)
        return self.batch_loss(model, images, labels)
