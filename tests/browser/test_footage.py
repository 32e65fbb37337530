"""Keep the footage: a car is taken away, and everything else is the camera's picture, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from playwright.sync_api import Route

from core.assets import clip_folders
from core.clip.native import read_clip
from core.conditioning import Kind
from core.evaluation.measures import psnr
from core.footage.behind import Behind
from core.footage.plates import Fetched, Plates
from core.project.draft import Removed
from core.project.edits import ObjectTarget
from tests.browser.editor import Editor, Server
from tests.videos import read_video

Open = Callable[..., Editor]
FRAME = 20
FAR = 24  # pixels from what was changed


def camera(editor: Editor, t: int) -> np.ndarray:
    """(H, W, 3) uint8: the filmed frame as the page gets it."""
    return editor.decoded(f"camera/{t}")


def shown_now(editor: Editor) -> np.ndarray:
    """(H, W, 3) uint8: the frame as it is shown."""
    return editor.picture(editor.fresh()["render"][FRAME]["key"])


def largest_cars(editor: Editor) -> tuple[int, int]:
    """The two cars that take most of the frame."""
    labels, objects = editor.maps(FRAME)
    things, areas = np.unique(objects[labels == editor.class_id("car")], return_counts=True)
    second, first = things[areas.argsort()][-2:].tolist()
    return first, second


def middle(mask: np.ndarray) -> tuple[int, int]:
    """A pixel (x, y) of a mask (H, W), away from its outline where it is wide enough."""
    rows, columns = np.nonzero(cv2.erode(mask.astype(np.uint8), np.ones((5, 5))) if mask.sum() > 200 else mask)
    at = len(rows) // 2
    return int(columns[at]), int(rows[at])


def kinds_of(editor: Editor) -> np.ndarray:
    """(H, W) uint8: the kind of each pixel of the frame."""
    found = editor.get(f"kinds/{editor.state('server.revision')}/{FRAME}")
    return np.frombuffer(found, np.uint8).reshape(editor.size)


def plate_behind(thing: int) -> Fetched:
    """What other frames show of the place of an object of the shipped clip."""
    clip = read_clip(clip_folders()["avenue"])
    return Plates(Behind(clip)).at(FRAME, Removed((ObjectTarget(object=thing),)))


def colour_at(editor: Editor, place: tuple[int, int]) -> list[int]:
    """RGBA on the stage."""
    return editor.page.evaluate("([x, y]) => __scenebrush.colourAt(x, y)", list(place))


def changing(editor: Editor, act: Callable[[], object]) -> None:
    """Do something that changes the project, and wait until all frames are there."""
    revision = editor.state("server.revision")
    act()
    editor.saved(revision)
    editor.complete()


def take_away(editor: Editor, thing: int) -> None:
    editor.pick(*middle(editor.maps(FRAME)[1] == thing))
    changing(editor, lambda: editor.page.get_by_role("button", name="Remove", exact=True).click())


def far_from(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool: pixels outside the box around a mask, grown."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    far = np.ones(mask.shape, bool)
    far[max(rows[0] - FAR, 0) : rows[-1] + FAR, max(columns[0] - FAR, 0) : columns[-1] + FAR] = False
    return far


def test_a_car_is_taken_away_and_far_from_it_the_film_stays(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in, mode="footage")
    # The film is there at once, and every frame of it is done.
    assert editor.state("server.ticket") is None
    editor.complete()
    editor.go_to(FRAME)
    _, objects = editor.maps(FRAME)
    car, other = largest_cars(editor)
    filmed = camera(editor, FRAME)
    np.testing.assert_array_equal(shown_now(editor), filmed)
    # What is behind it is looked for as soon as it is selected.
    editor.pick(*middle(objects == car))
    editor.page.locator("button[title*='% of what it hides in this frame was filmed']", has_text="Remove").wait_for()
    take_away(editor, car)
    shown = shown_now(editor)
    far = far_from(objects == car)
    np.testing.assert_array_equal(shown[far], filmed[far])
    assert (shown[objects == car] != filmed[objects == car]).any(-1).mean() > 0.9
    fetched, kinds = plate_behind(car), kinds_of(editor)
    behind = (objects == car) & fetched.valid & (kinds == Kind.PLATE)
    assert behind.sum() > 200 and psnr(shown[behind], fetched.picture[behind]) > 40

    # Another look for another car changes that one alone.
    editor.pick(*middle(objects == other))
    editor.page.locator(".sb-look-cell img[src]").nth(8).wait_for()
    changing(editor, lambda: editor.page.locator(".sb-look-cell").nth(5).click())
    redressed = shown_now(editor)
    elsewhere = objects != other
    np.testing.assert_array_equal(redressed[elsewhere], shown[elsewhere])
    assert (redressed != shown).any()

    # A label is corrected, where the car was too: no pixel changes, and no frame has to be rendered.
    before = editor.state("server.render")
    editor.tool("k")
    editor.choose_class("car")
    column, row = middle(objects == car)
    editor.stroke((column - 20, row), (column + 20, row + 6))
    assert editor.state("server.edits")[-1]["title"] == "car, corrected"
    assert editor.state("server.render") == before and editor.state("rendering") != "running"
    np.testing.assert_array_equal(shown_now(editor), redressed)
    labels, now = editor.maps(FRAME)
    corrected = now >= 1_000_000
    assert corrected.any() and (labels[corrected] == editor.class_id("car")).all()

    # What is downloaded shows the same.
    video, _ = read_video(editor.download("Video"))
    assert psnr(video[FRAME], redressed) > 38
    both, _ = read_video(editor.download("Before and after"))
    width = filmed.shape[1]
    assert both.shape == (*video.shape[:2], 2 * width, 3)
    assert psnr(both[FRAME, :, :width], filmed) > 38 and psnr(both[FRAME, :, width:], redressed) > 38
    mask, _ = read_video(editor.download("Mask"))
    middles = [middle(kinds == kind) for kind in (Kind.MADE_UP, Kind.FILMED)]
    made_up, film = (mask[FRAME, row, column] for column, row in middles)
    assert made_up.min() > 200 and film.max() < 40


def test_what_is_not_film_is_tinted(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in, mode="footage")
    editor.go_to(FRAME)
    take_away(editor, largest_cars(editor)[0])
    editor.focus()
    editor.page.keyboard.press("Escape")
    if editor.state("overlayOn"):
        editor.page.keyboard.press("\\")
    kinds = kinds_of(editor)
    places = [middle(kinds == kind) for kind in (Kind.MADE_UP, Kind.PLATE, Kind.FILMED)]
    plain = [colour_at(editor, place) for place in places]
    button = editor.page.get_by_role("button", name="What is film?")
    button.click()
    legend = editor.page.get_by_role("button", name="Not film: made up repeated another look from other frames")
    legend.wait_for()
    column, row = places[0]
    editor.until(f"String(__scenebrush.colourAt({column}, {row})) !== '{','.join(map(str, plain[0]))}'")
    made_up, plate, film = (colour_at(editor, place) for place in places)
    assert made_up[0] > plain[0][0] and plate[2] > plain[1][2] and film == plain[2]
    # The key switches it off; where everything is rendered there is nothing to tell.
    editor.focus()
    editor.page.keyboard.press("t")
    button.wait_for()
    assert [colour_at(editor, place) for place in places] == plain
    editor.page.get_by_role("radio", name="Render all").click()
    button.wait_for(state="hidden")


def test_a_download_is_cancelled_where_it_was_begun(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in, mode="rendered")
    page = editor.page
    button = page.get_by_role("button", name="Download")
    # It does not come while the page waits for it.
    held: list[Route] = []
    page.route("**/video.mp4?*", lambda route: held.append(route))
    button.click()
    assert page.get_by_role("menuitem", name="Mask").is_disabled()  # nothing is film
    page.get_by_role("combobox", name="Quality of videos").select_option("Small file")
    with page.expect_request("**/video.mp4?*") as asked:
        page.get_by_role("menuitem", name="Video").click()
    assert "crf=26" in asked.value.url
    button.click()
    page.get_by_role("menuitem", name="Video being made, click to cancel").click()
    page.get_by_text("Video: cancelled").wait_for()
    button.click()
    page.get_by_role("menuitem", name="Video mp4").wait_for()
    for route in held:
        route.abort()  # one that nobody ends would be logged as lost in a later test


def test_surroundings_and_shadow_are_set_with_the_keys(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in, mode="footage")
    editor.go_to(FRAME)
    take_away(editor, largest_cars(editor)[0])
    before = shown_now(editor)
    page = editor.page
    page.get_by_role("slider", name="First frame of car").focus()
    page.keyboard.press("Enter")
    slider = page.get_by_role("slider", name="Surroundings of car")
    slider.focus()
    assert slider.input_value() == "3"
    changing(editor, lambda: [page.keyboard.press("ArrowRight"), slider.blur()])
    assert editor.state("server.edits")[0]["edit"]["margin"] == 4
    assert (shown_now(editor) != before).any()
    box = page.get_by_role("checkbox", name="take its shadow too")
    assert box.is_checked()
    changing(editor, lambda: box.press("Space"))
    assert editor.state("server.edits")[0]["edit"]["shadow"] is False
    whole = page.get_by_role("checkbox", name="its whole shadow, where it is long")
    assert whole.is_disabled()
    changing(editor, lambda: box.press("Space"))
    changing(editor, lambda: whole.press("Space"))
    assert editor.state("server.edits")[0]["edit"]["shadow"] == "whole"
    page.keyboard.press("Escape")
    # The next one does the same.
    take_away(editor, largest_cars(editor)[1])
    assert editor.state("server.edits")[1]["edit"]["shadow"] == "whole"
    changing(editor, lambda: page.keyboard.press("Control+z"))
    for margin, shadow in ((4, True), (4, False), (4, True), (3, True)):
        changing(editor, lambda: page.keyboard.press("Control+z"))
        edit = editor.state("server.edits")[0]["edit"]
        assert (edit["margin"], edit["shadow"]) == (margin, shadow)
    np.testing.assert_array_equal(shown_now(editor), before)


def test_the_mode_is_switched_in_the_header(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in, mode="footage")
    filmed = camera(editor, 0)
    revision = editor.state("server.revision")
    footage, rendered = (editor.page.get_by_role("radio", name=name) for name in ("Footage", "Render all"))
    assert footage.get_attribute("aria-checked") == "true"
    rendered.click()
    editor.saved(revision)
    editor.complete()
    assert rendered.get_attribute("aria-checked") == "true"
    assert not np.array_equal(editor.picture(editor.fresh()["render"][0]["key"]), filmed)
    footage.click()
    editor.saved(revision + 1)
    editor.complete()
    np.testing.assert_array_equal(editor.picture(editor.fresh()["render"][0]["key"]), filmed)


def test_a_clip_that_was_never_filmed_can_only_be_rendered(facade: Server, open_editor: Open) -> None:
    editor = open_editor(facade)
    assert editor.page.get_by_role("radio", name="Footage").is_disabled()
    assert editor.page.get_by_role("radio", name="Render all").get_attribute("aria-checked") == "true"
