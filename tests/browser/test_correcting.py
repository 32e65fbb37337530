"""Correct labels in the page: from one doubtful place to the next, join, split, carry, and save; no pixel changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.clip.native import read_clip, write_clip
from tests.browser import synthetic
from tests.browser.conftest import serve
from tests.browser.editor import Editor, Server

pytestmark = pytest.mark.browser
FACADE, OTHER, THIRD = synthetic.FACADE, synthetic.FACADE + 1, synthetic.FACADE + 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The facade has another id from frame 5 on, and again another from frame 9 on."""
    clip = synthetic.facade_behind_a_pole()
    objects = clip.objects.copy()
    for start, thing in ((4, OTHER), (8, THIRD)):
        objects[start:][objects[start:] == FACADE if start == 4 else objects[start:] == OTHER] = thing
    pictures = np.ascontiguousarray(clip.label_set.palette()[clip.labels])
    write_clip(replace(clip, objects=objects, pictures=pictures), tmp_path / "facade")
    yield from serve(
        "tests.app.stand_in",
        ["--clip", str(tmp_path / "facade"), "--projects", str(tmp_path / "projects"), "--seconds", "0"],
        tmp_path,
    )


def changing(editor: Editor, act: Callable[[], object]) -> None:
    """Do something that changes the project, and wait until its labels are there."""
    revision = editor.state("server.revision")
    act()
    editor.saved(revision)


def test_labels_are_corrected_and_no_pixel_changes(server: Server, open_editor, tmp_path: Path) -> None:
    editor = open_editor(server, mode="footage")
    page = editor.page
    editor.complete()
    film = [entry["key"] for entry in editor.fresh()["render"]]
    keys = page.keyboard

    # From one doubtful place to the next; the second is called right.
    editor.focus()
    keys.press(".")
    panel = page.get_by_role("region", name="Correct", exact=True)
    editor.until("__scenebrush.state.doubts?.looked === 12")
    lines = panel.get_by_role("list", name="Doubtful places").get_by_role("listitem")
    assert [line.inner_text().split("\n")[0].strip() for line in lines.all()][0].startswith("5")
    assert lines.count() == 2 and "building 8 from here on: one object with two ids?" in lines.first.inner_text()
    keys.press(".")
    editor.until("__scenebrush.frame === 4 && __scenebrush.idle")
    assert editor.state("picked") == OTHER
    keys.press(".")
    editor.until("__scenebrush.frame === 8 && __scenebrush.idle")
    keys.press("y")
    editor.until("__scenebrush.state.doubts.doubts.length === 1 && __scenebrush.frame === 4 && __scenebrush.idle")

    # Join: the other object of the doubt is the first that is offered.
    keys.press("j")
    dialog = page.get_by_role("dialog", name="Join")
    assert "building 7" in dialog.get_by_role("menuitem").first.inner_text()
    changing(editor, lambda: keys.press("Enter"))
    assert set(np.unique(editor.maps(2)[1])) == set(np.unique(editor.maps(4)[1]))
    editor.until("__scenebrush.state.doubts.doubts.length === 0 && __scenebrush.state.doubts.looked === 12")
    assert "Nothing here looks doubtful." in panel.inner_text()
    panel.get_by_role("button", name="1 called right: tell again").click()
    editor.until("__scenebrush.state.doubts.doubts.length === 1")

    # Join by a click in the picture is refused for stuff, and Escape leaves it.
    editor.go_to(2)
    editor.pick(20, 30)
    keys.press("j")
    page.mouse.click(*editor.point(100, 4))
    editor.until("__scenebrush.state.message?.text.includes('Only things')")
    keys.press("Escape")
    editor.until("__scenebrush.state.gesture === null")

    # Split by a line across it.
    assert editor.state("picked") == OTHER
    editor.focus()
    keys.press("x")
    changing(editor, lambda: editor.drag((28, 8), (28, 30), (28, 60)))
    for t in (2, 6):
        objects = editor.maps(t)[1]
        left = synthetic.FACADE_AT + synthetic.SPEED * t
        ids = [int(objects[30, left + 3]), int(objects[30, left + 25])]
        assert len(set(ids)) == 2 and OTHER in ids, (t, ids)
    assert "Two objects now" in page.locator(".sb-message").inner_text()

    # A class is corrected, and the frame is carried forward.
    editor.pick(20, 30)
    changing(editor, lambda: editor.becomes("wall"))
    assert editor.state("server.edits").pop()["edit"]["corrects"] is True
    editor.tool("f")
    dialog = page.get_by_role("dialog", name="Carry labels")
    dialog.get_by_role("menuitem", name="Forward").click()
    editor.until("__scenebrush.state.server.edits.at(-1).edit.kind === 'carry' && __scenebrush.idle")

    # All of it has changed no picture, and is saved as a new clip.
    editor.complete()
    assert [entry["key"] for entry in editor.fresh()["render"]] == film
    page.get_by_role("button", name="Save as a new clip").click()
    dialog = page.get_by_role("dialog", name="Save as a new clip")
    assert dialog.get_by_label("Name of the new clip").input_value() == "Facade, corrected"
    dialog.get_by_role("button", name="Save", exact=True).click()
    editor.until("__scenebrush.state.message?.text.startsWith('Saved as clip')")
    made = read_clip(tmp_path / "projects" / "clips" / "facade-corrected")
    np.testing.assert_array_equal(made.labels[2], editor.maps(2)[0])
    edits = len(editor.state("server.edits"))
    for _ in range(edits):
        changing(editor, lambda: page.get_by_role("button", name="Undo").click())
    assert set(np.unique(editor.maps(2)[1])) >= {FACADE} and editor.state("server.edits") == []


def test_keys_of_correcting_are_in_the_help_and_touch_reaches_it(server: Server, open_editor) -> None:
    editor = open_editor(server, mode="footage", size=(1024, 768))
    page = editor.page
    page.get_by_role("button", name="Correct labels").click()
    panel = page.get_by_role("region", name="Correct", exact=True)
    for name in ("Join", "Split", "Its parts", "Carry", "It is right", "Save as a new clip"):
        box = panel.get_by_role("button", name=name).first.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 1024 and box["y"] + box["height"] <= 768, name
        assert box["height"] >= 20
    editor.focus()
    page.keyboard.press("?")
    text = page.locator("dialog[open]").inner_text()
    for words in ("join: what is clicked next", "split: a line across", "next doubtful place", "carry the labels"):
        assert words in text
