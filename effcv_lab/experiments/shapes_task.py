"""The task of the curriculum chapter: tell rectangle, ellipse and triangle apart.

The dials were chosen on validation images, for the net that trains on hard images alone: at the
generator's own contrasts, down to 0.1, a small fully connected net stays near guessing.
"""

from __future__ import annotations

from typing import NamedTuple

from effcv_lab.arguments import whole_number
from effcv_lab.data import ImageSet
from effcv_lab.shapes import basic_shapes, geometric_shapes

DIALS = {"contrast": (0.5, 1.0)}
CHECKED_IMAGES = 3_000  # for validation, and as many for the test


class ShapesTask(NamedTuple):
    """Images of the curriculum chapter; what is judged is always the hard set."""

    easy: ImageSet
    hard: ImageSet
    validation: ImageSet
    test: ImageSet


def shapes_task(images: int = 4_000) -> ShapesTask:
    """Draw the easy and the hard training images, and hard ones to judge by.

    Parameters
    ----------
    images : int >= 3
        In each of the two training sets; a smaller number gives the first of the same images.

    Returns
    -------
    task : ShapesTask
        No two of the sets share a picture: each is drawn with a seed of its own.

    References
    ----------
    Bengio, Louradour, Collobert, Weston, *Curriculum Learning*, ICML 2009, section on shape
    recognition (the sizes of the sets there: 10,000 to train on, 5,000 to judge by).

    Examples
    --------
    >>> task = shapes_task(images=6)
    >>> task.easy.name, len(task.hard), len(task.validation)
    ('basic shapes', 6, 3000)
    """
    whole_number("images", images, 3)
    return ShapesTask(
        easy=basic_shapes(images, seed=101, **DIALS),
        hard=geometric_shapes(images, seed=102, **DIALS),
        validation=geometric_shapes(CHECKED_IMAGES, seed=103, **DIALS),
        test=geometric_shapes(CHECKED_IMAGES, seed=104, **DIALS),
    )
