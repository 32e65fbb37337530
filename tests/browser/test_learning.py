"""Learning a clip from the page: with the stand-in for the network and for the process that trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.editor import Editor

pytestmark = pytest.mark.browser


def let_go(editor: Editor, folder: Path) -> None:
    """The process finishes."""
    (folder / "projects" / editor.state("server.project") / "learning" / "go").touch()


def test_a_clip_is_learnt_from_the_page_and_gone_back_from(start_filmed, tmp_path, open_editor):
    editor = open_editor(start_filmed())
    page = editor.page
    editor.until("__scenebrush.settled")
    shipped = editor.state("server.checkpoint.hash")
    page.keyboard.press("n")
    panel = page.get_by_role("dialog", name="Learn this clip")
    panel.get_by_label("Minutes").fill("3")
    panel.get_by_role("button", name="Start").click()
    editor.until("__scenebrush.state.learning.step === 5")
    assert editor.state("learning.minutes") == 3
    assert "60 s left" in panel.inner_text() and "16.5 dB before, 16.8 dB now" in panel.inner_text()
    editor.until("document.querySelector('.sb-learn-sample img').naturalWidth === 96")
    assert page.locator("[data-action=learn]").inner_text() == "25 %"
    let_go(editor, tmp_path)
    editor.until("__scenebrush.state.learning.stage === 'learnt'")
    editor.until(f"__scenebrush.state.server.checkpoint.hash !== '{shipped}' && __scenebrush.settled")
    assert "20.0 dB now" in panel.inner_text()
    learnt = editor.state("server.checkpoint.hash")
    switch = panel.get_by_role("radiogroup", name="What renders this project")
    assert switch.get_by_role("radio", name="Learnt from this clip").get_attribute("aria-checked") == "true"
    switch.get_by_role("radio", name="As it was").click()
    editor.until(f"__scenebrush.state.server.checkpoint.hash === '{shipped}' && __scenebrush.settled")
    switch.get_by_role("radio", name="Learnt from this clip").click()
    editor.until(f"__scenebrush.state.server.checkpoint.hash === '{learnt}' && __scenebrush.settled")


def test_learning_goes_on_without_the_page_and_is_cancelled(start_filmed, tmp_path, open_editor):
    server = start_filmed()
    editor = open_editor(server)
    editor.page.keyboard.press("n")
    editor.page.get_by_role("button", name="Start").click()
    editor.until("__scenebrush.state.learning.step === 5")
    project = editor.state("server.project")
    other = open_editor(server, f"?project={project}")
    editor.page.close()
    other.until("__scenebrush.state.learning?.stage === 'running'")
    # It stops with the program, and goes on when it is asked to.
    other.expected = ("WebSocket", "Failed to load", "net::")
    start_filmed()
    other.until("__scenebrush.state.online && __scenebrush.state.learning?.stage === 'paused'")
    other.page.keyboard.press("n")
    panel = other.page.get_by_role("dialog", name="Learn this clip")
    panel.get_by_role("button", name="Go on").click()
    other.until("__scenebrush.state.learning.stage === 'running' && __scenebrush.state.learning.step === 5")
    panel.get_by_role("button", name="Cancel").click()
    other.until("__scenebrush.state.learning.stage === 'none'")
    assert not (tmp_path / "projects" / project / "learning").exists()
