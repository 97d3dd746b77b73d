"""Small helpers for a course on efficient computer vision. One module per chapter idea.

>>> from effcv_lab.softmax import softmax_with_temperature
"""

__version__ = "0.1.0"
