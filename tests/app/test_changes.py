"""Edits, undo, conflicts: checked, saved, then acknowledged."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from core.clip.clip import MAX_SIDE
from core.project.edits import Mask
from tests.app.client import fresh_id, stroke, swap
from tests.core.tiny import CAR, CAR_ID, ROAD, SKY, tiny_clip


def test_a_new_project_shows_the_clip(page):
    state = page.state()
    assert (state["revision"], state["clip"]["frames"], state["clip"]["camera"]) == (0, 6, True)
    labels, objects = page.maps(2)
    assert (labels[10, 8], objects[10, 8]) == (CAR, CAR_ID)


def test_a_stroke_is_where_it_was_painted_and_is_a_new_object(page):
    reply = page.edit(stroke(), new_object=True).json()
    labels, objects = page.maps(4)
    assert reply["revision"] == 1 and page.lanes()[0]["spans"] == [[0, 6]]
    assert (labels[1:4, 20:26] == CAR).all() and (objects[1:4, 20:26] == 1_000_000).all()
    assert (labels[1:4, :20] == SKY).all()


def test_a_swap_changes_only_its_frames(page):
    before = page.state()["label_keys"]
    changed = page.edit(swap()).json()["label_keys"]
    after = page.state()["label_keys"]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True] * 3 + [False] * 3
    assert changed == {str(t): after[t] for t in (3, 4, 5)}
    assert (page.maps(4)[0] != CAR).all() and (page.maps(2)[0] == CAR).any()


def test_undo_and_redo_survive_a_restart(servers, restarted, tmp_path):
    page = servers(tmp_path).opened("tiny")
    page.edit(swap())
    edited = page.state()["label_keys"]
    assert page.change("undo").json()["can_redo"]
    again = restarted(page)
    assert again.state()["revision"] == 2
    assert again.change("redo").json()["revision"] == 3
    assert again.state()["label_keys"] == edited


def test_the_same_request_gives_the_same_reply_and_one_edit(page):
    body = {"request_id": "once", "base": 0, "edits": [swap()]}
    first, second = (page.write("POST", "edits", **body).json() for _ in range(2))
    assert first == second and len(page.state()["edits"]) == 1


def test_an_edit_sent_again_after_a_restart_is_the_same_edit(servers, restarted, tmp_path):
    page = servers(tmp_path).opened("tiny")
    edit = stroke()
    page.edit(edit, base=0, new_object=True)
    again = restarted(page)
    reply = again.edit(edit, base=0, new_object=True)
    assert reply.status_code == 200 and reply.json()["edits"] == [] and reply.json()["revision"] == 1
    assert len(again.state()["edits"]) == 1


def test_an_older_base_is_a_conflict_that_says_what_was_missed(page):
    edit = swap()
    page.edit(edit)
    reply = page.edit(stroke(), base=0)
    assert reply.status_code == 409
    assert reply.json()["revision"] == 1 and [one["id"] for one in reply.json()["edits"]] == [edit["id"]]


def test_one_edit_can_be_removed_and_brought_back(page):
    first = swap()
    page.edit(first), page.edit(stroke())
    change = page.change("edits", method="DELETE", ids=[first["id"]]).json()
    assert change["removed"] == [first["id"]] and change["edits"] == []
    assert [lane["edit"]["kind"] for lane in page.state()["edits"]] == ["paint"]
    again = page.change("undo").json()
    assert [(one["place"], one["edit"]["kind"]) for one in again["edits"]] == [(0, "set_class")]
    assert [lane["edit"]["kind"] for lane in page.state()["edits"]] == ["set_class", "paint"]


def reframe(page, edit, frames):
    return page.change("edits/frames", method="PUT", ids=[edit["id"]], frames=frames)


def test_an_edit_acts_in_other_frames_in_one_step(page):
    first, second = stroke(frame=1), swap()
    page.edit(first), page.edit(second)
    edited = page.state()["label_keys"]
    change = reframe(page, first, [1, 3]).json()
    assert [lane["edit"]["frames"] for lane in change["edits"]] == [[1, 3]] and change["revision"] == 3
    assert [lane["edit"]["frames"] for lane in page.lanes()] == [[1, 3], [3, 6]]
    assert page.lanes()[0]["spans"] == [[1, 3]]
    assert (page.maps(0)[0][1:4, 20:26] == SKY).all() and (page.maps(2)[0][1:4, 20:26] == CAR).all()
    page.change("undo")
    assert page.state()["label_keys"] == edited


def test_the_same_frames_again_are_no_step(page):
    edit = swap()
    page.edit(edit)
    assert reframe(page, edit, [3, 6]).json()["revision"] == 1


@pytest.mark.parametrize("frames", [[0, 1], [2, 6], [3, 3], [4, 2], [0, 7], [-1, 3], [0, 10**9]])
def test_frames_that_do_not_fit_an_edit_are_refused_in_words(page, frames):
    edit = stroke(frame=1)
    page.edit(edit)
    reply = reframe(page, edit, frames)
    assert reply.status_code == 422 and reply.json()["error"]
    assert page.state()["revision"] == 1
    if frames in ([0, 1], [2, 6]):
        assert "painted on frame 2" in reply.json()["error"]


def test_frames_of_an_edit_that_is_not_there_are_refused(page):
    assert "no edit" in reframe(page, {"id": "nobody"}, [0, 2]).json()["error"]


@pytest.mark.parametrize(
    "edit",
    [
        swap(frames=[0, 99]),
        swap(to=77),
        swap(kind="explode"),
        swap(frames=[4, 4]),
        swap(surprise=1),
        stroke(keyframes=[{"frame": 9, "mask": {"box": [0, 0, 2, 2], "runs": [0, 4]}}]),
        stroke(keyframes=[{"frame": 0, "mask": {"box": [0, 0, 17, 2], "runs": [0, 34]}}]),
        stroke(keyframes=[{"frame": 0, "mask": {"box": [0, 0, MAX_SIDE, MAX_SIDE], "runs": [0, 4]}}]),
        {},
    ],
    ids=["frames", "class", "kind", "empty", "field", "keyframe", "outside", "runs", "nothing"],
)
def test_an_unusable_edit_is_refused_in_a_sentence_and_changes_nothing(page, edit):
    reply = page.edit(edit)
    assert reply.status_code == 422 and reply.json()["error"] and "fix" in reply.json()
    assert page.state()["revision"] == 0


def test_several_edits_are_one_revision(page):
    reply = page.change("edits", edits=[swap(), stroke(), stroke(box=(1, 4, 4, 9))], new_object=False).json()
    assert (reply["base"], reply["revision"], [one["place"] for one in reply["edits"]]) == (0, 1, [0, 1, 2])
    assert page.change("undo").json()["removed"] == [one["edit"]["id"] for one in reply["edits"]]


@pytest.mark.parametrize("last", [swap(to=77), {"kind": "melt"}, "rubbish", swap(id="same")])
def test_of_several_edits_all_are_added_or_none(page, last):
    """The edits before the one that did not fit stayed."""
    reply = page.change("edits", edits=[swap(id="same"), stroke(), last])
    assert reply.status_code == 422 and reply.json()["error"]
    assert (page.state()["revision"], page.state()["edits"]) == (0, [])


def test_of_several_edits_all_are_removed_or_reframed_or_none(page):
    first, second = swap(frames=[0, 6]), stroke(frame=4)
    page.change("edits", edits=[first, second])
    ids = [first["id"], second["id"]]
    for refused in (
        page.change("edits", method="DELETE", ids=[*ids, "nobody"]),
        page.change("edits/frames", method="PUT", ids=ids, frames=[0, 3]),
        page.change("edits", method="DELETE", ids=[]),
    ):
        assert refused.status_code == 422
    assert page.state()["revision"] == 1
    assert page.change("edits/frames", method="PUT", ids=ids, frames=[2, 6]).json()["revision"] == 2
    assert page.change("edits", method="DELETE", ids=ids).json()["removed"] == ids
    assert page.state()["edits"] == []


def test_several_strokes_are_several_new_objects(page):
    reply = page.change("edits", edits=[stroke(), stroke(box=(1, 4, 4, 9))], new_object=True).json()
    assert [one["edit"]["object"] for one in reply["edits"]] == [1_000_000, 1_000_001]


def test_a_reply_says_what_changed_and_holds_no_pixels(page):
    """Each of 40 strokes was in the reply to every other one, with all its pixels."""
    checkers = np.indices((16, 32)).sum(0) % 2 == 0
    fields = {"keyframes": [{"frame": 1, "mask": Mask.from_array(checkers).model_dump(mode="json")}]}
    replies = [page.edit(stroke(**fields, id=f"s{index}", to=ROAD if index % 2 else SKY)) for index in range(8)]
    assert {len(reply.json()["edits"]) for reply in replies} == {1}
    assert len({len(reply.content) for reply in replies}) <= 3 and len(replies[-1].content) < 3000
    assert all("mask" not in one["edit"]["keyframes"][0] for one in page.state()["edits"])
    assert "mask" in page.get("edits.json").json()["edits"][0]["keyframes"][0]


def test_applying_changes_gives_the_state(page):
    """What a page makes of the replies is what the server has."""
    lanes, keys = [], page.state()["label_keys"]
    first, second = stroke(), swap()
    look = {"kind": "set_style", "target": {"object": CAR_ID}, "label": CAR, "code": [0, 0, 0], "frames": [0, 6]}
    for change in (
        lambda: page.edit(first),
        lambda: page.edit(stroke(box=(1, 4, 4, 9))),
        lambda: page.edit(second),
        lambda: page.edit(look | {"id": "look1"}),
        lambda: page.edit(stroke()),
        lambda: page.edit(look | {"id": "look2"}),
        lambda: page.change("edits", method="DELETE", ids=[first["id"]]),
        lambda: page.change("undo"),
        lambda: page.change("undo"),
        lambda: reframe(page, second, [2, 4]),
        lambda: page.change("undo"),
        lambda: page.change("redo"),
    ):
        reply = change().json()
        gone = {*reply["removed"], *(one["edit"]["id"] for one in reply["edits"])}
        lanes = [lane for lane in lanes if lane["edit"]["id"] not in gone]
        for one in reply["edits"]:
            lanes.insert(one.pop("place"), one)
        keys = [reply["label_keys"].get(str(t), key) for t, key in enumerate(keys)]
        state = page.state()
        assert [(one["edit"], one["title"], one["lane"]) for one in lanes] == [
            (one["edit"], one["title"], one["lane"]) for one in state["edits"]
        ]
        assert (keys, reply["revision"], reply["can_redo"]) == (
            state["label_keys"],
            state["revision"],
            state["can_redo"],
        )


def test_looks_tried_on_one_object_are_one_edit_and_one_step_each(page):
    look = {"kind": "set_style", "target": {"object": CAR_ID}, "label": CAR, "frames": [0, 6]}
    for index in range(6):
        page.edit(look | {"id": f"look{index}", "code": [index / 10, 0, 0]})
    assert [one["edit"]["id"] for one in page.state()["edits"]] == ["look5"]
    page.change("undo")
    assert [one["edit"]["id"] for one in page.state()["edits"]] == ["look4"]


def test_strokes_that_belong_together_share_a_lane(page):
    page.edit(stroke(id="a", to=ROAD)), page.edit(stroke(id="b", to=ROAD, box=(1, 4, 4, 9)))
    page.edit(swap(id="c")), page.edit(stroke(id="d", to=ROAD))
    assert [one["lane"] for one in page.state()["edits"]] == ["a", "a", "c", "d"]
    changed = page.change("edits", method="DELETE", ids=["a"]).json()["edits"]
    assert [(one["edit"]["id"], one["lane"]) for one in changed] == [("b", "b")]


def test_a_look_of_a_class_is_of_all_its_objects(page):
    page.edit(stroke(box=(1, 4, 4, 9)), new_object=True)
    page.edit(
        {
            "kind": "set_style",
            "id": "all",
            "target": {"label": CAR},
            "label": CAR,
            "code": [0.5, 0, 0],
            "frames": [0, 6],
        }
    )
    codes = page.workspace.open(page.project).conditionings()(2).codes
    assert {codes[CAR_ID, CAR], codes[1_000_000, CAR]} == {(0.5, 0, 0)}


def test_nothing_to_undo_is_said(page):
    assert page.change("undo").status_code == 422


def test_a_full_disk_is_reported_and_the_state_stays(page, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("core.files.os.replace", full)
    reply = page.edit(swap())
    assert reply.status_code == 507 and "disk is full" in reply.json()["error"]
    monkeypatch.undo()
    assert page.state()["revision"] == 0 and page.edit(swap()).json()["revision"] == 1


def test_what_a_stroke_would_follow_is_answered_without_changing_anything(page):
    mask = {"box": [9, 8, 11, 12], "runs": [0, 8]}
    follows = page.write("POST", "motion", frame=1, mask=mask).json()
    assert follows["motion"] == {"kind": "ride", "object": CAR_ID} and follows["title"] == "car 1"
    assert page.state()["revision"] == 0


def test_a_stroke_follows_nothing_that_only_over_excludes(page):
    """A stroke over road alone, partly on the car, rode on the car."""
    mask = {"box": [7, 8, 12, 12], "runs": [0, 20]}
    assert page.write("POST", "motion", frame=1, mask=mask).json()["motion"] == {"kind": "ride", "object": CAR_ID}
    over = page.write("POST", "motion", frame=1, mask=mask, over=[ROAD]).json()
    assert over["motion"] == {"kind": "flow"}
    page.edit(stroke(frame=1, to=ROAD, keyframes=[{"frame": 1, "mask": mask}]))
    painted = page.write("POST", "motion", frame=1, mask=mask, over=[ROAD]).json()
    assert painted["motion"]["kind"] == "ride"  # now it is road that is seen there


def test_a_painted_thing_stands_on_the_ground_at_its_foot(page):
    """Beside a filmed car too; and what is added to it goes with it. What covers a filmed car goes where that goes."""
    mask = {"box": [8, 20, 12, 26], "runs": [0, 24]}
    foot = {"kind": "stand", "frame": 1, "x": 22.5, "y": 11.5}
    follows = page.write("POST", "motion", frame=1, mask=mask, to=CAR).json()
    assert follows == {"motion": foot, "title": "the ground at its foot"}
    assert page.write("POST", "motion", frame=1, mask=mask, to=ROAD).json()["motion"]["kind"] != "stand"
    assert page.write("POST", "motion", frame=1, mask=mask, to=CAR, object=CAR_ID).json()["motion"]["kind"] != "stand"
    for number, motion in enumerate(({"kind": "flow"}, foot)):
        sent = stroke(keyframes=[{"frame": 1, "mask": mask}], motion=motion)
        thing = page.edit(sent, new_object=True).json()["edits"][0]["edit"]["object"]
        above = {"box": [5, 20, 8, 26], "runs": [0, 18]}
        added = page.write("POST", "motion", frame=3, mask=above, to=CAR, object=thing).json()
        assert added["motion"] == foot, number
    over = {"box": [7, 6, 14, 18], "runs": [0, 84]}
    assert page.write("POST", "motion", frame=1, mask=over, to=CAR).json()["motion"] == {
        "kind": "ride",
        "object": CAR_ID,
    }


def test_where_an_object_stands_is_said_for_each_frame(page):
    found = page.get(f"objects/{CAR_ID}/standing/1").json()
    assert found["y"] == pytest.approx(12.5, abs=0.6) and found["stands"] and found["horizon"] < found["y"]
    assert page.get("objects/4711/standing/1").status_code == 404
    assert page.get(f"objects/{CAR_ID}/standing/99").status_code == 422


def test_a_copy_gets_an_id_of_its_own_and_is_moved_scaled_and_undone(page):
    copy = {"kind": "duplicate", "id": "copy", "frames": [0, 6], "object": CAR_ID, "new": 1_000_000}
    copy |= {"frame": 1, "by": [8, 0]}
    first = page.edit(copy, new_object=True).json()["edits"][0]
    second = page.edit(copy | {"id": "twice"}, new_object=True).json()["edits"][0]
    new = first["edit"]["new"]
    assert second["edit"]["new"] == new + 1 and first["title"] == "car 1, duplicated"
    move = {"kind": "move", "id": "move", "frames": [0, 6], "object": new, "frame": 1, "by": [4, 0]}
    assert page.edit(move).json()["edits"][0]["title"] == "new car 1, moved"
    scale = {"kind": "scale", "id": "scale", "frames": [0, 6], "object": new, "by": 1.5}
    assert page.edit(scale).status_code == 200
    assert {str(new), str(new + 1), str(CAR_ID)} <= page.get("objects").json().keys()
    for refused in (move | {"id": "x", "by": [1e9, 0]}, scale | {"id": "y", "by": 0}, move | {"id": "z", "frame": 99}):
        assert page.edit(refused).status_code == 422
    base = page.state()["revision"]
    assert page.change("undo", base).json()["removed"] == ["scale"]


def test_a_fill_follows_its_class(page):
    sky = {"box": [0, 0, 6, 32], "runs": [0, 192]}
    follows = page.write("POST", "motion", frame=1, mask=sky, fill=True).json()
    assert follows == {"motion": {"kind": "region", "label": SKY}, "title": "the sky that it covers"}


def test_objects_of_the_edited_clip(page):
    page.edit(stroke(), new_object=True)
    objects = page.get("objects").json()
    assert objects["1000000"]["area"] == 18 and objects[str(CAR_ID)]["frames"] == [0, 5]


def test_unknown_places_are_refused_in_json(page):
    for path in ("frames/" + "0" * 32, "labels/" + "0" * 32, "looks/" + "0" * 32, "camera/9", "nonsense"):
        reply = page.get(path)
        assert reply.status_code == 404 and reply.json()["error"], path
    assert page.client.get(f"/api/v1/projects/{'0' * 32}").status_code == 404
    assert page.write("POST", "undo", request_id=fresh_id()).status_code == 422


def test_labels_are_bit_exact(page):
    clip = tiny_clip(6)
    for t in range(6):
        labels, objects = page.maps(t)
        np.testing.assert_array_equal(labels, clip.labels[t])
        np.testing.assert_array_equal(objects, clip.objects[t])
