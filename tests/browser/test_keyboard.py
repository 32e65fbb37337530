"""The keyboard: who has it, and that it never edits silently."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

ON_FACADE = (synthetic.FACADE_AT + 5, 40)


@pytest.fixture
def editor(facade: Server, open_editor: Callable[..., Editor]) -> Editor:
    return open_editor(facade)


def on_stage(editor: Editor) -> bool:
    return editor.page.evaluate("document.activeElement.matches('.sb-canvas')")


def test_a_swap_by_keys_is_one_edit_and_gives_the_keys_back(editor: Editor) -> None:
    editor.pick(*ON_FACADE)
    editor.page.keyboard.press("s")
    editor.page.keyboard.type("bus")
    revision = editor.state("server.revision")
    editor.page.keyboard.press("Enter")
    editor.saved(revision)
    bus = editor.class_id("bus")
    assert editor.state("server.edits")[0]["edit"]["to"] == bus and on_stage(editor)
    editor.page.keyboard.press("b")
    editor.page.keyboard.press("s")
    editor.page.keyboard.press("Escape")
    assert editor.state("tool") == "brush" and on_stage(editor)
    assert len(editor.state("server.edits")) == 1 and editor.state("server.revision") == revision + 1
    editor.page.keyboard.press("Control+z")
    editor.saved(revision + 1)
    assert editor.state("server.edits") == []


def test_the_name_follows_the_swap_everywhere(editor: Editor) -> None:
    editor.pick(*ON_FACADE)
    hover = editor.page.locator(".sb-chip.hover")
    assert hover.inner_text().startswith("building")
    revision = editor.state("server.revision")
    editor.page.keyboard.press("s")
    editor.page.keyboard.type("wall")
    editor.page.keyboard.press("Enter")
    editor.saved(revision)
    editor.until("document.querySelector('.sb-chip.hover').textContent.startsWith('wall')")
    editor.until("document.querySelector('.sb-object b').textContent.startsWith('wall')")


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_fields_give_the_keys_back(editor: Editor, key: str) -> None:
    editor.pick(*ON_FACADE)
    editor.page.get_by_label("In which frames").select_option("range")
    before = editor.state("scopeRange")
    editor.page.get_by_label("Last frame").fill("9")
    editor.page.keyboard.press(key)
    assert on_stage(editor)
    assert editor.state("scopeRange") == ([before[0], 9] if key == "Enter" else before)
    assert editor.page.get_by_label("Last frame").input_value() == str(editor.state("scopeRange")[1])
    editor.page.get_by_label("Paint only over").focus()
    editor.page.keyboard.press(key)
    assert on_stage(editor)
    editor.page.keyboard.press("/")
    editor.page.keyboard.type("car")
    editor.page.keyboard.press(key)
    assert on_stage(editor) and editor.state("server.edits") == []
    assert (editor.state("paintClass") == editor.class_id("car")) == (key == "Enter")


def test_undo_works_while_a_list_has_the_focus(editor: Editor) -> None:
    editor.choose_class("vegetation")
    editor.stroke((32, 30), (40, 30))
    revision = editor.state("server.revision")
    editor.page.get_by_label("Paint only over").focus()
    editor.page.keyboard.press("Control+z")
    editor.saved(revision)
    assert editor.state("server.edits") == []


def test_the_help_has_every_key(editor: Editor) -> None:
    editor.page.keyboard.press("?")
    table = editor.page.locator(".sb-keys")
    for words in ("eraser: back to the clip", "swap the object", "Ctrl Z", "1 – 9", "hold to compare", "Space"):
        assert words in table.inner_text()
