"""The two modes of a project: the film where nothing was changed, or every pixel rendered."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.workspace import Workspace
from core.clip.clip import Clip
from core.clip.native import read_clip, write_clip
from core.conditioning import Kind
from core.errors import InputError
from core.project.storage import ProjectStore
from tests.app.client import Page, stroke, swap
from tests.app.stand_in import stand_in_engine
from tests.core.tiny import LABELS, tiny_clip


@pytest.fixture
def kept(serving: Page) -> Page:
    """A project that keeps the footage, just opened."""
    return Page(serving.client, serving.workspace, serving.token).opened("tiny", mode="footage")


@pytest.fixture(scope="module")
def clip(clip_folder: Path) -> Clip:
    return read_clip(clip_folder)


def picture(page: Page, key: str) -> np.ndarray:
    data = np.frombuffer(page.get(f"frames/{key}").content, np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def pictures(page: Page) -> list[np.ndarray]:
    return [picture(page, entry["key"]) for entry in page.state()["render"]]


def test_a_filmed_clip_keeps_its_footage_unless_asked_otherwise(serving: Page) -> None:
    page = Page(serving.client, serving.workspace, serving.token)
    for asked, mode in ((None, "footage"), ("footage", "footage"), ("rendered", "rendered")):
        made = page.write("POST", "projects", clip="tiny", mode=asked).json()
        assert (made["mode"], made["checkpoint"]["reads_film"]) == (mode, False)
    assert page.write("POST", "projects", clip="tiny", mode="film").status_code == 422


def test_opening_shows_the_film_at_once_and_renders_nothing(kept: Page, clip: Clip) -> None:
    state = kept.state()
    assert [entry["stage"] for entry in state["render"]] == ["final"] * 6 and state["ticket"] is None
    for shown, filmed in zip(pictures(kept), clip.pictures, strict=True):
        np.testing.assert_array_equal(shown, filmed)


def test_what_was_not_changed_stays_as_filmed_and_undo_gives_it_back(kept: Page, clip: Clip) -> None:
    change = kept.edit(swap(), cursor=4).json()
    assert [entry is not None for entry in change["render"]] == [True, True, True, False, False, False]
    kept.rendered(4)
    changed = pictures(kept)
    for t in range(6):
        np.testing.assert_array_equal(changed[t][:4], clip.pictures[t][:4])
        assert np.array_equal(changed[t], clip.pictures[t]) == (t < 3)
    undone = kept.change("undo").json()
    assert all(entry["stage"] == "final" for entry in undone["render"])
    for shown, filmed in zip(pictures(kept), clip.pictures, strict=True):
        np.testing.assert_array_equal(shown, filmed)


def test_the_mode_is_switched_saved_and_no_step_of_the_history(kept: Page, clip: Clip, restarted) -> None:
    kept.edit(stroke())
    kept.rendered()
    before = kept.state()
    change = kept.change("mode", method="PUT", mode="rendered", cursor=0).json()
    assert change["notice"] == ""
    assert (change["mode"], change["revision"], change["edits"]) == ("rendered", before["revision"] + 1, [])
    assert change["ticket"] is not None and change["can_undo"]
    kept.rendered()
    assert not np.array_equal(pictures(kept)[0][8:], clip.pictures[0][8:])
    again = kept.change("mode", method="PUT", mode="footage", cursor=0).json()
    # The checkpoint reads no film: what is missing is said again.
    assert again["notice"] == before["notice"] != ""
    assert [entry["key"] for entry in again["render"]] == [entry["key"] for entry in before["render"]]
    assert kept.change("mode", method="PUT", mode="footage").json()["revision"] == again["revision"]
    undone = kept.change("undo").json()
    assert (undone["mode"], len(undone["removed"])) == ("footage", 1)


def test_the_mode_survives_a_restart(servers, restarted, tmp_path: Path) -> None:
    page = servers(tmp_path).opened("tiny", mode="footage")
    page.edit(stroke())
    page.change("mode", method="PUT", mode="rendered")
    assert restarted(page).state()["mode"] == "rendered"


def test_before_is_of_the_mode_that_is_on(kept: Page, clip: Clip) -> None:
    kept.edit(stroke())
    kept.rendered()
    for mode, filmed in (("rendered", False), ("footage", True)):
        kept.change("mode", method="PUT", mode=mode, cursor=0)
        with kept.events() as socket:
            while not all(kept.state()["before"]):
                socket.receive_json()
        shown = picture(kept, kept.state()["before"][0])
        assert np.array_equal(shown, clip.pictures[0]) == filmed


def test_a_clip_that_was_never_filmed_is_rendered_and_says_so(tmp_path: Path) -> None:
    write_clip(tiny_clip(6, filmed=False), tmp_path / "labels")
    space = Workspace(stand_in_engine(LABELS, 0), ProjectStore(tmp_path / "projects"), {"labels": tmp_path / "labels"})
    try:
        assert space.create("labels").project.mode == "rendered"
        with pytest.raises(InputError, match="there is no footage to keep"):
            space.create("labels", mode="footage")
        page_project = space.create("labels").project
        assert page_project.in_mode("rendered") is page_project
    finally:
        space.close()


def test_frames_that_stay_film_are_done_at_once_also_after_those_that_change(kept: Page) -> None:
    change = kept.edit(swap(frames=[2, 4])).json()
    assert [entry is not None for entry in change["render"]] == [True, True, False, False, True, True]
    before = kept.state()["render"]
    kept.rendered()
    assert [entry["key"] for entry in kept.state()["render"][4:]] == [entry["key"] for entry in before[4:]]


def test_a_corrected_label_changes_no_picture_and_is_undone(kept: Page, clip: Clip) -> None:
    kept.edit(swap())
    kept.rendered()
    before = kept.state()
    reply = kept.edit(stroke(corrects=True, object=1_000_000), cursor=0).json()
    after = kept.state()
    assert reply["render"] == after["render"] == before["render"] and reply["ticket"] is None
    assert after["edits"][1]["title"] == "car, corrected" and after["edits"][1]["edit"]["corrects"] is True
    assert len(reply["label_keys"]) == 6
    labels, objects = kept.maps(2)
    assert (objects[1:4, 20:26] == 1_000_000).all() and (labels[1:4, 20:26] == 2).all()
    # It is an object of the clip: its filmed look can be taken, and it can be taken away.
    assert kept.get("filmed", object=1_000_000).json()["frames"] == list(range(6))
    assert kept.get("filmed/2/look", object=1_000_000).status_code == 200
    kept.edit(swap(id="away", target={"object": 1_000_000}, to="surroundings", frames=[0, 3]))
    kept.rendered()
    assert not np.array_equal(pictures(kept)[0], clip.pictures[0])
    for _ in range(2):
        kept.change("undo")
    assert kept.state()["label_keys"] == before["label_keys"] and kept.state()["render"] == before["render"]


def test_a_correction_leaves_rendered_frames_though_nothing_is_known_of_them_any_more(kept: Page) -> None:
    """What was folded had to make room meanwhile."""
    kept.edit(swap())
    kept.rendered()
    before = kept.state()["render"]
    kept.workspace.open(kept.project).scene.scene._folds.forget()
    change = kept.edit(stroke(corrects=True), cursor=2).json()
    assert change["render"] == before and change["ticket"] is None
    assert kept.change("undo", cursor=2).json()["render"] == before


def test_how_much_of_what_is_behind_a_thing_was_filmed_is_said_where_the_film_is_kept(kept: Page) -> None:
    known = kept.get("objects/2001/behind/2").json()
    assert known["filmed"] is None or 0 <= known["filmed"] <= 1
    assert kept.get("classes/2/behind/2").json().keys() == {"filmed"}
    for wrong in ("objects/2001/behind/6", "objects/-1/behind/0", "classes/255/behind/0", "classes/x/behind/0"):
        assert kept.get(wrong).status_code == 422, wrong
    kept.change("mode", method="PUT", mode="rendered")
    assert kept.get("objects/2001/behind/2").json() == {"filmed": None}


@pytest.mark.parametrize("corrects", ["true", 1, None])
def test_corrects_is_checked(kept: Page, corrects: object) -> None:
    reply = kept.edit(stroke(corrects=corrects))
    assert reply.status_code == 422 and "corrects" in reply.json()["error"]
    assert kept.state()["edits"] == []


def test_margin_and_shadow_are_changed_saved_and_undone(kept: Page, restarted, servers, tmp_path: Path) -> None:
    page = servers(tmp_path).opened("tiny", mode="footage")
    edit = swap(to="surroundings", frames=[0, 6])
    page.edit(edit)
    page.rendered()
    before = pictures(page)
    reply = page.change("edits/surroundings", method="PUT", ids=[edit["id"]], margin=0, shadow=False, cursor=0).json()
    assert [(one["edit"]["margin"], one["edit"]["shadow"]) for one in reply["edits"]] == [(0, False)]
    assert reply["ticket"] is not None and reply["label_keys"] == {}
    page.rendered()
    assert all(not np.array_equal(*pair) for pair in zip(before, pictures(page), strict=True))
    same = page.change("edits/surroundings", method="PUT", ids=[edit["id"]], margin=0).json()
    assert same["revision"] == reply["revision"]
    page.change("undo")
    for pair in zip(before, pictures(page), strict=True):
        np.testing.assert_array_equal(*pair)
    page.change("redo")
    kept_edit = restarted(page).state()["edits"][0]["edit"]
    assert (kept_edit["margin"], kept_edit["shadow"]) == (0, False)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"margin": 41}, 422),
        ({"margin": "3"}, 422),
        ({"margin": True}, 422),
        ({"shadow": 1}, 422),
        ({"shadow": "half"}, 422),
        ({"shadow": "whole"}, 200),
        ({"wide": 3}, 422),
    ],
)
def test_surroundings_are_checked(kept: Page, body: dict, status: int) -> None:
    edit = swap(to="surroundings")
    kept.edit(edit)
    assert kept.change("edits/surroundings", method="PUT", ids=[edit["id"]], **body).status_code == status


def test_only_what_has_surroundings_is_given_others(kept: Page) -> None:
    look = {"kind": "set_style", "id": "look", "frames": [0, 6], "target": {"object": 2001}, "label": 2}
    kept.edit(look | {"code": [0.5, 0.5, 0.5]})
    paint = stroke()
    kept.edit(paint)
    for ids, body, said in (
        (["look"], {"margin": 5}, "no surroundings"),
        ([paint["id"]], {"shadow": False}, "shadow"),
        (["nobody"], {"margin": 5}, "no edit"),
    ):
        reply = kept.change("edits/surroundings", method="PUT", ids=ids, **body)
        assert reply.status_code == 422 and said in reply.json()["error"], reply.text
    assert kept.state()["revision"] == 2


def test_the_kinds_of_pixels_are_told(kept: Page) -> None:
    paint = stroke()
    kept.edit(paint)
    look = {"kind": "set_style", "id": "look", "frames": [0, 6], "target": {"object": 2001}, "label": 2}
    revision = kept.edit(look | {"code": [0.5, 0.5, 0.5]}).json()["revision"]
    reply = kept.get(f"kinds/{revision}/1")
    kinds = np.frombuffer(reply.content, np.uint8).reshape(16, 32)
    expected = np.full((16, 32), Kind.FILMED, np.uint8)
    expected[8:13, 6:14] = Kind.REDRESSED
    expected[0:7, 17:29] = Kind.MADE_UP
    np.testing.assert_array_equal(kinds, expected)
    assert "immutable" in reply.headers["cache-control"]
    assert (np.frombuffer(kept.get(f"kinds/{revision}/1").content, np.uint8) == kinds.ravel()).all()
    for path in (f"kinds/{revision - 1}/1", f"kinds/{revision}/6", f"kinds/{revision}/-1", "kinds/x/1"):
        assert kept.get(path).status_code in (404, 422), path
    revision = kept.change("mode", method="PUT", mode="rendered").json()["revision"]
    assert kept.get(f"kinds/{revision}/1").status_code == 404
