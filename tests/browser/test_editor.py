"""The editor with the shipped clip and the shipped checkpoint, end to end in a browser.

One project goes through the whole module: rendering a clip takes a while on two cores. Every test starts where the
one before it ended, and says so by taking the `Road` that it left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import dropwhile

import numpy as np
import pytest

from core.evaluation.measures import delta_e, lab, psnr
from core.models.local.network import LocalConfig
from tests.browser.editor import Editor, Server
from tests.browser.pictures import brush_stroke, far_from
from tests.videos import read_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

FRAME = 10
# On the first frame of an edit nothing that is further from it than the network sees may change.
FAR = LocalConfig(classes=1).receptive_field
LARGE = 1000
STROKE = 24  # pixels from the first to the last centre of a stroke


@pytest.fixture
def editor(scenebrush: Server, open_editor: Callable[..., Editor]) -> Iterator[Editor]:
    """A new project on the shipped clip."""
    editor = open_editor(scenebrush)
    yield editor


def sky_beside_a_facade(labels: np.ndarray, sky: int, building: int, size: int) -> tuple[int, int, int]:
    """(y, x_from, x_to) of a horizontal stroke in the sky, with as much building close to it as there is.

    Some sky is left all around: a stroke that moves the outline of what it is painted on moves the places of whole rows
    and columns of that object, and then no pixel is far from what has changed.
    """
    height, width = labels.shape
    best, found = 0, None
    for y in range(size // 2 + 4, height // 2, 2):
        for x in range(size, width - size - STROKE, 4):
            within = brush_stroke(height, width, y, x, x + STROKE, size + 6)
            if not (labels[within] == sky).all():
                continue
            around = brush_stroke(height, width, y, x, x + STROKE, size + 18) & ~within
            close = int((labels[around] == building).sum())
            if close > best:
                best, found = close, (y, x, x + STROKE)
    assert found is not None, "no sky beside a facade on this frame"
    return found


def test_a_building_over_sky(editor: Editor) -> None:
    height, width = editor.size
    sky, building = editor.class_id("sky"), editor.class_id("building")
    labels, objects = editor.maps(FRAME)
    editor.go_to(FRAME)
    size = editor.state("size")
    y, x_from, x_to = sky_beside_a_facade(labels, sky, building, size)
    editor.choose_class("building")
    editor.stroke_frames(FRAME, len(editor.fresh()["render"]))
    editor.stroke((x_from, y), (x_to, y))

    painted = brush_stroke(height, width, y, x_from, x_to, size)
    after, after_objects = editor.maps(FRAME)
    assert np.array_equal(after, np.where(painted, building, labels))
    assert np.array_equal(after_objects, np.where(painted, 1_000_000, objects))

    editor.before_complete()
    editor.complete()
    state = editor.fresh()
    before, render = editor.picture(state["before"][FRAME]), editor.picture(state["render"][FRAME]["key"])
    colours = lab(render)
    mean = colours[painted].mean(0)
    to_building = delta_e(mean, colours[(labels == building) & ~painted].mean(0))
    to_sky = delta_e(mean, colours[(labels == sky) & ~painted].mean(0))
    assert to_building < to_sky

    far = far_from(painted, FAR)
    assert far.any()
    assert np.array_equal(before[far], render[far])
    assert [entry["key"] for entry in state["render"][:FRAME]] == state["before"][:FRAME]


def test_swap_look_cancel_reload_download(editor: Editor) -> None:
    car, truck = editor.class_id("car"), editor.class_id("truck")
    first, second = _large_cars(editor, car)

    editor.go_to(first["t"])
    editor.pick(*first["at"])
    revision = editor.state("server.revision")
    editor.becomes("truck")
    editor.saved(revision)
    labels, objects = editor.maps(first["t"])
    assert (labels[objects == first["object"]] == truck).all()
    editor.complete()
    plain = editor.pictures()

    editor.go_to(second["t"])
    editor.pick(*second["at"])
    editor.until("document.querySelectorAll('.sb-look-cell img[src]').length === 9")
    revision = editor.state("server.revision")
    _another_look(editor)
    editor.saved(revision)
    editor.complete()
    styled = editor.pictures()
    _only_this_object_changed(editor, second["object"], plain, styled)

    _cancel_midway(editor)
    project, t = editor.state("server.project"), editor.state("t")
    editor.until("location.search.includes('project=')")
    editor.page.reload()
    editor.until("window.__scenebrush && __scenebrush.idle")
    assert (editor.state("server.project"), editor.state("t")) == (project, t)

    editor.complete()
    _video_is_the_render(editor)


def _large_cars(editor: Editor, car: int) -> list[dict]:
    """The two cars that are seen largest: object, frame t where it is nearest, and a pixel (x, y) of it there."""
    editor.until("Object.keys(__scenebrush.state.objects).length > 0")
    seen = editor.state("objects")
    cars = sorted((o for o in seen if seen[o]["label"] == car), key=lambda o: -seen[o]["area"])[:2]
    assert len(cars) == 2 and all(seen[o]["area"] >= LARGE for o in cars), "the clip has no two cars of 1000 px"
    found = []
    for o in cars:
        t = seen[o]["nearest"]
        inside = np.argwhere(editor.maps(t)[1] == int(o))
        y, x = inside[np.argmin(((inside - inside.mean(0)) ** 2).sum(1))]
        found.append({"object": int(o), "t": t, "at": (int(x), int(y))})
    return found


def _another_look(editor: Editor) -> None:
    """Click the median sample by how far its crop is from the look of now: neither the same nor the most extreme."""
    colours = lab(np.array(editor.page.evaluate(_CROP_COLOURS), np.uint8))
    far = [delta_e(colour, colours[0]) for colour in colours]
    editor.page.locator(".sb-look-cell").nth(int(np.argsort(far)[len(far) // 2])).click()


# Mean colour of the middle of every crop.
_CROP_COLOURS = """() => [...document.querySelectorAll('.sb-look-cell img')].map((image) => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 16;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0, 16, 16);
  const data = context.getImageData(4, 4, 8, 8).data;
  const sum = [0, 0, 0];
  data.forEach((part, index) => { if (index % 4 < 3) sum[index % 4] += part; });
  return sum.map((part) => Math.round(part / 64));
})"""


def _only_this_object_changed(editor: Editor, target: int, plain: np.ndarray, styled: np.ndarray) -> None:
    """Its mean colour moves by 10 or more in every frame that shows 300 px of it; other large objects by at most 1."""
    moved, others = [], {}
    for t in range(len(plain)):
        objects = editor.maps(t)[1]
        old, new = lab(plain[t]), lab(styled[t])
        for entry in np.unique(objects):
            inside = objects == entry
            if inside.sum() < 300:
                continue
            distance = delta_e(old[inside].mean(0), new[inside].mean(0))
            if entry == target:
                moved.append(distance)
            else:
                others[distance] = f"object {entry} moved by {distance:.2f} Delta E on frame {t}"
    assert moved and min(moved) >= 10, moved
    assert max(others, default=0) <= 1, others[max(others)]


def _cancel_midway(editor: Editor) -> None:
    """Stop a render, start another: no frame of the stopped one is taken afterwards."""
    editor.go_to(0)
    editor.tool("b")
    editor.choose_class("vegetation")
    editor.stroke((200, 30), (260, 30))
    editor.until("__scenebrush.state.server.render.filter((entry) => entry?.stage === 'final').length >= 2")
    editor.page.get_by_role("button", name="Cancel").click()
    editor.until("__scenebrush.state.rendering === 'cancelled'")
    stopped = {entry["key"] for entry in editor.state("server.render") if entry}
    editor.page.evaluate(_WATCH)
    editor.choose_class("sky")
    editor.stroke((200, 30), (260, 30))
    revision = editor.state("server.revision")
    editor.complete()
    final = {entry["key"] for entry in editor.fresh()["render"]}
    seen = editor.page.evaluate("clearInterval(__watch), __seen")
    held = [path for at, path in seen if at < revision][-1]
    # The stage keeps the picture that it has until the first one of the new render is there.
    taken = dropwhile(lambda path: path == held, (path for at, path in seen if at == revision))
    shown = {path.removeprefix("frames/") for path in taken}
    assert shown, "nothing was seen of the new render"
    assert not shown & (stopped - final)


# Notes what is on the stage, fifty times a second.
_WATCH = """() => {
  globalThis.__seen = [];
  globalThis.__watch = setInterval(() => {
    const { shown, state } = __scenebrush;
    if (shown) __seen.push([state.server.revision, shown.path]);
  }, 20);
}"""


def _video_is_the_render(editor: Editor) -> None:
    """The mp4 has the count, size and rate of the clip, and every frame is nearest to the render's own."""
    clip = editor.state("server.clip")
    render = editor.pictures()
    decoded, rate = read_video(editor.download("Video"))
    assert decoded.shape == (clip["frames"], clip["height"], clip["width"], 3)
    assert float(rate) == pytest.approx(clip["fps"])
    for t, picture in enumerate(decoded):
        own = psnr(picture, render[t])
        assert own >= 35, f"frame {t}: {own:.1f} dB"
        for neighbour in (t - 1, t + 1):
            if 0 <= neighbour < len(render) and not np.array_equal(render[neighbour], render[t]):
                assert psnr(picture, render[neighbour]) < own
