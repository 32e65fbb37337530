"""The pictures of the editor in docs/, taken anew from the running program.

    python -m tests.browser.documents [--out docs]

Shipped clip, shipped checkpoint: the clip as it is, a stroke while it is painted, the looks of a car, the clip after.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from core.errors import InputError
from tests.browser.conftest import FLAGS, ROOT, serve
from tests.browser.editor import Editor
from tools.browser import HOW_TO_GET_ONE, find_browser

_SIZE = {"width": 1440, "height": 900}
# The frame that is painted, from which pixel to which, and the frame on which a car is near.
_PAINTED, _STROKE, _NEAR = 10, ((190, 45), (220, 52), (250, 70)), 40
_LOOK = 5  # of the nine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    out = parser.parse_args().out
    browser = find_browser()
    if browser is None:
        raise InputError("No Chrome or Chromium was found.", HOW_TO_GET_ONE)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        arguments = ["--clip", "avenue", "--projects", str(folder / "projects")]
        server = running.enter_context(contextmanager(serve)("app.py", arguments, folder))
        playwright = running.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path=str(browser), args=FLAGS)
        context = chromium.new_context(viewport=_SIZE)
        context.add_init_script("localStorage.setItem('scenebrush-steps-seen', '1')")
        take(Editor(context, server).open(), out)
        chromium.close()


def take(editor: Editor, out: Path) -> None:
    """Go through one project, and leave painting.png, before.png, styles.png and after.png in `out`."""
    editor.before_complete()
    editor.go_to(_PAINTED)
    overlay(editor, shown=False)
    editor.page.screenshot(path=out / "before.png")

    overlay(editor, shown=True)
    editor.tool("b")
    editor.choose_class("building")
    editor.page.mouse.move(*editor.point(*_STROKE[0]))
    editor.page.mouse.down()
    for point in _STROKE[1:]:
        editor.page.mouse.move(*editor.point(*point), steps=8)
    editor.page.screenshot(path=out / "painting.png")
    revision = editor.state("server.revision")
    editor.page.mouse.up()
    editor.saved(revision)
    editor.complete()

    editor.go_to(_NEAR)
    editor.tool("v")
    editor.page.get_by_role("button", name="in view").click()
    editor.page.locator(".sb-scroll .sb-item").first.click()
    editor.page.locator(".sb-look-cell img[src]").nth(8).wait_for()
    editor.page.screenshot(path=out / "styles.png")

    revision = editor.state("server.revision")
    editor.page.locator(".sb-look-cell").nth(_LOOK).click()
    editor.saved(revision)
    editor.complete()
    overlay(editor, shown=False)
    editor.page.screenshot(path=out / "after.png")


def overlay(editor: Editor, *, shown: bool) -> None:
    """Lay the labels over the picture, or not."""
    if editor.state("overlayOn") != shown:
        editor.focus()
        editor.page.keyboard.press("\\")


if __name__ == "__main__":
    main()
