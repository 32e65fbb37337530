"""A stroke on a clip of known motion: every frame is exactly right, forward, backward, behind what is in front."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.browser import synthetic
from tests.browser.editor import Editor, Server
from tests.browser.pictures import brush_stroke

FRAME, ROW, FROM, TO = 5, 30, 32, 40


def test_a_stroke_follows_its_facade(facade: Server, open_editor: Callable[..., Editor]) -> None:
    editor = open_editor(facade)
    clip = synthetic.facade_behind_a_pole()
    assert np.array_equal(editor.maps(FRAME)[0], clip.labels[FRAME])
    editor.go_to(FRAME)
    editor.choose_class("vegetation")
    for _ in range(3):
        editor.page.keyboard.press("[")
    vegetation, size = editor.class_id("vegetation"), editor.state("size")
    editor.stroke((FROM, ROW), (TO, ROW))
    edit = editor.state("server.edits")[-1]["edit"]
    assert edit["motion"] == {"kind": "ride", "object": synthetic.FACADE}

    mask = brush_stroke(synthetic.HEIGHT, synthetic.WIDTH, ROW, FROM, TO, size)
    hidden = 0
    for t in range(synthetic.FRAMES):
        expected = synthetic.carried(mask, FRAME, t)
        hidden += int(mask.sum()) - int(expected.sum())
        labels, objects = editor.maps(t)
        assert np.array_equal(labels, np.where(expected, vegetation, clip.labels[t])), t
        assert np.array_equal(objects, np.where(expected, edit["object"], clip.objects[t])), t
    assert hidden > 50, "the stroke never passes behind the pole: the test proves too little"


def test_a_stroke_that_stands_still_stays(facade: Server, open_editor: Callable[..., Editor]) -> None:
    editor = open_editor(facade)
    clip = synthetic.facade_behind_a_pole()
    editor.go_to(FRAME)
    editor.choose_class("terrain")
    editor.page.locator("button.sb-chip.bottom").click()
    editor.page.get_by_role("menuitemradio", name="stand still").click()
    editor.stroke((FROM, ROW), (TO, ROW))
    terrain = editor.class_id("terrain")
    mask = brush_stroke(synthetic.HEIGHT, synthetic.WIDTH, ROW, FROM, TO, editor.state("size"))
    for t in range(synthetic.FRAMES):
        assert np.array_equal(editor.maps(t)[0], np.where(mask, terrain, clip.labels[t])), t


def test_the_range_is_kept(facade: Server, open_editor: Callable[..., Editor]) -> None:
    editor = open_editor(facade)
    clip = synthetic.facade_behind_a_pole()
    editor.go_to(FRAME)
    editor.choose_class("road")
    editor.page.locator("button.sb-chip.bottom").click()
    editor.page.get_by_label("First frame").fill("5")
    editor.page.get_by_label("Last frame").fill("7")
    editor.page.get_by_label("Last frame").press("Tab")
    editor.page.keyboard.press("Escape")
    editor.stroke((FROM, ROW), (TO, ROW))
    assert editor.state("server.edits")[-1]["edit"]["frames"] == [4, 7]
    for t in range(synthetic.FRAMES):
        changed = not np.array_equal(editor.maps(t)[0], clip.labels[t])
        assert changed == (4 <= t < 7), t


def test_the_eraser_gives_back_the_clip(facade: Server, open_editor: Callable[..., Editor]) -> None:
    editor = open_editor(facade)
    clip = synthetic.facade_behind_a_pole()
    editor.go_to(FRAME)
    editor.choose_class("car")
    editor.stroke((FROM, ROW), (TO, ROW))
    assert not np.array_equal(editor.maps(FRAME)[0], clip.labels[FRAME])
    editor.tool("e")
    editor.stroke((FROM - 4, ROW), (TO + 4, ROW))
    for t in range(synthetic.FRAMES):
        labels, objects = editor.maps(t)
        assert np.array_equal(labels, clip.labels[t]), t
        assert np.array_equal(objects, clip.objects[t]), t


def test_fill_and_protection(facade: Server, open_editor: Callable[..., Editor]) -> None:
    editor = open_editor(facade)
    clip = synthetic.facade_behind_a_pole()
    sky, building = editor.class_id("sky"), editor.class_id("building")
    editor.choose_class("wall")
    wall = editor.class_id("wall")
    editor.page.get_by_label("Paint only over").select_option(str(sky))
    editor.stroke((4, 14), (24, 14))
    mask = brush_stroke(synthetic.HEIGHT, synthetic.WIDTH, 14, 4, 24, editor.state("size"))
    assert (clip.labels[0][mask] == building).any()
    expected = np.where(mask & (clip.labels[0] == sky), wall, clip.labels[0])
    assert np.array_equal(editor.maps(0)[0], expected)

    editor.page.get_by_label("Paint only over").select_option("")
    revision = editor.state("server.revision")
    editor.tool("g")
    editor.page.mouse.click(*editor.point(30, 40))
    editor.saved(revision)
    assert np.array_equal(editor.maps(0)[0], np.where(expected == building, wall, expected))
