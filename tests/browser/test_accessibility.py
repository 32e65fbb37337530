"""The page for those who use no pointer or no eyes: checked by axe, and with keys."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "axe-core is not installed: `make lint` installs it where Node.js is."


@pytest.fixture
def editor(facade: Server, open_editor: Callable[..., Editor]) -> Editor:
    return open_editor(facade)


def complaints(editor: Editor) -> list[str]:
    """What axe finds wrong with the page as it is, of any weight."""
    if not AXE.is_file():
        assert os.environ.get("CI") != "true", MISSING
        pytest.skip(MISSING)
    editor.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = editor.page.evaluate("axe.run('.sb', { resultTypes: ['violations'] })")
    nested = editor.page.evaluate("document.querySelectorAll('main main').length")
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]] + ["main"] * nested


def test_axe_has_nothing_to_say(editor: Editor) -> None:
    assert complaints(editor) == []
    editor.pick(synthetic.FACADE_AT + 5, 40)
    revision = editor.state("server.revision")
    editor.becomes("wall")
    editor.saved(revision)
    editor.choose_class("vegetation")
    for _ in range(2):
        editor.stroke((32, 30), (40, 30))
    assert complaints(editor) == []
    menus = ["Projects and clips", "Download", "in view", "Becomes", "Stroke follows"]
    for name in menus:
        opener = editor.page.get_by_title(name) if name == menus[0] else editor.page.get_by_role("button", name=name)
        opener.first.click()
        editor.page.locator(".sb-menu").wait_for()
        assert complaints(editor) == [], name
        editor.page.keyboard.press("Escape")
    editor.page.keyboard.press("?")
    assert complaints(editor) == []


def test_the_wipe_is_moved_with_keys(editor: Editor) -> None:
    editor.page.get_by_role("radio", name="Wipe").click()
    line = editor.page.get_by_label("Where the line of the wipe is")
    line.focus()
    for _ in range(3):
        editor.page.keyboard.press("ArrowRight")
    assert editor.state("wipe") == pytest.approx(0.53) and editor.state("t") == 0
    editor.page.keyboard.press("Home")
    assert editor.state("wipe") == 0
