"""What goes wrong in ``low_frequency_crop(images, bandwidth)`` with the spectrum."""

import torch

from effcv_lab.grading.outcomes import Misconception


def no_fftshift(images, bandwidth):
    """Shift before you crop: without fftshift the middle of the spectrum holds the highest frequencies.

    Look at torch.fft.fftfreq(8): frequency 0 comes first, the highest are in the middle. Your crop
    keeps edges and loses the brightness.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fft2(images)
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(kept)
    return small.real * (bandwidth / side) ** 2


def no_fftshift_before_the_crop(images, bandwidth):
    """Shift before you crop as well as back after it: yours only shifts back.

    Look at torch.fft.fftfreq(8): frequency 0 comes first, the highest are in the middle.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fft2(images)
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def corner_of_the_spectrum(images, bandwidth):
    """Shift before you crop: the upper left corner of fft2 holds positive frequencies only.

    Look at torch.fft.fftfreq(8): 0, 1, 2, 3, then -4 to -1. The low ones lie in all four corners;
    fftshift brings them together in the middle.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = 0
    spectrum = torch.fft.fft2(images)
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(kept)
    return small.real * (bandwidth / side) ** 2


def corner_of_the_shifted_spectrum(images, bandwidth):
    """Crop the middle of the shifted spectrum: frequency 0 stands at H // 2, yours takes the upper left.

    Look at torch.fft.fftshift(torch.fft.fftfreq(8)): the lowest frequency there is -4.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = 0
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def no_ifftshift(images, bandwidth):
    """Shift back before ifft2, which expects frequency 0 first: without it every other pixel is negative.

    Try a plain grey image: it should stay as it is, yours becomes a chessboard.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(kept)
    return small.real * (bandwidth / side) ** 2


def shifts_exchanged(images, bandwidth):
    """Shift with fftshift, back with ifftshift: on odd sides they are not the same.

    Look at torch.fft.fftshift(torch.arange(5)) and ifftshift: 0 stands at 2 and at 3.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.ifftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.fftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def crop_off_by_one(images, bandwidth):
    """Begin at H // 2 - bandwidth // 2: yours begins one later and loses a low frequency.

    Print the frequencies that you keep: of 8, with bandwidth 4, they are -2, -1, 0 and 1.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = min(side // 2 - bandwidth // 2 + 1, side - bandwidth)
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def crop_rounded_up(images, bandwidth):
    """Begin at H // 2 - bandwidth // 2 on odd sides too: (H - bandwidth + 1) // 2 is one too many there.

    Print the frequencies that you keep: of 5, with bandwidth 2, they are -1 and 0.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = (side - bandwidth + 1) // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def batch_shifted_too(images, bandwidth):
    """Shift the last two axes only, dim=(-2, -1): without dim fftshift also turns images and channels.

    Try two different images: in your result they have changed places.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def one_direction_only(images, bandwidth):
    """Take the lowest frequencies of both directions, fft2: fft alone transforms the rows only.

    Look at what is left of horizontal stripes: yours cuts them out of the middle as they are.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft(images), dim=-1)
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft(torch.fft.ifftshift(kept, dim=-1))
    return small.real * bandwidth / side


def complex_returned(images, bandwidth):
    """Return the real part, .real: no network takes complex numbers.

    Look at the dtype of your result.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small * (bandwidth / side) ** 2


def absolute_value_taken(images, bandwidth):
    """Take the real part: the absolute value turns what is below 0 round, and adds the imaginary part.

    Try an image with negative numbers. The rest that is imaginary comes from the one frequency that
    has lost its partner.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.abs() * (bandwidth / side) ** 2


def phase_thrown_away(images, bandwidth):
    """Keep the spectrum complex until the end: its absolute value says how much, the angle says where.

    Try an image with one bright pixel: yours moves it to the corner.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1)).abs()
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def rows_of_a_half_spectrum(images, bandwidth):
    """Take fft2 and fftshift: rfft2 halves the columns only, its rows still begin with 0 and end with -1.

    Look at torch.fft.fftfreq(8) for the rows: the first four are positive, the negative ones come last
    and are low frequencies too.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    kept = torch.fft.rfft2(images)[..., :bandwidth, : bandwidth // 2 + 1]
    return torch.fft.irfft2(kept, s=(bandwidth, bandwidth)) * (bandwidth / side) ** 2


def partner_made_up(images, bandwidth):
    """Take fft2 and the real part of ifft2: irfft2 makes up the partner of each frequency by itself.

    Row -b/2 has lost its partner to the crop. Compare with the formula on an image of 4 by 4 pixels.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    half = torch.fft.fftshift(torch.fft.rfft2(images), dim=-2)
    kept = torch.fft.ifftshift(half[..., first : first + bandwidth, : bandwidth // 2 + 1], dim=-2)
    return torch.fft.irfft2(kept, s=(bandwidth, bandwidth)) * (bandwidth / side) ** 2


def high_frequencies_kept(images, bandwidth):
    """Keep the middle of the spectrum: yours sets it to zero and keeps the rest.

    Look at the mean of your result: with frequency 0 the brightness is gone.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    spectrum[..., first : first + bandwidth, first : first + bandwidth] = 0
    return torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1))).real


MISTAKES = [
    Misconception.of(no_fftshift),
    Misconception.of(no_fftshift_before_the_crop),
    Misconception.of(corner_of_the_spectrum),
    Misconception.of(corner_of_the_shifted_spectrum),
    Misconception.of(no_ifftshift),
    Misconception.of(shifts_exchanged),
    Misconception.of(crop_off_by_one),
    Misconception.of(crop_rounded_up),
    Misconception.of(batch_shifted_too),
    Misconception.of(one_direction_only),
    Misconception.of(complex_returned),
    Misconception.of(absolute_value_taken),
    Misconception.of(phase_thrown_away),
    Misconception.of(rows_of_a_half_spectrum),
    Misconception.of(partner_made_up),
    Misconception.of(high_frequencies_kept),
]
