"""Plates, shadows and estimated motion, where the right pixels are known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from core.clip.clip import Clip
from core.conditioning import Kind
from core.footage.behind import Behind
from core.footage.estimated_flow import flow_to_before, with_flow
from core.footage.plates import Fetched, Plates
from core.footage.roles import roles
from core.footage.shade import shade
from core.footage.sources import Sources
from core.project.draft import Removed
from core.project.edits import SURROUNDINGS, ObjectTarget, Still
from core.project.fold import Scene
from tests.core.project.moving import FACADE, HEIGHT, WIDTH, Block, clip_of, square, straight
from tests.core.project.test_fold import NumberedLooks, paint, swap
from tests.pictures import STREET, tiny_clip

FRAMES, CAR_ID = 8, 14001
GROUND = Block(1000, (24, -40, HEIGHT, WIDTH + 40), straight(-2, 0, FRAMES))
WALL = Block(FACADE, (4, -40, 24, WIDTH + 40), straight(1, 0, FRAMES))
PASSES = Block(CAR_ID, (8, 10, 34, 26), straight(5, 0, FRAMES))
# Hides some of the wall and of the ground in some frames.
WALKS = Block(12001, (12, 66, 32, 71), straight(-5, 0, FRAMES))
GONE = Removed((ObjectTarget(object=CAR_ID),))
ROLES = roles(STREET)


def pictured(*blocks: Block, light: np.ndarray | None = None) -> Clip:
    """A clip of blocks with a texture fixed to each; light: (N,) how bright each frame is."""
    clip = clip_of(*blocks)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    pictures = np.zeros((FRAMES, HEIGHT, WIDTH, 3), np.float32)
    for t in range(FRAMES):
        for block in blocks:
            here = clip.objects[t] == block.object
            own = columns - block.path[t][0] + 1000
            pictures[t][here] = (80 + np.stack([own * 7 % 23, own * 5 % 17, rows * 3 % 19], -1) * 3)[here]
    if light is not None:
        pictures *= light[:, None, None, None]
    return replace(clip, pictures=np.rint(pictures).astype(np.uint8))


def fetched(clip: Clip, t: int) -> Fetched:
    return Plates(Behind(clip)).at(t, GONE)


@pytest.mark.parametrize("t", range(FRAMES))
def test_plates_are_the_true_pixels_of_surfaces_that_move_differently(t: int) -> None:
    filmed, truth = pictured(GROUND, WALL, WALKS, PASSES), pictured(GROUND, WALL, WALKS)
    hole, plate = filmed.objects[t] == CAR_ID, fetched(filmed, t)
    near = cv2.dilate(hole.view(np.uint8), np.ones((21, 21), np.uint8)) > 0
    assert not plate.valid[~near].any() and not plate.picture[~plate.valid].any()
    assert (plate.valid & ~hole).any()
    assert plate.valid[hole].mean() > 0.5
    assert np.array_equal(plate.picture[plate.valid], truth.pictures[t][plate.valid])
    assert np.array_equal(plate.distance > 0, plate.valid)


def test_light_is_matched() -> None:
    light = np.linspace(0.7, 1.2, FRAMES)
    filmed, truth = pictured(GROUND, WALL, PASSES, light=light), pictured(GROUND, WALL, light=light)
    plate = fetched(filmed, 4)
    error = np.abs(plate.picture[plate.valid].astype(int) - truth.pictures[4][plate.valid])
    assert plate.valid.any() and error.max() <= 3


def test_the_shadow_of_what_was_taken_away_is_no_source() -> None:
    """A dark band of ground goes with the car; no plate shows it."""
    filmed = pictured(GROUND, WALL, PASSES)
    dark, truth = filmed.pictures.copy(), pictured(GROUND, WALL)
    for t in range(FRAMES):
        band = Block(CAR_ID, (24, 6, 38, 30), PASSES.path).pixels(t) & (filmed.objects[t] == 1000)
        dark[t][band] //= 2
    plate = fetched(replace(filmed, pictures=dark), 4)
    assert plate.valid[24:].any()
    assert np.array_equal(plate.picture[plate.valid], truth.pictures[4][plate.valid])


def test_what_was_fetched_is_kept_and_a_clip_without_pictures_has_none() -> None:
    clip = pictured(GROUND, WALL, PASSES)
    plates = Plates(Behind(clip))
    assert plates.nbytes == 0
    assert np.array_equal(plates.at(4, GONE).picture, plates.at(4, GONE).picture) and plates.nbytes > 0
    with pytest.raises(ValueError, match="no pictures"):
        Plates(Behind(clip_of(GROUND)))


def test_a_surface_that_is_met_only_later_has_no_way() -> None:
    """Every second pixel is looked at: one between them is met in a frame far away, where it is another pixel."""
    frames = 30
    ground = Block(1000, (24, -40, HEIGHT, WIDTH + 40), straight(0, 0, frames))
    speck = Block(12001, (13, 21, 14, 22), ((0, 0),) * (frames - 1) + ((1, 1),))
    clip = clip_of(ground, speck)
    behind = Behind(clip)
    other, ways = next(behind.paths.ways(2))
    behind.surfaces.step(frames - 1)
    assert behind.surfaces.count == len(ways) + 1
    source = Sources(behind, np.zeros((*clip.labels.shape, 3), np.uint8)).at(other, ways, GONE)
    key = behind.surfaces.keys(clip.labels[2, 13, 21:22], clip.objects[2, 13, 21:22])
    colours, found = source.colours(key, np.zeros(1, np.intp), np.float32([21]), np.float32([13]))
    assert len(colours) == len(found) == 0


def test_shade_is_the_ground_around_the_foot() -> None:
    labels = np.where(np.arange(HEIGHT)[:, None] < 20, 3, 1).astype(np.uint8).repeat(WIDTH, 1)
    car = square(10, 20, 26, 40)
    labels[car] = 14
    found = shade(car, labels, ROLES, radius=5)
    assert not (found & car).any() and not found[:20].any()
    assert found[26:31, 30].all() and not found[31:, 30].any()
    assert found[24, 15:20].all() and not found[24, :15].any() and found[24, 40:45].all()
    assert not shade(car, labels, ROLES, radius=0).any()
    assert shade(car, labels, ROLES, 5, share=0.5).sum() > found.sum()
    assert np.array_equal(shade(car | square(30, 60, 32, 62), labels, ROLES, 5), found)  # that is ground itself
    with pytest.raises(ValueError, match="41"):
        shade(car, labels, ROLES, radius=41)


def test_estimated_motion_comes_home_and_is_not_believed_where_it_does_not() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 96), np.uint8)
    before = np.repeat(cv2.GaussianBlur(noise, (0, 0), 2)[..., None], 3, 2)
    now = np.roll(before, 3, axis=1)
    flow, valid = flow_to_before(now, before)
    inner = (slice(12, -12), slice(16, -16))
    assert valid[inner].mean() > 0.95 and np.abs(flow[inner] - (-3, 0))[valid[inner]].mean() < 0.2
    other = np.repeat(np.random.default_rng(1).integers(0, 255, (64, 96, 1), np.uint8), 3, 2)
    assert flow_to_before(now, other)[1].mean() < 0.7


def test_a_clip_gets_motion_once_with_progress() -> None:
    clip = tiny_clip(flow=False, frames=3)
    seen: list[tuple[int, int]] = []
    moving = with_flow(clip, lambda done, count: seen.append((done, count)))
    assert moving.flow is not None and moving.flow_valid is not None and not moving.flow_valid[0].any()
    assert seen == [(2, 3), (3, 3)] and with_flow(moving) is moving
    with pytest.raises(ValueError, match="no pictures"):
        with_flow(tiny_clip(flow=False, pictures=False))


def test_footage_mode_shows_plates_where_a_thing_was_removed_and_not_painted_over() -> None:
    filmed, truth = pictured(GROUND, WALL, PASSES), pictured(GROUND, WALL)
    remove, painted = swap(ObjectTarget(object=CAR_ID), SURROUNDINGS), square(10, 28, 20, 34)
    stroke = paint((4, painted), to=12, thing=1_000_000, motion=Still())
    for edits in ((remove,), (remove, stroke)):
        film = Scene(filmed, NumberedLooks()).conditioning(edits, 4, "footage").film
        plate = film.kinds == Kind.PLATE
        assert plate[filmed.objects[4] == CAR_ID].mean() > 0.4 and (edits == (remove,) or not (plate & painted).any())
        assert np.array_equal(film.picture[plate], truth.pictures[4][plate])
    assert not (Scene(filmed, NumberedLooks()).conditioning((stroke,), 4, "footage").film.kinds == Kind.PLATE).any()
