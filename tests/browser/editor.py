"""The editor as a test drives it: with the mouse and keys of the page, read through its test hook and the routes."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import BrowserContext, ConsoleMessage, Download, Request

# Rendering 60 frames takes its time on a busy machine.
PATIENCE_MS = 280_000


@dataclass
class Server:
    """A running server. `url` ends with a slash."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_up(self, seconds: float = 120) -> None:
        """Return once the page is served; AssertionError with the log when the program ends or stays silent."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"the server did not come up:\n{self.log.read_text(errors='replace')[-3000:]}")


class Editor:
    """One tab. expected: parts of errors that Chromium logs by itself and that are no complaint."""

    def __init__(self, context: BrowserContext, server: Server, expected: tuple[str, ...] = ()) -> None:
        self.context, self.server, self.expected = context, server, expected
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error in the page: {error}"))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        said = f"console: {message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(part in said for part in self.expected):
            self.complaints.append(said)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, self.server.url.replace("http", "ws"), "data:", "blob:")):
            self.complaints.append(f"leaves the machine: {request.url}")

    def open(self, query: str | None = None, mode: str = "rendered") -> Editor:
        """Go to the page and wait until a project is open: a new one in `mode`, unless `query` says otherwise."""
        self.page.goto(self.server.url + (f"?project={self._new_project(mode)}" if query is None else query))
        self.until("window.__scenebrush && __scenebrush.idle")
        return self

    def _new_project(self, mode: str) -> str:
        """A project of the server's first clip, made as a program would."""
        api = f"{self.server.url}api/v1/"
        with urllib.request.urlopen(f"{api}token") as reply:
            token = json.load(reply)["token"]
        with urllib.request.urlopen(f"{api}clips") as reply:
            clip = json.load(reply)[0]["name"]
        headers = {"Content-Type": "application/json", "X-Scenebrush": token}
        request = urllib.request.Request(f"{api}projects", json.dumps({"clip": clip, "mode": mode}).encode(), headers)
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)["project"]

    # Reading

    def until(self, condition: str, patience: int = PATIENCE_MS) -> None:
        """Wait until a JavaScript expression holds."""
        self.page.wait_for_function(condition, timeout=patience)

    def state(self, path: str = "") -> Any:
        """The page's state, or a part of it ('server.revision')."""
        return self.page.evaluate(f"__scenebrush.state{'.' + path if path else ''}")

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the clip."""
        clip = self.state("server.clip")
        return clip["height"], clip["width"]

    def url(self, rest: str) -> str:
        """Address of a route of this project."""
        return f"{self.server.url}api/v1/projects/{self.state('server.project')}/{rest}"

    def get(self, rest: str) -> bytes:
        """Body of a route of this project, asked for beside the page."""
        with urllib.request.urlopen(self.url(rest), timeout=120) as reply:
            body = reply.read()
            return gzip.decompress(body) if reply.headers.get("Content-Encoding") == "gzip" else body

    def fresh(self) -> dict[str, Any]:
        """STATE as the server has it now."""
        with urllib.request.urlopen(self.url("").rstrip("/"), timeout=60) as reply:
            return json.load(reply)

    def maps(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Label map (H, W) uint8 and object map (H, W) int32 of frame t on the server."""
        height, width = self.size
        body = self.get(f"labels/{self.fresh()['label_keys'][t]}")
        labels = np.frombuffer(body[: height * width], np.uint8).reshape(height, width)
        return labels, np.frombuffer(body[height * width :], "<i4").reshape(height, width)

    def picture(self, key: str) -> np.ndarray:
        """(H, W, 3) uint8 RGB of a frame's key."""
        return self.decoded(f"frames/{key}")

    def decoded(self, rest: str) -> np.ndarray:
        """(H, W, 3) uint8 RGB of a route that gives a picture."""
        data = np.frombuffer(self.get(rest), np.uint8)
        return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    def pictures(self, which: str = "render") -> np.ndarray:
        """(N, H, W, 3): all frames of the render, or of 'before'."""
        entries = self.fresh()[which]
        return np.stack([self.picture(entry["key"] if which == "render" else entry) for entry in entries])

    def class_id(self, name: str) -> int:
        """Id of a class by its name."""
        return next(entry["id"] for entry in self.state("server.classes") if entry["name"] == name)

    # Acting

    def go_to(self, t: int) -> None:
        """Step to a frame with the keys."""
        self.focus()
        self.page.keyboard.press("Home")
        for _ in range(t // 10):
            self.page.keyboard.press("Shift+ArrowRight")
        for _ in range(t % 10):
            self.page.keyboard.press("ArrowRight")
        self.until(f"__scenebrush.frame === {t} && __scenebrush.idle")

    def stroke_frames(self, start: int, stop: int) -> None:
        """Let strokes act in frames [start, stop)."""
        self.tool("b")
        self.page.locator("button.sb-chip.bottom").click()
        for label, value in (("First frame", start + 1), ("Last frame", stop)):
            field = self.page.locator(".sb-menu").get_by_label(label, exact=True)
            field.fill(str(value))
            field.press("Tab")
        self.page.keyboard.press("Escape")
        self.focus()

    def focus(self) -> None:
        """Give the keys to the stage."""
        self.page.locator("canvas.sb-canvas").focus()

    def point(self, x: int, y: int) -> tuple[float, float]:
        """Where pixel (x, y) of the picture is on the screen."""
        return tuple(self.page.evaluate("([x, y]) => __scenebrush.clientPoint(x, y)", [x, y]))

    def tool(self, key: str) -> None:
        """Choose a tool by its key."""
        self.focus()
        self.page.keyboard.press(key)

    def choose_class(self, name: str) -> None:
        """Click a class of the panel."""
        self.page.locator(f'.sb-class[title="{name}"]').click()

    def stroke(self, *points: tuple[int, int]) -> None:
        """Draw with the mouse from pixel to pixel, and wait until it is saved."""
        revision = self.state("server.revision")
        self.drag(*points)
        self.saved(revision)

    def drag(self, *points: tuple[int, int]) -> None:
        """Press at a pixel, move to the others, let go; nothing is waited for."""
        self.page.mouse.move(*self.point(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.point(*point))
        self.page.mouse.up()

    def finger(self, *points: tuple[int, int]) -> None:
        """Draw with a finger from pixel to pixel on a screen that is touched, and wait until it is saved."""
        revision = self.state("server.revision")
        screen = self.context.new_cdp_session(self.page)
        # It rests at the end: what is lifted at speed is a fling to the browser, which leaves out the tap after it.
        places = [self.point(*point) for point in (*points, points[-1])]
        began = time.time() - len(places)
        for number, (x, y) in enumerate(places):
            kind = "touchMove" if number else "touchStart"
            event = {"type": kind, "touchPoints": [{"x": x, "y": y}], "timestamp": began + number}
            screen.send("Input.dispatchTouchEvent", event)
        screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.saved(revision)

    def becomes(self, name: str) -> None:
        """Take another class for what is selected."""
        self.page.get_by_role("button", name="Becomes").click()
        self.page.get_by_label("Type a class").fill(name)
        self.page.keyboard.press("Enter")

    def pick(self, x: int, y: int) -> None:
        """Select what is at a pixel."""
        self.tool("v")
        self.page.mouse.click(*self.point(x, y))
        self.until("__scenebrush.state.picked !== null")

    def saved(self, revision: int) -> None:
        """Wait until the server has acknowledged a change after `revision`."""
        self.until(f"__scenebrush.state.server.revision > {revision} && __scenebrush.idle")

    def complete(self) -> None:
        """Wait until every frame has its final render."""
        self.until("__scenebrush.state.server.render.every((entry) => entry && entry.stage === 'final')")

    def before_complete(self) -> None:
        """Wait until the unedited clip is rendered."""
        self.until("__scenebrush.state.server.before.every(Boolean)")

    def download(self, text: str) -> Path:
        """Take a file from the Download menu."""
        self.page.get_by_role("button", name="Download").click()
        with self.page.expect_download(timeout=PATIENCE_MS) as waiting:
            self.page.get_by_role("menuitem", name=text).click()
        found: Download = waiting.value
        return Path(found.path())
