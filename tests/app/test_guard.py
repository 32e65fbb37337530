"""Who may call."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.guard import MAX_API_BODY, Guard
from app.settings import Settings, read_settings
from core.errors import InputError


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/clips", "/api/v1/token", "/canvas/x/main.js", "/gradio_api/info"])
def test_foreign_pages_are_refused_everywhere(page, path, headers):
    assert page.client.get(path, headers=headers).status_code == 403


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{", b"[" * 200_000, b'{"base": ' + b"9" * 5000 + b"}", b""])
def test_what_is_no_json_is_answered_with_a_fix(page, body):
    headers = {"X-Scenebrush": page.token, "Content-Type": "application/json"}
    reply = page.client.post("/api/v1/projects", content=body, headers=headers)
    assert reply.status_code in (400, 422)
    assert reply.json()["error"] and reply.json()["fix"] != "Check the address."


def test_a_page_of_before_a_restart_asks_for_the_token_of_now(page):
    reply = page.client.get("/api/v1/token")
    assert reply.json() == {"token": page.token} and reply.headers["cache-control"] == "no-store"
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}):
        assert page.client.get("/api/v1/token", headers=foreign).status_code == 403


def test_the_own_page_is_let_in(page):
    for origin in ("http://127.0.0.1:7860", "https://127.0.0.1:7860"):
        assert page.client.get("/api/v1/clips", headers={"Origin": origin}).status_code == 200


def test_the_own_page_is_given_the_new_token(page):
    reply = page.client.get("/api/v1/token")
    assert reply.json() == {"token": page.token} and reply.headers["cache-control"] == "no-store"


def test_writes_need_the_token(page):
    for headers in ({}, {"X-Scenebrush": "wrong"}):
        reply = page.client.post("/api/v1/projects", json={"clip": "tiny"}, headers=headers)
        assert reply.status_code == 403 and reply.json()["fix"]


@pytest.mark.parametrize("query,headers", [("", {}), ("?token=x", {}), ("own", {"Origin": "http://evil.example"})])
def test_the_socket_needs_token_and_origin(page, query, headers):
    query = f"?token={page.token}" if query == "own" else query
    with pytest.raises(WebSocketDisconnect), page.socket(query, **headers):
        pass
    with page.socket(f"?token={page.token}", Origin="http://127.0.0.1:7860"):
        pass


def test_the_socket_of_an_unknown_project_is_closed(page):
    with pytest.raises(WebSocketDisconnect), page.socket(f"?token={page.token}", project="0" * 32):
        pass


def test_large_bodies_are_refused_whether_announced_or_not(page):
    def parts():
        for _ in range(20):
            yield b" " * (MAX_API_BODY // 10)

    for content in (b" " * (MAX_API_BODY + 1), parts()):
        headers = {"X-Scenebrush": page.token, "Content-Type": "application/json"}
        reply = page.client.post(page.at("edits"), content=content, headers=headers)
        assert reply.status_code == 413 and reply.json()["error"]


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def test_a_password_is_asked_for_everywhere():
    settings = Settings(host="0.0.0.0", password="höher")
    client = TestClient(Guard(hello, settings), base_url="http://studio.example")
    assert client.get("/").status_code == 401 and "Basic" in client.get("/").headers["WWW-Authenticate"]
    assert client.get("/", auth=("me", "tiefer")).status_code == 401
    assert client.get("/", headers={"Authorization": "Basic !!"}).status_code == 401
    assert client.get("/", auth=("me", "höher")).status_code == 200


def test_a_space_shows_the_page_inside_another():
    space = TestClient(Guard(hello, Settings(host="0.0.0.0", space=True)), base_url="https://space.example")
    assert "X-Frame-Options" not in space.get("/").headers
    own = TestClient(Guard(hello, Settings()), base_url="http://localhost")
    assert own.get("/").headers["X-Frame-Options"] == "SAMEORIGIN"


def test_others_reach_the_editor_only_with_a_password():
    with pytest.raises(InputError, match="password"):
        read_settings(["--host", "0.0.0.0"], {})
    assert read_settings(["--host", "0.0.0.0"], {"SCENEBRUSH_PASSWORD": "x"}).password == "x"
    assert read_settings([], {"SYSTEM": "spaces"}).host == "0.0.0.0"
    assert read_settings([], {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": "8000"}).port == 8000


def test_secrets_are_not_printed():
    settings = replace(Settings(), password="tell-nobody")
    assert "tell-nobody" not in repr(settings) and settings.token not in repr(settings)
