"""Looks of the selected object: drawn, drawn near one of them, taken from a filmed frame."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

Open = Callable[..., Editor]


def pick_first(editor: Editor) -> None:
    """Select the largest object of the list and wait for its looks."""
    editor.page.get_by_role("button", name="in view").click()
    editor.page.locator(".sb-scroll .sb-item").first.click()
    editor.page.locator(".sb-look-cell img[src]").nth(8).wait_for()


@pytest.fixture
def editor(stand_in: Server, open_editor: Open) -> Editor:
    editor = open_editor(stand_in)
    pick_first(editor)
    return editor


def code(editor: Editor) -> list[float]:
    return editor.state("server.edits")[-1]["edit"]["code"]


def put_on(editor: Editor, index: int) -> list[float]:
    """Click a look; the code that the object has then."""
    revision = editor.state("server.revision")
    editor.page.locator(".sb-look-cell").nth(index).click()
    editor.saved(revision)
    return code(editor)


def test_more_like_this_draws_near_the_look_of_now(editor: Editor) -> None:
    chosen = put_on(editor, 3)
    with editor.page.expect_response(lambda reply: "near=" in reply.url) as waiting:
        editor.page.get_by_role("button", name="More like this").click()
    sheet = waiting.value.json()
    assert sheet["near"] == chosen and f"seed {sheet['seed']}" in editor.page.locator(".sb-seed").inner_text().lower()
    editor.page.get_by_role("button", name="Look 2 of seed").wait_for()
    near = put_on(editor, 2)
    assert near == sheet["looks"][1]["code"]
    assert 0 < max(abs(one - other) for one, other in zip(near, chosen, strict=True)) < 0.6
    editor.page.get_by_role("button", name="Shuffle").click()
    assert editor.page.get_by_role("button", name="More like this").get_attribute("aria-pressed") == "false"


def test_a_look_is_put_on_all_of_a_class_where_that_is_chosen(editor: Editor) -> None:
    """With "all car" chosen one car alone changed its look."""
    put_on(editor, 1)
    picked = editor.state("picked")
    assert editor.state("server.edits")[-1]["edit"]["target"] == {"object": picked}
    editor.page.get_by_label("Only this one, or all of its class").select_option("class")
    put_on(editor, 2)
    edits = editor.state("server.edits")
    assert edits[-1]["edit"]["target"] == {"label": edits[-1]["edit"]["label"]} and len(edits) == 2


def test_a_look_is_taken_from_a_frame_that_was_filmed(editor: Editor) -> None:
    revision = editor.state("server.revision")
    editor.page.get_by_role("button", name="From frame").click()
    field = editor.page.get_by_label("Filmed frame", exact=True)
    best = int(field.input_value())
    field.fill("999")
    editor.page.get_by_role("button", name="Take it").click()
    editor.page.get_by_text("not seen on frame 999").wait_for()
    assert editor.state("server.revision") == revision
    field.fill(str(best))
    editor.page.get_by_role("button", name="Take it").click()
    editor.saved(revision)
    edit = editor.state("server.edits")[-1]["edit"]
    assert edit["provenance"]["frame"] == best - 1 and edit["frames"] == [0, 60]
    assert not editor.page.locator(".sb-filmed").is_visible()


def test_a_clip_that_was_never_filmed_says_so(facade: Server, open_editor: Open) -> None:
    editor = open_editor(facade)
    editor.pick(synthetic.FACADE_AT + 5, 40)
    editor.page.get_by_role("button", name="From frame").click()
    editor.page.get_by_text("it was never filmed").wait_for()
