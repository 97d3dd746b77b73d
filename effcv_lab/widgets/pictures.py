"""Pictures made in Python: a grey image as PNG, and the figure that stands in for a live demo."""

from __future__ import annotations

import base64
import html
import io
import math
import struct
import zlib
from typing import Any


def png_bytes(image: Any) -> bytes:
    r"""Write a grey picture, ``(H, W)`` in [0, 1], as the bytes of a PNG file.

    Raises
    ------
    ValueError
        If the shape or a value is another one.

    References
    ----------
    W3C, *Portable Network Graphics (PNG) Specification*, section 5 (chunks), 9 (filter type 0).

    Examples
    --------
    >>> png_bytes([[0.0, 1.0]])[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    import numpy as np

    pixels = np.asarray(image, dtype=float)
    pixels = pixels[0] if pixels.ndim == 3 and len(pixels) == 1 else pixels
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise ValueError(f"image must have shape (H, W) or (1, H, W), got {pixels.shape}")
    if not (pixels.min() >= 0 and pixels.max() <= 1):
        raise ValueError(
            f"image must have values in [0, 1], got {pixels.min():g} to {pixels.max():g}"
        )
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row starts with its filter type
    rows[:, 1:] = np.round(pixels * 255)
    out = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    out.seek(0, io.SEEK_END)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")):
        out.write(struct.pack(">I", len(data)) + kind + data)
        out.write(struct.pack(">I", zlib.crc32(kind + data)))
    return out.getvalue()


def static_explorer(explorer: Any) -> tuple[str, str]:
    """Draw what a temperature explorer shows now, for where nothing can move.

    Parameters
    ----------
    explorer : TemperatureExplorer

    Returns
    -------
    tag : str
        ``<figure>`` with the bars as ``<img alt=...>``.
    alt : str
        The words of that picture.
    """
    from effcv_lab.figures import get_alt, probability_bars, style

    share = explorer.entropy / math.log(len(explorer.classes))
    said = f"entropy {explorer.entropy:.2f} nats, {share:.0%} of ln {len(explorer.classes)}"
    bars = {"": explorer.probs}
    if explorer.student_probs is not None:
        nats = explorer.entropy, explorer.student_entropy
        said = "entropy: teacher {:.2f}, student {:.2f} nats".format(*nats)
        bars = {"teacher": explorer.probs, "student": explorer.student_probs}
    figure = probability_bars(
        bars,
        explorer.classes,
        title=f"Softmax at T = {explorer.temperature:g}, {said}",
        note="A still picture. In JupyterLab, with a kernel, it moves: drag the logits and T.",
    )
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="png", dpi=150)
    alt, picture = get_alt(figure), base64.b64encode(buffer.getvalue()).decode()
    tag = (
        f'<figure class="effcv-still" style="margin:0"><img alt="{html.escape(alt)}" '
        f'style="max-width:100%;width:{figure.get_figwidth() * 90:.0f}px" '
        f'src="data:image/png;base64,{picture}"></figure>'
    )
    return tag, alt
