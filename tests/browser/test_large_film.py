"""A film that is larger than its label maps: painted in pixels of the maps, shown and downloaded at the film's size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.conditioning import Kind
from tests.browser.editor import Editor, Server
from tests.videos import read_video

Open = Callable[..., Editor]
FRAME = 4


def test_a_large_film_is_edited(large_film: Server, open_editor: Open) -> None:
    editor = open_editor(large_film, mode="footage")
    clip = editor.state("server.clip")
    assert [clip[key] for key in ("width", "height", "film_width", "film_height")] == [640, 320, 1280, 640]
    editor.complete()
    editor.go_to(FRAME)
    editor.focus()
    editor.choose_class("vegetation")
    editor.tool("b")
    place = (480, 60)
    editor.stroke(place, (520, 60))
    editor.complete()
    # Exactly the pixel under the pointer was painted.
    labels, _ = editor.maps(FRAME)
    assert labels[place[1], place[0]] == editor.class_id("vegetation")
    picture, filmed = editor.picture(editor.fresh()["render"][FRAME]["key"]), editor.decoded(f"camera/{FRAME}")
    body = editor.get(f"kinds/{editor.state('server.revision')}/{FRAME}")
    kinds = np.frombuffer(body, np.uint8).reshape(640, 1280)
    assert picture.shape == filmed.shape == (640, 1280, 3)
    assert kinds[2 * place[1], 2 * place[0]] == Kind.MADE_UP
    kept = kinds == Kind.FILMED
    assert kept.mean() > 0.9
    np.testing.assert_array_equal(picture[kept], filmed[kept])
    # The tint lies over what was painted, wherever that is on the stage.
    shown = "([x, y]) => __scenebrush.colourAt(x, y)"
    before = editor.page.evaluate(shown, list(place))
    editor.page.get_by_role("button", name="What is film?").click()
    editor.until(f"__scenebrush.colourAt({place[0]}, {place[1]}).join() !== '{','.join(map(str, before))}'")
    frames, _ = read_video(editor.download("Video mp4"))
    assert frames.shape == (clip["frames"], 640, 1280, 3)
    labels_file = editor.download("Label maps")
    assert labels_file.stat().st_size > 0
