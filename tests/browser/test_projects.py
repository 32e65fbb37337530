"""Projects in the header, a folder that can only be looked at, and a disk that is full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

Open = Callable[..., Editor]
ROW, FROM, TO = 30, 32, 40


def paint(editor: Editor) -> None:
    editor.choose_class("vegetation")
    editor.stroke((FROM, ROW), (TO, ROW))


def open_menu(editor: Editor) -> None:
    editor.page.get_by_title("Projects and clips").click()
    editor.page.get_by_label("Name of this project").wait_for()


def test_the_printed_address_opens_the_project_changed_last(facade: Server, open_editor: Open) -> None:
    editor = open_editor(facade)
    paint(editor)
    editor.complete()
    open_editor(facade)  # an empty one, which comes after it
    later = open_editor(facade, "").state("server.project")
    assert later == open_editor(facade, "").state("server.project")
    second = open_editor(facade, f"?project={editor.state('server.project')}")
    paint(second)
    second.complete()
    assert open_editor(facade, "").state("server.project") == editor.state("server.project")


def test_projects_are_named_listed_opened_and_thrown_away(facade: Server, open_editor: Open) -> None:
    editor = open_editor(facade)
    paint(editor)
    editor.complete()
    first = editor.state("server.project")
    open_menu(editor)
    editor.page.get_by_label("Name of this project").fill("A green facade")
    editor.page.keyboard.press("Enter")
    editor.until("__scenebrush.state.server.name === 'A green facade'")
    assert editor.page.get_by_title("Projects and clips").inner_text() == "A green facade"

    open_menu(editor)
    editor.page.get_by_role("menuitem", name=f"{synthetic.FRAMES} frames").first.click()
    editor.until(f"__scenebrush.idle && __scenebrush.state.server.project !== '{first}'")
    assert editor.state("server.edits") == [] and editor.state("server.name") == ""

    open_menu(editor)
    line = editor.page.locator(".sb-project", has_text="A green facade")
    assert "1 edit · just now" in line.inner_text() or "1 edit · 1 min ago" in line.inner_text()
    editor.until("document.querySelector('.sb-project img').naturalWidth > 0")
    line.locator(".sb-item").click()
    editor.until(f"__scenebrush.idle && __scenebrush.state.server.project === '{first}'")
    assert len(editor.state("server.edits")) == 1
    editor.until(f"location.search.includes('{first}')")

    open_menu(editor)
    editor.page.get_by_role("menuitem", name=f"{synthetic.FRAMES} frames").first.click()
    editor.until(f"__scenebrush.idle && __scenebrush.state.server.project !== '{first}'")
    open_menu(editor)
    editor.page.get_by_label("Move A green facade to the trash").click()
    editor.page.get_by_role("button", name="Keep").click()
    editor.page.get_by_label("Move A green facade to the trash").click()
    editor.page.get_by_role("button", name="Move to trash").click()
    editor.page.get_by_text("is in the trash").wait_for()
    assert line.count() == 0
    assert (facade.log.parent / "projects" / ".trash" / first / "project.json").is_file()


def test_a_folder_that_another_has_is_looked_at_until_it_is_free(
    two_programs: tuple[Server, Server], open_editor: Open
) -> None:
    first, second = two_programs
    theirs = open_editor(first)
    paint(theirs)
    project = theirs.state("server.project")
    editor = open_editor(second, f"?project={project}")
    banner = editor.page.locator(".sb-banner")
    assert "Another Scenebrush is using this folder" in banner.inner_text() and "Close" in banner.inner_text()
    assert not theirs.page.locator(".sb-banner").is_visible()
    editor.complete()
    editor.page.keyboard.press(" ")
    editor.until("__scenebrush.state.playing && __scenebrush.state.t > 1")
    editor.page.keyboard.press(" ")

    editor.choose_class("car")
    for move in ("move", "down", "up"):
        getattr(editor.page.mouse, move)(*(editor.point(FROM, ROW) if move == "move" else ()))
    editor.page.get_by_text("Not changed: this project is read only").wait_for()
    assert editor.state("pending") == [] and len(editor.state("server.edits")) == 1
    assert editor.page.get_by_role("button", name="Undo").is_disabled()
    banner.get_by_role("button", name="Try again").click()
    editor.page.get_by_text("Still read only").wait_for()

    theirs.page.close()
    first.process.terminate()
    first.process.wait(timeout=30)
    banner.get_by_role("button", name="Try again").click()
    editor.until("__scenebrush.state.server.read_only === null")
    assert not banner.is_visible()
    editor.stroke((FROM, ROW), (TO, ROW))
    assert len(editor.state("server.edits")) == 2


def test_a_full_disk_is_said_in_the_page(small_disk: Server, open_editor: Open, tmp_path: Path) -> None:
    editor = open_editor(small_disk)
    editor.complete()
    before = set(tmp_path.rglob("*"))
    for text, file in (("Video", "video.mp4"), ("Frames", "frames.zip")):
        editor.page.get_by_role("button", name="Download").click()
        editor.page.get_by_role("menuitem", name=text).click()
        message = editor.page.get_by_text(f"{text}: no file was made")
        message.wait_for()
        assert file in message.inner_text() and "is full. Make room there" in message.inner_text()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} <= before
    assert len(editor.download("Edits").read_bytes()) > 20
    # Chromium itself logs replies that are errors.
    editor.complaints[:] = [one for one in editor.complaints if "507" not in one]


def test_after_a_restart_an_open_tab_saves_by_itself(start_again: Callable[[], Server], open_editor: Open) -> None:
    editor = open_editor(start_again())
    # Chromium itself logs what fails while there is no server, and replies that are errors.
    editor.expected += ("ERR_", "WebSocket", "403", "404")
    paint(editor)
    editor.complete()
    start_again()
    editor.drag((FROM, ROW + 8), (TO, ROW + 8))
    editor.until("__scenebrush.state.server.revision === 2 && __scenebrush.state.saving === 'saved'")
    editor.complete()
    assert len(editor.fresh()["edits"]) == 2
    editor.until("__scenebrush.state.online")


def test_another_project_starts_anew(facade: Server, open_editor: Open) -> None:
    editor = open_editor(facade)
    editor.pick(synthetic.FACADE_AT + 5, 40)
    editor.page.get_by_label("In which frames").select_option("onward")
    editor.page.get_by_label("Only this one, or all of its class").select_option("class")
    editor.page.get_by_label("Paint only over").select_option("stuff")
    first = editor.state("server.project")
    open_menu(editor)
    editor.page.get_by_role("menuitem", name=f"{synthetic.FRAMES} frames").first.click()
    editor.until(f"__scenebrush.idle && __scenebrush.state.server.project !== '{first}'")
    assert editor.state("over") is None and editor.state("picked") is None
    editor.pick(synthetic.FACADE_AT + 5, 40)
    for label, value in (
        ("In which frames", "clip"),
        ("Only this one, or all of its class", "object"),
        ("Paint only over", ""),
    ):
        assert editor.page.get_by_label(label).input_value() == value
