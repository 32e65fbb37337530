"""Joins, splits, classes and carried frames: what a clip is taken to show changes along the motion, and no pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.clip.clip import Clip
from core.errors import InputError
from core.project.correspondence import Correspondence
from core.project.edits import Carry, Edit, Edits, Join, Mask, Paint, Split, parse_edit
from core.project.edits_file import check_edits, read_edits, write_edits
from core.project.fold import Scene
from core.project.project import Project
from core.project.reach import agreeing
from core.styles.looks import Looks
from tests.core.project.moving import HEIGHT, SKY, WIDTH, Block, clip_of, moved, square, straight

FRAMES, CAR, TRUCK, ROAD, NEW = 8, 14, 15, 1, 1_000_000
LEFT, RIGHT, POLE = 14001, 14002, 12001
ALL = (0, FRAMES)
# Two cars that were taken for one: the right one drives away from the left one, behind a pole.
LEFT_CAR = Block(LEFT, (20, 10, 30, 20), straight(1, 0, FRAMES))
RIGHT_CAR = Block(RIGHT, (20, 20, 30, 30), straight(3, 0, FRAMES))
POLE_BLOCK = Block(POLE, (10, 34, 40, 36), straight(0, 0, FRAMES))


def filmed(clip: Clip) -> Clip:
    """A clip whose things have a colour each."""
    colours = np.random.default_rng(3).integers(0, 256, (1 << 16, 3), np.uint8)
    return replace(clip, pictures=colours[clip.objects])


@pytest.fixture(scope="module")
def true() -> Clip:
    """Each car is an object."""
    return filmed(clip_of(LEFT_CAR, RIGHT_CAR, POLE_BLOCK))


@pytest.fixture(scope="module")
def merged(true: Clip) -> Clip:
    """Both cars are one object."""
    return replace(true, objects=np.where(true.objects == RIGHT, LEFT, true.objects))


def scene_of(clip: Clip) -> Scene:
    return Scene(clip, Looks({}, {}))


def split(clip: Clip, frame: int = 2, **fields: object) -> Edit:
    part = moved(RIGHT_CAR.pixels(0), RIGHT_CAR, 0, frame) & (clip.objects[frame] == LEFT)
    rest = (clip.objects[frame] == LEFT) & ~part
    masks = {"part": Mask.from_array(part), "rest": Mask.from_array(rest)}
    return Split(**{"id": "split", "frames": ALL, "object": LEFT, "new": NEW, "frame": frame} | masks | fields)


def swap(to: int | str, target: dict[str, int], frames: tuple[int, int] = ALL, corrects: object = True) -> Edit:
    edit = {"kind": "set_class", "id": "class", "frames": frames, "target": target, "to": to}
    return parse_edit(edit | {"corrects": corrects})


def stroke(frames: tuple[int, int], mask: np.ndarray, to: int, thing: int | None, name: str = "stroke") -> Paint:
    keyframe = {"frame": frames[0], "mask": Mask.from_array(mask).model_dump()}
    edit = {"kind": "paint", "id": name, "frames": frames, "keyframes": [keyframe], "to": to, "object": thing}
    return parse_edit(edit | {"motion": {"kind": "still"}, "corrects": True})  # type: ignore[return-value]


# Correspondence


@pytest.mark.parametrize("frame", [0, 3, FRAMES - 1])
def test_points_are_found_again_on_other_frames_unless_something_hides_them(true: Clip, frame: int) -> None:
    found = Correspondence(true, frame)
    for t in (FRAMES - 1, 0, 4):
        there = found.at(t)
        known = there >= 0
        rows, columns = np.divmod(there, WIDTH)
        at = np.indices((HEIGHT, WIDTH))
        for block in (LEFT_CAR, RIGHT_CAR, POLE_BLOCK):
            thing = known & (true.objects[t] == block.object)
            x, y = np.subtract(block.path[frame], block.path[t])
            assert (columns - at[1])[thing].tolist() == [x] * int(thing.sum())
            assert (rows - at[0])[thing].tolist() == [y] * int(thing.sum())
            assert (true.objects[frame].ravel()[there[thing]] == block.object).all()
        assert known[true.objects[t] == POLE].all()
    # The right car is seen at its place again where the pole does not hide it in a frame between.
    assert (Correspondence(true, 0).at(1)[true.objects[1] == RIGHT] >= 0).all()


def test_what_the_motion_says_to_be_known_though_it_was_hidden_is_not_taken() -> None:
    """World flow is known of every pixel: also of those that were behind a pole in the frame before."""
    clip = filmed(clip_of(RIGHT_CAR, POLE_BLOCK, honest=False))
    for frame, t in ((3, 4), (4, 3), (2, 6), (6, 2)):
        there = Correspondence(clip, frame).at(t)
        seen = there >= 0
        assert (clip.objects[frame].ravel()[there[seen]] == clip.objects[t][seen]).all()
        assert (seen & (clip.objects[t] == RIGHT)).any()


def test_pictures_may_be_larger_than_maps(true: Clip) -> None:
    assert true.pictures is not None
    large = replace(true, pictures=np.ascontiguousarray(np.asarray(true.pictures).repeat(2, 1).repeat(2, 2)))
    np.testing.assert_array_equal(Correspondence(large, 2).at(5), Correspondence(true, 2).at(5))


def test_without_motion_nothing_moves(true: Clip) -> None:
    there = Correspondence(replace(true, flow=None, flow_valid=None), 2).at(5)
    np.testing.assert_array_equal(there.ravel(), np.arange(there.size))


# Joins, splits, classes


def test_a_split_goes_on_along_the_motion_also_past_a_pole(true: Clip, merged: Clip) -> None:
    scene, edits = scene_of(merged), (split(merged),)
    for t in (2, 7, 0, 5):
        maps = scene.maps(edits, t)
        expected = np.where(true.objects[t] == RIGHT, NEW, true.objects[t])
        wrong = maps.objects != expected
        # Where the cars touch and the pole has just passed, a column may go with the other side.
        assert wrong.sum() <= 10 if t > 2 else not wrong.any(), t
        np.testing.assert_array_equal(maps.labels, merged.labels[t])


def test_a_split_acts_in_its_frames_and_only_there(true: Clip, merged: Clip) -> None:
    scene, edits = scene_of(merged), (split(merged, frames=(4, 6)),)
    assert [(scene.maps(edits, t).objects == NEW).any() for t in range(FRAMES)] == [4 <= t < 6 for t in range(FRAMES)]
    assert scene.effect(edits, 0).spans == ((4, 6),)


def test_joined_again_it_is_as_it_was(merged: Clip) -> None:
    scene = scene_of(merged)
    edits = (split(merged), Join(id="join", frames=(3, FRAMES), object=LEFT, other=NEW))
    for t in (0, 2, 3, 7):
        objects = scene.maps(edits, t).objects
        assert np.array_equal(objects, merged.objects[t]) == (t >= 3)
    assert scene.effect(edits, 1).spans == ((3, FRAMES),)


def test_what_joins_may_take_the_class_of_what_it_joins(true: Clip) -> None:
    clip = replace(true, labels=np.where(true.objects == RIGHT, TRUCK, true.labels).astype(np.uint8))
    for to, label in ((None, TRUCK), (CAR, CAR)):
        maps = scene_of(clip).maps((Join(id="join", frames=ALL, object=LEFT, other=RIGHT, to=to),), 4)
        assert (maps.objects != RIGHT).all() and (maps.labels[true.objects[4] == RIGHT] == label).all()


def test_a_thing_of_another_class_keeps_its_id_and_stuff_joins_its_class(true: Clip) -> None:
    scene = scene_of(true)
    for to, target, thing in (
        (TRUCK, {"object": RIGHT}, RIGHT),
        (ROAD, {"object": RIGHT}, 1000),
        (ROAD, {"label": CAR}, 1000),
    ):
        maps, where = scene.maps((swap(to, target, frames=(2, 5)),), 3), true.objects[3] == RIGHT
        assert (maps.labels[where] == to).all() and (maps.objects[where] == thing).all()
        np.testing.assert_array_equal(scene.maps((swap(to, target, frames=(2, 5)),), 5).labels, true.labels[5])


# Carried frames


def test_a_carried_frame_gives_its_labels_and_objects_to_others_along_the_motion(true: Clip) -> None:
    """Objects and classes are right on frame 3 alone, by a stroke: others take them over, forward and back."""
    wrong = replace(
        true,
        objects=np.where(true.labels == CAR, 15003, true.objects),
        labels=np.where(true.labels == CAR, TRUCK, true.labels).astype(np.uint8),
    )
    right = tuple(
        stroke((3, 4), true.objects[3] == thing, CAR, thing, name) for thing, name in ((LEFT, "left"), (RIGHT, "right"))
    )
    scene, carry = scene_of(wrong), Carry(id="carry", frames=(1, 6), frame=3)
    for t in (5, 1, 3, 0, 7):
        maps = scene.maps((*right, carry), t)
        if 1 <= t < 6:
            assert np.count_nonzero(maps.objects != true.objects[t]) <= 20
            np.testing.assert_array_equal(maps.labels, true.labels[t])
        else:
            np.testing.assert_array_equal(maps.objects, wrong.objects[t])
    assert scene.effect((*right, carry), 2).spans == ((1, 3), (4, 6))
    # A correction after it holds: it is carried no further.
    later = stroke((3, 4), square(0, 0, 4, 4), ROAD, None, "later")
    np.testing.assert_array_equal(scene.maps((*right, carry, later), 4).labels, scene.maps((*right, carry), 4).labels)


def test_frames_are_carried_on_from_frames_that_others_were_carried_to(true: Clip) -> None:
    first = stroke((0, 1), square(2, 2, 6, 8), ROAD, None, "first")
    edits: Edits = (first, *(Carry(id=f"c{t}", frames=(t, t + 2), frame=t) for t in range(FRAMES - 1)))
    scene = scene_of(true)
    assert (scene.maps(edits, FRAMES - 1).labels[2:6, 2:8] == ROAD).all()
    assert (scene.maps(edits[:3] + edits[4:], FRAMES - 1).labels[2:6, 2:8] == SKY // 1000).all()


def test_so_many_carried_frames_are_refused() -> None:
    many = [Carry(id=f"c{index}", frames=ALL, frame=0) for index in range(101)]
    project = Project("a" * 32, "tiny", "", "").applied(*many[:100])
    with pytest.raises(InputError, match="100 carried frames.*new clip"):
        project.applied(many[100])
    with pytest.raises(InputError, match="100 carried"):
        check_edits(many, clip_of(LEFT_CAR))


# All of them

EACH = ["join", "split", "carry", "class", "stuff"]


@pytest.fixture
def each(merged: Clip) -> dict[str, Edit]:
    edits = [
        split(merged),
        Join(id="join", frames=ALL, object=LEFT, other=POLE, to=CAR),
        Carry(id="carry", frames=ALL, frame=3),
    ]
    more = {"class": swap(TRUCK, {"object": LEFT}), "stuff": swap(ROAD, {"label": CAR})}
    return {edit.id: edit for edit in edits} | more


@pytest.mark.parametrize("which", EACH)
@pytest.mark.parametrize("before", ["", "removal", "stroke"])
def test_no_pixel_changes_and_undo_is_leaving_it_out(
    merged: Clip, each: dict[str, Edit], which: str, before: str
) -> None:
    scene = scene_of(merged)
    done: Edits = ()
    if before == "removal":
        done = (swap("surroundings", {"object": LEFT}, corrects=False),)
    if before == "stroke":
        done = (stroke(ALL, square(0, 40, 8, 60), CAR, NEW + 7).model_copy(update={"corrects": False}),)
    changed = False
    for t in (0, 3, 6):
        one, other = (scene.conditioning(edits, t, "footage") for edits in (done, (*done, each[which])))
        assert one.key == other.key and one.film is not None and other.film is not None
        np.testing.assert_array_equal(one.film.picture, other.film.picture)
        plain, now = (scene.maps(edits, t) for edits in ((), (each[which],)))
        changed |= bool((plain.labels != now.labels).any() or (plain.objects != now.objects).any())
    assert changed or which == "carry"  # whose labels are right already
    assert np.array_equal(scene.taken((each[which],)).objects[3], scene.maps((each[which],), 3).objects)


def test_an_edit_after_it_sees_what_was_corrected(merged: Clip) -> None:
    """One of two cars that were one is taken away, and the other stays film."""
    scene, t = scene_of(merged), 4
    edits = (split(merged), swap("surroundings", {"object": NEW}, corrects=False))
    film = scene.conditioning(edits, t, "footage").film
    assert film is not None
    left = LEFT_CAR.pixels(t) & ~RIGHT_CAR.pixels(t)
    left[:, 19 + t - 3 :] = False  # the margin about what is gone
    np.testing.assert_array_equal(film.picture[left], merged.pictures[t][left])  # type: ignore[index]
    assert (scene.maps(edits, t).objects[left] == LEFT).all() and not (scene.maps(edits, t).objects == NEW).any()


@pytest.mark.parametrize("which", EACH)
def test_they_are_kept_in_files_and_in_the_history(each: dict[str, Edit], which: str, tmp_path) -> None:
    edit = each[which]
    write_edits(tmp_path / "edits.json", (edit,))
    assert read_edits(tmp_path / "edits.json").edits == (edit,)
    project = Project("a" * 32, "tiny", "", "").applied(edit)
    again = Project.from_json(project.to_json())
    assert again == project and again.undone().redone().edits == (edit,)
    assert again.next_object == (NEW + 1 if which == "split" else NEW)


@pytest.mark.parametrize(
    ("which", "change", "said"),
    [
        ("join", {"other": LEFT}, "one with itself"),
        ("join", {"other": 2**30 + 1}, "other"),
        ("join", {"frames": (3, 3)}, "start < stop"),
        ("split", {"new": LEFT}, "new"),
        ("split", {"part": {"box": [0, 0, 1, 1], "runs": [1]}}, "both sides"),
        ("split", {"rest": {"box": [0, 0, 2, 2], "runs": [0, 5]}}, "area of the box"),
        ("carry", {"frame": -1}, "frame"),
        ("carry", {"margin": 3}, "margin"),
        ("class", {"to": "surroundings"}, "corrects"),
        ("class", {"corrects": 1}, "corrects"),
    ],
)
def test_what_does_not_fit_is_an_error(each: dict[str, Edit], which: str, change: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_edit(each[which].model_dump(mode="json") | change)


@pytest.mark.parametrize(
    ("which", "change", "said"),
    [
        ("split", {"frame": FRAMES}, "drawn on frame 8"),
        ("split", {"part": Mask(box=(0, 0, 99, 2), runs=(0, 198))}, "leaves the picture"),
        ("carry", {"frame": FRAMES}, "labels of frame 8"),
        ("join", {"to": 250}, "class 250"),
        ("carry", {"frames": (0, FRAMES + 1)}, "goes to frame 9"),
    ],
)
def test_what_does_not_fit_the_clip_is_an_error(merged: Clip, each: dict, which: str, change: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        each[which].model_copy(update=change).check(merged)


# How far a frame may be carried


def reach(clip: Clip, frame: int, edits: Edits = ()) -> tuple[int, int]:
    scene = scene_of(clip)
    return agreeing(clip, frame, lambda t: scene.maps(edits, t), lambda t: scene.correspondence(frame, t))


def test_a_frame_is_carried_until_labels_disagree(true: Clip) -> None:
    assert reach(true, 3) == ALL
    labels = true.labels.copy()
    labels[6:], labels[0] = ROAD, ROAD
    other = replace(true, labels=labels)
    assert reach(other, 3) == (1, 6)
    assert reach(other, 7) == (6, FRAMES)


def test_what_was_corrected_on_the_frame_need_not_agree(true: Clip) -> None:
    sky = stroke((3, 4), true.labels[3] == 11, ROAD, None)
    assert reach(true, 3, (sky,)) == ALL
    assert reach(true, 3, (stroke((2, 3), true.labels[2] == 11, ROAD, None),)) == (3, FRAMES)
    assert reach(true, 3, (stroke((3, 4), np.ones((HEIGHT, WIDTH), bool), ROAD, None),)) == ALL


def test_where_the_motion_is_not_known_it_is_not_carried(true: Clip) -> None:
    valid = true.flow_valid.copy()
    valid[5] = False
    assert reach(replace(true, flow_valid=valid), 3) == (0, 5)
