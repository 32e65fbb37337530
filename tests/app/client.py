"""The page's side of the protocol, for tests."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.project.edits import Mask
from tests.core.tiny import CAR, CAR_ID, SKY

_NUMBERS = itertools.count(1)


def fresh_id() -> str:
    return f"id{next(_NUMBERS)}"


def stroke(frame: int = 1, box: tuple[int, int, int, int] = (1, 20, 4, 26), **fields: Any) -> dict[str, Any]:
    """A still rectangle of cars in the sky."""
    pixels = np.zeros((16, 32), bool)
    pixels[box[0] : box[2], box[1] : box[3]] = True
    mask = Mask.from_array(pixels).model_dump(mode="json")
    edit = {"kind": "paint", "id": fresh_id(), "frames": [0, 6], "keyframes": [{"frame": frame, "mask": mask}]}
    return edit | {"to": CAR, "motion": {"kind": "still"}} | fields


def swap(**fields: Any) -> dict[str, Any]:
    """The car becomes sky from frame 3 on."""
    edit = {"kind": "set_class", "id": fresh_id(), "frames": [3, 6], "target": {"object": CAR_ID}, "to": SKY}
    return edit | fields


class Page:
    """One tab with the token."""

    def __init__(self, client: Any, workspace: Any, token: str = "a-token-for-tests") -> None:
        self.client, self.workspace, self.token = client, workspace, token
        self.project = ""

    @property
    def projects(self) -> Path:
        """The folder of projects."""
        return self.workspace._store.folder

    def opened(self, clip: str, mode: str = "rendered") -> Page:
        self.project = self.write("POST", "projects", clip=clip, mode=mode).json()["project"]
        return self

    def at(self, path: str) -> str:
        return f"/api/v1/projects/{self.project}/{path}".rstrip("/")

    def get(self, path: str = "", **query: Any) -> Any:
        return self.client.get(self.at(path), params=query)

    def state(self) -> dict[str, Any]:
        return self.get().json()

    def write(self, method: str, path: str, **body: Any) -> Any:
        address = f"/api/v1/{path}" if path == "projects" else self.at(path)
        return self.client.request(method, address, json=body, headers={"X-Scenebrush": self.token})

    def change(self, path: str, base: int | None = None, method: str = "POST", **body: Any) -> Any:
        base = self.state()["revision"] if base is None else base
        return self.write(method, path, **({"request_id": fresh_id(), "base": base} | body))

    def edit(self, edit: dict[str, Any], **body: Any) -> Any:
        return self.change("edits", edits=[edit], **body)

    def lanes(self) -> list[dict[str, Any]]:
        """The lanes, once the server has found out where all edits act."""
        for _ in range(400):
            lanes = self.state()["edits"]
            if all(lane["spans"] is not None for lane in lanes):
                return lanes
            time.sleep(0.02)
        raise AssertionError("nobody found out where the edits act")

    def maps(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Labels and objects of a frame, as the page decodes them."""
        data = self.get(f"labels/{self.state()['label_keys'][t]}").content
        return np.frombuffer(data[:512], np.uint8).reshape(16, 32), np.frombuffer(data[512:], "<i4").reshape(16, 32)

    def render(self, cursor: int = 0) -> Any:
        return self.write("POST", "render", request_id=fresh_id(), revision=self.state()["revision"], cursor=cursor)

    def socket(self, query: str, project: str = "", **headers: str) -> Any:
        """The events' socket, not yet entered."""
        address = f"ws://127.0.0.1:7860/api/v1/projects/{project or self.project}/events{query}"
        return self.client.websocket_connect(address, headers=headers)

    @contextmanager
    def events(self) -> Any:
        with self.socket(f"?token={self.token}") as socket:
            yield socket

    def rendered(self, cursor: int = 0) -> list[dict[str, Any]]:
        """Render all; the events up to the end of it."""
        events: list[dict[str, Any]] = []
        with self.events() as socket:
            ticket = self.render(cursor).json()["ticket"]
            while not events or events[-1]["type"] != "done":
                event = socket.receive_json()
                if event.get("ticket") == ticket:
                    events.append(event)
        return events
