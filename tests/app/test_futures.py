"""Continuing a clip: futures are predicted, one is chosen, and undo takes it back."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import pytest

from core.conditioning import Kind
from core.prediction import future
from tests.app.client import Page, stroke, swap
from tests.core.tiny import CAR, SKY


@pytest.fixture
def filmed(page: Page) -> Page:
    return page.opened("tiny", "footage")


def futures(page: Page, frames: int = 2) -> dict[str, Any]:
    """Predicted, and ready to choose from."""
    assert page.write("POST", "futures", frames=frames).json()["stage"] == "running"
    for _ in range(1500):
        state = page.get("futures").json()
        if state["stage"] != "running":
            return state
        time.sleep(0.02)
    raise AssertionError("nothing was predicted")


def test_three_futures_are_shown_as_strips(filmed):
    state = futures(filmed)
    assert state["stage"] == "ready" and state["done"] == state["total"] == 12 and state["seconds_left"] == 0
    assert [one["number"] for one in state["futures"]] == [0, 1, 2] and state["futures"][0]["seed"] == 0
    assert len({one["seed"] for one in state["futures"]}) == 3
    assert filmed.get("futures/0").content[:4] == b"RIFF"
    assert filmed.get("futures/3").status_code == 404


def test_the_chosen_future_makes_the_clip_longer_and_undo_shorter(filmed):
    futures(filmed)
    before = filmed.state()
    reply = filmed.change("futures/1").json()
    # The page can't go on from what it shows: it asks for the state.
    assert reply["base"] != before["revision"] and reply["revision"] == before["revision"] + 1
    after = filmed.state()
    assert (after["clip"]["frames"], after["clip"]["filmed"]) == (8, 6)
    assert len(after["label_keys"]) == len(after["render"]) == 8
    assert [lane["title"] for lane in filmed.lanes()] == ["2 frames predicted"]
    assert filmed.lanes()[0]["spans"] == [[6, 8]]
    assert (filmed.maps(7)[0] == CAR).any()
    assert filmed.get("camera/7").status_code == 200
    assert filmed.get("futures").json()["stage"] == "none"
    undone = filmed.change("undo")
    assert undone.status_code == 200 and filmed.state()["clip"]["frames"] == 6
    filmed.change("redo")
    assert filmed.state()["clip"]["frames"] == 8


def test_edits_and_looks_go_on_and_predicted_frames_are_painted_on(filmed):
    filmed.edit(stroke(frames=[0, 6]))
    car = int(filmed.maps(5)[1][filmed.maps(5)[0] == CAR].max())
    look = {"kind": "set_style", "id": "look", "frames": [0, 6], "target": {"object": car}, "label": CAR}
    filmed.edit(look | {"code": [0.1, 0.2, 0.3]})
    futures(filmed)
    filmed.change("futures/0")
    edits = [lane["edit"] for lane in filmed.state()["edits"]]
    assert [edit["kind"] for edit in edits] == ["paint", "set_style", "continue", "set_style"]
    assert edits[3]["frames"] == [6, 8] and edits[3]["code"] == [0.1, 0.2, 0.3]
    labels = filmed.maps(6)[0]
    assert (labels[1:4, 20:26] == CAR).all()  # what was painted is there
    assert filmed.edit(stroke(7, (0, 0, 2, 4), frames=[6, 8], to=CAR)).status_code == 200
    assert (filmed.maps(7)[0][0:2, 0:4] == CAR).all()
    # Under other edits they do not go away.
    ids = [edits[2]["id"]]
    refused = filmed.change("edits", method="DELETE", ids=ids)
    assert refused.status_code == 422 and "act in these predicted frames" in refused.json()["error"]


def test_looks_of_what_is_gone_do_not_go_on(filmed):
    look = {"kind": "set_style", "frames": [0, 6], "label": CAR, "code": [0.1, 0.2, 0.3]}
    filmed.edit(look | {"id": "gone", "target": {"object": CAR * 1000 + 999}})
    filmed.edit(look | {"id": "all", "target": {"label": CAR}})
    futures(filmed)
    filmed.change("futures/0")
    edits = [lane["edit"] for lane in filmed.state()["edits"]]
    assert [edit["kind"] for edit in edits] == ["set_style", "set_style", "continue", "set_style"]
    assert edits[3]["target"] == edits[1]["target"]


def test_a_project_comes_back_with_its_predicted_frames(servers, restarted, tmp_path):
    page = servers(tmp_path).opened("tiny", "footage")
    futures(page)
    page.change("futures/0")
    labels = page.maps(7)[0]
    again = restarted(page)
    assert again.state()["clip"]["frames"] == 8 and (again.maps(7)[0] == labels).all()


def test_downloads_have_predicted_frames_or_leave_them_out(filmed):
    futures(filmed)
    filmed.change("futures/0")
    counts = [
        len(zipfile.ZipFile(io.BytesIO(filmed.get("frames.zip", predicted=wanted).content)).namelist())
        for wanted in (True, False)
    ]
    assert counts[0] - counts[1] == 2
    assert filmed.get("edits.json").json()["edits"] == []


def test_predicted_frames_are_made_up_and_not_film(filmed):
    futures(filmed)
    revision = filmed.change("futures/0").json()["revision"]
    for t, kind in ((5, Kind.FILMED), (6, Kind.MADE_UP)):
        assert set(filmed.get(f"kinds/{revision}/{t}").content) == {kind}


def test_all_futures_go_on_from_the_edits_of_when_they_were_asked_for(filmed, monkeypatch):
    seen = []

    def predict(predictor, last, free, count, seed):
        seen.append((last[-1].labels.copy(), free))
        if seed == 0:
            assert filmed.edit(stroke(frames=[0, 6])).status_code == 200
        return future.predict(predictor, last, free, count, seed)

    monkeypatch.setattr("app.futures.predict", predict)
    before = filmed.maps(5)[0]
    assert futures(filmed)["stage"] == "ready"
    assert not (filmed.maps(5)[0] == before).all()
    assert len(seen) == 3 and all((labels == before).all() and free is seen[0][1] for labels, free in seen)


def test_cancelled_leaves_nothing(filmed):
    filmed.write("POST", "futures", frames=50)
    assert filmed.write("DELETE", "futures").json()["stage"] == "none"
    assert filmed.get("futures").json() == filmed.write("DELETE", "futures").json()
    assert not list((filmed.projects / filmed.project).glob("predicted-*"))
    assert filmed.change("futures/0").status_code == 404


def test_what_cannot_be_continued_is_said(filmed):
    assert filmed.write("POST", "futures", frames=101).status_code == 422
    assert filmed.write("POST", "futures", frames=0).status_code == 422
    filmed.edit(swap(frames=[0, 6], to=SKY))
    assert futures(filmed)["stage"] == "ready"  # nothing that can be counted is left: that is no reason


def test_a_future_of_other_frames_is_refused(filmed):
    futures(filmed)
    filmed.change("futures/0")
    futures(filmed, 1)
    filmed.change("undo")
    reply = filmed.change("futures/0")
    assert reply.status_code == 422 and "after other frames" in reply.json()["error"]
