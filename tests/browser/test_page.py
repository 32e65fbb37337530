"""The page itself: layout, keys, names for readers, and what it says when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import FloatRect

from tests.browser.editor import Editor, Server
from tests.browser.pictures import brush_stroke

Open = Callable[..., Editor]
SIZES = [(1440, 900), (1024, 768)]


@pytest.mark.parametrize("font", [True, False], ids=["own-font", "font-blocked"])
@pytest.mark.parametrize("size", SIZES)
def test_one_screen_without_scrolling(stand_in: Server, open_editor: Open, size: tuple[int, int], font: bool) -> None:
    editor = open_editor(stand_in, size=size, font=font)
    assert editor.page.evaluate("document.fonts.check('13px Inter')") == font
    _nothing_is_cut_off(editor, size)
    editor.choose_class("vegetation")
    editor.stroke((200, 60), (260, 60))
    _nothing_is_cut_off(editor, size)
    editor.until("__scenebrush.state.picked !== null")
    editor.page.locator(".sb-object").get_by_text("new vegetation 1", exact=True).wait_for()
    becomes = editor.page.get_by_role("button", name="Becomes")
    becomes.click()
    button, menu = becomes.bounding_box(), editor.page.locator(".sb-menu").bounding_box()
    assert button is not None and menu is not None and _apart(button, menu)
    editor.page.get_by_label("Type a class").fill("dragon")
    editor.page.get_by_text("No class is called that.").wait_for()
    editor.page.keyboard.press("Escape")
    editor.becomes("street furniture")
    editor.page.locator(".sb-object").get_by_text("new street furniture 1", exact=True).wait_for()
    for scope in ("onward", "range"):
        editor.page.get_by_label("In which frames").select_option(scope)
        editor.page.get_by_label("Only this one, or all of its class").select_option("class")
        _nothing_is_cut_off(editor, size)
    editor.page.get_by_role("button", name="Download").click()
    _nothing_is_cut_off(editor, size)
    editor.page.keyboard.press("Escape")
    editor.context.set_offline(True)
    editor.expected += ("ERR_INTERNET_DISCONNECTED",)
    editor.becomes("car")
    editor.page.locator(".sb-saved[data-kind=unsaved]").wait_for()
    _nothing_is_cut_off(editor, size)


def test_late_news_of_objects_keeps_what_was_painted_since(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in, size=SIZES[0])
    before, revision = editor.get("objects").decode(), editor.state("server.revision")
    editor.choose_class("vegetation")
    editor.stroke((200, 60), (260, 60))
    painted = editor.state("picked")
    assert painted is not None and f'"{painted}"' not in before
    editor.complete()
    # A busy server answers only now what was asked before the stroke.
    late = {"body": before, "content_type": "application/json"}
    editor.page.route("**/objects", lambda route: route.fulfill(**late), times=1)
    project = editor.state("server.project")
    editor.page.evaluate(
        "([project, revision]) => __scenebrush.editor.loadObjects({ project, revision })", [project, revision]
    )
    assert editor.state("picked") == painted


def _apart(one: FloatRect, other: FloatRect) -> bool:
    return (
        one["x"] + one["width"] <= other["x"]
        or other["x"] + other["width"] <= one["x"]
        or one["y"] + one["height"] <= other["y"]
        or other["y"] + other["height"] <= one["y"]
    )


def _nothing_is_cut_off(editor: Editor, size: tuple[int, int]) -> None:
    root = editor.page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]")
    assert root == [size[1], size[0]]
    assert editor.page.evaluate(_OUTSIDE) == []
    assert editor.page.evaluate(_CUT) == []
    panel = editor.page.evaluate(
        "(({ scrollLeft, scrollWidth, clientWidth }) => [scrollLeft, scrollWidth - clientWidth])"
        "(document.querySelector('.sb-panel'))"
    )
    assert panel == [0, 0]


# What can be pressed and does not lie in the window whole, or lies over its neighbour.
_OUTSIDE = """() => {
  const seen = [...document.querySelectorAll('.sb button, .sb select, .sb input, .sb canvas')]
    .filter((element) => element.offsetParent && !element.closest('.sb-lanes'));
  const outside = seen.filter((element) => {
    const box = element.getBoundingClientRect();
    return box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight;
  });
  const bars = [...document.querySelectorAll('.sb-header, .sb-transport, .sb-section, .sb-tools')];
  const over = bars.flatMap((bar) => seen.filter((element) => bar.contains(element)).filter((element, index, all) => {
    const a = element.getBoundingClientRect();
    return all.slice(index + 1).some((other) => {
      const b = other.getBoundingClientRect();
      return !element.contains(other) && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
    });
  }));
  return [...outside, ...over].map((element) => element.outerHTML.slice(0, 90));
}"""

# Texts that do not fit where they stand: of elements, and the chosen lines of lists.
_CUT = """() => {
  const pen = document.createElement('canvas').getContext('2d');
  const width = (element, text) => {
    pen.font = getComputedStyle(element).font;
    return pen.measureText(text).width;
  };
  const room = (element) => {
    const { paddingLeft, paddingRight } = getComputedStyle(element);
    return element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  };
  const cut = [];
  for (const element of document.querySelectorAll('.sb *')) {
    if (!element.offsetParent || element.closest('option, .sb-unseen')) continue;
    if (element.tagName === 'SELECT') {
      const text = element.selectedOptions[0]?.textContent ?? '';
      if (width(element, text) > room(element) + 1) cut.push(`list: ${text}`);
    } else if ([...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
      && getComputedStyle(element).display !== 'inline'
      && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 3)) {
      cut.push(element.textContent);
    }
  }
  return cut;
}"""


def _pick_first(editor: Editor) -> None:
    """Select the largest object of the list."""
    editor.page.get_by_role("button", name="in view").click()
    editor.page.locator(".sb-scroll .sb-item").first.click()


def test_everything_that_can_be_pressed_has_a_name(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    _pick_first(editor)
    nameless = editor.page.evaluate(
        """() => [...document.querySelectorAll('.sb button, .sb input, .sb select, .sb [role=slider]')]
          .filter((element) => element.offsetParent)
          .filter((element) => !(element.getAttribute('aria-label') || element.textContent.trim()
            || element.closest('label')?.textContent.trim()))
          .map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert nameless == []


def test_text_stands_out_from_its_ground(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    assert editor.page.evaluate(_CONTRAST) == []


# Texts below 4.5:1 against the nearest opaque ground, as [text, ratio]; what is disabled may be fainter.
_CONTRAST = """() => {
  const parse = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.8) return colour;
    }
    return [0, 0, 0];
  };
  const faint = [];
  for (const element of document.querySelectorAll('.sb *')) {
    const own = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    if (!own.length || !element.offsetParent || element.closest(':disabled, option')) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push([own[0].data.trim(), ratio]);
  }
  return faint;
}"""


def test_tools_classes_and_frames_have_keys(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    editor.focus()
    for key, tool in zip("vbeglih", ["select", "brush", "eraser", "fill", "lasso", "pick", "hand"], strict=True):
        editor.page.keyboard.press(key)
        assert editor.state("tool") == tool
    editor.page.keyboard.press("b")
    size = editor.state("size")
    editor.page.keyboard.press("]")
    assert editor.state("size") > size
    editor.page.keyboard.press("2")
    second = editor.page.locator(".sb-class").nth(1)
    assert second.get_attribute("aria-checked") == "true"
    editor.page.keyboard.press("ArrowRight")
    editor.page.keyboard.press("ArrowRight")
    assert editor.state("t") == 2
    editor.page.keyboard.press("Backslash")
    assert editor.state("overlayOn") is False
    editor.page.keyboard.press(" ")
    assert editor.state("playing") is True
    editor.page.keyboard.press(" ")
    assert editor.state("playing") is False


def test_a_stroke_is_exact_and_undone_exactly(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    height, width = editor.size
    labels, _ = editor.maps(0)
    target = editor.page.locator(".sb-class").first
    target.click()
    to = int(target.get_attribute("data-class") or 0)
    y, x_from, x_to = height // 2, width // 3, width // 2
    editor.stroke((x_from, y), (x_to, y))
    painted = brush_stroke(height, width, y, x_from, x_to, editor.state("size"))
    assert np.array_equal(editor.maps(0)[0], np.where(painted, to, labels))
    assert editor.page.evaluate("__scenebrush.maps().labels") == editor.maps(0)[0].ravel().tolist()
    revision = editor.state("server.revision")
    editor.page.keyboard.press("Control+z")
    editor.saved(revision)
    assert np.array_equal(editor.maps(0)[0], labels)


def test_labels_are_shown_in_exactly_their_colours(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    editor.page.get_by_role("radio", name="Labels").click()
    height, width = editor.size
    labels, _ = editor.maps(0)
    colours = {entry["id"]: entry["colour"] for entry in editor.state("server.classes")}
    for y in range(3, height, max(1, height // 9)):
        for x in range(2, width, max(1, width // 9)):
            shown = editor.page.evaluate("([x, y]) => __scenebrush.colourAt(x, y)", [x, y])
            assert "#{:02x}{:02x}{:02x}".format(*shown[:3]) == colours[int(labels[y, x])].lower()


def test_offline_the_stroke_is_kept_and_said_to_be_not_saved(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    height, width = editor.size
    editor.complete()
    editor.tool("b")
    editor.context.set_offline(True)
    edits = len(editor.state("server.edits"))
    editor.page.mouse.move(*editor.point(width // 4, height // 4))
    editor.page.mouse.down()
    editor.page.mouse.move(*editor.point(width // 3, height // 4))
    editor.page.mouse.up()
    editor.page.get_by_text("Not saved").wait_for()
    assert len(editor.state("pending")) == 1
    editor.context.set_offline(False)
    editor.page.get_by_role("button", name="Try again").click()
    editor.until("__scenebrush.idle && __scenebrush.state.saving === 'saved'")
    assert len(editor.state("server.edits")) == edits + 1
    # Chromium itself logs requests that fail for want of a network.
    editor.complaints[:] = [one for one in editor.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_reload_returns_to_project_and_frame(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    editor.go_to(3)
    editor.until("location.search.includes('frame=4')")
    project = editor.state("server.project")
    editor.page.reload()
    editor.until("window.__scenebrush && __scenebrush.idle")
    assert (editor.state("server.project"), editor.state("t")) == (project, 3)


def test_objects_can_be_picked_from_the_list(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    _pick_first(editor)
    assert editor.state("picked") is not None
    editor.page.keyboard.press("Escape")
    assert editor.state("picked") is None


def test_a_newcomer_is_shown_four_steps_once(stand_in: Server, open_editor: Open) -> None:
    editor = open_editor(stand_in)
    steps = editor.page.locator(".sb-steps")
    assert not steps.is_visible()
    editor.focus()
    editor.page.keyboard.press("?")
    editor.page.get_by_role("button", name="Show the four steps again").click()
    assert steps.locator("li").count() == 4
    editor.page.get_by_role("button", name="Got it").click()
    assert not steps.is_visible()
