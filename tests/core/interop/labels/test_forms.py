"""What is particular to one form: where it is looked for, what it refuses."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import InputError
from core.interop.labels import files
from core.interop.labels.find import find_labels, open_labels
from core.interop.labels.source import UNLABELLED
from tests.core.interop.labels import forms
from tests.core.interop.labels.forms import street

RLE = "P5"  # 8 * 20 pixels, none of them in the mask


def png(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), values)


def ids(*values: int) -> np.ndarray:
    return np.resize(np.array(values, np.uint8), (8, 20))


# Several sequences


def test_of_several_sequences_one_must_be_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        png(tmp_path / f"train_A/{name}/1.png", ids(7))
        png(tmp_path / f"masks/{name}/1.png", ids(7))
    with pytest.raises(InputError, match="2 sequences of labels: train_A/a, train_A/b. Name the folder of one"):
        open_labels(tmp_path)
    for place in (tmp_path / "train_A/a", tmp_path / "train_A/b/../a"):
        assert open_labels(place).names == ("1",)
    with pytest.raises(InputError, match="2 sequences of labels: a, b"):
        open_labels(tmp_path / "masks")
    assert open_labels(tmp_path / "masks/b").names == ("1",)


def test_frames_of_two_cityscapes_sequences_are_no_clip(tmp_path: Path) -> None:
    for name in ("ulm_000001_000019", "ulm_000002_000019"):
        png(tmp_path / f"{name}_gtFine_labelIds.png", ids(7))
    with pytest.raises(InputError, match="2 sequences: ulm_000001_, ulm_000002_"):
        open_labels(tmp_path)


def test_a_tree_of_many_folders_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MOST_FOLDERS", 5)
    for name in "abcdef":
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="more than 5 folders. Name the folder of one"):
        find_labels(tmp_path)


# Cityscapes and vid2vid


def test_pictures_beside_cityscapes_labels_are_found(tmp_path: Path) -> None:
    png(tmp_path / "gtFine/val/ulm/ulm_000001_000019_gtFine_labelIds.png", ids(7))
    (tmp_path / "leftImg8bit/val/ulm").mkdir(parents=True)
    assert open_labels(tmp_path / "gtFine").pictures == tmp_path / "leftImg8bit/val/ulm"


def test_instance_ids_alone_say_classes_too(tmp_path: Path) -> None:
    values = np.resize(np.array([7, 26, 26000, 26011], np.uint16), (8, 20))
    png(tmp_path / "ulm_000001_000019_gtFine_instanceIds.png", values)
    frame = open_labels(tmp_path).frame(0)
    assert frame.labels[0, :4].tolist() == [7, 26, 26, 26]
    assert frame.objects is not None and frame.objects[0, :4].tolist() == [0, 0, 1, 12]


def test_an_instance_of_another_class_than_its_label_is_an_object_of_its_own(tmp_path: Path) -> None:
    png(tmp_path / "test_A/a/1.png", ids(26, 27))
    png(tmp_path / "test_inst/a/1.png", np.full((8, 20), 26000, np.uint16))
    frame = open_labels(tmp_path).frame(0)
    assert frame.objects is not None and frame.objects[0, :2].tolist() == [1, 26001]


def test_ignored_pixels_have_no_class(tmp_path: Path) -> None:
    png(tmp_path / "test_A/a/1.png", ids(7, 255))
    assert open_labels(tmp_path).frame(0).labels[0, :2].tolist() == [7, UNLABELLED]


# Plain PNG


def test_ids_without_a_list_have_to_be_named(tmp_path: Path) -> None:
    png(tmp_path / "1.png", ids(1, 2))
    found = find_labels(tmp_path)
    assert found.sentence == "Plain PNG files of ids, without a list of classes."
    assert found.open().classes[2].name == "class 2"


def test_photographs_are_no_labels(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name, shape in (("grey", (8, 20)), ("colour", (8, 20, 3)), ("alpha", (8, 20, 4))):
        png(tmp_path / name / "1.png", rng.integers(0, 256, shape, np.uint8))
        with pytest.raises(InputError, match="in no form that is known"):
            find_labels(tmp_path / name)


def test_a_colour_that_no_class_has_is_named(tmp_path: Path) -> None:
    png(tmp_path / "1.png", np.full((8, 20, 3), (128, 64, 128), np.uint8))
    png(tmp_path / "2.png", np.full((8, 20, 3), (1, 2, 3), np.uint8))
    source = open_labels(tmp_path)
    with pytest.raises(InputError, match="2.png has the colour #030201, which no class has"):
        source.frame(1)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_a_pixel_are_ids(tmp_path: Path, depth: int) -> None:
    """Grey of few bits, as ids and not spread over 0 to 255."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    row = b"\0" + bytes([0b01000101] * (8 * depth // 8))
    head = struct.pack(">IIBBBBB", 8, 8, depth, 0, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 8)) + chunk(b"IEND", b"")
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    first = {1: [0, 1, 0, 0, 0, 1, 0, 1], 2: [1, 0, 1, 1, 1, 0, 1, 1], 4: [4, 5, 4, 5, 4, 5, 4, 5]}[depth]
    assert open_labels(tmp_path).frame(0).labels[0].tolist() == first


def test_a_palette_with_a_list_of_colours_is_read_by_its_colours(tmp_path: Path) -> None:
    image = Image.fromarray(ids(0, 1)).convert("P")
    image.putdata(ids(0, 1).ravel().tolist())
    image.putpalette([0, 0, 142, 128, 64, 128])
    image.save(tmp_path / "1.png")
    (tmp_path / "label_colors.txt").write_text("128 64 128\tRoad\n0 0 142\tCar\n")
    source = open_labels(tmp_path, "plain")
    assert [source.classes[number].name for number in source.frame(0).labels[0, :2]] == ["Car", "Road"]


@pytest.mark.parametrize("text", ["", "road", "road:1,2,300::", "1 2 3", "\udcff", "road:1,2,3::\n" * 5000])
def test_a_list_of_colours_that_is_none_is_a_sentence(tmp_path: Path, text: str) -> None:
    png(tmp_path / "1.png", np.full((8, 20, 3), 5, np.uint8))
    (tmp_path / "labelmap.txt").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InputError, match="labelmap.txt|there are 0 classes"):
        open_labels(tmp_path, "plain")


# MOTS


def mots(tmp_path: Path, *lines: str) -> Path:
    (tmp_path / "0001.txt").write_text("\n".join(lines))
    return tmp_path / "0001.txt"


def test_frames_of_mots_without_a_line_are_empty(tmp_path: Path) -> None:
    source = open_labels(mots(tmp_path, f"3 2001 2 8 20 {RLE}", f"1 10000 10 8 20 {RLE}"))
    assert source.names == ("000001", "000002", "000003")
    assert not source.frame(1).labels.any()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"1 2001 2 8 21 {RLE}", "line 2: a mask of 21x8"),
        (f"1 2001 1 8 20 {RLE}", "line 2: id 2001 is not of class 1"),
        (f"1 7001 7 8 20 {RLE}", "line 2: id 7001 is not of class 7"),
        (f"9999999 2001 2 8 20 {RLE}", "frame 9999999"),
        (f"-1 2001 2 8 20 {RLE}", "'-1' is not a whole number"),
        (f"1 2001 2 8 {'9' * 5000} {RLE}", "is not a whole number"),
        ("1 2001 2 8 20", "line 2 has 5 fields"),
        ("1 2001 2 8 20 P6", "does not fill 20x8"),
        ("1 2001 2 8 20 oooo", "no RLE"),
        ("1 2001 2 8 20 \xe9", "no text file"),
    ],
)
def test_lines_of_mots_that_are_broken_are_named(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        open_labels(mots(tmp_path, f"1 2001 2 8 20 {RLE}", line)).frame(0)


def test_mots_of_a_size_that_is_not_possible_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is 60000x60000"):
        open_labels(mots(tmp_path, f"1 2001 2 60000 60000 {RLE}"))


def test_many_masks_on_a_frame_are_refused(tmp_path: Path) -> None:
    source = open_labels(mots(tmp_path, *[f"1 2001 2 8 20 {RLE}"] * 1001))
    with pytest.raises(InputError, match="1001 masks on one frame"):
        source.frame(0)


# DAVIS


def test_pixels_that_davis_does_not_count_have_no_class(tmp_path: Path) -> None:
    written = forms.davis(tmp_path, street())
    image = Image.open(written.files[0])
    image.putpalette([*range(256)] * 3)
    image.putdata(np.where(np.arange(image.width * image.height) < 5, 255, 0).tolist())
    image.save(written.files[0])
    frame = open_labels(tmp_path).frame(0)
    assert (frame.labels == UNLABELLED).sum() == 5 and frame.objects is not None and not frame.objects.any()
