"""The page that a student gets back: a table of all checks, then the notebook; it holds no script and loads nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

HERE = Path(__file__).resolve().parent
TEMPLATE = "feedback_template"
STAMP = "effcv-feedback"


class FeedbackPage(HTMLExporter):
    """nbconvert's HTML exporter with the kit's own template.

    To be named in ``nbgrader_config.py``::

        c.GenerateFeedback.exporter_class = "effcv_lab.grading.feedback_page.FeedbackPage"

    It shows what :class:`effcv_lab.grading.feedback.ForStudents` has put into ``resources["feedback"]``.
    """

    def __init__(self, **options: Any):
        config = Config(options.pop("config", None) or {})
        # what nbgrader sets for the exporter that it expects goes to the parent's section
        config.FeedbackPage.template_name = TEMPLATE
        config.FeedbackPage.extra_template_basedirs = [str(HERE)]
        config.FeedbackPage.exclude_anchor_links = True
        super().__init__(config=config, **options)


def stamp_of(page: Path) -> str:
    """Return the fingerprint at the end of a page; "" if there is no whole page."""
    try:
        with open(page, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 200))
            end = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(rf"<!-- {STAMP} ([0-9a-f]+) -->\s*$", end)
    return found[1] if found else ""
