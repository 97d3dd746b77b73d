"""The shape dial: turn every nuisance of the shapes generator, and see whose answer breaks.

Pictures, difficulties and answers are made here, by the generator and the nets themselves;
``shape_dial.js`` shows them, and asks for new ones whenever a slider moves.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets

from effcv_lab.arguments import number_in, one_of, whole_number
from effcv_lab.shapes.scenes import CLASSES, LIMITS, Range, checked_range, ranges_of_both_axes
from effcv_lab.widgets.frontend import source
from effcv_lab.widgets.live import LiveDemo
from effcv_lab.widgets.pictures import still_figure
from effcv_lab.widgets.presets import one_name
from effcv_lab.widgets.traits import Checked, TraitValueError

if TYPE_CHECKING:
    from torch import nn

SIDE = 32  # pixels, of the pictures that the nets of the course are trained on
LAST_SEED = 2**31 - 1


class Dial(NamedTuple):
    """One slider: its name, its range, its steps, and where the two presets put it."""

    title: str
    low: float
    high: float
    step: float  # of an arrow key
    leap: float  # of Page up and Page down
    easy: float  # place of the easy preset in the range of the easy set, 0 = its low end
    hard: float  # place of the hard preset in the range of the hard set
    whole: bool = False  # whether it counts things

    def check(self, name: str, value: Any) -> float:
        """Return the value, or say what is allowed."""
        check = whole_number if self.whole else number_in
        return check(name, value, self.low, self.high)

    def at(self, share: float, low: float, high: float) -> float:
        """Return the number of the dial at a share of the way from ``low`` to ``high``."""
        value = low + share * (high - low)
        return round(value) if self.whole else round(value, 4)


DIALS = {
    "across": Dial("Across", *LIMITS["position"], 0.01, 0.1, 0.5, 0),
    "down": Dial("Down", *LIMITS["position"], 0.01, 0.1, 0.5, 0),
    "scale": Dial("Scale", *LIMITS["scale"], 0.01, 0.1, 0.75, 0),
    "aspect": Dial("Aspect", *LIMITS["aspect"], 0.01, 0.1, 1, 0),
    "rotation": Dial("Rotation (°)", 0, 360, 1, 15, 0, 0.1),
    "contrast": Dial("Contrast", *LIMITS["contrast"], 0.01, 0.1, 1, 0),
    "noise": Dial("Noise", *LIMITS["noise"], 0.01, 0.1, 0, 1),
    "clutter": Dial("Clutter", *LIMITS["clutter"], 1, 5, 0, 1, whole=True),
}


class ShapeDial(LiveDemo):
    """Draw one shape of each class at the same dials, and ask nets and a rule how hard it is.

    Display it as the last line of a cell. Its traits work both ways: assign in Python and the
    browser moves; move in the browser and Python sees it (``dial.observe(f, "aspect")``).

    Parameters
    ----------
    nets : dict from name to Module, optional
        Trained to turn images (B, 1, 32, 32) into logits (B, 3).
    drawn_with : dict, optional
        Dials of :func:`effcv_lab.shapes.geometric_shapes` that the hard set was drawn with; the
        easy set has the same, but aspect 1.
    label : int in [0, 2]
        The class in the large picture: rectangle, ellipse, triangle.
    seed : int in [0, 2**31)
        Decides all that is no dial: greys, direction of a triangle's squeeze, strokes, noise.
    **dials : number each
        Where the dials ``across``, ``down``, ``scale``, ``aspect``, ``rotation``, ``contrast``,
        ``noise``, ``clutter`` begin; default: the easy preset.

    Attributes
    ----------
    across, down, scale, aspect, rotation, contrast, noise, clutter, label, seed : as above
    images : float Tensor (3, 1, 32, 32), read-only
        One picture of each class. That of ``label`` is ``draw_shapes(1, **dial.arguments)``.
    elongation : float Tensor (3,), read-only
        Difficulty by a rule: :func:`effcv_lab.curriculum.elongation` of the pictures.
    probs : dict from a net's name to float64 Tensor (3, 3), read-only
        Row k: what the net makes of the picture of class k.
    losses : dict from a net's name to float64 Tensor (3,), read-only
        Difficulty by a net: its cross-entropy with the class, in nats.
    outside : dict, read-only
        For ``"easy"`` and ``"hard"`` the dials that stand where this set has no picture.
    presets : dict from ``"easy"`` and ``"hard"`` to the dials of that button

    Raises
    ------
    TraitValueError
        A ``TraitError`` and ``ValueError`` that names the argument, its value and the range.

    Examples
    --------
    >>> dial = ShapeDial(drawn_with={"contrast": (0.5, 1)}, label=2, aspect=0.5, noise=0.1)
    >>> dial.outside
    {'easy': ['aspect', 'noise'], 'hard': ['noise']}
    >>> from effcv_lab.shapes import draw_shapes
    >>> bool((draw_shapes(1, **dial.arguments).images[0] == dial.images[2]).all())
    True
    """

    _esm = source("demo.js", "shape_dial.js")
    _css = source("demo.css", "shape_dial.css")

    across, down, scale, aspect, rotation, contrast, noise, clutter = (
        Checked(dial.check).tag(sync=True) for dial in DIALS.values()
    )
    label = Checked(partial(whole_number, low=0, high=len(CLASSES) - 1)).tag(sync=True)
    seed = Checked(partial(whole_number, low=0, high=LAST_SEED)).tag(sync=True)
    _shown = traitlets.Dict().tag(sync=True)
    _fixed = traitlets.Dict().tag(sync=True)
    _drawing = threading.RLock()  # one picture at a time

    def __init__(
        self,
        nets: Mapping[str, nn.Module] | None = None,
        drawn_with: Mapping[str, Range] | None = None,
        label: int = 0,
        seed: int = 0,
        **dials: float,
    ):
        try:
            self.nets = checked_nets({} if nets is None else nets)
            self.ranges = ranges_of({} if drawn_with is None else drawn_with)
            for name in dials:
                one_of("the name of a dial", name, DIALS)
        except (TypeError, ValueError) as error:
            raise TraitValueError(str(error)) from None
        self.presets = {
            preset: {
                name: dial.at(getattr(dial, preset), *self.ranges[preset][name])
                for name, dial in DIALS.items()
            }
            for preset in ("easy", "hard")
        }
        fixed = {
            "dials": [
                {"name": name, "ranges": {s: r[name] for s, r in self.ranges.items()}}
                | dial._asdict()
                for name, dial in DIALS.items()
            ],
            "presets": self.presets,
            "classes": CLASSES,
            "last_seed": LAST_SEED,
        }
        super().__init__(**self.presets["easy"] | dials, label=label, seed=seed, _fixed=fixed)

    @property
    def arguments(self) -> dict:
        """The arguments with which ``draw_shapes(1, ...)`` draws the large picture."""
        return arguments_of(self._asked, self.label)

    def still(self) -> tuple[str, str]:
        """Return the pictures as they are now, as ``<figure>`` with alt text, and the words."""
        from effcv_lab.figures import image_grid

        heard = [_said(self, label) for label in range(len(CLASSES))]
        dials = ", ".join(f"{name} {getattr(self, name):g}" for name in DIALS)
        figure = image_grid(
            self.images.numpy(),
            heard,
            title=f"One shape of each class at aspect {self.aspect:g}, contrast {self.contrast:g}",
            alt=f"Three pictures at the same dials: {dials}. {'. '.join(heard)}.",
            note="A still picture. In JupyterLab, with a kernel, it moves.",
        )
        return still_figure(figure)

    @property
    def _asked(self) -> dict[str, float]:
        """Where all that decides the picture stands now."""
        return {name: getattr(self, name) for name in (*DIALS, "seed")}

    @traitlets.observe(*DIALS, "seed")
    def _follow(self, _change):
        """Draw until the picture is of where the dials stand, once however many turned together.

        A kernel may handle what the browser sends in another thread than its cells, so a dial may
        turn while a picture is being drawn.
        """
        with self._drawing:
            while (asked := self._asked) != self._shown.get("of"):
                self._draw(asked)

    def _draw(self, asked: Mapping[str, float]) -> None:
        """Draw the three pictures and ask the nets."""
        import torch
        from torch.nn import functional as F

        from effcv_lab.curriculum import elongation
        from effcv_lab.evaluation import predict_logits
        from effcv_lab.shapes import draw_shapes

        drawn = [draw_shapes(1, **arguments_of(asked, label)) for label in range(len(CLASSES))]
        self.images = torch.cat([one.images for one in drawn])
        self.elongation = elongation(self.images)
        logits = {
            name: predict_logits(net, self.images).double() for name, net in self.nets.items()
        }
        self.probs = {name: rows.softmax(dim=1) for name, rows in logits.items()}
        truth = torch.arange(len(CLASSES))
        self.losses = {
            name: F.cross_entropy(rows, truth, reduction="none") for name, rows in logits.items()
        }
        self.outside = {
            name: [dial for dial, (low, high) in ends.items() if not low <= asked[dial] <= high]
            for name, ends in self.ranges.items()
        }
        self._shown = {
            "of": asked,
            "pixels": (self.images * 255).round().byte().numpy().tobytes(),
            "elongation": self.elongation.tolist(),
            "nets": [
                {"name": n, "probs": self.probs[n].tolist(), "losses": self.losses[n].tolist()}
                for n in self.nets
            ],
            "outside": self.outside,
        }


def arguments_of(asked: Mapping[str, float], label: int) -> dict[str, object]:
    """Return the arguments of ``draw_shapes`` for one picture, from where the dials stand."""
    places = {"position": ((asked["across"],) * 2, (asked["down"],) * 2)}
    rest = {name: asked[name] for name in LIMITS if name != "position"}
    return {"seed": asked["seed"], "label": label, **places, **rest}


def ranges_of(drawn_with: Mapping[str, Range]) -> dict[str, dict[str, tuple[float, float]]]:
    """Return how far each dial went when the easy and the hard set were drawn.

    Examples
    --------
    >>> ranges = ranges_of({"contrast": (0.5, 1)})
    >>> ranges["easy"]["aspect"], ranges["hard"]["aspect"], ranges["hard"]["contrast"]
    ((1, 1), (0.5, 1.0), (0.5, 1.0))
    """
    from effcv_lab.shapes import draw_shapes

    if not isinstance(drawn_with, Mapping):
        raise TypeError(f"drawn_with must be a dict of dials, got {drawn_with!r}")
    for name in drawn_with:
        one_of("the name of a dial in drawn_with", name, LIMITS)
    given = {name: draw_shapes.__kwdefaults__[name] for name in LIMITS} | dict(drawn_with)
    across, down = ranges_of_both_axes(given.pop("position")).T.tolist()
    limits = {name: (dial.low, dial.high) for name, dial in DIALS.items()}
    hard = {"across": tuple(across), "down": tuple(down)} | {
        name: checked_range(name, range_, limits) for name, range_ in given.items()
    }
    return {"easy": hard | {"aspect": (1, 1)}, "hard": hard}


def checked_nets(nets: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """Return the nets by name if each turns a picture into one logit for each class."""
    import torch

    from effcv_lab.evaluation import predict_logits

    if not isinstance(nets, Mapping):
        raise TypeError(f"nets must be a dict from name to net, got {nets!r}")
    for name, net in nets.items():
        one_name("the name of a net", name)
        if not isinstance(net, torch.nn.Module):
            raise TypeError(f"nets[{name!r}] must be a Module, got {net!r}")
        wanted = f"nets[{name!r}] must turn images (B, 1, {SIDE}, {SIDE}) into logits (B, 3)"
        try:
            shape = tuple(predict_logits(net, torch.zeros(2, 1, SIDE, SIDE)).shape)
        except RuntimeError as error:
            raise ValueError(f"{wanted}, got an error: {error}") from None
        if shape != (2, len(CLASSES)):
            raise ValueError(f"{wanted}, got a shape {shape} for B = 2")
    return dict(nets)


def _said(dial: ShapeDial, label: int) -> str:
    """Say what is shown of one class: its elongation, and each net's answer."""
    answers = [
        f"{name} says {CLASSES[rows[label].argmax()]} {rows[label].max():.2f}"
        for name, rows in dial.probs.items()
    ]
    return ", ".join([f"{CLASSES[label]}: elongation {dial.elongation[label]:.2f}", *answers])
