"""Correcting through the routes: objects, carried frames, doubts, and a new clip of what was corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.doubts import DoubtBook
from core.clip.native import read_clip
from core.project.edits import Mask
from tests.app.client import Page, fresh_id, stroke, swap
from tests.core.tiny import CAR, CAR_ID, ROAD

FRAMES, NEW = 6, 1_000_000


@pytest.fixture
def kept(serving: Page) -> Page:
    """A project that keeps the footage, just opened."""
    return Page(serving.client, serving.workspace, serving.token).opened("tiny", mode="footage")


@pytest.fixture
def page(servers: Any, tmp_path: Path) -> Page:
    """The same in a folder of its own."""
    return servers(tmp_path).opened("tiny", mode="footage")


def mask(t: int, left: int, right: int) -> dict[str, Any]:
    """Columns of the car from `left` to `right`, on frame t."""
    pixels = np.zeros((16, 32), bool)
    pixels[8:13, 4 + 2 * t + left : 4 + 2 * t + right] = True
    return Mask.from_array(pixels).model_dump(mode="json")


def split(frame: int = 2, start: int = 0, at: tuple[int, int] = (0, 4), **fields: Any) -> dict[str, Any]:
    """Columns `at` of the car become an object of their own."""
    rest = mask(frame, at[1], 8) if at[1] < 8 else mask(frame, 0, at[0])
    edit = {"kind": "split", "id": fresh_id(), "frames": [start, FRAMES], "object": CAR_ID, "new": NEW, "frame": frame}
    return edit | {"part": mask(frame, *at), "rest": rest} | fields


def join(other: int, **fields: Any) -> dict[str, Any]:
    return {"kind": "join", "id": fresh_id(), "frames": [0, FRAMES], "object": CAR_ID, "other": other} | fields


def test_objects_are_split_and_joined_and_no_picture_changes(kept: Page) -> None:
    before = kept.state()
    reply = kept.change("edits", edits=[split(at=(0, 2)), split(at=(6, 8))], new_object=True, cursor=0).json()
    assert reply["render"] == before["render"] and reply["ticket"] is None
    assert [one["edit"]["new"] for one in reply["edits"]] == [NEW, NEW + 1]
    assert "part" not in reply["edits"][0]["edit"] and reply["edits"][1]["lane"] == reply["edits"][0]["edit"]["id"]
    for t in range(FRAMES):
        _, objects = kept.maps(t)
        left = 4 + 2 * t
        assert objects[10, left : left + 8].tolist() == 2 * [NEW] + 4 * [CAR_ID] + 2 * [NEW + 1], t
    kept.edit(join(NEW, to=CAR))
    kept.edit(join(NEW + 1))
    assert [lane["title"] for lane in kept.lanes()] == ["car 1, split"] * 2 + [
        "new car 1 is car 1",
        "new car 2 is car 1",
    ]
    np.testing.assert_array_equal(kept.maps(3)[1] == CAR_ID, kept.maps(3)[0] == CAR)
    for _ in range(3):
        kept.change("undo")
    assert kept.state()["label_keys"] == before["label_keys"] and kept.state()["render"] == before["render"]


def test_a_class_is_corrected_and_no_picture_changes(kept: Page) -> None:
    before = kept.state()["render"]
    reply = kept.edit(swap(corrects=True, to=ROAD), cursor=4).json()
    assert reply["render"] == before and reply["edits"][0]["title"] == "car 1 → road, corrected"
    labels, objects = kept.maps(4)
    assert not (labels == CAR).any() and not (objects == CAR_ID).any()
    assert kept.edit(swap(corrects=True, to="surroundings")).status_code == 422


def test_a_frame_is_carried_as_far_as_it_agrees(kept: Page) -> None:
    kept.edit(stroke(2, (0, 0, 3, 8), corrects=True, frames=[2, 3], to=ROAD))
    before = kept.state()["render"]
    assert kept.get("carried/2").json() == {"frames": [0, FRAMES]}
    carry = {"kind": "carry", "id": fresh_id(), "frames": [1, 4], "frame": 2}
    assert kept.edit(carry, cursor=2).json()["render"] == before
    assert [bool((kept.maps(t)[0][:3, :8] == ROAD).all()) for t in range(FRAMES)] == [0 < t < 4 for t in range(FRAMES)]
    assert kept.lanes()[1]["spans"] == [[1, 2], [3, 4]]
    for wrong in (FRAMES, -1, "x"):
        assert kept.get(f"carried/{wrong}").status_code in (404, 422)


def doubts(page: Page) -> dict[str, Any]:
    for _ in range(50):
        found = page.get("doubts").json()
        if found["looked"] == found["frames"]:
            return found
    raise AssertionError("not all frames were looked at")


def judge(page: Page, *keys: str, right: Any = True) -> Any:
    return page.write("PUT", "doubts", keys=list(keys), right=right)


def test_doubts_are_told_called_right_and_kept(page: Page, restarted: Any) -> None:
    assert doubts(page) == {"revision": 0, "frames": FRAMES, "looked": FRAMES, "doubts": [], "right": 0, "note": ""}
    page.edit(split(start=3))
    found = doubts(page)
    assert [(one["kind"], one["frame"], one["object"], one["other"]) for one in found["doubts"]] == [
        ("apart", 3, NEW, CAR_ID)
    ]
    assert found["doubts"][0]["sentence"].startswith("new car 1 was part of car 1") and found["revision"] == 1
    assert found["doubts"][0]["box"] == [8, 10, 13, 14]
    key = found["doubts"][0]["key"]
    with page.events() as socket:
        assert judge(page, key).json()["right"] == 1
        while socket.receive_json()["type"] != "doubts":
            pass
    assert (doubts(page)["doubts"], page.state()["revision"]) == ([], 1)
    again = restarted(page)
    assert doubts(again)["right"] == 1
    assert [one["key"] for one in judge(again, key, right=False).json()["doubts"]] == [key]
    judge(again, key, "other")
    assert judge(again, right=False).json()["right"] == 0 == len(again.workspace.open(again.project).project.right)
    again.change("undo")
    assert doubts(again)["doubts"] == []


def test_a_project_in_which_something_was_called_right_is_not_empty(page: Page) -> None:
    assert page.workspace.open(page.project).project.untouched
    judge(page, "vanishes-2-2001-x-2-x")
    assert not page.workspace.open(page.project).project.untouched


@pytest.mark.parametrize(
    "body", [{"keys": ["../x"]}, {"keys": ["a" * 81]}, {"keys": "a"}, {"right": "yes"}, {"all": 1}]
)
def test_verdicts_are_checked(kept: Page, body: dict) -> None:
    assert kept.write("PUT", "doubts", **({"keys": ["a"], "right": True} | body)).status_code == 422


def test_a_request_looks_at_some_frames_and_the_next_goes_on(kept: Page, clip_folder: Path) -> None:
    opened, book = kept.workspace.open(kept.project), DoubtBook(seconds=-1)
    assert [book.look(opened, clip_folder).looked for _ in range(FRAMES + 1)] == [1, 2, 3, 4, 5, 6, 6]
    kept.edit(split(start=5))
    # Frames far from what was corrected are known.
    assert [book.look(opened, clip_folder).looked for _ in range(2)] == [5, 6]


def test_an_import_that_kept_nothing_usable_is_told(kept: Page, tmp_path: Path) -> None:
    (tmp_path / "import.json").write_text('{"confidence": [2]}')
    note = DoubtBook().look(kept.workspace.open(kept.project), tmp_path).note
    assert "import.json does not say how sure" in note
    (tmp_path / "import.json").write_text('{"confidence": [0.9, 0.9, 0.3, 0.9, 0.9, 0.9]}')
    assert [one.kind for one in DoubtBook().look(kept.workspace.open(kept.project), tmp_path).doubts] == ["unsure"]


def test_what_was_corrected_is_saved_as_a_new_clip(page: Page) -> None:
    empty = page.write("POST", "corrected", name="Tiny, corrected")
    assert empty.status_code == 422 and "Nothing was corrected" in empty.json()["error"]
    page.change("edits", edits=[split()], new_object=True)
    page.edit(swap())  # is no correction
    old = read_clip(page.workspace._clips["tiny"])
    names = []
    for name in ("Tiny, corrected", "Tiny, corrected", "../../tiny"):
        reply = page.write("POST", "corrected", name=name)
        assert reply.status_code == 200 and reply.json()["name"] == name, reply.text
        names.append(reply.json()["clip"])
    assert len(set(names)) == 3
    folders = sorted(path.name for path in (page.projects / "clips").iterdir())
    assert folders == ["tiny", "tiny-corrected", "tiny-corrected-2"]
    made = read_clip(page.projects / "clips" / "tiny-corrected")
    assert made.name == "Tiny, corrected" and set(np.unique(made.objects[made.labels == CAR]).tolist()) == {2001, 2002}
    np.testing.assert_array_equal(made.labels, old.labels)
    np.testing.assert_array_equal(made.pictures, old.pictures)
    again = read_clip(page.workspace._clips["tiny"])
    assert again.hash == old.hash
    assert set(names) <= {entry["name"] for entry in page.client.get("/api/v1/clips").json()}
    other = Page(page.client, page.workspace, page.token).opened(names[0], mode="footage")
    assert (other.maps(2)[1] == 2002).any() and other.state()["clip"]["name"] == "Tiny, corrected"


@pytest.mark.parametrize("name", ["", "  ", "a" * 81, None])
def test_a_new_clip_has_a_name(kept: Page, name: Any) -> None:
    assert kept.write("POST", "corrected", name=name).status_code == 422
