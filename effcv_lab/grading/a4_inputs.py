"""What assignment a4 is checked on, the batches apart (``a4_pools``): small, random, from the generator given."""

from __future__ import annotations

import torch
from torch import Tensor

from effcv_lab.grading.drawing import between, normal
from effcv_lab.shapes import draw_shapes

Cases = list[tuple]


def _whole(generator: torch.Generator, low: int, high: int) -> int:
    """Draw a whole number in [low, high]."""
    return int(torch.randint(low, high + 1, (1,), generator=generator))


# switch_schedule


def usual_switches(generator: torch.Generator) -> Cases:
    """Draw switches well inside, never at half."""
    epochs = _whole(generator, 5, 7)
    return [(epochs, 2), (epochs + 3, epochs), (3, 1)]


def switches_at_the_ends(generator: torch.Generator) -> Cases:
    """Draw no easy epoch, no hard one, a single epoch of each kind."""
    epochs = _whole(generator, 2, 5)
    return [(epochs, 0), (epochs, epochs), (1, 0), (1, 1)]


def many_epochs(generator: torch.Generator) -> Cases:
    """Draw the length of a real training run, and the shortest with both."""
    return [(256, _whole(generator, 20, 100)), (256, 255), (2, 1)]


# pacing


def _start(generator: torch.Generator) -> float:
    return round(between(generator, 0.05, 0.3), 2)


def on_the_ramp(generator: torch.Generator) -> Cases:
    """Draw steps in the middle of the climb, which ends before the training does."""
    start = _start(generator)
    return [
        (_whole(generator, 1, 3), 10, start, 0.5),
        (_whole(generator, 20, 30), 100, start, 0.8),
        (_whole(generator, 5, 7), 40, round(start + 0.3, 2), 0.25),
    ]


def ends_of_the_ramp(generator: torch.Generator) -> Cases:
    """Draw the first two steps, the last one below 1, and the first one at 1."""
    total, start = 10 * _whole(generator, 2, 9), _start(generator)
    top = total // 2
    return [(step, total, start, 0.5) for step in (0, 1, top - 1, top)]


def after_the_ramp(generator: torch.Generator) -> Cases:
    """Draw steps after the climb, the last one and later ones among them."""
    start = _start(generator)
    return [
        (_whole(generator, 7, 8), 10, start, 0.5),
        (9, 10, start, 0.5),
        (_whole(generator, 11, 30), 10, start, 0.5),
    ]


def odd_ramps(generator: torch.Generator) -> Cases:
    """Draw climbs that do not end at a whole step, or within the first one."""
    start = _start(generator)
    return [(2, 10, start, 0.27), (1, 3, start, 0.5), (7, 9, start, 0.85), (1, 2, start, 0.25)]


def other_ramps(generator: torch.Generator) -> Cases:
    """Draw a climb to the very end, everything from the start, one step, nearly nothing."""
    start = _start(generator)
    return [
        (7, 10, start, 1.0),
        (9, 10, start, 1.0),
        (10, 10, start, 1.0),
        (3, 10, 1.0, 0.7),
        (0, 1, start, 1.0),
        (50_000, 1_000_000, 0.001, 0.1),
    ]


# elongation


def _picture(ground: float, mass: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """Lay a patch of mass on plain ground: (1, 1, height, width)."""
    image = torch.full((1, 1, height, width), ground, dtype=mass.dtype)
    image[0, 0, top : top + mass.shape[0], left : left + mass.shape[1]] += mass
    return image


def _grey(generator: torch.Generator, height: int, width: int) -> Tensor:
    return 0.1 + 0.5 * torch.rand(height, width, generator=generator)


def _drawn(generator: torch.Generator, count: int, dark: bool, **dials) -> Tensor:
    """Draw slanted shapes, all dark on bright ground or all bright on dark ground."""
    seed = _whole(generator, 0, 10**6)
    images = draw_shapes(count, seed=seed, size=16, contrast=(0.3, 1), **dials).images
    turn = (images[:, :, :1, :1] > images.mean(dim=(2, 3), keepdim=True)) != dark
    return torch.where(turn, 1 - images, images)


def level_shapes(generator: torch.Generator) -> Cases:
    """Draw bars, bright on black, off the centre; some of several greys; lying and standing."""
    bar = torch.full((2, 4), 1.0)
    grey = _grey(generator, 3, 6)
    across = torch.cat([grey, grey.flip(0)])  # symmetrical: nothing leans
    return [
        (_picture(0.0, bar, 1, 2, 7, 7),),
        (_picture(0.0, bar.T * between(generator, 0.4, 0.9), 2, 1, 8, 8),),
        (_picture(0.0, _grey(generator, 3, 5), 1, 2, 7, 8),),
        (torch.cat([_picture(0.0, across, 1, 3, 10, 10), _picture(0.0, bar, 6, 1, 10, 10)]),),
    ]


def slanted_shapes(generator: torch.Generator) -> Cases:
    """Draw slanted shapes, bright on black."""
    stairs = torch.eye(4) + torch.eye(4).roll(1, 1).triu()
    drawn = _drawn(generator, 4, dark=False, aspect=(0.3, 0.7), rotation=(20, 70))
    return [
        (_picture(0.0, stairs, 1, 1, 7, 7),),
        (_picture(0.0, stairs.flip(1) * _grey(generator, 4, 4), 2, 1, 7, 7),),
        (drawn - drawn[:, :, :1, :1],),
    ]


def dark_shapes(generator: torch.Generator) -> Cases:
    """Draw dark shapes, shapes that are darker and brighter than a grey ground, and all in one batch."""
    bar = torch.full((2, 4), -0.5)
    both = torch.tensor([[0.3, 0.3, -0.2, -0.2], [0.3, 0.1, -0.2, -0.4]])
    ground = between(generator, 0.6, 0.9)
    pictures = [
        _picture(ground, bar, 1, 2, 7, 7),
        _picture(ground - 0.2, both, 3, 2, 7, 7),
        _picture(0.1, _grey(generator, 5, 3), 1, 1, 7, 7),
    ]
    dark = _drawn(generator, 3, dark=True, aspect=(0.4, 0.8))
    return [(pictures[0],), (pictures[1],), (torch.cat(pictures),), (dark,)]


def straight_lines(generator: torch.Generator) -> Cases:
    """Draw lines that are one pixel thin: level, upright, slanted; many of several greys.

    Rounding makes the eigenvalue 0 of some of the many negative, however it is computed.
    """
    long = _whole(generator, 3, 5)
    patches = [torch.ones(1, long), torch.ones(long, 1), torch.eye(long), torch.eye(long).flip(1)]
    lines = [torch.diag(_grey(generator, 1, 3 + i % 4)[0]).flip(i % 2) for i in range(60)]
    many = torch.cat([_picture(0.0, line, 1, 1, 8, 8) for line in lines])
    return [(_picture(0.0, 0.7 * patch, 1, 2, 7, 8),) for patch in patches] + [(many,)]


def blank_pictures(generator: torch.Generator) -> Cases:
    """Draw nothing but ground: black, grey, and one such picture among others."""
    grey = torch.full((1, 1, 5, 6), between(generator, 0.2, 0.8))
    shape = _picture(0.2, _grey(generator, 2, 3), 1, 1, 5, 6)
    return [(torch.zeros(1, 1, 5, 6),), (grey,), (torch.cat([shape, grey, shape]),)]


def other_pictures(generator: torch.Generator) -> Cases:
    """Draw pictures that are no squares, double precision."""
    wide = _picture(0.2, _grey(generator, 3, 4), 1, 2, 6, 12)
    tall = _picture(0.9, -_grey(generator, 4, 3), 4, 1, 11, 5)
    double = _picture(0.5, _grey(generator, 2, 4).double(), 1, 1, 6, 7)
    return [(wide,), (tall,), (torch.cat([double, double.flip(3)]),)]


def faint_pictures(generator: torch.Generator) -> Cases:
    """Draw shapes that hardly differ from the ground, large pictures, a shape at the border."""
    faint = _picture(0.5, 0.001 * _grey(generator, 3, 5).double(), 1, 1, 6, 8)
    fainter = _picture(0.0, 1e-6 * _grey(generator, 3, 5), 1, 1, 6, 8)
    large = draw_shapes(2, seed=_whole(generator, 0, 10**6), size=64).images
    corner = _picture(0.3, _grey(generator, 3, 2), 3, 4, 6, 6)
    return [(faint,), (fainter,), (large,), (corner,)]


# low_frequency_crop


def _images(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(*shape, generator=generator, dtype=dtype)


def even_sides(generator: torch.Generator) -> Cases:
    """Draw images with even sides, several images and channels among them."""
    return [
        (_images(generator, 1, 1, 4, 4), 2),
        (_images(generator, 1, 1, 6, 6), 4),
        (_images(generator, 2, 1, 6, 6), 4),
        (_images(generator, 3, 2, 8, 8), 4),
        (_images(generator, 2, 3, 12, 12), 6),
    ]


def odd_sides(generator: torch.Generator) -> Cases:
    """Draw images with odd sides."""
    return [
        (_images(generator, 1, 1, 5, 5), 2),
        (_images(generator, 1, 1, 5, 5), 4),
        (_images(generator, 2, 2, 7, 7), 4),
    ]


def whole_spectra(generator: torch.Generator) -> Cases:
    """Keep everything: the images come back."""
    return [(_images(generator, 1, 1, 4, 4), 4), (_images(generator, 2, 3, 6, 6), 6)]


def bad_bandwidths(generator: torch.Generator) -> Cases:
    """Draw bandwidths that must be refused: odd, none, negative, more than there is."""
    images = _images(generator, 1, 1, 6, 6)
    return [(images, b) for b in (3, 5, 1, 7, 0, -2, 8, 2 * _whole(generator, 5, 20))]


def other_images(generator: torch.Generator) -> Cases:
    """Draw double precision, numbers that are no intensities, and nothing but black."""
    return [
        (torch.zeros(1, 1, 4, 4), 2),
        (_images(generator, 1, 1, 4, 4, dtype=torch.float64), 2),
        (3 * normal(generator, 1, 1, 6, 6), 4),
    ]


def large_images(generator: torch.Generator) -> Cases:
    """Draw real sizes: the smallest bandwidth, one pixel less than everything, far less."""
    return [
        (_images(generator, 2, 1, 28, 28), 2),
        (_images(generator, 1, 3, 33, 33), 32),
        (_images(generator, 1, 1, 64, 64), 16),
    ]
