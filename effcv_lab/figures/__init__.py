"""Draw each kind of figure of the course in one call, with alt text and the takeaway as title.

One function for each kind: :func:`probability_bars`, :func:`curves`, :func:`scatter_labelled`,
:func:`reliability_diagram`, :func:`heat_map`, :func:`image_grid`, :func:`boxes`. All return a
``matplotlib.figure.Figure``; :func:`show` displays it and :func:`save_figure` writes it.
All take ``title`` (the takeaway), ``alt`` (default: words made from the data) and ``note`` (small
print below, such as ``tag(record)`` or "illustrative stand-in").

>>> figure = probability_bars([0.7, 0.2, 0.1], ["cat", "dog", "bear"], title="Mostly cat")
>>> get_alt(figure)
'Bar chart. Mostly cat. Probability: cat 0.700, dog 0.200, bear 0.100.'
"""

from effcv_lab.figures.boxes import boxes
from effcv_lab.figures.calibration import reliability_diagram
from effcv_lab.figures.lines import curves, scatter_labelled
from effcv_lab.figures.output import get_alt, save_figure, show
from effcv_lab.figures.style import PALETTE, set_alt, style
from effcv_lab.figures.tiles import heat_map, image_grid, probability_bars

__all__ = [
    "PALETTE",
    "boxes",
    "curves",
    "get_alt",
    "heat_map",
    "image_grid",
    "probability_bars",
    "reliability_diagram",
    "save_figure",
    "scatter_labelled",
    "set_alt",
    "show",
    "style",
]
