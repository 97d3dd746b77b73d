"""What goes wrong in ``elongation(images)`` with axes, roots and ratios."""

import torch

from effcv_lab.grading.outcomes import Misconception


def root_left_out(images):
    """Take the roots of the eigenvalues: variances grow with the square of a length.

    Try a bar of 2 by 4 pixels: the spreads are 0.5 and 1.118, the elongation is 0.553, yours is 0.8.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
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
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0)


def ratio_upside_down(images):
    """Divide the short spread by the long one: yours is long / short, so 1 minus it is negative.

    Try a bar of 2 by 4 pixels: 1 - 0.5 / 1.118 = 0.553. (torch.linalg.eigvalsh gives the smaller
    eigenvalue first.)
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
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
    return 1 - (((a + b) / 2 + apart) / ((a + b) / 2 - apart).clamp_min(0)).sqrt()


def ratio_returned(images):
    """Return 1 - short / long: yours is short / long, which is 1 for a square and 0 for a line.

    Try a bar of 2 by 4 pixels: it should be 0.553, yours is 0.447.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
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
    return (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def eccentricity_of_an_ellipse(images):
    """Return 1 - short / long: the root of 1 - (short / long)^2 is the eccentricity, another measure.

    Try a bar of 2 by 4 pixels: it should be 0.553, yours is 0.894.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
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
    return (1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0)).sqrt()


def lean_left_out(images):
    """Use the whole covariance: rows and columns by themselves take a slanted line for a square.

    Try torch.eye(5) as a shape: it is a line, so it should be 1, yours is 0. The eigenvalues know in
    which direction a shape is longest, wherever that points.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    return 1 - (torch.minimum(a, b) / torch.maximum(a, b)).sqrt()


def bounding_box(images):
    """Compare spreads, not the sides of the bounding box: a slanted shape has nearly a square one.

    Try torch.eye(5) as a shape: it is a line, so it should be 1, yours is 0.
    """
    seen = (images != images[:, :, :1, :1])[:, 0]
    if not seen.flatten(1).any(dim=1).all():
        raise ValueError("nothing but ground")
    values = []
    for picture in seen:
        rows, columns = picture.any(dim=1).nonzero(), picture.any(dim=0).nonzero()
        sides = sorted([int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1])
        values.append(1 - sides[0] / sides[1])
    return torch.tensor(values, dtype=images.dtype)


def not_centred(images):
    """Measure from the centre of the mass: yours measures from the upper left corner.

    Try the same bar in two places: the elongation must not change. Subtract the mean row and the
    mean column first.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    a, b = (share * rows**2).sum(dim=(1, 2)), (share * columns**2).sum(dim=(1, 2))
    c = (share * rows * columns).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def centred_on_the_picture(images):
    """Measure from the centre of the mass: yours measures from the middle of the picture.

    Try the same bar in two places: the elongation must not change.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    down = (torch.arange(images.shape[2]).to(images.dtype) - (images.shape[2] - 1) / 2)[:, None]
    across = torch.arange(images.shape[3]).to(images.dtype) - (images.shape[3] - 1) / 2
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def sides_of_the_picture_as_unit(images):
    """Measure both directions in pixels: coordinates from 0 to 1 stretch a picture that is no square.

    Try the same bar in a picture of 8 by 8 and of 8 by 16 pixels: the elongation must not change.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (mass.sum(dim=(1, 2)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.linspace(0, 1, images.shape[2]).to(images.dtype)[:, None]
    columns = torch.linspace(0, 1, images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def mean_over_the_batch(images):
    """Return one number for each picture, (B,): yours is their mean.

    Look at the shape of your result: a curriculum sorts by these numbers.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
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
    return (1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()).mean()


def one_column_returned(images):
    """Return one row of numbers, (B,): yours has the channel as a second axis, (B, 1).

    Look at the shape of your result; images[:, 0] leaves the channel out.
    """
    mass = (images - images[:, :, :1, :1]).abs()
    if (mass.sum(dim=(2, 3)) == 0).any():
        raise ValueError("nothing but ground")
    share = mass / mass.sum(dim=(2, 3), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(2, 3), keepdim=True)
    across = columns - (share * columns).sum(dim=(2, 3), keepdim=True)
    a, b = (share * down**2).sum(dim=(2, 3)), (share * across**2).sum(dim=(2, 3))
    c = (share * down * across).sum(dim=(2, 3))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


MISTAKES = [
    Misconception.of(root_left_out),
    Misconception.of(ratio_upside_down),
    Misconception.of(ratio_returned),
    Misconception.of(eccentricity_of_an_ellipse),
    Misconception.of(lean_left_out),
    Misconception.of(bounding_box),
    Misconception.of(not_centred),
    Misconception.of(centred_on_the_picture),
    Misconception.of(sides_of_the_picture_as_unit),
    Misconception.of(mean_over_the_batch),
    Misconception.of(one_column_returned),
]
