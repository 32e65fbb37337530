"""Gradio's routes: those of page and programs are there, the others are not; wrong calls are answered in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.client import Page, swap

CALL = "/gradio_api/call/open_project"


def said(reply: Any, status: int | None = None) -> str:
    """The sentence of a refusal, which comes in our form."""
    assert 400 <= reply.status_code < 500 and status in (None, reply.status_code), reply.text[:200]
    body = reply.json()
    assert set(body) == {"error", "fix"} and body["error"] and body["fix"]
    assert all("\n" not in text and len(text) <= 500 for text in body.values())
    return body["error"]


@pytest.mark.parametrize(
    "path",
    [
        *("upload_progress?upload_id=1", "file=/etc/passwd", "file/x", "proxy=http:/localhost/", "token", "user"),
        *("app_id", "runs", "vibe-code", "openapi.json", "custom_component/1/client/x/a.js", "login_check"),
        *("queue/status", "dev/reload", "nowhere", "stream/a/b/1/playlist.m3u8", "deep_link?session_hash=a"),
    ],
)
def test_what_the_page_does_not_use_is_shut(page: Page, path: str) -> None:
    said(page.client.get(f"/gradio_api/{path}"), 404)


@pytest.mark.parametrize(
    "path", ["/monitoring", "/logout", "/login", "/svelte/x.js", "/nowhere", "/assets/none.js", "/a/../b"]
)
def test_so_is_the_rest_of_the_site(page: Page, path: str) -> None:
    said(page.client.get(path), 404)
    said(page.client.post(path, json={}), 404)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_what_is_not_below_the_api_is_refused_by_us(page: Page, method: str) -> None:
    headers = {"X-Scenebrush": page.token}
    for path in ("/api/v1/nothing", "/api/nothing", page.at("edits/a/b")):
        said(page.client.request(method, path, headers=headers), 404)


def test_no_file_is_taken(page: Page) -> None:
    said(page.client.post("/gradio_api/upload", files={"files": ("a.txt", b"hello")}), 404)
    said(page.client.post(CALL, files={"files": ("a.txt", b"hello")}), 422)


@pytest.mark.parametrize("path", ["run/open_project", "api/open_project", "call/v2/open_project", "reset", "stream/x"])
def test_there_is_one_way_to_call(page: Page, path: str) -> None:
    said(page.client.post(f"/gradio_api/{path}", json={"data": ["tiny", ""]}), 404)


def test_the_page_and_what_can_be_called_are_there(page: Page) -> None:
    for path in ("/", "/?page=x&project=y", "/theme.css", "/config", "/gradio_api/info"):
        assert page.client.get(path).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"data": null}', b'{"data": {}}'),
        *(b'{"data": []}', b'{"data": [1, 2, 3, 4]}', b'{"data": [{}, []]}', b'{"data": [1]}', b'{"data": [NaN]}'),
        *(b'{"data": ["tiny", 7]}', b'{"data": ["\\ud800"]}', b'{"data": ["x"], "fn_index": "one"}'),
    ],
)
def test_wrong_calls_are_answered_in_words(page: Page, body: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    headers = {"Content-Type": "application/json"}
    for path in (CALL, "/gradio_api/call/nowhere", "/gradio_api/queue/join", "/gradio_api/cancel"):
        said(page.client.post(path, content=body, headers=headers))
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("number", [999, -1, None, 10**30])
def test_calls_by_a_number_that_nobody_has(page: Page, number: int | None) -> None:
    call = {"data": [], "fn_index": number, "session_hash": "a"}
    said(page.client.post("/gradio_api/queue/join", json=call), 404)
    said(page.client.post("/gradio_api/queue/join", json=call | {"fn_index": 0, "session_hash": None}), 422)


def test_results_that_nobody_waits_for(page: Page) -> None:
    for path in ("call/open_project/x", "call/list_clips/y", "queue/data", "queue/data?session_hash=zz"):
        said(page.client.get(f"/gradio_api/{path}"), 404)


@pytest.fixture
def running(servers: Callable[[Path], Page], tmp_path: Path) -> Iterator[Page]:
    """A server whose queue runs: calls are worked off beside the requests."""
    page = servers(tmp_path)
    with page.client:
        yield page.opened("tiny")


def result(page: Page, name: str, *data: Any) -> tuple[str, Any]:
    """Kind and content of the last event of a call's reply."""
    event = page.client.post(f"/gradio_api/call/{name}", json={"data": data}).json()["event_id"]
    place = f"/gradio_api/call/{name}/{event}"
    *_, kind, content = page.client.get(place).text.strip().splitlines()
    said(page.client.get(place), 404)
    return kind.removeprefix("event: "), json.loads(content.removeprefix("data: "))


def test_programs_are_answered(running: Page) -> None:
    page = running
    kind, (state,) = result(page, "open_project", "tiny")
    assert kind == "complete" and state["revision"] == 0
    kind, (changed,) = result(page, "apply_edits", state["project"], [swap()])
    assert kind == "complete" and changed["revision"] == 1


def test_what_a_call_asks_for_and_is_not_there_is_named(running: Page, capfd: pytest.CaptureFixture[str]) -> None:
    page = running
    kind, error = result(page, "open_project", "nowhere")
    assert kind == "error" and "nowhere" in error["error"]
    kind, error = result(page, "apply_edits", page.project, [{"kind": "melt"}])
    assert kind == "error" and "melt" in error["error"]
    assert "Traceback" not in capfd.readouterr().err


def test_errors_quote_one_bounded_line(page: Page) -> None:
    long = "x\n" * 100_000
    said(page.client.post("/gradio_api/call/open_project", json={"data": [long, 7]}))
    said(page.write("POST", "projects", clip="tiny", **{long: 1}))
    said(page.client.get("/api/v1/" + "y" * 5000))
    said(page.edit(swap(**{long: 1})))
    said(page.edit(swap(kind=long)))
