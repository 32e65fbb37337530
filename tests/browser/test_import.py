"""A film of one's own in the page: brought, inspected, made a clip of, cancelled, broken; its clip renamed and gone."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route

from core.assets import clip_folders
from core.clip.native import read_clip
from tests.browser.conftest import ROOT, serve, serve_filmed
from tests.browser.editor import Editor, Server
from tests.core.importing.films import write_film

Open = Callable[..., Editor]
FILM = b"a film" * 1000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A program whose imports wait until they are let go."""
    yield from serve_filmed(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def desk(program: Server) -> Iterator[Server]:
    """The same, without imports and clips of one's own."""
    yield program
    (projects(program) / "clips" / "go").unlink(missing_ok=True)
    api = f"{program.url}api/v1/"
    with urllib.request.urlopen(f"{api}token") as reply:
        headers = {"X-Scenebrush": json.load(reply)["token"]}
    with urllib.request.urlopen(f"{api}imports") as reply:
        left = json.load(reply)["imports"]
    for one in left:
        urllib.request.urlopen(urllib.request.Request(f"{api}imports/{one['id']}", headers=headers, method="DELETE"))
    for place in ("clips", ".trash"):
        shutil.rmtree(projects(program) / place, ignore_errors=True)


def projects(server: Server) -> Path:
    """The folder of projects."""
    return server.log.parent / "projects"


def choose(editor: Editor, button: str, name: str, data: bytes = FILM) -> None:
    """Choose a file with a button of the dialog."""
    with editor.page.expect_file_chooser() as chooser:
        editor.page.get_by_role("button", name=button).click()
    chooser.value.set_files([{"name": name, "mimeType": "application/octet-stream", "buffer": data}])


def bring(editor: Editor, name: str = "Rainy street.mp4", data: bytes = FILM) -> None:
    """Open the dialog with its key, and send a film."""
    editor.focus()
    editor.page.keyboard.press("o")
    choose(editor, "Choose a file", name, data)


def ready(editor: Editor) -> None:
    editor.page.get_by_role("button", name="Import", exact=True).wait_for()
    editor.until("document.querySelector('.sb-import-plan').textContent.includes('frames of')")


def running(editor: Editor) -> None:
    editor.until("__scenebrush.state.importing?.work === 'labels'")


def let_go(server: Server) -> None:
    (projects(server) / "clips" / "go").touch()


def test_a_film_is_brought_and_opens_as_a_project(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)
    page = editor.page
    bring(editor)
    ready(editor)
    form = page.get_by_role("dialog", name="Your own clip")
    assert "96x48, 30 frames a second, 90 frames, 3.0 s, with sound" in form.inner_text()
    assert "It is interlaced" in form.inner_text() and "The shipped label network reads them" in form.inner_text()
    # Trimmed with the keys, at another rate; what comes of it is said by the server.
    page.get_by_role("slider", name="Start").focus()
    for key in ("PageUp", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.get_by_label("Start, seconds").input_value() == "1"
    page.get_by_label("Frames a second").fill("12")
    page.keyboard.press("Tab")
    page.get_by_text("24 frames of 512 × 256, 12 a second").wait_for()
    page.get_by_label("Size", exact=True).select_option("1024x512")
    page.get_by_text("24 frames of 1024 × 512").wait_for()
    page.get_by_label("Size", exact=True).select_option("film")
    page.get_by_text("24 frames of 96 × 48").wait_for()
    page.get_by_label("Size", exact=True).select_option("")
    page.get_by_label("Width, pixels").fill("100")
    page.keyboard.press("Tab")
    page.get_by_text("sides are multiples of 16").wait_for()
    assert page.get_by_role("button", name="Import", exact=True).is_disabled()
    page.get_by_label("Size", exact=True).select_option("512x256")
    page.get_by_role("radio", name="Pad").click()
    page.get_by_text("24 frames of 512 × 256").wait_for()
    page.get_by_role("button", name="Import", exact=True).click()
    running(editor)
    assert "30 of 90, 42 s left" in form.inner_text()
    wish = editor.state("importing.wish")
    assert (wish["start"], wish["stop"], wish["rate"], wish["fit"]) == (1, None, "12", "pad")
    # Meanwhile the editor works; the header says how far it is.
    page.get_by_role("button", name="Go on editing").click()
    assert page.get_by_title("Your own clip", exact=True).inner_text() == "33 %"
    editor.choose_class("vegetation")
    editor.stroke((30, 32), (40, 32))
    let_go(desk)
    page.get_by_title("Your own clip", exact=True).get_by_text("Open it").click()
    editor.until("__scenebrush.state.server.clip.name === 'Rainy street' && __scenebrush.idle")
    assert not page.get_by_title("Your own clip", exact=True).is_visible()
    page.get_by_text("Rainy street is imported").wait_for()


def test_only_the_shipped_network_is_offered_where_the_server_takes_no_other(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)

    def for_everybody(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"any_network": False})

    editor.context.route(lambda address: address.endswith("/api/v1/imports"), for_everybody)
    editor.page.reload()
    editor.until("window.__scenebrush && __scenebrush.idle")
    bring(editor)
    ready(editor)
    assert not editor.page.get_by_label("Network that reads labels").is_visible()
    assert "Here it alone reads labels" in editor.page.locator(".sb-import-labels").inner_text()


def test_it_is_cancelled_and_gone_on_with_after_a_reload(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)
    page = editor.page
    bring(editor)
    ready(editor)
    page.get_by_role("button", name="Import", exact=True).click()
    running(editor)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("What is finished is kept").wait_for()
    page.reload()
    editor.until("window.__scenebrush && __scenebrush.idle")
    page.get_by_title("Your own clip", exact=True).get_by_text("Not finished").click()
    let_go(desk)
    page.get_by_role("button", name="Go on", exact=True).click()
    editor.until("__scenebrush.state.server.clip.name === 'Rainy street' && __scenebrush.idle")


def test_labels_are_mapped_and_may_be_left_out(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)
    page = editor.page
    bring(editor)
    ready(editor)
    choose(editor, "Add a file or zip", "coco.json", b"{}")
    page.get_by_text("3 classes; without a counterpart, now void: zebra").wait_for()
    page.get_by_label("zebra becomes").select_option(label="road")
    page.get_by_text("3 classes, each with a counterpart").wait_for()
    page.get_by_role("button", name="Import", exact=True).click()
    running(editor)
    wish = editor.state("importing.wish")
    assert wish["labels"] == "given" and [one["source"] for one in wish["classes"]] == [99]
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Leave these labels out").click()
    page.get_by_text("There are no labels with it").wait_for()
    page.get_by_role("button", name="Discard").click()
    page.get_by_text("Drop a video").wait_for()
    editor.until("fetch('api/v1/imports').then((reply) => reply.json()).then(({ imports }) => !imports.length)")
    assert not list((projects(desk) / ".imports").iterdir())


def test_a_network_is_chosen_and_its_licence_agreed_to(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)
    page = editor.page
    bring(editor)
    ready(editor)
    start = page.get_by_role("button", name="Import", exact=True)
    network = page.get_by_label("Network that reads labels")
    network.select_option(label="One of torchvision")
    page.get_by_text("Name the network that reads labels.").wait_for()
    assert start.is_disabled()
    page.get_by_label("Model of the network").fill("fcn_resnet50")
    ready(editor)
    start.click()
    said = page.locator(".sb-import-said")
    said.get_by_text("Weights would be fetched. Licence: BSD.").wait_for()
    assert page.get_by_label("Model of the network").input_value() == "fcn_resnet50"
    assert page.get_by_label("the shipped one reads what it does not know").is_checked()
    agree = page.get_by_role("button", name="Agree and go on")
    editor.until("document.activeElement.textContent === 'Agree and go on'")
    assert not page.get_by_role("button", name="Go on", exact=True).is_visible()
    # Another network has another licence.
    network.select_option(label="The shipped one")
    page.get_by_role("button", name="Go on", exact=True).wait_for()
    assert said.inner_text() == "" and not agree.is_visible()
    network.select_option(label="One of torchvision")
    page.get_by_label("Model of the network").fill("fcn_resnet50")
    agree.click()
    running(editor)
    wish = editor.state("importing.wish")
    assert wish["labeller"] == "torchvision:fcn_resnet50,shipped" and wish["agree"]
    page.get_by_role("button", name="Cancel").click()


def test_a_broken_file_is_said_and_another_is_taken(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)
    bring(editor, "bad.mp4", b"broken")
    alert = editor.page.locator(".sb-import-said")
    alert.get_by_text("bad.mp4 is no video that can be read. Choose another file.").wait_for()
    editor.page.get_by_role("button", name="Another film").click()
    choose(editor, "Choose a file", "good.mp4")
    ready(editor)
    editor.page.keyboard.press("Escape")
    assert not editor.page.get_by_role("dialog", name="Your own clip").is_visible()


def test_what_is_dropped_is_taken(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)
    editor.page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(['a film'], 'dropped.mp4'));
          const page = document.querySelector('.sb-stage');
          for (const kind of ['dragover', 'drop']) {
            page.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
          }
        }"""
    )
    ready(editor)
    assert editor.page.get_by_label("Name of the clip").input_value() == "dropped"


def test_own_clips_are_renamed_and_thrown_away(desk: Server, open_editor: Open) -> None:
    editor = open_editor(desk)
    page, first = editor.page, editor.state("server.project")
    bring(editor)
    ready(editor)
    let_go(desk)
    page.get_by_role("button", name="Import", exact=True).click()
    editor.until("__scenebrush.state.server.clip.name === 'Rainy street' && __scenebrush.idle")
    page.get_by_title("Projects and clips").click()
    page.get_by_label("Rename Rainy street").click()
    page.keyboard.type("Wet street")
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Wet street").wait_for()
    editor.until("__scenebrush.state.server.clip.name === 'Wet street' && __scenebrush.idle")
    editor.until("[...document.querySelectorAll('.sb-project img')].every((image) => image.naturalWidth > 0)")
    # A clip that is open stays.
    editor.expected += ("422",)
    page.get_by_label("Move Wet street to the trash").click()
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_text("A project of this clip is open. Open another project first.").wait_for()
    page.keyboard.press("Escape")
    editor.open(f"?project={first}")
    page.get_by_title("Projects and clips").click()
    page.get_by_label("Move Wet street to the trash").click()
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_text("Wet street is in the trash").wait_for()
    assert page.get_by_role("menuitem", name="Wet street").count() == 0
    (left,) = (projects(desk) / ".trash" / "clips").iterdir()
    assert read_clip(left).name == "Wet street"


@pytest.mark.slow
def test_from_a_film_to_a_download(tmp_path: Path, open_editor: Open) -> None:
    """The real thing: a film without labels, the shipped networks, an edit, a video."""
    if not (ROOT / "checkpoints" / "evaluation.safetensors").exists():
        pytest.skip("checkpoints/evaluation.safetensors is not here: nothing reads labels")
    street = read_clip(clip_folders()["avenue"])
    assert street.pictures is not None
    film = write_film(tmp_path / "street.mp4", np.stack(street.pictures[:8]), rate=12, options={"crf": "12"})
    arguments = ["--clip", "avenue", "--projects", str(tmp_path / "projects")]
    with contextmanager(serve)("app.py", arguments, tmp_path) as server:
        editor = open_editor(server)
        page = editor.page
        editor.page.set_default_timeout(240_000)
        bring(editor, "street.mp4", film.read_bytes())
        ready(editor)
        assert page.locator(".sb-trim-pictures img").count() == 8
        editor.until("[...document.querySelectorAll('.sb-trim-pictures img')].every((image) => image.naturalWidth > 0)")
        page.get_by_role("button", name="Import", exact=True).click()
        editor.until("__scenebrush.state.server.clip.name === 'street' && __scenebrush.idle")
        # Large things are found: most of the pixels have their true class.
        read = np.stack([editor.maps(t)[0] for t in (0, 7)])
        assert (read == street.labels[[0, 7]]).mean() > 0.7
        things = {entry["id"] for entry in editor.state("server.classes") if entry["kind"] == "thing"}
        editor.until("__scenebrush.state.objectsRevision === __scenebrush.state.server.revision")
        assert any(seen["label"] in things for seen in editor.state("objects").values())
        editor.choose_class("vegetation")
        editor.tool("b")
        editor.stroke((200, 40), (230, 60))
        editor.complete()
        assert (editor.maps(0)[0] != read[0]).any()
        assert editor.download("Video").stat().st_size > 5_000
