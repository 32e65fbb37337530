"""Continuing a clip from the page: a future is chosen from strips, painted on, and taken back."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_one_prediction_is_cancelled_of_the_next_a_future_is_chosen_and_undone(start_filmed, open_editor):
    editor = open_editor(start_filmed())
    page = editor.page
    editor.until("__scenebrush.settled")
    frames = editor.state("server.clip.frames")
    editor.choose_class("vegetation")
    editor.tool("b")
    editor.stroke((30, 32), (40, 32))
    page.keyboard.press("Shift+N")
    panel = page.get_by_role("dialog", name="Continue this clip")
    panel.get_by_label("Frames to continue by").fill("1000")
    page.keyboard.press("Enter")
    panel.get_by_text("Type a whole number of frames, 1 to 100.").wait_for()
    # With the keys alone: what has the keyboard is never hidden.
    panel.get_by_label("Frames to continue by").fill("100")
    page.keyboard.press("Enter")
    editor.until("__scenebrush.state.futures?.stage === 'running'")
    editor.until("document.activeElement.textContent === 'Cancel'")
    page.keyboard.press("Enter")
    editor.until("__scenebrush.state.futures.stage === 'none'")
    editor.until("document.activeElement.type === 'number'")
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
    # The first of them is shown, and it is said that it was not filmed.
    editor.until(f"__scenebrush.state.t === {frames}")
    assert page.locator(".sb-chip.top").first.text_content() == f"Frame {frames + 1} of {frames + 3} · predicted"
    # The painted lane ends where its frames do, and predicted ones have no ends to drag.
    end = page.locator(".sb-lane", has_text="vegetation").locator(".sb-end-stop")
    share = float(end.evaluate("(end) => end.style.left").removesuffix("%")) / 100
    assert share == pytest.approx(frames / (frames + 3), abs=1e-4)
    assert page.locator(".sb-lane", has_text="predicted").locator(".sb-lane-end").count() == 0
    page.keyboard.press("End")
    editor.until(f"__scenebrush.state.t === {frames + 2}")
    page.get_by_role("button", name="Undo").click()
    editor.until(f"__scenebrush.state.server.clip.frames === {frames} && __scenebrush.state.t === {frames - 1}")
    assert not page.locator(".sb-predicted").is_visible()
