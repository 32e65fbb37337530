"""Corrections are in the labels of a project, as other programs read them and as a new clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.clip.native import read_clip, write_clip
from core.interop.labels.command import export_labels
from core.interop.labels.find import open_labels
from core.project.edits import parse_edit
from core.project.storage import ProjectStore
from tests.core.tiny import CAR, ROAD, SKY, tiny_clip

FRAMES = 4


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The car is corrected to be two, and an edit after that makes the sky road."""
    write_clip(tiny_clip(FRAMES), tmp_path / "clip")
    clip = read_clip(tmp_path / "clip")
    store = ProjectStore(tmp_path / "projects")
    made = store.create(str(tmp_path / "clip"), clip.hash, "", 0, "footage", "")
    split = {"kind": "split", "id": "split", "frames": [0, FRAMES], "object": 2001, "new": 1_000_000, "frame": 0}
    masks = {"part": {"box": [8, 4, 13, 8], "runs": [0, 20]}, "rest": {"box": [8, 8, 13, 12], "runs": [0, 20]}}
    swap = {"kind": "set_class", "id": "swap", "frames": [0, FRAMES], "target": {"label": SKY}, "to": ROAD}
    store.save(made.applied(parse_edit(split | masks), parse_edit(swap)))
    store.close()
    return tmp_path / "projects" / made.id


def two_cars(labels: np.ndarray, instances: np.ndarray, t: int) -> bool:
    left, right = (slice(8, 13), slice(4 + 2 * t, 8 + 2 * t)), (slice(8, 13), slice(8 + 2 * t, 12 + 2 * t))
    numbers = [set(np.unique(instances[part]).tolist()) for part in (left, right)]
    return bool((labels[left] == CAR).all()) and numbers[0] != numbers[1] and all(len(one) == 1 for one in numbers)


@pytest.mark.parametrize("only", [False, True])
def test_other_forms_have_the_corrections_and_edits_only_where_wanted(
    project: Path, tmp_path: Path, only: bool
) -> None:
    said: list[str] = []
    export_labels(str(project), tmp_path / "out", "kitti-step", said.append, corrections_only=only)
    read = open_labels(tmp_path / "out")
    frame = read.frame(2)
    named = {entry.id: entry.name for entry in read.classes}
    assert frame.objects is not None
    cars = np.vectorize(lambda one: CAR if named.get(one) == "car" else ROAD)(frame.labels)
    assert two_cars(cars, frame.objects, 2)
    assert (named[int(frame.labels[0, 0])] == "sky") == only
    assert any("left out: 1 of 2" in line for line in said) == only


def test_a_corrected_clip_is_a_clip_with_the_film_as_it_was(project: Path, tmp_path: Path) -> None:
    said: list[str] = []
    export_labels(str(project), tmp_path / "corrected", "clip", said.append)
    old, new = read_clip(tmp_path / "clip"), read_clip(tmp_path / "corrected")
    assert all(two_cars(new.labels[t], new.objects[t], t) for t in range(FRAMES))
    np.testing.assert_array_equal(new.labels, old.labels)  # the swap is no correction
    np.testing.assert_array_equal(new.pictures, old.pictures)
    assert said[0] == "Edits that are no corrections are left out: 1 of 2." and "4 frames" in said[1]
