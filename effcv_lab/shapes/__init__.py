"""Rectangles, ellipses and triangles drawn by rule, still or moving; every nuisance is a dial.

>>> easy, hard = basic_shapes(300), geometric_shapes(300)
>>> easy.classes
('rectangle', 'ellipse', 'triangle')
"""

from __future__ import annotations

from dataclasses import replace

import torch

from effcv_lab.data.image_set import ImageSet
from effcv_lab.shapes.motion import MOTIONS, moving_shapes
from effcv_lab.shapes.painting import render
from effcv_lab.shapes.scenes import CLASSES, Range, Scenes, sample_scenes

__all__ = [
    "CLASSES",
    "MOTIONS",
    "Range",
    "Scenes",
    "basic_shapes",
    "draw_shapes",
    "geometric_shapes",
    "moving_shapes",
    "render",
    "sample_scenes",
]


def draw_shapes(
    count: int,
    *,
    seed: int = 0,
    label: int | None = None,
    size: int = 32,
    position: Range | tuple[Range, Range] = (0, 1),
    scale: Range = (0.4, 0.8),
    aspect: Range = (0.5, 1),
    rotation: Range = (0, 360),
    contrast: Range = (0.1, 1),
    noise: Range = 0,
    clutter: Range = 0,
) -> ImageSet:
    """Draw one shape on a plain ground in each picture; every nuisance is a dial.

    Each dial takes a range ``(low, high)``, from which every picture draws its own value
    uniformly, or one number for all. Turning one dial changes no draw of the others. Half of
    the pictures, at random, show a dark shape on a bright ground.

    Parameters
    ----------
    count : int >= 1
        Pictures; the classes have equal shares, to within one picture, unless ``label`` is given.
    seed : int >= 0
        The same seed gives the same pictures on every device; another ``size`` shows the same
        scenes at another resolution (noise apart, which belongs to pixels); a smaller
        ``count`` gives the first of the same pictures.
    label : int in [0, 2], optional
        Draw this class only, with everything else as it would be. Default: equal shares.
    size : int in [16, 512]
        Side in pixels.
    position : in [0, 1]
        0 = as far left (and, drawn anew, as far up) as the margin allows, 0.5 = in the middle.
        The whole shape always keeps 1/16 of the side, at least one pixel, from the border.
        A pair of ranges is one across and one down: ``((0, 1), (0.5, 0.5))``.
    scale : in [0.1, 0.875]
        Diameter of the circle in which the shape is inscribed, in sides of the image.
    aspect : in [0.2, 1]
        How far this circle, and the shape with it, is squeezed to an ellipse: 1 = not at all.
        Rectangles and ellipses along their axes, triangles in any direction.
    rotation : degrees in [-360, 360]
        Anticlockwise; at 0 a rectangle is level and an unsqueezed triangle stands on a side.
    contrast : in [0.05, 1]
        Difference of grey between shape and ground.
    noise : in [0, 0.5]
        Standard deviation of the Gaussian noise of each pixel; the sum is clipped to [0, 1].
    clutter : whole numbers in [0, 20]
        Thin strokes behind the shape, at most half as strong as the shape itself.

    Returns
    -------
    image_set : ImageSet
        Images (count, 1, size, size), labels 0 rectangle, 1 ellipse, 2 triangle.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number or range; names it and the allowed range.

    References
    ----------
    Bengio, Louradour, Collobert, Weston, *Curriculum Learning*, ICML 2009, section on shape
    recognition (this is another generator with the same idea, not the authors' data).

    Examples
    --------
    >>> draw_shapes(6, seed=1, size=64, noise=(0, 0.1))
    ImageSet('shapes': 6 images 1x64x64, 3 classes, on cpu)
    """
    scenes = sample_scenes(
        count,
        seed=seed,
        label=label,
        position=position,
        scale=scale,
        aspect=aspect,
        rotation=rotation,
        contrast=contrast,
        noise=noise,
        clutter=clutter,
    )
    return ImageSet(
        images=torch.from_numpy(render(scenes, size)),
        labels=torch.from_numpy(scenes.labels),
        classes=CLASSES,
        name="shapes",
        source=f"drawn by effcv_lab.shapes.draw_shapes, seed {seed}",
        licence="MIT",
    )


def basic_shapes(count: int, seed: int = 0, **nuisances: Range | int) -> ImageSet:
    """Draw squares, circles and equilateral triangles: the easy half of a curriculum.

    Every picture is one that :func:`geometric_shapes` can draw: only ``aspect`` is fixed at 1.
    With the same seed both show the same classes, sizes, turns and greys.

    Parameters
    ----------
    count, seed
        As for :func:`draw_shapes`.
    **nuisances
        Any other argument of :func:`draw_shapes` but ``aspect``.

    Returns
    -------
    image_set : ImageSet

    Examples
    --------
    >>> basic_shapes(30).labels.bincount()
    tensor([10, 10, 10])
    """
    shapes = draw_shapes(count, seed=seed, aspect=1, **nuisances)
    return replace(shapes, name="basic shapes")


def geometric_shapes(count: int, seed: int = 0, **nuisances: Range | int) -> ImageSet:
    """Draw rectangles, ellipses and triangles, squeezed up to 2 : 1: the hard half.

    Parameters
    ----------
    count, seed
        As for :func:`draw_shapes`.
    **nuisances
        Any other argument of :func:`draw_shapes`.

    Returns
    -------
    image_set : ImageSet

    Examples
    --------
    >>> geometric_shapes(30, seed=3, contrast=(0.8, 1)).images.shape
    torch.Size([30, 1, 32, 32])
    """
    return replace(draw_shapes(count, seed=seed, **nuisances), name="geometric shapes")
