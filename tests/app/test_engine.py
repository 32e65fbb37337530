"""The workspace on a real (untrained) checkpoint: looks are kept, the editor and the command line give the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app import downloads, engine, filmed
from app.board import Board
from app.engine import engine_of
from app.errors import NotFound
from app.lazy_looks import LazyLooks
from app.opened import OpenProject
from app.protocol import ChangeRequest, NewEdits, RemovedEdits
from app.workspace import Workspace
from core.checkpoint import Checkpoint, load_checkpoint
from core.clip.native import write_clip
from core.errors import InputError
from core.headless.render import render_clip
from core.headless.source import open_source
from core.project.edits_file import read_edits
from core.project.folds import Folds
from core.project.mode import MODES, Mode
from core.project.storage import ProjectStore
from core.rendering.requests import Event, FrameReady
from core.styles.looks import Looks, LooksEncoding
from tests.app.client import fresh_id, stroke, swap
from tests.core.interop.cases import published_checkpoint
from tests.core.tiny import CAR, CAR_ID, LABELS, tiny_checkpoint, tiny_clip

Opening = Callable[..., Workspace]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny.safetensors"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clip's folder that is not one of those shipped."""
    write_clip(tiny_clip(6), tmp_path / "elsewhere" / "tiny")
    return tmp_path / "elsewhere" / "tiny"


@pytest.fixture
def opening(checkpoint: Checkpoint, folder: Path, tmp_path: Path) -> Iterator[Opening]:
    """Opens a workspace over the same projects; the one before is closed."""
    spaces: list[Workspace] = []

    def opened(checkpoint: Checkpoint = checkpoint, clips: dict[str, Path] | None = None) -> Workspace:
        for space in spaces:
            space.close()
        projects = tmp_path / "projects"
        made = engine_of(checkpoint, projects / ".looks", 1 << 26)
        spaces.append(Workspace(made, ProjectStore(projects), {"tiny": folder} if clips is None else clips))
        return spaces[-1]

    yield opened
    for space in spaces:
        space.close()


def add(opened: OpenProject, edit: dict, **more: int | bool) -> None:
    opened.edit(NewEdits(request_id=fresh_id(), base=opened.project.revision, edits=(edit,), **more))


def look(code: tuple[float, float, float] = (0.9, -0.9, 0.5), **provenance: object) -> dict:
    edit = {"kind": "set_style", "id": fresh_id(), "frames": [0, 6], "target": {"object": CAR_ID}, "label": CAR}
    return edit | {"code": code, "provenance": provenance}


@pytest.mark.parametrize("mode", MODES)
def test_the_download_is_what_the_command_line_renders(
    opening: Opening, checkpoint: Checkpoint, tmp_path: Path, mode: Mode
) -> None:
    space = opening()
    opened = space.create("tiny", mode=mode)
    for edit in (stroke(), look(), swap()):
        add(opened, edit)
    ours = np.stack(list(downloads.pictures(opened)))
    twin = np.stack(list(render_clip(opened.clip, opened.project.edits, checkpoint, opened.project.seed, mode=mode)))
    assert np.array_equal(ours, twin)
    from_disk = open_source(tmp_path / "projects" / opened.project.id)
    assert (from_disk.edits, from_disk.mode) == (opened.project.edits, mode) and from_disk.clip.hash == opened.clip.hash


def test_an_imported_checkpoint_renders_and_says_what_it_cannot_do(
    opening: Opening, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    imported = load_checkpoint(published_checkpoint(tmp_path / "weights", LABELS))
    space = opening(imported)
    opened = space.create("tiny", mode="rendered")
    assert "changes the whole picture" in opened.state().notice and "looks change nothing" in opened.state().notice
    before = np.stack(list(downloads.pictures(opened)))
    add(opened, stroke())
    after = np.stack(list(downloads.pictures(opened)))
    assert not np.array_equal(before, after)
    assert np.array_equal(after, np.stack(list(render_clip(opened.clip, opened.project.edits, imported))))
    assert "does not look at the film" in space.create("tiny", mode="footage").state().notice
    assert opening(checkpoint).create("tiny", mode="rendered").state().notice == ""


def test_edits_json_is_read_by_the_command_line(opening: Opening) -> None:
    opened = opening().create("tiny")
    add(opened, stroke(), new_object=True)
    file = downloads.make(opened, downloads.FORMS[-1])
    assert read_edits(file) == (opened.project.edits, opened.project.seed, opened.project.mode)


def test_looks_are_encoded_once_for_a_checkpoint(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    first = list(downloads.pictures(opening().create("tiny", mode="rendered")))
    monkeypatch.setattr(engine, "LooksEncoding", lambda *_: pytest.fail("encoded again"))
    again = list(downloads.pictures(opening().create("tiny", mode="rendered")))
    assert np.array_equal(first, again)


def test_kept_looks_that_are_damaged_are_made_again(opening: Opening, tmp_path: Path) -> None:
    first = list(downloads.pictures(opening().create("tiny", mode="rendered")))
    (kept,) = (tmp_path / "projects" / ".looks").iterdir()
    kept.write_text("[[1, 2")
    again = list(downloads.pictures(opening().create("tiny", mode="rendered")))
    assert np.array_equal(first, again)


def test_a_clip_opens_without_waiting_for_its_looks(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    space = opening()
    space.worker.stop()  # nobody encodes in the background
    monkeypatch.setattr(engine, "LooksEncoding", lambda *_: pytest.fail("encoded"))
    opened = space.engine.open_scene(Folds(tiny_clip(6)), 0)
    assert not opened.looks.ready


@pytest.mark.parametrize("mode", MODES)
def test_the_first_edited_picture_waits_for_the_looks_of_its_own_frame_alone(
    opening: Opening, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    space = opening()
    held, stages = threading.Event(), []
    report = Board._on_event

    class Waiting(LooksEncoding):
        def more(self) -> bool:
            assert held.wait(20), "no picture without the looks of all frames"
            return super().more()

    def on_event(board: Board, run: object, event: Event) -> None:
        if isinstance(event, FrameReady) and run.total and event.revision:
            stages.append((event.t, event.stage))
            held.set()
        report(board, run, event)

    monkeypatch.setattr(OpenProject, "get_ready", lambda opened: None)
    monkeypatch.setattr(OpenProject, "render_before", lambda opened: None)
    monkeypatch.setattr(engine, "LooksEncoding", Waiting)
    monkeypatch.setattr(Board, "_on_event", on_event)
    opened = space.create("tiny", mode=mode)
    add(opened, stroke(), cursor=3)
    final = np.stack(list(downloads.pictures(opened)))
    assert stages[0] == (3, "preview") and not opened.scene.first(opened.project.edits, mode)
    assert np.array_equal(final, np.stack(list(render_clip(opened.clip, opened.project.edits, checkpoint, mode=mode))))


def test_looks_that_failed_once_are_encoded_all_the_same() -> None:
    frames = iter([None, OSError("full"), None])

    def encode() -> Generator[None, None, Looks]:
        for one in frames:
            if one is not None:
                raise one
            yield
        return Looks({}, {})

    looks = LazyLooks(encode, lambda t: Looks({}, {}))
    assert looks.more() and not looks.ready
    with pytest.raises(OSError, match="full"):
        looks.more()
    assert looks.more() and not looks.more() and looks.ready and not looks.more()


def test_a_clip_by_folder_is_found_again_when_it_is_not_named(opening: Opening) -> None:
    project = opening().create("tiny").project
    assert opening(clips={}).open(project.id).project == project


def test_a_clip_that_has_changed_is_not_taken_for_the_projects_own(opening: Opening, folder: Path) -> None:
    project = opening().create("tiny").project
    folder.rename(folder.with_name("before"))
    write_clip(tiny_clip(5), folder)
    with pytest.raises(InputError, match="another clip"):
        opening().open(project.id)


def test_only_clips_that_are_offered_can_be_begun(opening: Opening, folder: Path) -> None:
    with pytest.raises(NotFound):
        opening(clips={}).create(str(folder))


def test_under_another_checkpoint_looks_are_drawn_again_and_it_is_said(
    opening: Opening, checkpoint: Checkpoint
) -> None:
    space = opening()
    opened = space.create("tiny")
    sheet = space.looks.sheet(opened, CAR_ID, CAR, 2, seed=3, count=2)
    chosen = sheet.looks[1]
    assert chosen.provenance is not None
    add(opened, look(chosen.code, **chosen.provenance.model_dump()))
    other_mixture = replace(checkpoint.mixtures[CAR], means=-checkpoint.mixtures[CAR].means)
    other = replace(checkpoint, hash="f" * 16, mixtures={**checkpoint.mixtures, CAR: other_mixture})
    again = opening(other).open(opened.project.id)
    edit = again.project.edits[0]
    assert edit.code == other_mixture.sample(1, chosen.provenance.seed)[0].code != tuple(chosen.code)
    assert "another checkpoint" in again.state().notice
    assert again.project.checkpoint_hash == other.hash


def test_under_another_checkpoint_a_look_of_a_frame_is_taken_from_it_again(
    opening: Opening, checkpoint: Checkpoint
) -> None:
    space = opening()
    opened = space.create("tiny")
    taken = filmed.look(opened, CAR_ID, 3)
    assert taken.provenance is not None
    add(opened, look((0.9, 0.9, 0.9), **taken.provenance.model_dump()))
    other_mixture = replace(checkpoint.mixtures[CAR], means=-checkpoint.mixtures[CAR].means)
    other = replace(checkpoint, hash="f" * 16, mixtures={**checkpoint.mixtures, CAR: other_mixture})
    assert opening(other).open(opened.project.id).project.edits[0].code == taken.code
    blind = replace(checkpoint, hash="e" * 16, encoder=None)
    assert opening(blind).open(opened.project.id).project.edits[0].code == checkpoint.mixtures[CAR].likely


def test_an_object_far_ahead_is_refused(opening: Opening) -> None:
    opened = opening().create("tiny")
    with pytest.raises(InputError, match="no object"):
        add(opened, stroke(object=2**31 - 1))
    assert opened.project.edits == ()


def test_what_an_edit_acts_on_follows_the_edits_before_it(opening: Opening) -> None:
    opened = opening().create("tiny")
    add(opened, stroke(), new_object=True)
    add(opened, swap(target={"object": 1_000_000}))
    first, second = opened.whole_state().edits
    assert second.spans == [(3, 6)] and not second.note
    opened.remove(RemovedEdits(request_id=fresh_id(), base=opened.project.revision, ids=(first.edit["id"],)))
    assert [(lane.spans, lane.note) for lane in opened.whole_state().edits] == [([], "nothing to act on")]
    opened.undo(ChangeRequest(request_id=fresh_id(), base=opened.project.revision))
    assert opened.whole_state().edits == [first, second]
