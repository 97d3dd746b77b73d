"""What goes wrong in ``low_frequency_crop(images, bandwidth)`` with sizes and scales."""

import torch
from torch.nn import functional as F

from effcv_lab.grading.outcomes import Misconception


def no_rescale(images, bandwidth):
    """Multiply by (bandwidth / H) ** 2: fft2 adds up H * H pixels, ifft2 divides by fewer.

    Compare the means of image and result: yours is (H / bandwidth) ** 2 times too bright.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real


def rescaled_by_one_side(images, bandwidth):
    """Multiply by bandwidth / H twice, once for each direction: yours does it once.

    Compare the means of image and result: yours is H / bandwidth times too bright.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * bandwidth / side


def rescaled_the_wrong_way(images, bandwidth):
    """Multiply by (bandwidth / H) ** 2: yours divides by it, which makes bright brighter still.

    Compare the means of image and result: they should be equal.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real / (bandwidth / side) ** 2


def ratio_of_the_means(images, bandwidth):
    """Multiply by (bandwidth / H) ** 2: the ratio of the two means is 0 / 0 for a black image.

    Try torch.zeros(1, 1, 4, 4): it should stay black, yours is nan.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    first = images.shape[-1] // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real
    return small * images.mean(dim=(2, 3), keepdim=True) / small.mean(dim=(2, 3), keepdim=True)


def mean_moved_instead(images, bandwidth):
    """Multiply by (bandwidth / H) ** 2: yours moves the mean to its place, but leaves too much contrast.

    Compare the largest and the smallest number of image and result: yours lie far outside.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    first = images.shape[-1] // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real
    return small - small.mean(dim=(2, 3), keepdim=True) + images.mean(dim=(2, 3), keepdim=True)


def resized_to_full_size(images, bandwidth):
    """Leave the result small: blown up to H by H again, it saves no computing at all.

    Look at the shape of your result. A network pays for pixels, not for frequencies: fewer epochs are
    not the point, fewer multiplications are.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real * (bandwidth / side) ** 2
    return F.interpolate(small, size=(side, side), mode="bilinear")


def zeros_instead_of_a_crop(images, bandwidth):
    """Crop the spectrum: setting high frequencies to zero blurs the image, but saves no pixel.

    Look at the shape of your result. A network pays for pixels, not for frequencies.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = torch.zeros_like(spectrum)
    part = slice(first, first + bandwidth)
    kept[..., part, part] = spectrum[..., part, part]
    return torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real


def crop_of_the_image(images, bandwidth):
    """Crop the spectrum, not the image: yours shows the middle of the picture and loses its borders.

    Compare the means of image and result, and look at a picture: the whole of it should be there.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    first = images.shape[-1] // 2 - bandwidth // 2
    return images[..., first : first + bandwidth, first : first + bandwidth].clone()


def every_other_pixel(images, bandwidth):
    """Take the high frequencies out: leaving out pixels folds them into the low ones instead.

    Try fine stripes, [0, 1, 0, 1, ...]: yours are all black or all white, it should be grey.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    places = torch.arange(bandwidth) * images.shape[-1] // bandwidth
    return images[..., places[:, None], places]


def averages_of_blocks(images, bandwidth):
    """Go through the spectrum: averages of blocks also make small images, but not these numbers.

    Compare with the formula on one image: blocks weaken low frequencies and let some high ones in.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    return F.adaptive_avg_pool2d(images, bandwidth)


def resized_without_a_spectrum(images, bandwidth):
    """Go through the spectrum: F.interpolate also makes small images, but not these numbers.

    Compare with the formula on one image: interpolation looks at a few neighbours of each new pixel.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    return F.interpolate(images, size=(bandwidth, bandwidth), mode="bilinear")


def values_clamped(images, bandwidth):
    """Leave values as they come: beside sharp edges they may lie a little outside 0 to 1.

    Compare the means of image and result: cutting the values off moves the mean.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return (small.real * (bandwidth / side) ** 2).clamp(0, 1)


def stretched_to_0_and_1(images, bandwidth):
    """Scale by (bandwidth / H) ** 2: stretched from 0 to 1, every image gets another brightness and contrast.

    Compare the means of image and result: they should be equal.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return (small.real - small.real.amin()) / (small.real.amax() - small.real.amin())


def float64_returned(images, bandwidth):
    """Return the images' own dtype: .double() makes every later step twice as dear.

    Look at the dtype of your result: float32 for float32.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images.double()), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return small.real * (bandwidth / side) ** 2


def float32_returned(images, bandwidth):
    """Return the images' own dtype: .float() takes digits off a float64.

    Try low_frequency_crop(images.double(), 4).dtype.
    """
    if bandwidth % 2 or not 2 <= bandwidth <= images.shape[-1]:
        raise ValueError("bandwidth must be even and in [2, H]")
    side = images.shape[-1]
    first = side // 2 - bandwidth // 2
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = spectrum[..., first : first + bandwidth, first : first + bandwidth]
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return (small.real * (bandwidth / side) ** 2).float()


def _too_bright_by_the_factor(args, got):
    images, bandwidth = args
    factor = (images.shape[-1] / bandwidth) ** 2
    return factor > 1 and abs(float(got.mean() / images.mean()) / factor - 1) < 0.1


MISTAKES = [
    Misconception.of(no_rescale, _too_bright_by_the_factor),
    Misconception.of(rescaled_by_one_side),
    Misconception.of(rescaled_the_wrong_way),
    Misconception.of(ratio_of_the_means),
    Misconception.of(mean_moved_instead),
    Misconception.of(resized_to_full_size),
    Misconception.of(zeros_instead_of_a_crop),
    Misconception.of(crop_of_the_image),
    Misconception.of(every_other_pixel),
    Misconception.of(averages_of_blocks),
    Misconception.of(resized_without_a_spectrum),
    Misconception.of(values_clamped),
    Misconception.of(stretched_to_0_and_1),
    Misconception.of(float64_returned),
    Misconception.of(float32_returned),
]
