"""The editor by touch alone, on a screen of 1024x768: painting, a future of the clip, a film of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser import synthetic
from tests.browser.conftest import serve_filmed
from tests.browser.editor import Editor, Server

SIZE = (1024, 768)
ROW, FROM, TO = 30, 32, 40


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The stand-in with a clip that was filmed."""
    yield from serve_filmed(tmp_path_factory.mktemp("touch"))


@pytest.fixture
def editor(filmed: Server, open_editor: Callable[..., Editor]) -> Editor:
    return open_editor(filmed, size=SIZE, touch=True)


def test_a_finger_paints_a_future_is_chosen_and_undone(editor: Editor) -> None:
    page = editor.page
    page.locator('.sb-tool[data-tool="brush"]').tap()
    page.locator('.sb-class[title="vegetation"]').tap()
    editor.finger((FROM, ROW), (TO, ROW))
    assert (editor.maps(0)[0][ROW, FROM:TO] == editor.class_id("vegetation")).all()

    page.get_by_role("button", name="Continue by more frames").tap()
    panel = page.get_by_role("dialog", name="Continue this clip")
    panel.get_by_label("Frames to continue by").fill("1")
    panel.get_by_role("button", name="Show futures").tap()
    editor.until("__scenebrush.state.futures?.stage === 'ready'")
    panel.get_by_role("button", name="The most likely future").tap()
    editor.until(f"__scenebrush.state.server.clip.frames === {synthetic.FRAMES + 1} && __scenebrush.idle")
    editor.until(f"__scenebrush.state.t === {synthetic.FRAMES}")
    # Nothing that a mouse would have to find: the lane of predicted frames can be taken away.
    page.get_by_role("button", name="Remove 1 frame predicted").tap()
    editor.until(f"__scenebrush.state.server.clip.frames === {synthetic.FRAMES}")


def test_a_film_is_brought_by_touch(editor: Editor) -> None:
    page = editor.page
    page.get_by_title("Projects and clips").tap()
    page.get_by_role("menuitem", name="Your own clip").tap()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").tap()
    chooser.value.set_files([{"name": "rain.mp4", "mimeType": "video/mp4", "buffer": b"a film"}])
    editor.until("document.querySelector('.sb-import-plan').textContent.includes('frames of')")
    page.get_by_role("radio", name="Pad").tap()
    page.get_by_label("Network that reads labels").select_option("onnx")
    page.get_by_text("Name the network that reads labels.").wait_for()
    page.get_by_label("File of the network").tap()
    page.keyboard.type("signs.onnx")
    editor.until("document.querySelector('.sb-import-plan').textContent.includes('frames of')")
    page.get_by_role("button", name="Import", exact=True).tap()
    editor.until("__scenebrush.state.importing?.work === 'labels'")
    wish = editor.state("importing.wish")
    assert (wish["fit"], wish["labeller"]) == ("pad", "onnx:signs.onnx")
    page.get_by_role("button", name="Cancel").tap()
    page.get_by_role("button", name="Discard").tap()
    page.get_by_text("Drop a video").wait_for()
