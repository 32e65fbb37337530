"""Keep the footage: a car is taken away, and everything else is the camera's picture, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.browser.editor import Editor, Server

Open = Callable[..., Editor]
FRAME = 20
FAR = 24  # pixels from what was changed


def camera(editor: Editor, t: int) -> np.ndarray:
    """(H, W, 3) uint8: the filmed frame as the page gets it."""
    return editor.decoded(f"camera/{t}")


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
    labels, objects = editor.maps(FRAME)
    cars = np.unique(objects[labels == editor.class_id("car")], return_counts=True)
    car = int(cars[0][cars[1].argmax()])
    filmed = camera(editor, FRAME)
    np.testing.assert_array_equal(editor.picture(editor.state("server.render")[FRAME]["key"]), filmed)
    rows, columns = np.nonzero(objects == car)
    middle = len(rows) // 2
    editor.pick(int(columns[middle]), int(rows[middle]))
    revision = editor.state("server.revision")
    editor.page.get_by_role("button", name="Remove", exact=True).click()
    editor.saved(revision)
    editor.complete()
    shown = editor.picture(editor.fresh()["render"][FRAME]["key"])
    far = far_from(objects == car)
    np.testing.assert_array_equal(shown[far], filmed[far])
    assert (shown[objects == car] != filmed[objects == car]).any(-1).mean() > 0.9


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
