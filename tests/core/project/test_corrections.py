"""Corrections: what a clip is taken to be changes, what is to be seen does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.clip.clip import Clip
from core.conditioning import Code, Kind
from core.errors import InputError
from core.project.edits import Edit, Edits, Mask, ObjectTarget, Paint, SetStyle, parse_edit
from core.project.edits_file import read_edits, write_edits
from core.project.fold import Scene, acting
from core.project.project import Project
from core.styles.looks import Looks
from tests.core.tiny import CAR, CAR_ID, ROAD, SKY, tiny_clip

FRAMES, NEW = 6, 1_000_000
BESIDE = (8, 24, 12, 28)  # road, where no car comes in the first frames


@pytest.fixture(scope="module")
def clip() -> Clip:
    filmed = tiny_clip(FRAMES)
    noise = np.random.default_rng(5).integers(0, 256, (FRAMES, 16, 32, 3), np.uint8)
    return replace(filmed, pictures=noise)


def code_of(clip: Clip, thing: int, t: int) -> Code:
    """The mean colour of an object: a look read from the film, without a network."""
    assert clip.pictures is not None
    red, green, blue = (clip.pictures[t][clip.objects[t] == thing].mean(0) / 127.5 - 1).tolist()
    return red, green, blue


@pytest.fixture
def scene(clip: Clip) -> Scene:
    return Scene(clip, Looks({(CAR_ID, CAR): (0.1, 0.2, 0.3)}, {}), encode=code_of)


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros((16, 32), bool)
    mask[top:bottom, left:right] = True
    return mask


def paint(where: tuple[int, int, int, int], to: int | str = CAR, corrects: bool = True, **fields: object) -> Paint:
    keyframes = [{"frame": 0, "mask": Mask.from_array(box(*where)).model_dump()}]
    edit = {"kind": "paint", "id": "correction", "frames": [0, FRAMES], "keyframes": keyframes, "to": to}
    made = parse_edit({**edit, "motion": {"kind": "still"}, "corrects": corrects, **fields})
    assert isinstance(made, Paint)
    return made


def remove(thing: int = CAR_ID, name: str = "removal") -> Edit:
    return parse_edit(
        {"kind": "set_class", "id": name, "frames": [0, FRAMES], "target": {"object": thing}, "to": "surroundings"}
    )


def look(thing: int = CAR_ID, code: tuple[float, ...] = (0.9, -0.9, 0.9), name: str = "look") -> Edit:
    edit = {"kind": "set_style", "id": name, "frames": [0, FRAMES], "target": {"object": thing}}
    return parse_edit({**edit, "label": CAR, "code": code})


def stroke() -> Paint:
    return paint((1, 20, 4, 26), CAR, corrects=False, object=NEW + 7, id="stroke")


def films(scene: Scene, edits: Edits) -> list[tuple[np.ndarray, np.ndarray]]:
    found = []
    for t in range(FRAMES):
        film = scene.conditioning(edits, t, "footage").film
        assert film is not None
        found.append((film.picture, film.kinds))
    return found


@pytest.mark.parametrize(
    "before",
    [(), (remove(),), (look(),), (stroke(), remove()), (remove(), look(), stroke())],
    ids=lambda edits: "-".join(edit.id for edit in edits) or "nothing",
)
@pytest.mark.parametrize("where", [BESIDE, (4, 0, 14, 20)], ids=["beside", "across"])
@pytest.mark.parametrize("to", [CAR, ROAD, SKY, "source"])
def test_a_correction_changes_no_pixel_whatever_was_done_before(scene: Scene, before: Edits, where, to) -> None:
    correction = paint(where, to, object=NEW if to == CAR else None)
    for t in range(FRAMES):
        one, other = (scene.conditioning(edits, t, "footage") for edits in (before, (*before, correction)))
        assert one.key == other.key and one.past_key == other.past_key
        np.testing.assert_array_equal(one.film.picture, other.film.picture)


def test_the_labels_and_objects_of_the_clip_are_then_the_corrected_ones(scene: Scene, clip: Clip) -> None:
    correction = paint(BESIDE, object=NEW)
    for t in range(FRAMES):
        maps = scene.maps((correction,), t)
        np.testing.assert_array_equal(maps.labels, np.where(box(*BESIDE), CAR, clip.labels[t]))
        np.testing.assert_array_equal(maps.objects, np.where(box(*BESIDE), NEW, clip.objects[t]))
    taken = scene.taken((correction,))
    np.testing.assert_array_equal(taken.labels[3], scene.maps((correction,), 3).labels)
    assert taken.pictures is clip.pictures and scene.taken((remove(),)) is clip


def test_the_film_stays_film_under_a_correction_and_an_edit_elsewhere(scene: Scene, clip: Clip) -> None:
    for picture, kinds in films(scene, (paint(BESIDE, object=NEW), stroke())):
        assert (kinds[box(*BESIDE)] == Kind.FILMED).all()
        assert (kinds[box(1, 20, 4, 26)] == Kind.MADE_UP).all()
        assert picture.shape == (16, 32, 3)


def test_what_was_corrected_to_be_a_thing_is_taken_away_as_one(scene: Scene) -> None:
    """Its pixels are the hole, also in other frames: none of them is a source of what is behind it."""
    edits = (paint(BESIDE, object=NEW), remove(NEW))
    for t in range(FRAMES):
        maps, film = scene.maps(edits, t), scene.conditioning(edits, t, "footage").film
        assert not (maps.objects == NEW).any()
        assert (maps.labels[box(*BESIDE)] == ROAD).all()
        assert (film.kinds[box(*BESIDE)] != Kind.FILMED).all()


def test_a_removal_before_the_correction_stays_and_one_after_it_takes_all(scene: Scene, clip: Clip) -> None:
    """The car's labels were too small: what is corrected after it was taken away goes when it is taken away again."""
    mirror = paint((8, 2, 10, 4), object=CAR_ID)
    first = films(scene, (remove(),))[0][1]
    np.testing.assert_array_equal(films(scene, (remove(), mirror))[0][1], first)
    assert (first[8:10, 0] == Kind.FILMED).all()
    kinds = films(scene, (remove(), mirror, remove(name="again")))[0][1]
    assert (kinds[8:10, 2:12] != Kind.FILMED).all()
    assert (scene.maps((mirror, remove()), 0).labels[8:13, 2:12] != CAR).all()


def test_a_correction_leaves_what_edits_have_changed(scene: Scene) -> None:
    """What is seen there is not what was filmed; and the car that was taken away does not come back."""
    edits = (remove(), paint((8, 4, 13, 12), ROAD))
    assert all((kinds[8:13, 4:12] != Kind.FILMED).all() for _, kinds in films(scene, edits)[:1])
    again = (*edits, look())
    assert (films(scene, again)[0][1][8:13, 4:12] != Kind.FILMED).all()


def test_a_look_of_what_was_corrected_begins_with_its_filmed_look(scene: Scene, clip: Clip) -> None:
    """Its own look is read from the film; the same look changes nothing, another one its pixels alone."""
    correction = paint(BESIDE, object=NEW)
    own = scene.conditioning((correction,), 0).codes[NEW, CAR]
    corrected = scene.taken((correction,))
    assert own == code_of(corrected, NEW, 0)
    for picture, kinds in films(scene, (correction, look(NEW, own)))[:1]:
        np.testing.assert_array_equal(picture, clip.pictures[0])
        assert (kinds == Kind.FILMED).all()
    picture, kinds = films(scene, (correction, look(NEW)))[0]
    np.testing.assert_array_equal(kinds == Kind.REDRESSED, box(*BESIDE))
    np.testing.assert_array_equal(picture[~box(*BESIDE)], clip.pictures[0][~box(*BESIDE)])
    assert (picture[box(*BESIDE)] != clip.pictures[0][box(*BESIDE)]).any()


def test_without_an_encoder_a_corrected_thing_has_the_look_of_its_class(clip: Clip) -> None:
    def refuses(clip: Clip, thing: int, t: int) -> Code:
        raise InputError("This checkpoint has no encoder.")

    correction = paint(BESIDE, object=NEW)
    for encode in (refuses, None):
        assert Scene(clip, Looks({}, {}), encode=encode).conditioning((correction,), 0).codes[NEW, CAR] == (0, 0, 0)


def test_a_part_is_corrected_back_and_undo_is_leaving_it_out(scene: Scene, clip: Clip) -> None:
    back = paint((8, 24, 10, 28), "source", id="back")
    maps = scene.maps((paint(BESIDE, object=NEW), back), 2)
    np.testing.assert_array_equal(maps.objects == NEW, box(10, 24, 12, 28))
    assert scene.conditioning((), 2, "footage").key == scene.conditioning((back,), 2, "footage").key


def test_a_correction_counts_where_a_later_edit_acts_though_it_does_not_reach_so_far() -> None:
    """What is behind a thing is looked for in all frames, those that were corrected too."""
    early = paint(BESIDE, object=NEW, frames=[0, 2])
    assert acting((early,), 4) == () and acting((early,), 1) == (early,)
    assert acting((early, remove()), 4) == (early, remove())
    assert acting((remove(), early), 4) == (remove(),)


def test_rendered_it_is_seen(scene: Scene) -> None:
    """Every pixel comes from the labels there."""
    assert scene.conditioning((paint(BESIDE, object=NEW),), 0).key != scene.conditioning((), 0).key


def test_it_is_kept_in_files_and_in_the_history(tmp_path: Path) -> None:
    edits = (paint(BESIDE, object=NEW), look())
    write_edits(tmp_path / "edits.json", edits, mode="footage")
    assert json.loads((tmp_path / "edits.json").read_text())["edits"][0]["corrects"] is True
    assert read_edits(tmp_path / "edits.json").edits == edits
    project = Project("a" * 32, "tiny", "", "").applied(edits[0])
    again = Project.from_json(project.to_json())
    assert again == project and again.undone().edits == () and again.undone().redone().edits == (edits[0],)
    assert again.next_object == NEW + 1


def test_a_look_given_again_after_a_correction_comes_after_it() -> None:
    """The correction may have made the object larger: a look before it says nothing of the new part."""
    first, second = look(), look(name="second")
    assert isinstance(second, SetStyle) and second.target == ObjectTarget(object=CAR_ID)
    edits = Project("a" * 32, "tiny", "", "").applied(first).applied(paint(BESIDE)).applied(second).edits
    assert [edit.id for edit in edits] == ["correction", "second"]


@pytest.mark.parametrize("wrong", ["yes", 1, None, [True]])
def test_corrects_is_true_or_false(wrong: object) -> None:
    with pytest.raises(InputError, match="corrects"):
        paint(BESIDE, corrects=wrong)  # type: ignore[arg-type]


def test_a_corrected_object_has_an_id_that_maps_can_hold() -> None:
    with pytest.raises(InputError, match="object"):
        paint(BESIDE, object=2**31 - 1)
    with pytest.raises(InputError, match="corrects"):
        parse_edit({**remove().outline, "corrects": True})


def test_strokes_of_both_kinds_have_lanes_of_their_own(scene: Scene) -> None:
    one, other = paint(BESIDE), paint(BESIDE, corrects=False)
    assert not other.continues(one) and paint((1, 1, 3, 3)).continues(one)
    assert one.digest != other.digest
