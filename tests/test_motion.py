"""Moving shapes do what their label says; the clips are measured, not only their recipes."""

import numpy as np
import pytest
import torch
from scipy import stats

from effcv_lab.shapes import MOTIONS, draw_shapes, moving_shapes
from effcv_lab.shapes.motion import film, paths, sample_moves
from effcv_lab.shapes.scenes import MARGIN, outlines, random_streams, sample_scenes

DIALS = {
    "position": (0, 1),
    "scale": (0.25, 0.4),
    "aspect": (0.5, 1),
    "rotation": (0, 360),
    "contrast": (0.3, 1),
    "noise": 0,
    "clutter": 0,
}
MOVING = {"travel": (0.4, 0.8), "turns": (0.75, 1.75)}
WIDEST = {"travel": (0.1, 1), "turns": (0.25, 4), "scale": (0.1, 0.875), "aspect": (0.2, 1)}
HEADING = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def scenes_of(count, seed=0, **dials):
    return sample_scenes(count, seed=seed, **DIALS | dials)


def moves_of(count, seed=0, **dials):
    return sample_moves(count, seed=seed, **MOVING | dials)


def of_motion(clips, name):
    return clips.subset(clips.labels == MOTIONS.index(name))


def coverage_of(clips):
    """Measure from the picture how much of each pixel the shape covers (plain ground only)."""
    grey = clips.images.double().numpy()
    away = np.abs(grey - grey[:, :, :1, :1])
    return away / away.max(axis=(2, 3), keepdims=True)


def centres(clips):
    """Measure the centre of mass (N, F, 2) of the shape in each frame, in sides of the image."""
    weight = coverage_of(clips)
    middle = (np.arange(weight.shape[-1]) + 0.5) / weight.shape[-1]
    total = weight.sum(axis=(2, 3))
    x, y = (weight.sum(axis=axis) @ middle / total for axis in (2, 3))
    return np.stack([x, y], axis=2)


def steps_of(clips):
    return np.diff(centres(clips), axis=1)


# What moves, and how


@pytest.mark.parametrize("size", [16, 37])
def test_the_centre_of_mass_follows_the_path(size):
    clips = moving_shapes(90, seed=4, size=size, frames=7)
    scenes, moves = scenes_of(90, seed=4), moves_of(90, seed=4)
    shape = outlines(scenes)
    room = 1 - 2 * MARGIN - (shape.high - shape.low)
    reach = moves.travel * room.min(axis=1)
    expected = paths(moves, 7) * reach[:, None, None]
    found = centres(clips)
    np.testing.assert_allclose(found - found[:, :1], expected - expected[:, :1], atol=0.1 / size)
    corner = shape.low - shape.centre  # where its box begins, seen from the shape's centre
    first = MARGIN + scenes.position * (room - reach[:, None]) + expected[:, 0] - corner
    outline_centre = outlines(film(scenes, moves, 7)).centre.reshape(90, 7, 2)[:, 0]
    np.testing.assert_allclose(outline_centre, first, atol=1e-9)


@pytest.mark.parametrize("name", HEADING)
def test_straight_motions_go_their_way_at_an_even_pace(name):
    steps = steps_of(of_motion(moving_shapes(270, seed=1, frames=10), name))
    along = steps @ np.array(HEADING[name])
    assert (along > 0).all()
    np.testing.assert_allclose(along, along.mean(axis=1, keepdims=True) + 0 * along, atol=0.01)
    across = steps @ np.array(HEADING[name])[::-1]
    np.testing.assert_allclose(across, 0, atol=0.01)


@pytest.mark.parametrize(("name", "sign"), [("clockwise", 1), ("anticlockwise", -1)])
def test_circles_turn_the_way_that_a_viewer_sees(name, sign):
    clips = of_motion(moving_shapes(270, seed=2, turns=(0.25, 2)), name)
    place = centres(clips)
    # y points down: on the screen a clockwise turn goes from x towards y.
    first, second = np.diff(place[:, :-1], axis=1), np.diff(place[:, 1:], axis=1)
    cross = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    assert (sign * cross.sum(axis=1) > 0).all()
    assert (sign * cross > 0).mean() > 0.95


def test_circles_are_round_and_go_around_as_often_as_asked():
    for turns in (0.5, 1, 2.5):
        moves = moves_of(90, seed=3, turns=turns, travel=1)
        round_ones = moves[(moves.labels == 4) | (moves.labels == 5)]
        away = paths(round_ones, 200) - 0.5
        np.testing.assert_allclose(np.linalg.norm(away, axis=2), 0.5)
        angle = np.unwrap(np.arctan2(away[..., 1], away[..., 0]), axis=1)
        np.testing.assert_allclose(np.abs(angle[:, -1] - angle[:, 0]), 2 * np.pi * turns)


def test_there_and_back_ends_where_it_began_and_turns_once():
    clips = of_motion(moving_shapes(270, seed=5), "there and back")
    place = centres(clips)
    np.testing.assert_allclose(place[:, 0], place[:, -1], atol=0.01)
    axis = np.ptp(place, axis=1).argmax(axis=1)
    along = np.diff(place[np.arange(len(place)), :, axis], axis=1)
    turned = np.sign(along[:, 1:]) != np.sign(along[:, :-1])
    assert (turned.sum(axis=1) <= 2).all() and (turned.sum(axis=1) >= 1).all()
    assert set(axis) == {0, 1}


def test_stop_and_go_never_goes_back_and_stands_about_half_the_time():
    clips = of_motion(moving_shapes(450, seed=6, frames=60), "stop and go")
    place = centres(clips)
    axis = np.ptp(place, axis=1).argmax(axis=1)
    along = np.diff(place[np.arange(len(place)), :, axis], axis=1)
    along *= np.sign(along.sum(axis=1, keepdims=True))
    assert along.min() > -1e-3
    still = (along < 0.1 * along.max(axis=1, keepdims=True)).mean(axis=1)
    assert 0.4 < still.mean() < 0.6 and still.min() > 0.2


def test_zigzag_advances_evenly_and_swings_sideways():
    clips = of_motion(moving_shapes(450, seed=7, frames=40), "zigzag")
    place = centres(clips)
    heading = moves_of(450, seed=7).heading[(moves_of(450, seed=7).labels == 8)]
    ways = np.array(list(HEADING.values()))[heading]
    along = np.einsum("nfi,ni->nf", np.diff(place, axis=1), ways)
    assert (along > 0).all()
    across = np.einsum("nfi,ni->nf", place, np.abs(ways[:, ::-1]))
    assert (np.ptp(across, axis=1) > 0.4 * along.sum(axis=1)).all()
    signs = np.sign(np.diff(across, axis=1))
    turned = (signs[:, 1:] * signs[:, :-1] < 0).sum(axis=1)
    assert turned.min() >= 3 and turned.max() <= 8


def test_only_the_motion_tells_the_classes_apart():
    """A still image of each clip's shape, grey and place is no different from class to class."""
    moves = moves_of(9000, seed=8)
    scenes = scenes_of(9000, seed=8)
    for values in (scenes.scale, scenes.rotation, scenes.foreground, scenes.position[:, 0]):
        groups = [values[moves.labels == label] for label in range(len(MOTIONS))]
        assert stats.kruskal(*groups).pvalue > 1e-3
    table = np.histogram2d(moves.labels, scenes.labels, (9, 3))[0]
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_one_shape_of_one_grey_goes_through_a_clip():
    clips = moving_shapes(45, seed=9, frames=8, size=48)
    mass = coverage_of(clips).sum(axis=(2, 3))
    np.testing.assert_allclose(mass, mass.mean(axis=1, keepdims=True) + 0 * mass, rtol=0.05)
    ground = clips.images[:, :, 0, 0]
    assert torch.equal(ground, ground[:, :1].expand_as(ground))


def test_the_shapes_are_those_of_draw_shapes():
    same = {"seed": 10, "size": 16, "scale": (0.25, 0.4), "contrast": (0.3, 1)}
    still, moving = draw_shapes(60, **same), moving_shapes(60, **same, frames=3)
    np.testing.assert_allclose(
        still.images[:, 0].double().mean((1, 2)),
        moving.images[:, 0].double().mean((1, 2)),
        atol=1e-4,
    )


# What a set of clips promises


def test_a_clip_is_an_image_whose_channels_are_frames():
    clips = moving_shapes(20, frames=5, size=18, noise=0.1)
    assert clips.images.shape == (20, 5, 18, 18) and clips.images.dtype == torch.float32
    assert clips.images.min() >= 0 and clips.images.max() <= 1
    assert clips.classes == MOTIONS and len(MOTIONS) == 9


@pytest.mark.parametrize("size", [16, 40])
def test_the_whole_shape_keeps_away_from_the_border_in_every_frame(size):
    clips = moving_shapes(180, seed=1, size=size, frames=9, **WIDEST)
    grey = clips.images
    border = max(1, size // 16)
    inner = torch.zeros(size, size, dtype=torch.bool)
    inner[border:-border, border:-border] = True
    outside = grey[:, :, ~inner]
    assert torch.equal(outside, grey[:, :, :1, 0].expand_as(outside))
    assert (grey[:, :, inner] != grey[:, :, :1, 0]).any(dim=2).all()


def test_at_full_travel_the_shape_goes_from_margin_to_margin():
    scenes = scenes_of(450, seed=2)
    moves = moves_of(450, seed=2, travel=1)
    boxes = outlines(film(scenes, moves, 30))
    low, high = (end.reshape(450, 30, 2) for end in (boxes.low, boxes.high))
    room = 1 - 2 * MARGIN - (high - low)[:, 0]
    for clip in np.flatnonzero(moves.labels <= 3):
        axis = 0 if moves.labels[clip] <= 1 else 1
        if room[clip, axis] <= room[clip, 1 - axis]:
            assert low[clip, :, axis].min() == pytest.approx(MARGIN)
            assert high[clip, :, axis].max() == pytest.approx(1 - MARGIN)


def test_classes_have_equal_shares():
    for count in (1, 9, 31, 90):
        shares = moving_shapes(count, frames=2).labels.bincount(minlength=9)
        assert shares.max() - shares.min() <= 1


def test_the_same_seed_gives_the_same_clips_whatever_torch_and_numpy_are_told():
    torch.manual_seed(1)
    np.random.seed(1)
    first = moving_shapes(12, seed=5, noise=0.1, clutter=3)
    torch.manual_seed(2)
    np.random.seed(2)
    state = torch.get_rng_state()
    again = moving_shapes(12, seed=5, noise=0.1, clutter=3)
    assert torch.equal(first.images, again.images) and torch.equal(first.labels, again.labels)
    assert torch.equal(state, torch.get_rng_state())
    other = moving_shapes(12, seed=6, noise=0.1, clutter=3)
    assert not torch.equal(first.images, other.images)


def test_a_smaller_count_gives_the_first_of_the_same_clips():
    few, many = (moving_shapes(count, seed=3, noise=(0, 0.2), clutter=2) for count in (7, 40))
    assert torch.equal(few.images, many.images[:7]) and torch.equal(few.labels, many.labels[:7])


def test_another_rate_shows_the_same_motions():
    slow, fast = (moving_shapes(18, seed=3, frames=frames) for frames in (5, 9))
    assert torch.allclose(slow.images, fast.images[:, ::2], atol=1e-5)


def test_noise_is_new_in_each_frame_and_as_strong_as_asked():
    plain, noisy = (moving_shapes(40, seed=3, contrast=0.3, noise=noise) for noise in (0, 0.05))
    grain = (noisy.images - plain.images)[(plain.images > 0.2) & (plain.images < 0.8)]
    assert grain.std().item() == pytest.approx(0.05, rel=0.02)
    grain = noisy.images - plain.images
    assert not torch.equal(grain[:, 0], grain[:, 1])


def test_clutter_stands_still_while_the_shape_moves():
    plain, cluttered = (moving_shapes(9, seed=4, clutter=clutter) for clutter in (0, 8))
    ground = (plain.images == plain.images[:, :1, :1, :1]).all(dim=1)  # never covered
    differs = (plain.images != cluttered.images).any(dim=1) & ground
    assert differs.flatten(1).any(dim=1).all()
    still = cluttered.images == cluttered.images[:, :1]
    assert still.all(dim=1)[ground].all()


@pytest.mark.parametrize(
    "dial", [{"travel": 0.3}, {"turns": 3}, {"position": 0.5}, {"scale": 0.2}, {"contrast": 1}]
)
def test_turning_one_dial_changes_no_draw_of_the_others(dial):
    before = scenes_of(60, seed=1), moves_of(60, seed=1)
    split = [{k: v for k, v in dial.items() if (k in MOVING) == moving} for moving in (False, True)]
    after = scenes_of(60, seed=1, **split[0]), moves_of(60, seed=1, **split[1])
    kin = {"contrast": ("foreground", "background")}
    changed = {k for name in dial for k in kin.get(name, (name,))}
    for one, other in zip(before, after, strict=True):
        for name, values in vars(one).items():
            same = np.array_equal(values, getattr(other, name))
            assert same == (name not in changed), name


def test_the_dials_are_drawn_uniformly_and_independently():
    moves = moves_of(6000, seed=2)
    values = {
        "travel": (moves.travel, 0.4, 0.8),
        "turns": (moves.turns, 0.75, 1.75),
        "phase": (moves.phase, 0, 1),
        "beats": (moves.beats, 2, 4),
        "turning": (moves.turning, 0.35, 0.65),
    }
    for name, (found, low, high) in values.items():
        assert stats.kstest(found, "uniform", (low, high - low)).pvalue > 1e-3, name
    table = np.corrcoef([moves.labels, *(found for found, *_ in values.values())])
    assert np.abs(table - np.eye(6)).max() < 0.05
    free = moves.heading[moves.labels >= 4]
    assert stats.chisquare(np.bincount(free)).pvalue > 1e-3
    assert np.array_equal(moves.heading[moves.labels < 4], moves.labels[moves.labels < 4])


def test_motion_and_shape_have_streams_of_their_own():
    share = (moves_of(200, seed=0).travel - 0.4) / 0.4
    for stream in random_streams(0):  # of the scenes
        drawn = stream.random(20_000)
        assert np.abs(drawn[:, None] - share).min() > 1e-12
    moves, scenes = moves_of(3000, seed=0), scenes_of(3000, seed=0)
    for drawn in (scenes.scale, scenes.aspect, scenes.position[:, 0], scenes.position[:, 1]):
        for done in (moves.travel, moves.turns, moves.phase):
            assert abs(np.corrcoef(drawn, done)[0, 1]) < 0.06


def test_clips_are_as_ever():
    """Recorded once: another stream or drawing would make old results incomparable."""
    clips = moving_shapes(4, seed=1, frames=10)
    ramps = np.linspace(-1, 1, 10), np.linspace(-1, 1, 16)
    grey = clips.images.double().numpy()
    assert clips.labels.tolist() == [6, 7, 5, 4]
    np.testing.assert_allclose(
        grey.mean(axis=(1, 2, 3)), [0.673982, 0.906521, 0.090462, 0.822023], atol=1e-5
    )
    np.testing.assert_allclose(
        np.einsum("nfhw,f,w->n", grey, *ramps), [-0.5633, -0.0004, -5.6519, -0.1296], atol=1e-3
    )
    np.testing.assert_allclose(
        np.einsum("nfhw,f,h->n", grey, *ramps), [0.0, -9.3534, 9.3918, -0.5992], atol=1e-3
    )


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("count", 0, ValueError),
        ("count", 2.0, TypeError),
        ("seed", -1, ValueError),
        ("frames", 1, ValueError),
        ("frames", 301, ValueError),
        ("frames", "30", TypeError),
        ("size", 15, ValueError),
        ("travel", 0, ValueError),
        ("travel", (0.5, 1.5), ValueError),
        ("travel", (0.8, 0.4), ValueError),
        ("turns", 0.2, ValueError),
        ("turns", (1, 2, 3), ValueError),
        ("contrast", 0, ValueError),
        ("clutter", 0.5, TypeError),
    ],
)
def test_errors_name_the_argument_and_the_value(name, value, error):
    arguments = {"count": 3, name: value}
    shown = value if not isinstance(value, tuple) else value[-1 if name == "travel" else 0]
    with pytest.raises(error, match=name) as caught:
        moving_shapes(**arguments)
    assert str(shown) in str(caught.value)
