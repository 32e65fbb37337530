"""Labels that were exported are read again as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet
from core.clip.native import write_clip
from core.errors import InputError
from core.interop.labels.command import WRITERS, export_labels
from core.interop.labels.find import find_labels, open_labels
from core.interop.labels.mapping import ClassMap
from core.project.edits import parse_edit
from core.project.storage import new_project
from tests.core.interop.labels.forms import street
from tests.pictures import STREET

forms = pytest.mark.parametrize("form", WRITERS)
# Two void classes, one that no form knows, one under another name.
WIDER = LabelSet(
    "wider",
    (
        *STREET.classes,
        LabelClass(16, "own car", (9, 9, 9), "void"),
        LabelClass(17, "kiosk", (1, 2, 3), "thing"),
        LabelClass(18, "tree", (4, 5, 6), "stuff"),
    ),
)


def wider_street() -> Clip:
    clip = street()
    labels, objects = clip.labels.copy(), clip.objects.copy()
    for place, (label, number) in enumerate([(16, 0), (17, 0), (17, 1), (17, 998), (18, 0), (3, 7), (1, 1)]):
        labels[1:, :4, 4 * place : 4 * place + 4] = label
        objects[1:, :4, 4 * place : 4 * place + 4] = label * 1000 + number
    return Clip("wider_street 1", WIDER, labels, objects, clip.rate)


def exported(clip: Clip, tmp_path: Path, form: str) -> list[str]:
    write_clip(clip, tmp_path / "clip")
    said: list[str] = []
    export_labels(str(tmp_path / "clip"), tmp_path / "out", form, said.append)
    return said


@forms
def test_an_export_is_read_again_as_it_was(tmp_path: Path, form: str) -> None:
    clip = wider_street()
    exported(clip, tmp_path, form)
    assert find_labels(tmp_path / "out").form.name == form
    source = open_labels(tmp_path / "out")
    mapping = ClassMap(source.classes, WIDER)
    assert len(source) == len(clip) and source.tracked
    for t in range(len(clip)):
        labels, objects = mapping.apply(source.frame(t))
        np.testing.assert_array_equal(labels, clip.labels[t])
        np.testing.assert_array_equal(objects, clip.objects[t])


def test_classes_that_a_form_does_not_know_are_told(tmp_path: Path) -> None:
    assert exported(wider_street(), tmp_path, "cityscapes") == [
        "Classes that this form does not know have ids of their own: own car as 35, kiosk as 36.",
        f"3 frames of labels in {tmp_path / 'out'}",
    ]
    ids = cv2.imread(str(tmp_path / "out/wider-street-1_000000_000001_gtFine_instanceIds.png"), cv2.IMREAD_UNCHANGED)
    # Own car, kiosk without number, kiosks 1 and 998, a tree, building 7 and road 1.
    assert ids[0, :28:4].tolist() == [35, 36, 36000, 36997, 21, 11006, 7000]


@forms
def test_an_edited_project_is_exported_as_it_is_seen(tmp_path: Path, form: str) -> None:
    """A car becomes a truck: an object of that class, which keeps its id from frame to frame."""
    clip = street()
    swap = parse_edit({"id": "swap", "kind": "set_class", "frames": [1, 3], "target": {"object": 14001}, "to": 15})
    project = new_project(str(tmp_path / "clip"), clip.hash, "", 0, "rendered")
    write_clip(clip, tmp_path / "clip")
    (tmp_path / "project.json").write_text(replace(project, edits=(swap,)).to_json())
    shown = CliRunner().invoke(
        app, ["export-labels", str(tmp_path), "-o", str(tmp_path / "out"), "--form", form], env={"COLUMNS": "200"}
    )
    assert shown.exit_code == 0 and "3 frames of labels in" in shown.output
    source = open_labels(tmp_path / "out")
    mapping = ClassMap(source.classes, STREET)
    for t in range(len(clip)):
        swapped = (clip.objects[t] == 14001) & (t > 0)
        labels, objects = mapping.apply(source.frame(t))
        np.testing.assert_array_equal(labels, np.where(swapped, 15, clip.labels[t]))
        np.testing.assert_array_equal(objects, np.where(swapped, 15001, clip.objects[t]))


def test_a_form_that_is_not_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the form 'davis'. Choose one of cityscapes, coco, kitti-step"):
        exported(street(), tmp_path, "davis")
    assert not (tmp_path / "out").exists()
