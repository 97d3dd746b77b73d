"""What goes wrong in ``hint_loss(student_features, teacher_features, regressor)``."""

from torch.nn import functional as F

from effcv_lab.grading.outcomes import Misconception


def half_missing(student_features, teacher_features, regressor):
    """Take half of the squared distance: yours is twice as large throughout.

    Try one image whose translated feature is off by 2: the loss is 2, yours is 4.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1).mean()


def half_before_squaring(student_features, teacher_features, regressor):
    """Halve the squared distance, not the difference: (d / 2)² is a quarter of d².

    Try one image whose translated feature is off by 2: the loss is 2, yours is 1.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = (translated - teacher_features.detach()) / 2
    return gap.square().flatten(1).sum(dim=1).mean()


def mean_over_features(student_features, teacher_features, regressor):
    """Sum over an image's features: F.mse_loss divides by their number too, unless told not to.

    Try twice as many features with the same differences: the loss doubles, yours stays. Its
    reduction="sum" adds everything up; half of that and the mean over the batch are yours to take.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    return F.mse_loss(translated, teacher_features.detach())


def half_the_mean_over_features(student_features, teacher_features, regressor):
    """Sum over an image's features before the mean over the batch: yours is a mean over both.

    Try twice as many features with the same differences: the loss doubles, yours stays.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    return F.mse_loss(translated, teacher_features.detach()) / 2


def summed_over_batch(student_features, teacher_features, regressor):
    """Average over the images: yours is their sum, so a larger batch takes larger steps.

    Try a batch that holds the same image twice: the loss stays, yours doubles.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    return F.mse_loss(translated, teacher_features.detach(), reduction="sum") / 2


def batch_and_features_interchanged(student_features, teacher_features, regressor):
    """Sum over an image's features, average over the images: yours does it the other way round.

    Try a batch that holds the same image twice: the loss stays, yours doubles.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).mean(dim=1).sum() / 2


def mean_over_positions(student_features, teacher_features, regressor):
    """Sum over height and width as well as over channels: yours is a mean over the positions.

    Try a feature map of one channel, one position off by 2: the loss is 2 at every size.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().sum(dim=1).mean() / 2


def summed_over_the_last_axis_only(student_features, teacher_features, regressor):
    """Sum over every axis but the first: sum(-1) adds up the last one, a map's width, alone.

    Try a feature map of one channel, one position off by 2: the loss is 2 at every height.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().sum(dim=-1).mean() / 2


def distance_not_squared(student_features, teacher_features, regressor):
    """Leave the distance squared: yours has taken the square root.

    Try one image that is off by 2 and then by 4: the loss goes from 2 to 8, yours from 1 to 2.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.flatten(1).norm(dim=1).mean() / 2


def absolute_differences(student_features, teacher_features, regressor):
    """Square the differences: yours adds up their absolute values.

    Try one image that is off by 2 and then by 4: the loss goes from 2 to 8, yours from 1 to 2.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.abs().flatten(1).sum(dim=1).mean() / 2


def signed_differences(student_features, teacher_features, regressor):
    """Square each difference before adding up: yours lets a plus and a minus cancel.

    Try differences of 1 and -1: the loss is 1, yours is 0. And it can fall without end.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.flatten(1).sum(dim=1).mean() / 2


def summed_before_squaring(student_features, teacher_features, regressor):
    """Square each difference, then add up: the square of a sum lets a plus and a minus cancel.

    Try differences of 1 and -1: the loss is 1, yours is 0.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.flatten(1).sum(dim=1).square().mean() / 2


def features_made_unit_length(student_features, teacher_features, regressor):
    """Compare the features as they are: yours brings both to length 1 first.

    Try features that are twice the teacher's: the loss is not 0, yours is.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    first = F.normalize(translated.flatten(1), dim=1)
    second = F.normalize(teacher_features.detach().flatten(1), dim=1)
    return (first - second).square().sum(dim=1).mean() / 2


def one_loss_per_image(student_features, teacher_features, regressor):
    """Average over the batch: fit() needs one number, yours has one for each image.

    Look at the shape of your result: it should be (), torch's shape of a single number.
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return gap.square().flatten(1).sum(dim=1) / 2


def number_taken_out(student_features, teacher_features, regressor):
    """Return the tensor itself: .item() gives a number that cannot be differentiated any more.

    Try hint_loss(...).backward().
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError("other shapes")
    gap = translated - teacher_features.detach()
    return (gap.square().flatten(1).sum(dim=1).mean() / 2).item()


MISTAKES = [
    Misconception.of(half_missing),
    Misconception.of(half_before_squaring),
    Misconception.of(mean_over_features),
    Misconception.of(half_the_mean_over_features),
    Misconception.of(summed_over_batch),
    Misconception.of(batch_and_features_interchanged),
    Misconception.of(mean_over_positions),
    Misconception.of(summed_over_the_last_axis_only),
    Misconception.of(distance_not_squared),
    Misconception.of(absolute_differences),
    Misconception.of(signed_differences),
    Misconception.of(summed_before_squaring),
    Misconception.of(features_made_unit_length),
    Misconception.of(one_loss_per_image),
    Misconception.of(number_taken_out),
]
