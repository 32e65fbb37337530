"""What is kept is counted and bounded, however many projects, seeds and clips are open."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.budget import Budget
from app.protocol import NewEdits
from app.workspace import Workspace
from core.clip.clip import Clip
from core.clip.native import write_clip
from core.project.edits import Mask
from core.project.storage import ProjectStore
from tests.app.client import fresh_id
from tests.app.stand_in import stand_in_engine
from tests.core.tiny import CAR, LABELS, tiny_clip

MB = 1 << 20
FRAMES, HEIGHT, WIDTH = 8, 128, 256


def enlarged(shift: int) -> Clip:
    """The tiny clip, 8 times as large: 2.6 MB without pictures. Another one for each shift."""
    small = tiny_clip(FRAMES, filmed=False)

    def larger(array: np.ndarray | None) -> np.ndarray:
        assert array is not None
        return np.ascontiguousarray(np.roll(array, shift, 2).repeat(8, 1).repeat(8, 2))

    arrays = {name: larger(getattr(small, name)) for name in ("labels", "objects", "flow", "flow_valid")}
    return replace(small, **arrays)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    """Room for two clips of the three that there are, and for the maps of four frames or five."""
    clips = {f"clip{shift}": tmp_path / f"clip{shift}" for shift in range(3)}
    for shift, folder in enumerate(clips.values()):
        write_clip(enlarged(shift), folder)
    budget = Budget(frames=0, folds=3 * MB, clips=6 * MB, looks=MB)
    space = Workspace(stand_in_engine(LABELS, 0), ProjectStore(tmp_path / "projects"), clips, budget)
    yield space
    space.close()


def painted(space: Workspace, clip: str, seed: int) -> str:
    """A project with a stroke of its own: all frames of it folded, those without it rendered."""
    opened = space.create(clip, seed)
    pixels = np.zeros((HEIGHT, WIDTH), bool)
    pixels[:, seed : seed + 40] = True
    mask = Mask.from_array(pixels).model_dump(mode="json")
    edit = {"kind": "paint", "id": fresh_id(), "frames": [0, FRAMES], "keyframes": [{"frame": 0, "mask": mask}]}
    request = NewEdits(request_id=fresh_id(), base=0, edits=[edit | {"to": CAR, "motion": {"kind": "still"}}])
    space.edit(opened.project.id, request)
    for t in range(FRAMES):
        opened.scene.conditioning(opened.project.edits, t)
    while None in opened.board.frames()[1]:  # what is being rendered holds a state
        space.worker.call(lambda: None).result(60)
    return opened.project.id


def test_projects_of_one_clip_share_what_does_not_depend_on_their_seed(space: Workspace) -> None:
    tracemalloc.start()
    try:
        for seed in range(3):
            painted(space, "clip0", seed)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for seed in range(3, 20):
            painted(space, "clip0", seed)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # Rendered frames apart, which the engine's store counts: 98 kB each.
    grown -= space.engine.renderer.store.usage.used
    assert grown < 3 * MB
    assert space.kept_bytes <= 9 * MB


def test_clips_leave_in_turn_and_come_back(space: Workspace) -> None:
    ids = [painted(space, f"clip{shift}", 5) for shift in range(3)]
    assert space.kept_bytes <= 9 * MB
    first = space.open(ids[0])
    assert len(first.project.edits) == 1 and (first.scene.conditioning(first.project.edits, 0).labels == CAR).any()
    assert space.kept_bytes <= 9 * MB


def test_the_budget_is_what_was_given() -> None:
    budget = Budget.of(1000)
    assert budget.frames + budget.folds + budget.clips + budget.looks == 1000
