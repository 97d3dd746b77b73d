"""Starting points of the live demos: scores with class names and, if any, a picture."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from effcv_lab.arguments import number_in
from effcv_lab.widgets.pictures import png_bytes

LOGIT_LIMIT = 1e6
CLASS_LIMIT = 100


@dataclass(frozen=True, eq=False)
class Preset:
    """One named starting point: a row of scores, the classes they belong to, perhaps a picture.

    Parameters
    ----------
    name : str
        What the menu shows; different for each preset of a demo.
    logits : K numbers (list, array or tensor), finite, at most 1e6 in size; K from 2 to 100
    classes : K names
    image : array or tensor (H, W) or (1, H, W) in [0, 1], optional
        Shown beside the menu; 0 is black.
    student_logits : K numbers, optional
        A second model's scores for the same input, laid over the first.
    caption : str, optional
        One line on where the scores come from; also the words that stand for the picture.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, its value and what is allowed.

    Examples
    --------
    >>> import torch
    >>> Preset("a boot", torch.tensor([4.0, 1.0]), ("boot", "sandal")).logits
    (4.0, 1.0)
    """

    name: str
    logits: Sequence[float]
    classes: Sequence[str]
    image: Any = None
    student_logits: Sequence[float] | None = None
    caption: str | None = None

    def __post_init__(self):
        keep = object.__setattr__
        keep(self, "name", one_name("name", self.name))
        keep(self, "logits", scores("logits", self.logits))
        keep(self, "classes", names("classes", self.classes))
        lengths = [("logits", self.logits)]
        if self.student_logits is not None:
            keep(self, "student_logits", scores("student_logits", self.student_logits))
            lengths.append(("student_logits", self.student_logits))
        for name, values in lengths:
            one_for_each_class(name, values, self.classes)
        if self.image is not None:
            png_bytes(self.image)

    def for_browser(self) -> dict:
        """Return the preset as plain data; the picture becomes a PNG inside a ``data:`` address."""
        picture = None
        if self.image is not None:
            picture = "data:image/png;base64," + base64.b64encode(png_bytes(self.image)).decode()
        return {
            "name": self.name,
            "logits": self.logits,
            "classes": self.classes,
            "student_logits": self.student_logits,
            "caption": self.caption or "",
            "image": picture,
        }


def scores(name: str, values: Any) -> tuple[float, ...]:
    """Return ``values`` as a tuple of 2 to 100 finite floats, or say which entry is none.

    Examples
    --------
    >>> scores("logits", [1, float("nan")])
    Traceback (most recent call last):
        ...
    ValueError: logits[1] must be a number in [-1e+06, 1e+06], got nan
    """
    values = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name} must be a row of 2 to {CLASS_LIMIT} numbers, got {values!r}")
    if not 2 <= len(values) <= CLASS_LIMIT:
        raise ValueError(
            f"{name} must be a row of 2 to {CLASS_LIMIT} numbers, got {len(values)}: {values!r}"
        )
    return tuple(
        number_in(f"{name}[{k}]", value, -LOGIT_LIMIT, LOGIT_LIMIT)
        for k, value in enumerate(values)
    )


def names(name: str, values: Any) -> tuple[str, ...]:
    """Return ``values`` as a tuple of 2 to 100 names that are not empty, or say what is wrong."""
    wanted = f"{name} must be a list of 2 to {CLASS_LIMIT} names"
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{wanted}, got {values!r}")
    if not 2 <= len(values) <= CLASS_LIMIT:
        raise ValueError(f"{wanted}, got {len(values)}: {values!r}")
    return tuple(one_name(f"{name}[{k}]", value) for k, value in enumerate(values))


def one_name(name: str, value: Any) -> str:
    """Return ``value`` if it is a piece of text that is not empty."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, got {value!r}")
    if not value.strip():
        raise ValueError(f"{name} must be a str that is not empty, got {value!r}")
    return value


def one_for_each_class(name: str, values: Sequence[float], classes: Sequence[str]) -> None:
    """Raise a ValueError unless there is one score for each class."""
    if len(values) != len(classes):
        raise ValueError(
            f"{name} must hold one number for each of the {len(classes)} classes "
            f"{tuple(classes)!r}, got {len(values)} numbers"
        )


BUILT_IN = (
    Preset(
        "cat, dog, bear",
        logits=(4.0, 2.5, 0.5),
        classes=("cat", "dog", "bear"),
        caption="Made-up scores of a picture of a cat.",
    ),
    Preset(
        "a 2 that resembles 7 and 1",
        logits=(0.5, 5.5, 12.0, 3.0, -1.5, -2.5, -3.0, 7.0, 2.0, 0.0),
        classes=tuple("0123456789"),
        caption="Made-up scores of a handwritten 2.",
    ),
)


def starting_points(
    logits: Any, classes: Any, student_logits: Any, presets: Sequence[Preset] | None
) -> list[Preset]:
    """Return every starting point of an explorer, the one to begin with first.

    That is the reader's own scores if given, else the first given preset, else a built-in one.
    """
    own = []
    if logits is not None:
        logits = scores("logits", logits)
        if classes is None:
            classes = [f"class {k}" for k in range(len(logits))]
        own = [Preset("your logits", logits, classes, student_logits=student_logits)]
    elif classes is not None or student_logits is not None:
        lonely = "classes" if classes is not None else "student_logits"
        raise ValueError(f"{lonely} must come with logits, got no logits")
    return different([*own, *all_presets([] if presets is None else presets), *BUILT_IN])


def all_presets(presets: Sequence[Preset]) -> list[Preset]:
    """Return the presets as a list, or raise a TypeError that names the one that is none."""
    if not isinstance(presets, Iterable):
        raise TypeError(f"presets must be a list of Preset, got {presets!r}")
    presets = list(presets)
    for k, preset in enumerate(presets):
        if not isinstance(preset, Preset):
            raise TypeError(f"presets[{k}] must be a Preset, got {preset!r}")
    return presets


def different(presets: list[Preset]) -> list[Preset]:
    """Return the presets, or raise a ValueError if two have the same name."""
    known = [preset.name for preset in presets]
    for name in known:
        if known.count(name) > 1:
            raise ValueError(f"presets must have different names, got {name!r} twice")
    return presets
