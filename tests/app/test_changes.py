"""Edits, undo, conflicts: checked, saved, then acknowledged."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from core.clip.clip import MAX_SIDE
from tests.app.client import fresh_id, stroke, swap
from tests.core.tiny import CAR, CAR_ID, SKY, tiny_clip


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
    after = page.edit(swap()).json()["label_keys"]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True] * 3 + [False] * 3
    assert (page.maps(4)[0] != CAR).all() and (page.maps(2)[0] == CAR).any()


def test_undo_and_redo_survive_a_restart(servers, restarted, tmp_path):
    page = servers(tmp_path).opened("tiny")
    page.edit(swap())
    edited = page.state()["label_keys"]
    assert page.change("undo").json()["can_redo"]
    again = restarted(page)
    assert again.state()["revision"] == 2
    redone = again.change("redo").json()
    assert (redone["label_keys"], redone["revision"]) == (edited, 3)


def test_the_same_request_gives_the_same_reply_and_one_edit(page):
    body = {"request_id": "once", "base": 0, "edit": swap()}
    first, second = (page.write("POST", "edits", **body).json() for _ in range(2))
    page.lanes()
    assert first | {"edits": []} == second | {"edits": []} and len(page.state()["edits"]) == 1


def test_an_edit_sent_again_after_a_restart_is_the_same_edit(servers, restarted, tmp_path):
    page = servers(tmp_path).opened("tiny")
    edit = stroke()
    page.edit(edit, base=0, new_object=True)
    again = restarted(page)
    reply = again.edit(edit, base=0, new_object=True)
    assert reply.status_code == 200 and len(reply.json()["edits"]) == 1


def test_an_older_base_is_a_conflict_that_says_what_was_missed(page):
    edit = swap()
    page.edit(edit)
    reply = page.edit(stroke(), base=0)
    assert reply.status_code == 409
    assert reply.json()["revision"] == 1 and [one["id"] for one in reply.json()["edits"]] == [edit["id"]]


def test_one_edit_can_be_removed_and_brought_back(page):
    first = swap()
    page.edit(first), page.edit(stroke())
    state = page.change(f"edits/{first['id']}", method="DELETE").json()
    assert [lane["edit"]["kind"] for lane in state["edits"]] == ["paint"]
    again = page.change("undo").json()
    assert [lane["edit"]["kind"] for lane in again["edits"]] == ["set_class", "paint"]


def reframe(page, edit, frames):
    return page.change(f"edits/{edit['id']}/frames", method="PUT", frames=frames)


def test_an_edit_acts_in_other_frames_in_one_step(page):
    first, second = stroke(frame=1), swap()
    page.edit(first), page.edit(second)
    edited = page.state()["label_keys"]
    state = reframe(page, first, [1, 3]).json()
    assert [lane["edit"]["frames"] for lane in state["edits"]] == [[1, 3], [3, 6]]
    assert page.lanes()[0]["spans"] == [[1, 3]] and state["revision"] == 3
    assert (page.maps(0)[0][1:4, 20:26] == SKY).all() and (page.maps(2)[0][1:4, 20:26] == CAR).all()
    assert page.change("undo").json()["label_keys"] == edited


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


def test_nothing_to_undo_is_said(page):
    assert page.change("undo").status_code == 422


def test_a_full_disk_is_told_and_the_state_stays(page, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("core.files.os.replace", full)
    reply = page.edit(swap())
    assert reply.status_code == 507 and "disk is full" in reply.json()["error"]
    monkeypatch.undo()
    assert page.state()["revision"] == 0 and page.edit(swap()).json()["revision"] == 1


def test_what_a_stroke_would_follow_is_told_without_changing_anything(page):
    mask = {"box": [9, 8, 11, 12], "runs": [0, 8]}
    follows = page.write("POST", "motion", frame=1, mask=mask).json()
    assert follows["motion"] == {"kind": "ride", "object": CAR_ID} and follows["title"] == "car 1"
    assert page.state()["revision"] == 0


def test_objects_of_the_edited_clip(page):
    page.edit(stroke(), new_object=True)
    objects = page.get("objects").json()
    assert objects["1000000"]["area"] == 18 and objects[str(CAR_ID)]["frames"] == [0, 5]


def test_unknown_places_are_told_in_json(page):
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
