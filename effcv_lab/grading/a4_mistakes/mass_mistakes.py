"""What goes wrong in ``elongation(images)`` with the mass and the ground."""

import torch

from effcv_lab.grading.outcomes import Misconception


def dark_shapes_forgotten(images):
    """Take the ground's grey off and the absolute value: yours weighs every pixel by its own grey.

    Try a dark bar on a bright ground: yours measures the ground. Dark shapes count like bright ones.
    """
    mass = images[:, 0]
    if (images == images[:, :, :1, :1]).flatten(1).all(dim=1).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def darkest_taken_for_the_ground(images):
    """Read the ground off the upper left pixel: the darkest pixel may belong to a dark shape.

    Try a dark bar on a bright ground: yours takes the bar for the ground.
    """
    mass = (images - images.amin(dim=(2, 3), keepdim=True))[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def darker_parts_dropped(images):
    """Take the absolute value: yours sets everything that is darker than the ground to 0.

    Try a dark bar on a bright ground: nothing is left of it. Dark shapes count like bright ones.
    """
    mass = (images - images[:, :, :1, :1]).clamp_min(0)[:, 0]
    if (images == images[:, :, :1, :1]).flatten(1).all(dim=1).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def absolute_value_left_out(images):
    """Take the absolute value of the difference: without it dark parts weigh less than nothing.

    Try a shape that is half brighter and half darker than its ground: the two halves cancel. (A shape
    that is only darker comes out right, because minus by minus is plus.)
    """
    mass = (images - images[:, :, :1, :1])[:, 0]
    if (images == images[:, :, :1, :1]).flatten(1).all(dim=1).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def one_ground_for_the_batch(images):
    """Read the ground off each picture: images[0, 0, 0, 0] is that of the first one only.

    Try a batch of a black ground and a white one. images[:, :, :1, :1] has a ground for each picture.
    """
    mass = (images - images[0, 0, 0, 0]).abs()[:, 0]
    if (images == images[:, :, :1, :1]).flatten(1).all(dim=1).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def every_pixel_counted_alike(images):
    """Weigh a pixel by how much it differs from the ground: yours counts each pixel of the shape as 1.

    Try a shape of which one half is faint. At a slanted edge, pixels that are half shape and half
    ground count half.
    """
    mass = (images != images[:, :, :1, :1]).to(images.dtype)[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def bright_pixels_only(images):
    """Weigh a pixel by how much it differs from the ground: a threshold at 0.5 sees white on black only.

    Try a shape of grey 0.4 on black: nothing is above the threshold.
    """
    mass = (images > 0.5).to(images.dtype)[:, 0]
    if (images == images[:, :, :1, :1]).flatten(1).all(dim=1).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def difference_squared(images):
    """Weigh a pixel by its difference from the ground itself, not by the square of it.

    Try a shape of which one half is faint: the square makes it fainter still.
    """
    mass = ((images - images[:, :, :1, :1]) ** 2)[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def mass_of_the_whole_batch(images):
    """Divide by the mass of each picture: sum() without dim adds up the whole batch.

    Try one picture alone and in a batch: its elongation must not change. sum(dim=(1, 2), keepdim=True)
    keeps the pictures apart.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum()
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def mass_not_made_one(images):
    """Divide the mass of each picture by its sum: weights of a mean must come to 1.

    Try the same shape at half the contrast: the elongation must not change.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / 1.0
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


MISTAKES = [
    Misconception.of(dark_shapes_forgotten),
    Misconception.of(darkest_taken_for_the_ground),
    Misconception.of(darker_parts_dropped),
    Misconception.of(absolute_value_left_out),
    Misconception.of(one_ground_for_the_batch),
    Misconception.of(every_pixel_counted_alike),
    Misconception.of(bright_pixels_only),
    Misconception.of(difference_squared),
    Misconception.of(mass_of_the_whole_batch),
    Misconception.of(mass_not_made_one),
]
