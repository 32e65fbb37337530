"""Ranges of frames: what the fields show is what counts, and each of them counts for its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

COUNT = synthetic.FRAMES


@pytest.fixture
def editor(facade: Server, open_editor: Callable[..., Editor]) -> Editor:
    editor = open_editor(facade)
    editor.pick(synthetic.FACADE_AT + 5, 40)
    editor.page.get_by_label("In which frames").select_option("range")
    return editor


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [("7", "", (7, COUNT)), ("9", "4", (4, 4)), ("0", "99", (1, COUNT)), ("3", "8", (3, 8)), ("", "5", (1, 5))],
)
def test_fields_show_the_range_that_counts(editor: Editor, first: str, last: str, shown: tuple[int, int]) -> None:
    for label, value in (("First frame", first), ("Last frame", last)):
        field = editor.page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Tab")
    values = [int(editor.page.get_by_label(label).input_value()) for label in ("First frame", "Last frame")]
    assert tuple(values) == shown
    assert editor.state("scopeRange") == [shown[0] - 1, shown[1]]


def test_the_range_of_swaps_is_not_the_range_of_strokes(editor: Editor) -> None:
    editor.page.get_by_label("Last frame").fill("4")
    editor.page.get_by_label("Last frame").press("Enter")
    editor.choose_class("vegetation")
    editor.stroke((32, 30), (40, 30))
    assert editor.state("server.edits")[-1]["edit"]["frames"] == [0, COUNT]
    editor.stroke_frames(2, 6)
    editor.pick(synthetic.FACADE_AT + 5, 40)
    revision = editor.state("server.revision")
    editor.becomes("wall")
    editor.saved(revision)
    assert editor.state("server.edits")[-1]["edit"]["frames"] == [0, 4]
