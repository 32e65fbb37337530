"""Kinds of pixel: what stays filmed, what gets another look, what is made up or fetched."""

from __future__ import annotations

import numpy as np
import pytest

from core.conditioning import Conditioning, Film, Kind, Maps, Styles
from core.footage.kinds import MARGIN, Plate, film_of

HEIGHT, WIDTH = 20, 30
PICTURE = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
STYLES = Styles({(1000, 1): (0.1, 0.0, 0.0), (2001, 2): (0.0, 0.1, 0.0)})


def maps(label: int = 2, thing: int = 2001) -> Maps:
    """Stuff of class 1, and a thing in it."""
    labels = np.ones((HEIGHT, WIDTH), np.uint8)
    objects = np.full((HEIGHT, WIDTH), 1000, np.int32)
    labels[8:12, 10:20], objects[8:12, 10:20] = label, thing
    return Maps(labels, objects)


@pytest.mark.parametrize("changed", [maps(1, 1000), maps(1), maps(2, 2002)], ids=["both", "class", "object"])
def test_what_is_near_a_change_is_made_up_and_the_rest_is_filmed(changed):
    film = film_of(PICTURE, maps(), changed)
    wanted = np.full((HEIGHT, WIDTH), Kind.FILMED)
    wanted[8 - MARGIN : 12 + MARGIN, 10 - MARGIN : 20 + MARGIN] = Kind.MADE_UP
    np.testing.assert_array_equal(film.kinds, wanted)
    assert film.picture is PICTURE and not film.whole


def test_an_object_that_gets_another_look_is_redressed():
    film = film_of(PICTURE, maps(), maps(), {(2001, 2)})
    np.testing.assert_array_equal(film.kinds == Kind.REDRESSED, maps().labels == 2)
    np.testing.assert_array_equal(film.kinds == Kind.FILMED, maps().labels == 1)


def test_a_change_goes_before_another_look():
    away = maps(1, 1000)
    film = film_of(PICTURE, maps(), away, {(1000, 1)})
    assert (film.kinds[9, 12], film.kinds[0, 0]) == (Kind.MADE_UP, Kind.REDRESSED)


def test_plates_are_taken_where_they_are_known_and_nowhere_else():
    plate = Plate(np.zeros_like(PICTURE), np.zeros((HEIGHT, WIDTH), bool))
    plate.valid[:, :14] = True
    film = film_of(PICTURE, maps(), maps(1, 1000), plate=plate)
    fetched = film.kinds == Kind.PLATE
    assert fetched[9, 12] and not fetched[9, 16] and not fetched[9, 2]
    np.testing.assert_array_equal(film.picture[fetched], plate.picture[fetched])
    np.testing.assert_array_equal(film.picture[~fetched], PICTURE[~fetched])


def test_without_a_change_the_frame_is_film_and_asks_for_no_look():
    def nobody():
        raise AssertionError("a look was asked for")

    film = film_of(PICTURE, maps(), maps())
    frame = Conditioning(maps(), Styles(nobody), film)
    assert film.whole and frame.is_film and frame.key == film.key


def test_the_key_is_that_of_the_film_and_of_all_the_rest():
    def frame(picture=PICTURE, changed=None, styles=STYLES, plate=None):
        changed = maps(1, 1000) if changed is None else changed
        return Conditioning(changed, styles, film_of(picture, maps(), changed, plate=plate))

    other = Styles({(1000, 1): (0.2, 0.0, 0.0)})
    plate = Plate(255 - PICTURE, np.zeros((HEIGHT, WIDTH), bool))
    plate.valid[9] = True
    frames = [frame(), frame(255 - PICTURE), frame(changed=maps(3)), frame(styles=other), frame(plate=plate)]
    frames += [Conditioning(maps(1, 1000), STYLES)]
    assert len({each.key for each in frames}) == len(frames)
    assert frame().key == frame(PICTURE.copy()).key
    # What is shown is the film alone; what comes after it reads its maps and looks too.
    one, two = (Conditioning(maps(), styles, Film.entire(PICTURE)) for styles in (STYLES, other))
    assert one.key == two.key and one.past_key != two.past_key


@pytest.mark.parametrize(
    ("picture", "kinds"),
    [
        (PICTURE[..., 0], np.zeros((HEIGHT, WIDTH), np.uint8)),
        (PICTURE.astype(np.float32), np.zeros((HEIGHT, WIDTH), np.uint8)),
        (PICTURE, np.zeros((HEIGHT, WIDTH - 1), np.uint8)),
        (PICTURE, np.zeros((HEIGHT, WIDTH), np.int64)),
        (PICTURE, np.full((HEIGHT, WIDTH), max(Kind) + 1, np.uint8)),
    ],
)
def test_a_film_of_another_form_is_no_film(picture, kinds):
    with pytest.raises(ValueError, match="film"):
        Film(picture, kinds)
    with pytest.raises(ValueError, match="film"):
        Conditioning(Maps(np.ones((8, 8), np.uint8), np.ones((8, 8), np.int32)), film=Film.entire(PICTURE))
