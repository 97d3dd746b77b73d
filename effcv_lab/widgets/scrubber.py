"""The curriculum scrubber: training time is a slider; see what is in the pool and what is right.

Everything was recorded before (:func:`effcv_lab.curriculum.trace_training`). The browser shows the
chosen moment, ``curriculum_scrubber.js`` draws; nothing is trained or computed while it moves.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import traitlets

from effcv_lab.arguments import one_of, whole_number
from effcv_lab.curriculum import TrainingTrace
from effcv_lab.widgets.frontend import source
from effcv_lab.widgets.live import LiveDemo
from effcv_lab.widgets.pictures import png_bytes
from effcv_lab.widgets.presets import one_name
from effcv_lab.widgets.scrubber_still import static_scrubber
from effcv_lab.widgets.traits import TraitValueError


class CurriculumScrubber(LiveDemo):
    """Move through a training run: pictures from easy to hard, in the pool or not, right or wrong.

    Display it as the last line of a cell. Its traits work both ways: assign in Python and the
    browser moves; move in the browser and Python sees it (``scrubber.observe(f, "epoch")``).

    Parameters
    ----------
    traces : TrainingTrace, or dict of one or more of them by name
        Of the same sample images and equally many moments, so that all can be compared at any
        time. Images must be grey.
    epoch : int in [0, epochs], optional
        The moment to begin with: so many epochs are done. Default: 0.
    shown : str, optional
        The name of the trace to begin with. Default: the first.

    Attributes
    ----------
    epoch, shown : as above
    traces : dict of TrainingTrace by name
    trace : TrainingTrace, read-only
        The one that is shown.
    words : str, read-only
        What the moment shows.

    Raises
    ------
    TraitValueError
        A ``TraitError`` and ``ValueError`` that names the argument, its value and the range.

    References
    ----------
    Hacohen and Weinshall, *On The Power of Curriculum Learning in Training Deep Networks*, ICML
    2019, abstract (a score that sorts the examples, a pace at which the pool grows).

    Examples
    --------
    >>> import torch
    >>> trace = TrainingTrace(
    ...     images=torch.rand(2, 1, 8, 8), labels=torch.tensor([0, 1]), classes=("cat", "dog"),
    ...     difficulty=torch.tensor([0.1, 0.7]), in_pool=torch.tensor([[True, False], [True, True]]),
    ...     predicted=torch.tensor([[0, 0], [0, 1]]), right_probs=torch.full((2, 2), 0.5),
    ...     pool_fraction=torch.tensor([0.5, 1.0]), easy_error=torch.tensor([0.4, 0.2]),
    ...     hard_error=torch.tensor([0.5, 0.3]))
    >>> scrubber = CurriculumScrubber({"easiest first": trace})
    >>> scrubber.words  # doctest: +ELLIPSIS
    'Before the first epoch, easiest first: 50 % of the examples are in the pool. The net gets 1 ...'
    >>> scrubber.epoch = 1
    >>> scrubber.words  # doctest: +ELLIPSIS
    'After 1 of 1 epochs, easiest first: 100 % of the examples are in the pool. The net gets 2 ...'
    """

    _esm = source("demo.js", "curriculum_scrubber.js")
    _css = source("demo.css", "curriculum_scrubber.css")

    epoch = traitlets.Any(0).tag(sync=True)
    shown = traitlets.Any().tag(sync=True)
    _sample = traitlets.Dict().tag(sync=True)
    _traces = traitlets.List().tag(sync=True)

    def __init__(
        self,
        traces: TrainingTrace | Mapping[str, TrainingTrace],
        epoch: int = 0,
        shown: str | None = None,
    ):
        try:
            self.traces = _comparable(traces)
            first = next(iter(self.traces.values()))
            sample = _sample_for_browser(first)
        except (TypeError, ValueError) as error:
            raise TraitValueError(str(error)) from None
        super().__init__(
            epoch=epoch,
            shown=next(iter(self.traces)) if shown is None else shown,
            _sample=sample,
            _traces=[_for_browser(name, trace) for name, trace in self.traces.items()],
        )

    @property
    def trace(self) -> TrainingTrace:
        """The trace that is shown."""
        return self.traces[self.shown]

    @property
    def words(self) -> str:
        """What the chosen moment shows, in words."""
        return words(self.shown, self.trace, self.epoch)

    def still(self) -> tuple[str, str]:
        """Return wall and curves as they are now, as ``<figure>`` with alt text, and the words."""
        return static_scrubber(self)

    @traitlets.validate("epoch", "shown")
    def _was_recorded(self, proposal):
        name, value = proposal.trait.name, proposal.value
        try:
            if name == "shown":
                return one_of(name, value, list(self.traces))
            return whole_number(name, value, 0, len(next(iter(self.traces.values()))) - 1)
        except (TypeError, ValueError) as error:
            raise TraitValueError(str(error)) from None


def words(name: str, trace: TrainingTrace, epoch: int) -> str:
    """Say what one moment of a trace shows."""
    inside, right = trace.in_pool[epoch], trace.right[epoch]
    when = f"After {epoch} of {len(trace) - 1} epochs" if epoch else "Before the first epoch"
    parts = [
        f"{int((right & part).sum())} of {int(part.sum())} {where}"
        for part, where in ((inside, "in the pool"), (~inside, "outside it"))
        if part.any()
    ]
    return (
        f"{when}, {name}: {trace.pool_fraction[epoch]:.0%} of the examples are in the pool. "
        f"The net gets {int(right.sum())} of {len(right)} pictures right: {', '.join(parts)}. "
        f"Validation error: {trace.easy_error[epoch]:.2f} on the easier half, "
        f"{trace.hard_error[epoch]:.2f} on the harder half."
    ).replace("%", " %")


def _comparable(traces: Any) -> dict[str, TrainingTrace]:
    """Return traces by name if all show the same sample at equally many moments."""
    named = {"training": traces} if isinstance(traces, TrainingTrace) else traces
    if not isinstance(named, Mapping):
        raise TypeError(f"traces must be a TrainingTrace or a dict of them, got {traces!r}")
    if not named:
        raise ValueError("traces must hold one TrainingTrace or more, got none")
    first = None
    for name, trace in named.items():
        one_name("a name in traces", name)
        if not isinstance(trace, TrainingTrace):
            raise TypeError(f"traces[{name!r}] must be a TrainingTrace, got {trace!r}")
        first = first or trace
        if len(trace) != len(first):
            raise ValueError(
                "traces must have equally many moments, got "
                f"{len(first)} and, in traces[{name!r}], {len(trace)}"
            )
        if not trace.same_sample(first):
            raise ValueError(f"traces must show the same sample, got another in traces[{name!r}]")
    return dict(named)


def _sample_for_browser(trace: TrainingTrace) -> dict:
    """Return the pictures as PNGs inside ``data:`` addresses, with class and difficulty."""
    pictures = (base64.b64encode(png_bytes(image)).decode() for image in trace.images)
    return {
        "classes": list(trace.classes),
        "examples": [
            {"image": f"data:image/png;base64,{picture}", "label": label, "difficulty": difficulty}
            for picture, label, difficulty in zip(
                pictures, trace.labels.tolist(), trace.difficulty.tolist(), strict=True
            )
        ],
    }


def _for_browser(name: str, trace: TrainingTrace) -> dict:
    """Return one trace as plain data: a list with one entry for each moment."""
    return {
        "name": name,
        "inPool": trace.in_pool.int().tolist(),
        "predicted": trace.predicted.tolist(),
        "probs": [[round(p, 4) for p in row] for row in trace.right_probs.tolist()],
        "pool": trace.pool_fraction.tolist(),
        "easy": trace.easy_error.tolist(),
        "hard": trace.hard_error.tolist(),
        "words": [words(name, trace, epoch) for epoch in range(len(trace))],
    }
