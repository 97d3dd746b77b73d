"""What goes wrong in ``elongation(images)`` with blank pictures, nan, and with what is left behind."""

import torch

from effcv_lab.grading.outcomes import Misconception


def blank_only_if_all_are(images):
    """Refuse a batch with a single blank picture too: yours looks at the sum over the whole batch.

    Try a blank picture among others: (mass.sum(dim=(1, 2)) == 0).any() looks at each by itself.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if mass.sum() == 0:
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


def blank_pictures_accepted(images):
    """Raise a ValueError for a picture without a shape: 0 / 0 is nan, which no sort can place.

    Try torch.zeros(1, 1, 8, 8), and think of which examples a curriculum would begin with.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def blank_called_easy(images):
    """Raise a ValueError for a picture without a shape: a small number below the fraction only hides it.

    Try torch.zeros(1, 1, 8, 8): yours has an elongation, though there is nothing to see.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    share = mass / mass.sum(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart).clamp_min(1e-12)).clamp_min(0).sqrt()


def blank_taken_for_black(images):
    """Refuse a picture of one grey, whichever: yours refuses black ones only.

    Try torch.full((1, 1, 8, 8), 0.5): no pixel differs from the ground.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    if (images == 0).flatten(1).all(dim=1).any():
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


def asserted_instead_of_raised(images):
    """Write `raise ValueError(...)`: a caller who catches ValueError does not catch an assert.

    Assertions are for your own mistakes (and python -O drops them), errors for the caller's.
    """
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]
    assert (mass.sum(dim=(1, 2)) > 0).all(), "nothing but ground"
    share = mass / mass.sum(dim=(1, 2), keepdim=True)
    rows = torch.arange(images.shape[2]).to(images.dtype)[:, None]
    columns = torch.arange(images.shape[3]).to(images.dtype)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    a, b = (share * down**2).sum(dim=(1, 2)), (share * across**2).sum(dim=(1, 2))
    c = (share * down * across).sum(dim=(1, 2))
    apart = ((a - b) ** 2 / 4 + c**2).sqrt()
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


def root_of_a_negative_number(images):
    """Set negative eigenvalues to 0 before the root, clamp_min(0): rounding makes some of a line's so.

    Try many lines of one pixel's width and of several greys: some of yours are nan, which no sort can
    place. (The most drawn out have 1; a nan made 0 afterwards calls them circles.)
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
    covariance = torch.stack([a, c, c, b], dim=1).view(-1, 2, 2)
    spreads = torch.linalg.eigvalsh(covariance).sqrt()
    return 1 - spreads[:, 0] / spreads[:, 1]


def images_changed_in_place(images):
    """Make a new tensor, images - ground; `images -= ground` also changes the caller's pictures.

    Print images before and after a call: the net would train on other pictures than you think.
    """
    images -= images[:, :, :1, :1].clone()
    mass = images.abs()[:, 0]
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


def float32_returned(images):
    """Return the images' own dtype: coordinates in float32 and .float() take digits off a float64.

    Try elongation(images.double()).dtype.
    """
    images = images.float()
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
    return 1 - (((a + b) / 2 - apart) / ((a + b) / 2 + apart)).clamp_min(0).sqrt()


MISTAKES = [
    Misconception.of(
        blank_only_if_all_are, lambda args, got: len(args[0]) > 1 and bool(got.isnan().any())
    ),
    Misconception.of(blank_pictures_accepted, lambda args, got: bool(got.isnan().any())),
    Misconception.of(blank_called_easy),
    Misconception.of(blank_taken_for_black),
    Misconception.of(asserted_instead_of_raised),
    Misconception.of(
        root_of_a_negative_number, lambda args, got: bool((got.isnan() | (got == 0)).any())
    ),
    Misconception.of(images_changed_in_place),
    Misconception.of(float32_returned),
]
