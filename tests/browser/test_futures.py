"""Continuing a clip from the page: a future is chosen from strips, painted on, and taken back."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_one_prediction_is_cancelled_of_the_next_a_future_is_chosen_and_undone(start_filmed, open_editor):
    editor = open_editor(start_filmed())
    page = editor.page
    editor.until("__scenebrush.settled")
    frames = editor.state("server.clip.frames")
    page.keyboard.press("Shift+N")
    panel = page.get_by_role("dialog", name="Continue this clip")
    panel.get_by_label("Frames to continue by").fill("100")
    panel.get_by_role("button", name="Show futures").click()
    editor.until("__scenebrush.state.futures?.stage === 'running'")
    panel.get_by_role("button", name="Cancel").click()
    editor.until("__scenebrush.state.futures.stage === 'none'")
    panel.get_by_label("Frames to continue by").fill("3")
    panel.get_by_role("button", name="Show futures").click()
    editor.until("__scenebrush.state.futures?.stage === 'ready'")
    strips = panel.get_by_role("group", name="Futures to choose from").get_by_role("button")
    assert strips.count() == 3
    editor.until("[...document.querySelectorAll('.sb-futures img')].every((image) => image.naturalWidth > 0)")
    assert not page.locator(".sb-predicted").is_visible()
    strips.first.click()
    editor.until(f"__scenebrush.state.server.clip.frames === {frames + 3} && __scenebrush.settled")
    assert page.locator(".sb-predicted").is_visible() and not panel.is_visible()
    assert "3 frames predicted" in page.locator(".sb-lanes").inner_text()
    page.keyboard.press("End")
    editor.until(f"__scenebrush.state.t === {frames + 2}")
    page.get_by_role("button", name="Undo").click()
    editor.until(f"__scenebrush.state.server.clip.frames === {frames} && __scenebrush.state.t === {frames - 1}")
    assert not page.locator(".sb-predicted").is_visible()
