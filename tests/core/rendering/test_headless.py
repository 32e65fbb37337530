"""Headless and editor: the same pixels."""

from __future__ import annotations

import queue
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.checkpoint import Checkpoint, load_checkpoint
from core.clip.label_set import LabelClass, LabelSet
from core.clip.native import read_clip, write_clip
from core.errors import InputError
from core.headless.render import open_renderer, open_scene, render_clip
from core.headless.source import open_source, with_edits
from core.project.edits import Mask, parse_edit
from core.project.edits_file import write_edits
from core.project.project import Project
from core.rendering.requests import Done, FrameReady, RenderRequest
from core.rendering.worker import RenderWorker
from tests.core.tiny import CAR, CAR_ID, LABELS, ROAD, tiny_checkpoint, tiny_clip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"))


def swap(start: int, stop: int, to: int = ROAD):
    target = {"object": CAR_ID}
    return parse_edit({"kind": "set_class", "id": "swap", "frames": [start, stop], "target": target, "to": to})


def look(start: int, stop: int, code=(0.9, -0.9, 0.9)):
    edit = {"kind": "set_style", "id": "look", "frames": [start, stop], "target": {"object": CAR_ID}}
    return parse_edit({**edit, "label": CAR, "code": code})


def stroke(frame: int, to: int = CAR, of=None):
    pixels = np.zeros((16, 32), bool)
    pixels[1:4, 20:26] = True
    keyframes = [{"frame": frame, "mask": Mask.from_array(pixels).model_dump()}]
    edit = {"kind": "paint", "id": "stroke", "frames": [0, 4], "keyframes": keyframes, "to": to, "object": of}
    return parse_edit({**edit, "motion": {"kind": "still"}})


@pytest.mark.parametrize(
    "edits", [(), (swap(2, 4),), (look(1, 3), stroke(2, of=1_000_000))], ids=["plain", "swap", "two"]
)
def test_the_editors_frames_and_the_headless_ones_are_equal_pixel_by_pixel(checkpoint, edits):
    clip = tiny_clip()
    headless = list(render_clip(clip, edits, checkpoint))
    scene, events = open_scene(checkpoint, clip), queue.Queue()
    with RenderWorker(open_renderer(checkpoint, 1 << 24)) as worker:
        for revision, version in enumerate([(), edits]):
            worker.submit(
                RenderRequest(
                    "p", revision, lambda t, v=version: scene.conditioning(v, t), len(clip), 3, events.put, False
                )
            )
            while not isinstance(event := events.get(timeout=30), Done):
                if event.stage == "final" and event.revision == 1:
                    np.testing.assert_array_equal(event.picture, headless[event.t])
                assert isinstance(event, FrameReady)


def test_a_swap_changes_its_frames_and_nothing_before(checkpoint):
    clip, done = tiny_clip(), []
    plain = list(render_clip(clip, (), checkpoint, on_frame=done.append))
    swapped = list(render_clip(clip, (swap(2, 4),), checkpoint))
    assert [np.array_equal(a, b) for a, b in zip(plain, swapped, strict=True)] == [True, True, False, False]
    assert done == [1, 2, 3, 4]


def test_a_seed_draws_looks_only_where_there_is_no_own_look(checkpoint):
    for filmed in (True, False):
        first, again, other = (next(render_clip(tiny_clip(filmed=filmed), (), checkpoint, seed)) for seed in (0, 0, 5))
        np.testing.assert_array_equal(first, again)
        assert np.array_equal(first, other) == filmed


def test_what_does_not_fit_is_said_before_anything_is_rendered(checkpoint):
    with pytest.raises(InputError):
        next(render_clip(tiny_clip(), (swap(2, 400),), checkpoint))
    with pytest.raises(InputError):
        next(render_clip(tiny_clip(), (swap(2, 4, to=77),), checkpoint))
    foreign = LabelSet("foreign", (*LABELS.classes[:2], LabelClass(CAR, "ship", (1, 2, 3), "thing")))
    with pytest.raises(InputError, match="label set"):
        next(render_clip(tiny_clip(label_set=foreign), (), checkpoint))


def test_a_source_is_a_clip_or_a_project(tmp_path: Path):
    write_clip(tiny_clip(), tmp_path / "tiny")
    assert len(open_source(tmp_path / "tiny").clip) == 4
    for nothing in (tmp_path, tmp_path / "no such", "no such clip"):
        with pytest.raises(InputError, match="neither a clip nor a project"):
            open_source(nothing)


def test_a_project_brings_its_clip_edits_and_seed(tmp_path: Path, checkpoint):
    write_clip(tiny_clip(), tmp_path / "tiny")
    clip = read_clip(tmp_path / "tiny")
    project = Project("a" * 32, str(tmp_path / "tiny"), clip.hash, checkpoint.hash, seed=3).applied(swap(2, 4))
    (tmp_path / "project.json").write_text(project.to_json())
    for place in (tmp_path, tmp_path / "project.json"):
        source = open_source(place)
        assert (source.edits, source.seed, source.checkpoint_hash) == ((swap(2, 4),), 3, checkpoint.hash)
    write_clip(tiny_clip(3), tmp_path / "other")
    moved = replace(project, clip=str(tmp_path / "other"))
    (tmp_path / "project.json").write_text(moved.to_json())
    with pytest.raises(InputError, match="another clip"):
        open_source(tmp_path)
    (tmp_path / "project.json").write_text("{}")
    with pytest.raises(InputError, match="project.json"):
        open_source(tmp_path)


def test_in_footage_mode_it_keeps_the_film_and_the_mode_comes_with_project_or_edits(tmp_path: Path, checkpoint):
    clip, edits = tiny_clip(), (swap(2, 4),)
    kept = list(render_clip(clip, edits, checkpoint, mode="footage"))
    for t in (0, 1):
        np.testing.assert_array_equal(kept[t], clip.pictures[t])
    np.testing.assert_array_equal(kept[3][:4], clip.pictures[3][:4])
    assert not np.array_equal(kept[3], clip.pictures[3])
    write_clip(clip, tmp_path / "tiny")
    project = Project("a" * 32, str(tmp_path / "tiny"), read_clip(tmp_path / "tiny").hash, "", mode="footage")
    (tmp_path / "project.json").write_text(project.to_json())
    write_edits(tmp_path / "edits.json", edits, 0, "rendered")
    source = open_source(tmp_path)
    assert source.mode == "footage" and open_source(tmp_path / "tiny").mode == "rendered"
    assert with_edits(source, tmp_path / "edits.json", None).mode == "rendered"
    assert with_edits(source, tmp_path / "edits.json", None, "footage").mode == "footage"


def test_a_clip_without_pictures_has_no_footage_to_keep(checkpoint):
    with pytest.raises(InputError, match="no pictures: there is no footage to keep"):
        render_clip(tiny_clip(filmed=False), (), checkpoint, mode="footage")


def test_a_correction_is_obeyed_and_changes_no_pixel(checkpoint, tmp_path):
    """Written to a file and read again; what comes after it knows of the corrected car."""
    clip = tiny_clip()
    correction = parse_edit(stroke(2, of=1_000_000).model_dump() | {"id": "correction", "corrects": True})
    away = parse_edit(swap(0, 4).model_dump() | {"target": {"object": 1_000_000}, "to": "surroundings"})
    write_edits(tmp_path / "edits.json", (correction, away), mode="footage")
    write_clip(clip, tmp_path / "clip")
    source = with_edits(open_source(tmp_path / "clip"), tmp_path / "edits.json", None)
    assert source.edits == (correction, away)
    corrected = np.stack(list(render_clip(clip, (correction,), checkpoint, mode="footage")))
    np.testing.assert_array_equal(corrected, clip.pictures)
    made = np.stack(list(render_clip(clip, source.edits, checkpoint, mode=source.mode)))
    assert (made != clip.pictures)[:, 1:4, 20:26].any((1, 2, 3)).all()
