"""Pictures made in Python: a grey image as PNG, and the figure that stands in for a live demo."""

from __future__ import annotations

import base64
import html
import io
import math
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    from effcv_lab.figures import probability_bars

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
    return still_figure(figure)


def static_bench(bench: Any) -> tuple[str, str]:
    """Draw what a distillation bench shows now, for where nothing can move.

    Parameters
    ----------
    bench : DistillationBench

    Returns
    -------
    tag, alt : as for :func:`static_explorer`
    """
    from effcv_lab.figures.style import finish_figure, start_figure, style

    push = {part: -values.numpy() for part, values in bench.gradients._asdict().items()}
    probs = {"teacher": bench.teacher_probs.numpy(), "student": bench.student_probs.numpy()}
    classes = list(bench.example.classes)
    rows = [
        f"{name} {p:.3f}, {q:.3f}, {hard:+.3f}, {soft:+.3f}"
        for name, p, q, hard, soft, _ in zip(
            classes, *probs.values(), *(push[part].round(3) + 0.0 for part in push), strict=True
        )
    ]
    setting = f"T = {bench.temperature:g}, alpha = {bench.alpha:g}"
    numbers = (
        f"Hard loss {bench.losses.hard:.3f}, soft loss ({'T² times ' if bench.squared else ''}KL"
        f"{'' if bench.squared else ', without T²'}) {bench.losses.soft:.3f}, total "
        f"{bench.losses.total:.3f}, teacher's entropy {bench.teacher_bits:.2f} bits."
    )
    alt = (
        f"Two bar charts. {bench.example.name}, label {classes[bench.label]}, at {setting}. For "
        "each class the teacher's and the student's probability, then the push of the label and "
        f"of the teacher on the student's logit: {'; '.join(rows)}. {numbers}"
    )
    classes[bench.label] += " (label)"
    with style():
        figure, axes = start_figure(11.0, 2.4 + 0.5 * len(classes))
        axes.remove()
        _draw_bench(figure.subplots(1, 2, sharey=True), classes, probs, push)
        figure.axes[0].set_xlabel(f"Probability at T = {bench.temperature:g}")
        finish_figure(
            figure,
            f"{bench.example.name}: what pulls on the student's logits at {setting}",
            alt,
            f"{numbers} A still picture. In JupyterLab, with a kernel, it moves.",
        )
    return still_figure(figure)


def _draw_bench(panels: Any, classes: list[str], probs: dict, push: dict) -> None:
    """Fill two panels: probabilities in pairs, and pushes from a zero line with their sum."""
    import numpy as np

    from effcv_lab.figures.style import INK, PALETTE

    blue, red, green = PALETTE[:3]
    places = np.arange(len(classes))
    pairs = (
        (("teacher", probs["teacher"], blue), ("student", probs["student"], red)),
        (("label (hard)", push["hard"], green), ("teacher (soft)", push["soft"], blue)),
    )
    for axes, pair in zip(panels, pairs, strict=True):
        for shift, (name, values, colour) in zip((-0.2, 0.2), pair, strict=True):
            axes.barh(places + shift, values, 0.38, color=colour, label=name)
        axes.tick_params(axis="y", length=0)
    left, right = panels
    left.set(xlim=(0, 1), yticks=places, yticklabels=classes, ylim=(len(classes) - 0.4, -0.6))
    right.plot(push["total"], places, "D", color=INK, markersize=7, label="sum")
    right.axvline(0, color=INK, linewidth=1)
    reach = 1.1 * max(1e-9, *(np.abs(values).max() for values in push.values()))
    right.set(xlim=(-reach, reach), xlabel="Push (−gradient): right, this logit goes up")
    for axes in panels:
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=3, frameon=False,
                    handlelength=1, handleheight=1, borderpad=0, columnspacing=1)  # fmt: skip


def still_figure(figure: Figure) -> tuple[str, str]:
    """Return a figure with alt text as ``<figure><img alt=...>``, and its words."""
    from effcv_lab.figures import get_alt, style

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
