"""Frames, tickets, looks and downloads."""

from __future__ import annotations

import io
import threading
import zipfile

import cv2
import numpy as np
import pytest

from app import filmed
from app.errors import NotFound
from app.workspace import Workspace
from core.clip.native import picture_file, read_clip, write_clip
from core.project.carried import Staying
from core.project.storage import ProjectStore
from core.rendering.rollout import roll_out
from tests.app.client import fresh_id, stroke, swap
from tests.app.stand_in import StandInGenerator, stand_in_engine
from tests.core.tiny import CAR, CAR_ID, LABELS, ROAD, tiny_clip
from tests.videos import read_video


def final_renders(page) -> list[np.ndarray]:
    """The plain roll-out of what the project is now."""
    conditioning = page.workspace.open(page.project).conditionings()
    return [step.picture for step in roll_out(StandInGenerator(LABELS, 0), map(conditioning, range(6)))]


def picture(reply) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(reply.content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_every_frame_is_sent_once_and_is_the_final_render(page):
    page.edit(stroke())
    events = page.rendered(cursor=4)
    final = [event["t"] for event in events if event["type"] == "frame" and event["stage"] == "final"]
    assert sorted(final) == list(range(6)) and all(event.get("revision", 1) == 1 for event in events)
    for entry, expected in zip(page.state()["render"], final_renders(page), strict=True):
        assert entry["stage"] == "final"
        np.testing.assert_array_equal(picture(page.get(f"frames/{entry['key']}")), expected)


def test_progress_is_sent_to_the_end(page):
    page.edit(swap())
    progress = [event for event in page.rendered() if event["type"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] == 6


def test_frames_before_the_first_change_stay_true(page):
    page.rendered()
    # An edit of its own: what another test rendered is at hand here too.
    entries = page.edit(swap(to=ROAD)).json()["render"]
    assert [entry is not None for entry in entries] == [True] * 3 + [False] * 3


def carried_nowhere(monkeypatch, let_go: threading.Event, painted: int) -> None:
    """Until it is let go, a stroke is known only where it was painted."""
    at = Staying.at

    def slow(carrier: Staying, t: int) -> object:
        assert t == painted or let_go.wait(20)
        return at(carrier, t)

    monkeypatch.setattr(Staying, "at", slow)


def until(socket, kind: str, **fields: object) -> dict:
    """The next event of a kind."""
    while True:
        event = socket.receive_json()
        if event["type"] == kind and fields.items() <= event.items():
            return event


def test_the_first_picture_of_a_stroke_does_not_wait_for_carrying(page, monkeypatch):
    page.rendered()
    let_go = threading.Event()
    carried_nowhere(monkeypatch, let_go, painted=3)
    try:
        with page.events() as socket:
            reply = page.edit(stroke(frame=3, box=(1, 3, 4, 9)), cursor=3).json()
            preview = until(socket, "frame", revision=1)
            assert (preview["t"], preview["stage"], preview["ticket"]) == (3, "preview", reply["ticket"])
            assert reply["edits"][0]["spans"] is None and page.state()["edits"][0]["spans"] is None
            let_go.set()
            assert until(socket, "lanes", revision=1)["edits"][0]["spans"] == [[0, 6]]
            until(socket, "done", ticket=reply["ticket"])
    finally:
        let_go.set()
    assert page.state()["edits"][0]["spans"] == [[0, 6]]
    for entry, expected in zip(page.state()["render"], final_renders(page), strict=True):
        np.testing.assert_array_equal(picture(page.get(f"frames/{entry['key']}")), expected)


def test_lanes_are_sent_of_the_newest_revision_only(page, monkeypatch):
    let_go = threading.Event()
    carried_nowhere(monkeypatch, let_go, painted=3)
    try:
        with page.events() as socket:
            page.edit(stroke(frame=3, box=(1, 3, 4, 9)), cursor=3)
            page.change("undo", base=1, cursor=3), page.change("redo", base=2, cursor=3)
            let_go.set()
            message = until(socket, "lanes")
    finally:
        let_go.set()
    assert message["revision"] == 3 and [lane["spans"] for lane in message["edits"]] == [[[0, 6]]]


def test_an_undo_at_hand_is_sent_whole_and_renders_nothing(page):
    page.rendered()
    page.edit(stroke(box=(4, 3, 9, 9)), cursor=2)
    undone = page.change("undo", cursor=2).json()
    assert undone["ticket"] is None and {entry["stage"] for entry in undone["render"]} == {"final"}


def test_a_reply_that_is_given_again_has_the_ticket_of_now(page):
    body = {"request_id": fresh_id(), "base": 0, "edits": [stroke(box=(4, 3, 9, 8))], "cursor": 1}
    with page.events() as socket:
        ticket = page.write("POST", "edits", **body).json()["ticket"]
        until(socket, "done", ticket=ticket)
    assert page.write("POST", "edits", **body).json()["ticket"] is None


def test_an_older_revision_is_not_rendered(page):
    page.edit(swap())
    reply = page.write("POST", "render", request_id="r", revision=0, cursor=0)
    assert reply.status_code == 409


@pytest.mark.parametrize("cursor", [6, 10**4, 10**9, -1])
def test_a_cursor_outside_the_clip_is_refused_in_words(page, cursor):
    reply = page.render(cursor)
    assert reply.status_code == 422 and page.state()["ticket"] is None
    if 0 < cursor < 10**5:
        assert reply.json() == {"error": f"The clip has no frame {cursor}.", "fix": "Its frames count from 0 to 5."}


def test_no_frame_is_sent_after_a_cancel(page, monkeypatch):
    going_on = threading.Event()
    generator = page.workspace.engine.renderer.generator
    step = generator.step
    monkeypatch.setattr(generator, "step", lambda *given: (going_on.wait(10), step(*given))[1])
    page.edit(stroke(box=(2, 2, 5, 9)))
    with page.events() as socket:
        ticket = page.render().json()["ticket"]
        assert page.write("DELETE", f"render/{ticket}").status_code == 200
        going_on.set()
        newer = page.render().json()["ticket"]
        events = []
        while not events or events[-1] != ("done", newer):
            event = socket.receive_json()
            events.append((event["type"], event.get("ticket")))
    assert ("frame", ticket) not in events and ("frame", newer) in events


def test_the_unedited_clip_is_rendered_by_itself(page):
    page.edit(stroke())
    page.rendered()
    page.workspace.worker.call(lambda: None).result(10)
    with page.events():
        pass
    before = page.workspace.open(page.project)
    expected = [step.picture for step in roll_out(StandInGenerator(LABELS, 0), map(before.conditionings(()), range(6)))]
    done = threading.Event()
    for _ in range(100):
        keys = page.state()["before"]
        if all(keys):
            break
        done.wait(0.05)
    for key, wanted in zip(keys, expected, strict=True):
        np.testing.assert_array_equal(picture(page.get(f"frames/{key}")), wanted)


def test_looks_are_samples_with_a_crop_each(page):
    ask = {"object": CAR_ID, "label": CAR, "frame": 2, "seed": 5, "count": 4}
    sheet = page.get("looks", **ask).json()
    assert sheet == page.get("looks", **ask).json() and len({tuple(look["code"]) for look in sheet["looks"]}) == 4
    assert sheet != page.get("looks", **(ask | {"seed": 6})).json()
    one, other = (page.get(f"looks/{look['key']}") for look in sheet["looks"][:2])
    assert one.headers["content-type"] == "image/webp" and one.content != other.content


def test_a_look_can_be_drawn_again_from_its_provenance(page):
    look = page.get("looks", object=CAR_ID, label=CAR, frame=2, seed=5, count=3).json()["looks"][2]
    mixture = page.workspace.engine.mixtures[CAR]
    assert mixture.sample(1, look["provenance"]["seed"])[0].code == tuple(look["code"])


def test_more_like_this_draws_around_a_look_with_the_seed(page):
    ask = {"object": CAR_ID, "label": CAR, "frame": 2, "seed": 5, "count": 6}
    chosen = page.get("looks", **ask).json()["looks"][0]["code"]
    sheet = page.get("looks", **ask, near=chosen).json()
    assert sheet == page.get("looks", **ask, near=chosen).json() and sheet["near"] == chosen
    assert sheet["looks"] != page.get("looks", **(ask | {"seed": 6}), near=chosen).json()["looks"]
    codes = np.array([look["code"] for look in sheet["looks"]])
    assert 0 < np.abs(codes - chosen).max() < 0.5
    mixture = page.workspace.engine.mixtures[CAR]
    assert {look["provenance"]["component"] for look in sheet["looks"]} == {mixture.component(chosen)}
    assert {look["provenance"]["seed"] for look in sheet["looks"]} == {None}


@pytest.mark.parametrize("near", [[0.1, 0.2], ["a", "b", "c"], [0.1] * 4, ["nan"] * 3])
def test_a_look_that_is_none_is_refused(page, near):
    assert page.get("looks", object=CAR_ID, label=CAR, frame=2, near=near).status_code == 422


def test_a_look_is_taken_from_a_filmed_frame(page):
    found = page.get("filmed", object=CAR_ID).json()
    assert found["frames"] == found["shown"] == [0, 1, 2, 3, 4, 5]
    look = page.get("filmed/2/look", object=CAR_ID).json()
    assert look["provenance"]["frame"] == 2
    assert look["code"] == pytest.approx([-1, -1, 142 / 127.5 - 1], abs=0.1)  # as far as a video keeps colours
    assert page.get("filmed/2", object=CAR_ID).headers["content-type"] == "image/webp"


def test_where_an_object_was_not_filmed_it_is_said(page):
    page.edit(stroke(), new_object=True)
    found = page.get("filmed", object=1_000_000).json()
    assert found["frames"] == [] and "painted, not filmed" in found["why"]
    assert "frame 3 as it was filmed" in page.get("filmed/2/look", object=1_000_000).json()["error"]
    assert page.get("filmed/6/look", object=CAR_ID).status_code == 404
    assert "No frame" in page.get("filmed", object=77).json()["why"]


def test_a_clip_that_was_never_filmed_says_so(tmp_path):
    write_clip(tiny_clip(3, filmed=False), tmp_path / "labels")
    space = Workspace(stand_in_engine(LABELS, 0), ProjectStore(tmp_path / "projects"), {"labels": tmp_path / "labels"})
    try:
        opened = space.create("labels")
        assert "never filmed" in filmed.frames_of(opened, CAR_ID).why
        with pytest.raises(NotFound, match="never filmed"):
            filmed.look(opened, CAR_ID, 0)
    finally:
        space.close()


def test_the_video_and_its_frames_are_the_final_render_without_asking_first(page, tmp_path):
    page.edit(stroke())
    (tmp_path / "v.mp4").write_bytes(page.get("video.mp4").content)
    pictures, rate = read_video(tmp_path / "v.mp4")
    assert (len(pictures), rate, pictures.shape[1:3]) == (6, 12, (16, 32))
    archive = zipfile.ZipFile(io.BytesIO(page.get("frames.zip").content))
    for t, expected in enumerate(final_renders(page)):
        data = np.frombuffer(archive.read(picture_file(t)), np.uint8)
        np.testing.assert_array_equal(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], expected)


def test_label_maps_are_downloaded_as_a_clip(page, tmp_path):
    page.edit(stroke(), new_object=True)
    zipfile.ZipFile(io.BytesIO(page.get("labels.zip").content)).extractall(tmp_path / "labels")
    np.testing.assert_array_equal(read_clip(tmp_path / "labels").labels[3], page.maps(3)[0])


def test_downloaded_edits_are_those_of_the_project(page):
    page.edit(swap())
    assert page.get("edits.json").json()["edits"] == [lane["edit"] for lane in page.state()["edits"]]


@pytest.mark.errors_expected
def test_a_generator_that_fails_is_reported(page, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(page.workspace.engine.renderer.generator, "step", fail)
    page.edit(stroke(box=(0, 0, 2, 2)))
    with page.events() as socket:
        page.render()
        event = socket.receive_json()
        while event["type"] != "failed" or "ticket" not in event:
            event = socket.receive_json()
    assert "out of memory" in event["error"] and page.state()["ticket"] is None
