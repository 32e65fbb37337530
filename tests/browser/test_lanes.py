"""The two ends of a lane: dragged, moved with keys, typed; always one edit, one step of undo."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

FRAME, ROW, FROM, TO = 5, 30, 32, 40


@pytest.fixture
def editor(facade: Server, open_editor: Callable[..., Editor]) -> Editor:
    """A stroke on frame 5 of twelve, through the whole clip."""
    editor = open_editor(facade)
    editor.go_to(FRAME)
    editor.choose_class("vegetation")
    editor.stroke((FROM, ROW), (TO, ROW))
    return editor


def end(editor: Editor, word: str) -> Locator:
    return editor.page.get_by_role("slider", name=f"{word} frame of vegetation, painted")


def frames(editor: Editor) -> list[int]:
    return editor.state("server.edits")[-1]["edit"]["frames"]


def drag(editor: Editor, word: str, by: float) -> None:
    """Take an end and move it by so many frames; the button stays down."""
    box = end(editor, word).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    width = editor.page.locator(".sb-lane-track").bounding_box()["width"]
    editor.page.mouse.move(x, y)
    editor.page.mouse.down()
    editor.page.mouse.move(x + by * width / synthetic.FRAMES, y, steps=4)


def test_an_end_is_dragged_live_and_saved_once(editor: Editor) -> None:
    revision = editor.state("server.revision")
    drag(editor, "Last", -3)
    assert editor.state("reframing")["frames"] == [0, 9]
    assert end(editor, "Last").get_attribute("aria-valuenow") == "9"
    assert editor.page.locator(".sb-readout").first.inner_text() == "1 – 9"
    assert editor.state("server.revision") == revision and frames(editor) == [0, 12]
    editor.page.mouse.up()
    editor.saved(revision)
    assert frames(editor) == [0, 9] and editor.state("server.revision") == revision + 1
    vegetation = editor.class_id("vegetation")
    assert [(editor.maps(t)[0] == vegetation).any() for t in (8, 9)] == [True, False]
    editor.focus()
    editor.page.keyboard.press("Control+z")
    editor.saved(revision + 1)
    assert frames(editor) == [0, 12] and len(editor.state("server.edits")) == 1


def test_escape_takes_a_drag_back(editor: Editor) -> None:
    revision = editor.state("server.revision")
    drag(editor, "First", 2)
    assert editor.state("reframing")["frames"] == [2, 12]
    editor.page.keyboard.press("Escape")
    editor.page.mouse.up()
    assert editor.state("reframing") is None
    assert end(editor, "First").get_attribute("aria-valuenow") == "1"
    editor.until("__scenebrush.idle")
    assert editor.state("server.revision") == revision


def test_an_end_stops_at_the_frame_that_was_painted_and_says_so(editor: Editor) -> None:
    drag(editor, "First", 9)
    assert editor.state("reframing")["frames"] == [FRAME, 12]
    assert editor.page.locator(".sb-readout").first.inner_text() == f"6 – 12 · painted on frame {FRAME + 1}"
    editor.page.mouse.up()
    editor.until(f"__scenebrush.state.server.edits[0].edit.frames[0] === {FRAME}")


def test_keys_move_an_end_by_frames_and_by_tens(editor: Editor) -> None:
    revision = editor.state("server.revision")
    end(editor, "Last").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        editor.page.keyboard.press(key)
    assert editor.state("reframing")["frames"] == [0, 11] and editor.state("t") == FRAME
    editor.saved(revision)
    assert frames(editor) == [0, 11] and editor.state("server.revision") == revision + 1
    editor.page.keyboard.press("Shift+ArrowLeft")
    assert editor.state("reframing")["frames"] == [0, FRAME + 1]  # held by the stroke
    editor.page.keyboard.press("Escape")
    assert editor.state("reframing") is None
    assert end(editor, "Last").get_attribute("aria-valuetext") == "frame 11"


def test_number_fields_and_ends_are_in_step(editor: Editor) -> None:
    editor.page.locator(".sb-rail").click(position={"x": 40, "y": 9})
    last = editor.page.get_by_label("Last frame", exact=True)
    last.fill("8")
    last.press("Tab")
    editor.until("__scenebrush.state.server.edits[0].edit.frames[1] === 8")
    drag(editor, "Last", 2)
    assert last.input_value() == "10"
    editor.page.mouse.up()
    editor.until("__scenebrush.state.server.edits[0].edit.frames[1] === 10")
    first = editor.page.get_by_label("First frame", exact=True)
    first.fill("9")
    first.press("Tab")
    editor.until(f"__scenebrush.state.server.edits[0].edit.frames[0] === {FRAME}")
    assert first.input_value() == str(FRAME + 1)


def test_strokes_that_belong_together_share_a_lane(editor: Editor) -> None:
    lanes = editor.page.locator(".sb-lane")
    editor.choose_class("road")
    for row in (ROW, ROW + 8):
        editor.stroke((FROM, row), (TO, row))
    assert lanes.count() == 2 and "road, painted · 2 strokes" in lanes.nth(1).inner_text()
    revision = editor.state("server.revision")
    lanes.nth(1).hover()
    lanes.nth(1).get_by_role("button", name="Remove").click()
    editor.saved(revision)
    assert lanes.count() == 1 and len(editor.state("server.edits")) == 1
