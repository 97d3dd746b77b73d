"""What goes wrong in ``low_frequency_crop(images, bandwidth)`` with what must be refused, and with the caller's images."""

import torch

from effcv_lab.grading.outcomes import Misconception


def any_bandwidth_accepted(images, bandwidth):
    """Raise a ValueError unless bandwidth is even and in [2, H]: there are no more frequencies than H.

    Try bandwidth 3, where the spectrum has no middle of this size, and bandwidth H + 2.
    """
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def odd_bandwidth_accepted(images, bandwidth):
    """Refuse odd bandwidths: bandwidth % 2 must be 0.

    Try bandwidth 3: the contract promises a ValueError.
    """
    if not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def too_large_bandwidth_accepted(images, bandwidth):
    """Refuse a bandwidth above H: an image has no more frequencies than pixels.

    Try bandwidth H + 2: slices beyond the end are cut off, or empty, without a word.
    """
    if bandwidth % 2 or bandwidth < 2:
        raise ValueError("bandwidth must be even and at least 2")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def zero_bandwidth_accepted(images, bandwidth):
    """Refuse a bandwidth below 2: even numbers go on below, 0, -2, ...

    Try bandwidth 0: nothing is left to transform.
    """
    if bandwidth % 2 or bandwidth > images.shape[-1]:
        raise ValueError("bandwidth must be even and at most H")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def full_bandwidth_refused(images, bandwidth):
    """Allow bandwidth = H: it keeps everything, and the images come back.

    Try low_frequency_crop(images, H): 2 <= bandwidth <= H, both ends included.
    """
    if bandwidth % 2 or not 2 <= bandwidth < images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H)")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def asserted_instead_of_raised(images, bandwidth):
    """Write `raise ValueError(...)`: a caller who catches ValueError does not catch an assert.

    Assertions are for your own mistakes (and python -O drops them), errors for the caller's.
    """
    assert bandwidth % 2 == 0 and 2 <= bandwidth <= images.shape[-1]
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def images_changed_in_place(images, bandwidth):
    """Scale a new tensor: `images *= ...` also changes the caller's images.

    Print images before and after a call: each call would make them darker.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    images *= (bandwidth / side) ** 2
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    return torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real


MISTAKES = [
    Misconception.of(any_bandwidth_accepted),
    Misconception.of(odd_bandwidth_accepted),
    Misconception.of(too_large_bandwidth_accepted),
    Misconception.of(zero_bandwidth_accepted),
    Misconception.of(full_bandwidth_refused),
    Misconception.of(asserted_instead_of_raised),
    Misconception.of(images_changed_in_place),
]
