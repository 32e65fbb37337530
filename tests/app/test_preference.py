"""The study's server: what it tells, what it keeps, whom it lets in."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.preference.__main__ import read_arguments
from app.preference.server import build_app
from app.settings import Access
from core.errors import InputError
from core.preference.judging import Judging
from tests.core.preference.studies import JUDGE, judge, small_study

TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    small_study(place)
    return place / "study"


class Tab:
    """A judge's tab. Every test has judges of its own: they share the study."""

    def __init__(self, client: TestClient, name: str) -> None:
        self.client, self.at = client, f"/api/v1/judges/{name}"

    def state(self):
        return self.client.get(self.at).json()

    def vote(self, trial: str, question: str = "realism", choice: str = "left", **more):
        body = {"trial": trial, "question": question, "choice": choice, "seconds": 1.5} | more
        return self.client.post(f"{self.at}/votes", json=body, headers={"X-Scenebrush": TOKEN})

    def take_back(self):
        return self.client.delete(f"{self.at}/votes/last", headers={"X-Scenebrush": TOKEN})


@pytest.fixture(scope="module")
def client(folder: Path) -> TestClient:
    return TestClient(build_app(Judging(folder), Access(token=TOKEN)), base_url="http://127.0.0.1:7870")


def test_a_judge_votes_and_goes_on_by_the_link(client, folder):
    tab = Tab(client, judge(1))
    state = tab.state()
    assert [question["text"] for question in state["questions"]] == ["Which looks more real?", "Which is steadier?"]
    assert len(state["trials"]) == 3 + 1 + 2 and state["answers"] == []
    first = state["trials"][0]
    assert (first["rate"], first["seconds"], first["width"], first["height"]) == (12, 0.5, 64, 32)
    reply = tab.vote(first["trial"])
    assert reply.status_code == 200
    assert reply.json()["answers"] == [{"trial": first["trial"], "question": "realism", "choice": "left"}]
    again = TestClient(build_app(Judging(folder), Access(token=TOKEN)), base_url="http://localhost")
    assert again.get(tab.at).json() == reply.json()
    assert tab.take_back().json()["answers"] == [] == tab.take_back().json()["answers"]


def test_nothing_tells_which_method_is_which(client, folder):
    state = client.get(f"/api/v1/judges/{judge(2)}")
    study = Judging(folder).study
    for word in [method.source for method in study.methods] + ["damaged", "trap", "repeat", "clip0"]:
        assert word not in state.text
    kinds = {tuple(sorted(trial)) for trial in state.json()["trials"]}
    assert len(kinds) == 1 and not {"kind", "clip", "method"} & set(next(iter(kinds)))


def test_videos_are_sent_in_parts(client):
    trial = Tab(client, judge(3)).state()["trials"][0]
    address = f"/api/v1/videos/{trial['left']}.mp4"
    whole = client.get(address)
    assert whole.headers["content-type"] == "video/mp4" and "immutable" in whole.headers["cache-control"]
    assert b"ftyp" in whole.content[:32]
    part = client.get(address, headers={"Range": "bytes=4-11"})
    assert part.status_code == 206 and part.content == whole.content[4:12]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"trial": "0" * 16}, 404, "not one of yours"),
        ({"question": "beauty"}, 404, "Nobody asks"),
        ({"choice": "both"}, 422, "no answer"),
        ({"seconds": -1}, 422, "seconds"),
        ({"seconds": 1e999}, 422, "seconds"),
        ({"choice": 3}, 422, "choice"),
        ({"why": "because"}, 422, "why"),
    ],
)
def test_what_is_no_vote_is_a_sentence(client, body, status, word):
    tab = Tab(client, judge(4))
    trial = tab.state()["trials"][0]["trial"]
    data = {"trial": trial, "question": "realism", "choice": "left", "seconds": 1.0} | body
    if data["seconds"] == 1e999:
        content = '{"trial": "' + trial + '", "question": "realism", "choice": "left", "seconds": 1e999}'
        headers = {"X-Scenebrush": TOKEN, "Content-Type": "application/json"}
        reply = client.post(f"{tab.at}/votes", content=content, headers=headers)
    else:
        reply = tab.vote(**data)
    assert reply.status_code == status and word in reply.json()["error"] and reply.json()["fix"]
    assert tab.state()["answers"] == []


def test_the_same_vote_twice_is_kept_once(client):
    tab = Tab(client, judge(5))
    trial = tab.state()["trials"][0]["trial"]
    assert tab.vote(trial).status_code == 200
    reply = tab.vote(trial, choice="right")
    assert reply.status_code == 409 and "your answer already" in reply.json()["error"]
    assert [answer["choice"] for answer in tab.state()["answers"]] == ["left"]


@pytest.mark.parametrize("path", ["judges/nobody", "judges/..%2F..", f"judges/{JUDGE}x", "videos/study.mp4", "none"])
def test_what_is_not_there_is_a_sentence(client, path):
    reply = client.get(f"/api/v1/{path}")
    assert reply.status_code == 404 and reply.json()["error"] and reply.json()["fix"]


def test_files_of_the_study_are_not_served(client):
    for path in ("/study.json", "/votes.sqlite", "/preference/page/index.html", "/preference/page/..%2fserver.py"):
        assert client.get(path).status_code == 404
    assert client.get("/").status_code == client.get("/preference/page/main.js").status_code == 200
    assert client.get("/canvas/style.css").status_code == 200


def test_the_same_guard_as_the_editors_stands_before_it(folder):
    app = build_app(Judging(folder), Access(token=TOKEN))
    own = TestClient(app, base_url="http://127.0.0.1:7870")
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        for path in ("/", f"/api/v1/judges/{JUDGE}", "/api/v1/token"):
            assert own.get(path, headers=headers).status_code == 403
    assert own.post(f"/api/v1/judges/{JUDGE}/votes", json={}).status_code == 403
    assert own.delete(f"/api/v1/judges/{JUDGE}/votes/last").status_code == 403
    guarded = build_app(Judging(folder), Access(host="0.0.0.0", password="tell-nobody", token=TOKEN))
    open_to_all = TestClient(guarded, base_url="http://studio.example")
    assert open_to_all.get("/").status_code == 401
    assert open_to_all.get("/", auth=("any", "tell-nobody")).status_code == 200


def test_other_machines_need_a_password():
    assert read_arguments(["study"], {})[0] == Path("study")
    with pytest.raises(InputError, match="no password is set"):
        read_arguments(["study", "--host", "0.0.0.0"], {})
    assert read_arguments(["study", "--host", "0.0.0.0"], {"SCENEBRUSH_PASSWORD": "x"})[1].password == "x"
    with pytest.raises(InputError, match="Port"):
        read_arguments(["study", "--port", "70000"], {})
