"""What every live demo does in Python: the live view where there is one, else a still figure."""

from __future__ import annotations

import anywidget


class LiveDemo(anywidget.AnyWidget):
    """A widget that moves in the browser and leaves a figure with alt text where nothing can move.

    A demo adds its traits, ``_esm``, ``_css`` and :meth:`still`.
    """

    def still(self) -> tuple[str, str]:
        """Return the present state as ``<figure>`` with alt text, and these words alone."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **keywords):
        """Offer the live view first, then a figure with alt text, then its words."""
        data, metadata = super()._repr_mimebundle_(**keywords)
        tag, alt = self.still()
        return {**data, "text/html": tag, "text/plain": alt}, metadata

    def _ipython_display_(self, **_keywords):
        """Leave a still figure below which the live view appears and hides it.

        One output with both would not do: ``nbconvert`` prefers the live view, which shows
        nothing without a network.
        """
        from IPython.display import display

        if self.comm is None:  # closed: nothing will be live again
            tag, alt = self.still()
            return display({"text/html": tag, "text/plain": alt}, raw=True)
        data, metadata = self._repr_mimebundle_()
        still = {"text/html": data.pop("text/html"), "text/plain": data["text/plain"]}
        display(still, raw=True)
        words = f"{type(self).__name__} (live)"
        display({**data, "text/plain": words}, metadata=metadata, raw=True)
