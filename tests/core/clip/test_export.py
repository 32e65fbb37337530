"""Downloads open again."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np
import pytest

from core.clip.clip import FIRST_NEW_OBJECT
from core.clip.export import zip_labels, zip_pictures
from core.clip.instances import FileIds
from core.clip.native import read_clip
from core.errors import InputError
from tests.pictures import STREET, labels, tiny_clip


def test_pictures_are_exact(tmp_path: Path) -> None:
    pictures = tiny_clip().pictures
    zip_pictures(tmp_path / "a.zip", iter(pictures))
    with ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == [f"frame_{number:04d}.png" for number in range(1, 7)]
        for name, picture in zip(archive.namelist(), pictures, strict=True):
            found = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_UNCHANGED)
            np.testing.assert_array_equal(found[..., ::-1], picture)


def test_label_maps_open_again(tmp_path: Path) -> None:
    clip = tiny_clip()
    file = io.BytesIO()
    zip_labels(file, clip.labels, clip.objects, clip.label_set, Fraction(30000, 1001), "Ours")
    ZipFile(file).extractall(tmp_path / "a")
    again = read_clip(tmp_path / "a")
    np.testing.assert_array_equal(again.labels, clip.labels)
    np.testing.assert_array_equal(again.objects, clip.objects)
    assert (again.rate, again.credits, again.pictures) == (Fraction(30000, 1001), "Ours", None)
    assert again.label_set == clip.label_set


def test_edited_label_maps_open_again(tmp_path: Path) -> None:
    """A swapped car and a new object get ids of their class; one object stays one object through the clip."""
    clip = tiny_clip()
    maps, objects = clip.labels.copy(), clip.objects.copy()
    maps[2:][objects[2:] == 14001] = 15
    maps[:, :4, :4], objects[:, :4, :4] = 12, FIRST_NEW_OBJECT
    zip_labels(tmp_path / "a.zip", list(maps), list(objects), clip.label_set, clip.rate)
    ZipFile(tmp_path / "a.zip").extractall(tmp_path / "a")
    again = read_clip(tmp_path / "a")
    np.testing.assert_array_equal(again.labels, maps)
    assert set(np.unique(again.objects[:2])) == {1000, 3001, 11000, 12001, 14001}
    assert set(np.unique(again.objects[2:])) == {1000, 3001, 11000, 12001, 15001}


def test_the_same_maps_make_the_same_file() -> None:
    clip, files = tiny_clip(), (io.BytesIO(), io.BytesIO())
    for file in files:
        zip_labels(file, clip.labels, clip.objects, clip.label_set, clip.rate)
    assert files[0].getvalue() == files[1].getvalue()


def test_an_error_on_the_way_keeps_the_old_file(tmp_path: Path) -> None:
    def broken():
        yield tiny_clip().pictures[0]
        raise RuntimeError("cancelled")

    (tmp_path / "a.zip").write_bytes(b"old")
    with pytest.raises(RuntimeError):
        zip_pictures(tmp_path / "a.zip", broken())
    assert (tmp_path / "a.zip").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_nothing_to_download() -> None:
    with pytest.raises(InputError, match="no label maps"):
        zip_labels(io.BytesIO(), [], [], STREET, Fraction(12))


def test_ids_that_say_their_class_stay_and_others_take_what_is_free() -> None:
    classes = labels("cccc\nssss")
    objects = np.array([[14001, 14000, 15001, 2_000_000], [11000, 11000, 14002, 11000]], np.int32)
    ids = FileIds([(classes, objects)])
    expected = [[14001, 14000, 14002, 14003], [11000, 11000, 11001, 11000]]
    assert ids.of(classes, objects).tolist() == expected


def test_sixteen_bits_hold_classes_up_to_65() -> None:
    classes = np.full((1, 1), 66, np.uint8)
    with pytest.raises(InputError, match="65535"):
        FileIds([(classes, np.zeros((1, 1), np.int32))])
