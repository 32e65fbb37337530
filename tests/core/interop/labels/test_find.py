"""A form of labels is recognised, or named; else the known ones are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.clip.native import write_clip
from core.errors import InputError
from core.interop.labels.find import find_labels, open_labels
from core.interop.labels.mapping import ClassMap
from tests.pictures import tiny_clip


def test_a_clip_of_ours_is_read_as_it_is(tmp_path: Path) -> None:
    clip = tiny_clip(3)
    write_clip(clip, tmp_path / "clip")
    source = open_labels(tmp_path / "clip")
    mapping = ClassMap(source.classes, clip.label_set)
    assert (len(source), source.size, source.rate) == (3, (32, 64), clip.rate)
    assert source.pictures == tmp_path / "clip/frames.mp4"
    for t in range(3):
        labels, objects = mapping.apply(source.frame(t))
        assert np.array_equal(labels, clip.labels[t]) and np.array_equal(objects, clip.objects[t])


def test_what_is_in_no_form_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(InputError, match="in no form that is known.*native"):
            find_labels(path)
    with pytest.raises(InputError, match="is missing"):
        find_labels(tmp_path / "nothing")
    with pytest.raises(InputError, match="no form of labels 'x'.*native"):
        find_labels(tmp_path, "x")
