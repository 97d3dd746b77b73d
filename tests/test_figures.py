"""A figure is read by everybody: words for who cannot see it, no word cut off or covered."""

import functools
import io
import itertools
import subprocess
import sys
from unittest import mock

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from sklearn.calibration import calibration_curve
from torchmetrics.classification import MulticlassCalibrationError

from effcv_lab import figures
from effcv_lab.figures.calibration import _calibration
from effcv_lab.figures.labels import spread_apart
from effcv_lab.figures.style import readable, style

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
           "Bag", "Ankle boot")  # fmt: skip
LONG = "A takeaway that is so long that it must be broken into more than one line of the figure"
random = np.random.default_rng(0)
SOFT = random.dirichlet(np.ones(10), size=200)
EPOCHS = np.arange(1, 21)
SEEDS = 0.8 + 0.01 * random.standard_normal((3, 20))
TEMPERATURES = np.geomspace(0.05, 100, 50)
RUNS = np.array([0.31, 0.35, 0.30, 0.45, 0.29])


def bars_one():
    return figures.probability_bars(SOFT[0], CLASSES, title="Most of it is a coat", note="1 image")


def bars_two():
    pair = {"teacher": SOFT[0], "student trained with soft targets": SOFT[1]}
    return figures.probability_bars(pair, CLASSES, title=LONG)


def bars_sure():
    names = ["a very long name of a class of things", "dog", "bear"]
    return figures.probability_bars([1.0, 0.0, 0.0], names, title="Sure")


def curves_seeds():
    series = {
        "cross-entropy only": SEEDS,
        "distilled, T = 4": SEEDS + 0.001,
        "distilled, T = 20, without the factor T²": SEEDS - 0.002,
        "teacher": np.full(20, 0.81),
    }
    return figures.curves(EPOCHS, series, title=LONG, x_label="Epoch", references={"chance": 0.1},
                          y_label="Validation accuracy, a fraction between zero and one, by hand",
                          note="3 seeds, Intel Xeon 2 cores, torch 2.15.0")  # fmt: skip


def curves_many():
    series = {f"method number {index}": np.full(20, 0.5 + index / 1e4) for index in range(7)}
    return figures.curves(EPOCHS, series, title="Same", x_label="Epoch", y_label="Accuracy")


def curves_log():
    return figures.curves(
        TEMPERATURES,
        {"without T²": 0.2 / TEMPERATURES**2, "with T²": np.full(50, 0.2)},
        references={"slope −2": 0.1 / TEMPERATURES**2},
        marks={"T = 1": 1.0, "calibrated, T = 1.7": 1.7, "last": 100.0, "first": 0.05},
        log_x=True, log_y=True, title="Slope −2", x_label="Temperature T", y_label="Gradient",
    )  # fmt: skip


def curves_log_narrow():
    series = {"student, labels and teacher, at the temperature that serves it best": [1, 2, 3, 4],
              "student, labels only": [0.5, 1, 2, 3]}  # fmt: skip
    return figures.curves([1001, 5000, 20000, 99999], series, title="Narrow", x_label="Images",
                          y_label="Gain", log_x=True)  # fmt: skip


def scatter():
    points = {
        "small CNN": (2.5e6, [0.89, 0.90, 0.885]),
        "ResNet, width 16": (2.2e7, [0.905, 0.91, 0.912]),
        "MLP 100": (8e4, [0.85, 0.855, 0.851]),
        "MLP 100-100-100": (1e5, [0.853, 0.857, 0.851]),
        "MLP 90": (9e4, 0.852),
        "pruned CNN, nine tenths of the weights removed": (2.4e5, 0.86),
        "linear": (7.8e3, [0.82, 0.82, 0.821]),
    }
    return figures.scatter_labelled(points, title=LONG, x_label="MACs per image", log_x=True,
                                    y_label="Test accuracy")  # fmt: skip


def reliability():
    labels = random.integers(0, 10, 200)
    return figures.reliability_diagram(SOFT, labels, title="Far too sure", note="200 images")


def heat():
    return figures.heat_map(SOFT[:10], CLASSES, title=LONG, row_label="True class",
                            column_label="Class that holds the rest of the probability",
                            value_label="Share of the rest")  # fmt: skip


def heat_small():
    return figures.heat_map([[0.9, 0.1], [0.3, np.nan]], ["bright", "dim"], ["box", "ellipse"],
                            title="Dim ones fail", row_label="Group", column_label="Class",
                            value_label="Error rate", note="stand-in")  # fmt: skip


def grid():
    captions = [f"{name}: predicted as an ankle boot" for name in CLASSES]
    return figures.image_grid(torch.rand(10, 1, 28, 28), captions, title=LONG, note="10 of 2000")


def grid_narrow():
    captions = [f"there and back, frame number {index}" for index in range(9)]
    return figures.image_grid(torch.rand(9, 1, 16, 16), captions, title="Nine", columns=9,
                              note="Small print that is longer than one line. " * 3)  # fmt: skip


def grid_colour():
    return figures.image_grid(torch.rand(1, 3, 32, 32), ["noise"], title=LONG)


def grid_many():
    return figures.image_grid(torch.rand(37, 28, 28), title="Noise")


def boxes_grid():
    easy_first = {str(switch): RUNS - switch / 1e3 for switch in (0, 6, 12, 24, 36)}
    controls = dict.fromkeys(("union", "hard, then easy", "more hard"), RUNS - 0.01)
    return figures.boxes(easy_first, beside=controls, title=LONG, x_label="Switch epoch",
                         y_label="Test error", note="3 seeds, torch 2.15.0")  # fmt: skip


def boxes_long_names():
    groups = {f"uncomfortablylongname {n}": random.standard_normal(40) for n in range(7)}
    return figures.boxes(groups, title="Noise", x_label="Generator", y_label="Draw")


KINDS = [bars_one, bars_two, bars_sure, curves_seeds, curves_many, curves_log,
         curves_log_narrow, scatter, reliability, heat, heat_small, grid, grid_narrow, grid_colour, grid_many,
         boxes_grid, boxes_long_names]  # fmt: skip
drawn_once = {make: functools.cache(make) for make in KINDS}
every_kind = pytest.mark.parametrize(
    "make", drawn_once.values(), ids=[make.__name__ for make in KINDS]
)


@functools.cache
def words(figure):
    """Every text that a reader sees, with its box in pixels: what matplotlib really draws."""
    drawn = []
    original = Text.draw

    def spy(text, renderer):
        drawn.append(text)
        original(text, renderer)

    with style(), mock.patch.object(Text, "draw", spy):
        figure.draw_without_rendering()  # lays out first, so the second drawing is the final one
        drawn.clear()
        figure.draw_without_rendering()
    visible = {id(text): text for text in drawn if text.get_visible() and text.get_text().strip()}
    return [(text, text.get_window_extent()) for text in visible.values()]


@every_kind
def test_no_word_is_cut_off_by_the_edge(make):
    figure = make()
    page = figure.bbox
    for text, box in words(figure):
        inside = box.x0 >= page.x0 and box.y0 >= page.y0 and box.x1 <= page.x1 and box.y1 <= page.y1
        assert inside, f"{text.get_text()!r} at {box} leaves {page}"


@every_kind
def test_no_word_covers_another(make):
    upright = [(t, box) for t, box in words(make()) if t.get_rotation() in (0, 90)]
    assert len(upright) >= 1
    for (one, first), (two, second) in itertools.combinations(upright, 2):
        width = min(first.x1, second.x1) - max(first.x0, second.x0)
        height = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert width < 1 or height < 1, f"{one.get_text()!r} covers {two.get_text()!r}"


@every_kind
def test_title_and_small_print_are_there_in_full(make):
    figure = make()
    seen = {" ".join(text.get_text().split()) for text, _ in words(figure)}
    title = " ".join(figure.get_suptitle().split())
    assert title in seen and len(title) > 3
    if make is drawn_once[curves_seeds]:
        assert any(text.endswith("3 seeds, Intel Xeon 2 cores, torch 2.15.0") for text in seen)


@every_kind
def test_alt_text_says_the_takeaway(make):
    figure = make()
    alt = figures.get_alt(figure)
    assert " ".join(figure.get_suptitle().split()) in alt
    assert "\n" not in alt and ".." not in alt and "nan" not in alt


def test_own_alt_text_is_kept_and_an_empty_one_refused():
    figure = bars_one()
    figures.set_alt(figure, "  in my\n words ")
    assert figures.get_alt(figure) == "in my words"
    with pytest.raises(ValueError, match="alt must say"):
        figures.set_alt(figure, " ")


@every_kind
def test_no_panel_is_empty(make):
    for axes in make().axes:
        assert axes.has_data() or axes.get_label() == "<colorbar>"


def test_alt_argument_replaces_the_words_made_from_data():
    figure = figures.probability_bars([1.0], ["cat"], title="Cat", alt="All of it is cat.")
    assert figures.get_alt(figure) == "All of it is cat."


def test_alt_of_bars_names_every_class_and_value():
    alt = figures.get_alt(bars_two())
    for row in SOFT[:2]:
        for name, value in zip(CLASSES, row, strict=True):
            assert f"{name} {value:.3f}" in alt


def test_bars_are_as_long_as_the_probabilities():
    axes = bars_two().axes[0]
    lengths = np.array([bar.get_width() for bar in axes.patches]).reshape(2, 10)
    np.testing.assert_allclose(lengths, SOFT[:2])
    middles = [bar.get_y() + bar.get_height() / 2 for bar in axes.patches]
    assert [round(middle) for middle in middles] == [*range(10), *range(10)]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first class stands at the top"


def test_line_is_the_mean_and_band_one_sample_deviation_each_way():
    axes = curves_seeds().axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.mean(SEEDS, axis=0))
    edges = axes.collections[0].get_paths()[0].vertices[:, 1]
    deviation = np.std(SEEDS, axis=0, ddof=1)
    assert edges.max() == pytest.approx((SEEDS.mean(axis=0) + deviation).max())
    assert edges.min() == pytest.approx((SEEDS.mean(axis=0) - deviation).min())


def test_small_print_counts_the_seeds_of_a_band():
    figure = figures.curves([1, 2], {"a": [[1, 2], [2, 3]]}, title="t", x_label="x", y_label="y")
    assert "2 seeds" in figure.get_supxlabel()
    alone = figures.curves([1, 2], {"a": [1, 2]}, title="t", x_label="x", y_label="y")
    assert alone.get_supxlabel() == "" and "seed" not in figures.get_alt(alone)


def test_band_on_a_logarithmic_axis_stays_above_zero():
    runs = [[1e-3, 1.0], [10.0, 1.0]]
    figure = figures.curves([1, 2], {"a": runs}, title="t", x_label="x", y_label="y", log_y=True)
    edges = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert edges.min() == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("places", "labels"),
    [
        ([200, 500, 1000, 2000, 8000], "200 500 1000 2000 5000"),
        ([3, 9], "3 4 5 6 7 8 9"),
        ([0.3, 25], "0.5 1 2 5 10 20"),
        ([1, 99], "1 2 5 10 20 50"),
        ([1, 100], "1 10 100"),
        ([0.05, 100], "0.1 1 10 100"),
        ([3e5, 9e6], "5·10⁵ 10⁶ 2·10⁶ 5·10⁶"),
    ],
)
@pytest.mark.parametrize("which", ["x", "y"])
def test_a_logarithmic_axis_labels_1_2_5_below_two_decades_and_powers_of_ten_above(
    places, labels, which
):
    steps = range(len(places))
    x, y = (places, steps) if which == "x" else (steps, places)
    figure = figures.curves(x, {"a": list(y)}, title="t", x_label="x", y_label="y",
                            log_x=which == "x", log_y=which == "y",
                            y_range=(places[0], places[-1]) if which == "y" else None)  # fmt: skip
    axis = getattr(figure.axes[0], f"{which}axis")
    low, high = axis.get_view_interval()
    inside = [value for value in axis.get_majorticklocs() if low <= value <= high]
    written = axis.get_major_formatter().format_ticks(inside)
    assert " ".join(written) == labels


def test_each_line_is_named_in_its_colour_near_its_end():
    figure = curves_many()
    axes = figure.axes[0]
    named = [text for text, _ in words(figure) if text.get_text().startswith("method")]
    heights = [text.get_window_extent().y0 for text in named]
    assert len(named) == 7 and heights == sorted(heights)
    for line, text in zip(axes.lines, named, strict=True):
        assert text.get_color() == readable(line.get_color())


def test_marks_stand_where_they_belong():
    lines = curves_log().axes[0].lines[3:]
    assert [line.get_xdata()[0] for line in lines] == [1.0, 1.7, 100.0, 0.05]


def test_points_stand_at_cost_and_mean():
    figure = scatter()
    offset = figure.axes[0].lines[0]
    assert (offset.get_xdata()[0], offset.get_ydata()[0]) == (2.5e6, pytest.approx(0.891667))
    assert "small CNN 2.5e+06, 0.8917" in figures.get_alt(figure)


def test_calibration_agrees_with_scikit_learn():
    labels = random.integers(0, 10, 200)
    confidence, share, accuracy = _calibration(SOFT, labels, bins=7)
    full = share > 0
    hits = SOFT.argmax(axis=1) == labels
    fractions, means = calibration_curve(hits, SOFT.max(axis=1), n_bins=7)
    np.testing.assert_allclose(confidence[full], means)
    np.testing.assert_allclose(accuracy[full], fractions)
    assert share.sum() == pytest.approx(1)


def test_certainty_falls_into_the_last_bin():
    _, share, accuracy = _calibration(np.array([[1.0, 0.0]]), np.array([0]), bins=5)
    assert share.tolist() == [0, 0, 0, 0, 1] and accuracy[-1] == 1


def test_gap_of_the_diagram_is_the_expected_calibration_error():
    labels = random.integers(0, 10, 200)
    confidence, share, accuracy = _calibration(SOFT, labels, bins=15)
    metric = MulticlassCalibrationError(num_classes=10, n_bins=15, norm="l1")
    expected = metric(torch.tensor(SOFT), torch.tensor(labels)).item()
    assert (share * abs(accuracy - confidence)).sum() == pytest.approx(expected, abs=1e-6)


def test_confidence_on_an_edge_belongs_to_the_bin_below():
    _, share, _ = _calibration(np.array([[0.5, 0.5]]), np.array([0]), bins=2)
    assert share.tolist() == [1, 0]


def test_heat_map_writes_every_number_and_leaves_missing_ones_empty():
    figure = heat_small()
    seen = [text.get_text() for text, _ in words(figure)]
    assert all(number in seen for number in ("0.90", "0.10", "0.30")) and "nan" not in seen
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["bright", "dim"] and figure.axes[0].get_ylim() == (1.5, -0.5)
    table = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(table.filled(-1), [[0.9, 0.1], [0.3, -1]])
    assert "Largest: 0.90 at bright, box" in figures.get_alt(figure)


def test_a_box_is_the_middle_half_with_the_median_and_whiskers_reach_all_runs():
    axes = boxes_grid().axes[0]
    assert len(axes.patches) == 8
    for box, shift in zip(axes.patches, [0, 0.006, 0.012, 0.024, 0.036, *[0.01] * 3], strict=True):
        edges = box.get_path().vertices[:, 1]
        found = [edges.min(), edges.max()]
        np.testing.assert_allclose(found, np.quantile(RUNS - shift, [0.25, 0.75]))
    drawn = [line.get_ydata() for line in axes.lines[:6]]  # of the first box
    lower, upper, _, _, median, _ = drawn
    assert {min(lower), max(upper)} == {0.29, 0.45} and set(median) == {0.31}


def test_each_run_is_a_dot_in_the_order_given_unless_there_are_too_many():
    dots = [line for line in boxes_grid().axes[0].lines if line.get_marker() == "o"]
    assert len(dots) == 8
    np.testing.assert_allclose(dots[0].get_ydata(), RUNS)
    assert (np.diff(dots[0].get_xdata()) > 0).all()
    np.testing.assert_allclose(dots[1].get_xdata() - dots[0].get_xdata(), 1)
    many = boxes_long_names().axes[0].lines
    assert not [line for line in many if line.get_marker() == "o"]


def test_boxes_beside_stand_right_of_a_gap_in_another_colour():
    axes = boxes_grid().axes[0]
    colours = [matplotlib.colors.to_hex(box.get_edgecolor()).upper() for box in axes.patches]
    assert colours == [figures.PALETTE[0].upper()] * 5 + [figures.PALETTE[1].upper()] * 3
    steps = np.diff(axes.get_xticks())
    assert (steps[[0, 1, 2, 3, 5, 6]] == 1).all() and steps[4] > 1.5


def test_boxes_are_named_below_and_told_in_words():
    figure = boxes_grid()
    named = [label.get_text().replace("\n", " ") for label in figure.axes[0].get_xticklabels()]
    assert named == ["0", "6", "12", "24", "36", "union", "hard, then easy", "more hard"]
    assert "more hard: median 0.3, 0.28 to 0.44" in figures.get_alt(figure)
    assert "of 5 runs; whiskers: all of them." in " ".join(figure.get_supxlabel().split())


def test_small_print_keeps_its_distance_from_captions():
    figure = grid_narrow()
    seen = words(figure)
    (note,) = [box for text, box in seen if text.get_text().startswith("Small print")]
    captions = [box for text, box in seen if text.get_text().startswith("there")]
    assert len(captions) == 9
    assert min(box.y0 for box in captions) - note.y1 > 0.1 * figure.dpi


def test_images_keep_their_grey_values():
    pale = torch.full((2, 1, 4, 4), 0.5)
    pale[1] += 0.1
    for axes in figures.image_grid(pale, title="Grey").axes:
        assert axes.images[0].get_clim() == (0, 1), "0.5 must be middle grey, not black"


def test_grid_shows_every_image_once_and_in_order():
    values = torch.linspace(0, 1, 37).view(37, 1, 1).expand(37, 3, 3)
    panels = figures.image_grid(values, title="Ramp").axes
    shown = [float(panel.images[0].get_array()[0, 0]) for panel in panels]
    np.testing.assert_allclose(shown, np.linspace(0, 1, 37), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: figures.probability_bars([0.5], ["a", "b"], title="t"), "shape"),
        (lambda: figures.probability_bars([1.5], ["a"], title="t"), r"in \[0, 1\]"),
        (lambda: figures.probability_bars([np.nan], ["a"], title="t"), "finite"),
        (lambda: figures.probability_bars({"a": [1], "b": [1], "c": [1]}, ["x"], title="t"), "2"),
        (lambda: figures.curves([1], {"a": [1]}, title="t", x_label="x", y_label="y"), "x must"),
        (lambda: figures.curves([1, 2], {}, title="t", x_label="x", y_label="y"), "series"),
        (lambda: figures.curves([1, 2], {"a": [1]}, title="t", x_label="x", y_label="y"), "'a'"),
        (lambda: figures.curves([0, 2], {"a": [1, 2]}, title="t", x_label="x", y_label="y",
                                log_x=True), "log_x"),
        (lambda: figures.curves([1, 2], {"a": [0, 2]}, title="t", x_label="x", y_label="y",
                                log_y=True), "log_y"),
        (lambda: figures.scatter_labelled({}, title="t", x_label="x", y_label="y"), "points"),
        (lambda: figures.image_grid(torch.rand(3, 2, 4, 4), title="t"), "images"),
        (lambda: figures.image_grid(torch.rand(3, 4, 4), ["one"], title="t"), "captions"),
        (lambda: figures.heat_map([[1.0]], ["a", "b"], title="t", row_label="r",
                                  column_label="c"), "matrix"),
        (lambda: figures.reliability_diagram(SOFT, [0], title="t"), "labels"),
        (lambda: figures.boxes({}, title="t", x_label="x", y_label="y"), "groups"),
        (lambda: figures.boxes({"a": [1]}, title="t", x_label="x", y_label="y"), "group 'a'"),
        (lambda: figures.boxes({"a": [1, np.inf]}, title="t", x_label="x", y_label="y"), "finite"),
        (lambda: figures.boxes({"a": [1, 2]}, beside={"a": [1, 2]}, title="t", x_label="x",
                               y_label="y"), "beside"),
    ],
)  # fmt: skip
def test_unfit_data_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_palette_differs_for_the_colour_blind_in_lightness_or_dash():
    lightness = [matplotlib.colors.rgb_to_hsv(matplotlib.colors.to_rgb(c)) for c in figures.PALETTE]
    assert len({tuple(np.round(row, 2)) for row in lightness}) == len(figures.PALETTE)
    dashes = [str(line._dash_pattern) for line in curves_many().axes[0].lines]
    assert len(set(dashes)) == 7, "lines differ without colour too"


@pytest.mark.parametrize("colour", figures.PALETTE)
def test_words_in_colour_have_enough_contrast(colour):
    shade = np.array(matplotlib.colors.to_rgb(readable(colour)))
    linear = np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.45


def test_style_leaves_the_settings_of_the_reader_alone():
    before = dict(matplotlib.rcParams)
    bars_one()
    with style():
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert dict(matplotlib.rcParams) == before


def test_a_strange_matplotlibrc_changes_nothing():
    plain, strange = io.BytesIO(), io.BytesIO()
    with style():
        bars_one().savefig(plain, format="png", dpi=50)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "text.color": "red"}):
        figure = bars_one()
        with style():
            figure.savefig(strange, format="png", dpi=50)
    assert plain.getvalue() == strange.getvalue()


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_same_figure_saves_as_the_same_bytes(tmp_path, ending):
    first = figures.save_figure(curves_seeds(), tmp_path / f"a.{ending}").read_bytes()
    second = figures.save_figure(curves_seeds(), tmp_path / f"b.{ending}").read_bytes()
    assert first == second
    assert b"20 Epoch" not in first and b"matplotlib.org" not in first
    assert b"Line chart of Validation accuracy" in first, "the alt text is in the file"


def test_saved_figure_is_white_and_opaque_for_dark_themes(tmp_path):
    picture = Image.open(figures.save_figure(bars_one(), tmp_path / "a.png")).convert("RGBA")
    assert picture.getpixel((0, 0)) == (255, 255, 255, 255)
    assert picture.width == 1600


def test_saving_to_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.png or \.svg"):
        figures.save_figure(bars_one(), tmp_path / "a.jpg")


def test_letters_can_be_read_from_the_back_row():
    figure = curves_seeds()
    sizes = [text.get_fontsize() for text, _ in words(figure) if text.get_text() not in ("",)]
    assert figure.get_figwidth() == 8 and min(sizes) >= 11
    axes = figure.axes[0]
    assert axes.xaxis.label.get_fontsize() >= 14 and axes.get_xticklabels()[0].get_fontsize() >= 13


def test_spread_apart_keeps_order_range_and_what_fits_already():
    generator = np.random.default_rng(1)
    for _ in range(100):
        sizes = generator.uniform(1, 3, 6)
        centres = generator.uniform(-5, 25, 6)
        placed = np.array(spread_apart(centres, sizes, low=0.0, high=20.0))
        low, high = placed - sizes / 2, placed + sizes / 2
        order = np.argsort(low)
        assert (low[order][1:] >= high[order][:-1] - 1e-9).all(), "no overlap"
        assert low.min() >= -1e-9 and high.max() <= 20 + 1e-9, "in range"
        assert (np.diff(placed[np.argsort(centres)]) > 0).all(), "in order"
    assert spread_apart([5.0, 1.0], [2.0, 2.0]) == [5.0, 1.0]


def test_without_alt_text_nothing_is_shown():
    with pytest.raises(ValueError, match="no alt text"):
        figures.show(Figure())


@pytest.mark.slow
def test_shown_figure_keeps_its_alt_text_in_html_and_is_shown_once(tmp_path):
    """Run by a kernel and exported by nbconvert, as an instructor would."""
    from html.parser import HTMLParser

    import nbformat
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter, SlidesExporter

    code = (
        "from effcv_lab.figures import probability_bars, show\n"
        "figure = probability_bars([0.75, 0.25], ['cat', 'dog'], title='A \"cat\" <b> & more')\n"
        "show(figure)"
    )
    pyplot = (
        "import matplotlib.pyplot as plt\n"
        "from effcv_lab.figures import set_alt, show\n"
        "plotted, axes = plt.subplots()\n"
        "set_alt(plotted, 'By hand.')\n"
        "show(plotted)"
    )
    cells = [nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell(pyplot)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    for cell in notebook.cells:
        assert [output.output_type for output in cell.outputs] == ["display_data"]
    alt = 'Bar chart. A "cat" <b> & more. Probability: cat 0.750, dog 0.250.'
    assert notebook.cells[0].outputs[0].data["text/plain"] == alt

    class Images(HTMLParser):
        def handle_starttag(self, tag, attributes):
            attributes = dict(attributes)
            if tag == "img" and attributes.get("src", "").startswith("data:image/png"):
                found.append(attributes["alt"])

    for exporter in (HTMLExporter(), SlidesExporter()):
        found = []
        page, _ = exporter.from_notebook_node(notebook)
        Images().feed(page)
        assert found == [alt, "By hand."]


def test_outside_a_notebook_the_words_are_printed(capsys):
    figure = figures.probability_bars([1.0], ["cat"], title="Cat")
    figures.show(figure)
    assert capsys.readouterr() == (figures.get_alt(figure) + "\n", "")


def test_import_does_not_load_matplotlib():
    code = "import sys, effcv_lab.figures; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_name_covers_a_point_or_an_error_bar():
    figure = scatter()
    axes = figure.axes[0]
    named = [box for text, box in words(figure) if text in axes.texts]
    assert len(named) == 7
    for line in axes.lines:
        spots = axes.transData.transform(np.asarray(line.get_xydata(), dtype=float))
        for box in named:
            assert not any(box.contains(*spot) for spot in spots)


def test_points_and_their_names_stay_clear_of_the_axes():
    figure = scatter()
    axes = figure.axes[0]
    frame = axes.get_window_extent()
    for text, box in words(figure):
        if text in axes.texts:
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
            assert inside and frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()
    spots = np.concatenate([axes.transData.transform(line.get_xydata()) for line in axes.lines])
    assert (spots > [frame.x0 + 10, frame.y0 + 5]).all()
    assert (spots < [frame.x1 - 10, frame.y1 - 5]).all()
