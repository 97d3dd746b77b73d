"""The temperature explorer: move T, drag the scores, watch probabilities and entropy follow.

State and mathematics live here; ``temperature_explorer.js`` draws, and repeats the softmax so
that a new frame need not wait for Python. A browser test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import traitlets

from effcv_lab.arguments import number_in, one_of
from effcv_lab.widgets.frontend import source
from effcv_lab.widgets.live import LiveDemo
from effcv_lab.widgets.pictures import static_explorer
from effcv_lab.widgets.presets import (
    BUILT_IN,
    Preset,
    names,
    one_for_each_class,
    scores,
    starting_points,
)
from effcv_lab.widgets.traits import Checked, TraitValueError

__all__ = ["BUILT_IN", "Preset", "TemperatureExplorer", "TraitValueError"]

LOWEST_T, HIGHEST_T = 0.05, 100.0


def _temperature(name: str, value: Any) -> float:
    return number_in(name, value, LOWEST_T, HIGHEST_T)


class TemperatureExplorer(LiveDemo):
    """Show what a temperature does to a softmax, live: drag scores, move T, read the entropy.

    Display it as the last line of a cell. Its traits work both ways: assign in Python and the
    browser moves; move in the browser and Python sees it (``explorer.observe(f, "entropy")``).
    Logits and classes of another length are set together, with :meth:`show`.

    Parameters
    ----------
    logits : K numbers, optional
        Scores to start from; default: the first preset.
    classes : K names, optional
        Default: "class 0", "class 1", ...
    temperature : float in [0.05, 100]
    student_logits : K numbers, optional
        A second distribution, laid over the first at the same temperature.
    presets : sequence of Preset, optional
        More starting points; they come before the two that are built in.

    Attributes
    ----------
    temperature, logits, student_logits, classes : as above; tuples, so assign them whole
    preset : str
        Name of the starting point; assigning one loads it, and reset returns to it.
    probs, student_probs : float64 Tensor (K,), read-only; by ``effcv_lab.softmax``
    entropy, student_entropy : float, nats, read-only

    Raises
    ------
    TraitValueError
        A ``TraitError`` and ``ValueError`` that names the argument, its value and the range.

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 2.

    Examples
    --------
    >>> explorer = TemperatureExplorer([2.0, 1.0, -1.0], ["cat", "dog", "bear"])
    >>> explorer.temperature = 4
    >>> explorer.probs
    tensor([0.4442, 0.3460, 0.2098], dtype=torch.float64)
    >>> round(explorer.entropy, 3)
    1.055
    """

    _esm = source("demo.js", "temperature_explorer.js")
    _css = source("demo.css", "temperature_explorer.css")

    temperature = Checked(_temperature, default_value=1.0).tag(sync=True)
    logits = Checked(scores).tag(sync=True)
    student_logits = Checked(scores, default_value=None, allow_none=True).tag(sync=True)
    classes = Checked(names).tag(sync=True)
    preset = Checked(lambda name, value: value).tag(sync=True)
    probs = traitlets.Any(read_only=True)
    student_probs = traitlets.Any(read_only=True, allow_none=True)
    entropy = traitlets.Float(read_only=True)
    student_entropy = traitlets.Float(None, read_only=True, allow_none=True)
    _presets = traitlets.List().tag(sync=True)
    _start_temperature = traitlets.Float().tag(sync=True)

    def __init__(
        self,
        logits: Sequence[float] | None = None,
        classes: Sequence[str] | None = None,
        temperature: float = 1.0,
        student_logits: Sequence[float] | None = None,
        presets: Sequence[Preset] | None = None,
    ):
        try:
            starts = starting_points(logits, classes, student_logits, presets)
            temperature = _temperature("temperature", temperature)
        except (TypeError, ValueError) as error:
            raise TraitValueError(str(error)) from None
        self._by_name = {start.name: start for start in starts}
        self._from_browser = False
        first = starts[0]
        super().__init__(
            temperature=temperature,
            logits=first.logits,
            student_logits=first.student_logits,
            classes=first.classes,
            preset=first.name,
            _presets=[start.for_browser() for start in starts],
            _start_temperature=temperature,
        )

    def show(
        self,
        logits: Sequence[float],
        classes: Sequence[str] | None = None,
        student_logits: Sequence[float] | None = None,
    ) -> None:
        """Set scores, names and student at once, so that their number may change.

        Parameters
        ----------
        logits : K numbers
        classes : K names, optional
            Default: the present ones.
        student_logits : K numbers, optional
            Default: no student.
        """
        with self._together():
            self.logits = logits
            self.student_logits = student_logits
            self.classes = self.classes if classes is None else classes

    def reset(self) -> None:
        """Go back to the preset's scores and to the first temperature."""
        start = self._by_name[self.preset]
        with self._together():
            self.show(start.logits, start.classes, start.student_logits)
            self.temperature = self._start_temperature

    def set_state(self, sync_data: dict) -> None:
        """Take over what the browser sent, all or nothing."""
        self._from_browser = True
        try:
            super().set_state(sync_data)
        finally:
            self._from_browser = False

    @contextmanager
    def _together(self):
        """Check and send several traits as one."""
        with self.hold_sync(), self.hold_trait_notifications():
            yield

    @traitlets.validate("logits", "student_logits", "classes", "preset")
    def _fits_the_others(self, proposal):
        name, value = proposal.trait.name, proposal.value
        hint = ""
        try:
            if name == "preset":
                return one_of(name, value, self._by_name)
            hint = "; set them together with explorer.show(logits, classes, student_logits)"
            classes = value if name == "classes" else self.classes
            for scored in ("logits", "student_logits") if name == "classes" else (name,):
                numbers = getattr(self, scored) if name == "classes" else value
                if numbers is not None:
                    one_for_each_class(scored, numbers, classes)
        except ValueError as error:
            raise TraitValueError(f"{error}{hint}") from None
        return value

    @traitlets.observe("preset")
    def _load_preset(self, change):
        if not self._from_browser:  # the browser sends the scores along, perhaps dragged already
            start = self._by_name[change.new]
            self.show(start.logits, start.classes, start.student_logits)

    @traitlets.observe("temperature", "logits", "student_logits")
    def _compute(self, _change):
        for prefix, logits in (("", self.logits), ("student_", self.student_logits)):
            probs, nats = (None, None) if logits is None else _softmax(logits, self.temperature)
            self.set_trait(f"{prefix}probs", probs)
            self.set_trait(f"{prefix}entropy", nats)

    def still(self) -> tuple[str, str]:
        """Return the bars as they are now, as ``<figure>`` with alt text, and these words alone."""
        return static_explorer(self)


def _softmax(logits: Sequence[float], temperature: float):
    """Return probabilities, float64, and their entropy in nats."""
    import torch

    from effcv_lab.softmax import entropy, softmax_with_temperature

    probs = softmax_with_temperature(torch.tensor(logits, dtype=torch.float64), temperature)
    return probs, entropy(probs).item()
