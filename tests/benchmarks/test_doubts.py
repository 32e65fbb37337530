"""The figures of doubts: what is taken to be wrong, and what is counted of it, where the answer is known."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import doubts
from benchmarks.doubts import Looked, Named, found_as, larger, of_all, of_places
from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet
from core.clip.native import write_clip
from core.project.doubts.doubt import Doubt
from tests.core.tiny import CAR, CAR_ID, LABELS, SKY, tiny_clip


def with_car(clip: Clip, t: int, label: int, thing: int) -> Clip:
    """The clip with its car in frame t as something else."""
    labels, objects = np.array(clip.labels), np.array(clip.objects)
    car = objects[t] == CAR_ID
    labels[t][car], objects[t][car] = label, thing
    return dataclasses.replace(clip, labels=labels, objects=objects)


@pytest.fixture
def true() -> Clip:
    """Twice as large as the tiny one: its car is no small thing."""
    small = tiny_clip(5)
    parts = {part: getattr(small, part).repeat(2, 1).repeat(2, 2) for part in ("labels", "objects", "flow")}
    parts |= {part: getattr(small, part).repeat(2, 1).repeat(2, 2) for part in ("pictures", "flow_valid")}
    return dataclasses.replace(small, **parts)


def test_an_object_is_the_one_that_has_most_of_it_in_common() -> None:
    wanted = np.zeros((16, 16), int)
    wanted[:10], wanted[15, :4] = 7, 9  # the latter is small
    found = np.zeros((16, 16), int)
    found[:8] = 3
    assert found_as(wanted, found) == {7: 3}
    found[5:8] = 4
    assert found_as(wanted, found) == {7: None}
    assert larger(wanted) == [7]


def test_a_frame_is_wrong_in_its_objects_where_one_is_exchanged_and_where_it_is_back(true: Clip) -> None:
    looked = Looked.of(true, with_car(true, 2, CAR, 2009), ())
    assert looked.changed.tolist() == [False, False, True, True, False]
    assert (looked.miou == 1).all() and not looked.mistaken.any() and not any(looked.things.values())


def test_labels_are_wrong_where_they_differ(true: Clip) -> None:
    looked = Looked.of(true, with_car(true, 2, SKY, SKY * 1000), ())
    assert looked.miou[2] < 1 and (np.delete(looked.miou, 2) == 1).all()
    assert np.array_equal(looked.mistaken[2], true.objects[2] == CAR_ID) and looked.mistaken.sum() == 10 * 16
    # The editor's list has it: the car is not seen there, but before and after.
    assert [(doubt.kind, doubt.frame) for doubt in looked.doubts] == [("missing", 2)]


def test_places_are_compared_with_the_same_place_in_other_frames() -> None:
    mistaken = np.zeros((5, 8, 8), bool)
    mistaken[1, :4, :4], mistaken[2, :4, :2] = True, True
    doubt = Doubt("flicker", 1, 0.25, (0, 0, 4, 4))
    looked = Looked([doubt, Doubt("unsure", 0, 1.0)], np.ones(5), np.zeros(5, bool), mistaken, {})
    assert list(looked.places()) == [("flicker", 1.0, 0.125)]
    assert looked.named([doubt]).tolist() == [False, True, False, False, False]
    assert looked.named([Doubt("vanishes", 3, 0.1)]).tolist() == [False] * 4 + [True]


def test_named_frames_are_held_against_all_frames() -> None:
    named, wrong = np.array([1, 1, 0, 0, 0], bool), np.array([1, 0, 1, 1, 0], bool)
    assert Named(named, wrong).row == ["2 of 5", "50%", "60%", "33%"]
    assert Named(np.zeros(2, bool), np.zeros(2, bool)).row == ["0 of 2", "-", "0%", "-"]


def test_tables_have_a_row_for_all_that_is_named() -> None:
    doubt = Doubt("flicker", 1, 0.25, (0, 0, 4, 4))
    things = {(1, 2001): True, (1, 2002): True, (2, 2001): False}
    mistaken = np.zeros((3, 8, 8), bool)
    doubts = [doubt, Doubt("jump", 1, 0.1, object=2001), Doubt("missing", 2, 0.1, object=2001)]
    looked = Looked(doubts, np.array([1, 0.5, 1]), np.array([False, False, True]), mistaken, things)
    assert of_places([looked, looked]).row_count == 1
    table = of_all([looked, looked])
    assert list(table.columns[2].cells) == ["2 of 6", "4 of 6", "4 of 6", "4 of 6", "2 of 6"]
    assert list(table.columns[3].cells) == ["100%", "50%", "50%", "50%", "100%"]


def test_a_film_is_imported_and_looked_at(
    true: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = LabelSet("tiny", (*LABELS.classes, LabelClass(3, "unlabeled", (0, 0, 0), "void")))
    write_clip(dataclasses.replace(true, label_set=classes), tmp_path / "clips" / "tiny")
    monkeypatch.setattr(sys, "argv", ["doubts", str(tmp_path / "clips"), "--frames", "3", "--device", "cpu"])
    doubts.main()
    said = capsys.readouterr().out
    assert "tiny: 3 frames, " in said and said.count(" of 3 ") >= 4
    assert not [path for path in tmp_path.iterdir() if path.name != "clips"]
