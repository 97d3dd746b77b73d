"""A handful of images of each class, for tests of experiments."""

from effcv_lab.data import Splits


def few_of(splits, train, validation, test):
    """Draw so many images of each class from the three parts."""
    counts = (train, validation, test)
    return Splits(*(part.per_class(n) for part, n in zip(splits, counts, strict=True)))
