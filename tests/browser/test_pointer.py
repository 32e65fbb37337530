"""The pointer: mouse, fingers and pen on the stage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.browser import synthetic
from tests.browser.editor import Editor, Server
from tests.browser.pictures import brush_stroke

ROW, FROM, TO = 30, 32, 40

# Moves pointers of a kind over the stage: [[type, id, x, y, pressure], ...], places in pixels of the picture.
_POINTERS = """([kind, steps]) => {
  const canvas = document.querySelector('.sb-canvas');
  for (const [type, id, x, y, pressure] of steps) {
    const [clientX, clientY] = __scenebrush.clientPoint(x, y);
    canvas.dispatchEvent(new PointerEvent(type, { pointerType: kind, pointerId: id, clientX, clientY, pressure,
      isPrimary: id === 1, button: type === 'pointermove' ? -1 : 0, buttons: 1, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def editor(facade: Server, open_editor: Callable[..., Editor]) -> Editor:
    editor = open_editor(facade)
    editor.choose_class("vegetation")
    return editor


def point_with(editor: Editor, kind: str, *steps: tuple) -> None:
    editor.page.evaluate(_POINTERS, [kind, [list(step) for step in steps]])


def test_two_fingers_zoom_and_move_and_paint_nothing(editor: Editor) -> None:
    at = editor.point(64, 32)
    zoom = editor.page.evaluate("__scenebrush.clientPoint(1, 0)[0] - __scenebrush.clientPoint(0, 0)[0]")
    point_with(
        editor,
        "touch",
        ("pointerdown", 1, 54, 32, 0.5),
        ("pointermove", 1, 55, 32, 0.5),
        ("pointerdown", 2, 74, 32, 0.5),
        ("pointermove", 1, 44, 32, 0.5),
        ("pointermove", 2, 84, 32, 0.5),
        ("pointerup", 1, 44, 32, 0),
        ("pointermove", 2, 84, 50, 0.5),
        ("pointerup", 2, 84, 50, 0),
    )
    after = editor.page.evaluate("__scenebrush.clientPoint(1, 0)[0] - __scenebrush.clientPoint(0, 0)[0]")
    assert after > 1.5 * zoom
    assert editor.point(64, 32) == pytest.approx(at, abs=2 * after)
    editor.until("__scenebrush.idle && __scenebrush.toolbox.gesture === null")
    assert editor.state("pending") == [] and editor.state("server.revision") == 0


def test_one_finger_paints(editor: Editor) -> None:
    steps = [("pointerdown", 1, FROM, ROW, 0.5), ("pointermove", 1, TO, ROW, 0.5), ("pointerup", 1, TO, ROW, 0)]
    point_with(editor, "touch", *steps)
    editor.saved(0)
    size = editor.state("size")
    painted = editor.maps(0)[0] == editor.class_id("vegetation")
    assert np.array_equal(painted, brush_stroke(synthetic.HEIGHT, synthetic.WIDTH, ROW, FROM, TO, size))


def test_a_pen_paints_as_wide_as_it_presses(editor: Editor) -> None:
    steps = [("pointerdown", 1, FROM, ROW, 0.25), ("pointermove", 1, TO, ROW, 0.25), ("pointerup", 1, TO, ROW, 0)]
    point_with(editor, "pen", *steps)
    editor.saved(0)
    size = round(editor.state("size") * 0.25)
    painted = editor.maps(0)[0] == editor.class_id("vegetation")
    assert np.array_equal(painted, brush_stroke(synthetic.HEIGHT, synthetic.WIDTH, ROW, FROM, TO, size))


def test_where_the_result_is_not_seen_nothing_is_painted(editor: Editor) -> None:
    editor.before_complete()
    editor.page.get_by_role("radio", name="Before").click()
    editor.drag((FROM, ROW), (TO, ROW))
    editor.page.get_by_text("what you paint is seen in Render").wait_for()
    assert editor.state("view") == "render" and editor.state("pending") == []
    editor.page.get_by_role("radio", name="Wipe").click()
    editor.drag((100, ROW), (110, ROW))
    editor.page.get_by_text("at the right of the line is the clip before").wait_for()
    editor.page.get_by_role("radio", name="Result").click()
    editor.focus()
    editor.page.keyboard.down("c")
    editor.drag((FROM, ROW), (TO, ROW))
    editor.page.keyboard.up("c")
    editor.page.get_by_text("Let go of C to paint").wait_for()
    assert editor.fresh()["revision"] == 0
    editor.page.get_by_role("radio", name="Wipe").click()
    editor.stroke((FROM, ROW), (TO, ROW))


def test_a_drag_selects_nothing(editor: Editor) -> None:
    editor.tool("v")
    editor.drag((synthetic.POLE_FROM + 2, 20), (synthetic.FACADE_AT + 5, 40))
    assert editor.state("picked") is None
    editor.pick(synthetic.FACADE_AT + 5, 40)
    assert editor.state("picked") == synthetic.FACADE
    editor.drag((synthetic.POLE_FROM + 2, 20), (synthetic.FACADE_AT + 5, 40))
    assert editor.state("picked") == synthetic.FACADE


@pytest.mark.parametrize("shift", [False, True])
def test_a_fill_goes_by_class_and_with_shift_by_object(editor: Editor, shift: bool) -> None:
    editor.choose_class("building")
    editor.stroke((30, 30), (34, 30))  # another building on the facade
    labels, objects = editor.maps(0)
    building, road = editor.class_id("building"), editor.class_id("road")
    assert len(np.unique(objects[labels == building])) == 2
    editor.choose_class("road")
    editor.tool("g")
    revision = editor.state("server.revision")
    if shift:
        editor.page.keyboard.down("Shift")
    editor.page.mouse.click(*editor.point(synthetic.FACADE_AT + 2, 50))
    editor.page.keyboard.up("Shift")
    editor.saved(revision)
    filled = objects == synthetic.FACADE if shift else labels == building
    assert np.array_equal(editor.maps(0)[0] == road, filled)


def test_with_labels_off_a_stroke_leaves_the_rest_of_the_picture_alone(editor: Editor) -> None:
    editor.complete()
    editor.until("__scenebrush.settled")
    editor.page.keyboard.press("Backslash")
    sky = (120, 60)
    before = editor.page.evaluate("([x, y]) => __scenebrush.colourAt(x, y)", sky)
    editor.page.evaluate(_WATCH, sky)
    editor.stroke((FROM, ROW), (TO, ROW))
    editor.complete()
    editor.until("__scenebrush.settled")
    seen = {tuple(colour) for colour in editor.page.evaluate("cancelAnimationFrame(__watch), __seen")}
    assert seen == {tuple(before)}


# Notes the colour of a pixel every time that the screen is drawn.
_WATCH = """([x, y]) => {
  globalThis.__seen = [];
  const look = () => {
    __seen.push(__scenebrush.colourAt(x, y));
    globalThis.__watch = requestAnimationFrame(look);
  };
  look();
}"""
