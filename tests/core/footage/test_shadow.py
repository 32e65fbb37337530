"""Shadows of things that are taken away, where it is known how far they reach; margins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.clip.clip import Clip
from core.conditioning import Kind
from core.footage.kinds import MARGIN, grown, not_kept
from core.footage.roles import roles
from core.footage.shadow import FARTHEST, brighter, shadow, whole_shadow
from core.project.edits import SURROUNDINGS, Edits, ObjectTarget, SetClass
from core.project.fold import Scene
from tests.core.project.moving import HEIGHT, WIDTH, Block, clip_of, square, straight
from tests.core.project.test_fold import NumberedLooks, paint
from tests.pictures import STREET

FRAMES, CAR_ID = 8, 14001
ROLES = roles(STREET)
GROUND = Block(1000, (10, -40, HEIGHT, WIDTH + 40), straight(0, 0, FRAMES))
STANDS = Block(CAR_ID, (14, 30, 30, 50), straight(0, 0, FRAMES))
PASSES = Block(CAR_ID, (14, 10, 30, 22), straight(6, 0, FRAMES))
CAR = square(14, 30, 30, 50)
SHADE = square(26, 26, 36, 54) & ~CAR


def with_shadow(*blocks: Block, brightness: float = 0.5) -> Clip:
    """Ground with some grain, and a dark band about the foot of the car, which goes with it."""
    clip = clip_of(*blocks)
    grain = np.random.default_rng(3).integers(-6, 7, (HEIGHT, WIDTH, 1))
    pictures = np.broadcast_to(120 + grain, (FRAMES, HEIGHT, WIDTH, 3)).astype(np.uint8).copy()
    for t in range(FRAMES):
        _, left, bottom, right = blocks[-1].box
        band = Block(CAR_ID, (bottom - 4, left - 4, bottom + 6, right + 4), blocks[-1].path).pixels(t)
        pictures[t][band] = (pictures[t][band] * brightness).astype(np.uint8)
        pictures[t][clip.objects[t] == CAR_ID] = (200, 20, 20)
    return replace(clip, pictures=pictures)


def removal(**fields: object) -> SetClass:
    target = ObjectTarget(object=CAR_ID)
    return SetClass(id="removal", target=target, to=SURROUNDINGS, frames=(0, FRAMES), **fields)


def kinds(clip: Clip, *edits: SetClass, t: int = 0) -> np.ndarray:
    film = Scene(clip, NumberedLooks()).conditioning(edits, t, "footage").film
    assert film is not None
    return film.kinds


def test_a_shadow_is_dark_ground_about_the_foot() -> None:
    clip = with_shadow(GROUND, STANDS)
    found = shadow(clip.pictures[0], clip.labels[0], CAR, ROLES)
    assert found[SHADE].mean() > 0.95 and not found[~grown(SHADE, 1)].any()
    lit = with_shadow(GROUND, STANDS, brightness=0.95)
    assert not shadow(lit.pictures[0], lit.labels[0], CAR, ROLES).any()
    assert not shadow(clip.pictures[0], clip.labels[0], np.zeros_like(CAR), ROLES).any()


def test_farther_out_the_film_stays_however_dark_it_is() -> None:
    clip = with_shadow(Block(1000, (0, -40, HEIGHT, WIDTH + 40), straight(0, 0, FRAMES)), STANDS)
    dark = np.where(square(20, 0, HEIGHT, WIDTH)[..., None], 30, clip.pictures[0]).astype(np.uint8)
    small = square(28, 30, 30, 32)
    tall = square(0, 30, 30, 32)
    for car in (small, tall):
        assert not (shadow(dark, clip.labels[0], car, ROLES) & ~grown(car, FARTHEST)).any()
    assert (shadow(dark, clip.labels[0], tall, ROLES) & ~grown(tall, FARTHEST - 4)).any()


def test_what_stands_takes_its_shadow_along_unless_told_otherwise() -> None:
    clip = with_shadow(GROUND, STANDS)
    outside = SHADE & ~grown(CAR, MARGIN)
    assert (kinds(clip, removal())[outside] == Kind.MADE_UP).mean() > 0.95
    assert (kinds(clip, removal(shadow=False))[outside] == Kind.FILMED).all()


def test_where_another_frame_shows_the_place_in_the_light_it_is_shown_and_else_the_film_stays() -> None:
    """The car moves and its shadow with it: other frames show that ground. A dark patch of the ground stays dark."""
    clip = with_shadow(GROUND, PASSES)
    t, patch = 3, np.zeros((HEIGHT, WIDTH), bool)
    patch[33:38, 24:28] = True  # ground, darker in every frame
    pictures = clip.pictures.copy()
    pictures[:, patch] = 70
    clip = replace(clip, pictures=pictures)
    shaded = (pictures[t].mean(2) < 75) & ~patch
    found = kinds(clip, removal(), t=t)
    film = Scene(clip, NumberedLooks()).conditioning((removal(),), t, "footage").film
    away = shaded & ~grown(clip.objects[t] == CAR_ID, MARGIN)
    assert away.sum() > 30 and (found[away] == Kind.PLATE).mean() > 0.9
    plate = found == Kind.PLATE
    assert np.abs(film.picture[plate].astype(int) - 120).max() <= 8
    np.testing.assert_array_equal(film.picture[found == Kind.FILMED], pictures[t][found == Kind.FILMED])


def street_with(*dark: tuple[slice, slice], cars: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture (H, W, 3), labels (H, W) and the first of the cars (H, W) bool on a road in the sun, dark in places."""
    labels = np.full((80, 200), GROUND.object // 1000, np.uint8)
    picture = np.full((80, 200, 3), 120, np.uint8)
    for place in dark:
        picture[place] = 75
    removed = np.zeros(labels.shape, bool)
    removed[20:50, 20:60] = True
    labels[20:50, 20:60] = labels[20:50, 140 : 140 + 40 * (cars - 1)] = CAR_ID // 1000
    return picture, labels, removed


def square_of(like: np.ndarray, top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros_like(like)
    mask[top:bottom, left:right] = True
    return mask


BAND = (slice(44, 56), slice(20, 100))


def test_a_whole_shadow_goes_on_beyond_lane_marks() -> None:
    picture, labels, car = street_with(BAND)
    picture[40:60, 78:84] = 220  # a lane mark
    found = whole_shadow(picture, labels, car, ROLES)
    band = np.zeros_like(car)
    band[BAND] = True
    band &= ~car
    assert found.dark[band].mean() > 0.98 and not found.dark[~grown(band | car, 3)].any()
    far = band & ~grown(car, FARTHEST)
    assert far.sum() > 100 and not shadow(picture, labels, car, ROLES)[far].any()
    # Dark ground that does not begin at the car is no shadow of it.
    apart = street_with((slice(72, 80), slice(20, 100)), BAND)[0]
    assert not whole_shadow(apart, labels, car, ROLES).dark[70:].any()


def test_the_shade_of_something_else_stays() -> None:
    picture, labels, car = street_with((slice(44, 54), slice(20, 140)), cars=2)
    found = whole_shadow(picture, labels, car, ROLES).dark
    assert found[50:54, 62:90].all() and not found[:, 105:].any()


@pytest.mark.parametrize("gap", [5, 60])
def test_what_stands_far_off_is_asked_too(gap: int) -> None:
    """Half of the way between them belongs to the other one, however far off that is."""
    picture, labels, car = street_with((slice(44, 56), slice(20, 190)))
    labels[20:50, 60 + gap : 70 + gap] = CAR_ID // 1000
    found = whole_shadow(picture, labels, car, ROLES).dark[52]
    assert found[60 : 60 + gap // 2].all() and not found[60 + gap // 2 + 4 :].any()


def test_only_what_no_sky_lights_can_be_no_shade_of_a_house() -> None:
    picture, labels, car = street_with(BAND)
    under = square_of(car, 50, 24, 54, 56)
    picture[under] = 10
    picture[72:] = 10  # as dark, and not below the car
    found = whole_shadow(picture, labels, car, ROLES)
    assert found.deep[under].mean() > 0.98 and not found.deep[~grown(under, 3)].any()


def test_a_whole_shadow_is_taken_along_where_that_is_asked_for() -> None:
    """The car and its long shadow pass: other frames show that ground in the light."""
    passes = Block(CAR_ID, (14, 4, 30, 16), straight(6, 0, FRAMES))
    clip, t = with_shadow(GROUND, passes), 2
    pictures = clip.pictures.copy()
    shaded = []
    for now in range(FRAMES):
        long = Block(CAR_ID, (26, 4, 34, 40), passes.path).pixels(now) & (clip.objects[now] != CAR_ID)
        pictures[now][long] = 60
        shaded.append(long)
    clip = replace(clip, pictures=pictures)
    far = shaded[t] & ~grown(clip.objects[t] == CAR_ID, FARTHEST)
    assert far.sum() > 30 and (kinds(clip, removal(), t=t)[far] == Kind.FILMED).all()
    film = Scene(clip, NumberedLooks()).conditioning((removal(shadow="whole"),), t, "footage").film
    assert (film.kinds[far] == Kind.PLATE).mean() > 0.9
    assert np.abs(film.picture[far & (film.kinds == Kind.PLATE)].astype(int) - 120).max() <= 8


def test_another_frame_must_be_brighter() -> None:
    film, valid = np.full((20, 20, 3), 100, np.uint8), np.zeros((20, 20), bool)
    valid[5:15, 5:15] = True
    for level, wanted in ((100, False), (104, False), (140, True), (60, False)):
        found = brighter(np.full_like(film, level), film, valid)
        assert (found == (valid & wanted)).all(), level


@pytest.mark.parametrize("margin", [0, MARGIN, 9, 40])
def test_the_margin_of_a_removal_is_around_all_of_it(margin: int) -> None:
    clip = with_shadow(GROUND, STANDS)
    found = kinds(clip, removal(margin=margin, shadow=False))
    np.testing.assert_array_equal(found != Kind.FILMED, grown(CAR, margin))


def test_each_edit_has_a_margin_of_its_own() -> None:
    clip = with_shadow(GROUND, STANDS)
    near, far = square(2, 2, 6, 6), square(2, 60, 6, 64)
    edits: Edits = (
        paint((0, near), to=12, thing=1_000_000, name="one"),
        paint((0, far), to=12, thing=1_000_001, name="two").with_margin(8),
    )
    away = kinds(clip, *edits) != Kind.FILMED
    np.testing.assert_array_equal(away, grown(near, MARGIN) | grown(far, 8))
    np.testing.assert_array_equal(not_kept(near), grown(near, MARGIN))
