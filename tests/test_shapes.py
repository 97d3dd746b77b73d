"""Shapes keep every promise of their dials; pictures are measured, not only their recipes."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from scipy import stats

from effcv_lab.shapes import CLASSES, basic_shapes, draw_shapes, geometric_shapes, raster
from effcv_lab.shapes.painting import render
from effcv_lab.shapes.scenes import outlines, sample_scenes

RECTANGLE, ELLIPSE, TRIANGLE = range(3)
DIALS = {
    "position": (0, 1),
    "scale": (0.4, 0.8),
    "aspect": (0.5, 1),
    "rotation": (0, 360),
    "contrast": (0.1, 1),
    "noise": 0,
    "clutter": 0,
}
WIDEST = {"scale": (0.1, 0.875), "aspect": (0.2, 1), "rotation": (-360, 360)}


def scenes_of(count, seed=0, **dials):
    return sample_scenes(count, seed=seed, **DIALS | dials)


def pictures(image_set):
    return image_set.images[:, 0].double().numpy()


def coverage_of(image_set):
    """Measure from the picture how much of each pixel the shape covers (plain ground only)."""
    grey = pictures(image_set)
    ground = grey[:, :1, :1]
    deepest = np.abs(grey - ground).max(axis=(1, 2), keepdims=True)
    return np.abs(grey - ground) / deepest


def moments(coverage):
    """Give area, centre (x, y) and covariance of each shape, in sides of the image."""
    size = coverage.shape[1]
    middle = (np.arange(size) + 0.5) / size
    grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    weight = coverage.reshape(len(coverage), -1)
    total = weight.sum(axis=1)
    centre = weight @ grid / total[:, None]
    off = grid[None] - centre[:, None]
    spread = np.einsum("np,npi,npj->nij", weight, off, off) / total[:, None, None]
    return total / size**2, centre, spread - np.eye(2) / (12 * size**2)  # a pixel is a square


def of_class(image_set, label):
    return image_set.subset(image_set.labels == label)


def drawn_by_pillow(scenes, size, times=64):
    """Draw the shapes very large with Pillow, without grey, then average: the slow, sure way."""
    shape = outlines(scenes)
    turn = np.linspace(0, 2 * np.pi, 400)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    result = []
    for number, label in enumerate(scenes.labels):
        points = shape.corners[number]
        if label == ELLIPSE:
            points = shape.centre[number] + (shape.matrix[number] @ circle).T
        large = Image.new("L", (size * times, size * times))
        # Pillow counts from the middle of the first pixel
        points = [tuple(point) for point in points * size * times - 0.5]
        ImageDraw.Draw(large).polygon(points, fill=1)
        small = np.asarray(large, dtype=float).reshape(size, times, size, times).mean((1, 3))
        result.append(small)
    return np.array(result)


# Drawing


@pytest.mark.parametrize("size", [16, 37])
def test_grey_is_the_mean_of_a_much_larger_drawing(size):
    scenes = scenes_of(45, seed=1, contrast=1, **WIDEST)
    bright = dataclasses.replace(scenes, foreground=np.ones(45), background=np.zeros(45))
    difference = np.abs(render(bright, size)[:, 0] - drawn_by_pillow(bright, size))
    # Pillow paints the pixels of the outline whole: 1/64 too much, at a thin corner twice.
    assert difference.max() < 0.04
    assert difference.mean() < 0.001


@pytest.mark.parametrize(
    ("label", "area"),
    [(RECTANGLE, 1 / 2), (ELLIPSE, np.pi / 4), (TRIANGLE, 3 * np.sqrt(3) / 16)],
)
def test_the_grey_adds_up_to_the_area_by_formula(label, area):
    scenes = scenes_of(300, contrast=1, **WIDEST)
    bright = dataclasses.replace(scenes, foreground=np.ones(300), background=np.zeros(300))
    measured = render(bright, 32)[:, 0].mean(axis=(1, 2))
    expected = area * scenes.scale**2 * scenes.aspect
    mine = scenes.labels == label
    np.testing.assert_allclose(measured[mine], expected[mine], rtol=2e-3)


def test_level_rectangles_are_exact_wherever_their_sides_fall():
    shapes = of_class(draw_shapes(300, rotation=0, contrast=1), RECTANGLE)
    coverage = coverage_of(shapes)
    # A level rectangle is an outer product: the share of the row times the share of the column.
    for picture in coverage:
        row, column = picture.max(axis=1), picture.max(axis=0)
        np.testing.assert_allclose(picture, np.outer(row, column), atol=1e-6)


def test_filling_equals_asking_every_pixel():
    random = np.random.default_rng(0)
    size, count = 9, 5
    top = random.uniform(-0.2, 0.5, count)
    bottom = top + random.uniform(0, 0.6, count)
    heights, thickness = raster.strips(top, bottom, size)
    left = random.uniform(-0.3, 1, heights.shape)  # also outside of the image
    right = left + random.uniform(0, 0.9, heights.shape)
    expected = np.zeros((count, size, size))
    for n in range(count):
        for strip, (start, stop) in enumerate(zip(left[n], right[n], strict=True)):
            row = strip // raster.STRIPS
            for column in range(size):
                low, high = max(start * size, column), min(stop * size, column + 1)
                expected[n, row, column] += max(0, high - low) * thickness[n, row]
    np.testing.assert_allclose(raster.fill(left, right, thickness), expected, atol=1e-6)


def test_strips_lie_between_top_and_bottom_and_add_up_to_the_height():
    top, bottom = np.array([0.1, 0.26, -1.0]), np.array([0.9, 0.27, 2.0])
    heights, thickness = raster.strips(top, bottom, size=10)
    visible = np.clip(bottom, 0, 1) - np.clip(top, 0, 1)
    np.testing.assert_allclose(thickness.sum(axis=1) * raster.STRIPS / 10, [*visible[:2], 1])
    inside = thickness.repeat(raster.STRIPS, axis=1) > 0
    assert ((heights > top[:, None]) & (heights < bottom[:, None]))[inside].all()


def test_the_ends_of_a_line_lie_on_the_ellipse():
    shape = outlines(scenes_of(90, seed=2, **WIDEST))
    heights = shape.centre[:, 1:] + np.linspace(-0.99, 0.99, 50) * np.linalg.norm(
        shape.matrix[:, 1], axis=1, keepdims=True
    )
    left, right = raster.ellipse_ends(shape.centre, shape.matrix, heights)
    assert (left < right).all()
    for x in (left, right):
        points = np.stack([x, heights], axis=1) - shape.centre[:, :, None]
        on_circle = np.linalg.solve(shape.matrix, points)
        np.testing.assert_allclose((on_circle**2).sum(axis=1), 1, atol=1e-9)


# What is in the pictures


@pytest.mark.parametrize("size", [16, 32, 45, 128])
def test_the_whole_shape_keeps_a_sixteenth_of_the_side_and_a_pixel_from_the_border(size):
    for draw in (basic_shapes, geometric_shapes):
        grey = pictures(draw(300, seed=3, size=size, contrast=1, scale=(0.1, 0.875)))
        border = size // 16
        frame = np.ones((size, size), dtype=bool)
        frame[border:-border, border:-border] = False
        assert border >= 1
        assert np.ptp(grey[:, frame], axis=1).max() == 0
        assert (np.ptp(grey, axis=(1, 2)) > 0.1).all()  # the smallest fill no pixel whole


def test_position_0_touches_the_margin_above_and_left_and_position_1_below_and_right():
    for position, first in ((0, 4), (1, None)):
        covered = coverage_of(draw_shapes(60, size=64, position=position)) > 1e-3
        columns, rows = covered.any(axis=1), covered.any(axis=2)
        for side in (columns, rows):
            if first is not None:
                assert (side.argmax(axis=1) == 4).all()
            else:
                assert (side[:, ::-1].argmax(axis=1) == 4).all()


def test_position_half_is_the_middle():
    covered = coverage_of(draw_shapes(60, size=64, position=0.5))
    for axis in (1, 2):
        side = covered.max(axis=axis)
        before = (side > 1e-3).argmax(axis=1)
        after = (side[:, ::-1] > 1e-3).argmax(axis=1)
        assert (np.abs(before - after) <= 1).all()


def test_classes_have_equal_shares():
    for count in (1, 2, 3, 100, 101, 3000):
        shares = np.bincount(draw_shapes(count, size=16).labels, minlength=3)
        assert shares.sum() == count
        assert np.ptp(shares) <= 1


def test_labels_say_what_is_drawn():
    """A shape's share of the smallest turned ellipse around it tells its class."""
    shapes = draw_shapes(90, size=128, contrast=1, scale=0.8)
    area, _, spread = moments(coverage_of(shapes))
    fullness = area / np.sqrt(np.linalg.det(spread))
    # area / sqrt(det covariance): rectangle 12, ellipse 4 pi, triangle 6 sqrt 3 under any squeeze
    expected = np.array([12, 4 * np.pi, 6 * np.sqrt(3)])[shapes.labels]
    np.testing.assert_allclose(fullness, expected, rtol=0.004)
    assert shapes.classes == CLASSES == ("rectangle", "ellipse", "triangle")


def test_rectangles_have_right_angles_and_triangles_are_not_all_isosceles():
    scenes = scenes_of(300)
    corners = outlines(scenes).corners
    sides = np.roll(corners, -1, axis=1) - corners
    squares = sides[scenes.labels == RECTANGLE]
    turned = (squares * np.roll(squares, -1, axis=1)).sum(axis=2)
    np.testing.assert_allclose(turned, 0, atol=1e-12)
    lengths = np.sort(np.linalg.norm(sides[scenes.labels == TRIANGLE][:, [0, 1, 3]], axis=2))
    assert (np.diff(lengths, axis=1).min(axis=1) > 0.01).mean() > 0.5


def test_basic_shapes_are_squares_circles_and_equilateral_triangles():
    shapes = basic_shapes(150, size=64)
    _, _, spread = moments(coverage_of(shapes))
    low, high = np.linalg.eigvalsh(spread).T
    np.testing.assert_allclose(low, high, rtol=0.02)
    scenes = scenes_of(150, aspect=1)
    corners = outlines(scenes).corners[scenes.labels == TRIANGLE][:, :3]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    np.testing.assert_allclose(sides, sides[:, :1].repeat(3, axis=1))


def test_every_basic_picture_is_one_that_the_geometric_rule_draws():
    easy, hard = basic_shapes(90, seed=4), geometric_shapes(90, seed=4, aspect=1)
    assert torch.equal(easy.images, hard.images)
    assert torch.equal(easy.labels, geometric_shapes(90, seed=4).labels)
    low, high = draw_shapes.__kwdefaults__["aspect"]
    assert low < high == 1
    assert not torch.equal(easy.images, geometric_shapes(90, seed=4).images)
    with pytest.raises(TypeError, match="aspect"):
        basic_shapes(3, aspect=0.5)


def test_contrast_is_within_its_range():
    for low, high in ((0.1, 1), (0.3, 0.4), (0.05, 0.05), (1, 1)):
        reach = np.ptp(pictures(draw_shapes(300, size=48, contrast=(low, high))), axis=(1, 2))
        assert reach.min() >= low - 1e-6
        assert reach.max() <= high + 1e-6


def test_half_of_the_shapes_are_dark_on_bright():
    grey = pictures(draw_shapes(2000, seed=5))
    darker = (np.median(grey, axis=(1, 2)) > 0) & (grey.mean(axis=(1, 2)) < grey[:, 0, 0])
    assert stats.binomtest(int(darker.sum()), 2000, 0.5).pvalue > 0.001


# Dials, measured in the pictures


def is_uniform(values, low, high):
    return stats.kstest(values, "uniform", args=(low, high - low)).pvalue > 0.001


def test_rotation_is_uniform_and_anticlockwise():
    shapes = of_class(draw_shapes(1500, seed=6, size=48, aspect=0.5, scale=0.8), RECTANGLE)
    _, _, spread = moments(coverage_of(shapes))
    angle = 0.5 * np.arctan2(-2 * spread[:, 0, 1], spread[:, 0, 0] - spread[:, 1, 1])
    assert is_uniform(np.rad2deg(angle), -90, 90)
    for label in range(3):
        still, turned = (
            of_class(draw_shapes(30, position=0.5, rotation=degrees), label).images[:, 0]
            for degrees in (0, 90)
        )
        torch.testing.assert_close(turned, still.rot90(dims=(1, 2)), atol=0.03, rtol=0)


def test_at_rotation_0_a_triangle_stands_on_a_side():
    shapes = of_class(basic_shapes(30, size=64, rotation=0, scale=0.8), TRIANGLE)
    width = coverage_of(shapes).sum(axis=2)
    last = (width > 1).cumsum(axis=1).argmax(axis=1)
    assert (last - width.argmax(axis=1) <= 1).all()


def test_scale_is_uniform_and_is_the_diameter_of_the_circle_around():
    shapes = of_class(draw_shapes(1500, seed=7, aspect=1), ELLIPSE)
    area, _, _ = moments(coverage_of(shapes))
    assert is_uniform(np.sqrt(4 * area / np.pi), 0.4, 0.8)


def test_aspect_is_uniform():
    shapes = of_class(draw_shapes(1500, seed=8, size=64, scale=0.8), ELLIPSE)
    _, _, spread = moments(coverage_of(shapes))
    low, high = np.linalg.eigvalsh(spread).T
    assert is_uniform(np.sqrt(low / high), 0.5, 1)


def test_position_is_uniform_in_both_directions_and_independent():
    shapes = of_class(draw_shapes(1500, seed=9, aspect=1, scale=0.5), ELLIPSE)
    _, centre, _ = moments(coverage_of(shapes))
    for axis in (0, 1):
        assert is_uniform(centre[:, axis], 1 / 16 + 0.25, 15 / 16 - 0.25)
    assert stats.pearsonr(centre[:, 0], centre[:, 1]).pvalue > 0.001


def test_position_can_be_a_range_for_each_axis_and_draws_as_before():
    both = scenes_of(3000, seed=10, position=(0.2, 0.7)).position
    across, down = scenes_of(3000, seed=10, position=((0.2, 0.7), 0.9)).position.T
    assert np.array_equal(across, both[:, 0]) and set(down) == {0.9}
    across, down = scenes_of(3000, seed=10, position=(0.1, [0.2, 0.7])).position.T
    assert np.array_equal(down, both[:, 1]) and set(across) == {0.1}


def test_position_across_goes_to_the_right_and_down_goes_down():
    upper_right = draw_shapes(3, seed=11, position=((1, 1), (0, 0)), contrast=1)
    _, centre, _ = moments(coverage_of(upper_right))
    assert (centre[:, 0] > 0.55).all() and (centre[:, 1] < 0.45).all()


def test_contrast_is_uniform():
    reach = np.ptp(pictures(draw_shapes(1500, seed=10, contrast=(0.2, 0.7))), axis=(1, 2))
    assert is_uniform(reach, 0.2, 0.7)


def test_dials_are_independent_of_each_other_and_of_the_class():
    scenes = scenes_of(3000, seed=11, noise=(0, 0.2), clutter=(0, 20))
    contrast = np.abs(scenes.foreground - scenes.background)
    brightness = np.minimum(scenes.foreground, scenes.background) / (1 - contrast)
    columns = [scenes.scale, scenes.aspect, scenes.rotation, scenes.noise, scenes.clutter,
               scenes.position[:, 0], scenes.position[:, 1], contrast, brightness,
               scenes.foreground > scenes.background,
               scenes.labels == RECTANGLE, scenes.labels == TRIANGLE]  # fmt: skip
    correlation = np.corrcoef(np.array(columns, dtype=float))
    correlation[-2:, -2:] = 0  # one class excludes the other
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 4 / np.sqrt(3000)


def test_noise_has_the_standard_deviation_asked_for():
    kwargs = {"contrast": 0.2, "count": 200, "seed": 12}
    clean, noisy = draw_shapes(**kwargs), draw_shapes(**kwargs, noise=0.05)
    middling = (clean.images > 0.3) & (clean.images < 0.7)  # where nothing is clipped
    grain = (noisy.images - clean.images)[middling]
    assert abs(grain.std().item() - 0.05) < 4 * 0.05 / (2 * len(grain)) ** 0.5
    assert abs(grain.mean().item()) < 4 * 0.05 / len(grain) ** 0.5
    assert noisy.images.min() >= 0 and noisy.images.max() <= 1
    assert not torch.equal(noisy.images[0] - clean.images[0], noisy.images[1] - clean.images[1])


def test_each_picture_draws_its_own_noise_level():
    clean, noisy = draw_shapes(600, contrast=0.05), draw_shapes(600, contrast=0.05, noise=(0, 0.1))
    ground = clean.images[:, 0, 0, 0]
    safe = (ground > 0.4) & (ground < 0.6)
    level = (noisy.images - clean.images)[safe].flatten(1).std(dim=1)
    assert level.min() < 0.02 and level.max() > 0.08


def test_clutter_lies_behind_the_shape_and_stays_half_as_strong():
    clean, messy = (
        draw_shapes(150, seed=13, size=64),
        draw_shapes(150, seed=13, size=64, clutter=20),
    )
    scenes = scenes_of(150, seed=13)
    greys = (scenes.foreground, scenes.background, pictures(clean), pictures(messy))
    for shape, ground, before, after in zip(*greys, strict=True):
        contrast = abs(shape - ground)
        inside = np.abs(before - shape) < 1e-6
        outside = before == before[0, 0]
        np.testing.assert_allclose(after[inside], before[inside], atol=1e-6)
        assert np.abs(after[outside] - shape).min() >= contrast / 2 - 1e-6
        assert np.abs(after[outside] - ground).max() > 0.05 * contrast


def test_more_clutter_changes_more_pixels():
    none, few, many = (pictures(draw_shapes(60, clutter=count)) for count in (0, 3, 20))
    assert 0 < (few != none).mean() < (many != none).mean()


def test_clutter_draws_every_whole_number_in_its_range_equally_often():
    counts = np.bincount(scenes_of(3000, clutter=(2, 5)).clutter)
    assert counts[:2].sum() == 0
    assert stats.chisquare(counts[2:]).pvalue > 0.001
    assert len(counts) == 6


@pytest.mark.parametrize("dial", DIALS)
def test_turning_one_dial_changes_no_draw_of_the_others(dial):
    turned = {"position": 0.3, "scale": 0.5, "aspect": 0.9, "rotation": 10, "contrast": 0.5,
              "noise": 0.1, "clutter": 7}  # fmt: skip
    before, after = scenes_of(30), scenes_of(30, **{dial: turned[dial]})
    changes = {field.name for field in dataclasses.fields(before)
               if not np.array_equal(getattr(before, field.name), getattr(after, field.name))}  # fmt: skip
    also = {"contrast": {"foreground", "background"}, "clutter": {"clutter", "strokes"}}
    assert changes == also.get(dial, {dial})


@pytest.mark.parametrize("label", [0, 1, 2])
def test_a_label_draws_one_class_and_changes_nothing_else(label):
    mixed, alone = scenes_of(60), scenes_of(60, label=label)
    changes = {field.name for field in dataclasses.fields(mixed)
               if not np.array_equal(getattr(mixed, field.name), getattr(alone, field.name))}  # fmt: skip
    assert changes == {"labels", "squeeze"} and set(alone.labels) == {label}
    same = mixed.labels == label
    assert np.array_equal(mixed.squeeze[same], alone.squeeze[same])
    drawn = draw_shapes(60, label=label, noise=0.1, clutter=(0, 4))
    expected = draw_shapes(60, noise=0.1, clutter=(0, 4))
    assert torch.equal(drawn.images[same], expected.images[same])
    assert set(drawn.labels.tolist()) == {label}


# Seeds and sizes


def test_the_same_seed_gives_the_same_pictures_whatever_torch_and_numpy_are_told():
    expected = draw_shapes(40, seed=14, noise=0.1, clutter=(0, 4))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        torch.set_default_device("meta")
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(99)
        np.random.seed(99)
        again = draw_shapes(40, seed=14, noise=0.1, clutter=(0, 4))
    finally:
        torch.set_num_threads(threads)
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    assert torch.equal(expected.images, again.images)
    assert torch.equal(expected.labels, again.labels)


def test_pictures_are_as_ever():
    """Recorded once: another stream or drawing would make old results incomparable."""
    shapes = geometric_shapes(4, seed=1)
    grey, ramp = pictures(shapes), np.linspace(-1, 1, 32)
    assert shapes.labels.tolist() == [2, 0, 1, 2]
    np.testing.assert_allclose(
        grey.mean(axis=(1, 2)), [0.562828, 0.866658, 0.229239, 0.697223], atol=1e-5
    )
    np.testing.assert_allclose(
        (grey @ ramp).mean(axis=1), [-0.236628, -0.353761, 0.204738, -1.532517], atol=1e-5
    )
    np.testing.assert_allclose(
        (ramp @ grey).mean(axis=1), [0.279733, -0.024633, 1.367734, 0.616097], atol=1e-5
    )


def test_other_seeds_give_other_pictures():
    seeds = (0, 1, 2**32, 2**32 + 1, 2**62, 2**70)
    greys = {draw_shapes(30, seed=seed).images.numpy().tobytes() for seed in seeds}
    labels = {tuple(draw_shapes(30, seed=seed).labels.tolist()) for seed in seeds}
    assert len(greys) == len(labels) == len(seeds)


def test_a_smaller_set_is_the_beginning_of_a_larger_one():
    kwargs = {"seed": 15, "noise": (0, 0.1), "clutter": (0, 3)}
    small, large = draw_shapes(70, **kwargs), draw_shapes(200, **kwargs)
    assert torch.equal(small.images, large.images[:70])
    assert torch.equal(small.labels, large.labels[:70])


def test_another_size_shows_the_same_scenes():
    kwargs = {"seed": 16, "clutter": (0, 5)}
    small, large = draw_shapes(60, size=32, **kwargs), draw_shapes(60, size=96, **kwargs)
    averaged = torch.nn.functional.avg_pool2d(large.images, 3)
    difference = (averaged - small.images).abs()
    assert difference.max() < 0.06  # at the thin strokes; three times as many strips below
    assert difference.mean() < 2e-4
    assert torch.equal(small.labels, large.labels)


def test_a_set_of_shapes_says_how_it_was_made():
    shapes = basic_shapes(5, seed=17, size=20)
    assert shapes.images.shape == (5, 1, 20, 20)
    assert shapes.images.dtype == torch.float32
    assert (shapes.name, geometric_shapes(3).name) == ("basic shapes", "geometric shapes")
    assert "seed 17" in shapes.source


# Mistakes


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("count", 0, ValueError),
        ("count", 2.0, TypeError),
        ("seed", -1, ValueError),
        ("seed", None, TypeError),
        ("label", 3, ValueError),
        ("label", "ellipse", TypeError),
        ("size", 15, ValueError),
        ("size", 513, ValueError),
        ("size", 32.0, TypeError),
        ("position", (-0.1, 1), ValueError),
        ("position", (0, 1.1), ValueError),
        ("position", ((0, 1), (0, 1.1)), ValueError),
        ("position", ((0, 1), (0, 1), (0, 1)), ValueError),
        ("position", ((0, 1),), ValueError),
        ("position", ((0.7, 0.2), 0.5), ValueError),
        ("scale", 0.05, ValueError),
        ("scale", (0.4, 0.9), ValueError),
        ("aspect", (0.1, 1), ValueError),
        ("aspect", (1, 0.5), ValueError),
        ("rotation", (0, 361), ValueError),
        ("contrast", 0, ValueError),
        ("contrast", (0.5, float("nan")), ValueError),
        ("contrast", "high", TypeError),
        ("noise", (0, 0.6), ValueError),
        ("noise", None, TypeError),
        ("clutter", 21, ValueError),
        ("clutter", (0, 2.5), TypeError),
        ("clutter", (1, 2, 3), ValueError),
    ],
)
def test_a_bad_argument_is_named_with_what_is_allowed(name, value, error):
    with pytest.raises(error, match=rf"{name} must be .*got"):
        draw_shapes(**{"count": 3} | {name: value})


def test_an_unknown_dial_is_refused():
    with pytest.raises(TypeError, match="colour"):
        geometric_shapes(3, colour=1)
