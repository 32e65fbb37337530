"""What tools make of COCO, and files that are broken or hostile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.interop.labels import coco_file
from core.interop.labels.coco import open_coco
from core.interop.labels.find import open_labels
from core.interop.labels.source import UNLABELLED, SourceFrame

SQUARE = [2, 2, 6, 2, 6, 6, 2, 6]


def mask(image: int = 1, category: int = 3, polygon: list[float] | None = None, **more: Any) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "segmentation": [polygon or SQUARE]} | more


def document(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    images = [{"id": number, "file_name": f"f{number}.jpg", "height": 10, "width": 16} for number in (1, 2)]
    categories = [{"id": 3, "name": "car"}, {"id": 0, "name": "things", "supercategory": "none"}]
    return {"images": images, "categories": categories, "annotations": list(annotations)} | more


def opened(tmp_path: Path, value: object) -> Any:
    (tmp_path / "a.json").write_text(json.dumps(value))
    return open_coco(tmp_path / "a.json")


def frames(tmp_path: Path, value: object) -> list[SourceFrame]:
    source = opened(tmp_path, value)
    return [source.frame(t) for t in range(len(source))]


def test_the_smaller_mask_lies_on_top(tmp_path: Path) -> None:
    small = mask(polygon=[3, 3, 4, 3, 4, 4, 3, 4], category=0)
    for masks in ((small, mask()), (mask(), small)):
        first, second = frames(tmp_path, document(*masks))
        assert first.labels[3, 3] == 0 and (first.labels == 3).sum() == 15
        assert (second.labels == UNLABELLED).all() and not second.objects.any()


def test_without_tracks_each_mask_is_an_object_of_its_own(tmp_path: Path) -> None:
    value = document(mask(1), mask(2), mask(1, polygon=[9, 2, 12, 2, 12, 6], attributes=[]))
    source = opened(tmp_path, value)
    first, second = source.frame(0), source.frame(1)
    assert not source.tracked
    assert np.unique(first.objects).tolist() == [0, 1, 3] and np.unique(second.objects).tolist() == [0, 2]


def test_tracks_are_kept_also_when_counted_from_zero(tmp_path: Path) -> None:
    tracks = ({"track_id": 0, "occluded": True}, {"track_id": 4})
    source = opened(tmp_path, document(mask(1, attributes=tracks[0]), mask(2, attributes=tracks[1])))
    assert source.tracked
    assert [source.frame(t).objects.max() for t in range(2)] == [1, 5]


def test_crowds_and_stuff_are_no_objects(tmp_path: Path) -> None:
    stuff = document(mask(1, category=5), mask(2, iscrowd=True))
    stuff["categories"].append({"id": 5, "name": "road", "isthing": 0, "color": [128, 64, 128]})
    source = opened(tmp_path, stuff)
    assert not any(source.frame(t).objects.any() for t in range(2))
    assert source.classes[2].colour == (128, 64, 128) and source.classes[2].kind == "stuff"


@pytest.mark.parametrize(
    ("images", "names"),
    [
        (
            [{"file_name": "images\\0a1b2c3d-frame_10.png"}, {"file_name": "x/9a1b2c3d-frame_9.png"}],
            ["frame_9", "frame_10"],
        ),
        (
            [{"file_name": "b_png.rf.1.jpg", "extra": {"name": "b.png"}}, {"file_name": "a.jpg", "extra": {}}],
            ["a", "b"],
        ),
    ],
    ids=["label studio", "roboflow"],
)
def test_names_are_those_before_a_tool_had_them(tmp_path: Path, images: list[dict[str, Any]], names: list[str]) -> None:
    value = document(mask(1))
    value["images"] = [facts | changes for facts, changes in zip(value["images"], images, strict=True)]
    assert list(opened(tmp_path, value).names) == names


RLE = {"size": [10, 16], "counts": [160]}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "no COCO file"),
        ({}, "images"),
        (document(mask(9)), "image 9, which is not there"),
        (document(mask(1, category=9)), "category 9, which is not there"),
        (document({"image_id": 1, "category_id": 3, "bbox": [1, 1, 3, 3]}), "no masks in it"),
        (document(mask(), images=[]), "image 1, which is not there"),
        (document(mask(), categories=[{"id": 3, "name": "a"}] * 2), "two categories have the same id"),
        (document(mask(), categories=[{"id": -3, "name": "a"}]), "categories.0.id"),
        (document(mask(segmentation=[[1, 2, "x"]])), "segmentation"),
        (document(mask(segmentation=[[1, 2, 3]])), "f1.jpg: a polygon has 3 numbers"),
        (document(mask(segmentation=[[0, 0, 1e30, 0, 4, 4]])), "far outside"),
        (document(mask(segmentation=RLE | {"size": [16, 10]})), "f1.jpg: a mask is 10x16"),
        (document(mask(segmentation=RLE | {"counts": [161]})), "does not fill 16x10"),
        (document(mask(segmentation=RLE | {"counts": [2**40]})), "does not fill 16x10"),
        (document(mask(segmentation=RLE | {"counts": "Q0"})), "does not fill 16x10"),
        (document(mask(segmentation=RLE | {"counts": "é"})), "no RLE"),
        (document(*[mask()] * 1001), "1001 masks on one frame"),
        (document(mask(1), images=[{"id": 1, "file_name": "a", "height": 60000, "width": 60000}]), "60000x60000"),
        (
            document(
                mask(1),
                images=[{"id": n, "file_name": f"{n}", "height": 10, "width": 15 + n} for n in (1, 2)],
            ),
            "2 is 17x10",
        ),
        (
            document(mask(1), images=[{"id": n, "file_name": "a/b", "height": 9, "width": 9} for n in (1, 2)]),
            "one name",
        ),
        (
            document(mask(1), images=[{"id": n, "file_name": f"{n}", "height": 9, "width": 9} for n in range(3001)]),
            "3000",
        ),
    ],
)
def test_what_is_broken_is_a_sentence(tmp_path: Path, value: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        frames(tmp_path, value)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"images": NaN}', "\ud800", '{"images": [' + "0," * 5000 + "0]}"])
def test_what_is_no_json_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(
        '"images" "annotations" "categories"' + text, encoding="utf-8", errors="surrogatepass"
    )
    with pytest.raises(InputError, match="no COCO file"):
        open_coco(tmp_path / "a.json")


def test_of_several_files_one_must_be_named(tmp_path: Path) -> None:
    for place in ("train", "valid"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "_annotations.coco.json").write_text(json.dumps(document(mask())))
    with pytest.raises(InputError, match="should hold one JSON file"):
        open_labels(tmp_path)
    assert len(open_labels(tmp_path / "train")) == 2
    for number in range(20):
        (tmp_path / f"{number}.json").write_text("{}")
    with pytest.raises(InputError, match="in no form that is known"):
        open_labels(tmp_path)


def test_a_file_that_is_too_large_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coco_file, "_MAX_BYTES", 100)
    with pytest.raises(InputError, match="larger than 100 bytes"):
        opened(tmp_path, document(mask()))
